// SPDX-License-Identifier: Apache-2.0
#include "store/columns.h"

#define COLUMN_BYTES ((size_t)256 * 1024 * 1024)

void columns_init(struct columns *columns)
{
	columns->at = 0;
	for (size_t i = 0; i < COLUMNS_MAX; i++)
		buf_init(&columns->texts[i], COLUMN_BYTES);
}

void columns_fini(struct columns *columns)
{
	for (size_t i = 0; i < COLUMNS_MAX; i++)
		buf_fini(&columns->texts[i]);
}

void columns_row(struct columns *columns)
{
	columns->at = 0;
}

static struct buf *next(struct columns *columns)
{
	struct buf *buf = &columns->texts[columns->at++];
	buf_add_char(buf, buf->len == 0 ? '{' : ',');
	return buf;
}

void columns_text(struct columns *columns, struct str value)
{
	struct buf *buf = next(columns);
	if (!value.ptr) {
		buf_add_str(buf, STR("NULL"));
		return;
	}
	buf_add_char(buf, '"');
	for (size_t i = 0; i < value.len; i++) {
		if (value.ptr[i] == '"' || value.ptr[i] == '\\')
			buf_add_char(buf, '\\');
		buf_add_char(buf, value.ptr[i]);
	}
	buf_add_char(buf, '"');
}

void columns_word(struct columns *columns, const char *word)
{
	buf_add_str(next(columns), str_from(word));
}

void columns_bytes(struct columns *columns, struct str bytes)
{
	static const char digits[] = "0123456789abcdef";
	struct buf *buf = next(columns);
	buf_add_str(buf, STR("\"\\\\x"));
	char *hex = buf_room(buf, 2 * bytes.len);
	for (size_t i = 0; hex && i < bytes.len; i++) {
		hex[2 * i] = digits[(unsigned char)bytes.ptr[i] >> 4];
		hex[2 * i + 1] = digits[bytes.ptr[i] & 15];
	}
	if (hex)
		buf_took(buf, 2 * bytes.len);
	buf_add_char(buf, '"');
}

void columns_u64(struct columns *columns, uint64_t value)
{
	buf_add_u64(next(columns), value);
}

void columns_wide(struct columns *columns, wide value)
{
	char text[WIDE_TEXT_BYTES];
	columns_word(columns, wide_text(value, text));
}

void columns_day(struct columns *columns, struct day day)
{
	char text[DAY_TEXT_BYTES];
	columns_word(columns, day_format(day, text));
}

enum err columns_query(struct columns *columns, struct store *store, const char *sql, struct db_rows **rows_r,
	struct error *error)
{
	struct str params[COLUMNS_MAX];
	bool overflow = false;
	if (columns->texts[0].len == 0)
		return ERR_OK;
	for (size_t i = 0; i < columns->at; i++) {
		buf_add_char(&columns->texts[i], '}');
		overflow |= columns->texts[i].overflow;
		params[i] = buf_str(&columns->texts[i]);
	}
	enum err err = overflow ? error_set(error, ERR_INVALID, "more than a statement takes") :
		db_query(store, sql, params, columns->at, rows_r, error);
	for (size_t i = 0; i < COLUMNS_MAX; i++)
		buf_reset(&columns->texts[i]);
	return err;
}
