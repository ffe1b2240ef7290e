// SPDX-License-Identifier: Apache-2.0
/* RFC 9989 section 5.3 and 4.4: identifiers that pass, their alignment, the result and what becomes of the mail. */
#include "verifier/dmarc.h"

#include "verifier/address.h"
#include "verifier/dmarc/walk.h"
#include "verifier/domain.h"

struct known_org {
	struct str domain;
	struct str org; /* absent: a temporary error */
};

struct evaluation {
	const struct verify *verify;
	const struct dmarc_options *options;
	struct verdict *verdict;
	struct verdict_dmarc *dmarc;
	struct dmarc_discovery discovery;
	const struct message *message;
	struct str author;
	struct known_org *orgs; /* of identifiers, one walk each */
	size_t orgs_count;
	bool passed;  /* an identifier, aligned or not */
	bool unknown; /* one that might be aligned was stopped by a temporary error */
	bool unchecked; /* one that might be aligned cannot be checked on a sample */
	struct buf detail;
};

static struct str org_of(struct evaluation *evaluation, struct str domain)
{
	for (size_t i = 0; i < evaluation->orgs_count; i++)
		if (str_eq(evaluation->orgs[i].domain, domain))
			return evaluation->orgs[i].org;
	struct known_org *known = &evaluation->orgs[evaluation->orgs_count++];
	known->domain = domain;
	if (!dmarc_org_domain(evaluation->verify, evaluation->options, domain, &known->org))
		known->org = STR_NONE;
	return known->org;
}

/* Section 4.4.3. */
static enum maybe aligned(struct evaluation *evaluation, const char *what, struct str domain, bool strict)
{
	const struct verify *verify = evaluation->verify;
	struct str org = evaluation->discovery.org_domain, other;
	enum maybe answer = MAYBE_UNKNOWN;
	const char *why = "a temporary error hides an Organizational Domain";
	if (str_eq(domain, evaluation->author)) {
		answer = MAYBE_YES;
		why = "it is the Author Domain";
	} else if (strict) {
		answer = MAYBE_NO;
		why = "strict alignment, and it is not the Author Domain";
	} else if (!str_eq(domain_last_labels(domain, 1), domain_last_labels(evaluation->author, 1))) {
		answer = MAYBE_NO;
		why = "it has no label in common with the Author Domain";
	} else if (org.ptr && !domain_is_or_below(domain, org)) {
		/* An Organizational Domain is the name itself or above it. */
		answer = MAYBE_NO;
		why = "it is not below the Organizational Domain of the Author Domain";
	} else if (org.ptr && (other = org_of(evaluation, domain)).ptr) {
		answer = str_eq(org, other) ? MAYBE_YES : MAYBE_NO;
		why = answer == MAYBE_YES ? "both have the same Organizational Domain" :
			"its Organizational Domain is another one";
	}
	dmarc_trace(verify, 0, "align", str_from(what), domain,
		answer == MAYBE_YES ? "aligned" : answer == MAYBE_NO ? "not aligned" : "unknown", "%s", why);
	return answer;
}

