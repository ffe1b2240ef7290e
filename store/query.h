// SPDX-License-Identifier: Apache-2.0
/*
 * Views -> rows. A query is a constant SQL text of store/query_….c with bound
 * text parameters; its result is read row by row, columns by name. Pages, JSON,
 * CSV and the command line all read through here, from schema dmarcd_api only.
 */
#pragma once

#include "store/store.h"

struct rows;

/* SQL text with $1…$n; a parameter that is absent (STR_NONE) is NULL. With
 * stream, rows are fetched one by one (for exports); else the whole result is
 * in memory. ERR_TEMP: server away or statement timeout; ERR_INVALID: a
 * parameter is not what its type needs; ERR_PERM: bug or missing right. */
NODISCARD enum err query_open(struct store *store, const char *sql, const struct str *params,
	size_t params_count, bool stream, struct rows **rows_r, struct error *error);
/* The same by a cursor, some rows at a time, for who may take them slowly: at most idle_secs pass
 * between two query_next(), or the database gives it up. */
NODISCARD enum err query_open_slow(struct store *store, const char *sql, const struct str *params,
	size_t params_count, unsigned idle_secs, struct rows **rows_r, struct error *error);
/* The same of a query whose functions write down that they were called; with ERR_OK that is committed, and all
 * rows are in memory. */
NODISCARD enum err query_noted(struct store *store, const char *sql, const struct str *params,
	size_t params_count, struct rows **rows_r, struct error *error);
void query_close(struct rows **rows);

/* True while there is a row; at the end (or on a failure of the stream, then
 * query_failed) false. */
bool query_next(struct rows *rows);
/* Before the first row again, of a result that is wholly in memory. */
void query_rewind(struct rows *rows);
bool query_failed(const struct rows *rows, struct error *error);

size_t query_columns(const struct rows *rows);
const char *query_column_name(const struct rows *rows, size_t column);
/* Numeric, boolean and json columns are written bare in JSON. */
enum column_kind { COLUMN_TEXT, COLUMN_NUMBER, COLUMN_BOOL, COLUMN_JSON };
enum column_kind query_column_kind(const struct rows *rows, size_t column);

/* The value of the current row as text; absent when NULL. Valid until the next
 * query_next. By name: dies when there is no such column (a bug). */
struct str query_value(const struct rows *rows, size_t column);
struct str query_get(const struct rows *rows, const char *name);
/* Whether the result has such a column. */
bool query_has(const struct rows *rows, const char *name);
/* 0 when NULL. Values above 2^63-1 (numeric sums) are cut to it. */
int64_t query_get_i64(const struct rows *rows, const char *name);
bool query_get_bool(const struct rows *rows, const char *name);
/* Rows of a result that is wholly in memory. */
size_t query_count(const struct rows *rows);
