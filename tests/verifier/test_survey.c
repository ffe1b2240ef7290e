// SPDX-License-Identifier: Apache-2.0
/* What a domain publishes: findings on records that are missing, broken or pointless. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dns/replay.h"
#include "dns/session.h"
#include "verifier/survey.h"

#define ARENA_CEILING_BYTES ((size_t)64 * 1024 * 1024)

static struct arena *arena;
static struct psl *psl;
static struct verdict verdict;
static enum maybe silent;
static bool declared;

static void survey(const char *domain, const char *zone)
{
	struct dns *dns;
	struct error error;
	if (dns_replay_open(arena, STR("zone"), str_from(zone), &dns, &error))
		fail_msg("%s", error.text);
	struct dns_session *session = dns_session_open(arena, dns, DNS_QUERIES_MAX);
	struct verify verify = {.arena = arena, .dns = dns_session_dns(session), .trace = trace_open(arena),
		.limits = verify_limits_default()};
	struct dmarc_options options = {.method = DMARC_TREEWALK, .psl = psl};
	verdict = (struct verdict){.answers = STR_NONE};
	survey_dmarc(&verify, &options, str_from(domain), &verdict);
	survey_mail(&verify, str_from(domain), &verdict);
	silent = survey_silent(&verify, str_from(domain), declared, &verdict);
}

/* "code code", those of this prefix only. */
static const char *codes(const char *prefix)
{
	struct buf buf;
	buf_init(&buf, SIZE_MAX / 2);
	for (size_t i = 0; i < verdict.advice.count; i++)
		if (str_starts(verdict.advice.at[i].code, str_from(prefix)))
			buf_printf(&buf, "%s%.*s", buf.len > 0 ? " " : "", STR_FMT(verdict.advice.at[i].code));
	const char *text = arena_cstr(arena, buf_str(&buf));
	buf_fini(&buf);
	return text;
}

static const struct verdict_advice *advice(const char *code)
{
	for (size_t i = 0; i < verdict.advice.count; i++)
		if (str_eq(verdict.advice.at[i].code, str_from(code)))
			return &verdict.advice.at[i];
	fail_msg("no %s", code);
	return NULL;
}

#define GOOD "_dmarc.example.com TXT \"v=DMARC1; p=reject; rua=mailto:d@example.com\"\n"

static void test_good(void **state)
{
	(void)state;
	survey("example.com", GOOD "example.com MX 10 mx.example.com\nmx.example.com A 192.0.2.1\n"
		"example.com TXT \"v=spf1 mx -all\"\n_mta-sts.example.com TXT \"v=STSv1; id=20260101\"\n"
		"_smtp._tls.example.com TXT \"v=TLSRPTv1; rua=mailto:t@example.com,https://example.com/t\"\n");
	assert_string_equal(codes(""), "dmarc.no_dkim");
	assert_int_equal(verdict.dmarc.result, AUTH_PASS);
	assert_true(str_eq(verdict.dmarc.policy, STR("reject")));
	assert_true(str_eq(verdict.dmarc.org_domain, STR("example.com")));
	assert_int_equal(silent, MAYBE_NO);
}

