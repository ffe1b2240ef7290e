// SPDX-License-Identifier: Apache-2.0
#include "worker/work.h"

#include "base/confine.h"
#include "base/write.h"
#include "parser/parse.h"
#include "worker/parse_job.h"
#include "worker/verify_job.h"

#include <stdlib.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>
#ifdef DMARCD_SANITIZED
#include <sanitizer/lsan_interface.h>
#endif

/* A process that took this long is not asked again: limits.cpu_secs and limits.worker_bytes are of one mail. */
#define LONG_CLOCKS (CLOCKS_PER_SEC / 10)

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

static void do_job(const struct job_request *request, const int fds[JOB_FDS])
{
	struct wire_writer writer;
	struct output output = {.fd = fds[1]};
	const struct parse_input input = {
		.fd = fds[0],
		.bytes = request->bytes,
		.now_epoch_secs = request->now_epoch_secs,
		.limits = &request->limits,
	};
	wire_writer_init(&writer, write_frames, &output);
	wire_write_hello(&writer);
	switch ((enum job_kind)request->kind) {
	case JOB_PARSE:
		parse_job(&input, request->bare, &writer);
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
}

static bool may_go_on(void)
{
#ifdef DMARCD_SANITIZED
	if (__lsan_do_recoverable_leak_check() != 0)
		return false;
#endif
	return clock() < LONG_CLOCKS;
}

_Noreturn void work(struct job_request *request, const int fds[JOB_FDS], int pair)
{
	int now[JOB_FDS] = {fds[0], fds[1], fds[2], fds[3]};
	if (!confine_child(request->limits.worker_bytes, request->limits.cpu_secs))
		_exit(EX_OSERR);
	do {
		do_job(request, now);
		for (int i = 0; i < JOB_FDS; i++)
			if (now[i] >= 0)
				(void)close(now[i]);
	} while (request->more && may_go_on() && write(pair, "", 1) == 1 &&
		job_receive(pair, request, sizeof(*request), now) == 1);
#ifdef DMARCD_SANITIZED
	exit(EX_OK); /* so that leaks are looked for */
#else
	_exit(EX_OK);
#endif
}
