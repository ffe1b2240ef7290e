// SPDX-License-Identifier: Apache-2.0
/*
 * What the files of the page map share: the usual conditions and columns, and
 * how a page of the map is filled. Every number is a sum over dmarcd_api's
 * views; what it is made of is one click away.
 */
#pragma once

#include "web/page.h"

/* $1, $2, $3: page_params_period(); with $4, the states of provenance: page_params_filter(). */
#define STATES "'{verified,plausible,local,unverified,contradicted,pending}'::text[]"
#define COUNTED "($4::text[] IS NULL OR provenance = ANY($4::text[]))"
#define TRUSTED "provenance IN ('verified', 'plausible', 'local')"
#define COUNTED_PERIOD PERIOD " AND " COUNTED
/* Rows of a view of sums, each with whether it counts and whether its reports are to be trusted. */
#define WEIGHED(view) "(SELECT *, " COUNTED " AS counted, " TRUSTED " AS trusted FROM " view " WHERE " PERIOD ")"
#define OF_COUNTED(sum) "coalesce(sum(" sum ") FILTER (WHERE counted), 0)"
/* Every total is told with and without what is not to be trusted. */
#define BOTH_WAYS(name, sum) OF_COUNTED(sum) " AS " name ", coalesce(sum(" sum "), 0) AS " name "_all, " \
	"coalesce(sum(" sum ") FILTER (WHERE trusted), 0) AS " name "_trusted"
/* ... of a row of a list; passing: the column of messages that pass. */
#define ROW_TOTALS_BOTH_WAYS(passing) "coalesce(sum(messages), 0) AS messages_all, " \
	"coalesce(sum(messages) FILTER (WHERE trusted), 0) AS messages_trusted, " \
	BOTH_WAYS("dmarc_pass", passing) ", " \
	RATE("sum(messages) FILTER (WHERE counted AND trusted)", OF_COUNTED("messages")) " AS trusted_rate"
#define ROW_BOTH_WAYS ROW_TOTALS_BOTH_WAYS("dmarc_pass")
/* Of a row of a view that knows its report: $4 again. */
#define OF_STATES(row) "($4::text[] IS NULL OR EXISTS (SELECT FROM dmarcd_api.report p WHERE p.report_key = " row \
	".report_key AND p.provenance = ANY($4::text[])))"
#define PERIOD "day BETWEEN $1::date AND $2::date AND ($3::text IS NULL OR policy_domain = $3)"
#define RATE(pass, all) "trunc(100::numeric * coalesce(" pass ", 0) / nullif(" all ", 0), 1)"
#define COUNT_TEXT(count) "to_char(" count ", 'FM999,999,999,999,999,999,999,990')"
/* The steps of a verdict (JSON), a line each. */
#define TRACE(verdict) \
	"(SELECT string_agg(concat(repeat('  ', (s ->> 'depth')::integer), concat_ws(' ', s ->> 'part', " \
	"s ->> 'kind', s ->> 'name'), ' = ' || (s ->> 'value'), ' → ' || (s ->> 'result'), " \
	"' (' || (s ->> 'note') || ')'), E'\n' ORDER BY no) " \
	"FROM jsonb_array_elements(" verdict "::jsonb -> 'trace') WITH ORDINALITY AS t (s, no))"
/* A list by rank is read on behind the last row shown: its messages and its key. */
#define RANK_ORDER(key) " ORDER BY " OF_COUNTED("messages") " DESC, " key " COLLATE \"C\" "
#define RANK_CURSOR(key) OF_COUNTED("messages") " || ',' || " key " AS cursor"
#define RANK_AFTER(after, key) "(" after "::text IS NULL OR (-" OF_COUNTED("messages") ", " key " COLLATE \"C\") > " \
	"(-split_part(" after ", ',', 1)::numeric, substr(" after ", strpos(" after ", ',') + 1)))"

/* Of dmarcd_api.record, with its lists as lines of text. */
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
	"dkim_evaluated, envelope_to, " \
	"nullif(array_to_string(contradictions, E'\n'), '') AS contradictions"

extern const char completeness_sql[];
extern const char balance_sql[];
extern const struct column balance_columns[];

/* A table that is shown up to limit rows, which is the query's last parameter; more: where the rest is, or
 * STR_NONE. */
#define PAGE_ROWS_MOST SIZE_MAX /* as many as limits.page_rows lets */
void page_limit(const struct request *request, struct block *block, size_t limit, struct str more);
/* The same as the page's own list, read on by ?after=. */
void page_main(const struct request *request, struct block *block);
/* What was read tolerantly of a report. */
void pages_add_issues(struct page *page, struct str key);
void page_link(struct page *page, const char *label, struct str href);

/* Each fills the page of one path; key: the path's last segment, or STR_NONE. */
void page_overview(struct request *request, struct page *page, struct str key);
void page_domains(struct request *request, struct page *page, struct str key);
void page_domain(struct request *request, struct page *page, struct str key);
void page_sources(struct request *request, struct page *page, struct str key);
void page_source(struct request *request, struct page *page, struct str key);
void page_reporters(struct request *request, struct page *page, struct str key);
void page_contradictions(struct request *request, struct page *page, struct str key);
void page_reports(struct request *request, struct page *page, struct str key);
void page_report(struct request *request, struct page *page, struct str key);
void page_failures(struct request *request, struct page *page, struct str key);
void page_failure(struct request *request, struct page *page, struct str key);
void page_failure_shown(struct request *request, struct page *page, struct str key);
void page_tls(struct request *request, struct page *page, struct str key);
void page_quarantine(struct request *request, struct page *page, struct str key);
void page_mails(struct request *request, struct page *page, struct str key);
void page_mail(struct request *request, struct page *page, struct str key);
