// SPDX-License-Identifier: Apache-2.0
/* Which record and which of its policies applies: RFC 9989 section 4.10.1, RFC 7489 section 6.6.3. */
#include "verifier/dmarc.h"

#include "verifier/dmarc/walk.h"
#include "verifier/domain.h"

static struct str psl_org(const struct verify *verify, const struct dmarc_options *options, struct str domain)
{
	return options->psl ? psl_org_domain(options->psl, verify->arena, domain) : domain;
}

bool dmarc_org_domain(const struct verify *verify, const struct dmarc_options *options, struct str domain,
	struct str *org_r)
{
	struct dmarc_walk walk;
	const char *why;
	if (options->method == DMARC_PSL) {
		*org_r = psl_org(verify, options, domain);
		return true;
	}
	dmarc_walk(verify, 1, domain, &walk);
	*org_r = dmarc_walk_org(&walk, &why);
	dmarc_trace(verify, 0, "organizational domain", domain, STR_NONE,
		org_r->ptr ? arena_cstr(verify->arena, *org_r) : "unknown", "%s", why);
	return org_r->ptr != NULL;
}

/* Any type will do, NXDOMAIN is about the name (RFC 8020); but behind an alias it is about the target. */
static enum maybe name_exists(const struct verify *verify, struct str name)
{
	const struct dns_answer *answer = verify_query(verify, PART_DMARC, 0, "does the Author Domain exist?", name,
		DNS_A);
	if (dns_failed(answer))
		return MAYBE_UNKNOWN;
	return answer->status == DNS_NXDOMAIN && !answer->alias.ptr ? MAYBE_NO : MAYBE_YES;
}

static void choose_inherited(struct dmarc_discovery *discovery, bool with_np)
{
	const struct dmarc_record *record = &discovery->record;
	discovery->policy = record->p;
	discovery->policy_tag = "p";
	if (record->sp != DMARC_POLICY_ABSENT) {
		discovery->policy = record->sp;
		discovery->policy_tag = "sp";
	}
	if (with_np && discovery->author_exists == MAYBE_NO && record->np != DMARC_POLICY_ABSENT) {
		discovery->policy = record->np;
		discovery->policy_tag = "np";
	}
}

/* Records with a policy that is missing or broken count as p=none where they ask for reports, else as no
 * policy at all (RFC 9989 section 4.10.1, RFC 7489 section 6.6.3 step 6). */
static void mend_policy(struct dmarc_discovery *discovery, bool with_np)
{
	const struct dmarc_record *record = &discovery->record;
	bool broken = record->p == DMARC_POLICY_ABSENT || record->p == DMARC_POLICY_INVALID ||
		record->sp == DMARC_POLICY_INVALID || (with_np && record->np == DMARC_POLICY_INVALID);
	if (!broken)
		return;
	discovery->policy = record->rua_count > 0 ? DMARC_POLICY_NONE : DMARC_POLICY_ABSENT;
	discovery->policy_tag = record->rua_count > 0 ? "p" : NULL;
	discovery->reason = record->rua_count > 0 ? NULL : "policy_invalid";
}

/* domain: where the record was found, which is the Author Domain itself or above it. */
static void apply(const struct verify *verify, const struct dmarc_record *record, struct str author,
	struct str domain, bool with_np, struct dmarc_discovery *discovery)
{
	discovery->found = true;
	discovery->record = *record;
	discovery->domain = domain;
	discovery->policy = record->p;
	discovery->policy_tag = "p";
	discovery->author_exists = MAYBE_YES; /* a name with names below it exists (RFC 8020) */
	if (!str_eq(author, domain)) {
		discovery->author_exists = name_exists(verify, author);
		choose_inherited(discovery, with_np);
	}
	mend_policy(discovery, with_np);
	dmarc_trace(verify, 0, "policy", domain, record->text, dmarc_policy_word(discovery->policy),
		"%s%s%s", str_eq(author, domain) ? "the Author Domain has a record" :
			"the Author Domain has none; this one is above it",
		discovery->policy_tag ? ", and the tag that applies is " : ", and it says no valid policy",
		discovery->policy_tag ? discovery->policy_tag : "");
}

static void discover_by_walk(const struct verify *verify, struct str author, struct dmarc_discovery *discovery)
{
	struct dmarc_walk walk;
	const char *why;
	dmarc_walk(verify, 1, author, &walk);
	discovery->org_domain = dmarc_walk_org(&walk, &why);
	dmarc_trace(verify, 0, "organizational domain", author, STR_NONE,
		discovery->org_domain.ptr ? arena_cstr(verify->arena, discovery->org_domain) : "unknown", "%s", why);
	const struct dmarc_record *own = dmarc_walk_record(&walk, author);
	const struct dmarc_record *org = dmarc_walk_record(&walk, discovery->org_domain);
	const struct dmarc_name *last = &walk.names[walk.count - 1];
	if (own) {
		apply(verify, own, author, author, true, discovery);
	} else if (walk.failed) {
		discovery->failed = true;
		discovery->reason = "dns_error";
	} else if (org) {
		apply(verify, org, author, discovery->org_domain, true, discovery);
	} else if (last->has_record && last->record.psd == 'y') {
		apply(verify, &last->record, author, last->name, true, discovery);
	}
}

/* RFC 7489 section 6.6.3: the Author Domain, else its Organizational Domain; several records end it. */
static void discover_by_psl(const struct verify *verify, const struct dmarc_options *options, struct str author,
	struct dmarc_discovery *discovery)
{
	struct dmarc_record record;
	discovery->org_domain = psl_org(verify, options, author);
	dmarc_trace(verify, 0, "organizational domain", author, STR_NONE,
		arena_cstr(verify->arena, discovery->org_domain), "by the public suffix list");
	struct str names[] = {author, discovery->org_domain};
	for (size_t i = 0; i < 2; i++) {
		if (i == 1 && str_eq(names[0], names[1]))
			return;
		switch (dmarc_lookup(verify, 1, names[i], &record)) {
		case DMARC_LOOKUP_FAILED:
			discovery->failed = true;
			discovery->reason = "dns_error";
			return;
		case DMARC_LOOKUP_SEVERAL:
			discovery->reason = "several_records";
			return;
		case DMARC_LOOKUP_ONE:
			apply(verify, &record, author, names[i], false, discovery);
			return;
		case DMARC_LOOKUP_NONE:
			break;
		}
	}
}

void dmarc_discover(const struct verify *verify, const struct dmarc_options *options, struct str domain,
	struct dmarc_discovery *discovery_r)
{
	*discovery_r = (struct dmarc_discovery){.record = {.psd = 'u', .pct = 100}};
	if (options->method == DMARC_PSL)
		discover_by_psl(verify, options, domain, discovery_r);
	else
		discover_by_walk(verify, domain, discovery_r);
	if (!discovery_r->found && !discovery_r->reason)
		discovery_r->reason = "no_record";
	if (!discovery_r->found)
		dmarc_trace(verify, 0, "policy", domain, STR_NONE, discovery_r->failed ? "temperror" : "none",
			"%s", discovery_r->failed ? "DNS does not say whether there is a record" :
			"no record applies to this Author Domain");
}
