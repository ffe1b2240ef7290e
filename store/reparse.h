// SPDX-License-Identifier: Apache-2.0
/*
 * The stored originals, one after the other, for reading them again.
 */
#pragma once

#include "model/digest.h"
#include "store/store.h"

struct original {
	struct sha256 sha256;
	struct str packed; /* gzip; valid until the next call */
	struct str file;   /* where the mail came from */
	bool local;
};

struct originals;

/* sum NULL: all of them, else that one. Reads one at a time, each in its own
 * short transaction, in the order of their hashes. */
NODISCARD enum err originals_open(struct store *store, const struct sha256 *sum, struct originals **originals_r,
	uint64_t *count_r, struct error *error);
/* False at the end, or when reading failed (then error is filled). */
bool originals_next(struct originals *originals, struct original *original_r, struct error *error);
void originals_close(struct originals **originals);
