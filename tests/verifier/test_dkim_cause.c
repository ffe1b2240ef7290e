// SPDX-License-Identifier: Apache-2.0
/* What happens to mail on its way, and that the trace says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/verifier/signed_mail.h"
#include "tests/verifier/signer.h"

#include <string.h>

#define TAGS "v=1; a=%s-sha256; c=%s; d=example.com; s=sel; h=%s"
#define KEY_NAME STR("sel._domainkey.example.com")
#define MAIL "From: Joe <joe@example.com>\r\nTo: l@list.example\r\nSubject: Dinner at eight\r\n" \
	"Content-Transfer-Encoding: 8bit\r\n\r\nHi.\r\n\r\nFrom now on we meet at caf\xc3\xa9 X.\r\n. is a dot\r\n"

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

static struct str replaced(struct signed_mail *mail, struct str s, const char *from, const char *to)
{
	size_t at = str_find(s, str_from(from));
	assert_true(at != SIZE_MAX);
	return str_from(arena_printf(mail->arena, "%.*s%s%.*s", STR_FMT(str_sub(s, 0, at)), to,
		STR_FMT(str_from_offset(s, at + strlen(from)))));
}

static struct str signed_as(struct signed_mail *mail, struct signer *signer, const char *canon, const char *fields)
{
	return signer_sign(mail->arena, signer, str_from(arena_printf(mail->arena, TAGS,
		signer == ed ? "ed25519" : "rsa",
		canon, fields)), STR(MAIL));
}

static void assert_cause(struct signed_mail *mail, struct str bytes, const char *part)
{
	mail->traced = false;
	signed_mail_check(mail, bytes);
	assert_null(mail->verdict.dkim.at[0].cause.ptr); /* nothing is spent without a trace */
	mail->traced = true;
	signed_mail_check(mail, bytes);
	const struct verdict_dkim *dkim = &mail->verdict.dkim.at[0];
	assert_int_not_equal(dkim->result, AUTH_PASS);
	if (str_find(dkim->cause, str_from(part)) == SIZE_MAX)
		fail_msg("the cause is \"%.*s\", not \"%s\"", STR_FMT(dkim->cause), part);
	assert_non_null(signed_mail_step(mail, "cause", NULL, 0));
}

struct change {
	const char *from, *to, *cause;
};

static const struct change body_changes[] = {
	{"a dot\r\n", "a dot\r\n_______________\r\nlist mailing list\r\nhttps://list.example/\r\n",
		"3 lines were added"},
	{"a dot\r\n", "a dot\r\n-- \r\n", "1 line was added"},
	{"\r\nFrom now", "\r\n>From now", "got a \">\""},
	{"\r\n. is", "\r\n.. is", "were doubled"},
	{"\r\n. is", "\r\n is", "none of the changes that are usual"},
	{"Hi.\r\n\r\nFrom now on we meet at caf\xc3\xa9 X.\r\n. is a dot\r\n", "", "the body is gone"},
	{"Hi.\r\n", "Hi.\r\r\n", "CRs were added"},
	{"Hi.\r\n\r\nF", "Hi.\r\rF", "bare CR"},
	{"8bit\r\n\r\nHi.\r\n\r\nFrom now on we meet at caf\xc3\xa9",
		"quoted-printable\r\n\r\nHi.\r\n\r\nFrom now on we =\r\nmeet at caf=C3=a9", "quoted-printable"},
};

static void test_body(void **state)
{
	struct signed_mail *mail = *state;
	signed_mail_txt(mail, KEY_NAME, signer_record(mail->arena, rsa));
	struct str good = signed_as(mail, rsa, "relaxed/relaxed", "from:to:subject");
	for (size_t i = 0; i < sizeof(body_changes) / sizeof(body_changes[0]); i++) {
		struct str bytes = replaced(mail, good, body_changes[i].from, body_changes[i].to);
		assert_cause(mail, bytes, body_changes[i].cause);
	}
	assert_cause(mail, replaced(mail, signed_as(mail, rsa, "relaxed/simple", "from"), "Hi.\r\n", "Hi. \t\r\n"),
		"white space was added");
	good = signer_sign_hash(mail->arena, rsa,
		STR("v=1; a=rsa-sha256; c=simple/simple; d=example.com; s=sel; h=from"),
		STR("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="), STR("From: a\r\n\r\n"));
	assert_cause(mail, good, "as \"relaxed\" the body fits");
}

