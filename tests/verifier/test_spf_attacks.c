// SPDX-License-Identifier: Apache-2.0
/* Records, names and senders made to cost much: what they cost is counted, and bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/verifier/spf_zone.h"

#include "base/buf.h"
#include "dns/session.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define RECORD_BYTES DNS_TXT_BYTES_MAX
#define MEMORY_BYTES ((size_t)8 << 20)

/* Quoted strings of at most 200 bytes. */
static void add_txt(struct buf *zone, const char *owner, struct str text)
{
	buf_printf(zone, "%s TXT", owner);
	for (; text.len > 0; text = str_from_offset(text, 200))
		buf_printf(zone, " \"%.*s\"", STR_FMT(str_sub(text, 0, 200)));
	buf_add_char(zone, '\n');
}

/* head, then pattern as often as RECORD_BYTES allow, then tail. */
static struct str repeated(struct buf *buf, const char *head, const char *pattern, const char *tail)
{
	buf_init(buf, RECORD_BYTES);
	buf_add_str(buf, str_from(head));
	while (buf->len + strlen(pattern) + strlen(tail) <= RECORD_BYTES)
		buf_add_str(buf, str_from(pattern));
	buf_add_str(buf, str_from(tail));
	return buf_str(buf);
}

struct bounds {
	enum auth_result result;
	unsigned lookups, queries;
};

static void check_zone(const char *what, struct str text, struct str mail_from, struct bounds bounds)
{
	for (int traced = 0; traced < 2; traced++) {
		struct spf_zone zone;
		spf_zone_open(&zone, text);
		size_t before = arena_used_bytes(zone.arena);
		if (traced)
			zone.verify.trace = trace_open(zone.arena);
		struct verdict_spf verdict = spf_zone_check(&zone, "192.0.2.3", STR("mx.example.org"), mail_from);
		unsigned queries = dns_session_queries(zone.session);
		if (verdict.result != bounds.result || verdict.lookups != bounds.lookups || queries != bounds.queries)
			fail_msg("%s: %s, %u look-ups, %u questions: %.*s", what, auth_result_text(verdict.result),
				(unsigned)verdict.lookups, queries, STR_FMT(verdict.problem));
		assert_true(verdict.void_lookups <= 2);
		assert_true(arena_used_bytes(zone.arena) - before < MEMORY_BYTES);
		spf_zone_close(&zone);
	}
}

static void test_loops(void **state)
{
	struct str sender = STR("x@a.example.com");
	(void)state;
	check_zone("loop", STR("a.example.com TXT \"v=spf1 include:a.example.com\"\n"), sender,
		(struct bounds){AUTH_PERMERROR, 10, 1});
	check_zone("loop", STR("a.example.com TXT \"v=spf1 redirect=a.example.com\"\n"), sender,
		(struct bounds){AUTH_PERMERROR, 10, 1});
	check_zone("loop", STR("a.example.com TXT \"v=spf1 include:b.example.com\"\n"
		"b.example.com TXT \"v=spf1 redirect=a.example.com\"\n"), sender,
		(struct bounds){AUTH_PERMERROR, 10, 2});
	/* always another name, by macros and a wildcard that is spelled out */
	struct buf zone;
	buf_init(&zone, 100000);
	buf_printf(&zone, "a.example.com TXT \"v=spf1 include:a.%%{d}\"\n");
	for (int i = 1; i < 20; i++) {
		for (int n = 0; n < i; n++)
			buf_add_str(&zone, STR("a."));
		buf_printf(&zone, "a.example.com TXT \"v=spf1 include:a.%%{d} include:b.%%{d}\"\n");
	}
	check_zone("tree", buf_str(&zone), sender, (struct bounds){AUTH_PERMERROR, 10, 11});
	buf_fini(&zone);
}

