// SPDX-License-Identifier: Apache-2.0
/* gzip and zip, whole and damaged, and the limits on them: MALFORMATIONS B. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/parser/carry_case.h"

#include <string.h>

#define XML carry_xml("r1")
#define GZIP carry_gzip(XML)
#define ZIP(...) carry_zip((struct carry_member[]){__VA_ARGS__}, \
	sizeof((struct carry_member[]){__VA_ARGS__}) / sizeof(struct carry_member))

static struct str cut(struct str s, size_t bytes)
{
	return str_sub(s, 0, s.len - bytes);
}

/* The last 8 bytes are CRC32 and ISIZE. */
static struct str with_trailer(struct str gzip, struct str crc, struct str size)
{
	struct str end = str_from_offset(gzip, gzip.len - 8);
	return carry_join(cut(gzip, 8), carry_join(crc.ptr != NULL ? crc : str_sub(end, 0, 4),
		size.ptr != NULL ? size : str_from_offset(end, 4)));
}

/* Behind 257 bytes of what could be the beginning of XML. */
static struct str at_257(struct str magic)
{
	return carry_join(STR("<!--"), carry_join(carry_repeat(STR(" "), 253), magic));
}

/* Stored, not compressed: what looks like the beginning of a member is data. */
static struct str with_magic_inside(void)
{
	struct str xml = carry_join(XML, STR("<!-- \x1f\x8b\x08 -->"));
	struct str head = carry_cat("%c%c%c%c%c", 1, (int)(xml.len & 0xff), (int)(xml.len >> 8),
		(int)(~xml.len & 0xff), (int)(~xml.len >> 8 & 0xff));
	return carry_join(STR("\x1f\x8b\x08\0\0\0\0\0\0\xff"),
		carry_join(head, carry_join(xml, STR("12345678"))));
}

static void test_gzip(void **state)
{
	(void)state;
	struct str gz = GZIP;
	struct str fields = carry_join(STR("\x1f\x8b\x08\x1c\0\0\0\0\0\xff\x04\0abcdname\0comment\0"),
		str_from_offset(gz, 10));
	struct str first = carry_gzip(str_sub(XML, 0, 100)), good = carry_gzip(str_from_offset(XML, 100));
	struct str two = carry_join(first, good), bad = with_trailer(first, STR("abcd"), STR_NONE);
	struct carry_case cases[] = {
		{"whole", gz, "", 1, ""},
		{"FEXTRA, FNAME, FCOMMENT", fields, "", 1, ""},
		{"NULs behind", carry_join(gz, carry_repeat(STR("\0"), 3)), "", 1, "archive.trailing_bytes"},
		{"CRLF behind", carry_join(gz, STR("\r\n")), "", 1, "archive.trailing_bytes"},
		{"much behind", carry_join(gz, carry_repeat(STR("padding "), 4000)),
			"", 1, "archive.trailing_bytes"},
		{"members joined", two, "", 1, ""},
		{"members joined, bytes behind", carry_join(two, STR("x")), "", 1, "archive.trailing_bytes"},
		{"wrong CRC", with_trailer(gz, STR("abcd"), STR_NONE), "", 1, "archive.trailer"},
		{"wrong length", with_trailer(gz, STR_NONE, STR("abcd")), "", 1, "archive.trailer"},
		{"wrong CRC of the first member", carry_join(bad, good), "", 1, "archive.trailer"},
		{"wrong length of the first member", carry_join(with_trailer(first, STR_NONE, STR("abcd")), good),
			"", 1, "archive.trailer"},
		{"wrong CRC of the second member", carry_join(first, with_trailer(good, STR("abcd"), STR_NONE)), "", 1,
			"archive.trailer"},
		{"wrong CRC, more members empty", carry_join(with_trailer(gz, STR("abcd"), STR_NONE),
			carry_repeat(carry_gzip(STR("")), 2)), "", 1, "archive.trailer"},
		{"wrong CRC, a magic in the data", with_magic_inside(), "", 1,
			"archive.trailer xml.charset xml.control"},
		{"second member cut", cut(two, 30), "archive.damaged", 0, NULL},
		{"no trailer", cut(gz, 8), "", 1, "archive.trailer"},
		{"half a trailer", cut(gz, 3), "", 1, "archive.trailer"},
		{"cut in the last block", cut(gz, 9), "archive.damaged", 0, NULL},
		{"cut in the middle", str_sub(gz, 0, gz.len / 2), "archive.damaged", 0, NULL},
		{"cut in the header", str_sub(gz, 0, 7), "archive.damaged", 0, NULL},
		{"reserved flag", carry_join(STR("\x1f\x8b\x08\xe0"), str_from_offset(gz, 4)),
			"archive.damaged", 0, NULL},
		{"nothing inside", carry_gzip(STR("")), "archive.empty", 0, NULL},
		{"white space inside", carry_gzip(STR(" \n")), "archive.empty", 0, NULL},
		{"unused inside", carry_gzip(STR("unused\n")), "archive.empty", 0, NULL},
		{"prose inside", carry_gzip(STR("not a report\n")), "archive.no_report", 0, NULL},
		{"two BOMs inside", carry_gzip(carry_join(STR("\xef\xbb\xbf\xef\xbb\xbf"), XML)), "", 1, "xml.bom"},
		{"page inside", carry_gzip(STR("<html><body>502</body></html>")), "xml.root", 0, NULL},
		{"tar inside", carry_gzip(at_257(STR("ustar\0" "00"))), "archive.format", 0, NULL},
		{"GNU tar inside", carry_gzip(at_257(STR("ustar  \0"))), "archive.format", 0, NULL},
		{"no tar inside", carry_gzip(carry_join(at_257(STR("ustar -->")), XML)), "", 1, ""},
	};
	CARRY_CHECK(cases, NULL);
}

