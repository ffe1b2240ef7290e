// SPDX-License-Identifier: Apache-2.0
/*
 * libunbound against servers that are good, dead, slow or lying (dns_server.py).
 * Whoever must answer is waited for; whoever must not is given little time,
 * and the test's own timeout catches what hangs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "dns/replay.h"
#include "dns/session.h"
#include "dns/unbound.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENT_MSECS 60000
#define HASTY_MSECS 300

struct asking {
	struct dns_unbound *unbound;
	struct arena *arena;
};

static void open_limited(struct asking *asking, const char *variable, struct dns_unbound_options options)
{
	struct str server = str_from(getenv(variable));
	struct error error = {0};
	options.servers = &server;
	options.servers_count = 1;
	options.job_msecs = PATIENT_MSECS;
	if (!server.ptr)
		fail_msg("%s is not set: run by dns_server.py", variable);
	asking->arena = arena_open((size_t)16 << 20);
	if (dns_unbound_open(&options, &asking->unbound, &error) != ERR_OK)
		fail_msg("%s", error.text);
}

static void open_asking(struct asking *asking, const char *variable, int msecs, const char *anchor)
{
	open_limited(asking, variable,
		(struct dns_unbound_options){.query_msecs = msecs, .trust_anchor_file = anchor});
}

static void close_asking(struct asking *asking)
{
	dns_unbound_close(&asking->unbound);
	arena_close(&asking->arena);
}

static const struct dns_answer *ask(struct asking *asking, struct str name, enum dns_type type)
{
	return dns_query(dns_unbound_dns(asking->unbound), asking->arena, name, type);
}

static void test_good_answers(void **state)
{
	struct asking asking;
	char text[IP_TEXT_BYTES];
	(void)state;
	open_asking(&asking, "DNS_SERVER", PATIENT_MSECS, NULL);
	const struct dns_answer *answer = ask(&asking, STR("Good.Example."), DNS_TXT);
	assert_int_equal(answer->status, DNS_OK);
	assert_int_equal(answer->count, 1);
	assert_true(str_eq(answer->name, STR("good.example")) && answer->type == DNS_TXT);
	assert_true(str_eq(answer->records[0].text, STR("v=spf1 -all")));
	assert_true(str_eq(answer->records[0].strings, STR("\7v=spf1 \4-all")));
	assert_true(answer->alias.ptr == NULL && answer->note.ptr == NULL && !answer->secure);
	assert_true(answer->ttl_secs > 0 && answer->ttl_secs <= 300);
	answer = ask(&asking, STR("good.example"), DNS_A);
	assert_string_equal(ip_format(&answer->records[0].ip, text), "192.0.2.1");
	answer = ask(&asking, STR("good.example"), DNS_MX);
	assert_int_equal(answer->records[0].preference, 10);
	assert_true(str_eq(answer->records[0].text, STR("mail.example")));
	answer = ask(&asking, STR("nullmx.example"), DNS_MX);
	assert_int_equal(answer->count, 1);
	assert_true(answer->records[0].text.ptr && answer->records[0].text.len == 0);
	assert_int_equal(ask(&asking, STR("good.example"), DNS_AAAA)->status, DNS_NODATA);
	assert_int_equal(ask(&asking, STR("empty.example"), DNS_TXT)->status, DNS_NODATA);
	answer = ask(&asking, STR("nxdomain.example"), DNS_TXT);
	assert_true(answer->status == DNS_NXDOMAIN && answer->ttl_secs == 0);
	close_asking(&asking);
}

/* What libunbound would answer itself by default. */
static void test_every_name_goes_to_the_server(void **state)
{
	static const char *const names[] = {"good.test", "good.invalid", "good.localhost", "good.home.arpa",
		"good.2.0.192.in-addr.arpa", "good.10.in-addr.arpa", "good.0.0.127.in-addr.arpa",
		"good.8.b.d.0.1.0.0.2.ip6.arpa", "good.d.f.ip6.arpa"};
	struct asking asking;
	(void)state;
	open_asking(&asking, "DNS_SERVER", PATIENT_MSECS, NULL);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (ask(&asking, str_from(names[i]), DNS_A)->status != DNS_OK)
			fail_msg("%s: %s", names[i], dns_status_word(ask(&asking, str_from(names[i]), DNS_A)->status));
	close_asking(&asking);
}

