// SPDX-License-Identifier: Apache-2.0
#include "daemon/cmd.h"
#include "base/notice.h"
#include "base/wide.h"
#include "daemon/confinement.h"
#include "daemon/verify/status_verdicts.h"
#include "ingest/ingest.h"
#include "model/json.h"
#include "store/migrate.h"
#include "store/query.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#define OUT_BYTES ((size_t)64 * 1024 * 1024)
#define ARENA_BYTES ((size_t)64 * 1024)

/* Messages each in three ways: those that count, all, and those of reports that are to be trusted.
 * $1: whether all states count. */
#define COUNTED "(counts OR trusted)"
#define THREE_WAYS(name, sum) \
	"coalesce(sum(" sum ") FILTER (WHERE " COUNTED "), 0) AS " name ", coalesce(sum(" sum "), 0) AS " name \
	"_all, " \
	"coalesce(sum(" sum ") FILTER (WHERE trusted), 0) AS " name "_trusted"
#define WEIGHED(view) "(SELECT *, $1::boolean AS counts, provenance IN ('verified', 'plausible', 'local') AS trusted " \
	"FROM dmarcd_api." view ") w"
#define PASSING "CASE WHEN dmarc_pass THEN messages END"

static const char select_totals[] =
	"SELECT b.*, t.aggregate, t.failure, t.tlsrpt, t.conflicts, d.*, dmarcd_api.schema_version() AS "
	"schema_version, "
	"current_setting('server_version') AS server_version "
	"FROM dmarcd_api.balance b, "
	"(SELECT count(*) FILTER (WHERE kind = 'aggregate' AND NOT conflict) AS aggregate, "
	"count(*) FILTER (WHERE kind = 'failure' AND NOT conflict) AS failure, "
	"count(*) FILTER (WHERE kind = 'tlsrpt' AND NOT conflict) AS tlsrpt, "
	"count(*) FILTER (WHERE conflict) AS conflicts FROM dmarcd_api.report) t, "
	"(SELECT coalesce(sum(records) FILTER (WHERE " COUNTED "), 0) AS records, " THREE_WAYS("messages",
	"messages") ", "
	THREE_WAYS("messages_dmarc_pass", PASSING) ", "
	"min(day)::text AS first_day, max(day)::text AS last_day FROM " WEIGHED("daily") ") d";

static const char select_domains[] =
	"SELECT policy_domain, " THREE_WAYS("messages", "messages") ", " THREE_WAYS("dmarc_pass", PASSING) " FROM "
	WEIGHED("daily") " GROUP BY policy_domain ORDER BY policy_domain";

/* Reports in conflict have a state too, and no messages. */
static const char select_provenance[] =
	"SELECT s.state, (SELECT count(*) FROM dmarcd_api.report r WHERE r.provenance = s.state) AS reports, "
	"(SELECT coalesce(sum(messages), 0) FROM dmarcd_api.daily d WHERE d.provenance = s.state) AS messages, "
	"s.no <= 3 OR $1::boolean AS counted FROM "
	"unnest('{verified,plausible,local,unverified,contradicted,pending}'::text[]) "
	"WITH ORDINALITY AS s (state, no) ORDER BY s.no";

struct answers {
	struct rows *totals, *domains, *provenance;
	struct status_verdicts *verdicts;
};

static void number(struct json *json, const struct rows *rows, const char *column)
{
	json_key(json, column);
	json_verbatim(json, query_get(rows, column));
}

