// SPDX-License-Identifier: Apache-2.0
/*
 * Samples are personal data: what shows one is asked on a connection of its own to the server that can be
 * written to, by functions that note who looked, and nothing is shown before that is committed.
 */
#pragma once

#include "store/query.h"
#include "web/web.h"

/* All rows are in memory. */
NODISCARD enum err noted_query(const struct web_options *web, const char *sql, const struct str *params,
	size_t params_count, struct rows **rows_r, struct error *error);
