// SPDX-License-Identifier: Apache-2.0
#include "parser/mail/failure.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "parser/aggregate/domain.h"
#include "parser/clean.h"
#include "parser/mail/failure_fields.h"
#include "parser/mail/mail.h"
#include "parser/sniff.h"

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)
#define FIELD_BYTES ((size_t)4096)
#define LIST_BYTES ((size_t)64 * 1024)
#define SNIFF_LINES 40
#define FIELDS_COUNT 20

/* ---- is it one ---- */

/* RFC 5965 section 7.3, RFC 6430: the registered types other than RFC 6591's. */
static bool is_complaint(struct str word)
{
	static const struct str words[] = {{"abuse", 5}, {"fraud", 5}, {"virus", 5}, {"other", 5},
		{"not-spam", 8}};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_eq_nocase(word, words[i]))
			return true;
	return false;
}

/* A type that is misspelled or new: an Auth-Failure field tells what is meant. */
static enum failure_kind kind_of(struct str type, struct str behind)
{
	size_t comment = str_find_char(type, '(');
	struct str word = str_trim(str_sub(type, 0, comment)), line;
	if (str_eq_nocase(word, STR("auth-failure")))
		return FAILURE_AUTH;
	if (is_complaint(word))
		return FAILURE_ABUSE;
	while (failure_line(&behind, &line) && str_trim(line).len > 0)
		if (str_starts_nocase(line, STR("Auth-Failure:")))
			return FAILURE_AUTH;
	return FAILURE_ABUSE;
}

enum failure_kind failure_sniff(struct str head, size_t *at_r)
{
	struct str rest = head, line;
	size_t first = SIZE_MAX;
	for (int i = 0; i < SNIFF_LINES && failure_line(&rest, &line); i++) {
		size_t at = (size_t)(line.ptr - head.ptr);
		if (str_trim(line).len == 0)
			first = SIZE_MAX;
		else if (first == SIZE_MAX && str_find_char(line, ':') != SIZE_MAX)
			first = at;
		if (!str_starts_nocase(line, STR("Feedback-Type")))
			continue;
		struct str value = str_trim(str_from_offset(line, 13));
		if (value.len == 0 || value.ptr[0] != ':')
			continue;
		*at_r = first != SIZE_MAX ? first : at;
		return kind_of(str_from_offset(value, 1), rest);
	}
	return FAILURE_NONE;
}

/* ---- fields ---- */

struct reader {
	const struct limits *limits;
	struct issue_list *issues;
	struct arena *arena;
	struct failure_report report;
	struct buf lists[FIELDS_COUNT]; /* of fields that stand several times */
	struct str received_date;
};

static void note(struct reader *reader, enum issue_code code, const char *detail)
{
	issue_add(reader->issues, code, str_from(detail));
}

static void note_form(struct reader *reader, struct str name, struct str sent)
{
	issue_add_value(reader->issues, ISSUE_FAILURE_FIELD_FORM, name, sent);
}

static struct str clean_value(struct reader *reader, const struct failure_field *field)
{
	bool cut = false, changed = false;
	struct str text = clean_line(reader->arena, field->value, FIELD_BYTES, &cut, &changed);
	if (cut)
		note(reader, ISSUE_TEXT_CUT, NULL);
	if (changed)
		note_form(reader, field->name, field->value);
	return text;
}

