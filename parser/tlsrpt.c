// SPDX-License-Identifier: Apache-2.0
/* RFC 8460 section 4.4; what real senders do to it: MALFORMATIONS I. */
#include "parser/tlsrpt.h"

#include "base/arena.h"
#include "base/clock.h"
#include "parser/aggregate/domain.h"
#include "parser/clean.h"
#include "parser/payload.h"
#include "parser/tlsrpt_scan.h"
#include "parser/unicode.h"

#include <jansson.h>
#include <stdlib.h>

#define ARENA_BYTES ((size_t)256 * 1024 * 1024)
#define READ_BYTES ((size_t)16 * 1024)
#define TEXT_BYTES ((size_t)4096)
#define LIST_BYTES ((size_t)256 * 1024)
#define COUNT_MAX ((uint64_t)INT64_MAX)
#define YEAR_2010_EPOCH_SECS ((int64_t)1262304000)

struct reader {
	const struct limits *limits;
	int64_t now_epoch_secs;
	struct issue_list *issues;
	struct wire_writer *writer;
	struct reject *reject;
	struct arena *arena;
	uint64_t details;
};

/* jansson takes a lack of memory for a mistake in the text. */
static void *allocate(size_t bytes)
{
	void *place = malloc(bytes);
	if (place == NULL)
		die_out_of_memory();
	return place;
}

void tlsrpt_init(void)
{
	json_set_alloc_funcs(allocate, free);
	json_object_seed(0);
}

static bool refuse(struct reader *reader, enum reason reason, const char *detail)
{
	reject_set(reader->reject, reason, "%s", detail);
	return false;
}

static void note(struct reader *reader, enum issue_code code, const char *detail)
{
	issue_add(reader->issues, code, str_from(detail));
}

static void note_form(struct reader *reader, const char *key, struct str sent)
{
	issue_add_value(reader->issues, ISSUE_TLS_FIELD_FORM, str_from(key), sent);
}

/* ---- values ---- */

static struct str json_text(struct reader *reader, const json_t *value, const char *key, size_t max_bytes)
{
	struct str sent = {json_string_value(value), json_string_length(value)};
	bool cut = false, changed = str_trim(sent).len < sent.len;
	struct str text = clean_line(reader->arena, sent, max_bytes, &cut, &changed);
	if (cut)
		note(reader, ISSUE_TEXT_CUT, NULL);
	if (changed)
		note_form(reader, key, sent);
	return text;
}

/* A string member; numbers are read as text; null is as good as missing. */
static struct str member_text(struct reader *reader, const json_t *object, const char *key,
	size_t max_bytes)
{
	const json_t *value = json_object_get(object, key);
	if (value == NULL || json_is_null(value))
		return STR_NONE;
	if (json_is_string(value))
		return json_text(reader, value, key, max_bytes);
	note(reader, ISSUE_TLS_FIELD_FORM, key);
	if (json_is_integer(value))
		return str_from(arena_printf(reader->arena, "%lld", (long long)json_integer_value(value)));
	return STR_NONE;
}

static struct str required_text(struct reader *reader, const json_t *object, const char *key,
	size_t max_bytes)
{
	struct str text = member_text(reader, object, key, max_bytes);
	if (text.len == 0)
		note(reader, ISSUE_TLS_FIELD_MISSING, key);
	return text;
}

static bool count_from_string(struct reader *reader, const json_t *value, uint64_t *count_r)
{
	struct str text = str_trim((struct str){json_string_value(value), json_string_length(value)});
	if (text.len == 0)
		return true;
	if (str_ends(text, STR(".0")))
		text.len -= 2;
	return str_to_u64(text, COUNT_MAX, count_r) || refuse(reader, REASON_TLS_COUNT, "");
}

