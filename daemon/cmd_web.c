// SPDX-License-Identifier: Apache-2.0
#include "daemon/cmd.h"
#include "evidence/evidence.h"
#include "ingest/ingest.h"
#include "web/web.h"

#include <string.h>
#include <sysexits.h>

#define ARENA_BYTES ((size_t)16 * 1024)

static int serve(const struct cli *cli, struct services *services, bool demo, const char *tries)
{
	const struct config *config = cli->config;
	struct error error = {0};
	struct arena *arena = arena_open(ARENA_BYTES);
	uint64_t port_tries = 1;
	const char **domains = ARENA_ARRAY(config->arena, config->domains_count, const char *);
	for (unsigned i = 0; i < config->domains_count; i++)
		domains[i] = config->domains[i].name;
	if (tries && !str_to_u64(str_from(tries), 100, &port_tries))
		port_tries = 1;
	const struct web_options options = {
		.store = services_store_options(services, SERVICE_WEB),
		.noting = services_store_options(services, SERVICE_NOTE),
		.limits = &config->limits,
		.listen = config->http_listen,
		.public_url = config->http_public_url,
		.domains = domains,
		.domains_count = config->domains_count,
		.organisation = config->organisation,
		.require_confinement = config->require_confinement,
		.notice = arena_printf(arena, "%s/" INGEST_NOTICE, config->state_dir),
		.verify_notice = arena_printf(arena, "%s/" EVIDENCE_NOTICE, config->state_dir),
		.figures = {
			arena_printf(arena, "%s/" INGEST_FIGURES, config->state_dir),
			arena_printf(arena, "%s/" EVIDENCE_FIGURES, config->state_dir),
		},
		.show_samples = !config->ruf_mask,
		.count_unverified = strcmp(config->later.count_unverified, "no") == 0 ? COUNT_NO :
			strcmp(config->later.count_unverified, "yes") == 0 ? COUNT_YES : COUNT_FLAG,
		.demo = demo,
		.port_tries = (unsigned)port_tries,
		.ready_fd = cli->ready_fd,
	};
	enum err err = web_run(&options, &error);
	arena_close(&arena);
	return err ? cli_fail(err == ERR_DENIED ? EX_NOPERM : EX_UNAVAILABLE, &error) : EX_OK;
}

static int run(struct cli *cli, int argc, char **argv)
{
	int first;
	bool demo = false;
	const char *tries = NULL;
	struct services *services = NULL;
	const struct cli_option options[] = {
		{"demo", &demo, NULL}, {"port-tries", NULL, &tries}, {NULL, NULL, NULL}};
	int status = cli_options(cli, argc, argv, options, &first);
	if (status == EX_OK)
		status = cli_operands(cli, argc - first, 0, 0);
	if (status == EX_OK)
		status = cmd_services(cli, CMD_READS, &services);
	if (status != EX_OK)
		return status;
	status = serve(cli, services, demo, tries);
	services_close(&services);
	return status;
}

const struct command cmd_web = {
	.name = "web",
	.arguments = "[--demo] [--port-tries N]",
	.summary = "serve the dashboard alone (run does it too)",
	.help = "Listens on http.listen (default " CONFIG_LISTEN ") until SIGTERM or Ctrl-C.\n"
		"  --demo           show the bar that says: sample data\n"
		"  --port-tries N   take the next port, up to N of them, when one is in use\n"
		"\nexample: dmarcd web\n",
	.needs_config = true,
	.run = run,
};
