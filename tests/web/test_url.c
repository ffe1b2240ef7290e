// SPDX-License-Identifier: Apache-2.0
/* Parts of URLs, written and read (RFC 3986). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "web/url.h"

#include <string.h>

#define ARENA_BYTES ((size_t)1024 * 1024)

static struct arena *arena;

static int set_up(void **state)
{
	(void)state;
	arena = arena_open(ARENA_BYTES);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_close(&arena);
	return 0;
}

static void test_written(void **state)
{
	static const struct {
		const char *name;
		struct str in;
		const char *want;
	} cases[] = {
		{"unreserved", STR("aZ09-._~"), "aZ09-._~"},
		{"address", STR("2001:db8::1"), "2001:db8::1"},
		{"slash", STR("../../etc"), "..%2F..%2Fetc"},
		{"query", STR("a?b&c=d#e"), "a%3Fb%26c%3Dd%23e"},
		{"blank and plus", STR("a b+c"), "a%20b%2Bc"},
		{"percent", STR("%41"), "%2541"},
		{"quotes and markup", STR("\"'<>"), "%22%27%3C%3E"},
		{"UTF-8", STR("\xe6\x97\xa5"), "%E6%97%A5"},
		{"NUL and lines", STR("\0\r\n"), "%00%0D%0A"},
		{"empty", STR(""), ""},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out;
		buf_init(&out, 1024);
		url_add(&out, cases[i].in);
		if (!str_eq(buf_str(&out), str_from(cases[i].want)))
			fail_msg("%s: %.*s", cases[i].name, STR_FMT(buf_str(&out)));
		buf_fini(&out);
	}
}

static void test_read(void **state)
{
	static const struct {
		const char *name;
		struct str in;
		bool plus;
		const char *want; /* NULL: refused */
	} cases[] = {
		{"plain", STR("abc"), false, "abc"},
		{"escape", STR("%41%7a"), false, "Az"},
		{"escape at the end", STR("x%41"), false, "xA"},
		{"plus in a path", STR("a+b"), false, "a+b"},
		{"plus in a query", STR("a+b%2B"), true, "a b+"},
		{"UTF-8", STR("%E6%97%A5"), false, "\xe6\x97\xa5"},
		{"raw UTF-8", STR("\xe6\x97\xa5"), false, "\xe6\x97\xa5"},
		{"decoded once", STR("%2541"), false, "%41"},
		{"empty", STR(""), false, ""},
		{"no digits", STR("%"), false, NULL},
		{"one digit", STR("%4"), false, NULL},
		{"not hex", STR("%4g"), false, NULL},
		{"sign for a digit", STR("%+1"), false, NULL},
		{"%u", STR("%u0041"), false, NULL},
		{"NUL", STR("a%00b"), false, NULL},
		{"raw NUL", STR("a\0b"), false, NULL},
		{"line end", STR("a%0d%0ab"), false, NULL},
		{"line end in a query", STR("a%0d%0ab"), true, NULL},
		{"LF and TAB in a query", STR("a%0Ab%09c"), true, "a\nb\tc"},
		{"LF in a path", STR("a%0Ab"), false, NULL},
		{"TAB in a path", STR("a%09b"), false, NULL},
		{"delete", STR("%7f"), false, NULL},
		{"overlong slash", STR("%c0%af"), false, NULL},
		{"overlong, longer", STR("%e0%80%af"), false, NULL},
		{"unpaired surrogate", STR("%ed%a0%80"), false, NULL},
		{"beyond Unicode", STR("%f4%90%80%80"), false, NULL},
		{"half a character", STR("%e6%97"), false, NULL},
		{"Latin-1", STR("%e9"), false, NULL},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str got = url_decode(arena, cases[i].in, cases[i].plus);
		if (!cases[i].want && got.ptr)
			fail_msg("%s: read as %.*s", cases[i].name, STR_FMT(got));
		if (cases[i].want && (!got.ptr || !str_eq(got, str_from(cases[i].want))))
			fail_msg("%s: %.*s", cases[i].name, STR_FMT(got));
	}
}

static void test_round_trip(void **state)
{
	struct buf out;
	(void)state;
	buf_init(&out, 1024);
	for (unsigned c = 0x20; c < 0x7f; c++) {
		const char in[] = {(char)c, 'x'};
		struct str text = {in, sizeof(in)};
		buf_reset(&out);
		url_add(&out, text);
		assert_true(str_eq(url_decode(arena, buf_str(&out), true), text));
		assert_true(str_eq(url_decode(arena, buf_str(&out), false), text));
	}
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_written),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_round_trip),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
