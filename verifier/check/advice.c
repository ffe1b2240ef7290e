// SPDX-License-Identifier: Apache-2.0
#include "verifier/check/advice.h"

#include "base/buf.h"
#include "verifier/dmarc.h"
#include "verifier/domain.h"

#define ADVICE_MAX 32
#define RECORD_PROBLEMS_MAX 5

struct adviser {
	const struct verify *verify;
	struct arena *arena;
	struct verdict *verdict;
	bool harm; /* DMARC does not pass: what is missing matters now */
};

static struct verdict_advice *add(struct adviser *adviser, const char *severity, const char *code, const char *fmt, ...)
	PRINTF_LIKE(4, 5);

static struct verdict_advice *add(struct adviser *adviser, const char *severity, const char *code, const char *fmt, ...)
{
	struct verdict *verdict = adviser->verdict;
	va_list args;
	struct buf text;
	struct verdict_advice *at = &verdict->advice.at[verdict->advice.count];
	if (verdict->advice.count + 1 < ADVICE_MAX)
		verdict->advice.count++;
	va_start(args, fmt);
	buf_init(&text, SIZE_MAX / 2);
	buf_vprintf(&text, fmt, args);
	va_end(args);
	*at = (struct verdict_advice){.severity = str_from(severity), .code = str_from(code),
		.text = verify_text(adviser->arena, buf_str(&text))};
	buf_fini(&text);
	return at;
}

static void publish(struct adviser *adviser, struct verdict_advice *advice, const char *name, const char *record)
{
	advice->name = verify_text(adviser->arena, str_from(name));
	advice->type = STR("TXT");
	advice->record = verify_text(adviser->arena, str_from(record));
}

/* Where one record would cover all names of the organisation. */
static struct str organisation(const struct verdict_dmarc *dmarc)
{
	if (dmarc->org_domain_psl.ptr)
		return dmarc->org_domain_psl;
	return dmarc->org_domain.ptr ? dmarc->org_domain : dmarc->author_domain;
}

static const char *severity(const struct adviser *adviser)
{
	return adviser->harm ? "warning" : "info";
}

/* The term of RFC 7208 section 5.6 for the client. */
static const char *ip_term(struct adviser *adviser, struct str ip)
{
	return arena_printf(adviser->arena, "%s:%.*s", str_find_char(ip, ':') == SIZE_MAX ? "ip4" : "ip6", STR_FMT(ip));
}

static const char *with_term(struct adviser *adviser, struct str record, const char *term)
{
	struct str version = STR("v=spf1");
	return arena_printf(adviser->arena, "v=spf1 %s%.*s", term,
		STR_FMT(str_from_offset(record, str_starts_nocase(record, version) ? version.len : record.len)));
}

static void advise_spf_result(struct adviser *adviser, const struct verdict_spf *spf)
{
	const char *term = ip_term(adviser, spf->ip);
	const char *domain = arena_cstr(adviser->arena, spf->domain);
	struct verdict_advice *advice;
	if (spf->result == AUTH_NONE && !spf->record.ptr && spf->domain.len > 0) {
		advice = add(adviser, severity(adviser), "spf.missing",
			"%s has no SPF record; if this host sends for it, publish one that covers %.*s", domain,
				STR_FMT(spf->ip));
		publish(adviser, advice, domain, arena_printf(adviser->arena, "v=spf1 %s ~all", term));
	} else if (spf->result == AUTH_FAIL || spf->result == AUTH_SOFTFAIL || spf->result == AUTH_NEUTRAL) {
		advice = add(adviser, severity(adviser), "spf.not_covered",
			"the SPF record of %s does not cover %.*s; if this host sends for it, add %s", domain,
			STR_FMT(spf->ip), term);
		publish(adviser, advice, domain, with_term(adviser, spf->record, term));
	} else if (spf->result == AUTH_PERMERROR) {
		(void)add(adviser, "warning", "spf.broken", "the SPF record of %s cannot be evaluated: %.*s", domain,
			STR_FMT(spf->problem));
	} else if (spf->result == AUTH_TEMPERROR) {
		(void)add(adviser, "info", "spf.dns", "SPF of %s could not be evaluated now: %.*s", domain,
			STR_FMT(spf->problem));
	}
}

