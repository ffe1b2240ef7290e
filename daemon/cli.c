// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli.h"

#include "base/utf8.h"
#include "daemon/config/config_value.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define OPTIONS_MAX 32
#define TEXT_BYTES ((size_t)64 * 1024)

static void print_visible(FILE *to, const char *prefix, struct str text)
{
	struct buf shown;
	buf_init(&shown, TEXT_BYTES);
	utf8_add_visible(&shown, text, true);
	(void)fprintf(to, "%s%s\n", prefix, buf_cstr(&shown));
	buf_fini(&shown);
}

int cli_fail(int status, const struct error *error)
{
	(void)fflush(stdout);
	print_visible(stderr, "dmarcd: ", str_from(error->text));
	if (error->hint[0])
		print_visible(stderr, "hint: ", str_from(error->hint));
	return status;
}

int cli_failf(int status, const char *fmt, ...)
{
	struct buf text;
	va_list args;
	buf_init(&text, TEXT_BYTES);
	va_start(args, fmt);
	buf_vprintf(&text, fmt, args);
	va_end(args);
	(void)fflush(stdout);
	print_visible(stderr, "dmarcd: ", buf_str(&text));
	buf_fini(&text);
	return status;
}

void cli_hint(const char *fmt, ...)
{
	struct buf text;
	va_list args;
	buf_init(&text, TEXT_BYTES);
	va_start(args, fmt);
	buf_vprintf(&text, fmt, args);
	va_end(args);
	print_visible(stderr, "hint: ", buf_str(&text));
	buf_fini(&text);
}

void cli_say(const struct cli *cli, const char *fmt, ...)
{
	struct buf text;
	va_list args;
	if (cli->quiet)
		return;
	buf_init(&text, TEXT_BYTES);
	va_start(args, fmt);
	buf_vprintf(&text, fmt, args);
	va_end(args);
	print_visible(stderr, "", buf_str(&text));
	buf_fini(&text);
}

int cli_status(const struct error *error)
{
	switch (error->code) {
	case ERR_OK:
		return EX_OK;
	case ERR_TEMP:
		return EX_UNAVAILABLE;
	case ERR_PERM:
		return EX_IOERR;
	case ERR_LIMIT:
	case ERR_INVALID:
		return EX_DATAERR;
	case ERR_NOTFOUND:
		return EX_NOINPUT;
	case ERR_DENIED:
		return EX_NOPERM;
	case ERR_UNCERTAIN:
		return EX_TEMPFAIL;
	}
	return EX_SOFTWARE;
}

void cli_print(struct str text)
{
	struct buf shown;
	buf_init(&shown, SIZE_MAX / 4);
	utf8_add_visible(&shown, text, false);
	cli_flush(&shown);
	buf_fini(&shown);
}

void cli_flush(struct buf *out)
{
	if (out->len > 0)
		(void)fwrite(out->ptr, 1, out->len, stdout);
	buf_reset(out);
}

const struct command *cli_find(const char *name)
{
	for (const struct command *const *command = cli_commands(); *command; command++)
		if (strcmp((*command)->name, name) == 0)
			return *command;
	return NULL;
}

void cli_help(FILE *to, const struct command *command)
{
	(void)fprintf(to, "usage: dmarcd [-c FILE] %s%s%s\n%s.\n\n%s", command->name,
		command->arguments[0] ? " " : "", command->arguments, command->summary, command->help);
	(void)fputs("\nexit status: sysexits(3); see dmarcd(8)\n", to);
}

/* "--selectros" of a table of names; NULL when nothing is near. */
static int unknown_option(const struct cli *cli, const char *given, const struct option *known, size_t count)
{
	const char *names[OPTIONS_MAX];
	struct str word = str_from(given);
	while (str_starts(word, STR("-")))
		word = str_from_offset(word, 1);
	word = str_sub(word, 0, str_find_char(word, '='));
	for (size_t i = 0; i < count; i++) {
		if (!str_eq(word, str_from(known[i].name))) {
			names[i] = known[i].name;
			continue;
		}
		(void)cli_failf(EX_USAGE, "option --%s %s", known[i].name,
			known[i].has_arg == required_argument ? "needs a value" : "takes no value");
		return EX_USAGE;
	}
	const char *nearest = value_nearest(word, names, count);
	(void)cli_failf(EX_USAGE, "unknown option \"%s\" of %s%s%s%s", given, cli->command->name,
		nearest ? "; did you mean \"--" : "", nearest ? nearest : "", nearest ? "\"?" : "");
	cli_hint("dmarcd %s --help", cli->command->name);
	return EX_USAGE;
}

/* getopt_long() takes "--js" for "--json"; what a later version adds may not change what a script says. */
static bool is_whole(const char *given, const char *name)
{
	size_t len = strlen(name);
	return strncmp(given + 2, name, len) == 0 && (given[2 + len] == '\0' || given[2 + len] == '=');
}

int cli_options(struct cli *cli, int argc, char **argv, const struct cli_option *options, int *first_r)
{
	static const char *const global[] = {"help", "quiet", "verbose"};
	struct option known[OPTIONS_MAX] = {{0}};
	size_t own = 0, output = SIZE_MAX, count;
	for (; options && options[own].name; own++) {
		if (strcmp(options[own].name, "output") == 0)
			output = own;
		known[own] = (struct option){options[own].name,
			options[own].value ? required_argument : no_argument, NULL, (int)own + 1000};
	}
	count = own;
	for (size_t i = 0; i < 3; i++)
		known[count++] = (struct option){global[i], no_argument, NULL, "hqv"[i]};
	known[count] = (struct option){NULL, 0, NULL, 0};
	optind = 0;
	opterr = 0;
	for (;;) {
		int before = optind > 0 ? optind : 1;
		int at = -1, option = getopt_long(argc, argv, output == SIZE_MAX ? "hqv" : "hqvo:", known, &at);
		if (option < 0)
			break;
		if (at >= 0 && option != '?') {
			bool apart = known[at].has_arg == required_argument && optarg == argv[optind - 1];
			const char *given = argv[optind - (apart ? 2 : 1)];
			if (!is_whole(given, known[at].name))
				return unknown_option(cli, given, known, count);
		}
		if (option == 'o')
			option = (int)output + 1000;
		if (option == 'h') {
			cli_help(stdout, cli->command);
			return CLI_HELPED;
		}
		if (option == 'q' || option == 'v') {
			cli->quiet |= option == 'q';
			cli->log_level = option == 'v' ? LOG_DEBUG_LEVEL : LOG_WARN_LEVEL;
		} else if (option < 1000) {
			return unknown_option(cli, argv[optind > before ? optind - 1 : before], known, count);
		} else if (options[option - 1000].value) {
			*options[option - 1000].value = optarg;
		} else {
			*options[option - 1000].flag = true;
		}
	}
	*first_r = optind;
	return EX_OK;
}

int cli_operands(const struct cli *cli, int count, int least, int most)
{
	if (count >= least && count <= most)
		return EX_OK;
	(void)cli_failf(EX_USAGE, "%s: %s", cli->command->name,
		count < least ? "something is missing" : most == 0 ? "takes no operands" : "too many operands");
	(void)fprintf(stderr, "usage: dmarcd [-c FILE] %s%s%s\n", cli->command->name,
		cli->command->arguments[0] ? " " : "", cli->command->arguments);
	return EX_USAGE;
}
