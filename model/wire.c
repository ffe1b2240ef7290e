// SPDX-License-Identifier: Apache-2.0
#include "model/wire.h"

#include "model/coherence.h"
#include "model/wire_field.h"

#include <endian.h>
#include <string.h>

#define FLUSH_BYTES ((size_t)64 * 1024)
#define MESSAGES_MAX ((uint64_t)INT64_MAX)

/* Least bytes of one list item: what its fixed fields and empty strings take. */
#define REASON_BYTES_MIN ((size_t)3)
#define DKIM_BYTES_MIN ((size_t)5)
#define SPF_BYTES_MIN ((size_t)6)
#define TEXT_BYTES_MIN ((size_t)1)

/* Of a RECORD, behind its content: what is known of it, and its contradictions. */
#define RECORD_TAIL_BYTES ((size_t)5)
#define TYPE_BYTES ((size_t)1) /* stands before the payload */
#define TAIL_MESSAGES_MISSING 1u
#define TAIL_RESULTS_CUT 2u

void wire_writer_init(struct wire_writer *writer,
	void (*flush)(void *context, const void *bytes, size_t len), void *context)
{
	buf_init(&writer->buf, FLUSH_BYTES + WIRE_HEADER_BYTES + WIRE_PAYLOAD_BYTES_MAX);
	writer->flush = flush;
	writer->context = context;
}

void wire_flush(struct wire_writer *writer)
{
	if (writer->buf.len > 0)
		writer->flush(writer->context, writer->buf.ptr, writer->buf.len);
	buf_reset(&writer->buf);
}

void wire_writer_fini(struct wire_writer *writer)
{
	wire_flush(writer);
	buf_fini(&writer->buf);
}

size_t wire_begin(struct wire_writer *writer, enum frame_type type)
{
	size_t start = writer->buf.len;
	wire_put_u32(&writer->buf, 0);
	wire_put_u8(&writer->buf, (uint8_t)type);
	return start;
}

void wire_end(struct wire_writer *writer, size_t start)
{
	size_t payload = writer->buf.len - start - WIRE_HEADER_BYTES;
	if (writer->buf.overflow || payload > WIRE_PAYLOAD_BYTES_MAX)
		die("a frame above %zu bytes", WIRE_PAYLOAD_BYTES_MAX);
	uint32_t length = htole32((uint32_t)payload);
	memcpy(writer->buf.ptr + start, &length, sizeof(length));
	if (writer->buf.len >= FLUSH_BYTES)
		wire_flush(writer);
}

void wire_write_hello(struct wire_writer *writer)
{
	size_t start = wire_begin(writer, FRAME_HELLO);
	wire_put_u32(&writer->buf, WIRE_VERSION);
	wire_end(writer, start);
}

void wire_write_mail_head(struct wire_writer *writer, const struct mail_head *head)
{
	size_t start = wire_begin(writer, FRAME_MAIL_HEAD);
	wire_put_str(&writer->buf, head->from);
	wire_put_str(&writer->buf, head->subject);
	wire_put_str(&writer->buf, head->message_id);
	wire_put_str(&writer->buf, head->date);
	wire_put_u64(&writer->buf, (uint64_t)head->date_epoch_secs);
	wire_end(writer, start);
}

void wire_write_report_begin(struct wire_writer *writer, const struct report_begin *begin)
{
	size_t start = wire_begin(writer, FRAME_REPORT_BEGIN);
	wire_put_u8(&writer->buf, (uint8_t)begin->kind);
	wire_put_str(&writer->buf, begin->member);
	wire_end(writer, start);
}

static void put_ip(struct buf *buf, const struct ip *ip)
{
	wire_put_u8(buf, ip->family);
	if (ip->family != 0)
		buf_add(buf, ip->bytes, ip->family == 4 ? 4 : 16);
}

static void put_reasons(struct buf *buf, const struct aggregate_record *record)
{
	wire_put_u32(buf, (uint32_t)record->reasons_count);
	for (size_t i = 0; i < record->reasons_count; i++) {
		const struct override_reason *reason = &record->reasons[i];
		wire_put_u8(buf, (uint8_t)reason->type);
		wire_put_str(buf, reason->type_raw);
		wire_put_str(buf, reason->comment);
	}
}

