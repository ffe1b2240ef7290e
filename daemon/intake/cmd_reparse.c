// SPDX-License-Identifier: Apache-2.0
#include "daemon/again.h"
#include "ingest/progress.h"
#include "model/json.h"
#include "pool/gzip.h"
#include "store/merge.h"
#include "store/query.h"
#include "store/reparse.h"

#include <sysexits.h>

#define OUT_BYTES ((size_t)64 * 1024)

struct totals {
	wide reports, records, messages, issues;
};

static enum err read_totals(struct store *store, struct totals *totals_r, struct error *error)
{
	struct rows *rows = NULL;
	enum err err = query_open(store, "SELECT (SELECT count(*) FROM dmarcd_api.report) AS reports, "
		"(SELECT coalesce(sum(issues), 0) FROM dmarcd_api.report) AS issues, "
		"coalesce(sum(records), 0) AS records, coalesce(sum(messages), 0) AS messages FROM dmarcd_api.daily",
		NULL, 0, false, &rows, error);
	if (!err && query_next(rows))
		*totals_r = (struct totals){
			.reports = wide_parse(query_get(rows, "reports")),
			.records = wide_parse(query_get(rows, "records")),
			.messages = wide_parse(query_get(rows, "messages")),
			.issues = wide_parse(query_get(rows, "issues")),
		};
	query_close(&rows);
	return err;
}

struct run {
	struct again again;
	struct progress progress;
	uint64_t mails, failed;
};

static enum err read_one(struct run *run, const struct original *original, struct error *error)
{
	struct buf bytes;
	struct put_mail put;
	enum err err = ERR_OK;
	buf_init(&bytes, limits_file_bytes(&run->again.cli->config->limits) + OUT_BYTES);
	if (gzip_unpack(original->packed, &bytes)) {
		err = again_mail(&run->again, buf_str(&bytes), "", true, &put, error);
		run->failed += !err && put.outcome != OUTCOME_STORED && put.outcome != OUTCOME_DUPLICATE;
	} else {
		run->failed++;
	}
	buf_fini(&bytes);
	run->mails++;
	progress_add(&run->progress, 1, 0);
	return err;
}

static void print_difference(const struct run *run, const struct totals *before, const struct totals *after,
	bool json)
{
	struct buf out;
	struct json writer;
	const struct {
		const char *name;
		wide before, after;
	} lines[] = {{"reports", before->reports, after->reports}, {"records", before->records, after->records},
		{"messages", before->messages, after->messages}, {"issues", before->issues, after->issues}};
	char before_text[WIDE_TEXT_BYTES], after_text[WIDE_TEXT_BYTES];
	buf_init(&out, OUT_BYTES);
	json_init(&writer, &out);
	if (json) {
		json_object(&writer);
		json_key_value_u64(&writer, "mails", run->mails);
		json_key_value_u64(&writer, "unreadable", run->failed);
	} else {
		buf_printf(&out, "%llu mails read again, %llu of them give no report any more\n",
			(unsigned long long)run->mails, (unsigned long long)run->failed);
	}
	for (size_t i = 0; i < 4; i++) {
		if (json) {
			json_key(&writer, lines[i].name);
			json_object(&writer);
			json_key(&writer, "before");
			json_verbatim(&writer, str_from(wide_text(lines[i].before, before_text)));
			json_key(&writer, "after");
			json_verbatim(&writer, str_from(wide_text(lines[i].after, after_text)));
			json_object_end(&writer);
		} else {
			bool less = lines[i].after < lines[i].before;
			wide change = less ? lines[i].before - lines[i].after : lines[i].after - lines[i].before;
			buf_printf(&out, "  %-10s %12s -> %12s", lines[i].name,
				wide_text(lines[i].before, before_text), wide_text(lines[i].after, after_text));
			buf_printf(&out, "  (%c%s)\n", less ? '-' : '+', wide_text(change, before_text));
		}
	}
	if (json) {
		json_object_end(&writer);
		buf_add_char(&out, '\n');
	}
	cli_flush(&out);
	buf_fini(&out);
}

static int reparse(struct run *run, const struct sha256 *sum, bool json)
{
	struct error error = {0};
	struct originals *originals = NULL;
	struct original original;
	struct totals before = {0}, after = {0};
	uint64_t count = 0;
	enum err err = read_totals(run->again.store, &before, &error);
	if (!err)
		err = originals_open(run->again.store, sum, &originals, &count, &error);
	if (!err && sum && count == 0)
		err = error_set(&error, ERR_NOTFOUND, "no original of this mail is kept");
	progress_begin(&run->progress, !run->again.cli->quiet, count, 0);
	while (!err && originals_next(originals, &original, &error))
		err = read_one(run, &original, &error);
	progress_end(&run->progress);
	originals_close(&originals);
	if (!err && error.code)
		err = error.code;
	if (!err)
		err = merge_sources(run->again.store, 1, &error);
	if (!err)
		err = read_totals(run->again.store, &after, &error);
	if (err)
		return cli_fail(cli_status(&error), &error);
	print_difference(run, &before, &after, json);
	return run->failed > 0 ? EX_DATAERR : EX_OK;
}

static int run(struct cli *cli, int argc, char **argv)
{
	int first;
	bool json = false;
	struct sha256 sum;
	struct run state = {0};
	const struct cli_option options[] = {{"json", &json, NULL}, {NULL, NULL, NULL}};
	int status = cli_options(cli, argc, argv, options, &first);
	if (status == EX_OK)
		status = cli_operands(cli, argc - first, 0, 1);
	if (status != EX_OK)
		return status;
	bool one = argc > first;
	if (one && !sha256_parse(str_from(argv[first]), &sum))
		return cli_failf(EX_USAGE, "\"%s\" is no SHA-256 of 64 hex digits", argv[first]);
	status = again_open(cli, &state.again);
	if (status != EX_OK)
		return status;
	status = reparse(&state, one ? &sum : NULL, json);
	again_close(&state.again);
	return status;
}

const struct command cmd_reparse = {
	.name = "reparse",
	.arguments = "[--json] [HASH]",
	.summary = "read the stored originals again and show the difference",
	.help = "After an upgrade of the parser: every mail whose original is kept is read again and\n"
		"what the database has of it is replaced, sums included. One that gives no report any\n"
		"more goes to the quarantine, and the exit status is 65.\n"
		"  --json    the difference as one JSON object\n"
		"\nexample: dmarcd reparse\n",
	.needs_config = true,
	.run = run,
};
