// SPDX-License-Identifier: Apache-2.0
#include "web/csv.h"

static bool is_formula(struct str value)
{
	return value.len > 0 && (value.ptr[0] == '=' || value.ptr[0] == '+' || value.ptr[0] == '-' ||
		value.ptr[0] == '@' || value.ptr[0] == '\t' || value.ptr[0] == '\r');
}

void csv_field(struct buf *out, struct str value, bool number, bool last)
{
	bool quote = false;
	for (size_t i = 0; i < value.len; i++)
		quote |= value.ptr[i] == '"' || value.ptr[i] == ',' || value.ptr[i] == '\n' || value.ptr[i] == '\r';
	if (quote)
		buf_add_char(out, '"');
	if (!number && is_formula(value))
		buf_add_char(out, '\'');
	for (size_t i = 0; i < value.len; i++) {
		if (value.ptr[i] == '"')
			buf_add_char(out, '"');
		buf_add_char(out, value.ptr[i]);
	}
	if (quote)
		buf_add_char(out, '"');
	buf_add_str(out, last ? STR("\r\n") : STR(","));
}