static void put_auth_results(struct buf *buf, const struct aggregate_record *record)
{
	wire_put_u32(buf, (uint32_t)record->dkim_count);
	for (size_t i = 0; i < record->dkim_count; i++) {
		const struct dkim_result *dkim = &record->dkim[i];
		wire_put_u8(buf, (uint8_t)dkim->result);
		wire_put_str(buf, dkim->domain);
		wire_put_str(buf, dkim->selector);
		wire_put_str(buf, dkim->result_raw);
		wire_put_str(buf, dkim->human_result);
	}
	wire_put_u32(buf, (uint32_t)record->spf_count);
	for (size_t i = 0; i < record->spf_count; i++) {
		const struct spf_result *spf = &record->spf[i];
		wire_put_u8(buf, (uint8_t)spf->result);
		wire_put_u8(buf, (uint8_t)spf->scope);
		wire_put_str(buf, spf->domain);
		wire_put_str(buf, spf->scope_raw);
		wire_put_str(buf, spf->result_raw);
		wire_put_str(buf, spf->human_result);
	}
}

void wire_write_record(struct wire_writer *writer, const struct aggregate_record *record)
{
	size_t start = wire_begin(writer, FRAME_RECORD);
	struct buf *buf = &writer->buf;
	put_ip(buf, &record->source_ip);
	wire_put_str(buf, record->source_raw);
	wire_put_u64(buf, record->messages);
	wire_put_u8(buf, (uint8_t)record->disposition);
	wire_put_str(buf, record->disposition_raw);
	wire_put_u8(buf, (uint8_t)record->dkim_aligned);
	wire_put_str(buf, record->dkim_aligned_raw);
	wire_put_u8(buf, (uint8_t)record->spf_aligned);
	wire_put_str(buf, record->spf_aligned_raw);
	put_reasons(buf, record);
	wire_put_str(buf, record->header_from);
	wire_put_str(buf, record->envelope_from);
	wire_put_str(buf, record->envelope_to);
	put_auth_results(buf, record);
	wire_put_u8(buf, (uint8_t)((record->messages_missing ? TAIL_MESSAGES_MISSING : 0) |
		(record->results_cut ? TAIL_RESULTS_CUT : 0)));
	wire_put_u32(buf, record->contradictions);
	wire_end(writer, start);
}

void wire_write_tls_policy(struct wire_writer *writer, const struct tls_policy *policy)
{
	size_t start = wire_begin(writer, FRAME_TLS_POLICY);
	struct buf *buf = &writer->buf;
	wire_put_str(buf, policy->policy_type);
	wire_put_str(buf, policy->policy_domain);
	wire_put_str(buf, policy->policy_strings);
	wire_put_str(buf, policy->mx_hosts);
	wire_put_u64(buf, policy->success);
	wire_put_u64(buf, policy->failure);
	wire_put_u32(buf, policy->details_count);
	wire_end(writer, start);
}

void wire_write_tls_detail(struct wire_writer *writer, const struct tls_detail *detail)
{
	size_t start = wire_begin(writer, FRAME_TLS_DETAIL);
	struct buf *buf = &writer->buf;
	wire_put_str(buf, detail->result_type);
	wire_put_str(buf, detail->sending_mta_ip);
	wire_put_str(buf, detail->receiving_mx_hostname);
	wire_put_str(buf, detail->receiving_mx_helo);
	wire_put_str(buf, detail->receiving_ip);
	wire_put_u64(buf, detail->failed_sessions);
	wire_put_str(buf, detail->additional_information);
	wire_put_str(buf, detail->failure_reason_code);
	wire_end(writer, start);
}

void wire_write_issue(struct wire_writer *writer, const struct issue *issue)
{
	size_t start = wire_begin(writer, FRAME_ISSUE);
	wire_put_u8(&writer->buf, (uint8_t)issue->code);
	wire_put_str(&writer->buf, issue->detail);
	wire_put_u64(&writer->buf, issue->count);
	wire_end(writer, start);
}

