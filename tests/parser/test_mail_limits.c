// SPDX-License-Identifier: Apache-2.0
/* Each limit on a mail, at its value and one above. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/parser/carry_case.h"

#include <string.h>

#define OK "not_a_report.mail"

/* multiparts within multiparts, then a text: levels deep in all. */
static struct str nested(size_t levels)
{
	struct buf out;
	buf_init(&out, (size_t)16 << 20);
	buf_add_str(&out, carry_header());
	for (size_t i = 1; i < levels; i++)
		buf_printf(&out, "Content-Type: multipart/mixed; boundary=\"b%zu\"\n\n--b%zu\n", i, i);
	buf_printf(&out, "Content-Type: text/plain\n\nx\n");
	struct str text = arena_str(carry_arena(), buf_str(&out));
	buf_fini(&out);
	return text;
}

static struct str messages(size_t levels)
{
	struct str inner = carry_repeat(STR("Content-Type: message/rfc822\n\n"), levels - 1);
	return carry_join(carry_header(), carry_join(inner, STR("Content-Type: text/plain\n\nx\n")));
}

static struct str parts(size_t count)
{
	struct str *list = ARENA_ARRAY(carry_arena(), count, struct str);
	for (size_t i = 0; i < count; i++)
		list[i] = STR("\nx");
	return carry_multipart(carry_header(), "mixed", list, count);
}

static struct str reports(size_t count, bool archived)
{
	struct str *list = ARENA_ARRAY(carry_arena(), count, struct str);
	for (size_t i = 0; i < count; i++) {
		struct str xml = carry_xml("r");
		list[i] = carry_part("application/octet-stream", archived ? carry_gzip(xml) : xml);
	}
	return carry_multipart(carry_header(), "mixed", list, count);
}

static struct str field(const char *name, struct str value)
{
	return carry_join(carry_header(), carry_join(carry_cat("%s: ", name), carry_join(value, STR("\n\nx\n"))));
}

static struct str parameters(size_t count)
{
	return field("Content-Type", carry_join(STR("text/plain"), carry_repeat(STR("; a=b"), count)));
}

static struct str boundary(size_t bytes)
{
	struct str b = carry_repeat(STR("b"), bytes);
	return carry_cat("%sContent-Type: multipart/mixed; boundary=%s\n\n--%s\n\nx\n--%s--\n",
		carry_header().ptr, b.ptr, b.ptr, b.ptr);
}

static void test_structure(void **state)
{
	(void)state;
	struct carry_case cases[] = {
		{"20 levels", nested(20), OK, 0, NULL},
		{"21 levels", nested(21), "mail.too_many_parts", 0, NULL},
		{"1,000 levels", nested(1000), "mail.too_many_parts", 0, NULL},
		{"100,000 levels", nested(100000), "mail.too_many_parts", 0, NULL},
		{"20 messages", messages(20), OK, 0, NULL},
		{"21 messages", messages(21), "mail.too_many_parts", 0, NULL},
		{"10,000 messages", messages(10000), "mail.too_many_parts", 0, NULL},
		{"1,000 parts", parts(999), OK, 0, NULL},
		{"1,001 parts", parts(1000), "mail.too_many_parts", 0, NULL},
		{"100,000 parts", parts(100000), "mail.too_many_parts", 0, NULL},
		{"a boundary of 256", boundary(256), OK, 0, NULL},
		{"a boundary of 257", boundary(257), "mail.too_many_parts", 0, NULL},
		{"32 reports", reports(32, false), "", 32, NULL},
		{"33 reports", reports(33, false), "mail.too_many_attachments", 0, NULL},
		{"33 archives", reports(33, true), "mail.too_many_attachments", 0, NULL},
	};
	CARRY_CHECK(cases, NULL);
}

static void test_reports_in_one_archive(void **state)
{
	(void)state;
	struct carry_member members[33];
	for (size_t i = 0; i < 33; i++)
		members[i] = (struct carry_member){.name = "r.xml", .bytes = carry_xml("r")};
	struct carry_case cases[] = {
		{"32 reports", carry_zip(members, 32), "", 32, NULL},
		{"33 reports", carry_zip(members, 33), "mail.too_many_attachments", 0, NULL},
	};
	CARRY_CHECK(cases, NULL);
}

