// SPDX-License-Identifier: Apache-2.0
/* RFC 9989: the vectors of sections 4.10, 4.10.2, 5.1.8 and appendix B.4, the evaluation of section 5.3, and what
 * implementations of 2026 got wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dns/replay.h"
#include "dns/session.h"
#include "verifier/dmarc.h"

#include <string.h>

#define ARENA_CEILING_BYTES ((size_t)64 * 1024 * 1024)
#define QUERIES_MAX 1000

static struct arena *arena;
static struct dns_session *session;
static struct verify verify;
static struct psl *psl;

static const struct dmarc_options by_walk = {.method = DMARC_TREEWALK};

static void zone(const char *text)
{
	struct dns *dns;
	struct error error;
	if (dns_replay_open(arena, STR("zone"), str_from(text), &dns, &error))
		fail_msg("%s", error.text);
	session = dns_session_open(arena, dns, QUERIES_MAX);
	verify = (struct verify){
		.arena = arena,
		.dns = dns_session_dns(session),
		.trace = trace_open(arena),
		.limits = verify_limits_default(),
	};
}

/* "a b": names asked with TXT, without "_dmarc.". */
static const char *asked(void)
{
	struct buf buf;
	buf_init(&buf, SIZE_MAX / 2);
	for (size_t i = 0; i < dns_session_count(session); i++) {
		const struct dns_answer *answer = dns_session_at(session, i);
		if (buf.len > 0)
			buf_add_char(&buf, ' ');
		buf_add_str(&buf, str_starts(answer->name, STR("_dmarc.")) ? str_from_offset(answer->name, 7) :
			answer->name);
	}
	const char *text = arena_cstr(arena, buf_str(&buf));
	buf_fini(&buf);
	return text;
}

static const char *org(const char *domain)
{
	struct str found;
	return dmarc_org_domain(&verify, &by_walk, str_from(domain), &found) ? arena_cstr(arena, found) : "temperror";
}

static void test_walk(void **state)
{
	(void)state;
	static const char *const vectors[][2] = {
		{"a.b.c.d.e.f.g.h.i.j.mail.example.com",
			"a.b.c.d.e.f.g.h.i.j.mail.example.com g.h.i.j.mail.example.com h.i.j.mail.example.com "
			"i.j.mail.example.com j.mail.example.com mail.example.com example.com com"},
		{"a.b.c.d.e.f.g.h.i.j.k.example.com",
			"a.b.c.d.e.f.g.h.i.j.k.example.com g.h.i.j.k.example.com h.i.j.k.example.com "
			"i.j.k.example.com j.k.example.com k.example.com example.com com"},
		{"mail.a.b.c.d.e.f.g.example.com",
			"mail.a.b.c.d.e.f.g.example.com c.d.e.f.g.example.com d.e.f.g.example.com "
			"e.f.g.example.com f.g.example.com g.example.com example.com com"},
		{"a.b.c.d.e.f.example.com",
			"a.b.c.d.e.f.example.com b.c.d.e.f.example.com c.d.e.f.example.com d.e.f.example.com "
			"e.f.example.com f.example.com example.com com"},
		{"a.b.c.d.e.example.com",
			"a.b.c.d.e.example.com b.c.d.e.example.com c.d.e.example.com d.e.example.com e.example.com "
			"example.com com"},
		{"example.com", "example.com com"},
		{"com", "com"},
	};
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		zone("# nothing\n");
		assert_string_equal(org(vectors[i][0]), vectors[i][0]);
		assert_string_equal(asked(), vectors[i][1]);
	}
	zone("# nothing\n");
	verify.limits.dmarc_walk = 5;
	(void)org("c.d.e.example.com");
	assert_string_equal(asked(), "c.d.e.example.com d.e.example.com e.example.com example.com com");
	zone("# nothing\n");
	verify.limits.dmarc_walk = 5;
	(void)org("b.c.d.e.example.com");
	assert_string_equal(asked(), "b.c.d.e.example.com d.e.example.com e.example.com example.com com");
	/* A record that the walk jumps over is never seen. */
	zone("_dmarc.b.c.d.e.f.g.example.com TXT \"v=DMARC1; psd=n\"\n"
		"_dmarc.example.com TXT \"v=DMARC1; p=none\"\n");
	assert_string_equal(org("mail.a.b.c.d.e.f.g.example.com"), "example.com");
}

