// SPDX-License-Identifier: Apache-2.0
/* CSV that a spreadsheet reads as it was meant and runs nothing of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "web/csv.h"

static void test_fields(void **state)
{
	static const struct {
		const char *name;
		struct str in;
		bool number;
		const char *want;
	} cases[] = {
		{"plain", STR("example.com"), false, "example.com,"},
		{"absent", {NULL, 0}, false, ","},
		{"empty", STR(""), false, ","},
		{"comma", STR("a,b"), false, "\"a,b\","},
		{"quote", STR("a\"b"), false, "\"a\"\"b\","},
		{"line end", STR("a\r\nb"), false, "\"a\r\nb\","},
		{"formula", STR("=1+1"), false, "'=1+1,"},
		{"plus", STR("+1"), false, "'+1,"},
		{"minus", STR("-1"), false, "'-1,"},
		{"at", STR("@SUM(A1)"), false, "'@SUM(A1),"},
		{"tab", STR("\t=1"), false, "'\t=1,"},
		{"carriage return", STR("\r=1"), false, "\"'\r=1\","},
		{"formula with quotes", STR("=HYPERLINK(\"http://x\",\"y\")"), false,
			"\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\","},
		{"a minus inside", STR("2026-10-21"), false, "2026-10-21,"},
		{"negative number", STR("-1"), true, "-1,"},
		{"not ASCII", STR("\xe6\x97\xa5"), false, "\xe6\x97\xa5,"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out;
		buf_init(&out, 4096);
		csv_field(&out, cases[i].in, cases[i].number, false);
		if (!str_eq(buf_str(&out), str_from(cases[i].want)))
			fail_msg("%s: %.*s", cases[i].name, STR_FMT(buf_str(&out)));
		buf_fini(&out);
	}
}

static void test_line(void **state)
{
	struct buf out;
	(void)state;
	buf_init(&out, 4096);
	csv_field(&out, STR("a"), false, false);
	csv_field(&out, STR("1"), true, true);
	assert_string_equal(buf_cstr(&out), "a,1\r\n");
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
