// SPDX-License-Identifier: Apache-2.0
#include "evidence/evidence.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/stop.h"
#include "base/turn.h"
#include "evidence/judge.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define ARENA_BYTES ((size_t)64 * 1024)
#define NICENESS 19
#define QUEUE_MSECS 2000    /* how often new jobs are looked for */
#define SAMPLES_MAX ((uint64_t)500) /* in one go */
#define TURN_MSECS 200      /* how often the turn is */
#define ONCE_PATIENCE_MSECS ((int64_t)4500)

bool judge_stop_asked(struct judge *judge)
{
	judge->stopping |= stop_asked(judge->signal_fd);
	return judge->stopping;
}

/* While the server does its part the workers go on. */
static void wait_for_server(void *context, struct pollfd *server, int timeout_msecs)
{
	struct judge *judge = context;
	judge_submit(judge);
	judge_wait(judge, server, timeout_msecs);
}

/* What failed was the server: waits, connects, and it may be tried again. */
static bool goes_on_after(struct judge *judge, enum err err, struct error *error)
{
	while (err == ERR_TEMP || err == ERR_UNCERTAIN) {
		away_begin(&judge->away, error);
		if (judge->stopping ||
			(!judge->options->wait_for_store && away_msecs(&judge->away) > ONCE_PATIENCE_MSECS))
			return false;
		away_pause(&judge->away, judge->signal_fd);
		(void)judge_stop_asked(judge);
		err = judge->store ? store_reconnect(judge->store, error) :
			store_open(judge->options->store, &judge->store, error);
		if (!err)
			err = store_check_schema(judge->store, error);
		if (err == ERR_NOTFOUND && judge->options->wait_for_store)
			err = ERR_TEMP; /* whoever makes it was away as well */
	}
	return err == ERR_OK;
}

/* batch_lease or batch_put, again for as long as it was the server that failed. */
static enum err insist(struct judge *judge, struct batch *batch,
	enum err (*step)(struct judge *, struct batch *, struct error *), struct error *error)
{
	for (;;) {
		enum err err = step(judge, batch, error);
		if (!err) {
			away_end(&judge->away);
			return ERR_OK;
		}
		if (!goes_on_after(judge, err, error))
			return err;
	}
}

static void close_readers(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		if (batch->hearings[i].state == HEARING_RUNNING)
			verdict_reader_close(&batch->hearings[i].job.verdict);
}

/* Both batches: what is over is put, what no worker can have now goes back. */
static enum err settle(struct judge *judge, struct error *error)
{
	for (size_t i = 0; i < 2; i++) {
		struct batch *batch = &judge->batches[i];
		if (judge->breaker.open)
			batch_give_back(batch, HEARING_READY, judge->breaker.why.text);
		enum err err = batch->count > 0 && batch_is_over(batch) ?
			insist(judge, batch, batch_put, error) : ERR_OK;
		if (err)
			return err;
	}
	return ERR_OK;
}

/* A signal came: what is judged is kept, all else goes back. */
static void let_go(struct judge *judge)
{
	struct error error = {0};
	store_on_wait(judge->store, NULL, NULL);
	pool_close(&judge->pool);
	for (size_t i = 0; i < 2; i++) {
		struct batch *batch = &judge->batches[i];
		close_readers(batch);
		batch_give_back(batch, HEARING_READY, "the judge was told to stop");
		batch_give_back(batch, HEARING_RUNNING, "the judge was told to stop");
		if (batch->count > 0 && batch_put(judge, batch, &error) != ERR_OK)
			return; /* the leases run out */
	}
}

static bool is_idle(const struct judge *judge)
{
	return judge->batches[0].count + judge->batches[1].count == 0;
}

/* More work, when a batch is free for it and intake has none. *none_r: nothing is due. */
static enum err lease_more(struct judge *judge, bool *none_r, struct error *error)
{
	*none_r = false;
	for (size_t i = 0; i < 2; i++) {
		struct batch *batch = &judge->batches[i];
		if (batch->count > 0)
			continue;
		enum err err = insist(judge, batch, batch_lease, error);
		*none_r = !err && batch->count == 0;
		if (*none_r)
			judge->look_msecs = clock_monotonic_msecs() + QUEUE_MSECS;
		judge_submit(judge);
		return err;
	}
	return ERR_OK;
}

/* Workers are collected from while the server is waited for, too. */
static bool may_settle(const struct judge *judge)
{
	for (size_t i = 0; i < 2; i++)
		if (judge->batches[i].count > 0 && batch_is_over(&judge->batches[i]))
			return true;
	return false;
}

/* While one batch is with the workers the next one is there already. */
static bool wants_more(const struct judge *judge)
{
	bool has_room = judge->batches[0].count == 0 || judge->batches[1].count == 0;
	has_room &= !batch_is_alone(&judge->batches[0]) && !batch_is_alone(&judge->batches[1]);
	return has_room && !judge->breaker.open &&
		(is_idle(judge) || clock_monotonic_msecs() >= judge->look_msecs);
}

/* A dead resolver, or intake that has much to do, does not keep them from being taken in. */
static enum err take_samples(struct judge *judge, struct error *error)
{
	uint64_t taken = SAMPLES_MAX;
	if (!judge->samples || clock_monotonic_msecs() < judge->samples_msecs)
		return ERR_OK;
	while (taken == SAMPLES_MAX && !judge_stop_asked(judge)) {
		enum err err = sample_take_pass(judge->samples, judge->store, clock_epoch_secs(), SAMPLES_MAX, &taken,
			error);
		if (!err)
			away_end(&judge->away);
		else if (!goes_on_after(judge, err, error))
			return err;
	}
	judge->samples_msecs = clock_monotonic_msecs() + QUEUE_MSECS;
	return ERR_OK;
}