/* RFC 5965 section 3, RFC 6591 section 3, RFC 9991 section 4. */
static const struct {
	struct str name;
	size_t member;
	const char *joint; /* NULL: once only; the first counts */
} fields[FIELDS_COUNT] = {
#define FIELD(text, member, joint) \
	{{text, sizeof(text) - 1}, offsetof(struct failure_report, member), joint}
	FIELD("Feedback-Type", feedback_type, NULL),
	FIELD("User-Agent", user_agent, NULL),
	FIELD("Version", version, NULL),
	FIELD("Auth-Failure", auth_failure, NULL),
	FIELD("Source-IP", source_raw, NULL),
	FIELD("Source-Port", source_port, NULL),
	FIELD("Reported-Domain", reported_domain, ""),
	FIELD("Original-Mail-From", original_mail_from, NULL),
	FIELD("Original-Rcpt-To", original_rcpt_to, ", "),
	FIELD("Original-Envelope-Id", original_envelope_id, NULL),
	FIELD("Arrival-Date", arrival_date, NULL),
	FIELD("Delivery-Result", delivery_result, NULL),
	FIELD("Identity-Alignment", identity_alignment, NULL),
	FIELD("DKIM-Domain", dkim_domain, NULL),
	FIELD("DKIM-Identity", dkim_identity, NULL),
	FIELD("DKIM-Selector", dkim_selector, NULL),
	FIELD("SPF-DNS", spf_dns, "\n"),
	FIELD("Authentication-Results", authentication_results, "\n"),
	FIELD("Reporting-MTA", reporting_mta, NULL),
	FIELD("Incidents", incidents, NULL),
#undef FIELD
};

static void join(struct reader *reader, size_t field, struct str *member, struct str value)
{
	struct buf *list = &reader->lists[field];
	if (member->len + value.len > LIST_BYTES) {
		note(reader, ISSUE_TEXT_CUT, NULL);
		return;
	}
	if (list->max_bytes == 0) {
		buf_init(list, LIST_BYTES + FIELD_BYTES);
		buf_add_str(list, *member);
	}
	buf_add_str(list, str_from(fields[field].joint));
	buf_add_str(list, value);
	*member = buf_str(list);
}

static void take_field(struct reader *reader, const struct failure_field *field)
{
	if (str_eq_nocase(field->name, STR("Received-Date"))) {
		if (reader->received_date.ptr == NULL)
			reader->received_date = clean_value(reader, field);
		else
			issue_add(reader->issues, ISSUE_FAILURE_FIELD_REPEATED, field->name);
		return;
	}
	for (size_t i = 0; i < FIELDS_COUNT; i++) {
		if (!str_eq_nocase(field->name, fields[i].name))
			continue;
		struct str *member = (struct str *)((char *)&reader->report + fields[i].member);
		struct str value = clean_value(reader, field);
		if (member->ptr == NULL)
			*member = value;
		else if (fields[i].joint == NULL)
			issue_add(reader->issues, ISSUE_FAILURE_FIELD_REPEATED, fields[i].name);
		else if (fields[i].joint[0] != '\0')
			join(reader, i, member, value);
		else if (!str_eq_nocase(value, *member))
			issue_add(reader->issues, ISSUE_FAILURE_DOMAINS, value);
		return;
	}
}

static void require(struct reader *reader, struct str value, const char *name)
{
	if (value.len == 0)
		note(reader, ISSUE_FAILURE_FIELD_MISSING, name);
}

/* Of RFC 6591 and RFC 9991 together what reporters of both agree on. */
static void require_fields(struct reader *reader)
{
	const struct failure_report *report = &reader->report;
	require(reader, report->feedback_type, "Feedback-Type");
	require(reader, report->user_agent, "User-Agent");
	require(reader, report->version, "Version");
	require(reader, report->auth_failure, "Auth-Failure");
	require(reader, report->source_raw, "Source-IP");
	require(reader, report->reported_domain, "Reported-Domain");
	require(reader, report->authentication_results, "Authentication-Results");
}

