// SPDX-License-Identifier: Apache-2.0
/* SPF beyond the openspf suite: macros, modifiers, limits exactly at and beyond, identities, and what is said of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/verifier/spf_zone.h"

#include "base/buf.h"
#include "dns/session.h"

#include <stdio.h>
#include <string.h>

#define SENDER "strong-bad@email.example.com"
#define LABEL63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

struct spf_test {
	const char *record; /* of email.example.com */
	const char *zone;   /* more lines */
	enum auth_result result;
	const char *says;   /* a part of the problem, or the explanation */
	const char *ip, *mail_from, *helo; /* NULL: 192.0.2.3, SENDER, mx.example.org */
};

static const char common[] =
	"pass.example.org TXT \"v=spf1 +all\"\n"
	"fail.example.org TXT \"v=spf1 -all exp=never.example.org\"\n"
	"never.example.org TXT \"never to be seen\"\n"
	"soft.example.org TXT \"v=spf1 ~all\"\n"
	"neutral.example.org TXT \"v=spf1 ?all\"\n"
	"nothing.example.org TXT \"v=spf1\"\n"
	"none.example.org TXT \"another thing\"\n"
	"broken.example.org TXT \"v=spf1 moo\"\n"
	"two.example.org TXT \"v=spf1 ?all\"\n"
	"two.example.org TXT \"V=SPF1 +all\"\n"
	"slow.example.org * !TIMEOUT\n"
	"sick.example.org * !SERVFAIL\n"
	"bogus.example.org * !BOGUS\n"
	"here.example.org A 192.0.2.3\n"
	"here.example.org AAAA 2001:db8::cb01\n"
	"else.example.org A 198.51.100.1\n";

static void open_case(struct spf_zone *zone, const struct spf_test *test)
{
	struct buf text;
	buf_init(&text, (size_t)1 << 20);
	buf_printf(&text, "email.example.com TXT \"%s\"\n%s%s", test->record, test->zone ? test->zone : "", common);
	spf_zone_open(zone, buf_str(&text));
	buf_fini(&text);
}

static struct verdict_spf check_case(struct spf_zone *zone, const struct spf_test *test)
{
	return spf_zone_check(zone, test->ip ? test->ip : "192.0.2.3",
		str_from(test->helo ? test->helo : "mx.example.org"),
		str_from(test->mail_from ? test->mail_from : SENDER));
}

static void check_cases(const struct spf_test *tests, size_t count)
{
	size_t wrong = 0;
	for (size_t i = 0; i < count; i++) {
		const struct spf_test *test = &tests[i];
		struct spf_zone zone;
		open_case(&zone, test);
		struct verdict_spf verdict = check_case(&zone, test);
		struct str said = verdict.result == AUTH_FAIL ? verdict.explanation : verdict.problem;
		bool right = verdict.result == test->result;
		if (test->says && verdict.result == AUTH_FAIL)
			right = right && str_eq(said, str_from(test->says)) && said.ptr;
		else if (test->says)
			right = right && str_find(said, str_from(test->says)) != SIZE_MAX;
		else if (test->result == AUTH_PERMERROR)
			right = right && str_find(said, STR("(RFC 7208 section")) != SIZE_MAX;
		else if (test->result != AUTH_NONE)
			right = right && !said.ptr;
		if (!right)
			print_error("%s: %s \"%.*s\"\n", test->record, auth_result_text(verdict.result), STR_FMT(said));
		wrong += !right;
		spf_zone_close(&zone);
	}
	assert_int_equal(wrong, 0);
}

#define USUAL NULL, NULL, NULL
#define CHECK(tests) check_cases(tests, sizeof(tests) / sizeof((tests)[0]))

/* RFC 7208 section 7.4, its examples. */
static void test_macro_examples(void **state)
{
	static const struct {
		const char *spec, *name, *ip;
	} cases[] = {
		{"%{s}", "strong-bad@email.example.com", NULL},
		{"%{o}", "email.example.com", NULL},
		{"%{d}", "email.example.com", NULL},
		{"%{d4}", "email.example.com", NULL},
		{"%{d3}", "email.example.com", NULL},
		{"%{d2}", "example.com", NULL},
		{"x.%{d1}", "x.com", NULL},
		{"%{dr}", "com.example.email", NULL},
		{"%{d2r}", "example.email", NULL},
		{"%{l}.x", "strong-bad.x", NULL},
		{"%{l}.x.com", "strong-bad.x.com", NULL},
		{"%{l-}", "strong.bad", NULL},
		{"%{lr}.x.com", "strong-bad.x.com", NULL},
		{"%{lr-}", "bad.strong", NULL},
		{"%{l1r-}.x.com", "strong.x.com", NULL},
		{"%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com", NULL},
		{"%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com", NULL},
		{"%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com", NULL},
		{"%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com", NULL},
		{"%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net", NULL},
		{"%{ir}.%{v}._spf.%{d2}",
			"1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com",
			"2001:db8::cb01"},
		{"%{i}.com", "2.0.0.1.0.d.b.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.c.b.0.1.com", "2001:db8::cb01"},
		/* more than the section has */
		{"%{h2}", "example.org", NULL},
		{"%{HR}", "org.example.mx", NULL},
		{"%{dR}", "com.example.email", NULL},
		{"%{d01r}.com", "email.com", NULL},
		{"%{d99999999999999999999}", "email.example.com", NULL},
		{"%{s1r@.-}.com", NULL, NULL}, /* "@" is no delimiter */
		{"%{s2r-.}", "bad@email.strong", NULL},
		{"%{o1r+,/_=.-}.com", "email.com", NULL},
		{"%%.%_.%-.com", "%. .%20.com", NULL},
		{"%{S}", "strong-bad%40email.example.com", NULL},
		{"%{I}.com", "192.0.2.3.com", NULL},
		{"%{d}%{v}", "email.example.comin-addr", NULL},
		{"a}{b.com", "a}{b.com", NULL},
		{"%{p}", "unknown", NULL},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct spf_zone zone;
		char record[200];
		snprintf(record, sizeof(record), "v=spf1 exists:%s", cases[i].spec);
		struct spf_test test = {.record = record, .ip = cases[i].ip};
		open_case(&zone, &test);
		struct verdict_spf verdict = check_case(&zone, &test);
		size_t count = dns_session_count(zone.session);
		if (!cases[i].name) {
			assert_int_equal(verdict.result, AUTH_PERMERROR);
		} else {
			const struct dns_answer *last = dns_session_at(zone.session, count - 1);
			if (!str_eq(last->name, str_from(cases[i].name)))
				fail_msg("%s: %.*s", cases[i].spec, STR_FMT(last->name));
			assert_int_equal(last->type, DNS_A);
		}
		spf_zone_close(&zone);
	}
}

