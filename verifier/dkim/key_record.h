// SPDX-License-Identifier: Apache-2.0
/* Key records, RFC 6376 section 3.6.1 and RFC 8463 section 4.2: one TXT record, read without any arithmetic. */
#pragma once

#include "base/arena.h"

enum key_state {
	KEY_USABLE = 1,
	KEY_NOT_DKIM,    /* v= is something else: to be ignored */
	KEY_SYNTAX,      /* no tag list, or p= is missing: to be ignored */
	KEY_UNSUPPORTED, /* k= is a type nobody defined: to be ignored */
	KEY_REVOKED,     /* p= is empty */
	KEY_BROKEN,      /* p= is no key of its type, or one without worth */
};

enum key_type { KEY_RSA = 1, KEY_ED25519 };

struct key_record {
	enum key_state state;
	enum key_type type; /* of KEY_USABLE, KEY_REVOKED and KEY_BROKEN */
	struct str problem; /* a sentence when state is not KEY_USABLE; bytes of the record may be in it */
	unsigned bits;      /* of the modulus; 256 for Ed25519 */
	bool sha256;        /* h= has it, or is absent */
	bool email;         /* s= has it or "*", or is absent */
	bool tlsrpt;        /* the same of "tlsrpt" (RFC 8460 section 3) */
	bool testing;       /* t=y */
	bool strict;        /* t=s */
	struct str n, e;    /* RSA, big-endian */
	struct str point;   /* Ed25519 */
};

/* What is found lives in arena; text must outlive it. */
void key_record_parse(struct arena *arena, struct str text, struct key_record *record_r);
