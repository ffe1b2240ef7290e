// SPDX-License-Identifier: Apache-2.0
#include "store/retention.h"

#include "base/clock.h"
#include "store/db.h"
#include "store/merge.h"
#include "store/verdict/mask.h"

#include <stdio.h>

#define MERGE_LOCK "SELECT pg_advisory_xact_lock(hashtext('dmarcd.merge_sources'))"
#define STEP_SECS 172800LL

static struct str day_before(int64_t now, int64_t keep_secs, char text[DAY_TEXT_BYTES])
{
	return str_from(day_format(day_of_epoch(now - keep_secs), text));
}

static enum err change(struct store *store, const char *sql, struct str day, uint64_t *changed, struct error *error)
{
	struct db_rows *rows = NULL;
	enum err err = db_query(store, sql, &day, 1, &rows, error);
	if (!err)
		*changed += db_changed(rows);
	db_free(&rows);
	return err;
}

/* Whole months are dropped as partitions, the month cut by the limit row by row. */
static enum err drop_months(struct store *store, struct str day, uint64_t *months, struct error *error)
{
	struct db_rows *rows = NULL;
	enum err err = db_query(store, "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
		"WHERE i.inhparent IN ('dmarcd.record'::regclass, 'dmarcd.daily_source'::regclass) "
		"AND c.relname ~ '_[0-9]{4}_[0-9]{2}$' "
		"AND (to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month')::date <= $1::date",
		&day, 1, &rows, error);
	for (size_t i = 0; !err && i < db_count(rows); i++) {
		char sql[128];
		(void)snprintf(sql, sizeof(sql), "DROP TABLE dmarcd.%.*s", STR_FMT(db_value(rows, i, 0)));
		err = db_run(store, sql, error);
		*months += !err && str_starts(db_value(rows, i, 0), STR("record_"));
	}
	db_free(&rows);
	return err;
}

/* Of mails all of whose reports go. Jobs first, then the identities of reports: as a judge locks them. */
static enum err forget_verdicts(struct store *store, struct str day, struct error *error)
{
#define ALL_GO \
	"IN (SELECT mail_sha256 FROM dmarcd.report WHERE day < $1::date UNION " \
	"SELECT mail_sha256 FROM dmarcd.report_copy WHERE day < $1::date) " \
	"AND NOT EXISTS (SELECT FROM dmarcd.report r WHERE r.mail_sha256 = t.sha256 AND r.day >= $1::date) " \
	"AND NOT EXISTS (SELECT FROM dmarcd.report_copy c WHERE c.mail_sha256 = t.sha256 AND c.day >= $1::date)"
	static const char *const statements[] = {
		"DELETE FROM dmarcd.verify_job t WHERE t.kind = 'report' AND t.sha256 " ALL_GO,
		"DELETE FROM dmarcd.verify_job t USING dmarcd.sample s WHERE s.day < $1::date AND t.kind = 'sample' "
		"AND t.sha256 = s.sha256",
		"DELETE FROM dmarcd.verdict t WHERE t.kind <> 'sample' AND t.sha256 " ALL_GO,
		"DELETE FROM dmarcd.verdict t USING dmarcd.sample s WHERE s.day < $1::date AND t.kind = 'sample' "
		"AND t.sha256 = s.sha256",
		"DELETE FROM dmarcd.probe WHERE made_at < $1::date",
		"DELETE FROM dmarcd.audit WHERE at < $1::date",
	};
	uint64_t ignored = 0;
	enum err err = ERR_OK;
	for (size_t i = 0; !err && i < sizeof(statements) / sizeof(statements[0]); i++)
		err = change(store, statements[i], day, &ignored, error);
	return err;
}

static enum err forget_records(struct store *store, struct str day, struct retention_done *done,
	struct error *error)
{
	static const char *const tables[] = {"record", "issue", "failure", "tls_policy", "tls_detail", "recheck",
		"report_copy", "sample", "daily_cell", "daily_source", "daily_source_added", "daily_reporter"};
	uint64_t ignored = 0;
	char sql[160];
	enum err err = forget_verdicts(store, day, error);
	if (!err)
		err = drop_months(store, day, &done->months, error);
	if (!err)
		err = change(store, "DELETE FROM dmarcd.report_identity i USING dmarcd.report r "
			"WHERE r.day < $1::date AND i.identity = r.identity", day, &ignored, error);
	for (size_t i = 0; !err && i < sizeof(tables) / sizeof(tables[0]); i++) {
		(void)snprintf(sql, sizeof(sql), "DELETE FROM dmarcd.%s WHERE day < $1::date", tables[i]);
		err = change(store, sql, day, &ignored, error);
	}
	if (!err)
		err = change(store, "DELETE FROM dmarcd.report WHERE day < $1::date", day, &done->reports, error);
	return err;
}

