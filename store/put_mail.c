// SPDX-License-Identifier: Apache-2.0
#include "store/put_rows.h"

#include "model/json.h"
#include "store/columns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JSON_BYTES ((size_t)256 * 1024 * 1024)
#define ARENA_BYTES ((size_t)256 * 1024 * 1024)

struct str put_hex(struct arena *arena, const struct sha256 *sum)
{
	char hex[SHA256_HEX_BYTES];
	return arena_str(arena, str_from(sha256_hex(sum, hex)));
}

/* In the order of their hashes, so that two processes lock rows in one order. */
static int by_hash(const void *a, const void *b)
{
	const struct put_mail *const *left = a, *const *right = b;
	return memcmp((*left)->sha256.bytes, (*right)->sha256.bytes, SHA256_BYTES);
}

static struct str reason_text(struct arena *arena, const struct put_mail *mail)
{
	if (mail->reason == REASON_NONE)
		return STR("");
	if (mail->detail.len == 0)
		return str_from(reason_sentence(mail->reason));
	return str_from(arena_printf(arena, "%s: %.*s", reason_sentence(mail->reason), STR_FMT(mail->detail)));
}

static void write_mail(struct json *json, struct arena *arena, const struct put_mail *mail)
{
	json_object(json);
	json_key_value_str(json, "sha256", put_hex(arena, &mail->sha256));
	json_key_value_cstr(json, "outcome", mail_outcome_text(mail->outcome));
	json_key_value_cstr(json, "code", reason_code(mail->reason));
	json_key_value_str(json, "reason", reason_text(arena, mail));
	json_key_value_u64(json, "bytes", mail->bytes);
	json_key_value_str(json, "file", mail->source.file.ptr ? mail->source.file : STR(""));
	json_key_value_str(json, "head_from", mail->head.from);
	json_key_value_str(json, "head_subject", mail->head.subject);
	json_key_value_str(json, "head_message_id", mail->head.message_id);
	json_key_value_str(json, "head_date", mail->head.date);
	json_key(json, "head_date_at");
	if (mail->head.date_epoch_secs > 0)
		json_i64(json, mail->head.date_epoch_secs);
	else
		json_null(json);
	json_object_end(json);
}

static const char insert_mails[] =
	"INSERT INTO dmarcd.mail (sha256, outcome, code, reason, bytes, file, taken_at, head_from, head_subject, "
	"head_message_id, head_date, head_date_at) "
	"SELECT decode(m.sha256, 'hex'), m.outcome, m.code, m.reason, m.bytes, m.file, to_timestamp($2::bigint), "
	"m.head_from, m.head_subject, m.head_message_id, m.head_date, to_timestamp(m.head_date_at) "
	"FROM jsonb_to_recordset($1::jsonb) AS m(sha256 text, outcome text, code text, reason text, bytes bigint, "
	"file text, head_from text, head_subject text, head_message_id text, head_date text, head_date_at bigint) "
	"ORDER BY m.sha256 COLLATE \"C\" ON CONFLICT (sha256) DO NOTHING RETURNING encode(sha256, 'hex')";

static enum err insert_new(struct store *store, struct put_mail **sorted, size_t count, int64_t now,
	struct arena *arena, struct error *error)
{
	struct buf text;
	struct json json;
	struct db_rows *rows = NULL;
	buf_init(&text, JSON_BYTES);
	json_init(&json, &text);
	json_array(&json);
	for (size_t i = 0; i < count; i++)
		write_mail(&json, arena, sorted[i]);
	json_array_end(&json);
	const struct str params[] = {buf_str(&text), str_from(arena_printf(arena, "%lld", (long long)now))};
	enum err err = db_query(store, insert_mails, params, 2, &rows, error);
	buf_fini(&text);
	/* Both lists are in the same order; of two equal hashes the first is the new one. */
	for (size_t i = 0, row = 0; i < count && !err; i++) {
		bool is_new = row < db_count(rows) &&
			str_eq(db_value(rows, row, 0), put_hex(arena, &sorted[i]->sha256));
		sorted[i]->copy = !is_new;
		row += is_new;
	}
	db_free(&rows);
	return err;
}

