// SPDX-License-Identifier: Apache-2.0
/*
 * A resolver that is dead is not asked for every mail: judging pauses, longer
 * from try to try (1 s … 60 s), until it answers again. Said once in the log,
 * and for others to read all the while.
 */
#pragma once

#include "base/error.h"
#include "evidence/evidence.h"

struct breaker {
	const struct evidence_dns *dns;
	int notice;           /* base/notice.h */
	bool open;            /* the resolver is away */
	int pause_msecs;
	int64_t until_msecs;
	int64_t answered_msecs; /* when it did so last */
	int64_t back_msecs;     /* when it began to do so again */
	struct error why;
};

void breaker_init(struct breaker *breaker, const struct evidence_dns *dns, const char *notice_path);
void breaker_fini(struct breaker *breaker);
void breaker_trip(struct breaker *breaker, const struct error *why);
/* Asks; trips when nothing answers. */
bool breaker_answers(struct breaker *breaker);
/* How long the pause lasts; 0 when it is over, or there is none. */
int breaker_pause_msecs(const struct breaker *breaker);
/* It is back for so short a time that it may still remember what failed before. */
bool breaker_is_fresh(const struct breaker *breaker);
/* At the end of a pause: true when it goes on. */
bool breaker_try(struct breaker *breaker);
