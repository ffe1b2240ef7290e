// SPDX-License-Identifier: Apache-2.0
/* The keys a domain publishes for DKIM, with advice: for a look at a domain without a message. */
#pragma once

#include "verifier/verify.h"

/* Adds an entry to verdict->dkim for each record of each selector: result "pass" is a key that receivers use, reason
 * and detail say why another is none; algorithm is "rsa" or "ed25519"; key_bits, key_testing, key_record as of a
 * signature. Adds to verdict->advice. domain and selectors are A-labels. */
void survey_dkim(const struct verify *verify, struct str domain, const struct str *selectors, size_t count,
	struct verdict *verdict);
