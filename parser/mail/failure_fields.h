// SPDX-License-Identifier: Apache-2.0
/*
 * Header-like fields: one at a time, unfolded, from bytes with any line ends.
 * For feedback parts and for the headers of samples.
 */
#pragma once

#include "base/arena.h"

struct failure_field {
	struct str name;    /* trimmed, as sent */
	struct str value;   /* unfolded, trimmed, a TAB as a blank, otherwise as sent */
	struct str skipped; /* the first line passed over on the way to it; absent: none */
};

/* The next field off the front of *rest; lines that are none are passed over. False at the blank
 * line or the end; skipped is given then too. */
bool failure_field_next(struct str *rest, struct arena *arena, struct failure_field *field_r);

/* The first field of that name, any case; absent when there is none. */
struct str failure_field_find(struct str block, struct arena *arena, struct str name);

/* The next line, ended by LF, CRLF or CR, without its end. */
bool failure_line(struct str *rest, struct str *line_r);

/* value with a blank for each RFC 5322 comment, trimmed; as it is when a comment never ends. */
struct str failure_uncomment(struct arena *arena, struct str value);
