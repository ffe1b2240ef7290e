// SPDX-License-Identifier: Apache-2.0
/*
 * The process that reads mail, as its template sees it. A mail has a process
 * of its own, unless it is small and the next is there as soon as it is read:
 * then at most limits.process_mails of them share one, which ends the moment
 * it has taken long, is idle or something else is asked. Who shares, and how
 * many, is the template's to say, which reads nothing hostile; so what takes
 * over a process reaches those few mails and no others. A mail whose process
 * dies is tried again in a fresh one (pool/pool.h), with no other before it.
 */
#pragma once

#include "model/job.h"

#include <sys/types.h>

struct child {
	pid_t pid; /* 0: none */
	int fd;    /* of a pair: requests go down, a byte comes up for each that is done; -1: none */
	uint64_t served;
	struct limits limits; /* it is confined by */
};

/* Has the request done by this child, or a fresh one, and waits for that. Closes fds here. What waitpid()
 * said of a child that ended with it; 0 of one that lives on; JOB_STATUS_NO_PROCESS: there is none to be had. */
int child_run(struct child *child, struct job_request *request, int fds[JOB_FDS]);
/* Lets it end, and waits for that. What waitpid() said, or JOB_STATUS_NO_PROCESS without one. */
int child_end(struct child *child);
