// SPDX-License-Identifier: Apache-2.0
/*
 * Two intakes on one Maildir that fill two databases leave each with a part. While an intake runs, a file in
 * each of its Maildirs therefore says which database it fills, and where to see that it still runs; nothing in
 * the Maildir is held open, so that an idle one can be unmounted.
 */
#pragma once

#include "ingest/ingest.h"

#define CLAIM_FILE "dmarcd.lock"

/* ERR_LIMIT: one of the configured Maildirs is read into another database by an intake that runs, and neither
 * it nor the run is `shared`. One pass claims nothing; nothing is claimed in a Maildir in which no file can be
 * made, nor where the database does not tell which it is: whether it is away is seen when it is next asked. */
NODISCARD enum err claim_maildirs(const struct ingest_options *options, struct store *store, struct error *error);
/* The files go that claim_maildirs() made. */
void claim_release(const struct ingest_options *options);
