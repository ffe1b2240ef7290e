// SPDX-License-Identifier: Apache-2.0
/* DKIM signatures of our own making, each with one thing changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/verifier/signed_mail.h"
#include "tests/verifier/signer.h"

#include "verifier/dkim/tag_list.h"

#include <string.h>

#define TAGS "v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=sel; h=from:to:subject"
#define KEY_NAME STR("sel._domainkey.example.com")
#define MAIL "From: Joe <joe@example.com>\r\nTo: ann@example.net\r\nSubject: Is  dinner ready?\r\n\r\n" \
	"Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n"

static struct signer *rsa, *ed;

static int open_keys(void **state)
{
	(void)state;
	rsa = signer_rsa(1024, 65537);
	ed = signer_ed25519();
	return 0;
}

static int close_keys(void **state)
{
	(void)state;
	signer_close(&rsa);
	signer_close(&ed);
	return 0;
}

static struct str text(struct signed_mail *mail, const char *fmt, ...) PRINTF_LIKE(2, 3);
static struct str text(struct signed_mail *mail, const char *fmt, ...)
{
	struct buf buf;
	va_list args;
	buf_init(&buf, SIZE_MAX / 2);
	va_start(args, fmt);
	buf_vprintf(&buf, fmt, args);
	va_end(args);
	struct str done = arena_str(mail->arena, buf_str(&buf));
	buf_fini(&buf);
	return done;
}

/* "pass" or "fail body_hash" of the first signature. */
static void assert_verdict(const struct signed_mail *mail, const char *what, const char *expected)
{
	assert_true(mail->verdict.dkim.count > 0);
	const struct verdict_dkim *dkim = &mail->verdict.dkim.at[0];
	const char *is = arena_printf(mail->arena, "%s%s%.*s", auth_result_text(dkim->result),
		dkim->reason.ptr ? " " : "", STR_FMT(dkim->reason));
	if (strcmp(is, expected) != 0)
		fail_msg("%s: \"%s\" (%.*s), not \"%s\"", what, is, STR_FMT(dkim->detail), expected);
	assert_int_equal(dkim->detail.ptr != NULL, dkim->result != AUTH_PASS);
}

static struct str replaced(struct signed_mail *mail, struct str s, const char *from, const char *to)
{
	size_t at = str_find(s, str_from(from));
	assert_true(at != SIZE_MAX);
	return text(mail, "%.*s%s%.*s", STR_FMT(str_sub(s, 0, at)), to, STR_FMT(str_from_offset(s, at + strlen(from))));
}

static void check_tags(struct signed_mail *mail, const char *tags, const char *expected)
{
	buf_reset(&mail->zone);
	signed_mail_txt(mail, KEY_NAME, signer_record(mail->arena, rsa));
	signed_mail_check(mail, signer_sign(mail->arena, rsa, str_from(tags), STR(MAIL)));
	assert_verdict(mail, tags, expected);
}

struct tags_case {
	const char *tags, *expected;
};

static void check_cases(struct signed_mail *mail, const struct tags_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check_tags(mail, cases[i].tags, cases[i].expected);
}

