// SPDX-License-Identifier: Apache-2.0
/* Known attacks, each with its bounded outcome. Bounds are of work (questions, keys tried, memory), not of time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/verifier/signed_mail.h"
#include "tests/verifier/signer.h"

#include <string.h>

#define TAGS "v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=sel; h="
#define KEY_NAME STR("sel._domainkey.example.com")
#define MAIL "From: Joe <joe@example.com>\r\nSubject: Dinner\r\n\r\nHi.\r\n"
#define MIB ((size_t)1024 * 1024)

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

static struct str joined(struct signed_mail *mail, struct str a, struct str b)
{
	char *both = arena_alloc(mail->arena, a.len + b.len + 1);
	memcpy(both, a.ptr, a.len);
	memcpy(both + a.len, b.ptr, b.len);
	return (struct str){both, a.len + b.len};
}

static struct str repeated(struct signed_mail *mail, const char *piece, size_t times)
{
	size_t len = strlen(piece);
	char *all = arena_alloc(mail->arena, len * times + 1);
	for (size_t i = 0; i < times; i++)
		memcpy(all + i * len, piece, len);
	return (struct str){all, len * times};
}

static const struct verdict_dkim *first(const struct signed_mail *mail)
{
	assert_true(mail->verdict.dkim.count > 0);
	return &mail->verdict.dkim.at[0];
}

static void publish(struct signed_mail *mail)
{
	signed_mail_txt(mail, KEY_NAME, signer_record(mail->arena, rsa));
}

/* What is behind l= is not vouched for, and the verdict says so. */
static void test_length_append(void **state)
{
	struct signed_mail *mail = *state;
	publish(mail);
	struct str good = signer_sign(mail->arena, rsa, STR(TAGS "from; l=5"), STR(MAIL));
	signed_mail_check(mail, joined(mail, good, STR("<html>Send money</html>\r\n")));
	assert_int_equal(first(mail)->result, AUTH_PASS);
	assert_true(first(mail)->partial_body);
	assert_int_equal(first(mail)->body_signed, 5);
	assert_int_equal(first(mail)->body_bytes, 30);
	good = signer_sign(mail->arena, rsa, STR(TAGS "from; l=0"), STR(MAIL));
	signed_mail_check(mail, joined(mail, good, STR("anything")));
	assert_true(first(mail)->partial_body);
	assert_int_equal(first(mail)->body_signed, 0);
}

/* The lowest From is the one that was signed; whom DMARC believes is its business (verifier/address.h). */
static void test_several_from(void **state)
{
	struct signed_mail *mail = *state;
	publish(mail);
	struct str good = signer_sign(mail->arena, rsa, STR(TAGS "from:subject"), STR(MAIL));
	signed_mail_check(mail, joined(mail, STR("From: ceo@bank.example\r\n"), good));
	assert_int_equal(first(mail)->result, AUTH_PASS);
	char *below = arena_cstr(mail->arena, joined(mail, good, STR("")));
	struct str head = str_sub(str_from(below), 0, str_find(str_from(below), STR("\r\n\r\n")) + 2);
	struct str body = str_from_offset(str_from(below), head.len);
	signed_mail_check(mail, joined(mail, head, joined(mail, STR("From: ceo@bank.example\r\n"), body)));
	assert_int_equal(first(mail)->result, AUTH_FAIL);
	good = signer_sign(mail->arena, rsa, STR(TAGS "from:from"), STR(MAIL));
	signed_mail_check(mail, joined(mail, STR("From : ceo@bank.example\r\n"), good));
	assert_int_equal(first(mail)->result, AUTH_FAIL);
}

/* NUL, bare CR and control characters are bytes, and never text of a verdict. */
static void test_injection(void **state)
{
	static const struct str injected[] = {
		{"X-A: 1\rFrom: x@bank.example\r\n", 30}, {"X-A: 1\0\r\nFrom: x\r\n", 19}, {"\0From: x\r\n", 10},
		{"X-A: \x1b[31m\xff\r\n", 13}, {"Fro\0m: x\r\n", 10},
	};
	struct signed_mail *mail = *state;
	publish(mail);
	mail->traced = true;
	struct str good = signer_sign(mail->arena, rsa, STR(TAGS "from:from:x-a; z=\xc2\x9b\xe2\x80\xae"), STR(MAIL));
	for (size_t i = 0; i < sizeof(injected) / sizeof(injected[0]); i++) {
		signed_mail_check(mail, joined(mail, injected[i], good));
		for (size_t k = 0; k < mail->verdict.dkim.count; k++)
			assert_int_not_equal(mail->verdict.dkim.at[k].result, AUTH_PASS);
		size_t steps;
		const struct trace_step *step = trace_steps(mail->verify.trace, &steps);
		for (size_t k = 0; k < steps; k++)
			for (size_t c = 0; c < step[k].value.len; c++)
				assert_true((uint8_t)step[k].value.ptr[c] >= ' ');
	}
	signed_mail_check(mail, signer_sign(mail->arena, rsa, STR(TAGS "from:subject; d2=x"),
		STR("From: a\0b\r\n\r\n\0\0\r\n")));
	assert_int_equal(first(mail)->result, AUTH_PASS);
}

