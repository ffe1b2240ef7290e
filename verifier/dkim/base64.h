// SPDX-License-Identifier: Apache-2.0
/* base64string of RFC 6376 section 2.10: white space may stand anywhere, final "=" may be missing. */
#pragma once

#include "base/arena.h"

/* The octets, in arena. False: another character, something behind "=", or a lone last character. Bits of
 * the last character that make no octet are not looked at. */
bool base64_decode(struct arena *arena, struct str text, struct str *bytes_r);
struct str base64_encode(struct arena *arena, struct str bytes);
