// SPDX-License-Identifier: Apache-2.0
#include "verifier/dkim/field_index.h"

#include <stdlib.h>

struct entry {
	uint64_t hash; /* of the name in small letters */
	const struct message_field *field;
};

/* The fields of one name are entries `from` to before `end`, bottom-most first. */
struct named {
	uint64_t hash;
	struct str name;
	size_t from, end;
	size_t next;
	uint64_t round;
};

struct field_index {
	struct entry *entries;
	struct named *names; /* sorted */
	size_t names_count;
	uint64_t round;
};

static uint64_t name_hash(struct str name)
{
	uint64_t hash = 0xcbf29ce484222325u;
	for (size_t i = 0; i < name.len; i++)
		hash = (hash ^ (uint8_t)ascii_lower(name.ptr[i])) * 0x100000001b3u;
	return hash;
}

static int name_order(uint64_t hash_a, struct str a, uint64_t hash_b, struct str b)
{
	if (hash_a != hash_b)
		return hash_a < hash_b ? -1 : 1;
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	for (size_t i = 0; i < a.len; i++)
		if (ascii_lower(a.ptr[i]) != ascii_lower(b.ptr[i]))
			return ascii_lower(a.ptr[i]) < ascii_lower(b.ptr[i]) ? -1 : 1;
	return 0;
}

static int entry_order(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	int order = name_order(a->hash, a->field->name, b->hash, b->field->name);
	return order != 0 ? order : (a->field < b->field) - (a->field > b->field);
}

struct field_index *field_index_open(struct arena *arena, const struct message *message)
{
	struct field_index *index = ARENA_NEW(arena, struct field_index);
	size_t count = message->fields_count;
	index->entries = ARENA_ARRAY(arena, count + 1, struct entry);
	index->names = ARENA_ARRAY(arena, count + 1, struct named);
	for (size_t i = 0; i < count; i++)
		index->entries[i] = (struct entry){name_hash(message->fields[i].name), &message->fields[i]};
	qsort(index->entries, count, sizeof(*index->entries), entry_order);
	for (size_t i = 0; i < count; i++) {
		const struct entry *entry = &index->entries[i];
		struct named *last = index->names_count > 0 ? &index->names[index->names_count - 1] : NULL;
		if (!last || name_order(last->hash, last->name, entry->hash, entry->field->name) != 0) {
			last = &index->names[index->names_count++];
			*last = (struct named){.hash = entry->hash, .name = entry->field->name, .from = i};
		}
		last->end = i + 1;
	}
	return index;
}

void field_index_begin(struct field_index *index)
{
	index->round++;
}

static struct named *find(struct field_index *index, struct str name)
{
	uint64_t hash = name_hash(name);
	size_t low = 0, high = index->names_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct named *named = &index->names[middle];
		int order = name_order(hash, name, named->hash, named->name);
		if (order == 0)
			return named;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct message_field *field_index_take(struct field_index *index, struct str name,
	const struct message_field *own)
{
	struct named *named = find(index, name);
	if (!named)
		return NULL;
	if (named->round != index->round) {
		named->round = index->round;
		named->next = named->from;
	}
	if (named->next < named->end && index->entries[named->next].field == own)
		named->next++;
	return named->next < named->end ? index->entries[named->next++].field : NULL;
}