/* Only the strictness of the record keeps it from being aligned. */
static bool is_too_strict(const struct verdict_dmarc *dmarc, struct str domain, struct str mode)
{
	return str_eq(mode, STR("s")) && domain_is_or_below(domain, dmarc->org_domain);
}

/* The record without that tag. */
static void publish_relaxed(struct adviser *adviser, struct verdict_advice *advice, const char *tag)
{
	const struct verdict_dmarc *dmarc = &adviser->verdict->dmarc;
	struct str rest = dmarc->record, piece, trimmed;
	struct buf record;
	buf_init(&record, SIZE_MAX / 2);
	while (str_split(&rest, ';', &piece)) {
		trimmed = str_trim(piece);
		if (trimmed.len == 0 || str_eq_nocase(str_trim(str_sub(trimmed, 0, str_find_char(trimmed, '='))),
			str_from(tag)))
			continue;
		buf_printf(&record, "%s%.*s", record.len > 0 ? "; " : "", STR_FMT(trimmed));
	}
	publish(adviser, advice, arena_printf(adviser->arena, "_dmarc.%.*s", STR_FMT(dmarc->policy_domain)),
		arena_cstr(adviser->arena, buf_str(&record)));
	buf_fini(&record);
}

static void advise_spf(struct adviser *adviser)
{
	const struct verdict *verdict = adviser->verdict;
	const struct verdict_dmarc *dmarc = &verdict->dmarc;
	if (verdict->spf.count == 0 || verdict->spf.at[0].ip.len == 0)
		return;
	const struct verdict_spf *spf = &verdict->spf.at[0];
	advise_spf_result(adviser, spf);
	if (spf->result != AUTH_PASS || dmarc->result != AUTH_FAIL || dmarc->spf_aligned)
		return;
	struct str author = dmarc->author_domain;
	if (is_too_strict(dmarc, spf->domain, dmarc->aspf))
		publish_relaxed(adviser, add(adviser, "warning", "spf.strict", "SPF passes for %.*s, which aspf=s does "
			"not take for %.*s: use an envelope sender of %.*s, or take aspf=s away", STR_FMT(spf->domain),
			STR_FMT(author), STR_FMT(author)), "aspf");
	else
		(void)add(adviser, "warning", "spf.unaligned",
			"SPF passes for %.*s, which says nothing about %.*s: use an envelope sender of %.*s",
				STR_FMT(spf->domain),
			STR_FMT(dmarc->author_domain), STR_FMT(organisation(dmarc)));
}

static const char *key_name(struct adviser *adviser, const struct verdict_dkim *dkim)
{
	return arena_printf(adviser->arena, "%.*s._domainkey.%.*s", STR_FMT(dkim->selector), STR_FMT(dkim->domain));
}

static void publish_key(struct adviser *adviser, const struct verdict_dkim *dkim, struct verdict_advice *advice,
	const char *name)
{
	publish(adviser, advice, name, arena_printf(adviser->arena, "v=DKIM1; k=%s; p=<the public key>",
		str_starts_nocase(dkim->algorithm, STR("ed25519")) ? "ed25519" : "rsa"));
}

/* Would another record at the selector make it pass? */
static bool is_key_at_fault(const struct verdict_dkim *dkim)
{
	return str_starts(dkim->reason, STR("key_")) ? !str_eq(dkim->reason, STR("key_dns")) :
		dkim->signature_matches == MAYBE_NO && dkim->key_fits == MAYBE_NO;
}

