// SPDX-License-Identifier: Apache-2.0
/* What a domain publishes for BIMI, with advice: for a look at a domain without a message. */
#pragma once

#include "verifier/dmarc.h"

/* Fills verdict->bimi (result "pass": the record is in order, "none", "declined", "fail", "temperror") and adds to
 * verdict->advice. After survey_dmarc(), whose steps are not told again. domain: an A-label; selector absent:
 * "default". */
void survey_bimi(const struct verify *verify, const struct dmarc_options *options, struct str domain,
	struct str selector, struct verdict *verdict);
