// SPDX-License-Identifier: Apache-2.0
/*
 * Blocks -> HTML. Only for page.c.
 */
#pragma once

#include "web/page.h"

/* rows: one open result for each block, in their order. */
void page_write_html(const struct request *request, const struct page *page, struct rows **rows, struct buf *out);
