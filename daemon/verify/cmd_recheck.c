// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "daemon/cmd.h"
#include "daemon/verify/judged_mail.h"
#include "daemon/verify/recheck_print.h"
#include "daemon/verify/resolver_keep.h"
#include "daemon/verify/verifier.h"
#include "evidence/keep.h"

#include <string.h>
#include <sysexits.h>

#define ARENA_BYTES ((size_t)1024 * 1024 * 1024)
#define OPTIONS_BYTES ((size_t)16 * 1024 * 1024)
#define LEASE_SECS 60
#define REPLAY_BYTES_MAX ((uint64_t)64 * 1024 * 1024)

struct flags {
	const char *report, *mail, *since, *dns, *replay;
	bool store, json;
};

struct recheck {
	struct cli *cli;
	const struct flags *flags;
	struct services *services;
	struct store *store;
	struct limits limits;
	struct resolver_keep resolver;
	struct inventory *inventory;
	struct keep keep; /* of --store */
	struct evidence_dns dns;
	struct repeat repeat;
	struct buf replay;
	struct arena *arena;
	uint64_t done, differ, gone, failed, kept;
};

static int read_wanted(const struct flags *flags, struct sha256 *mail, struct stored_wanted *wanted)
{
	struct day day;
	bool now = flags->dns && strcmp(flags->dns, "now") == 0;
	if (flags->dns && !now && strcmp(flags->dns, "stored") != 0)
		return cli_failf(EX_USAGE, "--dns takes stored or now");
	if (flags->dns && flags->replay)
		return cli_failf(EX_USAGE, "--dns and --dns-replay exclude each other");
	if (flags->report && flags->mail)
		return cli_failf(EX_USAGE, "--report and --mail exclude each other");
	if (flags->store && !now && !flags->replay)
		return cli_failf(EX_USAGE, "--store needs --dns now or --dns-replay: what was stored is there already");
	if (flags->store && flags->report)
		return cli_failf(EX_USAGE, "--store keeps what is found of a whole mail: --mail, or --since");
	if (flags->mail && !sha256_parse(str_from(flags->mail), mail))
		return cli_failf(EX_USAGE, "\"%s\" is no SHA-256 of 64 hex digits", flags->mail);
	if (flags->report && strlen(flags->report) != UUID_TEXT_BYTES - 1)
		return cli_failf(EX_USAGE, "\"%s\" is no report_key", flags->report);
	if (flags->since && !day_parse(str_from(flags->since), &day))
		return cli_failf(EX_USAGE, "--since takes a day as 2026-10-21");
	*wanted = (struct stored_wanted){
		.report_key = flags->report,
		.mail = flags->mail ? mail : NULL,
		.since_epoch_secs = flags->since ? day_begin_epoch_secs(day) : 0,
	};
	return EX_OK;
}

static int open_dns(struct recheck *recheck)
{
	struct error error = {0};
	buf_init(&recheck->replay, 0);
	if (recheck->flags->replay)
		return verifier_read(recheck->flags->replay, REPLAY_BYTES_MAX, &recheck->replay);
	if (!recheck->flags->dns || strcmp(recheck->flags->dns, "now") != 0)
		return EX_OK;
	const struct resolver_options options = resolver_options_of(recheck->cli->config, recheck->arena);
	recheck->dns = (struct evidence_dns){&recheck->resolver, resolver_keep_job, resolver_keep_answers, NULL};
	recheck->repeat.dns = &recheck->dns;
	enum err err = resolver_keep_start(&recheck->resolver, &options, &error);
	return !err ? EX_OK : cli_fail(err == ERR_INVALID ? EX_CONFIG : err == ERR_PERM ? EX_NOPERM : EX_UNAVAILABLE,
		&error);
}

