// SPDX-License-Identifier: Apache-2.0
/*
 * Inside libdmarcverify: what its files share. The contract with the world is
 * verifier/dmarcverify.h.
 */
#pragma once

#include "dns/session.h"
#include "verifier/dmarcverify.h"
#include "verifier/verify.h"

/* No ceiling of its own: a verdict takes what its message, whose size the caller knows, makes it take. */
#define LIBRARY_ARENA_BYTES (SIZE_MAX / 4)

struct dmarcverify_result {
	struct arena *arena;
	struct verdict verdict;
	struct dns_session *session;
	const char *json, *trace, *answers; /* made when first asked for */
};

/* The DNS of a caller as the verifier knows it; lives in arena. */
struct dns *library_dns(struct arena *arena, const struct dmarcverify_dns *user);
