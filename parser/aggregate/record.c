// SPDX-License-Identifier: Apache-2.0
#include "parser/aggregate/draft.h"

#include "parser/aggregate/domain.h"
#include "parser/aggregate/words.h"

#include <string.h>

#define WORD_BYTES 256
#define LIST_TEXT_BYTES ((uint64_t)2 * 1024 * 1024) /* a frame holds 4 MiB */

void record_begin(struct draft *draft)
{
	arena_reset(draft->row);
	draft->record = (struct aggregate_record){0};
	draft->reasons_cap = draft->dkim_cap = draft->spf_cap = 0;
	draft->row_bytes = 0;
	draft->saw_evaluated = draft->saw_auth = false;
	for (size_t i = FIELD_FIRST_OF_RECORD; i < FIELD_COUNT_OF; i++)
		draft->values[i] = STR_NONE;
}

/* Takes the value, so that the next result or reason begins with none. */
static struct str take(struct draft *draft, enum field field, uint64_t max_bytes)
{
	struct str value = draft_text(draft, draft->values[field], max_bytes);
	draft->values[field] = STR_NONE;
	draft->row_bytes += value.len;
	return value;
}

/* The word as it was sent, kept where it differs from the specified one. */
static struct str raw_word(struct draft *draft, struct str word, bool exact)
{
	return exact || !word.ptr ? STR_NONE : draft_text(draft, word, WORD_BYTES);
}

static struct str read_domain(struct draft *draft, struct str text, enum issue_code issue)
{
	struct str name;
	if (domain_read(draft->row, text, draft->limits, &name) != DOMAIN_PLAIN)
		draft_issue(draft, issue, text);
	return draft_text(draft, name, 4 * WORD_BYTES);
}

/* False when the list is full. */
static bool list_room(struct draft *draft, size_t count, uint64_t limit)
{
	if (count < limit && draft->row_bytes < LIST_TEXT_BYTES)
		return true;
	draft_issue(draft, ISSUE_RECORD_LIST_CUT, STR_NONE);
	return false;
}

static void *grow(struct draft *draft, void *items, size_t count, size_t *cap, size_t size)
{
	if (count < *cap)
		return items;
	*cap = *cap ? *cap * 2 : 4;
	void *larger = arena_array(draft->row, *cap, size);
	if (count > 0)
		(void)memcpy(larger, items, count * size);
	return larger;
}

void record_add_reason(struct draft *draft)
{
	struct aggregate_record *record = &draft->record;
	struct override_reason reason = {0};
	bool exact;
	struct str word = take(draft, FIELD_REASON_TYPE, WORD_BYTES);
	reason.comment = take(draft, FIELD_REASON_COMMENT, draft->limits->comment_bytes);
	if (!list_room(draft, record->reasons_count, draft->limits->record_reasons))
		return;
	reason.type = words_override_type(word, &exact);
	reason.type_raw = raw_word(draft, word, exact);
	if (word.len == 0)
		draft_issue(draft, ISSUE_RECORD_REASON_EMPTY, STR_NONE);
	else if (!exact)
		draft_issue(draft, ISSUE_RECORD_REASON_WORD, word);
	if (reason.type == OVERRIDE_POLICY_TEST_MODE)
		draft->marks_9990 = true;
	record->reasons = grow(draft, record->reasons, record->reasons_count, &draft->reasons_cap,
		sizeof(reason));
	record->reasons[record->reasons_count++] = reason;
}

void record_add_dkim(struct draft *draft)
{
	struct aggregate_record *record = &draft->record;
	struct dkim_result result = {0};
	bool exact;
	struct str domain = take(draft, FIELD_DKIM_DOMAIN, 4 * WORD_BYTES);
	struct str word = take(draft, FIELD_DKIM_RESULT, WORD_BYTES);
	result.selector = take(draft, FIELD_DKIM_SELECTOR, draft->limits->selector_bytes);
	result.human_result = take(draft, FIELD_DKIM_HUMAN, draft->limits->comment_bytes);
	if (result.selector.ptr)
		draft->marks_7489 = true;
	/* <dkim/> says that there is no signature. */
	if (!domain.ptr && !word.ptr && !result.selector.ptr && !result.human_result.ptr) {
		draft_issue(draft, ISSUE_RECORD_DKIM_DOMAIN, STR("an empty element"));
		return;
	}
	if (!list_room(draft, record->dkim_count, draft->limits->record_dkim)) {
		record->results_cut = true;
		return;
	}
	if (result.selector.len == 0 && draft->no_selector++ == 0)
		draft->no_selector_line = draft->line;
	result.domain = read_domain(draft, domain, ISSUE_RECORD_DKIM_DOMAIN);
	result.result = words_dkim_result(word, &exact);
	result.result_raw = raw_word(draft, word, exact);
	if (!exact)
		draft_issue(draft, ISSUE_RECORD_DKIM_RESULT, word);
	record->dkim = grow(draft, record->dkim, record->dkim_count, &draft->dkim_cap, sizeof(result));
	record->dkim[record->dkim_count++] = result;
}

