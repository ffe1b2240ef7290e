// SPDX-License-Identifier: Apache-2.0
/* Charts and the frame around pages: whatever the numbers and names are, the page stays whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/utf8.h"
#include "web/page.h"

#include <stdio.h>
#include <string.h>

#define OUT_BYTES ((size_t)8 * 1024 * 1024)
#define DAYS_MAX 800

static struct buf out;
static struct chart_day days[DAYS_MAX];

static int set_up(void **state)
{
	(void)state;
	buf_init(&out, OUT_BYTES);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	buf_fini(&out);
	return 0;
}

static void draw(size_t count, double both, double dkim, double spf, double fail)
{
	struct html html;
	for (size_t i = 0; i < count; i++) {
		days[i] = (struct chart_day){.parts = {both, dkim, spf, fail}};
		(void)day_format((struct day){20000 + (int32_t)i}, days[i].day);
	}
	buf_reset(&out);
	html_init(&html, &out);
	const struct chart chart = {.days = days, .count = count, .step = "day", .from = str_from(days[0].day),
		.to = str_from(days[count - 1].day), .link = STR("/?")};
	chart_daily(&html, &chart);
	assert_int_equal(html.depth, 0);
	assert_false(out.overflow);
}

static size_t times(const char *what)
{
	size_t found = 0;
	for (const char *at = buf_cstr(&out); (at = strstr(at, what)) != NULL; at++)
		found++;
	return found;
}

static void test_any_numbers(void **state)
{
	static const struct {
		const char *name;
		size_t count;
		double both, dkim, spf, fail;
		size_t want_rects;
	} cases[] = {
		{"one day", 1, 10, 5, 3, 2, 8},
		{"nothing", 3, 0, 0, 0, 0, 0},
		{"one message", 1, 0, 0, 0, 1, 2},
		{"a part is missing", 2, 7, 0, 0, 1, 8},
		{"as many days as there can be", DAYS_MAX, 1, 1, 1, 1, 4 * (DAYS_MAX + 45)},
		{"the largest counts", 2, 9.2e18, 9.2e18, 9.2e18, 9.2e18, 16},
		{"tiny beside huge", 1, 9.2e18, 1, 1, 1, 8},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		draw(cases[i].count, cases[i].both, cases[i].dkim, cases[i].spf, cases[i].fail);
		size_t compact = cases[i].count > 45 ? 45 : cases[i].count; /* neighbours are one bar there */
		if (times("<g class=\"bar\"") != cases[i].count + compact || times("<rect ") != cases[i].want_rects)
			fail_msg("%s: %zu bars of %zu rectangles", cases[i].name, times("<g class=\"bar\""),
				times("<rect "));
		if (times("nan") + times("inf") + times("\"-") > 0)
			fail_msg("%s: a number is none", cases[i].name);
		if (times("<tr>") != cases[i].count + 1)
			fail_msg("%s: the table has %zu rows", cases[i].name, times("<tr>"));
		if (times("role=\"img\"") != 2 || times("aria-label") != 2)
			fail_msg("%s: the drawing has no name", cases[i].name);
	}
}

/* Bars of two days stand to each other as their numbers do. */
static void test_scale(void **state)
{
	(void)state;
	struct html html;
	days[0] = (struct chart_day){.day = "2026-10-01", .parts = {1000, 0, 0, 0}};
	days[1] = (struct chart_day){.day = "2026-10-02", .parts = {500, 0, 0, 0}};
	buf_reset(&out);
	html_init(&html, &out);
	const struct chart chart = {.days = days, .count = 2, .step = "day", .from = STR("2026-10-01"),
		.to = STR("2026-10-02"), .link = STR("/?")};
	chart_daily(&html, &chart);
	double heights[2] = {0};
	const char *at = buf_cstr(&out);
	for (int i = 0; i < 2; i++) {
		at = strstr(at, "<rect ");
		assert_non_null(at);
		at = strstr(at, " height=\"");
		assert_non_null(at);
		at += strlen(" height=\"");
		for (; *at >= '0' && *at <= '9'; at++)
			heights[i] = heights[i] * 10 + (*at - '0');
	}
	assert_true(heights[0] > 50);
	assert_true(heights[0] >= 2 * heights[1] - 2 && heights[0] <= 2 * heights[1] + 3);
}

