// SPDX-License-Identifier: Apache-2.0
/* A report as it came, shown as text: the bytes of strangers are never a page of ours. */
#pragma once

#include "web/page.h"

#define DOCUMENT_BYTES_MAX ((size_t)512 * 1024)

/* As a page or as JSON. bytes: its first ones, of total bytes; a document of more than
 * DOCUMENT_BYTES_MAX is cut, and says so. */
void document_write(const struct request *request, struct str key, struct str bytes, uint64_t total,
	struct buf *out);
/* What its bytes look like: "xml", "json", "txt". */
const char *document_extension(struct str bytes);