static void test_headers(void **state)
{
	(void)state;
	size_t base = 6; /* fields of carry_header() */
	struct str line = STR("X: y\n");
	struct str address = STR("a@b, ");
	struct carry_case cases[] = {
		{"1,000 fields", carry_join(carry_header(), carry_join(carry_repeat(line,
			1000 - base), STR("\nx"))),
			OK, 0, NULL},
		{"1,001 fields", carry_join(carry_header(), carry_join(carry_repeat(line,
			1001 - base), STR("\nx"))),
			"mail.headers_too_large", 0, NULL},
		{"100,000 fields", carry_join(carry_header(), carry_repeat(line, 100000)),
			"mail.headers_too_large", 0, NULL},
		{"a field of 64 KiB", field("X", carry_repeat(STR("y"), 65536 - 3)), OK, 0, NULL},
		{"a field above", field("X", carry_repeat(STR("y"), 65537 - 3)),
			"mail.headers_too_large", 0, NULL},
		{"a folded field above", field("X", carry_repeat(STR("y\n "), 40000)),
			"mail.headers_too_large", 0, NULL},
		{"a line of 5 MB", field("X", carry_repeat(STR("y"), 5000000)),
			"mail.headers_too_large", 0, NULL},
		{"64 parameters", parameters(64), OK, 0, NULL},
		{"65 parameters", parameters(65), "mail.headers_too_large", 0, NULL},
		{"20,000 parameters", carry_replace(parameters(20000), STR("; a=b; a=b; a=b"), STR(";;;")),
			"mail.headers_too_large", 0, NULL},
		{"1,000 addresses", field("Cc", carry_join(carry_repeat(address, 999), STR("a@b"))), OK, 0, NULL},
		{"1,001 addresses", field("Cc", carry_join(carry_repeat(address, 1000), STR("a@b"))),
			"mail.headers_too_large", 0, NULL},
	};
	CARRY_CHECK(cases, NULL);
}

static void test_header_sums(void **state)
{
	(void)state;
	struct limits limits = limits_default();
	limits.header_part_bytes = 2000;
	limits.header_mail_bytes = 3000;
	struct str fill = carry_repeat(STR("X: yyyyyyy\n"), 150); /* 1,500 bytes counted */
	struct str part = carry_join(fill, STR("\nx"));
	struct carry_case cases[] = {
		{"a part within", carry_join(fill, STR("\nx")), OK, 0, NULL},
		{"a part above", carry_join(carry_join(fill, fill), STR("\nx")),
			"mail.headers_too_large", 0, NULL},
		{"a mail above", carry_multipart(carry_header(), "mixed", (struct str[]){part, part}, 2),
			"mail.headers_too_large", 0, NULL},
		{"a mail within", carry_multipart(carry_header(), "mixed", (struct str[]){part,
			STR("\nx")}, 2), OK, 0, NULL},
	};
	CARRY_CHECK(cases, &limits);
}

/* Attachments are counted whether or not they give a report. */
static void test_attachments(void **state)
{
	(void)state;
	struct limits limits = limits_default();
	limits.attachments = 3;
	struct carry_case cases[] = {
		{"as many", reports(3, true), "", 3, NULL},
		{"one more", reports(4, true), "mail.too_many_attachments", 0, NULL},
	};
	CARRY_CHECK(cases, &limits);
}