/* RFC 6376 sections 3.2 and 3.5: what signs, and what only looks like it. */
static const struct tags_case required[] = {
	{TAGS, "pass"},
	{TAGS "; unknown=1", "pass"},
	{"v=1; a=rsa-sha256; d=example.com; s=sel; h=from", "pass"},
	{"v=1; a=rsa-sha256; c=relaxed; d=example.com; s=sel; h=from", "pass"},
	{"v=1; a=rsa-sha256; c=simple/relaxed; d=example.com; s=sel; h=from:to:subject", "pass"},
	{" v = 1 ;\r\n a\t=\r\n rsa-sha256 ; d = example.com; s =sel; h = From\r\n\t: TO :subject ", "pass"},
	{"v=1; a=rsa-sha256; d=Example.COM; s=SEL; h=from", "pass"},
	{"v=1; a=rsa-sha256; d=example.com; s=sel; h=from:from:to:reply-to", "pass"},
	{"v=1; a=rsa-sha256; d=example.com; s=sel; h=from:dkim-signature", "pass"},
	{"h=from; s=sel; d=example.com; a=rsa-sha256; v=1", "pass"},
	{"a=rsa-sha256; d=example.com; s=sel; h=from", "permerror tag_missing"},
	{"v=1; d=example.com; s=sel; h=from", "permerror tag_missing"},
	{"v=1; a=rsa-sha256; s=sel; h=from", "permerror tag_missing"},
	{"v=1; a=rsa-sha256; d=example.com; h=from", "permerror tag_missing"},
	{"v=1; a=rsa-sha256; d=example.com; s=sel", "permerror tag_missing"},
	{"v=2; a=rsa-sha256; d=example.com; s=sel; h=from", "neutral version"},
	{"v=; a=rsa-sha256; d=example.com; s=sel; h=from", "neutral version"},
	{"v=1; a=rsa-sha1; d=example.com; s=sel; h=from", "policy sha1"},
	{"v=1; a=RSA-SHA256; d=example.com; s=sel; h=from", "neutral algorithm"},
	{"v=1; a=rsa-sha512; d=example.com; s=sel; h=from", "neutral algorithm"},
	{"v=1; a=; d=example.com; s=sel; h=from", "neutral algorithm"},
	{TAGS "; v=1", "neutral syntax"},
	{TAGS ";; z=1", "neutral syntax"},
	{TAGS "; z", "neutral syntax"},
	{TAGS "; 1z=1", "neutral syntax"},
	{TAGS "; z-z=1", "neutral syntax"},
	{TAGS "; =1", "neutral syntax"},
	{TAGS "; z=\x01", "neutral syntax"},
	{TAGS "; z=\xff", "neutral syntax"},
	{TAGS "; z=\xc3\xa9", "pass"},
	{TAGS "; z=a\rb", "neutral syntax"},
	{TAGS "; V=1", "pass"}, /* names are case-sensitive */
	{"v=1; a=rsa-sha256; c=; d=example.com; s=sel; h=from", "neutral canonicalization"},
	{"v=1; a=rsa-sha256; c=relaxed/; d=example.com; s=sel; h=from", "neutral canonicalization"},
	{"v=1; a=rsa-sha256; c=relaxed/relaxed/x; d=example.com; s=sel; h=from", "neutral canonicalization"},
	{"v=1; a=rsa-sha256; c=Relaxed; d=example.com; s=sel; h=from", "neutral canonicalization"},
	{"v=1; a=rsa-sha256; d=com; s=sel; h=from", "neutral domain"},
	{"v=1; a=rsa-sha256; d=example..com; s=sel; h=from", "neutral domain"},
	{"v=1; a=rsa-sha256; d=example.com.; s=sel; h=from", "neutral domain"},
	{"v=1; a=rsa-sha256; d=example.net(.example.com; s=sel; h=from", "neutral domain"},
	{"v=1; a=rsa-sha256; d=example .com; s=sel; h=from", "neutral domain"},
	{"v=1; a=rsa-sha256; d=; s=sel; h=from", "neutral domain"},
	{"v=1; a=rsa-sha256; d=example.com; s=; h=from", "neutral selector"},
	{"v=1; a=rsa-sha256; d=example.com; s=se l; h=from", "neutral selector"},
	{"v=1; a=rsa-sha256; d=example.com; s=sel; h=", "neutral syntax"},
	{"v=1; a=rsa-sha256; d=example.com; s=sel; h=to:subject", "permerror from_not_signed"},
	{"v=1; a=rsa-sha256; d=example.com; s=sel; h=from::to", "neutral syntax"},
	{"v=1; a=rsa-sha256; d=example.com; s=sel; h=from:", "neutral syntax"},
	{"v=1; a=rsa-sha256; d=example.com; s=sel; h=from:t o", "neutral syntax"},
};

