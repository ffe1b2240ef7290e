// SPDX-License-Identifier: Apache-2.0
#include "web/pages/provenance.h"

#define TRUSTED_STATES "verified,plausible,local"

const char *const count_unverified_words[] = {[COUNT_FLAG] = "flag", [COUNT_YES] = "yes", [COUNT_NO] = "no"};

static const struct state {
	const char *word, *class_name, *sign, *meaning;
} states[] = {
	{"verified", "badge verified", "✓", "its mail passes DMARC, for the domain that the report says it is from"},
	{"plausible", "badge plausible", "≈", "its mail passes DMARC, for another domain, and nothing contradicts it"},
	{"local", "badge local", "⌂", "imported here as a file: there is no mail to judge"},
	{"unverified", "badge unverified", "?", "its mail does not pass DMARC: anybody may have written it"},
	{"contradicted", "badge contradicted", "✕", "its mail passes DMARC and is of somebody else than it says"},
	{"pending", "badge pending", "…", "its mail is not judged yet"},
};
#define STATES_COUNT (sizeof(states) / sizeof(states[0]))

static const struct state *state_of(struct str word)
{
	for (size_t i = 0; i < STATES_COUNT; i++)
		if (str_eq(word, str_from(states[i].word)))
			return &states[i];
	return NULL;
}

bool provenance_find(struct str state)
{
	return state_of(state) != NULL;
}

bool provenance_has(struct str list, struct str state)
{
	struct str word;
	while (list.ptr && str_split(&list, ',', &word))
		if (str_eq(word, state))
			return true;
	return false;
}

const char *provenance_meaning(struct str state)
{
	const struct state *found = state_of(state);
	return found ? found->meaning : "";
}

void provenance_fill(struct request *request)
{
	struct filter *filter = &request->filter;
	if (filter->provenance.ptr)
		filter->listed = filter->counted = str_from(arena_printf(request->arena, "{%.*s}",
			STR_FMT(filter->provenance)));
	else if (request->web->count_unverified == COUNT_NO)
		filter->counted = STR("{" TRUSTED_STATES "}");
}

void provenance_write_badge(struct html *html, struct str word)
{
	const struct state *state = state_of(word);
	if (!state) {
		html_hostile(html, word);
		return;
	}
	html_open(html, "span");
	html_attr_cstr(html, "class", state->class_name);
	html_attr_cstr(html, "title", state->meaning);
	html_open(html, "span");
	html_attr_cstr(html, "aria-hidden", "true");
	html_cstr(html, state->sign);
	html_close(html);
	html_cstr(html, " ");
	html_cstr(html, state->word);
	html_close(html);
}

void provenance_write_boxes(struct html *html, struct str list)
{
	html_open(html, "fieldset");
	html_element(html, "legend", "Provenance");
	for (size_t i = 0; i < STATES_COUNT; i++) {
		html_open(html, "label");
		html_attr_cstr(html, "title", states[i].meaning);
		html_open(html, "input");
		html_attr_cstr(html, "type", "checkbox");
		html_attr_cstr(html, "name", "provenance");
		html_attr_cstr(html, "value", states[i].word);
		if (provenance_has(list, str_from(states[i].word)))
			html_flag(html, "checked");
		html_close(html);
		html_cstr(html, " ");
		html_cstr(html, states[i].word);
		html_close(html);
	}
	html_close(html);
}

void provenance_write_trusted(struct html *html, const struct web_options *web, struct str share)
{
	bool whole = str_eq(share, STR("100.0"));
	bool flag = !whole && web->count_unverified == COUNT_FLAG;
	html_open(html, "span");
	html_attr_cstr(html, "class", whole ? "rate ok" : flag ? "rate flag" : "rate few");
	html_attr_cstr(html, "title", whole ? "every report behind it is to be trusted" :
		"the share of messages that verified, plausible or local reports tell of; the rest anybody may have "
		"written");
	html_printf(html, "%s%.*s %%", whole ? "✓ " : flag ? "⚑ " : "", STR_FMT(share));
	html_close(html);
}
