// SPDX-License-Identifier: Apache-2.0
/* Relaxed alignment of identifiers that somebody else reports (RFC 9989 section 4.4), by the tree walk and by the
 * public suffix list. */
#pragma once

#include "verifier/psl.h"
#include "verifier/verify.h"

#define ALIGNMENTS_WALKS_MAX 64 /* names walked; what would need more is not known */

/* pairs: identifier, author domain, identifier, …. Fills verdict->alignments, an item for each pair; what is no
 * domain is aligned with nothing. */
void alignments_check(const struct verify *verify, const struct psl *psl, const struct str *pairs, size_t count,
	struct verdict *verdict);
