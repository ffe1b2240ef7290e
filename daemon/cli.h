// SPDX-License-Identifier: Apache-2.0
/*
 * What every subcommand shares: the options before it, its own options, how it
 * prints and how it fails. Results go to stdout, diagnostics to stderr as
 * "dmarcd: text" and a "hint:" line; the exit status is one of sysexits.h.
 */
#pragma once

#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "daemon/config/config.h"

#include <stdio.h>

struct cli {
	const char *config_path; /* NULL: the default place */
	bool quiet;
	enum log_level log_level;
	int service_fd;          /* conninfo and password come through here; -1: not */
	int ready_fd;            /* who started us waits for a line here; -1: nobody */
	struct config *config;   /* loaded when the subcommand needs it */
	const struct command *command;
};

struct command {
	const char *name;
	const char *arguments; /* for the usage line */
	const char *summary;   /* one line */
	const char *help;      /* options, exit status, example */
	bool needs_config;
	bool verbatim;         /* all arguments are passed on unread (psql) */
	bool hidden;
	int (*run)(struct cli *cli, int argc, char **argv); /* argv[0]: the name */
};

/* One option of a subcommand; the table ends with a NULL name. --output is -o too. */
struct cli_option {
	const char *name;   /* "json" */
	bool *flag;         /* set to true, or */
	const char **value; /* set to the option's value */
};

/* Reads the options (long ones, and the global ones again), leaves *first_r at
 * the first operand; operands are moved behind the options, "--" is respected.
 * EX_OK to go on; otherwise the status to exit with: EX_USAGE, said on stderr,
 * or CLI_HELPED after --help. */
#define CLI_HELPED (-1)
NODISCARD int cli_options(struct cli *cli, int argc, char **argv, const struct cli_option *options,
	int *first_r);
/* Complains unless there are between least and most operands. */
NODISCARD int cli_operands(const struct cli *cli, int count, int least, int most);

/* The subcommands in the order of the help text; NULL at the end. */
const struct command *const *cli_commands(void);
const struct command *cli_find(const char *name);
void cli_help(FILE *to, const struct command *command);

/* "dmarcd: text" and "hint: …"; returns status. */
int cli_fail(int status, const struct error *error);
PRINTF_LIKE(2, 3) int cli_failf(int status, const char *fmt, ...);
PRINTF_LIKE(1, 2) void cli_hint(const char *fmt, ...);
/* On stderr unless -q. */
PRINTF_LIKE(2, 3) void cli_say(const struct cli *cli, const char *fmt, ...);
/* The usual status for an error of this kind. */
int cli_status(const struct error *error);

/* Text for people, control characters made visible, to stdout. */
void cli_print(struct str text);
/* Writes the buffer to stdout and empties it. */
void cli_flush(struct buf *out);
