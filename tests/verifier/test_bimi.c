// SPDX-License-Identifier: Apache-2.0
/* BIMI on messages: what must be true before it, selectors, files at hand, results and their reasons. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dns/replay.h"
#include "dns/session.h"
#include "model/digest.h"
#include "tests/verifier/corpus.h"
#include "tests/verifier/mark.h"
#include "verifier/authres.h"
#include "verifier/bimi.h"
#include "verifier/bimi/svg.h"
#include "verifier/dkim/base64.h"
#include "verifier/survey_bimi.h"

#include <string.h>

#define ARENA_BYTES ((size_t)64 << 20)
#define MAIL "From: a <news@sub.example.com>\r\n\r\nhello\r\n"
#define WITH(fields) "From: a <news@sub.example.com>\r\n" fields "\r\nhello\r\n"
#define POLICY(name, text) "_dmarc." name " TXT \"v=DMARC1; " text "\"\n"
#define BIMI(name, text) name " TXT \"v=BIMI1; " text "\"\n"
#define L "l=https://a.example/l.svg"
#define A "a=https://a.example/v.pem"
#define ORG POLICY("example.com", "p=reject")
#define RECORD BIMI("default._bimi.example.com", L)

static struct arena *arena;

static int open_arena(void **state)
{
	(void)state;
	arena = arena_open(ARENA_BYTES);
	return 0;
}

static int close_arena(void **state)
{
	(void)state;
	arena_close(&arena);
	return 0;
}

/* A message whose DKIM verdict is given. */
struct trial {
	const char *mail, *zone;
	struct verdict_dkim signature;
	bool spf; /* passes for the author's domain */
	enum dmarc_method method;
	struct bimi_options options;
	const struct trace_step *steps;
	size_t steps_count;
};

static struct trial plain(const char *mail, const char *zone)
{
	return (struct trial){
		.mail = mail,
		.zone = zone,
		.method = DMARC_TREEWALK,
		.signature = {.result = AUTH_PASS, .domain = STR("example.com"),
			.signed_fields = STR("from: Bimi-Selector")},
	};
}

static struct verdict run(struct trial *trial)
{
	struct verdict verdict = {0};
	struct message message;
	struct dns *dns;
	struct error error = {0};
	const struct dmarc_options dmarc = {.method = trial->method};
	if (dns_replay_open(arena, STR("zone"), str_from(trial->zone), &dns, &error) != ERR_OK)
		fail_msg("%s", error.text);
	struct verify verify = {.arena = arena, .dns = dns_session_dns(dns_session_open(arena, dns, DNS_QUERIES_MAX)),
		.trace = trace_open(arena), .now_epoch_secs = MARK_NOW, .limits = verify_limits_default()};
	message_parse(arena, str_from(trial->mail), &message);
	*VERDICT_ADD(arena, &verdict.dkim) = trial->signature;
	*VERDICT_ADD(arena, &verdict.spf) = (struct verdict_spf){.result = trial->spf ? AUTH_PASS : AUTH_FAIL,
		.domain = STR("sub.example.com"), .identity = STR("mailfrom")};
	dmarc_check(&verify, &message, &dmarc, &verdict);
	trial->options.dmarc = &dmarc;
	bimi_check(&verify, &message, &trial->options, &verdict);
	trial->steps = trace_steps(verify.trace, &trial->steps_count);
	return verdict;
}

static struct verdict_bimi expect(struct trial *trial, enum auth_result result, const char *reason)
{
	struct verdict verdict = run(trial);
	const struct verdict_bimi *bimi = &verdict.bimi;
	if (bimi->result != result || !str_eq(bimi->reason, str_from(reason)))
		fail_msg("%s%s: %s %.*s (%.*s), not %s %s; dmarc %s", trial->zone, trial->mail,
			auth_result_text(bimi->result), STR_FMT(bimi->reason), STR_FMT(bimi->detail),
			auth_result_text(result), reason ? reason : "-", auth_result_text(verdict.dmarc.result));
	assert_true(bimi->detail.len > 0 || result == AUTH_PASS);
	return *bimi;
}

