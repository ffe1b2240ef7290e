// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <locale.h>
#include <string.h>
#include <wctype.h>

size_t utf8_decode(struct str s, uint32_t *code_r)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	if (s.len == 0)
		return 0;
	unsigned char first = (unsigned char)s.ptr[0];
	if (first < 0x80) {
		*code_r = first;
		return 1;
	}
	size_t len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	if (first < 0xc2 || first > 0xf4 || len > s.len)
		return 0;
	uint32_t code = first & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		unsigned char next = (unsigned char)s.ptr[i];
		if ((next & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (next & 0x3fu);
	}
	if (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*code_r = code;
	return len;
}

bool utf8_valid(struct str s)
{
	size_t at = 0;
	uint64_t eight;
	while (at < s.len) {
		if (s.len - at >= sizeof(eight)) {
			(void)memcpy(&eight, s.ptr + at, sizeof(eight));
			if ((eight & UINT64_MAX / 255 * 0x80) == 0) {
				at += sizeof(eight);
				continue;
			}
		}
		if ((unsigned char)s.ptr[at] < 0x80) {
			at++;
			continue;
		}
		uint32_t code;
		size_t len = utf8_decode(str_from_offset(s, at), &code);
		if (len == 0)
			return false;
		at += len;
	}
	return true;
}

size_t utf8_cut(struct str s, size_t max_bytes)
{
	if (s.len <= max_bytes)
		return s.len;
	for (size_t back = 0; back <= 3 && back <= max_bytes; back++)
		if (((unsigned char)s.ptr[max_bytes - back] & 0xc0) != 0x80)
			return max_bytes - back;
	return max_bytes;
}

void utf8_encode(struct buf *buf, uint32_t code)
{
	if (code < 0x80) {
		buf_add_char(buf, (char)code);
		return;
	}
	if (code < 0x800) {
		buf_add_char(buf, (char)(0xc0 | code >> 6));
	} else {
		if (code < 0x10000) {
			buf_add_char(buf, (char)(0xe0 | code >> 12));
		} else {
			buf_add_char(buf, (char)(0xf0 | code >> 18));
			buf_add_char(buf, (char)(0x80 | (code >> 12 & 0x3f)));
		}
		buf_add_char(buf, (char)(0x80 | (code >> 6 & 0x3f)));
	}
	buf_add_char(buf, (char)(0x80 | (code & 0x3f)));
}

bool utf8_is_control(uint32_t code)
{
	if (code < 0x20)
		return code != '\t' && code != '\n';
	return (code >= 0x7f && code <= 0x9f) || code == 0x61c || (code >= 0x200b && code <= 0x200f) ||
		(code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x2069) ||
		code == 0xfeff;
}

void utf8_add_visible(struct buf *buf, struct str s, bool one_line)
{
	for (size_t at = 0; at < s.len;) {
		uint32_t code;
		size_t len = utf8_decode(str_from_offset(s, at), &code);
		if (len == 0) {
			buf_printf(buf, "\\x%02x", (unsigned char)s.ptr[at]);
			at++;
			continue;
		}
		if (utf8_is_control(code) || (one_line && (code == '\t' || code == '\n')))
			buf_printf(buf, code < 0x80 ? "\\x%02x" : "\\u{%x}", (unsigned)code);
		else
			buf_add(buf, s.ptr + at, len);
		at += len;
	}
}

void utf8_add_folded(struct buf *buf, struct str s)
{
	static locale_t unicode;
	if (!unicode)
		unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	while (s.len > 0) {
		uint32_t code;
		size_t len = (unsigned char)s.ptr[0] < 0x80 ? 0 : utf8_decode(s, &code);
		if (len == 0 || !unicode) {
			buf_add_char(buf, ascii_lower(s.ptr[0]));
			len = 1;
		} else {
			utf8_encode(buf, (uint32_t)towlower_l((wint_t)code, unicode));
		}
		s = str_from_offset(s, len);
	}
}