static const struct tags_case optional[] = {
	{TAGS "; q=dns/txt", "pass"},
	{TAGS "; q=http : dns/txt", "pass"},
	{TAGS "; q=http", "neutral query_method"},
	{TAGS "; q=", "neutral query_method"},
	{TAGS "; i=@example.com", "pass"},
	{TAGS "; i=joe@EXAMPLE.com", "pass"},
	{TAGS "; i=jo=65@mail.example.com", "pass"},
	{TAGS "; i=joe=40x@mail.example.com", "pass"},
	{TAGS "; i=joe@example.org", "permerror auid_domain"},
	{TAGS "; i=joe@notexample.com", "permerror auid_domain"},
	{TAGS "; i=joe@com", "permerror auid_domain"},
	{TAGS "; i=joe", "neutral syntax"},
	{TAGS "; i=jo=6@example.com", "neutral syntax"},
	{TAGS "; i=joe@example.com.", "neutral syntax"},
	{TAGS "; i=", "neutral syntax"},
	{TAGS "; t=1600000000", "pass"},
	{TAGS "; t=1900000000", "pass"}, /* of the future */
	{TAGS "; t=", "neutral syntax"},
	{TAGS "; t=-1", "neutral syntax"},
	{TAGS "; t=1.5", "neutral syntax"},
	{TAGS "; x=1700000000", "pass"},
	{TAGS "; x=1699999999", "policy expired"},
	{TAGS "; t=1; x=2", "policy expired"},
	{TAGS "; t=2; x=2", "neutral syntax"},
	{TAGS "; x=99999999999999999999999999999", "pass"},
	{TAGS "; x=18446744073709551617", "pass"},
	{TAGS "; t=99999999999999; x=99999999999999999", "neutral syntax"},
	{TAGS "; l=10", "pass"},
	{TAGS "; l=0", "pass"},
	{TAGS "; l=46", "pass"},
	{TAGS "; l=47", "fail body_length"},
	{TAGS "; l=18446744073709551616", "fail body_length"},
	{TAGS "; l=", "neutral syntax"},
	{TAGS "; l=+1", "neutral syntax"},
	{TAGS "; l=1111111111222222222233333333334444444444555555555566666666667777777777123456",
		"fail body_length"},
	{TAGS "; l=11111111112222222222333333333344444444445555555555666666666677777777771234567",
		"neutral syntax"},
};

static void test_tags(void **state)
{
	check_cases(*state, required, sizeof(required) / sizeof(required[0]));
	check_cases(*state, optional, sizeof(optional) / sizeof(optional[0]));
}

static void test_limits_of_times(void **state)
{
	struct signed_mail *mail = *state;
	check_tags(mail, TAGS "; t=1; x=1700000000", "pass");
	mail->verify.now_epoch_secs = 1700000001;
	check_tags(mail, TAGS "; t=1; x=1700000000", "policy expired");
	assert_int_equal(mail->verdict.dkim.at[0].signature_matches, MAYBE_YES);
}

