// SPDX-License-Identifier: Apache-2.0
/*
 * Stored mail -> verifier -> store: whoever judges the mails that wait for
 * their verdict (store/verdict/judgement.h). Reads no foreign format: a mail's
 * bytes go to a confined worker with a socket to the resolver, and what it says
 * is kept.
 *
 *	take      new samples get their rows and jobs       verdict.sample
 *	lease     due mails are ours for a while            verdict.lease, verify.leased
 *	judge     the mail, then the samples in it          verify.judged
 *	put       verdicts, and the end of the jobs         verdict.copied, verdict.raised,
 *	                                                    verdict.put, verify.put
 *
 * Whatever dies between two of them leaves a lease that runs out. A resolver
 * that is dead costs no mail a try: judging pauses until it answers again.
 * Intake goes first: while it holds the turn no mails are leased.
 */
#pragma once

#include "base/error.h"
#include "evidence/inventory.h"
#include "model/limits.h"
#include "model/verify_request.h"
#include "store/store.h"

/* What the host that wrote a Maildir adds to its mails' headers. */
struct evidence_maildir {
	const char *path;
	struct verify_list trusted_hops, authserv_ids;
};

/* Where the questions of a job go; the caller knows how. */
struct evidence_dns {
	void *context;
	/* A socket for one job's questions, to be closed by us. */
	enum err (*job)(void *context, int *socket_r, struct error *error);
	/* Asks something, for some seconds at most. False: nothing answers, or what was asked before now may
	 * not have been answered for a reason of our own. */
	bool (*answers)(void *context);
	/* Appends its own metrics (base/figures.h). NULL: it has none. */
	void (*figures)(void *context, struct buf *out);
};

struct evidence_options {
	const struct store_options *store;
	const struct limits *limits;
	const char *state_dir;
	const char *turn;        /* a file in state_dir: who has mail to take in holds it (base/turn.h) */
	const char *worker_path; /* NULL: beside the executable */
	bool require_confinement;
	const struct evidence_maildir *maildirs;
	size_t maildirs_count;
	const struct evidence_maildir *samples; /* Maildirs with copies of our own mail, which are taken in here */
	size_t samples_count;
	const struct inventory *inventory;      /* who may have sent them */
	struct evidence_dns dns;
	bool once;           /* until nothing is due, then return */
	bool wait_for_store; /* the daemon: wait with backoff; else ERR_TEMP after some seconds */
};

/* Where a daemon says, in state_dir, why it judges nothing (base/notice.h). */
#define EVIDENCE_NOTICE "verdicts"
/* Where it tells its numbers, in state_dir (base/figures.h). */
#define EVIDENCE_FIGURES "verdicts.figures"

/* What a run did. The states are those of reports, of which a mail may bring several. */
struct evidence_balance {
	uint64_t mails;    /* judged */
	uint64_t verified, plausible, unverified, contradicted;
	uint64_t deferred; /* DNS failed for it; it comes again later */
	uint64_t waiting;  /* at the end */
};

/* Until nothing is due, or (the daemon) until SIGTERM or SIGINT, which drain within 10 s. ERR_TEMP: the database
 * or the resolver is away. The balance is filled in every case. Signals as ingest_run() has them. */
NODISCARD enum err evidence_run(const struct evidence_options *options, struct evidence_balance *balance_r,
	struct error *error);
