// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "verifier/domain.h"

#include <string.h>

#define ARENA_CEILING_BYTES ((size_t)1024 * 1024)

static struct arena *arena;

/* "-" when refused. */
static const char *ascii(struct str domain)
{
	struct str found;
	return domain_to_ascii(arena, domain, &found) ? arena_cstr(arena, found) : "-";
}

#define ASCII(literal) ascii(STR(literal))
#define REFUSED(literal) assert_string_equal(ASCII(literal), "-")

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(ASCII("Example.COM"), "example.com");
	assert_string_equal(ASCII("example.com."), "example.com");
	assert_string_equal(ASCII("_dmarc.Example.com"), "_dmarc.example.com");
	assert_string_equal(ASCII("com"), "com");
	REFUSED("");
	REFUSED(".");
	REFUSED("example.com..");
	REFUSED("example..com");
	REFUSED(".example.com");
	/* CVE-2020-12272: what looks like one domain to the eye and another to DNS. */
	REFUSED("example.net(.example.com");
	REFUSED("example.net).example.com");
	REFUSED("example.net .example.com");
	REFUSED("example.com\t");
	REFUSED("example.com\r\n");
	REFUSED("exam\0ple.com");
	REFUSED("example.com\0");
	REFUSED("b\xc3\xbc" "cher.example\0.example.com");
	REFUSED("[192.0.2.1]");
	REFUSED("a@example.com");
	REFUSED("example.com/x");
	REFUSED("exam\"ple.com");
}

static void test_lengths(void **state)
{
	char name[300];
	(void)state;
	memset(name, 'a', sizeof(name));
	name[63] = '.';
	assert_string_not_equal(ascii((struct str){name, 70}), "-");
	name[63] = 'a';
	name[64] = '.';
	assert_string_equal(ascii((struct str){name, 70}), "-");
	for (size_t i = 0; i < sizeof(name); i++)
		name[i] = i % 2 ? '.' : 'a';
	assert_string_not_equal(ascii((struct str){name, 253}), "-");
	assert_string_not_equal(ascii((struct str){name, 254}), "-"); /* its last byte is the final dot */
	assert_string_equal(ascii((struct str){name, 255}), "-");
}

static void test_u_labels(void **state)
{
	(void)state;
	assert_string_equal(ASCII("b\xc3\xbc" "cher.example"), "xn--bcher-kva.example");
	assert_string_equal(ASCII("B\xc3\x9c" "CHER.Example."), "xn--bcher-kva.example");
	assert_string_equal(ASCII("XN--bcher-kva.example"), "xn--bcher-kva.example");
	assert_string_equal(ASCII("fa\xc3\x9f.de"), "xn--fa-hia.de");
	/* An ideographic full stop parts labels, whoever looks at it. */
	assert_string_equal(ASCII("\xe4\xbe\x8b\xe3\x80\x82\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88"),
		"xn--fsq.xn--zckzah");
	REFUSED("\xff.example");             /* no UTF-8 */
	REFUSED("\xe2\x84\x80.example");     /* U+2100 becomes a/c */
	REFUSED("b\xc3\xbc cher.example");
	REFUSED("\xcc\x81" "a.example");     /* begins with a combining mark */
	REFUSED("a\xe2\x80\xae" "b.example"); /* turns the direction of reading */
}

static void test_below(void **state)
{
	(void)state;
	assert_true(domain_is_or_below(STR("example.com"), STR("example.com")));
	assert_true(domain_is_or_below(STR("a.example.com"), STR("example.com")));
	assert_false(domain_is_or_below(STR("aexample.com"), STR("example.com")));
	assert_false(domain_is_or_below(STR("example.com"), STR("a.example.com")));
	assert_false(domain_is_or_below(STR("example.com"), STR("")));
}

static void test_labels(void **state)
{
	(void)state;
	assert_int_equal(domain_labels(STR("a.b.example.com")), 4);
	assert_int_equal(domain_labels(STR("com")), 1);
	assert_int_equal(domain_labels(STR("")), 0);
	assert_true(str_eq(domain_last_labels(STR("a.b.example.com"), 2), STR("example.com")));
	assert_true(str_eq(domain_last_labels(STR("a.b.example.com"), 4), STR("a.b.example.com")));
	assert_true(str_eq(domain_last_labels(STR("a.b.example.com"), 9), STR("a.b.example.com")));
	assert_true(str_eq(domain_last_labels(STR("a.b.example.com"), 0), STR("")));
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
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_u_labels),
		cmocka_unit_test(test_below),
		cmocka_unit_test(test_labels),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
