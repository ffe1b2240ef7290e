// SPDX-License-Identifier: Apache-2.0
#include "store/verdict/coherence.h"
#include "store/verdict/mails.h"

#include "base/fault.h"

#define TAKE_BYTES ((size_t)64 * 1024)
#define BYTES_MAX "16777216" /* of packed mails that are leased together */

/* A lease that nobody gave back leaves no problem behind. */
#define IS_DUE "j.due_at <= to_timestamp($1::bigint)"
#define DIED_UNDER "(j.tries >= $5::integer AND j.problem = '')"

static const char take_leases[] =
	"WITH picked AS MATERIALIZED (SELECT j.sha256, j.due_at FROM dmarcd.verify_job j "
	"WHERE " IS_DUE " AND NOT " DIED_UNDER " ORDER BY j.due_at LIMIT $3::integer FOR UPDATE SKIP LOCKED), "
	"alone AS MATERIALIZED (SELECT j.sha256, j.due_at FROM dmarcd.verify_job j "
	"WHERE " IS_DUE " AND " DIED_UNDER " AND $4::boolean AND NOT EXISTS (SELECT FROM picked) "
	"ORDER BY j.due_at LIMIT 1 FOR UPDATE SKIP LOCKED), "
	"sized AS (SELECT k.sha256, k.due_at, "
	"coalesce(octet_length(coalesce(j.packed, o.packed, p.packed)), 0) AS bytes "
	"FROM (TABLE picked UNION ALL TABLE alone) k JOIN dmarcd.verify_job j USING (sha256) "
	"LEFT JOIN dmarcd.original o USING (sha256) "
	"LEFT JOIN dmarcd.sample p USING (sha256)), "
	"summed AS (SELECT sha256, sum(bytes) OVER (ORDER BY due_at, sha256) - bytes AS before FROM sized), "
	"t AS (UPDATE dmarcd.verify_job j SET due_at = to_timestamp($1::bigint + $2::bigint), tries = j.tries + 1, "
	"problem = '' FROM summed s WHERE s.sha256 = j.sha256 AND s.before < " BYTES_MAX " "
	"RETURNING j.sha256, j.kind, j.tries, j.queued_at, j.packed) "
	"SELECT " MAIL_COLUMNS " FROM t " MAIL_SOURCES " ORDER BY t.queued_at, t.sha256";

static enum err lease(struct store *store, const struct str *params, struct arena *arena,
	struct judged_mail **mails_r, size_t *count_r, struct error *error)
{
	struct db_rows *rows = NULL;
	enum err err = db_query(store, take_leases, params, 5, &rows, error);
	if (err)
		return err;
	*count_r = db_count(rows);
	*mails_r = ARENA_ARRAY(arena, *count_r ? *count_r : 1, struct judged_mail);
	for (size_t i = 0; i < *count_r; i++)
		mail_from_row(arena, rows, i, &(*mails_r)[i]);
	db_free(&rows);
	err = mails_add_reports(store, arena, *mails_r, *count_r, error);
	return err ? err : coherence_pairs(store, arena, *mails_r, *count_r, error);
}

enum err verdict_lease(struct store *store, int64_t now_epoch_secs, unsigned lease_secs, unsigned most,
	bool alone, struct arena *arena, struct judged_mail **mails_r, size_t *count_r, struct error *error)
{
	const struct str params[] = {
		str_from(arena_printf(arena, "%lld", (long long)now_epoch_secs)),
		str_from(arena_printf(arena, "%u", lease_secs)),
		str_from(arena_printf(arena, "%u", most)),
		alone ? STR("t") : STR("f"),
		str_from(arena_printf(arena, "%u", VERDICT_DEATHS)),
	};
	*count_r = 0;
	enum err err = db_begin(store, error);
	if (!err)
		err = lease(store, params, arena, mails_r, count_r, error);
	fault_point("verdict.lease");
	if (!err)
		err = db_commit(store, error);
	else
		db_rollback(store);
	if (err)
		*count_r = 0;
	return err;
}

enum err verdict_take(struct store *store, int64_t now_epoch_secs, unsigned lease_secs,
	struct judged_mail *mail_io, bool *taken_r, struct error *error)
{
	char hex[SHA256_HEX_BYTES];
	struct db_rows *rows = NULL;
	struct arena *arena = arena_open(TAKE_BYTES);
	const struct str params[] = {
		str_from(sha256_hex(&mail_io->sha256, hex)),
		str_from(mail_io->kind == JUDGED_SAMPLE ? "sample" : "report"),
		str_from(arena_printf(arena, "%lld", (long long)now_epoch_secs)),
		str_from(arena_printf(arena, "%u", lease_secs)),
	};
	enum err err = db_query(store, "INSERT INTO dmarcd.verify_job (sha256, kind, queued_at, due_at, tries) "
		"VALUES (decode($1, 'hex'), $2, to_timestamp($3::bigint), to_timestamp($3::bigint + $4::bigint), 1) "
		"ON CONFLICT DO NOTHING", params, 4, &rows, error);
	*taken_r = !err && db_changed(rows) == 1;
	db_free(&rows);
	arena_close(&arena);
	mail_io->tries = 1;
	mail_io->queued_epoch_secs = now_epoch_secs;
	return err;
}