static void test_dmarc(void **state)
{
	static const struct { const char *domain, *zone, *codes; enum auth_result result; } cases[] = {
		{"example.com", "# none\n", "dmarc.missing", AUTH_NONE},
		{"a.b.c.d.e.f.g.example.com", "example.com A 192.0.2.1\n",
			"dmarc.missing dmarc.deep dmarc.org_domain_differs",
			AUTH_NONE},
		{"example.com", "_dmarc.example.com TXT !SERVFAIL\n", "dmarc.dns", AUTH_TEMPERROR},
		{"example.com", "_dmarc.example.com TXT \"v=dmarc1; p=none\"\n", "dmarc.not_a_record",
			AUTH_NONE},
		{"example.com", GOOD GOOD "_dmarc.example.com TXT \"v=DMARC1; p=none\"\n",
			"dmarc.several_records",
			AUTH_NONE},
		{"example.com", "_dmarc.example.com TXT \"v=DMARC1; p=bad\"\n",
			"dmarc.policy_invalid dmarc.record dmarc.record", AUTH_PERMERROR},
		{"example.com", "_dmarc.example.com TXT \"v=DMARC1; p=reject; sp=bad; rua=mailto:d@example.com\"\n",
			"dmarc.record dmarc.policy_broken", AUTH_PASS},
		{"example.com", "_dmarc.example.com TXT \"v=DMARC1; rua=mailto:d@example.com\"\n",
			"dmarc.record dmarc.policy_broken", AUTH_PASS},
		{"example.com", "_dmarc.example.com TXT \"v=DMARC1; p=none; rua=mailto:d@example.com\"\n",
			"dmarc.policy_none",
			AUTH_PASS},
		{"example.com",
			"_dmarc.example.com TXT \"v=DMARC1; p=quarantine; sp=none; rua=mailto:d@example.com\"\n",
			"dmarc.sp_weaker", AUTH_PASS},
		{"example.com",
			"_dmarc.example.com TXT \"v=DMARC1; p=quarantine; np=none; t=y; rua=mailto:d@example.com\"\n",
			"dmarc.np_weaker dmarc.testing", AUTH_PASS},
		{"a.example.com",
			GOOD "_dmarc.a.example.com TXT \"v=DMARC1; p=quarantine; sp=none; rua=mailto:d@example.com\"\n",
			"dmarc.sp_unused", AUTH_PASS},
		{"a.example.com",
			"_dmarc.example.com TXT \"v=DMARC1; p=quarantine; pct=0; rua=mailto:d@example.com\"\n",
			"dmarc.record", AUTH_PASS},
		{"example.com", "_dmarc.com TXT \"v=DMARC1; p=quarantine; rua=mailto:d@com\"\n",
			"dmarc.parent dmarc.org_domain_differs", AUTH_PASS},
		{"example.com",
			"_dmarc.example.com TXT \"v=DMARC1; p=quarantine; rua=mailto:d@example.net,https://x\"\n",
			"dmarc.record dmarc.rua_unreachable dmarc.rua_unreachable", AUTH_PASS},
		{"example.com", "_dmarc.example.com TXT \"v=DMARC1; p=quarantine; ruf=mailto:d@example.net\"\n"
			"example.com._report._dmarc.example.net TXT \"v=DMARC1\"\n", "dmarc.record", AUTH_PASS},
		{"example.com", "_dmarc.example.com TXT \"v=DMARC1; p=quarantine; rua=mailto:d@example.net\"\n"
			"example.com._report._dmarc.example.net TXT !TIMEOUT\n", "dmarc.rua_dns", AUTH_PASS},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		survey(cases[i].domain, cases[i].zone);
		if (!str_eq(str_from(codes("dmarc.")), str_from(cases[i].codes)) ||
			verdict.dmarc.result != cases[i].result)
			fail_msg("%zu: %s (%s)", i, codes("dmarc."), auth_result_text(verdict.dmarc.result));
	}
	survey("example.com", "_dmarc.example.com TXT \"v=DMARC1; p=none; rua=mailto:d@example.net\"\n");
	assert_true(str_eq(advice("dmarc.rua_unreachable")->name, STR("example.com._report._dmarc.example.net")));
	assert_true(str_eq(advice("dmarc.rua_unreachable")->record, STR("v=DMARC1")));
}

