// SPDX-License-Identifier: Apache-2.0
/*
 * The canonicalisations of RFC 6376 section 3.4, straight into a digest. A line
 * ends with CRLF or LF and both count as CRLF; white space is SP and TAB; every
 * other byte is itself. What is its own canonical form is hashed where it lies.
 */
#pragma once

#include "base/buf.h"
#include "model/digest.h"

struct canon {
	struct digest *digest;
	struct buf *copy;    /* the same bytes again, until it overflows; may be NULL */
	uint64_t left;       /* octets that still go into the digest (l=, section 3.5) */
	uint64_t octets;     /* canonical octets so far, those beyond `left` too */
	size_t pending_len;
	char pending[1024];
};

/* limit: UINT64_MAX for all. */
void canon_begin(struct canon *canon, struct digest *digest, struct buf *copy, uint64_t limit);
/* Everything added is in the digest. */
void canon_end(struct canon *canon);

void canon_body_simple(struct canon *canon, struct str body);
void canon_body_relaxed(struct canon *canon, struct str body);

/* Header fields without their line end (struct message_field's raw), colon: its offset of the name's end and
 * the body behind it; the final CRLF is the caller's. */
void canon_field_simple(struct canon *canon, struct str raw);
void canon_field_relaxed(struct canon *canon, struct str name, struct str body);
void canon_line_end(struct canon *canon);
