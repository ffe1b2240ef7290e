// SPDX-License-Identifier: Apache-2.0
/* Chains of our own making: where they break, how far they reach, whom they let in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/verifier/signed_mail.h"
#include "tests/verifier/signer.h"

#include <string.h>

#define TAGS "a=rsa-sha256; c=relaxed/relaxed; d=%s; s=sel; h=from:to:subject"
#define SEAL "a=rsa-sha256; d=%s; s=sel; cv=%s"
#define RESULTS "mx.example.org; spf=pass smtp.mailfrom=example.com; dmarc=pass header.from=example.com"
#define MAIL "From: Joe <joe@example.com>\r\nTo: l@list.example\r\nSubject: Dinner\r\n\r\nHi.\r\n"

static struct signer *rsa;

static int open_keys(void **state)
{
	(void)state;
	rsa = signer_rsa(1024, 65537);
	return 0;
}

static int close_keys(void **state)
{
	(void)state;
	signer_close(&rsa);
	return 0;
}

static const char *domain_of(unsigned instance)
{
	static const char *const domains[] = {"one.example", "two.example", "three.example"};
	return domains[(instance - 1) % 3];
}

static struct str seal_as(struct signed_mail *mail, unsigned instance, const char *cv, struct str results,
	struct str bytes)
{
	struct str tags = str_from(arena_printf(mail->arena, TAGS, domain_of(instance)));
	struct str seal_tags = str_from(arena_printf(mail->arena, SEAL, domain_of(instance), cv));
	return signer_seal(mail->arena, rsa, instance, results, tags, seal_tags, bytes);
}

static struct str seal(struct signed_mail *mail, unsigned instance, struct str bytes)
{
	return seal_as(mail, instance, instance == 1 ? "none" : "pass", STR(RESULTS), bytes);
}

static void publish(struct signed_mail *mail)
{
	for (unsigned i = 1; i <= 3; i++)
		signed_mail_txt(mail, str_from(arena_printf(mail->arena, "sel._domainkey.%s", domain_of(i))),
			signer_record(mail->arena, rsa));
}

static struct str replaced(struct signed_mail *mail, struct str s, const char *from, const char *to)
{
	size_t at = str_find(s, str_from(from));
	assert_true(at != SIZE_MAX);
	struct str rest = str_from_offset(s, at + strlen(from));
	return str_from(arena_printf(mail->arena, "%.*s%s%.*s", STR_FMT(str_sub(s, 0, at)), to, STR_FMT(rest)));
}

static void assert_chain(struct signed_mail *mail, struct str bytes, const char *expected, uint64_t sets,
	uint64_t failed_at)
{
	signed_mail_arc(mail, bytes, NULL, 0);
	const struct verdict_arc *arc = &mail->verdict.arc;
	const char *is = arena_printf(mail->arena, "%s%s%.*s", auth_result_text(arc->result),
		arc->reason.ptr ? " " : "",
		STR_FMT(arc->reason));
	if (strcmp(is, expected) != 0)
		fail_msg("\"%s\" (%.*s), not \"%s\"", is, STR_FMT(arc->detail), expected);
	assert_int_equal(arc->sets, sets);
	assert_int_equal(arc->failed_at, failed_at);
}

static void test_chains(void **state)
{
	struct signed_mail *mail = *state;
	publish(mail);
	struct str one = seal(mail, 1, STR(MAIL)), two = seal(mail, 2, one), three = seal(mail, 3, two);
	assert_chain(mail, STR(MAIL), "none", 0, 0);
	assert_int_equal(mail->verdict.arc_sets.count, 0);
	assert_chain(mail, one, "pass", 1, 0);
	assert_chain(mail, three, "pass", 3, 0);
	assert_int_equal(mail->verdict.arc.oldest_pass, 0);
	assert_int_equal(mail->verdict.arc_sets.count, 3);
	assert_true(str_eq(mail->verdict.arc_sets.at[1].domain, STR("two.example")));
	assert_int_equal(mail->verdict.arc_sets.at[1].seal, MAYBE_YES);
	assert_int_equal(mail->verdict.arc_sets.at[1].message_signature, MAYBE_YES);
	/* What the last sealer signed was changed. */
	assert_chain(mail, replaced(mail, three, "Hi.", "Ho."), "fail body_hash", 3, 3);
	assert_int_equal(mail->verdict.arc.oldest_pass, 0); /* there is none above the last */
	assert_chain(mail, replaced(mail, three, "Subject: Dinner", "Subject: Lunch"), "fail signature", 3, 3);
	/* Changed between the first and the second: the chain holds, and says how far. */
	struct str changed = seal(mail, 2, replaced(mail, one, "Hi.", "Ho."));
	assert_chain(mail, changed, "pass", 2, 0);
	assert_int_equal(mail->verdict.arc.oldest_pass, 2);
	assert_int_equal(mail->verdict.arc_sets.at[0].message_signature, MAYBE_NO);
	assert_true(str_starts(mail->verdict.arc_sets.at[0].detail, STR("ARC-Message-Signature: ")));
	/* Seals cover the sets below. */
	assert_chain(mail, replaced(mail, two, "i=1; mx.example.org; spf=pass", "i=1; mx.example.org; spf=fail"),
		"fail signature", 2, 2);
	assert_int_equal(mail->verdict.arc_sets.at[0].seal, MAYBE_NO);
	/* t=s is of i= as an identity, which ARC does not have. */
	buf_reset(&mail->zone);
	signed_mail_txt(mail, STR("sel._domainkey.one.example"), str_from(arena_printf(mail->arena, "t=s; %.*s",
		STR_FMT(str_from_offset(signer_record(mail->arena, rsa), 9)))));
	assert_chain(mail, one, "pass", 1, 0);
	buf_reset(&mail->zone);
	assert_chain(mail, one, "fail no_key", 1, 1);
	/* No temporary errors in ARC (section 5.2.1). */
	signed_mail_status(mail, STR("sel._domainkey.one.example"), "SERVFAIL");
	assert_chain(mail, one, "fail key_dns", 1, 1);
}

