// SPDX-License-Identifier: Apache-2.0
/* The canonicalisations of RFC 6376 section 3.4 and their edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "verifier/dkim/base64.h"
#include "verifier/dkim/canon.h"

#include <string.h>

#define BYTES_MAX ((size_t)1 << 20)

enum what { SIMPLE, RELAXED };

struct canon_test {
	struct digest *digest;
	struct buf copy;
	struct arena *arena;
	struct sha256 sum;
	uint64_t octets;
};

static struct canon_test test;

static int open_test(void **state)
{
	(void)state;
	test.digest = digest_open();
	buf_init(&test.copy, BYTES_MAX);
	test.arena = arena_open(BYTES_MAX);
	return 0;
}

static int close_test(void **state)
{
	(void)state;
	digest_close(&test.digest);
	buf_fini(&test.copy);
	arena_close(&test.arena);
	return 0;
}

/* The copy has everything, the digest no more than limit. */
static struct str body_of(enum what what, struct str body, uint64_t limit)
{
	struct canon canon;
	buf_reset(&test.copy);
	canon_begin(&canon, test.digest, &test.copy, limit);
	if (what == RELAXED)
		canon_body_relaxed(&canon, body);
	else
		canon_body_simple(&canon, body);
	canon_end(&canon);
	test.octets = canon.octets;
	test.sum = digest_take(test.digest);
	struct str all = buf_str(&test.copy), hashed = str_sub(all, 0, limit);
	struct sha256 sum = sha256_of(hashed.ptr, hashed.len);
	assert_memory_equal(&sum, &test.sum, sizeof(sum));
	assert_int_equal(test.octets, all.len);
	return all;
}

static void assert_body(enum what what, struct str body, struct str expected)
{
	struct str is = body_of(what, body, UINT64_MAX);
	if (!str_eq(is, expected))
		fail_msg("%s of \"%.*s\" is \"%.*s\", not \"%.*s\"", what == RELAXED ? "relaxed" : "simple",
			STR_FMT(body), STR_FMT(is), STR_FMT(expected));
	/* What is canonical stays what it is. */
	struct str again = arena_str(test.arena, is);
	assert_true(str_eq(body_of(what, again, UINT64_MAX), again));
}

