// SPDX-License-Identifier: Apache-2.0
/*
 * Forgets what is older than the configuration keeps. Sums of days stay with
 * their rows' months; a mail's line in the balance stays for ever. Verdicts stay
 * with the reports they are of, however early the bytes go.
 */
#pragma once

#include "store/store.h"

struct retention {
	int64_t now_epoch_secs;
	bool catch_up; /* the clock is right, however far it is ahead of the last run */
	/* How long to keep; -1: for ever. */
	int64_t records_secs, originals_secs, samples_secs;
};

struct retention_done {
	uint64_t months, reports, originals, samples;
	/* What was taken for the present: no more than two days after the last run's, so that
	 * a clock that is wrong forgets little. */
	int64_t now_epoch_secs;
};

/* One transaction, and the merge of sums (merge.h) behind it; safe while others ingest. Errors as
 * put_batch (store/put.h). */
NODISCARD enum err retention_run(struct store *store, const struct retention *retention,
	struct retention_done *done_r, struct error *error);
