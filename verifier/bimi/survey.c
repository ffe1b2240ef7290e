// SPDX-License-Identifier: Apache-2.0
#include "verifier/survey_bimi.h"

#include "verifier/bimi/discover.h"
#include "verifier/bimi/gate.h"

#define RECORD_LIKE "v=BIMI1; l=https://HOST/logo.svg; a=https://HOST/mark.pem"

struct survey {
	struct arena *arena;
	struct verdict *verdict;
	struct str name; /* of the record, there or missing */
};

static void advise(const struct survey *survey, const char *severity, const char *code, struct str record,
	const char *text)
{
	*VERDICT_ADD(survey->arena, &survey->verdict->advice) = (struct verdict_advice){
		.severity = str_from(severity),
		.code = str_from(code),
		.name = survey->name,
		.type = STR("TXT"),
		.record = record,
		.text = str_from(text),
	};
}

/* A declined one is as its owner wants it. */
static void advise_record(const struct survey *survey, const struct bimi_discovery *found)
{
	if (found->result == AUTH_NONE)
		advise(survey, "info", "bimi.none", STR(RECORD_LIKE),
			"no logo is published; \"v=BIMI1; l=; a=;\" would say so on purpose");
	if (found->result == AUTH_TEMPERROR)
		advise(survey, "warning", "bimi.dns", STR_NONE, arena_cstr(survey->arena, found->detail));
	if (found->result == AUTH_FAIL)
		advise(survey, "warning", "bimi.record", found->record.reason ? STR(RECORD_LIKE) : STR_NONE,
			arena_printf(survey->arena, "receivers ignore the record: %.*s", STR_FMT(found->detail)));
	if (found->result == AUTH_PASS && found->record.evidence.len == 0)
		advise(survey, "info", "bimi.no_evidence", STR(RECORD_LIKE),
			"large receivers show a logo only with a mark certificate (a=)");
	if (found->result == AUTH_PASS && found->record.location.len == 0)
		advise(survey, "info", "bimi.no_location", STR(RECORD_LIKE),
			"receivers that read no certificates need l=");
}

void survey_bimi(const struct verify *verify, const struct dmarc_options *options, struct str domain,
	struct str selector, struct verdict *verdict)
{
	struct arena *arena = verify->arena;
	struct survey survey = {.arena = arena, .verdict = verdict};
	struct bimi_discovery found;
	struct bimi_gate gate;
	struct str org;
	struct verify quiet = *verify; /* the survey of DMARC has told of it */
	quiet.trace = NULL;
	if (!dmarc_org_domain(&quiet, options, domain, &org))
		org = STR_NONE;
	bimi_discover(verify, domain, org, selector.len > 0 ? selector : BIMI_SELECTOR_DEFAULT, STR_NONE, &found);
	survey.name = str_from(arena_printf(arena, "%.*s._bimi.%.*s", STR_FMT(found.selector), STR_FMT(found.domain)));
	verdict->bimi = (struct verdict_bimi){
		.result = found.result,
		.domain = verify_text(arena, found.domain),
		.selector = verify_text(arena, found.selector),
		.record = verify_text(arena, found.text),
		.location = verify_text(arena, found.record.location),
		.evidence = verify_text(arena, found.record.evidence),
		.preference = found.record.preference,
		.reason = str_from(found.reason),
		.detail = verify_text(arena, found.detail),
	};
	trace_add(verify, &(struct trace_step){.part = STR("bimi"), .kind = STR("result"), .name = verdict->bimi.domain,
		.result = str_from(auth_result_text(found.result)), .note = verdict->bimi.detail});
	advise_record(&survey, &found);
	if (found.result != AUTH_PASS)
		return;
	bimi_gate_domain(verify, options, domain, &gate);
	if (gate.result != AUTH_PASS)
		advise(&survey, "warning", "bimi.policy", STR_NONE, arena_printf(arena,
			"no logo is shown as long as %.*s", STR_FMT(gate.detail)));
}
