// SPDX-License-Identifier: Apache-2.0
#include "worker/template.h"

#include "base/confine.h"
#include "model/job.h"
#include "parser/parse.h"
#include "verifier/dkim/public_key.h"
#include "worker/child.h"
#include "worker/shed.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sysexits.h>
#include <unistd.h>

#define LINGER_MSECS 20

static bool tell(enum job_message_kind kind, unsigned steps, int status)
{
	const struct job_message message = {
		.version = JOB_VERSION,
		.kind = kind,
		.steps = steps,
		.status = status,
	};
	return job_send(JOB_CONTROL_FD, &message, sizeof(message), NULL);
}

/* A child lives on for the next mail only where that is there already, or nearly. */
static void wait_for_next(struct child *child)
{
	struct pollfd next = {.fd = JOB_CONTROL_FD, .events = POLLIN};
	if (child->pid > 0 && poll(&next, 1, LINGER_MSECS) <= 0)
		(void)child_end(child);
}

int template_run(void)
{
	struct job_request request;
	const struct limits limits = limits_default();
	int fds[JOB_FDS];
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		return EX_OSERR;
	(void)signal(SIGXFSZ, SIG_IGN); /* last words to a stderr that is a file do not change why it ends */
	parse_init();
	parse_warm_up(&limits);
	public_key_warm_up();
#ifndef DMARCD_SANITIZED /* which looks for leaks in all that was mapped */
	shed_libraries();
#endif
	unsigned steps = confine_template();
	steps |= confine_self_test();
	if (!tell(JOB_MESSAGE_READY, steps, 0))
		return EX_IOERR;
	struct child child = {.fd = -1};
	while (job_receive(JOB_CONTROL_FD, &request, sizeof(request), fds) == 1) {
		if (request.version != JOB_VERSION || fds[0] < 0 || fds[1] < 0)
			return EX_PROTOCOL;
		if (!tell(JOB_MESSAGE_ENDED, 0, child_run(&child, &request, fds)))
			return EX_IOERR;
		wait_for_next(&child);
	}
	return EX_OK;
}