static void test_mail(void **state)
{
	static const struct { const char *zone, *codes; } cases[] = {
		{"example.com A 192.0.2.1\n", "mx.implicit"},
		{"example.com MX 10 mx.example.com\n", "mx.no_address"},
		{"example.com MX 10 mx.example.com\nmx.example.com AAAA 2001:db8::1\n", ""},
		{"example.com MX 10 mx.example.com\nmx.example.com CNAME a.example.com\na.example.com A 192.0.2.1\n",
			"mx.alias"},
		{"example.com MX 0 .\n", ""},
		{"example.com MX 0 .\nexample.com MX 10 mx.example.com\nmx.example.com A 192.0.2.1\n", "mx.null_mixed"},
		{"example.com MX !TIMEOUT\n", "mx.dns"},
		{"example.com MX 10 192.0.2.1\n192.0.2.1 A 192.0.2.1\n", "mx.no_name"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		survey("example.com", cases[i].zone);
		if (!str_eq(str_from(codes("mx.")), str_from(cases[i].codes)))
			fail_msg("%zu: %s", i, codes("mx."));
	}
}

static void test_transport(void **state)
{
	static const struct { const char *zone, *sts, *rpt; } cases[] = {
		{"# none\n", "mta_sts.none", "tls_rpt.none"},
		{"_mta-sts.example.com TXT \"v=STSv1; id=a b\"\n", "mta_sts.record", "tls_rpt.none"},
		{"_mta-sts.example.com TXT \"v=STSv1;\"\n", "mta_sts.record", "tls_rpt.none"},
		{"_mta-sts.example.com TXT \"v=STSv1\"\n_smtp._tls.example.com TXT \"v=TLSRPTv1\"\n",
			"mta_sts.record", "tls_rpt.record"},
		/* A wildcard's text. */
		{"_mta-sts.example.com TXT \"v=spf1 -all\"\n_smtp._tls.example.com TXT \"v=spf1 -all\"\n",
			"mta_sts.none", "tls_rpt.none"},
		{"_mta-sts.example.com TXT \"v=STSv1; id=1\"\n_mta-sts.example.com TXT \"v=STSv1; id=2\"\n",
			"mta_sts.several",
			"tls_rpt.none"},
		{"_smtp._tls.example.com TXT \"v=TLSRPTv1; rua=nobody\"\n", "mta_sts.none", "tls_rpt.record"},
		{"_smtp._tls.example.com TXT \"v=TLSRPTv1;\"\n", "mta_sts.none", "tls_rpt.record"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		survey("example.com", arena_printf(arena,
			"example.com MX 10 mx.example.com\nmx.example.com A 192.0.2.1\n%s",
			cases[i].zone));
		if (!str_eq(str_from(codes("mta_sts.")), str_from(cases[i].sts)) ||
			!str_eq(str_from(codes("tls_rpt.")), str_from(cases[i].rpt)))
			fail_msg("%zu: %s, %s", i, codes("mta_sts."), codes("tls_rpt."));
	}
	/* Where no mail is taken there is nothing to protect. */
	survey("example.com", "example.com MX 0 .\n");
	assert_string_equal(codes("tls_rpt."), "");
}

static void test_silent(void **state)
{
	static const struct { const char *zone; enum maybe silent; const char *codes; } cases[] = {
		{GOOD "example.com TXT \"v=spf1 -all\"\nexample.com MX 0 .\n", MAYBE_YES, ""},
		{"example.com TXT \"V=SPF1  -ALL \"\n", MAYBE_YES, "silent.dmarc silent.mx"},
		{GOOD "example.com MX 0 .\n", MAYBE_YES, "silent.spf"},
		{"_dmarc.example.com TXT \"v=DMARC1; p=reject; t=y\"\nexample.com TXT \"v=spf1 -all\"\n"
			"example.com MX 0 .\n",
			MAYBE_YES, "silent.dmarc"},
		{"example.com TXT \"v=spf1 ip4:192.0.2.1 -all\"\nexample.com MX 0 .\n", MAYBE_NO, ""},
		{"example.com TXT \"v=spf1 -all\"\nexample.com TXT \"v=spf1 -all\"\nexample.com MX 1 a.example\n",
			MAYBE_NO, ""},
		{"example.com A 192.0.2.1\n", MAYBE_UNKNOWN, "silent.unsaid"},
		{"example.com TXT !SERVFAIL\n", MAYBE_UNKNOWN, ""},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		survey("example.com", cases[i].zone);
		if (silent != cases[i].silent || !str_eq(str_from(codes("silent.")), str_from(cases[i].codes)))
			fail_msg("%zu: %d, %s", i, (int)silent, codes("silent."));
	}
}

/* What is said to senders is not said to who sends nothing. */
static void test_silent_advice(void **state)
{
	(void)state;
	survey("example.com", "_dmarc.example.com TXT \"v=DMARC1; p=none; rua=mailto:d@example.com\"\n"
		"example.com TXT \"v=spf1 -all\"\nexample.com MX 10 mx.example.com\nmx.example.com A 192.0.2.1\n");
	assert_string_equal(codes(""), "mta_sts.none tls_rpt.none silent.dmarc");
	survey("example.com", "example.com MX 0 .\n");
	assert_string_equal(codes(""), "silent.spf silent.dmarc");
	declared = true;
	survey("example.com", "# none\n");
	declared = false;
	assert_int_equal(silent, MAYBE_NO);
	assert_string_equal(codes(""), "dns.no_such_name silent.spf silent.dmarc silent.mx");
}

static int setup(void **state)
{
	(void)state;
	arena = arena_open(ARENA_CEILING_BYTES);
	psl = psl_open(STR("com\nnet\n"));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_close(&arena);
	psl_close(&psl);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_dmarc),
		cmocka_unit_test(test_mail),
		cmocka_unit_test(test_transport),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_silent_advice),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