/* What HTTP libraries call deflate. */
static void test_other_frames(void **state)
{
	(void)state;
	struct str zlib = carry_zlib(XML), bare = carry_deflate(XML);
	struct str stored = carry_cat("%c%c%c%c%c%.*s", 1, (int)(XML.len & 0xff), (int)(XML.len >> 8),
		(int)(~XML.len & 0xff), (int)(~XML.len >> 8 & 0xff), STR_FMT(XML));
	struct carry_case cases[] = {
		{"zlib", zlib, "", 1, "archive.deflate"},
		{"bare", bare, "", 1, "archive.deflate"},
		{"bare and stored", stored, "", 1, "archive.deflate"},
		{"JSON", carry_zlib(carry_json("t")), "", 1, "archive.deflate"},
		{"declared as gzip", carry_single("application/gzip", zlib), "", 1, "archive.deflate"},
		{"declared as what it is", carry_single("application/octet-stream", bare), "", 1, "archive.deflate"},
		{"in gzip", carry_gzip(zlib), "", 1, "archive.deflate archive.nested"},
		{"bytes behind zlib", carry_join(zlib, STR("x")), "", 1,
			"archive.trailing_bytes archive.deflate"},
		{"bytes behind", carry_join(bare, carry_repeat(STR("x"), 9000)), "", 1,
			"archive.trailing_bytes archive.deflate"},
		{"wrong checksum", carry_join(cut(zlib, 4), STR("abcd")), "", 1, "archive.trailer archive.deflate"},
		{"half a checksum", cut(zlib, 2), "", 1, "archive.trailer archive.deflate"},
		{"zlib cut", str_sub(zlib, 0, zlib.len / 2), "archive.damaged", 0, NULL},
		{"bare cut", cut(bare, 1), "archive.damaged", 0, NULL},
		{"too deep", carry_gzip(carry_gzip(carry_gzip(bare))), "archive.depth", 0, NULL},
		{"another document", carry_zlib(STR("<html><body>502</body></html>")), "file.unknown", 0, NULL},
		{"a text like zlib", STR("x^2 + y^2 = z^2, see x\x9c"), "file.unknown", 0, NULL},
		{"in no report", carry_single("image/png", carry_join(STR("\x89PNG\r\n\x1a\n"), zlib)),
			"not_a_report.mail", 0, NULL},
	};
	CARRY_CHECK(cases, NULL);
}

