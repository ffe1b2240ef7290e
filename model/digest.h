// SPDX-License-Identifier: Apache-2.0
/*
 * SHA-256 and the keys made from it. The only file that includes OpenSSL's
 * digest header in the clean wing.
 */
#pragma once

#include "base/error.h"
#include "base/str.h"

#define SHA256_BYTES 32
#define SHA256_HEX_BYTES 65

struct sha256 {
	uint8_t bytes[SHA256_BYTES];
};

/* At the start of a process, before anything else of OpenSSL: a lack of memory ends the process, as
 * everywhere; OpenSSL's own code does not always live through one. */
void digest_init(void);

struct digest; /* a running SHA-256 */

struct digest *digest_open(void);
void digest_add(struct digest *digest, const void *bytes, size_t len);
/* The sum so far; the digest starts anew. */
struct sha256 digest_take(struct digest *digest);
/* to goes on from where from is. */
void digest_copy(struct digest *to, const struct digest *from);
void digest_close(struct digest **digest);

struct sha256 sha256_of(const void *bytes, size_t len);
/* 64 lower-case hex digits. */
const char *sha256_hex(const struct sha256 *sum, char text[SHA256_HEX_BYTES]);
bool sha256_parse(struct str hex, struct sha256 *sum_r);

#define UUID_TEXT_BYTES 37
/* The first 16 bytes as a version 8 UUID (RFC 9562 section 5.8) in text form. */
const char *sha256_uuid(const struct sha256 *sum, char text[UUID_TEXT_BYTES]);
