// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "ingest/pipeline.h"
#include "pool/gzip.h"

static struct spool *take_spool(struct pipeline *pipeline)
{
	if (pipeline->idle_spools_count > 0)
		return pipeline->idle_spools[--pipeline->idle_spools_count];
	return spool_open(SPOOL_MEMORY_BYTES, pipeline->spool_directory);
}

/* A clock before the build is wrong, and no reason to find that reports come from the future. */
static int64_t now(const struct pipeline *pipeline)
{
	int64_t clock = clock_epoch_secs();
	return clock > pipeline->options->built_epoch_secs ? clock : pipeline->options->built_epoch_secs;
}

void pipeline_submit(struct pipeline *pipeline)
{
	while (pool_free_slots(pipeline->pool) > 0 && pipeline->waiting.count > 0 &&
		pipeline->batch_records < PIPELINE_BATCH_RECORDS) {
		struct taken *taken = taken_list_pop(&pipeline->waiting);
		taken->job = (struct job){
			.kind = JOB_PARSE,
			.fd = taken->fd,
			.bytes = taken->bytes,
			.now_epoch_secs = now(pipeline),
			.spool = take_spool(pipeline),
			.context = taken,
		};
		spool_reset(taken->job.spool, &taken->sha256, pipeline->options->limits,
			taken->job.now_epoch_secs);
		taken_list_add(&pipeline->running, taken);
		pool_submit(pipeline->pool, &taken->job);
		fault_point("ingest.submitted");
	}
}

static void fill_put(struct taken *taken, enum mail_outcome outcome, enum reason reason, struct str detail)
{
	const struct mail_head *head =
		taken->job.spool ? spool_mail_head(taken->job.spool) : NULL;
	taken->put = (struct put_mail){
		.sha256 = taken->sha256,
		.source = taken->source,
		.bytes = taken->bytes,
		.outcome = outcome,
		.reason = reason,
		.detail = arena_str(taken->arena, detail),
		.local = outcome == OUTCOME_STORED && !head,
	};
	if (head)
		taken->put.head = *head;
}

void pipeline_leave(struct pipeline *pipeline, struct taken *taken, const struct error *error)
{
	struct log_line line;
	char id[TAKEN_ID_BYTES];
	if (error) {
		log_begin(&line, LOG_ERROR_LEVEL, "mail left where it is");
		log_cstr(&line, "mail", taken_id(taken, id));
		log_str(&line, "file", taken->source.file);
		log_error(&line, error);
		log_end(&line);
	}
	pipeline->flight_bytes -= taken->bytes;
	taken_free(&taken);
}

void pipeline_block(struct pipeline *pipeline, const struct error *error)
{
	pipeline->blocked = true;
	if (pipeline->trouble.code == ERR_OK)
		pipeline->trouble = *error;
}

void pipeline_quarantine(struct pipeline *pipeline, struct taken *taken, enum reason reason,
	struct str detail)
{
	struct error error = {0};
	if (quarantine_keep(pipeline->quarantine, taken, &error) != ERR_OK) {
		pipeline_block(pipeline, &error);
		pipeline_leave(pipeline, taken, pipeline->pause.told ? NULL : &error);
		return;
	}
	fill_put(taken, OUTCOME_QUARANTINED, reason, detail);
	taken_list_add(&pipeline->batch, taken);
}

static void add_original(const struct pipeline *pipeline, struct taken *taken)
{
	struct buf packed;
	size_t ceiling = taken->bytes + taken->bytes / 8 + 4096;
	if (taken->put.local && !pipeline->options->keep_originals)
		return;
	buf_init(&packed, ceiling);
	/* Bytes that do not pack are no reason to lose the reports in them. */
	if (gzip_pack(taken->fd, taken->bytes, &packed)) {
		taken->packed = packed;
		taken->put.original = buf_str(&taken->packed);
		taken->put.keep_original = pipeline->options->keep_originals &&
			taken_may_keep(taken->job.spool, pipeline->options->ruf_store);
	} else {
		buf_fini(&packed);
	}
}

static void judge(struct pipeline *pipeline, struct taken *taken)
{
	const struct mail_end *end = spool_mail_end(taken->job.spool);
	switch (end->verdict) {
	case VERDICT_REPORTS:
		fill_put(taken, OUTCOME_STORED, REASON_NONE, STR(""));
		taken->put.spool = taken->job.spool;
		for (size_t i = 0; i < spool_reports_count(taken->job.spool); i++)
			pipeline->batch_records += spool_report_at(taken->job.spool, i)->totals.records;
		add_original(pipeline, taken);
		taken_list_add(&pipeline->batch, taken);
		break;
	case VERDICT_NOT_A_REPORT:
		fill_put(taken, OUTCOME_NOT_A_REPORT, end->reason, end->detail);
		taken_list_add(&pipeline->batch, taken);
		break;
	case VERDICT_REJECTED:
		pipeline_quarantine(pipeline, taken, end->reason, end->detail);
		break;
	}
}

static void log_worker(const struct taken *taken, const struct job_done *done)
{
	struct log_line line;
	char id[TAKEN_ID_BYTES];
	log_begin(&line, LOG_WARN_LEVEL, "worker failed on a mail");
	log_cstr(&line, "mail", taken_id(taken, id));
	log_str(&line, "file", taken->source.file);
	log_u64(&line, "tries", done->tries);
	log_error(&line, &done->detail);
	log_end(&line);
}

void pipeline_collect(struct pipeline *pipeline)
{
	struct job_done done;
	while (pool_next(pipeline->pool, &done)) {
		struct taken *taken = done.job->context;
		taken_list_remove(&pipeline->running, taken);
		fault_point("ingest.parsed");
		if (done.end == JOB_DONE) {
			judge(pipeline, taken);
			continue;
		}
		spool_close(&taken->job.spool);
		if (done.end == JOB_UNAVAILABLE) {
			pipeline_block(pipeline, &done.detail);
			pipeline_leave(pipeline, taken, &done.detail);
			continue;
		}
		log_worker(taken, &done);
		pipeline_quarantine(pipeline, taken, job_end_reason(done.end), str_from(done.detail.text));
	}
}