static void test_zip(void **state)
{
	(void)state;
	struct str xml = XML;
	struct str zip = carry_zip1("a.xml", xml);
	struct carry_case cases[] = {
		{"deflate", zip, "", 1, ""},
		{"stored", ZIP({.name = "a.xml", .bytes = xml, .stored = true}), "", 1, ""},
		{"descriptor", ZIP({.name = "a.xml", .bytes = xml, .descriptor = true}), "", 1, ""},
		{"zip64", ZIP({.name = "a.xml", .bytes = xml, .zip64 = true}), "", 1, ""},
		{"no extension", carry_zip1("aol com 12345 xml", xml), "", 1, ""},
		{"absolute name", carry_zip1("/etc/../a.xml", xml), "", 1, ""},
		{"name in UTF-8", carry_zip1("\xe6\x97\xa5.xml", xml), "", 1, ""},
		{"two reports", ZIP({.name = "a.xml", .bytes = xml}, {.name = "b.xml",
			.bytes = carry_xml("r2")}), "", 2, ""},
		{"xml and json", ZIP({.name = "a", .bytes = xml}, {.name = "b", .bytes = carry_json("t")}),
			"", 2, ""},
		{"folder and Mac files", ZIP({.name = "d/", .stored = true, .bytes = STR(""), .directory = true},
			{.name = "__MACOSX/._a.xml", .bytes = STR("\0\5\x16\7")},
				{.name = ".DS_Store", .bytes = STR("x")},
			{.name = "d/a.xml", .bytes = xml}), "", 1, ""},
		{"symlink", ZIP({.name = "l", .bytes = STR("/etc/passwd"), .stored = true, .symlink = true},
			{.name = "a.xml", .bytes = xml}), "", 1, ""},
		{"readme beside", ZIP({.name = "a.txt", .bytes = STR("hi")}, {.name = "a.xml", .bytes = xml}),
			"", 1, ""},
		{"wrong CRC", ZIP({.name = "a.xml", .bytes = xml, .bad_crc = true}),
			"", 1, "archive.trailer"},
		{"smaller than told", ZIP({.name = "a.xml", .bytes = xml, .lie_size = 100}),
			"", 1, "archive.trailer"},
		{"larger than told", ZIP({.name = "a.xml", .bytes = xml, .lie_size = -100}),
			"", 1, "archive.trailer"},
		{"one of two damaged", ZIP({.name = "a.xml", .bytes = xml},
			{.name = "b.xml", .bytes = str_sub(xml, 0, 200)}), "xml.malformed", 0, NULL},
		{"no members", STR("PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
			"archive.empty", 0, NULL},
		{"empty member", ZIP({.name = "a.xml", .bytes = STR(""), .stored = true}),
			"archive.empty", 0, NULL},
		{"no report", carry_zip1("a.txt", STR("hello")), "archive.no_report", 0, NULL},
		{"cut", cut(zip, 30), "archive.damaged", 0, NULL},
		{"beginning only", str_sub(zip, 0, 60), "archive.damaged", 0, NULL},
		{"deflate64", ZIP({.name = "a.xml", .bytes = xml, .method = 9}), "archive.method", 0, NULL},
		{"bzip2", ZIP({.name = "a.xml", .bytes = xml, .method = 12}), "archive.method", 0, NULL},
		{"lzma", ZIP({.name = "a.xml", .bytes = xml, .method = 14}), "archive.method", 0, NULL},
		{"zstd", ZIP({.name = "a.xml", .bytes = xml, .method = 93}), "archive.method", 0, NULL},
		{"xz", ZIP({.name = "a.xml", .bytes = xml, .method = 95}), "archive.method", 0, NULL},
		{"unknown method", ZIP({.name = "a.xml", .bytes = xml, .method = 77}),
			"archive.method", 0, NULL},
		{"password", ZIP({.name = "a.xml", .bytes = xml, .encrypted = true}),
			"archive.encrypted", 0, NULL},
	};
	CARRY_CHECK(cases, NULL);
	const struct carried *carried = carry_bytes(cases[6].in, NULL);
	assert_true(str_eq(carried->reports[0].member, STR("\xe6\x97\xa5.xml")));
	assert_true(str_eq(carry_bytes(cases[21].in, NULL)->end.detail, STR("deflate64")));
}

static void test_archives_in_archives(void **state)
{
	(void)state;
	struct str gz = GZIP, zip = carry_zip1("a.xml", XML), junk = carry_repeat(STR("padding "), 4000);
	struct carry_case cases[] = {
		{"gzip in zip", carry_zip1("a.xml.gz", gz), "", 1, "archive.nested"},
		{"zip in gzip", carry_gzip(zip), "", 1, "archive.nested"},
		{"zip in zip", carry_zip1("a.zip", zip), "", 1, "archive.nested"},
		{"gzip in gzip", carry_gzip(gz), "", 1, "archive.nested"},
		{"gzip in gzip, inner CRC wrong", carry_gzip(with_trailer(gz, STR("abcd"), STR_NONE)), "", 1,
			"archive.trailer archive.nested"},
		{"gzip in gzip, outer CRC wrong", with_trailer(carry_gzip(gz), STR("abcd"), STR_NONE), "", 1,
			"archive.trailer archive.nested"},
		{"gzip and much more in gzip, outer CRC wrong", with_trailer(carry_gzip(carry_join(gz, junk)),
			STR("abcd"), STR_NONE), "", 1, "archive.trailing_bytes archive.trailer archive.nested"},
		{"gzip in zip, its CRC wrong", carry_zip1("a.xml.gz", with_trailer(gz, STR("abcd"), STR_NONE)), "", 1,
			"archive.trailer archive.nested"},
		{"three gzips", carry_gzip(carry_gzip(gz)), "", 1, "archive.nested"},
		{"zip, zip, gzip", carry_zip1("b.zip", carry_zip1("a.gz", gz)), "", 1, "archive.nested"},
		{"four gzips", carry_gzip(carry_gzip(carry_gzip(gz))), "archive.depth", 0, NULL},
		{"zip, zip, two gzips", carry_zip1("b.zip", carry_zip1("a.gz", carry_gzip(gz))),
			"archive.depth", 0, NULL},
		{"four zips", carry_zip1("d", carry_zip1("c", carry_zip1("b", zip))),
			"archive.depth", 0, NULL},
		{"rar in zip", carry_zip1("a.rar", STR("Rar!\x1a\x07\x01\0")), "archive.format", 0, NULL},
	};
	CARRY_CHECK(cases, NULL);
}

static void test_other_formats_are_named(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct str in;
	} cases[] = {
		{"rar", {"Rar!\x1a\x07\0abc", 10}}, {"7z", {"7z\xbc\xaf\x27\x1c\0\4", 8}},
		{"xz", {"\xfd" "7zXZ\0\0\4", 8}}, {"zstd", {"\x28\xb5\x2f\xfd\4\0", 6}},
		{"bzip2", {"BZh91AY&SY\0\0", 12}}, {"lz4", {"\x04\x22\x4d\x18\x64", 5}},
		{"compress", {"\x1f\x9d\x90", 3}}, {"cab", {"MSCF\0\0\0\0\0", 9}},
		{"lzop", {"\x89LZO\0\r\n\x1a\n\x10", 10}}, {"lrzip", {"LRZI\0\6", 6}},
		{"grzip", {"GRZipII\0\2\4:)", 12}}, {"rpm", {"\xed\xab\xee\xdb\3\0", 6}},
		{"xar", {"xar!\0\x1c\0\1", 8}}, {"cpio", {"\xc7\x71\0\0", 4}},
		{"mtree", {"#mtree\n/set type=file\n", 23}}, {"warc", {"WARC/1.0\r\n", 10}},
		{"lha", {"\x1f\0-lh5-abc", 10}}, {"arj", {"\x60\xea\x28\0\x22", 5}},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct carried *carried = carry_bytes(cases[i].in, NULL);
		assert_string_equal(carry_code(carried), "archive.format");
		assert_true(str_eq(carried->end.detail, str_from(cases[i].name)));
		carried = carry_bytes(carry_single("application/octet-stream", cases[i].in), NULL);
		assert_string_equal(carry_code(carried), "archive.format");
	}
}

