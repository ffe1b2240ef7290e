// SPDX-License-Identifier: Apache-2.0
#include "verifier/survey.h"

#include "verifier/dmarc/walk.h"
#include "verifier/domain.h"
#include "verifier/survey/advice.h"

#define WALKED_LABELS 8 /* RFC 9989 section 4.10: what has more is jumped over */

struct look {
	struct survey survey;
	const struct dmarc_options *options;
	struct str domain;
	struct str name; /* _dmarc.domain */
	struct dmarc_discovery found;
	struct verdict_dmarc *dmarc;
};

static void fill(struct look *look)
{
	const struct dmarc_discovery *found = &look->found;
	const struct verify *verify = look->survey.verify;
	struct dmarc_options walk = {.method = DMARC_TREEWALK};
	struct verdict_dmarc *dmarc = look->dmarc;
	bool by_psl = look->options->method == DMARC_PSL;
	*dmarc = (struct verdict_dmarc){
		.result = found->failed ? AUTH_TEMPERROR : found->policy != DMARC_POLICY_ABSENT ? AUTH_PASS :
			found->found ? AUTH_PERMERROR : AUTH_NONE,
		.method = by_psl ? STR("psl") : STR("treewalk"),
		.author_domain = look->domain,
		.author_exists = found->author_exists,
		.org_domain = found->org_domain,
		.org_domain_walk = found->org_domain,
		.policy_domain = found->domain,
		.reason = str_from(found->reason),
	};
	if (look->options->psl)
		dmarc->org_domain_psl = psl_org_domain(look->options->psl, verify->arena, look->domain);
	if (by_psl && !dmarc_org_domain(verify, &walk, look->domain, &dmarc->org_domain_walk))
		dmarc->org_domain_walk = STR_NONE;
	if (!found->found)
		return;
	dmarc->record = verify_text(verify->arena, found->record.text);
	dmarc->adkim = found->record.adkim_strict ? STR("s") : STR("r");
	dmarc->aspf = found->record.aspf_strict ? STR("s") : STR("r");
	dmarc->testing = found->record.testing && !by_psl;
	if (found->policy != DMARC_POLICY_ABSENT)
		dmarc->policy = str_from(dmarc_policy_word(found->policy));
	dmarc->policy_tag = str_from(found->policy_tag);
}

/* What stands at the name itself and is not used; false: nothing. */
static bool advise_texts(const struct look *look)
{
	const struct verify *verify = look->survey.verify;
	const struct dns_answer *answer = dns_query(verify->dns, verify->arena, look->name, DNS_TXT);
	struct dmarc_record record;
	size_t records = 0, others = 0;
	for (size_t i = 0; i < answer->count; i++) {
		if (dmarc_record_parse(verify->arena, answer->records[i].text, &record)) {
			records++;
		} else if (dmarc_record_meant(answer->records[i].text)) {
			others++;
			survey_advise(&look->survey, "high", "dmarc.not_a_record", look->name, NULL,
				"\"%.*s\" is no DMARC record: it has to begin with v=DMARC1; in these letters",
				STR_FMT(answer->records[i].text));
		}
	}
	if (records > 1)
		survey_advise(&look->survey, "high", "dmarc.several_records", look->name, NULL,
			"%zu DMARC records at one name: receivers drop all of them, keep one", records);
	return records > 1 || others > 0;
}

/* unused: one stands there, which is to be mended and no other added. */
static void advise_missing(const struct look *look, bool unused)
{
	struct arena *arena = look->survey.verify->arena;
	const char *plain = arena_printf(arena, "v=DMARC1; p=none; rua=mailto:dmarc-reports@%.*s",
		STR_FMT(look->domain));
	if (look->found.failed)
		survey_advise(&look->survey, "warning", "dmarc.dns", look->name, NULL,
			"DNS fails on the way to the DMARC record: receivers see a temporary error");
	else if (!look->found.found && !unused)
		survey_advise(&look->survey, "high", "dmarc.missing", look->name, plain,
			"no DMARC record applies to %.*s: begin with p=none and read the reports",
				STR_FMT(look->domain));
	else if (look->found.found && look->found.policy == DMARC_POLICY_ABSENT)
		survey_advise(&look->survey, "high", "dmarc.policy_invalid",
			survey_name(&look->survey, "_dmarc", look->found.domain), plain,
			"the record says no valid policy and asks for no reports: it has no effect (RFC 9989 section "
			"4.10.1)");
	if (!look->found.found && domain_labels(look->domain) > WALKED_LABELS)
		survey_advise(&look->survey, "warning", "dmarc.deep", look->name, plain,
			"a name of more than 8 labels has to have a record of its own (RFC 9989 section 5.1.8)");
}

/* Its policy is none for an error in it. */
static bool is_mended(const struct look *look)
{
	const struct dmarc_record *record = &look->found.record;
	bool with_np = look->options->method != DMARC_PSL;
	return record->p == DMARC_POLICY_ABSENT || record->p == DMARC_POLICY_INVALID ||
		record->sp == DMARC_POLICY_INVALID || (with_np && record->np == DMARC_POLICY_INVALID);
}

