// SPDX-License-Identifier: Apache-2.0
#include "parser/aggregate/decode.h"

#include "base/sixteen.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

#define HEAD_BYTES ((size_t)1024)
#define REPLACEMENT 0xfffdu
#define PLAIN_BLOCK_BYTES 64

void decode_init(struct decode *decode, struct issue_list *issues)
{
	*decode = (struct decode){.issues = issues};
	buf_init(&decode->head, SIZE_MAX / 4);
}

void decode_fini(struct decode *decode)
{
	buf_fini(&decode->head);
}

/* ---- characters ---- */

/* 0x80…0x9f of windows-1252; 0: not assigned. */
static const uint16_t windows_1252[32] = {
	0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0,
	0x017d, 0, 0, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a,
	0x0153, 0, 0x017e, 0x0178,
};

static uint32_t from_1252(unsigned char byte)
{
	if (byte < 0x80 || byte >= 0xa0)
		return byte;
	return windows_1252[byte - 0x80] ? windows_1252[byte - 0x80] : REPLACEMENT;
}

/* ISO-8859-15 differs from ISO-8859-1 in eight places. */
static uint32_t from_8859_15(unsigned char byte)
{
	static const struct {
		unsigned char byte;
		uint16_t code;
	} differs[] = {{0xa4, 0x20ac}, {0xa6, 0x0160}, {0xa8, 0x0161}, {0xb4, 0x017d}, {0xb8, 0x017e},
		{0xbc, 0x0152}, {0xbd, 0x0153}, {0xbe, 0x0178}};
	for (size_t i = 0; i < sizeof(differs) / sizeof(differs[0]); i++)
		if (differs[i].byte == byte)
			return differs[i].code;
	return from_1252(byte);
}

/* XML 1.0 section 2.2, Char. */
static void add_code(struct decode *decode, struct buf *out, uint32_t code)
{
	bool allowed = code >= 0x20 ? code < 0xd800 || (code >= 0xe000 && code != 0xfffe && code != 0xffff) :
		code == '\t' || code == '\n' || code == '\r';
	if (!allowed) {
		char detail[32];
		(void)snprintf(detail, sizeof(detail), "U+%04X", code);
		issue_add(decode->issues, ISSUE_XML_CONTROL, str_from(detail));
		code = REPLACEMENT;
	}
	utf8_encode(out, code);
}

static bool is_plain(unsigned char byte)
{
	return (byte >= 0x20 && byte < 0x80) || byte == '\n' || byte == '\t' || byte == '\r';
}

static bool is_plain_block(const char block[PLAIN_BLOCK_BYTES])
{
	uint64_t odd = 0;
	for (size_t i = 0; i < PLAIN_BLOCK_BYTES; i += SIXTEEN) {
		sixteen bytes = sixteen_load(block + i);
		odd |= ~sixteen_bits((sixteen)((bytes - 0x20 < 0x60) | (bytes == '\n') | (bytes == '\t') |
			(bytes == '\r')));
	}
	return (odd & 0xffff) == 0;
}

static size_t plain_run(struct str bytes)
{
	size_t len = 0;
	while (bytes.len - len >= PLAIN_BLOCK_BYTES && is_plain_block(bytes.ptr + len))
		len += PLAIN_BLOCK_BYTES;
	while (len < bytes.len && is_plain((unsigned char)bytes.ptr[len]))
		len++;
	return len;
}

static void add_stray_byte(struct decode *decode, struct buf *out, unsigned char byte)
{
	char detail[32];
	(void)snprintf(detail, sizeof(detail), "byte 0x%02x", byte);
	issue_add(decode->issues, ISSUE_XML_CHARSET, str_from(detail));
	add_code(decode, out, from_1252(byte));
}

static size_t utf8_length(unsigned char lead)
{
	return lead < 0xc2 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 1;
}

/* A character cut by the end of a piece waits for the next one. */
static void add_utf8(struct decode *decode, struct str bytes, bool final, struct buf *out)
{
	while (bytes.len > 0) {
		uint32_t code;
		size_t run = plain_run(bytes);
		buf_add(out, bytes.ptr, run);
		bytes = str_from_offset(bytes, run);
		if (bytes.len == 0)
			return;
		unsigned char lead = (unsigned char)bytes.ptr[0];
		size_t len = utf8_decode(bytes, &code);
		if (len > 0) {
			if (decode->encoding == ENCODING_ASCII && code >= 0x80)
				issue_add(decode->issues, ISSUE_XML_CHARSET, STR("UTF-8 where ASCII is declared"));
			add_code(decode, out, code);
		} else if (!final && bytes.len < utf8_length(lead)) {
			(void)memcpy(decode->carry, bytes.ptr, bytes.len);
			decode->carry_len = bytes.len;
			return;
		} else {
			add_stray_byte(decode, out, lead);
			len = 1;
		}
		bytes = str_from_offset(bytes, len);
	}
}

