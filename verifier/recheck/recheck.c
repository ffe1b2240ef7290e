// SPDX-License-Identifier: Apache-2.0
#include "verifier/recheck.h"

#include "verifier/authres.h"
#include "verifier/domain.h"

#define NOT_ALIGNED STR("not aligned")
#define LINES_MAX 50 /* Authentication-Results of one report */

/* What the reporter says; word absent: nothing. */
struct said {
	struct str word;
	struct str domain, selector; /* of DKIM */
	bool alignment; /* not of the mechanism, but of its identifier: word is NOT_ALIGNED */
};

struct recheck {
	const struct verify *verify;
	struct verdict *verdict;
	struct said spf, dkim, dmarc;
};

struct finding {
	struct str ours;
	const char *difference;
	const char *detail;
};

/* ---- what the reporter says ---- */

static void take_result(struct said *said, const struct authres_result *result)
{
	if (said->word.ptr)
		return;
	said->word = result->result;
	said->domain = authres_value(result, "header", "d");
	said->selector = authres_value(result, "header", "s");
}

static void read_results(struct recheck *recheck, struct str results)
{
	struct str rest = results, line;
	for (size_t n = 0; n < LINES_MAX && str_line(&rest, &line); n++) {
		struct authres authres;
		if (!authres_parse(recheck->verify->arena, line, &authres))
			continue;
		for (size_t i = 0; i < authres.results_count; i++) {
			const struct authres_result *result = &authres.results[i];
			if (str_eq(result->method, STR("spf")))
				take_result(&recheck->spf, result);
			else if (str_eq(result->method, STR("dkim")))
				take_result(&recheck->dkim, result);
			else if (str_eq(result->method, STR("dmarc")))
				take_result(&recheck->dmarc, result);
		}
	}
}

/* Auth-Failure names what failed (RFC 6591 section 3.2.1), where no result does. */
static void read_failure(struct recheck *recheck, struct str failures)
{
	struct str rest = failures, piece;
	while (str_split(&rest, ',', &piece)) {
		struct str word = str_trim(str_sub(piece, 0, str_find_char(piece, '(')));
		bool dkim = str_eq_nocase(word, STR("bodyhash")) || str_eq_nocase(word, STR("signature")) ||
			str_eq_nocase(word, STR("revoked")) || str_eq_nocase(word, STR("dkim"));
		struct said *said = dkim ? &recheck->dkim : str_eq_nocase(word, STR("spf")) ? &recheck->spf :
			str_eq_nocase(word, STR("dmarc")) ? &recheck->dmarc : NULL;
		if (said && !said->word.ptr)
			said->word = STR("fail");
	}
}

/* "a.example; b.example" is sent too: the first. */
static struct str first_name(struct str list)
{
	size_t end = 0;
	list = str_trim(list);
	while (end < list.len && list.ptr[end] != ';' && list.ptr[end] != ',' && !ascii_is_space(list.ptr[end]))
		end++;
	return str_sub(list, 0, end);
}

static bool says_pass(const struct said *said)
{
	return str_eq_nocase(said->word, STR("pass"));
}

static bool says(const struct said *said, struct str word)
{
	return str_eq_nocase(said->word, word) ||
		(str_eq_nocase(said->word, STR("hardfail")) && str_eq(word, STR("fail")));
}

/* Identity-Alignment lists what is aligned (RFC 7489 section 7.3.1) or what is not (RFC 9991 section 4), and nothing
 * says which. "none" and both of them can be read in one way only: nothing is. */
static bool nothing_is_aligned(struct str list)
{
	struct str piece;
	bool spf = false, dkim = false;
	while (str_split(&list, ',', &piece)) {
		struct str word = str_trim(str_sub(piece, 0, str_find_char(piece, '(')));
		if (str_eq_nocase(word, STR("none")))
			return true;
		spf = spf || str_eq_nocase(word, STR("spf"));
		dkim = dkim || str_eq_nocase(word, STR("dkim"));
	}
	return spf && dkim;
}

static void read_alignment(struct recheck *recheck, struct str list)
{
	if (!says(&recheck->dmarc, STR("fail")) || !nothing_is_aligned(list))
		return;
	if (!recheck->spf.word.ptr)
		recheck->spf = (struct said){.word = NOT_ALIGNED, .alignment = true};
	if (!recheck->dkim.word.ptr)
		recheck->dkim = (struct said){.word = NOT_ALIGNED, .alignment = true};
}

static void read_reporter(struct recheck *recheck, const struct verify_reporter *reporter)
{
	read_results(recheck, reporter->authentication_results);
	read_failure(recheck, reporter->auth_failure);
	if (!recheck->dkim.domain.ptr && reporter->dkim_domain.len > 0)
		recheck->dkim.domain = first_name(reporter->dkim_domain);
	if (!recheck->dkim.selector.ptr && reporter->dkim_selector.len > 0)
		recheck->dkim.selector = first_name(reporter->dkim_selector);
	read_alignment(recheck, reporter->identity_alignment);
}

/* ---- what is found ---- */

