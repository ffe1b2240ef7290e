// SPDX-License-Identifier: Apache-2.0
/*
 * Statements and results of libpq, made small. The only file that includes
 * libpq is db.c; results are opaque to the rest of the room.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "store/store.h"

struct db_rows; /* a whole result */

/* One or several statements without parameters. */
NODISCARD enum err db_run(struct store *store, const char *sql, struct error *error);
/* One statement with text parameters (absent: NULL). rows_r may be NULL. */
NODISCARD enum err db_query(struct store *store, const char *sql, const struct str *params, size_t count,
	struct db_rows **rows_r, struct error *error);
/* The same with the first parameter taken as bytes (bytea). */
NODISCARD enum err db_query_bytes(struct store *store, const char *sql, struct str bytes,
	const struct str *params, size_t count, struct db_rows **rows_r, struct error *error);

size_t db_count(const struct db_rows *rows);
/* Number of rows a statement changed. */
uint64_t db_changed(const struct db_rows *rows);
struct str db_value(const struct db_rows *rows, size_t row, size_t column); /* absent: NULL */
uint64_t db_u64(const struct db_rows *rows, size_t row, size_t column);
bool db_bool(const struct db_rows *rows, size_t row, size_t column);
struct str db_bytes(const struct db_rows *rows, size_t row, size_t column, struct arena *arena); /* of a bytea */
void db_free(struct db_rows **rows);

/* ---- transactions ---- */

NODISCARD enum err db_begin(struct store *store, struct error *error);
/* ERR_UNCERTAIN when the connection broke before the answer came. */
NODISCARD enum err db_commit(struct store *store, struct error *error);
void db_rollback(struct store *store);
/* A serialization failure, a deadlock or a lock that others held for long was the last
 * error: repeat the whole. */
bool db_may_repeat(const struct store *store);

/* ---- COPY ... FROM STDIN, text format ---- */

NODISCARD enum err db_copy_begin(struct store *store, const char *sql, struct error *error);
NODISCARD enum err db_copy_add(struct store *store, struct str lines, struct error *error);
NODISCARD enum err db_copy_end(struct store *store, struct error *error);
/* Gives it up; the transaction is void. */
void db_copy_cancel(struct store *store);

/* One column of a COPY line: escaped; absent is \N. last ends the line. */
void db_copy_text(struct buf *line, struct str value, bool last);
void db_copy_u64(struct buf *line, uint64_t value, bool last);

/* ---- streaming reads, for query.c ---- */

NODISCARD enum err db_stream_begin(struct store *store, const char *sql, const struct str *params, size_t count,
	struct error *error);
/* The next row as a result of one row; NULL in *rows_r at the end. */
NODISCARD enum err db_stream_next(struct store *store, struct db_rows **rows_r, struct error *error);
void db_stream_cancel(struct store *store);

size_t db_columns(const struct db_rows *rows);
const char *db_column_name(const struct db_rows *rows, size_t column);
unsigned db_column_type(const struct db_rows *rows, size_t column); /* an OID of pg_type */

