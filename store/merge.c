// SPDX-License-Identifier: Apache-2.0
#include "store/merge.h"

#include "base/fault.h"
#include "store/db.h"

#include <stdio.h>

/* A step is one statement, which the server has to have done within its time, whatever was noted of them. */
#define STEP_PLACES 25

static const char may_begin[] =
	"SELECT EXISTS (SELECT FROM dmarcd.daily_source_added OFFSET $1::integer) AND "
	"pg_try_advisory_xact_lock(hashtext('dmarcd.merge_sources'))";

/* Rows that others add meanwhile are not seen, and neither is their note of them. A place is read once,
 * however often it was noted. */
static const char merge_step[] =
	"WITH places AS MATERIALIZED (SELECT policy_domain, day FROM dmarcd.daily_source_added "
	"GROUP BY policy_domain, day LIMIT $1::integer), "
	"noted AS (DELETE FROM dmarcd.daily_source_added a USING places p "
	"WHERE a.policy_domain = p.policy_domain AND a.day = p.day), "
	"several AS MATERIALIZED (SELECT p.policy_domain, p.day, s.source, s.provenance FROM places p CROSS JOIN "
	"LATERAL (SELECT t.source, t.provenance FROM dmarcd.daily_source t WHERE t.policy_domain = p.policy_domain "
	"AND t.day = p.day GROUP BY t.source, t.provenance HAVING count(*) > 1) s), "
	"taken AS (DELETE FROM dmarcd.daily_source t USING several s WHERE t.policy_domain = s.policy_domain "
	"AND t.day = s.day AND t.source = s.source AND t.provenance = s.provenance RETURNING t.*), "
	"merged AS (INSERT INTO dmarcd.daily_source (policy_domain, day, source, provenance, messages, spf_aligned, "
	"dkim_aligned, dmarc_pass, rejected, quarantined, records) SELECT policy_domain, day, source, provenance, "
	"sum(messages), sum(spf_aligned), sum(dkim_aligned), sum(dmarc_pass), sum(rejected), sum(quarantined), "
	"sum(records) FROM taken GROUP BY 1, 2, 3, 4 HAVING sum(messages) <> 0 OR sum(records) <> 0), "
	"cells AS (DELETE FROM dmarcd.daily_cell WHERE ctid = ANY (ARRAY(SELECT t.ctid FROM dmarcd.daily_cell t "
	"JOIN places p ON t.policy_domain = p.policy_domain AND t.day = p.day "
	"WHERE t.messages = 0 AND t.records = 0 FOR UPDATE OF t SKIP LOCKED))), "
	"reporters AS (DELETE FROM dmarcd.daily_reporter WHERE ctid = ANY (ARRAY(SELECT t.ctid "
	"FROM dmarcd.daily_reporter t JOIN places p ON t.policy_domain = p.policy_domain AND t.day = p.day "
	"WHERE t.messages = 0 AND t.records = 0 AND t.reports = 0 FOR UPDATE OF t SKIP LOCKED))) "
	"SELECT count(*) FROM places";

static enum err step(struct store *store, unsigned at_least, bool *again_r, struct error *error)
{
	struct db_rows *rows = NULL;
	char offset[12], most[12];
	(void)snprintf(offset, sizeof(offset), "%u", at_least > 0 ? at_least - 1 : 0);
	(void)snprintf(most, sizeof(most), "%d", STEP_PLACES);
	const struct str params[] = {str_from(offset), str_from(most)};
	enum err err = db_query(store, may_begin, &params[0], 1, &rows, error);
	const bool begin = !err && db_bool(rows, 0, 0);
	db_free(&rows);
	*again_r = false;
	if (!begin)
		return err;
	err = db_query(store, merge_step, &params[1], 1, &rows, error);
	*again_r = !err && db_u64(rows, 0, 0) == STEP_PLACES;
	db_free(&rows);
	fault_point("store.merge");
	return err;
}

enum err merge_sources(struct store *store, unsigned at_least, struct error *error)
{
	bool again = true, met = false;
	enum err err = ERR_OK;
	while (again && !err) {
		err = db_begin(store, error);
		if (!err)
			err = step(store, at_least, &again, error);
		if (!err)
			err = db_commit(store, error);
		met = err && err != ERR_UNCERTAIN && db_may_repeat(store);
		if (err)
			db_rollback(store);
		at_least = 1;
	}
	return met ? ERR_OK : err;
}
