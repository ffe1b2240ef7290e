// SPDX-License-Identifier: Apache-2.0
/* What is said of the SPF record that a domain publishes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/verifier/spf_zone.h"

#include "base/buf.h"
#include "dns/session.h"
#include "verifier/survey_spf.h"

static const char common[] =
	"pass.example.org TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n"
	"open.example.org TXT \"v=spf1 +all\"\n"
	"none.example.org TXT \"other\"\n"
	"two.example.org TXT \"v=spf1 -all\"\ntwo.example.org TXT \"v=spf1 -all\"\n"
	"broken.example.org TXT \"v=spf1 moo\"\n"
	"slow.example.org * !TIMEOUT\n"
	"both.example.org A 192.0.2.1\nboth.example.org AAAA 2001:db8::1\n"
	"four.example.org A 192.0.2.1\n"
	"mail.example.org MX 1 both.example.org\nmail.example.org MX 2 dead.example.org\n"
	"nullmx.example.org MX 0 .\n";

struct survey_test {
	const char *zone; /* of a.example.com */
	enum auth_result result;
	const char *advice; /* "severity code", one after the other */
	unsigned lookups, void_lookups;
};

static struct verdict survey_zone(struct spf_zone *zone, const char *lines)
{
	struct verdict verdict = {0};
	struct buf text;
	buf_init(&text, (size_t)1 << 20);
	buf_printf(&text, "%s%s", lines, common);
	spf_zone_open(zone, buf_str(&text));
	buf_fini(&text);
	zone->verify.trace = trace_open(zone->arena);
	survey_spf(&zone->verify, STR("a.example.com"), &verdict);
	return verdict;
}

static void check(const struct survey_test *test)
{
	struct spf_zone zone;
	struct verdict verdict = survey_zone(&zone, test->zone);
	struct buf codes;
	buf_init(&codes, 4000);
	for (size_t i = 0; i < verdict.advice.count; i++) {
		const struct verdict_advice *advice = &verdict.advice.at[i];
		buf_printf(&codes, "%s%.*s %.*s", i > 0 ? ", " : "", STR_FMT(advice->severity),
			STR_FMT(str_from_offset(advice->code, sizeof("dns.spf_") - 1)));
		assert_true(str_starts(advice->code, STR("dns.spf_")));
		assert_true(advice->text.len > 0 && advice->name.len > 0);
	}
	assert_int_equal(verdict.spf.count, 1);
	const struct verdict_spf *spf = verdict.spf.at;
	if (spf->result != test->result || !str_eq(buf_str(&codes), str_from(test->advice)) ||
		spf->lookups != test->lookups || spf->void_lookups != test->void_lookups)
		fail_msg("%s: %s, %u look-ups, %u void: %s", test->zone, auth_result_text(spf->result),
			(unsigned)spf->lookups, (unsigned)spf->void_lookups, buf_cstr(&codes));
	buf_fini(&codes);
	spf_zone_close(&zone);
}

#define FIVE "a:both.example.org a:both.example.org a:both.example.org a:both.example.org a:both.example.org "
#define RECORD(text) "a.example.com TXT \"v=spf1 " text "\"\n"

