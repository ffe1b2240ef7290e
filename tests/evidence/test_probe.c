// SPDX-License-Identifier: Apache-2.0
/* A probe as it is written, and as it is known again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "evidence/probe.h"

#include <string.h>

#define ID "0123456789abcdef0123456789abcdef"

static void test_message(void **state)
{
	struct probe probe = {.id = ID, .mta = STR("tokyo\r\nBcc: x@evil.example\n\xe6"), .domain = STR("example.jp"),
		.from = STR("postmaster@example.jp"), .to = STR("probe@example.com"), .made_epoch_secs = 1791000000};
	struct buf out;
	(void)state;
	buf_init(&out, SIZE_MAX / 2);
	probe_write(&out, &probe);
	const char *text = buf_cstr(&out);
	assert_non_null(strstr(text, "From: <postmaster@example.jp>\nTo: <probe@example.com>\n"
		"Subject: dmarcd probe: tokyo??Bcc: x@evil.example??\nDate: Sat, 3 Oct 2026 04:00:00 +0000\n"
		"Message-ID: <probe." ID "@example.jp>\nX-Dmarcd-Probe: " ID "\n"));
	assert_null(strstr(text, "\nBcc"));
	for (const char *c = text; *c; c++)
		assert_true(*c == '\n' || *c == '\t' || (*c >= ' ' && *c < 0x7f));
	buf_fini(&out);
}

static void test_dates(void **state)
{
	static const struct {
		int64_t at;
		const char *date;
	} cases[] = {{0, "Thu, 1 Jan 1970 00:00:00 +0000"}, {951782399, "Mon, 28 Feb 2000 23:59:59 +0000"},
		{1798761599, "Thu, 31 Dec 2026 23:59:59 +0000"}};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct probe probe = {.made_epoch_secs = cases[i].at};
		struct buf out;
		buf_init(&out, SIZE_MAX / 2);
		probe_write(&out, &probe);
		assert_non_null(strstr(buf_cstr(&out), cases[i].date));
		buf_fini(&out);
	}
}

static void test_ids(void **state)
{
	static const struct {
		const char *field, *message_id;
		bool known;
	} cases[] = {{ID, NULL, true}, {" " ID "\t", NULL, true}, {NULL, "<probe." ID "@example.jp>", true},
		{"something else", "<probe." ID "@example.jp>", true}, {NULL, "(c) <Probe." ID "@x>", true},
		{NULL, "<probe." ID ">", false}, {NULL, "<probe." ID "0@x>", false}, {NULL, "probe." ID "@x", false},
		{ID "0", NULL, false}, {"0123456789ABCDEF0123456789ABCDEF", NULL, false}, {"", "", false},
		{"'; DROP TABLE dmarcd.probe; --00", NULL, false}, {NULL, "<probe.", false}, {NULL, NULL, false}};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str id = probe_id_of(str_from(cases[i].field), str_from(cases[i].message_id));
		if (cases[i].known ? !str_eq(id, STR(ID)) : id.ptr != NULL)
			fail_msg("%s %s: %.*s", cases[i].field, cases[i].message_id, STR_FMT(id));
	}
}

static void test_random(void **state)
{
	struct probe a, b;
	(void)state;
	probe_make_id(&a);
	probe_make_id(&b);
	assert_true(str_eq(probe_id_of(str_from(a.id), STR_NONE), str_from(a.id)));
	assert_string_not_equal(a.id, b.id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_random),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
