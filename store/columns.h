// SPDX-License-Identifier: Apache-2.0
/*
 * Rows as array parameters, one a column, for INSERT … SELECT FROM unnest(…):
 * many rows in one statement. Only for store/.
 */
#pragma once

#include "base/clock.h"
#include "base/wide.h"
#include "store/db.h"

#define COLUMNS_MAX 10

struct columns {
	struct buf texts[COLUMNS_MAX]; /* arrays in PostgreSQL's text form */
	size_t at;                     /* the column that is next */
};

void columns_init(struct columns *columns);
void columns_fini(struct columns *columns);

/* Begins a row; its values follow in the order of the columns. */
void columns_row(struct columns *columns);
void columns_text(struct columns *columns, struct str value); /* absent: NULL */
/* A word in which nothing has to be quoted. */
void columns_word(struct columns *columns, const char *word);
void columns_bytes(struct columns *columns, struct str bytes); /* bytea */
void columns_u64(struct columns *columns, uint64_t value);
void columns_wide(struct columns *columns, wide value);
void columns_day(struct columns *columns, struct day day);

/* The statement with all columns as its parameters; without rows there is nothing to do. No rows after it. */
NODISCARD enum err columns_query(struct columns *columns, struct store *store, const char *sql,
	struct db_rows **rows_r, struct error *error);
