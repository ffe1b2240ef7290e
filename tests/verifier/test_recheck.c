// SPDX-License-Identifier: Apache-2.0
/* Samples of failure reports, really signed: each difference, and that nothing fails for what is not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dns/replay.h"
#include "dns/session.h"
#include "tests/verifier/signed_mail.h"
#include "tests/verifier/signer.h"
#include "verifier/check.h"
#include "verifier/recheck.h"

#define TAGS "v=1; a=rsa-sha256; c=relaxed/relaxed; d=ours.example; s=s; h=from:to:subject"
#define HEADER "From: Joe <joe@ours.example>\r\nTo: Ann <ann@theirs.example>\r\nSubject: Dinner\r\n"
#define LETTER HEADER "\r\nIs it ready?\r\n"
#define FAILED "theirs.example; dmarc=fail header.from=ours.example; spf=fail smtp.mailfrom=joe@ours.example\n" \
	"theirs.example; dkim=fail header.d=ours.example header.s=s"
#define PASSED "theirs.example; dmarc=pass header.from=ours.example; spf=pass smtp.mailfrom=joe@ours.example; " \
	"dkim=pass header.d=ours.example header.s=s"

struct bench {
	struct signed_mail *mail;
	struct signer *signer;
	struct verify_reporter reporter;
	struct identity_hints hints;
	bool headers_only;
	struct verdict verdict;
};

static struct bench bench;

static void publish(const struct signer *signer)
{
	struct arena *arena = bench.mail->arena;
	buf_reset(&bench.mail->zone);
	signed_mail_txt(bench.mail, STR("_dmarc.ours.example"), STR("v=DMARC1; p=reject"));
	signed_mail_txt(bench.mail, STR("ours.example"), STR("v=spf1 ip4:192.0.2.1 -all"));
	if (signer)
		signed_mail_txt(bench.mail, STR("s._domainkey.ours.example"), signer_record(arena, signer));
}

static int setup(void **state)
{
	bench = (struct bench){.reporter.authentication_results = STR(FAILED)};
	assert_int_equal(signed_mail_open((void **)&bench.mail), 0);
	bench.signer = signer_rsa(1024, 65537);
	assert_true(ip_parse(STR("192.0.2.9"), &bench.hints.ip));
	bench.hints.mail_from = STR("joe@ours.example");
	publish(bench.signer);
	*state = NULL;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	signer_close(&bench.signer);
	return signed_mail_close((void **)&bench.mail);
}

static struct str signed_letter(void)
{
	return signer_sign(bench.mail->arena, bench.signer, STR(TAGS), STR(LETTER));
}

static void judge(struct str bytes)
{
	struct signed_mail *mail = bench.mail;
	struct error error;
	struct dns *replay;
	if (dns_replay_open(mail->arena, STR("zone"), arena_str(mail->arena, buf_str(&mail->zone)), &replay, &error))
		fail_msg("%s", error.text);
	mail->verify.dns = dns_session_dns(dns_session_open(mail->arena, replay, DNS_QUERIES_MAX));
	mail->verify.trace = trace_open(mail->arena);
	const struct check_request request = {.dmarc.method = DMARC_TREEWALK, .hints = bench.hints,
		.reporter = &bench.reporter, .headers_only = bench.headers_only};
	check_message(&mail->verify, bytes, &request, &bench.verdict);
}

static void expect(const char *method, const char *reporter, const char *ours, const char *difference)
{
	for (size_t i = 0; i < bench.verdict.recheck.count; i++) {
		const struct verdict_recheck *item = &bench.verdict.recheck.at[i];
		if (!str_eq(item->method, str_from(method)))
			continue;
		if (!str_eq(item->reporter, str_from(reporter)) || !str_eq(item->ours, str_from(ours)) ||
			!str_eq(item->difference, str_from(difference)) || item->detail.len == 0)
			fail_msg("%s: %.*s, %.*s: %.*s (%.*s)", method, STR_FMT(item->reporter), STR_FMT(item->ours),
				STR_FMT(item->difference), STR_FMT(item->detail));
		return;
	}
	fail_msg("nothing of %s", method);
}

static void test_same(void **state)
{
	(void)state;
	judge(STR(LETTER));
	assert_int_equal(bench.verdict.recheck.count, 3);
	expect("spf", "fail", "fail", "same");
	expect("dmarc", "fail", "fail", "same");
	expect("dkim", "fail", "none", "not_checkable");
	bench.reporter.authentication_results = STR("x; dkim=none");
	judge(STR(LETTER));
	expect("dkim", "none", "none", "same");
	assert_int_equal(bench.verdict.recheck.count, 1);
	bench.reporter.authentication_results = STR(PASSED);
	judge(signed_letter());
	expect("dkim", "pass", "pass", "same");
	expect("dmarc", "pass", "pass", "same");
}

static void test_we_pass(void **state)
{
	(void)state;
	judge(signed_letter());
	expect("dkim", "fail", "pass", "we_pass");
	expect("dmarc", "fail", "pass", "we_pass");
	assert_true(ip_parse(STR("192.0.2.1"), &bench.hints.ip));
	judge(STR(LETTER));
	expect("spf", "fail", "pass", "we_pass");
	expect("dmarc", "fail", "pass", "we_pass");
}

static void test_canonicalisation(void **state)
{
	struct arena *arena = bench.mail->arena;
	(void)state;
	bench.reporter.authentication_results = STR(PASSED);
	judge(str_from(arena_printf(arena, "%.*s-- \r\nlist\r\n", STR_FMT(signed_letter()))));
	expect("dkim", "pass", "fail", "canonicalization");
	expect("dmarc", "pass", "fail", "canonicalization");
	expect("spf", "pass", "fail", "dns_changed");
	/* What fails there fails here: the cause is said. */
	bench.reporter.authentication_results = STR(FAILED);
	judge(str_from(arena_printf(arena, "%.*s-- \r\nlist\r\n", STR_FMT(signed_letter()))));
	expect("dkim", "fail", "fail", "same");
}

