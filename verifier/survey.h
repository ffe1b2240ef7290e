// SPDX-License-Identifier: Apache-2.0
/*
 * What a domain publishes, without a message: DMARC (RFC 9989), where it takes
 * mail (RFC 5321 section 5, RFC 7505), MTA-STS (RFC 8461), TLS-RPT (RFC 8460).
 * Each adds steps to the trace and to verdict->advice what should be changed.
 */
#pragma once

#include "verifier/dmarc.h"

/* Fills verdict->dmarc but for alignment. result: "pass" for a record with a policy that applies, "none",
 * "permerror" for one without a valid policy, "temperror". After survey_dkim(), whose keys it looks at. domain:
 * an A-label, here and below. */
void survey_dmarc(const struct verify *verify, const struct dmarc_options *options, struct str domain,
	struct verdict *verdict);

/* MX with the addresses behind, MTA-STS and TLS-RPT. The policy file of MTA-STS is not fetched. */
void survey_mail(const struct verify *verify, struct str domain, struct verdict *verdict);

/* Does the domain say that it sends no mail ("v=spf1 -all", or a null MX without any SPF record)? If so, or if that was
 * declared, what is missing to say it to everybody takes the place of what is said to senders. After all other
 * surveys. MAYBE_UNKNOWN: it says nothing, or DNS failed. */
enum maybe survey_silent(const struct verify *verify, struct str domain, bool declared, struct verdict *verdict);
