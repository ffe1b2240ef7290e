// SPDX-License-Identifier: Apache-2.0
/* The pages of sums: overview, domains, sources, reporters. */
#include "web/pages/pages.h"

/* Of messages and dmarc_pass, each both ways, and trusted: those of the counted. */
#define RATES_BOTH_WAYS RATE("dmarc_pass", "messages") " AS pass_rate, " \
	RATE("dmarc_pass_all", "messages_all") " AS pass_rate_all, " \
	RATE("dmarc_pass_trusted", "messages_trusted") " AS pass_rate_trusted, " \
	RATE("trusted", "messages") " AS trusted_rate, " RATE("messages - trusted", "messages") " AS untrusted_rate"

#define VERDICT \
	"SELECT f.*, CASE WHEN messages = 0 THEN 'No messages were reported in this period.' " \
	"WHEN failing = 0 THEN concat('All of the ', " COUNT_TEXT("messages") ", ' messages pass DMARC.') " \
	"ELSE concat(pass_rate, ' % of ', " COUNT_TEXT("messages") ", ' messages pass DMARC; ', " \
	COUNT_TEXT("failing") ", ' fail. Receivers quarantined or rejected ', " \
	"CASE WHEN blocked = 0 THEN 'none' ELSE " COUNT_TEXT("blocked") " END, '.') END AS verdict FROM "

#define FIGURES_SQL \
	VERDICT "(SELECT s.*, " RATES_BOTH_WAYS ", " \
	RATE("spf", "messages") " AS spf_rate, " RATE("dkim", "messages") " AS dkim_rate FROM (SELECT " \
	BOTH_WAYS("messages", "messages") ", " BOTH_WAYS("dmarc_pass", "CASE WHEN dmarc_pass THEN messages END") ", " \
	BOTH_WAYS("failing", "CASE WHEN NOT dmarc_pass THEN messages END") ", " \
	BOTH_WAYS("blocked", "CASE WHEN disposition IN ('reject', 'quarantine') THEN messages END") ", " \
	"coalesce(sum(messages) FILTER (WHERE counted AND trusted), 0) AS trusted, " \
	"sum(messages) FILTER (WHERE counted AND spf_aligned) AS spf, " \
	"sum(messages) FILTER (WHERE counted AND dkim_aligned) AS dkim, " \
	"coalesce(bool_or(estimated) FILTER (WHERE counted), false) AS estimated FROM " \
	WEIGHED("dmarcd_api.daily") " d) s) f"
