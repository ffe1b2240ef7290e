// SPDX-License-Identifier: Apache-2.0
/*
 * The period of a report. Epoch seconds are the rule; what else reporters
 * write is converted, each way with its issue, and nothing is guessed.
 */
#pragma once

#include "parser/payload.h"

/* Both from their texts. False: *reject says report.dates and why (missing, not
 * positive, reversed, more than limits.ahead_secs ahead of now). */
NODISCARD bool dates_read(struct str begin, struct str end, const struct limits *limits, int64_t now_epoch_secs,
	enum reason reason, struct issue_list *issues, int64_t *begin_r, int64_t *end_r, struct reject *reject);
