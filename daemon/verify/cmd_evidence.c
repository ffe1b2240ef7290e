// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "daemon/cmd.h"

#include <sysexits.h>

static const char select_evidence[] = "SELECT * FROM dmarcd_api.evidence WHERE ($1::text IS NULL OR mta = $1) "
	"AND ($2::text IS NULL OR domain = lower($2)) AND ($3::date IS NULL OR day >= $3::date) "
	"ORDER BY day, mta, domain";

static void write_text(const struct rows *rows, struct buf *out)
{
	struct str mta = query_get(rows, "mta"), domain = query_get(rows, "domain");
	long long samples = query_get_i64(rows, "samples"), unconfirmed = query_get_i64(rows, "unconfirmed");
	long long differs = query_get_i64(rows, "authres_differs"), agrees = query_get_i64(rows, "authres_agrees");
	buf_printf(out, "%.*s  %.*s as %.*s: %lld sample%s, aligned SPF %lld, DKIM %lld, DMARC pass %lld",
		STR_FMT(query_get(rows, "day")), STR_FMT(mta.len > 0 ? mta : STR("no MTA of ours")),
		STR_FMT(domain.len > 0 ? domain : STR("nobody")), samples, CMD_PLURAL(samples),
		(long long)query_get_i64(rows, "spf_aligned"), (long long)query_get_i64(rows, "dkim_aligned"),
		(long long)query_get_i64(rows, "dmarc_pass"));
	if (agrees + differs > 0)
		buf_printf(out, "; receiving host agrees %lld, differs %lld", agrees, differs);
	if (mta.len > 0 && unconfirmed > 0)
		buf_printf(out, "; %lld known by name only", unconfirmed);
	buf_printf(out, "; last spf=%.*s dkim=%.*s dmarc=%.*s arc=%.*s %.*s", STR_FMT(query_get(rows, "last_spf")),
		STR_FMT(query_get(rows, "last_dkim")), STR_FMT(query_get(rows, "last_dmarc")),
		STR_FMT(query_get(rows, "last_arc")), STR_FMT(str_sub(query_get(rows, "last_sha256"), 0, 12)));
}

static int run(struct cli *cli, int argc, char **argv)
{
	int first;
	struct day day;
	const char *mta = NULL, *domain = NULL, *since = NULL;
	bool json = false;
	const struct cli_option options[] = {{"mta", NULL, &mta}, {"domain", NULL, &domain}, {"since", NULL, &since},
		{"json", &json, NULL}, {NULL, NULL, NULL}};
	int status = cli_options(cli, argc, argv, options, &first);
	if (status == EX_OK)
		status = cli_operands(cli, argc - first, 0, 0);
	if (status != EX_OK)
		return status;
	if (since && !day_parse(str_from(since), &day))
		return cli_failf(EX_USAGE, "--since takes a day, YYYY-MM-DD");
	const struct str params[] = {str_from(mta), str_from(domain), str_from(since)};
	return cmd_rows(cli, select_evidence, params, 3, json ? NULL : write_text);
}

const struct command cmd_evidence = {
	.name = "evidence",
	.arguments = "[--mta M] [--domain D] [--since DAY] [--json]",
	.summary = "what samples of mail show of each of your mail servers",
	.help = "One line a UTC day, MTA and domain of From: how many mails of the sample Maildirs were verified,\n"
		"with which results; whether the receiving host (authserv_id) found the same; the last one's hash.\n"
		"  --mta M        of this MTA only; \"\" for mail that came through none of them\n"
		"  --domain D     of this domain of From only\n"
		"  --since DAY    of this day and later\n"
		"  --json         one JSON object a line: the columns of view evidence\n"
		"\nexample: dmarcd evidence --since 2026-11-01\n",
	.needs_config = true,
	.run = run,
};