static void test_odd_names(void **state)
{
	static const struct str labels[] = {STR("a b"), STR("\0"), STR("\\"), STR("\""), STR("\xff\x80"), STR("#;("),
		STR("_domainkey"), STR("*"), STR("007")};
	struct asking asking;
	(void)state;
	open_asking(&asking, "DNS_SERVER", PATIENT_MSECS, NULL);
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		struct buf name;
		buf_init(&name, 256);
		buf_add_str(&name, STR("echo."));
		buf_add_str(&name, labels[i]);
		buf_add_str(&name, STR(".example"));
		const struct dns_answer *answer = ask(&asking, buf_str(&name), DNS_TXT);
		assert_int_equal(answer->status, DNS_OK);
		assert_true(str_eq(answer->records[0].text, labels[i]));
		buf_fini(&name);
	}
	const struct dns_answer *answer = ask(&asking, STR("pointer.example"), DNS_PTR);
	assert_int_equal(answer->status, DNS_OK);
	assert_true(str_eq(answer->records[0].text, STR("od d\0\"\\.example")));
	close_asking(&asking);
}

static void test_aliases(void **state)
{
	struct asking asking;
	(void)state;
	open_asking(&asking, "DNS_SERVER", PATIENT_MSECS, NULL);
	const struct dns_answer *answer = ask(&asking, STR("alias.example"), DNS_A);
	assert_int_equal(answer->status, DNS_OK);
	assert_true(str_eq(answer->alias, STR("good-target.example")));
	answer = ask(&asking, STR("aliasgone.example"), DNS_A);
	assert_int_equal(answer->status, DNS_NXDOMAIN);
	assert_true(str_eq(answer->alias, STR("nxdomain-target.example")));
	answer = ask(&asking, STR("alias.example"), DNS_CNAME);
	assert_int_equal(answer->status, DNS_OK);
	assert_true(str_eq(answer->records[0].text, STR("good-target.example")) && !answer->alias.ptr);
	assert_int_equal(ask(&asking, STR("chain-8-0.example"), DNS_A)->status, DNS_OK);
	assert_int_equal(ask(&asking, STR("chain-9-0.example"), DNS_A)->status, DNS_SERVFAIL);
	assert_int_equal(ask(&asking, STR("wholechain-8.example"), DNS_A)->status, DNS_OK);
	assert_int_equal(ask(&asking, STR("wholechain-9.example"), DNS_A)->status, DNS_SERVFAIL);
	assert_int_equal(ask(&asking, STR("wholechain-20.example"), DNS_A)->status, DNS_SERVFAIL);
	assert_int_equal(ask(&asking, STR("chain-20-0.example"), DNS_A)->status, DNS_SERVFAIL);
	close_asking(&asking);
}

static void test_large_answers(void **state)
{
	static const struct {
		const char *name;
		enum dns_type type;
		enum dns_status status;
		size_t count;
	} cases[] = {
		{"bytcp.example", DNS_A, DNS_OK, 1},
		{"strings.example", DNS_TXT, DNS_OK, 1},
		{"text-16.example", DNS_TXT, DNS_OK, 1},
		{"text-17.example", DNS_TXT, DNS_SERVFAIL, 0},
		{"huge.example", DNS_TXT, DNS_SERVFAIL, 0},
		{"texts-32.example", DNS_TXT, DNS_OK, 32},
		{"texts-33.example", DNS_TXT, DNS_SERVFAIL, 0},
		{"addresses-512.example", DNS_A, DNS_OK, 512},
		{"addresses-513.example", DNS_A, DNS_SERVFAIL, 0},
		{"addresses-4000.example", DNS_A, DNS_SERVFAIL, 0},
	};
	struct asking asking;
	(void)state;
	open_asking(&asking, "DNS_SERVER", PATIENT_MSECS, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct dns_answer *answer = ask(&asking, str_from(cases[i].name), cases[i].type);
		if (answer->status != cases[i].status || answer->count != cases[i].count)
			fail_msg("%s: %s (%.*s)", cases[i].name, dns_status_word(answer->status),
				STR_FMT(answer->note));
		assert_int_equal(answer->note.len > 0, answer->status != DNS_OK);
	}
	close_asking(&asking);
}

