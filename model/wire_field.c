// SPDX-License-Identifier: Apache-2.0
#include "model/wire_field.h"

#include "base/eight.h"
#include "base/utf8.h"

/* A text begins with its length in a byte; these say what else there is. */
#define LONG_TEXT 0xfe /* its length follows in four bytes */
#define ABSENT 0xff

void wire_put_u8(struct buf *buf, uint8_t value)
{
	buf_add_char(buf, (char)value);
}

void wire_put_u32(struct buf *buf, uint32_t value)
{
	value = htole32(value);
	buf_add(buf, &value, sizeof(value));
}

void wire_put_u64(struct buf *buf, uint64_t value)
{
	value = htole64(value);
	buf_add(buf, &value, sizeof(value));
}

void wire_put_wide(struct buf *buf, wide value)
{
	wire_put_u64(buf, (uint64_t)value);
	wire_put_u64(buf, (uint64_t)(value >> 64));
}

void wire_put_str(struct buf *buf, struct str s)
{
	if (!s.ptr) {
		wire_put_u8(buf, ABSENT);
		return;
	}
	if (s.len > UINT32_MAX)
		die("a text of %zu bytes", s.len);
	wire_put_u8(buf, s.len < LONG_TEXT ? (uint8_t)s.len : LONG_TEXT);
	if (s.len >= LONG_TEXT)
		wire_put_u32(buf, (uint32_t)s.len);
	buf_add_str(buf, s);
}

struct wire_cursor wire_cursor(struct str payload)
{
	return (struct wire_cursor){.at = payload.ptr, .end = payload.ptr + payload.len};
}

wide wire_get_wide(struct wire_cursor *cursor)
{
	wide low = wire_get_u64(cursor);
	return low | (wide)wire_get_u64(cursor) << 64;
}

struct str wire_get_bytes(struct wire_cursor *cursor)
{
	uint32_t len = wire_get_u8(cursor);
	if (len == ABSENT)
		return STR_NONE;
	if (len == LONG_TEXT) {
		len = wire_get_u32(cursor);
		cursor->failed |= len < LONG_TEXT; /* one spelling of each text */
	}
	if (cursor->failed)
		return STR_NONE;
	if ((size_t)(cursor->end - cursor->at) < len) {
		cursor->failed = true;
		return STR_NONE;
	}
	struct str bytes = {cursor->at, len};
	cursor->at += len;
	return bytes;
}

/* ASCII without NUL, as nearly all texts are. */
static bool is_plain(struct str text)
{
	size_t at = 0;
	for (; text.len - at >= EIGHT; at += EIGHT) {
		uint64_t eight = eight_load(text.ptr + at);
		if (((eight - EACH_BYTE(1)) | eight) & EACH_BYTE(0x80))
			return false;
	}
	while (at < text.len && (signed char)text.ptr[at] > 0)
		at++;
	return at == text.len;
}

struct str wire_get_text(struct wire_cursor *cursor)
{
	struct str text = wire_get_bytes(cursor);
	if (is_plain(text) || (utf8_valid(text) && str_find_char(text, '\0') == SIZE_MAX))
		return text;
	cursor->failed = true;
	return STR_NONE;
}

uint32_t wire_get_count(struct wire_cursor *cursor, size_t item_bytes_min)
{
	uint32_t count = wire_get_u32(cursor);
	if (count > (size_t)(cursor->end - cursor->at) / item_bytes_min) {
		cursor->failed = true;
		return 0;
	}
	return count;
}

bool wire_cursor_done(const struct wire_cursor *cursor)
{
	return !cursor->failed && cursor->at == cursor->end;
}
