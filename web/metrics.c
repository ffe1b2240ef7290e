// SPDX-License-Identifier: Apache-2.0
#include "web/metrics.h"

#include "base/clock.h"
#include "base/figures.h"
#include "base/log.h"
#include "base/notice.h"
#include "store/query.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

#define SHOWN_BYTES ((size_t)16 * 1024 * 1024)
#define ASK_MSECS 15000 /* a scrape in between is told the same again */

/* ---- what is counted here ---- */

static const char *const routes[] = {"/", "/domains", "/sources", "/reports", "/reporters", "/failures", "/tls",
	"/quarantine", "/mails", "/api/v1", "/static", "/healthz", "/readyz", "/metrics", "other"};
static const unsigned codes[] = {200, 304, 400, 404, 405, 413, 421, 500, 503, 0};

#define ROUTES (sizeof(routes) / sizeof(routes[0]))
#define CODES (sizeof(codes) / sizeof(codes[0]))

struct metrics {
	pthread_mutex_t mutex;
	uint64_t answered[ROUTES][CODES];
	struct histogram queries;
	/* what the database said last */
	pthread_mutex_t asking;
	struct buf domains; /* an array of PostgreSQL's */
	bool any_domains, up;
	const struct web_options *web;
	int64_t asked_msecs;
	struct buf shown;
};

static void add_array(struct buf *out, const char *const *words, size_t count)
{
	buf_add_char(out, '{');
	for (size_t i = 0; i < count; i++) {
		buf_add_str(out, i > 0 ? STR(",\"") : STR("\""));
		for (const char *c = words[i]; *c; c++) {
			if (*c == '"' || *c == '\\')
				buf_add_char(out, '\\');
			buf_add_char(out, ascii_lower(*c));
		}
		buf_add_char(out, '"');
	}
	buf_add_char(out, '}');
}

struct metrics *metrics_open(const struct web_options *web)
{
	struct metrics *metrics = calloc(1, sizeof(*metrics));
	if (!metrics || pthread_mutex_init(&metrics->mutex, NULL) != 0 ||
		pthread_mutex_init(&metrics->asking, NULL) != 0)
		die_out_of_memory();
	buf_init(&metrics->domains, SHOWN_BYTES);
	buf_init(&metrics->shown, SHOWN_BYTES);
	metrics->web = web;
	metrics->any_domains = web->domains_count == 0;
	metrics->asked_msecs = -ASK_MSECS;
	add_array(&metrics->domains, web->domains, web->domains_count);
	return metrics;
}

void metrics_close(struct metrics **metrics)
{
	if (!*metrics)
		return;
	(void)pthread_mutex_destroy(&(*metrics)->mutex);
	(void)pthread_mutex_destroy(&(*metrics)->asking);
	buf_fini(&(*metrics)->domains);
	buf_fini(&(*metrics)->shown);
	free(*metrics);
	*metrics = NULL;
}

/* By the longest of the routes that the path begins with. */
static size_t route_of(struct str path)
{
	if (str_eq(path, STR("/")))
		return 0;
	for (size_t i = 1; i + 1 < ROUTES; i++) {
		struct str route = str_from(routes[i]);
		if (str_starts(path, route) && (path.len == route.len || path.ptr[route.len] == '/'))
			return i;
	}
	return ROUTES - 1;
}

void metrics_answered(struct metrics *metrics, struct str path, unsigned code)
{
	size_t route = route_of(path), at = 0;
	while (at + 1 < CODES && codes[at] != code)
		at++;
	(void)pthread_mutex_lock(&metrics->mutex);
	metrics->answered[route][at]++;
	(void)pthread_mutex_unlock(&metrics->mutex);
}

void metrics_queried(struct metrics *metrics, int64_t msecs)
{
	(void)pthread_mutex_lock(&metrics->mutex);
	histogram_add(&metrics->queries, msecs);
	(void)pthread_mutex_unlock(&metrics->mutex);
}

/* ---- what the database knows ---- */

#define OTHER "(other)" /* no domain has such a name */

enum family {
	INGEST, ERRORS, LAST_TAKEN, REPORTS, RECORDS, LAST_REPORT, REPORTED, PROVENANCE, QUEUE, OLDEST, DUE,
	FAMILIES
};

