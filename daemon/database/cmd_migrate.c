// SPDX-License-Identifier: Apache-2.0
#include "daemon/cmd.h"

#include <sysexits.h>

static int run(struct cli *cli, int argc, char **argv)
{
	int first;
	unsigned changed = 0;
	struct services *services = NULL;
	struct error error = {0};
	int status = cli_options(cli, argc, argv, NULL, &first);
	if (status == EX_OK)
		status = cli_operands(cli, argc - first, 0, 0);
	if (status != EX_OK)
		return status;
	const struct services_options options = {
		.config = cli->config,
		.create = true,
		.schema_later = true,
		.handed_fd = cli->service_fd,
	};
	status = services_open(&options, &services, &error);
	if (status == EX_OK)
		status = services_migrate(services, &changed, &error);
	services_close(&services);
	if (status != EX_OK)
		return cli_fail(status, &error);
	if (changed == 0)
		cli_say(cli, "schema is up to date");
	else
		cli_say(cli, "schema: %u migration%s applied", changed, CMD_PLURAL(changed));
	return EX_OK;
}

const struct command cmd_migrate = {
	.name = "migrate",
	.arguments = "",
	.summary = "create the schema, or bring it up to this version",
	.help = "Needs the right to create schemas and roles. The private cluster is made when it\n"
		"is not there. Safe to run at any time and by several at once.\n"
		"\nexample: dmarcd -c /etc/dmarcd/dmarcd.yaml migrate\n",
	.needs_config = true,
	.run = run,
};
