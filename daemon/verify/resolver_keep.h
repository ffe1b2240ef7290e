// SPDX-License-Identifier: Apache-2.0
/*
 * A resolver for who judges mail after mail: started when it is needed, and
 * again when it died.
 */
#pragma once

#include "daemon/verify/resolver.h"

struct resolver_keep {
	struct resolver_options options;
	struct resolver resolver;
	bool running;
	uint64_t asked; /* by resolver_keep_answers() */
};

/* options must outlive it, with what they point to. Errors as resolver_start(). */
NODISCARD enum err resolver_keep_start(struct resolver_keep *keep, const struct resolver_options *options,
	struct error *error);
void resolver_keep_stop(struct resolver_keep *keep);

/* As resolver_job(); one that died is started again first. */
NODISCARD enum err resolver_keep_job(void *keep, int *socket_r, struct error *error);
/* Asks the root for a name that is new to every cache. False: nothing answered it, or the resolver had died. */
bool resolver_keep_answers(void *keep);
/* For /metrics (base/figures.h): what its processes have answered so far. */
void resolver_keep_figures(void *keep, struct buf *out);
