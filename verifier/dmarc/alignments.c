// SPDX-License-Identifier: Apache-2.0
#include "verifier/alignments.h"

#include "verifier/dmarc/orgs.h"
#include "verifier/domain.h"

void alignments_check(const struct verify *verify, const struct psl *psl, const struct str *pairs, size_t count,
	struct verdict *verdict)
{
	struct orgs orgs;
	if (count < 2)
		return;
	orgs_open(&orgs, verify, psl, ALIGNMENTS_WALKS_MAX);
	for (size_t i = 0; i + 1 < count; i += 2) {
		struct verdict_alignment *item = VERDICT_ADD(verify->arena, &verdict->alignments);
		struct str identifier, author;
		item->identifier = verify_text(verify->arena, pairs[i]);
		item->author = verify_text(verify->arena, pairs[i + 1]);
		if (!domain_to_ascii(verify->arena, pairs[i], &identifier) ||
			!domain_to_ascii(verify->arena, pairs[i + 1], &author)) {
			item->treewalk = item->psl = MAYBE_NO;
			continue;
		}
		item->treewalk = orgs_same_by_walk(&orgs, author, identifier);
		item->psl = orgs_same_by_psl(&orgs, author, identifier);
	}
}