static void test_macro_syntax(void **state)
{
	static const struct spf_test tests[] = {
		{"v=spf1 exists:%{d0}", NULL, AUTH_PERMERROR, "section 7.3", USUAL},
		{"v=spf1 exists:%{dr2}", NULL, AUTH_PERMERROR, "section 7.1", USUAL},
		{"v=spf1 exists:%{}", NULL, AUTH_PERMERROR, "section 7.2", USUAL},
		{"v=spf1 exists:%{d", NULL, AUTH_PERMERROR, "section 7.1", USUAL},
		{"v=spf1 exists:%{x}", NULL, AUTH_PERMERROR, "section 7.2", USUAL},
		{"v=spf1 exists:%{c}", NULL, AUTH_PERMERROR, "explanations only", USUAL},
		{"v=spf1 exists:%{R}.com", NULL, AUTH_PERMERROR, "explanations only", USUAL},
		{"v=spf1 exists:%{t}.com", NULL, AUTH_PERMERROR, "explanations only", USUAL},
		{"v=spf1 -all unknown=%{t}", NULL, AUTH_PERMERROR, "explanations only", USUAL},
		{"v=spf1 exists:%{d:}", NULL, AUTH_PERMERROR, NULL, USUAL},
		{"v=spf1 exists:%{d}.", NULL, AUTH_PERMERROR, "top label", USUAL},
		{"v=spf1 exists:%{d}com", NULL, AUTH_PERMERROR, NULL, USUAL},
		{"v=spf1 exists:%d.com", NULL, AUTH_PERMERROR, NULL, USUAL},
		{"v=spf1 ?all x=%", NULL, AUTH_PERMERROR, NULL, USUAL},
		{"v=spf1 ?all x=%%%_%-%{d}", NULL, AUTH_NEUTRAL, NULL, USUAL},
		{"v=spf1 ?all x=", NULL, AUTH_NEUTRAL, NULL, USUAL},
		{"v=spf1 ?all A-b_c.9=:/=", NULL, AUTH_NEUTRAL, NULL, USUAL},
	};
	(void)state;
	CHECK(tests);
}

/* STANDARDS.md 6.5: what others got wrong. */
static void test_common_mistakes(void **state)
{
	static const struct spf_test tests[] = {
		/* %{d} is the current domain, %{o} the sender's */
		{"v=spf1 include:inc.example.org -all", "inc.example.org TXT \"v=spf1 exists:%{d}.%{o}\"\n"
			"inc.example.org.email.example.com A 127.0.0.2\n", AUTH_PASS, NULL, USUAL},
		{"v=spf1 redirect=red.example.org", "red.example.org TXT \"v=spf1 a:%{d}.%{o} -all\"\n"
			"red.example.org.email.example.com A 192.0.2.3\n", AUTH_PASS, NULL, USUAL},
		/* macros in mx, and in the target of ptr */
		{"v=spf1 mx:%{d2} -all", "example.com MX 5 here.example.org\n", AUTH_PASS, NULL, USUAL},
		{"v=spf1 ptr:%{h2} -all", "3.2.0.192.in-addr.arpa PTR here.Example.ORG\n", AUTH_PASS, NULL, USUAL},
		/* a redirect inside an include is the include's own */
		{"v=spf1 include:inc.example.org ?all", "inc.example.org TXT \"v=spf1 redirect=fail.example.org\"\n",
			AUTH_NEUTRAL, NULL, USUAL},
		{"v=spf1 include:inc.example.org ?all", "inc.example.org TXT \"v=spf1 redirect=pass.example.org\"\n",
			AUTH_PASS, NULL, USUAL},
		/* errors behind a match, behind all, and in a modifier */
		{"v=spf1 ip4:192.0.2.3 a:museum", NULL, AUTH_PERMERROR, "a:museum: ", USUAL},
		{"v=spf1 +all ip4:1.2.3", NULL, AUTH_PERMERROR, "ip4:1.2.3: ", USUAL},
		{"v=spf1 +all redirect=", NULL, AUTH_PERMERROR, "redirect=: ", USUAL},
		{"v=spf1 +all exp=", NULL, AUTH_PERMERROR, "exp=: ", USUAL},
		{"v=spf1 +all exp=a.b exp=a.b", NULL, AUTH_PERMERROR, "more than once", USUAL},
		{"v=spf1 +all redirect=a.b REDIRECT=a.b", NULL, AUTH_PERMERROR, "more than once", USUAL},
		/* none in an include is an error; all makes redirect nothing */
		{"v=spf1 include:none.example.org +all", NULL, AUTH_PERMERROR, "no SPF record there", USUAL},
		{"v=spf1 include:broken.example.org +all", NULL, AUTH_PERMERROR,
			"moo in the record of broken.example.org: no such mechanism", USUAL},
		{"v=spf1 redirect=pass.example.org ?all", NULL, AUTH_NEUTRAL, NULL, USUAL},
		{"v=spf1 redirect=pass.example.org ip4:198.51.100.0/24", NULL, AUTH_PASS, NULL, USUAL},
		/* families */
		{"v=spf1 ip4:192.0.2.0/24 -all", NULL, AUTH_PASS, NULL, "::ffff:192.0.2.3", NULL, NULL},
		{"v=spf1 ip6:::ffff:192.0.2.3 ?all", NULL, AUTH_NEUTRAL, NULL, "::ffff:192.0.2.3", NULL, NULL},
		{"v=spf1 a:here.example.org/0 ?all", NULL, AUTH_NEUTRAL, NULL, "2001:db8::1", NULL, NULL},
		{"v=spf1 a:here.example.org//0 ?all", NULL, AUTH_PASS, NULL, "2001:db9::1", NULL, NULL},
		{"v=spf1 ip6:::/0 ?all", NULL, AUTH_NEUTRAL, NULL, USUAL},
		{"v=spf1 ip4:0.0.0.0/0 ?all", NULL, AUTH_NEUTRAL, NULL, "2001:db8::1", NULL, NULL},
		{"v=spf1 exists:here.example.org ?all", NULL, AUTH_PASS, NULL, "2001:db8::1", NULL, NULL},
	};
	(void)state;
	CHECK(tests);
}

