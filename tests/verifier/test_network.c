// SPDX-License-Identifier: Apache-2.0
/*
 * SPF by a DNS that is slow, dead, lying or asked for too much (F40 to F45),
 * over libunbound and tests/dns/dns_server.py: a result within the budget,
 * never more questions than one mail may ask, and the same result again from
 * the answers that were kept.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "dns/replay.h"
#include "dns/session.h"
#include "dns/unbound.h"
#include "verifier/spf.h"

#include <stdlib.h>
#include <string.h>

#define PATIENT_MSECS 60000
#define HASTY_MSECS 300
#define ARENA_BYTES ((size_t)64 << 20)

static struct verdict_spf check(struct arena *arena, struct dns *dns, struct str sender)
{
	struct verify verify = {.arena = arena, .dns = dns, .now_epoch_secs = 1790000000,
		.limits = verify_limits_default()};
	struct spf_request request = {.helo = STR("helo.example"), .mail_from = sender};
	struct verdict_spf verdict;
	assert_true(ip_parse(STR("198.51.100.1"), &request.ip));
	spf_check(&verify, &request, &verdict);
	return verdict;
}

static void assert_replayed(struct arena *arena, const struct dns_session *session, struct str sender,
	const struct verdict_spf *wanted)
{
	struct buf text;
	struct dns *replay;
	buf_init(&text, ARENA_BYTES);
	dns_replay_add_session(&text, session);
	assert_int_equal(dns_replay_open(arena, STR("kept"), buf_str(&text), &replay, NULL), ERR_OK);
	struct dns_session *again = dns_session_open(arena, replay, DNS_QUERIES_MAX);
	struct verdict_spf verdict = check(arena, dns_session_dns(again), sender);
	assert_int_equal(verdict.result, wanted->result);
	assert_true(str_eq(verdict.problem, wanted->problem));
	assert_int_equal(verdict.lookups, wanted->lookups);
	assert_int_equal(verdict.void_lookups, wanted->void_lookups);
	assert_int_equal(dns_session_count(again), dns_session_count(session));
	buf_fini(&text);
}

/* Packets that the server saw of this zone. */
static uint64_t count_at_server(struct arena *arena, struct dns *dns, const char *zone)
{
	uint64_t count = 0;
	struct str name = str_from(arena_printf(arena, "count.%s", zone));
	const struct dns_answer *answer = dns_query(dns, arena, name, DNS_TXT);
	assert_int_equal(answer->status, DNS_OK);
	assert_true(str_to_u64(answer->records[0].text, UINT64_MAX, &count));
	return count;
}

struct fault {
	const char *sender, *variable;
	int query_msecs;
	unsigned result;
	bool counts; /* the server answers, so that none is asked twice */
};

static void try_fault(const struct fault *fault)
{
	struct str server = str_from(getenv(fault->variable));
	struct dns_unbound_options options = {.servers = &server, .servers_count = 1,
		.query_msecs = fault->query_msecs, .job_msecs = PATIENT_MSECS,
		.trust_anchor_file = getenv("DNS_ANCHOR")};
	struct arena *arena = arena_open(ARENA_BYTES);
	struct dns_unbound *unbound;
	struct error error = {0};
	struct str sender = str_from(fault->sender);
	if (!server.ptr)
		fail_msg("%s is not set: run by dns_server.py", fault->variable);
	if (dns_unbound_open(&options, &unbound, &error) != ERR_OK)
		fail_msg("%s", error.text);
	struct dns *dns = dns_unbound_dns(unbound);
	struct dns_session *session = dns_session_open(arena, dns, DNS_QUERIES_MAX);
	struct verdict_spf verdict = check(arena, dns_session_dns(session), sender);
	if (verdict.result != fault->result)
		fail_msg("%s: result %u: %.*s", fault->sender, (unsigned)verdict.result, STR_FMT(verdict.problem));
	assert_true(verdict.lookups <= 11 && verdict.void_lookups <= 3);
	assert_true(dns_session_queries(session) <= DNS_QUERIES_MAX);
	assert_replayed(arena, session, sender, &verdict);
	if (fault->counts)
		assert_in_range(count_at_server(arena, dns, strchr(fault->sender, '.') + 1), 1, DNS_QUERIES_MAX);
	dns_unbound_close(&unbound);
	arena_close(&arena);
}

