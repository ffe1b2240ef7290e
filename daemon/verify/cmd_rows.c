// SPDX-License-Identifier: Apache-2.0
#include "daemon/cmd.h"
#include "model/json.h"

#include <sysexits.h>

#define LINE_BYTES ((size_t)64 * 1024 * 1024)

static void value_json(const struct rows *rows, size_t column, struct json *json)
{
	struct str value = query_value(rows, column);
	enum column_kind kind = query_column_kind(rows, column);
	if (!value.ptr)
		json_null(json);
	else if (kind == COLUMN_BOOL)
		json_bool(json, str_starts(value, STR("t")));
	else if (kind == COLUMN_TEXT)
		json_str(json, value);
	else
		json_verbatim(json, value);
}

static void row_json(const struct rows *rows, struct buf *out)
{
	struct json json;
	json_init(&json, out);
	json_object(&json);
	for (size_t i = 0; i < query_columns(rows); i++) {
		json_key(&json, query_column_name(rows, i));
		value_json(rows, i, &json);
	}
	json_object_end(&json);
	buf_add_char(out, '\n');
	cli_flush(out);
}

static void row_text(const struct rows *rows, void (*text)(const struct rows *rows, struct buf *out), struct buf *out)
{
	text(rows, out);
	buf_add_char(out, '\n');
	cli_print(buf_str(out));
	buf_reset(out);
}

int cmd_rows(const struct cli *cli, const char *sql, const struct str *params, size_t count,
	void (*text)(const struct rows *rows, struct buf *out))
{
	struct error error = {0};
	struct cmd_reader reader;
	struct rows *rows = NULL;
	struct buf out;
	int status = cmd_reader_open(cli, &reader);
	if (status != EX_OK)
		return status;
	buf_init(&out, LINE_BYTES);
	enum err err = query_open(reader.store, sql, params, count, true, &rows, &error);
	while (!err && query_next(rows)) {
		if (text)
			row_text(rows, text, &out);
		else
			row_json(rows, &out);
	}
	if (!err && query_failed(rows, &error))
		err = error.code;
	query_close(&rows);
	buf_fini(&out);
	cmd_reader_close(&reader);
	return err ? cli_fail(cli_status(&error), &error) : EX_OK;
}
