// SPDX-License-Identifier: Apache-2.0
#include "verifier/dkim/keys.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS 256
#define KEYS_MAX 500
#define ARENA_BYTES ((size_t)64 * 1024 * 1024)
#define FULL_BYTES ((size_t)4 * 1024 * 1024)

struct dkim_keys {
	struct arena *arena;
	struct digest *digest;
	size_t count;
	struct known_key *buckets[BUCKETS];
};

struct dkim_keys *dkim_keys_open(void)
{
	struct dkim_keys *keys = calloc(1, sizeof(*keys));
	if (!keys)
		die_out_of_memory();
	keys->arena = arena_open(ARENA_BYTES);
	keys->digest = digest_open();
	return keys;
}

static void forget(struct dkim_keys *keys)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct known_key *known = keys->buckets[i]; known; known = known->next)
			public_key_close(&known->key);
	memset(keys->buckets, 0, sizeof(keys->buckets));
	keys->count = 0;
}

void dkim_keys_close(struct dkim_keys **keys)
{
	if (!*keys)
		return;
	forget(*keys);
	digest_close(&(*keys)->digest);
	arena_close(&(*keys)->arena);
	free(*keys);
	*keys = NULL;
}

void keys_begin(struct dkim_keys *keys)
{
	if (keys->count < KEYS_MAX && arena_used_bytes(keys->arena) < FULL_BYTES)
		return;
	forget(keys);
	arena_reset(keys->arena);
}

/* FNV-1a, eight octets at a time. */
static uint64_t hash_of(struct str text)
{
	uint64_t hash = 0xcbf29ce484222325u ^ text.len, word;
	size_t at = 0;
	for (; at + sizeof(word) <= text.len; at += sizeof(word)) {
		memcpy(&word, text.ptr + at, sizeof(word));
		hash = (hash ^ word) * 0x100000001b3u;
		hash ^= hash >> 29;
	}
	for (; at < text.len; at++)
		hash = (hash ^ (uint8_t)text.ptr[at]) * 0x100000001b3u;
	return hash ^ hash >> 32;
}

struct known_key *keys_find(struct dkim_keys *keys, struct str text)
{
	uint64_t hash = hash_of(text);
	struct known_key **bucket = &keys->buckets[hash % BUCKETS], *known;
	for (known = *bucket; known; known = known->next)
		if (known->hash == hash && str_eq(known->text, text))
			return known;
	known = ARENA_NEW(keys->arena, struct known_key);
	known->text = arena_str(keys->arena, text);
	known->hash = hash;
	key_record_parse(keys->arena, known->text, &known->record);
	known->next = *bucket;
	*bucket = known;
	keys->count++;
	return known;
}

struct public_key *keys_public_key(struct known_key *known)
{
	if (!known->key && !known->refused) {
		known->key = known->record.type == KEY_RSA ? public_key_rsa(known->record.n, known->record.e)
							   : public_key_ed25519(known->record.point);
		known->refused = !known->key;
	}
	return known->key;
}

struct digest *keys_digest(struct dkim_keys *keys)
{
	return keys->digest;
}
