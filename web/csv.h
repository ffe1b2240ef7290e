// SPDX-License-Identifier: Apache-2.0
/*
 * CSV (RFC 4180) that is safe to open in a spreadsheet: a text that would be a
 * formula gets an apostrophe before it.
 */
#pragma once

#include "base/buf.h"

/* One field; number: written as it is. last ends the line with CRLF. */
void csv_field(struct buf *out, struct str value, bool number, bool last);
