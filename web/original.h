// SPDX-License-Identifier: Apache-2.0
/*
 * The document a report was read from, unpacked by a confined worker out of
 * the mail that is kept. Threads take turns, so that one mail at a time is in
 * memory.
 */
#pragma once

#include "pool/pool.h"
#include "store/store.h"
#include "web/page.h"

struct originals_reader;

/* The pool outlives it; NULL: there is none, and nothing can be unpacked. */
struct originals_reader *originals_reader_open(struct pool *pool, const struct limits *limits);
void originals_reader_close(struct originals_reader **reader);

/* The bytes of report `key`, in a memory file at its beginning that is the caller's to close.
 * ERR_NOTFOUND: no such report, or its mail is not kept any more; ERR_TEMP: the worker or the database failed. */
/* *personal_r: it is a sample, and address is written down; who "-" until there are accounts. */
NODISCARD enum err original_read(struct originals_reader *reader, struct store *store, const struct request *request,
	struct str key, bool *personal_r, int *fd_r, uint64_t *bytes_r, struct error *error);
