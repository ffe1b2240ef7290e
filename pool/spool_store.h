// SPDX-License-Identifier: Apache-2.0
/*
 * Frames one behind the other: the first memory_bytes in memory, all further
 * ones in an unlinked file. Written once in order, read in order, any number
 * of times.
 */
#pragma once

#include "model/wire.h"

struct spool_store;

struct spool_store *spool_store_open(size_t memory_bytes, const char *directory);
void spool_store_close(struct spool_store **store);
void spool_store_reset(struct spool_store *store);

uint64_t spool_store_bytes(const struct spool_store *store);
/* False when the disk takes no more. */
NODISCARD bool spool_store_add(struct spool_store *store, const struct frame *frame);
/* The frame at *offset, which moves behind it; valid until the next call. */
NODISCARD bool spool_store_read(struct spool_store *store, uint64_t *offset, struct frame *frame_r,
	struct error *error);