static void advise_policy(const struct look *look)
{
	const struct dmarc_record *record = &look->found.record;
	struct str at = survey_name(&look->survey, "_dmarc", look->found.domain);
	enum dmarc_policy below = record->sp != DMARC_POLICY_ABSENT ? record->sp : record->p;
	for (size_t i = 0; i < record->problems_count; i++)
		survey_advise(&look->survey, "info", "dmarc.record", at, NULL, "%.*s", STR_FMT(record->problems[i]));
	if (look->found.policy == DMARC_POLICY_NONE && is_mended(look))
		survey_advise(&look->survey, "warning", "dmarc.policy_broken", at, NULL,
			"a policy in the record is missing or none that exists: the whole record counts as p=none "
			"(RFC 9989 section 4.10.1)");
	else if (look->found.policy == DMARC_POLICY_NONE)
		survey_advise(&look->survey, "info", "dmarc.policy_none", at, NULL,
			"%s=none asks receivers for reports only: step on to quarantine once they show no mail of yours"
			" that fails",
			look->found.policy_tag);
	if (record->sp != DMARC_POLICY_ABSENT && !str_eq(look->dmarc->org_domain, look->found.domain))
		survey_advise(&look->survey, "info", "dmarc.sp_unused", at, NULL,
			"sp has no effect here: %.*s is not its own Organizational Domain",
				STR_FMT(look->found.domain));
	else if (below < record->p && record->p <= DMARC_POLICY_REJECT)
		survey_advise(&look->survey, "warning", "dmarc.sp_weaker", at, NULL,
			"sp=%s is weaker than p=%s: names below the domain are easier to forge than the domain",
			dmarc_policy_word(below), dmarc_policy_word(record->p));
	if (record->np != DMARC_POLICY_ABSENT && record->np < below && below <= DMARC_POLICY_REJECT)
		survey_advise(&look->survey, "warning", "dmarc.np_weaker", at, NULL,
			"np=%s is weaker than what holds for names that exist (%s)", dmarc_policy_word(record->np),
			dmarc_policy_word(below));
	if (look->dmarc->testing)
		survey_advise(&look->survey, "info", "dmarc.testing", at, NULL,
			"t=y: receivers apply one level less than %s", dmarc_policy_word(look->found.policy));
	if (look->found.policy == DMARC_POLICY_REJECT && look->survey.verdict->dkim.count == 0)
		survey_advise(&look->survey, "info", "dmarc.no_dkim", at, NULL,
			"p=reject, and no DKIM key is known here: mail that is forwarded passes by DKIM only");
}

static void advise_org_domain(const struct look *look)
{
	const struct verdict_dmarc *dmarc = look->dmarc;
	struct str org = dmarc->org_domain_walk, listed = dmarc->org_domain_psl;
	bool suffix = org.ptr && !str_eq(org, look->domain) &&
		(listed.ptr ? !str_eq(org, listed) && domain_is_or_below(listed, org) : domain_labels(org) == 1);
	if (suffix)
		survey_advise(&look->survey, "warning", "dmarc.parent", survey_name(&look->survey, "_dmarc",
			listed.ptr ? listed : look->domain), NULL,
			"%.*s has a record without psd=y and so is the Organizational Domain of all names below it: a "
			"record with psd=n keeps your names apart", STR_FMT(org));
	if (listed.ptr && org.ptr && !str_eq(listed, org))
		survey_advise(&look->survey, "warning", "dmarc.org_domain_differs", look->domain, NULL,
			"receivers differ on the Organizational Domain: %.*s by RFC 9989 (tree walk), "
			"%.*s by RFC 7489 (public suffix list)", STR_FMT(org), STR_FMT(listed));
}

static void advise_destination(const struct look *look, enum dmarc_report kind, struct str uri)
{
	struct dmarc_destination at;
	const char *tag = kind == DMARC_RUA ? "rua" : "ruf";
	enum maybe wanted = dmarc_external(look->survey.verify, look->options, look->found.domain, kind, uri, &at);
	if (wanted == MAYBE_NO)
		survey_advise(&look->survey, at.asked.ptr ? "high" : "warning", "dmarc.rua_unreachable", at.asked,
			at.mendable ? "v=DMARC1" : NULL, "no reports about %.*s will reach %s=%.*s: %s",
			STR_FMT(look->found.domain), tag, STR_FMT(uri), at.why);
	else if (wanted == MAYBE_UNKNOWN)
		survey_advise(&look->survey, "info", "dmarc.rua_dns", at.asked, NULL,
			"DNS does not say whether %s=%.*s takes reports about %.*s", tag, STR_FMT(uri),
				STR_FMT(look->found.domain));
	else if (at.instead.ptr)
		survey_advise(&look->survey, "info", "dmarc.rua_replaced", at.asked, NULL,
			"reports about %.*s for %s=%.*s go to %.*s instead, as its host wants it",
			STR_FMT(look->found.domain), tag, STR_FMT(uri), STR_FMT(at.instead));
}

void survey_dmarc(const struct verify *verify, const struct dmarc_options *options, struct str domain,
	struct verdict *verdict)
{
	struct look look = {.survey = {verify, verdict}, .options = options, .domain = domain,
		.dmarc = &verdict->dmarc};
	look.name = survey_name(&look.survey, "_dmarc", domain);
	dmarc_discover(verify, options, domain, &look.found);
	fill(&look);
	advise_missing(&look, advise_texts(&look));
	advise_org_domain(&look);
	if (!look.found.found)
		return;
	advise_policy(&look);
	for (size_t i = 0; i < look.found.record.rua_count; i++)
		advise_destination(&look, DMARC_RUA, look.found.record.rua[i]);
	for (size_t i = 0; i < look.found.record.ruf_count; i++)
		advise_destination(&look, DMARC_RUF, look.found.record.ruf[i]);
}