static void say(struct evaluation *evaluation, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void say(struct evaluation *evaluation, const char *fmt, ...)
{
	va_list args;
	if (evaluation->detail.len > 0)
		buf_add_str(&evaluation->detail, STR("; "));
	va_start(args, fmt);
	buf_vprintf(&evaluation->detail, fmt, args);
	va_end(args);
}

static bool counts(struct evaluation *evaluation, const char *what, enum auth_result result, struct str domain,
	struct str *ascii_r)
{
	if (result == AUTH_PASS)
		evaluation->passed = true;
	if ((result == AUTH_PASS || result == AUTH_TEMPERROR) &&
		domain_to_ascii(evaluation->verify->arena, domain, ascii_r))
		return true;
	dmarc_trace(evaluation->verify, 0, "align", str_from(what), domain, "does not count", "it does not pass");
	return false;
}

static void judge_spf(struct evaluation *evaluation, const struct verdict_spf *spf)
{
	struct str domain;
	if (!str_eq(spf->identity, STR("mailfrom"))) {
		dmarc_trace(evaluation->verify, 0, "align", STR("SPF of HELO"), spf->domain, "does not count",
			"DMARC looks at MAIL FROM only (RFC 9989 section 4.4.2)");
		return;
	}
	if (evaluation->message->sample && spf->ip.len == 0)
		evaluation->unchecked = true;
	if (!counts(evaluation, "SPF", spf->result, spf->domain, &domain))
		return;
	enum maybe answer = aligned(evaluation, "SPF", domain, evaluation->discovery.record.aspf_strict);
	if (answer == MAYBE_NO) {
		if (spf->result == AUTH_PASS)
			say(evaluation, "SPF passes for %.*s, which is not aligned", STR_FMT(domain));
	} else if (answer == MAYBE_UNKNOWN || spf->result == AUTH_TEMPERROR) {
		evaluation->unknown = true;
	} else {
		evaluation->dmarc->spf_aligned = true;
		say(evaluation, "SPF passes for %.*s, which is aligned", STR_FMT(domain));
	}
}

/* What a sample does not hold, or the DNS does not hold any more. */
static bool is_beyond_check(const struct verdict_dkim *dkim)
{
	static const char *const reasons[] = {"no_body", "redacted", "no_key", "key_revoked"};
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (str_eq(dkim->reason, str_from(reasons[i])))
			return true;
	return dkim->signature_matches == MAYBE_NO && dkim->key_fits == MAYBE_NO && dkim->body_hash_matches != MAYBE_NO;
}

static void judge_dkim(struct evaluation *evaluation, const struct verdict_dkim *dkim)
{
	struct str domain;
	if (evaluation->message->sample && is_beyond_check(dkim) &&
		domain_to_ascii(evaluation->verify->arena, dkim->domain, &domain) &&
		aligned(evaluation, "DKIM", domain, evaluation->discovery.record.adkim_strict) != MAYBE_NO)
		evaluation->unchecked = true;
	if (!counts(evaluation, "DKIM", dkim->result, dkim->domain, &domain))
		return;
	enum maybe answer = aligned(evaluation, "DKIM", domain, evaluation->discovery.record.adkim_strict);
	if (answer == MAYBE_NO) {
		if (dkim->result == AUTH_PASS)
			say(evaluation, "DKIM passes for %.*s, which is not aligned", STR_FMT(domain));
	} else if (answer == MAYBE_UNKNOWN || dkim->result == AUTH_TEMPERROR) {
		evaluation->unknown = true;
	} else {
		evaluation->dmarc->dkim_aligned = true;
		say(evaluation, "DKIM passes for %.*s, which is aligned", STR_FMT(domain));
		if (dkim->partial_body)
			say(evaluation, "that signature covers only the first %llu of %llu octets of the body (l=), "
				"anybody may have added the rest", (unsigned long long)dkim->body_signed,
				(unsigned long long)dkim->body_bytes);
	}
}

static enum dmarc_policy weaker(enum dmarc_policy policy)
{
	return policy == DMARC_POLICY_REJECT ? DMARC_POLICY_QUARANTINE : DMARC_POLICY_NONE;
}

/* The tag t of RFC 9989 section 4.7, or pct of RFC 7489 section 6.6.4. */
static void dispose(struct evaluation *evaluation)
{
	const struct dmarc_record *record = &evaluation->discovery.record;
	enum dmarc_policy policy = evaluation->discovery.policy, then = policy;
	bool walks = evaluation->options->method != DMARC_PSL;
	if (walks ? record->testing : evaluation->options->sample >= record->pct)
		then = weaker(policy);
	evaluation->dmarc->disposition = str_from(dmarc_policy_word(then));
	if (walks && then == DMARC_POLICY_REJECT)
		dmarc_trace(evaluation->verify, 0, "policy", evaluation->discovery.domain, STR_NONE, "reject",
			"who knows nothing else of the message treats it as quarantine (RFC 9989 section 7.4)");
	if (then == policy)
		return;
	evaluation->dmarc->override_reason = walks ? STR("policy_test_mode") : STR("sampled_out");
	say(evaluation, "%s makes %s of %s", walks ? "t=y" : "pct", dmarc_policy_word(then),
		dmarc_policy_word(policy));
	dmarc_trace(evaluation->verify, 0, "policy", evaluation->discovery.domain, STR_NONE, dmarc_policy_word(then),
		"%s, one level less than %s", walks ? "t=y" : "this message is not among the pct",
		dmarc_policy_word(policy));
}

static void conclude(struct evaluation *evaluation)
{
	struct verdict_dmarc *dmarc = evaluation->dmarc;
	if (dmarc->spf_aligned || dmarc->dkim_aligned) {
		dmarc->result = AUTH_PASS;
		dmarc->disposition = STR("pass");
	} else if (evaluation->unknown) {
		dmarc->result = AUTH_TEMPERROR;
		dmarc->reason = STR("dns_error");
		say(evaluation, "a temporary error of DNS stands in the way of an identifier that might be aligned "
			"(RFC 9989 section 5.3.6)");
	} else if (evaluation->unchecked) {
		dmarc->result = AUTH_NONE;
		dmarc->reason = STR("not_checkable");
		say(evaluation, "what would have to pass cannot be checked on this sample");
	} else {
		dmarc->result = AUTH_FAIL;
		dmarc->reason = evaluation->passed ? STR("not_aligned") : STR("nothing_passed");
		if (!evaluation->passed)
			say(evaluation, "neither SPF nor a DKIM signature passes");
		dispose(evaluation);
	}
}

/* No result but none, temperror or permerror comes of this. */
static void stop(struct evaluation *evaluation, enum auth_result result, const char *reason, const char *detail)
{
	evaluation->dmarc->result = result;
	evaluation->dmarc->reason = str_from(reason);
	say(evaluation, "%s", detail);
}

static bool find_author(struct evaluation *evaluation)
{
	struct author author;
	address_author(evaluation->verify->arena, evaluation->message, &author);
	const char *detail = arena_cstr(evaluation->verify->arena, author.detail);
	const struct message *message = evaluation->message;
	if (author.state != ADDRESS_OK && message->sample && (message->redacted || author.fields == 0)) {
		stop(evaluation, AUTH_NONE, message->redacted ? "redacted" : "not_checkable",
			"the sample does not show its author");
		return false;
	}
	switch (author.state) {
	case ADDRESS_OK:
		evaluation->author = author.domain;
		return true;
	case ADDRESS_NONE:
		if (author.fields == 0)
			stop(evaluation, AUTH_PERMERROR, "from_missing", detail);
		else
			stop(evaluation, AUTH_NONE, "from_no_address", detail);
		break;
	case ADDRESS_SEVERAL:
		stop(evaluation, AUTH_PERMERROR, "from_several", detail);
		break;
	case ADDRESS_BROKEN:
		stop(evaluation, AUTH_PERMERROR, "from_broken", detail);
		break;
	}
	dmarc_trace(evaluation->verify, 0, "author", STR("From"), STR_NONE, "no Author Domain", "%s", detail);
	return false;
}

static void fill_org_domains(struct evaluation *evaluation)
{
	const struct dmarc_options *options = evaluation->options;
	struct dmarc_options walk = {.method = DMARC_TREEWALK};
	struct verdict_dmarc *dmarc = evaluation->dmarc;
	dmarc->org_domain = evaluation->discovery.org_domain;
	if (options->psl)
		dmarc->org_domain_psl = psl_org_domain(options->psl, evaluation->verify->arena, evaluation->author);
	if (options->method != DMARC_PSL)
		dmarc->org_domain_walk = dmarc->org_domain;
	else if (!dmarc_org_domain(evaluation->verify, &walk, evaluation->author, &dmarc->org_domain_walk))
		dmarc->org_domain_walk = STR_NONE;
	if (dmarc->org_domain_psl.ptr && dmarc->org_domain_walk.ptr &&
		!str_eq(dmarc->org_domain_psl, dmarc->org_domain_walk))
		dmarc_trace(evaluation->verify, 0, "organizational domain", evaluation->author, STR_NONE, "differs",
			"%.*s by the tree walk (RFC 9989), %.*s by the public suffix list (RFC 7489)",
			STR_FMT(dmarc->org_domain_walk), STR_FMT(dmarc->org_domain_psl));
}

static void fill_record(struct evaluation *evaluation)
{
	const struct dmarc_discovery *discovery = &evaluation->discovery;
	struct arena *arena = evaluation->verify->arena;
	struct verdict_dmarc *dmarc = evaluation->dmarc;
	dmarc->author_exists = discovery->author_exists;
	if (!discovery->found)
		return;
	dmarc->policy_domain = discovery->domain;
	dmarc->record = verify_text(arena, discovery->record.text);
	dmarc->adkim = discovery->record.adkim_strict ? STR("s") : STR("r");
	dmarc->aspf = discovery->record.aspf_strict ? STR("s") : STR("r");
	dmarc->testing = discovery->record.testing && evaluation->options->method != DMARC_PSL;
	if (discovery->policy == DMARC_POLICY_ABSENT)
		return;
	dmarc->policy = str_from(dmarc_policy_word(discovery->policy));
	dmarc->policy_tag = str_from(discovery->policy_tag);
}

static void evaluate(struct evaluation *evaluation)
{
	struct verdict *verdict = evaluation->verdict;
	if (!find_author(evaluation))
		return;
	evaluation->dmarc->author_domain = evaluation->author;
	dmarc_trace(evaluation->verify, 0, "author", STR("From"), evaluation->author, "Author Domain", "%s", "");
	dmarc_discover(evaluation->verify, evaluation->options, evaluation->author, &evaluation->discovery);
	fill_org_domains(evaluation);
	fill_record(evaluation);
	if (evaluation->discovery.failed) {
		stop(evaluation, AUTH_TEMPERROR, "dns_error",
			"a temporary error of DNS stands in the way of the record");
		return;
	}
	if (evaluation->discovery.policy == DMARC_POLICY_ABSENT) {
		stop(evaluation, AUTH_NONE, evaluation->discovery.reason, evaluation->discovery.found ?
			"the record says no valid policy and asks for no reports (RFC 9989 section 4.10.1)" :
			"no DMARC record applies to the Author Domain");
		return;
	}
	evaluation->orgs = ARENA_ARRAY(evaluation->verify->arena, verdict->spf.count + verdict->dkim.count + 1,
		struct known_org);
	for (size_t i = 0; i < verdict->spf.count; i++)
		judge_spf(evaluation, &verdict->spf.at[i]);
	for (size_t i = 0; i < verdict->dkim.count; i++)
		judge_dkim(evaluation, &verdict->dkim.at[i]);
	conclude(evaluation);
}

void dmarc_check(const struct verify *verify, const struct message *message, const struct dmarc_options *options,
	struct verdict *verdict)
{
	struct evaluation evaluation = {.verify = verify, .options = options, .verdict = verdict,
		.message = message, .dmarc = &verdict->dmarc};
	verdict->dmarc = (struct verdict_dmarc){
		.method = options->method == DMARC_PSL ? STR("psl") : STR("treewalk"),
	};
	buf_init(&evaluation.detail, SIZE_MAX / 2);
	evaluate(&evaluation);
	if (evaluation.detail.len > 0)
		verdict->dmarc.detail = verify_text(verify->arena, buf_str(&evaluation.detail));
	buf_fini(&evaluation.detail);
	dmarc_trace(verify, 0, "result", verdict->dmarc.author_domain, verdict->dmarc.policy,
		auth_result_text(verdict->dmarc.result), "%.*s", STR_FMT(verdict->dmarc.detail));
}