/* The days of a bar are one click away, and stay inside of the period asked for. */
static void test_links(void **state)
{
	struct html html;
	(void)state;
	days[0] = (struct chart_day){.day = "2026-09-28", .parts = {1, 0, 0, 0}};
	days[1] = (struct chart_day){.day = "2026-10-05", .parts = {1, 0, 0, 0}};
	const struct chart chart = {.days = days, .count = 2, .step = "week", .from = STR("2026-10-01"),
		.to = STR("2026-10-09"), .link = STR("/?domain=a&")};
	buf_reset(&out);
	html_init(&html, &out);
	chart_daily(&html, &chart);
	assert_int_equal(times("href=\"/?domain=a&amp;from=2026-10-01&amp;to=2026-10-04\""), 3);
	assert_int_equal(times("href=\"/?domain=a&amp;from=2026-10-05&amp;to=2026-10-09\""), 3);
}

static void test_mix(void **state)
{
	static const char *const labels[] = {"SPF and DKIM", "DKIM only", "SPF only", "fail"};
	static const struct {
		double parts[4];
		size_t want_rects;
	} cases[] = {{{1, 2, 3, 4}, 4}, {{0, 0, 0, 7}, 1}, {{0, 0, 0, 0}, 0}, {{9.2e18, 1, 0, 9.2e18}, 3}};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct html html;
		buf_reset(&out);
		html_init(&html, &out);
		chart_mix(&html, cases[i].parts, labels, 4);
		assert_int_equal(html.depth, 0);
		assert_int_equal(times("<rect "), cases[i].want_rects);
		assert_int_equal(times("nan") + times("inf"), 0);
		assert_int_equal(times("role=\"img\" aria-label="), 1);
	}
}

static void frame(struct str subject, bool demo)
{
	const struct web_options web = {.organisation = "A & B <i>", .demo = demo};
	struct html html;
	buf_reset(&out);
	html_init(&html, &out);
	frame_begin(&html, &web, "Domain", subject, "/domains");
	frame_end(&html);
	assert_int_equal(html.depth, 0);
}

/* A name may be long, cut anywhere, backwards: title and heading stay text. */
static void test_subjects(void **state)
{
	(void)state;
	const struct str end = STR("\xe2\x80\xae\xe6\x97\xa5</title><script>");
	for (size_t pad = 60; pad < 90; pad++) {
		char name[256];
		memset(name, 'x', pad);
		memcpy(name + pad, end.ptr, end.len);
		frame((struct str){name, pad + end.len}, false);
		struct str all = buf_str(&out);
		if (!utf8_valid(all))
			fail_msg("%zu bytes before it: the page is not UTF-8", pad);
		if (str_find(all, STR("\xe2\x80\xae")) != SIZE_MAX)
			fail_msg("%zu bytes before it: the title runs backwards", pad);
		if (times("<script") != 1 || times("</title>") != 1)
			fail_msg("%zu bytes before it: the name is markup", pad);
	}
}

static void test_demo_bar(void **state)
{
	(void)state;
	frame(STR_NONE, true);
	assert_int_equal(times("class=\"demo\""), 1);
	assert_int_equal(times("A &amp; B &lt;i&gt;"), 1);
	frame(STR_NONE, false);
	assert_int_equal(times("class=\"demo\""), 0);
	assert_int_equal(times("aria-current=\"page\""), 1);
}

static void test_message(void **state)
{
	const struct web_options web = {0};
	(void)state;
	buf_reset(&out);
	frame_message(&out, &web, "Not <found>", "There is \"nothing\".");
	assert_int_equal(times("<h1>Not &lt;found&gt;</h1>"), 1);
	assert_int_equal(times("There is &quot;nothing&quot;."), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_numbers),
		cmocka_unit_test(test_scale),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_mix),
		cmocka_unit_test(test_subjects),
		cmocka_unit_test(test_demo_bar),
		cmocka_unit_test(test_message),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
