// SPDX-License-Identifier: Apache-2.0
/* Which names belong to the same organisation, by tree walk and by public suffix list. Each name is walked once, and
 * no more than a number of them. */
#pragma once

#include "verifier/dmarc.h"

struct known_walk {
	struct str domain;
	struct str org; /* absent: the DNS did not say */
	bool declared;  /* by psd=y or psd=n: whoever is outside is another */
};

struct orgs {
	const struct verify *verify;
	const struct psl *psl; /* may be NULL */
	struct known_walk *walks;
	size_t walks_count, walks_max;
	bool exhausted; /* a name was not walked for the number of them */
};

/* No more than walks_max names are walked. Memory is of verify->arena. */
void orgs_open(struct orgs *orgs, const struct verify *verify, const struct psl *psl, size_t walks_max);

/* Names are A-labels. UNKNOWN: the DNS did not say, or must not be asked more. */
enum maybe orgs_same_by_walk(struct orgs *orgs, struct str a, struct str b);
/* UNKNOWN: there is no list. */
enum maybe orgs_same_by_psl(const struct orgs *orgs, struct str a, struct str b);
/* By the list, but for what records with psd= say, who part what it holds together and join what it parts; by walk
 * where there is no list. */
enum maybe orgs_same(struct orgs *orgs, struct str a, struct str b);
/* The organisation's domain: as a record with psd= says, else by the list, else by walk. Never absent. */
struct str orgs_org(struct orgs *orgs, struct str domain);
