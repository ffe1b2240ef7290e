// SPDX-License-Identifier: Apache-2.0
#include "worker/template.h"

#include "base/confine.h"
#include "base/error.h"
#include "base/write.h"
#include "model/job.h"
#include "parser/parse.h"
#include "verifier/dkim/public_key.h"
#include "worker/parse_job.h"
#include "worker/shed.h"
#include "worker/verify_job.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

struct output {
	int fd;
};

/* Nobody reads any more: there is no one to tell. */
static void write_frames(void *context, const void *bytes, size_t len)
{
	const struct output *output = context;
	if (!write_all(output->fd, bytes, len))
		_exit(EX_IOERR);
}

/* In the child. */
_Noreturn static void do_job(const struct job_request *request, const int fds[JOB_FDS])
{
	struct wire_writer writer;
	struct output output = {.fd = fds[1]};
	const struct parse_input input = {
		.fd = fds[0],
		.bytes = request->bytes,
		.now_epoch_secs = request->now_epoch_secs,
		.limits = &request->limits,
	};
	if (!confine_child(request->limits.worker_bytes, request->limits.cpu_secs))
		_exit(EX_OSERR);
	wire_writer_init(&writer, write_frames, &output);
	wire_write_hello(&writer);
	switch ((enum job_kind)request->kind) {
	case JOB_PARSE:
		parse_job(&input, &writer);
		break;
	case JOB_EXTRACT:
		parse_extract(&input, request->report_no, &writer);
		break;
	case JOB_VERIFY:
		verify_job(&(struct verify_input){
			.fd = fds[0],
			.bytes = request->bytes,
			.dns_fd = fds[2],
			.now_epoch_secs = request->now_epoch_secs,
			.limits = &request->limits,
		}, &writer);
		break;
	}
	wire_writer_fini(&writer);
#ifdef DMARCD_SANITIZED
	exit(EX_OK); /* so that leaks are looked for */
#else
	_exit(EX_OK);
#endif
}

static int run_job(const struct job_request *request, const int fds[JOB_FDS])
{
	int status = JOB_STATUS_NO_PROCESS;
	pid_t template = getpid(), pid = fork();
	if (pid == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != template)
			_exit(EX_TEMPFAIL);
		(void)close(JOB_CONTROL_FD);
		do_job(request, fds);
	}
	for (int i = 0; i < JOB_FDS; i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return status;
}

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
	while (job_receive(JOB_CONTROL_FD, &request, sizeof(request), fds) == 1) {
		if (request.version != JOB_VERSION || fds[0] < 0 || fds[1] < 0)
			return EX_PROTOCOL;
		if (!tell(JOB_MESSAGE_ENDED, 0, run_job(&request, fds)))
			return EX_IOERR;
	}
	return EX_OK;
}
