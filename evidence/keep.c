// SPDX-License-Identifier: Apache-2.0
#include "evidence/keep.h"

#include "base/clock.h"
#include "evidence/sample_judge.h"

#include <string.h>

void keep_begin(struct keep *keep, struct arena *arena, const struct stored_verdict *stored)
{
	const struct judged_mail *mail = &stored->mail;
	*keep = (struct keep){.arena = arena, .mail = *mail, .whole = true, .begun = true};
	keep->rows = ARENA_ARRAY(arena, mail->claims.count + 1, struct verdict_row);
	keep->findings = ARENA_ARRAY(arena, mail->claims.count + 1, struct report_finding);
	/* Of what the store has given only its keys are asked for again. */
	keep->mail.packed = keep->mail.maildir = keep->mail.file = STR_NONE;
	keep->mail.claims.at = NULL;
	keep->mail.reports = ARENA_ARRAY(arena, mail->claims.count + 1, struct judged_report);
	for (size_t i = 0; i < mail->claims.count; i++) {
		keep->mail.reports[i].report_no = mail->reports[i].report_no;
		keep->mail.reports[i].copy = mail->reports[i].copy;
		(void)memcpy(keep->mail.reports[i].key, mail->reports[i].key, sizeof(mail->reports[i].key));
		(void)memcpy(keep->mail.reports[i].day, mail->reports[i].day, sizeof(mail->reports[i].day));
		keep->mail.reports[i].domain = arena_str(arena, mail->reports[i].domain);
	}
}

static struct verify_list copy_list(struct arena *arena, const struct verify_list *list)
{
	struct verify_list copy = {.at = ARENA_ARRAY(arena, list->count + 1, struct str), .count = list->count};
	for (size_t i = 0; i < list->count; i++)
		copy.at[i] = arena_str(arena, list->at[i]);
	return copy;
}

void keep_add(struct keep *keep, const struct stored_verdict *stored, const struct repeated *repeated)
{
	uint64_t part = stored->row.part;
	if (!repeated || part > keep->mail.claims.count || keep->rows_count > keep->mail.claims.count) {
		keep->whole = false;
		return;
	}
	struct verdict_row *row = &keep->rows[keep->rows_count++];
	*row = repeated->row;
	row->helo = arena_str(keep->arena, row->helo);
	row->mail_from = arena_str(keep->arena, row->mail_from);
	row->trusted_hops = copy_list(keep->arena, &row->trusted_hops);
	row->authserv_ids = copy_list(keep->arena, &row->authserv_ids);
	row->pairs = copy_list(keep->arena, &row->pairs);
	if (part > 0) {
		keep->findings[part - 1].recheck = repeated->findings[0].recheck;
		keep->findings[part - 1].recheck_count = repeated->findings[0].recheck_count;
		return;
	}
	keep->sample = repeated->sample;
	for (size_t i = 0; i < repeated->findings_count; i++) {
		keep->findings[i].state = repeated->findings[i].state;
		keep->findings[i].domain = repeated->findings[i].domain;
		keep->findings[i].reasons = repeated->findings[i].reasons;
	}
}

enum err keep_put(struct keep *keep, const struct inventory *inventory, struct store *store, unsigned lease_secs,
	bool *kept_r, struct error *error)
{
	struct judgement judgement = {.mail = &keep->mail, .rows = keep->rows, .rows_count = keep->rows_count,
		.findings = keep->findings, .sample = keep->sample};
	*kept_r = false;
	keep->begun = false;
	if (!keep->whole || keep->rows_count == 0 || keep->rows[0].part != 0)
		return ERR_OK;
	judgement.judged_epoch_secs = keep->rows[0].judged_epoch_secs;
	enum err err = keep->sample ? sample_judge_probe(inventory, store, keep->arena, keep->sample, error) : ERR_OK;
	if (!err)
		err = verdict_take(store, clock_epoch_secs(), lease_secs, &keep->mail, kept_r, error);
	if (err || !*kept_r)
		return err;
	err = verdict_put(store, &judgement, 1, error);
	*kept_r = !err && judgement.written;
	return err;
}
