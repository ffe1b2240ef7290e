// SPDX-License-Identifier: Apache-2.0
/*
 * What a copy of the whole database to elsewhere needs beside PostgreSQL's own
 * programs: that nothing changes meanwhile, that nothing is overwritten, and
 * what is there before and after. All by the owner of the schemas.
 */
#pragma once

#include "base/arena.h"
#include "store/store.h"

/* Nothing is taken in or judged until store_close() or transfer_let_go(). */
NODISCARD enum err transfer_hold_still(struct store *store, struct error *error);
void transfer_let_go(struct store *store);

/* Drops both schemas; ERR_LIMIT when something is in them that is nowhere else (mails, samples, probes, the audit), or
 * when what others made rests on them. */
NODISCARD enum err transfer_clear(struct store *store, struct error *error);

/* How many rows there are of what, and the sums of their counts, as one line of text. */
NODISCARD enum err transfer_totals(struct store *store, struct arena *arena, const char **totals_r,
	struct error *error);
/* Mails whose bytes are files of the quarantine, and no rows. */
NODISCARD enum err transfer_quarantined(struct store *store, uint64_t *count_r, struct error *error);

/* What the planner has to know of tables that were filled a moment ago. */
NODISCARD enum err transfer_analyze(struct store *store, struct error *error);