static void test_octets(void **state)
{
	static const struct {
		const char *from, *to, *expected;
	} cases[] = {
		{"; b=", "; b=\r\n ", "pass"},
		{"; b=", "; b \t =", "fail signature"}, /* relaxed sees one space before "=" */
		{"; b=", ";b=", "fail signature"},
		{"; b=", "; b=*", "neutral syntax"},
		{"; b=", "; b=; x=", "neutral syntax"},
		{"; b=", "; b=A", "neutral syntax"},
		{"; bh=", "; bh=\r\n\t", "fail signature"}, /* white space in other tags is signed */
		{"; bh=", "; bh=A", "neutral syntax"},
		{"; bh=", "; bh=AAAA", "fail body_hash"},
		{"Subject: Is  dinner", "SUBJECT:Is dinner ", "pass"},
		{"Subject: Is  dinner", "Subject: Is lunch", "fail signature"},
		{"DKIM-Signature:", "Dkim-signature :", "pass"},
		{"We lost", "We won", "fail body_hash"},
		{"game.  Are", "game. Are", "pass"},
		{"game.  Are", "game.Are", "fail body_hash"},
	};
	struct signed_mail *mail = *state;
	struct str good = signer_sign(mail->arena, rsa, STR(TAGS), STR(MAIL));
	signed_mail_txt(mail, KEY_NAME, signer_record(mail->arena, rsa));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		signed_mail_check(mail, replaced(mail, good, cases[i].from, cases[i].to));
		assert_verdict(mail, cases[i].to, cases[i].expected);
	}
	assert_int_equal(mail->verdict.dkim.at[0].signature_matches, MAYBE_YES);
	assert_int_equal(mail->verdict.dkim.at[0].body_hash_matches, MAYBE_NO);
	signed_mail_check(mail, replaced(mail, replaced(mail, good, "We lost", "We won"), "Joe <", "Jim <"));
	assert_verdict(mail, "both", "fail body_hash");
	assert_int_equal(mail->verdict.dkim.at[0].signature_matches, MAYBE_NO);
}

/* RFC 6376 section 5.4.2: from the bottom up; an instance named once too often keeps others out. */
static void test_instances(void **state)
{
	struct signed_mail *mail = *state;
	struct str twice = STR("Received: b\r\nReceived: a\r\n" MAIL);
	static const char over[] = "v=1; a=rsa-sha256; c=relaxed; d=example.com; s=sel; h=from:from:to:received";
	static const char once[] = "v=1; a=rsa-sha256; d=example.com; s=sel; h=from:received";
	struct str good = signer_sign(mail->arena, rsa, STR(once), twice);
	signed_mail_txt(mail, KEY_NAME, signer_record(mail->arena, rsa));
	signed_mail_check(mail, replaced(mail, good, "Received: b", "Received: c"));
	assert_verdict(mail, "the upper instance is not signed", "pass");
	signed_mail_check(mail, replaced(mail, good, "Received: a", "Received: c"));
	assert_verdict(mail, "the lower one is", "fail signature");
	good = signer_sign(mail->arena, rsa, STR(over), STR(MAIL));
	signed_mail_check(mail, text(mail, "Cc: x@example.com\r\n%.*s", STR_FMT(good)));
	assert_verdict(mail, "another field", "pass");
	signed_mail_check(mail, text(mail, "From: x@example.com\r\n%.*s", STR_FMT(good)));
	assert_verdict(mail, "a second From", "fail signature");
	signed_mail_check(mail, text(mail, "Received: x\r\n%.*s", STR_FMT(good)));
	assert_verdict(mail, "a first Received", "fail signature");
	mail->traced = true;
	signed_mail_check(mail, good);
	const struct trace_step *step = signed_mail_step(mail, "fields", NULL, 0);
	assert_non_null(step);
	assert_true(str_eq(step->note, STR("one more could be added of To; not signed: Subject")));
	/* Two signatures over each other's fields: own ones are passed over. */
	good = signer_sign(mail->arena, rsa, STR(TAGS), STR(MAIL));
	good = signer_sign(mail->arena, rsa, STR(TAGS ":dkim-signature"), good);
	signed_mail_check(mail, good);
	assert_int_equal(mail->verdict.dkim.count, 2);
	assert_int_equal(mail->verdict.dkim.at[0].result, AUTH_PASS);
	assert_int_equal(mail->verdict.dkim.at[1].result, AUTH_PASS);
}

