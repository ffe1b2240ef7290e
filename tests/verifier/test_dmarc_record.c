// SPDX-License-Identifier: Apache-2.0
/* RFC 9989 sections 4.7 and 4.8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "verifier/dmarc.h"

#define ARENA_CEILING_BYTES ((size_t)16 * 1024 * 1024)

static struct arena *arena;

static struct dmarc_record good(const char *text)
{
	struct dmarc_record record;
	if (!dmarc_record_parse(arena, str_from(text), &record))
		fail_msg("no record: %s", text);
	return record;
}

static void bad(struct str text, bool meant)
{
	struct dmarc_record record;
	if (dmarc_record_parse(arena, text, &record) || dmarc_record_meant(text) != meant)
		fail_msg("a record, or not meant as one: %.*s", STR_FMT(text));
}

/* The one problem, or the n-th. */
static void problem(const char *text, size_t n, const char *about)
{
	struct dmarc_record record = good(text);
	for (size_t i = 0; i < record.problems_count; i++)
		if (str_find(record.problems[i], str_from(about)) != SIZE_MAX && n-- == 0)
			return;
	for (size_t i = 0; i < record.problems_count; i++)
		print_error("  %.*s\n", STR_FMT(record.problems[i]));
	fail_msg("%s: nothing says \"%s\"", text, about);
}

static void test_version(void **state)
{
	(void)state;
	good("v=DMARC1");
	good("v=DMARC1;");
	good("v = DMARC1 ;p=none");
	good("v\t=\tDMARC1\t;\tp=none");
	good("V=DMARC1; p=none");
	bad(STR("v=dmarc1; p=none"), true);
	bad(STR("v=DMARC1x; p=none"), true);
	bad(STR("v=DMARC2; p=none"), true);
	bad(STR(" v=DMARC1; p=none"), true);
	bad(STR("p=none; v=DMARC1"), true);
	bad(STR("v=DMARC1 p=none"), true);
	bad(STR("DMARC1; p=none"), true);
	bad(STR("v=spf1 -all"), false);
	bad(STR("v=DKIM1; p="), false);
	bad(STR(""), false);
	bad(STR(";"), false);
	bad(STR("v=DMARC1\0; p=none"), true);
}

static void test_values(void **state)
{
	(void)state;
	struct dmarc_record record = good("v=DMARC1; p=Reject; SP=quarantine;np=NONE; adkim=S; aspf=s; t=Y; psd=N; "
		"fo=1:d:s; "
		"rua=mailto:a@example.com , mailto:b@example.com!10m; ruf=mailto:c@example.com");
	assert_int_equal(record.p, DMARC_POLICY_REJECT);
	assert_int_equal(record.sp, DMARC_POLICY_QUARANTINE);
	assert_int_equal(record.np, DMARC_POLICY_NONE);
	assert_true(record.adkim_strict && record.aspf_strict && record.testing);
	assert_int_equal(record.psd, 'n');
	assert_true(str_eq(record.fo, STR("1:d:s")));
	assert_int_equal(record.rua_count, 2);
	assert_true(str_eq(record.rua[1], STR("mailto:b@example.com")));
	assert_int_equal(record.ruf_count, 1);
	assert_int_equal(record.problems_count, 1);
	record = good("v=DMARC1; p=none; rua=mailto:a@example.com");
	assert_int_equal(record.problems_count, 0);
	assert_int_equal(record.sp, DMARC_POLICY_ABSENT);
	assert_false(record.adkim_strict || record.aspf_strict || record.testing);
	assert_int_equal(record.psd, 'u');
	assert_int_equal(record.pct, 100);
	assert_true(str_eq(record.fo, STR("0")));
}

/* A broken value costs itself, never the record (section 4.7). */
static void test_broken_values(void **state)
{
	(void)state;
	assert_int_equal(good("v=DMARC1; p=rejectt").p, DMARC_POLICY_INVALID);
	assert_int_equal(good("v=DMARC1; p=").p, DMARC_POLICY_INVALID);
	assert_int_equal(good("v=DMARC1; p=none; p=reject").p, DMARC_POLICY_NONE);
	assert_int_equal(good("v=DMARC1; x=1;; =; p=reject").p, DMARC_POLICY_REJECT);
	assert_int_equal(good("v=DMARC1; p=reject; sp=").sp, DMARC_POLICY_INVALID);
	assert_false(good("v=DMARC1; p=none; adkim=strict").adkim_strict);
	assert_false(good("v=DMARC1; p=none; t=yes").testing);
	assert_int_equal(good("v=DMARC1; p=none; psd=x").psd, 'u');
	assert_int_equal(good("v=DMARC1; p=none; pct=101").pct, 100);
	assert_int_equal(good("v=DMARC1; p=none; pct=1e1").pct, 100);
	assert_int_equal(good("v=DMARC1; p=none; pct=7").pct, 7);
	assert_true(str_eq(good("v=DMARC1; p=none; fo=0:1").fo, STR("0")));
	assert_true(str_eq(good("v=DMARC1; p=none; fo=d:d").fo, STR("0")));
	assert_int_equal(good("v=DMARC1; p=none; rua=a@example.com").rua_count, 0);
	assert_int_equal(good("v=DMARC1; p=none; rua=mailto:").rua_count, 0);
	assert_int_equal(good("v=DMARC1; p=none; rua=mailto:a@example.com, "
		"nonsense,,https://example.com/x").rua_count, 2);
	assert_int_equal(good("v=DMARC1; p=none; rua=mailto:a!b@example.com").rua_count, 0);
	assert_int_equal(good("v=DMARC1; p=none; rua=mailto:a%21b@example.com").rua_count, 1);
	assert_int_equal(good("v=DMARC1; p=none; rua=mailto:a b@example.com").rua_count, 0);
}

