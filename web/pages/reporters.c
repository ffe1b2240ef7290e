// SPDX-License-Identifier: Apache-2.0
/* The pages of those who report: how much, how late, how far to be believed; and where they contradict themselves. */
#include "web/pages/pages.h"

/* Who usually reports: on five days of the two weeks before. */
const char completeness_sql[] =
	"SELECT last_day::text AS last_day, reporters, missing, concat('Reports are here up to ', last_day, ', from ', "
	"reporters, CASE WHEN reporters = 1 THEN ' reporter' ELSE ' reporters' END, ' on that day; ', "
	"CASE missing WHEN 0 THEN 'of those that usually report none is' WHEN 1 THEN '1 that usually reports is' "
	"ELSE missing || ' that usually report are' END, ' still missing.') AS text "
	"FROM (SELECT newest AS last_day, count(*) FILTER (WHERE last = newest) AS reporters, "
	"count(*) FILTER (WHERE last < newest AND days >= 5) AS missing FROM (SELECT max(day) AS last, "
	"count(DISTINCT day) AS days, max(max(day)) OVER () AS newest FROM dmarcd_api.reporters "
	"WHERE day BETWEEN greatest($1::date, $2::date - 14) AND $2::date AND ($3::text IS NULL OR policy_domain = $3) "
	"GROUP BY reporter) seen GROUP BY newest) c";

static const char reporters_figures_sql[] =
	"SELECT f.*, " RATE("trusted", "messages") " AS trusted_rate, "
	"CASE WHEN reporters = 0 THEN 'No receiver reported in this period.' ELSE concat(reporters, "
	"CASE WHEN reporters = 1 THEN ' receiver reports on ' ELSE ' receivers report on ' END, "
	COUNT_TEXT("messages") ", ' messages.') END AS verdict FROM (SELECT "
	"count(DISTINCT reporter) FILTER (WHERE counted) AS reporters, "
	BOTH_WAYS("reports", "reports") ", " BOTH_WAYS("messages", "messages") ", "
	"coalesce(sum(messages) FILTER (WHERE counted AND trusted), 0) AS trusted FROM "
	WEIGHED("dmarcd_api.reporters") " w) f";
