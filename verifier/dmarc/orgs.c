// SPDX-License-Identifier: Apache-2.0
#include "verifier/dmarc/orgs.h"

#include "verifier/dmarc/walk.h"
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

/* NULL: there were enough of them. */
static const struct known_walk *walk_of(struct orgs *orgs, struct str domain)
{
	for (size_t i = 0; i < orgs->walks_count; i++)
		if (str_eq(orgs->walks[i].domain, domain))
			return &orgs->walks[i];
	if (orgs->walks_count == orgs->walks_max) {
		orgs->exhausted = true;
		return NULL;
	}
	struct known_walk *known = &orgs->walks[orgs->walks_count++];
	struct dmarc_walk walk;
	const char *why;
	dmarc_walk(orgs->verify, 1, domain, &walk);
	known->domain = domain;
	known->org = dmarc_walk_org(&walk, &why);
	for (size_t i = 0; known->org.ptr && i < walk.count; i++)
		known->declared = known->declared || (walk.names[i].has_record && walk.names[i].record.psd != 'u');
	return known;
}

static struct str org_of(struct orgs *orgs, struct str domain)
{
	const struct known_walk *walk = walk_of(orgs, domain);
	return walk ? walk->org : STR_NONE;
}

/* Does the record of an organisation on the way from a say that b is outside? */
static bool is_declared_outside(struct orgs *orgs, struct str a, struct str b)
{
	const struct known_walk *walk = walk_of(orgs, a);
	return walk && walk->declared && !domain_is_or_below(b, walk->org);
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
	enum maybe by_list = orgs_same_by_psl(orgs, a, b);
	if (by_list == MAYBE_YES) {
		bool parted = !str_eq(a, b) && (is_declared_outside(orgs, a, b) || is_declared_outside(orgs, b, a));
		return parted ? MAYBE_NO : MAYBE_YES;
	}
	enum maybe by_walk = orgs_same_by_walk(orgs, a, b);
	if (by_list == MAYBE_UNKNOWN || by_walk != MAYBE_YES)
		return by_walk;
	const struct known_walk *walk = walk_of(orgs, a);
	return walk && walk->declared ? MAYBE_YES : MAYBE_NO;
}

struct str orgs_org(struct orgs *orgs, struct str domain)
{
	const struct known_walk *walk = walk_of(orgs, domain);
	if (walk && walk->declared)
		return walk->org;
	if (orgs->psl)
		return psl_org_domain(orgs->psl, orgs->verify->arena, domain);
	return walk && walk->org.ptr ? walk->org : domain;
}