#define PARTS "From: a\r\nContent-Type: multipart/alternative;\r\n boundary=\"b b\"\r\n\r\n--b b\r\n\r\none\r\n" \
	"--b b\r\nA: b\r\n\r\ntwo\r\n--b b--\r\n"
#define PLAIN "From: a\r\nContent-Type: text/plain\r\n\r\nHi.\r\n"

/* A list's footer as a part of its own. */
static void test_parts(void **state)
{
	struct signed_mail *mail = *state;
	struct str tags = STR("v=1; a=rsa-sha256; c=relaxed/simple; d=example.com; s=sel; h=from");
	signed_mail_txt(mail, KEY_NAME, signer_record(mail->arena, rsa));
	struct str good = signer_sign(mail->arena, rsa, tags, STR(PARTS));
	assert_cause(mail, replaced(mail, good, "--b b--", "--b b\r\n\r\nlist\r\n--b b--"), "a part was added");
	assert_cause(mail, replaced(mail, good, "two", "three"), "none of the changes that are usual");
	good = signer_sign(mail->arena, rsa, tags, STR(PLAIN));
	assert_cause(mail, replaced(mail, good, "text/plain\r\n\r\nHi.\r\n", "multipart/mixed; boundary=x; a=b\r\n\r\n"
		"--x\r\nContent-Type: text/plain\r\n\r\nHi.\r\n--x\r\n\r\nlist\r\n--x--\r\n"), "put into a multipart");
	assert_cause(mail, replaced(mail, good, "text/plain\r\n\r\nHi.\r\n", "multipart/mixed; boundary=x\r\n\r\n"
		"--x\r\n--x--\r\n"), "none of the changes that are usual");
}

static void test_bare_lf(void **state)
{
	struct signed_mail *mail = *state;
	signed_mail_txt(mail, KEY_NAME, signer_record(mail->arena, rsa));
	/* SHA-256 of "Hi.\nyou\n" */
	assert_cause(mail, signer_sign_hash(mail->arena, rsa,
		STR("v=1; a=rsa-sha256; c=relaxed/simple; d=example.com; s=sel; h=from"),
		STR("qLfH8kTJr3IGo5mWYt/5wEZjQMnoM2rIG2orqTQ4N/U="),
		STR("From: a\r\n\r\nHi.\r\nyou\r\n\r\n")), "bare LF");
}

static const struct change header_changes[] = {
	{"Subject: ", "Subject: [list] ", "a tag was put into Subject"},
	{"Subject: ", "Subject: ***SPAM*** ", "a tag was put into Subject"},
	{"From: Joe <joe@example.com>", "From: Joe via List <l@list.example>\r\nReply-To: Joe <joe@example.com>",
		"From was rewritten"},
	{"Encoding: 8bit", "Encoding: quoted-printable", "Content-Transfer-Encoding was changed"},
	{"Subject: ", "Subject: Re: x\r\nSubject: ", "a field subject was added"},
	{"Content-Transfer", "To: more@list.example\r\nContent-Transfer", "a further field of a signed name was added"},
	{"eight", "nine", NULL},
};