static void open_samples(struct judge *judge)
{
	const struct evidence_options *options = judge->options;
	const char **paths = calloc(options->samples_count + 1, sizeof(*paths));
	if (!paths)
		die_out_of_memory();
	for (size_t i = 0; i < options->samples_count; i++)
		paths[i] = options->samples[i].path;
	if (options->samples_count > 0)
		judge->samples = sample_take_open(paths, options->samples_count, judge->limits.mail_bytes);
	free(paths);
}

static enum err judge_all(struct judge *judge, struct error *error)
{
	while (!judge_stop_asked(judge)) {
		int msecs = -1;
		judge_figures_say(&judge->figures, &judge->options->dns);
		bool none = false, their_turn = false;
		enum err err = settle(judge, error);
		if (!err)
			err = take_samples(judge, error);
		if (err)
			return err;
		if (judge->breaker.open && is_idle(judge)) {
			if (judge->options->once)
				return (*error = judge->breaker.why).code;
			msecs = breaker_pause_msecs(&judge->breaker);
			if (msecs == 0 && !breaker_try(&judge->breaker))
				continue;
		}
		if (wants_more(judge)) {
			their_turn = !turn_is_free(judge->turn);
			err = their_turn ? ERR_OK : lease_more(judge, &none, error);
			if (err)
				return err;
		}
		judge_submit(judge);
		if (none && is_idle(judge) && judge->options->once)
			return ERR_OK;
		if (may_settle(judge))
			continue;
		if (their_turn || none)
			msecs = their_turn ? TURN_MSECS : QUEUE_MSECS;
		bool waits_for_workers = pool_free_slots(judge->pool) < judge->limits.workers;
		if (waits_for_workers || msecs > 0)
			judge_wait(judge, NULL, msecs);
	}
	let_go(judge);
	return ERR_OK;
}

/* Its workers wait for the DNS more than they work. */
static enum err open_rooms(struct judge *judge, struct error *error)
{
	const struct evidence_options *options = judge->options;
	judge->limits = *options->limits;
	judge->limits.workers = judge->limits.workers * 4 < JUDGE_WORKERS_MAX ? judge->limits.workers * 4 :
		JUDGE_WORKERS_MAX;
	const struct pool_options pool = {
		.worker_path = options->worker_path,
		.limits = &judge->limits,
		.require_confinement = options->require_confinement,
	};
	(void)setpriority(PRIO_PROCESS, 0, NICENESS); /* the workers have it from us */
	enum err err = pool_open(&pool, &judge->pool, error);
	if (err)
		return err;
	for (; judge->readers_count < judge->limits.workers; judge->readers_count++)
		judge->readers[judge->readers_count] = verdict_reader_open();
	open_samples(judge);
	err = store_open(options->store, &judge->store, error);
	if (!err)
		err = store_check_schema(judge->store, error);
	if (err == ERR_NOTFOUND && options->wait_for_store)
		err = ERR_TEMP;
	if (!err || goes_on_after(judge, err, error))
		away_end(&judge->away);
	else
		return err == ERR_NOTFOUND || err == ERR_INVALID ? (error->code = ERR_TEMP) : err;
	return ERR_OK;
}

static void close_rooms(struct judge *judge)
{
	if (judge->store)
		store_on_wait(judge->store, NULL, NULL);
	pool_close(&judge->pool);
	for (size_t i = 0; i < 2; i++) {
		close_readers(&judge->batches[i]);
		batch_drop(&judge->batches[i]);
	}
	while (judge->readers_count > 0)
		verdict_reader_close(&judge->readers[--judge->readers_count]);
	store_close(&judge->store);
	sample_take_close(&judge->samples);
	breaker_fini(&judge->breaker);
	judge_figures_close(&judge->figures);
	if (judge->turn >= 0)
		(void)close(judge->turn);
	(void)close(judge->signal_fd);
}

static enum err count_waiting(struct judge *judge, struct error *error)
{
	struct verdict_queue queue = {0};
	enum err err = verdict_queue_stats(judge->store, clock_epoch_secs(), &queue, error);
	judge->balance->waiting = queue.waiting;
	return err;
}

enum err evidence_run(const struct evidence_options *options, struct evidence_balance *balance_r,
	struct error *error)
{
	struct judge *judge = calloc(1, sizeof(*judge));
	struct error own = {0};
	if (!judge)
		die_out_of_memory();
	struct arena *paths = arena_open(ARENA_BYTES);
	*balance_r = (struct evidence_balance){0};
	judge->options = options;
	judge->balance = balance_r;
	judge->signal_fd = stop_open();
	judge->turn = turn_open(arena_printf(paths, "%s/%s", options->state_dir, options->turn));
	breaker_init(&judge->breaker, &options->dns, arena_printf(paths, "%s/%s", options->state_dir,
		EVIDENCE_NOTICE));
	judge->figures.fd = -1;
	if (!options->once)
		judge_figures_open(&judge->figures, arena_printf(paths, "%s/%s", options->state_dir, EVIDENCE_FIGURES));
	enum err err = open_rooms(judge, &own);
	if (!err) {
		store_on_wait(judge->store, wait_for_server, judge);
		err = judge_all(judge, &own);
		if (options->once && (!err || judge->breaker.open)) {
			struct error ignored;
			enum err counted = count_waiting(judge, err ? &ignored : &own);
			err = err ? err : counted;
		}
	}
	if (judge->stopping)
		err = options->once ? error_set(&own, ERR_UNCERTAIN, "stopped by a signal; what is left stays queued") :
			ERR_OK;
	close_rooms(judge);
	free(judge);
	arena_close(&paths);
	if (err && error)
		*error = own;
	return err;
}
