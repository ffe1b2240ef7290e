// SPDX-License-Identifier: Apache-2.0
#include "verifier/provenance/orgs.h"

#include "verifier/domain.h"

void orgs_open(struct orgs *orgs, const struct verify *verify, const struct psl *psl, size_t walks_max)
{
	*orgs = (struct orgs){
		.verify = verify,
		.psl = psl,
		.walks = ARENA_ARRAY(verify->arena, walks_max, struct known_walk),
		.walks_max = walks_max,
	};
}

static struct str org_of(struct orgs *orgs, struct str domain)
{
	static const struct dmarc_options options = {.method = DMARC_TREEWALK};
	for (size_t i = 0; i < orgs->walks_count; i++)
		if (str_eq(orgs->walks[i].domain, domain))
			return orgs->walks[i].org;
	if (orgs->walks_count == orgs->walks_max) {
		orgs->exhausted = true;
		return STR_NONE;
	}
	struct known_walk *walk = &orgs->walks[orgs->walks_count++];
	walk->domain = domain;
	if (!dmarc_org_domain(orgs->verify, &options, domain, &walk->org))
		walk->org = STR_NONE;
	return walk->org;
}

/* An Organizational Domain is the name itself or above it: without a label in common there is none. */
static bool have_ancestor(struct str a, struct str b)
{
	return str_eq(domain_last_labels(a, 1), domain_last_labels(b, 1));
}

enum maybe orgs_same_by_walk(struct orgs *orgs, struct str a, struct str b)
{
	struct str org, other;
	if (str_eq(a, b))
		return MAYBE_YES;
	if (!have_ancestor(a, b))
		return MAYBE_NO;
	if (!(org = org_of(orgs, a)).ptr)
		return MAYBE_UNKNOWN;
	if (!domain_is_or_below(b, org))
		return MAYBE_NO;
	if (!(other = org_of(orgs, b)).ptr)
		return MAYBE_UNKNOWN;
	return str_eq(org, other) ? MAYBE_YES : MAYBE_NO;
}

enum maybe orgs_same_by_psl(const struct orgs *orgs, struct str a, struct str b)
{
	struct arena *arena = orgs->verify->arena;
	if (str_eq(a, b))
		return MAYBE_YES;
	if (!orgs->psl)
		return MAYBE_UNKNOWN;
	return str_eq(psl_org_domain(orgs->psl, arena, a), psl_org_domain(orgs->psl, arena, b)) ? MAYBE_YES : MAYBE_NO;
}

enum maybe orgs_same(struct orgs *orgs, struct str a, struct str b)
{
	return orgs_same_by_psl(orgs, a, b) == MAYBE_YES ? MAYBE_YES : orgs_same_by_walk(orgs, a, b);
}