static struct str attached(struct str bytes)
{
	return carry_single("application/octet-stream", bytes);
}

/* Without a magic at its beginning, or with one that may be the beginning of a text. */
static void test_formats_without_magic(void **state)
{
	(void)state;
	struct str nuls = carry_repeat(STR("\0"), 32769), zeros = carry_repeat(STR("0"), 104);
	/* The name, 8 and 147 NULs, the sum of "a.xml", "100", blanks in its own field and "0". */
	struct str name = carry_join(STR("a.xml"), carry_repeat(STR("\0"), 95));
	struct str rest = carry_repeat(STR("\0"), 356);
	struct str modes = carry_join(STR("100"), carry_repeat(STR("\0"), 45));
	unsigned sum = 'a' + '.' + 'x' + 'm' + 'l' + '1' + '0' + '0' + 8 * ' ';
	struct str field = carry_cat("%06o%c ", sum, 0), wrong = carry_cat("%06o%c ", sum + 1, 0);
	struct carry_case cases[] = {
		{"a CD", attached(carry_join(nuls, STR("CD001\1"))), "archive.format", 0, NULL},
		{"a CD cut short", attached(nuls), "not_a_report.mail", 0, NULL},
		{"cpio", attached(carry_join(STR("070701"), zeros)), "archive.format", 0, NULL},
		{"cpio with sums", attached(carry_join(STR("070702"), zeros)), "archive.format", 0, NULL},
		{"old cpio", attached(carry_join(STR("070707"), zeros)), "archive.format", 0, NULL},
		{"a date", attached(STR("070701 was a Sunday\n")), "not_a_report.mail", 0, NULL},
		{"old tar", attached(carry_join(carry_join(name, modes), carry_join(field, rest))),
			"archive.format", 0, NULL},
		{"another sum", attached(carry_join(carry_join(name, modes), carry_join(wrong, rest))),
			"not_a_report.mail", 0, NULL},
	};
	CARRY_CHECK(cases, NULL);
}

