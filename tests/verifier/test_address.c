// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "verifier/address.h"

#include <string.h>

#define ARENA_CEILING_BYTES ((size_t)64 * 1024 * 1024)

static struct arena *arena;

static struct author author_of(struct str bytes)
{
	struct message message;
	struct author author;
	message_parse(arena, bytes, &message);
	address_author(arena, &message, &author);
	return author;
}

static void expect(struct str header, enum address_state state, const char *domain, int line)
{
	struct author author = author_of(header);
	if (author.state != state || !str_eq(author.domain, str_from(domain))) {
		print_error("line %d: state %d, domain \"%.*s\" (%.*s)\n", line, (int)author.state,
			STR_FMT(author.domain), STR_FMT(author.detail));
		fail();
	}
	assert_int_equal(author.state == ADDRESS_OK, author.domain.ptr != NULL);
	assert_int_equal(author.state == ADDRESS_OK, author.detail.ptr == NULL);
}

#define AUTHOR(body, domain) expect(STR("From: " body "\r\n\r\n"), ADDRESS_OK, domain, __LINE__)
#define NO_AUTHOR(body, state) expect(STR("From: " body "\r\n\r\n"), state, NULL, __LINE__)
#define BROKEN(body) NO_AUTHOR(body, ADDRESS_BROKEN)

static void test_plain(void **state)
{
	(void)state;
	AUTHOR("a@example.com", "example.com");
	AUTHOR("A <a@EXAMPLE.com>", "example.com");
	AUTHOR("<a@example.com>", "example.com");
	AUTHOR("=?utf-8?Q?J=C3=BCrgen?= Doe <a@example.com>", "example.com");
	AUTHOR("=?utf-8?B?YWRtaW5AdmljdGltLmV4YW1wbGU=?= <a@example.com>", "example.com");
	AUTHOR("\"Doe, J. <x@victim.example>\" <a@example.com>", "example.com");
	AUTHOR("John Q. Public <a@example.com>", "example.com");
	AUTHOR("[JIRA] project <a@example.com>", "example.com");
	AUTHOR("\r\n A\r\n\t<a@example.com>\r\n ", "example.com");
	AUTHOR("J\xfcrgen <a@example.com>", "example.com");
	AUTHOR("a@example.com.", "example.com");
	AUTHOR("a@b\xc3\xbc" "cher.example", "xn--bcher-kva.example");
	AUTHOR("\xe7\x94\xb0\xe4\xb8\xad@\xe4\xbe\x8b\xe3\x80\x82\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88",
		"xn--fsq.xn--zckzah");
	AUTHOR("\"a b\\\"@victim.example\"@example.com", "example.com");
	AUTHOR("a@com", "com");
}

/* RFC 5322 appendix A.5. */
static void test_comments(void **state)
{
	(void)state;
	AUTHOR("Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", "silly.test");
	AUTHOR("a@example.com (A (B (C)) D)", "example.com");
	AUTHOR("(a@victim.example) a@example.com", "example.com");
	AUTHOR("A (<a@victim.example>,) <a@example.com>", "example.com");
	BROKEN("a@example.com (A (B)");
	BROKEN("a@example.com A)");
	BROKEN("a@example.com(.victim.example");
	BROKEN("a@example(x).com");
	BROKEN("a@example.(x)com");
	BROKEN("a@example .com");
	BROKEN("a@example. com");
	BROKEN("a@example.com(x)@victim.example");
}

static void test_lists(void **state)
{
	(void)state;
	AUTHOR("a@example.com, B <b@Example.COM>", "example.com");
	AUTHOR(",a@example.com,,", "example.com");
	AUTHOR("Team: a@example.com, B <b@example.com>;", "example.com");
	AUTHOR("Team: a@example.com;, b@example.com", "example.com");
	NO_AUTHOR("Undisclosed: ;", ADDRESS_NONE);
	NO_AUTHOR("", ADDRESS_NONE);
	NO_AUTHOR(" (nobody) ", ADDRESS_NONE);
	NO_AUTHOR("a@example.com, b@example.net", ADDRESS_SEVERAL);
	NO_AUTHOR("a@example.com, b@sub.example.com", ADDRESS_SEVERAL);
	NO_AUTHOR("Team: a@example.com, b@example.net;", ADDRESS_SEVERAL);
	BROKEN("a@example.com; b@example.com");
	BROKEN("Team: a@example.com");
	BROKEN("Team: Inner: a@example.com;;");
	BROKEN(": a@example.com;");
	BROKEN("Team: ; a@example.com");
	expect(STR("From: a@example.com\r\nfrom: a@example.com\r\n\r\n"), ADDRESS_SEVERAL, NULL, __LINE__);
	expect(STR("From: a@example.com\r\nFrom : b@example.net\r\n\r\n"), ADDRESS_SEVERAL, NULL, __LINE__);
	expect(STR("From: \r\nFrom: b@example.net\r\n\r\n"), ADDRESS_SEVERAL, NULL, __LINE__);
	expect(STR("Subject: x\r\n\r\nFrom: a@example.com\r\n"), ADDRESS_NONE, NULL, __LINE__);
	expect(STR(""), ADDRESS_NONE, NULL, __LINE__);
}

