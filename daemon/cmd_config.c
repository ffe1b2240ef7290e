// SPDX-License-Identifier: Apache-2.0
#include "daemon/cmd.h"

#include <string.h>
#include <sysexits.h>

static int check(const struct cli *cli)
{
	if (cli->config->path)
		cli_say(cli, "%s: ok", cli->config->path);
	else
		cli_say(cli, "no %s: the defaults are in force", CONFIG_PATH);
	if (cli->config->maildirs_count == 0)
		cli_say(cli, "note: no maildirs, so `run` and `ingest` without a PATH have nothing to read");
	return EX_OK;
}

static int show(const struct cli *cli, bool json)
{
	struct buf out;
	buf_init(&out, (size_t)64 * 1024 * 1024);
	if (json)
		config_write_json(cli->config, &out);
	else
		config_write(cli->config, &out);
	cli_flush(&out);
	buf_fini(&out);
	return EX_OK;
}

static int load(struct cli *cli)
{
	struct error error = {0};
	enum err err = config_load(cli->config_path, &cli->config, &error);
	if (!err)
		return EX_OK;
	return cli_fail(err == ERR_NOTFOUND ? EX_NOINPUT : err == ERR_DENIED ? EX_NOPERM : EX_CONFIG, &error);
}

static int run(struct cli *cli, int argc, char **argv)
{
	int first;
	bool json = false;
	const struct cli_option options[] = {{"json", &json, NULL}, {NULL, NULL, NULL}};
	int status = cli_options(cli, argc, argv, options, &first);
	if (status == EX_OK)
		status = cli_operands(cli, argc - first, 1, 1);
	if (status != EX_OK)
		return status;
	const char *what = argv[first];
	if (strcmp(what, "example") == 0) {
		struct str example = config_example();
		(void)fwrite(example.ptr, 1, example.len, stdout);
		return EX_OK;
	}
	if (strcmp(what, "check") != 0 && strcmp(what, "show") != 0)
		return cli_failf(EX_USAGE, "config takes check, show or example, not \"%s\"", what);
	status = load(cli);
	if (status != EX_OK)
		return status;
	return strcmp(what, "check") == 0 ? check(cli) : show(cli, json);
}

const struct command cmd_config = {
	.name = "config",
	.arguments = "check | show [--json] | example",
	.summary = "check or show the configuration, or print a commented example",
	.help = "  check      read everything, say what is wrong with file, line and column (78)\n"
		"  show       the configuration in force, defaults and drop-ins included,\n"
		"             passwords masked; --json: as one JSON object\n"
		"  example    a complete commented file\n"
		"\nexample: dmarcd config example > /etc/dmarcd/dmarcd.yaml\n",
	.run = run,
};
