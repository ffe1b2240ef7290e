// SPDX-License-Identifier: Apache-2.0
#include "store/verdict/coherence.h"

#include "store/verdict/mails.h"

/* The reports of mails g(sha256, no), their own and those that were known. */
#define REPORTS \
	"reports AS (SELECT g.no, w.policy_domain, w.day, w.report_key FROM g JOIN dmarcd.report w " \
	"ON w.mail_sha256 = g.sha256 UNION SELECT g.no, c.policy_domain, c.day, c.report_key FROM g " \
	"JOIN dmarcd.report_copy c ON c.mail_sha256 = g.sha256)"

static const char select_pairs[] =
	"WITH g AS (SELECT * FROM unnest($1::bytea[], $2::integer[]) AS g(sha256, no)), " REPORTS " "
	"SELECT DISTINCT w.no, i.identifier, x.author FROM reports w "
	"CROSS JOIN LATERAL dmarcd.rests_on_alignment(w.policy_domain, w.day, w.report_key) x "
	"CROSS JOIN LATERAL unnest(x.identifiers) AS i(identifier) ORDER BY 1, 2, 3";

enum err coherence_pairs(struct store *store, struct arena *arena, struct judged_mail *mails, size_t count,
	struct error *error)
{
	struct db_rows *rows = NULL;
	enum err err = mails_query(store, select_pairs, mails, count, &rows, error);
	for (size_t row = 0; rows && row < db_count(rows); row++) {
		struct verify_list *pairs = &mails[db_u64(rows, row, 0)].pairs;
		if (!pairs->at)
			pairs->at = ARENA_ARRAY(arena, 2 * COHERENCE_PAIRS_MAX, struct str);
		if (pairs->count == 2 * COHERENCE_PAIRS_MAX)
			continue;
		pairs->at[pairs->count++] = arena_str(arena, db_value(rows, row, 1));
		pairs->at[pairs->count++] = arena_str(arena, db_value(rows, row, 2));
	}
	db_free(&rows);
	return err;
}

static const char settle[] =
	"WITH told AS MATERIALIZED (SELECT a ->> 'identifier' AS identifier, a ->> 'author' AS author, "
	"(a ->> 'treewalk')::boolean AS aligned FROM dmarcd.verdict v "
	"CROSS JOIN LATERAL jsonb_array_elements(v.verdict::jsonb -> 'alignments') AS a "
	"WHERE v.sha256 = decode($1, 'hex') AND v.part = 0 AND v.pairs <> '{}'), "
	"g AS (SELECT decode($1, 'hex') AS sha256, 0 AS no WHERE EXISTS (SELECT FROM told)), " REPORTS ", "
	"explained AS (SELECT w.policy_domain, w.day, w.report_key, x.row_no, array_agg(x.code) AS codes, "
	"array_agg(DISTINCT CASE WHEN x.code LIKE '%.pass\\_unaligned' THEN 'alignment.treewalk' "
	"ELSE 'alignment.psl' END) AS notes FROM reports w "
	"CROSS JOIN LATERAL dmarcd.rests_on_alignment(w.policy_domain, w.day, w.report_key) x "
	"CROSS JOIN LATERAL (SELECT coalesce(bool_or(t.aligned), false) AS some, "
	"coalesce(bool_and(NOT coalesce(t.aligned, true)), false) AS none FROM unnest(x.identifiers) AS i(identifier) "
	"LEFT JOIN told t ON t.identifier = i.identifier AND t.author = x.author) AS s "
	"WHERE CASE WHEN x.code LIKE '%.pass\\_unaligned' THEN s.some ELSE s.none END GROUP BY 1, 2, 3, 4), "
	"changed AS (UPDATE dmarcd.record r SET contradictions = nullif(ARRAY(SELECT u.code "
	"FROM unnest(r.contradictions) WITH ORDINALITY AS u(code, no) WHERE u.code <> ALL (e.codes) ORDER BY u.no), "
	"'{}'), coherence_notes = e.notes FROM explained e WHERE r.policy_domain = e.policy_domain "
	"AND r.day = e.day AND r.report_key = e.report_key AND r.row_no = e.row_no "
	"RETURNING r.policy_domain, r.day, r.report_key, r.counted AND r.contradictions IS NULL AS less), "
	"sums AS (SELECT p.policy_domain, p.day, dmarcd.reporter_of(p.org_name, p.email) AS reporter, p.provenance, "
	"count(*) AS records FROM changed c JOIN dmarcd.report p ON p.policy_domain = c.policy_domain "
	"AND p.day = c.day AND p.report_key = c.report_key WHERE c.less GROUP BY 1, 2, 3, 4) "
	"UPDATE dmarcd.daily_reporter t SET contradictory = t.contradictory - s.records FROM sums s "
	"WHERE t.policy_domain = s.policy_domain AND t.day = s.day AND t.reporter = s.reporter "
	"AND t.provenance = s.provenance";

enum err coherence_settle(struct store *store, const struct sha256 *mail, struct error *error)
{
	char hex[SHA256_HEX_BYTES];
	const struct str param = str_from(sha256_hex(mail, hex));
	return db_query(store, settle, &param, 1, NULL, error);
}
