// SPDX-License-Identifier: Apache-2.0
/*
 * Repeated verdicts that are to be kept: those of one mail are gathered, then
 * put in place of what was there, with provenance and sums, like those of a
 * mail that is judged for the first time.
 */
#pragma once

#include "evidence/repeat.h"

struct keep {
	struct arena *arena;    /* of the mail; what is added must live in it too */
	struct judged_mail mail;
	struct verdict_row *rows;
	size_t rows_count;
	struct report_finding *findings;
	struct sample_finding *sample;
	bool whole;             /* nothing of the mail was left out */
	bool begun;
};

/* A mail's first verdict: the ones before are forgotten. */
void keep_begin(struct keep *keep, struct arena *arena, const struct stored_verdict *stored);
/* repeated NULL: this one could not be repeated, so that nothing is kept of the mail. */
void keep_add(struct keep *keep, const struct stored_verdict *stored, const struct repeated *repeated);
/* After the mail's last verdict. *kept_r false: not whole, or somebody else is to judge it. */
NODISCARD enum err keep_put(struct keep *keep, const struct inventory *inventory, struct store *store,
	unsigned lease_secs, bool *kept_r, struct error *error);
