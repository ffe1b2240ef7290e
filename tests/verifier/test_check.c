// SPDX-License-Identifier: Apache-2.0
/* All mechanisms together: the message of RFC 8463 appendix A, and what becomes of messages of which little
 * is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dns/replay.h"
#include "dns/session.h"
#include "model/json.h"
#include "verifier/check.h"

#include <string.h>

#define ARENA_CEILING_BYTES ((size_t)128 * 1024 * 1024)

static struct arena *arena;

#define ZONE \
	"football.example.com TXT \"v=spf1 ip4:192.0.2.1 -all\"\n" \
	"helo.example.com TXT \"v=spf1 a -all\"\n" \
	"helo.example.com A 192.0.2.1\n" \
	"_dmarc.example.com TXT \"v=DMARC1; p=reject; pct=50\"\n" \
	"brisbane._domainkey.football.example.com TXT " \
	"\"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"\n"

#define KEY_NAME "brisbane._domainkey.football.example.com"

#define SIGNATURE \
	"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n" \
	" d=football.example.com; i=@football.example.com;\r\n" \
	" q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n" \
	" subject : date : message-id : from : subject : date;\r\n" \
	" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n" \
	" b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n" \
	" Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"

#define LETTER(body) \
	"From: Joe SixPack <joe@football.example.com>\r\n" \
	"To: Suzie Q <suzie@shopping.example.net>\r\n" \
	"Subject: Is dinner ready?\r\n" \
	"Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n" \
	"Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n" \
	"\r\n" body

#define BODY "Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"

static struct check_request request;
static struct dns_session *session;

static struct verdict check(const char *zone, const char *message)
{
	struct dns *dns;
	struct error error;
	struct verdict verdict;
	if (dns_replay_open(arena, STR("zone"), str_from(zone), &dns, &error))
		fail_msg("%s", error.text);
	session = dns_session_open(arena, dns, DNS_QUERIES_MAX);
	struct verify verify = {.arena = arena, .dns = dns_session_dns(session), .trace = trace_open(arena),
		.now_epoch_secs = 1800000000, .limits = verify_limits_default()};
	check_message(&verify, str_from(message), &request, &verdict);
	return verdict;
}

static void ask(const char *ip, struct str helo, struct str mail_from)
{
	request = (struct check_request){.dmarc.method = DMARC_TREEWALK,
		.hints = {.helo = helo, .mail_from = mail_from}};
	assert_true(!ip || ip_parse(str_from(ip), &request.hints.ip));
}

static bool advised(const struct verdict *verdict, const char *code, const char *name, const char *record)
{
	for (size_t i = 0; i < verdict->advice.count; i++) {
		const struct verdict_advice *advice = &verdict->advice.at[i];
		if (str_eq(advice->code, str_from(code)) && (!name || str_eq(advice->name, str_from(name))) &&
			(!record || str_eq(advice->record, str_from(record))))
			return advice->text.len > 0 && advice->severity.len > 0;
	}
	return false;
}

static void test_whole(void **state)
{
	(void)state;
	ask("192.0.2.1", STR("helo.example.com"), STR("joe@football.example.com"));
	struct verdict verdict = check(ZONE, SIGNATURE LETTER(BODY));
	assert_int_equal(verdict.spf.count, 2);
	assert_int_equal(verdict.spf.at[0].result, AUTH_PASS);
	assert_true(str_eq(verdict.spf.at[0].identity, STR("mailfrom")));
	assert_int_equal(verdict.spf.at[1].result, AUTH_PASS);
	assert_true(str_eq(verdict.spf.at[1].identity, STR("helo")));
	assert_int_equal(verdict.dkim.count, 1);
	assert_int_equal(verdict.dkim.at[0].result, AUTH_PASS);
	assert_true(verdict.dkim.at[0].author_domain);
	assert_int_equal(verdict.arc.result, AUTH_NONE);
	assert_int_equal(verdict.dmarc.result, AUTH_PASS);
	assert_true(verdict.dmarc.spf_aligned && verdict.dmarc.dkim_aligned);
	assert_true(str_eq(verdict.dmarc.org_domain, STR("example.com")));
	assert_true(verdict.trace.count > 10);
	assert_true(advised(&verdict, "dmarc.record", "_dmarc.example.com", NULL));
	assert_false(advised(&verdict, "dkim.unsigned", NULL, NULL));
	/* LF is read as CRLF. */
	verdict = check(ZONE, "From: joe@football.example.com\n\nbody\n");
	assert_int_equal(verdict.dmarc.result, AUTH_PASS);
}

static const char *as_json(const struct verdict *verdict)
{
	struct buf buf;
	struct json json;
	buf_init(&buf, SIZE_MAX / 2);
	json_init(&json, &buf);
	verdict_json(&json, verdict);
	const char *text = arena_cstr(arena, buf_str(&buf));
	buf_fini(&buf);
	return text;
}