/* DESIGN: missing or empty is 0 with an issue; what is no whole number is never guessed. */
static bool member_count(struct reader *reader, const json_t *object, const char *key,
	uint64_t *count_r)
{
	const json_t *value = json_object_get(object, key);
	*count_r = 0;
	if (value == NULL || json_is_null(value)) {
		note(reader, ISSUE_TLS_FIELD_MISSING, key);
		return true;
	}
	bool good = true;
	if (json_is_integer(value)) {
		good = json_integer_value(value) >= 0;
		*count_r = good ? (uint64_t)json_integer_value(value) : 0;
	} else if (json_is_string(value)) {
		note(reader, ISSUE_TLS_FIELD_FORM, key);
		good = count_from_string(reader, value, count_r);
	} else if (json_is_real(value)) {
		double real = json_real_value(value);
		good = real >= 0 && real < 9e15 && (double)(uint64_t)real == real;
		*count_r = good ? (uint64_t)real : 0;
		note(reader, ISSUE_TLS_FIELD_FORM, key);
	} else {
		good = false;
	}
	return good || refuse(reader, REASON_TLS_COUNT, key);
}

/* A list of strings, joined by LF; one string stands for a list of one. */
static struct str joined(struct reader *reader, const json_t *value, const char *key,
	enum issue_code one)
{
	if (value == NULL || json_is_null(value))
		return STR_NONE;
	if (json_is_string(value)) {
		note(reader, one, key);
		return json_text(reader, value, key, LIST_BYTES);
	}
	struct buf list;
	buf_init(&list, LIST_BYTES);
	const json_t *item;
	size_t i;
	json_array_foreach(value, i, item) {
		if (!json_is_string(item)) {
			note(reader, ISSUE_TLS_FIELD_FORM, key);
			continue;
		}
		if (list.len > 0)
			buf_add_char(&list, '\n');
		buf_add_str(&list, json_text(reader, item, key, TEXT_BYTES));
	}
	if (!json_is_array(value))
		note(reader, ISSUE_TLS_FIELD_FORM, key);
	if (list.overflow)
		note(reader, ISSUE_TEXT_CUT, key);
	struct str text = list.len > 0 ? arena_str(reader->arena, buf_str(&list)) : STR_NONE;
	buf_fini(&list);
	return text;
}

/* ---- policies ---- */

static bool is_one_of(struct str word, const struct str *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq(word, words[i]))
			return true;
	return false;
}

static bool is_policy_type(struct str word)
{
	static const struct str words[] = {{"sts", 3}, {"tlsa", 4}, {"no-policy-found", 15}};
	return is_one_of(word, words, sizeof(words) / sizeof(words[0]));
}

/* RFC 8460 section 4.3; IANA "STARTTLS Validation Result Types". */
static bool is_result_type(struct str word)
{
	static const struct str words[] = {
		{"starttls-not-supported", 22}, {"certificate-host-mismatch", 25},
		{"certificate-expired", 19}, {"certificate-not-trusted", 23},
		{"validation-failure", 18}, {"tlsa-invalid", 12}, {"dnssec-invalid", 14},
		{"dane-required", 13}, {"sts-policy-fetch-error", 22}, {"sts-policy-invalid", 18},
		{"sts-webpki-invalid", 18},
	};
	return is_one_of(word, words, sizeof(words) / sizeof(words[0]));
}

static struct str domain_text(struct reader *reader, struct str text)
{
	struct str name;
	if (text.len == 0)
		return text;
	if (domain_read(reader->arena, text, reader->limits, &name) != DOMAIN_PLAIN)
		note_form(reader, "policy-domain", text);
	return name;
}

static struct str address_text(struct reader *reader, const json_t *object, const char *key)
{
	struct ip ip;
	struct str text = member_text(reader, object, key, TEXT_BYTES);
	if (text.len > 0 && !ip_parse(text, &ip))
		note_form(reader, key, text);
	return text;
}

static void read_policy_object(struct reader *reader, const json_t *object, struct tls_policy *policy)
{
	policy->policy_type = required_text(reader, object, "policy-type", TEXT_BYTES);
	if (policy->policy_type.len > 0 && !is_policy_type(policy->policy_type))
		issue_add(reader->issues, ISSUE_TLS_POLICY_TYPE, policy->policy_type);
	policy->policy_domain =
		domain_text(reader, required_text(reader, object, "policy-domain", TEXT_BYTES));
	policy->policy_strings = joined(reader, json_object_get(object, "policy-string"),
		"policy-string", ISSUE_TLS_FIELD_FORM);
	const json_t *hosts = json_object_get(object, "mx-host");
	if (hosts == NULL) {
		hosts = json_object_get(object, "mx-host-pattern");
		if (hosts != NULL)
			note(reader, ISSUE_TLS_MX_HOST, "mx-host-pattern");
	}
	policy->mx_hosts = joined(reader, hosts, "mx-host", ISSUE_TLS_MX_HOST);
}

