// SPDX-License-Identifier: Apache-2.0
/* The pages of single reports: aggregate and TLS; failure reports as reports. */
#include "web/pages/pages.h"

/* outcome: reports with a message that does. */
#define OF_OUTCOME(outcome) "(" outcome "::text IS NULL OR (" outcome " = 'fail' AND messages > dmarc_pass) " \
	"OR (" outcome " = 'pass' AND dmarc_pass > 0))"

const char *const report_kinds[] = {"aggregate", "failure", "tlsrpt", NULL};

/* ---- /reports ---- */

static const char reports_figures_sql[] =
	"SELECT f.*, CASE WHEN reports = 0 THEN 'No report begins in this period.' ELSE concat(" COUNT_TEXT("reports")
	", CASE WHEN reports = 1 THEN ' report' ELSE ' reports' END, ' on ', " COUNT_TEXT("messages") ", ' messages', "
	"CASE WHEN conflicts > 0 THEN concat('; ', conflicts, ' contradict one that came before and add nothing') END, "
	"'.') END AS verdict FROM (SELECT count(*) AS reports, " BOTH_WAYS("messages",
	"CASE WHEN NOT conflict THEN messages END") ", " BOTH_WAYS("dmarc_pass", "CASE WHEN NOT conflict THEN "
	"dmarc_pass END")
	", "
	"coalesce(sum(records) FILTER (WHERE NOT conflict AND kind = 'aggregate'), 0) AS records, "
	"count(*) FILTER (WHERE issues > 0) AS with_issues, count(*) FILTER (WHERE conflict) AS conflicts "
	"FROM (SELECT *, ($8::text[] IS NULL OR provenance = ANY($8::text[])) AS counted, " TRUSTED " AS trusted FROM "
	"dmarcd_api.report WHERE " COUNTED_PERIOD " AND ($5::text IS NULL OR kind = $5) "
	"AND ($6::text IS NULL OR reporter = $6) AND " OF_OUTCOME("$7") ") r) f";