static void test_common_syntax(void **state)
{
	static const struct spf_test tests[] = {
		/* numbers and networks */
		{"v=spf1 ip4:1.2.3.4/032", NULL, AUTH_PERMERROR, "prefix length", USUAL},
		{"v=spf1 ip4:1.2.3.4/", NULL, AUTH_PERMERROR, "prefix length", USUAL},
		{"v=spf1 ip4:1.2.3.04", NULL, AUTH_PERMERROR, "IPv4", USUAL},
		{"v=spf1 ip4:::1", NULL, AUTH_PERMERROR, "IPv4", USUAL},
		{"v=spf1 ip6:1.2.3.4", NULL, AUTH_PERMERROR, "IPv6", USUAL},
		{"v=spf1 ip6:2001:db8::/129", NULL, AUTH_PERMERROR, "prefix length", USUAL},
		{"v=spf1 ip6:fe80::1%eth0", NULL, AUTH_PERMERROR, "IPv6", USUAL},
		{"v=spf1 ip4=192.0.2.3 ?all", NULL, AUTH_NEUTRAL, NULL, USUAL},
		{"v=spf1 a/08", NULL, AUTH_PERMERROR, "prefix length", USUAL},
		{"v=spf1 a/", NULL, AUTH_PERMERROR, "a/: ", USUAL},
		{"v=spf1 a//", NULL, AUTH_PERMERROR, "a//: ", USUAL},
		{"v=spf1 a/24//", NULL, AUTH_PERMERROR, "a/24//: ", USUAL},
		{"v=spf1 a//64/24", NULL, AUTH_PERMERROR, "a//64/24: ", USUAL},
		{"v=spf1 a/24//64//64", NULL, AUTH_PERMERROR, "a/24//64//64: ", USUAL},
		{"v=spf1 mx:example.com/99999999999999999999", NULL, AUTH_PERMERROR, "prefix length", USUAL},
		/* names */
		{"v=spf1 a:museum", NULL, AUTH_PERMERROR, "several labels", USUAL},
		{"v=spf1 a:111.222.33.44", NULL, AUTH_PERMERROR, "ip4: or ip6:", USUAL},
		{"v=spf1 a:x.com.-", NULL, AUTH_PERMERROR, "top label", USUAL},
		{"v=spf1 a:x.c-", NULL, AUTH_PERMERROR, "top label", USUAL},
		{"v=spf1 a:x.1-2 ?all", NULL, AUTH_NEUTRAL, NULL, USUAL},
		{"v=spf1 a:x.c_m", NULL, AUTH_PERMERROR, NULL, USUAL},
		{"v=spf1 include:", NULL, AUTH_PERMERROR, "a domain is missing", USUAL},
		{"v=spf1 include", NULL, AUTH_PERMERROR, "a domain is missing", USUAL},
		{"v=spf1 include/24", NULL, AUTH_PERMERROR, NULL, USUAL},
		{"v=spf1 ptr:", NULL, AUTH_PERMERROR, "a domain is missing", USUAL},
		{"v=spf1 all:x.com", NULL, AUTH_PERMERROR, "no argument", USUAL},
		/* spaces, case, qualifiers, charset */
		{"v=spf1   ip4:192.0.2.3   ", NULL, AUTH_PASS, NULL, USUAL},
		{"V=SPF1 IP4:192.0.2.3 -ALL", NULL, AUTH_PASS, NULL, USUAL},
		{"v=spf1 InClUdE:pass.example.org", NULL, AUTH_PASS, NULL, USUAL},
		{"v=spf1 ReDiReCt=pass.example.org", NULL, AUTH_PASS, NULL, USUAL},
		{"v=spf1 ~ip4:192.0.2.3", NULL, AUTH_SOFTFAIL, NULL, USUAL},
		{"v=spf1 --all", NULL, AUTH_PERMERROR, "no such mechanism", USUAL},
		{"v=spf1 -", NULL, AUTH_PERMERROR, "no such mechanism", USUAL},
		{"v=spf1 +redirect=pass.example.org", NULL, AUTH_PERMERROR, "no such mechanism", USUAL},
		{"v=spf1\\009+all", NULL, AUTH_NONE, NULL, USUAL},
		{"v=spf1 x\\009y ?all", NULL, AUTH_PERMERROR, NULL, USUAL},
		{"v=spf1 ?all x=\\195\\188", NULL, AUTH_PERMERROR, "ASCII", USUAL},
		{" v=spf1 +all", NULL, AUTH_NONE, NULL, USUAL},
		{"v=spf1", "email.example.com TXT \"v=spf10\"\nemail.example.com TXT \"\\255\"\n",
			AUTH_NEUTRAL, NULL, USUAL},
		/* a name that is not there is no error */
		{"v=spf1 a:no.example.org mx:no2.example.org ?all", NULL, AUTH_NEUTRAL, NULL, USUAL},
		{"v=spf1 exists:no.example.org ?all", NULL, AUTH_NEUTRAL, NULL, USUAL},
	};
	(void)state;
	CHECK(tests);
}

/* Section 5.2's table, and what a redirect makes of each result (section 6.1). */
static void test_results_of_others(void **state)
{
	static const struct {
		const char *host;
		enum auth_result included, redirected;
	} cases[] = {
		{"pass", AUTH_SOFTFAIL, AUTH_PASS},
		{"fail", AUTH_NEUTRAL, AUTH_FAIL},
		{"soft", AUTH_NEUTRAL, AUTH_SOFTFAIL},
		{"neutral", AUTH_NEUTRAL, AUTH_NEUTRAL},
		{"nothing", AUTH_NEUTRAL, AUTH_NEUTRAL},
		{"none", AUTH_PERMERROR, AUTH_PERMERROR},
		{"absent", AUTH_PERMERROR, AUTH_PERMERROR},
		{"broken", AUTH_PERMERROR, AUTH_PERMERROR},
		{"two", AUTH_PERMERROR, AUTH_PERMERROR},
		{"slow", AUTH_TEMPERROR, AUTH_TEMPERROR},
		{"sick", AUTH_TEMPERROR, AUTH_TEMPERROR},
		{"bogus", AUTH_TEMPERROR, AUTH_TEMPERROR},
	};
	(void)state;
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		struct spf_zone zone;
		char record[100];
		bool redirect = i % 2;
		snprintf(record, sizeof(record), redirect ? "v=spf1 redirect=%s.example.org" :
			"v=spf1 ~include:%s.example.org ?all", cases[i / 2].host);
		struct spf_test test = {.record = record};
		open_case(&zone, &test);
		struct verdict_spf verdict = check_case(&zone, &test);
		if (verdict.result != (redirect ? cases[i / 2].redirected : cases[i / 2].included))
			fail_msg("%s: %s", record, auth_result_text(verdict.result));
		assert_int_equal(verdict.lookups, 1);
		spf_zone_close(&zone);
	}
}