/* STANDARDS: what a record's author should hear. */
static void test_problems(void **state)
{
	(void)state;
	problem("v=DMARC1; rua=mailto:a@example.com", 0, "p is missing");
	problem("v=DMARC1; p=none; pct=100", 0, "pct was removed");
	problem("v=DMARC1; p=reject; pct=0", 0, "t=y");
	problem("v=DMARC1; p=reject; pct=50", 0, "holds for all messages");
	problem("v=DMARC1; p=none; rf=afrf; ri=86400", 0, "rf was removed");
	problem("v=DMARC1; p=none; rf=afrf; ri=86400", 0, "ri was removed");
	problem("v=DMARC1; p=none; rua=mailto:a@example.com!5m", 0, "size limit");
	problem("v=DMARC1; p=none; rua=a@example.com", 0, "mailto: is missing");
	problem("v=DMARC1; p=none; fo=1", 0, "without ruf");
	problem("v=DMARC1; p=none; rua=https://example.com/", 0, "mailto: only");
	problem("v=DMARC1; p=none; foo=1", 0, "not a tag of DMARC");
	problem("v=DMARC1; p=none;; sp=none", 0, "an empty tag");
	problem("v=DMARC1; p=none; sp", 0, "is no tag");
	problem("v=DMARC1; p=none; p=reject", 0, "a second p");
	problem("v=DMARC1; p=none\n; sp=none", 0, "is no value");
	problem("v=DMARC1; p=none", 0, "no rua");
}

/* A NUL hides nothing of what stands behind it. */
static void test_nul(void **state)
{
	struct dmarc_record record;
	(void)state;
	assert_true(dmarc_record_parse(arena, STR("v=DMARC1; p=none; sp=none\0x; y\0z"), &record));
	assert_true(str_starts(record.problems[0], STR("sp=none\\x00x is no value")));
	assert_true(str_starts(record.problems[1], STR("\"y\\x00z\" is no tag")));
}

static void test_hosts(void **state)
{
	struct str host;
	(void)state;
	assert_true(dmarc_uri_host(arena, STR("mailto:a@Example.com"), &host) && str_eq(host, STR("example.com")));
	assert_true(dmarc_uri_host(arena, STR("mailto:a%40b@example.com?subject=x@y"), &host) &&
		str_eq(host, STR("example.com")));
	assert_true(dmarc_uri_host(arena, STR("https://u@Example.com:8443/x?y@z"), &host) && str_eq(host,
		STR("example.com")));
	assert_false(dmarc_uri_host(arena, STR("ftp://example.com/"), &host));
	assert_false(dmarc_uri_host(arena, STR("mailto:x?to=a@example.com"), &host));
	assert_false(dmarc_uri_host(arena, STR("mailto:a@example.com%2Cb@example.net"), &host));
	assert_false(dmarc_uri_host(arena, STR("mailto:a@example.com%00.example.net"), &host));
}

/* Nothing of a record gets into a text as it is. */
static void test_hostile(void **state)
{
	(void)state;
	struct dmarc_record record = good("v=DMARC1; p=none; \x1b[31m=1; rua=\xff");
	for (size_t i = 0; i < record.problems_count; i++)
		assert_int_equal(str_find_char(record.problems[i], '\x1b'), SIZE_MAX);
	struct buf buf;
	buf_init(&buf, SIZE_MAX / 2);
	buf_add_str(&buf, STR("v=DMARC1; p=none; rua=x"));
	for (size_t i = 0; i < 1000; i++)
		buf_add_str(&buf, STR(",mailto:a@example.com,x;y"));
	record = good(buf_cstr(&buf));
	assert_int_equal(record.problems_count, DMARC_PROBLEMS_MAX);
	assert_true(record.rua_count <= DMARC_URIS_MAX);
	buf_fini(&buf);
}

static int setup(void **state)
{
	(void)state;
	arena = arena_open(ARENA_CEILING_BYTES);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_close(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_broken_values),
		cmocka_unit_test(test_problems),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_hostile),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