static void test_broken(void **state)
{
	(void)state;
	BROKEN("A a@example.com");
	BROKEN("a@example.com A");
	BROKEN("<a@example.com>c");
	BROKEN("<a@example.com> <b@example.com>");
	BROKEN("<a@example.com");
	BROKEN("a@example.com>");
	BROKEN("<>");
	BROKEN("A <>");
	BROKEN("A");
	BROKEN("@example.com");
	BROKEN("a@");
	BROKEN("a@@example.com");
	BROKEN("a@b@example.com");
	BROKEN("a..b@example.com");
	BROKEN(".a@example.com");
	BROKEN("a.@example.com");
	BROKEN("a b@example.com");
	BROKEN("a@example..com");
	BROKEN("a@.example.com");
	BROKEN("a@exam_ple.com..");
	BROKEN("a@\"example.com\"");
	BROKEN("a\\@example.com");
	BROKEN("\"a@example.com");
	BROKEN("a@[192.0.2.1]");
	BROKEN("a@[example.com");
	BROKEN("a@[192.0.2.1].example.com");
	BROKEN("a@exa\xff" "mple.com");
	BROKEN("\xff@example.com");
	BROKEN("Doe, John <a@example.com>");
}

/* "Composition Kills" and "Weak Links in Authentication Chains": what one reader takes for the author and
 * another does not. */
static void test_attacks(void **state)
{
	(void)state;
	BROKEN("<@victim.example,@b.example:a@example.com>");
	BROKEN("<@victim.example:a@example.com>");
	BROKEN("a@example.com\0@victim.example");
	BROKEN("<a@example.com\0>");
	BROKEN("a@victim.example\rFrom: a@example.com");
	BROKEN("=?utf-8?B?YWRtaW5AdmljdGltLmV4YW1wbGU=?=@example.com");
	BROKEN("=?utf-8?B?YWRtaW5AdmljdGltLmV4YW1wbGUA?=");
	BROKEN("=?utf-8?Q?=3Ca=40victim.example=3E?=, <@example.com>");
	BROKEN("a@victim.example <a@example.com>");
	BROKEN("a@victim.example a@example.com");
	BROKEN("<a@victim.example>, \"<a@example.com>\"");
	BROKEN("<<a@victim.example><a@example.com>>");
	BROKEN("[<a@victim.example>] <a@example.com>");
	BROKEN("a@victim.example\\,a@example.com");
	AUTHOR("a@example.com <a@example.com>", "example.com");
	NO_AUTHOR("<a@victim.example>, <a@example.com>", ADDRESS_SEVERAL);
	NO_AUTHOR("a@victim.example,(x) a@example.com", ADDRESS_SEVERAL);
	/* Fields that only some readers find. */
	expect(STR(" From: a@victim.example\r\nFrom: a@example.com\r\n\r\n"), ADDRESS_BROKEN, NULL, __LINE__);
	expect(STR("From: a@example.com\r\nFrom\r\n : a@victim.example\r\n\r\n"), ADDRESS_SEVERAL, NULL, __LINE__);
	expect(STR("From: a@example.com\r\nno field\r\nFrom: a@victim.example\r\n\r\n"), ADDRESS_SEVERAL,
		NULL, __LINE__);
	expect(STR("From: a@example.com\r\nFrom\0: a@victim.example\r\n\r\n"), ADDRESS_SEVERAL, NULL, __LINE__);
	expect(STR("From: a@example.com\r\nno field\r\n\r\nFrom: quoted\r\n"), ADDRESS_OK, "example.com", __LINE__);
}

static void test_mailboxes(void **state)
{
	struct mailbox *mailboxes;
	size_t count;
	(void)state;
	assert_true(address_list(arena,
		STR("\"A\\\"B\" (c) <\"x y\\\\\"@Example.com>, z@[192.0.2.1], (d) w@example.net (D)"),
		&mailboxes, &count));
	assert_int_equal(count, 3);
	assert_true(str_eq(mailboxes[0].display, STR("\"A\\\"B\" (c)")));
	assert_true(str_eq(mailboxes[0].local_part, STR("x y\\")));
	assert_true(str_eq(mailboxes[0].domain, STR("Example.com")));
	assert_true(str_eq(mailboxes[0].ascii, STR("example.com")));
	assert_true(str_eq(mailboxes[1].domain, STR("[192.0.2.1]")));
	assert_null(mailboxes[1].ascii.ptr);
	assert_null(mailboxes[2].display.ptr);
	assert_true(str_eq(mailboxes[2].local_part, STR("w")));
	assert_false(address_list(arena, STR("a@example.com, b"), &mailboxes, &count));
	assert_int_equal(count, 0);
}

/* CVE-2024-23184: the cost of many addresses and deep comments. */
static void test_bombs(void **state)
{
	const size_t bytes = (size_t)4 * 1024 * 1024;
	struct mailbox *mailboxes;
	size_t count;
	char *text = arena_alloc(arena, bytes);
	(void)state;
	memset(text, '(', bytes);
	assert_false(address_list(arena, (struct str){text, bytes}, &mailboxes, &count));
	memset(text, ',', bytes);
	assert_true(address_list(arena, (struct str){text, bytes}, &mailboxes, &count));
	for (size_t i = 0; i + 4 <= bytes; i += 4)
		memcpy(text + i, "a@b,", 4);
	assert_true(address_list(arena, (struct str){text, ADDRESS_MAILBOXES_MAX * 4}, &mailboxes, &count));
	assert_int_equal(count, ADDRESS_MAILBOXES_MAX);
	assert_false(address_list(arena, (struct str){text, (ADDRESS_MAILBOXES_MAX + 1) * 4}, &mailboxes, &count));
	assert_false(address_list(arena, (struct str){text, bytes}, &mailboxes, &count));
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
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_comments),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_attacks),
		cmocka_unit_test(test_mailboxes),
		cmocka_unit_test(test_bombs),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
