// SPDX-License-Identifier: Apache-2.0
/*
 * Maildir -> worker -> store. Holds privileges (Maildir, database) and reads no
 * foreign format: a mail's bytes are hashed, handed to a worker and kept, never
 * looked into (but for the "From " lines that part an mbox).
 *
 * Promise: a mail leaves new/ only after its rows are committed or it is in
 * the quarantine with a reason; it is counted once whatever happens in
 * between. The steps are those of ingest/pipeline.c; each has a fault point
 * (environment DMARCD_FAULT=name kills the process there, in builds made for
 * tests and in no other).
 */
#pragma once

#include "base/error.h"
#include "base/maildir.h"
#include "base/wide.h"
#include "model/limits.h"
#include "store/store.h"

enum ruf_store { RUF_FULL = 0, RUF_HEADERS, RUF_OFF };

struct ingest_maildir {
	const char *path;
	enum maildir_done done;
	bool shared; /* an intake for another database may read it too (ingest/claim.h) */
};

struct ingest_options {
	const struct store_options *store;
	const struct limits *limits;
	const char *state_dir;    /* quarantine and spool live here */
	int64_t built_epoch_secs; /* no clock before it is right */
	const char *worker_path;  /* NULL: beside the executable */
	bool require_confinement;
	enum ruf_store ruf_store;
	bool keep_originals;      /* retention.originals is not 0 */
	bool progress;            /* draw a progress bar on stderr when it is a terminal */

	/* the daemon: watch these */
	const struct ingest_maildir *maildirs;
	size_t maildirs_count;
	/* one run: these instead, then return */
	const char *const *paths;
	size_t paths_count;
	bool once;      /* one pass over the maildirs, then return */
	bool all;       /* read cur/ too */
	bool shared;    /* all Maildirs are */
	bool in_place;  /* never move, change or delete anything (demo, files outside a Maildir) */
	bool wait_for_store; /* the daemon: wait with backoff; else ERR_TEMP after 5 s */
};

/* Where a daemon says, in state_dir, why it takes nothing in (base/notice.h). */
#define INGEST_NOTICE "intake"
/* Where it tells its numbers, in state_dir (base/figures.h). */
#define INGEST_FIGURES "intake.figures"
/* Which file in state_dir it holds while it has mail in hand (base/turn.h). */
#define INGEST_TURN "intake.lock"

/* What a run added; the first five are the balance of the run. */
struct ingest_balance {
	uint64_t mails, stored, duplicate, not_a_report, quarantined;
	uint64_t reports, records;
	wide messages;
};

/* Runs until the work is done, or (the daemon) until SIGTERM or SIGINT, which
 * drain within 10 s. ERR_TEMP: a service is away (75 for `ingest -`, else 69);
 * ERR_NOTFOUND: a PATH cannot be opened; ERR_DENIED: permission; ERR_LIMIT: no room, or a Maildir is
 * another's (ingest/claim.h). The balance is
 * filled in every case. SIGCHLD, SIGTERM, SIGINT and SIGHUP are blocked and
 * read by signalfd inside. */
NODISCARD enum err ingest_run(const struct ingest_options *options,
	struct ingest_balance *balance_r, struct error *error);