static void test_length_cut(void **state)
{
	struct signed_mail *mail = *state;
	signed_mail_txt(mail, KEY_NAME, signer_record(mail->arena, rsa));
	struct str good = signer_sign(mail->arena, rsa, STR(TAGS "; l=20"), STR(MAIL));
	signed_mail_check(mail, text(mail, "%.*sand more\r\n", STR_FMT(good)));
	assert_verdict(mail, "l=", "pass");
	assert_true(mail->verdict.dkim.at[0].partial_body);
	assert_int_equal(mail->verdict.dkim.at[0].body_signed, 20);
	assert_int_equal(mail->verdict.dkim.at[0].body_bytes, 56);
	signed_mail_check(mail, signer_sign(mail->arena, rsa, STR(TAGS "; l=46"), STR(MAIL)));
	assert_false(mail->verdict.dkim.at[0].partial_body);
}

/* RFC 8616 section 5 */
static void test_u_labels(void **state)
{
	struct signed_mail *mail = *state;
	signed_mail_txt(mail, STR("xn--s-5ga._domainkey.xn--bcher-kva.example"), signer_record(mail->arena, rsa));
	signed_mail_check(mail, signer_sign(mail->arena, rsa, STR("v=1; a=rsa-sha256; d=b\xc3\xbc" "cher.example; "
		"s=s\xc3\xb8; i=j\xc3\xb8@mail.xn--bcher-kva.example; h=from"), STR(MAIL)));
	assert_verdict(mail, "U-labels", "pass");
	assert_true(str_eq(mail->verdict.dkim.at[0].domain, STR("xn--bcher-kva.example")));
	assert_true(str_eq(mail->verdict.dkim.at[0].selector, STR("xn--s-5ga")));
	assert_true(str_eq(mail->verdict.dkim.at[0].auid, STR("j\xc3\xb8@mail.xn--bcher-kva.example")));
}

/* RFC 8463 section 3: the signature is over the digest. */
static void test_ed25519(void **state)
{
	static const char tags[] = "v=1; a=ed25519-sha256; c=relaxed/relaxed; d=example.com; s=sel; h=from";
	struct signed_mail *mail = *state;
	struct str good = signer_sign(mail->arena, ed, STR(tags), STR(MAIL));
	signed_mail_txt(mail, KEY_NAME, signer_record(mail->arena, ed));
	signed_mail_check(mail, good);
	assert_verdict(mail, "Ed25519", "pass");
	assert_int_equal(mail->verdict.dkim.at[0].key_bits, 256);
	signed_mail_check(mail, replaced(mail, good, "Joe", "Jim"));
	assert_verdict(mail, "Ed25519", "fail signature");
	signed_mail_check(mail, replaced(mail, good, "; b=", "; b=AAAA"));
	assert_verdict(mail, "too long", "fail signature");
}

/* The bytes of wrappers are hashed as they came. */
static void test_wrappers(void **state)
{
	struct signed_mail *mail = *state;
	static const char tags[] = "v=1; a=rsa-sha256; d=example.com; s=sel; h=from:content-type";
	struct str wrapped = STR("From: a@example.com\r\nContent-Type: multipart/signed; micalg=sha-256;\r\n"
		" protocol=\"application/pkcs7-signature\"; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n"
		"\r\n  x \t\r\n--b\r\nContent-Type: application/pkcs7-signature\r\n"
		"Content-Transfer-Encoding: base64\r\n\r\nMIIB\r\n=\r\n\r\n--b--\r\n");
	signed_mail_txt(mail, KEY_NAME, signer_record(mail->arena, rsa));
	struct str good = signer_sign(mail->arena, rsa, STR(tags), wrapped);
	signed_mail_check(mail, good);
	assert_verdict(mail, "S/MIME", "pass");
	signed_mail_check(mail, replaced(mail, good, "x \t\r\n", "x\r\n"));
	assert_verdict(mail, "S/MIME", "fail body_hash");
}

