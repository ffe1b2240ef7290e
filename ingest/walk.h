// SPDX-License-Identifier: Apache-2.0
/*
 * The regular files below a folder, in the order of their names; links are not
 * followed, dot files are left out, and a Maildir on the way is one entry.
 */
#pragma once

#include "base/arena.h"

struct walk_entry {
	const char *path;
	bool maildir;
	uint64_t bytes;
};

struct walk {
	struct walk_entry *entries; /* in the arena */
	size_t count;
};

/* ERR_NOTFOUND, ERR_DENIED: some folder cannot be read (what can is listed). */
NODISCARD enum err walk_folder(struct arena *arena, const char *path, struct walk *walk_r,
	struct error *error);
