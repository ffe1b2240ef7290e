// SPDX-License-Identifier: Apache-2.0
#include "parser/uuencode.h"

#define LINE_CHARS ((size_t)85) /* and a checksum that some add */

bool uuencode_begins(struct str line)
{
	size_t digits = 0;
	if (!str_starts(line, STR("begin ")))
		return false;
	line = str_from_offset(line, 6);
	while (digits < line.len && line.ptr[digits] >= '0' && line.ptr[digits] <= '7')
		digits++;
	return (digits == 3 || digits == 4) && line.len > digits && line.ptr[digits] == ' ';
}

/* False: not a character of it. */
static bool value_at(struct str line, size_t at, uint32_t *value_r)
{
	unsigned char c = at < line.len ? (unsigned char)line.ptr[at] : ' ';
	*value_r = (c - 32u) & 63;
	return c >= ' ' && c <= '`';
}

ssize_t uuencode_line(struct str line, char out[UUENCODE_LINE_BYTES])
{
	uint32_t len, value;
	if (line.len == 0 || line.len > LINE_CHARS + 1 || !value_at(line, 0, &len))
		return -1;
	for (size_t at = 0, from = 1; at < len; from += 4) {
		uint32_t bits = 0;
		for (size_t i = 0; i < 4; i++) {
			if (!value_at(line, from + i, &value))
				return -1;
			bits = bits << 6 | value;
		}
		for (int shift = 16; shift >= 0 && at < len; shift -= 8)
			out[at++] = (char)(bits >> shift & 0xff);
	}
	return (ssize_t)len;
}
