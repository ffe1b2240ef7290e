// SPDX-License-Identifier: Apache-2.0
/*
 * Contradictions that rest on relaxed alignment (doc/coherence.md): what their mail's judge is to ask of the tree
 * walk, and what follows from the answers. Only for store/.
 */
#pragma once

#include "store/verdict/judgement.h"

#define COHERENCE_PAIRS_MAX 50 /* a mail; what is more stays as the public suffix list has it */

/* Sets the pairs of each mail. */
NODISCARD enum err coherence_pairs(struct store *store, struct arena *arena, struct judged_mail *mails, size_t count,
	struct error *error);

/* Within the open transaction, once the mail's verdict is stored and its reports' provenance is what it is: takes
 * back what the alignments of the verdict explain, with a note, and out of the daily sums. Again it does nothing. */
NODISCARD enum err coherence_settle(struct store *store, const struct sha256 *mail, struct error *error);
