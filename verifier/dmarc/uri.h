// SPDX-License-Identifier: Apache-2.0
/* Where reports go: RFC 3986 as far as a DMARC record needs it. */
#pragma once

#include "base/str.h"

/* Without blanks and TABs (WSP) at both ends. */
struct str dmarc_trim(struct str s);

/* A scheme and at least one character behind it, of those that RFC 3986 allows; "," and "!" have to be
 * percent-encoded (RFC 9989 section 4.8). mailto needs an address. */
bool dmarc_uri_valid(struct str uri);