static enum err find_now(struct store *store, const struct retention *retention, int64_t *now_r,
	struct error *error)
{
	struct db_rows *rows = NULL;
	char now[24], most[24];
	(void)snprintf(now, sizeof(now), "%lld", (long long)retention->now_epoch_secs);
	(void)snprintf(most, sizeof(most), "%lld",
		retention->catch_up ? (long long)retention->now_epoch_secs : STEP_SECS);
	const struct str params[] = {str_from(now), str_from(most)};
	enum err err = db_query(store, "WITH believed AS (SELECT least(to_timestamp($1::bigint), at + "
		"$2::bigint * interval '1 second') AS now FROM dmarcd.retention), moved AS (UPDATE dmarcd.retention "
		"SET at = greatest(at, believed.now) FROM believed) "
		"SELECT extract(epoch FROM now)::bigint FROM believed", params, 2, &rows, error);
	if (!err)
		*now_r = db_count(rows) == 1 ? (int64_t)db_u64(rows, 0, 0) : retention->now_epoch_secs;
	db_free(&rows);
	return err;
}

/* What is left of them says no more than pages show without the second step. */
static enum err mask_samples(struct store *store, struct str day, struct error *error)
{
	static const char *const statements[] = {
		"UPDATE dmarcd.failure f SET fields = dmarcd.mask_fields(f.fields) FROM dmarcd.report r "
		"WHERE (f.policy_domain, f.day, f.report_key) = (r.policy_domain, r.day, r.report_key) "
		"AND (f.day < $1::date OR r.stored_at < $1::date) AND f.fields <> dmarcd.mask_fields(f.fields)",
		"UPDATE dmarcd.mail m SET head_from = dmarcd.mask_addresses(m.head_from), head_subject = '…', "
		"head_message_id = dmarcd.mask(m.head_message_id) FROM dmarcd.report r WHERE r.mail_sha256 = m.sha256 "
		"AND r.kind = 'failure' AND (r.day < $1::date OR r.stored_at < $1::date) AND m.head_subject <> '…'",
		VERDICT_MASK "((EXISTS (SELECT FROM dmarcd.report r WHERE r.mail_sha256 = v.sha256 AND r.kind = "
		"'failure' "
		"AND (r.day < $1::date OR r.stored_at < $1::date)) AND NOT EXISTS (SELECT FROM dmarcd.original o "
		"WHERE o.sha256 = v.sha256)) OR EXISTS (SELECT FROM dmarcd.sample s WHERE s.sha256 = v.sha256 "
		"AND s.packed IS NULL AND s.taken_at < $1::date))",
	};
	uint64_t ignored = 0;
	enum err err = ERR_OK;
	for (size_t i = 0; !err && i < sizeof(statements) / sizeof(statements[0]); i++)
		err = change(store, statements[i], day, &ignored, error);
	return err;
}

/* Bytes of failure reports and of samples, wherever they are; what was found of them stays. */
static enum err forget_samples(struct store *store, struct str day, struct retention_done *done,
	struct error *error)
{
	enum err err = change(store, "UPDATE dmarcd.failure f SET sample_headers = NULL FROM dmarcd.report r "
		"WHERE f.sample_headers IS NOT NULL AND (f.policy_domain, f.day, f.report_key) = "
		"(r.policy_domain, r.day, r.report_key) AND (f.day < $1::date OR r.stored_at < $1::date)", day,
		&done->samples, error);
	if (!err)
		err = change(store, "DELETE FROM dmarcd.original o USING dmarcd.report r "
			"WHERE r.mail_sha256 = o.sha256 AND r.kind = 'failure' AND o.kept_at < $1::date", day,
			&done->originals, error);
	if (!err)
		err = change(store, "UPDATE dmarcd.verify_job j SET packed = NULL FROM dmarcd.report r "
			"WHERE r.mail_sha256 = j.sha256 AND r.kind = 'failure' AND j.packed IS NOT NULL "
			"AND j.queued_at < $1::date", day, &done->originals, error);
	if (!err)
		err = change(store, "UPDATE dmarcd.sample SET packed = NULL "
			"WHERE packed IS NOT NULL AND taken_at < $1::date", day, &done->samples, error);
	return err ? err : mask_samples(store, day, error);
}

static enum err run(struct store *store, const struct retention *retention, struct retention_done *done,
	struct error *error)
{
	char day[DAY_TEXT_BYTES];
	enum err err = find_now(store, retention, &done->now_epoch_secs, error);
	const int64_t now = done->now_epoch_secs;
	if (err)
		return err;
	if (retention->records_secs >= 0)
		err = forget_records(store, day_before(now, retention->records_secs, day), done, error);
	if (!err && retention->originals_secs >= 0)
		err = change(store, "DELETE FROM dmarcd.original WHERE kept_at < $1::date",
			day_before(now, retention->originals_secs, day), &done->originals, error);
	if (!err && retention->samples_secs >= 0)
		err = forget_samples(store, day_before(now, retention->samples_secs, day), done, error);
	return err;
}

enum err retention_run(struct store *store, const struct retention *retention, struct retention_done *done_r,
	struct error *error)
{
	*done_r = (struct retention_done){0};
	enum err err = db_begin(store, error);
	if (!err) /* or both would wait for rows of the other */
		err = db_query(store, MERGE_LOCK, NULL, 0, NULL, error);
	if (!err)
		err = run(store, retention, done_r, error);
	if (!err)
		err = db_commit(store, error);
	else
		db_rollback(store);
	return err ? err : merge_sources(store, 1, error);
}
