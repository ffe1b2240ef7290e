// SPDX-License-Identifier: Apache-2.0
/* SPF against the text of a replay file, and what was asked on the way. */
#pragma once

#include "verifier/spf.h"

struct spf_zone {
	struct arena *arena;
	struct dns_session *session;
	struct verify verify;
};

/* zone: as dns/replay.h has it; fails the test when it cannot be read. */
void spf_zone_open(struct spf_zone *zone_r, struct str zone);
void spf_zone_close(struct spf_zone *zone);

/* Fails the test when ip is no address. */
struct verdict_spf spf_zone_check(struct spf_zone *zone, const char *ip, struct str helo, struct str mail_from);
