// SPDX-License-Identifier: Apache-2.0
/* Names and types, and what a session asks, remembers and refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dns/rdata.h"
#include "dns/replay.h"
#include "dns/session.h"

#include <string.h>

#define LABEL_61 "0123456789012345678901234567890123456789012345678901234567890"
#define LABEL_63 LABEL_61 "ab"

struct counting {
	struct dns dns;
	unsigned asked;
	struct str last;
};

static void count(struct dns *dns, struct arena *arena, struct str name, enum dns_type type,
	struct dns_answer *answer_r)
{
	struct counting *counting = (struct counting *)dns;
	(void)type;
	counting->asked++;
	counting->last = arena_str(arena, name);
	dns_answer_fail(answer_r, DNS_NODATA, STR_NONE);
}

static void test_names(void **state)
{
	static const struct {
		struct str name;
		bool good;
	} cases[] = {
		{STR("example.com"), true}, {STR("com"), true}, {STR("_a b\0\xff.x"), true}, {STR(""), false},
		{STR("."), false}, {STR(".a"), false}, {STR("a."), false}, {STR("a..b"), false},
		{STR(LABEL_63 ".a"), true}, {STR(LABEL_63 "c.a"), false},
		{STR(LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_61), true},
		{STR(LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_61 "c"), false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(dns_name_valid(cases[i].name), cases[i].good);
}

static void test_types_and_words(void **state)
{
	char text[DNS_TYPE_TEXT_BYTES];
	enum dns_type type;
	(void)state;
	assert_true(dns_type_parse(STR("txt"), &type) && type == DNS_TXT);
	assert_true(dns_type_parse(STR("type16"), &type) && type == DNS_TXT);
	assert_true(dns_type_parse(STR("TYPE65535"), &type));
	assert_string_equal(dns_type_word(type, text), "TYPE65535");
	assert_string_equal(dns_type_word(DNS_TLSA, text), "TLSA");
	assert_false(dns_type_parse(STR("TYPE65536"), &type));
	assert_false(dns_type_parse(STR("TYPE"), &type));
	assert_false(dns_type_parse(STR("TX"), &type));
	for (int i = DNS_OK; i <= DNS_BOGUS; i++) {
		struct dns_answer answer = {.status = (enum dns_status)i};
		assert_true(strlen(dns_status_word(answer.status)) > 4);
		assert_int_equal(dns_failed(&answer), i >= DNS_SERVFAIL);
	}
}

static void test_question_is_made_plain(void **state)
{
	struct arena *arena = arena_open((size_t)1 << 20);
	struct counting counting = {.dns.query = count};
	(void)state;
	const struct dns_answer *answer = dns_query(&counting.dns, arena, STR("WWW.Example.ORG."), DNS_A);
	assert_true(str_eq(counting.last, STR("www.example.org")));
	assert_true(str_eq(answer->name, STR("www.example.org")));
	assert_int_equal(answer->type, DNS_A);
	assert_int_equal(answer->status, DNS_NODATA);
	answer = dns_query(&counting.dns, arena, STR("a..b"), DNS_A);
	assert_int_equal(answer->status, DNS_NXDOMAIN);
	assert_true(answer->note.len > 0);
	assert_int_equal(counting.asked, 1);
	arena_close(&arena);
}

static void test_session_remembers(void **state)
{
	struct arena *arena = arena_open((size_t)1 << 20), *other = arena_open((size_t)1 << 20);
	struct counting counting = {.dns.query = count};
	struct dns_session *session = dns_session_open(arena, &counting.dns, DNS_QUERIES_MAX);
	struct dns *dns = dns_session_dns(session);
	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(dns_query(dns, other, STR("A.example"), DNS_A)->status, DNS_NODATA);
		assert_int_equal(dns_query(dns, other, STR("a.example."), DNS_TXT)->status, DNS_NODATA);
		assert_int_equal(dns_query(dns, other, STR("b..example"), DNS_TXT)->status, DNS_NXDOMAIN);
	}
	arena_close(&other);
	assert_int_equal(counting.asked, 2);
	assert_int_equal(dns_session_queries(session), 2);
	assert_int_equal(dns_session_count(session), 2);
	assert_true(str_eq(dns_session_at(session, 0)->name, STR("a.example")));
	assert_int_equal(dns_session_at(session, 1)->type, DNS_TXT);
	arena_close(&arena);
}

static void test_session_has_a_budget(void **state)
{
	struct arena *arena = arena_open((size_t)1 << 20);
	struct counting counting = {.dns.query = count};
	struct dns_session *session = dns_session_open(arena, &counting.dns, 40);
	const struct dns_answer *answer = NULL;
	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		struct str name = str_from(arena_printf(arena, "n%u.example", i));
		answer = dns_query(dns_session_dns(session), arena, name, DNS_MX);
		assert_int_equal(answer->status, i < 40 ? DNS_NODATA : DNS_TIMEOUT);
	}
	assert_true(answer->note.len > 0);
	assert_int_equal(counting.asked, 40);
	assert_int_equal(dns_session_queries(session), 40);
	/* A verdict rests on what was not asked as well. */
	assert_int_equal(dns_session_count(session), 50);
	/* What is known is still told. */
	assert_int_equal(dns_query(dns_session_dns(session), arena, STR("n0.example"), DNS_MX)->status, DNS_NODATA);
	arena_close(&arena);
}

