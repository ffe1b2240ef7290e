// SPDX-License-Identifier: Apache-2.0
#include "verifier/coherence.h"

#include "model/verdict.h"
#include "verifier/domain.h"

#include <string.h>

/* A clock that is right and a zone that is wrong are apart by at most this. */
#define ZONE_SECS ((int64_t)14 * 3600)

enum alignment { ALIGNMENT_RELAXED, ALIGNMENT_STRICT, ALIGNMENT_UNKNOWN };

struct held {
	struct coherence *coherence;
	const struct policy_published *policy;
	const struct aggregate_record *record;
};

/* One of the two mechanisms. */
struct mechanism {
	enum aligned evaluated;
	enum alignment mode;
	bool some;    /* there are results at all */
	bool passes;  /* one passes, or may, by a word that nobody knows */
	bool aligned; /* one that passes, or may, is aligned, or may be */
	bool denied;  /* one that does pass is aligned in any case */
};

static const bool name_chars[256] = {
	['-'] = true, ['.'] = true, ['_'] = true,
	['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true,
};

/* As a name of the DNS may look; everything else a reporter wrote says nothing about alignment. */
static bool is_name(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!name_chars[(unsigned char)text.ptr[i]])
			return false;
	return text.len > 0;
}

static enum alignment alignment_of(struct str word)
{
	if (!word.ptr || str_eq_nocase(word, STR("r")))
		return ALIGNMENT_RELAXED;
	return str_eq_nocase(word, STR("s")) ? ALIGNMENT_STRICT : ALIGNMENT_UNKNOWN;
}

/* The Organizational Domain is the name itself or above it: a view of author. */
static struct str author_org(struct coherence *coherence, struct str author)
{
	struct str known = {coherence->author, coherence->author_len};
	if (!str_eq(known, author)) {
		size_t len = psl_org_domain(coherence->psl, coherence->scratch, author).len;
		if (author.len > sizeof(coherence->author))
			return str_from_offset(author, author.len - len);
		memcpy(coherence->author, author.ptr, author.len);
		coherence->author_len = author.len;
		coherence->org_len = len;
	}
	return str_from_offset(author, author.len - coherence->org_len);
}

static enum maybe same_organisation(struct coherence *coherence, struct str domain, struct str author)
{
	if (!coherence->psl)
		return MAYBE_UNKNOWN;
	struct str org = author_org(coherence, author);
	return domain_is_or_below(domain, org) &&
		str_eq(psl_org_domain(coherence->psl, coherence->scratch, domain), org) ? MAYBE_YES : MAYBE_NO;
}

static enum maybe is_aligned(const struct held *held, enum alignment mode, struct str domain)
{
	struct str author = held->record->header_from;
	if (!is_name(domain) || !is_name(author))
		return MAYBE_UNKNOWN;
	if (str_eq(domain, author))
		return MAYBE_YES;
	if (mode == ALIGNMENT_STRICT)
		return MAYBE_NO;
	enum maybe relaxed = same_organisation(held->coherence, domain, author);
	return mode == ALIGNMENT_UNKNOWN && relaxed == MAYBE_YES ? MAYBE_UNKNOWN : relaxed;
}

static void add_result(const struct held *held, struct mechanism *mechanism, enum auth_result result,
	struct str domain, bool counts)
{
	mechanism->some = true;
	if (result != AUTH_PASS && result != AUTH_UNKNOWN)
		return;
	mechanism->passes = true;
	/* Most are evaluated as they should be: nothing is looked up for them. */
	if (mechanism->evaluated == ALIGNED_UNKNOWN || (mechanism->evaluated == ALIGNED_PASS && mechanism->aligned))
		return;
	enum maybe aligned = is_aligned(held, mechanism->mode, domain);
	mechanism->aligned |= aligned != MAYBE_NO;
	mechanism->denied |= result == AUTH_PASS && aligned == MAYBE_YES && counts;
}