/* Of an identifier, where nothing stands in its way. */
static struct finding find_alignment(const struct recheck *recheck, bool aligned)
{
	const struct verdict_dmarc *dmarc = &recheck->verdict->dmarc;
	if (aligned)
		return (struct finding){STR("aligned"), "we_pass", "it passes for its author's organisation"};
	if (dmarc->result != AUTH_PASS && dmarc->result != AUTH_FAIL)
		return (struct finding){STR("none"), "not_checkable", "DMARC cannot be evaluated now"};
	return (struct finding){NOT_ALIGNED, "same", "nothing passes for its author's organisation"};
}

static struct finding find_spf(const struct recheck *recheck)
{
	const struct verdict_spf *spf = recheck->verdict->spf.count > 0 ? &recheck->verdict->spf.at[0] : NULL;
	if (!spf || spf->ip.len == 0 || spf->domain.len == 0)
		return (struct finding){STR("none"), "not_checkable",
			"the report does not say which client sent it, or as whom"};
	struct str ours = str_from(auth_result_text(spf->result));
	if (spf->result == AUTH_TEMPERROR)
		return (struct finding){ours, "not_checkable", "the DNS does not answer now"};
	if (recheck->spf.alignment)
		return find_alignment(recheck, recheck->verdict->dmarc.spf_aligned);
	if (says(&recheck->spf, ours))
		return (struct finding){ours, "same", "the record gives the same result now"};
	if (spf->result == AUTH_PASS)
		return (struct finding){ours, "we_pass", "the record that is published now covers this client"};
	return (struct finding){ours, "dns_changed", spf->record.ptr ?
		"the record that is published now gives another result than the reporter had" :
		"there is no record now"};
}

static bool is_meant(const struct recheck *recheck, const struct verdict_dkim *dkim)
{
	const struct said *said = &recheck->dkim;
	return (!said->domain.ptr || str_eq_nocase(said->domain, dkim->domain)) &&
		(!said->selector.ptr || str_eq_nocase(said->selector, dkim->selector));
}

/* The signature that the reporter speaks of; of several the one that passes. */
static const struct verdict_dkim *find_signature(const struct recheck *recheck)
{
	const struct verdict_dkim *found = NULL;
	for (size_t i = 0; i < recheck->verdict->dkim.count; i++) {
		const struct verdict_dkim *dkim = &recheck->verdict->dkim.at[i];
		if (is_meant(recheck, dkim) && (!found || (dkim->result == AUTH_PASS && found->result != AUTH_PASS)))
			found = dkim;
	}
	return found;
}

static const char *cause_or(const struct recheck *recheck, const struct verdict_dkim *dkim, const char *otherwise)
{
	return dkim->cause.len > 0 ? arena_cstr(recheck->verify->arena, dkim->cause) : otherwise;
}

/* Why nothing certain can be said of this signature now; difference NULL: it can. */
static struct finding find_obstacle(const struct verdict_dkim *dkim)
{
	struct str neutral = STR("neutral");
	if (str_eq(dkim->reason, STR("no_body")))
		return (struct finding){neutral, "headers_only",
			"the header's signature is right; whether the body was changed cannot be seen without it"};
	if (str_eq(dkim->reason, STR("redacted")))
		return (struct finding){neutral, "redacted",
			"the sample is redacted, so that its signature cannot fit any more"};
	if (dkim->result == AUTH_TEMPERROR)
		return (struct finding){STR("temperror"), "not_checkable", "the DNS does not answer now"};
	if (str_eq(dkim->reason, STR("no_key")) || str_eq(dkim->reason, STR("key_revoked")))
		return (struct finding){neutral, "key_gone", "the key is not in the DNS any more"};
	if (dkim->signature_matches == MAYBE_NO && dkim->key_fits == MAYBE_NO && dkim->body_hash_matches != MAYBE_NO)
		return (struct finding){neutral, "key_rotated",
			"the key that is published now is not the one that signed"};
	return (struct finding){.difference = NULL};
}

/* By its domain alone: DMARC looks at no other signature. */
static bool may_be_aligned(const struct recheck *recheck, const struct verdict_dkim *dkim)
{
	const struct verdict_dmarc *dmarc = &recheck->verdict->dmarc;
	return !dmarc->org_domain.ptr || domain_is_or_below(dkim->domain, dmarc->org_domain);
}

/* The obstacle of a signature stands behind a DMARC result too. */
static bool find_obstacles(const struct recheck *recheck, struct str ours, struct finding *finding_r)
{
	for (size_t i = 0; i < recheck->verdict->dkim.count; i++) {
		const struct verdict_dkim *dkim = &recheck->verdict->dkim.at[i];
		*finding_r = find_obstacle(dkim);
		finding_r->ours = ours;
		if (finding_r->difference && may_be_aligned(recheck, dkim))
			return true;
	}
	return false;
}

