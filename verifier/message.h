// SPDX-License-Identifier: Apache-2.0
/*
 * A message cut into header fields and body (RFC 5322 section 2.1), by views
 * into the bytes as they came. Nothing is decoded, repaired or copied: the
 * canonicalisations read each line end, CRLF or a bare LF, as CRLF, and take
 * every other byte as it is (NUL, bare CR and 8 bit too).
 *
 * The header ends at the first empty line, or before the first line that is
 * neither a field nor its continuation (then there is no separator and body
 * begins there). A first line "From " of an mbox is skipped.
 */
#pragma once

#include "base/arena.h"

#define MESSAGE_FIELDS_MAX 10000 /* more: `overflow`, the rest is not looked at */

struct message_field {
	struct str name; /* as sent, without white space before the colon */
	struct str raw;  /* from the name to before the field's last line end, folding inside */
	struct str body; /* of raw, what is behind the colon */
};

struct message {
	struct str bytes;
	struct message_field *fields; /* top down */
	size_t fields_count;
	struct str body;
	bool overflow;    /* more than MESSAGE_FIELDS_MAX fields */
	bool bare_lf;     /* a line end without CR somewhere */
	bool crlf;        /* a line end with CR somewhere */
	bool no_separator; /* the header ended without an empty line */
	/* Of a sample in a failure report, set by the caller after message_parse(): what it does not hold cannot be
	 * checked, and that is no failure. */
	bool sample;
	bool headers_only; /* the body is not there, or not all of it */
	bool redacted;     /* names in it were made unreadable */
};

/* bytes must outlive the message. */
void message_parse(struct arena *arena, struct str bytes, struct message *message_r);

/* The n-th field (from 0, top down) of this name, NULL when there is none. Case does not matter. */
const struct message_field *message_field(const struct message *message, struct str name, size_t n);
size_t message_fields_count(const struct message *message, struct str name);

/* The field's body unfolded (RFC 5322 section 2.2.3) and trimmed; in arena. */
struct str message_unfolded(struct arena *arena, const struct message_field *field);
