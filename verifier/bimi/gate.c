// SPDX-License-Identifier: Apache-2.0
#include "verifier/bimi/gate.h"

#include "verifier/domain.h"

static bool refuse(struct bimi_gate *gate, enum auth_result result, const char *reason, const char *detail)
{
	*gate = (struct bimi_gate){result, reason, str_from(detail)};
	return false;
}

/* verdict->dmarc says whether there is one; here it is asked which. */
bool bimi_signature_aligned(const struct verify *verify, const struct dmarc_options *options,
	const struct verdict *verdict, const struct verdict_dkim *signature)
{
	const struct verdict_dmarc *dmarc = &verdict->dmarc;
	struct str org, domain;
	if (signature->result != AUTH_PASS || !domain_to_ascii(verify->arena, signature->domain, &domain))
		return false;
	if (str_eq(domain, dmarc->author_domain))
		return true;
	/* Relaxed (RFC 9989 section 4.4): the same Organizational Domain, which for most is seen without asking. */
	return !str_starts_nocase(dmarc->adkim, STR("s")) && domain_is_or_below(domain, dmarc->org_domain) &&
		dmarc_org_domain(verify, options, domain, &org) && str_eq(org, dmarc->org_domain);
}

/* l= leaves room behind the signed octets for anybody's content: such a signature alone carries nothing. */
static bool check_signatures(const struct verify *verify, const struct dmarc_options *options,
	const struct verdict *verdict, struct bimi_gate *gate)
{
	if (verdict->dmarc.spf_aligned)
		return true;
	for (size_t i = 0; i < verdict->dkim.count; i++)
		if (!verdict->dkim.at[i].partial_body &&
			bimi_signature_aligned(verify, options, verdict, &verdict->dkim.at[i]))
			return true;
	return refuse(gate, AUTH_SKIPPED, "dmarc.partial_body",
		"DMARC passes by a DKIM signature with l= alone, which does not cover the whole body");
}

/* One record, and which of its policies applies: p=none, sp=none, a pct below 100 with quarantine (RFC 7489) and t=y
 * (RFC 9989, its successor) leave mail through that fails. */
static bool check_record(const struct dmarc_record *record, enum dmarc_policy applied, struct bimi_gate *gate)
{
	if (record->p != DMARC_POLICY_QUARANTINE && record->p != DMARC_POLICY_REJECT)
		return refuse(gate, AUTH_SKIPPED, "policy.none", "the DMARC policy is not enforced (p=none)");
	if (record->sp == DMARC_POLICY_NONE)
		return refuse(gate, AUTH_SKIPPED, "policy.subdomain_none",
			"the DMARC policy leaves subdomains open (sp=none)");
	if (record->testing)
		return refuse(gate, AUTH_SKIPPED, "policy.testing", "the DMARC policy is in test mode (t=y)");
	if ((record->p == DMARC_POLICY_QUARANTINE || applied == DMARC_POLICY_QUARANTINE) && record->pct < 100)
		return refuse(gate, AUTH_SKIPPED, "policy.pct",
			"the DMARC policy does not apply to all mail (pct below 100)");
	return true;
}

/* record: NULL when there is none to read; it lies at policy_domain. */
static bool check_policies(const struct verify *verify, const struct dmarc_options *options,
	enum dmarc_policy applied, const struct dmarc_record *record, struct str policy_domain, struct str org_domain,
	struct bimi_gate *gate)
{
	struct dmarc_discovery above;
	if (applied != DMARC_POLICY_QUARANTINE && applied != DMARC_POLICY_REJECT)
		return refuse(gate, AUTH_SKIPPED, "policy.none", "the DMARC policy that applies is not enforced");
	if (record && !check_record(record, applied, gate))
		return false;
	if (str_eq(policy_domain, org_domain))
		return true;
	if (org_domain.ptr)
		dmarc_discover(verify, options, org_domain, &above);
	if (!org_domain.ptr || above.failed)
		return refuse(gate, AUTH_TEMPERROR, "policy.temperror",
			"the DMARC policy of the Organizational Domain is not known (DNS)");
	return !above.found || check_record(&above.record, above.record.p, gate);
}

static bool check_message_policies(const struct verify *verify, const struct dmarc_options *options,
	const struct verdict_dmarc *dmarc, struct bimi_gate *gate)
{
	struct dmarc_record record;
	enum dmarc_policy applied = str_eq(dmarc->policy, STR("quarantine")) ? DMARC_POLICY_QUARANTINE :
		str_eq(dmarc->policy, STR("reject")) ? DMARC_POLICY_REJECT : DMARC_POLICY_NONE;
	bool read = dmarc_record_parse(verify->arena, dmarc->record, &record);
	return check_policies(verify, options, applied, read ? &record : NULL, dmarc->policy_domain, dmarc->org_domain,
		gate);
}

void bimi_gate_domain(const struct verify *verify, const struct dmarc_options *options, struct str domain,
	struct bimi_gate *gate_r)
{
	struct dmarc_discovery found;
	struct verify quiet = *verify; /* the survey of DMARC has told of it */
	quiet.trace = NULL;
	*gate_r = (struct bimi_gate){.result = AUTH_PASS};
	dmarc_discover(&quiet, options, domain, &found);
	if (found.failed)
		(void)refuse(gate_r, AUTH_TEMPERROR, "policy.temperror", "the DMARC policy is not known (DNS)");
	else if (!found.found)
		(void)refuse(gate_r, AUTH_SKIPPED, "policy.none", "there is no DMARC record");
	else
		(void)check_policies(verify, options, found.policy, &found.record, found.domain, found.org_domain,
			gate_r);
}

void bimi_gate(const struct verify *verify, const struct author *author, const struct dmarc_options *options,
	const struct verdict *verdict, struct bimi_gate *gate_r)
{
	*gate_r = (struct bimi_gate){.result = AUTH_PASS};
	if (author->state != ADDRESS_OK || author->fields != 1 || author->mailboxes_count != 1)
		(void)refuse(gate_r, AUTH_SKIPPED, "from.several", "there is not exactly one From with one address");
	else if (verdict->dmarc.result != AUTH_PASS)
		(void)refuse(gate_r, AUTH_SKIPPED, "dmarc.result", "the message does not pass DMARC");
	else if (check_signatures(verify, options, verdict, gate_r))
		(void)check_message_policies(verify, options, &verdict->dmarc, gate_r);
}
