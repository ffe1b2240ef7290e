// SPDX-License-Identifier: Apache-2.0
/* The branch of machines that have no instruction for it, which the others would never run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#undef __SSE2__
#include "base/sixteen.h"

static void test_each_byte_has_its_bit(void **state)
{
	(void)state;
	for (uint64_t wanted = 0; wanted < 1 << SIXTEEN; wanted++) {
		char text[SIXTEEN];
		for (size_t i = 0; i < SIXTEEN; i++)
			text[i] = wanted >> i & 1 ? 'x' : '\xf7';
		assert_int_equal(sixteen_bits((sixteen)(sixteen_load(text) == 'x')), wanted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_byte_has_its_bit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