static void test_advice(void **state)
{
	static const struct survey_test tests[] = {
		{RECORD("ip4:192.0.2.0/24 -all"), AUTH_PASS, "", 0, 0},
		{RECORD("include:pass.example.org a:both.example.org ~all"), AUTH_PASS, "", 2, 0},
		{RECORD("redirect=pass.example.org"), AUTH_PASS, "", 1, 0},
		{"", AUTH_NONE, "high missing", 0, 0},
		{"a.example.com TXT \"other\"\n", AUTH_NONE, "high missing", 0, 0},
		{"a.example.com TXT !SERVFAIL\n", AUTH_TEMPERROR, "warning unanswered", 0, 0},
		{RECORD("-all") RECORD("~all"), AUTH_PERMERROR, "high multiple", 0, 0},
		{RECORD("ip4:192.0.2 -all"), AUTH_PERMERROR, "high syntax", 0, 0},
		/* the end */
		{RECORD("+all"), AUTH_PASS, "high pass_all", 0, 0},
		{RECORD("include:open.example.org -all"), AUTH_PASS, "high pass_all", 1, 0},
		{RECORD("-include:open.example.org -all"), AUTH_PASS, "", 1, 0},
		{RECORD("?all"), AUTH_PASS, "warning neutral_all", 0, 0},
		{RECORD("ip4:192.0.2.1"), AUTH_PASS, "warning open_end", 0, 0},
		{RECORD("-all redirect=pass.example.org"), AUTH_PASS, "info redirect", 0, 0},
		{RECORD("-all a:dead.example.org"), AUTH_PASS, "info after_all", 0, 0},
		/* what is included */
		{RECORD("include:none.example.org -all"), AUTH_PERMERROR, "high dead", 1, 0},
		{RECORD("include:absent.example.org -all"), AUTH_PERMERROR, "high dead", 1, 0},
		{RECORD("include:two.example.org -all"), AUTH_PERMERROR, "high multiple", 1, 0},
		{RECORD("include:broken.example.org -all"), AUTH_PERMERROR, "high syntax", 1, 0},
		{RECORD("include:slow.example.org -all"), AUTH_TEMPERROR, "warning unanswered", 1, 0},
		{RECORD("redirect=none.example.org"), AUTH_PERMERROR, "high dead", 1, 0},
		{RECORD("include:A.example.com -all"), AUTH_PERMERROR, "high loop", 1, 0},
		{RECORD("include:b.example.org -all") "b.example.org TXT \"v=spf1 redirect=a.example.com\"\n",
			AUTH_PERMERROR, "high loop", 2, 0},
		{RECORD("include:%{d2}.%{o1} -all") "example.com.com TXT \"v=spf1 a:both.example.org -all\"\n",
			AUTH_PASS, "", 2, 0},
		{RECORD("include:%{i}.example.org exists:%{l}.x.com -all"), AUTH_PASS, "", 2, 0},
		/* dead and void */
		{RECORD("a:dead.example.org -all"), AUTH_PASS, "warning dead", 1, 1},
		{RECORD("a:x..example.org -all"), AUTH_PASS, "warning dead", 1, 0},
		{RECORD("mx -all"), AUTH_PASS, "warning dead", 1, 1},
		{RECORD("mx:mail.example.org -all"), AUTH_PASS, "warning dead", 1, 1},
		{RECORD("mx:nullmx.example.org -all"), AUTH_PASS, "", 1, 0},
		{RECORD("a:four.example.org -all"), AUTH_PASS, "", 1, 0},
		{RECORD("a:four.example.org a:four.example.org a:four.example.org -all"),
			AUTH_PASS, "info limits", 3, 0},
		{RECORD("exists:a.x.com exists:b.x.com exists:c.x.com -all"), AUTH_PERMERROR, "high limits", 3, 3},
		/* limits */
		{RECORD(FIVE "include:more.example.org -all")
			"more.example.org TXT \"v=spf1 mx:m.example.org exists:both.example.org a:both.example.org "
			"a:both.example.org -all\"\nm.example.org MX 1 both.example.org\n", AUTH_PASS, "", 10, 0},
		{RECORD(FIVE "include:more.example.org -all")
			"more.example.org TXT \"v=spf1 mx:m.example.org exists:both.example.org a:both.example.org "
			"a:both.example.org redirect=pass.example.org\"\nm.example.org MX 1 both.example.org\n",
			AUTH_PERMERROR, "high limits", 11, 0},
		/* breadth, ptr, types */
		{RECORD("ip4:10.0.0.0/8 ip6:2000::/31 a:both.example.org/0 ip4:10.0.0.0/9 ip6:2001:db8::/32 "
			"-ip4:0.0.0.0/0 -all"),
			AUTH_PASS, "warning wide, warning wide, warning wide", 1, 0},
		{RECORD("ptr exists:%{P}.x.com -all"), AUTH_PASS, "warning ptr, warning ptr", 2, 0},
		{RECORD("-all") "a.example.com TYPE99 \\# 2 0141\n", AUTH_PASS, "info type", 0, 0},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		check(&tests[i]);
}

static void test_size(void **state)
{
	struct buf zone;
	(void)state;
	for (size_t strings = 1; strings <= 2; strings++) {
		buf_init(&zone, 10000);
		buf_add_str(&zone, STR("a.example.com TXT \"v=spf1 -all\""));
		buf_add_str(&zone, STR("\n"));
		for (size_t i = 0; i < strings; i++) {
			buf_add_str(&zone, STR("a.example.com TXT \""));
			for (size_t n = 0; n < 211; n++)
				buf_add_char(&zone, i == 0 ? 'x' : 'y');
			buf_add_str(&zone, STR("\"\n"));
		}
		struct survey_test test = {buf_cstr(&zone), AUTH_PASS, "", 0, 0};
		test.advice = strings == 1 ? "" : "info long";
		check(&test);
		buf_fini(&zone);
	}
}

/* However large the tree is, the questions and the advice are few. */
static void test_bounds(void **state)
{
	struct buf lines;
	struct spf_zone zone;
	(void)state;
	buf_init(&lines, 100000);
	buf_add_str(&lines, STR("a.example.com TXT \"v=spf1 include:t0.example.net -all\"\n"));
	for (int i = 0; i < 300; i++) {
		buf_printf(&lines, "t%d.example.net TXT \"v=spf1 +all +all\" \" ", i);
		for (int n = 0; n < 5; n++)
			buf_printf(&lines, " include:t%d.example.net", (i * 5 + n + 1) % 300);
		buf_add_str(&lines, STR("\"\n"));
	}
	struct verdict verdict = survey_zone(&zone, buf_cstr(&lines));
	assert_true(verdict.advice.count <= 100);
	spf_zone_close(&zone);
	/* the same, where the terms are looked at */
	buf_reset(&lines);
	buf_add_str(&lines, STR("a.example.com TXT \"v=spf1 include:t0.example.net -all\"\n"));
	for (int i = 0; i < 300; i++) {
		buf_printf(&lines, "t%d.example.net TXT \"v=spf1", i);
		for (int n = 0; n < 5; n++)
			buf_printf(&lines, " include:t%d.example.net", (i * 5 + n + 1) % 300);
		buf_add_str(&lines, STR("\"\n"));
	}
	verdict = survey_zone(&zone, buf_cstr(&lines));
	assert_int_equal(verdict.spf.at[0].result, AUTH_PERMERROR);
	assert_true(verdict.spf.at[0].lookups > 10);
	assert_true(dns_session_queries(zone.session) <= 45);
	assert_true(verdict.advice.count <= 100);
	spf_zone_close(&zone);
	buf_fini(&lines);
}

/* 400 terms are counted, and 40 of them asked for. */
static void test_many_terms(void **state)
{
	struct buf lines;
	struct spf_zone zone;
	(void)state;
	buf_init(&lines, 100000);
	buf_add_str(&lines, STR("a.example.com TXT \"v=spf1"));
	for (int i = 0; i < 400; i++)
		buf_printf(&lines, "%s a:%d.x", i % 20 == 0 ? "\" \"" : "", i);
	buf_add_str(&lines, STR("\"\n"));
	struct verdict verdict = survey_zone(&zone, buf_cstr(&lines));
	assert_int_equal(verdict.spf.at[0].lookups, 400);
	assert_int_equal(verdict.spf.at[0].void_lookups, 30); /* the budget of questions ends here */
	assert_int_equal(dns_session_count(zone.session), 1 + 2 * 40 + 1);
	spf_zone_close(&zone);
	buf_fini(&lines);
}

static void test_tree(void **state)
{
	struct spf_zone zone;
	size_t count, records = 0, terms = 0;
	struct verdict verdict = survey_zone(&zone, RECORD("include:pass.example.org mx:mail.example.org -all"));
	const struct trace_step *step = trace_steps(zone.verify.trace, &count);
	(void)state;
	for (size_t i = 0; i < count; i++) {
		if (str_eq(step[i].kind, STR("record")))
			assert_int_equal(step[i].depth, records++);
		terms += str_eq(step[i].kind, STR("term"));
	}
	assert_int_equal(records, 2);
	assert_int_equal(terms, 5);
	assert_true(str_eq(step[count - 1].kind, STR("result")));
	assert_true(str_eq(verdict.spf.at[0].record, STR("v=spf1 include:pass.example.org mx:mail.example.org -all")));
	assert_true(str_find(verdict.advice.at[0].text, STR("dead.example.org")) != SIZE_MAX);
	spf_zone_close(&zone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_advice),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_many_terms),
		cmocka_unit_test(test_tree),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