static bool read_detail(struct reader *reader, const json_t *object, struct tls_detail *detail)
{
	if (!json_is_object(object))
		return refuse(reader, REASON_TLS_SHAPE, "a failure detail is not an object");
	if (++reader->details > reader->limits->tls_details)
		return refuse(reader, REASON_TLS_TOO_LARGE, "failure details");
	*detail = (struct tls_detail){0};
	detail->result_type = required_text(reader, object, "result-type", TEXT_BYTES);
	if (detail->result_type.len > 0 && !is_result_type(detail->result_type))
		issue_add(reader->issues, ISSUE_TLS_RESULT_TYPE, detail->result_type);
	detail->sending_mta_ip = address_text(reader, object, "sending-mta-ip");
	detail->receiving_mx_hostname = member_text(reader, object, "receiving-mx-hostname", TEXT_BYTES);
	detail->receiving_mx_helo = member_text(reader, object, "receiving-mx-helo", TEXT_BYTES);
	detail->receiving_ip = address_text(reader, object, "receiving-ip");
	detail->additional_information =
		member_text(reader, object, "additional-information", TEXT_BYTES);
	if (detail->additional_information.ptr == NULL)
		detail->additional_information =
			member_text(reader, object, "additional-info-uri", TEXT_BYTES);
	detail->failure_reason_code = member_text(reader, object, "failure-reason-code", TEXT_BYTES);
	return member_count(reader, object, "failed-session-count", &detail->failed_sessions);
}

static const json_t *details_of(struct reader *reader, const json_t *object)
{
	const json_t *details = json_object_get(object, "failure-details");
	if (details == NULL || json_is_null(details) || json_is_array(details))
		return details;
	note(reader, ISSUE_TLS_FIELD_FORM, "failure-details");
	return details;
}

/* The policy's frame says how many details follow, so they are counted first. */
static bool write_policy(struct reader *reader, const json_t *object, struct tls_policy *policy)
{
	const json_t *details = details_of(reader, object);
	size_t count = json_is_array(details) ? json_array_size(details) : json_is_object(details);
	if (count > reader->limits->tls_details)
		return refuse(reader, REASON_TLS_TOO_LARGE, "failure details");
	policy->details_count = (uint32_t)count;
	wire_write_tls_policy(reader->writer, policy);
	wide failed = 0;
	for (size_t i = 0; i < count; i++) {
		struct tls_detail detail;
		const json_t *item = json_is_array(details) ? json_array_get(details, i) : details;
		if (!read_detail(reader, item, &detail))
			return false;
		wire_write_tls_detail(reader->writer, &detail);
		failed += detail.failed_sessions;
	}
	if (count > 0 && failed != policy->failure)
		issue_add(reader->issues, ISSUE_TLS_SUM, policy->policy_domain);
	return true;
}

static bool read_policy(struct reader *reader, const json_t *object)
{
	struct tls_policy policy = {0};
	if (!json_is_object(object))
		return refuse(reader, REASON_TLS_SHAPE, "a policy is not an object");
	const json_t *inner = json_object_get(object, "policy");
	if (!json_is_object(inner))
		note(reader, ISSUE_TLS_FIELD_MISSING, "policy");
	else
		read_policy_object(reader, inner, &policy);
	if (policy.policy_domain.len > reader->limits->domain_bytes)
		return refuse(reader, REASON_TLS_TOO_LARGE, "policy-domain");
	const json_t *summary = json_object_get(object, "summary");
	if (!json_is_object(summary)) {
		note(reader, ISSUE_TLS_FIELD_MISSING, "summary");
	} else if (!member_count(reader, summary, "total-successful-session-count", &policy.success) ||
		!member_count(reader, summary, "total-failure-session-count", &policy.failure)) {
		return false;
	}
	return write_policy(reader, object, &policy);
}

