// SPDX-License-Identifier: Apache-2.0
#include "daemon/again.h"

#include "base/clock.h"
#include "ingest/load.h"
#include "pool/gzip.h"

#include <sysexits.h>

int again_open(const struct cli *cli, struct again *again_r)
{
	struct error error = {0};
	*again_r = (struct again){.cli = cli};
	const struct pool_options options = {
		.limits = &cli->config->limits,
		.require_confinement = cli->config->require_confinement,
	};
	int status = cmd_services(cli, CMD_READS, &again_r->services);
	if (status != EX_OK)
		return status;
	status = services_store_open(again_r->services, SERVICE_INGEST, &again_r->store, &error);
	if (status == EX_OK && pool_open(&options, &again_r->pool, &error) != ERR_OK)
		status = error.code == ERR_DENIED ? EX_NOPERM : EX_OSERR;
	if (status == EX_OK && quarantine_open(cli->config->state_dir, &cli->config->limits, &again_r->quarantine,
		&error) != ERR_OK)
		status = cli_status(&error);
	if (status == EX_OK) {
		again_r->spool = spool_open(SPOOL_MEMORY_BYTES, "/tmp");
		return EX_OK;
	}
	again_close(again_r);
	return cli_fail(status, &error);
}

void again_close(struct again *again)
{
	spool_close(&again->spool);
	quarantine_close(&again->quarantine);
	pool_close(&again->pool);
	store_close(&again->store);
	services_close(&again->services);
}

static void judge(struct again *again, const struct job_done *done, struct put_mail *put)
{
	static const enum reason reasons[] = {[JOB_CRASHED] = REASON_WORKER_CRASHED,
		[JOB_TIMEOUT] = REASON_WORKER_TIMEOUT, [JOB_MEMORY] = REASON_WORKER_MEMORY,
		[JOB_PROTOCOL] = REASON_WORKER_PROTOCOL};
	put->outcome = OUTCOME_QUARANTINED;
	if (done->end != JOB_DONE) {
		put->reason = reasons[done->end];
		return;
	}
	const struct mail_end *end = spool_mail_end(again->spool);
	put->reason = end->reason;
	put->detail = end->detail;
	switch (end->verdict) {
	case VERDICT_REPORTS:
		put->outcome = OUTCOME_STORED;
		put->spool = again->spool;
		put->local = !spool_mail_head(again->spool);
		if (!put->local)
			put->head = *spool_mail_head(again->spool);
		break;
	case VERDICT_NOT_A_REPORT:
		put->outcome = OUTCOME_NOT_A_REPORT;
		break;
	case VERDICT_REJECTED:
		break;
	}
}

enum err again_mail(struct again *again, struct str bytes, const char *file, bool keep_original,
	struct put_mail *put_r, struct error *error)
{
	const struct config *config = again->cli->config;
	struct job_done done;
	struct buf packed;
	struct taken *taken = taken_new();
	struct load *load = load_open(SIZE_MAX / 4, "/tmp");
	load_begin(load);
	load_add(load, bytes.ptr, bytes.len);
	enum err err = load_end(load, taken, error);
	load_close(&load);
	if (err) {
		taken_free(&taken);
		return err;
	}
	struct job job = {
		.kind = JOB_PARSE,
		.fd = taken->fd,
		.bytes = taken->bytes,
		.now_epoch_secs = clock_epoch_secs(),
		.spool = again->spool,
	};
	const struct put_options options = {
		.now_epoch_secs = job.now_epoch_secs,
		.keep_samples = config->ruf_store != RUF_OFF,
	};
	spool_reset(again->spool, &taken->sha256, &config->limits, job.now_epoch_secs);
	pool_run(again->pool, &job, &done);
	if (done.end == JOB_UNAVAILABLE) {
		taken_free(&taken);
		return (*error = done.detail).code;
	}
	*put_r = (struct put_mail){
		.sha256 = taken->sha256,
		.source = {.maildir = STR(""), .unique = STR(""), .file = str_from(file)},
		.bytes = taken->bytes,
	};
	judge(again, &done, put_r);
	buf_init(&packed, taken->bytes + taken->bytes / 8 + 4096);
	if (put_r->outcome == OUTCOME_QUARANTINED)
		err = quarantine_keep(again->quarantine, taken, error);
	if (put_r->outcome == OUTCOME_STORED && gzip_pack(taken->fd, taken->bytes, &packed)) {
		put_r->original = buf_str(&packed);
		put_r->keep_original = keep_original && taken_may_keep(again->spool, config->ruf_store);
	}
	if (!err)
		err = put_again(again->store, put_r, &options, error);
	put_r->original = STR_NONE;
	buf_fini(&packed);
	taken_free(&taken);
	return err;
}