static void test_bodies(void **state)
{
	(void)state;
	static const struct {
		const char *body, *simple, *relaxed;
	} cases[] = {
		{"", "\r\n", ""},
		{"\r\n", "\r\n", ""},
		{"\n\n\n", "\r\n", ""},
		{" ", " \r\n", ""},
		{" \t\r\n \r\n", " \t\r\n \r\n", ""},
		{"a", "a\r\n", "a\r\n"},
		{"a\n", "a\r\n", "a\r\n"},
		{"a\r\n\r\n\n", "a\r\n", "a\r\n"},
		{"a\r\n \r\n\t\r\n", "a\r\n \r\n\t\r\n", "a\r\n"},
		{"\r\n\r\na\r\n", "\r\n\r\na\r\n", "\r\n\r\na\r\n"},
		{" C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n", " C\r\nD E\r\n"}, /* RFC 6376 section 3.4.5 */
		{"\t a\r\n", "\t a\r\n", " a\r\n"},
		{"a \t \nb\t\r\n", "a \t \r\nb\t\r\n", "a\r\nb\r\n"},
		{"a  ", "a  \r\n", "a\r\n"},
		{"a\r", "a\r\r\n", "a\r\r\n"},
		{"a\rb\r\r\n", "a\rb\r\r\n", "a\rb\r\r\n"},
		{"a \r b \r\r\n", "a \r b \r\r\n", "a \r b \r\r\n"},
		{"\r", "\r\r\n", "\r\r\n"},
		{"\r\r\n\r\n", "\r\r\n", "\r\r\n"},
		{"a\n\r\n\rb\n", "a\r\n\r\n\rb\r\n", "a\r\n\r\n\rb\r\n"},
		{"a\v b\f\r\n", "a\v b\f\r\n", "a\v b\f\r\n"},
		{"\xa0 \xe4\r\n", "\xa0 \xe4\r\n", "\xa0 \xe4\r\n"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_body(SIMPLE, str_from(cases[i].body), str_from(cases[i].simple));
		assert_body(RELAXED, str_from(cases[i].body), str_from(cases[i].relaxed));
	}
	assert_body(RELAXED, STR("\0 \0\t\0\r\n"), STR("\0 \0 \0\r\n"));
	assert_body(SIMPLE, STR("\0\n\0"), STR("\0\r\n\0\r\n"));
}

/* What is odd is found wherever it lies in a block. */
static void test_every_offset(void **state)
{
	(void)state;
	static const char *const odd[] = {"\t", "  ", " \r\n", "\n", " \n", " \r", "\r\n", "\t\t \n", " \t", "\n\n"};
	static const char *const relaxed[] = {" ", " ", "\r\n", "\r\n", "\r\n", " \r", "\r\n", "\r\n", " ", "\r\n\r\n"};
	static const char *const simple[] = {"\t", "  ", " \r\n", "\r\n", " \r\n", " \r", "\r\n", "\t\t \r\n", " \t",
		"\r\n\r\n"};
	char body[200], expected[200];
	for (size_t k = 0; k < sizeof(odd) / sizeof(odd[0]); k++)
		for (size_t before = 0; before < 70; before++)
			for (size_t behind = 1; behind < 40; behind += 13) {
				size_t len = strlen(odd[k]);
				memset(body, 'x', sizeof(body));
				memcpy(body + before, odd[k], len);
				for (int what = SIMPLE; what <= RELAXED; what++) {
					const char *then = what == RELAXED ? relaxed[k] : simple[k];
					memset(expected, 'x', sizeof(expected));
					memcpy(expected + before, then, strlen(then));
					memcpy(expected + before + strlen(then) + behind, "\r\n", 2);
					assert_body((enum what)what, (struct str){body, before + len + behind},
						(struct str){expected, before + strlen(then) + behind + 2});
				}
			}
}

static void test_length(void **state)
{
	(void)state;
	static char body[5000];
	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = i % 61 == 0 ? '\n' : i % 7 == 0 ? ' ' : 'a';
	for (uint64_t limit = 0; limit < 3000; limit += limit < 20 ? 1 : 97) {
		(void)body_of(SIMPLE, (struct str){body, sizeof(body)}, limit);
		(void)body_of(RELAXED, (struct str){body, sizeof(body)}, limit);
	}
	(void)body_of(RELAXED, STR("a\r\n"), 1000);
}

/* The sums of empty bodies, as every verifier knows them. */
static void test_empty_sums(void **state)
{
	(void)state;
	(void)body_of(SIMPLE, STR(""), UINT64_MAX);
	assert_true(str_eq(base64_encode(test.arena, (struct str){(const char *)test.sum.bytes, SHA256_BYTES}),
		STR("frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=")));
	(void)body_of(RELAXED, STR(""), UINT64_MAX);
	assert_true(str_eq(base64_encode(test.arena, (struct str){(const char *)test.sum.bytes, SHA256_BYTES}),
		STR("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")));
}

static void test_fields(void **state)
{
	(void)state;
	static const struct {
		const char *name, *body, *relaxed;
	} cases[] = {
		{"A", " X", "a:X"},
		{"B", " Y\t\r\n\tZ  ", "b:Y Z"}, /* RFC 6376 section 3.4.5, with "B" and WSP before its colon */
		{"SUBJect", "AbC", "subject:AbC"},
		{"A", "", "a:"},
		{"A", "\r\n  ", "a:"},
		{"A", " a\n b\r\n\tc \r\n ", "a:a b c"},
		{"A", " \t a  b\t\tc", "a:a b c"},
		{"A", " a\rb", "a:a\rb"},
		{"A", " \xc3\xa9 \xff", "a:\xc3\xa9 \xff"},
		{"A", "a:b : c", "a:a:b : c"},
	};
	struct canon canon;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&test.copy);
		canon_begin(&canon, test.digest, &test.copy, UINT64_MAX);
		canon_field_relaxed(&canon, str_from(cases[i].name), str_from(cases[i].body));
		canon_end(&canon);
		(void)digest_take(test.digest);
		assert_string_equal(buf_cstr(&test.copy), cases[i].relaxed);
	}
	buf_reset(&test.copy);
	canon_begin(&canon, test.digest, &test.copy, UINT64_MAX);
	canon_field_simple(&canon, STR("B \t: Y\t\n\tZ  \r\n "));
	canon_line_end(&canon);
	canon_end(&canon);
	assert_string_equal(buf_cstr(&test.copy), "B \t: Y\t\r\n\tZ  \r\n \r\n");
}

static void test_base64(void **state)
{
	(void)state;
	static const struct {
		const char *text, *bytes;
	} good[] = {{"", ""}, {"YQ==", "a"}, {"YQ", "a"}, {"YQ=", "a"}, {"YWI=", "ab"}, {"YWI", "ab"}, {"YWJj", "abc"},
		{"Y W\tJ\r\n j\n", "abc"}, {"YWI\r\n =", "ab"}, {"YQ= =", "a"}, {"YR==", "a"}, {"//8", "\xff\xff"}};
	static const char *const bad[] = {"Y", "YWJjY", "YQ===", "YWI==", "YWJj=", "=", "Y=Q=", "YQ==YQ==", "YQ-_",
		"Y.Q", "YQ;=", "\xc3\xa9"};
	struct str bytes;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(base64_decode(test.arena, str_from(good[i].text), &bytes));
		assert_true(str_eq(bytes, str_from(good[i].bytes)));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(base64_decode(test.arena, str_from(bad[i]), &bytes));
	assert_true(str_eq(base64_encode(test.arena, STR("a")), STR("YQ==")));
	assert_true(str_eq(base64_encode(test.arena, STR("ab")), STR("YWI=")));
	assert_true(str_eq(base64_encode(test.arena, STR("abc\xff\xfe\xfd")), STR("YWJj//79")));
	assert_true(str_eq(base64_encode(test.arena, STR("")), STR("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bodies, open_test, close_test),
		cmocka_unit_test_setup_teardown(test_every_offset, open_test, close_test),
		cmocka_unit_test_setup_teardown(test_length, open_test, close_test),
		cmocka_unit_test_setup_teardown(test_empty_sums, open_test, close_test),
		cmocka_unit_test_setup_teardown(test_fields, open_test, close_test),
		cmocka_unit_test_setup_teardown(test_base64, open_test, close_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
