// SPDX-License-Identifier: Apache-2.0
/* The corpus of signed messages: every signature of every message as its expected.tsv says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/verifier/corpus.h"
#include "tests/verifier/signed_mail.h"

enum { FILE_NAME, EOL, SIG, ALGORITHM, CANON, DOMAIN, SELECTOR, KEY, EXPECTED };

static void add_line(struct signed_mail *mail, struct str line)
{
	size_t end = 0, value;
	while (end < line.len && !ascii_is_space(line.ptr[end]))
		end++;
	struct str name = str_sub(line, 0, end);
	for (value = end; value < line.len && ascii_is_space(line.ptr[value]);)
		value++;
	struct str text = str_from_offset(line, value);
	if (name.len == 0 || name.ptr[0] == '#')
		return;
	if (str_eq(text, STR("NXDOMAIN")) || str_eq(text, STR("(NXDOMAIN)")))
		signed_mail_status(mail, name, "NXDOMAIN");
	else if (str_starts(text, STR("~~")) || str_eq(text, STR("(SERVFAIL)")))
		signed_mail_status(mail, name, "SERVFAIL");
	else
		signed_mail_txt(mail, name, str_eq(text, STR("\"\"")) ? STR("") : text);
}

/* The key file that belongs to a message. */
static void use_keys_of(struct signed_mail *mail, struct str file)
{
	struct str name = STR("dns-rfc.txt"), line;
	if (str_starts(file, STR("mail-dkim-")))
		name = STR("dns-mail-dkim.txt");
	else if (str_starts(file, STR("dkimpy-")))
		name = STR("dns-dkimpy.txt");
	buf_reset(&mail->zone);
	struct str rest = corpus_file(mail->arena, "dkim", name);
	while (str_line(&rest, &line))
		add_line(mail, line);
}

static const char *class_of(enum auth_result result)
{
	if (result == AUTH_PASS)
		return "PASS";
	return result == AUTH_TEMPERROR ? "TEMPFAIL" : "PERMFAIL";
}

static void expect(const struct signed_mail *mail, struct str file, uint64_t sig, struct str expected)
{
	struct str words = expected, word;
	if (sig == 0) {
		assert_int_equal(mail->verdict.dkim.count, 0);
		return;
	}
	assert_true(sig <= mail->verdict.dkim.count);
	const struct verdict_dkim *dkim = &mail->verdict.dkim.at[sig - 1];
	while (str_split(&words, '|', &word))
		if (str_eq(word, str_from(class_of(dkim->result))))
			return;
	fail_msg("%.*s, signature %u: %s (%.*s: %.*s), not %.*s", STR_FMT(file), (unsigned)sig,
		auth_result_text(dkim->result), STR_FMT(dkim->reason), STR_FMT(dkim->detail), STR_FMT(expected));
}

static uint64_t number(struct str text)
{
	uint64_t value;
	assert_true(str_to_u64(text, 100, &value));
	return value;
}

static struct str lines_as_crlf(struct arena *arena, struct str bytes)
{
	struct buf buf;
	struct str line;
	buf_init(&buf, SIZE_MAX / 2);
	while (str_line(&bytes, &line)) {
		buf_add_str(&buf, line);
		buf_add_str(&buf, STR("\r\n"));
	}
	struct str text = arena_str(arena, buf_str(&buf));
	buf_fini(&buf);
	return text;
}

/* A file with LF line ends is judged as if it had CRLF; both ways are tried, without a trace and with one. */
static void test_messages(void **state)
{
	struct signed_mail *mail = *state;
	struct str rest, line;
	unsigned rows = 0;
	corpus_need();
	mail->keys = dkim_keys_open();
	rest = corpus_file(mail->arena, "dkim", STR("expected.tsv"));
	(void)str_line(&rest, &line);
	for (; str_line(&rest, &line); rows++) {
		struct str file = corpus_column(line, FILE_NAME), bytes = corpus_file(mail->arena, "dkim", file);
		uint64_t sig = number(corpus_column(line, SIG));
		use_keys_of(mail, file);
		mail->traced = false;
		signed_mail_check(mail, bytes);
		expect(mail, file, sig, corpus_column(line, EXPECTED));
		mail->traced = true;
		signed_mail_check(mail, lines_as_crlf(mail->arena, bytes));
		expect(mail, file, sig, corpus_column(line, EXPECTED));
		if (sig > 0 && str_eq(corpus_column(line, EXPECTED), STR("PASS"))) {
			assert_true(str_eq(mail->verdict.dkim.at[sig - 1].domain, corpus_column(line, DOMAIN)));
			assert_true(str_eq(mail->verdict.dkim.at[sig - 1].selector, corpus_column(line, SELECTOR)));
		}
	}
	assert_true(rows >= 70);
}

/* RFC 8463 appendix A: the digests of both signatures; RFC 6376 appendix A.2: that of the body. */
static void test_digests(void **state)
{
	struct signed_mail *mail = *state;
	corpus_need();
	use_keys_of(mail, STR("rfc8463-A.3.eml"));
	signed_mail_check(mail, corpus_file(mail->arena, "dkim", STR("rfc8463-A.3.eml")));
	assert_int_equal(mail->verdict.dkim.count, 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(mail->verdict.dkim.at[i].result, AUTH_PASS);
		assert_true(str_eq(mail->verdict.dkim.at[i].body_hash,
			STR("2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=")));
	}
	assert_true(str_eq(mail->verdict.dkim.at[0].header_hash, STR("SM6aLHEOzhcQ/xVplrg2p/RUcOQ+/lZDB01uFpDtYuc=")));
	assert_true(str_eq(mail->verdict.dkim.at[1].header_hash, STR("/tcebXD7Eju1w1OtxCghswS2udVPyGfzBPfGHaqqERE=")));
	signed_mail_check(mail, corpus_file(mail->arena, "dkim", STR("rfc6376-A.2.eml")));
	assert_true(str_eq(mail->verdict.dkim.at[0].body_hash, STR("2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=")));
}

static void test_key_records(void **state)
{
	struct signed_mail *mail = *state;
	struct str rest, line;
	unsigned rows = 0;
	corpus_need();
	rest = corpus_file(mail->arena, "dkim", STR("key-record-variants.tsv"));
	(void)str_line(&rest, &line);
	for (; str_line(&rest, &line); rows++) {
		struct str file = corpus_column(line, 0), text = corpus_column(line, 3);
		if (str_starts(text, STR("@")))
			text = str_trim(corpus_file(mail->arena, "dkim", str_from_offset(text, 1)));
		buf_reset(&mail->zone);
		add_line(mail, str_from(arena_printf(mail->arena, "%.*s %.*s", STR_FMT(corpus_column(line, 2)),
			STR_FMT(text))));
		signed_mail_check(mail, corpus_file(mail->arena, "dkim", file));
		expect(mail, line, number(corpus_column(line, 1)), corpus_column(line, 4));
	}
	assert_true(rows >= 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_messages, signed_mail_open, signed_mail_close),
		cmocka_unit_test_setup_teardown(test_digests, signed_mail_open, signed_mail_close),
		cmocka_unit_test_setup_teardown(test_key_records, signed_mail_open, signed_mail_close),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
