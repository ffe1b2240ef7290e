// SPDX-License-Identifier: Apache-2.0
/*
 * gzip (RFC 1952) as far as an indicator may be compressed: one member, and
 * never more than was asked for. The only file of the verifier that knows zlib.
 */
#pragma once

#include "base/arena.h"

enum gunzip_state {
	GUNZIP_PLAIN = 1, /* not gzip at all: *out_r is bytes */
	GUNZIP_OK,
	GUNZIP_BROKEN,    /* damaged, cut, or bytes behind the member */
	GUNZIP_TOO_LARGE, /* more than max_bytes */
};

/* *out_r is in arena, or bytes themselves. */
enum gunzip_state bimi_gunzip(struct arena *arena, struct str bytes, size_t max_bytes, struct str *out_r);
