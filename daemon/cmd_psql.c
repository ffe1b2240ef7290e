// SPDX-License-Identifier: Apache-2.0
#include "daemon/cmd.h"
#include "daemon/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

/* A password file in memory, which psql opens by its /proc name: neither argv
 * nor the environment holds the secret. libpq reads host:port:database:user:password
 * and takes a file of mode 0600 only, as a memfd's is after fchmod. */
static int password_fd(const char *password)
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

static const char *find_psql(struct arena *arena, const struct cluster *cluster)
{
	const char *path = cluster ? arena_printf(arena, "%s/psql", cluster_binaries(cluster)) : NULL;
	if (path && access(path, X_OK) == 0)
		return path;
	struct str rest = str_from(getenv("PATH")), piece;
	if (!rest.ptr)
		rest = STR("/usr/local/bin:/usr/bin:/bin");
	while (str_split(&rest, ':', &piece)) {
		path = arena_printf(arena, "%.*s/psql", STR_FMT(piece));
		if (piece.len > 0 && access(path, X_OK) == 0)
			return path;
	}
	return NULL;
}

#define READ_ONLY "-c default_transaction_read_only=on -c search_path=dmarcd_api,public"

_Noreturn static void exec_psql(const char *path, const struct store_options *store, const char *role, int count,
	char **arguments)
{
	size_t used = 0;
	const char **argv = calloc((size_t)count + 4, sizeof(*argv));
	if (!argv)
		die_out_of_memory();
	argv[used++] = "psql";
	argv[used++] = "-d";
	argv[used++] = store->conninfo;
	for (int i = 0; i < count; i++)
		argv[used++] = arguments[i];
	spawn_reset_signals();
	(void)setenv("PGOPTIONS", role ? READ_ONLY " -c role=dmarcd_read" : READ_ONLY, 1);
	(void)execv(path, (char *const *)argv);
	_exit(errno == ENOENT ? EX_UNAVAILABLE : EX_OSERR);
}

static int wait_for(pid_t pid)
{
	int status;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return EX_OSERR;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* psql itself would end with 2, and wait for as long as it likes. *role_r: the one that a
 * server of one's own lets us take; the private cluster's user has no need of it. */
static int check_connection(struct services *services, const char **role_r)
{
	struct error error = {0};
	struct store *store = NULL;
	const struct store_options *options = services_store_options(services, SERVICE_READ);
	enum err err = store_open(options, &store, &error);
	*role_r = !err && store_role(store) ? options->role : NULL;
	store_close(&store);
	return err ? cli_fail(err == ERR_DENIED ? EX_NOPERM : EX_UNAVAILABLE, &error) : EX_OK;
}

static int psql(struct services *services, const char *role, int count, char **arguments)
{
	char passfile[64];
	struct arena *arena = arena_open((size_t)1024 * 1024);
	const struct store_options *store = services_store_options(services, SERVICE_READ);
	const char *path = find_psql(arena, services_cluster(services));
	int status = EX_OK, fd = store->password ? password_fd(store->password) : -1;
	if (!path) {
		status = cli_failf(EX_UNAVAILABLE, "psql is not installed");
		cli_hint("apt-get install postgresql-client");
	} else if (store->password && fd < 0) {
		status = cli_failf(EX_OSERR, "could not hand the password to psql: %s", strerror(errno));
	} else {
		/* Ctrl-C cancels a query in psql; it must not end us under it. */
		(void)signal(SIGINT, SIG_IGN);
		(void)snprintf(passfile, sizeof(passfile), "/proc/self/fd/%d", fd);
		pid_t pid = fork();
		if (pid == 0) {
			if (fd >= 0)
				(void)setenv("PGPASSFILE", passfile, 1);
			exec_psql(path, store, role, count, arguments);
		}
		status = pid < 0 ? cli_failf(EX_OSERR, "could not start psql") : wait_for(pid);
	}
	if (fd >= 0)
		(void)close(fd);
	arena_close(&arena);
	return status;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct services *services = NULL;
	const char *role = NULL;
	int status = cmd_services(cli, CMD_READS, &services);
	if (status != EX_OK)
		return status;
	status = check_connection(services, &role);
	if (status == EX_OK)
		status = psql(services, role, argc - 1, argv + 1);
	services_close(&services);
	return status;
}

const struct command cmd_psql = {
	.name = "psql",
	.arguments = "[ARGUMENTS...]",
	.summary = "psql on dmarcd's database, read-only; arguments go to psql",
	.help = "Starts the private cluster when it does not run. Connects with the role\n"
		"dmarcd_read, where it may, and with read-only transactions everywhere; the\n"
		"documented views are in schema dmarcd_api.\n"
		"\nexample: dmarcd psql -c 'select outcome, count(*) from mail group by 1'\n",
	.needs_config = true,
	.verbatim = true,
	.run = run,
};
