// SPDX-License-Identifier: Apache-2.0
#include "web/port_owner.h"

#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LISTENING 0x0A /* TCP_LISTEN in /proc/net/tcp */
#define LINE_BYTES 512

/* proc(5), /proc/net/tcp: the inode of a socket that listens on port; 0: none. */
static uint64_t listening_inode(const char *table, uint16_t port)
{
	char line[LINE_BYTES];
	uint64_t found = 0, inode;
	unsigned local, state;
	FILE *file = fopen(table, "re");
	while (file && !found && fgets(line, sizeof(line), file))
		if (sscanf(line, " %*u: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*s %*s %" SCNu64,
			    &local, &state, &inode) == 3 && local == port && state == LISTENING)
			found = inode;
	if (file)
		(void)fclose(file);
	return found;
}

static bool has_socket(const char *pid, const char *socket)
{
	char path[PATH_MAX], target[64];
	const struct dirent *entry;
	bool found = false;
	(void)snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	DIR *dir = opendir(path);
	while (dir && !found && (entry = readdir(dir))) {
		ssize_t len = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);
		target[len > 0 ? len : 0] = '\0';
		found = strcmp(target, socket) == 0;
	}
	if (dir)
		(void)closedir(dir);
	return found;
}

static void add_process(const char *pid, struct buf *out)
{
	char path[PATH_MAX], name[64] = "";
	(void)snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	FILE *file = fopen(path, "re");
	if (file && fgets(name, sizeof(name), file))
		name[strcspn(name, "\n")] = '\0';
	if (file)
		(void)fclose(file);
	buf_printf(out, "pid %s (%s)", pid, name);
}

bool port_owner(uint16_t port, struct buf *out)
{
	char socket[64];
	const struct dirent *entry;
	bool found = false;
	uint64_t inode = listening_inode("/proc/net/tcp", port);
	if (inode == 0)
		inode = listening_inode("/proc/net/tcp6", port);
	if (inode == 0)
		return false;
	(void)snprintf(socket, sizeof(socket), "socket:[%" PRIu64 "]", inode);
	DIR *proc = opendir("/proc");
	while (proc && !found && (entry = readdir(proc)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && has_socket(entry->d_name, socket)) {
			add_process(entry->d_name, out);
			found = true;
		}
	if (proc)
		(void)closedir(proc);
	return found;
}
