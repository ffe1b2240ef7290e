// SPDX-License-Identifier: Apache-2.0
/*
 * The two texts of BIMI, draft-brand-indicators-for-message-identification:
 * the assertion record in the DNS and the BIMI-Selector field.
 * Strict: nothing is repaired, neither case nor syntax.
 */
#pragma once

#include "base/arena.h"

#define BIMI_SELECTOR_DEFAULT STR("default")
#define BIMI_PREFIXES_MAX 64

struct bimi_record {
	struct str location;       /* l=; empty: none */
	struct str evidence;       /* a=; empty: none */
	struct str preference;     /* avp=, "brand" or "personal" */
	bool has_prefixes;         /* lps= is there */
	struct str prefixes[BIMI_PREFIXES_MAX]; /* none: every local part */
	size_t prefixes_count;
	bool declined;             /* l= and a= are both empty: a refusal to take part */
	const char *reason;        /* NULL: in order; else "record.syntax" "record.duplicate" "record.location"
	                            * "record.evidence" "record.format" "record.prefixes" */
	struct str detail;
};

/* False when text is no BIMI record at all (v=BIMI1 is not its first tag): it counts as not there. Views lie in
 * text, details in arena. */
bool bimi_record_parse(struct arena *arena, struct str text, struct bimi_record *record_r);

/* The s= of a BIMI-Selector field's body (unfolded). False: not a selector (the draft's sub-domain, RFC 5321). */
bool bimi_selector_parse(struct str body, struct str *selector_r);

/* The selector that a local part stands for where lps= wants it: without +extension, each run of "_" and "." one
 * "-". False: there is none, or the record does not want it. */
bool bimi_local_part_selector(struct arena *arena, const struct bimi_record *record, struct str local_part,
	struct str *selector_r);
