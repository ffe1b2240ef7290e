// SPDX-License-Identifier: Apache-2.0
/*
 * A look at a zip's directory before libarchive's: how many members it claims,
 * whether another archive stands before or behind it, of which libarchive would
 * say nothing, and whether they lie over one another, as they do only in bombs:
 * libarchive takes members that share a header for one, others it unpacks again
 * and again. It also tells what libarchive reads without a word.
 */
#pragma once

#include "parser/payload.h"

struct zip_bytes {
	struct str bytes; /* absent: the file */
	int fd;
	uint64_t len;
};

/* Up to len bytes from there; how many there were, -1 on a read error. */
ssize_t zip_bytes_read(const struct zip_bytes *zip, uint64_t at, char *out, size_t len);

struct zip_facts {
	/* Where the archive's last record ends without its comment, since libarchive looks for that
	 * record in the last 16 KiB only; the length when there is none. */
	uint64_t end;
	bool trailing; /* bytes follow the comment */
	bool disagree; /* name or checksum of a member is not the same in its own header */
};

/* False: *reject says why. */
NODISCARD bool zip_directory_check(const struct zip_bytes *zip, const struct limits *limits,
	struct zip_facts *facts_r, struct reject *reject);
