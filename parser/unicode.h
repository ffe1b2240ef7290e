// SPDX-License-Identifier: Apache-2.0
/*
 * UTF-16 and UTF-32 where 8-bit text is meant, told by a byte order mark or by the
 * NULs beside a document's first characters (XML 1.0 appendix F, RFC 4627
 * section 3). UTF-16 is read, UTF-32 is known in order to be refused.
 */
#pragma once

#include "base/buf.h"

enum unicode { UNICODE_8, UNICODE_16_LE, UNICODE_16_BE, UNICODE_32 };

/* What a document that begins with head is in. *mark_bytes_r: of its byte order mark. */
enum unicode unicode_of(struct str head, size_t *mark_bytes_r);

/* One character off the front of UTF-16: the bytes it takes; 0: it goes on behind the text, or there
 * is none. final: the text ends here. Half a surrogate pair comes out as it is. */
size_t unicode_next(enum unicode order, struct str text, bool final, uint32_t *code_r);

/* A whole text in UTF-16, its mark taken away, as UTF-8 behind out. */
void unicode_to_utf8(enum unicode order, struct str text, struct buf *out);