/* A report that is long because of its comment. */
static struct str long_xml(size_t bytes, bool dense)
{
	struct str xml = XML;
	size_t room = bytes - xml.len - 7;
	struct str fill = dense ? carry_repeat(STR(" "), room)
		: carry_repeat(STR("0123456789abcdef"), room / 16 + 1);
	struct str head = STR("<feedback>");
	size_t at = str_find(xml, head) + head.len;
	struct str comment = carry_cat("<!--%.*s-->", (int)room, fill.ptr);
	return carry_join(str_sub(xml, 0, at), carry_join(comment, str_from_offset(xml, at)));
}

static void test_size_limits(void **state)
{
	(void)state;
	struct limits limits = limits_default();
	limits.report_bytes = 100000;
	limits.unpacked_bytes = 150000;
	limits.archive_ratio = 1000;
	struct str fits = long_xml(100000, true), above = long_xml(100001, true);
	struct str half = long_xml(75000, true), more = long_xml(75001, true);
	struct carry_case cases[] = {
		{"a report that fits, gzip", carry_gzip(fits), "", 1, ""},
		{"a report above, gzip", carry_gzip(above), "archive.too_large", 0, NULL},
		{"a report that fits, zip", carry_zip1("a", fits), "", 1, ""},
		{"a report above, zip", carry_zip1("a", above), "archive.too_large", 0, NULL},
		{"a mail that fits", ZIP({.name = "a", .bytes = half}, {.name = "b", .bytes = half}),
			"", 2, ""},
		{"a mail above", ZIP({.name = "a", .bytes = half}, {.name = "b", .bytes = more}),
			"archive.too_large", 0, NULL},
		{"a lying size", ZIP({.name = "a", .bytes = above, .lie_size = -90000}),
			"archive.too_large", 0, NULL},
	};
	CARRY_CHECK(cases, &limits);
}

static void test_ratio(void **state)
{
	(void)state;
	struct str bomb = carry_join(STR("<feedback><!--"), carry_repeat(STR(" "), (size_t)8 << 20));
	struct carry_case cases[] = {
		{"gzip", carry_gzip(bomb), "archive.ratio", 0, NULL},
		{"zip", carry_zip1("a", bomb), "archive.ratio", 0, NULL},
		{"gzip in zip", carry_zip1("a.gz", carry_gzip(bomb)), "archive.ratio", 0, NULL},
		{"within the first MiB", carry_gzip(long_xml(1000000, true)), "", 1, ""},
		{"64 bombs", ZIP({.name = "a", .bytes = bomb}, {.name = "b", .bytes = bomb}),
			"archive.ratio", 0, NULL},
	};
	CARRY_CHECK(cases, NULL);
}