static void test_org_domain(void **state)
{
	(void)state;
	static const struct { const char *zone, *start, *org; } vectors[] = {
		{"_dmarc.mail.example.com TXT \"v=DMARC1; p=none\"\n_dmarc.example.com TXT \"v=DMARC1; p=none\"\n",
			"a.mail.example.com", "example.com"},
		{"_dmarc.mail.example.com TXT \"v=DMARC1; psd=n\"\n_dmarc.example.com TXT \"v=DMARC1; p=none\"\n",
			"a.mail.example.com", "mail.example.com"},
		{"_dmarc.com TXT \"v=DMARC1; psd=y\"\n", "a.mail.example.com", "example.com"},
		{"_dmarc.com TXT \"v=DMARC1\"\n", "a.mail.example.com", "com"},
		{"_dmarc.giant.bank.example TXT \"v=DMARC1; p=none\"\n_dmarc.bank.example TXT \"v=DMARC1; psd=y\"\n",
			"giant.bank.example", "giant.bank.example"},
		{"_dmarc.bank.example TXT \"v=DMARC1; psd=y\"\n", "mail.mega.bank.example", "mega.bank.example"},
		{"_dmarc.bank.example TXT \"v=DMARC1; psd=y\"\n_dmarc.example TXT \"v=DMARC1; psd=y\"\n",
			"bank.example",
			"bank.example"},
		{"# none\n", "x.y.nothing.test", "x.y.nothing.test"},
		/* Several records: dropped, and the walk goes on; also where they say psd=n. */
		{"_dmarc.a.example.com TXT \"v=DMARC1; psd=n\"\n_dmarc.a.example.com TXT \"v=DMARC1; p=none\"\n"
			"_dmarc.example.com TXT \"v=DMARC1; p=none\"\n", "a.example.com", "example.com"},
		/* Text that is no record is no second one. */
		{"_dmarc.a.example.com TXT \"v=DMARC1; psd=n\"\n_dmarc.a.example.com TXT \"v=spf1 -all\"\n"
			"_dmarc.a.example.com TXT \"v=dmarc1; p=none\"\n_dmarc.example.com TXT \"v=DMARC1; p=none\"\n",
			"a.example.com", "a.example.com"},
		/* One label below is rebuilt of the start: the name before it in the walk is another one. */
		{"_dmarc.c.d.e.f.g.example.com TXT \"v=DMARC1; psd=y\"\n", "mail.a.b.c.d.e.f.g.example.com",
			"b.c.d.e.f.g.example.com"},
		/* Strings of a record are joined with nothing between. */
		{"_dmarc.example.com TXT \"v=DMA\" \"RC1; ps\" \"d=n\"\n_dmarc.com TXT \"v=DMARC1\"\n", "a.example.com",
			"example.com"},
		{"_dmarc.example.com TXT !SERVFAIL\n", "a.example.com", "temperror"},
		{"_dmarc.a.example.com TXT \"v=DMARC1; psd=n\"\n_dmarc.example.com TXT !TIMEOUT\n", "a.example.com",
			"a.example.com"},
	};
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		zone(vectors[i].zone);
		if (strcmp(org(vectors[i].start), vectors[i].org) != 0)
			fail_msg("%zu: %s is %s, not %s", i, vectors[i].start, org(vectors[i].start), vectors[i].org);
	}
}

static void discovers(const struct dmarc_options *options, const char *domain, const char *tag, const char *policy,
	const char *at, const char *reason)
{
	struct dmarc_discovery found;
	dmarc_discover(&verify, options, str_from(domain), &found);
	if (!str_eq(str_from(tag), str_from(found.policy_tag)) || strcmp(policy,
		dmarc_policy_word(found.policy)) != 0 ||
		!str_eq(str_from(at), found.domain) || !str_eq(str_from(reason), str_from(found.reason)))
		fail_msg("%s: %s=%s at %.*s (%s)", domain, found.policy_tag ? found.policy_tag : "",
			dmarc_policy_word(found.policy), STR_FMT(found.domain), found.reason ? found.reason : "");
}