/* Section 5: an error of the DNS ends the check, but for ptr and %{p} (sections 5.5, 7.3). */
static void test_dns_errors(void **state)
{
	static const struct spf_test tests[] = {
		{"v=spf1 a:slow.example.org +all", NULL, AUTH_TEMPERROR, "a:slow.example.org: ", USUAL},
		{"v=spf1 mx:sick.example.org +all", NULL, AUTH_TEMPERROR, "section 5", USUAL},
		{"v=spf1 mx:m.example.org +all", "m.example.org MX 1 sick.example.org\n",
			AUTH_TEMPERROR, "section 5", USUAL},
		{"v=spf1 exists:bogus.example.org +all", NULL, AUTH_TEMPERROR, "section 5", USUAL},
		{"v=spf1 ip4:192.0.2.3 a:slow.example.org -all", NULL, AUTH_PASS, NULL, USUAL},
		{"v=spf1 ptr ?all", "3.2.0.192.in-addr.arpa PTR !SERVFAIL\n", AUTH_NEUTRAL, NULL, USUAL},
		{"v=spf1 ptr:example.org ?all", "3.2.0.192.in-addr.arpa PTR sick.example.org\n"
			"3.2.0.192.in-addr.arpa PTR here.example.org\n", AUTH_PASS, NULL, USUAL},
		{"v=spf1 exists:%{p}.x.com ?all", "3.2.0.192.in-addr.arpa PTR !TIMEOUT\nunknown.x.com A 127.0.0.2\n",
			AUTH_PASS, NULL, USUAL},
		/* an empty or too long label: no match, and no question (section 4.8) */
		{"v=spf1 a:a..example.org exists:.com a:b..example.org a:c..example.org ?all", NULL,
			AUTH_NEUTRAL, NULL, USUAL},
		{"v=spf1 a:" LABEL63 "x.com ?all", NULL, AUTH_NEUTRAL, NULL, USUAL},
		{"v=spf1 include:a..example.org ?all", NULL, AUTH_PERMERROR, "several labels", USUAL},
		{"v=spf1 include:%{d1} ?all", NULL, AUTH_PERMERROR, "several labels", USUAL},
		{"v=spf1 redirect=a..example.org", NULL, AUTH_PERMERROR, "several labels", USUAL},
		/* a null MX names nobody (RFC 7505), and is no void look-up */
		{"v=spf1 mx:n.example.org mx:n.example.org mx:n.example.org ?all", "n.example.org MX 0 .\n",
			AUTH_NEUTRAL, NULL, USUAL},
	};
	(void)state;
	CHECK(tests);
}

static void test_explanations(void **state)
{
	static const struct spf_test tests[] = {
		{"v=spf1 -all exp=e.example.org", "e.example.org TXT \"%{c} %{r} %{t} %{i} %{h} %{l}%%%_%-\"\n",
			AUTH_FAIL,
			"192.0.2.3 unknown 1790000000 192.0.2.3 mx.example.org strong-bad% %20", USUAL},
		{"v=spf1 -all exp=e.example.org", "e.example.org TXT \"%{C} %{c}\"\n", AUTH_FAIL,
			"2001%3Adb8%3A%3Acb01 2001:db8::cb01", "2001:db8::cb01", NULL, NULL},
		{"v=spf1 -all exp=e.example.org", "e.example.org TXT \"see \" \"http://%{d}/?s=%{S}\"\n", AUTH_FAIL,
			"see http://email.example.com/?s=strong-bad%40email.example.com", USUAL},
		{"v=spf1 exp=e.%{d} -all", "e.email.example.com TXT \"\"\n", AUTH_FAIL, "", USUAL},
		{"v=spf1 -all exp=e.example.org.", "e.example.org TXT \"dot.\"\n", AUTH_FAIL, "dot.", USUAL},
		{"v=spf1 -ip4:192.0.2.3 exp=e.example.org", "e.example.org TXT \"by ip4\"\n",
			AUTH_FAIL, "by ip4", USUAL},
		/* dropped */
		{"v=spf1 -all exp=e.example.org", "e.example.org TXT \"a\\009b\"\n", AUTH_FAIL, NULL, USUAL},
		{"v=spf1 -all exp=e.example.org", "e.example.org TXT \"\\195\\188\"\n", AUTH_FAIL, NULL, USUAL},
		{"v=spf1 -all exp=e.example.org", "e.example.org TXT \"%\"\n", AUTH_FAIL, NULL, USUAL},
		{"v=spf1 -all exp=e.example.org", "e.example.org TXT \"a\"\ne.example.org TXT \"b\"\n",
			AUTH_FAIL, NULL, USUAL},
		{"v=spf1 -all exp=e..example.org", NULL, AUTH_FAIL, NULL, USUAL},
		{"v=spf1 -all exp=slow.example.org", NULL, AUTH_FAIL, NULL, USUAL},
		{"v=spf1 -all exp=bogus.example.org", NULL, AUTH_FAIL, NULL, USUAL},
		{"v=spf1 -all exp=e.example.org", "e.example.org TXT \"%{l}\"\n", AUTH_FAIL, NULL, NULL,
			"\303\274@email.example.com", NULL},
		/* whose: the redirect's, its domain's, never the include's */
		{"v=spf1 redirect=r.example.org exp=never.example.org", "r.example.org TXT \"v=spf1 -all\"\n",
			AUTH_FAIL, NULL, USUAL},
		{"v=spf1 redirect=r.example.org exp=never.example.org", "r.example.org TXT \"v=spf1 exp=e.%{d} -all\"\n"
			"e.r.example.org TXT \"%{d} not %{o}\"\n", AUTH_FAIL,
			"r.example.org not email.example.com", USUAL},
		{"v=spf1 -include:i.example.org", "i.example.org TXT \"v=spf1 +all exp=never.example.org\"\n",
			AUTH_FAIL, NULL, USUAL},
		{"v=spf1 include:fail.example.org -all", NULL, AUTH_FAIL, NULL, USUAL},
		/* asked after all, and free */
		{"v=spf1 a:v1.example.org a:v2.example.org -all exp=v3.example.org", NULL, AUTH_FAIL, NULL, USUAL},
		{"v=spf1 -all exp=e.example.org",
			"e.example.org TXT \"%{p}\"\n3.2.0.192.in-addr.arpa PTR here.example.org\n",
			AUTH_FAIL, "here.example.org", USUAL},
		{"v=spf1 a:v1.example.org a:v2.example.org -all exp=e.example.org", "e.example.org TXT \"%{p} %{P}\"\n",
			AUTH_FAIL, "unknown unknown", USUAL},
	};
	(void)state;
	CHECK(tests);
}