static const char insert_sightings[] =
	"WITH given AS (SELECT g.no, m.sha256, g.maildir, g.name, row_number() OVER "
	"(PARTITION BY m.sha256, g.maildir, g.name ORDER BY g.no) = 1 AS first "
	"FROM jsonb_to_recordset($1::jsonb) AS g(no integer, sha256 text, maildir text, name text) "
	"JOIN dmarcd.mail m ON m.sha256 = decode(g.sha256, 'hex')), "
	"added AS (INSERT INTO dmarcd.mail_sighting (sha256, maildir, unique_name) "
	"SELECT sha256, maildir, name FROM given WHERE first ORDER BY 1, 2, 3 "
	"ON CONFLICT DO NOTHING RETURNING sha256, maildir, unique_name) "
	"SELECT g.no, g.first AND a.sha256 IS NOT NULL FROM given g LEFT JOIN added a ON a.sha256 = g.sha256 "
	"AND a.maildir = g.maildir AND a.unique_name = g.name";

enum err put_sightings(struct store *store, const struct sha256 *sums, const struct mail_source *sources,
	size_t count, struct copy_mail *copies_r, struct error *error)
{
	struct arena *arena = arena_open(ARENA_BYTES);
	struct buf text;
	struct json json;
	struct db_rows *rows = NULL;
	buf_init(&text, JSON_BYTES);
	json_init(&json, &text);
	json_array(&json);
	for (size_t i = 0; i < count; i++) {
		copies_r[i] = (struct copy_mail){0};
		json_object(&json);
		json_key_value_u64(&json, "no", i);
		json_key_value_str(&json, "sha256", put_hex(arena, &sums[i]));
		json_key_value_str(&json, "maildir", sources[i].maildir);
		json_key_value_str(&json, "name", sources[i].unique);
		json_object_end(&json);
	}
	json_array_end(&json);
	const struct str param = buf_str(&text);
	enum err err = db_query(store, insert_sightings, &param, 1, &rows, error);
	for (size_t i = 0; rows && i < db_count(rows); i++)
		copies_r[db_u64(rows, i, 0)] = (struct copy_mail){.known = true, .counted = db_bool(rows, i, 1)};
	db_free(&rows);
	buf_fini(&text);
	arena_close(&arena);
	return err;
}

/* Rows are locked in the order of their hashes before any of them changes. */
static const char add_copies[] =
	"WITH given AS (SELECT sha256, count(*) AS more FROM unnest($1::bytea[]) AS g(sha256) GROUP BY sha256), "
	"locked AS MATERIALIZED (SELECT m.sha256 FROM dmarcd.mail m WHERE m.sha256 IN (SELECT sha256 FROM given) "
	"ORDER BY m.sha256 FOR NO KEY UPDATE) "
	"UPDATE dmarcd.mail m SET copies = m.copies + g.more FROM given g JOIN locked USING (sha256) "
	"WHERE m.sha256 = g.sha256";

enum err put_copies_counted(struct store *store, const struct sha256 *sums, const struct copy_mail *copies,
	size_t count, struct error *error)
{
	struct columns columns;
	columns_init(&columns);
	for (size_t i = 0; i < count; i++) {
		if (!copies[i].counted)
			continue;
		columns_row(&columns);
		columns_bytes(&columns, (struct str){(const char *)sums[i].bytes, SHA256_BYTES});
	}
	enum err err = columns_query(&columns, store, add_copies, NULL, error);
	columns_fini(&columns);
	return err;
}

enum err put_mail_rows(struct store *store, struct put_mail *mails, size_t count, int64_t now_epoch_secs,
	struct error *error)
{
	struct arena *arena = arena_open(ARENA_BYTES);
	struct put_mail **sorted = ARENA_ARRAY(arena, count, struct put_mail *);
	struct sha256 *sums = ARENA_ARRAY(arena, count, struct sha256);
	struct mail_source *sources = ARENA_ARRAY(arena, count, struct mail_source);
	struct copy_mail *copies = ARENA_ARRAY(arena, count, struct copy_mail);
	for (size_t i = 0; i < count; i++)
		sorted[i] = &mails[i];
	qsort(sorted, count, sizeof(*sorted), by_hash);
	for (size_t i = 0; i < count; i++) {
		sums[i] = sorted[i]->sha256;
		sources[i] = sorted[i]->source;
	}
	enum err err = insert_new(store, sorted, count, now_epoch_secs, arena, error);
	if (!err)
		err = put_sightings(store, sums, sources, count, copies, error);
	for (size_t i = 0; i < count && !err; i++) {
		sorted[i]->same_sighting = sorted[i]->copy && !copies[i].counted;
		copies[i].counted &= sorted[i]->copy;
	}
	if (!err)
		err = put_copies_counted(store, sums, copies, count, error);
	arena_close(&arena);
	return err;
}

#define LARGE_BYTES ((size_t)64 * 1024) /* alone, and not as hex */
#define TOGETHER_BYTES ((size_t)1024 * 1024)