/* Each alone: libunbound remembers who did not answer. */
static void test_faults(void **state)
{
	static const struct {
		const char *server, *name;
	} cases[] = {
		{"DNS_SERVER_DEAD", "good.example"}, {"DNS_SERVER", "silent.example"},
		{"DNS_SERVER", "slow.example"}, {"DNS_SERVER_UDP", "bytcp.example"},
		{"DNS_SERVER", "tcreset.example"}, {"DNS_SERVER", "tcclosed.example"},
		{"DNS_SERVER", "tctrickle.example"}, {"DNS_SERVER", "tcsilent.example"},
		{"DNS_SERVER", "servfail.example"}, {"DNS_SERVER", "refused.example"},
		{"DNS_SERVER", "formerr.example"}, {"DNS_SERVER", "notimp.example"},
		{"DNS_SERVER", "rcode.example"}, {"DNS_SERVER", "wrongid.example"},
		{"DNS_SERVER", "wrongquestion.example"}, {"DNS_SERVER", "question.example"},
		{"DNS_SERVER", "garbage.example"}, {"DNS_SERVER", "short.example"},
		{"DNS_SERVER", "nothing.example"}, {"DNS_SERVER", "cut.example"},
		{"DNS_SERVER", "shortaddress.example"}, {"DNS_SERVER", "compression.example"},
		{"DNS_SERVER", "loop.example"}, {"DNS_SERVER", "tick.example"},
		{"DNS_SERVER", "chain-20-0.example"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct asking asking;
		open_asking(&asking, cases[i].server, HASTY_MSECS, NULL);
		const struct dns_answer *answer = ask(&asking, str_from(cases[i].name), DNS_A);
		if (!dns_failed(answer) || answer->count > 0 || answer->note.len == 0)
			fail_msg("%s: %s", cases[i].name, dns_status_word(answer->status));
		close_asking(&asking);
	}
}

static void test_malformed_records(void **state)
{
	static const struct {
		const char *name;
		enum dns_type type;
	} cases[] = {{"badtext.example", DNS_TXT}, {"badmx.example", DNS_MX}, {"dotted.example", DNS_PTR},
		{"pointerloop.example", DNS_PTR}};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct asking asking;
		open_asking(&asking, "DNS_SERVER", HASTY_MSECS, NULL);
		const struct dns_answer *answer = ask(&asking, str_from(cases[i].name), cases[i].type);
		if (!dns_failed(answer))
			fail_msg("%s: %s", cases[i].name, dns_status_word(answer->status));
		close_asking(&asking);
	}
}

/* What nobody asked for is not believed, now or later. */
static void test_lies_are_not_kept(void **state)
{
	struct asking asking;
	char text[IP_TEXT_BYTES];
	(void)state;
	open_asking(&asking, "DNS_SERVER", PATIENT_MSECS, NULL);
	const struct dns_answer *answer = ask(&asking, STR("extra.example"), DNS_A);
	assert_int_equal(answer->status, DNS_OK);
	assert_int_equal(answer->count, 1);
	answer = ask(&asking, STR("good-victim.example"), DNS_A);
	assert_string_equal(ip_format(&answer->records[0].ip, text), "192.0.2.1");
	answer = ask(&asking, STR("wrongname.example"), DNS_A);
	assert_int_equal(answer->count, 0);
	close_asking(&asking);
}

