// SPDX-License-Identifier: Apache-2.0
#include "evidence/hearing.h"

#include "base/clock.h"
#include "base/write.h"
#include "evidence/outcome.h"
#include "evidence/request.h"
#include "evidence/sample_judge.h"
#include "pool/gzip.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define TRIES_MAX 2
#define LEASES_MAX 30u /* in three days the DNS alone may cost some twenty (serve.c) */

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

void hearing_begin(struct hearing *hearing, struct arena *arena, const struct judged_mail *mail,
	const struct inventory *inventory, uint64_t bytes_max)
{
	*hearing = (struct hearing){
		.mail = mail,
		.arena = arena,
		.state = HEARING_READY,
		.judged_epoch_secs = clock_epoch_secs(),
		.job = {.fd = -1, .dns_fd = -1},
		.rows = ARENA_ARRAY(arena, mail->claims.count + 1, struct verdict_row),
		.findings = ARENA_ARRAY(arena, mail->claims.count + 1, struct report_finding),
		.inventory = inventory,
		.finding = mail->kind == JUDGED_SAMPLE ? ARENA_NEW(arena, struct sample_finding) : NULL,
	};
	buf_init(&hearing->bytes, (size_t)bytes_max + 1);
	buf_init(&hearing->sample, (size_t)bytes_max + 1);
}

bool hearing_open(struct hearing *hearing)
{
	const struct judged_mail *mail = hearing->mail;
	if (mail->tries > LEASES_MAX) {
		(void)error_set(&hearing->problem, ERR_LIMIT, "%u judges died or failed under it", LEASES_MAX);
		outcome_give_up(hearing->arena, mail, "verifier.failed", hearing->findings);
		hearing->state = HEARING_JUDGED;
		return false;
	}
	if (hearing->bytes.len > 0 || (mail->packed.ptr && gzip_unpack(mail->packed, &hearing->bytes)))
		return true;
	(void)error_set(&hearing->problem, ERR_NOTFOUND, "its bytes are gone");
	outcome_give_up(hearing->arena, mail, "original.gone", hearing->findings);
	hearing->state = HEARING_JUDGED;
	return false;
}

/* Its bytes are wanted no more: a batch may hold many that are large only unpacked. */
static void forget_bytes(struct hearing *hearing)
{
	buf_fini(&hearing->bytes);
	buf_fini(&hearing->sample);
}

static void take_piece(void *context, struct str bytes)
{
	buf_add_str(context, bytes);
}

bool hearing_asks(const struct hearing *hearing)
{
	return !hearing->extracting;
}

static bool extracting_job(struct hearing *hearing)
{
	struct str bytes = buf_str(&hearing->bytes);
	struct job *job = &hearing->job;
	*job = (struct job){.kind = JOB_EXTRACT, .fd = memfd_create("mail", MFD_CLOEXEC), .dns_fd = -1,
		.bytes = bytes.len, .report_no = (uint32_t)hearing->mail->claims.at[hearing->part - 1].report_no,
		.on_bytes = take_piece, .context = &hearing->sample};
	buf_reset(&hearing->sample);
	return job->fd >= 0 && write_all(job->fd, bytes.ptr, bytes.len) && lseek(job->fd, 0, SEEK_SET) == 0;
}

bool hearing_job(struct hearing *hearing, const struct verify_list *trusted_hops,
	const struct verify_list *authserv_ids)
{
	bool made;
	if (hearing->extracting) {
		made = extracting_job(hearing);
	} else {
		struct verdict_row *row = &hearing->rows[hearing->rows_count];
		request_hints(hearing->mail, hearing->part, trusted_hops, authserv_ids, row);
		row->judged_epoch_secs = hearing->judged_epoch_secs;
		const struct verify_request request = request_of(hearing->mail, row,
			buf_str(hearing->part == 0 ? &hearing->bytes : &hearing->sample));
		hearing->job = (struct job){.kind = JOB_VERIFY, .dns_fd = -1,
			.now_epoch_secs = row->judged_epoch_secs};
		hearing->job.fd = request_fd(&request, &hearing->job.bytes);
		made = hearing->job.fd >= 0;
	}
	if (made)
		hearing->state = HEARING_RUNNING;
	else
		close_fd(&hearing->job.fd);
	return made;
}

/* The sample of the next failure report, if any is left. */
static void next_part(struct hearing *hearing)
{
	const struct judged_mail *mail = hearing->mail;
	hearing->failures = 0;
	hearing->extracting = false;
	for (hearing->part++; hearing->part <= mail->claims.count; hearing->part++)
		if (mail->kind == JUDGED_REPORT && mail->reports[hearing->part - 1].has_sample)
			break;
	hearing->extracting = hearing->part <= mail->claims.count;
	hearing->state = hearing->extracting ? HEARING_READY : HEARING_JUDGED;
}

static void step_failed(struct hearing *hearing, const struct error *why)
{
	hearing->state = HEARING_READY;
	if (++hearing->failures < TRIES_MAX)
		return;
	hearing->problem = *why;
	if (hearing->part > 0) {
		next_part(hearing);
		return;
	}
	outcome_give_up(hearing->arena, hearing->mail, "verifier.failed", hearing->findings);
	hearing->state = HEARING_JUDGED;
}

static void verified(struct hearing *hearing, const struct verdict *verdict)
{
	struct error bad = {0};
	if (verdict->refused.len > 0 || (hearing->part == 0 &&
		!outcome_findings(hearing->arena, hearing->mail, verdict, hearing->findings))) {
		(void)error_set(&bad, ERR_INVALID, "the worker's verdict is not what was asked for");
		step_failed(hearing, &bad);
		return;
	}
	/* What a sample shows, it shows of each method. */
	hearing->undecided = hearing->part == 0 && !hearing->finding ? outcome_undecided(hearing->mail, verdict) :
		outcome_temporary(verdict);
	outcome_row(hearing->arena, verdict, &hearing->rows[hearing->rows_count++]);
	if (hearing->finding)
		sample_judge(hearing->inventory, verdict, hearing->arena, hearing->finding);
	if (hearing->part > 0)
		outcome_recheck(hearing->arena, verdict, &hearing->findings[hearing->part - 1]);
	next_part(hearing);
}

void hearing_done(struct hearing *hearing, const struct job_done *done, const struct verdict *verdict)
{
	close_fd(&hearing->job.fd);
	close_fd(&hearing->job.dns_fd);
	if (done->end == JOB_UNAVAILABLE) {
		hearing->state = HEARING_READY;
	} else if (done->end != JOB_DONE || hearing->sample.overflow) {
		step_failed(hearing, &done->detail);
	} else if (hearing->extracting) {
		hearing->extracting = false;
		hearing->failures = 0;
		hearing->state = HEARING_READY;
	} else {
		verified(hearing, verdict);
	}
	if (hearing->state == HEARING_JUDGED)
		forget_bytes(hearing);
}

void hearing_give_up(struct hearing *hearing)
{
	outcome_give_up(hearing->arena, hearing->mail, "dns.temperror", hearing->findings);
}

void hearing_defer(struct hearing *hearing, int64_t due_epoch_secs, bool untried, const char *problem)
{
	hearing->state = HEARING_LATER;
	forget_bytes(hearing);
	hearing->later = (struct verdict_later){.mail = hearing->mail, .due_epoch_secs = due_epoch_secs,
		.problem = str_from(arena_cstr(hearing->arena, str_from(problem))), .untried = untried};
}

void hearing_end(struct hearing *hearing)
{
	close_fd(&hearing->job.fd);
	close_fd(&hearing->job.dns_fd);
	forget_bytes(hearing);
}
