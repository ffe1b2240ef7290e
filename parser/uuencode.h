// SPDX-License-Identifier: Apache-2.0
/*
 * uuencode in running text, as POSIX describes it: "begin MODE NAME", lines that
 * tell their length in their first character, "end". Blanks may stand for
 * backquotes, and be lost at the end of a line.
 */
#pragma once

#include <sys/types.h>

#include "base/str.h"

#define UUENCODE_LINE_BYTES 63 /* a line holds at most */

/* The line without its end. */
bool uuencode_begins(struct str line);
/* The bytes of one line into out; 0: the line that ends it; -1: no such line. */
ssize_t uuencode_line(struct str line, char out[UUENCODE_LINE_BYTES]);
