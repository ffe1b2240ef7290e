// SPDX-License-Identifier: Apache-2.0
#include "daemon/verify/judged_mail.h"

#include <limits.h>
#include <stdlib.h>

static struct verify_list list_of(struct arena *arena, const char *const *words, size_t count)
{
	struct verify_list list = {.at = ARENA_ARRAY(arena, count + 1, struct str), .count = count};
	for (size_t i = 0; i < count; i++)
		list.at[i] = str_from(words[i]);
	return list;
}

/* As ingest has written it beside each mail. */
static const char *real_path(struct arena *arena, const char *path)
{
	char real[PATH_MAX];
	return realpath(path, real) ? arena_cstr(arena, str_from(real)) : path;
}

const struct evidence_maildir *judged_maildirs(const struct config *config, struct arena *arena)
{
	struct evidence_maildir *maildirs = ARENA_ARRAY(arena, config->maildirs_count + 1, struct evidence_maildir);
	for (unsigned i = 0; i < config->maildirs_count; i++) {
		const struct config_hints *hints = &config->maildirs_hints[i];
		maildirs[i] = (struct evidence_maildir){
			.path = real_path(arena, config->maildirs[i].path),
			.trusted_hops = list_of(arena, hints->trusted_hops.items, hints->trusted_hops.count),
			.authserv_ids = list_of(arena, &hints->authserv_id, hints->authserv_id ? 1 : 0),
		};
	}
	return maildirs;
}

const struct evidence_maildir *judged_samples(const struct config *config, struct arena *arena)
{
	const struct config_later *later = &config->later;
	struct evidence_maildir *samples = ARENA_ARRAY(arena, later->samples_count + 1, struct evidence_maildir);
	for (unsigned i = 0; i < later->samples_count; i++) {
		const struct config_sample *sample = &later->samples[i];
		samples[i] = (struct evidence_maildir){
			.path = sample->path,
			.trusted_hops = list_of(arena, sample->trusted_hops.items, sample->trusted_hops.count),
			.authserv_ids = list_of(arena, &sample->authserv_id, sample->authserv_id ? 1 : 0),
		};
	}
	return samples;
}

enum err judged_inventory(const struct config *config, struct arena *arena, struct inventory **inventory_r,
	struct error *error)
{
	const struct config_later *later = &config->later;
	struct inventory_mta *mtas = ARENA_ARRAY(arena, later->mtas_count + 1, struct inventory_mta);
	for (unsigned i = 0; i < later->mtas_count; i++) {
		const struct config_mta *mta = &later->mtas[i];
		mtas[i] = (struct inventory_mta){mta->name, {mta->addresses.items, mta->addresses.count},
			{mta->hostnames.items, mta->hostnames.count}, {mta->helo.items, mta->helo.count}};
	}
	return inventory_open(mtas, later->mtas_count, inventory_r, error);
}