/* Section 4.6.4, exactly at and one beyond. %1$s-like patterns repeat a term. */
static void check_limit(const char *head, const char *pattern, unsigned count, const char *tail, const char *zone,
	enum auth_result result, unsigned lookups, unsigned void_lookups)
{
	struct buf record;
	struct spf_zone opened;
	buf_init(&record, 4000);
	buf_add_str(&record, str_from(head));
	for (unsigned i = 0; i < count; i++)
		buf_printf(&record, " %s%u.example.net", pattern, i);
	buf_add_str(&record, str_from(tail));
	/* strings have 255 bytes at most */
	struct buf quoted;
	buf_init(&quoted, 8000);
	for (struct str rest = buf_str(&record); rest.len > 0; rest = str_from_offset(rest, 200))
		buf_printf(&quoted, "%s%.*s", quoted.len > 0 ? "\" \"" : "", STR_FMT(str_sub(rest, 0, 200)));
	struct spf_test test = {.record = buf_cstr(&quoted), .zone = zone};
	open_case(&opened, &test);
	struct verdict_spf verdict = check_case(&opened, &test);
	if (verdict.result != result || verdict.lookups != lookups || verdict.void_lookups != void_lookups)
		fail_msg("%s %u: %s, %u look-ups, %u void: %.*s", pattern, count, auth_result_text(verdict.result),
			(unsigned)verdict.lookups, (unsigned)verdict.void_lookups, STR_FMT(verdict.problem));
	spf_zone_close(&opened);
	buf_fini(&record);
	buf_fini(&quoted);
}

static void test_limit_of_terms(void **state)
{
	static const char there[] =
		"a0.example.net A 10.0.0.1\na1.example.net A 10.0.0.1\na2.example.net A 10.0.0.1\n"
		"a3.example.net A 10.0.0.1\na4.example.net A 10.0.0.1\na5.example.net A 10.0.0.1\n"
		"a6.example.net A 10.0.0.1\na7.example.net A 10.0.0.1\na8.example.net A 10.0.0.1\n"
		"a9.example.net A 10.0.0.1\na10.example.net A 10.0.0.1\n"
		"i.example.org TXT \"v=spf1 a:a0.example.net a:a1.example.net a:a2.example.net\"\n"
		"3.2.0.192.in-addr.arpa PTR x.example.org\n"
		"i10.example.org TXT \"v=spf1 ip4:192.0.2.3\"\n";
	(void)state;
	check_limit("v=spf1", "a:a", 10, " ip4:192.0.2.3 -all", there, AUTH_PASS, 10, 0);
	check_limit("v=spf1", "a:a", 11, " ip4:192.0.2.3 -all", there, AUTH_PERMERROR, 10, 0);
	check_limit("v=spf1", "exists:a", 1, "", there, AUTH_PASS, 1, 0);
	/* over the whole recursion, each kind of term */
	check_limit("v=spf1 include:i.example.org", "a:a", 6, " ip4:192.0.2.3", there, AUTH_PASS, 10, 0);
	check_limit("v=spf1 include:i.example.org", "a:a", 7, " ip4:192.0.2.3", there, AUTH_PERMERROR, 10, 0);
	check_limit("v=spf1", "a:a", 9, " redirect=i10.example.org", there, AUTH_PASS, 10, 0);
	check_limit("v=spf1", "a:a", 10, " redirect=i10.example.org", there, AUTH_PERMERROR, 10, 0);
	check_limit("v=spf1", "a:a", 9, " include:i10.example.org", there, AUTH_PASS, 10, 0);
	check_limit("v=spf1", "a:a", 10, " include:i10.example.org", there, AUTH_PERMERROR, 10, 0);
	check_limit("v=spf1", "a:a", 9, " ptr +all", there, AUTH_PASS, 10, 0);
	check_limit("v=spf1", "a:a", 10, " ptr +all", there, AUTH_PERMERROR, 10, 0);
	/* a match before them, and exp, cost nothing */
	check_limit("v=spf1 ip4:192.0.2.3", "a:a", 11, "", there, AUTH_PASS, 0, 0);
	check_limit("v=spf1", "a:a", 10, " -all exp=none.example.org", there, AUTH_FAIL, 10, 0);
}

