// SPDX-License-Identifier: Apache-2.0
/* Key records of RFC 6376 section 3.6.1 and RFC 8463 section 4.2: what is used, refused, ignored. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/verifier/signed_mail.h"
#include "tests/verifier/signer.h"
#include "verifier/dkim/base64.h"
#include "verifier/survey_dkim.h"

#include <string.h>

#define KEY_NAME STR("sel._domainkey.example.com")
#define MAIL STR("From: Joe <joe@example.com>\r\n\r\nHi.\r\n")

static struct signer *rsa, *other, *ed;

static int open_keys(void **state)
{
	(void)state;
	rsa = signer_rsa(1024, 65537);
	other = signer_rsa(1024, 3);
	ed = signer_ed25519();
	return 0;
}

static int close_keys(void **state)
{
	(void)state;
	signer_close(&rsa);
	signer_close(&other);
	signer_close(&ed);
	return 0;
}

static struct str p_of(struct signed_mail *mail, const struct signer *signer)
{
	struct str record = signer_record(mail->arena, signer);
	return str_from_offset(record, str_find(record, STR("p=")) + 2);
}

static struct str sign(struct signed_mail *mail, struct signer *signer, const char *tags)
{
	return signer_sign(mail->arena, signer, str_from(arena_printf(mail->arena, "v=1; a=%s-sha256; d=example.com; "
		"s=sel; h=from%s", signer == ed ? "ed25519" : "rsa", tags)), MAIL);
}

static void assert_verdict(const struct signed_mail *mail, const char *what, const char *expected)
{
	const struct verdict_dkim *dkim = &mail->verdict.dkim.at[0];
	const char *is = arena_printf(mail->arena, "%s%s%.*s", auth_result_text(dkim->result),
		dkim->reason.ptr ? " " : "", STR_FMT(dkim->reason));
	if (strcmp(is, expected) != 0)
		fail_msg("%s: \"%s\" (%.*s), not \"%s\"", what, is, STR_FMT(dkim->detail), expected);
}

/* "%p" in a record stands for the key. */
static void check_record(struct signed_mail *mail, const char *record, struct str p, struct str bytes,
	const char *expected)
{
	const char *place = strstr(record, "%p");
	struct str text = str_from(record);
	if (place)
		text = str_from(arena_printf(mail->arena, "%.*s%.*s%s", (int)(place - record), record, STR_FMT(p),
			place + 2));
	buf_reset(&mail->zone);
	signed_mail_txt(mail, KEY_NAME, text);
	signed_mail_check(mail, bytes);
	assert_verdict(mail, record, expected);
}

