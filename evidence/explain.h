// SPDX-License-Identifier: Apache-2.0
/*
 * Why a repeated verdict differs: which of its words are others, and which
 * answers of the DNS.
 */
#pragma once

#include "evidence/repeat.h"

struct difference {
	struct str what;          /* spf dkim dmarc arc; provenance reasons recheck; or what a name in the DNS is for */
	struct str name, type;    /* of an answer; absent: of the verdict itself */
	struct str change;        /* changed gone new failed */
	struct str before, after; /* absent: there was, is none */
};

/* Of two verdicts on the same bytes; everything in arena or the verdicts'. Words first, then answers. */
void explain_differences(struct arena *arena, const struct repeated *before, const struct repeated *after,
	struct difference **differences_r, size_t *count_r);
