// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "evidence/judge.h"
#include "evidence/outcome.h"
#include "evidence/sample_judge.h"

#define ARENA_BYTES ((size_t)2 * 1024 * 1024 * 1024)

enum err batch_lease(struct judge *judge, struct batch *batch, struct error *error)
{
	unsigned lease_secs = (unsigned)judge->limits.verify_lease_secs;
	size_t count = 0;
	if (!batch->arena)
		batch->arena = arena_open(ARENA_BYTES);
	arena_reset(batch->arena);
	enum err err = verdict_lease(judge->store, clock_epoch_secs(), lease_secs, JUDGE_BATCH_MAX,
		judge->batches[0].count + judge->batches[1].count == 0, batch->arena, &batch->mails, &count, error);
	if (err)
		return err;
	for (size_t i = 0; i < count; i++)
		hearing_begin(&batch->hearings[i], batch->arena, &batch->mails[i],
			judge->options->inventory, limits_file_bytes(&judge->limits));
	batch->count = count;
	batch->until_msecs = clock_monotonic_msecs() + (int64_t)lease_secs * 500;
	if (count > 0)
		fault_point("verify.leased");
	return ERR_OK;
}

bool batch_is_alone(const struct batch *batch)
{
	return batch->count == 1 && batch->mails[0].tries > VERDICT_DEATHS;
}

bool batch_is_over(const struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		if (batch->hearings[i].state == HEARING_READY || batch->hearings[i].state == HEARING_RUNNING)
			return false;
	return true;
}

void batch_give_back(struct batch *batch, enum hearing_state state, const char *problem)
{
	for (size_t i = 0; i < batch->count; i++)
		if (batch->hearings[i].state == state)
			hearing_defer(&batch->hearings[i], clock_epoch_secs(), true, problem);
}

static void log_problem(const struct hearing *hearing)
{
	struct log_line line;
	char hex[SHA256_HEX_BYTES];
	log_begin(&line, LOG_WARN_LEVEL, "a mail could not be verified");
	log_str(&line, "mail", str_sub(str_from(sha256_hex(&hearing->mail->sha256, hex)), 0, 8));
	log_error(&line, &hearing->problem);
	log_end(&line);
}

static void count(struct evidence_balance *balance, const struct hearing *hearing)
{
	balance->mails++;
	for (size_t i = 0; i < hearing->mail->claims.count; i++) {
		struct str state = hearing->findings[i].state;
		balance->verified += str_eq(state, STR("verified"));
		balance->plausible += str_eq(state, STR("plausible"));
		balance->unverified += str_eq(state, STR("unverified"));
		balance->contradicted += str_eq(state, STR("contradicted"));
	}
}

static void free_batch(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		hearing_end(&batch->hearings[i]);
	batch->count = 0;
}

static struct judgement judgement_of(const struct hearing *hearing)
{
	if (hearing->finding && hearing->rows_count == 0)
		*hearing->finding = (struct sample_finding){.problem = hearing->problem.code == ERR_NOTFOUND ?
			STR("original.gone") : STR("verifier.failed")};
	return (struct judgement){.mail = hearing->mail, .judged_epoch_secs = hearing->judged_epoch_secs,
		.rows = hearing->rows, .rows_count = hearing->rows_count, .findings = hearing->findings,
		.sample = hearing->finding};
}

/* Probes that no mark of a server tells apart. */
static enum err know_probes(struct judge *judge, struct batch *batch, struct error *error)
{
	enum err err = ERR_OK;
	for (size_t i = 0; i < batch->count && !err; i++)
		if (batch->hearings[i].finding)
			err = sample_judge_probe(judge->options->inventory, judge->store, batch->arena,
				batch->hearings[i].finding, error);
	return err;
}

/* The server refuses what was found of one of them: they are told one by one, and that one without. */
static enum err put_singly(struct judge *judge, struct batch *batch, struct judgement *judgements, size_t judged,
	struct error *error)
{
	enum err err = ERR_OK;
	for (size_t i = 0; i < judged && !err; i++) {
		err = verdict_put(judge->store, &judgements[i], 1, error);
		if (err != ERR_INVALID)
			continue;
		struct hearing *hearing = &batch->hearings[judgements[i].mail - batch->mails];
		hearing->problem = *error;
		hearing->rows_count = 0;
		for (size_t n = 0; n < hearing->mail->claims.count; n++)
			hearing->findings[n] = (struct report_finding){0};
		outcome_give_up(batch->arena, hearing->mail, "verifier.failed", hearing->findings);
		judgements[i] = judgement_of(hearing);
		err = verdict_put(judge->store, &judgements[i], 1, error);
	}
	return err;
}

enum err batch_put(struct judge *judge, struct batch *batch, struct error *error)
{
	struct judgement judgements[JUDGE_BATCH_MAX];
	struct verdict_later laters[JUDGE_BATCH_MAX];
	size_t judged = 0, later = 0;
	enum err err = know_probes(judge, batch, error);
	for (size_t i = 0; i < batch->count; i++) {
		if (batch->hearings[i].state == HEARING_JUDGED)
			judgements[judged++] = judgement_of(&batch->hearings[i]);
		else
			laters[later++] = batch->hearings[i].later;
	}
	fault_point("verify.judged");
	if (!err && judged > 0)
		err = verdict_put(judge->store, judgements, judged, error);
	if (err == ERR_INVALID)
		err = put_singly(judge, batch, judgements, judged, error);
	fault_point("verify.put");
	if (!err && later > 0)
		err = verdict_defer(judge->store, laters, later, error);
	if (err)
		return err;
	for (size_t i = 0; i < judged; i++) {
		const struct hearing *hearing = &batch->hearings[judgements[i].mail - batch->mails];
		if (hearing->problem.code)
			log_problem(hearing);
		if (judgements[i].written)
			count(judge->balance, hearing);
	}
	for (size_t i = 0; i < later; i++)
		judge->balance->deferred += !laters[i].untried;
	free_batch(batch);
	return ERR_OK;
}

void batch_drop(struct batch *batch)
{
	free_batch(batch);
	if (batch->arena)
		arena_close(&batch->arena);
}