static void test_dnssec(void **state)
{
	struct asking asking;
	(void)state;
	open_asking(&asking, "DNS_SERVER", PATIENT_MSECS, getenv("DNS_ANCHOR"));
	const struct dns_answer *answer = ask(&asking, STR("a.signed.example"), DNS_TXT);
	assert_int_equal(answer->status, DNS_OK);
	assert_true(answer->secure);
	answer = ask(&asking, STR("good.example"), DNS_TXT);
	assert_int_equal(answer->status, DNS_OK);
	assert_false(answer->secure);
	answer = ask(&asking, STR("forged.signed.example"), DNS_TXT);
	assert_int_equal(answer->status, DNS_BOGUS);
	assert_true(answer->note.len > 0 && answer->count == 0 && !answer->secure);
	assert_int_equal(ask(&asking, STR("stripped.signed.example"), DNS_TXT)->status, DNS_BOGUS);
	close_asking(&asking);
}

static void test_a_dead_server_beside_a_good_one(void **state)
{
	struct str servers[] = {str_from(getenv("DNS_SERVER_DEAD")), str_from(getenv("DNS_SERVER"))};
	struct dns_unbound_options options = {.servers = servers, .servers_count = 2, .query_msecs = PATIENT_MSECS,
		.job_msecs = PATIENT_MSECS};
	struct arena *arena = arena_open((size_t)1 << 20);
	struct dns_unbound *unbound = NULL;
	(void)state;
	assert_int_equal(dns_unbound_open(&options, &unbound, NULL), ERR_OK);
	for (int i = 0; i < 10; i++) {
		struct str name = str_from(arena_printf(arena, "good-%d.example", i));
		assert_int_equal(dns_query(dns_unbound_dns(unbound), arena, name, DNS_A)->status, DNS_OK);
	}
	dns_unbound_close(&unbound);
	arena_close(&arena);
}

/* Twenty questions nobody answers take no longer than the job may; the next job has its own time. */
static void test_the_time_of_a_job(void **state)
{
	struct str server = str_from(getenv("DNS_SERVER"));
	struct dns_unbound_options options = {.servers = &server, .servers_count = 1, .query_msecs = PATIENT_MSECS,
		.job_msecs = HASTY_MSECS};
	struct arena *arena = arena_open((size_t)1 << 20);
	struct dns_unbound *unbound = NULL;
	(void)state;
	assert_int_equal(dns_unbound_open(&options, &unbound, NULL), ERR_OK);
	for (int i = 0; i < 20; i++) {
		struct str name = str_from(arena_printf(arena, "silent-%d.example", i));
		assert_int_equal(dns_query(dns_unbound_dns(unbound), arena, name, DNS_A)->status, DNS_TIMEOUT);
	}
	enum dns_status status = DNS_TIMEOUT;
	for (int i = 0; i < 100 && status == DNS_TIMEOUT; i++) {
		dns_unbound_begin(unbound, clock_monotonic_msecs());
		status = dns_query(dns_unbound_dns(unbound), arena, STR("nxdomain.example"), DNS_A)->status;
	}
	assert_int_equal(status, DNS_NXDOMAIN);
	dns_unbound_close(&unbound);
	arena_close(&arena);
}

/* How often the server heard of names below zone. */
static uint64_t count_at_server(struct asking *asking, const char *zone)
{
	uint64_t count = 0;
	struct str name = str_from(arena_printf(asking->arena, "count.%s", zone));
	const struct dns_answer *answer = ask(asking, name, DNS_TXT);
	assert_int_equal(answer->status, DNS_OK);
	assert_true(str_to_u64(answer->records[0].text, UINT64_MAX, &count));
	return count;
}

/* P15: what reaches the server. */
static void test_a_storm_is_bounded(void **state)
{
	struct asking asking;
	(void)state;
	open_asking(&asking, "DNS_SERVER", PATIENT_MSECS, NULL);
	struct dns_session *session =
		dns_session_open(asking.arena, dns_unbound_dns(asking.unbound), DNS_QUERIES_MAX);
	for (unsigned i = 0; i < 200; i++) {
		struct str name = str_from(arena_printf(asking.arena, "storm-%u.p15.example", i));
		enum dns_status status = dns_query(dns_session_dns(session), asking.arena, name, DNS_A)->status;
		assert_int_equal(status, i < DNS_QUERIES_MAX ? DNS_NXDOMAIN : DNS_TIMEOUT);
	}
	assert_in_range(count_at_server(&asking, "p15.example"), 1, DNS_QUERIES_MAX);
	close_asking(&asking);
}

