// SPDX-License-Identifier: Apache-2.0
/*
 * What usually lies behind such a failure: changes that mail meets on its way
 * are taken back, one at a time, until what was signed is there again. A fixed
 * number of tries, for those who asked for a trace.
 */
#pragma once

#include "verifier/dkim/judge.h"

/* A sentence; absent when nothing was found. key: NULL when none was looked for. */
struct str cause_find(struct judge *judge, const struct signature *signature, const struct judged_key *key,
	const struct verdict_dkim *verdict);

/* The same of a body that has another hash than bh=. */
struct str cause_of_body(struct judge *judge, const struct signature *signature);
/* The same of a header that key did not sign. */
struct str cause_of_header(struct judge *judge, const struct signature *signature, const struct judged_key *key);

/* A step "what was tried -> fits or not". Gives back fits. */
bool cause_tried(const struct judge *judge, const char *what, bool fits);
