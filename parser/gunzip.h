// SPDX-License-Identifier: Apache-2.0
/*
 * gzip, zlib and bare deflate as payloads: bytes in, unpacked bytes out, piece by piece, under the
 * limits. One layer each: what is gzip again inside is opened again. Length and checksum are held
 * against the data at the end of every member; what was read in spite of damage is noted in the
 * issue list given, whatever cannot be read comes out as a struct reject of the archive.* group.
 */
#pragma once

#include "parser/budget.h"

/* The frames that a deflate stream comes in: RFC 1952, RFC 1950, none (RFC 1951). */
enum gunzip_frame { GUNZIP_GZIP, GUNZIP_ZLIB, GUNZIP_BARE };

/* True when head begins such a stream. Only gzip has a magic: of the others, those whose first
 * bytes are a document's. */
bool gunzip_sniff(struct str head, enum gunzip_frame *frame_r);

struct gunzip;

/* source, budget and issues must live until gunzip_close(). Concatenated members of gzip are
 * joined (RFC 1952 section 2.2). */
struct gunzip *gunzip_open(struct payload *source, enum gunzip_frame frame, struct budget *budget,
	struct issue_list *issues);

/* The unpacked bytes; the source is at its end when they are. Dies with the gunzip. */
struct payload *gunzip_payload(struct gunzip *gunzip);

/* How many bytes were unpacked so far. */
uint64_t gunzip_bytes(const struct gunzip *gunzip);

/* NULL inside is fine. */
void gunzip_close(struct gunzip **gunzip);