/* Thirty-two records of 4 KiB, no byte of which is printable. */
static void flood(struct dns *dns, struct arena *arena, struct str name, enum dns_type type,
	struct dns_answer *answer_r)
{
	static char rdata[4096 + 17];
	struct str rdatas[DNS_TXT_RECORDS_MAX];
	(void)dns, (void)name;
	for (size_t i = 0; i < sizeof(rdata); i++)
		rdata[i] = i == 4096 ? 16 : (char)255;
	for (size_t i = 0; i < DNS_TXT_RECORDS_MAX; i++)
		rdatas[i] = (struct str){rdata, sizeof(rdata)};
	dns_answer_fill(arena, type, rdatas, DNS_TXT_RECORDS_MAX, answer_r);
}

static void test_session_keeps_no_more_than_it_may(void **state)
{
	struct arena *arena = arena_open((size_t)64 << 20);
	struct dns behind = {.query = flood};
	struct dns_session *session = dns_session_open(arena, &behind, DNS_QUERIES_MAX);
	struct buf kept;
	size_t failed = 0;
	(void)state;
	buf_init(&kept, (size_t)64 << 20);
	for (unsigned i = 0; i < DNS_QUERIES_MAX; i++) {
		struct str name = str_from(arena_printf(arena, "n%u.example", i));
		const struct dns_answer *answer = dns_query(dns_session_dns(session), arena, name, DNS_TXT);
		assert_true(answer->status == DNS_OK || (answer->status == DNS_TIMEOUT && answer->count == 0));
		failed += answer->status == DNS_TIMEOUT;
		dns_replay_add(&kept, dns_session_at(session, i));
	}
	assert_in_range(failed, 1, DNS_QUERIES_MAX - 10);
	assert_true(kept.len <= DNS_KEPT_BYTES_MAX && kept.len > DNS_KEPT_BYTES_MAX / 2);
	buf_fini(&kept);
	arena_close(&arena);
}

static void test_names_of_the_wire(void **state)
{
	static const struct {
		struct str wire;
		size_t took;
		struct str text;
	} cases[] = {
		{STR("\0"), 1, STR("")}, {STR("\1A\2b-\0x"), 6, STR("a.b-")}, {STR("\1a"), 0, STR("")},
		{STR("\2a"), 0, STR("")}, {STR("\3a.b\0"), 0, STR("")}, {STR("\xc0\0"), 0, STR("")},
		{STR(""), 0, STR("")}, {STR("\1\0\0"), 3, STR("\0")},
	};
	char text[DNS_NAME_BYTES_MAX + 1], longest[300];
	size_t len;
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(dns_name_from_wire(cases[i].wire, text, &len), cases[i].took);
		if (cases[i].took > 0)
			assert_true(str_eq((struct str){text, len}, cases[i].text));
	}
	for (size_t i = 0; i < sizeof(longest); i++)
		longest[i] = i % 2 ? 'x' : '\1';
	longest[254] = '\0';
	assert_int_equal(dns_name_from_wire((struct str){longest, 300}, text, &len), 255);
	assert_int_equal(len, DNS_NAME_BYTES_MAX);
	longest[254] = '\1';
	longest[256] = '\0';
	assert_int_equal(dns_name_from_wire((struct str){longest, 300}, text, &len), 0);
}

