// SPDX-License-Identifier: Apache-2.0
#include "daemon/cmd.h"
#include "base/notice.h"
#include "base/wide.h"
#include "daemon/confinement.h"
#include "ingest/ingest.h"
#include "model/json.h"
#include "store/migrate.h"
#include "store/query.h"

#include <inttypes.h>
#include <string.h>
#include <sysexits.h>

#define OUT_BYTES ((size_t)64 * 1024 * 1024)

static const char select_totals[] =
	"SELECT b.*, t.aggregate, t.failure, t.tlsrpt, t.conflicts, d.records, d.messages, d.messages_dmarc_pass, "
	"d.first_day, d.last_day, dmarcd_api.schema_version() AS schema_version, "
	"current_setting('server_version') AS server_version "
	"FROM dmarcd_api.balance b, "
	"(SELECT count(*) FILTER (WHERE kind = 'aggregate' AND NOT conflict) AS aggregate, "
	"count(*) FILTER (WHERE kind = 'failure' AND NOT conflict) AS failure, "
	"count(*) FILTER (WHERE kind = 'tlsrpt' AND NOT conflict) AS tlsrpt, "
	"count(*) FILTER (WHERE conflict) AS conflicts FROM dmarcd_api.report) t, "
	"(SELECT coalesce(sum(records), 0) AS records, coalesce(sum(messages), 0) AS messages, "
	"coalesce(sum(messages) FILTER (WHERE dmarc_pass), 0) AS messages_dmarc_pass, "
	"min(day)::text AS first_day, max(day)::text AS last_day FROM dmarcd_api.daily) d";

static const char select_domains[] =
	"SELECT policy_domain, sum(messages) AS messages, coalesce(sum(messages) FILTER (WHERE dmarc_pass), 0) "
	"AS dmarc_pass FROM dmarcd_api.daily GROUP BY policy_domain ORDER BY policy_domain";

static void number(struct json *json, const struct rows *rows, const char *column)
{
	json_key(json, column);
	json_verbatim(json, query_get(rows, column));
}

static void write_totals(struct json *json, const struct rows *rows)
{
	static const char *const balance[] = {"mails", "stored", "duplicate", "not_a_report", "quarantined"};
	static const char *const kinds[] = {"aggregate", "failure", "tlsrpt"};
	json_key(json, "balance");
	json_object(json);
	for (size_t i = 0; i < 5; i++)
		number(json, rows, balance[i]);
	json_object_end(json);
	json_key(json, "reports");
	json_object(json);
	for (size_t i = 0; i < 3; i++)
		number(json, rows, kinds[i]);
	json_object_end(json);
	number(json, rows, "conflicts");
	number(json, rows, "records");
	number(json, rows, "messages");
	number(json, rows, "messages_dmarc_pass");
	json_key_value_str(json, "first_day", query_get(rows, "first_day"));
	json_key_value_str(json, "last_day", query_get(rows, "last_day"));
	json_key_value_cstr(json, "version", DMARCD_VERSION);
	number(json, rows, "schema_version");
	json_key_value_str(json, "server_version", query_get(rows, "server_version"));
}

/* What a daemon on this machine has said; absent: nothing. */
static struct str intake_pauses(const struct cli *cli, char text[NOTICE_BYTES])
{
	struct arena *arena = arena_open(NOTICE_BYTES * 16);
	bool told = notice_read(arena_printf(arena, "%s/" INGEST_NOTICE, cli->config->state_dir), text);
	arena_close(&arena);
	return told ? str_from(text) : STR_NONE;
}

static void write_json(const struct cli *cli, const struct confinement *confinement, struct rows *totals,
	struct rows *domains, struct buf *out)
{
	struct json json;
	char notice[NOTICE_BYTES];
	json_init(&json, out);
	json_object(&json);
	write_totals(&json, totals);
	json_key_value_cstr(&json, "confinement", confinement->text);
	json_key_value_bool(&json, "confined", confinement->complete);
	json_key_value_str(&json, "intake_pauses", intake_pauses(cli, notice));
	json_key(&json, "domains");
	json_object(&json);
	while (query_next(domains)) {
		json_key_str(&json, query_get(domains, "policy_domain"));
		json_object(&json);
		number(&json, domains, "messages");
		number(&json, domains, "dmarc_pass");
		json_object_end(&json);
	}
	json_object_end(&json);
	json_object_end(&json);
	buf_add_char(out, '\n');
}

