// SPDX-License-Identifier: Apache-2.0
/*
 * The pages of failure samples. They are of people: what a page shows is masked by the views, and shown as it
 * was sent only by a second step with an address of its own; both are noted.
 */
#include "web/pages/pages.h"

#define FAILURES "FROM dmarcd_api.failure f WHERE day BETWEEN $1::date AND $2::date " \
	"AND ($3::text IS NULL OR reported_domain = $3) AND " OF_STATES("f") \
	" AND ($5::inet IS NULL OR source_ip <<= $5::inet)"
static const char failures_figures_sql[] =
	"SELECT f.*, CASE WHEN failures = 0 THEN 'No failure report in this period. Few receivers send them.' "
	"ELSE concat(" COUNT_TEXT("failures") ", CASE WHEN failures = 1 THEN ' message' ELSE ' messages' END, "
	"' that failed, reported singly; ', sources, CASE WHEN sources = 1 THEN ' source.' ELSE ' sources.' END) END "
	"AS verdict FROM (SELECT count(*) AS failures, count(DISTINCT source_ip) AS sources, "
	"count(DISTINCT reported_domain) AS domains, count(*) FILTER (WHERE sample_has_body) AS with_body "
	FAILURES ") f";
static const struct column failures_figures_columns[] = {
	{"failures", "failure samples", LOOK_NUMBER, NULL, NULL},
	{"sources", "sources", LOOK_NUMBER, NULL, NULL},
	{"domains", "domains", LOOK_NUMBER, NULL, NULL},
	{"with_body", "with the whole message", LOOK_NUMBER, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};
static const char failures_sql[] =
	"SELECT report_key::text AS report_key, coalesce(arrived_at::text, day::text) AS arrived_at, "
	"reported_domain, auth_failure, host(source_ip) AS source_ip, delivery_result, orig_from, orig_subject, "
	"reporting_mta, schema, provenance, (SELECT v.dmarc FROM dmarcd_api.verdict v WHERE v.sha256 = f.mail_sha256 "
	"AND v.part = f.report_no + 1) AS ours, day::text || ',' || report_key AS cursor " FAILURES
	" AND ($6::text IS NULL OR (day, report_key) < (split_part($6, ',', 1)::date, split_part($6, ',', 2)::uuid)) "
	"ORDER BY day DESC, report_key DESC LIMIT $7::integer";
static const struct column failures_columns[] = {
	{"arrived_at", "Arrived", LOOK_TIME, "/failures/{report_key}", NULL},
	{"reported_domain", "Domain", LOOK_TEXT, "/domains/{reported_domain}?", NULL},
	{"auth_failure", "Failed", LOOK_TEXT, NULL, NULL},
	{"source_ip", "Source", LOOK_TEXT, "/failures?source={source_ip}&", NULL},
	{"delivery_result", "Result", LOOK_WORD, NULL, NULL},
	{"ours", "DMARC as we find it", LOOK_WORD, NULL, NULL},
	{"provenance", "Report", LOOK_STATE, NULL, NULL},
	{"orig_from", "From", LOOK_TEXT, NULL, NULL},
	{"orig_subject", "Subject", LOOK_TEXT, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

void page_failures(struct request *request, struct page *page, struct str key)
{
	(void)key;
	*page = (struct page){.title = "Failure samples", .nav = "/failures", .filtered = true,
		.fields = FIELD_DOMAIN | FIELD_SOURCE | FIELD_PROVENANCE};
	struct block *block = page_add(page, "figures", NULL, BLOCK_FIGURES, failures_figures_sql,
		failures_figures_columns);
	page_params_listed(block, &request->filter);
	page_param(block, request->filter.source);
	block = page_add(page, "failures", "Single messages that failed (ruf)", BLOCK_TABLE, failures_sql,
		failures_columns);
	page_params_listed(block, &request->filter);
	page_param(block, request->filter.source);
	page_param(block, request->filter.after);
	page_main(request, block);
}


/* Of x, a row of the view or the same without its mask. */
#define FIELD(name) "x.fields ->> '" name "' AS " name
/* What cannot be seen here, and why. */
#define MISSING \
	"nullif(concat_ws(' ', CASE WHEN f.sample_bytes = 0 THEN 'The report holds no message.' " \
	"WHEN NOT f.sample_has_body THEN 'Only header fields were sent: what needs the body cannot be checked.' END, " \
	"CASE WHEN NOT m.has_original THEN concat('The message is not kept here, or not any more', CASE WHEN " \
	"v.verdict IS NOT NULL THEN '; its verdict and trace are' END, '. The mail that brought it may still lie " \
	"where it came from: ', m.file, '.') END, CASE WHEN v.verdict IS NULL THEN 'It is not verified yet.' END), '')"
#define FAILURE_SQL(source) \
	"SELECT concat_ws(' · ', f.reported_domain, coalesce(f.arrived_at::date, f.day)) AS heading, " \
	"concat('A message of ', coalesce(f.reported_domain, 'an unnamed domain'), ' from ' || host(f.source_ip), ' " \
	"failed', ': ' || f.auth_failure, '.', ' What the receiver did: ' || f.delivery_result || '.', " \
	"' We find: DMARC ' || v.dmarc || '.') AS verdict, " \
	"f.report_key::text AS report_key, f.arrived_at::text AS arrived_at, f.feedback_type, f.auth_failure, " \
	"host(f.source_ip) AS source_ip, f.reported_domain, " FIELD("original_mail_from") ", " \
	FIELD("original_rcpt_to") ", f.delivery_result, f.identity_alignment, f.dkim_domain, f.dkim_selector, " \
	FIELD("spf_dns") ", " FIELD("authentication_results") ", f.reporting_mta, f.user_agent, " \
	FIELD("orig_from") ", " \
	FIELD("orig_subject") ", " FIELD("orig_message_id") ", f.sample_bytes, f.sample_has_body, x.sample_headers, " \
	"f.schema, f.mail_sha256, f.provenance, v.judged_at::text AS judged_at, v.spf, v.dkim, v.dmarc, v.arc, " \
	"v.headers_only, " MISSING " AS missing, " TRACE("x.verdict") " AS trace, x.verdict::jsonb AS verdict_json " \
	"FROM dmarcd_api.failure f JOIN dmarcd_api.mail m ON m.sha256 = f.mail_sha256 " \
	"LEFT JOIN dmarcd_api.verdict v ON v.sha256 = f.mail_sha256 AND v.part = f.report_no + 1 " \
	source " WHERE f.report_key = $1::uuid"
static const char failure_sql[] = FAILURE_SQL("CROSS JOIN LATERAL (SELECT f.fields, f.sample_headers, v.verdict, "
	"dmarcd_api.sample_viewed(f.report_key, $2, $3::inet) OFFSET 0) x");
static const char shown_sql[] = FAILURE_SQL("CROSS JOIN LATERAL dmarcd_api.sample_shown(f.report_key, $2, $3::inet) x");

static const struct column failure_columns[] = {
	{"arrived_at", "Arrived", LOOK_TIME, NULL, NULL},
	{"auth_failure", "Failed", LOOK_TEXT, NULL, NULL},
	{"source_ip", "Source", LOOK_TEXT, "/sources/{source_ip}", NULL},
	{"reported_domain", "Domain", LOOK_TEXT, "/domains/{reported_domain}", NULL},
	{"delivery_result", "Result", LOOK_WORD, NULL, NULL},
	{"provenance", "Report", LOOK_STATE, "/reports/{report_key}", NULL},
	{"missing", "What is missing", LOOK_TEXT, NULL, NULL},
	{"schema", "The message", LOOK_GROUP, NULL, NULL},
	{"orig_from", "From", LOOK_TEXT, NULL, NULL},
	{"orig_subject", "Subject", LOOK_TEXT, NULL, NULL},
	{"orig_message_id", "Message-ID", LOOK_TEXT, NULL, NULL},
	{"original_mail_from", "Envelope from", LOOK_TEXT, NULL, NULL},
	{"original_rcpt_to", "Envelope to", LOOK_TEXT, NULL, NULL},
	{"sample_bytes", "Size", LOOK_BYTES, NULL, NULL},
	{"sample_headers", "Header", LOOK_PRE, NULL, NULL},
	{"schema", "What the receiver says", LOOK_GROUP, NULL, NULL},
	{"identity_alignment", "Identity-Alignment", LOOK_TEXT, NULL, NULL},
	{"dkim_domain", "DKIM domain", LOOK_TEXT, NULL, NULL},
	{"dkim_selector", "DKIM selector", LOOK_TEXT, NULL, NULL},
	{"spf_dns", "SPF record", LOOK_TEXT, NULL, NULL},
	{"authentication_results", "Authentication-Results", LOOK_PRE, NULL, NULL},
	{"reporting_mta", "Reporting MTA", LOOK_TEXT, NULL, NULL},
	{"user_agent", "User agent", LOOK_TEXT, NULL, NULL},
	{"schema", "Schema", LOOK_WORD, NULL, NULL},
	{"mail_sha256", "Report mail", LOOK_TEXT, "/mails/{mail_sha256}", NULL},
	{"judged_at", "What we find", LOOK_GROUP, NULL, NULL},
	{"spf", "SPF", LOOK_WORD, NULL, NULL},
	{"dkim", "DKIM", LOOK_WORD, NULL, NULL},
	{"dmarc", "DMARC", LOOK_WORD, NULL, NULL},
	{"arc", "ARC", LOOK_WORD, NULL, NULL},
	{"judged_at", "Verified", LOOK_TIME, NULL, NULL},
	{"trace", "Trace", LOOK_TRACE, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

static const char recheck_sql[] =
	"SELECT c.method, c.reporter, c.ours, c.difference, c.detail FROM dmarcd_api.failure f JOIN "
	"dmarcd_api.recheck c "
	"ON (c.policy_domain, c.day, c.report_key) = (coalesce(f.reported_domain, ''), f.day, f.report_key) "
	"WHERE f.report_key = $1::uuid ORDER BY array_position('{spf,dkim,dmarc}'::text[], c.method), c.method";
static const struct column recheck_columns[] = {
	{"method", "Method", LOOK_TEXT, NULL, NULL},
	{"reporter", "The reporter says", LOOK_WORD, NULL, NULL},
	{"ours", "We find", LOOK_WORD, NULL, NULL},
	{"difference", "Difference", LOOK_DIFFERENCE, NULL, NULL},
	{"detail", "Why", LOOK_PROSE, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

static const char seen_sql[] =
	"SELECT at::text AS at, who, host(address) AS address, what FROM dmarcd_api.audit WHERE object = "
	"$1::uuid::text "
	"ORDER BY at DESC LIMIT $2::integer";
static const struct column seen_columns[] = {
	{"at", "When", LOOK_TIME, NULL, NULL},
	{"who", "Who", LOOK_TEXT, NULL, NULL},
	{"address", "From", LOOK_TEXT, NULL, NULL},
	{"what", "What", LOOK_TEXT, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

static void fill_failure(struct request *request, struct page *page, struct str key, bool shown)
{
	const char *path = arena_printf(request->arena, "/failures/%.*s", STR_FMT(key));
	*page = (struct page){.title = "Failure sample", .subject = key, .nav = "/failures", .must_exist = true,
		.heading = "heading", .intro = shown ? "As it was sent: this view is noted." :
			"Local parts, names and subjects are masked. Each view is noted."};
	if (shown)
		page_link(page, "With its mask", str_from(path));
	else
		page_link(page, "Show it unmasked (noted)", str_from(arena_printf(request->arena, "%s/shown", path)));
	page_link(page, "The whole message (noted)", str_from(arena_printf(request->arena, "/reports/%.*s/document",
		STR_FMT(key))));
	struct block *block = page_add(page, "failure", "Failure", BLOCK_FACTS, shown ? shown_sql : failure_sql,
		failure_columns);
	page_param(block, key);
	page_param(block, STR("-"));
	page_param(block, request->address);
	block->main = block->noted = true;
	block = page_add(page, "recheck", "The reporter's verdict and ours", BLOCK_TABLE, recheck_sql, recheck_columns);
	page_param(block, key);
	block->empty = "The sample is not verified yet.";
	pages_add_issues(page, key);
	block = page_add(page, "seen", "Who looked at it", BLOCK_TABLE, seen_sql, seen_columns);
	page_param(block, key);
	page_limit(request, block, 20, STR_NONE);
}

void page_failure(struct request *request, struct page *page, struct str key)
{
	fill_failure(request, page, key, request->web->show_samples);
}

void page_failure_shown(struct request *request, struct page *page, struct str key)
{
	fill_failure(request, page, str_sub(key, 0, str_find_char(key, '/')), true);
}
