// SPDX-License-Identifier: Apache-2.0
/* What the line of a long run says at given moments, and that it fits its terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ingest/progress.h"

#include <string.h>

#define SECS ((int64_t)1000)

static const char *text_at(uint64_t mails, uint64_t bytes, int64_t now_msecs, unsigned columns)
{
	static char text[PROGRESS_TEXT_BYTES];
	const struct progress progress = {.total_mails = 1000, .total_bytes = 100000, .mails = mails, .bytes = bytes};
	progress_text(&progress, now_msecs, columns, text);
	return text;
}

static void share_and_rate(void **state)
{
	(void)state;
	assert_non_null(strstr(text_at(250, 25000, 10 * SECS, 80), " 25 %  250 mails  25/s  30 s left"));
	assert_non_null(strstr(text_at(1000, 100000, 10 * SECS, 80), "100 %  1000 mails  100/s  0 s left"));
	assert_non_null(strstr(text_at(0, 0, 0, 80), "  0 %  0 mails  0/s"));
}

static void time_left(void **state)
{
	(void)state;
	assert_non_null(strstr(text_at(100, 10000, 10 * SECS, 80), "1 min 30 s left"));
	assert_non_null(strstr(text_at(100, 10000, 1000 * SECS, 80), "2 h 30 min left"));
	/* Too early to say. */
	assert_null(strstr(text_at(100, 10000, SECS / 2, 80), "left"));
	assert_null(strstr(text_at(1, 100, 10 * SECS, 80), "left"));
}

static void bar(void **state)
{
	(void)state;
	assert_non_null(strstr(text_at(500, 50000, 10 * SECS, 120), "[####################....................] "));
	assert_null(strchr(text_at(500, 50000, 10 * SECS, 40), '['));
	for (unsigned columns = 66; columns <= 120; columns++)
		assert_true(strlen(text_at(999999999, 99999, 100000 * SECS, columns)) < columns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(share_and_rate), cmocka_unit_test(time_left), cmocka_unit_test(bar)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
