// SPDX-License-Identifier: Apache-2.0
#include "evidence/outcome.h"

#define TEXT_BYTES_MAX ((size_t)256 * 1024 * 1024)

enum auth_result outcome_dkim(const struct verdict *verdict)
{
	static const enum auth_result best[] = {AUTH_PASS, AUTH_TEMPERROR, AUTH_POLICY, AUTH_FAIL, AUTH_NEUTRAL,
		AUTH_PERMERROR};
	for (size_t rank = 0; rank < sizeof(best) / sizeof(best[0]); rank++)
		for (size_t i = 0; i < verdict->dkim.count; i++)
			if (verdict->dkim.at[i].result == best[rank])
				return best[rank];
	return AUTH_NONE;
}

enum auth_result outcome_spf(const struct verdict *verdict)
{
	return verdict->spf.count > 0 ? verdict->spf.at[0].result : AUTH_NONE;
}

struct str outcome_text(struct arena *arena, const struct verdict *verdict)
{
	struct buf out;
	struct json json;
	buf_init(&out, TEXT_BYTES_MAX);
	json_init(&json, &out);
	verdict_json(&json, verdict);
	struct str text = arena_str(arena, buf_str(&out));
	buf_fini(&out);
	return text;
}

void outcome_row(struct arena *arena, const struct verdict *verdict, struct verdict_row *row)
{
	row->spf = str_from(auth_result_text(outcome_spf(verdict)));
	row->dkim = str_from(auth_result_text(outcome_dkim(verdict)));
	row->dmarc = str_from(auth_result_text(verdict->dmarc.result));
	row->arc = str_from(auth_result_text(verdict->arc.result));
	row->author_domain = arena_str(arena, verdict->dmarc.author_domain);
	row->verdict = outcome_text(arena, verdict);
	row->answers = arena_str(arena, verdict->answers.ptr ? verdict->answers : STR(""));
}

bool outcome_temporary(const struct verdict *verdict)
{
	return verdict->dmarc.result == AUTH_TEMPERROR || outcome_spf(verdict) == AUTH_TEMPERROR ||
		outcome_dkim(verdict) == AUTH_TEMPERROR;
}

bool outcome_undecided(const struct judged_mail *mail, const struct verdict *verdict)
{
	if (mail->claims.count == 0)
		return verdict->dmarc.result == AUTH_TEMPERROR;
	for (size_t i = 0; i < verdict->provenance.count; i++)
		if (str_eq(verdict->provenance.at[i].state, STR("pending")))
			return true;
	return false;
}

bool outcome_findings(struct arena *arena, const struct judged_mail *mail, const struct verdict *verdict,
	struct report_finding *findings)
{
	if (verdict->provenance.count != mail->claims.count)
		return false;
	for (size_t i = 0; i < mail->claims.count; i++) {
		const struct verdict_provenance *found = &verdict->provenance.at[i];
		if (found->report_no != mail->claims.at[i].report_no)
			return false;
		findings[i].state = arena_str(arena, found->state);
		findings[i].domain = arena_str(arena, found->domain);
		findings[i].reasons = arena_str(arena, found->reasons);
	}
	return true;
}

void outcome_recheck(struct arena *arena, const struct verdict *verdict, struct report_finding *finding)
{
	struct verdict_recheck *items = ARENA_ARRAY(arena, verdict->recheck.count + 1, struct verdict_recheck);
	for (size_t i = 0; i < verdict->recheck.count; i++) {
		const struct verdict_recheck *found = &verdict->recheck.at[i];
		items[i] = (struct verdict_recheck){arena_str(arena, found->method), arena_str(arena, found->reporter),
			arena_str(arena, found->ours), arena_str(arena, found->difference),
			arena_str(arena, found->detail)};
	}
	finding->recheck = items;
	finding->recheck_count = verdict->recheck.count;
}

void outcome_give_up(struct arena *arena, const struct judged_mail *mail, const char *reason,
	struct report_finding *findings)
{
	for (size_t i = 0; i < mail->claims.count; i++) {
		struct str known = findings[i].reasons;
		findings[i].state = STR("unverified");
		findings[i].reasons = str_from(arena_printf(arena, "%.*s%s%s", STR_FMT(known), known.len > 0 ? " " : "",
			reason));
	}
}