/* RDATA, its type, and whether it is read. */
static void test_records_of_the_wire(void **state)
{
	static const struct {
		enum dns_type type;
		struct str rdata;
		bool good;
	} cases[] = {
		{DNS_A, STR("\1\2\3\4"), true}, {DNS_A, STR("\1\2\3"), false}, {DNS_A, STR("\1\2\3\4\5"), false},
		{DNS_AAAA, STR("0123456789abcdef"), true}, {DNS_AAAA, STR("0123456789abcde"), false},
		{DNS_MX, STR("\1\2\1a\0"), true}, {DNS_MX, STR("\0\0\0"), true}, {DNS_MX, STR("\0"), false},
		{DNS_MX, STR("\0\1\1a\0x"), false}, {DNS_PTR, STR("\1a\0"), true}, {DNS_PTR, STR(""), false},
		{DNS_PTR, STR("\3a.b\0"), false}, {DNS_NS, STR("\1a\0\0"), false}, {DNS_CNAME, STR("\0"), true},
		{DNS_TXT, STR("\0"), true}, {DNS_TXT, STR(""), false}, {DNS_TXT, STR("\2ab\1c"), true},
		{DNS_TXT, STR("\2a"), false}, {DNS_TLSA, STR("\3\1\1x"), true}, {(enum dns_type)65, STR(""), true},
	};
	struct arena *arena = arena_open((size_t)1 << 20);
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dns_answer answer = {0};
		struct buf again;
		dns_answer_fill(arena, cases[i].type, &cases[i].rdata, 1, &answer);
		assert_int_equal(answer.status, cases[i].good ? DNS_OK : DNS_SERVFAIL);
		assert_int_equal(answer.count, cases[i].good);
		assert_int_equal(answer.note.ptr != NULL, !cases[i].good);
		if (!cases[i].good)
			continue;
		buf_init(&again, DNS_RDATA_BYTES_MAX);
		dns_record_to_wire(&again, cases[i].type, &answer.records[0]);
		assert_true(str_eq(buf_str(&again), cases[i].rdata));
		buf_fini(&again);
	}
	arena_close(&arena);
}

static enum dns_status fill(struct arena *arena, enum dns_type type, struct str rdata, size_t count_of)
{
	struct str *rdatas = ARENA_ARRAY(arena, count_of, struct str);
	struct dns_answer answer = {0};
	for (size_t i = 0; i < count_of; i++)
		rdatas[i] = rdata;
	dns_answer_fill(arena, type, rdatas, count_of, &answer);
	assert_int_equal(answer.count, answer.status == DNS_OK ? count_of : 0);
	return answer.status;
}

static void test_limits(void **state)
{
	struct arena *arena = arena_open((size_t)1 << 24);
	char rdata[4096 + 17 + 1];
	(void)state;
	assert_int_equal(fill(arena, DNS_A, STR("\1\2\3\4"), 0), DNS_NODATA);
	assert_int_equal(fill(arena, DNS_A, STR("\1\2\3\4"), DNS_RECORDS_MAX), DNS_OK);
	assert_int_equal(fill(arena, DNS_A, STR("\1\2\3\4"), DNS_RECORDS_MAX + 1), DNS_SERVFAIL);
	assert_int_equal(fill(arena, DNS_TXT, STR("\1a"), DNS_RECORDS_MAX), DNS_OK);
	assert_int_equal(fill(arena, DNS_TXT, STR("\1a"), DNS_RECORDS_MAX + 1), DNS_SERVFAIL);
	memset(rdata, 'x', sizeof(rdata));
	for (size_t at = 0; at < sizeof(rdata); at += 256)
		rdata[at] = (char)255;
	rdata[4096] = 16; /* sixteen of 255 bytes, and 16 more: 4,096 */
	assert_int_equal(fill(arena, DNS_TXT, (struct str){rdata, 4096 + 17}, 1), DNS_OK);
	assert_int_equal(fill(arena, DNS_TXT, (struct str){rdata, 4096 + 17}, 32), DNS_OK);
	rdata[4096] = 17;
	assert_int_equal(fill(arena, DNS_TXT, (struct str){rdata, 4096 + 18}, 1), DNS_SERVFAIL);
	arena_close(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_types_and_words),
		cmocka_unit_test(test_question_is_made_plain),
		cmocka_unit_test(test_session_remembers),
		cmocka_unit_test(test_session_has_a_budget),
		cmocka_unit_test(test_session_keeps_no_more_than_it_may),
		cmocka_unit_test(test_names_of_the_wire),
		cmocka_unit_test(test_records_of_the_wire),
		cmocka_unit_test(test_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