static void test_we_fail(void **state)
{
	(void)state;
	bench.reporter.authentication_results = STR(PASSED);
	judge(STR(LETTER));
	expect("spf", "pass", "fail", "dns_changed");
	expect("dmarc", "pass", "fail", "dns_changed");
	bench.reporter.authentication_results = STR("mx.example; spf=fail; dmarc=pass header.from=ours.example");
	judge(STR(LETTER));
	expect("dmarc", "pass", "fail", "we_fail");
	judge(STR("To: joe@ours.example\r\n\r\nx\r\n"));
	expect("dmarc", "pass", "none", "not_checkable");
	bench.reporter.authentication_results = STR(PASSED);
	bench.reporter.arrived_epoch_secs = 0;
	judge(signer_sign(bench.mail->arena, bench.signer, STR(TAGS "; x=1600000000"), STR(LETTER)));
	expect("dkim", "pass", "policy", "we_fail");
}

static void test_keys(void **state)
{
	struct signer *other = signer_rsa(1024, 65537);
	(void)state;
	struct str bytes = signed_letter();
	publish(other);
	for (int passed = 0; passed < 2; passed++) {
		bench.reporter.authentication_results = passed ? STR(PASSED) : STR(FAILED);
		judge(bytes);
		expect("dkim", passed ? "pass" : "fail", "neutral", "key_rotated");
		expect("dmarc", passed ? "pass" : "fail", "none", "key_rotated");
	}
	/* A signature that DMARC does not look at explains nothing of it. */
	judge(signer_sign(bench.mail->arena, bench.signer, STR("v=1; a=rsa-sha256; d=list.test; s=s; h=from"),
		STR(LETTER)));
	assert_int_equal(bench.verdict.dmarc.result, AUTH_FAIL);
	expect("dmarc", "pass", "fail", "dns_changed");
	publish(NULL);
	judge(bytes);
	expect("dkim", "pass", "neutral", "key_gone");
	expect("dmarc", "pass", "none", "key_gone");
	assert_int_equal(bench.verdict.dmarc.result, AUTH_NONE);
	signer_close(&other);
}

static void test_headers_only(void **state)
{
	struct str bytes = signed_letter();
	(void)state;
	size_t end = str_find(bytes, STR("\r\n\r\n"));
	judge(str_sub(bytes, 0, end + 2));
	assert_int_equal(bench.verdict.dkim.at[0].result, AUTH_NEUTRAL);
	assert_int_equal(bench.verdict.dkim.at[0].body_hash_matches, MAYBE_UNKNOWN);
	assert_int_equal(bench.verdict.dkim.at[0].signature_matches, MAYBE_YES);
	expect("dkim", "fail", "neutral", "headers_only");
	expect("dmarc", "fail", "none", "headers_only");
	/* A part of the body is none. */
	bench.headers_only = true;
	judge(str_sub(bytes, 0, end + 6));
	expect("dkim", "fail", "neutral", "headers_only");
	/* What the header shows is certain. */
	bytes = str_sub(bytes, 0, end + 2);
	judge(str_from(arena_printf(bench.mail->arena, "%.*sSubject: another\r\n", STR_FMT(bytes))));
	expect("dkim", "fail", "fail", "same");
	assert_int_equal(bench.verdict.dmarc.result, AUTH_FAIL);
	/* A mail that never had a body is whole. */
	judge(signer_sign(bench.mail->arena, bench.signer, STR(TAGS), STR(HEADER "\r\n")));
	expect("dkim", "fail", "pass", "we_pass");
}

static struct str replaced(struct str text, struct str from, const char *to)
{
	size_t at = str_find(text, from);
	return str_from(arena_printf(bench.mail->arena, "%.*s%s%.*s", STR_FMT(str_sub(text, 0, at)), to,
		STR_FMT(str_from_offset(text, at + from.len))));
}

