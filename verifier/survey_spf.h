// SPDX-License-Identifier: Apache-2.0
/* What a domain publishes for SPF, with advice: for a look at a domain without a message. */
#pragma once

#include "verifier/verify.h"

/* Walks the record and all that it includes, for a client that nothing matches: the worst case of RFC 7208
 * section 4.6.4. Adds to verdict->spf (result "pass": in order, "none", "permerror": some message will end so,
 * "temperror"; lookups and void_lookups of the worst case, beyond the limits too) and to verdict->advice (codes
 * dns.spf_…). Trace: a step "record" for each record at the depth of its include, a step "term" for each term.
 * domain: an A-label. */
void survey_spf(const struct verify *verify, struct str domain, struct verdict *verdict);
