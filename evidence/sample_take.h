// SPDX-License-Identifier: Apache-2.0
/*
 * Takes in the mails of the sample Maildirs: copies of what our own servers send. A mail gets its row and
 * its job in one transaction, and leaves new/ only after that; its verdict comes later. Nothing here looks
 * into a mail. The same bytes are one sample, however often and wherever they lie.
 *
 * A mail larger than the limit gets a row that says so, and no job. What is no regular file, or cannot be
 * read, stays where it is and is told in the log once.
 */
#pragma once

#include "base/error.h"
#include "store/store.h"

struct sample_take;

/* The paths must outlive it. mail_bytes_max: as limits.mail_bytes. */
struct sample_take *sample_take_open(const char *const *paths, size_t count, uint64_t mail_bytes_max);
void sample_take_close(struct sample_take **take); /* nulls the pointer */

/* One pass over every new/, up to `most` mails; *taken_r: how many were taken in, those that were known too.
 * A Maildir that cannot be read is told in the log, once until it can. ERR_TEMP, ERR_UNCERTAIN and whatever
 * else the database says end the pass; the mail at hand stays. */
NODISCARD enum err sample_take_pass(struct sample_take *take, struct store *store, int64_t now_epoch_secs,
	uint64_t most, uint64_t *taken_r, struct error *error);
