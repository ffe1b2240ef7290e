// SPDX-License-Identifier: Apache-2.0
#include "base/maildir.h"

#include "base/arena.h"
#include "base/fault.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAILDIR_BYTES ((size_t)64 * 1024)
#define SUFFIXES_MAX 1000

struct maildir {
	struct arena *arena;
	const char *path;
	int new_fd, cur_fd;
	DIR *walk;
	enum maildir_done done;
	bool in_place;
	bool moved; /* since the last sync */
};

static enum err open_error(int errno_value)
{
	switch (errno_value) {
	case ENOENT:
	case ENOTDIR:
		return ERR_NOTFOUND;
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_DENIED;
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		return ERR_TEMP;
	default:
		return ERR_PERM;
	}
}

static enum err open_folder(int at, const char *base, const char *name, int *fd_r, struct error *error)
{
	*fd_r = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd_r >= 0)
		return ERR_OK;
	return error_errno(error, open_error(errno), errno, "cannot open %s%s%s", base,
		name[0] == '/' ? "" : "/", name[0] == '/' ? "" : name);
}

bool maildir_is(const char *path)
{
	struct stat st;
	bool both = false;
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	both = fstatat(fd, "new", &st, 0) == 0 && S_ISDIR(st.st_mode) &&
		fstatat(fd, "cur", &st, 0) == 0 && S_ISDIR(st.st_mode);
	(void)close(fd);
	return both;
}

enum err maildir_open(const char *path, enum maildir_done done, bool in_place,
	struct maildir **maildir_r, struct error *error)
{
	char real[PATH_MAX];
	*maildir_r = NULL;
	if (!realpath(path, real))
		return error_errno(error, open_error(errno), errno, "cannot open %s", path);
	struct arena *arena = arena_open(MAILDIR_BYTES);
	struct maildir *maildir = ARENA_NEW(arena, struct maildir);
	*maildir = (struct maildir){
		.arena = arena,
		.path = arena_cstr(arena, str_from(real)),
		.new_fd = -1,
		.cur_fd = -1,
		.done = done,
		.in_place = in_place,
	};
	int fd;
	enum err err = open_folder(AT_FDCWD, real, real, &fd, error);
	if (!err) {
		err = open_folder(fd, real, "new", &maildir->new_fd, error);
		if (!err)
			err = open_folder(fd, real, "cur", &maildir->cur_fd, error);
		(void)close(fd);
	}
	if (err)
		maildir_close(&maildir);
	*maildir_r = maildir;
	return err;
}

void maildir_close(struct maildir **maildir)
{
	if (!*maildir)
		return;
	struct arena *arena = (*maildir)->arena;
	if ((*maildir)->walk)
		(void)closedir((*maildir)->walk);
	if ((*maildir)->new_fd >= 0)
		(void)close((*maildir)->new_fd);
	if ((*maildir)->cur_fd >= 0)
		(void)close((*maildir)->cur_fd);
	*maildir = NULL;
	arena_close(&arena);
}

const char *maildir_path(const struct maildir *maildir)
{
	return maildir->path;
}

bool maildir_in_place(const struct maildir *maildir)
{
	return maildir->in_place;
}

/* A DIR of its own, so that the descriptor kept stays at rest. */
static DIR *list_folder(const struct maildir *maildir, bool cur)
{
	int fd = openat(cur ? maildir->cur_fd : maildir->new_fd, ".",
		O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (fd >= 0 && !dir)
		(void)close(fd);
	return dir;
}

enum err maildir_walk(struct maildir *maildir, bool cur, struct error *error)
{
	if (maildir->walk)
		(void)closedir(maildir->walk);
	maildir->walk = list_folder(maildir, cur);
	if (maildir->walk)
		return ERR_OK;
	return error_errno(error, open_error(errno), errno, "cannot read %s/%s", maildir->path,
		cur ? "cur" : "new");
}

const char *maildir_next(struct maildir *maildir)
{
	const struct dirent *entry;
	while (maildir->walk && (entry = readdir(maildir->walk)))
		if (entry->d_name[0] != '.')
			return entry->d_name;
	if (maildir->walk)
		(void)closedir(maildir->walk);
	maildir->walk = NULL;
	return NULL;
}

void maildir_measure(struct maildir *maildir, bool cur, uint64_t *files, uint64_t *bytes,
	int64_t *oldest_epoch_secs)
{
	struct stat st;
	const struct dirent *entry;
	DIR *dir = list_folder(maildir, cur);
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' ||
			fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
			!S_ISREG(st.st_mode))
			continue;
		++*files;
		*bytes += (uint64_t)st.st_size;
		if (st.st_mtim.tv_sec < *oldest_epoch_secs)
			*oldest_epoch_secs = st.st_mtim.tv_sec;
	}
	if (dir)
		(void)closedir(dir);
}