static bool read_policies(struct reader *reader, const json_t *root, uint64_t *count_r)
{
	const json_t *policies = json_object_get(root, "policies");
	*count_r = 0;
	if (json_is_object(policies)) {
		note(reader, ISSUE_TLS_FIELD_FORM, "policies");
		*count_r = 1;
		return read_policy(reader, policies);
	}
	if (policies == NULL || json_is_null(policies))
		note(reader, ISSUE_TLS_FIELD_MISSING, "policies");
	else if (!json_is_array(policies))
		return refuse(reader, REASON_TLS_SHAPE, "policies is not a list");
	else if (json_array_size(policies) == 0)
		note(reader, ISSUE_TLS_POLICIES_EMPTY, NULL);
	if (json_array_size(policies) > reader->limits->tls_policies)
		return refuse(reader, REASON_TLS_TOO_LARGE, "policies");
	const json_t *policy;
	size_t i;
	json_array_foreach(policies, i, policy) {
		if (!read_policy(reader, policy))
			return false;
		(*count_r)++;
	}
	return true;
}

/* ---- head ---- */

/* d: a digit; other letters in any case. */
static bool matches(struct str text, const char *form)
{
	struct str wanted = str_from(form);
	if (text.len != wanted.len)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (form[i] == 'd' ? !ascii_is_digit(text.ptr[i]) : ascii_lower(text.ptr[i]) != form[i])
			return false;
	return true;
}

/* RFC 3339 section 5.6. */
static bool is_date_time(struct str text)
{
	struct str zone = str_from_offset(text, 19);
	size_t fraction = zone.len > 0 && zone.ptr[0] == '.' ? 1 : 0;
	while (fraction > 0 && fraction < zone.len && ascii_is_digit(zone.ptr[fraction]))
		fraction++;
	zone = str_from_offset(zone, fraction);
	return matches(str_sub(text, 0, 19), "dddd-dd-ddtdd:dd:dd") && fraction != 1 &&
		(matches(zone, "z") || matches(zone, "+dd:dd") || matches(zone, "-dd:dd"));
}

static bool read_date(struct reader *reader, const json_t *range, const char *key,
	struct str *text_r, int64_t *epoch_secs_r)
{
	const json_t *value = json_object_get(range, key);
	*text_r = member_text(reader, range, key, TEXT_BYTES);
	if (json_is_integer(value)) {
		*epoch_secs_r = json_integer_value(value);
	} else if (time_parse_iso(*text_r, epoch_secs_r)) {
		if (!is_date_time(*text_r))
			note_form(reader, key, *text_r);
	} else if (time_parse_mail(*text_r, epoch_secs_r)) {
		note_form(reader, key, *text_r);
	} else {
		return refuse(reader, REASON_TLS_DATES, key);
	}
	return true;
}

static bool read_dates(struct reader *reader, const json_t *root, struct tls_head *head)
{
	const json_t *range = json_object_get(root, "date-range");
	if (!json_is_object(range))
		return refuse(reader, REASON_TLS_DATES, "no date-range");
	if (!read_date(reader, range, "start-datetime", &head->start, &head->begin_epoch_secs) ||
	    !read_date(reader, range, "end-datetime", &head->end, &head->end_epoch_secs))
		return false;
	int64_t begin = head->begin_epoch_secs, end = head->end_epoch_secs;
	int64_t latest = reader->now_epoch_secs + (int64_t)reader->limits->ahead_secs;
	if (begin <= 0 || end <= 0)
		return refuse(reader, REASON_TLS_DATES, "not after 1970");
	if (end < begin)
		return refuse(reader, REASON_TLS_DATES, "the end is before the beginning");
	if (begin > latest || end > latest)
		return refuse(reader, REASON_TLS_DATES, "in the future");
	if (begin == end)
		note(reader, ISSUE_REPORT_DATES_EQUAL, NULL);
	if (end - begin > (int64_t)reader->limits->period_secs)
		note(reader, ISSUE_REPORT_DATES_LONG, NULL);
	if (begin < YEAR_2010_EPOCH_SECS)
		note(reader, ISSUE_REPORT_DATES_OLD, NULL);
	return true;
}