#define EXAMPLE "_dmarc.example.com TXT \"v=DMARC1; p=reject; sp=quarantine; np=none\"\n"

static void test_discovery(void **state)
{
	(void)state;
	zone(EXAMPLE "here.example.com A 192.0.2.1\nalias.example.com CNAME gone.example.net\n"
		"a.full.example.com MX 10 mx.example.com\nlost.example.com * !SERVFAIL\n"
		"_dmarc.lost.example.com TXT !NXDOMAIN\n");
	discovers(&by_walk, "example.com", "p", "reject", "example.com", NULL);
	discovers(&by_walk, "here.example.com", "sp", "quarantine", "example.com", NULL);
	discovers(&by_walk, "gone.example.com", "np", "none", "example.com", NULL);
	discovers(&by_walk, "a.full.example.com", "sp", "quarantine", "example.com", NULL);
	/* NXDOMAIN behind an alias is about its target, and an error says nothing. */
	discovers(&by_walk, "alias.example.com", "sp", "quarantine", "example.com", NULL);
	discovers(&by_walk, "lost.example.com", "sp", "quarantine", "example.com", NULL);
	zone("_dmarc.example.com TXT \"v=DMARC1; p=reject\"\n");
	discovers(&by_walk, "gone.example.com", "p", "reject", "example.com", NULL);
	zone("_dmarc.example.com TXT \"v=DMARC1; p=reject; sp=none\"\n");
	discovers(&by_walk, "gone.example.com", "sp", "none", "example.com", NULL);
	/* The Author Domain's own record, then its Organizational Domain's, then its PSD's: never one between. */
	zone("_dmarc.b.example.com TXT \"v=DMARC1; p=reject\"\n_dmarc.com TXT \"v=DMARC1; p=none; sp=quarantine; "
		"psd=y\"\n"
		"a.b.example.com A 192.0.2.1\n");
	discovers(&by_walk, "a.b.example.com", "sp", "quarantine", "com", NULL);
	discovers(&by_walk, "b.example.com", "p", "reject", "b.example.com", NULL);
	zone("_dmarc.a.example.com TXT \"v=DMARC1; p=reject\"\n" EXAMPLE "_dmarc.com TXT \"v=DMARC1; p=none\"\n");
	discovers(&by_walk, "x.a.example.com", "p", "none", "com", NULL);
	/* Where the Organizational Domain has a record, the PSD's is not looked at, not even for rua. */
	zone("_dmarc.example.com TXT \"v=DMARC1; psd=u\"\n_dmarc.com TXT \"v=DMARC1; p=reject; "
		"rua=mailto:a@com.example; psd=y\"\n"
		"a.example.com A 192.0.2.1\n");
	discovers(&by_walk, "a.example.com", NULL, "", "example.com", "policy_invalid");
	zone("# nothing\n");
	discovers(&by_walk, "example.com", NULL, "", NULL, "no_record");
	zone("_dmarc.example.com TXT \"v=DMARC1; p=none\"\n_dmarc.example.com TXT \"v=DMARC1; p=reject\"\n");
	discovers(&by_walk, "example.com", NULL, "", NULL, "no_record");
	zone("_dmarc.a.example.com TXT !SERVFAIL\n" EXAMPLE);
	discovers(&by_walk, "a.example.com", NULL, "", NULL, "dns_error");
	/* An error above the Author Domain's own record hides its Organizational Domain only. */
	zone(EXAMPLE "_dmarc.com TXT !TIMEOUT\n");
	discovers(&by_walk, "example.com", "p", "reject", "example.com", NULL);
}

