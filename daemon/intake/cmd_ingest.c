// SPDX-License-Identifier: Apache-2.0
#include "daemon/cmd.h"
#include "daemon/intake/cmd_ingest.h"
#include "daemon/verify/status_verdicts.h"
#include "model/json.h"

#include <inttypes.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

struct flags {
	bool once, all, json, in_place, shared;
};

void cmd_ingest_options(const struct cli *cli, struct services *services, struct ingest_options *options_r)
{
	const struct config *config = cli->config;
	*options_r = (struct ingest_options){
		.store = services_store_options(services, SERVICE_INGEST),
		.limits = &config->limits,
		.state_dir = config->state_dir,
		.built_epoch_secs = DMARCD_BUILT_EPOCH_SECS,
		.require_confinement = config->require_confinement,
		.ruf_store = config->ruf_store,
		.keep_originals = config->keep_originals_secs != 0,
		.progress = !cli->quiet,
		.maildirs = config->maildirs,
		.maildirs_count = config->maildirs_count,
	};
}

void cmd_ingest_print(const struct ingest_balance *balance, bool json)
{
	struct buf out;
	struct json writer;
	const struct {
		const char *name;
		wide value;
	} parts[] = {
		{"mails", balance->mails}, {"stored", balance->stored}, {"duplicate", balance->duplicate},
		{"not_a_report", balance->not_a_report}, {"quarantined", balance->quarantined},
		{"reports", balance->reports}, {"records", balance->records},
		{"messages", balance->messages}};
	char number[WIDE_GROUPED_BYTES], text[WIDE_TEXT_BYTES];
	buf_init(&out, 4096);
	if (json) {
		json_init(&writer, &out);
		json_object(&writer);
		for (size_t i = 0; i < 8; i++) {
			json_key(&writer, parts[i].name);
			json_verbatim(&writer, str_from(wide_text(parts[i].value, text)));
		}
		json_object_end(&writer);
		buf_add_char(&out, '\n');
	} else {
		buf_printf(&out, "%s mail%s", wide_grouped(balance->mails, number), CMD_PLURAL(balance->mails));
		buf_printf(&out, ": %s stored", wide_grouped(balance->stored, number));
		buf_printf(&out, ", %s duplicate%s", wide_grouped(balance->duplicate, number),
			CMD_PLURAL(balance->duplicate));
		buf_printf(&out, ", %s not a report", wide_grouped(balance->not_a_report, number));
		buf_printf(&out, ", %s quarantined\n", wide_grouped(balance->quarantined, number));
		buf_printf(&out, "added %s report%s", wide_grouped(balance->reports, number),
			CMD_PLURAL(balance->reports));
		buf_printf(&out, ", %s record%s", wide_grouped(balance->records, number),
			CMD_PLURAL(balance->records));
		buf_printf(&out, ", %s message%s\n", wide_grouped(balance->messages, number),
			CMD_PLURAL(balance->messages));
	}
	cli_flush(&out);
	buf_fini(&out);
}

static bool reads_pipe(int count, char **paths)
{
	for (int i = 0; i < count; i++)
		if (strcmp(paths[i], "-") == 0)
			return true;
	return false;
}

static int end_status(const struct ingest_options *options, const struct ingest_balance *balance, enum err err,
	const struct error *error, bool pipe)
{
	if (err) {
		/* Without room nothing is wrong with the mail. */
		int status = err == ERR_TEMP || err == ERR_UNCERTAIN ? EX_UNAVAILABLE :
			err == ERR_LIMIT ? EX_TEMPFAIL : cli_status(error);
		return cli_fail(status, error);
	}
	return balance->quarantined > 0 && options->once && !pipe ? EX_DATAERR : EX_OK;
}

static int ingest(const struct cli *cli, struct services *services, const struct flags *flags, int count,
	char **paths)
{
	struct ingest_options options;
	struct ingest_balance balance = {0};
	struct error error = {0};
	bool pipe = reads_pipe(count, paths);
	cmd_ingest_options(cli, services, &options);
	options.paths = (const char *const *)paths;
	options.paths_count = (size_t)count;
	options.once = flags->once || count > 0;
	options.all = flags->all;
	options.in_place = flags->in_place;
	options.shared = flags->shared;
	options.wait_for_store = !options.once;
	/* Looking at all files first would hold up those who see no bar. */
	options.progress = options.progress && options.once && !pipe && isatty(STDERR_FILENO);
	enum err err = ingest_run(&options, &balance, &error);
	if (options.once && !(pipe && !flags->json) && !(cli->quiet && !flags->json))
		cmd_ingest_print(&balance, flags->json);
	if (options.once && !pipe && !err && cli->service_fd < 0)
		status_verdicts_waiting(cli, services);
	return end_status(&options, &balance, err, &error, pipe);
}

static int run(struct cli *cli, int argc, char **argv)
{
	int first;
	struct flags flags = {0};
	struct services *services = NULL;
	const struct cli_option options[] = {{"once", &flags.once, NULL}, {"all", &flags.all, NULL},
		{"json", &flags.json, NULL}, {"in-place", &flags.in_place, NULL}, {"shared", &flags.shared, NULL},
		{NULL, NULL, NULL}};
	int status = cli_options(cli, argc, argv, options, &first);
	if (status != EX_OK)
		return status;
	int count = argc - first;
	if (count == 0 && cli->config->maildirs_count == 0) {
		(void)cli_failf(EX_CONFIG, "no PATH is given and the configuration names no maildirs");
		cli_hint("dmarcd ingest PATH…, or maildirs: in %s",
			cli->config->path ? cli->config->path : CONFIG_PATH);
		return EX_CONFIG;
	}
	status = cmd_services(cli, flags.once || count > 0 ? CMD_MAKES : CMD_SERVES, &services);
	if (status != EX_OK)
		return status;
	status = ingest(cli, services, &flags, count, argv + first);
	services_close(&services);
	return status;
}

const struct command cmd_ingest = {
	.name = "ingest",
	.arguments = "[--once] [--all] [--in-place] [--shared] [--json] [PATH...]",
	.summary = "take report mails in: the configured Maildirs, or PATHs once",
	.help = "A folder with new/ and cur/ is a Maildir, any other folder is walked, a file is a\n"
		"mail, an mbox, .xml, .zip, .gz or .json by its content, \"-\" is one mail on stdin.\n"
		"Without a PATH the configured Maildirs are watched until SIGTERM.\n"
		"  --once       one pass over the Maildirs, then end (PATHs imply it)\n"
		"  --all        read cur/ too, where files stay\n"
		"  --in-place   move and delete nothing\n"
		"  --shared     read Maildirs of which another database gets a part too\n"
		"  --json       the balance of this run as one JSON object\n"
		"\nexit status: 0, 65 when one pass quarantined something, 66 when a PATH cannot be opened,\n"
		"69 without the database, 75 without room for what is to be kept, or when an intake for\n"
		"another database reads the Maildir; for \"-\" 0 once\n"
		"the mail is kept, in the quarantine too, and 75 for all else\n"
		"\nexample: dmarcd ingest --once ~/Maildir/.dmarc\n",
	.needs_config = true,
	.run = run,
};