static void test_structure(void **state)
{
	struct signed_mail *mail = *state;
	publish(mail);
	struct str one = seal(mail, 1, STR(MAIL)), two = seal(mail, 2, one), three = seal(mail, 3, two);
	struct str second = str_sub(three, three.len - two.len, two.len - one.len);
	assert_chain(mail, replaced(mail, three, arena_cstr(mail->arena, second), ""), "fail structure", 3, 2);
	assert_chain(mail, str_from(arena_printf(mail->arena, "%.*s%.*s", STR_FMT(second), STR_FMT(three))),
		"fail structure", 3, 2);
	assert_chain(mail, seal_as(mail, 1, "pass", STR(RESULTS), STR(MAIL)), "fail cv", 1, 1);
	assert_chain(mail, seal_as(mail, 2, "none", STR(RESULTS), one), "fail cv", 2, 2);
	assert_chain(mail, seal_as(mail, 2, "fail", STR(RESULTS), one), "fail cv_fail", 2, 2);
	assert_chain(mail, seal(mail, 3, seal_as(mail, 2, "fail", STR(RESULTS), one)), "fail cv", 3, 2);
	assert_chain(mail, replaced(mail, one, "i=1; mx", "mx"), "fail structure", 1, 0);
	assert_chain(mail, replaced(mail, one, "i=1; mx", "i=0; mx"), "fail structure", 1, 0);
	/* CFWS may stand around all of it (RFC 8617 section 4.1.1): the set is whole, its seal is of other bytes. */
	assert_chain(mail, replaced(mail, one, "i=1; mx", "(a;(b)) i (c) = (i=2;)\r\n 1 (d\\)) ; mx"),
		"fail signature", 1, 1);
	assert_chain(mail, replaced(mail, one, "i=1; mx", "I=1; mx"), "fail structure", 1, 0);
	assert_chain(mail, replaced(mail, one, "ARC-Seal: i=1", "ARC-Seal: i=x"), "fail syntax", 1, 0);
	assert_chain(mail, replaced(mail, one, "ARC-Seal: i=1;", "ARC-Seal: i=1; h=from;"), "fail seal_fields", 1, 1);
	assert_chain(mail, replaced(mail, one, "ARC-Seal: i=1; a=rsa-sha256", "ARC-Seal: i=1; a=rsa-sha1"),
		"fail sha1", 1,
		1);
}

