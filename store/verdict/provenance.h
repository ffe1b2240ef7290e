// SPDX-License-Identifier: Apache-2.0
/*
 * Provenance of reports, with what follows from it: their daily sums, and which of several in conflict
 * counts. Within an open transaction. Only for store/.
 */
#pragma once

#include "store/columns.h"

/* What a mail says of a report that it brought. */
struct provenance {
	struct str domain;     /* policy_domain, day and key of the report's row */
	const char *day, *key;
	const struct sha256 *mail;
	bool copy;             /* the report's row is another mail's */
	struct str state, authenticated, reasons; /* reasons: by blanks */
	int64_t judged_epoch_secs;
};

/* Locks the identities of these reports, in one order: nobody else judges or replaces them until the end of the
 * transaction. To be called before anything is read that depends on it. */
NODISCARD enum err provenance_lock(struct store *store, const struct provenance *list, size_t count,
	struct error *error);
/* The same for the reports of a mail. */
NODISCARD enum err provenance_lock_mail(struct store *store, const struct sha256 *mail, struct error *error);
NODISCARD enum err provenance_put(struct store *store, const struct provenance *list, size_t count,
	struct error *error);