static const struct {
	const char *name, *type, *help, *labels[3];
} families[FAMILIES] = {
	[INGEST] = {"dmarcd_ingest_messages_total", "counter", "Mails taken in, by what became of them "
		"(kind report: it holds one or looks like it). A retry from the quarantine moves one.",
		{"kind", "outcome", NULL}},
	[ERRORS] = {"dmarcd_ingest_errors_total", "counter", "Mails in the quarantine, by reason code.",
		{"reason", NULL, NULL}},
	[LAST_TAKEN] = {"dmarcd_ingest_last_timestamp_seconds", "gauge", "When the last new mail was taken in.",
		{NULL, NULL, NULL}},
	[REPORTS] = {"dmarcd_reports", "gauge", "Reports kept, those in conflict left out.", {"kind", NULL, NULL}},
	[RECORDS] = {"dmarcd_records", "gauge", "Rows of aggregate reports kept.", {NULL, NULL, NULL}},
	[LAST_REPORT] = {"dmarcd_report_last_timestamp_seconds", "gauge",
		"End of the latest period that an aggregate report covers.", {"domain", NULL, NULL}},
	[REPORTED] = {"dmarcd_reported_messages_total", "gauge", "Messages in the reports kept, by DMARC result; "
		"less when retention forgets some.", {"domain", "class", "result"}},
	[PROVENANCE] = {"dmarcd_reports_by_provenance", "gauge", "Reports kept, by what the mail that brought them "
		"proves of them.", {"state", NULL, NULL}},
	[QUEUE] = {"dmarcd_verify_queue_messages", "gauge", "Mails that wait for their verdict (state due: for a free "
		"judge; later: one has it in hand, or it is tried again then).", {"state", NULL, NULL}},
	[OLDEST] = {"dmarcd_verify_queue_oldest_timestamp_seconds", "gauge",
		"Since when the oldest of them waits.", {NULL, NULL, NULL}},
	[DUE] = {"dmarcd_verify_queue_due_timestamp_seconds", "gauge",
		"Since when the first of them is due, or when it will be.", {NULL, NULL, NULL}},
};

/* $1: the domains to show, or NULL. Columns: family, up to three label values, value. */
static const char select_all[] =
	"WITH sums AS MATERIALIZED (SELECT policy_domain AS domain, "
	"coalesce(sum(messages) FILTER (WHERE dmarc_pass), 0) AS pass, "
	"coalesce(sum(messages) FILTER (WHERE NOT dmarc_pass), 0) AS fail, sum(records) AS records "
	"FROM dmarcd_api.daily GROUP BY 1), "
	"shown AS MATERIALIZED (SELECT DISTINCT domain FROM unnest($1::text[]) AS domain UNION ALL (SELECT domain "
	"FROM sums WHERE $1::text[] IS NULL ORDER BY pass + fail DESC, domain LIMIT 100)), "
	"split AS (SELECT w.domain, coalesce(s.pass, 0) AS pass, coalesce(s.fail, 0) AS fail "
	"FROM shown w LEFT JOIN sums s USING (domain) UNION ALL SELECT '" OTHER "', coalesce(sum(pass), 0), "
	"coalesce(sum(fail), 0) FROM sums WHERE domain NOT IN (SELECT domain FROM shown)) "
	"SELECT 0 AS family, CASE o.outcome WHEN 'not_a_report' THEN 'other' ELSE 'report' END AS a, o.outcome AS b, "
	"NULL AS c, o.n::text AS value FROM dmarcd_api.balance b, LATERAL (VALUES ('stored', b.stored), "
	"('duplicate', b.duplicate), ('not_a_report', b.not_a_report), ('quarantined', b.quarantined)) "
	"AS o(outcome, n) "
	"UNION ALL SELECT 1, code, NULL, NULL, count(*)::text FROM dmarcd_api.mail WHERE outcome = 'quarantined' "
	"GROUP BY code "
	"UNION ALL SELECT 2, NULL, NULL, NULL, floor(extract(epoch FROM max(taken_at)))::text FROM dmarcd_api.mail "
	"HAVING max(taken_at) IS NOT NULL "
	"UNION ALL SELECT 3, k.kind, NULL, NULL, count(r.kind)::text FROM unnest('{aggregate,failure,tlsrpt}'::text[]) "
	"AS k(kind) LEFT JOIN dmarcd_api.report r ON r.kind = k.kind AND NOT r.conflict GROUP BY k.kind "
	"UNION ALL SELECT 4, NULL, NULL, NULL, coalesce(sum(records), 0)::text FROM sums "
	"UNION ALL SELECT 5, w.domain, NULL, NULL, floor(extract(epoch FROM r.end_at))::text FROM shown w, LATERAL "
	"(SELECT end_at FROM dmarcd_api.report WHERE policy_domain = w.domain AND kind = 'aggregate' "
	"ORDER BY day DESC, report_key DESC LIMIT 1) r "
	"UNION ALL SELECT 6, domain, 'unclassified', 'pass', pass::text FROM split "
	"UNION ALL SELECT 6, domain, 'unclassified', 'fail', fail::text FROM split "
	"UNION ALL SELECT 7, p.state, NULL, NULL, count(r.kind)::text FROM "
	"unnest('{pending,local,verified,plausible,unverified,contradicted}'::text[]) AS p(state) "
	"LEFT JOIN dmarcd_api.report r ON r.provenance = p.state GROUP BY p.state "
	"UNION ALL SELECT 8, q.state, NULL, NULL, q.n::text FROM dmarcd_api.verify_queue v, "
	"LATERAL (VALUES ('due', v.due), ('later', v.waiting - v.due)) AS q(state, n) "
	"UNION ALL SELECT 9, NULL, NULL, NULL, floor(extract(epoch FROM oldest_at))::text FROM dmarcd_api.verify_queue "
	"WHERE waiting > 0 "
	"UNION ALL SELECT 10, NULL, NULL, NULL, floor(extract(epoch FROM next_at))::text FROM dmarcd_api.verify_queue "
	"WHERE waiting > 0 "
	"ORDER BY 1, 2, 3, 4 DESC";