/* RFC 5965 section 3.2: an address literal, "IPv6:" before the longer kind, then CFWS. */
static void read_source(struct reader *reader)
{
	struct failure_report *report = &reader->report;
	struct str text = failure_uncomment(reader->arena, report->source_raw);
	struct str sent = report->source_raw;
	bool bracketed = text.len > 2 && text.ptr[0] == '[' && text.ptr[text.len - 1] == ']';
	if (bracketed)
		text = str_sub(text, 1, text.len - 2);
	if (str_starts_nocase(text, STR("IPv6:")))
		text = str_from_offset(text, 5);
	if (sent.len == 0)
		return;
	bool good = ip_parse(text, &report->source_ip);
	size_t blank = str_find_char(text, ' ');
	if (!good && blank != SIZE_MAX)
		good = ip_parse(str_sub(text, 0, blank), &report->source_ip);
	if (!good || bracketed || blank != SIZE_MAX)
		note_form(reader, STR("Source-IP"), sent);
	if (good)
		ip_unmap(&report->source_ip);
	if (good && blank == SIZE_MAX && str_eq(text, sent))
		report->source_raw = STR_NONE;
}

static struct str lower(struct arena *arena, struct str text)
{
	char *copy = arena_cstr(arena, text);
	for (size_t i = 0; i < text.len; i++)
		copy[i] = ascii_lower(copy[i]);
	return text.ptr != NULL ? (struct str){copy, text.len} : STR_NONE;
}

static bool words_known(struct str list, const struct str *words, size_t count)
{
	struct str piece;
	while (str_split(&list, ',', &piece)) {
		bool known = false;
		for (size_t i = 0; i < count; i++)
			known |= str_eq_nocase(str_trim(piece), words[i]);
		if (!known)
			return false;
	}
	return true;
}

static void read_words(struct reader *reader)
{
	static const struct str failures[] = {{"adsp", 4}, {"bodyhash", 8}, {"revoked", 7},
		{"signature", 9}, {"spf", 3}, {"dmarc", 5}};
	struct failure_report *report = &reader->report;
	struct str failure = report->auth_failure, type = report->feedback_type;
	report->auth_failure = lower(reader->arena, failure_uncomment(reader->arena, failure));
	if (failure.len > 0 &&
	    !words_known(report->auth_failure, failures, sizeof(failures) / sizeof(failures[0])))
		note_form(reader, STR("Auth-Failure"), failure);
	report->feedback_type = lower(reader->arena, failure_uncomment(reader->arena, type));
	if (type.len > 0 && !str_eq(report->feedback_type, STR("auth-failure")))
		note_form(reader, STR("Feedback-Type"), type);
}

/* ---- fields that are kept as sent, right or not ---- */

/* RFC 5965 section 3.1 has no dot; many write 1.0. One without a value is missing. */
static bool is_version(struct str text)
{
	size_t dot = str_find_char(text, '.');
	uint64_t number;
	return text.len == 0 || (str_to_u64(str_sub(text, 0, dot), UINT32_MAX, &number) &&
		(dot == SIZE_MAX || str_to_u64(str_from_offset(text, dot + 1), UINT32_MAX, &number)));
}

static bool is_incidents(struct str text)
{
	uint64_t number;
	return str_to_u64(text, UINT32_MAX, &number);
}

static bool is_port(struct str text)
{
	uint64_t number;
	return str_to_u64(text, UINT16_MAX, &number);
}

static bool is_delivery(struct str text)
{
	static const struct str words[] = {{"delivered", 9}, {"spam", 4}, {"policy", 6}, {"reject", 6},
		{"other", 5}};
	return words_known(text, words, sizeof(words) / sizeof(words[0]));
}

static bool is_alignment(struct str text)
{
	static const struct str words[] = {{"dkim", 4}, {"spf", 3}};
	return str_eq_nocase(text, STR("none")) || words_known(text, words, sizeof(words) / sizeof(words[0]));
}

