// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "evidence/judge.h"

#define FDS_MAX (2 * JUDGE_WORKERS_MAX + 2)
#define FRESH_SECS 5
#define BACKOFF_SECS_MIN 60
#define BACKOFF_SECS_MAX (6 * 3600)
#define PATIENCE_SECS ((int64_t)3 * 86400) /* then what the DNS cannot say is not known */
#define BATCH_BYTES_MAX ((size_t)256 * 1024 * 1024)

static const struct verify_list nothing;

static void hints_of(const struct judge *judge, const struct judged_mail *mail,
	const struct verify_list **trusted_hops_r, const struct verify_list **authserv_ids_r)
{
	bool sample = mail->kind == JUDGED_SAMPLE;
	const struct evidence_maildir *maildirs = sample ? judge->options->samples : judge->options->maildirs;
	size_t count = sample ? judge->options->samples_count : judge->options->maildirs_count;
	*trusted_hops_r = *authserv_ids_r = &nothing;
	for (size_t i = 0; i < count; i++) {
		const struct evidence_maildir *maildir = &maildirs[i];
		if (!str_eq(str_from(maildir->path), mail->maildir))
			continue;
		*trusted_hops_r = &maildir->trusted_hops;
		*authserv_ids_r = &maildir->authserv_ids;
	}
}

static struct hearing *next_ready(struct judge *judge)
{
	for (size_t i = 0; i < 2; i++) {
		struct batch *batch = &judge->batches[i];
		if (batch->count > 0 && (clock_monotonic_msecs() > batch->until_msecs ||
			arena_used_bytes(batch->arena) > BATCH_BYTES_MAX))
			batch_give_back(batch, HEARING_READY, "its turn did not come in time");
		for (size_t n = 0; n < batch->count; n++)
			if (batch->hearings[n].state == HEARING_READY)
				return &batch->hearings[n];
	}
	return NULL;
}

/* False: nothing can be given to a worker now. */
static bool submit(struct judge *judge, struct hearing *hearing)
{
	const struct verify_list *trusted_hops, *authserv_ids;
	struct error error = {0};
	hints_of(judge, hearing->mail, &trusted_hops, &authserv_ids);
	if (!hearing_open(hearing))
		return true;
	if (!hearing_job(hearing, trusted_hops, authserv_ids)) {
		(void)error_set(&error, ERR_TEMP, "no memory file can be had");
		breaker_trip(&judge->breaker, &error);
		return false;
	}
	if (hearing_asks(hearing)) {
		hearing->job.verdict = judge->readers[--judge->readers_count];
		if (judge->options->dns.job(judge->options->dns.context, &hearing->job.dns_fd, &error) != ERR_OK) {
			const struct job_done done = {.job = &hearing->job, .end = JOB_UNAVAILABLE};
			judge->readers[judge->readers_count++] = hearing->job.verdict;
			hearing_done(hearing, &done, NULL);
			breaker_trip(&judge->breaker, &error);
			return false;
		}
	}
	pool_submit(judge->pool, &hearing->job);
	return true;
}

void judge_submit(struct judge *judge)
{
	struct hearing *hearing;
	while (!judge->breaker.open && !judge->stopping && pool_free_slots(judge->pool) > 0 &&
		judge->readers_count > 0 && (hearing = next_ready(judge)) != NULL)
		if (!submit(judge, hearing))
			return;
}

static struct hearing *hearing_of(struct judge *judge, const struct job *job)
{
	for (size_t i = 0; i < 2; i++)
		for (size_t n = 0; n < judge->batches[i].count; n++)
			if (&judge->batches[i].hearings[n].job == job)
				return &judge->batches[i].hearings[n];
	die("a job of no hearing");
}

static int64_t backoff_secs(unsigned tries)
{
	int64_t secs = BACKOFF_SECS_MIN;
	while (tries-- > 1 && secs < BACKOFF_SECS_MAX)
		secs *= 2;
	return secs < BACKOFF_SECS_MAX ? secs : BACKOFF_SECS_MAX;
}

/* The DNS failed: it is dead, or it will do better another time, or that was often enough. */
static void decide_undecided(struct judge *judge, struct hearing *hearing, uint64_t part)
{
	int64_t now = clock_epoch_secs();
	hearing->undecided = false;
	if (!breaker_answers(&judge->breaker))
		hearing_defer(hearing, now, true, "the resolver does not answer");
	else if (breaker_is_fresh(&judge->breaker))
		hearing_defer(hearing, now + FRESH_SECS, true, "the resolver did not answer just before");
	else if (part > 0)
		return;
	else if (now - hearing->mail->queued_epoch_secs < PATIENCE_SECS)
		hearing_defer(hearing, now + backoff_secs(hearing->mail->tries), false,
			"the DNS does not say what its verdict rests on");
	else
		hearing_give_up(hearing);
}

void judge_collect(struct judge *judge)
{
	struct job_done done;
	pool_service(judge->pool);
	while (pool_next(judge->pool, &done)) {
		struct hearing *hearing = hearing_of(judge, done.job);
		uint64_t part = hearing->part;
		struct verdict_reader *reader = done.job->verdict;
		const struct verdict *verdict = reader && done.end == JOB_DONE ? verdict_reader_finish(reader) : NULL;
		hearing_done(hearing, &done, verdict);
		if (verdict && !hearing->undecided)
			judge_figures_add(&judge->figures, verdict);
		if (done.end == JOB_UNAVAILABLE)
			breaker_trip(&judge->breaker, &done.detail);
		if (reader)
			judge->readers[judge->readers_count++] = reader;
		if (hearing->undecided)
			decide_undecided(judge, hearing, part);
	}
}

void judge_wait(struct judge *judge, struct pollfd *also, int timeout_msecs)
{
	struct pollfd fds[FDS_MAX] = {{.fd = judge->signal_fd, .events = POLLIN}, {.fd = -1}};
	if (also)
		fds[1] = *also;
	size_t count = 2 + pool_fds(judge->pool, fds + 2, FDS_MAX - 2);
	int pool_msecs = pool_timeout_msecs(judge->pool);
	if (pool_msecs >= 0 && (timeout_msecs < 0 || pool_msecs < timeout_msecs))
		timeout_msecs = pool_msecs;
	(void)poll(fds, count, timeout_msecs);
	if (also)
		also->revents = fds[1].revents;
	(void)judge_stop_asked(judge);
	judge_collect(judge);
}
