// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/verifier/spf_zone.h"

#include "dns/replay.h"
#include "dns/session.h"

void spf_zone_open(struct spf_zone *zone_r, struct str zone)
{
	struct dns *replay;
	struct error error = {0};
	struct arena *arena = arena_open((size_t)64 << 20);
	if (dns_replay_open(arena, STR("zone"), zone, &replay, &error) != ERR_OK)
		fail_msg("%s", error.text);
	*zone_r = (struct spf_zone){
		.arena = arena,
		.session = dns_session_open(arena, replay, DNS_QUERIES_MAX),
	};
	zone_r->verify = (struct verify){
		.arena = arena,
		.dns = dns_session_dns(zone_r->session),
		.now_epoch_secs = 1790000000,
		.limits = verify_limits_default(),
	};
}

void spf_zone_close(struct spf_zone *zone)
{
	arena_close(&zone->arena);
}

struct verdict_spf spf_zone_check(struct spf_zone *zone, const char *ip, struct str helo, struct str mail_from)
{
	struct spf_request request = {.helo = helo, .mail_from = mail_from};
	struct verdict_spf verdict;
	if (!ip_parse(str_from(ip), &request.ip))
		fail_msg("%s is no address", ip);
	spf_check(&zone->verify, &request, &verdict);
	return verdict;
}