/* From which byte on the ratio counts. */
static void test_ratio_begins(void **state)
{
	(void)state;
	struct limits limits = limits_default();
	struct carry_case good[] = {{"at the limit", carry_gzip(long_xml(100000, true)), "", 1, ""}};
	struct carry_case bad[] = {{"above", carry_gzip(long_xml(100000, true)), "archive.ratio", 0, NULL}};
	limits.archive_ratio = 10;
	limits.archive_ratio_bytes = 100000;
	CARRY_CHECK(good, &limits);
	limits.archive_ratio_bytes = 99999;
	CARRY_CHECK(bad, &limits);
}

static void test_inner_layers_count(void **state)
{
	(void)state;
	struct limits limits = limits_default();
	limits.unpacked_bytes = (uint64_t)4 << 20;
	limits.archive_ratio = 1100;
	/* Members that unpack to nothing: the inner stream is long, the outer output short. */
	struct str empty = carry_repeat(carry_gzip(STR("")), 400000);
	struct carry_case cases[] = {
		{"empty members, gzipped", carry_gzip(carry_join(empty, GZIP)), "archive.too_large", 0, NULL},
	};
	CARRY_CHECK(cases, &limits);
}

static void test_stalls(void **state)
{
	(void)state;
	struct limits limits = limits_default();
	struct str empty = carry_repeat(carry_gzip(STR("")), 4000); /* 80,000 bytes, 20 reads */
	struct carry_case stalls[] = {
		{"above", carry_join(empty, GZIP), "archive.stalled", 0, NULL},
	};
	struct carry_case passes[] = {
		{"below", carry_join(empty, GZIP), "", 1, ""},
	};
	limits.archive_stalls = 15;
	CARRY_CHECK(stalls, &limits);
	limits.archive_stalls = 25;
	CARRY_CHECK(passes, &limits);
}

static struct str many_members(size_t count)
{
	struct carry_member members[80] = {{.name = "a.xml", .bytes = XML}};
	for (size_t i = 1; i < count; i++)
		members[i] = (struct carry_member){.name = "x.txt", .bytes = STR("x"), .stored = true};
	return carry_zip(members, count);
}

static void test_members_and_names(void **state)
{
	(void)state;
	struct carry_case cases[] = {
		{"64 members", many_members(64), "", 1, ""},
		{"65 members", many_members(65), "archive.entries", 0, NULL},
		{"a name of 1,024 bytes", carry_zip1(carry_repeat(STR("n"), 1024).ptr, XML), "", 1, ""},
		{"a name of 1,025 bytes", carry_zip1(carry_repeat(STR("n"), 1025).ptr, XML),
			"archive.entries", 0, NULL},
	};
	CARRY_CHECK(cases, NULL);
}

static void test_overlapping_entries(void **state)
{
	(void)state;
	/* Both directory entries point at the first local header. */
	struct str zip = ZIP({.name = "a.xml", .bytes = XML}, {.name = "b.xml", .bytes = XML});
	size_t first = str_find(zip, STR("PK\x01\x02"));
	size_t second = first + 2 + str_find(str_from_offset(zip, first + 2), STR("PK\x01\x02"));
	char *bytes = (char *)(uintptr_t)zip.ptr;
	memset(bytes + second + 42, 0, 4);
	assert_string_equal(carry_code(carry_bytes(zip, NULL)), "archive.damaged");
}

static void put(char *at, uint64_t value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		at[i] = (char)(value >> 8 * i);
}

/* APPNOTE sections 4.3.14 and 4.3.15: the same archive with its directory described in 64 bits. */
static struct str with_zip64_end(struct str zip, uint64_t members)
{
	struct str end = str_from_offset(zip, zip.len - 22);
	uint64_t at = str_find(zip, STR("PK\x01\x02")), bytes = zip.len - 22 - at;
	char *record = arena_alloc(carry_arena(), 98);
	memset(record, 0, 98);
	(void)memcpy(record, "PK\6\6", 4);
	put(record + 4, 44, 8);
	put(record + 12, 45, 2);
	put(record + 14, 45, 2);
	put(record + 24, members, 8);
	put(record + 32, members, 8);
	put(record + 40, bytes, 8);
	put(record + 48, at, 8);
	(void)memcpy(record + 56, "PK\6\7", 4);
	put(record + 64, zip.len - 22, 8);
	put(record + 72, 1, 4);
	(void)memcpy(record + 76, end.ptr, 22);
	memset(record + 84, 0xff, 12);
	return carry_join(str_sub(zip, 0, zip.len - 22), (struct str){record, 98});
}

