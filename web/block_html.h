// SPDX-License-Identifier: Apache-2.0
/* One block of a page as HTML, and the page of them. */
#pragma once

#include "web/page.h"

void block_write_html(struct html *html, const struct request *request, const struct block *block, struct rows *rows);
/* rows: one a block. */
void page_write_html(const struct request *request, const struct page *page, struct rows **rows, struct buf *out);
/* The path that was asked for, escaped; without /api/v1. */
struct str request_path(const struct request *request);