static void advise_failed(struct adviser *adviser, const struct verdict_dkim *dkim, const char *name)
{
	struct str why = dkim->detail.len > 0 ? dkim->detail : dkim->reason;
	bool revoked = str_eq(dkim->reason, STR("key_revoked")), at_fault = is_key_at_fault(dkim);
	struct verdict_advice *advice = add(adviser, severity(adviser), "dkim.not_valid",
		"the signature of %.*s, selector %.*s: %.*s%s%.*s%s", STR_FMT(dkim->domain), STR_FMT(dkim->selector),
		STR_FMT(why), dkim->cause.len > 0 ? "; " : "", STR_FMT(dkim->cause),
		revoked ? "; publish a new key under a new selector, and sign with it" :
		at_fault ? "; publish the key that signs" : "");
	if (revoked)
		name = arena_printf(adviser->arena, "<new selector>._domainkey.%.*s", STR_FMT(dkim->domain));
	if (at_fault)
		publish_key(adviser, dkim, advice, name);
}

static void advise_signature(struct adviser *adviser, const struct verdict_dkim *dkim)
{
	const char *name = key_name(adviser, dkim);
	if (dkim->result == AUTH_PASS && dkim->partial_body) {
		(void)add(adviser, "warning", "dkim.partial_body",
			"the signature of %.*s covers only a part of the body (l=), "
			"anybody may append to it: sign without l=",
			STR_FMT(dkim->domain));
	} else if (dkim->result == AUTH_PASS && dkim->key_testing) {
		(void)add(adviser, "info", "dkim.testing", "the key at %s says t=y, testing: take that away", name);
	} else if (str_eq(dkim->reason, STR("no_key"))) {
		struct verdict_advice *advice = add(adviser, severity(adviser), "dkim.key_missing",
			"there is no key at %s: publish the one that signs", name);
		publish_key(adviser, dkim, advice, name);
	} else if (dkim->result != AUTH_PASS && dkim->result != AUTH_UNKNOWN) {
		advise_failed(adviser, dkim, name);
	}
}

static void advise_dkim(struct adviser *adviser)
{
	const struct verdict *verdict = adviser->verdict;
	const struct verdict_dmarc *dmarc = &verdict->dmarc;
	bool own = false;
	for (size_t i = 0; i < verdict->dkim.count; i++) {
		const struct verdict_dkim *dkim = &verdict->dkim.at[i];
		own = own || domain_is_or_below(dkim->domain, organisation(dmarc));
		advise_signature(adviser, dkim);
		if (dkim->result == AUTH_PASS && dmarc->result == AUTH_FAIL &&
			is_too_strict(dmarc, dkim->domain, dmarc->adkim))
			publish_relaxed(adviser, add(adviser, "warning", "dkim.strict",
				"DKIM passes for %.*s, which adkim=s does not take for %.*s: sign with d=%.*s, or take "
				"adkim=s away", STR_FMT(dkim->domain), STR_FMT(dmarc->author_domain),
				STR_FMT(dmarc->author_domain)), "adkim");
	}
	if (dmarc->author_domain.ptr && !own && !dmarc->dkim_aligned)
		(void)add(adviser, severity(adviser), "dkim.unsigned",
			"no signature is of %.*s: sign with d=%.*s, which survives forwarding",
				STR_FMT(organisation(dmarc)),
			STR_FMT(organisation(dmarc)));
}

/* What stands at this name and is not used, as DNS has answered before. */
static bool advise_texts(struct adviser *adviser, struct str domain)
{
	struct str name = str_from(arena_printf(adviser->arena, "_dmarc.%.*s", STR_FMT(domain)));
	const struct dns_answer *answer = dns_query(adviser->verify->dns, adviser->arena, name, DNS_TXT);
	struct dmarc_record record;
	size_t records = 0, others = 0;
	for (size_t i = 0; i < answer->count; i++)
		if (dmarc_record_parse(adviser->arena, answer->records[i].text, &record))
			records++;
		else if (dmarc_record_meant(answer->records[i].text) && others++ == 0)
			add(adviser, "warning", "dmarc.not_a_record",
				"\"%.*s\" at %.*s is no DMARC record: it has to begin with v=DMARC1; in these letters",
				STR_FMT(answer->records[i].text), STR_FMT(name))->name = name;
	if (records > 1)
		add(adviser, "warning", "dmarc.several_records",
			"%zu DMARC records at %.*s: receivers drop all of them, keep one", records,
			STR_FMT(name))->name = name;
	return records > 1 || others > 0;
}

