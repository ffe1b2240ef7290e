// SPDX-License-Identifier: Apache-2.0
#include "web/port_owner.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES 512
#define SOCKET_BYTES 64

enum { LOCAL_ADDRESS = 1, STATE = 3, INODE = 9 };

/* proc(5), a line of /proc/net/tcp: sl local_address rem_address st queues tr retrnsmt uid timeout
 * inode. The inode when it listens on port, a text like ":2120"; else absent. */
static struct str listening_inode(struct str line, struct str port)
{
	struct str word, inode = STR_NONE;
	bool matches = true;
	for (int number = 0; number <= INODE && str_split(&line, ' ', &word);) {
		if (word.len == 0)
			continue;
		matches &= number != LOCAL_ADDRESS || str_ends(word, port);
		matches &= number != STATE || str_eq(word, STR("0A")); /* TCP_LISTEN */
		if (number++ == INODE)
			inode = word;
	}
	return matches ? inode : STR_NONE;
}

/* "socket:[4711]", as links in /proc/PID/fd have it. */
static bool find_socket(const char *table, uint16_t port, char socket[SOCKET_BYTES])
{
	char line[LINE_BYTES], wanted[8];
	struct str inode = STR_NONE;
	FILE *file = fopen(table, "re");
	(void)snprintf(wanted, sizeof(wanted), ":%04X", (unsigned)port);
	while (file && !inode.ptr && fgets(line, sizeof(line), file))
		inode = listening_inode(str_from(line), str_from(wanted));
	if (inode.ptr)
		(void)snprintf(socket, SOCKET_BYTES, "socket:[%.*s]", (int)inode.len, inode.ptr);
	if (file)
		(void)fclose(file);
	return inode.ptr;
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
	char socket[SOCKET_BYTES];
	const struct dirent *entry;
	bool found = false;
	if (!find_socket("/proc/net/tcp", port, socket) && !find_socket("/proc/net/tcp6", port, socket))
		return false;
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