static struct finding find_dkim(const struct recheck *recheck)
{
	const struct verdict_dkim *dkim = find_signature(recheck);
	struct finding obstacle;
	if (recheck->dkim.alignment)
		return !recheck->verdict->dmarc.dkim_aligned && find_obstacles(recheck, STR("neutral"), &obstacle) ?
			obstacle : find_alignment(recheck, recheck->verdict->dmarc.dkim_aligned);
	if (!dkim && recheck->verdict->dkim.count == 0 && says(&recheck->dkim, STR("none")))
		return (struct finding){STR("none"), "same", "there is no signature"};
	if (!dkim)
		return (struct finding){STR("none"), "not_checkable",
			"the signature that the reporter speaks of is not in the sample"};
	obstacle = find_obstacle(dkim);
	struct str ours = str_from(auth_result_text(dkim->result));
	bool doubtful = obstacle.difference && dkim->result == AUTH_FAIL;
	if (says(&recheck->dkim, ours) && !doubtful)
		return (struct finding){ours, "same", dkim->result == AUTH_PASS ? "the signature is right" :
			cause_or(recheck, dkim, "the signature does not fit the sample either")};
	if (obstacle.difference)
		return obstacle;
	if (dkim->result == AUTH_PASS)
		return (struct finding){ours, "we_pass",
			"the signature fits the sample as the reporter sends it, and the key of now"};
	if (says_pass(&recheck->dkim))
		return (struct finding){ours, dkim->body_hash_matches == MAYBE_NO ||
			dkim->signature_matches == MAYBE_NO ? "canonicalization" : "we_fail",
			cause_or(recheck, dkim, "the sample is not what was signed: changed on the way to its report")};
	return (struct finding){ours, dkim->result == AUTH_FAIL ? "same" : "we_fail",
		cause_or(recheck, dkim, "the signature does not fit the sample either")};
}

/* What stands behind a DMARC result that rests on a signature, or else on SPF. */
static struct finding explain_dmarc(const struct recheck *recheck, struct str ours)
{
	const struct verdict *verdict = recheck->verdict;
	struct finding obstacle;
	if (find_obstacles(recheck, ours, &obstacle))
		return obstacle;
	for (size_t i = 0; i < verdict->dkim.count; i++)
		if (verdict->dkim.at[i].result == AUTH_FAIL && may_be_aligned(recheck, &verdict->dkim.at[i]))
			return (struct finding){ours, "canonicalization",
				cause_or(recheck, &verdict->dkim.at[i], "the sample is not what was signed")};
	struct finding spf = find_spf(recheck);
	if (says(&recheck->spf, STR("pass")) && str_eq(str_from(spf.difference), STR("dns_changed")))
		return (struct finding){ours, spf.difference, spf.detail};
	return (struct finding){ours, "we_fail", "neither SPF nor a signature passes for its author now"};
}

static struct finding find_dmarc(const struct recheck *recheck)
{
	const struct verdict_dmarc *dmarc = &recheck->verdict->dmarc;
	struct str ours = str_from(auth_result_text(dmarc->result));
	struct finding obstacle;
	if (dmarc->result == AUTH_TEMPERROR)
		return (struct finding){ours, "not_checkable", "the DNS does not answer now"};
	if (str_eq(dmarc->reason, STR("redacted")))
		return (struct finding){ours, "redacted", "the sample does not show its author"};
	if (str_eq(dmarc->reason, STR("not_checkable")))
		return find_obstacles(recheck, ours, &obstacle) ? obstacle : (struct finding){ours, "not_checkable",
			dmarc->author_domain.ptr ? "the report does not say which client sent it, or as whom" :
			"the sample does not show its author"};
	if (says(&recheck->dmarc, ours))
		return (struct finding){ours, "same", dmarc->result == AUTH_PASS ? "an aligned identifier passes" :
			"neither SPF nor a signature passes for its author"};
	if (dmarc->result == AUTH_PASS)
		return (struct finding){ours, "we_pass", dmarc->dkim_aligned && dmarc->spf_aligned ?
			"SPF and a signature pass for its author" : dmarc->dkim_aligned ?
			"a signature passes for its author" : "SPF passes for its author"};
	if (dmarc->result == AUTH_FAIL)
		return explain_dmarc(recheck, ours);
	if (!dmarc->author_domain.ptr)
		return (struct finding){STR("none"), "not_checkable", "the sample does not name one author's domain"};
	return (struct finding){ours, "dns_changed", "no DMARC record that can be applied is published now"};
}

static void add(struct recheck *recheck, const char *method, const struct said *said,
	struct finding (*find)(const struct recheck *recheck))
{
	struct arena *arena = recheck->verify->arena;
	if (!said->word.ptr)
		return;
	struct finding finding = find(recheck);
	*VERDICT_ADD(arena, &recheck->verdict->recheck) = (struct verdict_recheck){
		.method = str_from(method),
		.reporter = verify_text(arena, said->word),
		.ours = finding.ours,
		.difference = str_from(finding.difference),
		.detail = verify_text(arena, str_from(finding.detail)),
	};
}

void recheck_compare(const struct verify *verify, const struct verify_reporter *reporter, struct verdict *verdict)
{
	struct recheck recheck = {.verify = verify, .verdict = verdict};
	read_reporter(&recheck, reporter);
	add(&recheck, "spf", &recheck.spf, find_spf);
	add(&recheck, "dkim", &recheck.dkim, find_dkim);
	add(&recheck, "dmarc", &recheck.dmarc, find_dmarc);
}
