// SPDX-License-Identifier: Apache-2.0
#include "store/put_sums.h"

#include "base/fault.h"
#include "model/json.h"

#include <stdio.h>

#define LINE_BYTES ((size_t)16 * 1024 * 1024)
#define FLUSH_BYTES ((size_t)256 * 1024)
#define SCRATCH_BYTES ((size_t)64 * 1024 * 1024)

/* What a COPY of rows needs while it runs. */
struct copy {
	struct store *store;
	struct arena *scratch;
	struct sums *sums;
	struct buf lines;
	struct buf json_text;
	struct buf key; /* the columns that all rows at hand begin with */
};

static enum err flush(struct copy *copy, size_t at_least, struct error *error)
{
	if (copy->lines.len < at_least || copy->lines.len == 0)
		return ERR_OK;
	enum err err = db_copy_add(copy->store, buf_str(&copy->lines), error);
	buf_reset(&copy->lines);
	fault_point("store.copy");
	return err;
}

static struct str or_none(struct str text)
{
	return text.len > 0 ? text : STR_NONE;
}

static void put_ip(struct buf *lines, const struct ip *ip)
{
	char text[IP_TEXT_BYTES];
	db_copy_text(lines, ip->family ? str_from(ip_format(ip, text)) : STR_NONE, false);
}

static struct str reasons_json(struct copy *copy, const struct aggregate_record *record)
{
	struct json json;
	if (record->reasons_count == 0)
		return STR_NONE;
	buf_reset(&copy->json_text);
	json_init(&json, &copy->json_text);
	json_array(&json);
	for (size_t i = 0; i < record->reasons_count; i++) {
		json_object(&json);
		json_key_value_cstr(&json, "type", override_type_text(record->reasons[i].type));
		json_key_value_given(&json, "type_raw", record->reasons[i].type_raw);
		json_key_value_given(&json, "comment", record->reasons[i].comment);
		json_object_end(&json);
	}
	json_array_end(&json);
	return buf_str(&copy->json_text);
}

static struct str dkim_json(struct copy *copy, const struct aggregate_record *record)
{
	struct json json;
	if (record->dkim_count == 0)
		return STR_NONE;
	buf_reset(&copy->json_text);
	json_init(&json, &copy->json_text);
	json_array(&json);
	for (size_t i = 0; i < record->dkim_count; i++) {
		json_object(&json);
		json_key_value_str(&json, "domain", record->dkim[i].domain);
		json_key_value_given(&json, "selector", record->dkim[i].selector);
		json_key_value_cstr(&json, "result", auth_result_text(record->dkim[i].result));
		json_key_value_given(&json, "result_raw", record->dkim[i].result_raw);
		json_key_value_given(&json, "human_result", or_none(record->dkim[i].human_result));
		json_object_end(&json);
	}
	json_array_end(&json);
	return buf_str(&copy->json_text);
}

static struct str spf_json(struct copy *copy, const struct aggregate_record *record)
{
	struct json json;
	if (record->spf_count == 0)
		return STR_NONE;
	buf_reset(&copy->json_text);
	json_init(&json, &copy->json_text);
	json_array(&json);
	for (size_t i = 0; i < record->spf_count; i++) {
		json_object(&json);
		json_key_value_str(&json, "domain", record->spf[i].domain);
		if (record->spf[i].scope != SPF_SCOPE_NONE)
			json_key_value_cstr(&json, "scope", spf_scope_text(record->spf[i].scope));
		json_key_value_given(&json, "scope_raw", record->spf[i].scope_raw);
		json_key_value_cstr(&json, "result", auth_result_text(record->spf[i].result));
		json_key_value_given(&json, "result_raw", record->spf[i].result_raw);
		json_key_value_given(&json, "human_result", or_none(record->spf[i].human_result));
		json_object_end(&json);
	}
	json_array_end(&json);
	return buf_str(&copy->json_text);
}

static void begin_key(struct copy *copy, const struct put_report *report, struct str domain)
{
	char day[DAY_TEXT_BYTES];
	buf_reset(&copy->key);
	db_copy_text(&copy->key, domain.ptr ? domain : STR(""), false); /* RFC 8460: not all policies have one */
	db_copy_text(&copy->key, str_from(day_format(report->report->day, day)), false);
	db_copy_text(&copy->key, str_from(report->key), false);
}