static void assert_str(struct str s, const char *expected)
{
	if (!str_eq(s, str_from(expected)))
		fail_msg("\"%.*s\", not \"%s\"", STR_FMT(s), expected);
}

static bool noted(const struct trial *trial, const char *kind, const char *result)
{
	for (size_t i = 0; i < trial->steps_count; i++)
		if (str_eq(trial->steps[i].kind, str_from(kind)) && str_eq(trial->steps[i].result, str_from(result)))
			return true;
	return false;
}

/* The author's own record says pass and reject, and the DNS hides whose organisation it is. */
static void test_unknown_organisation(void **state)
{
	struct trial trial = plain(MAIL, POLICY("sub.example.com", "p=reject") RECORD
		"_dmarc.example.com TXT !SERVFAIL\n");
	(void)state;
	trial.spf = true;
	(void)expect(&trial, AUTH_TEMPERROR, "policy.temperror");
}

static void test_results(void **state)
{
	(void)state;
	static const struct {
		const char *mail, *zone;
		enum auth_result result;
		const char *reason;
	} GIVEN[] = {
		{MAIL, ORG RECORD, AUTH_PASS, NULL},
		{MAIL, ORG, AUTH_NONE, "record.none"},
		{MAIL, ORG "default._bimi.example.com TXT !SERVFAIL\n", AUTH_TEMPERROR, "record.temperror"},
		{MAIL, ORG BIMI("default._bimi.sub.example.com", "l=; a=") RECORD, AUTH_DECLINED, "record.declined"},
		{MAIL, ORG RECORD RECORD, AUTH_FAIL, "record.several"},
		{MAIL, ORG BIMI("default._bimi.example.com", "l=http://a.example/"), AUTH_FAIL, "record.location"},
		{MAIL, RECORD, AUTH_SKIPPED, "dmarc.result"},
		{MAIL, POLICY("example.com", "p=none") RECORD, AUTH_SKIPPED, "policy.none"},
		{MAIL, POLICY("example.com", "p=quarantine") RECORD, AUTH_PASS, NULL},
		{MAIL, POLICY("example.com", "p=quarantine; pct=100") RECORD, AUTH_PASS, NULL},
		{MAIL, POLICY("example.com", "p=quarantine; pct=99") RECORD, AUTH_SKIPPED, "policy.pct"},
		{"From: news@example.com\r\n\r\n", POLICY("example.com", "p=reject; pct=50; sp=quarantine") RECORD,
			AUTH_PASS, NULL},
		{MAIL, POLICY("example.com", "p=reject; sp=quarantine; pct=50") RECORD, AUTH_SKIPPED, "policy.pct"},
		{MAIL, POLICY("example.com", "p=reject; pct=50") RECORD, AUTH_PASS, NULL},
		{MAIL, POLICY("example.com", "p=reject; t=y") RECORD, AUTH_SKIPPED, "policy.testing"},
		{MAIL, POLICY("example.com", "p=reject; sp=none") RECORD, AUTH_SKIPPED, "policy.none"},
		{"From: news@example.com\r\n\r\n", POLICY("example.com", "p=reject; sp=none") RECORD, AUTH_SKIPPED,
			"policy.subdomain_none"},
		{MAIL, POLICY("sub.example.com", "p=reject") POLICY("example.com", "p=none") RECORD, AUTH_SKIPPED,
			"policy.none"},
		{MAIL, POLICY("sub.example.com", "p=reject") POLICY("example.com", "p=reject; t=y") RECORD,
			AUTH_SKIPPED, "policy.testing"},
		{MAIL, POLICY("sub.example.com", "p=reject") ORG RECORD, AUTH_PASS, NULL},
		{WITH("From: b@example.com\r\n"), ORG RECORD, AUTH_SKIPPED, "from.several"},
		{"From: news@example.com, b@example.com\r\n\r\n", ORG RECORD, AUTH_SKIPPED, "from.several"},
		{"Subject: none\r\n\r\n", ORG RECORD, AUTH_SKIPPED, "from.several"},
	};
	for (size_t i = 0; i < sizeof(GIVEN) / sizeof(GIVEN[0]); i++) {
		struct trial trial = plain(GIVEN[i].mail, GIVEN[i].zone);
		(void)expect(&trial, GIVEN[i].result, GIVEN[i].reason);
	}
}