/* The texts of each struct in their one order, for writing and reading alike. */
#define HEAD_TEXTS(X)                                                                   \
	X(org_name) X(email) X(extra_contact_info) X(report_id) X(version) X(generator)     \
	X(policy.domain) X(policy.domain_raw) X(policy.p) X(policy.sp) X(policy.np)         \
	X(policy.adkim) X(policy.aspf) X(policy.pct) X(policy.fo) X(policy.testing)         \
	X(policy.discovery_method)

#define FAILURE_TEXTS(X)                                                                \
	X(feedback_type) X(auth_failure) X(source_raw) X(source_port) X(reported_domain)    \
	X(original_mail_from) X(original_rcpt_to) X(original_envelope_id) X(arrival_date)   \
	X(delivery_result) X(identity_alignment) X(dkim_domain) X(dkim_identity)            \
	X(dkim_selector) X(spf_dns) X(authentication_results) X(user_agent) X(version)      \
	X(reporting_mta) X(incidents) X(orig_part) X(orig_from) X(orig_subject)             \
	X(orig_message_id) X(sample_headers)

#define TLS_HEAD_TEXTS(X) X(organization) X(report_id) X(start) X(end) X(contact)

void wire_write_aggregate_head(struct wire_writer *writer, const struct aggregate_head *head)
{
	size_t start = wire_begin(writer, FRAME_AGGREGATE_HEAD);
	struct buf *buf = &writer->buf;
#define PUT(member) wire_put_str(buf, head->member);
	HEAD_TEXTS(PUT)
#undef PUT
	wire_put_u64(buf, (uint64_t)head->begin_epoch_secs);
	wire_put_u64(buf, (uint64_t)head->end_epoch_secs);
	wire_put_u32(buf, (uint32_t)head->errors_count);
	for (size_t i = 0; i < head->errors_count; i++)
		wire_put_str(buf, head->errors[i]);
	wire_end(writer, start);
}

void wire_write_failure(struct wire_writer *writer, const struct failure_report *failure)
{
	size_t start = wire_begin(writer, FRAME_FAILURE);
	struct buf *buf = &writer->buf;
#define PUT(member) wire_put_str(buf, failure->member);
	FAILURE_TEXTS(PUT)
#undef PUT
	put_ip(buf, &failure->source_ip);
	wire_put_u64(buf, (uint64_t)failure->arrival_epoch_secs);
	wire_put_u64(buf, failure->sample_bytes);
	wire_put_u8(buf, failure->sample_has_body);
	wire_end(writer, start);
}

void wire_write_tls_head(struct wire_writer *writer, const struct tls_head *head)
{
	size_t start = wire_begin(writer, FRAME_TLS_HEAD);
	struct buf *buf = &writer->buf;
#define PUT(member) wire_put_str(buf, head->member);
	TLS_HEAD_TEXTS(PUT)
#undef PUT
	wire_put_u64(buf, (uint64_t)head->begin_epoch_secs);
	wire_put_u64(buf, (uint64_t)head->end_epoch_secs);
	wire_end(writer, start);
}

void wire_write_report_end(struct wire_writer *writer, const struct report_totals *totals)
{
	size_t start = wire_begin(writer, FRAME_REPORT_END);
	wire_put_u64(&writer->buf, totals->records);
	wire_put_wide(&writer->buf, totals->messages);
	wire_put_wide(&writer->buf, totals->dmarc_pass);
	wire_put_u8(&writer->buf, (uint8_t)totals->schema);
	wire_put_u32(&writer->buf, totals->contradictions);
	wire_end(writer, start);
}

void wire_write_mail_end(struct wire_writer *writer, const struct mail_end *end)
{
	size_t start = wire_begin(writer, FRAME_MAIL_END);
	wire_put_u8(&writer->buf, (uint8_t)end->verdict);
	wire_put_u8(&writer->buf, (uint8_t)end->reason);
	wire_put_str(&writer->buf, end->detail);
	wire_put_u64(&writer->buf, end->reports);
	wire_end(writer, start);
	wire_flush(writer);
}

void wire_write_bytes(struct wire_writer *writer, struct str bytes)
{
	while (bytes.len > 0) {
		struct str piece = str_sub(bytes, 0, FLUSH_BYTES);
		size_t start = wire_begin(writer, FRAME_BYTES);
		buf_add_str(&writer->buf, piece);
		wire_end(writer, start);
		bytes = str_from_offset(bytes, piece.len);
	}
}

