// SPDX-License-Identifier: Apache-2.0
/*
 * dmarcd: one table of subcommands; each is a file cmd_*.c.
 */
#include "daemon/cli.h"
#include "daemon/cmd.h"
#include "daemon/config/config_value.h"
#include "daemon/intake/delivery.h"
#include "model/digest.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

static const char usage[] =
	"usage: dmarcd [-c FILE] SUBCOMMAND [ARGUMENTS]\n"
	"\n"
	"Reads DMARC and TLS reports from Maildirs, keeps them in PostgreSQL and shows\n"
	"them on a dashboard.\n"
	"\n"
	"  -c, --config FILE    configuration (default " CONFIG_PATH ")\n"
	"  -q, --quiet          warnings and errors only\n"
	"  -v, --verbose        more detail\n"
	"      --log-level L    debug, info, warn or error\n"
	"      --version        versions of dmarcd and its libraries\n"
	"  -h, --help           this text; dmarcd SUBCOMMAND --help tells more\n"
	"\nsubcommands:\n";

static void print_usage(FILE *to)
{
	(void)fputs(usage, to);
	for (const struct command *const *command = cli_commands(); *command; command++)
		if (!(*command)->hidden)
			(void)fprintf(to, "  %-12s %s\n", (*command)->name, (*command)->summary);
	(void)fputs("\nexit status: sysexits(3); see dmarcd(8)\n", to);
}

