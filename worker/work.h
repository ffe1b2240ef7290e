// SPDX-License-Identifier: Apache-2.0
/*
 * The process that reads mail, from within (worker/child.h: from without).
 */
#pragma once

#include "model/job.h"

/* In a process of its own: confines it, does this job, then those that the template sends over the pair,
 * as long as `more` of the one before is set, and ends. Closes fds. */
_Noreturn void work(struct job_request *request, const int fds[JOB_FDS], int pair);
