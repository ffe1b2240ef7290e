// SPDX-License-Identifier: Apache-2.0
/*
 * gzip, zlib, deflate and zip as payloads: bytes in, unpacked bytes out, piece by piece,
 * under the limits. By libarchive with exactly one filter or one format each;
 * the only file that includes it is unpack.c. Nothing is ever written to disk
 * and no name from an archive is used as a path. Whatever is wrong comes out
 * as a struct reject of the archive.* group; what was read in spite of damage
 * is noted in the issue list given.
 */
#pragma once

#include "parser/payload.h"

/* What all archives of one mail may unpack together, over all layers. */
struct unpack_budget {
	const struct limits *limits;
	uint64_t unpacked_bytes;
};

struct unpack;

/* The frames that a deflate stream comes in: RFC 1952, RFC 1950, none (RFC 1951). */
enum unpack_frame { UNPACK_GZIP, UNPACK_ZLIB, UNPACK_BARE };

/* True when head begins such a stream. Only gzip has a magic: of the others, those whose first
 * bytes are a document's. */
bool unpack_sniff(struct str head, enum unpack_frame *frame_r);

/* source, budget and issues must live until unpack_close(). Concatenated members of gzip are
 * joined and gzip directly inside is peeled: unpack_layers() tells how often. */
struct unpack *unpack_gzip_open(struct payload *source, enum unpack_frame frame,
	struct unpack_budget *budget, struct issue_list *issues);

/* Starts reading; false: *reject says what is wrong. *empty_r: true when nothing is inside. */
NODISCARD bool unpack_gzip_start(struct unpack *unpack, bool *empty_r, struct reject *reject);
unsigned unpack_layers(const struct unpack *unpack);

/* A zip in memory (bytes must live until unpack_close()), or the whole file fd of file_bytes
 * when bytes is absent. */
struct unpack *unpack_zip_open(struct str bytes, int fd, uint64_t file_bytes,
	struct unpack_budget *budget);

/* The next regular file. 1: name_r (any bytes, lives until the next call) and
 * unpack_payload() are its; 0: no more; -1: *reject says what is wrong. */
int unpack_zip_next(struct unpack *unpack, struct issue_list *issues, struct str *name_r,
	struct reject *reject);

/* The unpacked bytes, of the current member in a zip. Dies with the unpack. */
struct payload *unpack_payload(struct unpack *unpack);

/* NULL inside is fine. */
void unpack_close(struct unpack **unpack);