static void test_header(void **state)
{
	struct signed_mail *mail = *state;
	struct signer *const signers[] = {rsa, ed};
	for (int k = 0; k < 2; k++) {
		buf_reset(&mail->zone);
		signed_mail_txt(mail, KEY_NAME, signer_record(mail->arena, signers[k]));
		struct str good = signed_as(mail, signers[k], "simple/relaxed",
			"from:to:subject:subject:content-transfer-encoding");
		for (size_t i = 0; i < sizeof(header_changes) / sizeof(header_changes[0]); i++) {
			struct str bytes = replaced(mail, good, header_changes[i].from, header_changes[i].to);
			assert_cause(mail, bytes, header_changes[i].cause ? header_changes[i].cause :
				"a signed field was changed");
		}
	}
	/* Both at once, as a list does it. */
	struct str good = signed_as(mail, ed, "relaxed/relaxed", "from:to:subject");
	struct str listed = replaced(mail, replaced(mail, good, "Subject: ", "Subject: [list] "), "a dot\r\n",
		"a dot\r\n-- \r\nlist\r\n");
	assert_cause(mail, listed, "2 lines were added");
	assert_true(str_find(mail->verdict.dkim.at[0].cause, STR("a tag was put into Subject")) != SIZE_MAX);
}

static void test_copies(void **state)
{
	struct signed_mail *mail = *state;
	signed_mail_txt(mail, KEY_NAME, signer_record(mail->arena, rsa));
	struct str good = signer_sign(mail->arena, rsa, STR("v=1; a=rsa-sha256; c=relaxed; d=example.com; s=sel; "
		"h=from:subject; z=From:Joe=20<joe@example.com>|Subject:Dinner=20at=20eight"), STR(MAIL));
	assert_cause(mail, replaced(mail, good, "at eight", "at nine"), "Subject is not what z= says");
}

static void test_keys(void **state)
{
	struct signed_mail *mail = *state;
	struct signer *other = signer_rsa(1024, 65537);
	struct str good = signed_as(mail, rsa, "relaxed", "from:to:subject");
	assert_cause(mail, good, "never published");
	assert_cause(mail, replaced(mail, good, "a dot\r\n", "a dot\r\n-- \r\n"), "1 line was added");
	assert_true(str_find(mail->verdict.dkim.at[0].cause, STR("never published")) != SIZE_MAX);
	signed_mail_txt(mail, KEY_NAME, signer_record(mail->arena, other));
	assert_cause(mail, good, "not the one that signed");
	buf_reset(&mail->zone);
	signed_mail_txt(mail, KEY_NAME, STR("v=DKIM1; p="));
	assert_cause(mail, good, "revoked");
	assert_cause(mail, replaced(mail, good, "rsa-sha256", "rsa-sha1"), "older than RFC 8301");
	signer_close(&other);
}

/* Ten signatures that fail for a body of base64: what is tried leaves nothing behind. */
static void test_memory(void **state)
{
	struct signed_mail *mail = *state;
	const size_t lines = 5000;
	struct buf buf;
	buf_init(&buf, SIZE_MAX / 2);
	for (unsigned i = 0; i < 10; i++)
		buf_printf(&buf, "DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=sel; h=from; bh=AAAA; "
			"b=AA%02u\r\n", i);
	buf_add_str(&buf, STR("From: a\r\nContent-Transfer-Encoding: base64\r\n\r\n"));
	for (size_t i = 0; i < lines; i++)
		buf_add_str(&buf, STR("QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB\r\n"));
	mail->traced = true;
	size_t before = arena_used_bytes(mail->arena);
	signed_mail_check(mail, buf_str(&buf));
	assert_int_equal(mail->verdict.dkim.count, 10);
	assert_non_null(signed_mail_step(mail, "try", "base64 decoded", 9));
	assert_true(arena_used_bytes(mail->arena) - before < 2 * buf.len);
	buf_fini(&buf);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, signed_mail_open, signed_mail_close)
	const struct CMUnitTest tests[] = {
		TEST(test_body),
		TEST(test_parts),
		TEST(test_bare_lf),
		TEST(test_header),
		TEST(test_copies),
		TEST(test_keys),
		TEST(test_memory),
	};
	return cmocka_run_group_tests(tests, open_keys, close_keys);
}
