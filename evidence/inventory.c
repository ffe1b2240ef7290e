// SPDX-License-Identifier: Apache-2.0
#include "evidence/inventory.h"

#include "base/arena.h"

#define MAPPED_BITS 96 /* of ::ffff:0:0/96; what is seen is unmapped too */
#define INVENTORY_BYTES ((size_t)64 * 1024 * 1024)

struct network {
	struct ip ip;
	unsigned bits;
};

struct words {
	struct str *at;
	size_t count;
};

struct mta {
	struct str name;
	struct network *networks;
	size_t networks_count;
	struct words hostnames, helo;
};

struct inventory {
	struct arena *arena;
	struct mta *mtas;
	size_t count;
};

static struct str without_final_dot(struct str name)
{
	return str_sub(name, 0, name.len - str_ends(name, STR(".")));
}

static struct words copied(struct arena *arena, const struct inventory_words *words)
{
	struct words copy = {ARENA_ARRAY(arena, words->count, struct str), words->count};
	for (size_t i = 0; i < words->count; i++)
		copy.at[i] = without_final_dot(arena_str(arena, str_from(words->at[i])));
	return copy;
}

static enum err add_mta(struct inventory *inventory, const struct inventory_mta *from, struct error *error)
{
	struct arena *arena = inventory->arena;
	struct mta *mta = &inventory->mtas[inventory->count++];
	*mta = (struct mta){
		.name = arena_str(arena, str_from(from->name)),
		.networks = ARENA_ARRAY(arena, from->addresses.count, struct network),
		.hostnames = copied(arena, &from->hostnames),
		.helo = copied(arena, &from->helo),
	};
	for (size_t i = 0; i < from->addresses.count; i++) {
		struct network *network = &mta->networks[mta->networks_count++];
		if (!ip_prefix_parse(str_from(from->addresses.at[i]), &network->ip, &network->bits))
			return error_set(error, ERR_INVALID, "%s of mta %s is neither an address nor a prefix",
				from->addresses.at[i], from->name);
		if (network->bits >= MAPPED_BITS && network->ip.family == 6) {
			ip_unmap(&network->ip);
			network->bits -= network->ip.family == 4 ? MAPPED_BITS : 0;
		}
	}
	return ERR_OK;
}

enum err inventory_open(const struct inventory_mta *mtas, size_t count, struct inventory **inventory_r,
	struct error *error)
{
	struct arena *arena = arena_open(INVENTORY_BYTES);
	struct inventory *inventory = ARENA_NEW(arena, struct inventory);
	enum err err = ERR_OK;
	*inventory = (struct inventory){.arena = arena, .mtas = ARENA_ARRAY(arena, count, struct mta)};
	for (size_t i = 0; i < count && !err; i++)
		err = add_mta(inventory, &mtas[i], error);
	if (err)
		inventory_close(&inventory);
	*inventory_r = inventory;
	return err;
}

void inventory_close(struct inventory **inventory)
{
	if (!*inventory)
		return;
	struct arena *arena = (*inventory)->arena;
	*inventory = NULL;
	arena_close(&arena);
}

struct str inventory_found_word(enum inventory_found found)
{
	switch (found) {
	case INVENTORY_NONE:
		return STR("");
	case INVENTORY_IP:
		return STR("ip");
	case INVENTORY_HELO:
		return STR("helo");
	case INVENTORY_RECEIVED:
		return STR("received");
	}
	die("no way %d of finding an MTA", (int)found);
}

bool inventory_is_unmarked(const struct inventory *inventory, struct str mta)
{
	for (size_t i = 0; i < inventory->count; i++) {
		const struct mta *at = &inventory->mtas[i];
		if (str_eq(at->name, mta))
			return at->networks_count + at->hostnames.count + at->helo.count == 0;
	}
	return false;
}

/* Bits of its longest prefix that covers the address, and 1; 0: none does. */
static unsigned covering(const struct mta *mta, const struct ip *ip)
{
	unsigned most = 0;
	for (size_t i = 0; ip->family != 0 && i < mta->networks_count; i++) {
		const struct network *network = &mta->networks[i];
		if (ip_in(ip, &network->ip, network->bits) && network->bits + 1 > most)
			most = network->bits + 1;
	}
	return most;
}

static bool has_word(const struct words *words, struct str name)
{
	for (size_t i = 0; i < words->count; i++)
		if (str_eq_nocase(words->at[i], name))
			return true;
	return false;
}

static bool is_named(const struct mta *mta, struct str name)
{
	name = without_final_dot(name);
	return name.len > 0 && (has_word(&mta->helo, name) || has_word(&mta->hostnames, name));
}

/* By what it is known, the most telling first. */
static enum inventory_found by_name(const struct mta *mta, const struct inventory_seen *seen)
{
	if (is_named(mta, seen->helo))
		return INVENTORY_HELO;
	for (size_t i = 0; i < seen->names_count; i++)
		if (is_named(mta, seen->names[i]))
			return INVENTORY_RECEIVED;
	return INVENTORY_NONE;
}

/* A lower enum inventory_found is better, none the worst. */
static bool is_better(enum inventory_found a, enum inventory_found b)
{
	return a != INVENTORY_NONE && (b == INVENTORY_NONE || a < b);
}

enum inventory_found inventory_find(const struct inventory *inventory, const struct inventory_seen *seen,
	struct str *name_r)
{
	const struct mta *best = NULL;
	enum inventory_found best_name = INVENTORY_NONE;
	unsigned best_bits = 0;
	for (size_t i = 0; i < inventory->count; i++) {
		const struct mta *mta = &inventory->mtas[i];
		unsigned bits = covering(mta, &seen->ip);
		enum inventory_found name = by_name(mta, seen);
		if (bits < best_bits || (bits == best_bits && !is_better(name, best_name)))
			continue;
		best = mta;
		best_bits = bits;
		best_name = name;
	}
	*name_r = best ? best->name : STR_NONE;
	return best_bits > 0 ? INVENTORY_IP : best_name;
}
