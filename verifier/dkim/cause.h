// SPDX-License-Identifier: Apache-2.0
/* What usually lies behind such a failure: changes that mail meets on its way are taken back, one at a time, until
 * the signature holds. A fixed number of tries, for those who asked for a trace. */
#pragma once

#include "verifier/dkim/judge.h"

/* A sentence; absent when nothing was found. */
struct str cause_find(struct judge *judge, const struct signature *signature, const struct judged_key *key,
	const struct verdict_dkim *verdict);
