// SPDX-License-Identifier: Apache-2.0
/*
 * The judge at work: two batches, so that one is with the workers while the
 * server takes the other.
 */
#pragma once

#include "base/away.h"
#include "evidence/breaker.h"
#include "evidence/figures.h"
#include "evidence/hearing.h"
#include "evidence/sample_take.h"

#define JUDGE_BATCH_MAX 64
#define JUDGE_WORKERS_MAX 8

struct batch {
	struct arena *arena;
	struct judged_mail *mails;
	struct hearing hearings[JUDGE_BATCH_MAX];
	size_t count;       /* 0: the batch is free */
	int64_t until_msecs; /* what no worker has by then goes back: the lease runs out */
};

struct judge {
	const struct evidence_options *options;
	struct evidence_balance *balance;
	struct limits limits;
	struct store *store;
	struct pool *pool;
	struct breaker breaker;
	struct judge_figures figures;
	int signal_fd, turn;
	struct batch batches[2];
	struct verdict_reader *readers[JUDGE_WORKERS_MAX]; /* of nobody */
	size_t readers_count;
	struct sample_take *samples; /* NULL: there are no Maildirs of samples */
	int64_t samples_msecs;       /* when they are looked through again */
	bool stopping;
	int64_t look_msecs; /* when the queue is looked at again, unless nothing is in hand */
	struct away away; /* the database */
};

/* SIGTERM or SIGINT came. */
bool judge_stop_asked(struct judge *judge);

/* ---- batch.c ---- */

/* What is due, into a batch that is free. */
NODISCARD enum err batch_lease(struct judge *judge, struct batch *batch, struct error *error);
/* It may be what judges die of: nothing else is to be in hand beside it. */
bool batch_is_alone(const struct batch *batch);
/* Nothing of it is with a worker, and nothing is to be given to one. */
bool batch_is_over(const struct batch *batch);
/* What is in this state goes back untried, with the reason why; if with a worker, whose pool is closed. */
void batch_give_back(struct batch *batch, enum hearing_state state, const char *problem);
/* Keeps what was found, gives back the rest; the batch is free then. */
NODISCARD enum err batch_put(struct judge *judge, struct batch *batch, struct error *error);
/* Forgets it: the leases run out. */
void batch_drop(struct batch *batch);

/* ---- serve.c: the workers; never touches the store ---- */

void judge_submit(struct judge *judge);
void judge_collect(struct judge *judge);
/* Waits for workers, *also (NULL: nothing else) or a signal, and serves them. */
void judge_wait(struct judge *judge, struct pollfd *also, int timeout_msecs);