static void check_forms(struct reader *reader)
{
	const struct failure_report *report = &reader->report;
	const struct {
		struct str name, sent;
		bool (*good)(struct str text);
	} forms[] = {
		{STR("Version"), report->version, is_version},
		{STR("Incidents"), report->incidents, is_incidents},
		{STR("Source-Port"), report->source_port, is_port},
		{STR("Delivery-Result"), report->delivery_result, is_delivery},
		{STR("Identity-Alignment"), report->identity_alignment, is_alignment},
	};
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (forms[i].sent.ptr != NULL && !forms[i].good(failure_uncomment(reader->arena, forms[i].sent)))
			note_form(reader, forms[i].name, forms[i].sent);
	struct str name, sent = report->dkim_domain;
	if (sent.len > 0 && domain_read(reader->arena, failure_uncomment(reader->arena, sent), reader->limits,
		&name) == DOMAIN_INVALID)
		note_form(reader, STR("DKIM-Domain"), sent);
}

static bool is_past(const struct reader *reader, int64_t when, int64_t now_epoch_secs)
{
	return when > 0 && when <= now_epoch_secs + (int64_t)reader->limits->ahead_secs;
}

/* RFC 5965 section 3.2: Received-Date is the old name; both at once is malformed. */
static void read_date(struct reader *reader, const struct failure_source *source)
{
	struct failure_report *report = &reader->report;
	struct str received = reader->received_date;
	if (report->arrival_date.ptr != NULL && received.ptr != NULL)
		note_form(reader, STR("Received-Date"), received);
	if (report->arrival_date.len == 0 && received.ptr != NULL)
		report->arrival_date = received;
	int64_t when = 0;
	if (time_parse_mail(report->arrival_date, &when) && is_past(reader, when, source->now_epoch_secs)) {
		report->arrival_epoch_secs = when;
		return;
	}
	if (report->arrival_date.ptr != NULL)
		issue_add(reader->issues, ISSUE_FAILURE_DATE, report->arrival_date);
	if (is_past(reader, source->mail_epoch_secs, source->now_epoch_secs))
		report->arrival_epoch_secs = source->mail_epoch_secs;
}

/* ---- sample ---- */

/* Up to the blank line, without it. */
static struct str header_block(struct str sample, bool *body_r)
{
	struct str rest = sample, line;
	*body_r = false;
	while (failure_line(&rest, &line)) {
		if (line.len > 0)
			continue;
		*body_r = str_trim(rest).len > 0;
		return str_sub(sample, 0, (size_t)(line.ptr - sample.ptr));
	}
	return sample;
}

static struct str skip_from_line(struct str sample)
{
	struct str rest = sample, line;
	while (rest.len > 0 && (rest.ptr[0] == '\n' || rest.ptr[0] == '\r'))
		rest = str_from_offset(rest, 1);
	struct str behind = rest;
	if (!str_starts(rest, STR("From ")) && !str_starts(rest, STR(">From ")))
		return rest;
	return failure_line(&behind, &line) ? behind : rest;
}

static void read_sample(struct reader *reader, const struct failure_source *source)
{
	struct failure_report *report = &reader->report;
	report->orig_part = clean_line(reader->arena, source->sample_type, FIELD_BYTES, NULL, NULL);
	report->sample_bytes = source->sample.len;
	if (str_trim(source->sample).len == 0) {
		note(reader, ISSUE_FAILURE_SAMPLE_MISSING, NULL);
		return;
	}
	struct str sample = skip_from_line(source->sample);
	if (!sniff_mail(str_sub(sample, 0, SNIFF_BYTES))) {
		note(reader, ISSUE_FAILURE_SAMPLE_FORM, NULL);
		report->sample_has_body = true;
		return;
	}
	struct str block = header_block(sample, &report->sample_has_body);
	bool cut = false, changed = false;
	report->sample_headers =
		clean_block(reader->arena, block, (size_t)reader->limits->ruf_headers_bytes, &cut, &changed);
	if (cut)
		note(reader, ISSUE_TEXT_CUT, "sample headers");
	if (changed)
		note(reader, ISSUE_FAILURE_SAMPLE_BYTES, NULL);
	block = str_sub(block, 0, (size_t)reader->limits->ruf_headers_bytes);
	struct arena *arena = reader->arena;
	report->orig_from =
		mail_decode_text(arena, failure_field_find(block, arena, STR("From")), FIELD_BYTES);
	report->orig_subject =
		mail_decode_text(arena, failure_field_find(block, arena, STR("Subject")), FIELD_BYTES);
	report->orig_message_id =
		mail_decode_text(arena, failure_field_find(block, arena, STR("Message-ID")), FIELD_BYTES);
}