static void test_faults(void **state)
{
	static const struct fault faults[] = {
		{"a@good.f0.example", "DNS_SERVER", PATIENT_MSECS, AUTH_FAIL, true},
		{"a@good.f1.example", "DNS_SERVER_DEAD", HASTY_MSECS, AUTH_TEMPERROR, false},
		{"a@silent.f2.example", "DNS_SERVER", HASTY_MSECS, AUTH_TEMPERROR, false},
		{"a@slow.f3.example", "DNS_SERVER", HASTY_MSECS, AUTH_TEMPERROR, false},
		{"a@tctrickle.f4.example", "DNS_SERVER", HASTY_MSECS, AUTH_TEMPERROR, false},
		{"a@servfail.f5.example", "DNS_SERVER", HASTY_MSECS, AUTH_TEMPERROR, false},
		{"a@wrongid.f6.example", "DNS_SERVER", HASTY_MSECS, AUTH_TEMPERROR, false},
		{"a@huge.f7.example", "DNS_SERVER", PATIENT_MSECS, AUTH_TEMPERROR, true},
		{"a@texts-33.f8.example", "DNS_SERVER", PATIENT_MSECS, AUTH_TEMPERROR, true},
		{"a@loop.f9.example", "DNS_SERVER", HASTY_MSECS, AUTH_TEMPERROR, false},
		{"a@wholechain-20.f10.example", "DNS_SERVER", PATIENT_MSECS, AUTH_TEMPERROR, true},
		{"a@nxdomain.f11.example", "DNS_SERVER", PATIENT_MSECS, AUTH_NONE, true},
		{"a@forged.signed.example", "DNS_SERVER", PATIENT_MSECS, AUTH_TEMPERROR, false},
		{"a@spfbogus.f12.example", "DNS_SERVER", PATIENT_MSECS, AUTH_TEMPERROR, false},
		{"a@spfsilent.f13.example", "DNS_SERVER", HASTY_MSECS, AUTH_TEMPERROR, false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		try_fault(&faults[i]);
}

static void test_bombs(void **state)
{
	static const struct fault faults[] = {
		{"a@spfloop.b0.example", "DNS_SERVER", PATIENT_MSECS, AUTH_PERMERROR, true},
		{"a@spfredirect.b1.example", "DNS_SERVER", PATIENT_MSECS, AUTH_PERMERROR, true},
		{"a@spfinclude.b2.example", "DNS_SERVER", PATIENT_MSECS, AUTH_PERMERROR, true},
		{"a@spfeleven.b3.example", "DNS_SERVER", PATIENT_MSECS, AUTH_PERMERROR, true},
		{"a@spfvoid.b4.example", "DNS_SERVER", PATIENT_MSECS, AUTH_PERMERROR, true},
		/* A hundred addresses are within RFC 7208, and beyond what one mail may ask. */
		{"a@spfmx.b5.example", "DNS_SERVER", PATIENT_MSECS, AUTH_TEMPERROR, true},
		{"a@spfmacro.b6.example", "DNS_SERVER", PATIENT_MSECS, AUTH_PERMERROR, true},
	};
	static char sender[8192 + 64];
	struct fault macro = faults[6];
	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		try_fault(&faults[i]);
	memset(sender, 'x', 8192);
	for (size_t i = 50; i < 8192; i += 50)
		sender[i] = '-';
	(void)memcpy(sender + 8192, "@spfmacro.b7.example", sizeof("@spfmacro.b7.example"));
	macro.sender = sender;
	try_fault(&macro);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_bombs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
