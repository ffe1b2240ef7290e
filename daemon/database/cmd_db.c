// SPDX-License-Identifier: Apache-2.0
#include "daemon/database/db.h"

#include <string.h>
#include <sysexits.h>

static int run(struct cli *cli, int argc, char **argv)
{
	int first;
	const char *to = NULL, *password_file = NULL;
	const struct cli_option options[] = {{"to", NULL, &to}, {"password-file", NULL, &password_file},
		{NULL, NULL, NULL}};
	int status = cli_options(cli, argc, argv, options, &first);
	if (status != EX_OK)
		return status;
	const char *action = argc > first ? argv[first] : "";
	bool moves = strcmp(action, "move") == 0, backs_up = strcmp(action, "backup") == 0;
	if (!moves && !backs_up && strcmp(action, "restore") != 0)
		return cli_failf(EX_USAGE, "db: \"%s\" is not backup, restore or move", action);
	if (moves ? !to : to || password_file)
		return cli_failf(EX_USAGE, moves ? "db move: --to DSN is missing" : "db: --to is for move");
	status = cli_operands(cli, argc - first - 1, moves ? 0 : 1, moves ? 0 : 1);
	if (status != EX_OK)
		return status;
	return moves ? db_move(cli, to, password_file) :
		backs_up ? db_backup(cli, argv[first + 1]) : db_restore(cli, argv[first + 1]);
}

const struct command cmd_db = {
	.name = "db",
	.arguments = "backup FILE | restore FILE | move --to DSN [--password-file PATH]",
	.summary = "back up, restore or move the database",
	.help = "  backup FILE    everything in the database as one file of pg_dump; dmarcd may run.\n"
		"                 -: to standard output\n"
		"  restore FILE   the same back, into a database without mails; an older version's is\n"
		"                 brought up to this one\n"
		"  move           from the private cluster to a server of your own; prints the line for\n"
		"                 the configuration. The private cluster stays as it was\n"
		"  --to DSN       an empty database there, and a user who may create schemas and roles\n"
		"  --password-file PATH\n"
		"                 its password\n"
		"restore and move want the daemon stopped. All of it arrives, or nothing. The bytes of\n"
		"quarantined mails are files in state_dir/quarantine: copy these yourself.\n"
		"\nexample: dmarcd db backup /srv/backup/dmarcd.dump\n",
	.needs_config = true,
	.run = run,
};
