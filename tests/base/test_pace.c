// SPDX-License-Identifier: Apache-2.0
/* How many lines of one kind a log gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/pace.h"

static void test_a_minute(void **state)
{
	struct pace pace = {0};
	uint64_t held_back;
	(void)state;
	for (unsigned i = 1; i < PACE_LINES_MAX; i++)
		assert_int_equal(pace_ask(&pace, 5000 + i, &held_back), PACE_WRITE);
	assert_int_equal(pace_ask(&pace, 50000, &held_back), PACE_LAST);
	for (int i = 0; i < 7; i++)
		assert_int_equal(pace_ask(&pace, 65000, &held_back), PACE_HOLD);
	assert_int_equal(held_back, 0);
	assert_int_equal(pace_ask(&pace, 65001, &held_back), PACE_WRITE);
	assert_int_equal(held_back, 7);
	assert_int_equal(pace_ask(&pace, 65002, &held_back), PACE_WRITE);
	assert_int_equal(held_back, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_minute)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