static bool read_head(struct reader *reader, const json_t *root, struct tls_head *head)
{
	const struct limits *limits = reader->limits;
	*head = (struct tls_head){0};
	const json_t *id = json_object_get(root, "report-id");
	if (json_is_string(id) && json_string_length(id) > limits->report_id_bytes)
		return refuse(reader, REASON_REPORT_ID, "");
	head->organization =
		required_text(reader, root, "organization-name", (size_t)limits->org_name_bytes);
	head->report_id = required_text(reader, root, "report-id", (size_t)limits->report_id_bytes);
	head->contact = member_text(reader, root, "contact-info", (size_t)limits->contact_bytes);
	if (head->contact.len == 0)
		note(reader, ISSUE_TLS_CONTACT_MISSING, NULL);
	return read_dates(reader, root, head);
}

static bool is_report(const json_t *root)
{
	return json_is_object(root) &&
		(json_object_get(root, "policies") != NULL || json_object_get(root, "date-range") != NULL);
}

static bool read_root(struct reader *reader, const json_t *root, struct str member)
{
	struct tls_head head;
	struct report_totals totals = {0};
	if (!is_report(root))
		return refuse(reader, REASON_TLS_SHAPE, "no policies and no date-range");
	wire_write_report_begin(reader->writer, &(struct report_begin){REPORT_TLSRPT, member});
	if (!read_head(reader, root, &head) || !read_policies(reader, root, &totals.records))
		return false;
	wire_write_tls_head(reader->writer, &head);
	issue_list_write(reader->issues, reader->writer);
	totals.schema = issue_list_deviates(reader->issues) ? SCHEMA_LENIENT : SCHEMA_RFC8460;
	wire_write_report_end(reader->writer, &totals);
	return true;
}

/* ---- bytes ---- */

static bool read_all(struct payload *payload, struct buf *out, struct reject *reject)
{
	for (;;) {
		char *room = buf_room(out, READ_BYTES);
		if (room == NULL) {
			reject_set(reject, REASON_TLS_TOO_LARGE, "above %zu bytes",
				out->max_bytes - READ_BYTES);
			return false;
		}
		ssize_t got = payload->read(payload->context, room, READ_BYTES, reject);
		if (got < 0)
			return false;
		if (got == 0)
			return true;
		buf_took(out, (size_t)got);
	}
}

/* RFC 8259 section 8.1 wants UTF-8; what is in UTF-16 is turned into it. */
static void to_utf8(struct buf *raw, struct issue_list *issues)
{
	size_t mark;
	struct buf text;
	enum unicode unicode = unicode_of(buf_str(raw), &mark);
	if (unicode != UNICODE_16_LE && unicode != UNICODE_16_BE)
		return;
	issue_add(issues, ISSUE_TLS_FIELD_FORM, STR("UTF-16"));
	buf_init(&text, raw->max_bytes * 2);
	unicode_to_utf8(unicode, str_from_offset(buf_str(raw), mark), &text);
	buf_fini(raw);
	*raw = text;
}

static json_t *load(struct str text, struct reject *reject)
{
	json_error_t error;
	json_t *root = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	if (root != NULL)
		return root;
	reject_set(reject,
		json_error_code(&error) == json_error_numeric_overflow ? REASON_TLS_COUNT : REASON_TLS_MALFORMED,
		"line %d, column %d: %s", error.line, error.column, error.text);
	return NULL;
}

bool tlsrpt_read(struct payload *payload, const struct limits *limits, int64_t now_epoch_secs,
	struct issue_list *issues, struct wire_writer *writer, struct reject *reject)
{
	struct buf raw, text;
	json_t *root = NULL;
	buf_init(&raw, (size_t)limits->json_bytes + READ_BYTES);
	buf_init(&text, (size_t)limits->json_bytes * 2 + READ_BYTES);
	bool good = read_all(payload, &raw, reject);
	if (good)
		to_utf8(&raw, issues);
	if (good && tlsrpt_scan(buf_str(&raw), limits, &text, issues, reject))
		root = load(buf_str(&text), reject);
	buf_fini(&raw);
	buf_fini(&text);
	if (root == NULL)
		return false;
	struct reader reader = {limits, now_epoch_secs, issues, writer, reject,
		arena_open(ARENA_BYTES), 0};
	good = read_root(&reader, root, payload->member);
	arena_close(&reader.arena);
	json_decref(root);
	return good;
}
