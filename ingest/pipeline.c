// SPDX-License-Identifier: Apache-2.0
#include "ingest/pipeline.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"
#include "ingest/claim.h"
#include "ingest/watch.h"
#include "store/merge.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#define FDS_MAX 64
#define PLACES_MANY 100
#define DRAIN_MSECS ((int64_t)8000)

void taken_list_init(struct taken_list *list)
{
	*list = (struct taken_list){.end = &list->first};
}

void taken_list_add(struct taken_list *list, struct taken *taken)
{
	taken->next = NULL;
	*list->end = taken;
	list->end = &taken->next;
	list->count++;
}

void taken_list_remove(struct taken_list *list, struct taken *taken)
{
	for (struct taken **at = &list->first; *at; at = &(*at)->next) {
		if (*at != taken)
			continue;
		*at = taken->next;
		if (list->end == &taken->next)
			list->end = at;
		list->count--;
		return;
	}
}

struct taken *taken_list_pop(struct taken_list *list)
{
	struct taken *taken = list->first;
	if (taken)
		taken_list_remove(list, taken);
	return taken;
}

struct taken *taken_list_find(const struct taken_list *list, const struct sha256 *sum)
{
	struct taken *taken = list->first;
	while (taken && memcmp(taken->sha256.bytes, sum->bytes, SHA256_BYTES) != 0)
		taken = taken->next;
	return taken;
}

bool pipeline_stop_asked(struct pipeline *pipeline)
{
	pipeline->stopping |= stop_asked(pipeline->signal_fd);
	return pipeline->stopping;
}

static void drop_list(struct pipeline *pipeline, struct taken_list *list)
{
	for (struct taken *taken; (taken = taken_list_pop(list));)
		pipeline_leave(pipeline, taken, NULL);
}

static bool busy(const struct pipeline *pipeline)
{
	return pipeline->running.count + pipeline->batch.count + pipeline->copies.count +
		pipeline->waiting.count > 0;
}

/* Polls fds[0..count) and the workers, who have room behind them. */
static void wait_and_serve(struct pipeline *pipeline, struct pollfd fds[FDS_MAX], size_t count, int timeout)
{
	count += pool_fds(pipeline->pool, fds + count, FDS_MAX - count);
	int pool_timeout = pool_timeout_msecs(pipeline->pool);
	if (pool_timeout >= 0 && (timeout < 0 || pool_timeout < timeout))
		timeout = pool_timeout;
	(void)poll(fds, count, timeout);
	pool_service(pipeline->pool);
}

/* Waits for workers, a signal, or new mail. */
static void wait_for_something(struct pipeline *pipeline, struct watch *watch, int timeout)
{
	struct pollfd fds[FDS_MAX] = {{.fd = pipeline->signal_fd, .events = POLLIN},
		{.fd = watch ? watch_fd(watch) : -1, .events = POLLIN}};
	wait_and_serve(pipeline, fds, 2, timeout);
}

/* The workers go on while the server does its part. */
static void wait_for_server(void *context, struct pollfd *server, int timeout)
{
	struct pipeline *pipeline = context;
	struct pollfd fds[FDS_MAX] = {*server};
	pipeline_submit(pipeline);
	wait_and_serve(pipeline, fds, 1, timeout);
	pipeline_collect(pipeline);
	server->revents = fds[0].revents;
}

/* One turn: everything that can be done without waiting. */
static enum err turn(struct pipeline *pipeline, struct error *error)
{
	enum err err = ERR_OK;
	if (!pipeline_stop_asked(pipeline))
		err = pipeline_take(pipeline, error);
	else
		drop_list(pipeline, &pipeline->waiting);
	if (err)
		return err;
	if (busy(pipeline))
		turn_hold(pipeline->turn, &pipeline->holds_turn);
	pipeline_submit(pipeline);
	pool_service(pipeline->pool);
	pipeline_collect(pipeline);
	pipeline_submit(pipeline);
	if (pipeline_wants_commit(pipeline))
		err = pipeline_commit(pipeline, error);
	return err;
}

