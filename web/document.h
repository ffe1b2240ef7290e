// SPDX-License-Identifier: Apache-2.0
/* A report as it came, shown as text: the bytes of strangers are never a page of ours. */
#pragma once

#include "web/page.h"

/* As a page or as JSON; a very long one is cut, and says so. */
void document_write(const struct request *request, struct str key, struct str bytes, struct buf *out);
/* What its bytes look like: "xml", "json", "txt". */
const char *document_extension(struct str bytes);