static void test_records(void **state)
{
	static const struct {
		const char *record, *expected;
	} cases[] = {
		{"p=%p", "pass"},
		{"v=DKIM1; p=%p", "pass"},
		{"v=DKIM1;p=%p;", "pass"},
		{" v = DKIM1 ; k = rsa ; p = %p ; ", "pass"},
		{"k=rsa; h=sha1 : sha256 ; s= email : x ; t=y:z; n=a b; g=; x=1; p=%p", "pass"},
		{"s=*; p=%p", "pass"},
		{"s=tlsrpt:email; p=%p", "pass"},
		{"t=s; p=%p", "pass"},
		{"v=DKIM1; p=", "permerror key_revoked"},
		{"v=DKIM1; p= ;", "permerror key_revoked"},
		{"v=DKIM1", "permerror key_syntax"},
		{"", "permerror key_syntax"},
		{"v=DKIM1; k=rsa; x", "permerror key_syntax"},
		{"p=%p; p=%p", "permerror key_syntax"},
		{"v=DKIM1;; p=%p", "permerror key_syntax"},
		{"v=spf1 -all", "permerror key_version"},
		{"v=DKIM2; p=%p", "permerror key_version"},
		{"v=dkim1; p=%p", "permerror key_version"},
		{"v=; p=%p", "permerror key_version"},
		{"k=rsa; v=DKIM1; p=%p", "permerror key_version"},
		{"k=RSA; p=%p", "permerror key_type"},
		{"k=; p=%p", "permerror key_type"},
		{"k=ed25519-sha256; p=%p", "permerror key_type"},
		{"k=ed25519; p=%p", "permerror key_broken"},
		{"k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", "permerror key_type"},
		{"h=sha1; p=%p", "permerror key_hash"},
		{"h=; p=%p", "permerror key_hash"},
		{"h=SHA256; p=%p", "permerror key_hash"},
		{"s=tlsrpt; p=%p", "permerror key_service"},
		{"s=; p=%p", "permerror key_service"},
		{"s=Email; p=%p", "permerror key_service"},
		{"p=%p=", "permerror key_broken"},
		{"p=A%p", "permerror key_broken"},
		{"p=!", "permerror key_broken"},
		{"p=AAAA", "permerror key_broken"},
	};
	struct signed_mail *mail = *state;
	struct str bytes = sign(mail, rsa, "");
	mail->keys = dkim_keys_open();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		check_record(mail, cases[i].record, p_of(mail, rsa), bytes, cases[i].expected);
		check_record(mail, cases[i].record, p_of(mail, rsa), bytes, cases[i].expected); /* from memory */
	}
	check_record(mail, "p=%p", signer_bare_p(mail->arena, rsa), bytes, "pass");
	check_record(mail, "p=%p", p_of(mail, other), bytes, "fail signature");
	check_record(mail, "p=%p", p_of(mail, other), sign(mail, other, ""), "pass");
	struct str p = p_of(mail, rsa);
	struct str white = str_from(arena_printf(mail->arena, "%.*s \t %.*s", STR_FMT(str_sub(p, 0, 50)),
		STR_FMT(str_from_offset(p, 50))));
	check_record(mail, "p=%p", white, bytes, "pass");
	mail->verify.tls_report = true;
	check_record(mail, "s=tlsrpt; p=%p", p_of(mail, rsa), bytes, "pass");
	check_record(mail, "s=other; p=%p", p_of(mail, rsa), bytes, "permerror key_service");
}

static void test_flags(void **state)
{
	struct signed_mail *mail = *state;
	check_record(mail, "t=y; p=%p", p_of(mail, rsa), sign(mail, rsa, ""), "pass");
	assert_true(mail->verdict.dkim.at[0].key_testing);
	check_record(mail, "t=s; p=%p", p_of(mail, rsa), sign(mail, rsa, "; i=a@Example.com"), "pass");
	assert_false(mail->verdict.dkim.at[0].key_testing);
	check_record(mail, "t=s; p=%p", p_of(mail, rsa), sign(mail, rsa, "; i=a@b.example.com"),
		"permerror key_strict");
	check_record(mail, "t=S; p=%p", p_of(mail, rsa), sign(mail, rsa, "; i=a@b.example.com"), "pass");
	check_record(mail, "t=y:s; p=%p", p_of(mail, rsa), sign(mail, rsa, "; i=a@b.example.com"),
		"permerror key_strict");
}

static void test_ed25519(void **state)
{
	struct signed_mail *mail = *state;
	struct str bytes = sign(mail, ed, "");
	check_record(mail, "k=ed25519; p=%p", p_of(mail, ed), bytes, "pass");
	check_record(mail, "k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", STR(""), bytes,
		"fail signature");
	check_record(mail, "k=ed25519; p=MCowBQYDK2VwAyEA3SUqa9UbfciWkk7tlcJ9P1VD5pXAasg0JUn/OgjVbKE=", STR(""), bytes,
		"permerror key_broken");
	check_record(mail, "k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHUQ==", STR(""), bytes,
		"permerror key_broken");
	check_record(mail, "p=%p", p_of(mail, rsa), bytes, "permerror key_type");
}

