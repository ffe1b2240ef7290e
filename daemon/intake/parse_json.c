// SPDX-License-Identifier: Apache-2.0
#include "daemon/intake/parse_json.h"

#include "model/coherence.h"
#include "model/json.h"
#include "model/policy_json.h"

#include <stdio.h>

#define SCRATCH_BYTES ((size_t)64 * 1024 * 1024)

static void key_i64(struct json *json, const char *key, int64_t value)
{
	json_key(json, key);
	json_i64(json, value);
}

void parse_json_reason(const char *kind, struct str file, enum reason reason, struct str detail, struct buf *out)
{
	struct json json;
	struct buf sentence;
	buf_init(&sentence, 4096);
	buf_printf(&sentence, "%s", reason_sentence(reason));
	if (detail.len > 0)
		buf_printf(&sentence, ": %.*s", STR_FMT(detail));
	json_init(&json, out);
	json_object(&json);
	json_key_value_cstr(&json, "kind", kind);
	json_key_value_str(&json, "file", file);
	json_key_value_cstr(&json, "code", reason_code(reason));
	json_key_value_str(&json, "reason", buf_str(&sentence));
	json_object_end(&json);
	buf_add_char(out, '\n');
	buf_fini(&sentence);
}

static void write_issues(struct json *json, const struct spool_report *report)
{
	json_key(json, "issues");
	json_array(json);
	for (size_t i = 0; i < report->issues_count; i++) {
		json_object(json);
		json_key_value_cstr(json, "code", issue_code_text(report->issues[i].code));
		json_key_value_str(json, "detail", report->issues[i].detail.ptr ? report->issues[i].detail : STR(""));
		json_key_value_u64(json, "count", report->issues[i].count);
		json_object_end(json);
	}
	json_array_end(json);
}

/* ---- aggregate ---- */

static void write_results(struct json *json, const struct aggregate_record *record)
{
	json_key(json, "dkim");
	json_array(json);
	for (size_t i = 0; i < record->dkim_count; i++) {
		const struct dkim_result *dkim = &record->dkim[i];
		json_object(json);
		json_key_value_str(json, "domain", dkim->domain);
		json_key_value_str(json, "selector", dkim->selector);
		json_key_value_cstr(json, "result", auth_result_text(dkim->result));
		json_key_value_given(json, "result_raw", dkim->result_raw);
		json_key_value_given(json, "human_result", dkim->human_result);
		json_object_end(json);
	}
	json_array_end(json);
	json_key(json, "spf");
	json_array(json);
	for (size_t i = 0; i < record->spf_count; i++) {
		const struct spf_result *spf = &record->spf[i];
		json_object(json);
		json_key_value_str(json, "domain", spf->domain);
		json_key_value_str(json, "scope", spf->scope == SPF_SCOPE_NONE ? STR_NONE :
			str_from(spf_scope_text(spf->scope)));
		json_key_value_given(json, "scope_raw", spf->scope_raw);
		json_key_value_cstr(json, "result", auth_result_text(spf->result));
		json_key_value_given(json, "result_raw", spf->result_raw);
		json_key_value_given(json, "human_result", spf->human_result);
		json_object_end(json);
	}
	json_array_end(json);
	json_key(json, "reasons");
	json_array(json);
	for (size_t i = 0; i < record->reasons_count; i++) {
		json_object(json);
		json_key_value_cstr(json, "type", override_type_text(record->reasons[i].type));
		json_key_value_given(json, "type_raw", record->reasons[i].type_raw);
		json_key_value_str(json, "comment", record->reasons[i].comment);
		json_object_end(json);
	}
	json_array_end(json);
}

static void write_contradictions(struct json *json, uint32_t contradictions)
{
	json_key(json, "contradictions");
	json_array(json);
	for (unsigned i = 0; i < COHERENCE_CODE_COUNT; i++)
		if (contradictions & (uint32_t)1 << i)
			json_cstr(json, coherence_code_text((enum coherence_code)i));
	json_array_end(json);
}

