// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "ingest/pipeline.h"

#include <string.h>

#define BATCH_BYTES ((uint64_t)32 * 1024 * 1024)
#define ONCE_PATIENCE_MSECS ((int64_t)30000)

enum err pipeline_reconnect(struct pipeline *pipeline, struct error *error)
{
	struct away *away = &pipeline->away;
	enum err err = ERR_TEMP;
	away_begin(away, error);
	for (;;) {
		if (!pipeline->options->wait_for_store && (err == ERR_DENIED || away_msecs(away) > ONCE_PATIENCE_MSECS))
			return err;
		pipeline_figures_say(pipeline, false);
		away_pause(away, pipeline->signal_fd);
		if (pipeline_stop_asked(pipeline))
			return err;
		err = store_reconnect(pipeline->store, error);
		if (err == ERR_OK)
			return ERR_OK;
	}
}

bool pipeline_wants_commit(const struct pipeline *pipeline)
{
	size_t held = pipeline->batch.count + pipeline->copies.count;
	if (held == 0)
		return false;
	return pipeline->batch.count >= PIPELINE_BATCH_MAX || pipeline->copies.count >= PIPELINE_BATCH_MAX ||
		pipeline->batch_records >= PIPELINE_BATCH_RECORDS || pipeline->flight_bytes >= BATCH_BYTES ||
		pipeline->waiting.count + pipeline->running.count == 0;
}

/* The connection broke at COMMIT: did it happen? *done_r when every sighting is there. */
static enum err look_whether_done(struct pipeline *pipeline, const struct put_mail *mails, size_t count,
	bool *done_r, struct error *error)
{
	struct sha256 sums[PIPELINE_BATCH_MAX];
	struct mail_source sources[PIPELINE_BATCH_MAX];
	struct known_mail known[PIPELINE_BATCH_MAX] = {{0}};
	enum err err;
	for (size_t i = 0; i < count; i++) {
		sums[i] = mails[i].sha256;
		sources[i] = mails[i].source;
	}
	do {
		err = pipeline_reconnect(pipeline, error);
		if (err)
			return err;
		err = put_known(pipeline->store, sums, sources, count, known, error);
	} while (err == ERR_TEMP);
	*done_r = !err;
	for (size_t i = 0; i < count && !err; i++)
		*done_r &= known[i].known && known[i].same_sighting;
	return err;
}

/* A try that found the sighting there found the one before it, whose answer was lost. */
static void keep_doubtful(struct put_mail *mails, const struct put_mail *doubtful, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (mails[i].same_sighting && !doubtful[i].same_sighting)
			mails[i] = doubtful[i];
}

/* All of them, or an error that no retry mends. */
static enum err put_all(struct pipeline *pipeline, struct put_mail *mails, size_t count, struct error *error)
{
	const struct put_options options = {
		.now_epoch_secs = clock_epoch_secs(),
		.keep_samples = pipeline->options->ruf_store != RUF_OFF,
	};
	struct put_mail given[PIPELINE_BATCH_MAX], doubtful[PIPELINE_BATCH_MAX];
	bool doubt = false;
	(void)memcpy(given, mails, count * sizeof(*mails));
	for (;;) {
		bool done = false;
		(void)memcpy(mails, given, count * sizeof(*mails));
		enum err err = put_batch(pipeline->store, mails, count, &options, error);
		if (doubt && (!err || err == ERR_UNCERTAIN))
			keep_doubtful(mails, doubtful, count);
		if (err == ERR_UNCERTAIN) {
			doubt = true;
			(void)memcpy(doubtful, mails, count * sizeof(*mails));
			err = look_whether_done(pipeline, mails, count, &done, error);
			if (err || done)
				return err;
		} else if (err == ERR_TEMP) {
			err = pipeline_reconnect(pipeline, error);
			if (err)
				return err;
		} else {
			away_end(&pipeline->away);
			return err;
		}
	}
}

