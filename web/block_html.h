// SPDX-License-Identifier: Apache-2.0
/* One block of a page as HTML, and the page of them. */
#pragma once

#include "web/page.h"

void block_write_html(struct html *html, const struct request *request, const struct block *block, struct rows *rows);
/* 1234567 -> 1,234,567; digits behind a point stay. */
void block_write_number(struct html *html, struct str value);
/* rows: one a block. */
void page_write_html(const struct request *request, const struct page *page, struct rows **rows, struct buf *out);
/* The path that was asked for, escaped; without /api/v1. */
struct str request_path(const struct request *request);
