// SPDX-License-Identifier: Apache-2.0
/* Assertion records, selectors and where they are looked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dns/replay.h"
#include "dns/session.h"
#include "verifier/bimi/discover.h"

#include <string.h>

#define ARENA_BYTES ((size_t)64 << 20)
#define URI "https://a.example/l.svg"

static struct arena *arena;

static int open_arena(void **state)
{
	(void)state;
	arena = arena_open(ARENA_BYTES);
	return 0;
}

static int close_arena(void **state)
{
	(void)state;
	arena_close(&arena);
	return 0;
}

static void assert_str(struct str s, const char *expected)
{
	if (!str_eq(s, str_from(expected)))
		fail_msg("\"%.*s\", not \"%s\"", STR_FMT(s), expected);
}

struct given {
	const char *text, *reason;
};

static void test_no_record(void **state)
{
	(void)state;
	static const char *const GIVEN[] = {"", "v=BIMI1x; l=", "v=BIMI2; l=", "v=bimi1; l=", "V=BIMI1; l=",
		" v=BIMI1; l=",
		"l=; v=BIMI1", ";v=BIMI1", "BIMI1", "v=DMARC1", "v=BIMI 1"};
	struct bimi_record record;
	for (size_t i = 0; i < sizeof(GIVEN) / sizeof(GIVEN[0]); i++)
		if (bimi_record_parse(arena, str_from(GIVEN[i]), &record))
			fail_msg("%s is a record", GIVEN[i]);
}

static void test_records(void **state)
{
	(void)state;
	static const struct given GIVEN[] = {
		{"v=BIMI1; l=" URI, NULL},
		{"v=BIMI1;l=" URI ";a=https://a.example:8443/v.pem?x=%2C#y;", NULL},
		{"v \t= BIMI1\t; a= ; l = " URI " ; ", NULL},
		{"v=BIMI1; l=; a=https://a.example", NULL},
		{"v=BIMI1; l=HTTPS://A.EXAMPLE/l.svg", NULL},
		{"v=BIMI1; l=" URI "z", NULL},
		{"v=BIMI1; l=" URI "; unknown=x y; avp=other", NULL},
		{"v=BIMI1", "record.location"},
		{"v=BIMI1;", "record.location"},
		{"v=BIMI1; a=https://a.example/v.pem", "record.location"},
		{"v=BIMI1; L=" URI, "record.location"},
		{"v=BIMI1; l=http://a.example/l.svg", "record.location"},
		{"v=BIMI1; l=a.example/l.svg", "record.location"},
		{"v=BIMI1; l=https://localhost/l.svg", "record.location"},
		{"v=BIMI1; l=https://192.0.2.1/l.svg", "record.location"},
		{"v=BIMI1; l=https://[2001:db8::1]/l.svg", "record.location"},
		{"v=BIMI1; l=https://u@a.example/l.svg", "record.location"},
		{"v=BIMI1; l=https://a.example:99999/l.svg", "record.location"},
		{"v=BIMI1; l=https:///l.svg", "record.location"},
		{"v=BIMI1; l=" URI "," URI, "record.location"},
		{"v=BIMI1; l=https://a.example/a b.svg", "record.location"},
		{"v=BIMI1; l=https://a.example/%2.svg", "record.location"},
		{"v=BIMI1; l=https://a.example/\xc3\xa4.svg", "record.location"},
		{"v=BIMI1; l=https://a.example/<l>.svg", "record.location"},
		{"v=BIMI1; l=https://a.example/l.PNG?x", "record.format"},
		{"v=BIMI1; l=" URI "; a=http://a.example/v.pem", "record.evidence"},
		{"v=BIMI1; l=" URI "; l=" URI, "record.duplicate"},
		{"v=BIMI1; l=" URI "; v=BIMI1", "record.duplicate"},
		{"v=BIMI1; l=" URI ";; a=", "record.syntax"},
		{"v=BIMI1; l=" URI "; junk", "record.syntax"},
		{"v=BIMI1 l=" URI, NULL}, /* no record at all: below */
		{"v=BIMI1; l=" URI "; 1a=x", "record.syntax"},
		{"v=BIMI1; l=" URI "; =x", "record.syntax"},
		{"v=BIMI1; l=" URI "; lps=a b", "record.prefixes"},
		{"v=BIMI1; l=" URI "; lps=a,", "record.prefixes"},
		{"v=BIMI1; l=" URI "; lps=", NULL},
	};
	struct bimi_record record;
	for (size_t i = 0; i < sizeof(GIVEN) / sizeof(GIVEN[0]); i++) {
		bool is_one = bimi_record_parse(arena, str_from(GIVEN[i].text), &record);
		assert_true(is_one == (strncmp(GIVEN[i].text, "v=BIMI1 l", 9) != 0));
		if (strcmp(record.reason ? record.reason : "", GIVEN[i].reason ? GIVEN[i].reason : "") != 0)
			fail_msg("%s: %s (%.*s), not %s", GIVEN[i].text, record.reason, STR_FMT(record.detail),
				GIVEN[i].reason);
		assert_true(!record.reason || (record.detail.len > 0 && !record.declined));
	}
}

