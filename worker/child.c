// SPDX-License-Identifier: Apache-2.0
#include "worker/child.h"

#include "worker/work.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define SMALL_BYTES ((uint64_t)64 * 1024)

static void start(struct child *child, struct job_request *request, int fds[JOB_FDS])
{
	int ours = -1, its = -1;
	if (request->more) {
		ours = fds[2];
		its = fds[3];
		fds[2] = fds[3] = -1;
	}
	pid_t template = getpid(), pid = fork();
	if (pid == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != template)
			_exit(EX_TEMPFAIL);
		(void)close(JOB_CONTROL_FD);
		if (ours >= 0)
			(void)close(ours);
		work(request, fds, its);
	}
	if (its >= 0)
		(void)close(its);
	*child = (struct child){.pid = pid > 0 ? pid : 0, .fd = ours, .limits = request->limits};
}

int child_end(struct child *child)
{
	int status = JOB_STATUS_NO_PROCESS;
	if (child->fd >= 0)
		(void)close(child->fd);
	while (child->pid > 0 && waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	*child = (struct child){.fd = -1};
	return status;
}

static bool is_done(const struct child *child)
{
	char byte;
	ssize_t got;
	do
		got = read(child->fd, &byte, 1);
	while (got < 0 && errno == EINTR);
	return got == 1;
}

int child_run(struct child *child, struct job_request *request, int fds[JOB_FDS])
{
	const bool small = request->kind == JOB_PARSE && request->bytes <= SMALL_BYTES && fds[3] >= 0;
	const bool shared = small && child->pid > 0 &&
		memcmp(&child->limits, &request->limits, sizeof(request->limits)) == 0;
	const uint64_t served = shared ? child->served + 1 : 1;
	request->more = small && served < request->limits.process_mails;
	const int mail[JOB_FDS] = {fds[0], fds[1], -1, -1};
	if (!shared || !job_send(child->fd, request, sizeof(*request), mail)) {
		(void)child_end(child);
		start(child, request, fds);
	}
	child->served = served;
	for (int i = 0; i < JOB_FDS; i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
	return request->more && is_done(child) ? 0 : child_end(child);
}
