// SPDX-License-Identifier: Apache-2.0
/*
 * The steps of the ingest protocol, in the order that keeps its promise:
 *
 *	take      read the bytes, hash them                      ingest.taken
 *	look up   known already? then only the move is left      ingest.known
 *	parse     a confined worker's frames, proved             ingest.submitted,
 *	                                                         ingest.parsed
 *	keep      quarantined bytes are on disk                  quarantine.written,
 *	                                                         ingest.quarantined
 *	commit    rows of many mails in one transaction          store.begin, store.copy,
 *	                                                         store.commit, store.copies
 *	settle    the file leaves new/, folders synced           ingest.committed,
 *	                                                         ingest.moved, ingest.settled
 *	merge     daily sums by source, when nothing waits       store.merge
 *
 * Whatever dies between two of them leaves the file in new/, and the next run
 * begins again with the hash. Sums that are not merged count all the same.
 */
#pragma once

#include "base/away.h"
#include "base/figures.h"
#include "base/pace.h"
#include "base/turn.h"
#include "ingest/progress.h"
#include "ingest/quarantine.h"
#include "ingest/source.h"

#define PIPELINE_BATCH_MAX 64
#define PIPELINE_BATCH_RECORDS ((uint64_t)50000)

struct taken_list {
	struct taken *first, **end;
	size_t count;
};

/* A daemon that takes nothing in, looks again after a while that grows. */
struct pipeline_pause {
	bool told;
	int msecs;
	int notice;          /* for others to read: base/notice.h */
};

/* A daemon's numbers for others: base/figures.h. */
struct pipeline_figures {
	int fd;                     /* -1: they are told to nobody */
	int64_t say_msecs;          /* when they are told again */
	int64_t pass_msecs;         /* when the pass began */
	int64_t measure_msecs;      /* when folders are looked into again */
	struct source_size queue;
	struct histogram durations;
};

struct pipeline {
	const struct ingest_options *options;
	struct ingest_balance *balance;
	struct source *source;
	struct pool *pool;
	struct store *store;
	struct quarantine *quarantine;
	const char *spool_directory;
	struct progress progress;
	int signal_fd;

	struct taken_list waiting;  /* looked up, for the next free worker */
	struct taken_list running;  /* with a worker */
	struct taken_list batch;    /* for the next commit */
	struct taken_list copies;   /* same hash as one known or in flight */
	size_t names_max;           /* in hand at once, each with a descriptor */
	uint64_t flight_bytes;
	uint64_t batch_records;
	struct away away;
	int turn;                   /* verdicts wait while mail does */
	bool holds_turn;
	struct spool *idle_spools[PIPELINE_BATCH_MAX];
	size_t idle_spools_count;

	bool stopping;              /* a signal came: take nothing more */
	bool at_end;                /* of the pass over the source */
	bool blocked;               /* no room: the pass ends here */
	struct pipeline_pause pause;
	struct pipeline_figures figures;
	struct pace told[REASON_COUNT]; /* a daemon's lines about mails, by what became of them */
	struct error trouble;       /* the first thing that kept a mail where it is */
};

void taken_list_init(struct taken_list *list);
void taken_list_add(struct taken_list *list, struct taken *taken);
struct taken *taken_list_pop(struct taken_list *list); /* NULL when empty */
void taken_list_remove(struct taken_list *list, struct taken *taken);
/* NULL, or the one with this hash. */
struct taken *taken_list_find(const struct taken_list *list, const struct sha256 *sum);

/* ---- take.c: take and look up ---- */

/* Fills `waiting` while there is room; sets at_end at the end of the pass. */
NODISCARD enum err pipeline_take(struct pipeline *pipeline, struct error *error);
/* False while so much is in flight that nothing more may be read. */
bool pipeline_can_take(const struct pipeline *pipeline);

/* ---- judge.c: parse and keep ---- */

void pipeline_submit(struct pipeline *pipeline);
/* What workers have finished goes to `batch`. */
void pipeline_collect(struct pipeline *pipeline);
/* Sets the mail aside: bytes kept, outcome and reason set, put into `batch`. */
void pipeline_quarantine(struct pipeline *pipeline, struct taken *taken, enum reason reason,
	struct str detail);
/* What would keep every further mail from being taken in: the pass ends. */
void pipeline_block(struct pipeline *pipeline, const struct error *error);
/* Ends the pipeline's interest in a mail that stays where it is. */
void pipeline_leave(struct pipeline *pipeline, struct taken *taken, const struct error *error);

/* ---- commit.c: commit and settle ---- */

bool pipeline_wants_commit(const struct pipeline *pipeline);
NODISCARD enum err pipeline_commit(struct pipeline *pipeline, struct error *error);
/* A mail that is settled in the database leaves new/. */
void pipeline_settle(struct pipeline *pipeline, struct taken *taken);
/* The database was away: waits and connects again, as long as the run allows.
 * ERR_OK: try again. The wait grows until away_end(). */
NODISCARD enum err pipeline_reconnect(struct pipeline *pipeline, struct error *error);

/* ---- pause.c: a daemon and what keeps it from its work ---- */

void pipeline_pause_open(struct pipeline *pipeline);
void pipeline_pause_close(struct pipeline *pipeline);
/* Too little room on the disk of state_dir: the pass ends before it has begun. */
void pipeline_check_disk(struct pipeline *pipeline);
/* After a pass: tells whether intake pauses or goes on again. How long to wait, at most. */
int pipeline_pause(struct pipeline *pipeline);

/* ---- figures.c: what /metrics shows of a daemon ---- */

void pipeline_figures_open(struct pipeline *pipeline);
void pipeline_figures_close(struct pipeline *pipeline);
/* At most once a second, unless it is to be now. */
void pipeline_figures_say(struct pipeline *pipeline, bool now);

/* ---- pipeline.c ---- */

/* Reads SIGTERM and SIGINT; true once one came. */
bool pipeline_stop_asked(struct pipeline *pipeline);
NODISCARD enum err pipeline_run(struct pipeline *pipeline, struct error *error);