static void test_redacted(void **state)
{
	(void)state;
	judge(replaced(signed_letter(), STR("ann@"), "redacted@"));
	expect("dkim", "fail", "neutral", "redacted");
	expect("dmarc", "fail", "none", "redacted");
	judge(replaced(signed_letter(), STR("ready"), "[REDACTED]"));
	expect("dkim", "fail", "neutral", "redacted");
	/* An author who cannot be seen. */
	judge(STR("From: [REDACTED]\r\nTo: a@b.example\r\n\r\nx\r\n"));
	expect("dmarc", "fail", "none", "redacted");
	judge(STR("To: a@b.example\r\nSubject: x\r\n\r\nx\r\n"));
	expect("dmarc", "fail", "none", "not_checkable");
	/* A filter's tag is none. */
	judge(replaced(signed_letter(), STR("Dinner"), "***SPAM*** Dinner"));
	expect("dkim", "fail", "fail", "same");
	/* A word of the author's is no sign of it, and what fits, fits. */
	judge(signer_sign(bench.mail->arena, bench.signer, STR(TAGS), STR(HEADER "\r\nThey redacted it\r\n")));
	expect("dkim", "fail", "pass", "we_pass");
	judge(replaced(replaced(signed_letter(), STR("ready"), "redacted"), STR("Is it"), "Was it"));
	expect("dkim", "fail", "fail", "same");
}

static void test_not_checkable(void **state)
{
	(void)state;
	bench.hints = (struct identity_hints){.mail_from = STR_NONE};
	judge(STR(LETTER));
	expect("spf", "fail", "none", "not_checkable");
	expect("dmarc", "fail", "none", "not_checkable");
	signed_mail_status(bench.mail, STR("s2._domainkey.ours.example"), "SERVFAIL");
	bench.reporter.authentication_results = STR_NONE;
	bench.reporter.auth_failure = STR("bodyhash");
	bench.reporter.dkim_domain = STR("ours.example; other.example");
	judge(signer_sign(bench.mail->arena, bench.signer, STR("v=1; a=rsa-sha256; d=ours.example; s=s2; h=from"),
		STR(LETTER)));
	expect("dkim", "fail", "temperror", "not_checkable");
	assert_int_equal(bench.verdict.recheck.count, 1);
	bench.reporter.dkim_domain = STR("third.example");
	judge(signed_letter());
	expect("dkim", "fail", "none", "not_checkable");
}

/* Where only alignment is spoken of: NetEase says "spf,dkim", others "none", and both mean that nothing is. */
static void test_alignment(void **state)
{
	static const char *const lists[] = {"none", "spf,dkim", "dkim (a comment), spf"};
	(void)state;
	bench.reporter.authentication_results = STR("theirs.example; dmarc=fail header.from=ours.example");
	for (size_t i = 0; i < 3; i++) {
		bench.reporter.identity_alignment = str_from(lists[i]);
		judge(STR(LETTER));
		expect("spf", "not aligned", "not aligned", "same");
		expect("dkim", "not aligned", "not aligned", "same");
		judge(signed_letter());
		expect("dkim", "not aligned", "aligned", "we_pass");
	}
	publish(NULL);
	judge(signed_letter());
	expect("dkim", "not aligned", "neutral", "key_gone");
	/* One of both can be read in two ways, and is. */
	bench.reporter.identity_alignment = STR("dkim");
	judge(STR(LETTER));
	assert_int_equal(bench.verdict.recheck.count, 1);
}

static void test_dns_changed(void **state)
{
	(void)state;
	bench.reporter.authentication_results = STR("spf=none; dmarc=fail (p=none; dis=none) header.from=ours.example");
	judge(STR(LETTER));
	expect("spf", "none", "fail", "dns_changed");
	expect("dmarc", "fail", "fail", "same");
	buf_reset(&bench.mail->zone);
	judge(STR(LETTER));
	expect("spf", "none", "none", "same");
	expect("dmarc", "fail", "none", "dns_changed");
}

/* Without a reporter nothing of this is said, and a message without body fails as ever. */
static void test_no_sample(void **state)
{
	struct str bytes = signed_letter();
	(void)state;
	struct dns *replay;
	struct error error;
	struct signed_mail *mail = bench.mail;
	struct str zone = arena_str(mail->arena, buf_str(&mail->zone));
	assert_int_equal(dns_replay_open(mail->arena, STR("zone"), zone, &replay, &error), ERR_OK);
	mail->verify.dns = replay;
	const struct check_request request = {.dmarc.method = DMARC_TREEWALK};
	check_message(&mail->verify, str_sub(bytes, 0, str_find(bytes, STR("\r\n\r\n")) + 4), &request, &bench.verdict);
	assert_int_equal(bench.verdict.recheck.count, 0);
	assert_int_equal(bench.verdict.dkim.at[0].result, AUTH_FAIL);
	assert_int_equal(bench.verdict.dmarc.result, AUTH_FAIL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_same, setup, teardown),
		cmocka_unit_test_setup_teardown(test_we_pass, setup, teardown),
		cmocka_unit_test_setup_teardown(test_canonicalisation, setup, teardown),
		cmocka_unit_test_setup_teardown(test_we_fail, setup, teardown),
		cmocka_unit_test_setup_teardown(test_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(test_headers_only, setup, teardown),
		cmocka_unit_test_setup_teardown(test_redacted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_checkable, setup, teardown),
		cmocka_unit_test_setup_teardown(test_alignment, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dns_changed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_sample, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