static const char *answers(void)
{
	struct buf buf;
	buf_init(&buf, SIZE_MAX / 2);
	dns_replay_add_session(&buf, session);
	const char *text = arena_cstr(arena, buf_str(&buf));
	buf_fini(&buf);
	return text;
}

/* The same answers give the same verdict, bit for bit: that of the answers it rests on, too. */
static void test_repeated(void **state)
{
	static const char *const messages[] = {SIGNATURE LETTER(BODY), SIGNATURE LETTER("changed\r\n"), "",
		"Subject: x\r\n\r\n"};
	(void)state;
	ask("192.0.2.1", STR("helo.example.com"), STR("joe@football.example.com"));
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		struct verdict once = check(ZONE "a.example.com TXT !TIMEOUT\n", messages[i]);
		const char *zone = answers(), *json = as_json(&once);
		struct verdict again = check(zone, messages[i]);
		assert_string_equal(json, as_json(&again));
		assert_string_equal(zone, answers());
	}
}

static void test_little_known(void **state)
{
	static const char *const messages[] = {"", "\r\n", "x", "Subject: x\r\n\r\n", "From: a@example.com\r\n\r\n",
		"\xff\xfe\r\n", "From: \r\n :"};
	(void)state;
	ask(NULL, STR_NONE, STR_NONE);
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		struct verdict verdict = check(ZONE, messages[i]);
		assert_int_equal(verdict.spf.count, 1);
		assert_int_equal(verdict.spf.at[0].result, AUTH_NONE);
		assert_true(verdict.spf.at[0].problem.len > 0);
		assert_int_equal(verdict.dkim.count, 0);
		assert_int_not_equal(verdict.dmarc.result, AUTH_UNKNOWN);
		assert_int_not_equal(verdict.dmarc.result, AUTH_PASS);
		assert_int_equal(verdict.arc.result, AUTH_NONE);
		assert_true(verdict.advice.count > 0);
	}
	/* A sender without a client. */
	ask(NULL, STR("helo.example.com"), STR("joe@football.example.com"));
	struct verdict verdict = check(ZONE, LETTER(BODY));
	assert_int_equal(verdict.spf.at[0].result, AUTH_NONE);
	assert_true(verdict.spf.at[0].problem.len > 0);
	assert_int_equal(verdict.dmarc.result, AUTH_FAIL);
}

static void test_no_author(void **state)
{
	(void)state;
	ask("192.0.2.1", STR("helo.example.com"), STR("joe@football.example.com"));
	struct verdict verdict = check(ZONE, "Subject: x\r\n\r\n");
	assert_int_equal(verdict.dmarc.result, AUTH_PERMERROR);
	assert_true(str_eq(verdict.dmarc.reason, STR("from_missing")));
	assert_true(advised(&verdict, "from.unusable", NULL, NULL));
	verdict = check(ZONE, "From: joe@football.example.com\r\nFrom: a@example.net\r\n\r\n");
	assert_int_equal(verdict.dmarc.result, AUTH_PERMERROR);
}

