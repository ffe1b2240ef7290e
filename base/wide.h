// SPDX-License-Identifier: Apache-2.0
/*
 * Sums of counts: each may be 2^63-1, so 64 bits do not hold a sum of three.
 */
#pragma once

#include "base/str.h"

__extension__ typedef unsigned __int128 wide;

#define WIDE_TEXT_BYTES 40
const char *wide_text(wide value, char text[WIDE_TEXT_BYTES]);
/* "1,234,567" */
#define WIDE_GROUPED_BYTES 54
const char *wide_grouped(wide value, char text[WIDE_GROUPED_BYTES]);
/* The leading decimal digits of s; the largest there is when they are too many. */
wide wide_parse(struct str s);
