// SPDX-License-Identifier: Apache-2.0
/*
 * `dmarcd db`: the whole database to a file, from a file and to another
 * server, by PostgreSQL's own pg_dump and pg_restore. Functions return an exit
 * status and have said on stderr why.
 */
#pragma once

#include "daemon/cmd.h"
#include "daemon/database/pgclient.h"

/* ---- db_programs.c ---- */

#define DB_ARGUMENTS_MAX 16

struct db_program {
	const char *path;
	const char *argv[DB_ARGUMENTS_MAX]; /* NULL at the end */
	const struct pgclient_login *login; /* NULL: it connects to nothing */
	int out_fd;                         /* its stdout; -1: as ours */
};

/* Runs one program, or two with a pipe from the first to the second, to their end. Told to stop, it
 * stops them: EX_TEMPFAIL. EX_IOERR: one of them failed, and has said on stderr why. */
NODISCARD int db_programs_run(const struct db_program *programs, size_t count);

/* ---- db_target.c ---- */

/* A database to be filled: empty, its schema made once so that the roles are there. */
struct db_target {
	struct services *services;
	struct store *store;
	struct pgclient_login login;
	const char *pg_restore;
};

/* Where services is the owner's. EX_CANTCREAT: there are mails already. */
NODISCARD int db_target_open(struct arena *arena, struct services *services, const struct cluster *programs_of,
	struct db_target *target_r);
/* from_dump: pg_dump, its output to be read; NULL: file is. All of it is there afterwards, at this
 * program's version, or nothing. */
NODISCARD int db_target_fill(struct db_target *target, const struct db_program *from_dump, const char *file);
void db_target_close(struct db_target *target);

/* ---- the three of them ---- */

int db_backup(const struct cli *cli, const char *path);
int db_restore(const struct cli *cli, const char *path);
int db_move(const struct cli *cli, const char *dsn, const char *password_file);

/* What pg_dump is to write of a database, without its login. */
void db_dump_program(const char *path, const struct pgclient_login *login, const char *to_file,
	struct db_program *program_r);
/* "2 mails are quarantined …": their bytes are files, which nobody copies but the reader. */
void db_say_quarantined(const struct cli *cli, struct store *store);
