// SPDX-License-Identifier: Apache-2.0
#include "daemon/database/db.h"
#include "store/transfer.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

struct move {
	const struct cli *cli;
	struct arena *arena;
	struct services *from, *to;
	struct store *store; /* of from, which stands still */
	struct pgclient_login login;
	struct db_target target;
	const char *held;    /* what from holds */
};

static int open_source(struct move *move)
{
	struct error error = {0};
	int status = services_store_open(move->from, SERVICE_OWNER, &move->store, &error);
	if (status != EX_OK)
		return cli_fail(status, &error);
	enum err err = transfer_hold_still(move->store, &error);
	if (!err)
		err = transfer_totals(move->store, move->arena, &move->held, &error);
	if (err)
		return cli_fail(cli_status(&error), &error);
	return pgclient_login(move->arena, services_store_options(move->from, SERVICE_OWNER), &move->login);
}

static int open_destination(struct move *move, const char *dsn, const char *password_file)
{
	struct error error = {0};
	struct config there = *move->cli->config;
	there.database = (struct config_database){.dsn = dsn, .password_file = password_file};
	const struct services_options options = {.config = &there, .create = true, .schema_later = true,
		.handed_fd = -1};
	int status = services_open(&options, &move->to, &error);
	if (status != EX_OK)
		return cli_fail(status, &error);
	return db_target_open(move->arena, move->to, services_cluster(move->from), &move->target);
}

static int compare(struct move *move)
{
	struct error error = {0};
	const char *held = NULL;
	if (transfer_totals(move->target.store, move->arena, &held, &error) != ERR_OK)
		return cli_fail(cli_status(&error), &error);
	if (strcmp(held, move->held) == 0)
		return EX_OK;
	(void)cli_failf(EX_SOFTWARE, "there is not what was here; keep using the private cluster");
	cli_hint("here: %s", move->held);
	cli_hint("there: %s", held);
	return EX_SOFTWARE;
}

static void print_lines(const struct move *move, const char *dsn, const char *password_file)
{
	struct buf lines;
	buf_init(&lines, (size_t)64 * 1024);
	buf_add_str(&lines, STR("database: {dsn: "));
	cmd_quoted(&lines, dsn);
	if (password_file) {
		buf_add_str(&lines, STR(", password_file: "));
		cmd_quoted(&lines, password_file);
	}
	buf_add_str(&lines, STR("}\n"));
	cli_flush(&lines);
	buf_fini(&lines);
	cli_say(move->cli, "moved: %s", move->held);
	cli_say(move->cli, "put the line above into the configuration, in place of any database: there is; "
		"the private cluster stays as it was, %s/pg is yours to remove", move->cli->config->state_dir);
}

static int move_all(struct move *move, const char *dsn, const char *password_file)
{
	struct db_program dump;
	const char *pg_dump = NULL;
	int status = pgclient_find(move->arena, services_cluster(move->from), "pg_dump", &pg_dump);
	if (status == EX_OK)
		status = open_source(move);
	if (status == EX_OK)
		status = open_destination(move, dsn, password_file);
	if (status == EX_OK) {
		db_dump_program(pg_dump, &move->login, NULL, &dump);
		status = db_target_fill(&move->target, &dump, NULL);
	}
	if (status == EX_OK)
		status = compare(move);
	if (status == EX_OK)
		print_lines(move, dsn, password_file);
	return status;
}

/* ps shows arguments to everybody. */
static int check_dsn(struct arena *arena, const char *dsn)
{
	struct buf why;
	struct store_login login = {0};
	const struct store_options options = {.conninfo = dsn};
	buf_init(&why, 512);
	bool valid = store_dsn_is_valid(dsn, &why);
	int status = valid ? EX_OK : cli_failf(EX_USAGE, "--to: %s", buf_cstr(&why));
	buf_fini(&why);
	if (valid)
		store_login(arena, &options, &login);
	if (login.password)
		status = cli_failf(EX_USAGE, "--to: name a --password-file instead of a password");
	return status;
}

int db_move(const struct cli *cli, const char *dsn, const char *password_file)
{
	int lock_fd = -1;
	struct move move = {.cli = cli, .arena = arena_open((size_t)1024 * 1024), .login = {.passfile_fd = -1},
		.target = {.login = {.passfile_fd = -1}}};
	char *real = password_file ? realpath(password_file, NULL) : NULL;
	int status = check_dsn(move.arena, dsn);
	if (status == EX_OK)
		status = cmd_services(cli, CMD_READS, &move.from);
	if (status == EX_OK && !services_cluster(move.from))
		status = cli_failf(EX_CONFIG, "this is no private cluster: database.dsn names a server already");
	if (status == EX_OK)
		status = cmd_lock(cli, &lock_fd);
	if (status == EX_OK)
		status = move_all(&move, dsn, real ? real : password_file);
	if (lock_fd >= 0)
		(void)close(lock_fd);
	db_target_close(&move.target);
	pgclient_forget(&move.login);
	store_close(&move.store);
	services_close(&move.to);
	services_close(&move.from);
	arena_close(&move.arena);
	free(real);
	return status;
}