void wire_write_bytes_end(struct wire_writer *writer)
{
	wire_end(writer, wire_begin(writer, FRAME_BYTES_END));
	wire_flush(writer);
}

int wire_next(struct str *rest, struct frame *frame_r)
{
	if (rest->len < WIRE_HEADER_BYTES)
		return 0;
	uint32_t length;
	memcpy(&length, rest->ptr, sizeof(length));
	length = le32toh(length);
	unsigned type = (unsigned char)rest->ptr[4];
	if (length > WIRE_PAYLOAD_BYTES_MAX || type < FRAME_HELLO || type > FRAME_VERDICT_END)
		return -1;
	if (rest->len - WIRE_HEADER_BYTES < length)
		return 0;
	frame_r->type = (enum frame_type)type;
	frame_r->payload = str_sub(*rest, WIRE_HEADER_BYTES, length);
	*rest = str_from_offset(*rest, WIRE_HEADER_BYTES + length);
	return 1;
}

bool wire_read_hello(struct str payload)
{
	struct wire_cursor cursor = wire_cursor(payload);
	return wire_get_u32(&cursor) == WIRE_VERSION && wire_cursor_done(&cursor);
}

bool wire_read_mail_head(struct str payload, struct mail_head *head_r)
{
	struct wire_cursor cursor = wire_cursor(payload);
	*head_r = (struct mail_head){0};
	head_r->from = wire_get_text(&cursor);
	head_r->subject = wire_get_text(&cursor);
	head_r->message_id = wire_get_text(&cursor);
	head_r->date = wire_get_text(&cursor);
	head_r->date_epoch_secs = (int64_t)wire_get_u64(&cursor);
	return wire_cursor_done(&cursor);
}

bool wire_read_report_begin(struct str payload, struct report_begin *begin_r)
{
	struct wire_cursor cursor = wire_cursor(payload);
	begin_r->kind = (enum report_kind)wire_get_enum(&cursor, REPORT_AGGREGATE, REPORT_TLSRPT);
	begin_r->member = wire_get_text(&cursor);
	return wire_cursor_done(&cursor);
}

static struct ip get_ip(struct wire_cursor *cursor)
{
	struct ip ip = {.family = wire_get_u8(cursor)};
	if (ip.family == 4)
		wire_get_raw(cursor, ip.bytes, 4);
	else if (ip.family == 6)
		wire_get_raw(cursor, ip.bytes, 16);
	else
		cursor->failed |= ip.family != 0;
	return ip;
}

static uint64_t get_messages(struct wire_cursor *cursor)
{
	uint64_t value = wire_get_u64(cursor);
	if (value > MESSAGES_MAX)
		cursor->failed = true;
	return value;
}

static void get_reasons(struct wire_cursor *cursor, struct arena *arena,
	struct aggregate_record *record)
{
	record->reasons_count = wire_get_count(cursor, REASON_BYTES_MIN);
	if (record->reasons_count > 0)
		record->reasons = ARENA_ARRAY(arena, record->reasons_count, struct override_reason);
	for (size_t i = 0; i < record->reasons_count; i++) {
		struct override_reason *reason = &record->reasons[i];
		reason->type = (enum override_type)wire_get_enum(cursor, 0, OVERRIDE_OTHER);
		reason->type_raw = wire_get_text(cursor);
		reason->comment = wire_get_text(cursor);
	}
}

static void get_auth_results(struct wire_cursor *cursor, struct arena *arena,
	struct aggregate_record *record)
{
	record->dkim_count = wire_get_count(cursor, DKIM_BYTES_MIN);
	if (record->dkim_count > 0)
		record->dkim = ARENA_ARRAY(arena, record->dkim_count, struct dkim_result);
	for (size_t i = 0; i < record->dkim_count; i++) {
		struct dkim_result *dkim = &record->dkim[i];
		dkim->result = (enum auth_result)wire_get_enum(cursor, 0, AUTH_POLICY);
		dkim->domain = wire_get_text(cursor);
		dkim->selector = wire_get_text(cursor);
		dkim->result_raw = wire_get_text(cursor);
		dkim->human_result = wire_get_text(cursor);
	}
	record->spf_count = wire_get_count(cursor, SPF_BYTES_MIN);
	if (record->spf_count > 0)
		record->spf = ARENA_ARRAY(arena, record->spf_count, struct spf_result);
	for (size_t i = 0; i < record->spf_count; i++) {
		struct spf_result *spf = &record->spf[i];
		spf->result = (enum auth_result)wire_get_enum(cursor, 0, AUTH_POLICY);
		spf->scope = (enum spf_scope)wire_get_enum(cursor, 0, SPF_SCOPE_UNKNOWN);
		spf->domain = wire_get_text(cursor);
		spf->scope_raw = wire_get_text(cursor);
		spf->result_raw = wire_get_text(cursor);
		spf->human_result = wire_get_text(cursor);
	}
}

