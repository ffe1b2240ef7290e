// SPDX-License-Identifier: Apache-2.0
#include "parser/aggregate/draft.h"

#include "parser/aggregate/dates.h"
#include "parser/aggregate/domain.h"
#include "parser/aggregate/words.h"
#include "parser/sniff.h"

#include <string.h>

#define WORD_BYTES 256

void head_add_error(struct draft *draft, struct str text)
{
	if (draft->errors_count >= draft->limits->report_errors) {
		draft_issue(draft, ISSUE_RECORD_LIST_CUT, STR("error"));
		return;
	}
	if (!draft->errors)
		draft->errors = ARENA_ARRAY(draft->head, draft->limits->report_errors, struct str);
	draft->errors[draft->errors_count++] =
		draft_text(draft, text, draft->limits->comment_bytes);
}

static struct str value(const struct draft *draft, enum field field)
{
	return draft->values[field];
}

static struct str limited(struct draft *draft, enum field field, uint64_t max_bytes)
{
	return draft_text(draft, value(draft, field), max_bytes);
}

/* "receiver!policy-domain!begin!end…": what is left when the XML names none. */
static struct str domain_of_file_name(const struct draft *draft)
{
	struct str rest = draft->member, piece = STR("");
	if (!sniff_report_name(draft->member))
		return STR("");
	(void)str_split(&rest, '!', &piece);
	(void)str_split(&rest, '!', &piece);
	return piece;
}

static void read_policy_domain(struct draft *draft)
{
	struct policy_published *policy = &draft->policy;
	struct str text = value(draft, FIELD_DOMAIN);
	if (text.len == 0 && domain_of_file_name(draft).len > 0) {
		text = domain_of_file_name(draft);
		draft_issue(draft, ISSUE_POLICY_DOMAIN_MISSING, text);
	}
	draft->domain_form = domain_read(draft->head, text, draft->limits, &policy->domain);
	if (draft->domain_form == DOMAIN_NORMALISED)
		draft_issue(draft, ISSUE_POLICY_DOMAIN_FORM, text);
	if (!str_eq(policy->domain, text))
		policy->domain_raw = draft_text(draft, text, 4 * WORD_BYTES);
}

static bool is_about_a_domain(struct draft *draft)
{
	switch (draft->domain_form) {
	case DOMAIN_PLAIN:
	case DOMAIN_NORMALISED:
		return true;
	case DOMAIN_EMPTY:
		reject_set(draft->reject, REASON_REPORT_DOMAIN, "policy_published names no domain");
		return false;
	case DOMAIN_INVALID:
		reject_set(draft->reject, REASON_REPORT_DOMAIN, "\"%.*s\"",
			STR_FMT(str_sub(draft->policy.domain, 0, 100)));
		return false;
	}
	return false;
}

/* Absent is fine (a default applies); empty or unspecified is an issue. */
static struct str policy_word(struct draft *draft, enum field field, bool (*is_word)(struct str word))
{
	struct str word = limited(draft, field, WORD_BYTES);
	if (word.ptr && word.len == 0)
		draft_issue(draft, ISSUE_POLICY_VALUE_EMPTY, STR_NONE);
	else if (word.ptr && !is_word(word))
		draft_issue(draft, ISSUE_POLICY_VALUE_UNKNOWN, word);
	return word;
}

void head_read_policy(struct draft *draft)
{
	struct policy_published *policy = &draft->policy;
	draft->policy_read = true;
	if (!draft->saw_policy)
		draft_issue(draft, ISSUE_POLICY_MISSING, STR_NONE);
	read_policy_domain(draft);
	if (!value(draft, FIELD_P).ptr && draft->saw_policy)
		draft_issue(draft, ISSUE_POLICY_P_MISSING, STR_NONE);
	policy->p = policy_word(draft, FIELD_P, words_is_policy);
	policy->sp = policy_word(draft, FIELD_SP, words_is_policy);
	policy->np = policy_word(draft, FIELD_NP, words_is_policy);
	policy->adkim = policy_word(draft, FIELD_ADKIM, words_is_alignment);
	policy->aspf = policy_word(draft, FIELD_ASPF, words_is_alignment);
	policy->pct = policy_word(draft, FIELD_PCT, words_is_percent);
	policy->fo = policy_word(draft, FIELD_FO, words_is_fo);
	policy->testing = policy_word(draft, FIELD_TESTING, words_is_testing);
	policy->discovery_method = policy_word(draft, FIELD_DISCOVERY, words_is_discovery);
	draft->marks_9990 |= policy->np.ptr || policy->testing.ptr || policy->discovery_method.ptr;
	draft->marks_7489 |= policy->fo.ptr != NULL;
}

