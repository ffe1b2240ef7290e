// SPDX-License-Identifier: Apache-2.0
/*
 * One line on a terminal while long work goes on: a bar, how many of how
 * many, the rate and the time left. Draws nothing when stderr is no terminal.
 */
#pragma once

#include "base/str.h"

struct progress {
	bool on;
	uint64_t total_mails, total_bytes;
	uint64_t mails, bytes;
	int64_t began_msecs, drawn_msecs;
};

void progress_begin(struct progress *progress, bool wanted, uint64_t total_mails, uint64_t total_bytes);
void progress_add(struct progress *progress, uint64_t mails, uint64_t bytes);
/* Clears the line, so that other output may follow. */
void progress_end(struct progress *progress);

/* The line itself, for a terminal of this width; for progress_add and tests. */
#define PROGRESS_TEXT_BYTES 256
void progress_text(const struct progress *progress, int64_t now_msecs, unsigned columns,
	char text[PROGRESS_TEXT_BYTES]);