static void put_key(struct copy *copy, uint64_t row_no)
{
	buf_add_str(&copy->lines, buf_str(&copy->key));
	db_copy_u64(&copy->lines, row_no, false);
}

static void put_record_line(struct copy *copy, const struct put_report *report, uint64_t row_no,
	const struct aggregate_record *record)
{
	struct buf *lines = &copy->lines;
	put_key(copy, row_no);
	db_copy_text(lines, report->conflict ? STR("f") : STR("t"), false);
	put_ip(lines, &record->source_ip);
	db_copy_text(lines, record->source_raw, false);
	db_copy_u64(lines, record->messages, false);
	db_copy_text(lines, str_from(disposition_text(record->disposition)), false);
	db_copy_text(lines, record->disposition_raw, false);
	db_copy_text(lines, str_from(aligned_text(record->spf_aligned)), false);
	db_copy_text(lines, record->spf_aligned_raw, false);
	db_copy_text(lines, str_from(aligned_text(record->dkim_aligned)), false);
	db_copy_text(lines, record->dkim_aligned_raw, false);
	db_copy_text(lines, record->header_from, false);
	db_copy_text(lines, record->envelope_from, false);
	db_copy_text(lines, or_none(record->envelope_to), false);
	db_copy_text(lines, reasons_json(copy, record), false);
	db_copy_text(lines, dkim_json(copy, record), false);
	db_copy_text(lines, spf_json(copy, record), false);
	db_copy_text(lines, put_codes(copy->scratch, record->contradictions), true);
}

/* In the midst of a report of many rows: between two COPY. */
static enum err put_sums_so_far(struct copy *copy, const char *copy_sql, struct error *error)
{
	enum err err = flush(copy, 1, error);
	if (!err)
		err = db_copy_end(copy->store, error);
	if (!err)
		err = put_rollups(copy->store, copy->sums, error);
	return err ? err : db_copy_begin(copy->store, copy_sql, error);
}

static enum err put_records_of(struct copy *copy, const struct put_report *report, const char *copy_sql,
	struct error *error)
{
	struct frame frame;
	struct error why = {0};
	enum err err = ERR_OK;
	uint64_t row_no = 0;
	struct spool_cursor cursor = spool_rows(report->mail->spool, report->report_no);
	begin_key(copy, report, str_from(report->domain));
	if (!report->conflict)
		sums_report(copy->sums, report);
	while (!err && spool_next_row(&cursor, &frame, &why)) {
		struct aggregate_record record;
		arena_reset(copy->scratch);
		if (frame.type != FRAME_RECORD || !wire_read_record(frame.payload, copy->scratch, &record))
			die("store: a spool holds what it did not check");
		put_record_line(copy, report, row_no++, &record);
		if (!report->conflict)
			sums_record(copy->sums, &record);
		err = sums_full(copy->sums) ? put_sums_so_far(copy, copy_sql, error) :
			flush(copy, FLUSH_BYTES, error);
	}
	if (!err && why.code) {
		*error = why;
		err = why.code;
	}
	return err;
}

static void put_policy_line(struct copy *copy, const struct put_report *report, uint64_t row_no,
	const struct tls_policy *policy)
{
	struct buf *lines = &copy->lines;
	put_key(copy, row_no);
	db_copy_text(lines, report->conflict ? STR("f") : STR("t"), false);
	db_copy_text(lines, policy->policy_type, false);
	db_copy_text(lines, policy->policy_strings, false);
	db_copy_text(lines, policy->mx_hosts, false);
	db_copy_u64(lines, policy->success, false);
	db_copy_u64(lines, policy->failure, true);
}

static void put_detail_line(struct copy *copy, uint64_t row_no, uint64_t detail_no, const struct tls_detail *detail)
{
	struct buf *lines = &copy->lines;
	put_key(copy, row_no);
	db_copy_u64(lines, detail_no, false);
	db_copy_text(lines, detail->result_type, false);
	db_copy_text(lines, detail->sending_mta_ip, false);
	db_copy_text(lines, detail->receiving_mx_hostname, false);
	db_copy_text(lines, detail->receiving_mx_helo, false);
	db_copy_text(lines, detail->receiving_ip, false);
	db_copy_u64(lines, detail->failed_sessions, false);
	db_copy_text(lines, detail->additional_information, false);
	db_copy_text(lines, detail->failure_reason_code, true);
}