/* Until everything of this pass is settled or left where it is. */
static enum err run_pass(struct pipeline *pipeline, struct error *error)
{
	int64_t drain_until = -1;
	pipeline->at_end = pipeline->blocked = false;
	pipeline->trouble = (struct error){0};
	pipeline->figures.pass_msecs = clock_monotonic_msecs();
	source_rewind(pipeline->source);
	if (!pipeline->options->once)
		pipeline_check_disk(pipeline);
	for (;;) {
		enum err err = turn(pipeline, error);
		if (err)
			return err;
		pipeline_figures_say(pipeline, false);
		bool no_more = pipeline->at_end || pipeline->blocked || pipeline->stopping;
		if (no_more && !busy(pipeline))
			return ERR_OK;
		if (pipeline->stopping && drain_until < 0)
			drain_until = clock_monotonic_msecs() + DRAIN_MSECS;
		if (drain_until >= 0 && clock_monotonic_msecs() > drain_until)
			return ERR_OK;
		bool workers_full = pool_free_slots(pipeline->pool) == 0;
		bool nothing_to_give = pipeline->waiting.count == 0 && (no_more || !pipeline_can_take(pipeline));
		if (pipeline->running.count > 0 && (workers_full || nothing_to_give))
			wait_for_something(pipeline, NULL, drain_until >= 0 ? 1000 : -1);
	}
}

/* Meanwhile nothing holds a Maildir, which may be unmounted. What arrives does not end a pause. */
static void wait_for_mail(struct pipeline *pipeline, struct watch *watch)
{
	int msecs = pipeline_pause(pipeline);
	pipeline_figures_say(pipeline, true);
	source_release(pipeline->source);
	wait_for_something(pipeline, pipeline->blocked ? NULL : watch, msecs);
	watch_read(watch, pipeline->source);
}

/* What is still in our hands goes back: nothing was moved. */
static void let_go(struct pipeline *pipeline)
{
	drop_list(pipeline, &pipeline->waiting);
	drop_list(pipeline, &pipeline->batch);
	drop_list(pipeline, &pipeline->copies);
	pool_close(&pipeline->pool);
	drop_list(pipeline, &pipeline->running);
	while (pipeline->idle_spools_count > 0)
		spool_close(&pipeline->idle_spools[--pipeline->idle_spools_count]);
}

/* What cannot be done now is done after a later pass, or by retention. */
static void merge_sums(struct pipeline *pipeline)
{
	struct error error = {0};
	struct log_line line;
	if (merge_sources(pipeline->store, PLACES_MANY, &error) == ERR_OK)
		return;
	log_begin(&line, LOG_DEBUG_LEVEL, "daily sums are merged later");
	log_error(&line, &error);
	log_end(&line);
}

enum err pipeline_run(struct pipeline *pipeline, struct error *error)
{
	enum err err = ERR_OK;
	taken_list_init(&pipeline->waiting);
	taken_list_init(&pipeline->running);
	taken_list_init(&pipeline->batch);
	taken_list_init(&pipeline->copies);
	store_on_wait(pipeline->store, wait_for_server, pipeline);
	pipeline->pause.notice = pipeline->figures.fd = -1;
	struct watch *watch = pipeline->options->once ? NULL : watch_open(pipeline->source);
	if (!pipeline->options->once) {
		pipeline_pause_open(pipeline);
		pipeline_figures_open(pipeline);
	}
	err = claim_maildirs(pipeline->options, pipeline->store, error);
	while (!err) {
		const uint64_t mails = pipeline->balance->mails;
		err = run_pass(pipeline, error);
		turn_release(pipeline->turn, &pipeline->holds_turn);
		if (!err && !pipeline->stopping && pipeline->balance->mails > mails)
			merge_sums(pipeline);
		if (err || pipeline->stopping || pipeline->options->once)
			break;
		wait_for_mail(pipeline, watch);
		if (pipeline_stop_asked(pipeline))
			break;
	}
	watch_close(&watch);
	claim_release(pipeline->options);
	pipeline_pause_close(pipeline);
	pipeline_figures_close(pipeline);
	store_on_wait(pipeline->store, NULL, NULL);
	let_go(pipeline);
	return err;
}