static void add_label(struct buf *out, const char *name, struct str value, bool first)
{
	buf_printf(out, "%s%s=\"", first ? "{" : ",", name);
	for (size_t i = 0; i < value.len; i++) {
		if (value.ptr[i] == '\n') {
			buf_add_str(out, STR("\\n"));
			continue;
		}
		if (value.ptr[i] == '"' || value.ptr[i] == '\\')
			buf_add_char(out, '\\');
		buf_add_char(out, value.ptr[i]);
	}
	buf_add_char(out, '"');
}

static void add_row(struct buf *out, const struct rows *rows, int64_t *last)
{
	static const char *const columns[] = {"a", "b", "c"};
	int64_t family = query_get_i64(rows, "family");
	if (family != *last)
		figures_head(out, families[family].name, families[family].type, families[family].help);
	*last = family;
	buf_add_str(out, str_from(families[family].name));
	for (size_t i = 0; i < 3 && families[family].labels[i]; i++)
		add_label(out, families[family].labels[i], query_get(rows, columns[i]), i == 0);
	if (families[family].labels[0])
		buf_add_char(out, '}');
	buf_printf(out, " %.*s\n", STR_FMT(query_get(rows, "value")));
}

/* One batch a scrape, and none where the last one is young. */
static void ask(struct metrics *metrics, struct connections *connections)
{
	struct error error = {0};
	struct store *store = NULL;
	struct rows *rows = NULL;
	struct str domains = metrics->any_domains ? STR_NONE : buf_str(&metrics->domains);
	int64_t last = -1, begun = clock_monotonic_msecs();
	metrics->asked_msecs = begun;
	buf_reset(&metrics->shown);
	enum err err = connections_take(connections, &store, &error);
	if (!err)
		err = query_open(store, select_all, &domains, 1, false, &rows, &error);
	metrics->up = !err || (store && store_alive(store));
	while (!err && query_next(rows))
		add_row(&metrics->shown, rows, &last);
	query_close(&rows);
	if (store)
		connections_give(connections, store);
	if (!err) {
		metrics_queried(metrics, clock_monotonic_msecs() - begun);
		return;
	}
	struct log_line line;
	log_begin(&line, LOG_WARN_LEVEL, "metrics without the database");
	log_error(&line, &error);
	log_end(&line);
}

/* ---- all ---- */

static void add_answered(const struct metrics *metrics, struct buf *out)
{
	static const char name[] = "dmarcd_http_requests_total";
	figures_head(out, name, "counter", "Answers given by this process, by page and status.");
	for (size_t route = 0; route < ROUTES; route++)
		for (size_t code = 0; code < CODES; code++) {
			if (metrics->answered[route][code] == 0)
				continue;
			buf_printf(out, "%s{route=\"%s\",code=\"", name, routes[route]);
			if (codes[code])
				buf_add_u64(out, codes[code]);
			else
				buf_add_str(out, STR("other"));
			buf_printf(out, "\"} %" PRIu64 "\n", metrics->answered[route][code]);
		}
}

static void add_paused(struct buf *out, const char *name, const char *help, const char *notice)
{
	char why[NOTICE_BYTES];
	if (!notice)
		return;
	figures_head(out, name, "gauge", help);
	buf_printf(out, "%s %d\n", name, notice_read(notice, why));
}

void metrics_write(struct metrics *metrics, struct connections *connections, struct buf *out)
{
	figures_head(out, "dmarcd_build_info", "gauge", "Always 1.");
	buf_printf(out, "dmarcd_build_info{version=\"%s\"} 1\n", DMARCD_VERSION);
	(void)pthread_mutex_lock(&metrics->asking);
	if (clock_monotonic_msecs() - metrics->asked_msecs >= ASK_MSECS)
		ask(metrics, connections);
	add_paused(out, "dmarcd_ingest_paused", "Whether intake takes nothing in; /readyz says why.",
		metrics->web->notice);
	add_paused(out, "dmarcd_verify_paused", "Whether the judge waits for a resolver that does not answer.",
		metrics->web->verify_notice);
	for (size_t i = 0; i < WEB_FIGURES && metrics->web->figures[i]; i++)
		figures_read(metrics->web->figures[i], out);
	figures_head(out, "dmarcd_db_up", "gauge", "Whether the database answers.");
	buf_printf(out, "dmarcd_db_up %d\n", metrics->up);
	buf_add_str(out, buf_str(&metrics->shown));
	(void)pthread_mutex_unlock(&metrics->asking);
	(void)pthread_mutex_lock(&metrics->mutex);
	histogram_write(&metrics->queries, out, "dmarcd_db_query_duration_seconds", "Time of this process's queries.");
	add_answered(metrics, out);
	(void)pthread_mutex_unlock(&metrics->mutex);
}