static void write_row(struct json *json, const struct spool_report *report, uint64_t row_no,
	const struct aggregate_record *record)
{
	char key[UUID_TEXT_BYTES], day[DAY_TEXT_BYTES], ip[IP_TEXT_BYTES];
	json_object(json);
	json_key_value_cstr(json, "report_key", sha256_uuid(&report->key, key));
	json_key_value_u64(json, "row_no", row_no);
	json_key_value_cstr(json, "day", day_format(report->day, day));
	json_key_value_str(json, "source_ip", record->source_ip.family ?
		str_from(ip_format(&record->source_ip, ip)) : STR_NONE);
	json_key_value_u64(json, "messages", record->messages);
	json_key_value_cstr(json, "disposition", disposition_text(record->disposition));
	json_key_value_bool(json, "spf_aligned", record->spf_aligned == ALIGNED_PASS);
	json_key_value_bool(json, "dkim_aligned", record->dkim_aligned == ALIGNED_PASS);
	json_key_value_bool(json, "dmarc_pass", record_dmarc_pass(record));
	json_key_value_str(json, "header_from", record->header_from);
	json_key_value_str(json, "envelope_from", record->envelope_from);
	json_key_value_given(json, "envelope_to", record->envelope_to);
	json_key_value_given(json, "source_raw", record->source_raw);
	json_key_value_given(json, "disposition_raw", record->disposition_raw);
	json_key_value_str(json, "spf_evaluated", record->spf_aligned_raw.ptr ? record->spf_aligned_raw :
		str_from(aligned_text(record->spf_aligned)));
	json_key_value_str(json, "dkim_evaluated", record->dkim_aligned_raw.ptr ? record->dkim_aligned_raw :
		str_from(aligned_text(record->dkim_aligned)));
	write_results(json, record);
	write_contradictions(json, record->contradictions);
	json_object_end(json);
}

static void write_rows(struct json *json, struct spool *spool, size_t report_no, void (*flush)(struct buf *out))
{
	struct frame frame;
	struct error error = {0};
	struct aggregate_record record;
	uint64_t row_no = 0;
	struct arena *scratch = arena_open(SCRATCH_BYTES);
	struct spool_cursor cursor = spool_rows(spool, report_no);
	json_key(json, "rows");
	json_array(json);
	while (spool_next_row(&cursor, &frame, &error)) {
		arena_reset(scratch);
		if (frame.type == FRAME_RECORD && wire_read_record(frame.payload, scratch, &record))
			write_row(json, spool_report_at(spool, report_no), row_no++, &record);
		flush(json->out);
	}
	json_array_end(json);
	arena_close(&scratch);
	if (error.code)
		die("%s", error.text);
}

static void write_aggregate(struct json *json, const struct spool_report *report)
{
	const struct aggregate_head *head = &report->aggregate;
	json_key_value_str(json, "org_name", head->org_name);
	json_key_value_str(json, "email", head->email);
	json_key_value_given(json, "extra_contact_info", head->extra_contact_info);
	json_key_value_str(json, "report_id", head->report_id);
	key_i64(json, "begin", head->begin_epoch_secs);
	key_i64(json, "end", head->end_epoch_secs);
	json_key_value_str(json, "policy_domain", head->policy.domain);
	policy_json(json, &head->policy, false);
	json_key_value_cstr(json, "schema", report_schema_text(report->totals.schema));
	json_key_value_given(json, "version", head->version);
	json_key_value_given(json, "generator", head->generator);
	json_key_value_u64(json, "records", report->totals.records);
	json_key_value_wide(json, "messages", report->totals.messages);
	json_key_value_wide(json, "messages_dmarc_pass", report->totals.dmarc_pass);
	write_contradictions(json, report->totals.contradictions);
	json_key_values_given(json, "errors", head->errors, head->errors_count);
}