static void test_limit_of_void(void **state)
{
	static const char some[] = "b.example.org MX 1 v0.example.net\nb.example.org MX 2 v1.example.net\n"
		"b.example.org MX 3 here.example.org\n"
		"c.example.org MX 0 v0.example.net\nc.example.org MX 1 v1.example.net\n"
		"c.example.org MX 2 v2.example.net\n"
		"i.example.org TXT \"v=spf1 a:v1.example.net\"\n"
		"six.example.org AAAA 2001:db8::1\n"
		"3.2.0.192.in-addr.arpa PTR v5.example.net\n3.2.0.192.in-addr.arpa PTR v6.example.net\n"
		"3.2.0.192.in-addr.arpa PTR v7.example.net\n";
	(void)state;
	check_limit("v=spf1", "a:v", 2, " ip4:192.0.2.3", NULL, AUTH_PASS, 2, 2);
	check_limit("v=spf1", "a:v", 3, " ip4:192.0.2.3", NULL, AUTH_PERMERROR, 3, 2);
	check_limit("v=spf1", "mx:v", 3, " ip4:192.0.2.3", NULL, AUTH_PERMERROR, 3, 2);
	check_limit("v=spf1", "exists:v", 3, " ip4:192.0.2.3", NULL, AUTH_PERMERROR, 3, 2);
	check_limit("v=spf1 include:i.example.org", "a:v", 1, " ip4:192.0.2.3", some, AUTH_PASS, 3, 2);
	check_limit("v=spf1 include:i.example.org", "a:v", 2, " ip4:192.0.2.3", some, AUTH_PERMERROR, 4, 2);
	/* a name with another type is void as well, and one question of a term is one */
	check_limit("v=spf1 a:six.example.org", "a:v", 1, " ip4:192.0.2.3", some, AUTH_PASS, 2, 2);
	check_limit("v=spf1 mx:b.example.org", "a:v", 0, "", some, AUTH_PASS, 1, 2);
	check_limit("v=spf1 mx:c.example.org", "a:v", 0, "", some, AUTH_PERMERROR, 1, 2);
	/* the same name again is void again */
	check_limit("v=spf1 a:v0.example.net", "a:v", 1, " a:v0.example.net +all", NULL, AUTH_PERMERROR, 3, 2);
	/* the client has no name: the term is void; what names it has are not the record's doing */
	check_limit("v=spf1 ptr", "a:v", 1, " +all", NULL, AUTH_PASS, 2, 2);
	check_limit("v=spf1 ptr", "a:v", 2, " +all", NULL, AUTH_PERMERROR, 3, 2);
	check_limit("v=spf1 ptr:example.net", "a:v", 2, " +all", some, AUTH_PASS, 3, 2);
	check_limit("v=spf1 exists:%{p}.example.org", "a:v", 1, " +all", NULL, AUTH_PASS, 2, 2);
}

static void test_limit_of_names(void **state)
{
	(void)state;
	for (unsigned count = 10; count <= 11; count++) {
		struct buf zone;
		buf_init(&zone, 10000);
		for (unsigned i = 1; i <= count; i++)
			buf_printf(&zone, "m.example.org MX %u h%u.example.org\nh%u.example.org A 192.0.2.%u\n"
				"3.2.0.192.in-addr.arpa PTR h%u.example.org\n", i, i, i, i == count ? 3 : 100 + i, i);
		check_limit("v=spf1 mx:m.example.org", "", 0, " -all", buf_cstr(&zone),
			count == 10 ? AUTH_PASS : AUTH_PERMERROR, 1, 0);
		check_limit("v=spf1 ptr:example.org", "", 0, " -all", buf_cstr(&zone),
			count == 10 ? AUTH_PASS : AUTH_FAIL, 1, 0);
		check_limit("v=spf1 exists:%{p}.example.org", "", 0, " -all", buf_cstr(&zone), AUTH_FAIL, 1, 1);
		buf_fini(&zone);
	}
}

/* Each at its value and one below what is needed. */
static void test_other_limits(void **state)
{
	static const struct spf_test tests[] = {
		{"v=spf1 a:else.example.org a:here.example.org -all", NULL, AUTH_PASS, NULL, USUAL},
		{"v=spf1 a:v1.example.org ip4:192.0.2.3 -all", NULL, AUTH_PASS, NULL, USUAL},
		{"v=spf1 mx:m.example.org -all",
			"m.example.org MX 1 else.example.org\nm.example.org MX 2 here.example.org\n",
			AUTH_PASS, NULL, USUAL},
	};
	static const struct verify_limits enough[] = {
		{.spf_lookups = 2, .spf_void_lookups = 1, .spf_names = 1},
		{.spf_lookups = 1, .spf_void_lookups = 1, .spf_names = 1},
		{.spf_lookups = 1, .spf_void_lookups = 1, .spf_names = 2},
	}, too_few[] = {
		{.spf_lookups = 1, .spf_void_lookups = 1, .spf_names = 1},
		{.spf_lookups = 1, .spf_void_lookups = 0, .spf_names = 1},
		{.spf_lookups = 1, .spf_void_lookups = 1, .spf_names = 1},
	};
	(void)state;
	for (size_t i = 0; i < 6; i++) {
		struct spf_zone opened;
		open_case(&opened, &tests[i / 2]);
		opened.verify.limits = i % 2 ? too_few[i / 2] : enough[i / 2];
		assert_int_equal(check_case(&opened, &tests[i / 2]).result, i % 2 ? AUTH_PERMERROR : AUTH_PASS);
		spf_zone_close(&opened);
	}
}

