// SPDX-License-Identifier: Apache-2.0
/* SPF beside libspf2: a pass by the fourth of five includes, the answers in memory. */
#include "tests/bench/bench.h"

#include "verifier/spf.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <string.h>

#include <spf2/spf.h>
#include <spf2/spf_dns_zone.h>

static const struct {
	const char *name, *record;
} zone[] = {
	{"example.com", "v=spf1 include:_spf1.example.net include:_spf2.example.net include:_spf3.example.net "
		"include:_spf4.example.net include:_spf5.example.net ~all"},
	{"_spf1.example.net", "v=spf1 ip4:198.51.100.0/25 ip4:203.0.113.0/26 ip6:2001:db8:1::/48 ~all"},
	{"_spf2.example.net", "v=spf1 ip4:198.51.100.128/25 ip4:203.0.113.64/26 ip6:2001:db8:2::/48 ~all"},
	{"_spf3.example.net", "v=spf1 ip4:10.1.0.0/16 ip4:203.0.113.128/26 ip6:2001:db8:3::/48 ~all"},
	{"_spf4.example.net", "v=spf1 ip4:10.2.0.0/16 ip4:192.0.2.0/24 ip6:2001:db8:4::/48 ~all"},
	{"_spf5.example.net", "v=spf1 ip4:10.3.0.0/16 ip4:203.0.113.192/26 ip6:2001:db8:5::/48 ~all"},
};

#define NAMES (sizeof(zone) / sizeof(zone[0]))

struct memory_dns {
	struct dns dns;
	struct dns_record records[NAMES];
};

struct ours {
	struct verify verify;
	struct spf_request request;
};

static void query(struct dns *dns, struct arena *arena, struct str name, enum dns_type type,
	struct dns_answer *answer_r)
{
	struct memory_dns *memory = (struct memory_dns *)dns;
	(void)arena;
	answer_r->status = DNS_NXDOMAIN;
	for (size_t i = 0; type == DNS_TXT && i < NAMES; i++)
		if (str_eq(name, str_from(zone[i].name))) {
			answer_r->status = DNS_OK;
			answer_r->records = &memory->records[i];
			answer_r->count = 1;
		}
}

static void check_ours(void *context)
{
	struct ours *ours = context;
	struct verdict_spf verdict;
	arena_reset(ours->verify.arena);
	spf_check(&ours->verify, &ours->request, &verdict);
	if (verdict.result != AUTH_PASS || verdict.lookups != 4)
		die("ours is no pass");
}

static void check_theirs(void *context)
{
	SPF_request_t *request = SPF_request_new(context);
	SPF_response_t *response = NULL;
	SPF_request_set_ipv4_str(request, "192.0.2.3");
	SPF_request_set_helo_dom(request, "mx.example.com");
	SPF_request_set_env_from(request, "someone@example.com");
	SPF_request_query_mailfrom(request, &response);
	if (SPF_response_result(response) != SPF_RESULT_PASS)
		die("theirs is no pass");
	SPF_response_free(response);
	SPF_request_free(request);
}

void bench_spf(void)
{
	static struct memory_dns memory = {.dns = {query}};
	struct ours ours = {
		.verify = {.arena = arena_open((size_t)16 << 20), .dns = &memory.dns,
			.limits = verify_limits_default()},
		.request = {.ip = {4, {192, 0, 2, 3}}, .helo = STR("mx.example.com"),
			.mail_from = STR("someone@example.com")},
	};
	SPF_dns_server_t *dns = SPF_dns_zone_new(NULL, "zone", 0);
	for (size_t i = 0; i < NAMES; i++) {
		memory.records[i].text = str_from(zone[i].record);
		SPF_dns_zone_add_str(dns, zone[i].name, ns_t_txt, NETDB_SUCCESS, zone[i].record);
	}
	SPF_server_t *server = SPF_server_new_dns(dns, 0);
	bench_compare("SPF, pass by the fourth of five includes: libspf2", check_ours, &ours, check_theirs, server,
		1.0);
	SPF_server_free(server);
	arena_close(&ours.verify.arena);
}
