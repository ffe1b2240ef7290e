// SPDX-License-Identifier: Apache-2.0
#include "daemon/cmd.h"
#include "base/clock.h"
#include "ingest/expire.h"
#include "ingest/quarantine.h"
#include "store/retention.h"

#include <sysexits.h>

/* A Maildir that is not there now is looked at another day. */
static enum err expire_maildirs(const struct config *config, struct store *store, int64_t now, uint64_t *removed_r,
	struct error *error)
{
	enum err err = ERR_OK;
	for (unsigned i = 0; i < config->maildirs_count && !err; i++) {
		struct maildir *maildir = NULL;
		struct error away = {0};
		if (config->maildirs_keep_secs[i] < 0 || config->maildirs[i].done != DONE_KEEP ||
			maildir_open(config->maildirs[i].path, DONE_KEEP, false, &maildir, &away) != ERR_OK)
			continue;
		err = expire_read_mail(store, maildir, now - config->maildirs_keep_secs[i], removed_r, error);
		maildir_close(&maildir);
	}
	return err;
}

static void log_clock(int64_t now, int64_t believed)
{
	struct log_line line;
	char text[TIME_TEXT_BYTES];
	if (believed >= now)
		return;
	log_begin(&line, LOG_WARN_LEVEL, "the clock is days ahead of the last retention; little is forgotten");
	log_cstr(&line, "taken_for_now", time_format(believed, text));
	log_cstr(&line, "hint", "if the clock is right: dmarcd retention --catch-up");
	log_end(&line);
}

static int forget(const struct cli *cli, struct store *store, bool catch_up)
{
	const struct config *config = cli->config;
	struct error error = {0};
	struct retention_done done;
	const struct retention retention = {
		.now_epoch_secs = clock_epoch_secs(),
		.catch_up = catch_up,
		.records_secs = config->keep_records_secs,
		.originals_secs = config->keep_originals_secs,
		.samples_secs = config->ruf_keep_secs,
	};
	if (retention_run(store, &retention, &done, &error) != ERR_OK)
		return cli_fail(cli_status(&error), &error);
	uint64_t mails = 0;
	log_clock(retention.now_epoch_secs, done.now_epoch_secs);
	if (expire_maildirs(config, store, done.now_epoch_secs, &mails, &error) != ERR_OK)
		return cli_fail(cli_status(&error), &error);
	uint64_t quarantined = quarantine_expire(config->state_dir,
		done.now_epoch_secs - config->keep_quarantine_secs);
	struct log_line line;
	log_begin(&line, LOG_INFO_LEVEL, "retention");
	log_u64(&line, "months", done.months);
	log_u64(&line, "reports", done.reports);
	log_u64(&line, "originals", done.originals);
	log_u64(&line, "samples", done.samples);
	log_u64(&line, "quarantined", quarantined);
	log_u64(&line, "mails", mails);
	log_end(&line);
	return EX_OK;
}

static int run(struct cli *cli, int argc, char **argv)
{
	int first;
	struct services *services = NULL;
	struct store *store = NULL;
	struct error error = {0};
	bool catch_up = false;
	const struct cli_option options[] = {{"catch-up", &catch_up, NULL}, {NULL, NULL, NULL}};
	int status = cli_options(cli, argc, argv, options, &first);
	if (status == EX_OK)
		status = cli_operands(cli, argc - first, 0, 0);
	if (status == EX_OK)
		status = cmd_services(cli, CMD_READS, &services);
	if (status != EX_OK)
		return status;
	status = services_store_open(services, SERVICE_OWNER, &store, &error);
	status = status == EX_OK ? forget(cli, store, catch_up) : cli_fail(status, &error);
	store_close(&store);
	services_close(&services);
	return status;
}

const struct command cmd_retention = {
	.name = "retention",
	.arguments = "[--catch-up]",
	.summary = "forget what is older than retention: says (run does it daily)",
	.help = "Drops rows, originals, failure samples, quarantined bytes and read mail beyond their time.\n"
		"A clock more than two days ahead of the last run is believed by two days a run:\n"
		"  --catch-up   the clock is right, believe it at once\n"
		"\nexample: dmarcd retention\n",
	.needs_config = true,
	.hidden = true,
	.run = run,
};
