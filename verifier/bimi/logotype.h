// SPDX-License-Identifier: Apache-2.0
/*
 * The logotype extension of a certificate (RFC 3709 section 4.1, RFC 6170
 * section 4) as far as mark certificates use it: a subject logo, direct, one
 * SVG image in a data: URI, with its digests.
 */
#pragma once

#include "base/arena.h"

#define LOGOTYPE_HASHES_MAX 8

struct logotype_hash {
	enum logotype_algorithm { LOGOTYPE_OTHER, LOGOTYPE_SHA1, LOGOTYPE_SHA256 } algorithm;
	struct str value;
};

struct logotype {
	struct str media_type;
	struct logotype_hash hashes[LOGOTYPE_HASHES_MAX];
	size_t hashes_count;
	struct str image; /* what the data: URI held, as it was (gzip) */
};

/* der: the value of the extension. False: *detail_r says what is wrong. */
bool logotype_parse(struct arena *arena, struct str der, struct logotype *logotype_r, const char **detail_r);