/* RFC 6376 section 3.6.2.2: several records, in any order. */
static void test_several(void **state)
{
	struct signed_mail *mail = *state;
	struct str good = signer_record(mail->arena, rsa), bytes = sign(mail, rsa, "");
	signed_mail_txt(mail, KEY_NAME, STR("v=spf1 -all"));
	signed_mail_txt(mail, KEY_NAME, signer_record(mail->arena, other));
	signed_mail_txt(mail, KEY_NAME, STR("v=DKIM1; p="));
	signed_mail_txt(mail, KEY_NAME, good);
	signed_mail_check(mail, bytes);
	assert_verdict(mail, "the last one", "pass");
	buf_reset(&mail->zone);
	signed_mail_txt(mail, KEY_NAME, STR("v=spf1 -all"));
	signed_mail_txt(mail, KEY_NAME, STR("v=DKIM1; p="));
	signed_mail_check(mail, bytes);
	assert_verdict(mail, "revoked says more than no key record", "permerror key_revoked");
	buf_reset(&mail->zone);
	signed_mail_txt(mail, KEY_NAME, STR("v=DKIM1; p="));
	signed_mail_txt(mail, KEY_NAME, signer_record(mail->arena, other));
	signed_mail_check(mail, bytes);
	assert_verdict(mail, "one that was tried says most", "fail signature");
}

static void test_dns(void **state)
{
	static const struct {
		const char *word, *expected;
	} cases[] = {{"NXDOMAIN", "permerror no_key"}, {"NODATA", "permerror no_key"}, {"SERVFAIL",
		"temperror key_dns"},
		{"TIMEOUT", "temperror key_dns"}, {"BOGUS", "temperror key_dns"}};
	struct signed_mail *mail = *state;
	struct str bytes = sign(mail, rsa, "");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&mail->zone);
		signed_mail_status(mail, KEY_NAME, cases[i].word);
		signed_mail_check(mail, bytes);
		assert_verdict(mail, cases[i].word, cases[i].expected);
	}
	/* What no later answer can mend is no temporary error. */
	char *changed = arena_cstr(mail->arena, bytes);
	memcpy(strstr(changed, "Hi."), "Ho!", 3);
	signed_mail_check(mail, str_from(changed));
	assert_verdict(mail, "another body", "fail body_hash");
}

/* RFC 8301 section 3.2, and what RELIABILITY F46 lists: nothing of it is computed with. */
static void test_sizes(void **state)
{
	static const struct {
		unsigned bits;
		const char *expected;
	} cases[] = {{512, "policy key_short"}, {1016, "policy key_short"}, {1024, "pass"}, {1032, "pass"}, {2048,
		"pass"}};
	struct signed_mail *mail = *state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct signer *signer = signer_rsa(cases[i].bits, 65537);
		check_record(mail, "p=%p", p_of(mail, signer), sign(mail, signer, ""), cases[i].expected);
		assert_int_equal(mail->verdict.dkim.at[0].key_bits, cases[i].bits);
		assert_int_equal(mail->verdict.dkim.at[0].signature_matches, i < 2 ? MAYBE_UNKNOWN : MAYBE_YES);
		signer_close(&signer);
	}
	struct signer *signer = signer_rsa(2048, 65537);
	mail->verify.limits.rsa_bits_max = 2047;
	check_record(mail, "p=%p", p_of(mail, signer), sign(mail, signer, ""), "policy key_long");
	mail->verify.limits.rsa_bits_max = mail->verify.limits.rsa_bits_min = 2048;
	check_record(mail, "p=%p", p_of(mail, signer), sign(mail, signer, ""), "pass");
	mail->verify.limits.rsa_bits_min = 2049;
	check_record(mail, "p=%p", p_of(mail, signer), sign(mail, signer, ""), "policy key_short");
	signer_close(&signer);
}

static void add_head(struct buf *buf, int type, size_t len)
{
	buf_add_char(buf, (char)type);
	if (len >= 0x100)
		buf_add_char(buf, (char)0x82);
	else if (len >= 0x80)
		buf_add_char(buf, (char)0x81);
	if (len >= 0x100)
		buf_add_char(buf, (char)(len >> 8));
	buf_add_char(buf, (char)len);
}

/* SEQUENCE { INTEGER n, INTEGER e } in base64. */
static struct str made_p(struct signed_mail *mail, size_t n_bytes, uint8_t top, uint8_t low, struct str e)
{
	struct buf n, der;
	buf_init(&n, 65536);
	buf_init(&der, 65536);
	add_head(&n, 0x02, n_bytes + (top >= 0x80));
	if (top >= 0x80)
		buf_add_char(&n, '\0');
	for (size_t i = 0; i < n_bytes; i++)
		buf_add_char(&n, (char)(i == 0 ? top : i + 1 == n_bytes ? low : 0x55));
	add_head(&n, 0x02, e.len);
	buf_add_str(&n, e);
	add_head(&der, 0x30, n.len);
	buf_add_str(&der, buf_str(&n));
	struct str p = base64_encode(mail->arena, buf_str(&der));
	buf_fini(&n);
	buf_fini(&der);
	return p;
}