/* Policies in one pass, their details in a second: a COPY fills one table. */
static enum err put_tls_of(struct copy *copy, const struct put_report *report, bool details, struct error *error)
{
	struct frame frame;
	struct error why = {0};
	enum err err = ERR_OK;
	uint64_t row_no = 0, detail_no = 0;
	struct spool_cursor cursor = spool_rows(report->mail->spool, report->report_no);
	while (!err && spool_next_row(&cursor, &frame, &why)) {
		struct tls_policy policy;
		struct tls_detail detail;
		if (frame.type == FRAME_TLS_POLICY && wire_read_tls_policy(frame.payload, &policy)) {
			begin_key(copy, report, policy.policy_domain);
			detail_no = 0;
			if (!details)
				put_policy_line(copy, report, row_no, &policy);
			row_no++;
		} else if (details && frame.type == FRAME_TLS_DETAIL &&
			wire_read_tls_detail(frame.payload, &detail)) {
			put_detail_line(copy, row_no - 1, detail_no++, &detail);
		}
		err = flush(copy, FLUSH_BYTES, error);
	}
	if (!err && why.code) {
		*error = why;
		err = why.code;
	}
	return err;
}

enum pass { PASS_RECORDS, PASS_POLICIES, PASS_DETAILS, PASS_COUNT };

static const struct {
	enum report_kind kind;
	const char *sql;
} passes[PASS_COUNT] = {
	[PASS_RECORDS] = {REPORT_AGGREGATE, "COPY dmarcd.record (policy_domain, day, report_key, row_no, counted, "
		"source_ip, source_raw, messages, disposition, disposition_raw, spf_aligned, spf_aligned_raw, "
		"dkim_aligned, dkim_aligned_raw, header_from, envelope_from, envelope_to, reasons, dkim, "
		"spf, contradictions) FROM STDIN"},
	[PASS_POLICIES] = {REPORT_TLSRPT, "COPY dmarcd.tls_policy (policy_domain, day, report_key, row_no, counted, "
		"policy_type, policy_strings, mx_hosts, success, failure) FROM STDIN"},
	[PASS_DETAILS] = {REPORT_TLSRPT, "COPY dmarcd.tls_detail (policy_domain, day, report_key, row_no, detail_no, "
		"result_type, sending_mta_ip, receiving_mx_hostname, receiving_mx_helo, receiving_ip, "
		"failed_sessions, "
		"additional_information, failure_reason_code) FROM STDIN"},
};

static bool belongs(const struct put_report *report, enum pass pass)
{
	return report->inserted && report->report->kind == passes[pass].kind && report->report->totals.records > 0;
}

static enum err run_pass(struct copy *copy, enum pass pass, const struct put_report *reports, size_t count,
	struct error *error)
{
	size_t first = 0;
	while (first < count && !belongs(&reports[first], pass))
		first++;
	if (first == count)
		return ERR_OK;
	enum err err = db_copy_begin(copy->store, passes[pass].sql, error);
	if (err)
		return err;
	for (size_t i = first; i < count && !err; i++)
		if (belongs(&reports[i], pass))
			err = pass == PASS_RECORDS ? put_records_of(copy, &reports[i], passes[pass].sql, error) :
				put_tls_of(copy, &reports[i], pass == PASS_DETAILS, error);
	if (!err)
		err = flush(copy, 1, error);
	if (!err)
		return db_copy_end(copy->store, error);
	db_copy_cancel(copy->store);
	return err;
}

/* ---- failure reports ---- */