/* However high the limit is set, and whoever answers. */
static void test_loop_without_limit(void **state)
{
	struct spf_zone zone;
	(void)state;
	spf_zone_open(&zone, STR("a.example.com TXT \"v=spf1 include:a.example.com\"\n"));
	zone.verify.limits.spf_lookups = UINT_MAX;
	struct verdict_spf verdict = spf_zone_check(&zone, "192.0.2.3", STR("h"), STR("x@a.example.com"));
	assert_int_equal(verdict.result, AUTH_PERMERROR);
	assert_int_equal(verdict.lookups, 100);
	spf_zone_close(&zone);
}

static void test_macro_bombs(void **state)
{
	static const struct {
		const char *head, *pattern, *tail;
		struct bounds bounds;
	} cases[] = {
		{"v=spf1 exists:", "%{l}", ".example.com", {AUTH_NEUTRAL, 1, 2}},
		{"v=spf1 exists:", "%{S}", ".example.com", {AUTH_NEUTRAL, 1, 2}},
		{"v=spf1 exists:", "%{lr.-}", ".example.com", {AUTH_NEUTRAL, 1, 2}},
		{"v=spf1 exists:", "%{l999r+,/_=.-}", ".example.com", {AUTH_NEUTRAL, 1, 2}},
		{"v=spf1 include:", "%{L1}.", "example.com", {AUTH_PERMERROR, 1, 2}},
		/* one PTR, not a thousand; the names' addresses, once */
		{"v=spf1 exists:", "%{p}", ".example.com", {AUTH_NEUTRAL, 1, 5}},
		{"v=spf1 -all x=", "%{l}", "", {AUTH_FAIL, 0, 1}},
		{"v=spf1 -all exp=", "%{l}", ".example.com", {AUTH_FAIL, 0, 2}},
		{"v=spf1", " a", "", {AUTH_PERMERROR, 10, 2}},
		{"v=spf1", " ip4:1.1.1.1", "", {AUTH_NEUTRAL, 0, 1}},
		{"v=spf1", " ", "", {AUTH_NEUTRAL, 0, 1}},
		{"v=spf1 a:", "x.", "com", {AUTH_NEUTRAL, 1, 2}},
		{"v=spf1 a:", "x", ".com", {AUTH_NEUTRAL, 1, 2}}, /* "com" is what is left (section 7.3) */
		{"v=spf1 a/", "0", "", {AUTH_PERMERROR, 0, 1}},
		{"v=spf1 a:%{d", "0", "1}", {AUTH_NEUTRAL, 1, 2}},
		{"v=spf1 ", "%", "", {AUTH_PERMERROR, 0, 1}},
	};
	char *sender = calloc(1, 8300);
	(void)state;
	assert_non_null(sender);
	for (size_t i = 0; i < 8192; i++)
		sender[i] = "abcdefgh.ijk-"[i % 13];
	memcpy(sender + 8192, "@a.example.com", 14);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf record, zone;
		buf_init(&zone, 100000);
		add_txt(&zone, "a.example.com", repeated(&record, cases[i].head, cases[i].pattern, cases[i].tail));
		buf_add_str(&zone, STR("a.example.com A 192.0.2.99\n"
			"3.2.0.192.in-addr.arpa PTR h1.example.org\n3.2.0.192.in-addr.arpa PTR h2.example.org\n"
			"h1.example.org A 192.0.2.1\nh2.example.org A 192.0.2.3\n"));
		check_zone(cases[i].pattern, buf_str(&zone), str_from(sender), cases[i].bounds);
		buf_fini(&record);
		buf_fini(&zone);
	}
	free(sender);
}

static void test_explanation_bomb(void **state)
{
	static const char *patterns[] = {"%{l}", "%{Lr-}", "%{p}", "% "};
	char sender[600] = {0};
	(void)state;
	memset(sender, '-', 500);
	memcpy(sender + 500, "@a.example.com", 14);
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		struct buf text, zone;
		struct spf_zone opened;
		buf_init(&zone, 100000);
		buf_add_str(&zone, STR("a.example.com TXT \"v=spf1 -all exp=e.example.com\"\n"));
		add_txt(&zone, "e.example.com", repeated(&text, "", patterns[i], ""));
		spf_zone_open(&opened, buf_str(&zone));
		struct verdict_spf verdict = spf_zone_check(&opened, "192.0.2.3", STR("h"), str_from(sender));
		assert_int_equal(verdict.result, AUTH_FAIL);
		assert_null(verdict.explanation.ptr);
		assert_true(dns_session_queries(opened.session) <= 3);
		spf_zone_close(&opened);
		buf_fini(&text);
		buf_fini(&zone);
	}
}

