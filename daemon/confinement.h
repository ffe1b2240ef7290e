// SPDX-License-Identifier: Apache-2.0
/*
 * What holds a worker that is started here and now: the word of dmarcd-worker
 * itself, which confines itself and tries every door.
 */
#pragma once

#include "base/confine.h"

struct confinement {
	char text[CONFINE_TEXT_BYTES]; /* "no_new_privs … self_test", "…; without …", or why nothing is known */
	bool complete;
};

/* Starts one and waits for its word. */
void confinement_try(struct confinement *confinement_r);
