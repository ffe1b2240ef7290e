// SPDX-License-Identifier: Apache-2.0
#include "pool/pool.h"

#include "base/clock.h"
#include "base/confine.h"
#include "pool/pool_slot.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SLOTS_MAX 8
#define TRIES_MAX 2
#define NAME "dmarcd-worker"

struct pool {
	char worker_path[PATH_MAX];
	const struct limits *limits;
	char confinement[CONFINE_TEXT_BYTES];
	bool confined;
	struct slot slots[SLOTS_MAX];
	size_t slots_count;
};

enum reason job_end_reason(enum job_end end)
{
	switch (end) {
	case JOB_CRASHED:
		return REASON_WORKER_CRASHED;
	case JOB_TIMEOUT:
		return REASON_WORKER_TIMEOUT;
	case JOB_MEMORY:
		return REASON_WORKER_MEMORY;
	case JOB_PROTOCOL:
		return REASON_WORKER_PROTOCOL;
	case JOB_DONE:
	case JOB_UNAVAILABLE:
		break;
	}
	return REASON_NONE;
}

static enum err find_worker(struct pool *pool, const char *given, struct error *error)
{
	char *path = pool->worker_path;
	if (given) {
		(void)snprintf(path, PATH_MAX, "%s", given);
	} else {
		ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - sizeof(NAME));
		if (len < 0)
			return error_errno(error, ERR_NOTFOUND, errno, "cannot tell where this program is");
		while (len > 0 && path[len - 1] != '/')
			len--;
		(void)snprintf(path + len, PATH_MAX - (size_t)len, "%s", NAME);
	}
	if (access(path, X_OK) == 0)
		return ERR_OK;
	(void)error_errno(error, ERR_NOTFOUND, errno, "cannot start %s", path);
	error_hint(error, "dmarcd-worker is installed beside dmarcd; install both again");
	return ERR_NOTFOUND;
}

static enum err start_all(struct pool *pool, bool require_confinement, struct error *error)
{
	unsigned steps = CONFINE_ALL;
	for (size_t i = 0; i < pool->slots_count; i++) {
		enum err err = slot_start(&pool->slots[i], pool->worker_path, error);
		if (err)
			return err;
	}
	for (size_t i = 0; i < pool->slots_count; i++) {
		if (!slot_wait_ready(&pool->slots[i]))
			return error_set(error, ERR_TEMP, "%s does not come up", pool->worker_path);
		steps &= pool->slots[i].steps;
	}
	(void)confine_text(steps, pool->confinement);
	pool->confined = steps == CONFINE_ALL;
	if (pool->confined || !require_confinement)
		return ERR_OK;
	(void)error_set(error, ERR_DENIED, "the worker cannot be confined here: %s", pool->confinement);
	error_hint(error, "require_confinement: no would run it all the same");
	return ERR_DENIED;
}

enum err pool_open(const struct pool_options *options, struct pool **pool_r, struct error *error)
{
	struct pool *pool = calloc(1, sizeof(*pool));
	if (!pool)
		die_out_of_memory();
	pool->limits = options->limits;
	pool->slots_count = options->limits->workers < 1 ? 1 :
		options->limits->workers > SLOTS_MAX ? SLOTS_MAX : (size_t)options->limits->workers;
	for (size_t i = 0; i < SLOTS_MAX; i++) {
		pool->slots[i].control_fd = pool->slots[i].output_fd = -1;
		buf_init(&pool->slots[i].bytes, 2 * (WIRE_HEADER_BYTES + WIRE_PAYLOAD_BYTES_MAX));
	}
	enum err err = find_worker(pool, options->worker_path, error);
	if (!err)
		err = start_all(pool, options->require_confinement, error);
	if (err)
		pool_close(&pool);
	*pool_r = pool;
	return err;
}

void pool_close(struct pool **pool)
{
	if (!*pool)
		return;
	for (size_t i = 0; i < SLOTS_MAX; i++) {
		slot_kill(&(*pool)->slots[i]);
		buf_fini(&(*pool)->slots[i].bytes);
	}
	free(*pool);
	*pool = NULL;
}

const char *pool_confinement(const struct pool *pool)
{
	return pool->confinement;
}

bool pool_confined(const struct pool *pool)
{
	return pool->confined;
}

unsigned pool_free_slots(const struct pool *pool)
{
	unsigned count = 0;
	for (size_t i = 0; i < pool->slots_count; i++)
		count += pool->slots[i].state == SLOT_FREE;
	return count;
}

static bool begin(struct pool *pool, struct slot *slot)
{
	slot->end = JOB_UNAVAILABLE;
	return (slot->pid > 0 || slot_start(slot, pool->worker_path, &slot->detail) == ERR_OK) &&
		slot_give(slot, pool->limits);
}

