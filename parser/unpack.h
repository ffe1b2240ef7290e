// SPDX-License-Identifier: Apache-2.0
/*
 * The members of a zip as payloads, piece by piece, under the limits. By libarchive with exactly
 * one format; the only file that includes it is unpack.c. Nothing is ever written to disk and no
 * name from an archive is used as a path. Whatever is wrong comes out as a struct reject of the
 * archive.* group; what was read in spite of damage is noted in the issue list given.
 */
#pragma once

#include "parser/budget.h"

struct unpack;

/* A zip in memory (bytes must live until unpack_close()), or the whole file fd of file_bytes
 * when bytes is absent. */
struct unpack *unpack_zip_open(struct str bytes, int fd, uint64_t file_bytes,
	struct budget *budget);

/* The next regular file. 1: name_r (any bytes, lives until the next call) and
 * unpack_payload() are its; 0: no more; -1: *reject says what is wrong. */
int unpack_zip_next(struct unpack *unpack, struct issue_list *issues, struct str *name_r,
	struct reject *reject);

/* The unpacked bytes, of the current member in a zip. Dies with the unpack. */
struct payload *unpack_payload(struct unpack *unpack);

/* NULL inside is fine. */
void unpack_close(struct unpack **unpack);
