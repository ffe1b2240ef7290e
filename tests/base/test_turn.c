// SPDX-License-Identifier: Apache-2.0
/* Who gives way to whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/turn.h"

#include <stdlib.h>
#include <unistd.h>

static void test_turn(void **state)
{
	char path[] = "/tmp/dmarcd-turn-XXXXXX";
	bool one = false, other = false;
	(void)state;
	(void)close(mkstemp(path));
	int first = turn_open(path), second = turn_open(path), looking = turn_open(path);
	assert_true(turn_is_free(looking));
	turn_hold(first, &one);
	turn_hold(second, &other);
	assert_true(one && other);
	assert_false(turn_is_free(looking));
	turn_release(first, &one);
	assert_false(turn_is_free(looking));
	(void)close(second); /* as its process's end does */
	assert_true(turn_is_free(looking));
	(void)close(first);
	(void)close(looking);
	(void)unlink(path);
	assert_true(turn_is_free(-1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_turn)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