static void test_many(void **state)
{
	struct signed_mail *mail = *state;
	struct str bytes = STR(MAIL);
	publish(mail);
	for (unsigned i = 1; i <= 51; i++) {
		bytes = seal(mail, i, bytes);
		mail->verify.limits.arc_sets = i < 3 ? 2 : 50;
		if (i == 2)
			assert_chain(mail, bytes, "pass", 2, 0);
		mail->verify.limits.arc_sets = i < 3 ? 1 : 50;
		if (i == 2)
			assert_chain(mail, bytes, "fail too_many", 2, 2);
		if (i >= 50)
			assert_chain(mail, bytes, i == 50 ? "pass" : "fail too_many", i, i == 50 ? 0 : i);
	}
	struct buf buf;
	buf_init(&buf, SIZE_MAX / 2);
	for (unsigned i = 1000; i > 0; i--)
		buf_printf(&buf, "ARC-Seal: i=%u; a=rsa-sha256; d=a.example; s=s; cv=pass; b=AAAA\r\n"
			"ARC-Message-Signature: i=%u; a=rsa-sha256; d=a.example; s=s; h=from; bh=AAAA; b=AAAA\r\n"
			"ARC-Authentication-Results: i=%u; x\r\n", i, i, i);
	buf_add_str(&buf, STR(MAIL));
	mail->traced = true;
	assert_chain(mail, buf_str(&buf), "fail too_many", 1000, 1000);
	assert_int_equal(mail->verdict.arc_sets.count, 50);
	assert_null(signed_mail_step(mail, "dns", NULL, 0));
	buf_fini(&buf);
}

static void test_trust(void **state)
{
	static const struct str both[] = {{"two.example", 11}, {"one.example", 11}};
	struct signed_mail *mail = *state;
	publish(mail);
	struct str one = seal(mail, 1, STR(MAIL)), two = seal(mail, 2, one);
	signed_mail_arc(mail, two, both, 2);
	assert_true(str_eq(mail->verdict.arc.trusted_sealer, both[0]));
	assert_true(mail->verdict.arc.would_override);
	/* Domains in any spelling. */
	static const struct str spelled[] = {{"TWO.example", 11}, {"One.Example.", 12}};
	signed_mail_arc(mail, two, spelled, 2);
	assert_true(str_eq(mail->verdict.arc.trusted_sealer, both[0]));
	assert_true(mail->verdict.arc.would_override);
	/* Whoever stands between could have written anything. */
	signed_mail_arc(mail, two, both, 1);
	assert_true(str_eq(mail->verdict.arc.trusted_sealer, both[0]));
	assert_false(mail->verdict.arc.would_override);
	signed_mail_arc(mail, one, both, 1);
	assert_null(mail->verdict.arc.trusted_sealer.ptr);
	assert_false(mail->verdict.arc.would_override);
	/* What did not pass where it came from is not let in. */
	static const char *const seen[] = {"mx.example.org; dmarc=fail header.from=example.com; spf=pass",
		"mx.example.org; none",
		"mx.example.org; spf=softfail; dkim=pass header.d=example.com", "mx.example.org; dmarc=pass; spf=fail"};
	for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
		struct str first = seal_as(mail, 1, "none", str_from(seen[i]), STR(MAIL));
		signed_mail_arc(mail, seal(mail, 2, first), both, 2);
		assert_int_equal(mail->verdict.arc.result, AUTH_PASS);
		assert_int_equal(mail->verdict.arc.would_override, i >= 2);
	}
	signed_mail_arc(mail, replaced(mail, two, "Hi.", "Ho."), both, 2);
	assert_null(mail->verdict.arc.trusted_sealer.ptr);
	assert_false(mail->verdict.arc.would_override);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, signed_mail_open, signed_mail_close)
	const struct CMUnitTest tests[] = {
		TEST(test_chains),
		TEST(test_structure),
		TEST(test_many),
		TEST(test_trust),
	};
	return cmocka_run_group_tests(tests, open_keys, close_keys);
}
