// SPDX-License-Identifier: Apache-2.0
/*
 * So many lines of one kind in a minute and no more: who sends a flood must not
 * wash everything else out of the log. Starts as {0}.
 */
#pragma once

#include <stdint.h>

#define PACE_LINES_MAX 200u

struct pace {
	int64_t since_msecs;
	unsigned lines;      /* since then */
	uint64_t held_back;  /* since the last that was written */
};

enum pace_word {
	PACE_WRITE,
	PACE_LAST, /* write it; the next ones are held back */
	PACE_HOLD
};

/* Whether a line is written now (clock_monotonic_msecs()). *held_back_r: how many were not, right before this one. */
enum pace_word pace_ask(struct pace *pace, int64_t now_msecs, uint64_t *held_back_r);