static const struct column reporters_figures_columns[] = {
	{"reporters", "reporters", LOOK_NUMBER, NULL, NULL},
	{"reports", "aggregate reports", LOOK_NUMBER, "/reports?kind=aggregate&", NULL},
	{"messages", "messages", LOOK_NUMBER, "/sources?", NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

/* $5: after or NULL, $6: the limit. Lag: from the end of its period to the mail's date, or else to its arrival. */
static const char reporters_sql[] =
	"WITH ranked AS MATERIALIZED (SELECT reporter, (sum(reports) FILTER (WHERE counted))::bigint AS reports, "
	OF_COUNTED("messages") " AS messages, " OF_COUNTED("messages - dmarc_pass") " AS failing, "
	RATE(OF_COUNTED("dmarc_pass"), OF_COUNTED("messages")) " AS pass_rate, " ROW_BOTH_WAYS ", "
	OF_COUNTED("records") "::bigint AS records, " OF_COUNTED("contradictory") "::bigint AS contradictory, "
	RATE(OF_COUNTED("contradictory"), OF_COUNTED("records")) " AS contradictory_rate, "
	"count(DISTINCT policy_domain) AS domains, count(DISTINCT day) AS days, "
	"min(day)::text AS first_day, max(day)::text AS last_day, " RANK_CURSOR("reporter") " "
	"FROM " WEIGHED("dmarcd_api.reporters") " w GROUP BY reporter HAVING bool_or(counted) AND "
	RANK_AFTER("$5", "reporter") RANK_ORDER("reporter") "LIMIT $6::integer), "
	"states AS (SELECT reporter, provenance, count(*) AS n, max(m.taken_at) AS last_at, "
	"array_agg(extract(epoch FROM coalesce(m.head_date_at, m.taken_at) - r.end_at) / 3600) AS lags "
	"FROM dmarcd_api.report r JOIN dmarcd_api.mail m ON m.sha256 = r.mail_sha256 "
	"WHERE r.kind = 'aggregate' AND NOT r.conflict AND " COUNTED_PERIOD " GROUP BY reporter, provenance), "
	"late AS (SELECT s.reporter, string_agg(DISTINCT s.provenance || ' ' || s.n, ', ') AS provenance_mix, "
	"max(s.last_at) AS last_at, round(percentile_cont(0.5) WITHIN GROUP (ORDER BY l.lag)::numeric, 1) AS "
	"lag_median_hours, "
	"round(percentile_cont(0.95) WITHIN GROUP (ORDER BY l.lag)::numeric, 1) AS lag_p95_hours "
	"FROM states s CROSS JOIN LATERAL unnest(s.lags) AS l(lag) GROUP BY s.reporter) "
	"SELECT ranked.*, late.provenance_mix, late.lag_median_hours, late.lag_p95_hours, late.last_at::text AS "
	"last_at "
	"FROM ranked LEFT JOIN late USING (reporter) ORDER BY messages DESC, reporter COLLATE \"C\"";
static const struct column reporters_columns[] = {
	{"reporter", "Reporter", LOOK_TEXT, "/reports?reporter={reporter}&", NULL},
	{"reports", "Reports", LOOK_NUMBER, "/reports?reporter={reporter}&kind=aggregate&", NULL},
	{"messages", "Messages", LOOK_NUMBER, NULL, NULL},
	{"pass_rate", "DMARC pass", LOOK_PERCENT, NULL, "messages"},
	{"trusted_rate", "Trusted", LOOK_TRUSTED, NULL, NULL},
	{"provenance_mix", "Provenance", LOOK_TEXT, NULL, NULL},
	{"lag_median_hours", "Lag, h", LOOK_NUMBER, NULL, NULL},
	{"lag_p95_hours", "95 % in h", LOOK_NUMBER, NULL, NULL},
	{"contradictory", "Contradictory", LOOK_NUMBER, "/contradictions?reporter={reporter}&", NULL},
	{"domains", "Domains", LOOK_HIDDEN, NULL, NULL},
	{"days", "Days", LOOK_HIDDEN, NULL, NULL},
	{"last_at", "Last came", LOOK_TIME, NULL, NULL},
	{"last_day", "Last day", LOOK_HIDDEN, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

/* $5: the limit. */
static const char contradictory_sql[] =
	"SELECT reporter, sum(contradictory)::bigint AS contradictory, sum(records)::bigint AS records, "
	RATE("sum(contradictory)", "sum(records)") " AS contradictory_rate FROM dmarcd_api.reporters WHERE "
	COUNTED_PERIOD
	" GROUP BY reporter HAVING sum(contradictory) > 0 ORDER BY sum(contradictory) DESC, reporter COLLATE \"C\" "
	"LIMIT $5::integer";
static const struct column contradictory_columns[] = {
	{"reporter", "Reporter", LOOK_TEXT, "/reports?reporter={reporter}&", NULL},
	{"contradictory", "Contradictory rows", LOOK_NUMBER, "/contradictions?reporter={reporter}&", NULL},
	{"records", "of rows", LOOK_NUMBER, NULL, NULL},
	{"contradictory_rate", "Share", LOOK_SHARE, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

void page_reporters(struct request *request, struct page *page, struct str key)
{
	const struct filter *filter = &request->filter;
	(void)key;
	*page = (struct page){.title = "Reporters", .nav = "/reporters", .filtered = true,
		.fields = FIELD_DOMAIN | FIELD_PROVENANCE};
	page_params_filter(page_add(page, "figures", NULL, BLOCK_FIGURES, reporters_figures_sql,
		reporters_figures_columns), filter);
	page_params_period(page_add(page, "completeness", NULL, BLOCK_NOTE, completeness_sql, NULL), filter);
	struct block *block = page_add(page, "reporters", "Receivers that report on your mail", BLOCK_TABLE,
	reporters_sql,
		reporters_columns);
	page_params_filter(block, filter);
	page_param(block, filter->after);
	page_main(request, block);
	block = page_add(page, "contradictory", "Those that contradict themselves", BLOCK_TABLE, contradictory_sql,
		contradictory_columns);
	page_params_filter(block, filter);
	page_limit(request, block, 50, STR_NONE);
	block->empty = "No row in this period contradicts itself.";
}

/* ---- where they do ---- */

#define CONTRADICTIONS "FROM dmarcd_api.contradiction c WHERE " OF_STATES("c") " AND " PERIOD \
	" AND ($5::text IS NULL OR reporter = $5)"
static const char codes_sql[] =
	"SELECT code, count(*) AS rows, sum(messages) AS messages, count(DISTINCT reporter) AS reporters "
	CONTRADICTIONS
	" GROUP BY code ORDER BY rows DESC, code";
static const struct column codes_columns[] = {
	{"code", "Contradiction", LOOK_TEXT, NULL, NULL},
	{"rows", "Times", LOOK_NUMBER, NULL, NULL},
	{"messages", "Messages", LOOK_NUMBER, NULL, NULL},
	{"reporters", "Reporters", LOOK_NUMBER, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};
/* $6: after or NULL, $7: the limit. What is of a whole report stands before its rows. */
#define PLACE "coalesce(row_no, -1)"
static const char contradictions_sql[] =
	"SELECT report_key::text AS report_key, row_no, day::text AS day, reporter, policy_domain, code, messages, "
	"host(source_ip) AS source_ip, header_from, disposition, spf_evaluated, dkim_evaluated, "
	"concat_ws(',', day, report_key, " PLACE ", code) AS cursor " CONTRADICTIONS
	" AND ($6::text IS NULL OR (day, report_key, " PLACE ", code) < (split_part($6, ',', 1)::date, "
	"split_part($6, ',', 2)::uuid, split_part($6, ',', 3)::integer, split_part($6, ',', 4))) "
	"ORDER BY day DESC, report_key DESC, " PLACE " DESC, code DESC LIMIT $7::integer";
static const struct column contradictions_columns[] = {
	{"day", "Day", LOOK_DAY, "/reports/{report_key}", NULL},
	{"reporter", "Reporter", LOOK_TEXT, "/reports?reporter={reporter}&", NULL},
	{"policy_domain", "Domain", LOOK_TEXT, "/domains/{policy_domain}?", NULL},
	{"code", "Contradiction", LOOK_TEXT, NULL, NULL},
	{"row_no", "Row", LOOK_NUMBER, NULL, NULL},
	{"messages", "Messages", LOOK_NUMBER, NULL, NULL},
	{"source_ip", "Source", LOOK_TEXT, "/sources/{source_ip}?", NULL},
	{"header_from", "Header From", LOOK_TEXT, NULL, NULL},
	{"disposition", "Disposition", LOOK_WORD, NULL, NULL},
	{"spf_evaluated", "SPF evaluated", LOOK_TEXT, NULL, NULL},
	{"dkim_evaluated", "DKIM evaluated", LOOK_TEXT, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

void page_contradictions(struct request *request, struct page *page, struct str key)
{
	const struct filter *filter = &request->filter;
	(void)key;
	*page = (struct page){.title = "Contradictions", .nav = "/reporters", .filtered = true,
		.fields = FIELD_DOMAIN | FIELD_REPORTER | FIELD_PROVENANCE,
		.intro = "Where a report disagrees with itself: its verdicts with its own results, its alignment, "
		"its policy, "
			"its dates or sums. doc/coherence.md explains the codes."};
	struct block *block = page_add(page, "codes", "By kind", BLOCK_TABLE, codes_sql, codes_columns);
	page_params_filter(block, filter);
	page_param(block, filter->reporter);
	block->empty = "Nothing in this period contradicts itself.";
	block = page_add(page, "contradictions", "Each of them", BLOCK_TABLE, contradictions_sql,
	contradictions_columns);
	page_params_filter(block, filter);
	page_param(block, filter->reporter);
	page_param(block, filter->after);
	page_main(request, block);
	block->hide_empty = true;
}