/* What is known is not asked again, and neither for ever nor for no time at all. */
static void test_the_cache(void **state)
{
	static const uint32_t ttls[] = {0, 1, 30, 86400, 86401, 0x7fffffff};
	struct asking asking;
	(void)state;
	open_asking(&asking, "DNS_SERVER", PATIENT_MSECS, NULL);
	for (size_t i = 0; i < sizeof(ttls) / sizeof(ttls[0]); i++)
		for (int again = 0; again < 2; again++) {
			const char *name = arena_printf(asking.arena, "ttl-%u.cache.example", ttls[i]);
			const struct dns_answer *answer = ask(&asking, str_from(name), DNS_A);
			assert_int_equal(answer->status, DNS_OK);
			uint32_t kept = ttls[i] < 30 ? 30 : ttls[i] > 86400 ? 86400 : ttls[i];
			assert_in_range(answer->ttl_secs, kept - 10, kept);
		}
	assert_int_equal(count_at_server(&asking, "cache.example"), sizeof(ttls) / sizeof(ttls[0]));
	close_asking(&asking);
}

/* Each at its value and one beyond it. */
static void test_other_limits(void **state)
{
	static const uint32_t ttls[][2] = {{1, 100}, {100, 100}, {130, 130}, {4000, 4000}, {4030, 4000}};
	static const struct {
		const char *name;
		enum dns_type type;
		enum dns_status status;
	} cases[] = {{"text-10.example", DNS_TXT, DNS_OK}, {"text-11.example", DNS_TXT, DNS_SERVFAIL},
		{"texts-4.example", DNS_TXT, DNS_OK}, {"texts-5.example", DNS_TXT, DNS_SERVFAIL},
		{"chain-2-0.example", DNS_A, DNS_OK}, {"chain-3-0.b.example", DNS_A, DNS_SERVFAIL},
		{"wholechain-2.c.example", DNS_A, DNS_OK}, {"wholechain-3.d.example", DNS_A, DNS_SERVFAIL}};
	struct asking asking;
	(void)state;
	open_limited(&asking, "DNS_SERVER", (struct dns_unbound_options){.query_msecs = PATIENT_MSECS,
		.txt_records_max = 4, .txt_bytes_max = 4090, .cnames_max = 2, .ttl_min_secs = 100,
		.ttl_max_secs = 4000});
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (ask(&asking, str_from(cases[i].name), cases[i].type)->status != cases[i].status)
			fail_msg("%s", cases[i].name);
	for (size_t i = 0; i < sizeof(ttls) / sizeof(ttls[0]); i++) {
		const char *name = arena_printf(asking.arena, "ttl-%u.limits.example", ttls[i][0]);
		const struct dns_answer *answer = ask(&asking, str_from(name), DNS_A);
		assert_int_equal(answer->status, DNS_OK);
		assert_in_range(answer->ttl_secs, ttls[i][1] - 10, ttls[i][1]);
	}
	close_asking(&asking);
	open_limited(&asking, "DNS_SERVER", (struct dns_unbound_options){.query_msecs = PATIENT_MSECS,
		.cnames_max = DNS_CNAMES_MAX});
	assert_int_equal(ask(&asking, STR("chain-16-0.example"), DNS_A)->status, DNS_OK);
	assert_int_equal(ask(&asking, STR("chain-17-0.example"), DNS_A)->status, DNS_SERVFAIL);
	assert_int_equal(ask(&asking, STR("wholechain-16.example"), DNS_A)->status, DNS_OK);
	assert_int_equal(ask(&asking, STR("wholechain-17.example"), DNS_A)->status, DNS_SERVFAIL);
	close_asking(&asking);
}

