// SPDX-License-Identifier: Apache-2.0
#include "parser/sniff.h"

#include "parser/unicode.h"

#include <string.h>

#define TAR_MAGIC_OFFSET ((size_t)257)
#define TAR_BYTES ((size_t)512)
#define TAR_SUM_OFFSET ((size_t)148)
#define TAR_SUM_BYTES ((size_t)8)
#define ISO_MAGIC_OFFSET ((size_t)32769)
#define CPIO_DIGITS ((size_t)76) /* of the shortest header in text */
#define ARJ_HEADER_MAX 2600u
#define HEADER_NAME_MAX ((size_t)128)

static const struct {
	struct str magic;
	const char *name;
} archives[] = {
	{{"Rar!\x1a\x07", 6}, "rar"},
	{{"7z\xbc\xaf\x27\x1c", 6}, "7z"},
	{{"\xfd" "7zXZ\0", 6}, "xz"},
	{{"\x28\xb5\x2f\xfd", 4}, "zstd"},
	{{"\x04\x22\x4d\x18", 4}, "lz4"},
	{{"MSCF\0\0\0\0", 8}, "cab"},
	{{"LZIP\x01", 5}, "lzip"},
	{{"\x1f\x9d", 2}, "compress"},
	{{"\x1f\x1e", 2}, "pack"},
	{{"\x5d\0\0", 3}, "lzma"},
	{{"!<arch>\n", 8}, "ar"},
	{{"\x89LZO\0\r\n\x1a\n", 9}, "lzop"},
	{{"LRZI\0", 5}, "lrzip"},
	{{"GRZipII\0", 8}, "grzip"},
	{{"\xed\xab\xee\xdb", 4}, "rpm"},
	{{"xar!\0", 5}, "xar"},
	{{"\xc7\x71", 2}, "cpio"},
	{{"#mtree", 6}, "mtree"},
	{{"WARC/", 5}, "warc"},
};

static bool is_bzip2(struct str head)
{
	struct str block = STR("1AY&SY");
	struct str empty = STR("\x17\x72\x45\x38\x50\x90");
	if (head.len < 10 || !str_starts(head, STR("BZh")) || !ascii_is_digit(head.ptr[3]))
		return false;
	struct str magic = str_sub(head, 4, 6);
	return str_eq(magic, block) || str_eq(magic, empty);
}

/* Before POSIX there was no magic, but the sum over the header, its own field as blanks. */
static bool is_old_tar(struct str head)
{
	if (head.len < TAR_BYTES || head.ptr[0] == '\0')
		return false;
	struct str field = str_trim(str_sub(head, TAR_SUM_OFFSET, TAR_SUM_BYTES - 2));
	unsigned said = 0, sum = TAR_SUM_BYTES * ' ';
	for (size_t i = 0; i < field.len; i++) {
		if (field.ptr[i] < '0' || field.ptr[i] > '7')
			return false;
		said = said << 3 | (unsigned)(field.ptr[i] - '0');
	}
	for (size_t i = 0; i < TAR_BYTES; i++)
		if (i < TAR_SUM_OFFSET || i >= TAR_SUM_OFFSET + TAR_SUM_BYTES)
			sum += (unsigned char)head.ptr[i];
	return said == sum;
}

/* POSIX and GNU: a NUL ends the magic, so a text that says "ustar" there is none. */
static bool is_tar(struct str head)
{
	struct str magic = str_from_offset(head, TAR_MAGIC_OFFSET);
	return str_starts(magic, STR("ustar\0")) || str_starts(magic, STR("ustar  \0")) || is_old_tar(head);
}

static bool is_text_cpio(struct str head)
{
	struct str magic = str_sub(head, 0, 6);
	if (!str_eq(magic, STR("070701")) && !str_eq(magic, STR("070702")) && !str_eq(magic, STR("070707")))
		return false;
	for (size_t i = 0; i < CPIO_DIGITS; i++)
		if (i >= head.len || str_find_char(STR("0123456789abcdefABCDEF"), head.ptr[i]) == SIZE_MAX)
			return false;
	return true;
}