static void log_settled(struct pipeline *pipeline, const struct taken *taken)
{
	struct log_line line;
	char id[TAKEN_ID_BYTES], messages[WIDE_TEXT_BYTES];
	const struct put_mail *put = &taken->put;
	bool bad = put->outcome == OUTCOME_QUARANTINED;
	uint64_t held_back = 0;
	enum pace_word word = pipeline->options->once ? PACE_WRITE :
		pace_ask(&pipeline->told[put->reason], clock_monotonic_msecs(), &held_back);
	if (word == PACE_HOLD)
		return;
	log_begin(&line, bad ? LOG_WARN_LEVEL : pipeline->options->once ? LOG_DEBUG_LEVEL : LOG_INFO_LEVEL,
		bad ? "mail quarantined" : "mail settled");
	log_cstr(&line, "mail", taken_id(taken, id));
	log_str(&line, "file", taken->source.file);
	log_cstr(&line, "outcome", mail_outcome_text(put->outcome));
	if (put->reason != REASON_NONE) {
		log_cstr(&line, "code", reason_code(put->reason));
		log_cstr(&line, "reason", reason_sentence(put->reason));
	}
	if (put->detail.len > 0)
		log_str(&line, "detail", put->detail);
	if (bad)
		log_cstr(&line, "kept", quarantine_path(pipeline->options->state_dir, &taken->sha256,
			taken->arena));
	if (put->outcome == OUTCOME_STORED) {
		log_u64(&line, "reports", put->reports);
		log_u64(&line, "records", put->records);
		log_cstr(&line, "messages", wide_text(put->messages, messages));
	}
	if (held_back > 0)
		log_u64(&line, "held_back", held_back);
	if (word == PACE_LAST)
		log_cstr(&line, "note", "more of these are counted, not told, until the minute is over");
	log_end(&line);
}

static void count(struct ingest_balance *balance, const struct put_mail *put)
{
	if (put->same_sighting)
		return;
	balance->mails++;
	if (put->copy) {
		balance->duplicate++;
		return;
	}
	switch (put->outcome) {
	case OUTCOME_STORED:
		balance->stored++;
		break;
	case OUTCOME_DUPLICATE:
		balance->duplicate++;
		break;
	case OUTCOME_NOT_A_REPORT:
		balance->not_a_report++;
		break;
	case OUTCOME_QUARANTINED:
		balance->quarantined++;
		break;
	}
	balance->reports += put->reports;
	balance->records += put->records;
	balance->messages += put->messages;
}

static void recycle_spool(struct pipeline *pipeline, struct taken *taken)
{
	if (taken->job.spool && pipeline->idle_spools_count < PIPELINE_BATCH_MAX) {
		spool_clear(taken->job.spool);
		pipeline->idle_spools[pipeline->idle_spools_count++] = taken->job.spool;
		taken->job.spool = NULL;
	}
}

/* Of a disk's trouble the first mail tells enough. */
static void log_not_moved(const struct pipeline *pipeline, const struct taken *taken, const struct error *error)
{
	struct log_line line;
	char id[TAKEN_ID_BYTES];
	if (pipeline->blocked || pipeline->pause.told)
		return;
	log_begin(&line, LOG_ERROR_LEVEL, "mail is stored, but cannot be moved");
	log_cstr(&line, "mail", taken_id(taken, id));
	log_error(&line, error);
	log_end(&line);
}

void pipeline_settle(struct pipeline *pipeline, struct taken *taken)
{
	struct error error = {0};
	if (taken->maildir &&
		maildir_finish(taken->maildir, taken->name, taken->in_cur, &error) != ERR_OK) {
		log_not_moved(pipeline, taken, &error);
		if (error.code != ERR_PERM)
			pipeline_block(pipeline, &error);
		else if (pipeline->trouble.code == ERR_OK)
			pipeline->trouble = error;
	}
	histogram_add(&pipeline->figures.durations, clock_monotonic_msecs() - taken->begun_msecs);
	source_settled(pipeline->source, taken);
	progress_add(&pipeline->progress, 1, taken->weight);
	pipeline->flight_bytes -= taken->bytes;
	recycle_spool(pipeline, taken);
	taken_free(&taken);
	fault_point("ingest.settled");
}

static void finish(struct pipeline *pipeline, struct taken *taken)
{
	count(pipeline->balance, &taken->put);
	log_settled(pipeline, taken);
	pipeline_settle(pipeline, taken);
}

/* Values that the server refuses are this mail's fault: it is set aside, or stays while there is no
 * room for it. An error is the server's, and nothing has become of the mail. */