/* Where packed mails go: one alone, or several; their bytes first, then hash and time. */
struct shelf {
	const char *one, *many;
};

static const struct shelf original_shelf = {
	"INSERT INTO dmarcd.original (packed, sha256, kept_at) "
	"VALUES ($1::bytea, decode($2, 'hex'), to_timestamp($3::bigint)) ON CONFLICT DO NOTHING",
	"INSERT INTO dmarcd.original (packed, sha256, kept_at) "
	"SELECT g.packed, g.sha256, to_timestamp(g.at) FROM unnest($1::bytea[], $2::bytea[], $3::bigint[]) "
	"AS g(packed, sha256, at) ON CONFLICT DO NOTHING",
};

/* A report that lies in a sample Maildir too is judged as a report, also where somebody is at the sample. */
#define REPORT_BEFORE_SAMPLE \
	"ON CONFLICT (sha256) DO UPDATE SET kind = 'report', packed = excluded.packed, due_at = excluded.due_at, " \
	"tries = j.tries + 1 WHERE j.kind = 'sample'"

static const struct shelf job_shelf = {
	"INSERT INTO dmarcd.verify_job AS j (packed, sha256, kind, queued_at, due_at) VALUES ($1::bytea, "
	"decode($2, 'hex'), 'report', to_timestamp($3::bigint), to_timestamp($3::bigint)) " REPORT_BEFORE_SAMPLE,
	"INSERT INTO dmarcd.verify_job AS j (packed, sha256, kind, queued_at, due_at) "
	"SELECT g.packed, g.sha256, 'report', to_timestamp(g.at), to_timestamp(g.at) "
	"FROM unnest($1::bytea[], $2::bytea[], $3::bigint[]) AS g(packed, sha256, at) " REPORT_BEFORE_SAMPLE,
};

static enum err put_large(struct store *store, const struct shelf *shelf, const struct put_mail *mail,
	const char *now, struct error *error)
{
	char hex[SHA256_HEX_BYTES];
	const struct str params[] = {str_from(sha256_hex(&mail->sha256, hex)), str_from(now)};
	return db_query_bytes(store, shelf->one, mail->original, params, 2, NULL, error);
}

/* The new mails of reports, with their bytes where `packed` says so. */
static enum err put_on_shelf(struct store *store, const struct shelf *shelf, const struct put_mail *mails,
	size_t count, bool (*wanted)(const struct put_mail *), bool (*packed)(const struct put_mail *),
	int64_t now_epoch_secs, struct error *error)
{
	char now[24];
	struct columns columns;
	enum err err = ERR_OK;
	(void)snprintf(now, sizeof(now), "%lld", (long long)now_epoch_secs);
	columns_init(&columns);
	for (size_t i = 0; i < count && !err; i++) {
		const struct put_mail *mail = &mails[i];
		if (mail->outcome != OUTCOME_STORED || mail->copy || !wanted(mail))
			continue;
		if (packed(mail) && mail->original.len > LARGE_BYTES) {
			err = put_large(store, shelf, mail, now, error);
			continue;
		}
		columns_row(&columns);
		if (packed(mail))
			columns_bytes(&columns, mail->original);
		else
			columns_text(&columns, STR_NONE);
		columns_bytes(&columns, (struct str){(const char *)mail->sha256.bytes, SHA256_BYTES});
		columns_word(&columns, now);
		if (columns.texts[0].len > TOGETHER_BYTES)
			err = columns_query(&columns, store, shelf->many, NULL, error);
	}
	if (!err)
		err = columns_query(&columns, store, shelf->many, NULL, error);
	columns_fini(&columns);
	return err;
}

static bool is_kept(const struct put_mail *mail)
{
	return mail->keep_original && mail->original.len > 0;
}

static bool is_judged(const struct put_mail *mail)
{
	return !mail->local;
}

static bool is_packed_in_job(const struct put_mail *mail)
{
	return !mail->keep_original && mail->original.len > 0;
}

enum err put_originals(struct store *store, const struct put_mail *mails, size_t count, int64_t now_epoch_secs,
	struct error *error)
{
	return put_on_shelf(store, &original_shelf, mails, count, is_kept, is_kept, now_epoch_secs, error);
}

enum err put_jobs(struct store *store, const struct put_mail *mails, size_t count, int64_t now_epoch_secs,
	struct error *error)
{
	return put_on_shelf(store, &job_shelf, mails, count, is_judged, is_packed_in_job, now_epoch_secs, error);
}
