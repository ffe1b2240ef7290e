// SPDX-License-Identifier: Apache-2.0
#include "daemon/cmd.h"
#include "daemon/verify/judged_mail.h"
#include "daemon/verify/resolver_keep.h"
#include "evidence/evidence.h"
#include "ingest/ingest.h"
#include "model/json.h"

#include <sysexits.h>

#define ARENA_BYTES ((size_t)16 * 1024 * 1024)
#define OUT_BYTES 4096

static void print(const struct evidence_balance *balance, bool json)
{
	const struct {
		const char *name;
		uint64_t value;
	} parts[] = {{"verified", balance->verified}, {"plausible", balance->plausible},
		{"unverified", balance->unverified}, {"contradicted", balance->contradicted},
		{"deferred", balance->deferred}, {"waiting", balance->waiting}};
	struct buf out;
	struct json writer;
	char number[WIDE_GROUPED_BYTES];
	buf_init(&out, OUT_BYTES);
	if (json) {
		json_init(&writer, &out);
		json_object(&writer);
		json_key_value_u64(&writer, "mails", balance->mails);
		for (size_t i = 0; i < 6; i++)
			json_key_value_u64(&writer, parts[i].name, parts[i].value);
		json_object_end(&writer);
		buf_add_char(&out, '\n');
	} else {
		buf_printf(&out, "%s mail%s judged; of their reports", wide_grouped(balance->mails, number),
			CMD_PLURAL(balance->mails));
		for (size_t i = 0; i < 4; i++)
			buf_printf(&out, "%s %s %s", i > 0 ? "," : "", wide_grouped(parts[i].value, number),
				parts[i].name);
		buf_printf(&out, "\n%s deferred", wide_grouped(balance->deferred, number));
		buf_printf(&out, ", %s waiting\n", wide_grouped(balance->waiting, number));
	}
	cli_flush(&out);
	buf_fini(&out);
}

static int judge(const struct cli *cli, struct services *services, bool once, bool json)
{
	const struct config *config = cli->config;
	struct arena *arena = arena_open(ARENA_BYTES);
	struct resolver_keep keep = {0};
	struct error error = {0};
	struct evidence_balance balance;
	struct inventory *inventory = NULL;
	if (judged_inventory(config, arena, &inventory, &error) != ERR_OK) {
		arena_close(&arena);
		return cli_fail(EX_CONFIG, &error);
	}
	const struct resolver_options resolving = resolver_options_of(config, arena);
	const struct evidence_options options = {
		.store = services_store_options(services, SERVICE_INGEST),
		.limits = &config->limits,
		.state_dir = config->state_dir,
		.turn = INGEST_TURN,
		.require_confinement = config->require_confinement,
		.maildirs = judged_maildirs(config, arena),
		.maildirs_count = config->maildirs_count,
		.samples = judged_samples(config, arena),
		.samples_count = config->later.samples_count,
		.inventory = inventory,
		.dns = {&keep, resolver_keep_job, resolver_keep_answers, resolver_keep_figures},
		.once = once,
		.wait_for_store = !once,
	};
	/* A daemon tries again, mail by mail. */
	enum err err = resolver_keep_start(&keep, &resolving, &error);
	if (!once && err != ERR_PERM)
		err = ERR_OK;
	int status = err == ERR_INVALID ? EX_CONFIG : err == ERR_PERM ? EX_NOPERM : EX_UNAVAILABLE;
	if (!err) {
		err = evidence_run(&options, &balance, &error);
		status = err == ERR_TEMP || err == ERR_UNCERTAIN ? EX_UNAVAILABLE :
			err == ERR_DENIED ? EX_NOPERM : cli_status(&error);
		if (once && (json || !cli->quiet))
			print(&balance, json);
	}
	resolver_keep_stop(&keep);
	inventory_close(&inventory);
	arena_close(&arena);
	return err ? cli_fail(status, &error) : EX_OK;
}

static int run(struct cli *cli, int argc, char **argv)
{
	int first;
	bool once = false, json = false;
	struct services *services = NULL;
	const struct cli_option options[] = {{"once", &once, NULL}, {"json", &json, NULL}, {NULL, NULL, NULL}};
	int status = cli_options(cli, argc, argv, options, &first);
	if (status == EX_OK)
		status = cli_operands(cli, argc - first, 0, 0);
	if (status == EX_OK)
		status = cmd_services(cli, once ? CMD_READS : CMD_SERVES, &services);
	if (status != EX_OK)
		return status;
	status = judge(cli, services, once, json);
	services_close(&services);
	return status;
}

const struct command cmd_verify = {
	.name = "verify",
	.arguments = "[--once] [--json]",
	.summary = "give the mails that wait their verdict (run does it too)",
	.help = "Every report mail is verified after it was stored: SPF, DKIM, DMARC, and whether it comes\n"
		"from whom it says (its provenance). Mails of the sample Maildirs (samples:) are taken in\n"
		"and verified too. Until SIGTERM or Ctrl-C, or\n"
		"  --once    until nothing is due any more; then says what was found\n"
		"  --json    says it as one JSON object\n"
		"\nexit status: 69 with --once when the database or the resolver does not answer\n"
		"\nexample: dmarcd verify --once\n",
	.needs_config = true,
	.run = run,
};