static void test_no_body(void **state)
{
	static const char *const mails[] = {"From: a@example.com", "From: a@example.com\r\n",
		"From: a@example.com\r\n\r\n", "From: a@example.com\r\n\r\n\r\n\r\n", "From: a@example.com\n\n"};
	struct signed_mail *mail = *state;
	signed_mail_txt(mail, KEY_NAME, signer_record(mail->arena, rsa));
	for (size_t i = 0; i < sizeof(mails) / sizeof(mails[0]); i++) {
		signed_mail_check(mail, signer_sign_hash(mail->arena, rsa, STR(TAGS),
			STR("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="), str_from(mails[i])));
		assert_verdict(mail, mails[i], "pass");
		signed_mail_check(mail, signer_sign_hash(mail->arena, rsa,
			STR("v=1; a=rsa-sha256; d=example.com; s=sel; h=from"),
			STR("frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY="), str_from(mails[i])));
		assert_verdict(mail, mails[i], "pass");
	}
}

/* A NUL hides nothing of what stands behind it. */
static void test_nul(void **state)
{
	struct arena *arena = arena_open((size_t)1 << 16);
	struct tag_list list;
	struct str problem;
	(void)state;
	assert_false(tag_list_parse(arena, STR("v=1; a\0b"), &list, &problem));
	assert_true(str_find(problem, STR("a\\x00b")) != SIZE_MAX);
	arena_close(&arena);
}

/* Every signature is judged, and which of them are the author's. */
static void test_several(void **state)
{
	struct signed_mail *mail = *state;
	struct message message;
	static const char other[] = "v=1; a=rsa-sha256; d=list.example; s=sel; h=from";
	struct str bytes = signer_sign(mail->arena, rsa, STR(TAGS), STR(MAIL));
	bytes = signer_sign(mail->arena, rsa, STR(other), bytes);
	bytes = text(mail, "DKIM-Signature: rubbish\r\n%.*s", STR_FMT(bytes));
	signed_mail_txt(mail, KEY_NAME, signer_record(mail->arena, rsa));
	signed_mail_check(mail, bytes);
	message_parse(mail->arena, bytes, &message);
	dkim_check(&mail->verify, &message, NULL, STR("mail.example.com"), &mail->verdict);
	assert_int_equal(mail->verdict.dkim.count, 3);
	assert_verdict(mail, "rubbish", "neutral syntax");
	assert_int_equal(mail->verdict.dkim.at[1].result, AUTH_PERMERROR);
	assert_true(str_eq(mail->verdict.dkim.at[1].reason, STR("no_key")));
	assert_int_equal(mail->verdict.dkim.at[1].body_hash_matches, MAYBE_YES);
	assert_int_equal(mail->verdict.dkim.at[1].signature_matches, MAYBE_UNKNOWN);
	assert_false(mail->verdict.dkim.at[1].author_domain);
	assert_int_equal(mail->verdict.dkim.at[2].result, AUTH_PASS);
	assert_true(mail->verdict.dkim.at[2].author_domain);
	mail->verify.limits.dkim_signatures = 2;
	signed_mail_check(mail, bytes);
	assert_int_equal(mail->verdict.dkim.at[2].result, AUTH_PASS);
	mail->verify.limits.dkim_signatures = 1;
	signed_mail_check(mail, bytes);
	assert_int_equal(mail->verdict.dkim.count, 3);
	assert_int_equal(mail->verdict.dkim.at[2].result, AUTH_POLICY);
	assert_true(str_eq(mail->verdict.dkim.at[2].reason, STR("too_many")));
	assert_true(str_eq(mail->verdict.dkim.at[2].domain, STR("example.com")));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, signed_mail_open, signed_mail_close)
	const struct CMUnitTest tests[] = {
		TEST(test_tags),
		TEST(test_limits_of_times),
		TEST(test_octets),
		TEST(test_instances),
		TEST(test_length_cut),
		TEST(test_u_labels),
		TEST(test_ed25519),
		TEST(test_wrappers),
		TEST(test_no_body),
		TEST(test_nul),
		TEST(test_several),
	};
	return cmocka_run_group_tests(tests, open_keys, close_keys);
}