struct str wire_row_content(const struct frame *frame)
{
	const size_t tail = frame->type == FRAME_RECORD ? RECORD_TAIL_BYTES : 0;
	const size_t len = frame->payload.len < tail ? 0 : frame->payload.len - tail;
	return (struct str){frame->payload.ptr - TYPE_BYTES, TYPE_BYTES + len};
}

static uint32_t get_contradictions(struct wire_cursor *cursor, uint32_t known)
{
	uint32_t bits = wire_get_u32(cursor);
	cursor->failed |= (bits & ~known) != 0;
	return bits;
}

bool wire_read_record(struct str payload, struct arena *arena, struct aggregate_record *record_r)
{
	struct wire_cursor cursor = wire_cursor(payload);
	*record_r = (struct aggregate_record){0};
	record_r->source_ip = get_ip(&cursor);
	record_r->source_raw = wire_get_text(&cursor);
	record_r->messages = get_messages(&cursor);
	record_r->disposition = (enum disposition)wire_get_enum(&cursor, 0, DISPOSITION_REJECT);
	record_r->disposition_raw = wire_get_text(&cursor);
	record_r->dkim_aligned = (enum aligned)wire_get_enum(&cursor, 0, ALIGNED_FAIL);
	record_r->dkim_aligned_raw = wire_get_text(&cursor);
	record_r->spf_aligned = (enum aligned)wire_get_enum(&cursor, 0, ALIGNED_FAIL);
	record_r->spf_aligned_raw = wire_get_text(&cursor);
	get_reasons(&cursor, arena, record_r);
	record_r->header_from = wire_get_text(&cursor);
	record_r->envelope_from = wire_get_text(&cursor);
	record_r->envelope_to = wire_get_text(&cursor);
	get_auth_results(&cursor, arena, record_r);
	uint8_t tail = wire_get_enum(&cursor, 0, TAIL_MESSAGES_MISSING | TAIL_RESULTS_CUT);
	record_r->messages_missing = tail & TAIL_MESSAGES_MISSING;
	record_r->results_cut = tail & TAIL_RESULTS_CUT;
	record_r->contradictions = get_contradictions(&cursor, COHERENCE_RECORD_BITS);
	return wire_cursor_done(&cursor);
}

bool wire_read_tls_policy(struct str payload, struct tls_policy *policy_r)
{
	struct wire_cursor cursor = wire_cursor(payload);
	policy_r->policy_type = wire_get_text(&cursor);
	policy_r->policy_domain = wire_get_text(&cursor);
	policy_r->policy_strings = wire_get_text(&cursor);
	policy_r->mx_hosts = wire_get_text(&cursor);
	policy_r->success = get_messages(&cursor);
	policy_r->failure = get_messages(&cursor);
	policy_r->details_count = wire_get_u32(&cursor);
	return wire_cursor_done(&cursor);
}

bool wire_read_tls_detail(struct str payload, struct tls_detail *detail_r)
{
	struct wire_cursor cursor = wire_cursor(payload);
	detail_r->result_type = wire_get_text(&cursor);
	detail_r->sending_mta_ip = wire_get_text(&cursor);
	detail_r->receiving_mx_hostname = wire_get_text(&cursor);
	detail_r->receiving_mx_helo = wire_get_text(&cursor);
	detail_r->receiving_ip = wire_get_text(&cursor);
	detail_r->failed_sessions = get_messages(&cursor);
	detail_r->additional_information = wire_get_text(&cursor);
	detail_r->failure_reason_code = wire_get_text(&cursor);
	return wire_cursor_done(&cursor);
}

