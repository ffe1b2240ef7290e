// SPDX-License-Identifier: Apache-2.0
/*
 * Numbered, immutable migrations (schema/), each recorded with the SHA-256 of
 * its text. All of a run are one transaction; two runs at once wait for each
 * other.
 */
#pragma once

#include "store/store.h"

/* Brings the schema to this program's version; *applied_r: how many migrations
 * that took. ERR_INVALID: a migration in the database is not the one this
 * program has, or is newer than the program; ERR_DENIED: a right is missing. */
NODISCARD enum err migrate_run(struct store *store, unsigned *applied_r, struct error *error);

/* The same up to a version, 0 for all; for tests of upgrades. */
NODISCARD enum err migrate_to(struct store *store, unsigned version, unsigned *applied_r, struct error *error);

/* The version this program knows. */
unsigned migrate_version(void);