static void test_signatures(void **state)
{
	(void)state;
	struct trial trial = plain(MAIL, ORG RECORD);
	trial.signature.partial_body = true;
	(void)expect(&trial, AUTH_SKIPPED, "dmarc.partial_body");
	trial.spf = true;
	(void)expect(&trial, AUTH_PASS, NULL);
	trial.signature.result = AUTH_FAIL;
	(void)expect(&trial, AUTH_PASS, NULL);
	trial.spf = false;
	(void)expect(&trial, AUTH_SKIPPED, "dmarc.result");
}

static void test_selector_field(void **state)
{
	(void)state;
	static const char ZONE[] = ORG RECORD BIMI("brand._bimi.sub.example.com", L);
	static const struct {
		const char *mail, *signed_fields, *used;
	} GIVEN[] = {
		{WITH("BIMI-Selector: v=BIMI1; s=brand\r\n"), "from:bimi-selector", "brand"},
		{WITH("bimi-selector: v=BIMI1;\r\n s=brand;\r\n"), "from : BIMI-Selector", "brand"},
		{WITH("BIMI-Selector: v=BIMI1; s=brand\r\n"), "from:subject", "default"},
		{WITH("BIMI-Selector: v=bimi1; s=brand\r\n"), "from:bimi-selector", "default"},
		{WITH("BIMI-Selector: v=BIMI1; s=br_nd\r\n"), "from:bimi-selector", "default"},
	};
	for (size_t i = 0; i < sizeof(GIVEN) / sizeof(GIVEN[0]); i++) {
		struct trial trial = plain(GIVEN[i].mail, ZONE);
		trial.signature.signed_fields = str_from(GIVEN[i].signed_fields);
		assert_str(expect(&trial, AUTH_PASS, NULL).selector, GIVEN[i].used);
		assert_true(noted(&trial, "selector", strcmp(GIVEN[i].used, "brand") == 0 ? "used" : "ignored"));
	}
	struct trial trial = plain(WITH("BIMI-Selector: v=BIMI1; s=brand\r\n"), ORG RECORD);
	(void)expect(&trial, AUTH_NONE, "record.none");
	trial = plain(WITH("BIMI-Selector: v=BIMI1; s=brand\r\nBIMI-Selector: v=BIMI1; s=brand\r\n"), ZONE);
	(void)expect(&trial, AUTH_FAIL, "selector.several");
	/* Of a signature that is not aligned, or under adkim=s. */
	trial = plain(WITH("BIMI-Selector: v=BIMI1; s=brand\r\n"), ZONE);
	trial.spf = true;
	trial.signature.domain = STR("example.org");
	assert_str(expect(&trial, AUTH_PASS, NULL).selector, "default");
	trial = plain(WITH("BIMI-Selector: v=BIMI1; s=brand\r\n"),
		POLICY("example.com", "p=reject; adkim=s") RECORD BIMI("brand._bimi.sub.example.com", L));
	trial.spf = true;
	assert_str(expect(&trial, AUTH_PASS, NULL).selector, "default");
	trial.signature.domain = STR("sub.example.com");
	assert_str(expect(&trial, AUTH_PASS, NULL).selector, "brand");
}

