// SPDX-License-Identifier: Apache-2.0
#include "web/export.h"

#include "base/log.h"
#include "web/csv.h"
#include "web/noted.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROW_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define IDLE_SECS_MORE 10 /* who is too slow is ended by his deadline before the database's */

struct exports {
	pthread_mutex_t mutex;
	uint64_t max, count;
};

struct export {
	struct exports *exports;
	/* CSV */
	struct connections *connections;
	struct store *store;
	struct rows *rows;
	uint64_t rows_left;
	struct buf lines; /* from taken on: not yet read */
	size_t taken;
	/* a file */
	int fd;
	uint64_t bytes;
};

struct exports *exports_open(uint64_t max)
{
	struct exports *exports = calloc(1, sizeof(*exports));
	if (!exports || pthread_mutex_init(&exports->mutex, NULL) != 0)
		die_out_of_memory();
	exports->max = max;
	return exports;
}

void exports_close(struct exports **exports)
{
	if (!*exports)
		return;
	(void)pthread_mutex_destroy(&(*exports)->mutex);
	free(*exports);
	*exports = NULL;
}

struct export *export_begin(struct exports *exports)
{
	(void)pthread_mutex_lock(&exports->mutex);
	bool free_place = exports->count < exports->max;
	exports->count += free_place;
	(void)pthread_mutex_unlock(&exports->mutex);
	struct export *export = free_place ? calloc(1, sizeof(*export)) : NULL;
	if (free_place && !export)
		die_out_of_memory();
	if (!export)
		return NULL;
	export->exports = exports;
	export->fd = -1;
	buf_init(&export->lines, ROW_BYTES_MAX);
	return export;
}

void export_close(struct export **export)
{
	struct export *old = *export;
	*export = NULL;
	if (!old)
		return;
	query_close(&old->rows);
	if (old->store)
		connections_give(old->connections, old->store);
	if (old->fd >= 0)
		(void)close(old->fd);
	buf_fini(&old->lines);
	(void)pthread_mutex_lock(&old->exports->mutex);
	old->exports->count--;
	(void)pthread_mutex_unlock(&old->exports->mutex);
	free(old);
}

static const struct block *chosen_block(const struct request *request, const struct page *page)
{
	for (size_t i = 0; i < page->blocks_count; i++)
		if (request->csv_block.ptr ? str_eq(request->csv_block, str_from(page->blocks[i].name)) :
			page->blocks[i].main)
			return &page->blocks[i];
	return NULL;
}

/* ERR_NOTFOUND: the page is of something that there is not. */
static enum err check_there(const struct page *page, struct store *store, struct error *error)
{
	struct rows *rows = NULL;
	const struct block *first = &page->blocks[0];
	if (!page->must_exist || first->noted)
		return ERR_OK;
	enum err err = query_open(store, first->sql, first->params, first->params_count, false, &rows, error);
	if (!err && query_count(rows) == 0)
		err = error_set(error, ERR_NOTFOUND, "nothing is known of it");
	query_close(&rows);
	return err;
}

static void add_heads(struct export *export)
{
	size_t columns = query_columns(export->rows);
	for (size_t i = 0; i < columns; i++)
		csv_field(&export->lines, str_from(query_column_name(export->rows, i)), false, i + 1 == columns);
}

static void add_row(struct export *export)
{
	size_t columns = query_columns(export->rows);
	for (size_t i = 0; i < columns; i++)
		csv_field(&export->lines, query_value(export->rows, i),
			query_column_kind(export->rows, i) == COLUMN_NUMBER, i + 1 == columns);
}

/* One row, which is in memory: the page's connection is not needed. */
static enum err export_noted(struct export *export, const struct request *request, const struct page *page,
	const struct block *block, struct error *error)
{
	enum err err = noted_query(request->web, block->sql, block->params, block->params_count, &export->rows, error);
	if (!err && page->must_exist && query_count(export->rows) == 0)
		err = error_set(error, ERR_NOTFOUND, "nothing is known of it");
	if (err)
		return err;
	export->rows_left = request->web->limits->export_rows;
	add_heads(export);
	return ERR_OK;
}

enum err export_csv(struct export *export, const struct request *request, const struct page *page,
	struct connections *connections, struct store *store, struct error *error)
{
	const struct limits *limits = request->web->limits;
	const struct block *block = chosen_block(request, page);
	if (!block)
		return error_set(error, ERR_NOTFOUND, "no such table");
	enum err err = check_there(page, store, error);
	if (!err && block->noted)
		return export_noted(export, request, page, block, error);
	if (!err)
		err = query_open_slow(store, block->sql, block->params, block->params_count,
			(unsigned)limits->http_answer_secs + IDLE_SECS_MORE, &export->rows, error);
	if (err)
		return err;
	export->connections = connections;
	export->store = store;
	export->rows_left = limits->export_rows;
	add_heads(export);
	return ERR_OK;
}

void export_file(struct export *export, int fd, uint64_t bytes)
{
	export->fd = fd;
	export->bytes = bytes;
}

bool export_keeps(const struct export *export, const struct store *store)
{
	return export->store == store;
}

int64_t export_bytes(const struct export *export)
{
	return export->fd >= 0 ? (int64_t)export->bytes : -1;
}

/* False at the end. */
static bool fill(struct export *export)
{
	buf_reset(&export->lines);
	export->taken = 0;
	if (export->rows_left == 0 || !query_next(export->rows))
		return false;
	export->rows_left--;
	add_row(export);
	return true;
}

static bool broke_off(const struct export *export)
{
	struct log_line line;
	struct error error;
	bool failed = query_failed(export->rows, &error);
	if (failed) {
		log_begin(&line, LOG_ERROR_LEVEL, "export broke off");
		log_error(&line, &error);
		log_end(&line);
	}
	return failed || export->lines.overflow;
}

static ssize_t read_lines(struct export *export, char *bytes, size_t max)
{
	size_t len = 0;
	while (len < max) {
		if (export->taken == export->lines.len && !fill(export))
			break;
		size_t piece = export->lines.len - export->taken;
		if (piece > max - len)
			piece = max - len;
		(void)memcpy(bytes + len, export->lines.ptr + export->taken, piece);
		export->taken += piece;
		len += piece;
	}
	return broke_off(export) ? -1 : (ssize_t)len;
}

ssize_t export_read(struct export *export, char *bytes, size_t max)
{
	return export->fd >= 0 ? read(export->fd, bytes, max) : read_lines(export, bytes, max);
}