void record_add_spf(struct draft *draft)
{
	struct aggregate_record *record = &draft->record;
	struct spf_result result = {0};
	bool exact, exact_scope;
	struct str domain = take(draft, FIELD_SPF_DOMAIN, 4 * WORD_BYTES);
	struct str word = take(draft, FIELD_SPF_RESULT, WORD_BYTES);
	struct str scope = take(draft, FIELD_SPF_SCOPE, WORD_BYTES);
	result.human_result = take(draft, FIELD_SPF_HUMAN, draft->limits->comment_bytes);
	if (scope.ptr)
		draft->marks_7489 = true;
	if (!domain.ptr && !word.ptr && !scope.ptr && !result.human_result.ptr) {
		draft_issue(draft, ISSUE_RECORD_SPF_DOMAIN, STR("an empty element"));
		return;
	}
	if (!list_room(draft, record->spf_count, draft->limits->record_spf)) {
		record->results_cut = true;
		return;
	}
	result.domain = read_domain(draft, domain, ISSUE_RECORD_SPF_DOMAIN);
	result.scope = words_spf_scope(scope, &exact_scope);
	result.scope_raw = raw_word(draft, scope, exact_scope);
	if (!exact_scope)
		draft_issue(draft, ISSUE_RECORD_SPF_SCOPE, scope);
	result.result = words_spf_result(word, &exact);
	result.result_raw = raw_word(draft, word, exact);
	if (!exact)
		draft_issue(draft, ISSUE_RECORD_SPF_RESULT, word);
	record->spf = grow(draft, record->spf, record->spf_count, &draft->spf_cap, sizeof(result));
	record->spf[record->spf_count++] = result;
}

/* ---- row ---- */

/* What stands around an address in real reports: [..], IPv6:, %zone, /32, (host). */
static struct str bare_address(struct str text)
{
	size_t end = 0;
	if (str_starts(text, STR("[")))
		text = str_from_offset(text, 1);
	if (str_starts_nocase(text, STR("IPv6:")))
		text = str_from_offset(text, 5);
	while (end < text.len && (ascii_is_hex(text.ptr[end]) || text.ptr[end] == '.' || text.ptr[end] == ':'))
		end++;
	return str_sub(text, 0, end);
}

static bool may_follow_address(struct str rest)
{
	return rest.len == 0 || rest.ptr[0] == ']' || rest.ptr[0] == '%' || rest.ptr[0] == '/' ||
		rest.ptr[0] == '(' || ascii_is_space(rest.ptr[0]);
}

/* "010.000.000.001": decimal with leading zeros, not octal. */
static bool parse_padded(struct arena *arena, struct str text, struct ip *ip_r)
{
	struct buf plain;
	struct str rest = text, piece;
	uint64_t value;
	bool good = true;
	buf_init(&plain, 64);
	while (good && str_split(&rest, '.', &piece)) {
		good = piece.len > 0 && piece.len <= 3 && str_to_u64(piece, 255, &value);
		buf_printf(&plain, "%s%llu", plain.len ? "." : "", good ? (unsigned long long)value : 0);
	}
	good = good && ip_parse(arena_str(arena, buf_str(&plain)), ip_r);
	buf_fini(&plain);
	return good;
}

static void read_source(struct draft *draft)
{
	struct aggregate_record *record = &draft->record;
	struct str text = draft->values[FIELD_SOURCE_IP];
	if (text.len == 0) {
		draft_issue(draft, ISSUE_RECORD_SOURCE_MISSING, STR_NONE);
		return;
	}
	if (!ip_parse(text, &record->source_ip)) {
		struct str bare = bare_address(text);
		record->source_ip = (struct ip){0};
		record->source_raw = draft_text(draft, text, WORD_BYTES);
		draft_issue(draft, ISSUE_RECORD_SOURCE_FORM, text);
		if (!may_follow_address(str_from_offset(text, (size_t)(bare.ptr - text.ptr) + bare.len)) ||
			(!ip_parse(bare, &record->source_ip) &&
				!parse_padded(draft->row, bare, &record->source_ip)))
			record->source_ip = (struct ip){0};
	}
	struct ip before = record->source_ip;
	ip_unmap(&record->source_ip);
	if (!ip_eq(&before, &record->source_ip) && !record->source_raw.ptr) {
		record->source_raw = draft_text(draft, text, WORD_BYTES);
		draft_issue(draft, ISSUE_RECORD_SOURCE_FORM, text);
	}
	if (record->source_ip.family != 0 && ip_is_private(&record->source_ip))
		draft_issue(draft, ISSUE_RECORD_SOURCE_PRIVATE, text);
}