/* Section 7.3: the domain itself, else a name below it, else any; and never one that does not lead back. */
static void test_validated_name(void **state)
{
	static const char names[] =
		"3.2.0.192.in-addr.arpa PTR forged.email.example.com\n"
		"3.2.0.192.in-addr.arpa PTR any.example.org\n"
		"3.2.0.192.in-addr.arpa PTR a.email.example.com\n"
		"3.2.0.192.in-addr.arpa PTR b.email.example.com\n"
		"3.2.0.192.in-addr.arpa PTR Email.Example.Com\n"
		"forged.email.example.com A 198.51.100.9\n"
		"any.example.org A 192.0.2.3\nb.email.example.com A 192.0.2.3\nb.email.example.com A 192.0.2.4\n";
	static const struct {
		const char *more, *found;
	} cases[] = {
		{"", "b.email.example.com"},
		{"email.example.com A 192.0.2.3\n", "email.example.com"},
		{"a.email.example.com A 192.0.2.3\n", "a.email.example.com"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf zone;
		struct spf_zone opened;
		buf_init(&zone, 10000);
		buf_printf(&zone, "%s%se.example.org TXT \"%%{p}\"\n", names, cases[i].more);
		struct spf_test test = {.record = "v=spf1 -all exp=e.example.org", .zone = buf_cstr(&zone)};
		open_case(&opened, &test);
		struct verdict_spf verdict = check_case(&opened, &test);
		if (!str_eq_nocase(verdict.explanation, str_from(cases[i].found)))
			fail_msg("%.*s", STR_FMT(verdict.explanation));
		spf_zone_close(&opened);
		buf_fini(&zone);
	}
}

/* Section 7.3: 253 bytes by whole labels from the left. */
static void test_long_names(void **state)
{
	(void)state;
	for (size_t local = 1; local < 300; local++) {
		char mail_from[400] = {0};
		struct spf_zone zone;
		memset(mail_from, 'x', local);
		if (local > 20)
			mail_from[local - 11] = '.';
		memcpy(mail_from + local, "@email.example.com", 18);
		struct spf_test test = {
			.record = "v=spf1 exists:%{l}." LABEL63 "." LABEL63 "." LABEL63 ".example",
			.mail_from = mail_from,
		};
		open_case(&zone, &test);
		struct verdict_spf verdict = check_case(&zone, &test);
		assert_int_equal(verdict.result, AUTH_NEUTRAL);
		size_t whole = local + 1 + 3 * 64 + 7, first = local > 20 ? local - 11 : local;
		struct str asked = dns_session_at(zone.session, dns_session_count(zone.session) - 1)->name;
		if (whole <= 253 && first > 0 && first <= 63) {
			assert_int_equal(asked.len, whole);
		} else if (whole > 253) {
			/* the first label goes; with the short second one it fits again */
			assert_int_equal(asked.len, local > 20 ? 10 + 1 + 3 * 64 + 7 : 3 * 64 + 7);
		}
		spf_zone_close(&zone);
	}
}

static void test_identities(void **state)
{
	static const struct spf_test tests[] = {
		{"v=spf1 exists:%{l}.%{o}", "postmaster.email.example.com A 127.0.0.2\n",
			AUTH_PASS, NULL, NULL, "@email.example.com", NULL},
		{"v=spf1 exists:%{l}.%{o}", "postmaster.email.example.com A 127.0.0.2\n",
			AUTH_PASS, NULL, NULL, "email.example.com", NULL},
		{"v=spf1 exists:%{l}.%{o}", "postmaster.email.example.com A 127.0.0.2\n",
			AUTH_PASS, NULL, NULL, "", "Email.Example.COM"},
		{"v=spf1 exists:%{l}.%{o}", "a@b.email.example.com A 127.0.0.2\n",
			AUTH_PASS, NULL, NULL, "a@b@email.example.com", NULL},
		{"v=spf1 +all", NULL, AUTH_PASS, NULL, NULL, "x@email.example.com.", NULL},
		{"v=spf1 +all", NULL, AUTH_NONE, "section 4.3", NULL, "x@com", NULL},
		{"v=spf1 +all", NULL, AUTH_NONE, "section 4.3", NULL, "x@", NULL},
		{"v=spf1 +all", NULL, AUTH_NONE, "section 4.3", NULL, "x@email..example.com", NULL},
		{"v=spf1 +all", NULL, AUTH_NONE, "section 4.3", NULL, "x@[192.0.2.3]", NULL},
		{"v=spf1 +all", NULL, AUTH_NONE, "section 4.3", NULL, "", ""},
		{"v=spf1 +all", NULL, AUTH_NONE, "section 4.3", NULL, "", "[192.0.2.3]"},
		{"v=spf1 +all", NULL, AUTH_NONE, NULL, NULL, "x@absent.example.org", NULL},
		{"v=spf1 +all", NULL, AUTH_TEMPERROR, "section 4.4", NULL, "x@slow.example.org", NULL},
		{"v=spf1 +all", NULL, AUTH_TEMPERROR, "section 4.4", NULL, "x@bogus.example.org", NULL},
		/* RFC 8616 section 4 */
		{"v=spf1 ?all", "xn--bcher-kva.example TXT \"v=spf1 exists:%{o}.%{d}.x.com -all\"\n"
			"xn--bcher-kva.example.xn--bcher-kva.example.x.com A 127.0.0.2\n", AUTH_PASS, NULL, NULL,
			"x@B\303\274cher.example", NULL},
		{"v=spf1 a:%{h} -all", "xn--bcher-kva.example A 192.0.2.3\n",
			AUTH_PASS, NULL, NULL, NULL, "b\303\274cher.example"},
		{"v=spf1 exists:%{l}.x.com include:%{l}.example.org +exists:%{s}.x.com a:%{L}.x.com ?all",
			"\\195\\188.x.com A 127.0.0.2\n%C3%BC.x.com A 192.0.2.3\n", AUTH_NEUTRAL, NULL, NULL,
			"\303\274@email.example.com", NULL},
		{"v=spf1 redirect=%{l}.example.org", NULL, AUTH_PERMERROR, "RFC 8616 section 4", NULL,
			"\303\274@email.example.com", NULL},
		{"v=spf1 exists:%{o}.x.com", "email.example.com.x.com A 127.0.0.2\n", AUTH_PASS, NULL, NULL,
			"\303\274@email.example.com", NULL},
	};
	(void)state;
	CHECK(tests);
}

/* HELO and MAIL FROM are two checks (sections 2.3, 2.4). */
static void test_helo_identity(void **state)
{
	struct spf_zone zone;
	struct spf_request request = {.helo = STR("pass.example.org"), .mail_from = STR("x@fail.example.org"),
		.helo_identity = true};
	struct verdict_spf verdict;
	struct spf_test test = {.record = "v=spf1 ?all"};
	(void)state;
	open_case(&zone, &test);
	assert_true(ip_parse(STR("192.0.2.3"), &request.ip));
	spf_check(&zone.verify, &request, &verdict);
	assert_int_equal(verdict.result, AUTH_PASS);
	assert_true(str_eq(verdict.identity, STR("helo")));
	assert_true(str_eq(verdict.domain, STR("pass.example.org")));
	assert_true(str_eq(verdict.sender, STR("postmaster@pass.example.org")));
	request.helo_identity = false;
	spf_check(&zone.verify, &request, &verdict);
	assert_int_equal(verdict.result, AUTH_FAIL);
	assert_true(str_eq(verdict.identity, STR("mailfrom")));
	assert_true(str_eq(verdict.domain, STR("fail.example.org")));
	assert_true(str_eq(verdict.explanation, STR("never to be seen")));
	request.ip.family = 0;
	spf_check(&zone.verify, &request, &verdict);
	assert_int_equal(verdict.result, AUTH_NONE);
	spf_zone_close(&zone);
}

static void test_verdict(void **state)
{
	struct spf_zone zone;
	struct spf_test test = {
		.record = "v=spf1 include:fail.example.org redirect=r.example.org",
		.zone = "r.example.org TXT \"v=spf1 ~a:here.example.org -all\"\n",
		.mail_from = "a\001b@Email.example.com",
		.ip = "::ffff:192.0.2.3",
	};
	(void)state;
	open_case(&zone, &test);
	struct verdict_spf verdict = check_case(&zone, &test);
	assert_int_equal(verdict.result, AUTH_SOFTFAIL);
	assert_true(str_eq(verdict.term, STR("~a:here.example.org")));
	assert_true(str_eq(verdict.record, str_from(test.record)));
	assert_true(str_eq(verdict.domain, STR("email.example.com")));
	assert_true(str_eq(verdict.sender, STR("a\\x01b@email.example.com")));
	assert_true(str_eq(verdict.ip, STR("192.0.2.3")));
	assert_int_equal(verdict.lookups, 3);
	assert_int_equal(dns_session_queries(zone.session), 4);
	spf_zone_close(&zone);
}

static void add_step(struct buf *out, const struct trace_step *step)
{
	buf_printf(out, "%u %.*s %.*s", (unsigned)step->depth, STR_FMT(step->kind), STR_FMT(step->name));
	if (step->value.ptr)
		buf_printf(out, " = %.*s", STR_FMT(step->value));
	if (step->result.ptr)
		buf_printf(out, " -> %.*s", STR_FMT(step->result));
	if (step->note.ptr)
		buf_printf(out, " (%.*s)", STR_FMT(step->note));
	buf_add_char(out, '\n');
}

static void test_trace(void **state)
{
	static const char expected[] =
		"0 identity mailfrom = " SENDER " (client 192.0.2.3)\n"
		"0 dns email.example.com TXT = \"v=spf1 ip4:10.0.0.0/8 include:%{d2} -exists:%{i}.x.com -all "
		"exp=e.%{d}\" -> NOERROR (SPF record)\n"
		"0 term ip4:10.0.0.0/8 -> no match\n"
		"0 term include:%{d2} = example.com -> include (look-up 1 of 10)\n"
		"1 dns example.com TXT = \"v=spf1 a\" -> NOERROR (SPF record)\n"
		"1 dns example.com A -> NODATA (address of an SPF term)\n"
		"1 term a = example.com -> no match (look-up 2 of 10)\n"
		"0 term include:%{d2} = example.com -> no match (look-up 1 of 10)\n"
		"0 dns 192.0.2.3.x.com A = 127.0.0.2 -> NOERROR (exists of an SPF term)\n"
		"0 term -exists:%{i}.x.com = 192.0.2.3.x.com -> match (look-up 3 of 10)\n"
		"0 dns e.email.example.com TXT = \"no, %{i}\" -> NOERROR (SPF explanation)\n"
		"0 explanation e.email.example.com = no, 192.0.2.3 -> used\n"
		"0 result email.example.com = -exists:%{i}.x.com -> fail (3 of 10 look-ups, 1 of 2 void)\n";
	struct spf_zone zone;
	struct spf_test test = {
		.record = "v=spf1 ip4:10.0.0.0/8 include:%{d2} -exists:%{i}.x.com -all exp=e.%{d}",
		.zone = "example.com TXT \"v=spf1 a\"\n192.0.2.3.x.com A 127.0.0.2\n"
			"e.email.example.com TXT \"no, %{i}\"\n",
	};
	struct buf steps;
	size_t count;
	(void)state;
	open_case(&zone, &test);
	zone.verify.trace = trace_open(zone.arena);
	(void)check_case(&zone, &test);
	const struct trace_step *step = trace_steps(zone.verify.trace, &count);
	buf_init(&steps, 10000);
	for (size_t i = 0; i < count; i++) {
		assert_true(str_eq(step[i].part, STR("spf")));
		add_step(&steps, &step[i]);
	}
	assert_string_equal(buf_cstr(&steps), expected);
	buf_fini(&steps);
	spf_zone_close(&zone);
}

/* A NUL hides nothing of what stands behind it. */
static void test_nul(void **state)
{
	struct spf_zone zone;
	struct spf_test test = {
		.record = "v=spf1 mx a:x\\000y -all",
		.zone = "email.example.com TXT \"o\\000p\"\nemail.example.com MX 10 m\\000n.example.org\n",
	};
	struct buf steps;
	size_t count;
	(void)state;
	open_case(&zone, &test);
	struct verdict_spf verdict = check_case(&zone, &test);
	assert_true(str_starts(verdict.problem, STR("a:x\\x00y: a character")));
	spf_zone_close(&zone);
	test.record = "v=spf1 mx ?all";
	open_case(&zone, &test);
	zone.verify.trace = trace_open(zone.arena);
	(void)check_case(&zone, &test);
	const struct trace_step *step = trace_steps(zone.verify.trace, &count);
	buf_init(&steps, 10000);
	for (size_t i = 0; i < count; i++)
		add_step(&steps, &step[i]);
	assert_non_null(strstr(buf_cstr(&steps), "TXT = \"v=spf1 mx ?all\", \"o\\x00p\" -> NOERROR"));
	assert_non_null(strstr(buf_cstr(&steps), "MX = 10 m\\x00n.example.org -> NOERROR"));
	assert_non_null(strstr(buf_cstr(&steps), "dns m\\x00n.example.org A -> NXDOMAIN"));
	buf_fini(&steps);
	spf_zone_close(&zone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_macro_examples),
		cmocka_unit_test(test_macro_syntax),
		cmocka_unit_test(test_common_mistakes),
		cmocka_unit_test(test_common_syntax),
		cmocka_unit_test(test_results_of_others),
		cmocka_unit_test(test_dns_errors),
		cmocka_unit_test(test_explanations),
		cmocka_unit_test(test_limit_of_terms),
		cmocka_unit_test(test_limit_of_void),
		cmocka_unit_test(test_limit_of_names),
		cmocka_unit_test(test_other_limits),
		cmocka_unit_test(test_validated_name),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_identities),
		cmocka_unit_test(test_helo_identity),
		cmocka_unit_test(test_verdict),
		cmocka_unit_test(test_trace),
		cmocka_unit_test(test_nul),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
