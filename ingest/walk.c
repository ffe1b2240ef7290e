// SPDX-License-Identifier: Apache-2.0
#include "ingest/walk.h"

#include "base/maildir.h"

#include <errno.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void add(struct arena *arena, struct walk *walk, size_t *cap, const struct walk_entry *entry)
{
	if (walk->count == *cap) {
		*cap = *cap ? *cap * 2 : 64;
		struct walk_entry *larger = ARENA_ARRAY(arena, *cap, struct walk_entry);
		if (walk->count > 0)
			(void)memcpy(larger, walk->entries, walk->count * sizeof(*larger));
		walk->entries = larger;
	}
	walk->entries[walk->count++] = *entry;
}

enum err walk_folder(struct arena *arena, const char *path, struct walk *walk_r, struct error *error)
{
	char *roots[] = {arena_cstr(arena, str_from(path)), NULL};
	enum err err = ERR_OK;
	size_t cap = 0;
	FTSENT *found;
	*walk_r = (struct walk){0};
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	if (!fts)
		return error_errno(error, ERR_PERM, errno, "cannot read %s", path);
	while ((found = fts_read(fts))) {
		bool hidden = found->fts_level > 0 && found->fts_name[0] == '.';
		bool maildir = found->fts_info == FTS_D && !hidden && maildir_is(found->fts_path);
		if (found->fts_info == FTS_D && (hidden || maildir))
			(void)fts_set(fts, found, FTS_SKIP);
		if (found->fts_info == FTS_DNR || found->fts_info == FTS_ERR || found->fts_info == FTS_NS)
			err = error_errno(error, found->fts_errno == EACCES ? ERR_DENIED : ERR_NOTFOUND,
				found->fts_errno, "cannot read %s", found->fts_path);
		else if (maildir || (found->fts_info == FTS_F && !hidden))
			add(arena, walk_r, &cap, &(struct walk_entry){
				.path = arena_cstr(arena, str_from(found->fts_path)),
				.maildir = maildir,
				.bytes = maildir ? 0 : (uint64_t)found->fts_statp->st_size,
			});
	}
	(void)fts_close(fts);
	return err;
}
