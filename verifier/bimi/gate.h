// SPDX-License-Identifier: Apache-2.0
/*
 * What must be true of a message before BIMI looks at it (the draft's
 * Authentication Requirements): one author, a DMARC pass that rests on whole
 * signatures, and a policy that is enforced.
 */
#pragma once

#include "verifier/address.h"
#include "verifier/bimi.h"

struct bimi_gate {
	enum auth_result result; /* AUTH_PASS; AUTH_SKIPPED or AUTH_TEMPERROR with a reason */
	const char *reason;      /* "from.several" "dmarc.result" "dmarc.partial_body" "policy.none"
	                          * "policy.subdomain_none" "policy.testing" "policy.pct" "policy.temperror" */
	struct str detail;
};

/* Reads verdict->dmarc and verdict->dkim. */
void bimi_gate(const struct verify *verify, const struct author *author, const struct dmarc_options *options,
	const struct verdict *verdict, struct bimi_gate *gate_r);

/* The policies alone, of a domain of which there is no message. */
void bimi_gate_domain(const struct verify *verify, const struct dmarc_options *options, struct str domain,
	struct bimi_gate *gate_r);

/* Is this signature a pass that is aligned with the Author Domain? */
bool bimi_signature_aligned(const struct verify *verify, const struct dmarc_options *options,
	const struct verdict *verdict, const struct verdict_dkim *signature);
