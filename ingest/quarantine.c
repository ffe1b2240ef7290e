// SPDX-License-Identifier: Apache-2.0
#include "ingest/quarantine.h"

#include "base/fault.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_BYTES (SHA256_HEX_BYTES + 8)
#define COPY_BYTES ((size_t)64 * 1024)

struct quarantine {
	struct arena *arena;
	const char *path;
	int fd;
	const struct limits *limits;
	uint64_t mails, bytes;
};

static enum err kind_of(int errno_value)
{
	return errno_value == EACCES || errno_value == EPERM || errno_value == EROFS ? ERR_DENIED : ERR_TEMP;
}

static void count_what_is_there(struct quarantine *quarantine)
{
	struct stat st;
	const struct dirent *entry;
	int fd = openat(quarantine->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	while (dir && (entry = readdir(dir))) {
		if (fstatat(quarantine->fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
			!S_ISREG(st.st_mode))
			continue;
		quarantine->mails++;
		quarantine->bytes += (uint64_t)st.st_size;
	}
	if (dir)
		(void)closedir(dir);
}

enum err quarantine_open(const char *state_dir, const struct limits *limits,
	struct quarantine **quarantine_r, struct error *error)
{
	struct arena *arena = arena_open(COPY_BYTES);
	struct quarantine *quarantine = ARENA_NEW(arena, struct quarantine);
	quarantine->arena = arena;
	quarantine->limits = limits;
	quarantine->path = arena_printf(arena, "%s/quarantine", state_dir);
	quarantine->fd = -1;
	if (mkdir(quarantine->path, 0700) == 0 || errno == EEXIST)
		quarantine->fd = open(quarantine->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	*quarantine_r = quarantine;
	if (quarantine->fd >= 0) {
		count_what_is_there(quarantine);
		return ERR_OK;
	}
	enum err err = error_errno(error, kind_of(errno), errno, "cannot open the quarantine %s",
		quarantine->path);
	quarantine_close(quarantine_r);
	return err;
}

void quarantine_close(struct quarantine **quarantine)
{
	if (!*quarantine)
		return;
	struct arena *arena = (*quarantine)->arena;
	if ((*quarantine)->fd >= 0)
		(void)close((*quarantine)->fd);
	*quarantine = NULL;
	arena_close(&arena);
}

static const char *file_name(const struct sha256 *sum, const char *suffix, char name[NAME_BYTES])
{
	char hex[SHA256_HEX_BYTES];
	(void)snprintf(name, NAME_BYTES, "%s%s", sha256_hex(sum, hex), suffix);
	return name;
}

const char *quarantine_path(const char *state_dir, const struct sha256 *sum, struct arena *arena)
{
	char name[NAME_BYTES];
	return arena_printf(arena, "%s/quarantine/%s", state_dir, file_name(sum, ".mail", name));
}

enum err quarantine_drop(const char *state_dir, const struct sha256 *sum, struct error *error)
{
	struct arena *arena = arena_open(COPY_BYTES);
	const char *path = quarantine_path(state_dir, sum, arena);
	enum err err = ERR_OK;
	if (unlink(path) != 0)
		err = error_errno(error, errno == ENOENT ? ERR_NOTFOUND : kind_of(errno), errno,
			"cannot remove %s", path);
	arena_close(&arena);
	return err;
}

/* 0 or an errno value. */
static int copy(int from, int to)
{
	char piece[COPY_BYTES];
	off_t offset = 0;
	for (;;) {
		ssize_t got = pread(from, piece, sizeof(piece), offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? errno : 0;
		for (ssize_t done = 0; done < got;) {
			ssize_t put = write(to, piece + done, (size_t)(got - done));
			if (put < 0 && errno != EINTR)
				return errno;
			done += put > 0 ? put : 0;
		}
		offset += got;
	}
}

static int write_file(const struct quarantine *quarantine, const struct taken *taken)
{
	char part[NAME_BYTES], name[NAME_BYTES];
	int failed = 0;
	(void)file_name(&taken->sha256, ".part", part);
	int fd = openat(quarantine->fd, part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return errno;
	failed = copy(taken->fd, fd);
	if (!failed && fsync(fd) != 0)
		failed = errno;
	if (close(fd) != 0 && !failed)
		failed = errno;
	fault_point("quarantine.written");
	if (!failed && renameat(quarantine->fd, part, quarantine->fd,
		file_name(&taken->sha256, ".mail", name)) != 0)
		failed = errno;
	if (!failed && fsync(quarantine->fd) != 0)
		failed = errno;
	if (failed)
		(void)unlinkat(quarantine->fd, part, 0);
	return failed;
}

static bool is_kept(const struct quarantine *quarantine, const struct taken *taken)
{
	struct stat st;
	char name[NAME_BYTES];
	return fstatat(quarantine->fd, file_name(&taken->sha256, ".mail", name), &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		S_ISREG(st.st_mode) && (uint64_t)st.st_size == taken->bytes;
}

/* Under the folder's lock: two runs may set aside copies of one mail. */
static enum err keep(struct quarantine *quarantine, const struct taken *taken, struct error *error)
{
	if (is_kept(quarantine, taken))
		return ERR_OK;
	if (quarantine->mails >= quarantine->limits->quarantine_mails ||
		taken->bytes > quarantine->limits->quarantine_bytes ||
		quarantine->bytes > quarantine->limits->quarantine_bytes - taken->bytes) {
		(void)error_set(error, ERR_LIMIT, "the quarantine %s is full", quarantine->path);
		error_hint(error, "look at it with `dmarcd quarantine list`, then drop what is not needed");
		return ERR_LIMIT;
	}
	int failed = write_file(quarantine, taken);
	if (failed)
		return error_errno(error, kind_of(failed), failed, "cannot write to the quarantine %s",
			quarantine->path);
	quarantine->mails++;
	quarantine->bytes += taken->bytes;
	return ERR_OK;
}

enum err quarantine_keep(struct quarantine *quarantine, const struct taken *taken, struct error *error)
{
	while (flock(quarantine->fd, LOCK_EX) != 0 && errno == EINTR)
		;
	enum err err = keep(quarantine, taken, error);
	(void)flock(quarantine->fd, LOCK_UN);
	fault_point("ingest.quarantined");
	return err;
}