static void write_totals(struct json *json, const struct rows *rows)
{
	static const char *const balance[] = {"mails", "stored", "duplicate", "not_a_report", "quarantined"};
	static const char *const kinds[] = {"aggregate", "failure", "tlsrpt"};
	static const char *const messages[] = {"messages", "messages_all", "messages_trusted", "messages_dmarc_pass",
		"messages_dmarc_pass_all", "messages_dmarc_pass_trusted"};
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
	for (size_t i = 0; i < 6; i++)
		number(json, rows, messages[i]);
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

/* ending "": what counts; "_all", "_trusted": the same with and without what is not proved. */
static void write_domains(struct json *json, struct rows *domains, const char *ending)
{
	static const char *const numbers[] = {"messages", "dmarc_pass"};
	char name[64];
	(void)snprintf(name, sizeof(name), "domains%s", ending);
	json_key(json, name);
	json_object(json);
	query_rewind(domains);
	while (query_next(domains)) {
		json_key_str(json, query_get(domains, "policy_domain"));
		json_object(json);
		for (size_t i = 0; i < 2; i++) {
			(void)snprintf(name, sizeof(name), "%s%s", numbers[i], ending);
			json_key(json, numbers[i]);
			json_verbatim(json, query_get(domains, name));
		}
		json_object_end(json);
	}
	json_object_end(json);
}

static void write_provenance(struct json *json, struct rows *states)
{
	json_key(json, "provenance");
	json_object(json);
	while (query_next(states)) {
		json_key_str(json, query_get(states, "state"));
		json_object(json);
		number(json, states, "reports");
		number(json, states, "messages");
		json_key_value_bool(json, "counted", query_get_bool(states, "counted"));
		json_object_end(json);
	}
	json_object_end(json);
}

static void write_json(const struct cli *cli, const struct confinement *confinement, const struct answers *answers,
	struct buf *out)
{
	struct json json;
	char notice[NOTICE_BYTES];
	json_init(&json, out);
	json_object(&json);
	write_totals(&json, answers->totals);
	json_key_value_cstr(&json, "confinement", confinement->text);
	json_key_value_bool(&json, "confined", confinement->complete);
	json_key_value_str(&json, "intake_pauses", intake_pauses(cli, notice));
	json_key_value_cstr(&json, "count_unverified", cli->config->later.count_unverified);
	write_provenance(&json, answers->provenance);
	status_verdicts_json(&json, answers->verdicts);
	write_domains(&json, answers->domains, "");
	write_domains(&json, answers->domains, "_all");
	write_domains(&json, answers->domains, "_trusted");
	json_object_end(&json);
	buf_add_char(out, '\n');
}

static void line(struct buf *out, const char *label, const struct rows *rows, const char *column)
{
	char text[WIDE_GROUPED_BYTES];
	buf_printf(out, "  %-16s %15s\n", label, wide_grouped(wide_parse(query_get(rows, column)), text));
}

/* With and without what is not proved. */
static void line_of_messages(struct buf *out, const char *label, const struct rows *rows, const char *column)
{
	static const char *const endings[] = {"", "_all", "_trusted"};
	char name[64], text[3][WIDE_GROUPED_BYTES];
	const char *grouped[3];
	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(name, sizeof(name), "%s%s", column, endings[i]);
		grouped[i] = wide_grouped(wide_parse(query_get(rows, name)), text[i]);
	}
	buf_printf(out, "  %-16s %15s  all %s, trusted %s\n", label, grouped[0], grouped[1], grouped[2]);
}

static void write_states(const struct cli *cli, struct rows *states, struct buf *out)
{
	char text[2][WIDE_GROUPED_BYTES];
	buf_printf(out, "reports by provenance (count_unverified: %s)\n", cli->config->later.count_unverified);
	while (query_next(states)) {
		if (query_get_i64(states, "reports") == 0 && query_get_i64(states, "messages") == 0)
			continue;
		buf_printf(out, "  %-16.*s %15s  %s messages%s\n", STR_FMT(query_get(states, "state")),
			wide_grouped(wide_parse(query_get(states, "reports")), text[0]),
			wide_grouped(wide_parse(query_get(states, "messages")), text[1]),
			query_get_bool(states, "counted") ? "" : ", not counted");
	}
}

static void write_text(const struct cli *cli, const struct confinement *confinement, const struct answers *answers,
	struct buf *out)
{
	char text[WIDE_GROUPED_BYTES], trusted[WIDE_GROUPED_BYTES], notice[NOTICE_BYTES];
	struct rows *totals = answers->totals, *domains = answers->domains;
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
	line_of_messages(out, "counted", totals, "messages");
	line_of_messages(out, "DMARC pass", totals, "messages_dmarc_pass");
	while (query_next(domains)) {
		wide all = wide_parse(query_get(domains, "messages"));
		wide pass = wide_parse(query_get(domains, "dmarc_pass"));
		struct str name = query_get(domains, "policy_domain");
		buf_printf(out, "  %-32.*s %15s  %5.1f %% pass, trusted %s\n", STR_FMT(name), wide_grouped(all, text),
			all ? 100.0 * (double)pass / (double)all : 0.0,
			wide_grouped(wide_parse(query_get(domains, "messages_trusted")), trusted));
	}
	write_states(cli, answers->provenance, out);
	if (query_get(totals, "first_day").ptr)
		buf_printf(out, "days %.*s to %.*s\n", STR_FMT(query_get(totals, "first_day")),
			STR_FMT(query_get(totals, "last_day")));
	status_verdicts_text(out, answers->verdicts);
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
	struct answers answers = {0};
	struct buf out;
	struct confinement confinement;
	struct arena *arena = arena_open(ARENA_BYTES);
	const struct str all = strcmp(cli->config->later.count_unverified, "no") == 0 ? STR("no") : STR("yes");
	enum err err = query_open(store, select_totals, &all, 1, false, &answers.totals, &error);
	if (!err)
		err = query_open(store, select_domains, &all, 1, false, &answers.domains, &error);
	if (!err)
		err = query_open(store, select_provenance, &all, 1, false, &answers.provenance, &error);
	if (!err)
		err = status_verdicts_read(cli, store, arena, &answers.verdicts, &error);
	if (!err && query_next(answers.totals)) {
		buf_init(&out, OUT_BYTES);
		confinement_try(&confinement);
		if (json)
			write_json(cli, &confinement, &answers, &out);
		else
			write_text(cli, &confinement, &answers, &out);
		if (json)
			cli_flush(&out);
		else
			cli_print(buf_str(&out));
		buf_fini(&out);
	}
	query_close(&answers.totals);
	query_close(&answers.domains);
	query_close(&answers.provenance);
	arena_close(&arena);
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