static void test_values(void **state)
{
	(void)state;
	struct bimi_record record;
	assert_true(bimi_record_parse(arena, STR("v=BIMI1; l= " URI " ; a=https://b.example/v.pem; avp=personal; "
		"lps=news, pay-x"), &record));
	assert_str(record.location, URI);
	assert_str(record.evidence, "https://b.example/v.pem");
	assert_str(record.preference, "personal");
	assert_int_equal(record.prefixes_count, 2);
	assert_str(record.prefixes[1], "pay-x");
	assert_true(bimi_record_parse(arena, STR("v=BIMI1; l=; a=;"), &record));
	assert_true(record.declined);
	assert_str(record.preference, "brand");
	assert_true(bimi_record_parse(arena, STR("v=BIMI1; l="), &record));
	assert_true(record.declined);
	assert_true(bimi_record_parse(arena, STR("v=BIMI1; l=; a=https://b.example/v.pem"), &record));
	assert_false(record.declined);
}

static void test_selectors(void **state)
{
	(void)state;
	static const char *const GIVEN[][2] = {
		{"v=BIMI1; s=brand", "brand"},
		{" v=BIMI1;s=A.b-1; x=y;", "A.b-1"},
		{"v=BIMI1; s=", NULL},
		{"v=BIMI1", NULL},
		{"v=BIMI2; s=brand", NULL},
		{"s=brand; v=BIMI1", NULL},
		{"v=BIMI1; s=a b", NULL},
		{"v=BIMI1; s=a_b", NULL},
		{"v=BIMI1; s=-a", NULL},
		{"v=BIMI1; s=a..b", NULL},
		{"v=BIMI1; s=a; s=b", NULL},
		{"v=BIMI1; s=a; junk", NULL},
		{"v=BIMI1; s=a._bimi.example.com", NULL},
	};
	struct str selector;
	for (size_t i = 0; i < sizeof(GIVEN) / sizeof(GIVEN[0]); i++) {
		bool good = bimi_selector_parse(str_from(GIVEN[i][0]), &selector);
		if (good != (GIVEN[i][1] != NULL))
			fail_msg("%s: %d", GIVEN[i][0], good);
		if (good)
			assert_str(selector, GIVEN[i][1]);
	}
}

static void test_local_parts(void **state)
{
	(void)state;
	static const char *const GIVEN[][3] = {
		{"news", "news", "news"},
		{"news", "News.Letter_x+ext", "news-letter-x"},
		{"news", "newsletter", "newsletter"},
		{"news", "_.news__x._", "news-x"},
		{"news", "info", NULL},
		{"news,info", "info", "info"},
		{"NEWS", "news", "news"},
		{"", "any.one", "any-one"},
		{"", "a!b", NULL},
		{"", "+x", NULL},
		{"", "._.", NULL},
	};
	struct bimi_record record;
	struct str selector;
	for (size_t i = 0; i < sizeof(GIVEN) / sizeof(GIVEN[0]); i++) {
		const char *text = arena_printf(arena, "v=BIMI1; l=" URI "; lps=%s", GIVEN[i][0]);
		assert_true(bimi_record_parse(arena, str_from(text), &record));
		assert_null(record.reason);
		bool good = bimi_local_part_selector(arena, &record, str_from(GIVEN[i][1]), &selector);
		if (good != (GIVEN[i][2] != NULL))
			fail_msg("%s with %s: %d", GIVEN[i][1], GIVEN[i][0], good);
		if (good)
			assert_str(selector, GIVEN[i][2]);
	}
	assert_true(bimi_record_parse(arena, STR("v=BIMI1; l=" URI), &record));
	assert_false(bimi_local_part_selector(arena, &record, STR("news"), &selector));
}

