// SPDX-License-Identifier: Apache-2.0
/* The memory of keys: what was made of a TXT record is kept under its text, so that it is made once. */
#pragma once

#include "verifier/dkim.h"
#include "verifier/dkim/key_record.h"
#include "verifier/dkim/public_key.h"

struct known_key {
	struct key_record record;
	struct public_key *key; /* made by keys_public_key() */
	bool refused;           /* OpenSSL makes no key of it */
	struct str text;
	uint64_t hash;
	struct known_key *next; /* in its bucket */
};

/* Before a message: forgets everything when it has become much. Keys found later live until the next call. */
void keys_begin(struct dkim_keys *keys);
struct known_key *keys_find(struct dkim_keys *keys, struct str text);
/* Of a usable record whose size was found right. NULL: OpenSSL refuses it. */
struct public_key *keys_public_key(struct known_key *known);
/* One digest for all that is hashed with these keys. */
struct digest *keys_digest(struct dkim_keys *keys);