static void test_worthless(void **state)
{
	struct signed_mail *mail = *state;
	struct str bytes = sign(mail, rsa, ""), e = STR("\x01\x00\x01");
	check_record(mail, "p=%p", made_p(mail, 128, 0x80, 1, e), bytes, "fail signature");
	check_record(mail, "p=%p", made_p(mail, 128, 0x80, 2, e), bytes, "permerror key_broken");
	check_record(mail, "p=%p", made_p(mail, 128, 0x80, 1, STR("\1")), bytes, "permerror key_broken");
	check_record(mail, "p=%p", made_p(mail, 128, 0x80, 1, STR("\2")), bytes, "permerror key_broken");
	check_record(mail, "p=%p", made_p(mail, 128, 0x80, 1, STR("\3")), bytes, "fail signature");
	check_record(mail, "p=%p", made_p(mail, 128, 0x80, 1, STR("\x00")), bytes, "permerror key_broken");
	check_record(mail, "p=%p", made_p(mail, 128, 0x80, 1, STR("\x81")), bytes,
		"permerror key_broken"); /* negative */
	check_record(mail, "p=%p", made_p(mail, 128, 0x80, 1, STR("\1\0\0\0\1")), bytes, "permerror key_broken");
	check_record(mail, "p=%p", made_p(mail, 128, 0x80, 1, STR("\0\xff\xff\xff\xff")), bytes, "fail signature");
	check_record(mail, "p=%p", made_p(mail, 512, 0x80, 1, e), bytes, "fail signature");
	check_record(mail, "p=%p", made_p(mail, 513, 0x01, 1, e), bytes, "policy key_long");
	check_record(mail, "p=%p", made_p(mail, 2048, 0x80, 1, e), bytes, "policy key_long");
	check_record(mail, "p=%p", made_p(mail, 4096, 0x80, 1, e), bytes,
		"temperror key_dns"); /* of no use to the DNS */
}

/* One answer of many records, of more than the DNS lets through. */
struct flood {
	struct dns dns;
	struct str text;
	size_t count;
};

static void flood_query(struct dns *dns, struct arena *arena, struct str name, enum dns_type type,
	struct dns_answer *answer_r)
{
	const struct flood *flood = (const struct flood *)dns;
	(void)name;
	(void)type;
	*answer_r = (struct dns_answer){.status = DNS_OK, .count = flood->count};
	answer_r->records = ARENA_ARRAY(arena, flood->count, struct dns_record);
	for (size_t i = 0; i < flood->count; i++)
		answer_r->records[i].text = str_from(arena_printf(arena, "n=%zu; %.*s", i, STR_FMT(flood->text)));
}

static void test_floods(void **state)
{
	struct signed_mail *mail = *state;
	struct flood flood = {.dns.query = flood_query, .count = 50, .text = signer_record(mail->arena, other)};
	struct message message;
	size_t key_steps = 0;
	flood.text = str_from_offset(flood.text, str_find(flood.text, STR("k=")));
	mail->traced = true;
	signed_mail_check(mail, STR(""));
	message_parse(mail->arena, sign(mail, rsa, ""), &message);
	mail->verify.dns = &flood.dns;
	dkim_check(&mail->verify, &message, NULL, STR_NONE, &mail->verdict);
	assert_verdict(mail, "50 keys", "fail signature");
	while (signed_mail_step(mail, "key", NULL, key_steps))
		key_steps++;
	assert_int_equal(key_steps, 4);
	/* 1 MB of p= */
	char *huge = arena_alloc(mail->arena, 1000001);
	memset(huge, 'A', 1000000);
	flood.text = str_from(arena_printf(mail->arena, "p=%s", huge));
	flood.count = 1;
	dkim_check(&mail->verify, &message, NULL, STR_NONE, &mail->verdict);
	assert_verdict(mail, "1 MB of p=", "permerror key_syntax");
}

