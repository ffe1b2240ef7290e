// SPDX-License-Identifier: Apache-2.0
#include "model/verdict.h"

#include <string.h>

#define FIRST_ITEMS 8

struct str verdict_part_word(enum verdict_part part)
{
	switch (part) {
	case PART_MESSAGE:
		return STR("message");
	case PART_SPF:
		return STR("spf");
	case PART_DKIM:
		return STR("dkim");
	case PART_ARC:
		return STR("arc");
	case PART_DMARC:
		return STR("dmarc");
	case PART_BIMI:
		return STR("bimi");
	}
	die("no part %d", (int)part);
}

void *verdict_grow(struct arena *arena, void *at, size_t count, size_t size)
{
	bool full = count == 0 || (count >= FIRST_ITEMS && (count & (count - 1)) == 0);
	if (!full)
		return at;
	char *more = arena_array(arena, count == 0 ? FIRST_ITEMS : count * 2, size);
	if (count > 0)
		memcpy(more, at, count * size);
	return more;
}

#define JSON_RESULT(name) \
	json_key_value_cstr(json, #name, item->name == AUTH_UNKNOWN ? NULL : auth_result_text(item->name));
#define JSON_TEXT(name) json_key_value_str(json, #name, item->name);
#define JSON_NUMBER(name) json_key_value_u64(json, #name, item->name);
#define JSON_FLAG(name) json_key_value_bool(json, #name, item->name);
#define JSON_MAYBE(name) \
	json_key(json, #name); \
	maybe_json(json, item->name);
#define JSON_FIELDS(tag, list) \
	static void tag##_fields(struct json *json, const struct tag *item) \
	{ \
		list(JSON_RESULT, JSON_TEXT, JSON_NUMBER, JSON_FLAG, JSON_MAYBE) \
	}
#define JSON_OBJECT(tag) \
	json_object(json); \
	tag##_fields(json, item); \
	json_object_end(json)
#define JSON_ITEM(tag, list) \
	JSON_FIELDS(tag, list) \
	static void tag##_item(struct json *json, const struct tag *item) \
	{ \
		JSON_OBJECT(tag); \
	}

static void maybe_json(struct json *json, enum maybe value)
{
	if (value == MAYBE_UNKNOWN)
		json_null(json);
	else
		json_bool(json, value == MAYBE_YES);
}

JSON_ITEM(verdict_identity, VERDICT_IDENTITY_FIELDS)
JSON_FIELDS(verdict_spf, VERDICT_SPF_FIELDS)
JSON_ITEM(verdict_dkim, VERDICT_DKIM_FIELDS)
JSON_FIELDS(verdict_arc, VERDICT_ARC_FIELDS)
JSON_ITEM(verdict_arc_set, VERDICT_ARC_SET_FIELDS)
JSON_ITEM(verdict_dmarc, VERDICT_DMARC_FIELDS)
JSON_ITEM(verdict_bimi, VERDICT_BIMI_FIELDS)
JSON_ITEM(verdict_claim, VERDICT_CLAIM_FIELDS)
JSON_ITEM(verdict_provenance, VERDICT_PROVENANCE_FIELDS)
JSON_ITEM(verdict_recheck, VERDICT_RECHECK_FIELDS)
JSON_ITEM(verdict_alignment, VERDICT_ALIGNMENT_FIELDS)
JSON_FIELDS(verdict_advice, VERDICT_ADVICE_FIELDS)
JSON_ITEM(trace_step, VERDICT_STEP_FIELDS)

static void verdict_spf_item(struct json *json, const struct verdict_spf *item)
{
	JSON_OBJECT(verdict_spf);
}

void verdict_spf_members_json(struct json *json, const struct verdict_spf *spf)
{
	verdict_spf_fields(json, spf);
}

void verdict_advice_json(struct json *json, const struct verdict_advice *item)
{
	JSON_OBJECT(verdict_advice);
}

static void arc_json(struct json *json, const struct verdict *verdict)
{
	json_object(json);
	verdict_arc_fields(json, &verdict->arc);
	json_key(json, "chain");
	json_array(json);
	for (size_t i = 0; i < verdict->arc_sets.count; i++)
		verdict_arc_set_item(json, &verdict->arc_sets.at[i]);
	json_array_end(json);
	json_object_end(json);
}

static void answers_json(struct json *json, struct str answers)
{
	struct str rest = answers, line;
	json_array(json);
	while (rest.len > 0 && str_line(&rest, &line))
		json_str(json, line);
	json_array_end(json);
}

/* The MAIL FROM identity stands for "spf", as DMARC sees it. */
static void spf_json(struct json *json, const struct verdict *verdict)
{
	static const struct verdict_spf none = {.result = AUTH_NONE};
	json_key(json, "spf");
	verdict_spf_item(json, verdict->spf.count > 0 ? &verdict->spf.at[0] : &none);
	json_key(json, "helo");
	if (verdict->spf.count > 1)
		verdict_spf_item(json, &verdict->spf.at[1]);
	else
		json_null(json);
}

#define LIST_JSON(key, list, one) \
	json_key(json, key); \
	json_array(json); \
	for (size_t i = 0; i < verdict->list.count; i++) \
		one(json, &verdict->list.at[i]); \
	json_array_end(json)

void verdict_steps_json(struct json *json, const struct verdict *verdict)
{
	LIST_JSON("trace", trace, trace_step_item);
	json_key(json, "answers");
	answers_json(json, verdict->answers);
}

void verdict_results_json(struct json *json, const struct verdict *verdict)
{
	spf_json(json, verdict);
	LIST_JSON("dkim", dkim, verdict_dkim_item);
	json_key(json, "arc");
	arc_json(json, verdict);
	json_key(json, "dmarc");
	verdict_dmarc_item(json, &verdict->dmarc);
	json_key(json, "bimi");
	verdict_bimi_item(json, &verdict->bimi);
	verdict_steps_json(json, verdict);
}

void verdict_json(struct json *json, const struct verdict *verdict)
{
	json_object(json);
	LIST_JSON("identities", identities, verdict_identity_item);
	verdict_results_json(json, verdict);
	LIST_JSON("claims", claims, verdict_claim_item);
	if (verdict->provenance.count > 0) {
		LIST_JSON("provenance", provenance, verdict_provenance_item);
	}
	if (verdict->recheck.count > 0) {
		LIST_JSON("recheck", recheck, verdict_recheck_item);
	}
	if (verdict->alignments.count > 0) {
		LIST_JSON("alignments", alignments, verdict_alignment_item);
	}
	LIST_JSON("advice", advice, verdict_advice_json);
	json_object_end(json);
}