/* Section 4.10.1: no valid p, or an sp or np that is none. */
static void test_invalid_policy(void **state)
{
	(void)state;
	static const char *const broken[] = {"p=bad", "sp=none", "p=reject; sp=bad", "p=reject; np=bad", "p=", "t=y",
		"psd=n"};
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		zone(arena_printf(arena, "_dmarc.example.com TXT \"v=DMARC1; %s\"\n", broken[i]));
		discovers(&by_walk, "example.com", NULL, "", "example.com", "policy_invalid");
		zone(arena_printf(arena, "_dmarc.example.com TXT \"v=DMARC1; %s; rua=no-uri\"\n", broken[i]));
		discovers(&by_walk, "example.com", NULL, "", "example.com", "policy_invalid");
		zone(arena_printf(arena, "_dmarc.example.com TXT \"v=DMARC1; %s; rua=x,mailto:a@example.com\"\n",
			broken[i]));
		discovers(&by_walk, "example.com", "p", "none", "example.com", NULL);
	}
}

static void test_psl_discovery(void **state)
{
	(void)state;
	struct dmarc_options by_psl = {.method = DMARC_PSL, .psl = psl};
	zone(EXAMPLE "_dmarc.com TXT \"v=DMARC1; p=none\"\n_dmarc.b.example.com TXT \"v=DMARC1; p=none\"\n");
	discovers(&by_psl, "a.b.example.com", "sp", "quarantine", "example.com", NULL);
	assert_string_equal(asked(), "a.b.example.com example.com a.b.example.com");
	/* np is of RFC 9989 only. */
	zone("_dmarc.example.com TXT \"v=DMARC1; p=reject; np=bad\"\n");
	discovers(&by_psl, "a.example.com", "p", "reject", "example.com", NULL);
	zone("_dmarc.a.example.com TXT \"v=DMARC1; p=none\"\n_dmarc.a.example.com TXT \"v=DMARC1; "
		"p=reject\"\n" EXAMPLE);
	discovers(&by_psl, "a.example.com", NULL, "", NULL, "several_records");
	zone("_dmarc.com TXT \"v=DMARC1; p=none\"\n");
	discovers(&by_psl, "example.com", NULL, "", NULL, "no_record");
}

/* "spf=pass:domain dkim=fail:domain": what is known, and then the result. */
static struct verdict verdict;

static void given(const char *identifiers)
{
	struct str rest = str_from(identifiers), piece;
	verdict = (struct verdict){.spf = {.at = ARENA_ARRAY(arena, 8, struct verdict_spf)},
		.dkim = {.at = ARENA_ARRAY(arena, 8, struct verdict_dkim)}};
	while (str_split(&rest, ' ', &piece)) {
		struct str what = STR_NONE, domain = piece, result = STR_NONE;
		(void)str_split(&domain, ':', &result);
		(void)str_split(&result, '=', &what);
		enum auth_result word = str_eq(result, STR("pass")) ? AUTH_PASS :
			str_eq(result, STR("temperror")) ? AUTH_TEMPERROR : AUTH_FAIL;
		if (str_eq(what, STR("dkim")))
			verdict.dkim.at[verdict.dkim.count++] = (struct verdict_dkim){.result = word, .domain = domain};
		else if (what.len > 0)
			verdict.spf.at[verdict.spf.count++] = (struct verdict_spf){.result = word, .domain = domain,
				.identity = str_eq(what, STR("helo")) ? STR("helo") : STR("mailfrom")};
	}
}

static void check(const struct dmarc_options *options, const char *from)
{
	struct message message;
	message_parse(arena, str_from(arena_printf(arena, "%s\r\n\r\n", from)), &message);
	dmarc_check(&verify, &message, options, &verdict);
}

static void evaluates(const char *identifiers, enum auth_result result, bool spf, bool dkim, int line)
{
	given(identifiers);
	check(&by_walk, "From: a@example.com");
	if (verdict.dmarc.result != result || verdict.dmarc.spf_aligned != spf || verdict.dmarc.dkim_aligned != dkim)
		fail_msg("line %d: %s: %s, spf %d, dkim %d (%.*s)", line, identifiers,
			auth_result_text(verdict.dmarc.result),
			verdict.dmarc.spf_aligned, verdict.dmarc.dkim_aligned, STR_FMT(verdict.dmarc.detail));
}

#define EVALUATES(identifiers, result, spf, dkim) evaluates(identifiers, result, spf, dkim, __LINE__)

