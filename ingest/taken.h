// SPDX-License-Identifier: Apache-2.0
/*
 * One mail in our hands: its bytes in a sealed memfd, its hash, where it came
 * from, and what has been found out about it so far.
 */
#pragma once

#include "base/arena.h"
#include "base/maildir.h"
#include "ingest/ingest.h"
#include "pool/pool.h"
#include "store/put.h"

struct taken {
	struct arena *arena;     /* holds this struct and its texts */
	struct taken *next;      /* of whatever list it is on */

	int fd;                  /* sealed memfd, or an unlinked file when too_large; owned */
	uint64_t bytes;
	struct sha256 sha256;
	bool changing;           /* it was still being written: set aside as it is */
	bool too_large;          /* above limits_file_bytes(): never handed to a worker */
	struct mail_source source;
	struct str mbox;         /* the file it is one mail of; absent: its file is its own */

	struct maildir *maildir; /* NULL: a file outside a Maildir; not owned */
	const char *name;        /* of the file in new/ or cur/ */
	bool in_cur;
	uint64_t weight;         /* bytes of progress it stands for */

	int64_t begun_msecs;     /* clock_monotonic_msecs() */
	struct job job;
	struct buf packed;       /* gzip of the bytes; empty: nobody needs it */
	struct put_mail put;
};

/* Empty, with fd -1. */
struct taken *taken_new(void);
/* Closes and frees it and the spool it may still have; nulls the pointer. */
void taken_free(struct taken **taken);

/* The bytes of failure samples are kept only when they are wanted whole. */
bool taken_may_keep(const struct spool *spool, enum ruf_store ruf_store);

/* How the database has the name of a Maildir or of a file: names are bytes, it takes UTF-8, so other
 * names become "//" and hex, which no name and no real path is. */
struct str taken_name(struct arena *arena, struct str name);

/* Eight hex digits: the mail id of log lines. */
#define TAKEN_ID_BYTES 9
const char *taken_id(const struct taken *taken, char text[TAKEN_ID_BYTES]);