/* Without servers: nothing is asked here but what stays in the house. */
static void test_from_the_root(void **state)
{
	struct dns_unbound_options options = {.query_msecs = PATIENT_MSECS, .job_msecs = PATIENT_MSECS};
	struct arena *arena = arena_open((size_t)1 << 20);
	struct dns_unbound *unbound = NULL;
	char text[IP_TEXT_BYTES];
	(void)state;
	assert_int_equal(dns_unbound_open(&options, &unbound, NULL), ERR_OK);
	const struct dns_answer *answer = dns_query(dns_unbound_dns(unbound), arena, STR("localhost"), DNS_A);
	assert_int_equal(answer->status, DNS_OK);
	assert_string_equal(ip_format(&answer->records[0].ip, text), "127.0.0.1");
	assert_int_equal(dns_query(dns_unbound_dns(unbound), arena, STR("a.invalid"), DNS_A)->status, DNS_NXDOMAIN);
	dns_unbound_close(&unbound);
	arena_close(&arena);
}

/* A verdict's answers, written and read, are what came from the network. */
static void test_replay_of_the_network(void **state)
{
	static const char *const names[] = {"alias.example", "good-target.example", "aliasgone.example",
		"nxdomain.example", "servfail.example", "texts-33.example", "a.signed.example", "forged.signed.example",
		"pointer.example"};
	struct asking asking;
	struct buf text;
	struct dns *replay = NULL;
	(void)state;
	open_asking(&asking, "DNS_SERVER", PATIENT_MSECS, getenv("DNS_ANCHOR"));
	buf_init(&text, 1 << 20);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		dns_replay_add(&text, ask(&asking, str_from(names[i]), i == 8 ? DNS_PTR : DNS_TXT));
	assert_int_equal(dns_replay_open(asking.arena, STR("f"), buf_str(&text), &replay, NULL), ERR_OK);
	struct buf again;
	buf_init(&again, 1 << 20);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		dns_replay_add(&again, dns_query(replay, asking.arena, str_from(names[i]), i == 8 ? DNS_PTR : DNS_TXT));
	assert_string_equal(buf_cstr(&again), buf_cstr(&text));
	buf_fini(&again);
	buf_fini(&text);
	close_asking(&asking);
}

static void test_servers(void **state)
{
	static const struct {
		struct str text;
		bool good;
	} cases[] = {{STR("192.0.2.1"), true}, {STR("192.0.2.1@5353"), true}, {STR("2001:db8::1@53"), true},
		{STR("::1"), true}, {STR(""), false}, {STR("@53"), false}, {STR("192.0.2.1@"), false},
		{STR("192.0.2.1@0"), false}, {STR("192.0.2.1@65536"), false}, {STR("192.0.2.1:53"), false},
		{STR("localhost"), false}, {STR("192.0.2"), false}, {STR("192.0.2.1 "), false},
		{STR("1.2.3.4@5@6"), false}};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dns_unbound_options options = {.servers = &cases[i].text, .servers_count = 1, .query_msecs = 1,
			.job_msecs = 1};
		struct dns_unbound *unbound = NULL;
		struct error error = {0};
		assert_int_equal(dns_server_valid(cases[i].text), cases[i].good);
		assert_int_equal(dns_unbound_open(&options, &unbound, &error), cases[i].good ? ERR_OK : ERR_INVALID);
		dns_unbound_close(&unbound);
	}
	struct dns_unbound_options options = {.trust_anchor_file = "/nonexistent/root.key"};
	struct dns_unbound *unbound = NULL;
	struct error error = {0};
	assert_int_equal(dns_unbound_open(&options, &unbound, &error), ERR_INVALID);
	assert_non_null(strstr(error.text, "/nonexistent/root.key: No such file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_answers),
		cmocka_unit_test(test_every_name_goes_to_the_server),
		cmocka_unit_test(test_odd_names),
		cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_large_answers),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_malformed_records),
		cmocka_unit_test(test_lies_are_not_kept),
		cmocka_unit_test(test_dnssec),
		cmocka_unit_test(test_a_dead_server_beside_a_good_one),
		cmocka_unit_test(test_the_time_of_a_job),
		cmocka_unit_test(test_a_storm_is_bounded),
		cmocka_unit_test(test_the_cache),
		cmocka_unit_test(test_other_limits),
		cmocka_unit_test(test_from_the_root),
		cmocka_unit_test(test_replay_of_the_network),
		cmocka_unit_test(test_servers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
