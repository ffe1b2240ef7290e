// SPDX-License-Identifier: Apache-2.0
/*
 * Public keys and what is done with them. The only file of DKIM that knows
 * OpenSSL. RSA keys are made from modulus and exponent, without OpenSSL's
 * decoders: those cost several times a verification.
 */
#pragma once

#include "base/str.h"
#include "model/digest.h"

struct public_key;

#define RSA_BYTES_MAX 2048 /* 16,384 bits, the most that OpenSSL computes with */
#define ED25519_KEY_BYTES 32
#define ED25519_SIGNATURE_BYTES 64

/* n and e as big-endian numbers without leading zeroes; their sense has been proved (key_record.c). NULL: OpenSSL
 * refuses them. */
struct public_key *public_key_rsa(struct str n, struct str e);
/* RFC 8032: 32 octets. NULL: no point of the curve. */
struct public_key *public_key_ed25519(struct str point);
void public_key_close(struct public_key **key);

/* RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 section 8.2.2), compared with the one encoding there is. On false,
 * *signed_r (may be NULL) has the digest that was signed where the signature is one of this key over a
 * SHA-256 digest, and *readable_r says so. */
bool public_key_rsa_verify(struct public_key *key, struct str signature, const struct sha256 *digest,
	struct sha256 *signed_r, bool *readable_r);
/* PureEdDSA over the 32 octets of the digest (RFC 8463 section 3). */
bool public_key_ed25519_verify(struct public_key *key, struct str signature, const struct sha256 *digest);

/* One verification of each kind, so that OpenSSL has fetched what it needs before a process forks for each message:
 * fetching costs several times a verification. */
void public_key_warm_up(void);