static int unknown_subcommand(const char *name)
{
	const char *names[64];
	size_t count = 0;
	for (const struct command *const *command = cli_commands(); *command && count < 64; command++)
		if (!(*command)->hidden)
			names[count++] = (*command)->name;
	const char *nearest = value_nearest(str_from(name), names, count);
	(void)cli_failf(EX_USAGE, "unknown subcommand \"%s\"%s%s%s", name,
		nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
	cli_hint("dmarcd --help");
	return EX_USAGE;
}

static int unknown_option(const char *given)
{
	static const char *const names[] = {"config", "quiet", "verbose", "log-level", "version", "help"};
	struct str word = str_from(given);
	while (str_starts(word, STR("-")))
		word = str_from_offset(word, 1);
	word = str_sub(word, 0, str_find_char(word, '='));
	for (size_t i = 0; i < 6; i++)
		if (str_eq(word, str_from(names[i])))
			return cli_failf(EX_USAGE, "option --%s %s", names[i],
				i == 0 || i == 3 ? "needs a value" : "takes no value");
	if (str_eq(word, STR("c")))
		return cli_failf(EX_USAGE, "option -c needs a value");
	const char *nearest = value_nearest(word, names, 6);
	(void)cli_failf(EX_USAGE, "unknown option \"%s\"%s%s%s", given,
		nearest ? "; did you mean \"--" : "", nearest ? nearest : "", nearest ? "\"?" : "");
	cli_hint("options of a subcommand stand behind it: dmarcd --help");
	return EX_USAGE;
}

static bool read_level(const char *text, enum log_level *level_r)
{
	static const char *const names[] = {"debug", "info", "warn", "error"};
	for (int i = 0; i < 4; i++) {
		if (strcmp(text, names[i]) != 0)
			continue;
		*level_r = (enum log_level)i;
		return true;
	}
	return false;
}

static int read_fd(const char *text)
{
	uint64_t fd;
	return str_to_u64(str_from(text), 1 << 20, &fd) ? (int)fd : -1;
}

enum { OPT_LEVEL = 1000, OPT_VERSION, OPT_SERVICE_FD, OPT_READY_FD };

/* The options before the subcommand. EX_OK, CLI_HELPED or the status to end with. */
static int global_options(struct cli *cli, int argc, char **argv)
{
	static const struct option known[] = {
		{"config", required_argument, NULL, 'c'},
		{"quiet", no_argument, NULL, 'q'},
		{"verbose", no_argument, NULL, 'v'},
		{"log-level", required_argument, NULL, OPT_LEVEL},
		{"version", no_argument, NULL, OPT_VERSION},
		{"help", no_argument, NULL, 'h'},
		{"service-fd", required_argument, NULL, OPT_SERVICE_FD}, /* from the supervisor */
		{"ready-fd", required_argument, NULL, OPT_READY_FD},
		{NULL, 0, NULL, 0},
	};
	opterr = 0;
	for (;;) {
		int before = optind > 0 ? optind : 1;
		switch (getopt_long(argc, argv, "+c:qvhV", known, NULL)) {
		case -1:
			return EX_OK;
		case 'c':
			cli->config_path = optarg;
			break;
		case 'q':
			cli->quiet = true;
			cli->log_level = LOG_WARN_LEVEL;
			break;
		case 'v':
			cli->log_level = LOG_DEBUG_LEVEL;
			break;
		case OPT_LEVEL:
			if (!read_level(optarg, &cli->log_level))
				return cli_failf(EX_USAGE, "--log-level takes debug, info, warn or error");
			break;
		case OPT_SERVICE_FD:
			cli->service_fd = read_fd(optarg);
			break;
		case OPT_READY_FD:
			cli->ready_fd = read_fd(optarg);
			break;
		case 'V':
		case OPT_VERSION:
			cmd_version();
			return CLI_HELPED;
		case 'h':
			print_usage(stdout);
			return CLI_HELPED;
		default:
			return unknown_option(argv[optind > before ? optind - 1 : before]);
		}
	}
}

static bool asks_for_help(int argc, char **argv)
{
	return argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
}

static int config_status(const struct error *error)
{
	switch (error->code) {
	case ERR_NOTFOUND:
		return EX_NOINPUT;
	case ERR_DENIED:
		return EX_NOPERM;
	case ERR_OK:
	case ERR_TEMP:
	case ERR_PERM:
	case ERR_LIMIT:
	case ERR_INVALID:
	case ERR_UNCERTAIN:
		return EX_CONFIG;
	}
	return EX_CONFIG;
}

/* A child of `run` shows in ps and top what it is for. */
static void name_process(const char *command)
{
	char name[16];
	(void)snprintf(name, sizeof(name), "dmarcd-%s", command);
	(void)prctl(PR_SET_NAME, name);
}

static int run_command(struct cli *cli, int argc, char **argv)
{
	struct error error = {0};
	if (asks_for_help(argc, argv)) {
		cli_help(stdout, cli->command);
		return EX_OK;
	}
	if (cli->command->needs_config && config_load(cli->config_path, &cli->config, &error) != ERR_OK)
		return cli_fail(config_status(&error), &error);
	log_init(cli->command->name, cli->log_level);
	if (cli->service_fd >= 0)
		name_process(cli->command->name);
	int status = cli->command->run(cli, argc, argv);
	config_free(&cli->config);
	return status == CLI_HELPED ? EX_OK : status;
}

static int help_command(int argc, char **argv)
{
	if (argc < 2) {
		print_usage(stdout);
		return EX_OK;
	}
	const struct command *command = cli_find(argv[1]);
	if (!command)
		return unknown_subcommand(argv[1]);
	cli_help(stdout, command);
	return EX_OK;
}

static int dispatch(int argc, char **argv)
{
	struct cli cli = {.log_level = LOG_INFO_LEVEL, .service_fd = -1, .ready_fd = -1};
	int status = global_options(&cli, argc, argv);
	if (status != EX_OK)
		return status == CLI_HELPED ? EX_OK : status;
	argc -= optind;
	argv += optind;
	if (argc == 0) {
		print_usage(stderr);
		return EX_USAGE;
	}
	if (strcmp(argv[0], "help") == 0)
		return help_command(argc, argv);
	cli.command = cli_find(argv[0]);
	return cli.command ? run_command(&cli, argc, argv) : unknown_subcommand(argv[0]);
}

/* A descriptor that is closed would be taken by the next open(). */
static void have_standard_fds(void)
{
	struct stat st;
	for (int fd = 0; fd <= 2; fd++)
		if (fstat(fd, &st) != 0 && errno == EBADF)
			(void)!freopen("/dev/null", fd == 0 ? "r" : "w", fd == 0 ? stdin : fd == 1 ? stdout : stderr);
}

static int work(int argc, char **argv)
{
	int status = dispatch(argc, argv);
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	if (errno != EPIPE && errno != 0)
		(void)cli_failf(EX_IOERR, "could not write the output: %s", strerror(errno));
	return status == EX_OK ? EX_IOERR : status;
}

int main(int argc, char **argv)
{
	have_standard_fds();
	digest_init();
	(void)umask(0077);
	(void)signal(SIGPIPE, SIG_IGN);
	return delivery_is(argc, argv) ? delivery_run(work, argc, argv) : work(argc, argv);
}