static struct mechanism dkim_of(const struct held *held)
{
	const struct aggregate_record *record = held->record;
	struct mechanism dkim = {
		.evaluated = record->dkim_aligned,
		.mode = alignment_of(held->policy->adkim),
	};
	for (size_t i = 0; i < record->dkim_count; i++)
		add_result(held, &dkim, record->dkim[i].result, record->dkim[i].domain, true);
	return dkim;
}

/* RFC 7489 section 3.1.2 leaves room for HELO, so that it may explain a pass; whoever looks at MAIL FROM only
 * is right too. Where the envelope names another domain, it may be that one that was looked at. */
static bool is_mail_from(const struct aggregate_record *record, const struct spf_result *spf)
{
	return (spf->scope == SPF_SCOPE_NONE || spf->scope == SPF_SCOPE_MFROM) &&
		(record->envelope_from.len == 0 || str_eq(record->envelope_from, spf->domain));
}

static struct mechanism spf_of(const struct held *held)
{
	const struct aggregate_record *record = held->record;
	struct mechanism spf = {
		.evaluated = record->spf_aligned,
		.mode = alignment_of(held->policy->aspf),
	};
	for (size_t i = 0; i < record->spf_count; i++)
		add_result(held, &spf, record->spf[i].result, record->spf[i].domain,
			is_mail_from(record, &record->spf[i]));
	return spf;
}

/* The codes of a mechanism, in the order of the list. None for a record whose results are not all there. */
static uint32_t evaluated(const struct held *held, const struct mechanism *mechanism, bool other_some,
	uint32_t without_result)
{
	if (mechanism->evaluated == ALIGNED_FAIL)
		return mechanism->denied ? without_result << 2 : 0;
	if (mechanism->evaluated != ALIGNED_PASS || held->record->results_cut)
		return 0;
	if (!mechanism->passes)
		return mechanism->some || other_some ? without_result : 0;
	return mechanism->aligned ? 0 : without_result << 1;
}

static bool is_of_other_mail_from(const struct aggregate_record *record)
{
	size_t others = 0;
	if (!is_name(record->envelope_from) || record->results_cut)
		return false;
	for (size_t i = 0; i < record->spf_count; i++) {
		const struct spf_result *spf = &record->spf[i];
		if (spf->scope == SPF_SCOPE_HELO)
			continue;
		if (spf->scope != SPF_SCOPE_MFROM || !is_name(spf->domain) ||
			str_eq(spf->domain, record->envelope_from))
			return false;
		others++;
	}
	return others > 0;
}

/* ---- disposition ---- */

/* What may be done with mail that fails: from the least to the most. */
struct range {
	enum disposition least, most;
};

static enum disposition policy_of(struct str word)
{
	return str_eq_nocase(word, STR("none")) ? DISPOSITION_NONE :
		str_eq_nocase(word, STR("quarantine")) ? DISPOSITION_QUARANTINE :
		str_eq_nocase(word, STR("reject")) ? DISPOSITION_REJECT : DISPOSITION_UNKNOWN;
}

static enum disposition weaker(enum disposition policy)
{
	return policy == DISPOSITION_REJECT ? DISPOSITION_QUARANTINE : DISPOSITION_NONE;
}

/* p for the policy domain itself; below it sp, else p, and np too where it is published, since nothing here
 * says whether a name exists. False: what applies is not known. */
static bool policies(const struct held *held, struct range *range_r)
{
	const struct policy_published *policy = held->policy;
	struct str author = held->record->header_from;
	const bool own = str_eq(author, policy->domain);
	if (!is_name(author) || !domain_is_or_below(author, policy->domain))
		return false;
	enum disposition first = policy_of(!own && policy->sp.ptr ? policy->sp : policy->p);
	enum disposition other = !own && policy->np.ptr ? policy_of(policy->np) : first;
	if (first == DISPOSITION_UNKNOWN || other == DISPOSITION_UNKNOWN)
		return false;
	*range_r = first < other ? (struct range){first, other} : (struct range){other, first};
	return true;
}