static bool is_lha(struct str head)
{
	return str_starts(str_from_offset(head, 2), STR("-lh")) && str_eq(str_sub(head, 6, 1), STR("-"));
}

static bool is_arj(struct str head)
{
	return head.len > 4 && str_starts(head, STR("\x60\xea")) &&
		((unsigned)(unsigned char)head.ptr[3] << 8 | (unsigned char)head.ptr[2]) <= ARJ_HEADER_MAX;
}

const char *sniff_archive_name(struct str head)
{
	for (size_t i = 0; i < sizeof(archives) / sizeof(archives[0]); i++)
		if (str_starts(head, archives[i].magic))
			return archives[i].name;
	if (is_bzip2(head))
		return "bzip2";
	if (is_tar(head))
		return "tar";
	if (is_text_cpio(head))
		return "cpio";
	if (is_lha(head))
		return "lha";
	if (is_arj(head))
		return "arj";
	if (str_starts(str_from_offset(head, ISO_MAGIC_OFFSET), STR("CD001")))
		return "iso";
	return NULL;
}

/* Bytes behind a BOM and white space. In UTF-16 the NULs between are white space too. */
static struct str skip_blank(struct str head)
{
	size_t mark;
	bool wide = unicode_of(head, &mark) != UNICODE_8;
	head = str_from_offset(head, mark);
	while (str_starts(head, STR("\xef\xbb\xbf"))) /* some write it twice */
		head = str_from_offset(head, 3);
	while (head.len > 0 && (ascii_is_space(head.ptr[0]) || (wide && head.ptr[0] == '\0')))
		head = str_from_offset(head, 1);
	return head;
}

enum sniff sniff_bytes(struct str head)
{
	if (head.len >= 3 && memcmp(head.ptr, "\x1f\x8b\x08", 3) == 0)
		return SNIFF_GZIP;
	if (str_starts(head, STR("PK\x03\x04")) || str_starts(head, STR("PK\x05\x06")) ||
	    str_starts(head, STR("PK\x07\x08")))
		return SNIFF_ZIP;
	if (sniff_archive_name(head) != NULL)
		return SNIFF_ARCHIVE;
	struct str text = skip_blank(head);
	if (text.len == 0)
		return head.len < SNIFF_BYTES ? SNIFF_EMPTY : SNIFF_TEXT;
	if (text.ptr[0] == '<')
		return SNIFF_XML;
	if (text.ptr[0] == '{' || text.ptr[0] == '[')
		return SNIFF_JSON;
	if (str_eq_nocase(str_trim(text), STR("unused")))
		return SNIFF_UNUSED;
	return memchr(head.ptr, '\0', head.len) == NULL ? SNIFF_TEXT : SNIFF_BINARY;
}

/* ASCII of a head in UTF-16: every byte that is not NUL. */
static struct str narrow(struct str head, char *out)
{
	size_t len = 0, mark;
	if (unicode_of(head, &mark) == UNICODE_8)
		return head;
	for (size_t i = mark; i < head.len && len < SNIFF_BYTES; i++)
		if (head.ptr[i] != '\0')
			out[len++] = head.ptr[i];
	return (struct str){out, len};
}

static bool names_feedback(struct str tag)
{
	size_t end = 0;
	while (end < tag.len && !ascii_is_space(tag.ptr[end]) && tag.ptr[end] != '>' &&
	       tag.ptr[end] != '/')
		end++;
	struct str name = str_sub(tag, 0, end);
	size_t colon = str_find_char(name, ':');
	if (colon != SIZE_MAX)
		name = str_from_offset(name, colon + 1);
	return str_eq_nocase(name, STR("feedback"));
}

