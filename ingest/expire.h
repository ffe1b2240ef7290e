// SPDX-License-Identifier: Apache-2.0
/*
 * Read mail beyond its time (maildirs: keep:) leaves cur/. Only what the
 * database knows byte for byte from this very Maildir: anything else in cur/
 * is somebody else's and stays.
 */
#pragma once

#include "base/maildir.h"
#include "store/store.h"

/* Deletes from cur/ what is older by its file's time; *removed_r: how many. A
 * file that cannot be read stays. ERR_TEMP: the database is away. */
NODISCARD enum err expire_read_mail(struct store *store, struct maildir *maildir, int64_t before_epoch_secs,
	uint64_t *removed_r, struct error *error);