/* Sampling and test mode do less; who is asked to reject may quarantine (RFC 9989 section 7.4). */
static enum disposition least(const struct policy_published *policy, enum disposition asked)
{
	uint64_t percent = 100;
	if (asked == DISPOSITION_REJECT)
		asked = DISPOSITION_QUARANTINE;
	if (policy->testing.ptr && !str_eq_nocase(policy->testing, STR("n")))
		return DISPOSITION_NONE;
	if (policy->pct.ptr && !str_to_u64(policy->pct, 100, &percent))
		return DISPOSITION_NONE;
	return percent < 100 ? weaker(asked) : asked;
}

static uint32_t disposed(const struct held *held)
{
	const struct aggregate_record *record = held->record;
	const enum disposition done = record->disposition;
	struct range range;
	if (record->reasons_count > 0 || done == DISPOSITION_UNKNOWN)
		return 0;
	if (record_dmarc_pass(record))
		return done == DISPOSITION_QUARANTINE || done == DISPOSITION_REJECT ?
			COHERENCE_BIT(DISPOSITION_THOUGH_PASS) : 0;
	if (record->dkim_aligned != ALIGNED_FAIL || record->spf_aligned != ALIGNED_FAIL)
		return 0;
	if (done == DISPOSITION_PASS)
		return COHERENCE_BIT(DISPOSITION_PASS_THOUGH_FAIL);
	if (!policies(held, &range))
		return 0;
	return done < least(held->policy, range.least) ? COHERENCE_BIT(DISPOSITION_WEAKER) :
		done > range.most ? COHERENCE_BIT(DISPOSITION_STRONGER) : 0;
}

static uint32_t overridden(const struct held *held)
{
	const struct policy_published *policy = held->policy;
	uint64_t percent = 0;
	uint32_t bits = 0;
	for (size_t i = 0; i < held->record->reasons_count; i++) {
		enum override_type type = held->record->reasons[i].type;
		if (type == OVERRIDE_POLICY_TEST_MODE && str_eq_nocase(policy->testing, STR("n")))
			bits |= COHERENCE_BIT(OVERRIDE_NOT_TESTING);
		if (type == OVERRIDE_SAMPLED_OUT && str_to_u64(policy->pct, 100, &percent) && percent == 100)
			bits |= COHERENCE_BIT(OVERRIDE_NOT_SAMPLED);
	}
	return bits;
}

static uint32_t identified(const struct held *held)
{
	const struct aggregate_record *record = held->record;
	const struct policy_published *policy = held->policy;
	bool foreign = is_name(record->header_from) && is_name(policy->domain) &&
		!domain_is_or_below(record->header_from, policy->domain);
	return (foreign ? COHERENCE_BIT(HEADER_FROM_FOREIGN) : 0) |
		(is_of_other_mail_from(record) ? COHERENCE_BIT(SPF_OTHER_MAIL_FROM) : 0) |
		(record->messages == 0 && !record->messages_missing ? COHERENCE_BIT(COUNT_ZERO) : 0);
}

uint32_t coherence_record(struct coherence *coherence, const struct policy_published *policy,
	const struct aggregate_record *record)
{
	const struct held held = {coherence, policy, record};
	arena_reset(coherence->scratch);
	const struct mechanism dkim = dkim_of(&held), spf = spf_of(&held);
	return evaluated(&held, &dkim, spf.some, COHERENCE_BIT(DKIM_PASS_WITHOUT_RESULT)) |
		evaluated(&held, &spf, dkim.some, COHERENCE_BIT(SPF_PASS_WITHOUT_RESULT)) |
		disposed(&held) | overridden(&held) | identified(&held);
}

uint32_t coherence_report(const struct aggregate_head *head, int64_t mail_epoch_secs)
{
	return mail_epoch_secs > 0 && head->end_epoch_secs > mail_epoch_secs + ZONE_SECS ?
		COHERENCE_BIT(DATES_AHEAD) : 0;
}
