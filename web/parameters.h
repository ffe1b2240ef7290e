// SPDX-License-Identifier: Apache-2.0
/*
 * The query string -> what a request asks for. What is not known is refused by
 * name: a filter that is silently ignored would show wrong figures.
 */
#pragma once

#include "web/page.h"

/* Fills request->filter, format, csv_block and period_days. ERR_INVALID: error
 * has a sentence for the reader. query may be absent. */
NODISCARD enum err parameters_read(struct request *request, struct str query, struct error *error);