/* ---- failure ---- */

static void write_failure(struct json *json, const struct spool_report *report)
{
	char ip[IP_TEXT_BYTES];
	const struct failure_report *failure = &report->failure;
#define WRITE(member) json_key_value_str(json, #member, failure->member)
	WRITE(feedback_type);
	WRITE(auth_failure);
	json_key_value_str(json, "source_ip", failure->source_ip.family ?
		str_from(ip_format(&failure->source_ip, ip)) : STR_NONE);
	WRITE(reported_domain);
	WRITE(original_mail_from);
	WRITE(original_rcpt_to);
	WRITE(arrival_date);
	if (failure->arrival_epoch_secs > 0)
		key_i64(json, "arrived_at", failure->arrival_epoch_secs);
	WRITE(delivery_result);
	WRITE(identity_alignment);
	WRITE(dkim_domain);
	WRITE(user_agent);
	WRITE(version);
	WRITE(orig_part);
	WRITE(orig_from);
	WRITE(orig_subject);
	WRITE(orig_message_id);
#undef WRITE
#define WRITE(member) json_key_value_given(json, #member, failure->member)
	WRITE(source_raw);
	WRITE(source_port);
	WRITE(original_envelope_id);
	WRITE(dkim_identity);
	WRITE(dkim_selector);
	WRITE(spf_dns);
	WRITE(authentication_results);
	WRITE(reporting_mta);
	WRITE(incidents);
#undef WRITE
	json_key_value_u64(json, "sample_bytes", failure->sample_bytes);
	json_key_value_bool(json, "sample_has_body", failure->sample_has_body);
	json_key_value_cstr(json, "schema", report_schema_text(report->totals.schema));
}

/* ---- TLS ---- */

/* "a,b": the texts of all policies, as the column says. */
static void list_of_policies(struct spool *spool, size_t report_no, bool domains, struct buf *out)
{
	struct frame frame;
	struct tls_policy policy;
	bool first = true;
	struct spool_cursor cursor = spool_rows(spool, report_no);
	while (spool_next_row(&cursor, &frame, NULL)) {
		if (frame.type != FRAME_TLS_POLICY || !wire_read_tls_policy(frame.payload, &policy))
			continue;
		if (!first)
			buf_add_char(out, ',');
		buf_add_str(out, domains ? policy.policy_domain : policy.policy_type);
		first = false;
	}
}

static uint64_t count_details(struct spool *spool, size_t report_no)
{
	struct frame frame;
	uint64_t count = 0;
	struct spool_cursor cursor = spool_rows(spool, report_no);
	while (spool_next_row(&cursor, &frame, NULL))
		count += frame.type == FRAME_TLS_DETAIL;
	return count;
}

static void write_tls(struct json *json, struct spool *spool, size_t report_no)
{
	const struct spool_report *report = spool_report_at(spool, report_no);
	struct buf text;
	buf_init(&text, SIZE_MAX / 4);
	json_key_value_str(json, "member", report->member);
	json_key_value_str(json, "organization", report->tls.organization);
	json_key_value_str(json, "report_id", report->tls.report_id);
	json_key_value_str(json, "start", report->tls.start);
	json_key_value_str(json, "end", report->tls.end);
	json_key_value_str(json, "contact", report->tls.contact);
	json_key_value_u64(json, "policies", report->totals.records);
	list_of_policies(spool, report_no, true, &text);
	json_key_value_str(json, "policy_domains", text.ptr ? buf_str(&text) : STR(""));
	buf_reset(&text);
	list_of_policies(spool, report_no, false, &text);
	json_key_value_str(json, "policy_types", text.ptr ? buf_str(&text) : STR(""));
	json_key_value_wide(json, "successful", report->tls_success);
	json_key_value_wide(json, "failed", report->tls_failure);
	json_key_value_u64(json, "failure_details", count_details(spool, report_no));
	json_key_value_cstr(json, "schema", report_schema_text(report->totals.schema));
	buf_fini(&text);
}

