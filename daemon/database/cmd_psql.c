// SPDX-License-Identifier: Apache-2.0
#include "daemon/cmd.h"
#include "daemon/database/pgclient.h"
#include "daemon/spawn.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define READ_ONLY "-c default_transaction_read_only=on -c search_path=dmarcd_api,public"

_Noreturn static void exec_psql(const char *path, const struct pgclient_login *login, const char *role, int count,
	char **arguments)
{
	size_t used = 0;
	const char **argv = calloc((size_t)count + 4, sizeof(*argv));
	if (!argv)
		die_out_of_memory();
	argv[used++] = "psql";
	argv[used++] = "-d";
	argv[used++] = login->conninfo;
	for (int i = 0; i < count; i++)
		argv[used++] = arguments[i];
	spawn_reset_signals();
	pgclient_use(login);
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
	struct arena *arena = arena_open((size_t)1024 * 1024);
	struct pgclient_login login = {.passfile_fd = -1};
	const char *path = NULL;
	int status = pgclient_find(arena, services_cluster(services), "psql", &path);
	if (status == EX_OK)
		status = pgclient_login(arena, services_store_options(services, SERVICE_READ), &login);
	if (status == EX_OK) {
		/* Ctrl-C cancels a query in psql; it must not end us under it. */
		(void)signal(SIGINT, SIG_IGN);
		pid_t pid = fork();
		if (pid == 0)
			exec_psql(path, &login, role, count, arguments);
		status = pid < 0 ? cli_failf(EX_OSERR, "could not start psql") : wait_for(pid);
	}
	pgclient_forget(&login);
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
