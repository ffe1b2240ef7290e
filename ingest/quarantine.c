// SPDX-License-Identifier: Apache-2.0
#include "ingest/quarantine.h"

#include "base/fault.h"
#include "base/write.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_BYTES (SHA256_HEX_BYTES + 8)
#define PART ".part"
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

static void lock(int fd)
{
	while (flock(fd, LOCK_EX) != 0 && errno == EINTR)
		;
}

static DIR *list(int at)
{
	int fd = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (fd >= 0 && !dir)
		(void)close(fd);
	return dir;
}

static const char *next_file(DIR *dir, struct stat *st)
{
	const struct dirent *entry;
	while (dir && (entry = readdir(dir)))
		if (fstatat(dirfd(dir), entry->d_name, st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st->st_mode))
			return entry->d_name;
	return NULL;
}

/* Under the folder's lock: half a file is nobody's work at hand. */
static void count_what_is_there(struct quarantine *quarantine)
{
	struct stat st;
	const char *name;
	DIR *dir = list(quarantine->fd);
	quarantine->mails = quarantine->bytes = 0;
	while ((name = next_file(dir, &st))) {
		if (str_ends(str_from(name), STR(PART))) {
			(void)unlinkat(quarantine->fd, name, 0);
			continue;
		}
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
	if (mkdir(quarantine->path, 0700) == 0 ? write_sync_folder(state_dir) : errno == EEXIST)
		quarantine->fd = open(quarantine->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	*quarantine_r = quarantine;
	if (quarantine->fd >= 0) {
		lock(quarantine->fd);
		count_what_is_there(quarantine);
		(void)flock(quarantine->fd, LOCK_UN);
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

uint64_t quarantine_expire(const char *state_dir, int64_t before_epoch_secs)
{
	struct arena *arena = arena_open(COPY_BYTES);
	const char *name;
	struct stat st;
	uint64_t removed = 0;
	int fd = open(arena_printf(arena, "%s/quarantine", state_dir), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *dir = fd >= 0 ? list(fd) : NULL;
	if (fd >= 0)
		lock(fd);
	while ((name = next_file(dir, &st)))
		removed += st.st_mtim.tv_sec < before_epoch_secs && unlinkat(fd, name, 0) == 0;
	if (dir)
		(void)closedir(dir);
	if (fd >= 0)
		(void)close(fd);
	arena_close(&arena);
	return removed;
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
	(void)file_name(&taken->sha256, PART, part);
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

static bool has_room(const struct quarantine *quarantine, const struct taken *taken)
{
	return quarantine->mails < quarantine->limits->quarantine_mails &&
		taken->bytes <= quarantine->limits->quarantine_bytes &&
		quarantine->bytes <= quarantine->limits->quarantine_bytes - taken->bytes;
}

/* Under the folder's lock: two runs may set aside copies of one mail. */
static enum err keep(struct quarantine *quarantine, const struct taken *taken, struct error *error)
{
	if (is_kept(quarantine, taken))
		return ERR_OK;
	if (!has_room(quarantine, taken))
		count_what_is_there(quarantine); /* others drop from it, and add to it */
	if (!has_room(quarantine, taken)) {
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
	lock(quarantine->fd);
	enum err err = keep(quarantine, taken, error);
	(void)flock(quarantine->fd, LOCK_UN);
	fault_point("ingest.quarantined");
	return err;
}