static const char give_back[] =
	"UPDATE dmarcd.verify_job j SET due_at = to_timestamp(g.due), problem = g.problem, "
	"tries = j.tries - CASE WHEN g.untried THEN 1 ELSE 0 END "
	"FROM unnest($1::bytea[], $2::integer[], $3::bigint[], $4::bigint[], $5::text[], $6::boolean[]) "
	"AS g(sha256, tries, queued, due, problem, untried) WHERE j.sha256 = g.sha256 AND j.tries = g.tries "
	"AND extract(epoch FROM j.queued_at)::bigint = g.queued";

enum err verdict_defer(struct store *store, const struct verdict_later *later, size_t count, struct error *error)
{
	struct columns columns;
	columns_init(&columns);
	for (size_t i = 0; i < count; i++) {
		columns_row(&columns);
		column_sha256(&columns, &later[i].mail->sha256);
		columns_u64(&columns, later[i].mail->tries);
		columns_u64(&columns, (uint64_t)later[i].mail->queued_epoch_secs);
		columns_u64(&columns, (uint64_t)later[i].due_epoch_secs);
		columns_text(&columns, later[i].problem.ptr ? later[i].problem : STR(""));
		columns_word(&columns, later[i].untried ? "t" : "f");
	}
	enum err err = db_begin(store, error);
	if (!err)
		err = columns_query(&columns, store, give_back, NULL, error);
	columns_fini(&columns);
	if (!err)
		return db_commit(store, error);
	db_rollback(store);
	return err;
}

enum err verdict_queue_stats(struct store *store, int64_t now_epoch_secs, struct verdict_queue *queue_r,
	struct error *error)
{
	struct db_rows *rows = NULL;
	struct buf now;
	buf_init(&now, 32);
	buf_add_u64(&now, (uint64_t)now_epoch_secs);
	const struct str param = buf_str(&now);
	enum err err = db_query(store, "SELECT count(*), count(*) FILTER (WHERE due_at <= to_timestamp($1::bigint)), "
		"count(*) FILTER (WHERE tries > 0), extract(epoch FROM min(queued_at))::bigint, "
		"ceil(extract(epoch FROM min(due_at)))::bigint FROM dmarcd.verify_job", &param, 1, &rows, error);
	buf_fini(&now);
	if (err)
		return err;
	*queue_r = (struct verdict_queue){
		.waiting = db_u64(rows, 0, 0),
		.due = db_u64(rows, 0, 1),
		.tried = db_u64(rows, 0, 2),
		.oldest_epoch_secs = (int64_t)db_u64(rows, 0, 3),
		.next_epoch_secs = (int64_t)db_u64(rows, 0, 4),
	};
	db_free(&rows);
	return ERR_OK;
}

/* ---- mails of the sample Maildirs ---- */

static const char insert_sample[] =
	"WITH added AS (INSERT INTO dmarcd.sample (packed, sha256, maildir, file, bytes, taken_at, arrived_at, day, "
	"problem) VALUES (nullif($1::bytea, ''), decode($2, 'hex'), $3, $4, $5::bigint, to_timestamp($6::bigint), "
	"to_timestamp($7::bigint), (to_timestamp($7::bigint) AT TIME ZONE 'UTC')::date, "
	"CASE WHEN EXISTS (SELECT FROM dmarcd.mail WHERE sha256 = decode($2, 'hex')) THEN 'report.mail' ELSE $8 END) "
	"ON CONFLICT DO NOTHING RETURNING sha256, problem = '' AS judged), "
	"job AS (INSERT INTO dmarcd.verify_job (sha256, kind, queued_at, due_at) "
	"SELECT sha256, 'sample', to_timestamp($6::bigint), to_timestamp($6::bigint) FROM added WHERE judged "
	"ON CONFLICT DO NOTHING) SELECT count(*) FROM added";

static enum err insert(struct store *store, const struct sample_mail *sample, int64_t now, bool *known_r,
	struct error *error)
{
	struct buf numbers[3];
	char hex[SHA256_HEX_BYTES];
	struct db_rows *rows = NULL;
	const uint64_t values[] = {sample->bytes, (uint64_t)now, (uint64_t)sample->arrived_epoch_secs};
	for (size_t i = 0; i < 3; i++) {
		buf_init(&numbers[i], 32);
		buf_add_u64(&numbers[i], values[i]);
	}
	const struct str params[] = {str_from(sha256_hex(&sample->sha256, hex)), sample->maildir, sample->file,
		buf_str(&numbers[0]), buf_str(&numbers[1]), buf_str(&numbers[2]),
		sample->problem.ptr ? sample->problem : STR("")};
	enum err err = db_query_bytes(store, insert_sample, sample->packed, params, 7, &rows, error);
	*known_r = !err && db_u64(rows, 0, 0) == 0;
	db_free(&rows);
	for (size_t i = 0; i < 3; i++)
		buf_fini(&numbers[i]);
	return err;
}

enum err sample_put(struct store *store, const struct sample_mail *sample, int64_t now_epoch_secs, bool *known_r,
	struct error *error)
{
	enum err err = db_begin(store, error);
	if (!err)
		err = insert(store, sample, now_epoch_secs, known_r, error);
	fault_point("verdict.sample");
	if (!err)
		return db_commit(store, error);
	db_rollback(store);
	return err;
}
