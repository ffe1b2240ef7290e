// SPDX-License-Identifier: Apache-2.0
/*
 * The page map: which path shows which views. Every number is a sum over
 * dmarcd_api's daily views; what it is made of is one click away.
 */
#include "web/page.h"

#include "base/ip.h"
#include "model/digest.h"

#include <string.h>

#define PERIOD "day BETWEEN $1::date AND $2::date AND ($3::text IS NULL OR policy_domain = $3)"
#define RATE(pass, all) "trunc(100 * coalesce(" pass ", 0) / nullif(" all ", 0), 1)"
#define PAGE_LIMIT " LIMIT 501"

/* ---- shared blocks ---- */

static const char figures_sql[] =
	"SELECT coalesce(sum(messages), 0) AS messages, "
	RATE("sum(messages) FILTER (WHERE dmarc_pass)", "sum(messages)") " AS pass_rate, "
	"coalesce(sum(messages) FILTER (WHERE NOT dmarc_pass), 0) AS failing, "
	"coalesce(sum(messages) FILTER (WHERE disposition IN ('reject', 'quarantine')), 0) AS blocked, "
	RATE("sum(messages) FILTER (WHERE spf_aligned)", "sum(messages)") " AS spf_rate, "
	RATE("sum(messages) FILTER (WHERE dkim_aligned)", "sum(messages)") " AS dkim_rate, "
	"coalesce(sum(messages) FILTER (WHERE dmarc_pass), 0) AS dmarc_pass, "
	"coalesce(bool_or(estimated), false) AS estimated FROM dmarcd_api.daily WHERE " PERIOD;
