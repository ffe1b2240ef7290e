// SPDX-License-Identifier: Apache-2.0
/*
 * Waiting for a database that does not answer: told in the log once, tried again
 * after a pause that grows, told when it is back. Starts as {0}.
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct away {
	bool told;
	int64_t since_msecs;
	int pause_msecs; /* before the next try */
};

/* It does not answer, for this reason: told where it has not been yet. */
void away_begin(struct away *away, const struct error *error);
/* Since when away_begin() says so; 0: not at all. */
int64_t away_msecs(const struct away *away);
/* Before a try: not at all before the first, then longer each time, 4 s at most; stop_fd that can be read ends it. */
void away_pause(struct away *away, int stop_fd);
/* It has done what it was asked to. One that takes connections and then fails is away still. */
void away_end(struct away *away);
