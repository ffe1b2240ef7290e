// SPDX-License-Identifier: Apache-2.0
#include "daemon/cmd.h"
#include "base/clock.h"
#include "model/digest.h"
#include "model/json.h"
#include "store/query.h"

#include <fcntl.h>
#include <sysexits.h>
#include <unistd.h>

#define OUT_BYTES ((size_t)64 * 1024 * 1024)

static const char select_mails[] =
	"SELECT m.*, coalesce((SELECT json_agg(json_build_object('report_key', r.report_key, 'kind', r.kind, "
	"'org_name', r.org_name, 'report_id', r.report_id, 'policy_domain', r.policy_domain, 'messages', r.messages, "
	"'conflict', r.conflict) ORDER BY r.report_no) FROM dmarcd_api.report r WHERE r.mail_sha256 = m.sha256), "
	"'[]'::json) AS reports "
	"FROM dmarcd_api.mail m WHERE ($1::text IS NULL OR m.outcome = $1) "
	"AND ($2::date IS NULL OR m.taken_at >= $2::date) "
	"AND ($3::text IS NULL OR m.sha256 LIKE $3 || '%') "
	"AND ($4::text IS NULL OR '/' || $4 IN (right('/' || m.file, length($4) + 1), "
	"right('/' || regexp_replace(m.file, ':[0-9]+$', ''), length($4) + 1))) " /* an mbox's mails: FILE:OFFSET */
	"ORDER BY m.taken_at, m.sha256";

static void write_json(const struct rows *rows, struct buf *out)
{
	static const char *const texts[] = {"sha256", "file", "outcome", "code", "reason"};
	struct json json;
	json_init(&json, out);
	json_object(&json);
	for (size_t i = 0; i < 5; i++)
		json_key_value_str(&json, texts[i], query_get(rows, texts[i]));
	json_key_value_u64(&json, "issues", (uint64_t)query_get_i64(rows, "issues"));
	json_key_value_u64(&json, "copies", (uint64_t)query_get_i64(rows, "copies"));
	json_key_value_str(&json, "taken_at", query_get(rows, "taken_at"));
	json_key(&json, "reports");
	json_verbatim(&json, query_get(rows, "reports"));
	json_object_end(&json);
	buf_add_char(out, '\n');
}

static void write_text(const struct rows *rows, struct buf *out)
{
	struct str hash = str_sub(query_get(rows, "sha256"), 0, 12), code = query_get(rows, "code");
	struct str outcome = query_get(rows, "outcome"), file = query_get(rows, "file");
	buf_printf(out, "%.*s  %-12.*s  %.*s", STR_FMT(hash), STR_FMT(outcome), STR_FMT(file));
	if (code.len > 0)
		buf_printf(out, "  %.*s: %.*s", STR_FMT(code), STR_FMT(query_get(rows, "reason")));
	buf_add_char(out, '\n');
}

/* The mails of a file that lies here are those of its bytes. */
static bool hash_of_file(const char *path, char hex[SHA256_HEX_BYTES])
{
	char piece[65536];
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return false;
	struct digest *digest = digest_open();
	while ((got = read(fd, piece, sizeof(piece))) > 0)
		digest_add(digest, piece, (size_t)got);
	struct sha256 sum = digest_take(digest);
	digest_close(&digest);
	(void)close(fd);
	(void)sha256_hex(&sum, hex);
	return got == 0;
}

struct filter {
	const char *outcome, *since;
	bool json;
};

static enum err list(struct store *store, const struct filter *filter, struct str hash, struct str file,
	uint64_t *found, struct error *error)
{
	struct rows *rows = NULL;
	struct buf out;
	const struct str params[] = {str_from(filter->outcome), str_from(filter->since), hash, file};
	enum err err = query_open(store, select_mails, params, 4, true, &rows, error);
	buf_init(&out, OUT_BYTES);
	while (!err && query_next(rows)) {
		++*found;
		if (filter->json)
			write_json(rows, &out);
		else
			write_text(rows, &out);
		if (filter->json) {
			cli_flush(&out);
		} else {
			cli_print(buf_str(&out));
			buf_reset(&out);
		}
	}
	if (!err && query_failed(rows, error))
		err = error->code;
	query_close(&rows);
	buf_fini(&out);
	return err;
}

static int list_all(const struct cli *cli, struct store *store, const struct filter *filter, int count, char **names)
{
	struct error error = {0};
	uint64_t found = 0;
	enum err err = count == 0 ? list(store, filter, STR_NONE, STR_NONE, &found, &error) : ERR_OK;
	int status = EX_OK;
	for (int i = 0; i < count && !err; i++) {
		char hex[SHA256_HEX_BYTES];
		struct str name = str_from(names[i]);
		uint64_t before = found;
		if (hash_of_file(names[i], hex))
			err = list(store, filter, str_from(hex), STR_NONE, &found, &error);
		else if (cmd_hash(names[i], hex))
			err = list(store, filter, str_from(hex), STR_NONE, &found, &error);
		if (!err && found == before)
			err = list(store, filter, STR_NONE, name, &found, &error);
		if (!err && found == before)
			status = cli_failf(EX_NOINPUT, "no mail %s is known", names[i]);
	}
	(void)cli;
	return err ? cli_fail(err == ERR_INVALID ? EX_USAGE : cli_status(&error), &error) : status;
}

static int run(struct cli *cli, int argc, char **argv)
{
	int first;
	struct filter filter = {0};
	struct cmd_reader reader;
	struct day day;
	const struct cli_option options[] = {{"json", &filter.json, NULL}, {"outcome", NULL, &filter.outcome},
		{"since", NULL, &filter.since}, {NULL, NULL, NULL}};
	int status = cli_options(cli, argc, argv, options, &first);
	if (status != EX_OK)
		return status;
	if (filter.since && !day_parse(str_from(filter.since), &day))
		return cli_failf(EX_USAGE, "--since takes a day, YYYY-MM-DD");
	if (filter.outcome && !str_eq(str_from(filter.outcome), STR("stored")) &&
		!str_eq(str_from(filter.outcome), STR("duplicate")) &&
		!str_eq(str_from(filter.outcome), STR("not_a_report")) &&
		!str_eq(str_from(filter.outcome), STR("quarantined")))
		return cli_failf(EX_USAGE, "--outcome takes stored, duplicate, not_a_report or quarantined");
	status = cmd_reader_open(cli, &reader);
	if (status != EX_OK)
		return status;
	status = list_all(cli, reader.store, &filter, argc - first, argv + first);
	cmd_reader_close(&reader);
	return status;
}

const struct command cmd_mails = {
	.name = "mails",
	.arguments = "[--outcome O] [--since DAY] [--json] [HASH|FILE...]",
	.summary = "what became of each mail",
	.help = "One line a mail: hash, outcome, file, and why when there is a reason.\n"
		"  --outcome O    stored, duplicate, not_a_report or quarantined\n"
		"  --since DAY    taken in on this UTC day or later\n"
		"  --json         one JSON object a line, with the mail's reports\n"
		"A HASH may be cut to its first digits (6 or more); a FILE is known by its bytes or\n"
		"its name.\n"
		"\nexample: dmarcd mails --outcome quarantined\n",
	.needs_config = true,
	.run = run,
};