static void test_fields(void **state)
{
	(void)state;
	struct trial trial = plain(WITH("BIMI-Indicator: AAAA\r\n"),
		ORG BIMI("default._bimi.example.com", L "; " A "; avp=personal"));
	struct verdict_bimi bimi = expect(&trial, AUTH_PASS, NULL);
	assert_str(bimi.domain, "example.com");
	assert_str(bimi.selector, "default");
	assert_str(bimi.location, "https://a.example/l.svg");
	assert_str(bimi.evidence, "https://a.example/v.pem");
	assert_str(bimi.preference, "personal");
	assert_str(bimi.authority, "none");
	assert_true(str_starts(bimi.record, STR("v=BIMI1; ")));
	assert_true(noted(&trial, "field", "ignored"));
	assert_true(noted(&trial, "result", "pass"));
	assert_true(noted(&trial, "dns", "NXDOMAIN"));
}

/* The properties of the draft's Authentication-Results section. */
static void test_authres(void **state)
{
	(void)state;
	struct trial trial = plain(MAIL, ORG BIMI("default._bimi.example.com", L "; " A "; avp=personal"));
	struct verdict verdict = run(&trial);
	struct authres authres;
	struct buf field;
	buf_init(&field, 1 << 20);
	authres_write(&field, STR("mx.example"), &verdict);
	struct str body = str_from_offset(buf_str(&field), strlen("Authentication-Results:"));
	assert_true(authres_parse(arena, body, &authres));
	const struct authres_result *bimi = &authres.results[authres.results_count - 1];
	assert_str(bimi->method, "bimi");
	assert_str(bimi->result, "pass");
	assert_str(authres_value(bimi, "header", "d"), "example.com");
	assert_str(authres_value(bimi, "header", "selector"), "default");
	assert_str(authres_value(bimi, "policy", "authority"), "none");
	assert_str(authres_value(bimi, "policy", "authority-uri"), "https://a.example/v.pem");
	assert_str(authres_value(bimi, "policy", "indicator-uri"), "https://a.example/l.svg");
	assert_str(authres_value(bimi, "policy", "logo-preference"), "personal");
	buf_fini(&field);
}

static const char *hash_of(const char *text)
{
	char hex[SHA256_HEX_BYTES];
	struct sha256 sum = sha256_of(text, strlen(text));
	return arena_printf(arena, "%s", sha256_hex(&sum, hex));
}

static void test_indicator(void **state)
{
	(void)state;
	struct trial trial = plain(MAIL, ORG RECORD);
	trial.options.indicator = STR(MARK_SVG);
	assert_str(expect(&trial, AUTH_PASS, NULL).indicator_hash, hash_of(MARK_SVG));
	trial.options.indicator = STR("<svg/>");
	(void)expect(&trial, AUTH_FAIL, "svg.namespace");
	trial.options.indicator = STR("");
	(void)expect(&trial, AUTH_FAIL, "svg.xml");
	trial = plain(MAIL, ORG BIMI("default._bimi.example.com", "l=; " A));
	trial.options.indicator = STR("<svg/>");
	(void)expect(&trial, AUTH_PASS, NULL);
	assert_true(noted(&trial, "indicator", "ignored"));
}

