// SPDX-License-Identifier: Apache-2.0
#include "verifier/provenance/reasons.h"

#include "verifier/domain.h"

void reasons_add(struct buf *reasons, const char *code)
{
	struct str rest = buf_str(reasons), known;
	while (reasons->len > 0 && str_split(&rest, ' ', &known))
		if (str_eq(known, str_from(code)))
			return;
	if (reasons->len > 0)
		buf_add_char(reasons, ' ');
	buf_add_str(reasons, str_from(code));
}

/* Of the author's organisation. */
static bool is_own(const struct verdict_dmarc *dmarc, const struct verdict_dkim *dkim)
{
	return dkim->author_domain || domain_is_or_below(dkim->domain, dmarc->org_domain) ||
		domain_is_or_below(dkim->domain, dmarc->org_domain_psl);
}

bool reasons_signature_counts(const struct verdict *verdict, const struct verdict_dkim *dkim)
{
	return dkim->result == AUTH_PASS && !dkim->partial_body && is_own(&verdict->dmarc, dkim);
}

bool reasons_mail_is_whole(const struct verdict *verdict)
{
	bool partial = false;
	for (size_t i = 0; i < verdict->dkim.count; i++) {
		const struct verdict_dkim *dkim = &verdict->dkim.at[i];
		if (reasons_signature_counts(verdict, dkim))
			return true;
		partial = partial || (dkim->result == AUTH_PASS && is_own(&verdict->dmarc, dkim));
	}
	return !partial || verdict->dmarc.spf_aligned;
}

static void of_dmarc(struct buf *reasons, const struct verdict_dmarc *dmarc)
{
	switch (dmarc->result) {
	case AUTH_PASS:
		reasons_add(reasons, "dmarc.pass");
		break;
	case AUTH_TEMPERROR:
		reasons_add(reasons, "dmarc.temperror");
		break;
	case AUTH_PERMERROR:
		reasons_add(reasons, "dmarc.permerror");
		break;
	case AUTH_FAIL:
		reasons_add(reasons, "dmarc.fail");
		break;
	case AUTH_UNKNOWN:
	case AUTH_NONE:
	case AUTH_NEUTRAL:
	case AUTH_SOFTFAIL:
	case AUTH_POLICY:
	case AUTH_DECLINED:
	case AUTH_SKIPPED:
		reasons_add(reasons, "dmarc.none");
		break;
	}
	if (str_eq(dmarc->reason, STR("from_several")))
		reasons_add(reasons, "author.multiple");
	else if (!dmarc->author_domain.ptr)
		reasons_add(reasons, "author.missing");
}

/* A key that is another one, and a header that was changed, look the same where the algorithm tells no more. */
static void of_signature(struct buf *reasons, const struct verdict_dkim *dkim)
{
	if (str_eq(dkim->reason, STR("no_key")) || str_eq(dkim->reason, STR("key_revoked")))
		reasons_add(reasons, "key.gone");
	if (str_eq(dkim->reason, STR("expired")))
		reasons_add(reasons, "signature.expired");
	if (dkim->body_hash_matches == MAYBE_NO)
		reasons_add(reasons, "body.changed");
	if (dkim->signature_matches == MAYBE_NO && dkim->key_fits != MAYBE_YES)
		reasons_add(reasons, "key.mismatch");
	if (dkim->signature_matches == MAYBE_NO && dkim->key_fits != MAYBE_NO)
		reasons_add(reasons, "header.changed");
	if (dkim->result == AUTH_PASS && dkim->partial_body)
		reasons_add(reasons, "body.partial");
}

static void of_dkim(struct buf *reasons, const struct verdict *verdict)
{
	bool passes = false, unknown = false;
	for (size_t i = 0; i < verdict->dkim.count; i++) {
		passes = passes || verdict->dkim.at[i].result == AUTH_PASS;
		unknown = unknown || verdict->dkim.at[i].result == AUTH_TEMPERROR;
	}
	if (passes)
		reasons_add(reasons, "dkim.pass");
	else if (verdict->dkim.count == 0)
		reasons_add(reasons, "dkim.none");
	else if (!unknown)
		reasons_add(reasons, "dkim.fail");
	for (size_t i = 0; i < verdict->dkim.count; i++)
		of_signature(reasons, &verdict->dkim.at[i]);
}

static void of_spf(struct buf *reasons, const struct verdict *verdict)
{
	enum auth_result result = verdict->spf.count > 0 ? verdict->spf.at[0].result : AUTH_NONE;
	if (result == AUTH_PASS)
		reasons_add(reasons, "spf.pass");
	else if (result == AUTH_NONE || result == AUTH_NEUTRAL)
		reasons_add(reasons, "spf.none");
	else if (result != AUTH_TEMPERROR)
		reasons_add(reasons, "spf.fail");
}

void reasons_of_mail(struct buf *reasons, const struct verdict *verdict, bool failed)
{
	of_dmarc(reasons, &verdict->dmarc);
	if (!failed) {
		if (verdict->dmarc.dkim_aligned)
			reasons_add(reasons, "dkim.pass");
		if (verdict->dmarc.spf_aligned)
			reasons_add(reasons, "spf.pass");
		return;
	}
	of_dkim(reasons, verdict);
	of_spf(reasons, verdict);
}