/* Each key is heard: at the value that the input needs, and one below it. */
static void test_each_key(void **state)
{
	(void)state;
	struct limits limits;
	struct str fill = carry_join(carry_repeat(STR("X: yyyyyyy\n"), 150), STR("\nx")); /* 1,500 bytes counted */
	struct str two = carry_zip((struct carry_member[]){{.name = "0123456789", .bytes = carry_xml("r")},
		{.name = "b", .bytes = STR("x")}}, 2);
	const char *headers = "mail.headers_too_large", *structure = "mail.too_many_parts";
	const struct {
		uint64_t *limit, good;
		struct str in;
		const char *code;
	} cases[] = {
		{&limits.header_field_bytes, 200, field("X", carry_repeat(STR("y"), 197)), headers},
		{&limits.header_part_bytes, 1500, fill, headers},
		{&limits.header_mail_bytes, 1500, fill, headers},
		{&limits.header_fields, 6, carry_join(carry_header(), STR("\nx")), headers},
		{&limits.header_addresses, 3, field("Cc", STR("a@b, c@d, e@f")), headers},
		{&limits.header_parameters, 5, parameters(5), headers},
		{&limits.mime_parts, 4, parts(3), structure},
		{&limits.mime_depth, 4, nested(4), structure},
		{&limits.boundary_bytes, 20, boundary(20), structure},
		{&limits.attachments, 3, reports(3, true), "mail.too_many_attachments"},
		{&limits.reports, 3, reports(3, true), "mail.too_many_attachments"},
		{&limits.archive_depth, 2, carry_gzip(carry_gzip(carry_xml("r"))), "archive.depth"},
		{&limits.archive_entries, 2, two, "archive.entries"},
		{&limits.archive_name_bytes, 10, two, "archive.entries"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		limits = limits_default();
		*cases[i].limit = cases[i].good;
		const struct carried *carried = carry_bytes(cases[i].in, &limits);
		if (carried->end.verdict == VERDICT_REJECTED)
			fail_msg("%zu at its value: %s", i, carry_code(carried));
		*cases[i].limit = cases[i].good - 1;
		carried = carry_bytes(cases[i].in, &limits);
		if (strcmp(carry_code(carried), cases[i].code) != 0)
			fail_msg("%zu beyond it: %s", i, carry_code(carried));
	}
}

static void test_file_size(void **state)
{
	(void)state;
	struct limits limits = limits_default();
	struct str xml = carry_xml("r");
	struct str mail = carry_single("text/xml", xml), gzip = carry_gzip(xml), json = carry_json("r");
	limits.mail_bytes = mail.len;
	limits.report_bytes = xml.len;
	limits.json_bytes = json.len;
	struct carry_case cases[] = {
		{"a mail that fits", mail, "", 1, ""},
		{"a mail above", carry_join(mail, STR("\n")), "file.too_large", 0, NULL},
		{"bare XML that fits", xml, "", 1, ""},
		{"bare XML above", carry_join(xml, STR("\n")), "xml.too_large", 0, NULL},
		{"bare JSON that fits", json, "", 1, ""},
		{"bare JSON above", carry_join(json, STR("\n")), "tls.too_large", 0, NULL},
	};
	CARRY_CHECK(cases, &limits);
	limits.mail_bytes = gzip.len;
	struct carry_case packed[] = {
		{"bare gzip that fits", gzip, "", 1, ""},
		{"bare gzip above", carry_join(gzip, STR("\n")), "file.too_large", 0, NULL},
		{"bare XML above a mail's size", xml, "", 1, ""},
	};
	CARRY_CHECK(packed, &limits);
}

static void test_hostile_text_is_cheap(void **state)
{
	(void)state;
	struct str head = carry_join(carry_header(), STR("\n"));
	struct carry_case cases[] = {
		{"braces", carry_join(head, carry_repeat(STR("{\n"), 2000000)), OK, 0, NULL},
		{"declarations", carry_join(head, carry_repeat(STR("<?xml\n"), 1000000)), OK, 0, NULL},
		{"base64 lines", carry_join(head,
			carry_repeat(STR("PD94bWwgdmVyc2lvbj0iMS4wIj8+\n"), 300000)), OK, 0, NULL},
		{"dashes", carry_join(head, carry_repeat(STR("--\n"), 2000000)), OK, 0, NULL},
		{"tags", carry_join(head, carry_repeat(STR("<"), 4000000)), OK, 0, NULL},
	};
	CARRY_CHECK(cases, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_structure),
		cmocka_unit_test(test_reports_in_one_archive),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_header_sums),
		cmocka_unit_test(test_attachments),
		cmocka_unit_test(test_each_key),
		cmocka_unit_test(test_file_size),
		cmocka_unit_test(test_hostile_text_is_cheap),
	};
	return cmocka_run_group_tests(tests, carry_setup, carry_teardown);
}
