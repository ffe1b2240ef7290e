// SPDX-License-Identifier: Apache-2.0
#include "parser/unicode.h"

#include "base/utf8.h"

#define REPLACEMENT 0xfffdu

static const struct {
	struct str bytes;
	enum unicode unicode;
} marks[] = {
	{{"\xff\xfe\0\0", 4}, UNICODE_32}, {{"\0\0\xfe\xff", 4}, UNICODE_32}, {{"\xff\xfe", 2}, UNICODE_16_LE},
	{{"\xfe\xff", 2}, UNICODE_16_BE},
};

static bool opens_document(char c)
{
	return c == '<' || c == '{' || c == '[' || ascii_is_space(c);
}

enum unicode unicode_of(struct str head, size_t *mark_bytes_r)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (!str_starts(head, marks[i].bytes))
			continue;
		*mark_bytes_r = marks[i].bytes.len;
		return marks[i].unicode;
	}
	*mark_bytes_r = 0;
	if (head.len < 4)
		return UNICODE_8;
	unsigned nuls = 0;
	for (unsigned i = 0; i < 4; i++)
		nuls |= head.ptr[i] == '\0' ? 1u << i : 0;
	switch (nuls) {
	case 0xe:
		return opens_document(head.ptr[0]) ? UNICODE_32 : UNICODE_8;
	case 0x7:
		return opens_document(head.ptr[3]) ? UNICODE_32 : UNICODE_8;
	case 0xa:
		return opens_document(head.ptr[0]) ? UNICODE_16_LE : UNICODE_8;
	case 0x5:
		return opens_document(head.ptr[1]) ? UNICODE_16_BE : UNICODE_8;
	default:
		return UNICODE_8;
	}
}

static uint32_t unit_at(enum unicode order, struct str text, size_t at)
{
	uint32_t first = (unsigned char)text.ptr[at], second = (unsigned char)text.ptr[at + 1];
	return order == UNICODE_16_LE ? first | second << 8 : first << 8 | second;
}

size_t unicode_next(enum unicode order, struct str text, bool final, uint32_t *code_r)
{
	if (text.len < 2)
		return 0;
	*code_r = unit_at(order, text, 0);
	bool high = *code_r >= 0xd800 && *code_r < 0xdc00;
	if (!high || (text.len < 4 && final))
		return 2;
	if (text.len < 4)
		return 0;
	uint32_t low = unit_at(order, text, 2);
	if (low < 0xdc00 || low >= 0xe000)
		return 2;
	*code_r = 0x10000 + ((*code_r - 0xd800) << 10) + (low - 0xdc00);
	return 4;
}

void unicode_to_utf8(enum unicode order, struct str text, struct buf *out)
{
	uint32_t code;
	for (size_t len; (len = unicode_next(order, text, true, &code)) > 0; text = str_from_offset(text, len))
		utf8_encode(out, code >= 0xd800 && code < 0xe000 ? REPLACEMENT : code);
}