/* xs:decimal, as the schemas have it; real reports say 0.1, 1, 1.0 and 2.0 for the same. */
static bool is_decimal(struct str text)
{
	size_t digits = 0, points = 0;
	for (size_t i = 0; i < text.len; i++) {
		digits += ascii_is_digit(text.ptr[i]);
		points += text.ptr[i] == '.';
	}
	return digits > 0 && points <= 1 && digits + points == text.len;
}

static bool read_metadata(struct draft *draft, struct aggregate_head *head)
{
	const struct limits *limits = draft->limits;
	if (!draft->saw_metadata) {
		reject_set(draft->reject, REASON_REPORT_METADATA, "%s", "");
		return false;
	}
	if (value(draft, FIELD_REPORT_ID).len > limits->report_id_bytes) {
		reject_set(draft->reject, REASON_REPORT_ID, "%zu bytes", value(draft, FIELD_REPORT_ID).len);
		return false;
	}
	head->org_name = limited(draft, FIELD_ORG_NAME, limits->org_name_bytes);
	head->email = limited(draft, FIELD_EMAIL, limits->email_bytes);
	head->extra_contact_info = limited(draft, FIELD_CONTACT, limits->contact_bytes);
	head->report_id = limited(draft, FIELD_REPORT_ID, limits->report_id_bytes);
	head->generator = limited(draft, FIELD_GENERATOR, limits->org_name_bytes);
	head->version = limited(draft, FIELD_VERSION, WORD_BYTES);
	if (head->org_name.len == 0)
		draft_issue(draft, ISSUE_REPORT_ORG_NAME_MISSING, STR_NONE);
	if (head->email.len == 0)
		draft_issue(draft, ISSUE_REPORT_EMAIL_MISSING, STR_NONE);
	if (head->report_id.len == 0) {
		draft_issue(draft, ISSUE_REPORT_ID_MISSING, STR_NONE);
		head->report_id = STR("");
	}
	if (head->version.ptr && !is_decimal(head->version))
		draft_issue(draft, ISSUE_REPORT_VERSION, head->version);
	draft->marks_9990 |= head->generator.ptr != NULL;
	draft->marks_7489 |= head->version.ptr != NULL;
	return dates_read(value(draft, FIELD_BEGIN), value(draft, FIELD_END), limits, draft->now_epoch_secs,
		REASON_REPORT_DATES, draft->issues, &head->begin_epoch_secs, &head->end_epoch_secs,
		draft->reject);
}

/* RFC 9990 requires what RFC 7489 leaves out as it likes. */
static void note_selectors(struct draft *draft)
{
	if (!draft->marks_9990 || draft->no_selector == 0)
		return;
	draft->line = draft->no_selector_line;
	draft_issue(draft, ISSUE_RECORD_DKIM_SELECTOR, STR_NONE);
	draft->issues->items[ISSUE_RECORD_DKIM_SELECTOR].count = draft->no_selector;
}

bool head_end(struct draft *draft, struct aggregate_head *head_r)
{
	*head_r = (struct aggregate_head){0};
	if (!read_metadata(draft, head_r))
		return false;
	if (!draft->policy_read)
		head_read_policy(draft);
	if (!is_about_a_domain(draft))
		return false;
	head_r->policy = draft->policy;
	if (draft->totals.records == 0)
		draft_issue(draft, ISSUE_RECORD_NONE, STR_NONE);
	note_selectors(draft);
	head_r->errors = draft->errors;
	head_r->errors_count = draft->errors_count;
	return true;
}

enum report_schema head_schema(const struct draft *draft)
{
	if (issue_list_deviates(draft->issues))
		return SCHEMA_LENIENT;
	if (draft->marks_9990)
		return SCHEMA_RFC9990;
	return draft->marks_7489 ? SCHEMA_RFC7489 : SCHEMA_DRAFT;
}