/* 4,096 bytes are an explanation, one more is none. */
static void test_long_explanations(void **state)
{
	(void)state;
	for (size_t literal = 4087; literal <= 4088; literal++) {
		struct buf text, zone;
		struct spf_zone opened;
		buf_init(&text, RECORD_BYTES);
		buf_init(&zone, 100000);
		for (size_t i = 0; i < literal; i++)
			buf_add_char(&text, 'x');
		buf_add_str(&text, STR("%{i}"));
		buf_add_str(&zone, STR("a.example.com TXT \"v=spf1 -all exp=e.example.com\"\n"));
		add_txt(&zone, "e.example.com", buf_str(&text));
		spf_zone_open(&opened, buf_str(&zone));
		struct verdict_spf verdict = spf_zone_check(&opened, "192.0.2.3", STR("h"), STR("x@a.example.com"));
		assert_int_equal(verdict.explanation.len, literal == 4087 ? 4096 : 0);
		assert_true(literal == 4088 || str_ends(verdict.explanation, STR("x192.0.2.3")));
		spf_zone_close(&opened);
		buf_fini(&text);
		buf_fini(&zone);
	}
}

/* A sender of 16 KiB is one, a longer one is none; a HELO name of 1 KiB is one, a longer one is unknown. */
static void test_long_senders(void **state)
{
	static const struct {
		size_t sender, helo;
		enum auth_result result;
		const char *asked;
	} cases[] = {
		{16384, 1, AUTH_NEUTRAL, "h.x.com"},
		{16385, 1, AUTH_NONE, NULL},
		{100, 1024, AUTH_NEUTRAL, "x.com"},
		{100, 1025, AUTH_NEUTRAL, "unknown.x.com"},
	};
	char *bytes = malloc(20000);
	(void)state;
	assert_non_null(bytes);
	memset(bytes, 'h', 20000);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct spf_zone zone;
		char *end = bytes + cases[i].sender;
		spf_zone_open(&zone, STR("a.example.com TXT \"v=spf1 exists:%{h}.x.com\"\n"));
		memcpy(end - 14, "@a.example.com", 14);
		struct verdict_spf verdict = spf_zone_check(&zone, "192.0.2.3", (struct str){bytes, cases[i].helo},
			(struct str){bytes, cases[i].sender});
		memset(end - 14, 'h', 14);
		assert_int_equal(verdict.result, cases[i].result);
		size_t count = dns_session_count(zone.session);
		assert_int_equal(count, cases[i].asked ? 2 : 0);
		assert_true(!cases[i].asked ||
			str_eq(dns_session_at(zone.session, 1)->name, str_from(cases[i].asked)));
		spf_zone_close(&zone);
	}
	free(bytes);
}

/* Ten MX of ten names each: the budget of questions ends it. */
static void test_mx_times_a(void **state)
{
	struct buf zone;
	(void)state;
	buf_init(&zone, 100000);
	buf_add_str(&zone, STR("a.example.com TXT \"v=spf1"));
	for (int i = 0; i < 10; i++)
		buf_printf(&zone, " mx:m%d.x.com", i);
	buf_add_str(&zone, STR(" -all\"\n"));
	for (int i = 0; i < 100; i++)
		buf_printf(&zone, "m%d.x.com MX %d h%d.x.com\nh%d.x.com A 198.51.100.1\n", i / 10, i, i, i);
	check_zone("mx", buf_str(&zone), STR("x@a.example.com"), (struct bounds){AUTH_TEMPERROR, 6, DNS_QUERIES_MAX});
	buf_fini(&zone);
}

