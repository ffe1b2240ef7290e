// SPDX-License-Identifier: Apache-2.0
/* Files of the corpus ($DMARCD_CORPUS), for tests that skip without one. */
#pragma once

#include "base/arena.h"

/* Skips the test when there is no corpus (fails it where CI is set). */
void corpus_need(void);
/* The file's bytes; fails the test when it cannot be read. */
struct str corpus_file(struct arena *arena, const char *folder, struct str name);
/* Column n (from 0) of a line of values with tabs between. */
struct str corpus_column(struct str line, size_t n);
