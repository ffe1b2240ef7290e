// SPDX-License-Identifier: Apache-2.0
/*
 * Reading a mail anew whose bytes are kept: stored originals (reparse) and
 * quarantined ones (quarantine retry).
 */
#pragma once

#include "daemon/cmd.h"
#include "ingest/quarantine.h"
#include "pool/pool.h"
#include "store/put.h"

struct again {
	const struct cli *cli;
	struct services *services;
	struct store *store; /* role ingest */
	struct pool *pool;
	struct spool *spool;
	struct quarantine *quarantine;
};

/* EX_OK, or the status to end with, said on stderr. */
NODISCARD int again_open(const struct cli *cli, struct again *again_r);
void again_close(struct again *again);

/* Parses these bytes and replaces what the database has of the mail; where that
 * is nothing any more, they are in the quarantine first. put_r tells what it
 * gave; its detail lives until the next call. */
NODISCARD enum err again_mail(struct again *again, struct str bytes, const char *file, bool keep_original,
	struct put_mail *put_r, struct error *error);