static void add_single_bytes(struct decode *decode, struct str bytes, struct buf *out)
{
	while (bytes.len > 0) {
		size_t run = plain_run(bytes);
		buf_add(out, bytes.ptr, run);
		bytes = str_from_offset(bytes, run);
		if (bytes.len == 0)
			return;
		unsigned char byte = (unsigned char)bytes.ptr[0];
		/* 0x80…0x9f are controls in ISO 8859, where nobody means one. */
		if (byte >= 0x80 && byte < 0xa0 && (decode->encoding != ENCODING_1252 || !windows_1252[byte - 0x80]))
			add_stray_byte(decode, out, byte);
		else
			add_code(decode, out,
				decode->encoding == ENCODING_8859_15 ? from_8859_15(byte) : from_1252(byte));
		bytes = str_from_offset(bytes, 1);
	}
}

static void add_utf16(struct decode *decode, struct str bytes, bool final, struct buf *out)
{
	uint32_t code;
	for (size_t len; (len = unicode_next(decode->unicode, bytes, final, &code)) > 0;) {
		add_code(decode, out, code);
		bytes = str_from_offset(bytes, len);
	}
	if (bytes.len > 0)
		(void)memcpy(decode->carry, bytes.ptr, bytes.len);
	decode->carry_len = bytes.len;
}

static void add_bytes(struct decode *decode, struct str bytes, bool final, struct buf *out)
{
	switch (decode->encoding) {
	case ENCODING_UTF8:
	case ENCODING_ASCII:
		add_utf8(decode, bytes, final, out);
		break;
	case ENCODING_1252:
	case ENCODING_8859_1:
	case ENCODING_8859_15:
		add_single_bytes(decode, bytes, out);
		break;
	case ENCODING_UTF16:
		add_utf16(decode, bytes, final, out);
		break;
	}
}

/* ---- the declaration ---- */

static bool encoding_named(struct str name, enum encoding *encoding_r)
{
	static const struct {
		const char *name;
		enum encoding encoding;
	} names[] = {{"utf-8", ENCODING_UTF8}, {"utf8", ENCODING_UTF8}, {"us-ascii", ENCODING_ASCII},
		{"ascii", ENCODING_ASCII}, {"windows-1252", ENCODING_1252}, {"cp1252", ENCODING_1252},
		{"cp-1252", ENCODING_1252}, {"iso-8859-1", ENCODING_8859_1}, {"iso8859-1", ENCODING_8859_1},
		{"latin1", ENCODING_8859_1}, {"latin-1", ENCODING_8859_1}, {"iso-8859-15", ENCODING_8859_15}};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!str_eq_nocase(name, str_from(names[i].name)))
			continue;
		*encoding_r = names[i].encoding;
		return true;
	}
	return false;
}

/* name = 'value' off the front; absent when it is not there. */
static struct str take_attribute(struct str *rest, struct str name)
{
	struct str at = str_trim(*rest), value;
	if (!str_starts(at, name))
		return STR_NONE;
	at = str_trim(str_from_offset(at, name.len));
	if (!str_starts(at, STR("=")))
		return STR_NONE;
	at = str_trim(str_from_offset(at, 1));
	if (at.len == 0 || (at.ptr[0] != '"' && at.ptr[0] != '\''))
		return STR_NONE;
	char quote = at.ptr[0];
	at = str_from_offset(at, 1);
	size_t end = str_find_char(at, quote);
	if (end == SIZE_MAX)
		return STR_NONE;
	value = str_sub(at, 0, end);
	*rest = str_from_offset(at, end + 1);
	return value;
}

/* The same where white space is before it, as there must be. */
static struct str take_next(struct str *rest, struct str name)
{
	return rest->len > 0 && ascii_is_space(rest->ptr[0]) ? take_attribute(rest, name) : STR_NONE;
}

/* XML 1.0 section 2.8. inner: what stands between "<?xml" and "?>". */
static bool read_declaration(struct decode *decode, struct str inner, struct reject *reject)
{
	struct str rest = inner;
	struct str version = take_next(&rest, STR("version"));
	struct str name = take_next(&rest, STR("encoding"));
	struct str standalone = take_next(&rest, STR("standalone"));
	bool good = version.ptr && str_eq(version, STR("1.0")) && str_trim(rest).len == 0 &&
		(!standalone.ptr || str_eq(standalone, STR("yes")) || str_eq(standalone, STR("no"))) &&
		str_trim(name).len == name.len &&
		/* white space elsewhere, not in XML */
		str_find_char(inner, '\f') == SIZE_MAX && str_find_char(inner, '\v') == SIZE_MAX;
	if (!name.ptr) {
		/* Not where it belongs: look for it all the same. */
		size_t at = str_find_nocase(inner, STR("encoding"));
		struct str from = at == SIZE_MAX ? STR("") : str_from_offset(inner, at);
		name = take_attribute(&from, STR("encoding"));
	}
	bool utf16 = decode->encoding == ENCODING_UTF16;
	bool says_wide = str_starts_nocase(name, STR("utf-16")) || str_starts_nocase(name, STR("utf16"));
	enum encoding found = decode->encoding;
	if (utf16 || says_wide) {
		good = good && utf16 && (says_wide || !name.ptr);
	} else if (name.ptr && str_trim(name).len > 0 && !encoding_named(str_trim(name), &found)) {
		reject_set(reject, REASON_XML_ENCODING, "the declared encoding is \"%.*s\"", STR_FMT(name));
		return false;
	} else if (name.ptr && str_trim(name).len == 0) {
		good = false;
	}
	decode->encoding = found;
	if (!good)
		issue_add(decode->issues, ISSUE_XML_DECLARATION, str_trim(inner));
	return true;
}