enum sniff_xml sniff_xml_root(struct str head)
{
	char ascii[SNIFF_BYTES];
	struct str rest = narrow(head, ascii);
	enum sniff_xml found = SNIFF_XML_UNCLEAR;
	for (;;) {
		size_t open = str_find_char(rest, '<');
		if (open == SIZE_MAX)
			return found;
		rest = str_from_offset(rest, open + 1);
		if (rest.len == 0)
			return found;
		if (str_starts(rest, STR("!--"))) {
			size_t close = str_find(rest, STR("-->"));
			rest = str_from_offset(rest, close == SIZE_MAX ? rest.len : close);
			continue;
		}
		if (str_starts_nocase(rest, STR("!doctype html")))
			found = SNIFF_XML_OTHER;
		if (rest.ptr[0] == '?' || rest.ptr[0] == '!')
			continue;
		if (names_feedback(rest))
			return SNIFF_XML_FEEDBACK;
		found = SNIFF_XML_OTHER;
	}
}

bool sniff_json_report(struct str head)
{
	static const struct str keys[] = {
		{"\"organization-name\"", 19}, {"\"report-id\"", 11}, {"\"policies\"", 10},
		{"\"date-range\"", 12}, {"\"contact-info\"", 14},
	};
	char ascii[SNIFF_BYTES];
	struct str text = narrow(head, ascii);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (str_find(text, keys[i]) != SIZE_MAX)
			return true;
	return false;
}

bool sniff_document(struct str head)
{
	switch (sniff_bytes(head)) {
	case SNIFF_XML:
		return sniff_xml_root(head) == SNIFF_XML_FEEDBACK || str_starts(head, STR("<?xml"));
	case SNIFF_JSON:
		return sniff_json_report(head);
	case SNIFF_EMPTY:
	case SNIFF_UNUSED:
	case SNIFF_GZIP:
	case SNIFF_DEFLATE:
	case SNIFF_ZIP:
	case SNIFF_ARCHIVE:
	case SNIFF_TEXT:
	case SNIFF_BINARY:
		return false;
	}
	return false;
}

/* RFC 5322 section 2.2: printable ASCII but the colon; old senders put blanks before it. */
static bool is_field(struct str line)
{
	size_t colon = str_find_char(line, ':');
	if (colon == SIZE_MAX || colon == 0 || colon > HEADER_NAME_MAX)
		return false;
	struct str name = str_trim(str_sub(line, 0, colon));
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] <= ' ' || name.ptr[i] > '~' || name.ptr[i] == '<' || name.ptr[i] == '"')
			return false;
	return name.len > 0;
}

/* The next line, ended by CR, LF or both. */
static bool next_line(struct str *rest, struct str *line_r)
{
	if (rest->len == 0)
		return false;
	size_t end = 0;
	while (end < rest->len && rest->ptr[end] != '\n' && rest->ptr[end] != '\r')
		end++;
	*line_r = str_sub(*rest, 0, end);
	if (end + 1 < rest->len && rest->ptr[end] == '\r' && rest->ptr[end + 1] == '\n')
		end++;
	*rest = str_from_offset(*rest, end + 1);
	return true;
}

bool sniff_mail(struct str head)
{
	struct str rest = head, line;
	size_t fields = 0;
	bool first = true;
	while (fields < 3 && next_line(&rest, &line)) {
		if (line.len == 0 && fields == 0)
			continue;
		if (first && (str_starts(line, STR("From ")) || str_starts(line, STR(">From ")))) {
			first = false;
			continue;
		}
		first = false;
		if (line.len == 0)
			return fields > 0;
		if (fields > 0 && (line.ptr[0] == ' ' || line.ptr[0] == '\t'))
			continue;
		bool cut = head.len >= SNIFF_BYTES && rest.len == 0;
		if (!is_field(line))
			return cut && fields > 0;
		fields++;
	}
	return fields > 0;
}

bool sniff_report_name(struct str name)
{
	struct str rest = name, piece;
	unsigned numbers = 0, pieces = 0;
	while (str_split(&rest, '!', &piece)) {
		pieces++;
		size_t digits = 0;
		while (digits < piece.len && ascii_is_digit(piece.ptr[digits]))
			digits++;
		bool whole = digits == piece.len || piece.ptr[digits] == '.';
		if (pieces > 2 && digits >= 8 && whole)
			numbers++;
	}
	return pieces >= 4 && numbers >= 2;
}