static bool all_zeros(struct str digits)
{
	for (size_t i = 0; i < digits.len; i++)
		if (digits.ptr[i] != '0')
			return false;
	return digits.len > 0;
}

/* Never guessed: see "Where the notes differ" of the design. */
static bool read_count(struct draft *draft)
{
	struct str text = draft->values[FIELD_COUNT];
	uint64_t value;
	if (text.len == 0) {
		draft_issue(draft, ISSUE_RECORD_COUNT_MISSING, STR_NONE);
		draft->record.messages_missing = true;
		return true;
	}
	struct str whole = text;
	size_t point = str_find_char(text, '.');
	if (point != SIZE_MAX && all_zeros(str_from_offset(text, point + 1))) {
		whole = str_sub(text, 0, point);
		draft_issue(draft, ISSUE_RECORD_COUNT_FORM, text);
	}
	if (!str_to_u64(whole, INT64_MAX, &value)) {
		reject_set(draft->reject, REASON_RECORD_COUNT, "line %llu: count \"%.*s\"",
			(unsigned long long)draft->line, STR_FMT(str_sub(text, 0, 60)));
		return false;
	}
	if (value == 0)
		draft_issue(draft, ISSUE_RECORD_COUNT_ZERO, STR_NONE);
	if (value > draft->limits->count_plausible)
		draft_issue(draft, ISSUE_RECORD_COUNT_IMPLAUSIBLE, text);
	draft->record.messages = value;
	return true;
}

static enum aligned read_aligned(struct draft *draft, enum field field, struct str *raw_r)
{
	bool exact;
	struct str word = draft->values[field];
	enum aligned aligned = words_aligned(word, &exact);
	*raw_r = raw_word(draft, word, exact);
	if (word.len == 0)
		draft_issue(draft, ISSUE_RECORD_EVALUATED_MISSING,
			field == FIELD_EVALUATED_DKIM ? STR("dkim") : STR("spf"));
	else if (!exact)
		draft_issue(draft, ISSUE_RECORD_EVALUATED_WORD, word);
	return aligned;
}

static void read_evaluated(struct draft *draft)
{
	struct aggregate_record *record = &draft->record;
	struct str word = draft->values[FIELD_DISPOSITION];
	bool exact;
	record->disposition = words_disposition(word, &exact);
	record->disposition_raw = raw_word(draft, word, exact);
	if (word.len == 0)
		draft_issue(draft, ISSUE_RECORD_DISPOSITION_MISSING, STR_NONE);
	else if (!exact)
		draft_issue(draft, ISSUE_RECORD_DISPOSITION_WORD, word);
	if (record->disposition == DISPOSITION_PASS)
		draft->marks_9990 = true;
	record->dkim_aligned = read_aligned(draft, FIELD_EVALUATED_DKIM, &record->dkim_aligned_raw);
	record->spf_aligned = read_aligned(draft, FIELD_EVALUATED_SPF, &record->spf_aligned_raw);
}

/* ---- identifiers ---- */

static struct str read_envelope(struct draft *draft, enum field field)
{
	struct str text = draft->values[field];
	if (text.len == 0 || str_eq(text, STR("<>")))
		return text.ptr ? STR("") : STR_NONE;
	return read_domain(draft, text, ISSUE_RECORD_ENVELOPE_FORM);
}

static void read_identifiers(struct draft *draft)
{
	struct aggregate_record *record = &draft->record;
	struct str from = draft->values[FIELD_HEADER_FROM];
	if (from.len == 0)
		draft_issue(draft, ISSUE_RECORD_HEADER_FROM_MISSING, STR_NONE);
	else
		record->header_from = read_domain(draft, from, ISSUE_RECORD_HEADER_FROM_FORM);
	if (draft->values[FIELD_ENVELOPE_FROM].ptr)
		draft->marks_7489 = true;
	record->envelope_from = read_envelope(draft, FIELD_ENVELOPE_FROM);
	record->envelope_to = read_envelope(draft, FIELD_ENVELOPE_TO);
}

static bool add_to_totals(struct draft *draft)
{
	struct report_totals *totals = &draft->totals;
	const struct aggregate_record *record = &draft->record;
	if (++totals->records > draft->limits->records) {
		reject_set(draft->reject, REASON_REPORT_RECORDS, "line %llu: more than %llu records",
			(unsigned long long)draft->line, (unsigned long long)draft->limits->records);
		return false;
	}
	totals->messages += record->messages;
	if (record_dmarc_pass(record))
		totals->dmarc_pass += record->messages;
	return true;
}

bool record_end(struct draft *draft)
{
	if (!read_count(draft))
		return false;
	read_source(draft);
	read_evaluated(draft);
	read_identifiers(draft);
	if (!draft->saw_auth || (draft->record.dkim_count == 0 && draft->record.spf_count == 0))
		draft_issue(draft, ISSUE_RECORD_AUTH_MISSING, STR_NONE);
	return add_to_totals(draft);
}