/* 100 signatures: all are listed, ten are tried. */
static void test_many_signatures(void **state)
{
	struct signed_mail *mail = *state;
	publish(mail);
	struct str bytes = signer_sign(mail->arena, rsa, STR(TAGS "from"), STR(MAIL));
	struct str field = str_sub(bytes, 0, bytes.len - sizeof(MAIL) + 1);
	mail->traced = true;
	signed_mail_check(mail, joined(mail, repeated(mail, arena_cstr(mail->arena, field), 100), STR(MAIL)));
	assert_int_equal(mail->verdict.dkim.count, 100);
	size_t tried = 0;
	while (signed_mail_step(mail, "key", NULL, tried))
		tried++;
	assert_int_equal(tried, 10);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(mail->verdict.dkim.at[i].result, i < 10 ? AUTH_PASS : AUTH_POLICY);
}

/* The arena stays in proportion to what came. */
static void check_bounded(struct signed_mail *mail, struct str bytes)
{
	size_t before = arena_used_bytes(mail->arena);
	signed_mail_check(mail, bytes);
	assert_true(arena_used_bytes(mail->arena) - before < 8 * bytes.len + 4 * MIB);
}

static void test_large_headers(void **state)
{
	struct signed_mail *mail = *state;
	publish(mail);
	mail->keys = dkim_keys_open();
	/* One field of 10 MB, signed. */
	struct str field = joined(mail, STR("X-Long: "), joined(mail, repeated(mail, "a b\r\n ", MIB * 10 / 6),
		STR("c\r\n")));
	check_bounded(mail, signer_sign(mail->arena, rsa, STR(TAGS "from:x-long"), joined(mail, field, STR(MAIL))));
	assert_int_equal(first(mail)->result, AUTH_PASS);
	/* More fields than are looked at. */
	check_bounded(mail, joined(mail, signer_sign(mail->arena, rsa, STR(TAGS "from"), STR("X: y\r\n")),
		joined(mail, repeated(mail, "X: y\r\n", MIB), STR(MAIL))));
	assert_int_not_equal(first(mail)->result, AUTH_PASS);
	/* h= with a million names, of one kind and of fields that are all there. */
	struct str names = repeated(mail, ":x", MIB);
	check_bounded(mail, joined(mail, STR("DKIM-Signature: " TAGS "from"),
		joined(mail, names, STR("; bh=AAAA; b=AAAA\r\n" MAIL))));
	assert_int_equal(first(mail)->result, AUTH_FAIL);
	check_bounded(mail, joined(mail, STR("DKIM-Signature: " TAGS "from"),
		joined(mail, names, joined(mail, STR("; bh=AAAA; b=AAAA\r\n"), joined(mail, repeated(mail, "X: y\r\n",
			9000),
		STR(MAIL))))));
	assert_int_equal(first(mail)->result, AUTH_FAIL);
	/* Tags without end, and a b= of megabytes. */
	check_bounded(mail, joined(mail, STR("DKIM-Signature: " TAGS "from"),
		joined(mail, repeated(mail, "; a1=b", MIB), STR("\r\n" MAIL))));
	assert_int_equal(first(mail)->result, AUTH_NEUTRAL);
	check_bounded(mail, joined(mail, STR("DKIM-Signature: " TAGS "from; bh=AAAA; b="),
		joined(mail, repeated(mail, "AAAA", MIB), STR("\r\n" MAIL))));
	assert_int_equal(first(mail)->result, AUTH_FAIL);
}

/* Bodies that make each canonicalisation work: nothing is looked at twice. */
static void test_bodies(void **state)
{
	static const char *const pieces[] = {" ", "\n", "\r", "\t \r\n", " \n", "\r\r\n", " a"};
	struct signed_mail *mail = *state;
	publish(mail);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct str bytes = joined(mail, STR("From: a\r\n\r\n"), repeated(mail, pieces[i], MIB));
		check_bounded(mail, signer_sign(mail->arena, rsa, STR(TAGS "from"), bytes));
		assert_int_equal(first(mail)->result, AUTH_PASS);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, signed_mail_open, signed_mail_close)
	const struct CMUnitTest tests[] = {
		TEST(test_length_append),
		TEST(test_several_from),
		TEST(test_injection),
		TEST(test_many_signatures),
		TEST(test_large_headers),
		TEST(test_bodies),
	};
	return cmocka_run_group_tests(tests, open_keys, close_keys);
}