bool wire_read_issue(struct str payload, struct issue *issue_r)
{
	struct wire_cursor cursor = wire_cursor(payload);
	issue_r->code = (enum issue_code)wire_get_enum(&cursor, 0, ISSUE_CODE_COUNT - 1);
	issue_r->detail = wire_get_text(&cursor);
	issue_r->count = wire_get_u64(&cursor);
	return wire_cursor_done(&cursor) && issue_r->count > 0 &&
		issue_r->detail.len <= ISSUE_DETAIL_BYTES_MAX;
}

bool wire_read_aggregate_head(struct str payload, struct arena *arena, struct aggregate_head *head_r)
{
	struct wire_cursor cursor = wire_cursor(payload);
	*head_r = (struct aggregate_head){0};
#define GET(member) head_r->member = wire_get_text(&cursor);
	HEAD_TEXTS(GET)
#undef GET
	head_r->begin_epoch_secs = (int64_t)wire_get_u64(&cursor);
	head_r->end_epoch_secs = (int64_t)wire_get_u64(&cursor);
	head_r->errors_count = wire_get_count(&cursor, TEXT_BYTES_MIN);
	if (head_r->errors_count > 0)
		head_r->errors = ARENA_ARRAY(arena, head_r->errors_count, struct str);
	for (size_t i = 0; i < head_r->errors_count; i++)
		head_r->errors[i] = wire_get_text(&cursor);
	return wire_cursor_done(&cursor) && head_r->policy.domain.len > 0 &&
		head_r->begin_epoch_secs > 0 && head_r->begin_epoch_secs <= head_r->end_epoch_secs;
}

bool wire_read_failure(struct str payload, struct failure_report *failure_r)
{
	struct wire_cursor cursor = wire_cursor(payload);
	*failure_r = (struct failure_report){0};
#define GET(member) failure_r->member = wire_get_text(&cursor);
	FAILURE_TEXTS(GET)
#undef GET
	failure_r->source_ip = get_ip(&cursor);
	failure_r->arrival_epoch_secs = (int64_t)wire_get_u64(&cursor);
	failure_r->sample_bytes = wire_get_u64(&cursor);
	failure_r->sample_has_body = wire_get_enum(&cursor, 0, 1);
	return wire_cursor_done(&cursor);
}

bool wire_read_tls_head(struct str payload, struct tls_head *head_r)
{
	struct wire_cursor cursor = wire_cursor(payload);
	*head_r = (struct tls_head){0};
#define GET(member) head_r->member = wire_get_text(&cursor);
	TLS_HEAD_TEXTS(GET)
#undef GET
	head_r->begin_epoch_secs = (int64_t)wire_get_u64(&cursor);
	head_r->end_epoch_secs = (int64_t)wire_get_u64(&cursor);
	return wire_cursor_done(&cursor) && head_r->begin_epoch_secs > 0 &&
		head_r->begin_epoch_secs <= head_r->end_epoch_secs;
}

bool wire_read_report_end(struct str payload, struct report_totals *totals_r)
{
	struct wire_cursor cursor = wire_cursor(payload);
	totals_r->records = wire_get_u64(&cursor);
	totals_r->messages = wire_get_wide(&cursor);
	totals_r->dmarc_pass = wire_get_wide(&cursor);
	totals_r->schema = (enum report_schema)wire_get_enum(&cursor, SCHEMA_RFC7489, SCHEMA_RFC8460);
	totals_r->contradictions = get_contradictions(&cursor, COHERENCE_REPORT_BITS);
	return wire_cursor_done(&cursor);
}

bool wire_read_mail_end(struct str payload, struct mail_end *end_r)
{
	struct wire_cursor cursor = wire_cursor(payload);
	end_r->verdict = (enum mail_verdict)wire_get_enum(&cursor, VERDICT_REPORTS, VERDICT_REJECTED);
	end_r->reason = (enum reason)wire_get_enum(&cursor, 0, REASON_COUNT - 1);
	end_r->detail = wire_get_text(&cursor);
	end_r->reports = wire_get_u64(&cursor);
	bool reports = end_r->verdict == VERDICT_REPORTS;
	return wire_cursor_done(&cursor) && reports == (end_r->reason == REASON_NONE);
}
