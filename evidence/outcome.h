// SPDX-License-Identifier: Apache-2.0
/*
 * A worker's verdict as the store keeps it.
 */
#pragma once

#include "store/verdict/judgement.h"

/* The best of the signatures' results: "pass" before all others, "none" without any. */
enum auth_result outcome_dkim(const struct verdict *verdict);
/* MAIL FROM's, or "none". */
enum auth_result outcome_spf(const struct verdict *verdict);
/* `dmarcd check --json` to the letter. */
struct str outcome_text(struct arena *arena, const struct verdict *verdict);
/* Words and texts of the row, in arena. */
void outcome_row(struct arena *arena, const struct verdict *verdict, struct verdict_row *row);

/* A method that decides something ended in temperror. */
bool outcome_temporary(const struct verdict *verdict);
/* The DNS could not say enough: another time it may. */
bool outcome_undecided(const struct judged_mail *mail, const struct verdict *verdict);
/* False: the verdict does not answer what was asked. */
NODISCARD bool outcome_findings(struct arena *arena, const struct judged_mail *mail, const struct verdict *verdict,
	struct report_finding *findings);
void outcome_recheck(struct arena *arena, const struct verdict *verdict, struct report_finding *finding);

/* All reports of the mail: unverified, for this reason beside those that they have. */
void outcome_give_up(struct arena *arena, const struct judged_mail *mail, const char *reason,
	struct report_finding *findings);
