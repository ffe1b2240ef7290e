// SPDX-License-Identifier: Apache-2.0
/*
 * Domain names as reporters write them -> A-labels in lower case without a
 * final dot (RFC 5890, UTS #46 mapping). The only file that includes libidn2.
 */
#pragma once

#include "base/arena.h"
#include "model/limits.h"

enum domain_form {
	DOMAIN_EMPTY,
	DOMAIN_PLAIN,      /* a name as it should be; letter case does not matter */
	DOMAIN_NORMALISED, /* an address, a final dot, U-labels: made plain */
	DOMAIN_INVALID,    /* no domain name; kept as it is */
};

/* text: trimmed. The name: from the arena, or where it cannot be made plain a view of text. */
enum domain_form domain_read(struct arena *arena, struct str text, const struct limits *limits, struct str *name_r);
