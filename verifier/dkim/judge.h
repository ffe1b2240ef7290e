// SPDX-License-Identifier: Apache-2.0
/*
 * The steps of RFC 6376 section 6.1 that DKIM and ARC share: body hash, header
 * hash, key and signature, each judged for itself.
 */
#pragma once

#include "verifier/dkim/canon.h"
#include "verifier/dkim/field_index.h"
#include "verifier/dkim/keys.h"
#include "verifier/dkim/signature.h"
#include "verifier/verify.h"

#define JUDGE_BODIES 4

struct judged_body {
	struct sha256 sum;
	bool relaxed;
	uint64_t limit;  /* UINT64_MAX: no l= */
	uint64_t octets; /* of the whole canonical body */
};

struct judge {
	const struct verify *verify;
	const struct message *message;
	struct dkim_keys *keys;
	enum verdict_part part;
	struct field_index *index;
	struct judged_body bodies[JUDGE_BODIES]; /* a ring: signatures mostly hash the same body */
	size_t bodies_count;
};

/* All of it lives in verify->arena. */
void judge_open(struct judge *judge, const struct verify *verify, const struct message *message,
	struct dkim_keys *keys, enum verdict_part part);

/* Section 3.7, step 1. The result lives until the next call. */
const struct judged_body *judge_body(struct judge *judge, const struct signature *signature);
bool judge_body_matches(const struct judged_body *body, const struct signature *signature);

/* Section 3.7, step 2: the digest over the fields of h= and the signature. copy may be NULL. */
struct sha256 judge_header(struct judge *judge, const struct signature *signature, struct buf *copy);
/* Adds the signature's field with an empty b= and without line end. */
void judge_add_unsigned(struct canon *canon, const struct signature *signature);

struct judged_key {
	struct fault fault;      /* of finding a key; reason NULL: one was found */
	struct known_key *known; /* the last one tried, or the one that fits best; may be NULL */
	struct str text;         /* its record */
	bool tried;              /* there was arithmetic */
	bool good;
	bool readable;           /* RSA, not good: the signature is one of this key, over `signed_sum` */
	struct sha256 signed_sum;
};

/* Sections 6.1.2 and 6.1.3: looks the keys up and tries the signature over digest with each of them. */
void judge_key(struct judge *judge, const struct signature *signature, const struct sha256 *digest,
	struct judged_key *key_r);