static int open_all(struct recheck *recheck)
{
	struct error error = {0};
	struct cli *cli = recheck->cli;
	recheck->limits = cli->config->limits;
	recheck->limits.workers = 1;
	const struct pool_options options = {
		.limits = &recheck->limits,
		.require_confinement = cli->config->require_confinement,
	};
	if (judged_inventory(cli->config, recheck->arena, &recheck->inventory, &error) != ERR_OK)
		return cli_fail(EX_CONFIG, &error);
	recheck->repeat.inventory = recheck->inventory;
	int status = open_dns(recheck);
	if (status == EX_OK)
		status = cmd_services(cli, CMD_READS, &recheck->services);
	if (status != EX_OK)
		return status;
	status = services_store_open(recheck->services, SERVICE_INGEST, &recheck->store, &error);
	if (status == EX_OK && pool_open(&options, &recheck->repeat.pool, &error) != ERR_OK)
		status = error.code == ERR_DENIED ? EX_NOPERM : EX_OSERR;
	recheck->repeat.limits = &recheck->limits;
	recheck->repeat.reader = verdict_reader_open();
	return status == EX_OK ? EX_OK : cli_fail(status, &error);
}

static void close_all(struct recheck *recheck)
{
	pool_close(&recheck->repeat.pool);
	if (recheck->repeat.reader)
		verdict_reader_close(&recheck->repeat.reader);
	store_close(&recheck->store);
	services_close(&recheck->services);
	resolver_keep_stop(&recheck->resolver);
	inventory_close(&recheck->inventory);
	buf_fini(&recheck->replay);
}

/* Under other answers than its own. */
static enum err repeat_otherwise(struct recheck *recheck, struct arena *arena, const struct stored_verdict *stored,
	struct str bytes, struct recheck_result *result, struct error *error)
{
	struct str answers = recheck->flags->replay ?
		(recheck->replay.ptr ? buf_str(&recheck->replay) : STR("")) : STR_NONE;
	enum err err = repeat_verdict(&recheck->repeat, arena, stored, bytes, str_from(recheck->flags->replay), answers,
		&result->after, error);
	if (!err)
		explain_differences(arena, &result->before, &result->after, &result->differences,
			&result->differences_count);
	return err;
}

/* An error is one that no other verdict would do better with. */
static enum err recheck_one(struct recheck *recheck, struct arena *arena, const struct stored_verdict *stored,
	struct buf *bytes, struct error *error)
{
	struct recheck_result result = {.stored = stored};
	bool otherwise = recheck->flags->replay || recheck->repeat.dns;
	enum err err = repeat_bytes(&recheck->repeat, stored, bytes, &result.why);
	if (!err)
		err = repeat_verdict(&recheck->repeat, arena, stored, buf_str(bytes), STR("stored answers"),
			stored->row.answers.ptr ? stored->row.answers : STR(""), &result.before, &result.why);
	result.identical = !err && str_eq(result.before.row.verdict, stored->row.verdict);
	result.after = result.before;
	if (!err && otherwise)
		err = repeat_otherwise(recheck, arena, stored, buf_str(bytes), &result, &result.why);
	if (err == ERR_TEMP || (err == ERR_INVALID && recheck->flags->replay))
		return (*error = result.why).code;
	recheck->done++;
	recheck->gone += err == ERR_NOTFOUND;
	recheck->failed += err == ERR_PERM;
	recheck->differ += !err && (otherwise ? result.differences_count > 0 : !result.identical);
	if (recheck->flags->store)
		keep_add(&recheck->keep, stored, err ? NULL : &result.after);
	recheck_print(&result, otherwise, recheck->flags->json);
	return ERR_OK;
}

/* Of the mail that was at hand. */
static enum err keep_what_was_found(struct recheck *recheck, struct error *error)
{
	bool kept = false;
	if (!recheck->keep.begun)
		return ERR_OK;
	enum err err = keep_put(&recheck->keep, recheck->inventory, recheck->store, LEASE_SECS, &kept, error);
	recheck->kept += kept;
	return err;
}

/* The first verdict on another mail than before. */
static enum err begin_mail(struct recheck *recheck, struct arena *arena, const struct stored_verdict *stored,
	struct sha256 *last, struct error *error)
{
	if (memcmp(last, &stored->row.sha256, sizeof(*last)) == 0)
		return ERR_OK;
	*last = stored->row.sha256;
	enum err err = keep_what_was_found(recheck, error);
	arena_reset(arena);
	if (!err && recheck->flags->store)
		keep_begin(&recheck->keep, arena, stored);
	return err;
}

