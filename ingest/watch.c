// SPDX-License-Identifier: Apache-2.0
#include "ingest/watch.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

struct watch {
	int fd;
};

/* inotify_add_watch of a folder already watched changes nothing. */
static void add_folders(const struct watch *watch, const struct source *source)
{
	bool cur_too;
	const char *path;
	char folder[PATH_MAX];
	for (size_t i = 0; watch->fd >= 0 && (path = source_watch_path(source, i, &cur_too)); i++) {
		for (int cur = 0; cur <= (cur_too ? 1 : 0); cur++) {
			int len = snprintf(folder, sizeof(folder), "%s/%s", path, cur ? "cur" : "new");
			if (len > 0 && (size_t)len < sizeof(folder))
				(void)inotify_add_watch(watch->fd, folder,
					IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE | IN_ONLYDIR);
		}
	}
}

struct watch *watch_open(const struct source *source)
{
	struct watch *watch = malloc(sizeof(*watch));
	if (!watch)
		die_out_of_memory();
	watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	add_folders(watch, source);
	return watch;
}

void watch_close(struct watch **watch)
{
	if (!*watch)
		return;
	if ((*watch)->fd >= 0)
		(void)close((*watch)->fd);
	free(*watch);
	*watch = NULL;
}

int watch_fd(const struct watch *watch)
{
	return watch->fd;
}

void watch_read(struct watch *watch, const struct source *source)
{
	char events[16384];
	while (watch->fd >= 0 && read(watch->fd, events, sizeof(events)) > 0)
		continue;
	add_folders(watch, source);
}
