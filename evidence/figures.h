// SPDX-License-Identifier: Apache-2.0
/*
 * What /metrics shows of a judge that goes on (base/figures.h): the results
 * that its verdicts had, and what its resolver has to tell.
 */
#pragma once

#include "evidence/evidence.h"
#include "model/verdict.h"

struct judge_figures {
	int fd; /* -1: they are told to nobody */
	int64_t say_msecs;
	uint64_t results[PART_BIMI + 1][AUTH_SKIPPED + 1]; /* enum verdict_part, enum auth_result */
};

void judge_figures_open(struct judge_figures *figures, const char *path);
void judge_figures_close(struct judge_figures *figures);
void judge_figures_add(struct judge_figures *figures, const struct verdict *verdict);
/* At most once a second. */
void judge_figures_say(struct judge_figures *figures, const struct evidence_dns *dns);