static void write_failure_fields(struct json *json, const struct failure_report *failure, bool keep_sample)
{
	const struct str none = STR_NONE;
	const struct {
		const char *name;
		struct str value;
	} fields[] = {{"feedback_type", failure->feedback_type}, {"auth_failure", failure->auth_failure},
		{"source_raw", failure->source_raw}, {"source_port", failure->source_port},
		{"original_mail_from", failure->original_mail_from},
		{"original_rcpt_to", failure->original_rcpt_to},
		{"original_envelope_id", failure->original_envelope_id},
		{"arrival_date", failure->arrival_date}, {"delivery_result", failure->delivery_result},
		{"identity_alignment", failure->identity_alignment}, {"dkim_domain", failure->dkim_domain},
		{"dkim_identity", failure->dkim_identity}, {"dkim_selector", failure->dkim_selector},
		{"spf_dns", failure->spf_dns}, {"authentication_results", failure->authentication_results},
		{"user_agent", failure->user_agent}, {"version", failure->version},
		{"reporting_mta", failure->reporting_mta}, {"incidents", failure->incidents},
		{"orig_part", failure->orig_part}, {"orig_from", keep_sample ? failure->orig_from : none},
		{"orig_subject", keep_sample ? failure->orig_subject : none},
		{"orig_message_id", keep_sample ? failure->orig_message_id : none}};
	json_object(json);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		json_key_value_given(json, fields[i].name, fields[i].value);
	json_object_end(json);
}

static enum err put_failure(struct store *store, const struct put_report *report, bool keep_sample,
	struct error *error)
{
	char day[DAY_TEXT_BYTES], ip[IP_TEXT_BYTES], arrived[32], bytes[32];
	const struct failure_report *failure = &report->report->failure;
	struct buf fields;
	struct json json;
	buf_init(&fields, LINE_BYTES);
	json_init(&json, &fields);
	write_failure_fields(&json, failure, keep_sample);
	(void)snprintf(arrived, sizeof(arrived), "%lld", (long long)failure->arrival_epoch_secs);
	(void)snprintf(bytes, sizeof(bytes), "%llu", (unsigned long long)failure->sample_bytes);
	const struct str params[] = {
		str_from(report->domain),
		str_from(day_format(report->report->day, day)),
		str_from(report->key),
		failure->arrival_epoch_secs > 0 ? str_from(arrived) : STR_NONE,
		failure->source_ip.family ? str_from(ip_format(&failure->source_ip, ip)) : STR_NONE,
		buf_str(&fields),
		keep_sample ? or_none(failure->sample_headers) : STR_NONE,
		str_from(bytes),
		failure->sample_has_body ? STR("t") : STR("f"),
	};
	enum err err = db_query(store, "INSERT INTO dmarcd.failure (policy_domain, day, report_key, arrived_at, "
		"source_ip, fields, sample_headers, sample_bytes, sample_has_body) VALUES ($1, $2::date, $3::uuid, "
		"to_timestamp($4::bigint), $5::inet, $6::jsonb, $7, $8::bigint, $9::boolean)", params, 9,
		NULL, error);
	buf_fini(&fields);
	return err;
}

/* It counts as a report all the same. */
static bool is_without_rows(const struct spool_report *report)
{
	return report->kind == REPORT_AGGREGATE && report->totals.records == 0;
}

enum err put_report_contents(struct store *store, struct put_report *reports, size_t count,
	const struct put_options *options, struct error *error)
{
	enum err err = ERR_OK;
	struct copy copy = {.store = store, .scratch = arena_open(SCRATCH_BYTES), .sums = sums_open()};
	buf_init(&copy.lines, LINE_BYTES);
	buf_init(&copy.json_text, LINE_BYTES);
	buf_init(&copy.key, LINE_BYTES);
	for (int pass = 0; pass < PASS_COUNT && !err; pass++)
		err = run_pass(&copy, (enum pass)pass, reports, count, error);
	for (size_t i = 0; i < count; i++)
		if (reports[i].inserted && !reports[i].conflict && is_without_rows(reports[i].report))
			sums_report(copy.sums, &reports[i]);
	if (!err)
		err = put_rollups(store, copy.sums, error);
	for (size_t i = 0; i < count && !err; i++)
		if (reports[i].inserted && reports[i].report->kind == REPORT_FAILURE)
			err = put_failure(store, &reports[i], options->keep_samples, error);
	buf_fini(&copy.lines);
	buf_fini(&copy.json_text);
	buf_fini(&copy.key);
	arena_close(&copy.scratch);
	sums_close(&copy.sums);
	return err;
}
