// SPDX-License-Identifier: Apache-2.0
#include "store/query.h"

#include "store/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* OIDs of pg_type that are written bare in JSON. */
enum { OID_BOOL = 16, OID_INT8 = 20, OID_INT2 = 21, OID_INT4 = 23, OID_JSON = 114, OID_FLOAT4 = 700,
	OID_FLOAT8 = 701, OID_NUMERIC = 1700, OID_JSONB = 3802 };

struct rows {
	struct store *store;
	bool stream;
	bool cursor;
	bool ended;
	struct db_rows *data; /* whole result, or the current row of a stream */
	struct db_rows *ahead; /* the first row of a stream, read to learn the columns */
	size_t at;            /* rows delivered of data */
	struct error error;
};

/* Every query is a transaction of its own, as the role that may. */
static enum err begin(struct store *store, bool writes, struct error *error)
{
	char sql[160];
	enum err err = db_begin(store, error);
	if (!err && !writes)
		err = db_run(store, "SET TRANSACTION READ ONLY", error);
	if (!err && store_role(store)) {
		(void)snprintf(sql, sizeof(sql), "SET LOCAL ROLE %s", store_role(store));
		err = db_run(store, sql, error);
	}
	return err;
}

enum err query_open(struct store *store, const char *sql, const struct str *params, size_t params_count,
	bool stream, struct rows **rows_r, struct error *error)
{
	struct rows *rows = calloc(1, sizeof(*rows));
	if (!rows)
		die_out_of_memory();
	rows->store = store;
	rows->stream = stream;
	enum err err = begin(store, false, error);
	if (!err && stream) {
		err = db_stream_begin(store, sql, params, params_count, error);
		if (!err)
			err = db_stream_next(store, &rows->ahead, error);
	} else if (!err) {
		err = db_query(store, sql, params, params_count, &rows->data, error);
		db_rollback(store);
		rows->ended = true;
	}
	if (err)
		query_close(&rows);
	*rows_r = rows;
	return err;
}

enum err query_noted(struct store *store, const char *sql, const struct str *params, size_t params_count,
	struct rows **rows_r, struct error *error)
{
	struct rows *rows = calloc(1, sizeof(*rows));
	if (!rows)
		die_out_of_memory();
	*rows = (struct rows){.store = store, .ended = true};
	enum err err = begin(store, true, error);
	if (!err)
		err = db_query(store, sql, params, params_count, &rows->data, error);
	if (!err)
		err = db_commit(store, error);
	else
		db_rollback(store);
	if (err)
		query_close(&rows);
	*rows_r = rows;
	return err;
}

/* ---- by a cursor ---- */

#define SLOW_ROWS "200"

static enum err fetch(struct rows *rows, struct error *error)
{
	db_free(&rows->data);
	rows->at = 0;
	enum err err = db_query(rows->store, "FETCH " SLOW_ROWS " FROM slow", NULL, 0, &rows->data, error);
	if (!err && db_count(rows->data) > 0)
		return ERR_OK;
	db_rollback(rows->store);
	rows->ended = true;
	return err;
}

enum err query_open_slow(struct store *store, const char *sql, const struct str *params, size_t params_count,
	unsigned idle_secs, struct rows **rows_r, struct error *error)
{
	struct buf text;
	struct rows *rows = calloc(1, sizeof(*rows));
	if (!rows)
		die_out_of_memory();
	*rows = (struct rows){.store = store, .cursor = true};
	buf_init(&text, (size_t)64 * 1024);
	enum err err = begin(store, false, error);
	buf_printf(&text, "SET LOCAL idle_in_transaction_session_timeout = '%us'", idle_secs);
	if (!err)
		err = db_run(store, buf_cstr(&text), error);
	buf_reset(&text);
	buf_printf(&text, "DECLARE slow NO SCROLL CURSOR FOR %s", sql);
	if (!err)
		err = db_query(store, buf_cstr(&text), params, params_count, NULL, error);
	if (!err)
		err = fetch(rows, error);
	buf_fini(&text);
	if (err)
		query_close(&rows);
	*rows_r = rows;
	return err;
}

