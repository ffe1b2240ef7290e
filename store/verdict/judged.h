// SPDX-License-Identifier: Apache-2.0
/*
 * What was judged of a mail outlives that it is read anew: the keys that it was signed with may be gone by now.
 * Only a mail that gives other reports than before waits for another verdict. Only for store/.
 */
#pragma once

#include "model/digest.h"
#include "store/db.h"

struct judged;

/* Within the open transaction, before its reports are forgotten: nobody else judges it or them meanwhile. */
NODISCARD enum err judged_take(struct store *store, const struct sha256 *mail, struct judged **judged_r,
	struct error *error);
/* After its reports were put. */
NODISCARD enum err judged_give_back(struct store *store, const struct sha256 *mail, const struct judged *judged,
	struct error *error);
void judged_free(struct judged **judged); /* nulls the pointer */