static void test_directory(void **state)
{
	(void)state;
	struct str zip = carry_zip1("a.xml", XML), two = many_members(2);
	struct str local = str_sub(zip, 0, str_find(zip, STR("PK\x01\x02")));
	struct carry_case cases[] = {
		{"in 64 bits", with_zip64_end(zip, 1), "", 1, ""},
		{"in 64 bits, 65 members", with_zip64_end(many_members(65), 65), "archive.entries", 0, NULL},
		{"bytes before it all", carry_join(local, two), "", 1, NULL},
		{"an archive before it", carry_join(zip, two), "archive.damaged", 0, NULL},
		{"an archive before it, and bytes", carry_join(two, carry_join(STR("xyz"), zip)), "archive.damaged", 0,
			NULL},
		{"an archive before one alike", carry_join(zip, zip), "archive.damaged", 0, NULL},
		{"bytes before 65 members", carry_join(local, many_members(65)), "archive.entries", 0, NULL},
	};
	CARRY_CHECK(cases, NULL);
}

/* APPNOTE section 4.3.16: up to 65,535 bytes of it; libarchive alone looks through 16 KiB. */
static void test_comment(void **state)
{
	(void)state;
	struct str zip = carry_zip1("a.xml", XML);
	char *bytes = (char *)(uintptr_t)carry_join(zip, carry_repeat(STR("c"), 65535)).ptr;
	memset(bytes + zip.len - 2, 0xff, 2);
	struct carry_case cases[] = {
		{"the longest", (struct str){bytes, zip.len + 65535}, "", 1, ""},
		{"bytes behind", carry_join(zip, carry_repeat(STR("c"), 60000)), "", 1, "archive.trailing_bytes"},
	};
	CARRY_CHECK(cases, NULL);
}

/* A copy of the zip with another byte there. */
static struct str flipped(struct str zip, size_t at)
{
	char *bytes = (char *)(uintptr_t)carry_join(zip, STR("")).ptr;
	bytes[at] ^= 3;
	return (struct str){bytes, zip.len};
}

static void test_headers_disagree(void **state)
{
	(void)state;
	struct str zip = carry_zip1("a.xml", XML);
	struct str later = ZIP({.name = "a.xml", .bytes = XML, .descriptor = true});
	struct str behind = ZIP({.name = "b.txt", .bytes = STR("x")}, {.name = "a.xml", .bytes = XML});
	size_t central = str_find(zip, STR("PK\1\2"));
	struct carry_case cases[] = {
		{"name", flipped(zip, 30), "", 1, "archive.directory"},
		{"checksum in the header", flipped(zip, 14), "", 1, NULL},
		{"checksum in the directory", flipped(zip, central + 16), "", 1, NULL},
		{"another member's name", flipped(behind, 30), "", 1, "archive.directory"},
		{"a checksum that comes later", later, "", 1, ""},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct carried *carried = carry_bytes(cases[i].in, NULL);
		assert_int_equal(carried->reports_count, 1);
		assert_int_equal(carried->reports[0].issues[ISSUE_ARCHIVE_DIRECTORY], i < 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gzip),
		cmocka_unit_test(test_other_frames),
		cmocka_unit_test(test_zip),
		cmocka_unit_test(test_archives_in_archives),
		cmocka_unit_test(test_other_formats_are_named),
		cmocka_unit_test(test_formats_without_magic),
		cmocka_unit_test(test_size_limits),
		cmocka_unit_test(test_ratio),
		cmocka_unit_test(test_ratio_begins),
		cmocka_unit_test(test_inner_layers_count),
		cmocka_unit_test(test_stalls),
		cmocka_unit_test(test_members_and_names),
		cmocka_unit_test(test_overlapping_entries),
		cmocka_unit_test(test_directory),
		cmocka_unit_test(test_comment),
		cmocka_unit_test(test_headers_disagree),
	};
	return cmocka_run_group_tests(tests, carry_setup, carry_teardown);
}
