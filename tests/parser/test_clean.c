// SPDX-License-Identifier: Apache-2.0
/* What becomes of a text that the model cannot hold, and whether the caller is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "parser/clean.h"

struct clean_case {
	struct str in, line, block;
	bool line_changed, block_changed;
};

static void test_clean(void **state)
{
	const struct clean_case cases[] = {
		{STR("plain"), STR("plain"), STR("plain"), false, false},
		{STR(" S\xc3\xbc\xc3\x9f\n"), STR("S\xc3\xbc\xc3\x9f"), STR(" S\xc3\xbc\xc3\x9f\n"), false, false},
		{STR("a\tb"), STR("a b"), STR("a\tb"), true, false},
		{STR("a\nb"), STR("a b"), STR("a\nb"), true, false},
		{STR("a\r\nb"), STR("a b"), STR("a\nb"), true, false},
		{STR("a\rb"), STR("a b"), STR("a\nb"), true, true},
		{STR("a\x7f"), STR("a\xef\xbf\xbd"), STR("a\xef\xbf\xbd"), true, true},
		{STR("a\xc2\x85"), STR("a\xef\xbf\xbd"), STR("a\xef\xbf\xbd"), true, true},
		{STR("a\x01"), STR("a\xef\xbf\xbd"), STR("a\xef\xbf\xbd"), true, true},
		{STR("\xfc"), STR("\xc3\xbc"), STR("\xc3\xbc"), true, true},
	};
	struct arena *arena = arena_open(1024 * 1024);
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool line = false, block = false;
		assert_true(str_eq(clean_line(arena, cases[i].in, 100, NULL, &line), cases[i].line));
		assert_true(str_eq(clean_block(arena, cases[i].in, 100, NULL, &block), cases[i].block));
		assert_int_equal(line, cases[i].line_changed);
		assert_int_equal(block, cases[i].block_changed);
	}
	arena_close(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_clean)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