/* RFC 5322 section 3.4.1, loosely: what stands behind the last @ of From. */
static struct str from_domain(struct str from)
{
	size_t at = str_rfind_char(from, '@');
	struct str rest = at != SIZE_MAX ? str_from_offset(from, at + 1) : STR_NONE;
	size_t len = 0;
	while (len < rest.len && (ascii_is_alnum(rest.ptr[len]) || rest.ptr[len] == '.' ||
			rest.ptr[len] == '-' || rest.ptr[len] == '_' || (rest.ptr[len] & 0x80) != 0))
		len++;
	return str_sub(rest, 0, len);
}

static void read_domain(struct reader *reader)
{
	struct failure_report *report = &reader->report;
	struct str sent = report->reported_domain, name = STR_NONE;
	if (sent.len > 0) {
		enum domain_form form = domain_read(reader->arena, failure_uncomment(reader->arena, sent),
			reader->limits, &name);
		if (form != DOMAIN_PLAIN)
			note_form(reader, STR("Reported-Domain"), sent);
		if (form == DOMAIN_INVALID)
			name = STR_NONE;
	}
	if (name.len == 0 && domain_read(reader->arena, from_domain(report->orig_from), reader->limits,
		&name) == DOMAIN_INVALID)
		name = STR_NONE;
	report->reported_domain = name.len > 0 ? name : STR_NONE;
}

/* ---- all of it ---- */

static bool has_anything(const struct failure_report *report)
{
	return report->feedback_type.len > 0 || report->auth_failure.len > 0 ||
		report->source_raw.len > 0 || report->reported_domain.len > 0 ||
		report->authentication_results.len > 0;
}

static void write_report(struct reader *reader, struct wire_writer *writer)
{
	wire_write_report_begin(writer, &(struct report_begin){REPORT_FAILURE, STR_NONE});
	wire_write_failure(writer, &reader->report);
	issue_list_write(reader->issues, writer);
	wire_write_report_end(writer, &(struct report_totals){.records = 1,
		.schema = issue_list_deviates(reader->issues) ? SCHEMA_LENIENT : SCHEMA_RFC6591});
}

bool failure_write(const struct failure_source *source, const struct limits *limits,
	struct issue_list *issues, struct wire_writer *writer, struct reject *reject)
{
	struct reader reader = {.limits = limits, .issues = issues, .arena = arena_open(ARENA_BYTES)};
	struct failure_field field;
	struct str rest = source->fields;
	bool more = true;
	while (more) {
		more = failure_field_next(&rest, reader.arena, &field);
		if (field.skipped.ptr != NULL)
			issue_add(issues, ISSUE_FAILURE_FIELD_FORM, field.skipped);
		if (more)
			take_field(&reader, &field);
	}
	if (source->fields_alone && str_trim(rest).len > 0)
		issue_add(issues, ISSUE_FAILURE_FIELD_FORM, str_trim(rest));
	bool good = has_anything(&reader.report);
	if (good) {
		require_fields(&reader);
		read_words(&reader);
		check_forms(&reader);
		read_source(&reader);
		read_date(&reader, source);
		read_sample(&reader, source);
		read_domain(&reader);
		write_report(&reader, writer);
	} else {
		reject_set(reject, REASON_FAILURE_MALFORMED, "no field that a failure report has");
	}
	for (size_t i = 0; i < FIELDS_COUNT; i++)
		buf_fini(&reader.lists[i]);
	arena_close(&reader.arena);
	return good;
}
