// SPDX-License-Identifier: Apache-2.0
/*
 * A set of names, by 64 bits of their hash: what was read in place already,
 * what was complained about already. A collision would pass over one mail in
 * 2^64; eight bytes a name.
 */
#pragma once

#include "base/str.h"

struct seen;

struct seen *seen_open(void);
void seen_close(struct seen **seen);
bool seen_has(const struct seen *seen, struct str folder, struct str name);
/* False when it was there. */
bool seen_add(struct seen *seen, struct str folder, struct str name);
void seen_clear(struct seen *seen);