static void test_advice(void **state)
{
	(void)state;
	ask("192.0.2.2", STR_NONE, STR("joe@football.example.com"));
	struct verdict verdict = check(ZONE, LETTER(BODY));
	assert_int_equal(verdict.dmarc.result, AUTH_FAIL);
	assert_true(advised(&verdict, "spf.not_covered", "football.example.com",
		"v=spf1 ip4:192.0.2.2 ip4:192.0.2.1 -all"));
	assert_true(advised(&verdict, "dkim.unsigned", NULL, NULL));
	ask("2001:db8::1", STR_NONE, STR("joe@none.example.com"));
	verdict = check(ZONE, LETTER(BODY));
	assert_true(advised(&verdict, "spf.missing", "none.example.com", "v=spf1 ip6:2001:db8::1 ~all"));
	ask("192.0.2.1", STR_NONE, STR("joe@other.example.net"));
	verdict = check(ZONE "other.example.net TXT \"v=spf1 +all\"\n", LETTER(BODY));
	assert_true(advised(&verdict, "spf.unaligned", NULL, NULL));
	verdict = check(ZONE "default._bimi.football.example.com TXT \"v=BIMI1; l=http://a.example/l.svg\"\n",
		SIGNATURE LETTER(BODY));
	assert_true(advised(&verdict, "bimi.refused", "default._bimi.football.example.com",
		"v=BIMI1; l=https://HOST/logo.svg; a=https://HOST/mark.pem"));
	verdict = check(ZONE "default._bimi.football.example.com TXT \"v=BIMI1; l=\"\n"
		"default._bimi.football.example.com TXT \"v=BIMI1; l=;\"\n", SIGNATURE LETTER(BODY));
	assert_true(advised(&verdict, "bimi.refused", NULL, NULL));
	assert_false(advised(&verdict, "bimi.refused", "default._bimi.football.example.com", NULL));
	verdict = check(ZONE, "BIMI-Selector: v=BIMI1; s=a\r\nBIMI-Selector: v=BIMI1; s=b\r\n" SIGNATURE LETTER(BODY));
	assert_true(advised(&verdict, "bimi.refused", NULL, NULL));
	/* Where a record stands already none is to be added. */
	verdict = check("_dmarc.example.com TXT \"v=DMARC1; p=none\"\n"
		"_dmarc.football.example.com TXT \"v=DMARC1; p=none\"\n"
		"_dmarc.football.example.com TXT \"v=DMARC1; p=reject\"\n", LETTER(BODY));
	assert_true(advised(&verdict, "dmarc.several_records", "_dmarc.football.example.com", NULL));
	verdict = check("_dmarc.football.example.com TXT \"v=dmarc1; p=none\"\n", LETTER(BODY));
	assert_true(advised(&verdict, "dmarc.not_a_record", "_dmarc.football.example.com", NULL));
	assert_false(advised(&verdict, "dmarc.missing", NULL, NULL));
	/* Strict alignment alone is in the way. */
	ask("192.0.2.1", STR_NONE, STR("joe@a.example.com"));
	verdict = check("_dmarc.example.com TXT \"v=DMARC1;p=reject ; aspf = S;adkim=s;\"\n"
		"a.example.com TXT \"v=spf1 +all\"\n", LETTER(BODY));
	assert_true(advised(&verdict, "spf.strict", "_dmarc.example.com", "v=DMARC1; p=reject; adkim=s"));
	assert_false(advised(&verdict, "spf.unaligned", NULL, NULL));
	ask("192.0.2.1", STR_NONE, STR("joe@other.example.net"));
	verdict = check("a.example A 192.0.2.1\n", SIGNATURE LETTER(BODY));
	assert_true(advised(&verdict, "dmarc.missing", "_dmarc.football.example.com",
		"v=DMARC1; p=none; rua=mailto:dmarc-reports@football.example.com"));
	assert_true(advised(&verdict, "dkim.key_missing", "brisbane._domainkey.football.example.com",
		"v=DKIM1; k=ed25519; p=<the public key>"));
	verdict = check(ZONE, SIGNATURE LETTER("changed\r\n"));
	assert_true(advised(&verdict, "dkim.not_valid", NULL, NULL));
	assert_false(advised(&verdict, "dkim.not_valid", KEY_NAME, NULL));
	/* The record that would mend it. */
	verdict = check(KEY_NAME " TXT \"v=DKIM1; k=rsa; p=AAAA\"\n", SIGNATURE LETTER(BODY));
	assert_true(advised(&verdict, "dkim.not_valid", KEY_NAME, "v=DKIM1; k=ed25519; p=<the public key>"));
	verdict = check(KEY_NAME " TXT \"v=DKIM1; p=\"\n", SIGNATURE LETTER(BODY));
	assert_true(advised(&verdict, "dkim.not_valid", "<new selector>._domainkey.football.example.com",
		"v=DKIM1; k=ed25519; p=<the public key>"));
	verdict = check(KEY_NAME " TXT !SERVFAIL\n", SIGNATURE LETTER(BODY));
	assert_true(advised(&verdict, "dkim.not_valid", NULL, NULL));
	assert_false(advised(&verdict, "dkim.not_valid", KEY_NAME, NULL));
}

/* Without a trace nothing is traced, and the verdict is the same. */
static void test_no_trace(void **state)
{
	struct dns *dns;
	struct error error;
	struct verdict verdict, traced;
	(void)state;
	ask("192.0.2.1", STR_NONE, STR("joe@football.example.com"));
	assert_int_equal(dns_replay_open(arena, STR("zone"), STR(ZONE), &dns, &error), ERR_OK);
	struct verify verify = {.arena = arena, .dns = dns, .now_epoch_secs = 1800000000,
		.limits = verify_limits_default()};
	check_message(&verify, STR(SIGNATURE LETTER(BODY)), &request, &verdict);
	assert_int_equal(verdict.trace.count, 0);
	traced = check(ZONE, SIGNATURE LETTER(BODY));
	traced.trace.count = 0;
	assert_string_equal(as_json(&verdict), as_json(&traced));
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
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_repeated),
		cmocka_unit_test(test_little_known),
		cmocka_unit_test(test_no_author),
		cmocka_unit_test(test_advice),
		cmocka_unit_test(test_no_trace),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