static void test_alignment(void **state)
{
	(void)state;
	zone("_dmarc.example.com TXT \"v=DMARC1; p=reject\"\n_dmarc.own.example.com TXT \"v=DMARC1; p=none; psd=n\"\n");
	EVALUATES("spf=pass:example.com", AUTH_PASS, true, false);
	EVALUATES("spf=pass:EXAMPLE.com.", AUTH_PASS, true, false);
	EVALUATES("spf=pass:a.example.com", AUTH_PASS, true, false);
	EVALUATES("dkim=pass:a.b.example.com", AUTH_PASS, false, true);
	EVALUATES("spf=pass:example.com dkim=pass:example.com", AUTH_PASS, true, true);
	EVALUATES("spf=pass:example.net dkim=pass:example.com", AUTH_PASS, false, true);
	EVALUATES("dkim=fail:example.com dkim=pass:a.example.com", AUTH_PASS, false, true);
	EVALUATES("", AUTH_FAIL, false, false);
	EVALUATES("spf=fail:example.com dkim=fail:example.com", AUTH_FAIL, false, false);
	assert_true(str_eq(verdict.dmarc.reason, STR("nothing_passed")));
	EVALUATES("spf=pass:example.net dkim=pass:com", AUTH_FAIL, false, false);
	assert_true(str_eq(verdict.dmarc.reason, STR("not_aligned")));
	EVALUATES("spf=pass:notexample.com", AUTH_FAIL, false, false);
	/* An Organizational Domain of its own inside the other one. */
	EVALUATES("dkim=pass:own.example.com", AUTH_FAIL, false, false);
	EVALUATES("dkim=pass:x.own.example.com", AUTH_FAIL, false, false);
	/* CVE-2019-20790: HELO is not MAIL FROM. */
	EVALUATES("helo=pass:example.com", AUTH_FAIL, false, false);
	EVALUATES("spf=fail:example.com helo=pass:example.com", AUTH_FAIL, false, false);
	/* CVE-2020-12272. */
	EVALUATES("dkim=pass:example.com(.example.net", AUTH_FAIL, false, false);
	zone("_dmarc.example.com TXT \"v=DMARC1; p=reject; aspf=s; adkim=s\"\n");
	EVALUATES("spf=pass:a.example.com dkim=pass:a.example.com", AUTH_FAIL, false, false);
	EVALUATES("spf=pass:example.com", AUTH_PASS, true, false);
	EVALUATES("dkim=pass:example.com", AUTH_PASS, false, true);
	zone("_dmarc.example.com TXT \"v=DMARC1; p=reject; adkim=s\"\n");
	EVALUATES("spf=pass:a.example.com dkim=pass:a.example.com", AUTH_PASS, true, false);
}

/* Section 4.10.2 and 11: below no record a child does not align, whatever a public suffix list says. */
static void test_no_fallback(void **state)
{
	(void)state;
	zone("_dmarc.a.example.com TXT \"v=DMARC1; p=reject\"\n");
	given("dkim=pass:example.com");
	check(&by_walk, "From: x@a.example.com");
	assert_int_equal(verdict.dmarc.result, AUTH_FAIL);
	assert_true(str_eq(verdict.dmarc.org_domain, STR("a.example.com")));
	struct dmarc_options both = {.method = DMARC_TREEWALK, .psl = psl};
	check(&both, "From: x@a.example.com");
	assert_true(str_eq(verdict.dmarc.org_domain_psl, STR("example.com")));
	assert_true(str_eq(verdict.dmarc.org_domain_walk, STR("a.example.com")));
	struct dmarc_options by_psl = {.method = DMARC_PSL, .psl = psl};
	check(&by_psl, "From: x@a.example.com");
	assert_int_equal(verdict.dmarc.result, AUTH_PASS);
	assert_true(str_eq(verdict.dmarc.method, STR("psl")));
	assert_true(str_eq(verdict.dmarc.org_domain, STR("example.com")));
	assert_true(str_eq(verdict.dmarc.org_domain_walk, STR("a.example.com")));
}

