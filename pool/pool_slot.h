// SPDX-License-Identifier: Apache-2.0
/*
 * One template process and the job it runs. Only for pool.c.
 */
#pragma once

#include "pool/pool.h"

#include <sys/types.h>

enum slot_state {
	SLOT_FREE,
	SLOT_RUNNING,
	SLOT_DONE, /* its end waits to be fetched */
};

struct slot {
	pid_t pid;        /* of the template; 0: none */
	int control_fd;   /* -1: none */
	int output_fd;    /* frames of the job; -1: none, or read to its end */
	bool ready;       /* the template has said so */
	unsigned steps;   /* enum confine_step */
	uint64_t served;  /* jobs that ended well in this template */

	enum slot_state state;
	struct job *job;
	unsigned tries;
	int64_t began_msecs;
	bool ended;       /* the template has said how the job's process ended */
	int status;
	bool sound;       /* frames so far are valid */
	struct buf bytes; /* JOB_EXTRACT: the beginning of a frame */
	uint64_t extracted;
	bool extract_done;
	enum job_end end;
	struct error detail;
};

/* Starts a template; it says later that it is ready. */
NODISCARD enum err slot_start(struct slot *slot, const char *worker_path, struct error *error);
/* Ends the template and whatever it runs. */
void slot_kill(struct slot *slot);
/* Hands it the job it holds. False: it cannot; end and detail say why. */
NODISCARD bool slot_give(struct slot *slot, const struct limits *limits);
/* Reads what has come over both descriptors. False: the job cannot succeed any
 * more; end and detail say why. */
NODISCARD bool slot_read(struct slot *slot, const struct limits *limits);
/* Waits for the template's first word. */
NODISCARD bool slot_wait_ready(struct slot *slot);