enum err maildir_open_file(struct maildir *maildir, const char *name, bool cur, int *fd_r,
	struct error *error)
{
	struct stat st;
	int fd = openat(cur ? maildir->cur_fd : maildir->new_fd, name,
		O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	*fd_r = -1;
	if (fd < 0) {
		bool link = errno == ELOOP || errno == ENXIO; /* a symbolic link, a socket */
		return error_errno(error, link ? ERR_INVALID : open_error(errno), errno,
			"cannot open %s/%s/%s", maildir->path, cur ? "cur" : "new", name);
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		(void)close(fd);
		return error_set(error, ERR_INVALID, "%s/%s/%s is no regular file", maildir->path,
			cur ? "cur" : "new", name);
	}
	*fd_r = fd;
	return ERR_OK;
}

struct str maildir_unique(const char *name)
{
	struct str whole = str_from(name);
	return str_sub(whole, 0, str_find_char(whole, ':'));
}

/* 0 or an errno value. A file system without RENAME_NOREPLACE (NFS) has link(). */
static int move_new_to_cur(const struct maildir *maildir, const char *name, const char *target)
{
	if (renameat2(maildir->new_fd, name, maildir->cur_fd, target, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return errno;
	if (linkat(maildir->new_fd, name, maildir->cur_fd, target, 0) != 0)
		return errno;
	return unlinkat(maildir->new_fd, name, 0) == 0 ? 0 : errno;
}

static enum err finish_error(int errno_value)
{
	if (errno_value == ENOSPC || errno_value == EDQUOT)
		return ERR_LIMIT;
	return errno_value == EPERM ? ERR_PERM : open_error(errno_value);
}

static int move_aside(const struct maildir *maildir, const char *name)
{
	char target[NAME_MAX + 32];
	struct str unique = maildir_unique(name);
	for (unsigned i = 0; i < SUFFIXES_MAX; i++) {
		char suffix[16] = "";
		if (i > 0)
			(void)snprintf(suffix, sizeof(suffix), ".%u", i);
		size_t room = NAME_MAX - sizeof(":2,S") + 1 - str_from(suffix).len;
		(void)snprintf(target, sizeof(target), "%.*s%s:2,S", STR_FMT(str_sub(unique, 0, room)), suffix);
		int failed = move_new_to_cur(maildir, name, target);
		if (failed != EEXIST)
			return failed;
	}
	return EEXIST;
}

enum err maildir_finish(struct maildir *maildir, const char *name, bool cur, struct error *error)
{
	int failed;
	if (maildir->in_place || cur)
		return ERR_OK;
	if (maildir->done == DONE_DELETE)
		failed = unlinkat(maildir->new_fd, name, 0) == 0 ? 0 : errno;
	else
		failed = move_aside(maildir, name);
	if (failed == 0)
		maildir->moved = true;
	fault_point("ingest.moved");
	if (failed == 0 || failed == ENOENT)
		return ERR_OK;
	return error_errno(error, finish_error(failed), failed, "cannot move %s/new/%s to cur/",
		maildir->path, name);
}

bool maildir_remove_read(struct maildir *maildir, const char *name)
{
	if (maildir->in_place || unlinkat(maildir->cur_fd, name, 0) != 0)
		return false;
	maildir->moved = true;
	return true;
}

enum err maildir_sync(struct maildir *maildir, struct error *error)
{
	if (!maildir->moved)
		return ERR_OK;
	maildir->moved = false;
	if (fsync(maildir->cur_fd) == 0 && fsync(maildir->new_fd) == 0)
		return ERR_OK;
	return error_errno(error, ERR_PERM, errno, "cannot sync %s", maildir->path);
}
