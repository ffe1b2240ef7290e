// SPDX-License-Identifier: Apache-2.0
#include "ingest/expire.h"

#include "ingest/taken.h"
#include "store/put.h"

#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES ((size_t)64 * 1024)
#define NAMES_BYTES ((size_t)64 * 1024)

/* False: it cannot be read, or is not older. */
static bool hash_when_older(int fd, int64_t before_epoch_secs, struct sha256 *sum_r)
{
	char piece[READ_BYTES];
	struct stat st;
	ssize_t got = -1;
	if (fstat(fd, &st) != 0 || st.st_mtim.tv_sec >= before_epoch_secs)
		return false;
	struct digest *digest = digest_open();
	while ((got = read(fd, piece, sizeof(piece))) > 0)
		digest_add(digest, piece, (size_t)got);
	*sum_r = digest_take(digest);
	digest_close(&digest);
	return got == 0;
}

static enum err is_ours(struct store *store, const struct maildir *maildir, const char *name,
	const struct sha256 *sum, bool *ours_r, struct error *error)
{
	struct arena *arena = arena_open(NAMES_BYTES);
	struct known_mail known = {0};
	const struct mail_source source = {
		.maildir = taken_name(arena, str_from(maildir_path(maildir))),
		.unique = taken_name(arena, maildir_unique(name)),
	};
	enum err err = put_known(store, sum, &source, 1, &known, error);
	*ours_r = !err && known.same_sighting;
	arena_close(&arena);
	return err;
}

enum err expire_read_mail(struct store *store, struct maildir *maildir, int64_t before_epoch_secs,
	uint64_t *removed_r, struct error *error)
{
	const char *name;
	enum err err = maildir_walk(maildir, true, error);
	while (!err && (name = maildir_next(maildir))) {
		struct sha256 sum;
		struct error ignored = {0};
		bool ours = false;
		int fd;
		if (maildir_open_file(maildir, name, true, &fd, &ignored) != ERR_OK)
			continue;
		if (hash_when_older(fd, before_epoch_secs, &sum))
			err = is_ours(store, maildir, name, &sum, &ours, error);
		(void)close(fd);
		if (ours)
			*removed_r += maildir_remove_read(maildir, name);
	}
	return err ? err : maildir_sync(maildir, error);
}
