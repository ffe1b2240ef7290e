// SPDX-License-Identifier: Apache-2.0
#include "daemon/cmd.h"
#include "daemon/intake/parse_json.h"
#include "base/clock.h"
#include "ingest/source.h"
#include "pool/pool.h"

#include <stdlib.h>
#include <sysexits.h>

#define FLUSH_BYTES ((size_t)64 * 1024)
#define OUT_BYTES ((size_t)256 * 1024 * 1024)

static void flush_when_large(struct buf *out)
{
	if (out->len >= FLUSH_BYTES)
		cli_flush(out);
}

struct parse {
	struct cli *cli;
	struct pool *pool;
	struct spool *spool;
	struct buf out;
	bool summary;
	bool some_bad;
};

/* The JSON goes to stdout; a person reading the terminal is told beside it. */
static void reject(struct parse *parse, const struct taken *taken, enum reason reason, struct str detail)
{
	parse->some_bad = true;
	cli_say(parse->cli, "dmarcd: %.*s: %s: %s%s%.*s", STR_FMT(taken->source.file), reason_code(reason),
		reason_sentence(reason), detail.len > 0 ? ": " : "", STR_FMT(detail));
}

/* "file" is the argument as given, whichever mail of an mbox it is. */
static struct str argument_of(const struct taken *taken)
{
	return taken->mbox.ptr ? taken->mbox : taken->source.file;
}

static enum err parse_one(struct parse *parse, struct taken *taken, struct error *error)
{
	struct job_done done;
	struct job job = {
		.kind = JOB_PARSE,
		.fd = taken->fd,
		.bytes = taken->bytes,
		.now_epoch_secs = clock_epoch_secs(),
		.spool = parse->spool,
	};
	enum reason reason = REASON_FILE_TOO_LARGE;
	struct str detail = STR("");
	if (!taken->too_large) {
		spool_reset(parse->spool, &taken->sha256, &parse->cli->config->limits, job.now_epoch_secs);
		pool_run(parse->pool, &job, &done);
		if (done.end == JOB_UNAVAILABLE)
			return (*error = done.detail).code;
		if (done.end == JOB_DONE) {
			const struct mail_end *end = spool_mail_end(parse->spool);
			if (end->verdict == VERDICT_REJECTED)
				reject(parse, taken, end->reason, end->detail);
			parse_json(parse->spool, argument_of(taken), parse->summary, &parse->out, flush_when_large);
			return ERR_OK;
		}
		reason = job_end_reason(done.end);
		detail = str_from(done.detail.text);
	}
	reject(parse, taken, reason, detail);
	parse_json_reason("rejected", argument_of(taken), reason, detail, &parse->out);
	return ERR_OK;
}

static int parse_all(struct parse *parse, struct source *source)
{
	struct taken *taken;
	struct error error = {0};
	enum err err = ERR_OK;
	source_rewind(source);
	while (!err && (err = source_next(source, &taken, &error)) == ERR_OK && taken) {
		err = parse_one(parse, taken, &error);
		taken_free(&taken);
	}
	cli_flush(&parse->out);
	if (!err)
		err = source_trouble(source, &error);
	if (err)
		return cli_fail(cli_status(&error), &error);
	return parse->some_bad ? EX_DATAERR : EX_OK;
}

static int with_pool(struct parse *parse, struct source *source)
{
	struct error error = {0};
	struct limits limits = parse->cli->config->limits;
	limits.workers = 1;
	const struct pool_options options = {
		.limits = &limits,
		.require_confinement = parse->cli->config->require_confinement,
	};
	if (pool_open(&options, &parse->pool, &error) != ERR_OK)
		return cli_fail(error.code == ERR_DENIED ? EX_NOPERM : error.code == ERR_NOTFOUND ? EX_OSFILE :
			EX_OSERR, &error);
	if (!pool_confined(parse->pool))
		cli_say(parse->cli, "dmarcd: warning: the worker is not fully confined here: %s",
			pool_confinement(parse->pool));
	int status = parse_all(parse, source);
	pool_close(&parse->pool);
	return status;
}

static int run(struct cli *cli, int argc, char **argv)
{
	int first;
	bool json = false;
	struct parse parse = {.cli = cli};
	struct error error = {0};
	struct source *source = NULL;
	const char *temporary = getenv("TMPDIR");
	const struct cli_option options[] = {{"summary", &parse.summary, NULL}, {"json", &json, NULL},
		{NULL, NULL, NULL}};
	int status = cli_options(cli, argc, argv, options, &first);
	if (status == EX_OK)
		status = cli_operands(cli, argc - first, 1, 1 << 30);
	if (status != EX_OK)
		return status;
	const struct ingest_options reading = {
		.limits = &cli->config->limits,
		.paths = (const char *const *)argv + first,
		.paths_count = (size_t)(argc - first),
		.once = true,
		.all = true,
		.in_place = true,
	};
	if (!temporary || !temporary[0])
		temporary = "/tmp";
	struct load *load = load_open(limits_file_bytes(&cli->config->limits), temporary);
	parse.spool = spool_open(SPOOL_MEMORY_BYTES, temporary);
	if (parse.summary)
		spool_without_records(parse.spool);
	buf_init(&parse.out, OUT_BYTES);
	if (source_open(&reading, load, &source, &error) == ERR_OK)
		status = with_pool(&parse, source);
	else
		status = cli_fail(cli_status(&error), &error);
	source_close(&source);
	spool_close(&parse.spool);
	load_close(&load);
	buf_fini(&parse.out);
	return status;
}

const struct command cmd_parse = {
	.name = "parse",
	.arguments = "[--summary] FILE...",
	.summary = "show what reports say, without a database",
	.help = "Runs the confined worker on each FILE (mail, mbox, .xml, .json, .zip, .gz, folder,\n"
		"Maildir, or \"-\" for stdin) and prints one JSON object a line for each report.\n"
		"  --summary    leave the rows out\n"
		"  --json       the same; it is JSON in any case\n"
		"\nexit status: 0, 65 when an input cannot be read as a report, 66 when a FILE cannot\n"
		"be opened\n"
		"\nexample: dmarcd parse google.com!example.com!1700000000!1700086399.zip\n",
	.needs_config = true,
	.run = run,
};