static const struct column figures_columns[] = {
	{"messages", "messages", LOOK_NUMBER, "/sources?", NULL},
	{"pass_rate", "DMARC pass", LOOK_PERCENT, NULL, "messages"},
	{"failing", "failing", LOOK_NUMBER, "/sources?outcome=fail&", NULL},
	{"blocked", "quarantined or rejected", LOOK_NUMBER, "/sources?outcome=blocked&", NULL},
	{"spf_rate", "SPF aligned", LOOK_SHARE, NULL, NULL},
	{"dkim_rate", "DKIM aligned", LOOK_SHARE, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

/* $5: the step. Days without mail are days too. */
static const char daily_sql[] =
	"SELECT d.day::text AS day, coalesce(sum(v.messages) FILTER (WHERE spf_aligned AND dkim_aligned), "
	"0) AS both, "
	"coalesce(sum(v.messages) FILTER (WHERE dkim_aligned AND NOT spf_aligned), 0) AS dkim_only, "
	"coalesce(sum(v.messages) FILTER (WHERE spf_aligned AND NOT dkim_aligned), 0) AS spf_only, "
	"coalesce(sum(v.messages) FILTER (WHERE NOT dmarc_pass), 0) AS fail "
	"FROM (SELECT DISTINCT date_trunc($5, g)::date AS day "
	"FROM generate_series($1::date, $2::date, interval '1 day') AS g) d "
	"LEFT JOIN (SELECT * FROM dmarcd_api.daily WHERE " COUNTED_PERIOD ") v ON date_trunc($5, v.day)::date = d.day "
	"GROUP BY d.day ORDER BY d.day";

static void add_figures(struct page *page, const struct filter *filter, const char *sql)
{
	page_params_filter(page_add(page, "figures", NULL, BLOCK_FIGURES, sql, figures_columns), filter);
	struct block *block = page_add(page, "daily", "Messages per day", BLOCK_DAILY, daily_sql, NULL);
	page_params_filter(block, filter);
	page_param(block, str_from(filter->step));
	page_params_period(page_add(page, "completeness", NULL, BLOCK_NOTE, completeness_sql, NULL), filter);
}

/* What the totals rest on. */
static const char provenance_sql[] =
	"SELECT provenance, sum(messages) AS messages, " RATE("sum(messages)", "sum(sum(messages)) OVER ()")
	" AS share, "
	RATE("sum(messages) FILTER (WHERE dmarc_pass)", "sum(messages)") " AS pass_rate, "
	"coalesce(sum(messages) FILTER (WHERE dmarc_pass), 0) AS dmarc_pass, bool_or(counted) AS counted FROM "
	WEIGHED("dmarcd_api.daily") " d GROUP BY provenance ORDER BY array_position(" STATES ", provenance)";
static const struct column provenance_columns[] = {
	{"provenance", "Reports", LOOK_STATE, "/reports?provenance={provenance}&kind=aggregate&", NULL},
	{"provenance", "What that means", LOOK_MEANING, NULL, NULL},
	{"messages", "Messages", LOOK_NUMBER, "/sources?provenance={provenance}&", NULL},
	{"share", "Share", LOOK_SHARE, NULL, NULL},
	{"pass_rate", "DMARC pass", LOOK_PERCENT, NULL, "messages"},
	{"counted", "Counted", LOOK_YES, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

static void add_provenance(struct page *page, const struct filter *filter)
{
	struct block *block = page_add(page, "provenance", "Whether the reports are genuine", BLOCK_TABLE,
		provenance_sql, provenance_columns);
	page_params_filter(block, filter);
	block->hide_empty = true;
}

/* $5: after or NULL, $6: the outcome, $7: an address or network, $8: the limit. */
#define SOURCE_KEY "coalesce(host(source_ip), '')"
#define SOURCES_SQL \
	"SELECT host(source_ip) AS source_ip, " OF_COUNTED("messages") " AS messages, " \
	OF_COUNTED("spf_aligned + dkim_aligned - dmarc_pass") " AS both, " \
	OF_COUNTED("dmarc_pass - spf_aligned") " AS dkim_only, " \
	OF_COUNTED("dmarc_pass - dkim_aligned") " AS spf_only, " \
	RATE(OF_COUNTED("dmarc_pass"), OF_COUNTED("messages")) " AS pass_rate, " \
	RATE(OF_COUNTED("spf_aligned"), OF_COUNTED("messages")) " AS spf_rate, " \
	RATE(OF_COUNTED("dkim_aligned"), OF_COUNTED("messages")) " AS dkim_rate, " \
	OF_COUNTED("messages - dmarc_pass") " AS failing, " OF_COUNTED("rejected") " AS rejected, " \
	OF_COUNTED("quarantined") " AS quarantined, " ROW_BOTH_WAYS ", " \
	"count(DISTINCT policy_domain) AS domains, " \
	"min(day)::text AS first_day, max(day)::text AS last_day, " RANK_CURSOR(SOURCE_KEY) " " \
	"FROM " WEIGHED("dmarcd_api.sources") " w WHERE ($7::inet IS NULL OR source_ip <<= $7::inet) " \
	"GROUP BY source_ip HAVING bool_or(counted) AND " RANK_AFTER("$5", SOURCE_KEY) " AND ($6::text IS NULL " \
	"OR ($6 = 'fail' AND " OF_COUNTED("messages - dmarc_pass") " > 0) OR ($6 = 'pass' AND " \
	OF_COUNTED("dmarc_pass") " > 0) OR ($6 = 'blocked' AND " OF_COUNTED("rejected + quarantined") " > 0)) "
static const struct column sources_columns[] = {
	{"source_ip", "Source", LOOK_TEXT, "/sources/{source_ip}?", NULL},
	{"messages", "Messages", LOOK_NUMBER, "/sources/{source_ip}?", NULL},
	{"both", "Outcome", LOOK_MIX, NULL, "both dkim_only spf_only failing"},
	{"pass_rate", "DMARC pass", LOOK_PERCENT, NULL, "messages"},
	{"spf_rate", "SPF", LOOK_SHARE, NULL, NULL},
	{"dkim_rate", "DKIM", LOOK_SHARE, NULL, NULL},
	{"failing", "Failing", LOOK_NUMBER, "/sources/{source_ip}?outcome=fail&", NULL},
	{"quarantined", "Quarantined", LOOK_NUMBER, NULL, NULL},
	{"rejected", "Rejected", LOOK_NUMBER, NULL, NULL},
	{"trusted_rate", "Trusted", LOOK_TRUSTED, NULL, NULL},
	{"first_day", "First day", LOOK_DAY, NULL, NULL},
	{"last_day", "Last day", LOOK_DAY, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

static struct block *add_sources(struct page *page, const struct filter *filter, const char *title,
	const char *sql, struct str after)
{
	struct block *block = page_add(page, "sources", title, BLOCK_TABLE, sql, sources_columns);
	page_params_filter(block, filter);
	page_param(block, after);
	page_param(block, filter->outcome);
	page_param(block, filter->source);
	return block;
}

/* $5: after or NULL, $6: the limit. */
#define DOMAINS_SQL \
	"SELECT d.policy_domain, (SELECT r.policy ->> 'p' FROM dmarcd_api.report r WHERE r.kind = 'aggregate' " \
	"AND NOT r.conflict AND r.policy_domain = d.policy_domain ORDER BY r.day DESC, r.report_key LIMIT 1) AS p, " \
	"messages, d.both, dkim_only, spf_only, pass_rate, spf_rate, dkim_rate, failing, blocked, messages_all, " \
	"messages_trusted, dmarc_pass, dmarc_pass_all, dmarc_pass_trusted, trusted_rate, last_day, cursor " \
	"FROM (SELECT policy_domain, " OF_COUNTED("messages") " AS messages, " \
	OF_COUNTED("CASE WHEN spf_aligned AND dkim_aligned THEN messages END") " AS both, " \
	OF_COUNTED("CASE WHEN dkim_aligned AND NOT spf_aligned THEN messages END") " AS dkim_only, " \
	OF_COUNTED("CASE WHEN spf_aligned AND NOT dkim_aligned THEN messages END") " AS spf_only, " \
	RATE(OF_COUNTED("passing"), OF_COUNTED("messages")) " AS pass_rate, " \
	RATE(OF_COUNTED("CASE WHEN spf_aligned THEN messages END"), OF_COUNTED("messages")) " AS spf_rate, " \
	RATE(OF_COUNTED("CASE WHEN dkim_aligned THEN messages END"), OF_COUNTED("messages")) " AS dkim_rate, " \
	OF_COUNTED("messages - passing") " AS failing, " \
	OF_COUNTED("CASE WHEN disposition IN ('reject', 'quarantine') THEN messages END") " AS blocked, " \
	ROW_TOTALS_BOTH_WAYS("passing") ", max(day)::text AS last_day, " RANK_CURSOR("policy_domain") \
	" FROM (SELECT *, CASE WHEN dmarc_pass THEN messages ELSE 0 END AS passing FROM " WEIGHED("dmarcd_api.daily") \
	" d) w GROUP BY policy_domain HAVING bool_or(counted) AND " RANK_AFTER("$5", "policy_domain") \
	RANK_ORDER("policy_domain") "LIMIT $6::integer) d ORDER BY messages DESC, policy_domain COLLATE \"C\""
static const struct column domains_columns[] = {
	{"policy_domain", "Domain", LOOK_TEXT, "/domains/{policy_domain}?", NULL},
	{"p", "Policy", LOOK_WORD, NULL, NULL},
	{"messages", "Messages", LOOK_NUMBER, "/sources?domain={policy_domain}&", NULL},
	{"both", "Outcome", LOOK_MIX, NULL, "both dkim_only spf_only failing"},
	{"pass_rate", "DMARC pass", LOOK_PERCENT, NULL, "messages"},
	{"spf_rate", "SPF", LOOK_SHARE, NULL, NULL},
	{"dkim_rate", "DKIM", LOOK_SHARE, NULL, NULL},
	{"failing", "Failing", LOOK_NUMBER, "/sources?domain={policy_domain}&outcome=fail&", NULL},
	{"blocked", "Blocked", LOOK_NUMBER, "/sources?domain={policy_domain}&outcome=blocked&", NULL},
	{"trusted_rate", "Trusted", LOOK_TRUSTED, NULL, NULL},
	{"last_day", "Last day", LOOK_DAY, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

/* $5: after or NULL, $6: the limit. */
static const char reporters_sql[] =
	"SELECT reporter, (sum(reports) FILTER (WHERE counted))::bigint AS reports, " OF_COUNTED("messages")
	" AS messages, " OF_COUNTED("messages - dmarc_pass") " AS failing, "
	RATE(OF_COUNTED("dmarc_pass"), OF_COUNTED("messages")) " AS pass_rate, " ROW_BOTH_WAYS ", "
	"count(DISTINCT policy_domain) AS domains, count(DISTINCT day) AS days, "
	"min(day)::text AS first_day, max(day)::text AS last_day, " RANK_CURSOR("reporter") " "
	"FROM " WEIGHED("dmarcd_api.reporters") " w GROUP BY reporter HAVING bool_or(counted) AND "
	RANK_AFTER("$5", "reporter") RANK_ORDER("reporter") "LIMIT $6::integer";
static const struct column reporters_columns[] = {
	{"reporter", "Reporter", LOOK_TEXT, "/reports?reporter={reporter}&", NULL},
	{"reports", "Reports", LOOK_NUMBER, "/reports?reporter={reporter}&kind=aggregate&", NULL},
	{"messages", "Messages", LOOK_NUMBER, NULL, NULL},
	{"dmarc_pass", "Outcome", LOOK_MIX, NULL, "dmarc_pass failing"},
	{"pass_rate", "DMARC pass", LOOK_PERCENT, NULL, "messages"},
	{"trusted_rate", "Trusted", LOOK_TRUSTED, NULL, NULL},
	{"domains", "Domains", LOOK_NUMBER, NULL, NULL},
	{"days", "Days", LOOK_NUMBER, NULL, NULL},
	{"first_day", "First day", LOOK_DAY, NULL, NULL},
	{"last_day", "Last day", LOOK_DAY, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

static struct block *add_ranked(struct page *page, const struct filter *filter, const char *name, const char *title,
	const char *sql, const struct column *columns, struct str after)
{
	struct block *block = page_add(page, name, title, BLOCK_TABLE, sql, columns);
	page_params_filter(block, filter);
	page_param(block, after);
	return block;
}

static struct str list_of(const struct request *request, const char *path)
{
	struct str query = filter_query(request->arena, &request->filter, NULL, STR_NONE);
	return str_from(arena_printf(request->arena, "%s%.*s", path, STR_FMT(query)));
}

void page_overview(struct request *request, struct page *page, struct str key)
{
	(void)key;
	*page = (struct page){.title = "Overview", .nav = "/", .filtered = true,
		.fields = FIELD_DOMAIN | FIELD_PROVENANCE};
	add_figures(page, &request->filter, FIGURES_SQL);
	struct block *block = add_ranked(page, &request->filter, "domains", "Domains", DOMAINS_SQL, domains_columns,
		STR_NONE);
	page_limit(request, block, 20, list_of(request, "/domains"));
	block->main = true;
	block = add_sources(page, &request->filter, "Sources with most failing mail",
		SOURCES_SQL "ORDER BY failing DESC, messages DESC, source_ip LIMIT $8::integer", STR_NONE);
	page_limit(request, block, 10, list_of(request, "/sources"));
	block = add_ranked(page, &request->filter, "reporters", "Reporters", reporters_sql, reporters_columns,
		STR_NONE);
	page_limit(request, block, 10, list_of(request, "/reporters"));
	add_provenance(page, &request->filter);
	(void)page_add(page, "balance", "What became of each mail", BLOCK_FIGURES, balance_sql, balance_columns);
	page->welcome = true;
}

void page_domains(struct request *request, struct page *page, struct str key)
{
	(void)key;
	*page = (struct page){.title = "Domains", .nav = "/domains", .filtered = true,
		.fields = FIELD_DOMAIN | FIELD_PROVENANCE};
	page_params_filter(page_add(page, "figures", NULL, BLOCK_FIGURES, FIGURES_SQL, figures_columns),
		&request->filter);
	page_main(request, add_ranked(page, &request->filter, "domains", "Policy domains that reports speak of",
		DOMAINS_SQL, domains_columns, request->filter.after));
}

static const char header_from_sql[] =
	"SELECT header_from, sum(messages) AS messages, "
	"coalesce(sum(messages) FILTER (WHERE spf_aligned AND dkim_aligned), 0) AS both, "
	"coalesce(sum(messages) FILTER (WHERE dkim_aligned AND NOT spf_aligned), 0) AS dkim_only, "
	"coalesce(sum(messages) FILTER (WHERE spf_aligned AND NOT dkim_aligned), 0) AS spf_only, "
	RATE("sum(messages) FILTER (WHERE dmarc_pass)", "sum(messages)") " AS pass_rate, "
	RATE("sum(messages) FILTER (WHERE spf_aligned)", "sum(messages)") " AS spf_rate, "
	RATE("sum(messages) FILTER (WHERE dkim_aligned)", "sum(messages)") " AS dkim_rate, "
	"coalesce(sum(messages) FILTER (WHERE NOT dmarc_pass), 0) AS failing FROM dmarcd_api.daily WHERE "
	COUNTED_PERIOD
	" GROUP BY header_from ORDER BY messages DESC, header_from LIMIT $5::integer";
static const struct column header_from_columns[] = {
	{"header_from", "Header From", LOOK_TEXT, NULL, NULL},
	{"messages", "Messages", LOOK_NUMBER, NULL, NULL},
	{"both", "Outcome", LOOK_MIX, NULL, "both dkim_only spf_only failing"},
	{"pass_rate", "DMARC pass", LOOK_PERCENT, NULL, "messages"},
	{"spf_rate", "SPF", LOOK_SHARE, NULL, NULL},
	{"dkim_rate", "DKIM", LOOK_SHARE, NULL, NULL},
	{"failing", "Failing", LOOK_NUMBER, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

static const char dispositions_sql[] =
	"SELECT disposition, sum(messages) AS messages, "
	"coalesce(sum(messages) FILTER (WHERE dmarc_pass), 0) AS dmarc_pass, "
	"coalesce(sum(messages) FILTER (WHERE NOT dmarc_pass), 0) AS failing FROM dmarcd_api.daily WHERE "
	COUNTED_PERIOD
	" GROUP BY disposition ORDER BY messages DESC";
static const struct column dispositions_columns[] = {
	{"disposition", "Disposition", LOOK_WORD, NULL, NULL},
	{"messages", "Messages", LOOK_NUMBER, NULL, NULL},
	{"dmarc_pass", "Outcome", LOOK_MIX, NULL, "dmarc_pass failing"},
	{"dmarc_pass", "Passing", LOOK_NUMBER, NULL, NULL},
	{"failing", "Failing", LOOK_NUMBER, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

static const char policy_sql[] =
	"SELECT policy ->> 'p' AS p, policy ->> 'sp' AS sp, policy ->> 'np' AS np, policy ->> 'adkim' AS adkim, "
	"policy ->> 'aspf' AS aspf, policy ->> 'pct' AS pct, policy ->> 'testing' AS testing, org_name, "
	"begin_at::text AS begin_at, report_key::text AS report_key FROM dmarcd_api.report "
	"WHERE kind = 'aggregate' AND NOT conflict AND policy_domain = $1 ORDER BY day DESC, report_key LIMIT 1";
static const struct column policy_columns[] = {
	{"p", "p", LOOK_WORD, NULL, NULL},
	{"sp", "sp", LOOK_WORD, NULL, NULL},
	{"np", "np", LOOK_WORD, NULL, NULL},
	{"adkim", "adkim", LOOK_TEXT, NULL, NULL},
	{"aspf", "aspf", LOOK_TEXT, NULL, NULL},
	{"pct", "pct", LOOK_TEXT, NULL, NULL},
	{"testing", "testing", LOOK_TEXT, NULL, NULL},
	{"org_name", "as seen by", LOOK_TEXT, NULL, NULL},
	{"begin_at", "on", LOOK_TIME, "/reports/{report_key}", NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

#define KNOWN_DOMAIN " WHERE EXISTS (SELECT FROM dmarcd_api.report WHERE policy_domain = $3) " \
	"OR EXISTS (SELECT FROM dmarcd_api.tls WHERE policy_domain = $3)"

void page_domain(struct request *request, struct page *page, struct str name)
{
	*page = (struct page){.title = "Domain", .subject = name, .nav = "/domains", .filtered = true,
		.must_exist = true, .fields = FIELD_FIXED_DOMAIN | FIELD_PROVENANCE};
	struct filter *filter = &request->filter;
	filter->domain = name;
	add_figures(page, filter, FIGURES_SQL KNOWN_DOMAIN);
	page_param(page_add(page, "policy", "Published policy", BLOCK_FACTS, policy_sql, policy_columns), name);
	page->blocks[page->blocks_count - 1].empty = "No aggregate report has told it.";
	struct block *block = page_add(page, "header_from", "Header From domains", BLOCK_TABLE, header_from_sql,
		header_from_columns);
	page_params_filter(block, filter);
	page_limit(request, block, 100, STR_NONE);
	page_params_filter(page_add(page, "dispositions", "What receivers did", BLOCK_TABLE, dispositions_sql,
		dispositions_columns), filter);
	block = add_sources(page, filter, "Sources", SOURCES_SQL RANK_ORDER(SOURCE_KEY) "LIMIT $8::integer", STR_NONE);
	page_limit(request, block, 100, list_of(request, "/sources"));
	block->main = true;
	block = add_ranked(page, filter, "reporters", "Reporters", reporters_sql, reporters_columns, STR_NONE);
	page_limit(request, block, 50, list_of(request, "/reporters"));
	add_provenance(page, filter);
	page_link(page, "Reports on it", list_of(request, "/reports"));
	page_link(page, "Failure samples", list_of(request, "/failures"));
	page_link(page, "TLS reports", list_of(request, "/tls"));
}

/* filter: of $5. */
#define SOURCES_FIGURES(filter) \
	VERDICT "(SELECT s.*, " RATES_BOTH_WAYS ", " \
	RATE("spf", "messages") " AS spf_rate, " RATE("dkim", "messages") " AS dkim_rate FROM (SELECT " \
	BOTH_WAYS("messages", "messages") ", " BOTH_WAYS("dmarc_pass", "dmarc_pass") ", " \
	BOTH_WAYS("failing", "messages - dmarc_pass") ", " BOTH_WAYS("blocked", "rejected + quarantined") ", " \
	"coalesce(sum(messages) FILTER (WHERE counted AND trusted), 0) AS trusted, " \
	"sum(spf_aligned) FILTER (WHERE counted) AS spf, sum(dkim_aligned) FILTER (WHERE counted) AS dkim, " \
	"count(DISTINCT source_ip) FILTER (WHERE counted) AS sources FROM " WEIGHED("dmarcd_api.sources") \
	" w WHERE " filter ") s) f "
static const char sources_figures_sql[] = SOURCES_FIGURES("($5::inet IS NULL OR source_ip <<= $5::inet)");
static const struct column sources_figures_columns[] = {
	{"sources", "sources", LOOK_NUMBER, NULL, NULL},
	{"messages", "messages", LOOK_NUMBER, "/sources?", NULL},
	{"pass_rate", "DMARC pass", LOOK_PERCENT, NULL, "messages"},
	{"failing", "failing", LOOK_NUMBER, "/sources?outcome=fail&", NULL},
	{"blocked", "quarantined or rejected", LOOK_NUMBER, "/sources?outcome=blocked&", NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

static const char *const outcomes[] = {"pass", "fail", "blocked", NULL};

void page_sources(struct request *request, struct page *page, struct str key)
{
	(void)key;
	*page = (struct page){.title = "Sources", .nav = "/sources", .filtered = true,
		.fields = FIELD_DOMAIN | FIELD_SOURCE | FIELD_OUTCOME | FIELD_PROVENANCE, .outcomes = outcomes};
	struct block *block = page_add(page, "figures", NULL, BLOCK_FIGURES, sources_figures_sql,
		sources_figures_columns);
	page_params_filter(block, &request->filter);
	page_param(block, request->filter.source);
	page_main(request, add_sources(page, &request->filter, "Addresses that send as your domains",
		SOURCES_SQL RANK_ORDER(SOURCE_KEY) "LIMIT $8::integer", request->filter.after));
}

static const char source_daily_sql[] =
	"SELECT d.day::text AS day, coalesce(sum(spf_aligned + dkim_aligned - dmarc_pass), 0) AS both, "
	"coalesce(sum(dmarc_pass - spf_aligned), 0) AS dkim_only, "
	"coalesce(sum(dmarc_pass - dkim_aligned), 0) AS spf_only, "
	"coalesce(sum(messages - dmarc_pass), 0) AS fail FROM (SELECT DISTINCT date_trunc($5, g)::date AS day "
	"FROM generate_series($1::date, $2::date, interval '1 day') AS g) d "
	"LEFT JOIN (SELECT * FROM dmarcd_api.sources WHERE " COUNTED_PERIOD " AND source_ip = $6::inet) r "
	"ON date_trunc($5, r.day)::date = d.day GROUP BY d.day ORDER BY d.day";

static const char source_figures_sql[] = SOURCES_FIGURES("source_ip = $5::inet")
	"WHERE messages_all > 0 OR EXISTS (SELECT FROM dmarcd_api.sources WHERE source_ip = $5::inet)";
static const struct column source_figures_columns[] = {
	{"messages", "messages", LOOK_NUMBER, NULL, NULL},
	{"pass_rate", "DMARC pass", LOOK_PERCENT, NULL, "messages"},
	{"failing", "failing", LOOK_NUMBER, NULL, NULL},
	{"blocked", "quarantined or rejected", LOOK_NUMBER, NULL, NULL},
	{"spf_rate", "SPF aligned", LOOK_SHARE, NULL, NULL},
	{"dkim_rate", "DKIM aligned", LOOK_SHARE, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

static const char source_records_sql[] =
	"SELECT " RECORD_COLUMNS ", day::text || ',' || report_key || ',' || row_no AS cursor FROM "
	"dmarcd_api.record record WHERE "
	PERIOD " AND " OF_STATES("record") " AND source_ip = $5::inet AND ($6::text IS NULL OR "
	"(day, report_key, row_no) < "
	"(split_part($6, ',', 1)::date, split_part($6, ',', 2)::uuid, split_part($6, ',', 3)::integer)) "
	"AND ($7::text IS NULL OR ($7 = 'pass' AND dmarc_pass) OR ($7 = 'fail' AND NOT dmarc_pass) "
	"OR ($7 = 'blocked' AND disposition IN ('reject', 'quarantine'))) "
	"ORDER BY day DESC, report_key DESC, row_no DESC LIMIT $8::integer";
static const struct column source_record_columns[] = {
	{"day", "Day", LOOK_DAY, "/reports/{report_key}", NULL},
	{"policy_domain", "Domain", LOOK_TEXT, "/domains/{policy_domain}?", NULL},
	{"messages", "Messages", LOOK_NUMBER, NULL, NULL},
	{"dmarc_pass", "DMARC", LOOK_YES, NULL, NULL},
	{"disposition", "Disposition", LOOK_WORD, NULL, NULL},
	{"header_from", "Header From", LOOK_TEXT, NULL, NULL},
	{"envelope_from", "Envelope From", LOOK_TEXT, NULL, NULL},
	{"dkim_results", "DKIM results", LOOK_RESULTS, NULL, NULL},
	{"spf_results", "SPF results", LOOK_RESULTS, NULL, NULL},
	{"reasons_text", "Reasons", LOOK_RESULTS, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

void page_source(struct request *request, struct page *page, struct str address)
{
	const struct filter *filter = &request->filter;
	*page = (struct page){.title = "Source", .subject = address, .nav = "/sources", .filtered = true,
		.must_exist = true, .fields = FIELD_DOMAIN | FIELD_OUTCOME | FIELD_PROVENANCE, .outcomes = outcomes};
	struct block *block = page_add(page, "figures", NULL, BLOCK_FIGURES, source_figures_sql,
		source_figures_columns);
	page_params_filter(block, filter);
	page_param(block, address);
	block = page_add(page, "daily", "Messages per day", BLOCK_DAILY, source_daily_sql, NULL);
	page_params_filter(block, filter);
	page_param(block, str_from(filter->step));
	page_param(block, address);
	block = page_add(page, "records", "Rows", BLOCK_TABLE, source_records_sql, source_record_columns);
	page_params_filter(block, filter);
	page_param(block, address);
	page_param(block, filter->after);
	page_param(block, filter->outcome);
	page_main(request, block);
}