static enum err settle_one(struct pipeline *pipeline, struct taken *taken, struct error *error)
{
	enum err err = put_all(pipeline, &taken->put, 1, error);
	if (err == ERR_INVALID) {
		struct error full = {0};
		struct str detail = arena_str(taken->arena, str_from(error->text));
		if (quarantine_keep(pipeline->quarantine, taken, &full) != ERR_OK) {
			pipeline_block(pipeline, &full);
			pipeline_leave(pipeline, taken, pipeline->pause.told ? NULL : &full);
			return ERR_OK;
		}
		taken->put = (struct put_mail){
			.sha256 = taken->sha256,
			.source = taken->source,
			.bytes = taken->bytes,
			.outcome = OUTCOME_QUARANTINED,
			.reason = REASON_STORE_REJECTED,
			.detail = detail,
		};
		err = put_all(pipeline, &taken->put, 1, error);
	}
	if (!err)
		finish(pipeline, taken);
	return err;
}

static enum err commit_batch(struct pipeline *pipeline, struct error *error)
{
	struct put_mail mails[PIPELINE_BATCH_MAX];
	struct taken *takens[PIPELINE_BATCH_MAX];
	enum err err = ERR_OK;
	size_t held = 0, done = 0;
	while (held < PIPELINE_BATCH_MAX && pipeline->batch.count > 0) {
		takens[held] = taken_list_pop(&pipeline->batch);
		mails[held] = takens[held]->put;
		held++;
	}
	pipeline->batch_records = 0;
	if (held > 0)
		err = put_all(pipeline, mails, held, error);
	fault_point("ingest.committed");
	for (size_t i = 0; i < held && !err; i++)
		takens[i]->put = mails[i];
	if (err == ERR_INVALID) {
		for (err = ERR_OK; done < held && !err; done += !err)
			err = settle_one(pipeline, takens[done], error);
	}
	for (; done < held; done++) {
		if (err)
			pipeline_leave(pipeline, takens[done], NULL);
		else
			finish(pipeline, takens[done]);
	}
	return err;
}

static bool is_settled(const struct pipeline *pipeline, const struct taken *taken)
{
	return !taken_list_find(&pipeline->waiting, &taken->sha256) &&
		!taken_list_find(&pipeline->running, &taken->sha256) &&
		!taken_list_find(&pipeline->batch, &taken->sha256);
}

/* A sighting counts once however often it is told. */
static enum err tell_copies(struct pipeline *pipeline, const struct sha256 *sums, const struct mail_source *sources,
	size_t count, struct copy_mail *copies_r, struct error *error)
{
	bool doubtful[PIPELINE_BATCH_MAX] = {false};
	for (;;) {
		enum err err = put_copies(pipeline->store, sums, sources, count, copies_r, error);
		for (size_t i = 0; i < count && (!err || err == ERR_UNCERTAIN); i++)
			doubtful[i] = copies_r[i].counted |= doubtful[i];
		if (err != ERR_UNCERTAIN && err != ERR_TEMP) {
			away_end(&pipeline->away);
			return err;
		}
		err = pipeline_reconnect(pipeline, error);
		if (err)
			return err;
	}
}

/* Further copies of mails that are settled by now. */
static enum err commit_copies(struct pipeline *pipeline, struct error *error)
{
	struct sha256 sums[PIPELINE_BATCH_MAX];
	struct mail_source sources[PIPELINE_BATCH_MAX];
	struct taken *takens[PIPELINE_BATCH_MAX];
	struct copy_mail copies[PIPELINE_BATCH_MAX];
	size_t held = 0;
	for (size_t i = pipeline->copies.count; i > 0 && held < PIPELINE_BATCH_MAX; i--) {
		struct taken *taken = taken_list_pop(&pipeline->copies);
		if (!is_settled(pipeline, taken)) {
			taken_list_add(&pipeline->copies, taken);
			continue;
		}
		takens[held] = taken;
		sums[held] = taken->sha256;
		sources[held++] = taken->source;
	}
	if (held == 0)
		return ERR_OK;
	enum err err = tell_copies(pipeline, sums, sources, held, copies, error);
	for (size_t i = 0; i < held; i++) {
		/* What it is a copy of may have been left where it is; so is it, then. */
		if (err || !copies[i].known) {
			pipeline_leave(pipeline, takens[i], NULL);
			continue;
		}
		takens[i]->put = (struct put_mail){
			.outcome = OUTCOME_DUPLICATE,
			.copy = true,
			.same_sighting = !copies[i].counted,
		};
		finish(pipeline, takens[i]);
	}
	return err;
}

enum err pipeline_commit(struct pipeline *pipeline, struct error *error)
{
	enum err err = commit_batch(pipeline, error);
	if (!err)
		err = commit_copies(pipeline, error);
	if (!err)
		err = source_sync(pipeline->source, error);
	return err;
}
