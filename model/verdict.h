// SPDX-License-Identifier: Apache-2.0
/*
 * The verifier's verdict on one message, with the trace that led to it. Plain
 * open data; texts are valid UTF-8 without NUL and live in the arena or frame
 * they were made from. The fields are documented in model/verdict_list.h.
 */
#pragma once

#include "base/arena.h"
#include "model/json.h"
#include "model/report.h"
#include "model/verdict_list.h"

enum maybe { MAYBE_UNKNOWN = 0, MAYBE_NO, MAYBE_YES };

enum verdict_part { PART_MESSAGE, PART_SPF, PART_DKIM, PART_ARC, PART_DMARC, PART_BIMI };
/* "message" "spf" "dkim" "arc" "dmarc" "bimi" */
struct str verdict_part_word(enum verdict_part part);

#define VERDICT_RESULT(name) enum auth_result name;
#define VERDICT_TEXT(name) struct str name;
#define VERDICT_NUMBER(name) uint64_t name;
#define VERDICT_FLAG(name) bool name;
#define VERDICT_MAYBE(name) enum maybe name;
#define VERDICT_STRUCT(tag, list) \
	struct tag { \
		list(VERDICT_RESULT, VERDICT_TEXT, VERDICT_NUMBER, VERDICT_FLAG, VERDICT_MAYBE) \
	}

VERDICT_STRUCT(verdict_identity, VERDICT_IDENTITY_FIELDS);
VERDICT_STRUCT(verdict_spf, VERDICT_SPF_FIELDS);
VERDICT_STRUCT(verdict_dkim, VERDICT_DKIM_FIELDS);
VERDICT_STRUCT(verdict_arc_set, VERDICT_ARC_SET_FIELDS);
VERDICT_STRUCT(verdict_arc, VERDICT_ARC_FIELDS);
VERDICT_STRUCT(verdict_dmarc, VERDICT_DMARC_FIELDS);
VERDICT_STRUCT(verdict_bimi, VERDICT_BIMI_FIELDS);
VERDICT_STRUCT(verdict_claim, VERDICT_CLAIM_FIELDS);
VERDICT_STRUCT(verdict_provenance, VERDICT_PROVENANCE_FIELDS);
VERDICT_STRUCT(verdict_recheck, VERDICT_RECHECK_FIELDS);
VERDICT_STRUCT(verdict_alignment, VERDICT_ALIGNMENT_FIELDS);
VERDICT_STRUCT(verdict_advice, VERDICT_ADVICE_FIELDS);
VERDICT_STRUCT(trace_step, VERDICT_STEP_FIELDS);

/* A counted list in an arena. */
#define VERDICT_LIST(tag) \
	struct { \
		struct tag *at; \
		size_t count; \
	}

struct verdict {
	VERDICT_LIST(verdict_identity) identities;
	VERDICT_LIST(verdict_spf) spf; /* MAIL FROM first, then HELO where it was judged */
	VERDICT_LIST(verdict_dkim) dkim; /* the message's order */
	struct verdict_arc arc;
	VERDICT_LIST(verdict_arc_set) arc_sets;
	struct verdict_dmarc dmarc;
	struct verdict_bimi bimi;
	VERDICT_LIST(verdict_claim) claims;
	VERDICT_LIST(verdict_provenance) provenance; /* one for each claim of the request */
	VERDICT_LIST(verdict_recheck) recheck;       /* one for each method that the reporter named */
	VERDICT_LIST(verdict_alignment) alignments;  /* one for each pair of the request */
	VERDICT_LIST(verdict_advice) advice;
	VERDICT_LIST(trace_step) trace;
	struct str answers; /* a replay file's text (dns/replay.h): what the verdict rests on */
	struct str authres; /* an Authentication-Results field (RFC 8601) that says the same */
	struct str refused; /* why there is no verdict at all ("FILE:LINE: …" of a replay file); absent: there is one */
};

/* Adds an item to a list that lives in arena; the place it returns is zeroed. */
#define VERDICT_ADD(arena, list) \
	((list)->at = verdict_grow((arena), (list)->at, (list)->count, sizeof(*(list)->at)), \
		&(list)->at[(list)->count++])
/* A place for one more behind count items: the same memory, or twice as much. */
void *verdict_grow(struct arena *arena, void *at, size_t count, size_t size);

/* The whole as one JSON object: "identities", the results, "claims", "advice", and what only some are asked for:
 * "provenance", "recheck", "alignments". Keys are the fields' names. */
void verdict_json(struct json *json, const struct verdict *verdict);
/* Into an object that is open: "spf" and "helo" (null unless judged), "dkim", "arc" with its "chain", "dmarc",
 * "bimi", "trace", "answers" (a list of lines). */
void verdict_results_json(struct json *json, const struct verdict *verdict);
/* Into an open object: the members of "spf"; "trace" and "answers". Then an item of "advice". */
void verdict_spf_members_json(struct json *json, const struct verdict_spf *spf);
void verdict_steps_json(struct json *json, const struct verdict *verdict);
void verdict_advice_json(struct json *json, const struct verdict_advice *advice);