/* A back end that bounds nothing. */
struct flood {
	struct dns dns;
	const char *record;
	size_t count, queries;
};

static void flood_query(struct dns *dns, struct arena *arena, struct str name, enum dns_type type,
	struct dns_answer *answer_r)
{
	struct flood *flood = (struct flood *)dns;
	bool first = flood->queries++ == 0;
	(void)name;
	answer_r->status = DNS_OK;
	answer_r->count = type == DNS_TXT && !first ? 1 : flood->count;
	answer_r->records = ARENA_ARRAY(arena, answer_r->count, struct dns_record);
	for (size_t i = 0; i < answer_r->count; i++) {
		struct dns_record *record = &answer_r->records[i];
		record->text = type == DNS_TXT ? STR("other") :
			str_from(arena_printf(arena, "n%zu.example.com", i));
		record->ip = (struct ip){.family = type == DNS_A ? 4 : 6};
	}
	if (type == DNS_TXT && first)
		answer_r->records[answer_r->count - 1].text = str_from(flood->record);
}

static void test_floods(void **state)
{
	static const struct {
		const char *record;
		enum auth_result result;
		size_t queries;
	} cases[] = {
		{"v=spf1 +all", AUTH_PASS, 1},
		{"v=spf1 a:x.com a:y.com ?all", AUTH_NEUTRAL, 3},
		{"v=spf1 mx:x.com -all", AUTH_PERMERROR, 2},
		{"v=spf1 ptr:example.com ?all", AUTH_NEUTRAL, 12}, /* PTR, and ten of its names */
		{"v=spf1 exists:%{p}.x.com -all", AUTH_PASS, 13},
		{"v=spf1 -all exp=e.x.com", AUTH_FAIL, 2},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena *arena = arena_open((size_t)64 << 20);
		struct flood flood = {{flood_query}, cases[i].record, 4000, 0};
		struct verify verify = {.arena = arena, .dns = &flood.dns, .limits = verify_limits_default()};
		struct spf_request request = {.ip = {4, {192, 0, 2, 3}}, .mail_from = STR("x@a.example.com")};
		struct verdict_spf verdict;
		verify.trace = trace_open(arena);
		spf_check(&verify, &request, &verdict);
		if (verdict.result != cases[i].result || flood.queries != cases[i].queries)
			fail_msg("%s: %s, %zu questions", cases[i].record, auth_result_text(verdict.result),
				flood.queries);
		arena_close(&arena);
	}
}

static void test_huge_names(void **state)
{
	struct str huge = {NULL, (size_t)10 << 20};
	char *bytes = malloc(huge.len);
	(void)state;
	assert_non_null(bytes);
	memset(bytes, '.', huge.len);
	huge.ptr = bytes;
	for (int i = 0; i < 3; i++) {
		struct spf_zone zone;
		bytes[huge.len - 2] = i == 1 ? '@' : '.';
		spf_zone_open(&zone, STR("a.example.com TXT \"v=spf1 a:%{h}.%{hr}.x.com ?all\"\n"));
		size_t before = arena_used_bytes(zone.arena);
		struct verdict_spf verdict = spf_zone_check(&zone, "192.0.2.3", i == 2 ? huge : STR("h"),
			i == 2 ? STR("x@a.example.com") : huge);
		assert_int_equal(verdict.result, i == 2 ? AUTH_NEUTRAL : AUTH_NONE);
		assert_true(arena_used_bytes(zone.arena) - before < MEMORY_BYTES);
		spf_zone_close(&zone);
	}
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loops),
		cmocka_unit_test(test_loop_without_limit),
		cmocka_unit_test(test_macro_bombs),
		cmocka_unit_test(test_explanation_bomb),
		cmocka_unit_test(test_long_explanations),
		cmocka_unit_test(test_long_senders),
		cmocka_unit_test(test_mx_times_a),
		cmocka_unit_test(test_floods),
		cmocka_unit_test(test_huge_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
