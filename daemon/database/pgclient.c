// SPDX-License-Identifier: Apache-2.0
#include "daemon/database/pgclient.h"

#include "daemon/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

int pgclient_find(struct arena *arena, const struct cluster *cluster, const char *name, const char **path_r)
{
	struct str rest = str_from(getenv("PATH")), piece;
	if (cluster) {
		*path_r = arena_printf(arena, "%s/%s", cluster_binaries(cluster), name);
		if (access(*path_r, X_OK) == 0)
			return EX_OK;
	}
	if (!rest.ptr)
		rest = STR("/usr/local/bin:/usr/bin:/bin");
	while (str_split(&rest, ':', &piece)) {
		*path_r = arena_printf(arena, "%.*s/%s", STR_FMT(piece), name);
		if (piece.len > 0 && access(*path_r, X_OK) == 0)
			return EX_OK;
	}
	(void)cli_failf(EX_UNAVAILABLE, "%s is not installed", name);
	cli_hint("apt-get install postgresql-client");
	return EX_UNAVAILABLE;
}

/* A password file in memory, opened by its /proc name. libpq reads host:port:database:user:password
 * and takes a file of mode 0600 only, as a memfd's is after fchmod. */
static int passfile(const char *password)
{
	struct buf text;
	int fd = memfd_create("pgpass", 0);
	buf_init(&text, (size_t)64 * 1024);
	buf_printf(&text, "*:*:*:*:");
	for (const char *c = password; *c; c++) {
		if (*c == ':' || *c == '\\')
			buf_add_char(&text, '\\');
		buf_add_char(&text, *c);
	}
	buf_add_char(&text, '\n');
	bool written = fd >= 0 && fchmod(fd, 0600) == 0 &&
		write(fd, text.ptr, text.len) == (ssize_t)text.len;
	explicit_bzero(text.ptr, text.cap);
	buf_fini(&text);
	if (!written && fd >= 0)
		(void)close(fd);
	return written ? fd : -1;
}

int pgclient_login(struct arena *arena, const struct store_options *store, struct pgclient_login *login_r)
{
	struct store_login login;
	store_login(arena, store, &login);
	*login_r = (struct pgclient_login){.conninfo = login.conninfo, .passfile_fd = -1};
	if (!login.password)
		return EX_OK;
	login_r->passfile_fd = passfile(login.password);
	return login_r->passfile_fd >= 0 ? EX_OK :
		cli_failf(EX_OSERR, "could not hand the password on: %s", strerror(errno));
}

void pgclient_forget(struct pgclient_login *login)
{
	if (login->passfile_fd >= 0)
		(void)close(login->passfile_fd);
	login->passfile_fd = -1;
}

void pgclient_use(const struct pgclient_login *login)
{
	char path[64];
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", login->passfile_fd);
	if (login->passfile_fd >= 0)
		(void)setenv("PGPASSFILE", path, 1);
}