/* Section 5.3.6: what was needed and could not be known. */
static void test_temperror(void **state)
{
	(void)state;
	zone("_dmarc.example.com TXT \"v=DMARC1; p=reject\"\n_dmarc.lost.example.com TXT !SERVFAIL\n");
	EVALUATES("spf=temperror:example.com", AUTH_TEMPERROR, false, false);
	EVALUATES("spf=fail:example.com dkim=temperror:a.example.com", AUTH_TEMPERROR, false, false);
	assert_true(str_eq(verdict.dmarc.reason, STR("dns_error")));
	EVALUATES("spf=temperror:example.com dkim=pass:example.com", AUTH_PASS, false, true);
	EVALUATES("dkim=pass:lost.example.com", AUTH_TEMPERROR, false, false);
	EVALUATES("dkim=pass:lost.example.com spf=pass:example.com", AUTH_PASS, true, false);
	/* It could not have been aligned. */
	EVALUATES("spf=temperror:example.net", AUTH_FAIL, false, false);
	zone("_dmarc.example.com TXT !TIMEOUT\n");
	EVALUATES("spf=pass:example.com", AUTH_TEMPERROR, false, false);
	assert_null(verdict.dmarc.policy.ptr);
	zone("_dmarc.example.com TXT \"v=DMARC1; p=reject\"\n_dmarc.com TXT !BOGUS\n");
	EVALUATES("spf=pass:example.com", AUTH_PASS, true, false);
	EVALUATES("spf=pass:a.example.com", AUTH_TEMPERROR, false, false);
	EVALUATES("spf=pass:example.net dkim=temperror:example.net", AUTH_FAIL, false, false);
	EVALUATES("spf=fail:a.example.com", AUTH_FAIL, false, false);
}

static void disposes(const struct dmarc_options *options, const char *record, const char *policy,
	const char *disposition,
	const char *override)
{
	zone(arena_printf(arena, "_dmarc.example.com TXT \"v=DMARC1; %s\"\n", record));
	given("");
	check(options, "From: a@example.com");
	assert_int_equal(verdict.dmarc.result, AUTH_FAIL);
	assert_true(str_eq(verdict.dmarc.policy, str_from(policy)));
	assert_true(str_eq(verdict.dmarc.disposition, str_from(disposition)));
	assert_true(str_eq(verdict.dmarc.override_reason, str_from(override)));
}

static void test_disposition(void **state)
{
	(void)state;
	struct dmarc_options by_psl = {.method = DMARC_PSL, .psl = psl, .sample = 30};
	disposes(&by_walk, "p=reject", "reject", "reject", NULL);
	disposes(&by_walk, "p=reject; t=y", "reject", "quarantine", "policy_test_mode");
	disposes(&by_walk, "p=quarantine; t=y", "quarantine", "none", "policy_test_mode");
	disposes(&by_walk, "p=none; t=y", "none", "none", NULL);
	disposes(&by_walk, "p=reject; t=n; pct=0", "reject", "reject", NULL);
	disposes(&by_psl, "p=reject; t=y", "reject", "reject", NULL);
	disposes(&by_psl, "p=reject; pct=31", "reject", "reject", NULL);
	disposes(&by_psl, "p=reject; pct=30", "reject", "quarantine", "sampled_out");
	disposes(&by_psl, "p=quarantine; pct=0", "quarantine", "none", "sampled_out");
	/* t=y changes no result, and what passes is left alone. */
	zone("_dmarc.example.com TXT \"v=DMARC1; p=reject; t=y\"\n");
	EVALUATES("spf=pass:example.com", AUTH_PASS, true, false);
	assert_true(verdict.dmarc.testing);
	assert_true(str_eq(verdict.dmarc.disposition, STR("pass")));
	assert_true(str_eq(verdict.dmarc.policy, STR("reject")));
	assert_null(verdict.dmarc.override_reason.ptr);
}

static void judged(const char *from, enum auth_result result, const char *reason)
{
	given("spf=pass:example.com dkim=pass:example.com");
	check(&by_walk, from);
	assert_int_equal(verdict.dmarc.result, result);
	assert_true(str_eq(verdict.dmarc.reason, str_from(reason)));
	assert_int_equal(verdict.dmarc.detail.len > 0, true);
	assert_null(verdict.dmarc.policy.ptr);
	assert_false(verdict.dmarc.spf_aligned || verdict.dmarc.dkim_aligned);
}