static int all(struct recheck *recheck, const struct stored_wanted *wanted)
{
	struct error error = {0};
	struct stored_verdicts *verdicts = NULL;
	struct stored_verdict stored;
	struct buf bytes;
	struct arena *arena = arena_open(ARENA_BYTES);
	struct sha256 last = {{0}};
	uint64_t count = 0;
	buf_init(&bytes, limits_file_bytes(&recheck->limits) + 1);
	enum err err = stored_verdicts_open(recheck->store, wanted, &verdicts, &count, &error);
	if (!err && count == 0 && (wanted->mail || wanted->report_key))
		err = error_set(&error, ERR_NOTFOUND, "there is no verdict of it");
	while (!err && stored_verdicts_next(verdicts, &stored, &error)) {
		err = begin_mail(recheck, arena, &stored, &last, &error);
		if (!err)
			err = recheck_one(recheck, arena, &stored, &bytes, &error);
	}
	stored_verdicts_close(&verdicts);
	if (!err)
		err = error.code;
	if (!err)
		err = keep_what_was_found(recheck, &error);
	arena_close(&arena);
	buf_fini(&bytes);
	if (err)
		return cli_fail(err == ERR_NOTFOUND ? EX_NOINPUT : err == ERR_INVALID && recheck->flags->replay ?
			EX_DATAERR : err == ERR_TEMP ? EX_UNAVAILABLE : cli_status(&error), &error);
	cli_say(recheck->cli, "%llu verdicts repeated, %llu differ, %llu cannot be repeated",
		(unsigned long long)(recheck->done - recheck->gone - recheck->failed),
		(unsigned long long)recheck->differ, (unsigned long long)(recheck->gone + recheck->failed));
	if (recheck->flags->store)
		cli_say(recheck->cli, "kept what was found of %llu mails", (unsigned long long)recheck->kept);
	return EX_OK;
}

static int run(struct cli *cli, int argc, char **argv)
{
	int first;
	struct flags flags = {0};
	struct sha256 mail;
	struct stored_wanted wanted;
	struct recheck recheck = {.cli = cli, .flags = &flags};
	const struct cli_option options[] = {{"report", NULL, &flags.report}, {"mail", NULL, &flags.mail},
		{"since", NULL, &flags.since}, {"dns", NULL, &flags.dns}, {"dns-replay", NULL, &flags.replay},
		{"store", &flags.store, NULL}, {"json", &flags.json, NULL}, {NULL, NULL, NULL}};
	int status = cli_options(cli, argc, argv, options, &first);
	if (status == EX_OK)
		status = cli_operands(cli, argc - first, 0, 0);
	if (status == EX_OK)
		status = read_wanted(&flags, &mail, &wanted);
	if (status != EX_OK)
		return status;
	recheck.arena = arena_open(OPTIONS_BYTES);
	status = open_all(&recheck);
	if (status == EX_OK)
		status = all(&recheck, &wanted);
	close_all(&recheck);
	arena_close(&recheck.arena);
	return status;
}

const struct command cmd_recheck = {
	.name = "recheck",
	.arguments = "[--report KEY | --mail HASH] [--since DAY] [OPTIONS]",
	.summary = "repeat verdicts that were given, and explain what differs",
	.help = "From the same bytes, hints and time. Which verdicts:\n"
		"  --report KEY        on the mail of this report (report_key), or on its sample\n"
		"  --mail HASH         on this mail and the samples in it\n"
		"  --since DAY         given since this day (all of them if nothing is said)\n"
		"and from which answers of the DNS:\n"
		"  --dns stored        those that the verdict rests on (the default): the same program\n"
		"                      gives the same verdict to the letter\n"
		"  --dns now           what the DNS says today; what differs is explained\n"
		"  --dns-replay FILE   those in FILE, as of keys that are published no more\n"
		"  --store             keep what was found, with provenance and sums (not with --report)\n"
		"  --json              one JSON object a line\n"
		"\nexit status: 0 whatever differs, 65 a broken replay file (FILE:LINE), 66 nothing is known\n"
		"of this report or mail, 69 the database or the resolver does not answer\n"
		"\nexample: dmarcd recheck --since 2026-10-01 --dns now\n",
	.needs_config = true,
	.run = run,
};
