// SPDX-License-Identifier: Apache-2.0
/*
 * Base64 as mail really holds it (RFC 2045 section 6.8): bytes outside the
 * alphabet are skipped, missing padding is supplied, text may go on behind a
 * padding. What was repaired is told, so that it can be noted. A running
 * decoder; it buffers nothing.
 */
#pragma once

#include "base/str.h"

struct base64 {
	uint32_t bits;
	unsigned chars;    /* of the open quantum, 0…3 */
	bool padded;       /* a "=" was seen in the open quantum */
	bool line_blank;   /* blanks or TABs seen that a line end has not yet excused */
	uint64_t junk;     /* bytes outside the alphabet, blanks inside a line among them */
	bool unpadded;     /* the text ended without its padding */
};

void base64_init(struct base64 *decoder);
/* Decodes len bytes of text into out (room for 3 * len / 4 + 3); returns the bytes written. */
size_t base64_step(struct base64 *decoder, const char *text, size_t len, char *out);
/* What is left at the end: 0 to 2 bytes. */
size_t base64_flush(struct base64 *decoder, char *out);
/* True when something had to be repaired. */
bool base64_repaired(const struct base64 *decoder);
/* True for a byte of the alphabet, padding not included. */
bool base64_is_char(char c);