static void test_authors(void **state)
{
	(void)state;
	zone("_dmarc.example.com TXT \"v=DMARC1; p=reject\"\n");
	judged("Subject: no author", AUTH_PERMERROR, "from_missing");
	judged("From: a@example.com\r\nFrom: a@example.com", AUTH_PERMERROR, "from_several");
	judged("From: a@example.com, b@example.net", AUTH_PERMERROR, "from_several");
	judged("From: a@example.com b", AUTH_PERMERROR, "from_broken");
	judged("From: Nobody:;", AUTH_NONE, "from_no_address");
	given("spf=pass:example.com");
	check(&by_walk, "From: a@example.com, B <b@EXAMPLE.com.>");
	assert_int_equal(verdict.dmarc.result, AUTH_PASS);
	zone("_dmarc.xn--bcher-kva.example TXT \"v=DMARC1; p=reject\"\n");
	given("dkim=pass:b\xc3\xbc" "cher.example");
	check(&by_walk, "From: a@B\xc3\x9c" "CHER.example");
	assert_int_equal(verdict.dmarc.result, AUTH_PASS);
	assert_true(str_eq(verdict.dmarc.author_domain, STR("xn--bcher-kva.example")));
	zone("# nothing\n");
	judged("From: a@example.com", AUTH_NONE, "no_record");
	zone("_dmarc.example.com TXT \"v=DMARC1; psd=n\"\n");
	judged("From: a@example.com", AUTH_NONE, "policy_invalid");
}

/* RFC 6376 section 8.2: a pass all the same, and said. */
static void test_partial_body(void **state)
{
	(void)state;
	zone("_dmarc.example.com TXT \"v=DMARC1; p=reject\"\n");
	given("dkim=pass:example.com");
	verdict.dkim.at[0].partial_body = true;
	verdict.dkim.at[0].body_signed = 10;
	verdict.dkim.at[0].body_bytes = 99;
	check(&by_walk, "From: a@example.com");
	assert_int_equal(verdict.dmarc.result, AUTH_PASS);
	assert_int_not_equal(str_find(verdict.dmarc.detail, STR("10 of 99 octets")), SIZE_MAX);
}

static struct dmarc_destination destination;

static enum maybe external(const char *domain, enum dmarc_report kind, const char *uri, const char *name)
{
	enum maybe answer = dmarc_external(&verify, &by_walk, str_from(domain), kind, str_from(uri), &destination);
	if (!str_eq(destination.asked, str_from(name)))
		fail_msg("%s: asked %.*s", uri, STR_FMT(destination.asked));
	assert_int_equal(answer == MAYBE_NO, destination.why != NULL);
	return answer;
}

