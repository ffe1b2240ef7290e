// SPDX-License-Identifier: Apache-2.0
/*
 * Sums by source come as rows of their own, see schema/0008_source_sums.sql.
 * This puts those of one source and day together: the same sums in fewer rows. Sums
 * in which nothing is left go.
 */
#pragma once

#include "store/store.h"

/* When no fewer than at_least domains and days wait for it; nothing to do while another process is
 * at it, or stands in its way. In steps of a transaction each. Errors as put_batch (store/put.h);
 * what was not done waits. */
NODISCARD enum err merge_sources(struct store *store, unsigned at_least, struct error *error);