static void write_tls_rows(struct json *json, struct spool *spool, size_t report_no, void (*flush)(struct buf *out))
{
	struct frame frame;
	struct tls_policy policy;
	struct tls_detail detail;
	bool open = false;
	struct spool_cursor cursor = spool_rows(spool, report_no);
	json_key(json, "rows");
	json_array(json);
	while (spool_next_row(&cursor, &frame, NULL)) {
		if (frame.type == FRAME_TLS_POLICY && wire_read_tls_policy(frame.payload, &policy)) {
			if (open) {
				json_array_end(json);
				json_object_end(json);
			}
			open = true;
			json_object(json);
			json_key_value_str(json, "policy_type", policy.policy_type);
			json_key_value_str(json, "policy_domain", policy.policy_domain);
			json_key_value_given(json, "policy_strings", policy.policy_strings);
			json_key_value_given(json, "mx_hosts", policy.mx_hosts);
			json_key_value_u64(json, "success", policy.success);
			json_key_value_u64(json, "failure", policy.failure);
			json_key(json, "details");
			json_array(json);
		} else if (frame.type == FRAME_TLS_DETAIL && wire_read_tls_detail(frame.payload, &detail)) {
			json_object(json);
			json_key_value_given(json, "result_type", detail.result_type);
			json_key_value_given(json, "sending_mta_ip", detail.sending_mta_ip);
			json_key_value_given(json, "receiving_mx_hostname", detail.receiving_mx_hostname);
			json_key_value_given(json, "receiving_mx_helo", detail.receiving_mx_helo);
			json_key_value_given(json, "receiving_ip", detail.receiving_ip);
			json_key_value_u64(json, "failed_sessions", detail.failed_sessions);
			json_key_value_given(json, "additional_information", detail.additional_information);
			json_key_value_given(json, "failure_reason_code", detail.failure_reason_code);
			json_object_end(json);
		}
		flush(json->out);
	}
	if (open) {
		json_array_end(json);
		json_object_end(json);
	}
	json_array_end(json);
}

static void write_report(struct spool *spool, size_t report_no, struct str file, bool summary, struct buf *out,
	void (*flush)(struct buf *out))
{
	struct json json;
	const struct spool_report *report = spool_report_at(spool, report_no);
	json_init(&json, out);
	json_object(&json);
	json_key_value_cstr(&json, "kind", report_kind_text(report->kind));
	json_key_value_str(&json, "file", file);
	switch (report->kind) {
	case REPORT_AGGREGATE:
		json_key_value_str(&json, "member", report->member);
		write_aggregate(&json, report);
		break;
	case REPORT_FAILURE:
		write_failure(&json, report);
		break;
	case REPORT_TLSRPT:
		write_tls(&json, spool, report_no);
		break;
	}
	write_issues(&json, report);
	if (!summary && report->kind == REPORT_AGGREGATE)
		write_rows(&json, spool, report_no, flush);
	if (!summary && report->kind == REPORT_TLSRPT)
		write_tls_rows(&json, spool, report_no, flush);
	json_object_end(&json);
	buf_add_char(out, '\n');
	flush(out);
}

void parse_json(struct spool *spool, struct str file, bool summary, struct buf *out, void (*flush)(struct buf *out))
{
	const struct mail_end *end = spool_mail_end(spool);
	switch (end->verdict) {
	case VERDICT_REPORTS:
		for (size_t i = 0; i < spool_reports_count(spool); i++)
			write_report(spool, i, file, summary, out, flush);
		break;
	case VERDICT_NOT_A_REPORT:
		parse_json_reason("not_a_report", file, end->reason, end->detail, out);
		break;
	case VERDICT_REJECTED:
		parse_json_reason("rejected", file, end->reason, end->detail, out);
		break;
	}
	flush(out);
}