static void line(struct buf *out, const char *label, const struct rows *rows, const char *column)
{
	char text[WIDE_GROUPED_BYTES];
	buf_printf(out, "  %-16s %15s\n", label, wide_grouped(wide_parse(query_get(rows, column)), text));
}

static void write_text(const struct cli *cli, const struct confinement *confinement, struct rows *totals,
	struct rows *domains, struct buf *out)
{
	char text[WIDE_GROUPED_BYTES], notice[NOTICE_BYTES];
	buf_printf(out, "mails taken in\n");
	line(out, "stored", totals, "stored");
	line(out, "duplicate", totals, "duplicate");
	line(out, "not a report", totals, "not_a_report");
	line(out, "quarantined", totals, "quarantined");
	line(out, "together", totals, "mails");
	buf_printf(out, "reports\n");
	line(out, "aggregate", totals, "aggregate");
	line(out, "failure", totals, "failure");
	line(out, "TLS", totals, "tlsrpt");
	line(out, "in conflict", totals, "conflicts");
	buf_printf(out, "messages\n");
	line(out, "reported", totals, "messages");
	line(out, "DMARC pass", totals, "messages_dmarc_pass");
	while (query_next(domains)) {
		wide all = wide_parse(query_get(domains, "messages"));
		wide pass = wide_parse(query_get(domains, "dmarc_pass"));
		struct str name = query_get(domains, "policy_domain");
		buf_printf(out, "  %-32.*s %15s  %5.1f %% pass\n", STR_FMT(name), wide_grouped(all, text),
			all ? 100.0 * (double)pass / (double)all : 0.0);
	}
	if (query_get(totals, "first_day").ptr)
		buf_printf(out, "days %.*s to %.*s\n", STR_FMT(query_get(totals, "first_day")),
			STR_FMT(query_get(totals, "last_day")));
	struct str pauses = intake_pauses(cli, notice);
	if (pauses.ptr)
		buf_printf(out, "intake pauses: %.*s\n", STR_FMT(pauses));
	buf_printf(out, "worker, tried now: %s%s\n", confinement->complete ? "confined by " : "not fully confined: ",
		confinement->text);
	buf_printf(out, "dmarcd %s, schema %.*s, PostgreSQL %.*s, state in %s\n", DMARCD_VERSION,
		STR_FMT(query_get(totals, "schema_version")), STR_FMT(query_get(totals, "server_version")),
		cli->config->state_dir);
}

static int report(const struct cli *cli, struct store *store, bool json)
{
	struct error error = {0};
	struct rows *totals = NULL, *domains = NULL;
	struct buf out;
	struct confinement confinement;
	enum err err = query_open(store, select_totals, NULL, 0, false, &totals, &error);
	if (!err)
		err = query_open(store, select_domains, NULL, 0, false, &domains, &error);
	if (!err && query_next(totals)) {
		buf_init(&out, OUT_BYTES);
		confinement_try(&confinement);
		if (json)
			write_json(cli, &confinement, totals, domains, &out);
		else
			write_text(cli, &confinement, totals, domains, &out);
		if (json)
			cli_flush(&out);
		else
			cli_print(buf_str(&out));
		buf_fini(&out);
	}
	query_close(&totals);
	query_close(&domains);
	return err ? cli_fail(cli_status(&error), &error) : EX_OK;
}

static int run(struct cli *cli, int argc, char **argv)
{
	int first;
	bool json = false;
	struct cmd_reader reader;
	const struct cli_option options[] = {{"json", &json, NULL}, {NULL, NULL, NULL}};
	int status = cli_options(cli, argc, argv, options, &first);
	if (status == EX_OK)
		status = cli_operands(cli, argc - first, 0, 0);
	if (status == EX_OK)
		status = cmd_reader_open(cli, &reader);
	if (status != EX_OK)
		return status;
	status = report(cli, reader.store, json);
	cmd_reader_close(&reader);
	return status;
}

const struct command cmd_status = {
	.name = "status",
	.arguments = "[--json]",
	.summary = "totals, balance, confinement and versions",
	.help = "Every mail taken in has exactly one outcome; the four add up.\n"
		"The worker's confinement is tried out at this moment, in the surroundings of this\n"
		"command; what the daemon's own workers have is in its log.\n"
		"  --json    one JSON object\n"
		"\nexample: dmarcd status --json\n",
	.needs_config = true,
	.run = run,
};
