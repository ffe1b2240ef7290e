// SPDX-License-Identifier: Apache-2.0
#include "web/page.h"

#include "model/json.h"
#include "web/block_html.h"
#include "web/noted.h"
#include "web/url.h"

#include <string.h>

#define QUERY_BYTES ((size_t)8192)

struct block *page_add(struct page *page, const char *name, const char *title, enum block_look look,
	const char *sql, const struct column *columns)
{
	if (page->blocks_count >= PAGE_BLOCKS_MAX)
		die("page: too many blocks");
	struct block *block = &page->blocks[page->blocks_count++];
	*block = (struct block){.name = name, .title = title, .look = look, .sql = sql, .columns = columns};
	return block;
}

void page_param(struct block *block, struct str value)
{
	if (block->params_count >= BLOCK_PARAMS_MAX)
		die("page: too many parameters");
	block->params[block->params_count++] = value;
}

const char *block_cursor(const struct block *block)
{
	return block->cursor_column ? block->cursor_column : "cursor";
}

void page_params_period(struct block *block, const struct filter *filter)
{
	page_param(block, filter->from);
	page_param(block, filter->to);
	page_param(block, filter->domain);
}

void page_params_filter(struct block *block, const struct filter *filter)
{
	page_params_period(block, filter);
	page_param(block, filter->counted);
}

void page_params_listed(struct block *block, const struct filter *filter)
{
	page_params_period(block, filter);
	page_param(block, filter->listed);
}

static void add_pair(struct buf *buf, const char *key, struct str value)
{
	if (!value.ptr)
		return;
	buf_add_char(buf, buf->len == 0 ? '?' : '&');
	buf_add_str(buf, str_from(key));
	buf_add_char(buf, '=');
	url_add(buf, value);
}

struct str filter_query(struct arena *arena, const struct filter *filter, const char *key, struct str value)
{
	const struct {
		const char *key;
		struct str value;
	} pairs[] = {{"from", filter->given_period ? filter->from : STR_NONE},
		{"to", filter->given_period ? filter->to : STR_NONE}, {"domain", filter->domain},
		{"reporter", filter->reporter}, {"source", filter->source}, {"kind", filter->kind},
		{"outcome", filter->outcome}, {"provenance", filter->provenance}};
	struct buf buf;
	buf_init(&buf, QUERY_BYTES);
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (!key || strcmp(pairs[i].key, key) != 0)
			add_pair(&buf, pairs[i].key, pairs[i].value);
	if (key)
		add_pair(&buf, key, value);
	struct str done = arena_str(arena, buf.ptr ? buf_str(&buf) : STR(""));
	buf_fini(&buf);
	return done;
}

/* ---- JSON ---- */

static void write_value(struct json *json, const struct rows *rows, size_t column)
{
	struct str value = query_value(rows, column);
	if (!value.ptr) {
		json_null(json);
		return;
	}
	switch (query_column_kind(rows, column)) {
	case COLUMN_BOOL:
		json_bool(json, str_eq(value, STR("t")));
		break;
	case COLUMN_NUMBER:
	case COLUMN_JSON:
		json_verbatim(json, value);
		break;
	case COLUMN_TEXT:
		json_str(json, value);
		break;
	}
}

static void write_row(struct json *json, const struct rows *rows)
{
	json_object(json);
	for (size_t i = 0; i < query_columns(rows); i++) {
		json_key(json, query_column_name(rows, i));
		write_value(json, rows, i);
	}
	json_object_end(json);
}

static void write_json(const struct request *request, const struct page *page, struct rows **rows,
	struct buf *out)
{
	struct json json;
	struct str next = STR_NONE;
	json_init(&json, out);
	json_object(&json);
	if (page->filtered) {
		json_key_value_str(&json, "from", request->filter.from);
		json_key_value_str(&json, "to", request->filter.to);
		json_key_value_str(&json, "domain", request->filter.domain);
	}
	if (page->fields & FIELD_PROVENANCE) {
		json_key_value_cstr(&json, "count_unverified", count_unverified_words[request->web->count_unverified]);
		json_key_value_str(&json, "only_provenance", request->filter.provenance);
	}
	for (size_t i = 0; i < page->blocks_count; i++) {
		const struct block *block = &page->blocks[i];
		bool single = block->look == BLOCK_FIGURES || block->look == BLOCK_FACTS || block->look == BLOCK_NOTE;
		size_t shown = 0;
		json_key(&json, block->name);
		if (!single)
			json_array(&json);
		while (query_next(rows[i])) {
			if (block->limit > 0 && shown++ == block->limit)
				break;
			write_row(&json, rows[i]);
			if (block->paged)
				next = arena_str(request->arena, query_get(rows[i], block_cursor(block)));
			if (single)
				break;
		}
		if (!single)
			json_array_end(&json);
		else if (query_count(rows[i]) == 0)
			json_null(&json);
		if (block->paged)
			json_key_value_str(&json, "next", shown > block->limit ? next : STR_NONE);
	}
	json_object_end(&json);
	buf_add_char(out, '\n');
}

/* ---- all ---- */

static bool is_empty(struct rows **rows, const struct page *page)
{
	return page->must_exist && query_count(rows[0]) == 0;
}

static enum err ask(const struct request *request, const struct block *block, struct store *store,
	struct rows **rows_r, struct error *error)
{
	int64_t begun = clock_monotonic_msecs();
	enum err err = block->noted ? noted_query(request->web, block->sql, block->params, block->params_count, rows_r,
		error) : query_open(store, block->sql, block->params, block->params_count, false, rows_r, error);
	metrics_queried(request->metrics, clock_monotonic_msecs() - begun);
	return err;
}

enum err page_write(const struct request *request, const struct page *page, struct store *store,
	struct buf *out, struct error *error)
{
	struct rows *rows[PAGE_BLOCKS_MAX] = {NULL};
	enum err err = ERR_OK;
	for (size_t i = 0; i < page->blocks_count && !err; i++)
		err = ask(request, &page->blocks[i], store, &rows[i], error);
	if (!err && is_empty(rows, page))
		err = error_set(error, ERR_NOTFOUND, "nothing is known of it");
	if (!err && request->format == FORMAT_JSON)
		write_json(request, page, rows, out);
	else if (!err)
		page_write_html(request, page, rows, out);
	for (size_t i = 0; i < page->blocks_count; i++)
		query_close(&rows[i]);
	return err;
}
