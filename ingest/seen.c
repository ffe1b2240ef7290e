// SPDX-License-Identifier: Apache-2.0
#include "ingest/seen.h"

#include "model/digest.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS ((size_t)1024)

struct seen {
	uint64_t *slots; /* 0: empty */
	size_t slots_count; /* a power of two */
	size_t used;
	struct digest *digest; /* strangers choose the names, so the hash must hold */
};

static uint64_t *new_slots(size_t count)
{
	uint64_t *slots = calloc(count, sizeof(*slots));
	if (!slots)
		die_out_of_memory();
	return slots;
}

struct seen *seen_open(void)
{
	struct seen *seen = malloc(sizeof(*seen));
	if (!seen)
		die_out_of_memory();
	*seen = (struct seen){
		.slots = new_slots(FIRST_SLOTS),
		.slots_count = FIRST_SLOTS,
		.digest = digest_open(),
	};
	return seen;
}

void seen_close(struct seen **seen)
{
	if (!*seen)
		return;
	digest_close(&(*seen)->digest);
	free((*seen)->slots);
	free(*seen);
	*seen = NULL;
}

static uint64_t hash_of(const struct seen *seen, struct str folder, struct str name)
{
	uint64_t hash;
	digest_add(seen->digest, folder.ptr, folder.len);
	digest_add(seen->digest, "", 1);
	digest_add(seen->digest, name.ptr, name.len);
	struct sha256 sum = digest_take(seen->digest);
	(void)memcpy(&hash, sum.bytes, sizeof(hash));
	return hash ? hash : 1;
}

static uint64_t *slot_of(uint64_t *slots, size_t count, uint64_t hash)
{
	size_t i = hash & (count - 1);
	while (slots[i] && slots[i] != hash)
		i = (i + 1) & (count - 1);
	return &slots[i];
}

bool seen_has(const struct seen *seen, struct str folder, struct str name)
{
	return *slot_of(seen->slots, seen->slots_count, hash_of(seen, folder, name)) != 0;
}

static void grow(struct seen *seen)
{
	size_t count = seen->slots_count * 2;
	uint64_t *slots = new_slots(count);
	for (size_t i = 0; i < seen->slots_count; i++)
		if (seen->slots[i])
			*slot_of(slots, count, seen->slots[i]) = seen->slots[i];
	free(seen->slots);
	seen->slots = slots;
	seen->slots_count = count;
}

bool seen_add(struct seen *seen, struct str folder, struct str name)
{
	uint64_t hash = hash_of(seen, folder, name);
	uint64_t *slot = slot_of(seen->slots, seen->slots_count, hash);
	if (*slot)
		return false;
	*slot = hash;
	if (++seen->used * 2 > seen->slots_count)
		grow(seen);
	return true;
}

void seen_clear(struct seen *seen)
{
	(void)memset(seen->slots, 0, seen->slots_count * sizeof(*seen->slots));
	seen->used = 0;
}
