// SPDX-License-Identifier: Apache-2.0
/*
 * A pass over JSON text before jansson sees it: finds where the document ends,
 * bounds its nesting, strings and values, and repairs bytes inside strings
 * (never structure): bytes that are not UTF-8 are read as ISO-8859-1, bare
 * control characters become blanks.
 */
#pragma once

#include "base/buf.h"
#include "parser/payload.h"

/* Appends the first document of text, repaired, to out. False: *reject says what is wrong. */
NODISCARD bool tlsrpt_scan(struct str text, const struct limits *limits, struct buf *out,
	struct issue_list *issues, struct reject *reject);
