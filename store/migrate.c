// SPDX-License-Identifier: Apache-2.0
#include "store/migrate.h"

#include "model/digest.h"
#include "schema/schema.h"
#include "store/db.h"

#include <stdio.h>
#include <string.h>

unsigned migrate_version(void)
{
	size_t count;
	(void)schema_files(&count);
	return (unsigned)count;
}

static const char *checksum(const struct schema_file *file, char hex[SHA256_HEX_BYTES])
{
	struct sha256 sum = sha256_of(file->sql, strlen(file->sql));
	return sha256_hex(&sum, hex);
}

/* A schema of that name by somebody else; an empty one was made for us. */
static enum err check_ours(struct store *store, struct error *error)
{
	struct db_rows *rows = NULL;
	enum err err = db_query(store, "SELECT to_regclass('dmarcd.migration') IS NULL AND EXISTS ("
		"SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
		"WHERE n.nspname IN ('dmarcd', 'dmarcd_api'))", NULL, 0, &rows, error);
	if (!err && db_bool(rows, 0, 0)) {
		err = error_set(error, ERR_INVALID,
			"the database has a schema dmarcd or dmarcd_api that dmarcd did not make");
		error_hint(error, "give it a database without them");
	}
	db_free(&rows);
	return err;
}

/* The first statement of a run takes the lock that makes others wait. */
static enum err prepare(struct store *store, struct error *error)
{
	enum err err = db_run(store, "SELECT pg_advisory_xact_lock(hashtext('dmarcd.migrate'))", error);
	if (!err)
		err = check_ours(store, error);
	return err ? err : db_run(store,
		"CREATE SCHEMA IF NOT EXISTS dmarcd;"
		"CREATE TABLE IF NOT EXISTS dmarcd.migration (number integer PRIMARY KEY, name text NOT NULL, "
		"sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())", error);
}

static enum err check_known(const struct db_rows *rows, unsigned *version_r, struct error *error)
{
	size_t count;
	const struct schema_file *files = schema_files(&count);
	char hex[SHA256_HEX_BYTES];
	*version_r = 0;
	for (size_t i = 0; i < db_count(rows); i++) {
		uint64_t number = db_u64(rows, i, 0);
		if (number == 0 || number > count) {
			(void)error_set(error, ERR_INVALID, "the database has schema version %llu, this "
				"program knows %zu",
				(unsigned long long)db_u64(rows, db_count(rows) - 1, 0), count);
			error_hint(error, "use the newer dmarcd that made it");
			return ERR_INVALID;
		}
		if (!str_eq(db_value(rows, i, 1), str_from(checksum(&files[number - 1], hex))))
			return error_set(error, ERR_INVALID,
				"migration %s in the database is not the one of this program",
				files[number - 1].name);
		*version_r = (unsigned)number;
	}
	return ERR_OK;
}

static enum err apply(struct store *store, const struct schema_file *file, struct error *error)
{
	char hex[SHA256_HEX_BYTES], number[16];
	struct error why = {0};
	enum err err = db_run(store, file->sql, &why);
	if (err) {
		(void)error_set(error, err, "migration %s: %s", file->name, why.text);
		if (why.hint[0])
			error_hint(error, "%s", why.hint);
		return err;
	}
	(void)snprintf(number, sizeof(number), "%u", file->number);
	const struct str params[] = {str_from(number), str_from(file->name), str_from(checksum(file, hex))};
	return db_query(store, "INSERT INTO dmarcd.migration (number, name, sha256) VALUES ($1::integer, $2, $3)",
		params, 3, NULL, error);
}

static enum err run(struct store *store, unsigned version, unsigned *applied_r, struct error *error)
{
	size_t count;
	const struct schema_file *files = schema_files(&count);
	struct db_rows *rows = NULL;
	unsigned known = 0;
	enum err err = prepare(store, error);
	if (!err)
		err = db_query(store, "SELECT number, sha256 FROM dmarcd.migration ORDER BY number", NULL,
		0, &rows, error);
	if (!err)
		err = check_known(rows, &known, error);
	db_free(&rows);
	for (size_t i = known; !err && i < count && (version == 0 || i < version); i++) {
		err = apply(store, &files[i], error);
		if (!err)
			++*applied_r;
	}
	return err;
}

enum err migrate_to(struct store *store, unsigned version, unsigned *applied_r, struct error *error)
{
	*applied_r = 0;
	enum err err = db_begin(store, error);
	if (!err)
		err = run(store, version, applied_r, error);
	if (!err)
		return db_commit(store, error);
	db_rollback(store);
	return err;
}

enum err migrate_run(struct store *store, unsigned *applied_r, struct error *error)
{
	return migrate_to(store, 0, applied_r, error);
}

enum err store_check_schema(struct store *store, struct error *error)
{
	struct db_rows *rows = NULL;
	enum err err = db_query(store, "SELECT count(*) FILTER (WHERE nspname = 'dmarcd_api') > 0, "
		"count(*) FILTER (WHERE nspname = 'dmarcd') > 0 FROM pg_namespace", NULL, 0, &rows, error);
	if (err)
		return err;
	bool ready = db_bool(rows, 0, 0), begun = db_bool(rows, 0, 1);
	db_free(&rows);
	if (!ready && !begun) {
		(void)error_set(error, ERR_NOTFOUND, "the database has no dmarcd schema yet");
		error_hint(error, "dmarcd migrate");
		return ERR_NOTFOUND;
	}
	err = ready ? db_query(store, "SELECT dmarcd_api.schema_version()", NULL, 0, &rows, error) : ERR_OK;
	if (err)
		return err;
	uint64_t version = ready ? db_u64(rows, 0, 0) : 0;
	db_free(&rows);
	if (version == migrate_version())
		return ERR_OK;
	(void)error_set(error, ERR_INVALID, "the database has schema version %llu, this program needs %u",
		(unsigned long long)version, migrate_version());
	error_hint(error, version < migrate_version() ? "dmarcd migrate" : "use the newer dmarcd that made it");
	return ERR_INVALID;
}
