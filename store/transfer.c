// SPDX-License-Identifier: Apache-2.0
#include "store/transfer.h"

#include "store/db.h"

#define TOTALS_BYTES ((size_t)4096)

enum err transfer_hold_still(struct store *store, struct error *error)
{
	enum err err = db_begin(store, error);
	if (!err)
		err = db_run(store, "SET LOCAL idle_in_transaction_session_timeout = 0; "
			"SET LOCAL lock_timeout = '10s'; "
			"LOCK TABLE dmarcd.mail, dmarcd.verify_job IN SHARE MODE", error);
	if (err)
		db_rollback(store);
	return err;
}

void transfer_let_go(struct store *store)
{
	db_rollback(store);
}

/* What came from outside, and what others made of it. */
static const char select_in_the_way[] =
	"SELECT 'holds mails already: ' || count(*) FROM dmarcd.mail HAVING count(*) > 0 "
	"UNION ALL SELECT 'holds samples already: ' || count(*) FROM dmarcd.sample HAVING count(*) > 0 "
	"UNION ALL SELECT 'holds probes already: ' || count(*) FROM dmarcd.probe HAVING count(*) > 0 "
	"UNION ALL SELECT 'holds an audit already: ' || count(*) FROM dmarcd.audit HAVING count(*) > 0 "
	"UNION ALL (SELECT format('has %I.%I, which rests on the tables of dmarcd', n.nspname, c.relname) FROM ("
	"SELECT r.ev_class AS relation, d.refobjid AS rests_on FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid "
	"WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass "
	"UNION SELECT conrelid, confrelid FROM pg_constraint WHERE contype = 'f') x "
	"JOIN pg_class c ON c.oid = x.relation JOIN pg_namespace n ON n.oid = c.relnamespace "
	"JOIN pg_class t ON t.oid = x.rests_on JOIN pg_namespace s ON s.oid = t.relnamespace "
	"WHERE s.nspname IN ('dmarcd', 'dmarcd_api') AND n.nspname NOT IN ('dmarcd', 'dmarcd_api')) LIMIT 1";

static enum err clear(struct store *store, struct error *error)
{
	struct db_rows *rows = NULL;
	enum err err = db_run(store, "SET LOCAL lock_timeout = '10s'; "
		"LOCK TABLE dmarcd.mail, dmarcd.sample, dmarcd.probe, dmarcd.audit IN ACCESS EXCLUSIVE MODE", error);
	if (!err)
		err = db_query(store, select_in_the_way, NULL, 0, &rows, error);
	if (!err && db_count(rows) > 0)
		err = error_set(error, ERR_LIMIT, "the database %.*s", STR_FMT(db_value(rows, 0, 0)));
	db_free(&rows);
	return err ? err : db_run(store, "DROP SCHEMA dmarcd_api, dmarcd CASCADE", error);
}

enum err transfer_clear(struct store *store, struct error *error)
{
	enum err err = db_begin(store, error);
	if (!err)
		err = clear(store, error);
	if (!err)
		return db_commit(store, error);
	db_rollback(store);
	return err;
}

static const char select_totals[] =
	"SELECT m.*, s.*, o.*, r.*, t.*, i.*, c.*, f.*, p.*, d.*, x.*, y.*, z.*, v.*, j.*, e.*, q.* FROM "
	"(SELECT count(*) AS mails, coalesce(sum(copies), 0) AS copies FROM dmarcd.mail) m, "
	"(SELECT count(*) AS places FROM dmarcd.mail_sighting) s, "
	"(SELECT count(*) AS originals, coalesce(sum(octet_length(packed)), 0) AS \"bytes of them\" "
	"FROM dmarcd.original) o, "
	"(SELECT count(*) AS reports FROM dmarcd.report) r, "
	"(SELECT count(*) AS identities FROM dmarcd.report_identity) t, "
	"(SELECT count(*) AS issues FROM dmarcd.issue) i, "
	"(SELECT count(*) AS records, coalesce(sum(messages), 0) AS messages FROM dmarcd.record) c, "
	"(SELECT count(*) AS failures FROM dmarcd.failure) f, "
	"(SELECT count(*) AS \"TLS policies\" FROM dmarcd.tls_policy) p, "
	"(SELECT count(*) AS \"TLS details\" FROM dmarcd.tls_detail) d, "
	"(SELECT coalesce(sum(messages), 0) AS \"messages by day\" FROM dmarcd.daily_cell) x, "
	"(SELECT coalesce(sum(messages), 0) AS \"by source\" FROM dmarcd.daily_source) y, "
	"(SELECT coalesce(sum(messages), 0) AS \"by reporter\" FROM dmarcd.daily_reporter) z, "
	"(SELECT count(*) AS verdicts FROM dmarcd.verdict) v, "
	"(SELECT count(*) AS \"that wait for one\" FROM dmarcd.verify_job) j, "
	"(SELECT count(*) AS samples FROM dmarcd.sample) e, "
	"(SELECT count(*) AS probes FROM dmarcd.probe) q";

enum err transfer_totals(struct store *store, struct arena *arena, const char **totals_r, struct error *error)
{
	struct db_rows *rows = NULL;
	struct buf text;
	enum err err = db_query(store, select_totals, NULL, 0, &rows, error);
	buf_init(&text, TOTALS_BYTES);
	for (size_t i = 0; !err && i < db_columns(rows); i++)
		buf_printf(&text, "%s%.*s %s", i > 0 ? ", " : "", STR_FMT(db_value(rows, 0, i)),
			db_column_name(rows, i));
	*totals_r = arena_cstr(arena, buf_str(&text));
	buf_fini(&text);
	db_free(&rows);
	return err;
}

enum err transfer_quarantined(struct store *store, uint64_t *count_r, struct error *error)
{
	struct db_rows *rows = NULL;
	enum err err = db_query(store, "SELECT count(*) FROM dmarcd.mail "
		"WHERE outcome = 'quarantined'", NULL, 0, &rows, error);
	*count_r = err ? 0 : db_u64(rows, 0, 0);
	db_free(&rows);
	return err;
}

enum err transfer_analyze(struct store *store, struct error *error)
{
	return db_run(store, "ANALYZE", error);
}