static const struct column reports_figures_columns[] = {
	{"reports", "reports", LOOK_NUMBER, NULL, NULL},
	{"messages", "messages", LOOK_NUMBER, NULL, NULL},
	{"records", "rows", LOOK_NUMBER, NULL, NULL},
	{"with_issues", "with issues", LOOK_NUMBER, NULL, NULL},
	{"conflicts", "in conflict", LOOK_NUMBER, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};
static const char reports_sql[] =
	"SELECT report_key::text AS report_key, kind, reporter, nullif(policy_domain, '') AS policy_domain, "
	"begin_at::text AS begin_at, end_at::text AS end_at, messages, dmarc_pass, messages - dmarc_pass AS failing, "
	RATE("dmarc_pass", "messages") " AS pass_rate, records, schema, issues, "
	"CASE WHEN conflict THEN 'conflict' END AS conflict, provenance, report_id, org_name, email, mail_sha256, "
	"day::text || ',' || report_key AS cursor FROM dmarcd_api.report WHERE " COUNTED_PERIOD
	" AND ($5::text IS NULL OR kind = $5) AND ($6::text IS NULL OR reporter = $6) AND " OF_OUTCOME("$7")
	" AND ($8::text IS NULL OR (day, report_key) < (split_part($8, ',', 1)::date, split_part($8, ',', 2)::uuid)) "
	"ORDER BY day DESC, report_key DESC LIMIT $9::integer";
static const struct column reports_columns[] = {
	{"begin_at", "Begin", LOOK_TIME, "/reports/{report_key}", NULL},
	{"kind", "Kind", LOOK_WORD, NULL, NULL},
	{"reporter", "Reporter", LOOK_TEXT, "/reports?reporter={reporter}&", NULL},
	{"policy_domain", "Domain", LOOK_TEXT, "/domains/{policy_domain}?", NULL},
	{"messages", "Messages", LOOK_NUMBER, "/reports/{report_key}", NULL},
	{"dmarc_pass", "Outcome", LOOK_MIX, NULL, "dmarc_pass failing"},
	{"pass_rate", "DMARC pass", LOOK_PERCENT, NULL, "messages"},
	{"records", "Rows", LOOK_NUMBER, NULL, NULL},
	{"schema", "Schema", LOOK_HIDDEN, NULL, NULL},
	{"issues", "Issues", LOOK_NUMBER, NULL, NULL},
	{"provenance", "Provenance", LOOK_STATE, NULL, NULL},
	{"conflict", "Conflict", LOOK_WORD, NULL, NULL},
	{"report_id", "Report id", LOOK_HIDDEN, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

static void add_reports(struct page *page, const struct filter *filter, const char *name, const char *title,
	enum block_look look, const char *sql, const struct column *columns)
{
	struct block *block = page_add(page, name, title, look, sql, columns);
	page_params_listed(block, filter);
	page_param(block, filter->kind);
	page_param(block, filter->reporter);
	page_param(block, filter->outcome);
}

void page_reports(struct request *request, struct page *page, struct str key)
{
	static const char *const outcomes[] = {"pass", "fail", NULL};
	const struct filter *filter = &request->filter;
	(void)key;
	*page = (struct page){.title = "Reports", .nav = "/reports", .filtered = true,
		.fields = FIELD_DOMAIN | FIELD_REPORTER | FIELD_KIND | FIELD_OUTCOME | FIELD_PROVENANCE,
		.outcomes = outcomes};
	add_reports(page, filter, "figures", NULL, BLOCK_FIGURES, reports_figures_sql, reports_figures_columns);
	add_reports(page, filter, "reports", "Each report as it came, by the UTC day it begins on", BLOCK_TABLE,
		reports_sql, reports_columns);
	page_param(&page->blocks[0], filter->counted);
	page_param(&page->blocks[1], filter->after);
	page_main(request, &page->blocks[1]);
}

static const char report_sql[] =
	"SELECT concat_ws(' · ', r.reporter, nullif(r.policy_domain, ''), r.day) AS heading, "
	"CASE r.kind WHEN 'aggregate' THEN concat(r.reporter, ' reports on ', " COUNT_TEXT("r.messages") ", ' "
	"messages of ', r.policy_domain, ': ', " COUNT_TEXT("r.dmarc_pass") ", ' pass DMARC, ', "
	COUNT_TEXT("r.messages - r.dmarc_pass") ", ' fail', CASE WHEN r.conflict "
	"THEN '. It contradicts one that came before and adds to no total' END, '.') "
	"WHEN 'tlsrpt' THEN concat(r.reporter, ' reports on sessions with TLS: ', (SELECT concat("
	COUNT_TEXT("sum(t.success)")
	", ' successful, ', " COUNT_TEXT("sum(t.failure)") ", ' failed.') FROM dmarcd_api.tls t "
	"WHERE t.report_key = r.report_key)) ELSE concat('One message', "
	"' of ' || nullif(r.policy_domain, ''), ' that failed, reported singly.') END AS verdict, "
	"r.report_key::text AS report_key, r.kind, r.org_name, r.email, r.contact, r.report_id, "
	"nullif(r.policy_domain, '') AS policy_domain, r.begin_at::text AS begin_at, r.end_at::text AS "
	"end_at, CASE r.kind WHEN 'aggregate' THEN r.messages END AS messages, "
	"CASE r.kind WHEN 'aggregate' THEN r.dmarc_pass END AS dmarc_pass, r.records, r.schema, r.provenance, "
	"r.provenance_domain, r.provenance_reasons, r.provenance_mail, r.judged_at::text AS judged_at, v.spf, v.dkim, "
	"v.dmarc, "
	"CASE WHEN r.conflict THEN 'conflict' END AS conflict, r.version, "
	"r.generator, r.errors::text AS errors, r.policy ->> 'p' AS p, r.policy ->> 'sp' AS sp, r.policy "
	"->> 'np' AS np, "
	"r.policy ->> 'adkim' AS adkim, r.policy ->> 'aspf' AS aspf, r.policy ->> 'pct' AS pct, r.policy "
	"->> 'fo' AS fo, "
	"r.policy ->> 'testing' AS testing, r.policy ->> 'discovery_method' AS discovery_method, r.member, "
	"m.file, m.sha256 AS mail_sha256, m.head_from, m.head_subject, m.taken_at::text AS taken_at "
	"FROM dmarcd_api.report r JOIN dmarcd_api.mail m ON m.sha256 = r.mail_sha256 "
	"LEFT JOIN dmarcd_api.verdict v ON v.sha256 = coalesce(r.provenance_mail, r.mail_sha256) AND v.part = 0 "
	"WHERE r.report_key = $1::uuid";
static const struct column report_columns[] = {
	{"org_name", "Organisation", LOOK_TEXT, NULL, NULL},
	{"email", "E-mail", LOOK_TEXT, NULL, NULL},
	{"contact", "Contact", LOOK_TEXT, NULL, NULL},
	{"report_id", "Report id", LOOK_TEXT, NULL, NULL},
	{"begin_at", "Begin", LOOK_TIME, NULL, NULL},
	{"end_at", "End", LOOK_TIME, NULL, NULL},
	{"messages", "Messages", LOOK_NUMBER, NULL, NULL},
	{"dmarc_pass", "of them passing", LOOK_NUMBER, NULL, NULL},
	{"records", "Rows", LOOK_NUMBER, NULL, NULL},
	{"generator", "Generator", LOOK_TEXT, NULL, NULL},
	{"errors", "Errors", LOOK_TEXT, NULL, NULL},
	{"provenance", "Whether it is genuine", LOOK_GROUP, NULL, NULL},
	{"provenance", "Provenance", LOOK_STATE, NULL, NULL},
	{"provenance", "That means", LOOK_MEANING, NULL, NULL},
	{"conflict", "Conflict", LOOK_WORD, NULL, NULL},
	{"provenance_domain", "Authenticated by", LOOK_TEXT, NULL, NULL},
	{"provenance_reasons", "Reasons", LOOK_REASONS, NULL, NULL},
	{"spf", "SPF of its mail", LOOK_WORD, NULL, NULL},
	{"dkim", "DKIM of its mail", LOOK_WORD, NULL, NULL},
	{"dmarc", "DMARC of its mail", LOOK_WORD, NULL, NULL},
	{"judged_at", "Judged", LOOK_TIME, "/mails/{provenance_mail}", NULL},
	{"policy_domain", "Policy as published", LOOK_GROUP, NULL, NULL},
	{"policy_domain", "Domain", LOOK_TEXT, "/domains/{policy_domain}", NULL},
	{"p", "p", LOOK_WORD, NULL, NULL},
	{"sp", "sp", LOOK_WORD, NULL, NULL},
	{"np", "np", LOOK_WORD, NULL, NULL},
	{"adkim", "adkim", LOOK_TEXT, NULL, NULL},
	{"aspf", "aspf", LOOK_TEXT, NULL, NULL},
	{"pct", "pct", LOOK_TEXT, NULL, NULL},
	{"fo", "fo", LOOK_TEXT, NULL, NULL},
	{"testing", "testing", LOOK_TEXT, NULL, NULL},
	{"discovery_method", "discovery_method", LOOK_TEXT, NULL, NULL},
	{"mail_sha256", "How it came", LOOK_GROUP, NULL, NULL},
	{"kind", "Kind", LOOK_WORD, NULL, NULL},
	{"schema", "Schema", LOOK_WORD, NULL, NULL},
	{"version", "Version", LOOK_TEXT, NULL, NULL},
	{"taken_at", "Taken in", LOOK_TIME, NULL, NULL},
	{"head_from", "Mail from", LOOK_TEXT, NULL, NULL},
	{"head_subject", "Mail subject", LOOK_TEXT, NULL, NULL},
	{"member", "Attachment", LOOK_TEXT, NULL, NULL},
	{"file", "File", LOOK_TEXT, NULL, NULL},
	{"mail_sha256", "SHA-256", LOOK_TEXT, "/mails/{mail_sha256}", NULL},
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

static const struct column record_columns[] = {
	{"source_ip", "Source", LOOK_TEXT, "/sources/{source_ip}?", NULL},
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
	{"contradictions", "Contradictions", LOOK_RESULTS, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};
/* The report's own domain and day lead to its partition. */
#define OF_REPORT "(policy_domain, day) = (SELECT policy_domain, day FROM dmarcd_api.report WHERE " \
	"report_key = $1::uuid) " \
	"AND report_key = $1::uuid"
static const char report_records_sql[] =
	"SELECT " RECORD_COLUMNS " FROM dmarcd_api.record WHERE " OF_REPORT
	" AND ($2::text IS NULL OR row_no > $2::integer) ORDER BY row_no LIMIT $3::integer";

static const char report_policies_sql[] =
	"SELECT policy_domain, policy_type, success, failure, mx_hosts, policy_strings FROM dmarcd_api.tls "
	"WHERE report_key = $1::uuid ORDER BY row_no LIMIT $2::integer";
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
	"ORDER BY row_no, detail_no LIMIT $2::integer";
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

void pages_add_issues(struct page *page, struct str key)
{
	struct block *block = page_add(page, "issues", "Issues", BLOCK_TABLE, issues_sql, issues_columns);
	page_param(block, key);
	block->empty = "None: the report is as its schema wants it.";
}

static struct block *add_part(struct page *page, struct str key, const char *name, const char *title, const char *sql,
	const struct column *columns)
{
	struct block *block = page_add(page, name, title, BLOCK_TABLE, sql, columns);
	page_param(block, key);
	block->hide_empty = true;
	return block;
}

static void add_original_links(const struct request *request, struct page *page, const char *label, struct str key)
{
	page_link(page, label, str_from(arena_printf(request->arena, "/reports/%.*s/document", STR_FMT(key))));
	page_link(page, "Download it", str_from(arena_printf(request->arena, "/reports/%.*s/original", STR_FMT(key))));
}

void page_report(struct request *request, struct page *page, struct str key)
{
	*page = (struct page){.title = "Report", .subject = key, .nav = "/reports", .must_exist = true,
		.heading = "heading"};
	add_original_links(request, page, "Original document", key);
	page_param(page_add(page, "report", "Report", BLOCK_FACTS, report_sql, report_columns), key);
	struct block *block = add_part(page, key, "records", "Rows", report_records_sql, record_columns);
	page_param(block, request->filter.after);
	page_main(request, block);
	block->cursor_column = "row_no";
	page_limit(request, add_part(page, key, "policies", "TLS policies", report_policies_sql, policies_columns),
		PAGE_ROWS_MOST, STR_NONE);
	page_limit(request, add_part(page, key, "details", "TLS failures", report_details_sql, details_columns),
		PAGE_ROWS_MOST, STR_NONE);
	pages_add_issues(page, key);
}

/* ---- /tls ---- */

static const char tls_figures_sql[] =
	"SELECT f.*, CASE WHEN reports = 0 THEN 'No TLS report in this period. Publish _smtp._tls to get them.' "
	"WHEN failure = 0 THEN concat('All of the ', " COUNT_TEXT("success") ", ' sessions had TLS as your policy "
	"wants it.') "
	"ELSE concat(rate, ' % of ', " COUNT_TEXT("success + failure") ", ' sessions had TLS as your policy wants "
	"it; ', "
	COUNT_TEXT("failure") ", ' failed.') END AS verdict "
	"FROM (SELECT coalesce(sum(success), 0) AS success, coalesce(sum(failure), 0) AS failure, "
	RATE("sum(success)", "sum(success) + sum(failure)") " AS rate, count(DISTINCT report_key) AS reports "
	"FROM dmarcd_api.tls t WHERE " OF_STATES("t") " AND " PERIOD ") f";
static const struct column tls_figures_columns[] = {
	{"success", "sessions with TLS", LOOK_NUMBER, NULL, NULL},
	{"failure", "failed sessions", LOOK_NUMBER, NULL, NULL},
	{"rate", "successful", LOOK_PERCENT, NULL, NULL},
	{"reports", "reports", LOOK_NUMBER, "/reports?kind=tlsrpt&", NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};
static const char tls_sql[] =
	"SELECT report_key::text AS report_key, begin_at::text AS begin_at, org_name, policy_domain, "
	"policy_type, success, failure, " RATE("success", "success::numeric + failure") " AS rate, mail_sha256, "
	"day::text || ',' || report_key || ',' || row_no AS cursor FROM dmarcd_api.tls t WHERE " OF_STATES("t") " "
	"AND " PERIOD
	" AND ($5::text IS NULL OR (day, report_key, row_no) < (split_part($5, ',', 1)::date, "
	"split_part($5, ',', 2)::uuid, split_part($5, ',', 3)::integer)) "
	"ORDER BY day DESC, report_key DESC, row_no DESC LIMIT $6::integer";
static const struct column tls_columns[] = {
	{"begin_at", "Begin", LOOK_TIME, "/reports/{report_key}", NULL},
	{"org_name", "Reporter", LOOK_TEXT, NULL, NULL},
	{"policy_domain", "Domain", LOOK_TEXT, "/tls?domain={policy_domain}&", NULL},
	{"policy_type", "Policy", LOOK_WORD, NULL, NULL},
	{"success", "Successful", LOOK_NUMBER, NULL, NULL},
	{"failure", "Failed", LOOK_NUMBER, NULL, NULL},
	{"success", "Outcome", LOOK_MIX, NULL, "success failure"},
	{"rate", "Successful, %", LOOK_PERCENT, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};
static const char tls_types_sql[] =
	"SELECT result_type, sum(failed_sessions) AS sessions, count(*) AS details FROM "
	"dmarcd_api.tls_detail t WHERE " OF_STATES("t") " AND " PERIOD " GROUP BY result_type ORDER BY sessions "
	"DESC, result_type "
	"LIMIT $5::integer";
static const struct column tls_types_columns[] = {
	{"result_type", "Failure", LOOK_TEXT, NULL, NULL},
	{"sessions", "Sessions", LOOK_NUMBER, NULL, NULL},
	{"details", "Details", LOOK_NUMBER, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

void page_tls(struct request *request, struct page *page, struct str key)
{
	const struct filter *filter = &request->filter;
	(void)key;
	*page = (struct page){.title = "TLS reports", .nav = "/tls", .filtered = true,
		.fields = FIELD_DOMAIN | FIELD_PROVENANCE};
	page_params_filter(page_add(page, "figures", NULL, BLOCK_FIGURES, tls_figures_sql, tls_figures_columns),
		filter);
	struct block *block = page_add(page, "types", "Kinds of failure", BLOCK_TABLE, tls_types_sql,
		tls_types_columns);
	page_params_filter(block, filter);
	page_limit(request, block, 50, STR_NONE);
	block->empty = "No failed session is described.";
	block = page_add(page, "tls", "Policies reported on", BLOCK_TABLE, tls_sql, tls_columns);
	page_params_filter(block, filter);
	page_param(block, filter->after);
	page_main(request, block);
}