static const struct column figures_columns[] = {
	{"messages", "messages", LOOK_NUMBER, NULL, NULL},
	{"pass_rate", "DMARC pass", LOOK_PERCENT, NULL, NULL},
	{"failing", "failing", LOOK_NUMBER, NULL, NULL},
	{"blocked", "quarantined or rejected", LOOK_NUMBER, NULL, NULL},
	{"spf_rate", "SPF aligned", LOOK_PERCENT, NULL, NULL},
	{"dkim_rate", "DKIM aligned", LOOK_PERCENT, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

/* $4: the step. Days without mail are days too. */
static const char daily_sql[] =
	"SELECT d.day::text AS day, coalesce(sum(v.messages) FILTER (WHERE spf_aligned AND dkim_aligned), "
	"0) AS both, "
	"coalesce(sum(v.messages) FILTER (WHERE dkim_aligned AND NOT spf_aligned), 0) AS dkim_only, "
	"coalesce(sum(v.messages) FILTER (WHERE spf_aligned AND NOT dkim_aligned), 0) AS spf_only, "
	"coalesce(sum(v.messages) FILTER (WHERE NOT dmarc_pass), 0) AS fail "
	"FROM (SELECT DISTINCT date_trunc($4, g)::date AS day "
	"FROM generate_series($1::date, $2::date, interval '1 day') AS g) d "
	"LEFT JOIN (SELECT * FROM dmarcd_api.daily WHERE " PERIOD ") v ON date_trunc($4, v.day)::date = d.day "
	"GROUP BY d.day ORDER BY d.day";

static void add_figures(struct page *page, const struct filter *filter)
{
	page_params_filter(page_add(page, "figures", NULL, BLOCK_FIGURES, figures_sql, figures_columns), filter);
	struct block *block = page_add(page, "daily", "Messages per day", BLOCK_DAILY, daily_sql, NULL);
	page_params_filter(block, filter);
	page_param(block, str_from(filter->step));
}

#define SOURCES_SQL \
	"SELECT host(source_ip) AS source_ip, coalesce(sum(messages), 0) AS messages, " \
	RATE("sum(dmarc_pass)", "sum(messages)") " AS pass_rate, " \
	RATE("sum(spf_aligned)", "sum(messages)") " AS spf_rate, " \
	RATE("sum(dkim_aligned)", "sum(messages)") " AS dkim_rate, " \
	"coalesce(sum(messages - dmarc_pass), 0) AS failing, sum(rejected) AS rejected, " \
	"sum(quarantined) AS quarantined, count(DISTINCT policy_domain) AS domains, " \
	"min(day)::text AS first_day, max(day)::text AS last_day " \
	"FROM dmarcd_api.sources WHERE " PERIOD " GROUP BY source_ip "
static const struct column sources_columns[] = {
	{"source_ip", "Source", LOOK_TEXT, "/sources/", NULL},
	{"messages", "Messages", LOOK_NUMBER, NULL, NULL},
	{"pass_rate", "DMARC pass", LOOK_PERCENT, NULL, NULL},
	{"spf_rate", "SPF", LOOK_PERCENT, NULL, NULL},
	{"dkim_rate", "DKIM", LOOK_PERCENT, NULL, NULL},
	{"failing", "Failing", LOOK_NUMBER, NULL, NULL},
	{"rejected", "Rejected", LOOK_NUMBER, NULL, NULL},
	{"quarantined", "Quarantined", LOOK_NUMBER, NULL, NULL},
	{"first_day", "First day", LOOK_DAY, NULL, NULL},
	{"last_day", "Last day", LOOK_DAY, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

#define DOMAINS_SQL \
	"SELECT policy_domain, sum(messages) AS messages, " \
	RATE("sum(messages) FILTER (WHERE dmarc_pass)", "sum(messages)") " AS pass_rate, " \
	RATE("sum(messages) FILTER (WHERE spf_aligned)", "sum(messages)") " AS spf_rate, " \
	RATE("sum(messages) FILTER (WHERE dkim_aligned)", "sum(messages)") " AS dkim_rate, " \
	"coalesce(sum(messages) FILTER (WHERE NOT dmarc_pass), 0) AS failing, " \
	"coalesce(sum(messages) FILTER (WHERE disposition IN ('reject', 'quarantine')), 0) AS blocked, " \
	"max(day)::text AS last_day FROM dmarcd_api.daily WHERE " PERIOD " GROUP BY policy_domain "
static const struct column domains_columns[] = {
	{"policy_domain", "Domain", LOOK_TEXT, "/domains/", NULL},
	{"messages", "Messages", LOOK_NUMBER, NULL, NULL},
	{"pass_rate", "DMARC pass", LOOK_PERCENT, NULL, NULL},
	{"spf_rate", "SPF", LOOK_PERCENT, NULL, NULL},
	{"dkim_rate", "DKIM", LOOK_PERCENT, NULL, NULL},
	{"failing", "Failing", LOOK_NUMBER, NULL, NULL},
	{"blocked", "Quarantined or rejected", LOOK_NUMBER, NULL, NULL},
	{"last_day", "Last day", LOOK_DAY, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

#define REPORTERS_SQL \
	"SELECT reporter, sum(reports)::bigint AS reports, sum(messages) AS messages, " \
	RATE("sum(dmarc_pass)", "sum(messages)") " AS pass_rate, count(DISTINCT policy_domain) AS domains, " \
	"min(day)::text AS first_day, max(day)::text AS last_day " \
	"FROM dmarcd_api.reporters WHERE " PERIOD " GROUP BY reporter "
static const struct column reporters_columns[] = {
	{"reporter", "Reporter", LOOK_TEXT, "/reports?reporter=", NULL},
	{"reports", "Reports", LOOK_NUMBER, NULL, NULL},
	{"messages", "Messages", LOOK_NUMBER, NULL, NULL},
	{"pass_rate", "DMARC pass", LOOK_PERCENT, NULL, NULL},
	{"first_day", "First day", LOOK_DAY, NULL, NULL},
	{"last_day", "Last day", LOOK_DAY, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

static const char balance_sql[] = "SELECT * FROM dmarcd_api.balance";
static const struct column balance_columns[] = {
	{"mails", "mails taken in", LOOK_NUMBER, NULL, NULL},
	{"stored", "stored", LOOK_NUMBER, NULL, NULL},
	{"duplicate", "duplicates", LOOK_NUMBER, NULL, NULL},
	{"not_a_report", "no report", LOOK_NUMBER, NULL, NULL},
	{"quarantined", "quarantined", LOOK_NUMBER, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

static void add_table(struct page *page, const struct filter *filter, const char *name, const char *title,
	const char *sql, const struct column *columns, bool main)
{
	struct block *block = page_add(page, name, title, BLOCK_TABLE, sql, columns);
	block->main = main;
	page_params_filter(block, filter);
}

/* ---- /, /domains, /sources, /reporters ---- */

static void page_overview(const struct request *request, struct page *page)
{
	*page = (struct page){.title = "Overview", .nav = "/", .filtered = true};
	add_figures(page, &request->filter);
	add_table(page, &request->filter, "domains", "Domains", DOMAINS_SQL "ORDER BY messages DESC, "
		"policy_domain LIMIT 20",
		domains_columns, true);
	page->blocks[2].empty = "No report has come yet. Publish rua=mailto: in a domain's DMARC record and point "
		"dmarcd at the Maildir; the first reports come within two days.";
	add_table(page, &request->filter, "sources", "Sources with most failing mail",
		SOURCES_SQL "ORDER BY failing DESC, messages DESC, source_ip LIMIT 10", sources_columns, false);
	add_table(page, &request->filter, "reporters", "Reporters", REPORTERS_SQL "ORDER BY messages DESC, "
		"reporter LIMIT 10",
		reporters_columns, false);
	(void)page_add(page, "balance", "What became of each mail", BLOCK_FIGURES, balance_sql, balance_columns);
}

static void page_domains(const struct request *request, struct page *page)
{
	*page = (struct page){.title = "Domains", .nav = "/domains", .filtered = true,
		.intro = "Policy domains that reports speak of, in the period."};
	add_table(page, &request->filter, "domains", "Domains",
		DOMAINS_SQL "ORDER BY messages DESC, policy_domain LIMIT 500", domains_columns, true);
}

static const char header_from_sql[] =
	"SELECT header_from, sum(messages) AS messages, "
	RATE("sum(messages) FILTER (WHERE dmarc_pass)", "sum(messages)") " AS pass_rate, "
	RATE("sum(messages) FILTER (WHERE spf_aligned)", "sum(messages)") " AS spf_rate, "
	RATE("sum(messages) FILTER (WHERE dkim_aligned)", "sum(messages)") " AS dkim_rate, "
	"coalesce(sum(messages) FILTER (WHERE NOT dmarc_pass), 0) AS failing FROM dmarcd_api.daily WHERE " PERIOD
	" GROUP BY header_from ORDER BY messages DESC, header_from LIMIT 100";
static const struct column header_from_columns[] = {
	{"header_from", "Header From", LOOK_TEXT, NULL, NULL},
	{"messages", "Messages", LOOK_NUMBER, NULL, NULL},
	{"pass_rate", "DMARC pass", LOOK_PERCENT, NULL, NULL},
	{"spf_rate", "SPF", LOOK_PERCENT, NULL, NULL},
	{"dkim_rate", "DKIM", LOOK_PERCENT, NULL, NULL},
	{"failing", "Failing", LOOK_NUMBER, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

static const char dispositions_sql[] =
	"SELECT disposition, sum(messages) AS messages, "
	"coalesce(sum(messages) FILTER (WHERE dmarc_pass), 0) AS dmarc_pass, "
	"coalesce(sum(messages) FILTER (WHERE NOT dmarc_pass), 0) AS failing FROM dmarcd_api.daily WHERE " PERIOD
	" GROUP BY disposition ORDER BY messages DESC";
static const struct column dispositions_columns[] = {
	{"disposition", "Disposition", LOOK_WORD, NULL, NULL},
	{"messages", "Messages", LOOK_NUMBER, NULL, NULL},
	{"dmarc_pass", "of them passing", LOOK_NUMBER, NULL, NULL},
	{"failing", "of them failing", LOOK_NUMBER, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

static const char policy_sql[] =
	"SELECT policy ->> 'p' AS p, policy ->> 'sp' AS sp, policy ->> 'np' AS np, policy ->> 'adkim' AS adkim, "
	"policy ->> 'aspf' AS aspf, policy ->> 'pct' AS pct, policy ->> 'testing' AS testing, org_name, "
	"begin_at::text AS begin_at FROM dmarcd_api.report WHERE kind = 'aggregate' AND NOT conflict "
	"AND policy_domain = $1 ORDER BY day DESC, report_key LIMIT 1";
static const struct column policy_columns[] = {
	{"p", "p", LOOK_WORD, NULL, NULL},
	{"sp", "sp", LOOK_WORD, NULL, NULL},
	{"np", "np", LOOK_WORD, NULL, NULL},
	{"adkim", "adkim", LOOK_TEXT, NULL, NULL},
	{"aspf", "aspf", LOOK_TEXT, NULL, NULL},
	{"pct", "pct", LOOK_TEXT, NULL, NULL},
	{"testing", "testing", LOOK_TEXT, NULL, NULL},
	{"org_name", "as seen by", LOOK_TEXT, NULL, NULL},
	{"begin_at", "on", LOOK_TIME, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

static void page_domain(struct request *request, struct page *page, struct str name)
{
	*page = (struct page){.title = "Domain", .subject = name, .nav = "/domains", .filtered = true,
		.must_exist = true};
	request->filter.domain = name;
	struct block *policy = page_add(page, "policy", "Published policy", BLOCK_FACTS, policy_sql, policy_columns);
	page_param(policy, name);
	add_figures(page, &request->filter);
	add_table(page, &request->filter, "header_from", "Header From domains", header_from_sql,
		header_from_columns, false);
	add_table(page, &request->filter, "dispositions", "What receivers did", dispositions_sql,
		dispositions_columns, false);
	add_table(page, &request->filter, "sources", "Sources",
		SOURCES_SQL "ORDER BY messages DESC, source_ip LIMIT 100", sources_columns, true);
	add_table(page, &request->filter, "reporters", "Reporters", REPORTERS_SQL "ORDER BY messages DESC, "
		"reporter LIMIT 50",
		reporters_columns, false);
}

static const char sources_list_sql[] =
	SOURCES_SQL "HAVING $4::text IS NULL OR ($4 = 'fail' AND sum(messages - dmarc_pass) > 0) "
	"OR ($4 = 'pass' AND sum(dmarc_pass) > 0) ORDER BY messages DESC, source_ip LIMIT 500";

static void page_sources(const struct request *request, struct page *page)
{
	*page = (struct page){.title = "Sources", .nav = "/sources", .filtered = true,
		.intro = "Addresses that send as your domains, whoever they belong to."};
	add_table(page, &request->filter, "sources", "Sources", sources_list_sql, sources_columns, true);
	page_param(&page->blocks[0], request->filter.outcome);
	page->links[0].label = "only failing";
	page->links[0].href = STR("/sources?outcome=fail");
	page->links_count = 1;
}

static const char source_daily_sql[] =
	"SELECT d.day::text AS day, coalesce(sum(r.messages) FILTER (WHERE spf_aligned AND dkim_aligned), "
	"0) AS both, "
	"coalesce(sum(r.messages) FILTER (WHERE dkim_aligned AND NOT spf_aligned), 0) AS dkim_only, "
	"coalesce(sum(r.messages) FILTER (WHERE spf_aligned AND NOT dkim_aligned), 0) AS spf_only, "
	"coalesce(sum(r.messages) FILTER (WHERE NOT dmarc_pass), 0) AS fail "
	"FROM (SELECT DISTINCT date_trunc($4, g)::date AS day "
	"FROM generate_series($1::date, $2::date, interval '1 day') AS g) d "
	"LEFT JOIN (SELECT * FROM dmarcd_api.record WHERE " PERIOD " AND source_ip = $5::inet) r "
	"ON date_trunc($4, r.day)::date = d.day GROUP BY d.day ORDER BY d.day";

static const char source_figures_sql[] =
	"SELECT coalesce(sum(messages), 0) AS messages, " RATE("sum(dmarc_pass)", "sum(messages)") " AS pass_rate, "
	"coalesce(sum(messages - dmarc_pass), 0) AS failing, "
	"coalesce(sum(rejected + quarantined), 0) AS blocked, "
	RATE("sum(spf_aligned)", "sum(messages)") " AS spf_rate, " RATE("sum(dkim_aligned)", "sum(messages)")
	" AS dkim_rate FROM dmarcd_api.sources WHERE " PERIOD " AND source_ip = $4::inet HAVING count(*) > 0";

#define RECORD_COLUMNS \
	"row_no, day::text AS day, host(source_ip) AS source_ip, messages, disposition, dmarc_pass, spf_aligned, " \
	"dkim_aligned, header_from, envelope_from, policy_domain, report_key::text AS report_key, " \
	"(SELECT string_agg(concat_ws(' ', e ->> 'domain', nullif('s=' || (e ->> 'selector'), 's='), " \
	"coalesce(e ->> 'result_raw', e ->> 'result')), E'\\n') FROM jsonb_array_elements(dkim) e) AS " \
	"dkim_results, " \
	"(SELECT string_agg(concat_ws(' ', e ->> 'domain', e ->> 'scope', coalesce(e ->> 'result_raw', e " \
	"->> 'result')), " \
	"E'\\n') FROM jsonb_array_elements(spf) e) AS spf_results, " \
	"(SELECT string_agg(concat_ws(': ', coalesce(e ->> 'type_raw', e ->> 'type'), e ->> 'comment'), E'\\n') " \
	"FROM jsonb_array_elements(reasons) e) AS reasons_text, source_raw, disposition_raw, spf_evaluated, " \
	"dkim_evaluated, envelope_to"
static const struct column record_columns[] = {
	{"source_ip", "Source", LOOK_TEXT, "/sources/", NULL},
	{"messages", "Messages", LOOK_NUMBER, NULL, NULL},
	{"dmarc_pass", "DMARC", LOOK_YES, NULL, NULL},
	{"disposition", "Disposition", LOOK_WORD, NULL, NULL},
	{"header_from", "Header From", LOOK_TEXT, NULL, NULL},
	{"envelope_from", "Envelope From", LOOK_TEXT, NULL, NULL},
	{"dkim_aligned", "DKIM aligned", LOOK_YES, NULL, NULL},
	{"dkim_results", "DKIM results", LOOK_RESULTS, NULL, NULL},
	{"spf_aligned", "SPF aligned", LOOK_YES, NULL, NULL},
	{"spf_results", "SPF results", LOOK_RESULTS, NULL, NULL},
	{"reasons_text", "Reasons", LOOK_RESULTS, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};
static const struct column source_record_columns[] = {
	{"day", "Day", LOOK_DAY, "/reports/", "report_key"},
	{"policy_domain", "Domain", LOOK_TEXT, "/domains/", NULL},
	{"messages", "Messages", LOOK_NUMBER, NULL, NULL},
	{"dmarc_pass", "DMARC", LOOK_YES, NULL, NULL},
	{"disposition", "Disposition", LOOK_WORD, NULL, NULL},
	{"header_from", "Header From", LOOK_TEXT, NULL, NULL},
	{"envelope_from", "Envelope From", LOOK_TEXT, NULL, NULL},
	{"dkim_results", "DKIM results", LOOK_RESULTS, NULL, NULL},
	{"spf_results", "SPF results", LOOK_RESULTS, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

static const char source_records_sql[] =
	"SELECT " RECORD_COLUMNS ", day::text || ',' || report_key || ',' || row_no AS cursor FROM "
	"dmarcd_api.record WHERE "
	PERIOD " AND source_ip = $4::inet AND ($5::text IS NULL OR (day, report_key, row_no) < "
	"(split_part($5, ',', 1)::date, split_part($5, ',', 2)::uuid, split_part($5, ',', 3)::integer)) "
	"ORDER BY day DESC, report_key DESC, row_no DESC" PAGE_LIMIT;

static void page_source(const struct request *request, struct page *page, struct str address)
{
	*page = (struct page){.title = "Source", .subject = address, .nav = "/sources", .filtered = true,
		.must_exist = true};
	struct block *block = page_add(page, "figures", NULL, BLOCK_FIGURES, source_figures_sql, figures_columns);
	page_params_filter(block, &request->filter);
	page_param(block, address);
	block = page_add(page, "daily", "Messages per day", BLOCK_DAILY, source_daily_sql, NULL);
	page_params_filter(block, &request->filter);
	page_param(block, str_from(request->filter.step));
	page_param(block, address);
	block = page_add(page, "records", "Rows", BLOCK_TABLE, source_records_sql, source_record_columns);
	page_params_filter(block, &request->filter);
	page_param(block, address);
	page_param(block, request->filter.after);
	block->main = block->paged = true;
	block->cursor_column = "cursor";
}

static void page_reporters(const struct request *request, struct page *page)
{
	*page = (struct page){.title = "Reporters", .nav = "/reporters", .filtered = true,
		.intro = "Receivers that report on your mail."};
	add_table(page, &request->filter, "reporters", "Reporters",
		REPORTERS_SQL "ORDER BY messages DESC, reporter LIMIT 500", reporters_columns, true);
}

/* ---- /reports ---- */

static const char reports_sql[] =
	"SELECT report_key::text AS report_key, kind, reporter, nullif(policy_domain, '') AS policy_domain, "
	"begin_at::text AS begin_at, end_at::text AS end_at, messages, "
	RATE("dmarc_pass", "messages") " AS pass_rate, records, schema, issues, "
	"CASE WHEN conflict THEN 'conflict' END AS conflict, provenance, report_id, org_name, email, mail_sha256, "
	"day::text || ',' || report_key AS cursor FROM dmarcd_api.report WHERE " PERIOD
	" AND ($4::text IS NULL OR kind = $4) AND ($5::text IS NULL OR reporter = $5) "
	"AND ($6::text IS NULL OR (day, report_key) < (split_part($6, ',', 1)::date, split_part($6, ',', 2)::uuid)) "
	"ORDER BY day DESC, report_key DESC" PAGE_LIMIT;
static const struct column reports_columns[] = {
	{"begin_at", "Begin", LOOK_TIME, "/reports/", "report_key"},
	{"kind", "Kind", LOOK_WORD, NULL, NULL},
	{"reporter", "Reporter", LOOK_TEXT, "/reports?reporter=", NULL},
	{"policy_domain", "Domain", LOOK_TEXT, "/domains/", NULL},
	{"messages", "Messages", LOOK_NUMBER, NULL, NULL},
	{"pass_rate", "DMARC pass", LOOK_PERCENT, NULL, NULL},
	{"records", "Rows", LOOK_NUMBER, NULL, NULL},
	{"schema", "Schema", LOOK_WORD, NULL, NULL},
	{"issues", "Issues", LOOK_NUMBER, NULL, NULL},
	{"conflict", "Conflict", LOOK_WORD, NULL, NULL},
	{"report_id", "Report id", LOOK_TEXT, "/reports/", "report_key"},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

static void page_reports(const struct request *request, struct page *page)
{
	*page = (struct page){.title = "Reports", .nav = "/reports", .filtered = true,
		.intro = "Each report as it came, by the UTC day it begins on."};
	struct block *block = page_add(page, "reports", "Reports", BLOCK_TABLE, reports_sql, reports_columns);
	page_params_filter(block, &request->filter);
	page_param(block, request->filter.kind);
	page_param(block, request->filter.reporter);
	page_param(block, request->filter.after);
	block->main = block->paged = true;
	block->cursor_column = "cursor";
}

static const char report_sql[] =
	"SELECT r.report_key::text AS report_key, r.kind, r.org_name, r.email, r.contact, r.report_id, "
	"nullif(r.policy_domain, '') AS policy_domain, r.begin_at::text AS begin_at, r.end_at::text AS "
	"end_at, r.messages, "
	"r.dmarc_pass, r.records, r.schema, r.provenance, CASE WHEN r.conflict THEN 'conflict' END AS "
	"conflict, r.version, "
	"r.generator, r.errors::text AS errors, r.policy ->> 'p' AS p, r.policy ->> 'sp' AS sp, r.policy "
	"->> 'np' AS np, "
	"r.policy ->> 'adkim' AS adkim, r.policy ->> 'aspf' AS aspf, r.policy ->> 'pct' AS pct, r.policy "
	"->> 'fo' AS fo, "
	"r.policy ->> 'testing' AS testing, r.policy ->> 'discovery_method' AS discovery_method, r.member, "
	"m.file, m.sha256 AS mail_sha256, m.head_from, m.head_subject, m.taken_at::text AS taken_at "
	"FROM dmarcd_api.report r JOIN dmarcd_api.mail m ON m.sha256 = r.mail_sha256 WHERE r.report_key = $1::uuid";
static const struct column report_columns[] = {
	{"kind", "Kind", LOOK_WORD, NULL, NULL},
	{"org_name", "Organisation", LOOK_TEXT, NULL, NULL},
	{"email", "E-mail", LOOK_TEXT, NULL, NULL},
	{"contact", "Contact", LOOK_TEXT, NULL, NULL},
	{"report_id", "Report id", LOOK_TEXT, NULL, NULL},
	{"policy_domain", "Domain", LOOK_TEXT, "/domains/", NULL},
	{"begin_at", "Begin", LOOK_TIME, NULL, NULL},
	{"end_at", "End", LOOK_TIME, NULL, NULL},
	{"messages", "Messages", LOOK_NUMBER, NULL, NULL},
	{"dmarc_pass", "of them passing", LOOK_NUMBER, NULL, NULL},
	{"records", "Rows", LOOK_NUMBER, NULL, NULL},
	{"p", "p", LOOK_WORD, NULL, NULL},
	{"sp", "sp", LOOK_WORD, NULL, NULL},
	{"np", "np", LOOK_WORD, NULL, NULL},
	{"adkim", "adkim", LOOK_TEXT, NULL, NULL},
	{"aspf", "aspf", LOOK_TEXT, NULL, NULL},
	{"pct", "pct", LOOK_TEXT, NULL, NULL},
	{"fo", "fo", LOOK_TEXT, NULL, NULL},
	{"testing", "testing", LOOK_TEXT, NULL, NULL},
	{"discovery_method", "discovery_method", LOOK_TEXT, NULL, NULL},
	{"schema", "Schema", LOOK_WORD, NULL, NULL},
	{"provenance", "Provenance", LOOK_WORD, NULL, NULL},
	{"conflict", "Conflict", LOOK_WORD, NULL, NULL},
	{"version", "Version", LOOK_TEXT, NULL, NULL},
	{"generator", "Generator", LOOK_TEXT, NULL, NULL},
	{"errors", "Errors", LOOK_TEXT, NULL, NULL},
	{"member", "Attachment", LOOK_TEXT, NULL, NULL},
	{"head_from", "Mail from", LOOK_TEXT, NULL, NULL},
	{"head_subject", "Mail subject", LOOK_TEXT, NULL, NULL},
	{"file", "File", LOOK_TEXT, NULL, NULL},
	{"taken_at", "Taken in", LOOK_TIME, NULL, NULL},
	{"mail_sha256", "SHA-256", LOOK_TEXT, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

static const char issues_sql[] = "SELECT code, detail, count FROM dmarcd_api.issue WHERE report_key = "
	"$1::uuid ORDER BY code";
static const struct column issues_columns[] = {
	{"code", "Code", LOOK_TEXT, NULL, NULL},
	{"detail", "First seen", LOOK_TEXT, NULL, NULL},
	{"count", "Times", LOOK_NUMBER, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

/* The report's own domain and day lead to its partition. */
#define OF_REPORT "(policy_domain, day) = (SELECT policy_domain, day FROM dmarcd_api.report WHERE " \
	"report_key = $1::uuid) " \
	"AND report_key = $1::uuid"
static const char report_records_sql[] =
	"SELECT " RECORD_COLUMNS " FROM dmarcd_api.record WHERE " OF_REPORT
	" AND ($2::text IS NULL OR row_no > $2::integer) ORDER BY row_no" PAGE_LIMIT;

static const char report_policies_sql[] =
	"SELECT policy_domain, policy_type, success, failure, mx_hosts, policy_strings FROM dmarcd_api.tls "
	"WHERE report_key = $1::uuid ORDER BY row_no LIMIT 500";
static const struct column policies_columns[] = {
	{"policy_domain", "Domain", LOOK_TEXT, NULL, NULL},
	{"policy_type", "Policy", LOOK_TEXT, NULL, NULL},
	{"success", "Successful", LOOK_NUMBER, NULL, NULL},
	{"failure", "Failed", LOOK_NUMBER, NULL, NULL},
	{"mx_hosts", "MX", LOOK_RESULTS, NULL, NULL},
	{"policy_strings", "Policy text", LOOK_RESULTS, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};
static const char report_details_sql[] =
	"SELECT policy_domain, result_type, failed_sessions, sending_mta_ip, receiving_mx_hostname, receiving_ip, "
	"failure_reason_code, additional_information FROM dmarcd_api.tls_detail WHERE report_key = $1::uuid "
	"ORDER BY row_no, detail_no LIMIT 500";
static const struct column details_columns[] = {
	{"policy_domain", "Domain", LOOK_TEXT, NULL, NULL},
	{"result_type", "Result", LOOK_TEXT, NULL, NULL},
	{"failed_sessions", "Sessions", LOOK_NUMBER, NULL, NULL},
	{"sending_mta_ip", "Sender", LOOK_TEXT, NULL, NULL},
	{"receiving_mx_hostname", "MX", LOOK_TEXT, NULL, NULL},
	{"receiving_ip", "Address", LOOK_TEXT, NULL, NULL},
	{"failure_reason_code", "Reason", LOOK_TEXT, NULL, NULL},
	{"additional_information", "More", LOOK_TEXT, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

static void page_report(const struct request *request, struct page *page, struct str key)
{
	*page = (struct page){.title = "Report", .subject = key, .nav = "/reports", .must_exist = true};
	page_param(page_add(page, "report", "Facts", BLOCK_FACTS, report_sql, report_columns), key);
	struct block *block = page_add(page, "records", "Rows", BLOCK_TABLE, report_records_sql, record_columns);
	page_param(block, key);
	page_param(block, request->filter.after);
	block->empty = "No rows that count.";
	block->main = block->paged = true;
	block->cursor_column = "row_no";
	block = page_add(page, "policies", "TLS policies", BLOCK_TABLE, report_policies_sql, policies_columns);
	page_param(block, key);
	block->empty = "Not a TLS report.";
	block = page_add(page, "details", "TLS failures", BLOCK_TABLE, report_details_sql, details_columns);
	page_param(block, key);
	block->empty = "No failed session is described.";
	block = page_add(page, "issues", "Issues", BLOCK_TABLE, issues_sql, issues_columns);
	page_param(block, key);
	block->empty = "None: the report is as its schema wants it.";
	page->links[0].label = "Original document";
	page->links[0].href = str_from(arena_printf(request->arena, "/reports/%.*s/original", STR_FMT(key)));
	page->links_count = 1;
}

/* ---- /failures ---- */

static const char failures_sql[] =
	"SELECT report_key::text AS report_key, coalesce(arrived_at::text, day::text) AS arrived_at, "
	"reported_domain, auth_failure, host(source_ip) AS source_ip, delivery_result, orig_from, orig_subject, "
	"reporting_mta, schema, day::text || ',' || report_key AS cursor FROM dmarcd_api.failure "
	"WHERE day BETWEEN $1::date AND $2::date AND ($3::text IS NULL OR reported_domain = $3) "
	"AND ($4::text IS NULL OR (day, report_key) < (split_part($4, ',', 1)::date, split_part($4, ',', 2)::uuid)) "
	"ORDER BY day DESC, report_key DESC" PAGE_LIMIT;
static const struct column failures_columns[] = {
	{"arrived_at", "Arrived", LOOK_TIME, "/failures/", "report_key"},
	{"reported_domain", "Domain", LOOK_TEXT, "/domains/", NULL},
	{"auth_failure", "Failed", LOOK_TEXT, NULL, NULL},
	{"source_ip", "Source", LOOK_TEXT, "/sources/", NULL},
	{"delivery_result", "Result", LOOK_WORD, NULL, NULL},
	{"orig_from", "From", LOOK_TEXT, NULL, NULL},
	{"orig_subject", "Subject", LOOK_TEXT, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

static void page_failures(const struct request *request, struct page *page)
{
	*page = (struct page){.title = "Failure samples", .nav = "/failures", .filtered = true,
		.intro = "Single messages that failed, from receivers that send failure reports (ruf). Few do."};
	struct block *block = page_add(page, "failures", "Failure samples", BLOCK_TABLE, failures_sql,
		failures_columns);
	page_params_filter(block, &request->filter);
	page_param(block, request->filter.after);
	block->main = block->paged = true;
	block->cursor_column = "cursor";
}

static const char failure_sql[] =
	"SELECT report_key::text AS report_key, arrived_at::text AS arrived_at, feedback_type, auth_failure, "
	"host(source_ip) AS source_ip, reported_domain, original_mail_from, original_rcpt_to, delivery_result, "
	"identity_alignment, dkim_domain, dkim_selector, spf_dns, authentication_results, reporting_mta, user_agent, "
	"orig_from, orig_subject, orig_message_id, sample_bytes, sample_has_body, sample_headers, schema, "
	"mail_sha256 "
	"FROM dmarcd_api.failure WHERE report_key = $1::uuid";
static const struct column failure_columns[] = {
	{"arrived_at", "Arrived", LOOK_TIME, NULL, NULL},
	{"auth_failure", "Failed", LOOK_TEXT, NULL, NULL},
	{"source_ip", "Source", LOOK_TEXT, "/sources/", NULL},
	{"reported_domain", "Domain", LOOK_TEXT, "/domains/", NULL},
	{"orig_from", "From", LOOK_TEXT, NULL, NULL},
	{"orig_subject", "Subject", LOOK_TEXT, NULL, NULL},
	{"orig_message_id", "Message-ID", LOOK_TEXT, NULL, NULL},
	{"original_mail_from", "Envelope from", LOOK_TEXT, NULL, NULL},
	{"original_rcpt_to", "Envelope to", LOOK_TEXT, NULL, NULL},
	{"delivery_result", "Result", LOOK_WORD, NULL, NULL},
	{"identity_alignment", "Identity-Alignment", LOOK_TEXT, NULL, NULL},
	{"dkim_domain", "DKIM domain", LOOK_TEXT, NULL, NULL},
	{"dkim_selector", "DKIM selector", LOOK_TEXT, NULL, NULL},
	{"spf_dns", "SPF record", LOOK_TEXT, NULL, NULL},
	{"authentication_results", "Authentication-Results", LOOK_PRE, NULL, NULL},
	{"reporting_mta", "Reporting MTA", LOOK_TEXT, NULL, NULL},
	{"user_agent", "User agent", LOOK_TEXT, NULL, NULL},
	{"schema", "Schema", LOOK_WORD, NULL, NULL},
	{"sample_bytes", "Sample", LOOK_BYTES, NULL, NULL},
	{"sample_headers", "Headers of the sample", LOOK_PRE, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

static void page_failure(const struct request *request, struct page *page, struct str key)
{
	*page = (struct page){.title = "Failure sample", .subject = key, .nav = "/failures", .must_exist = true};
	struct block *block = page_add(page, "failure", "Facts", BLOCK_FACTS, failure_sql, failure_columns);
	page_param(block, key);
	block->main = true;
	block = page_add(page, "issues", "Issues", BLOCK_TABLE, issues_sql, issues_columns);
	page_param(block, key);
	block->empty = "None: the report is as its schema wants it.";
	page->links[0].label = "The whole sample";
	page->links[0].href = str_from(arena_printf(request->arena, "/reports/%.*s/original", STR_FMT(key)));
	page->links_count = 1;
}

/* ---- /tls, /quarantine ---- */

static const char tls_figures_sql[] =
	"SELECT coalesce(sum(success), 0) AS success, coalesce(sum(failure), 0) AS failure, "
	RATE("sum(success)", "sum(success + failure)") " AS rate, count(DISTINCT report_key) AS reports "
	"FROM dmarcd_api.tls WHERE " PERIOD;
static const struct column tls_figures_columns[] = {
	{"success", "sessions with TLS", LOOK_NUMBER, NULL, NULL},
	{"failure", "failed sessions", LOOK_NUMBER, NULL, NULL},
	{"rate", "successful", LOOK_PERCENT, NULL, NULL},
	{"reports", "reports", LOOK_NUMBER, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};
static const char tls_sql[] =
	"SELECT report_key::text AS report_key, begin_at::text AS begin_at, org_name, policy_domain, "
	"policy_type, success, "
	"failure, mail_sha256 FROM dmarcd_api.tls WHERE " PERIOD " ORDER BY day DESC, report_key, row_no LIMIT 500";
static const struct column tls_columns[] = {
	{"begin_at", "Begin", LOOK_TIME, "/reports/", "report_key"},
	{"org_name", "Reporter", LOOK_TEXT, NULL, NULL},
	{"policy_domain", "Domain", LOOK_TEXT, NULL, NULL},
	{"policy_type", "Policy", LOOK_TEXT, NULL, NULL},
	{"success", "Successful", LOOK_NUMBER, NULL, NULL},
	{"failure", "Failed", LOOK_NUMBER, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};
static const char tls_types_sql[] =
	"SELECT result_type, sum(failed_sessions)::bigint AS sessions, count(*) AS details FROM "
	"dmarcd_api.tls_detail WHERE "
	PERIOD " GROUP BY result_type ORDER BY sessions DESC LIMIT 50";
static const struct column tls_types_columns[] = {
	{"result_type", "Failure", LOOK_TEXT, NULL, NULL},
	{"sessions", "Sessions", LOOK_NUMBER, NULL, NULL},
	{"details", "Details", LOOK_NUMBER, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

static void page_tls(const struct request *request, struct page *page)
{
	*page = (struct page){.title = "TLS reports", .nav = "/tls", .filtered = true,
		.intro = "How mail to you travels: reports of RFC 8460."};
	page_params_filter(page_add(page, "figures", NULL, BLOCK_FIGURES, tls_figures_sql, tls_figures_columns),
		&request->filter);
	add_table(page, &request->filter, "types", "Kinds of failure", tls_types_sql, tls_types_columns, false);
	add_table(page, &request->filter, "tls", "Policies reported on", tls_sql, tls_columns, true);
}

static const char quarantine_sql[] =
	"SELECT sha256, taken_at::text AS taken_at, file, code, reason, bytes, copies, head_from, head_subject, "
	"taken_at::text || ',' || sha256 AS cursor FROM dmarcd_api.mail WHERE outcome = $2 "
	"AND ($1::text IS NULL OR (taken_at, sha256) < (split_part($1, ',', 1)::timestamptz, split_part($1, "
	"',', 2))) "
	"ORDER BY taken_at DESC, sha256 DESC" PAGE_LIMIT;
static const struct column quarantine_columns[] = {
	{"taken_at", "Taken in", LOOK_TIME, NULL, NULL},
	{"code", "Code", LOOK_TEXT, NULL, NULL},
	{"reason", "Reason", LOOK_TEXT, NULL, NULL},
	{"head_from", "From", LOOK_TEXT, NULL, NULL},
	{"file", "File", LOOK_TEXT, NULL, NULL},
	{"bytes", "Size", LOOK_BYTES, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

static void page_quarantine(const struct request *request, struct page *page)
{
	*page = (struct page){.title = "Quarantine", .nav = "/quarantine",
		.intro = "Mails that look like a report and give none. Their bytes are kept: dmarcd "
			"quarantine show."};
	(void)page_add(page, "balance", "What became of each mail", BLOCK_FIGURES, balance_sql, balance_columns);
	struct block *block = page_add(page, "quarantine", "Quarantined mails", BLOCK_TABLE, quarantine_sql,
		quarantine_columns);
	page_param(block, request->filter.after);
	page_param(block, STR("quarantined"));
	block->empty = "Nothing is in the quarantine.";
	block->main = block->paged = true;
	block->cursor_column = "cursor";
	block = page_add(page, "not_a_report", "Mails without a report", BLOCK_TABLE, quarantine_sql,
		quarantine_columns);
	page_param(block, STR_NONE);
	page_param(block, STR("not_a_report"));
	block->empty = "None.";
}

/* ---- the map ---- */

static bool is_uuid(struct str text)
{
	if (text.len != UUID_TEXT_BYTES - 1)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash ? text.ptr[i] != '-' : !ascii_is_hex(text.ptr[i]))
			return false;
	}
	return true;
}

static bool is_address(struct str text)
{
	struct ip ip;
	return ip_parse(text, &ip);
}

static const struct {
	const char *path;
	void (*fill)(const struct request *request, struct page *page);
} plain[] = {{"/", page_overview}, {"/domains", page_domains}, {"/sources", page_sources},
	{"/reporters", page_reporters}, {"/reports", page_reports}, {"/failures", page_failures}, {"/tls", page_tls},
	{"/quarantine", page_quarantine}, {"/system", page_quarantine}};

bool pages_find(struct request *request, struct page *page)
{
	struct str path = request->path;
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		if (!str_eq(path, str_from(plain[i].path)))
			continue;
		plain[i].fill(request, page);
		return true;
	}
	size_t slash = str_rfind_char(path, '/');
	struct str folder = str_sub(path, 0, slash), name = str_from_offset(path, slash + 1);
	if (slash == SIZE_MAX || name.len == 0)
		return false;
	if (str_eq(folder, STR("/domains")))
		page_domain(request, page, name);
	else if (str_eq(folder, STR("/sources")) && is_address(name))
		page_source(request, page, name);
	else if (str_eq(folder, STR("/reports")) && is_uuid(name))
		page_report(request, page, name);
	else if (str_eq(folder, STR("/failures")) && is_uuid(name))
		page_failure(request, page, name);
	else
		return false;
	return true;
}
