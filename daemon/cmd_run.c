// SPDX-License-Identifier: Apache-2.0
#include "daemon/cmd.h"
#include "daemon/supervise.h"

#include <sysexits.h>
#include <unistd.h>

static void serving(void *context, struct str line)
{
	struct log_line log;
	(void)context;
	log_begin(&log, LOG_INFO_LEVEL, "ready");
	log_str(&log, "url", line);
	log_end(&log);
}

static int run(struct cli *cli, int argc, char **argv)
{
	int first, lock_fd = -1;
	struct services *services = NULL;
	int status = cli_options(cli, argc, argv, NULL, &first);
	if (status == EX_OK)
		status = cli_operands(cli, argc - first, 0, 0);
	if (status != EX_OK)
		return status;
	supervise_block_signals();
	status = cmd_services(cli, CMD_SERVES, &services);
	if (status == EX_OK)
		status = cmd_lock(cli, &lock_fd);
	if (status != EX_OK) {
		services_close(&services);
		return status;
	}
	const struct supervise_child children[] = {
		{.name = "web", .role = SERVICE_WEB, .tells_ready = true},
		{.name = "retention", .role = SERVICE_OWNER, .every_secs = 86400},
		{.name = "ingest", .role = SERVICE_INGEST, .for_maildirs = true},
		{.name = "verify", .role = SERVICE_INGEST},
	};
	if (cli->config->maildirs_count + cli->config->later.samples_count == 0)
		log_event(LOG_WARN_LEVEL, "no maildirs are configured, only the dashboard runs");
	const struct supervise_options options = {
		.config_path = cli->config_path,
		.config = cli->config,
		.log_level = cli->log_level,
		.services = services,
		.children = children,
		.children_count = sizeof(children) / sizeof(children[0]),
		.on_ready = serving,
	};
	status = supervise_run(&options);
	services_close(&services);
	(void)close(lock_fd);
	if (status == EX_OK)
		log_event(LOG_INFO_LEVEL, "stopped");
	return status;
}

const struct command cmd_run = {
	.name = "run",
	.arguments = "",
	.summary = "the daemon: private database, intake, verdicts and dashboard",
	.help = "Runs in the foreground and logs to stderr (or to the journal). SIGTERM or Ctrl-C\n"
		"finish what is begun and stop; a second one stops at once. SIGHUP reads the\n"
		"configuration again; one with a mistake is refused and the old one stays.\n"
		"\nexample: dmarcd -c /etc/dmarcd/dmarcd.yaml run\n",
	.needs_config = true,
	.run = run,
};