static void advise_record(struct adviser *adviser)
{
	const struct verdict_dmarc *dmarc = &adviser->verdict->dmarc;
	const char *domain = arena_cstr(adviser->arena, dmarc->record.ptr ? dmarc->policy_domain : organisation(dmarc));
	const char *name = arena_printf(adviser->arena, "_dmarc.%s", domain);
	const char *plain = arena_printf(adviser->arena, "v=DMARC1; p=none; rua=mailto:dmarc-reports@%s", domain);
	struct dmarc_record record;
	bool unused = advise_texts(adviser, dmarc->author_domain);
	if (dmarc->org_domain.ptr && !str_eq(dmarc->org_domain, dmarc->author_domain))
		unused = advise_texts(adviser, dmarc->org_domain) || unused;
	if (str_eq(dmarc->reason, STR("no_record")) && !unused) {
		publish(adviser, add(adviser, "warning", "dmarc.missing",
			"no DMARC record applies to %.*s: begin with p=none "
			"and read the reports", STR_FMT(dmarc->author_domain)), name, plain);
	} else if (str_eq(dmarc->reason, STR("policy_invalid"))) {
		publish(adviser, add(adviser, "warning", "dmarc.policy_invalid",
			"the DMARC record of %s says no valid policy", domain), name, plain);
	} else if (dmarc->result == AUTH_TEMPERROR) {
		(void)add(adviser, "info", "dmarc.dns", "DMARC could not be evaluated now: %.*s",
			STR_FMT(dmarc->detail));
	}
	if (!dmarc_record_parse(adviser->arena, dmarc->record, &record))
		return;
	for (size_t i = 0; i < record.problems_count && i < RECORD_PROBLEMS_MAX; i++)
		add(adviser, "info", "dmarc.record", "%s: %.*s", name,
			STR_FMT(record.problems[i]))->name = str_from(name);
}

static void advise_dmarc(struct adviser *adviser)
{
	const struct verdict_dmarc *dmarc = &adviser->verdict->dmarc;
	if (!dmarc->author_domain.ptr) {
		(void)add(adviser, "high", "from.unusable",
			"no receiver can tell who wrote this, DMARC cannot pass: %.*s",
			STR_FMT(dmarc->detail));
		return;
	}
	advise_record(adviser);
	if (dmarc->org_domain_psl.ptr && dmarc->org_domain_walk.ptr &&
		!str_eq(dmarc->org_domain_psl, dmarc->org_domain_walk))
		(void)add(adviser, "info", "dmarc.org_domain_differs",
			"receivers differ on the Organizational Domain of %.*s: %.*s by RFC 9989, %.*s by RFC 7489",
			STR_FMT(dmarc->author_domain), STR_FMT(dmarc->org_domain_walk), STR_FMT(dmarc->org_domain_psl));
}

/* One that was published and is refused; whoever has none misses nothing. */
static void advise_bimi(struct adviser *adviser)
{
	const struct verdict_bimi *bimi = &adviser->verdict->bimi;
	if (bimi->result != AUTH_FAIL)
		return;
	struct verdict_advice *advice = add(adviser, "info", "bimi.refused", "no logo is shown: %.*s",
		STR_FMT(bimi->detail));
	if (str_starts(bimi->reason, STR("record.")) && !str_eq(bimi->reason, STR("record.several")))
		publish(adviser, advice, arena_printf(adviser->arena, "%.*s._bimi.%.*s", STR_FMT(bimi->selector),
			STR_FMT(bimi->domain)), "v=BIMI1; l=https://HOST/logo.svg; a=https://HOST/mark.pem");
}

void advise(const struct verify *verify, struct verdict *verdict)
{
	struct adviser adviser = {verify, verify->arena, verdict, verdict->dmarc.result != AUTH_PASS};
	verdict->advice.count = 0;
	verdict->advice.at = ARENA_ARRAY(verify->arena, ADVICE_MAX, struct verdict_advice);
	advise_dmarc(&adviser);
	advise_spf(&adviser);
	advise_dkim(&adviser);
	advise_bimi(&adviser);
}
