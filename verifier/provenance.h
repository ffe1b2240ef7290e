// SPDX-License-Identifier: Apache-2.0
/*
 * Is a report what it says it is? What the mail that brought it proves (all of
 * its verdict) is held against what the report, the Subject (RFC 7489 section
 * 7.2.1.1, RFC 9990 section 3.5, RFC 8460 section 5.3), the file name and
 * TLS-Report-Submitter say of who made it.
 *
 * States: pending (the DNS could not say), verified (the mail passes DMARC, and
 * that organisation is the one of the report's address or of the submitter),
 * plausible (passes as another, and nothing contradicts), contradicted (passes,
 * and the report names somebody else), unverified (does not pass). Organisations
 * are compared by tree walk and by public suffix list; one of both suffices.
 */
#pragma once

#include "model/verify_request.h"
#include "verifier/dmarc.h"

/* After dmarc_check(); fills verdict->provenance, an item for each claim. What is asked of the DNS for claims is
 * bounded by PROVENANCE_LOOKUPS_MAX names, however many they are. */
void provenance_check(const struct verify *verify, const struct message *message, const struct verify_claims *claims,
	const struct dmarc_options *options, struct verdict *verdict);

#define PROVENANCE_LOOKUPS_MAX 8 /* organisations walked for, and as many destinations asked */