/* Another try in a fresh template, or the end. */
static void job_failed(struct pool *pool, struct slot *slot)
{
	slot_kill(slot);
	while (slot->tries < TRIES_MAX && slot->job->kind == JOB_PARSE) {
		slot->tries++;
		spool_reset(slot->job->spool, spool_mail(slot->job->spool), pool->limits,
			slot->job->now_epoch_secs);
		if (begin(pool, slot))
			return;
		slot_kill(slot);
	}
	slot->state = SLOT_DONE;
}

void pool_submit(struct pool *pool, struct job *job)
{
	struct slot *slot = pool->slots;
	while (slot < pool->slots + pool->slots_count && slot->state != SLOT_FREE)
		slot++;
	if (slot == pool->slots + pool->slots_count)
		die("pool: no free slot");
	slot->state = SLOT_RUNNING;
	slot->job = job;
	slot->tries = 1;
	slot->detail = (struct error){0};
	if (!begin(pool, slot))
		job_failed(pool, slot);
}

size_t pool_fds(const struct pool *pool, struct pollfd *fds, size_t cap)
{
	size_t count = 0;
	for (size_t i = 0; i < pool->slots_count; i++) {
		const struct slot *slot = &pool->slots[i];
		if (slot->state != SLOT_RUNNING)
			continue;
		if (slot->output_fd >= 0 && count < cap)
			fds[count++] = (struct pollfd){.fd = slot->output_fd, .events = POLLIN};
		if (slot->control_fd >= 0 && count < cap)
			fds[count++] = (struct pollfd){.fd = slot->control_fd, .events = POLLIN};
	}
	return count;
}

static int64_t deadline_of(const struct pool *pool, const struct slot *slot)
{
	int64_t allowed = (int64_t)pool->limits->mail_secs * 1000;
	if (slot->job->kind == JOB_VERIFY)
		allowed += (int64_t)pool->limits->dns_mail_secs * 1000;
	if (slot->job->spool && spool_rows_so_far(slot->job->spool) > pool->limits->long_records)
		allowed *= 3;
	return slot->began_msecs + allowed;
}

int pool_timeout_msecs(const struct pool *pool)
{
	int64_t least = -1, now = clock_monotonic_msecs();
	for (size_t i = 0; i < pool->slots_count; i++) {
		const struct slot *slot = &pool->slots[i];
		if (slot->state == SLOT_DONE)
			return 0;
		if (slot->state != SLOT_RUNNING)
			continue;
		int64_t left = deadline_of(pool, slot) - now;
		if (left < 0)
			left = 0;
		if (least < 0 || left < least)
			least = left;
	}
	return least > INT_MAX ? INT_MAX : (int)least;
}

void pool_service(struct pool *pool)
{
	for (size_t i = 0; i < pool->slots_count; i++) {
		struct slot *slot = &pool->slots[i];
		if (slot->state != SLOT_RUNNING)
			continue;
		if (!slot_read(slot, pool->limits)) {
			job_failed(pool, slot);
		} else if (slot->state == SLOT_RUNNING && clock_monotonic_msecs() > deadline_of(pool, slot)) {
			slot->end = JOB_TIMEOUT;
			(void)error_set(&slot->detail, ERR_LIMIT, "more than limits.mail_secs was needed");
			job_failed(pool, slot);
		}
	}
}

/* A template that has served long enough is replaced while nothing waits for it. */
static void replace_worn(struct pool *pool, struct slot *slot)
{
	struct error error = {0};
	if (slot->end != JOB_DONE || ++slot->served < pool->limits->worker_mails)
		return;
	slot_kill(slot);
	if (slot_start(slot, pool->worker_path, &error) != ERR_OK)
		slot_kill(slot); /* the next job tries again */
}

bool pool_next(struct pool *pool, struct job_done *done_r)
{
	for (size_t i = 0; i < pool->slots_count; i++) {
		struct slot *slot = &pool->slots[i];
		if (slot->state != SLOT_DONE)
			continue;
		*done_r = (struct job_done){
			.job = slot->job,
			.end = slot->end,
			.tries = slot->tries,
			.detail = slot->detail,
		};
		slot->state = SLOT_FREE;
		slot->job = NULL;
		replace_worn(pool, slot);
		return true;
	}
	return false;
}

void pool_run(struct pool *pool, struct job *job, struct job_done *done_r)
{
	struct pollfd fds[2 * SLOTS_MAX];
	pool_submit(pool, job);
	while (!pool_next(pool, done_r)) {
		size_t count = pool_fds(pool, fds, 2 * SLOTS_MAX);
		(void)poll(fds, count, pool_timeout_msecs(pool));
		pool_service(pool);
	}
}
