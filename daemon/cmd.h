// SPDX-License-Identifier: Apache-2.0
/*
 * The subcommands, one file each, and what several of them do alike.
 */
#pragma once

#include "daemon/cli.h"
#include "daemon/services.h"
#include "model/digest.h"
#include "store/query.h"

extern const struct command cmd_run, cmd_ingest, cmd_web, cmd_parse, cmd_status, cmd_mails, cmd_psql,
	cmd_quarantine, cmd_reparse, cmd_migrate, cmd_init, cmd_demo, cmd_config, cmd_db, cmd_retention,
	cmd_check, cmd_spf, cmd_domain, cmd_verify, cmd_recheck, cmd_probe, cmd_evidence;

/* Own version and the libraries', to stdout. */
void cmd_version(void);

/* What a command does with the database: CMD_MAKES makes what is not there, CMD_SERVES also
 * starts while the server is away. */
enum cmd_use { CMD_READS, CMD_MAKES, CMD_SERVES };

/* Services as the configuration says. */
NODISCARD int cmd_services(const struct cli *cli, enum cmd_use use, struct services **services_r);

/* state_dir for this process alone, until *fd_r is closed; EX_TEMPFAIL while a daemon, or who
 * restores or moves the database, has it. */
NODISCARD int cmd_lock(const struct cli *cli, int *fd_r);

/* For reading subcommands: services and a connection with the read-only role,
 * or the status to end with, said on stderr. */
struct cmd_reader {
	struct services *services;
	struct store *store;
};
NODISCARD int cmd_reader_open(const struct cli *cli, struct cmd_reader *reader_r);
void cmd_reader_close(struct cmd_reader *reader);

/* A reading subcommand that is one query of dmarcd_api: each row as text without its line end, or where text
 * is NULL as a JSON object of its columns; in either case a line. */
NODISCARD int cmd_rows(const struct cli *cli, const char *sql, const struct str *params, size_t count,
	void (*text)(const struct rows *rows, struct buf *out));

/* A SHA-256 in hex as people give it, cut to its first digits (6 or more) or whole. */
bool cmd_hash(const char *text, char hex[SHA256_HEX_BYTES]);

/* A YAML string, whatever is in it. */
void cmd_quoted(struct buf *out, const char *text);

/* "1 mail", "2 mails". */
#define CMD_PLURAL(n) ((n) == 1 ? "" : "s")
