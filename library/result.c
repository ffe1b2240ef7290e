// SPDX-License-Identifier: Apache-2.0
#include "library/library.h"

#include "dns/replay.h"
#include "model/json.h"
#include "verifier/authres.h"

#include <string.h>

void dmarcverify_free(struct dmarcverify_result *result)
{
	struct arena *arena = result ? result->arena : NULL;
	arena_close(&arena);
}

static const char *text_of(struct arena *arena, struct str value)
{
	return value.ptr ? arena_cstr(arena, value) : NULL;
}

static const char *result_of(enum auth_result result)
{
	return result == AUTH_UNKNOWN ? NULL : auth_result_text(result);
}

static const char *maybe_of(enum maybe value)
{
	return value == MAYBE_UNKNOWN ? NULL : value == MAYBE_YES ? "true" : "false";
}

/* One reader a struct, from the lists that make the struct. */
#define GET_RESULT(name) \
	if (strcmp(field, #name) == 0) \
		return result_of(item->name);
#define GET_TEXT(name) \
	if (strcmp(field, #name) == 0) \
		return text_of(arena, item->name);
#define GET_NUMBER(name) \
	if (strcmp(field, #name) == 0) \
		return arena_printf(arena, "%llu", (unsigned long long)item->name);
#define GET_FLAG(name) \
	if (strcmp(field, #name) == 0) \
		return item->name ? "true" : "false";
#define GET_MAYBE(name) \
	if (strcmp(field, #name) == 0) \
		return maybe_of(item->name);
#define READER(tag, list) \
	static const char *tag##_get(struct arena *arena, const void *at, size_t index, const char *field) \
	{ \
		const struct tag *item = (const struct tag *)at + index; \
		(void)arena; \
		list(GET_RESULT, GET_TEXT, GET_NUMBER, GET_FLAG, GET_MAYBE) \
		return NULL; \
	}

READER(verdict_identity, VERDICT_IDENTITY_FIELDS)
READER(verdict_spf, VERDICT_SPF_FIELDS)
READER(verdict_dkim, VERDICT_DKIM_FIELDS)
READER(verdict_arc_set, VERDICT_ARC_SET_FIELDS)
READER(verdict_arc, VERDICT_ARC_FIELDS)
READER(verdict_dmarc, VERDICT_DMARC_FIELDS)
READER(verdict_bimi, VERDICT_BIMI_FIELDS)
READER(verdict_claim, VERDICT_CLAIM_FIELDS)
READER(verdict_advice, VERDICT_ADVICE_FIELDS)
READER(trace_step, VERDICT_STEP_FIELDS)

struct part {
	const void *at;
	size_t count;
	const char *(*get)(struct arena *arena, const void *at, size_t index, const char *field);
};

static struct part part_of(const struct verdict *verdict, const char *name)
{
	const struct {
		const char *name;
		struct part part;
	} parts[] = {
		{"identity", {verdict->identities.at, verdict->identities.count, verdict_identity_get}},
		{"spf", {verdict->spf.at, verdict->spf.count, verdict_spf_get}},
		{"dkim", {verdict->dkim.at, verdict->dkim.count, verdict_dkim_get}},
		{"arc", {&verdict->arc, 1, verdict_arc_get}},
		{"arc_set", {verdict->arc_sets.at, verdict->arc_sets.count, verdict_arc_set_get}},
		{"dmarc", {&verdict->dmarc, 1, verdict_dmarc_get}},
		{"bimi", {&verdict->bimi, 1, verdict_bimi_get}},
		{"claim", {verdict->claims.at, verdict->claims.count, verdict_claim_get}},
		{"advice", {verdict->advice.at, verdict->advice.count, verdict_advice_get}},
		{"trace", {verdict->trace.at, verdict->trace.count, trace_step_get}},
	};
	for (size_t i = 0; name && i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strcmp(parts[i].name, name) == 0)
			return parts[i].part;
	return (struct part){0};
}

size_t dmarcverify_count(const struct dmarcverify_result *result, const char *part)
{
	return part_of(&result->verdict, part).count;
}

const char *dmarcverify_get(struct dmarcverify_result *result, const char *part, size_t index, const char *field)
{
	struct part found = part_of(&result->verdict, part);
	return field && index < found.count ? found.get(result->arena, found.at, index, field) : NULL;
}

static const char *keep(struct dmarcverify_result *result, struct buf *buf)
{
	const char *text = arena_cstr(result->arena, buf_str(buf));
	buf_fini(buf);
	return text;
}

const char *dmarcverify_answers(struct dmarcverify_result *result)
{
	struct buf buf;
	if (result->answers)
		return result->answers;
	buf_init(&buf, SIZE_MAX / 2);
	dns_replay_add_session(&buf, result->session);
	return result->answers = keep(result, &buf);
}

const char *dmarcverify_json(struct dmarcverify_result *result)
{
	struct json json;
	struct buf buf;
	if (result->json)
		return result->json;
	result->verdict.answers = str_from(dmarcverify_answers(result));
	buf_init(&buf, SIZE_MAX / 2);
	json_init(&json, &buf);
	verdict_json(&json, &result->verdict);
	return result->json = keep(result, &buf);
}

static void add_piece(struct buf *buf, const char *before, struct str piece, const char *after)
{
	if (piece.len > 0)
		buf_printf(buf, "%s%.*s%s", before, STR_FMT(piece), after);
}

const char *dmarcverify_trace(struct dmarcverify_result *result)
{
	struct buf buf;
	if (result->trace)
		return result->trace;
	buf_init(&buf, SIZE_MAX / 2);
	for (size_t i = 0; i < result->verdict.trace.count; i++) {
		const struct trace_step *step = &result->verdict.trace.at[i];
		buf_printf(&buf, "%-7.*s %*s%.*s", STR_FMT(step->part), (int)(step->depth % 64) * 2, "",
			STR_FMT(step->kind));
		add_piece(&buf, " ", step->name, "");
		add_piece(&buf, " = ", step->value, "");
		add_piece(&buf, " -> ", step->result, "");
		add_piece(&buf, " (", step->note, ")");
		buf_add_char(&buf, '\n');
	}
	return result->trace = keep(result, &buf);
}

const char *dmarcverify_authres(struct dmarcverify_result *result, const char *authserv_id)
{
	struct buf buf;
	buf_init(&buf, SIZE_MAX / 2);
	authres_write(&buf, str_from(authserv_id), &result->verdict);
	return keep(result, &buf);
}
