// SPDX-License-Identifier: Apache-2.0
/*
 * ARC, RFC 8617 section 5.2: validation of the chain. Experimental, and asked
 * to become Historic in 2026: shown, and no policy rests on it here.
 */
#pragma once

#include "verifier/dkim.h"

/* Fills verdict->arc and verdict->arc_sets. trusted: domains of sealers whose passing chain the operator
 * would let override DMARC; the fact is shown, DMARC's result never changes. */
void arc_check(const struct verify *verify, const struct message *message, struct dkim_keys *keys,
	const struct str *trusted, size_t trusted_count, struct verdict *verdict);