static void test_evidence(void **state)
{
	(void)state;
	static const char ZONE[] = ORG BIMI("default._bimi.example.com", L "; " A);
	struct mark_options options = mark_good();
	struct mark mark = mark_make(arena, &options);
	struct trial trial = plain(MAIL, ZONE);
	trial.options = (struct bimi_options){.evidence = mark.evidence, .roots = &mark.root, .roots_count = 1};
	struct verdict_bimi bimi = expect(&trial, AUTH_PASS, NULL);
	assert_str(bimi.authority, "pass");
	assert_str(bimi.mark_kind, "VMC");
	assert_str(bimi.mark_type, "Registered Mark");
	assert_str(bimi.indicator_hash, hash_of(MARK_SVG));
	assert_true(noted(&trial, "certificate", "pass"));
	const struct trace_step *certificate = NULL;
	for (size_t i = 0; i < trial.steps_count; i++)
		if (str_eq(trial.steps[i].kind, STR("certificate")))
			certificate = &trial.steps[i];
	assert_true(str_find(certificate->note, STR("digest of the logo: sha1; no transparency timestamps in it; "
		"revocation is not checked")) != SIZE_MAX);
	trial.options.indicator = STR(MARK_SVG);
	assert_str(expect(&trial, AUTH_PASS, NULL).authority, "pass");
	trial.options.indicator = STR("<svg version=\"1.2\" baseProfile=\"tiny-ps\" viewBox=\"0 0 9 9\" "
		"xmlns=\"http://www.w3.org/2000/svg\"><title>other</title></svg>");
	assert_str(expect(&trial, AUTH_FAIL, "indicator.differs").authority, "fail");
	trial.options.indicator = STR_NONE;
	trial.options.roots_count = 0;
	bimi = expect(&trial, AUTH_PASS, "vmc.no_roots");
	assert_str(bimi.authority, "none");
	assert_true(str_find(bimi.detail, STR("no roots")) != SIZE_MAX);
	options.domain = "example.org";
	mark = mark_make(arena, &options);
	trial.options = (struct bimi_options){.evidence = mark.evidence, .roots = &mark.root, .roots_count = 1};
	assert_str(expect(&trial, AUTH_FAIL, "vmc.domain").authority, "fail");
	trial.options.evidence = STR("no certificate");
	bimi = expect(&trial, AUTH_FAIL, "vmc.pem");
	for (size_t i = 0; i < trial.steps_count; i++)
		if (str_eq(trial.steps[i].kind, STR("certificate")))
			assert_true(str_eq(trial.steps[i].note, bimi.detail));
	/* A record without a= has no evidence, whatever lies at hand. */
	trial.zone = ORG RECORD;
	assert_str(expect(&trial, AUTH_PASS, NULL).authority, "none");
	assert_true(noted(&trial, "certificate", "ignored"));
}

/* The certificate is for the Organizational Domain, or the name that the record was found by. */
static void test_evidence_names(void **state)
{
	(void)state;
	static const char *const NAMES[] = {"example.com", "sub.example.com", "default._bimi.sub.example.com"};
	for (size_t i = 0; i < 3; i++) {
		struct mark_options options = mark_good();
		options.domain = NAMES[i];
		struct mark mark = mark_make(arena, &options);
		struct trial trial = plain(MAIL, ORG BIMI("default._bimi.sub.example.com", L "; " A));
		trial.options = (struct bimi_options){.evidence = mark.evidence, .roots = &mark.root, .roots_count = 1};
		assert_str(expect(&trial, AUTH_PASS, NULL).authority, "pass");
	}
}

static void test_corpus_mail(void **state)
{
	(void)state;
	corpus_need();
	struct message message;
	struct str bytes = corpus_file(arena, "bimi", STR("dkim_verifier-rfc6376-A.2-with_bimi.eml")), image;
	struct str file = corpus_file(arena, "bimi", STR("dkim_verifier-example.svg"));
	struct svg svg;
	message_parse(arena, bytes, &message);
	struct str body = message_unfolded(arena, message_field(&message, STR("BIMI-Indicator"), 0));
	assert_true(base64_decode(arena, body, &image));
	assert_true(str_eq(str_trim(image), str_trim(file)));
	svg_check(arena, image, SVG_BYTES, &svg);
	assert_true(svg.valid);
	/* What came with the message is never believed. */
	struct trial trial = plain(arena_cstr(arena, bytes), POLICY("example.com", "p=reject"));
	(void)expect(&trial, AUTH_NONE, "record.none");
	assert_true(noted(&trial, "field", "ignored"));
}

static const struct verdict_advice *advised(const struct verdict *verdict, const char *code)
{
	for (size_t i = 0; i < verdict->advice.count; i++)
		if (str_eq(verdict->advice.at[i].code, str_from(code)))
			return &verdict->advice.at[i];
	return NULL;
}

