// SPDX-License-Identifier: Apache-2.0
/* Numbers for others: told as long as who tells them lives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/figures.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char path[64];

static struct str told(struct buf *buf)
{
	buf_reset(buf);
	figures_read(path, buf);
	return buf_str(buf);
}

static void test_told(void **state)
{
	struct buf text, large;
	(void)state;
	(void)snprintf(path, sizeof(path), "/tmp/dmarcd-figures-%ld", (long)getpid());
	buf_init(&text, 2 * FIGURES_BYTES);
	buf_init(&large, 2 * FIGURES_BYTES);
	assert_true(str_eq(told(&text), STR("")));
	int figures = figures_open(path);
	assert_true(figures >= 0);
	assert_int_equal(figures_open(path), -1);
	assert_true(str_eq(told(&text), STR("")));
	figures_say(figures, STR("one 1\ntwo 2\n"));
	assert_true(str_eq(told(&text), STR("one 1\ntwo 2\n")));
	figures_say(figures, STR("one 2\n"));
	assert_true(str_eq(told(&text), STR("one 2\n")));
	while (large.len < FIGURES_BYTES - 1)
		buf_add_char(&large, 'x');
	figures_say(figures, buf_str(&large));
	assert_int_equal(told(&text).len, FIGURES_BYTES);
	buf_add_char(&large, 'x');
	figures_say(figures, buf_str(&large));
	assert_true(str_eq(told(&text), STR("")));
	figures_say(figures, STR("one 3\n"));
	(void)close(figures); /* as its process's end does */
	assert_true(str_eq(told(&text), STR("")));
	figures = figures_open(path);
	assert_true(figures >= 0);
	assert_true(str_eq(told(&text), STR("")));
	(void)close(figures);
	(void)unlink(path);
	buf_fini(&text);
	buf_fini(&large);
}

static void test_histogram(void **state)
{
	struct histogram histogram = {0};
	struct buf text;
	(void)state;
	buf_init(&text, 4096);
	histogram_add(&histogram, 5);
	histogram_add(&histogram, 6);
	histogram_add(&histogram, 10001);
	histogram_write(&histogram, &text, "a_seconds", "What it is.");
	assert_true(str_starts(buf_str(&text), STR("# HELP a_seconds What it is.\n# TYPE a_seconds histogram\n"
		"a_seconds_bucket{le=\"0.005\"} 1\na_seconds_bucket{le=\"0.010\"} 2\n")));
	assert_true(str_ends(buf_str(&text), STR("a_seconds_bucket{le=\"10.000\"} 2\na_seconds_bucket{le=\"+Inf\"} 3\n"
		"a_seconds_sum 10.012\na_seconds_count 3\n")));
	buf_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_told),
		cmocka_unit_test(test_histogram),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
