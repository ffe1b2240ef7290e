// SPDX-License-Identifier: Apache-2.0
#include "base/write.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

bool write_all(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;
	while (len > 0) {
		ssize_t done = write(fd, at, len);
		if (done < 0 && errno != EINTR)
			return false;
		at += done > 0 ? done : 0;
		len -= done > 0 ? (size_t)done : 0;
	}
	return true;
}

bool write_sync_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool good = fsync(fd) == 0;
	int failed = errno;
	(void)close(fd);
	errno = failed;
	return good;
}

bool write_sync_parent(const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;
	if (!slash || slash == path)
		return write_sync_folder(slash ? "/" : ".");
	if (len >= sizeof(folder)) {
		errno = ENAMETOOLONG;
		return false;
	}
	(void)memcpy(folder, path, len);
	folder[len] = '\0';
	return write_sync_folder(folder);
}