static struct verdict survey(const char *zone, const char *domain)
{
	struct verdict verdict = {0};
	struct dns *dns;
	struct error error = {0};
	const struct dmarc_options dmarc = {.method = DMARC_TREEWALK};
	if (dns_replay_open(arena, STR("zone"), str_from(zone), &dns, &error) != ERR_OK)
		fail_msg("%s", error.text);
	struct verify verify = {.arena = arena, .dns = dns_session_dns(dns_session_open(arena, dns, DNS_QUERIES_MAX)),
		.now_epoch_secs = MARK_NOW, .limits = verify_limits_default()};
	survey_bimi(&verify, &dmarc, str_from(domain), STR_NONE, &verdict);
	return verdict;
}

static void test_survey(void **state)
{
	(void)state;
	static const struct {
		const char *zone;
		enum auth_result result;
		const char *codes[3];
	} GIVEN[] = {
		{ORG BIMI("default._bimi.example.com", L "; " A), AUTH_PASS, {NULL}},
		{ORG RECORD, AUTH_PASS, {"bimi.no_evidence"}},
		{ORG BIMI("default._bimi.example.com", "l=; " A), AUTH_PASS, {"bimi.no_location"}},
		{ORG, AUTH_NONE, {"bimi.none"}},
		{ORG BIMI("default._bimi.example.com", "l=; a="), AUTH_DECLINED, {NULL}},
		{ORG RECORD RECORD, AUTH_FAIL, {"bimi.record"}},
		{ORG BIMI("default._bimi.example.com", "L=x"), AUTH_FAIL, {"bimi.record"}},
		{ORG "default._bimi.example.com TXT !SERVFAIL\n", AUTH_TEMPERROR, {"bimi.dns"}},
		{POLICY("example.com", "p=none") BIMI("default._bimi.example.com", L "; " A), AUTH_PASS,
			{"bimi.policy"}},
		{BIMI("default._bimi.example.com", L), AUTH_PASS, {"bimi.policy", "bimi.no_evidence"}},
		{POLICY("example.com", "p=none"), AUTH_NONE, {"bimi.none"}},
	};
	for (size_t i = 0; i < sizeof(GIVEN) / sizeof(GIVEN[0]); i++) {
		struct verdict verdict = survey(GIVEN[i].zone, "example.com");
		size_t codes = 0;
		assert_int_equal(verdict.bimi.result, GIVEN[i].result);
		while (codes < 3 && GIVEN[i].codes[codes])
			if (!advised(&verdict, GIVEN[i].codes[codes++]))
				fail_msg("%s: no %s", GIVEN[i].zone, GIVEN[i].codes[codes - 1]);
		if (verdict.advice.count != codes)
			fail_msg("%s: %zu pieces of advice, the last %.*s", GIVEN[i].zone, verdict.advice.count,
				STR_FMT(verdict.advice.at[verdict.advice.count - 1].code));
	}
	struct verdict below = survey(ORG BIMI("default._bimi.example.com", L "; " A), "mail.example.com");
	assert_str(below.bimi.domain, "example.com");
	/* Beside two records no third one is proposed. */
	struct verdict twice = survey(ORG RECORD RECORD, "example.com");
	assert_int_equal(advised(&twice, "bimi.record")->record.len, 0);
	assert_str(advised(&(struct verdict){.advice = survey(ORG, "example.com").advice}, "bimi.none")->name,
		"default._bimi.example.com");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_results, open_arena, close_arena),
		cmocka_unit_test_setup_teardown(test_unknown_organisation, open_arena, close_arena),
		cmocka_unit_test_setup_teardown(test_signatures, open_arena, close_arena),
		cmocka_unit_test_setup_teardown(test_selector_field, open_arena, close_arena),
		cmocka_unit_test_setup_teardown(test_fields, open_arena, close_arena),
		cmocka_unit_test_setup_teardown(test_authres, open_arena, close_arena),
		cmocka_unit_test_setup_teardown(test_indicator, open_arena, close_arena),
		cmocka_unit_test_setup_teardown(test_evidence, open_arena, close_arena),
		cmocka_unit_test_setup_teardown(test_evidence_names, open_arena, close_arena),
		cmocka_unit_test_setup_teardown(test_survey, open_arena, close_arena),
		cmocka_unit_test_setup_teardown(test_corpus_mail, open_arena, close_arena),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