static bool next_of_cursor(struct rows *rows)
{
	if (rows->at == db_count(rows->data)) {
		if (rows->ended || fetch(rows, &rows->error) != ERR_OK || rows->ended)
			return false;
	}
	rows->at++;
	return true;
}

void query_close(struct rows **rows)
{
	if (!*rows)
		return;
	if (!(*rows)->ended) {
		if ((*rows)->stream)
			db_stream_cancel((*rows)->store);
		db_rollback((*rows)->store);
	}
	db_free(&(*rows)->data);
	db_free(&(*rows)->ahead);
	free(*rows);
	*rows = NULL;
}

static bool next_of_stream(struct rows *rows)
{
	if (rows->ended)
		return false;
	db_free(&rows->data);
	rows->data = rows->ahead;
	rows->ahead = NULL;
	enum err err = ERR_OK;
	if (!rows->data)
		err = db_stream_next(rows->store, &rows->data, &rows->error);
	rows->at = 0;
	/* A last result without rows closes the stream. */
	if (!err && rows->data && db_count(rows->data) > 0)
		return true;
	struct db_rows *rest = NULL;
	while (!err && db_stream_next(rows->store, &rest, &rows->error) == ERR_OK && rest)
		db_free(&rest);
	db_rollback(rows->store);
	rows->ended = true;
	return false;
}

bool query_next(struct rows *rows)
{
	if (rows->stream)
		return next_of_stream(rows);
	if (rows->cursor)
		return rows->data && next_of_cursor(rows);
	if (rows->at >= db_count(rows->data))
		return false;
	rows->at++;
	return true;
}

void query_rewind(struct rows *rows)
{
	if (rows->stream || rows->cursor)
		die("query: a stream does not go back");
	rows->at = 0;
}

bool query_failed(const struct rows *rows, struct error *error)
{
	if (rows->error.code && error)
		*error = rows->error;
	return rows->error.code != ERR_OK;
}

static const struct db_rows *shape(const struct rows *rows)
{
	const struct db_rows *data = rows->data ? rows->data : rows->ahead;
	if (!data)
		die("query: no result to ask");
	return data;
}

size_t query_columns(const struct rows *rows)
{
	return db_columns(shape(rows));
}

const char *query_column_name(const struct rows *rows, size_t column)
{
	return db_column_name(shape(rows), column);
}

enum column_kind query_column_kind(const struct rows *rows, size_t column)
{
	switch (db_column_type(shape(rows), column)) {
	case OID_BOOL:
		return COLUMN_BOOL;
	case OID_INT2:
	case OID_INT4:
	case OID_INT8:
	case OID_FLOAT4:
	case OID_FLOAT8:
	case OID_NUMERIC:
		return COLUMN_NUMBER;
	case OID_JSON:
	case OID_JSONB:
		return COLUMN_JSON;
	default:
		return COLUMN_TEXT;
	}
}

struct str query_value(const struct rows *rows, size_t column)
{
	return db_value(rows->data, rows->stream ? 0 : rows->at - 1, column);
}

struct str query_get(const struct rows *rows, const char *name)
{
	for (size_t i = 0; i < query_columns(rows); i++)
		if (strcmp(query_column_name(rows, i), name) == 0)
			return query_value(rows, i);
	die("query: no column %s", name);
}

bool query_has(const struct rows *rows, const char *name)
{
	for (size_t i = 0; i < query_columns(rows); i++)
		if (strcmp(query_column_name(rows, i), name) == 0)
			return true;
	return false;
}

int64_t query_get_i64(const struct rows *rows, const char *name)
{
	struct str text = query_get(rows, name);
	bool negative = str_starts(text, STR("-"));
	uint64_t value = 0;
	if (negative)
		text = str_from_offset(text, 1);
	text = str_sub(text, 0, str_find_char(text, '.'));
	if (text.len > 0 && !str_to_u64(text, INT64_MAX, &value))
		value = INT64_MAX;
	return negative ? -(int64_t)value : (int64_t)value;
}

bool query_get_bool(const struct rows *rows, const char *name)
{
	return str_eq(query_get(rows, name), STR("t"));
}

size_t query_count(const struct rows *rows)
{
	if (rows->stream || rows->cursor)
		die("query: a stream has no count");
	return db_count(rows->data);
}