static struct bimi_discovery discover(const char *zone, const char *author, const char *selector,
	const char *local_part)
{
	struct dns *dns;
	struct error error = {0};
	struct bimi_discovery found;
	if (dns_replay_open(arena, STR("zone"), str_from(zone), &dns, &error) != ERR_OK)
		fail_msg("%s", error.text);
	struct verify verify = {.arena = arena, .dns = dns_session_dns(dns_session_open(arena, dns, DNS_QUERIES_MAX)),
		.limits = verify_limits_default()};
	bimi_discover(&verify, str_from(author), STR("example.com"), str_from(selector), str_from(local_part), &found);
	return found;
}

static void test_discovery(void **state)
{
	(void)state;
	static const struct {
		const char *zone, *selector, *local_part;
		enum auth_result result;
		const char *domain, *used;
	} GIVEN[] = {
#define RECORD "TXT \"v=BIMI1; l=" URI "\"\n"
		{"default._bimi.sub.example.com " RECORD, "default", NULL, AUTH_PASS, "sub.example.com", "default"},
		{"default._bimi.example.com " RECORD, "default", NULL, AUTH_PASS, "example.com", "default"},
		{"default._bimi.example.com " RECORD, "brand", NULL, AUTH_NONE, "sub.example.com", "brand"},
		{"brand._bimi.example.com " RECORD, "brand", NULL, AUTH_PASS, "example.com", "brand"},
		{"default._bimi.sub.example.com TXT \"v=spf1\"\ndefault._bimi.example.com " RECORD, "default",
			NULL, AUTH_PASS, "example.com", "default"},
		{"default._bimi.sub.example.com TXT \"v=BIMI1; l=\"\ndefault._bimi.example.com " RECORD, "default",
			NULL, AUTH_DECLINED, "sub.example.com", "default"},
		{"default._bimi.sub.example.com " RECORD "default._bimi.sub.example.com " RECORD, "default", NULL,
			AUTH_FAIL, "sub.example.com", "default"},
		{"default._bimi.sub.example.com TXT \"v=BIMI1\"\ndefault._bimi.example.com " RECORD, "default",
			NULL, AUTH_FAIL, "sub.example.com", "default"},
		{"default._bimi.sub.example.com TXT !SERVFAIL\n", "default", NULL, AUTH_TEMPERROR, "sub.example.com",
			"default"},
		{"default._bimi.example.com TXT !TIMEOUT\n", "default", NULL, AUTH_TEMPERROR, "sub.example.com",
			"default"},
		{"a.example A 192.0.2.1\n", "default", NULL, AUTH_NONE, "sub.example.com", "default"},
#define LPS "default._bimi.example.com TXT \"v=BIMI1; lps=news; l=" URI "\"\n"
		{LPS "news-x._bimi.example.com " RECORD, "default", "news.x+1", AUTH_PASS, "example.com", "news-x"},
		{LPS, "default", "news.x", AUTH_PASS, "example.com", "default"},
		{LPS "info._bimi.example.com " RECORD, "default", "info", AUTH_PASS, "example.com", "default"},
		{LPS "news._bimi.example.com TXT \"v=BIMI1; l=\"\n", "default", "news", AUTH_DECLINED, "example.com",
			"news"},
		{LPS "news._bimi.example.com TXT !SERVFAIL\n", "default", "news", AUTH_TEMPERROR, "example.com",
			"news"},
	};
	for (size_t i = 0; i < sizeof(GIVEN) / sizeof(GIVEN[0]); i++) {
		struct bimi_discovery found = discover(GIVEN[i].zone, "sub.example.com", GIVEN[i].selector,
			GIVEN[i].local_part);
		if (found.result != GIVEN[i].result)
			fail_msg("%s: result %d (%.*s)", GIVEN[i].zone, (int)found.result, STR_FMT(found.detail));
		assert_str(found.domain, GIVEN[i].domain);
		assert_str(found.selector, GIVEN[i].used);
		assert_true((found.reason != NULL) == (found.result != AUTH_PASS));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_no_record, open_arena, close_arena),
		cmocka_unit_test_setup_teardown(test_records, open_arena, close_arena),
		cmocka_unit_test_setup_teardown(test_values, open_arena, close_arena),
		cmocka_unit_test_setup_teardown(test_selectors, open_arena, close_arena),
		cmocka_unit_test_setup_teardown(test_local_parts, open_arena, close_arena),
		cmocka_unit_test_setup_teardown(test_discovery, open_arena, close_arena),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
