// SPDX-License-Identifier: Apache-2.0
/*
 * How fast the resolver asks, so that no mail makes it flood anybody: so many
 * questions a second in all, and so many about one zone, those of a second at
 * once. What would be faster waits. An answer that is still in the cache costs
 * nothing. Where a zone is cut nobody tells: the last two labels stand for it.
 */
#pragma once

#include "dns/dns.h"

#define PACE_ZONES 1024     /* two that fall together share their rate */
#define PACE_ANSWERS 4096   /* one that falls on another takes its place */

struct pace {
	unsigned rate, zone_rate; /* a second; 0: without bound */
	unsigned ttl_min_secs, ttl_max_secs; /* for which the cache keeps an answer */
	int64_t next_usecs;       /* by the rate alone, each when its turn comes */
	int64_t zone_next_usecs[PACE_ZONES];
	struct pace_answer {
		uint64_t question;
		int64_t until_msecs;
	} answers[PACE_ANSWERS];
};

/* When this question may be asked, now_msecs or later; that is then its turn. */
int64_t pace_take(struct pace *pace, struct str name, enum dns_type type, int64_t now_msecs);
/* What came of it, after servers were asked so many times. */
void pace_answered(struct pace *pace, const struct dns_answer *answer, unsigned asked, int64_t now_msecs);
