// SPDX-License-Identifier: Apache-2.0
#include "web/url.h"

#include "base/utf8.h"

void url_add(struct buf *buf, struct str text)
{
	static const char digits[] = "0123456789ABCDEF";
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		if (ascii_is_alnum((char)c) || c == '-' || c == '_' || c == '.' || c == '~' || c == ':' || c == '@') {
			buf_add_char(buf, (char)c);
			continue;
		}
		buf_add_char(buf, '%');
		buf_add_char(buf, digits[c >> 4]);
		buf_add_char(buf, digits[c & 15]);
	}
}

static int hex_value(char c)
{
	if (!ascii_is_hex(c))
		return -1;
	return ascii_is_digit(c) ? c - '0' : ascii_lower(c) - 'a' + 10;
}

static bool is_plain_text(struct str text, bool lines)
{
	if (!utf8_valid(text))
		return false;
	while (text.len > 0) {
		uint32_t code;
		size_t len = utf8_decode(text, &code);
		bool line = lines && (code == '\t' || code == '\n');
		if (len == 0 || (code < 0x20 && !line) || code == 0x7f)
			return false;
		text = str_from_offset(text, len);
	}
	return true;
}

struct str url_decode(struct arena *arena, struct str text, bool plus)
{
	char *out = arena_alloc(arena, text.len + 1);
	size_t len = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '%') {
			int high = i + 2 < text.len ? hex_value(text.ptr[i + 1]) : -1;
			int low = i + 2 < text.len ? hex_value(text.ptr[i + 2]) : -1;
			if (high < 0 || low < 0)
				return STR_NONE;
			out[len++] = (char)(high << 4 | low);
			i += 2;
		} else {
			out[len++] = plus && text.ptr[i] == '+' ? ' ' : text.ptr[i];
		}
	}
	struct str done = {out, len};
	return is_plain_text(done, plus) ? done : STR_NONE;
}