static void test_external(void **state)
{
	(void)state;
	zone("_dmarc.example.com TXT \"v=DMARC1; p=none\"\n"
		"example.com._report._dmarc.yes.example TXT \"v=DMARC1\"\n"
		"example.com._report._dmarc.two.example TXT \"v=DMARC1;\"\n"
		"example.com._report._dmarc.two.example TXT \"v=DMARC1; \"\n"
		"example.com._report._dmarc.odd.example TXT \"v=dmarc1\"\n"
		"example.com._report._dmarc.lost.example TXT !TIMEOUT\n"
		"example.com._report._dmarc.same.example TXT \"v=DMARC1; rua=mailto:x@same.example\"\n"
		"example.com._report._dmarc.other.example TXT \"v=DMARC1; rua=mailto:x@elsewhere.example\"\n");
	assert_int_equal(external("example.com", DMARC_RUA, "mailto:a@example.com", NULL), MAYBE_YES);
	assert_int_equal(external("example.com", DMARC_RUA, "mailto:a@in.example.com", NULL), MAYBE_YES);
	assert_int_equal(external("in.example.com", DMARC_RUA, "mailto:a@example.com", NULL), MAYBE_YES);
	assert_int_equal(external("example.com", DMARC_RUA, "mailto:a@yes.example",
		"example.com._report._dmarc.yes.example"), MAYBE_YES);
	assert_int_equal(external("example.com", DMARC_RUA, "mailto:a@two.example",
		"example.com._report._dmarc.two.example"), MAYBE_YES);
	assert_int_equal(external("example.com", DMARC_RUA, "mailto:a@no.example",
		"example.com._report._dmarc.no.example"), MAYBE_NO);
	assert_int_equal(external("example.com", DMARC_RUA, "mailto:a@odd.example",
		"example.com._report._dmarc.odd.example"), MAYBE_NO);
	assert_int_equal(external("example.com", DMARC_RUA, "mailto:a@lost.example",
		"example.com._report._dmarc.lost.example"), MAYBE_UNKNOWN);
	assert_int_equal(external("example.com", DMARC_RUA, "mailto:a@same.example",
		"example.com._report._dmarc.same.example"), MAYBE_YES);
	assert_true(str_eq(destination.instead, STR("mailto:x@same.example")));
	assert_int_equal(external("example.com", DMARC_RUA, "mailto:a@other.example",
		"example.com._report._dmarc.other.example"), MAYBE_NO);
	assert_true(destination.mendable && strstr(destination.why, "another host"));
	assert_int_equal(external("example.com", DMARC_RUF, "mailto:a@other.example",
		"example.com._report._dmarc.other.example"), MAYBE_YES);
	assert_int_equal(external("example.com", DMARC_RUA, "nonsense", NULL), MAYBE_NO);
#define L50 "a12345678901234567890123456789012345678901234567890."
#define LONG L50 L50 L50 L50 "twenty-four-octets-long.example"
	assert_int_equal(external("example.com", DMARC_RUA, "mailto:a@" LONG,
		"example.com._report._dmarc." LONG), MAYBE_NO);
	assert_true(!destination.mendable && strstr(destination.why, "longer than DNS allows"));
	/* By Organizational Domain, not by what a name ends with. */
	zone("_dmarc.example.com TXT \"v=DMARC1; p=none\"\n_dmarc.in.example.com TXT \"v=DMARC1; p=none; psd=n\"\n");
	assert_int_equal(external("example.com", DMARC_RUA, "mailto:a@in.example.com",
		"example.com._report._dmarc.in.example.com"), MAYBE_NO);
}

/* Each step of the walk, and why the policy is what it is. */
static void test_trace(void **state)
{
	(void)state;
	size_t count, walks = 0, policies = 0, aligns = 0;
	zone(EXAMPLE);
	given("spf=pass:a.example.com");
	check(&by_walk, "From: a@gone.example.com");
	const struct trace_step *steps = trace_steps(verify.trace, &count);
	for (size_t i = 0; i < count; i++) {
		walks += str_eq(steps[i].kind, STR("walk"));
		policies += str_eq(steps[i].kind, STR("policy"));
		aligns += str_eq(steps[i].kind, STR("align"));
	}
	assert_int_equal(walks, 6); /* two names of three labels */
	assert_int_equal(policies, 1);
	assert_int_equal(aligns, 1);
	/* Nor is it left out what counts for nothing. */
	zone(EXAMPLE);
	given("spf=fail:example.com dkim=fail:example.com");
	check(&by_walk, "From: a@example.com");
	steps = trace_steps(verify.trace, &count);
	for (size_t i = aligns = 0; i < count; i++)
		aligns += str_eq(steps[i].kind, STR("align")) && str_eq(steps[i].result, STR("does not count"));
	assert_int_equal(aligns, 2);
}

static int setup(void **state)
{
	(void)state;
	arena = arena_open(ARENA_CEILING_BYTES);
	psl = psl_open(STR("com\nexample\n"));
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
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_org_domain),
		cmocka_unit_test(test_discovery),
		cmocka_unit_test(test_invalid_policy),
		cmocka_unit_test(test_psl_discovery),
		cmocka_unit_test(test_alignment),
		cmocka_unit_test(test_no_fallback),
		cmocka_unit_test(test_temperror),
		cmocka_unit_test(test_disposition),
		cmocka_unit_test(test_authors),
		cmocka_unit_test(test_partial_body),
		cmocka_unit_test(test_external),
		cmocka_unit_test(test_trace),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