static void assert_survey(struct signed_mail *mail, size_t i, const char *selector, const char *result,
	const char *advice)
{
	const struct verdict *verdict = &mail->verdict;
	assert_true(i < verdict->dkim.count);
	assert_true(str_eq(verdict->dkim.at[i].selector, str_from(selector)));
	assert_string_equal(arena_printf(mail->arena, "%s%s%.*s", auth_result_text(verdict->dkim.at[i].result),
		verdict->dkim.at[i].reason.ptr ? " " : "", STR_FMT(verdict->dkim.at[i].reason)), result);
	for (size_t k = 0; k < verdict->advice.count; k++)
		if (str_starts(verdict->advice.at[k].name, str_from(selector))
			&& str_eq(verdict->advice.at[k].code, str_from(advice)))
			return;
	if (strcmp(advice, "") != 0)
		fail_msg("%s: no advice %s", selector, advice);
}

/* A look at a domain's keys. */
static void test_survey(void **state)
{
	static const char *const texts[] = {"", "k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
		"v=DKIM1; p=",
		"p=!", "t=y; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="};
	struct signed_mail *mail = *state;
	struct signer *small = signer_rsa(512, 65537);
	struct str selectors[8];
	for (size_t i = 0; i < 8; i++) {
		selectors[i] = str_from(arena_printf(mail->arena, "s%zu", i));
		struct str name = str_from(arena_printf(mail->arena, "s%zu._domainkey.example.com", i));
		if (i >= 1 && i <= 4)
			signed_mail_txt(mail, name, str_from(texts[i]));
		else if (i == 5 || i == 6)
			signed_mail_txt(mail, name, signer_record(mail->arena, i == 5 ? rsa : small));
		else if (i == 7)
			signed_mail_status(mail, name, "SERVFAIL");
	}
	mail->traced = true;
	signed_mail_check(mail, STR(""));
	survey_dkim(&mail->verify, STR("example.com"), selectors, 8, &mail->verdict);
	assert_int_equal(mail->verdict.dkim.count, 8);
	assert_survey(mail, 0, "s0", "permerror no_key", "dkim.key_missing");
	assert_survey(mail, 1, "s1", "pass", "");
	assert_survey(mail, 2, "s2", "permerror key_revoked", "dkim.key_revoked");
	assert_survey(mail, 3, "s3", "permerror key_broken", "dkim.key_broken");
	assert_survey(mail, 4, "s4", "pass", "dkim.testing");
	assert_survey(mail, 5, "s5", "pass", "dkim.key_weak");
	assert_survey(mail, 6, "s6", "policy key_short", "dkim.key_short");
	assert_survey(mail, 7, "s7", "temperror key_dns", "dkim.dns");
	assert_true(str_eq(mail->verdict.dkim.at[1].algorithm, STR("ed25519")));
	assert_int_equal(mail->verdict.dkim.at[5].key_bits, 1024);
	assert_non_null(signed_mail_step(mail, "key", "ed25519 256, t=y", 0));
	signer_close(&small);
}

/* The memory of keys forgets before it grows without end, and goes on. */
static void test_memory(void **state)
{
	struct signed_mail *mail = *state;
	struct str bytes = sign(mail, rsa, "");
	mail->keys = dkim_keys_open();
	for (unsigned i = 0; i < 1200; i++) {
		const char *record = arena_printf(mail->arena, "n=%u; p=%%p", i);
		check_record(mail, record, p_of(mail, i % 2 ? rsa : other), bytes, i % 2 ? "pass" : "fail signature");
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, signed_mail_open, signed_mail_close)
	const struct CMUnitTest tests[] = {
		TEST(test_records),
		TEST(test_flags),
		TEST(test_ed25519),
		TEST(test_several),
		TEST(test_dns),
		TEST(test_sizes),
		TEST(test_worthless),
		TEST(test_floods),
		TEST(test_memory),
		TEST(test_survey),
	};
	return cmocka_run_group_tests(tests, open_keys, close_keys);
}
