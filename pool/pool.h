// SPDX-License-Identifier: Apache-2.0
/*
 * The clean wing's side of dmarcd-worker: starts confined templates, hands
 * each job's file descriptor to one, collects its frames into a spool, and
 * turns every way a worker can die into one of five ends. Used by ingest,
 * parse, reparse, web (original documents) and later monitor.
 *
 * One slot is one template process (fork+exec of dmarcd-worker); a template
 * runs one job at a time, in a child of its own or, small mails in a row, in
 * one for a few (worker/child.h). A job that crashes,
 * hangs or needs too much memory is tried once more in a fresh template while
 * no other job runs on that slot; then its end is reported. A slot's template
 * is replaced after any fault. Nothing here blocks but pool_open, pool_run and
 * pool_close. Frames are hostile input: the spool checks each one.
 *
 * The descriptor of a job must be readable from offset 0 (a sealed memfd or a
 * regular file); the worker gets a duplicate and the caller keeps its own.
 */
#pragma once

#include "base/error.h"
#include "model/job.h"
#include "model/verdict_wire.h"
#include "pool/spool.h"

#include <poll.h>

struct job {
	enum job_kind kind;
	int fd;
	uint64_t bytes;      /* size of the input */
	uint32_t report_no;  /* JOB_EXTRACT: which report of the mail, from 0 */
	int64_t now_epoch_secs;
	/* JOB_PARSE: where the frames go; else NULL. Reset by the pool before each try. */
	struct spool *spool;
	void (*on_bytes)(void *context, struct str bytes); /* JOB_EXTRACT */
	struct verdict_reader *verdict; /* JOB_VERIFY; reset by the pool */
	int dns_fd;          /* JOB_VERIFY: a socket to the resolver (dns/relay.h); -1: none is needed */
	void *context; /* the caller's, untouched */
};

enum job_end {
	JOB_DONE = 1, /* the spool is complete and consistent */
	JOB_CRASHED,
	JOB_TIMEOUT,
	JOB_MEMORY,
	JOB_PROTOCOL,
	JOB_UNAVAILABLE, /* no worker can be had now, which says nothing about the mail */
};

struct job_done {
	struct job *job;
	enum job_end end;
	unsigned tries;
	struct error detail; /* for the log: signal, deadline, which frame was wrong */
};

/* Why the mail of a job that ended so is set aside; REASON_NONE: it is not for that. */
enum reason job_end_reason(enum job_end end);

struct pool_options {
	const char *worker_path; /* NULL: dmarcd-worker beside the running executable */
	const struct limits *limits;
	bool require_confinement; /* a missing mechanism makes pool_open fail */
};

struct pool;

/* Starts limits->workers templates and waits for their self-tests.
 * ERR_NOTFOUND: no worker executable; ERR_DENIED: confinement required and not
 * to be had; ERR_TEMP: out of processes or descriptors. */
NODISCARD enum err pool_open(const struct pool_options *options, struct pool **pool_r,
	struct error *error);
/* Kills what runs; jobs not collected are dropped. Nulls the pointer. */
void pool_close(struct pool **pool);

/* One line: "seccomp landlock no_new_privs rlimits", or what is missing. */
const char *pool_confinement(const struct pool *pool);
/* True when every mechanism is active. */
bool pool_confined(const struct pool *pool);

/* Slots without a job. */
unsigned pool_free_slots(const struct pool *pool);
/* The job and its spool belong to the pool until pool_next returns them.
 * Needs a free slot. */
void pool_submit(struct pool *pool, struct job *job);

/* Fills fds (at most cap) with what to wait for; returns how many. Waiting no
 * longer than pool_timeout_msecs (-1: nothing runs). */
size_t pool_fds(const struct pool *pool, struct pollfd *fds, size_t cap);
int pool_timeout_msecs(const struct pool *pool);
/* Reads what is there, enforces deadlines. Never blocks. */
void pool_service(struct pool *pool);
/* The next finished job, if any. */
bool pool_next(struct pool *pool, struct job_done *done_r);

/* One job, waited for. */
void pool_run(struct pool *pool, struct job *job, struct job_done *done_r);