/* White space in its place: what follows keeps its line and column. */
static void blank_out(struct str dropped, struct buf *out)
{
	for (size_t i = 0; i < dropped.len; i++)
		buf_add_char(out, dropped.ptr[i] == '\n' ? '\n' : ' ');
}

static struct str take_bom(struct decode *decode, struct str bytes)
{
	size_t mark;
	decode->unicode = unicode_of(bytes, &mark);
	if (decode->unicode != UNICODE_8)
		decode->encoding = ENCODING_UTF16;
	else if (str_starts(bytes, STR("\xef\xbb\xbf")))
		mark = 3;
	if (mark > 0)
		issue_add(decode->issues, ISSUE_XML_BOM, STR(""));
	return str_from_offset(bytes, mark);
}

/* For a UTF-16 document: the declaration in narrow letters, and how many bytes it takes. */
static size_t narrow_head(const struct decode *decode, struct str bytes, char *narrow, size_t cap)
{
	size_t len = 0;
	bool little = decode->unicode == UNICODE_16_LE;
	while (len < cap && bytes.len >= 2 * len + 2) {
		char low = bytes.ptr[2 * len + (little ? 0 : 1)], high = bytes.ptr[2 * len + (little ? 1 : 0)];
		narrow[len++] = high == 0 ? low : '?';
	}
	return len;
}

/* Everything before the first "<" and the declaration itself. */
static bool begin(struct decode *decode, struct str bytes, bool final, struct buf *out, struct reject *reject)
{
	char narrow[HEAD_BYTES];
	struct str rest = take_bom(decode, bytes), head = rest;
	if (decode->unicode == UNICODE_32) {
		reject_set(reject, REASON_XML_ENCODING, "UTF-32");
		return false;
	}
	bool utf16 = decode->encoding == ENCODING_UTF16;
	size_t unit = utf16 ? 2 : 1;
	if (utf16)
		head = (struct str){narrow, narrow_head(decode, rest, narrow, sizeof(narrow))};
	size_t blank = 0;
	while (blank < head.len && ascii_is_space(head.ptr[blank]))
		blank++;
	struct str document = str_from_offset(head, blank);
	bool declared = str_starts_nocase(document, STR("<?xml")) &&
		((document.len > 5 && ascii_is_space(document.ptr[5])) ||
			str_starts(str_from_offset(document, 5), STR("?>")));
	if (declared) {
		size_t end = str_find(document, STR("?>")), close = 2;
		if (end == SIZE_MAX || end > HEAD_BYTES) {
			end = str_find_char(document, '>');
			close = 1;
		}
		if (end == SIZE_MAX || end > HEAD_BYTES) {
			reject_set(reject, REASON_XML_MALFORMED, "line 1, column 1: the XML declaration does not end");
			return false;
		}
		if (blank > 0)
			issue_add(decode->issues, ISSUE_XML_LEADING_SPACE, STR(""));
		if (close == 1 || !str_starts(document, STR("<?xml")))
			issue_add(decode->issues, ISSUE_XML_DECLARATION, str_sub(document, 0, end + 1));
		/* <?xml …?>" */
		if (end + close < document.len && document.ptr[end + close] == '"') {
			issue_add(decode->issues, ISSUE_XML_DECLARATION, str_sub(document, 0, end + close + 1));
			close++;
		}
		blank_out(str_sub(head, 0, blank + end + close), out);
		if (!read_declaration(decode, str_sub(document, 5, end - 5), reject))
			return false;
		rest = str_from_offset(rest, (blank + end + close) * unit);
	}
	decode->started = true;
	add_bytes(decode, rest, final, out);
	return true;
}

bool decode_add(struct decode *decode, struct str bytes, bool final, struct buf *out, struct reject *reject)
{
	if (!decode->started) {
		buf_add_str(&decode->head, bytes);
		if (decode->head.len < HEAD_BYTES * 2 && !final)
			return true;
		bool good = begin(decode, buf_str(&decode->head), final, out, reject);
		buf_fini(&decode->head);
		buf_init(&decode->head, SIZE_MAX / 4);
		return good;
	}
	if (decode->carry_len > 0) {
		/* A character cut between two pieces: rare enough to copy the piece. */
		struct buf whole;
		buf_init(&whole, SIZE_MAX / 4);
		buf_add(&whole, decode->carry, decode->carry_len);
		buf_add_str(&whole, bytes);
		decode->carry_len = 0;
		add_bytes(decode, buf_str(&whole), final, out);
		buf_fini(&whole);
		return true;
	}
	add_bytes(decode, bytes, final, out);
	return true;
}
