// SPDX-License-Identifier: Apache-2.0
#include "pool/pool_slot.h"

#include "base/clock.h"
#include "model/job.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define READ_BYTES ((size_t)64 * 1024)
#define READS_AT_ONCE 32
#define READY_MSECS 20000
#define PIPE_BYTES (256 * 1024)

_Noreturn static void exec_worker(const char *path, int control)
{
	char *const argv[] = {(char *)"dmarcd-worker", (char *)"--template", NULL};
	char *const envp[] = {(char *)"LC_ALL=C.UTF-8", (char *)"TZ=UTC0", NULL};
	sigset_t none;
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	for (int number = 1; number < 32; number++)
		(void)signal(number, SIG_DFL);
	(void)setpgid(0, 0); /* a Ctrl-C is for its master, who drains */
	if (control == JOB_CONTROL_FD)
		(void)fcntl(control, F_SETFD, 0);
	else if (dup2(control, JOB_CONTROL_FD) < 0)
		_exit(126);
	(void)close_range(JOB_CONTROL_FD + 1, ~0u, 0);
	(void)execve(path, argv, envp);
	_exit(127);
}

enum err slot_start(struct slot *slot, const char *worker_path, struct error *error)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return error_errno(error, ERR_TEMP, errno, "cannot make a socket pair");
	pid_t pid = fork();
	if (pid == 0)
		exec_worker(worker_path, pair[1]);
	(void)close(pair[1]);
	if (pid < 0) {
		(void)close(pair[0]);
		return error_errno(error, ERR_TEMP, errno, "cannot start a worker");
	}
	(void)fcntl(pair[0], F_SETFL, O_NONBLOCK);
	slot->pid = pid;
	slot->control_fd = pair[0];
	slot->ready = false;
	slot->served = 0;
	return ERR_OK;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

void slot_kill(struct slot *slot)
{
	close_fd(&slot->control_fd);
	close_fd(&slot->output_fd);
	if (slot->pid > 0) {
		(void)kill(-slot->pid, SIGKILL); /* what it forked too, */
		(void)kill(slot->pid, SIGKILL); /* and itself where it has no group yet */
		while (waitpid(slot->pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	slot->pid = 0;
	slot->ready = false;
}

static bool fail(struct slot *slot, enum job_end end)
{
	slot->end = end;
	return false;
}

bool slot_give(struct slot *slot, const struct limits *limits)
{
	int pipe[2], pair[2] = {-1, -1};
	const struct job *job = slot->job;
	struct job_request request = {
		.version = JOB_VERSION,
		.kind = job->kind,
		.report_no = job->report_no,
		.bare = job->spool && !spool_keeps_records(job->spool),
		.bytes = job->bytes,
		.now_epoch_secs = job->now_epoch_secs,
		.limits = *limits,
	};
	if (pipe2(pipe, O_CLOEXEC) != 0) {
		(void)error_errno(&slot->detail, ERR_TEMP, errno, "cannot make a pipe");
		return fail(slot, JOB_UNAVAILABLE);
	}
	(void)fcntl(pipe[0], F_SETFL, O_NONBLOCK);
	(void)fcntl(pipe[1], F_SETPIPE_SZ, PIPE_BYTES);
	if (job->kind == JOB_PARSE && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		pair[0] = pair[1] = -1; /* then it is read alone */
	const int fds[JOB_FDS] = {job->fd, pipe[1], job->kind == JOB_VERIFY ? job->dns_fd : pair[0], pair[1]};
	bool sent = job_send(slot->control_fd, &request, sizeof(request), fds);
	(void)close(pipe[1]);
	close_fd(&pair[0]);
	close_fd(&pair[1]);
	slot->output_fd = pipe[0];
	slot->ended = false;
	slot->sound = true;
	slot->extracted = 0;
	slot->extract_done = false;
	buf_reset(&slot->bytes);
	if (job->kind == JOB_VERIFY)
		verdict_reader_reset(job->verdict);
	slot->began_msecs = clock_monotonic_msecs();
	if (sent)
		return true;
	(void)error_set(&slot->detail, ERR_TEMP, "the worker's template is gone");
	return fail(slot, JOB_CRASHED);
}

static bool eat_extracted(struct slot *slot, const struct limits *limits, struct str piece)
{
	struct frame frame;
	int got = 0;
	buf_add_str(&slot->bytes, piece);
	struct str rest = buf_str(&slot->bytes);
	while (!slot->bytes.overflow && (got = wire_next(&rest, &frame)) > 0) {
		if (frame.type == FRAME_HELLO && wire_read_hello(frame.payload) && slot->extracted == 0)
			continue;
		if (frame.type == FRAME_BYTES_END && !slot->extract_done) {
			slot->extract_done = true;
			continue;
		}
		slot->extracted += frame.payload.len;
		if (frame.type != FRAME_BYTES || slot->extract_done || slot->extracted > limits->report_bytes)
			got = -1;
		if (got < 0)
			break;
		slot->job->on_bytes(slot->job->context, frame.payload);
	}
	if (got < 0 || slot->bytes.overflow) {
		(void)error_set(&slot->detail, ERR_INVALID, "the worker's answer is not valid");
		return false;
	}
	buf_drop_front(&slot->bytes, slot->bytes.len - rest.len);
	return true;
}

static bool eat(struct slot *slot, const struct limits *limits, struct str bytes)
{
	switch (slot->job->kind) {
	case JOB_PARSE:
		return spool_add(slot->job->spool, bytes, &slot->detail);
	case JOB_EXTRACT:
		return eat_extracted(slot, limits, bytes);
	case JOB_VERIFY:
		if (verdict_reader_add(slot->job->verdict, bytes))
			return true;
		(void)error_set(&slot->detail, ERR_INVALID, "the worker's verdict is not valid");
		break;
	}
	return false;
}

/* All that its kind of job has to say is there. */
static bool is_whole(struct slot *slot)
{
	switch (slot->job->kind) {
	case JOB_PARSE:
		return spool_finish(slot->job->spool, &slot->detail);
	case JOB_EXTRACT:
		return slot->extract_done && slot->bytes.len == 0;
	case JOB_VERIFY:
		return verdict_reader_finish(slot->job->verdict) != NULL;
	}
	return false;
}

/* A bounded number of reads, so that one worker cannot hold up the others. */
static bool read_output(struct slot *slot, const struct limits *limits)
{
	char piece[READ_BYTES];
	for (int i = 0; i < READS_AT_ONCE && slot->output_fd >= 0; i++) {
		ssize_t got = read(slot->output_fd, piece, sizeof(piece));
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (got <= 0) {
			close_fd(&slot->output_fd);
			return true;
		}
		struct str bytes = {piece, (size_t)got};
		if (!eat(slot, limits, bytes))
			return fail(slot, JOB_PROTOCOL);
	}
	return true;
}

static bool read_control(struct slot *slot)
{
	struct job_message message;
	int got;
	while ((got = job_receive(slot->control_fd, &message, sizeof(message), NULL)) > 0) {
		if (message.version != JOB_VERSION)
			break;
		if (message.kind == JOB_MESSAGE_READY && !slot->ready) {
			slot->ready = true;
			slot->steps = message.steps;
		} else if (message.kind == JOB_MESSAGE_ENDED && slot->state == SLOT_RUNNING && !slot->ended) {
			slot->ended = true;
			slot->status = message.status;
		} else {
			break;
		}
	}
	if (got < 0)
		return true;
	(void)error_set(&slot->detail, ERR_TEMP, "the worker's template is gone");
	return fail(slot, JOB_CRASHED);
}

/* How its process ended, once all it wrote is read. */
static bool judge_end(struct slot *slot)
{
	int status = slot->status;
	if (status == JOB_STATUS_NO_PROCESS) {
		(void)error_set(&slot->detail, ERR_TEMP, "the worker's template cannot fork");
		return fail(slot, JOB_UNAVAILABLE);
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		if (is_whole(slot)) {
			slot->end = JOB_DONE;
			return true;
		}
		return fail(slot, JOB_PROTOCOL);
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_OUT_OF_MEMORY) {
		(void)error_set(&slot->detail, ERR_LIMIT, "more than limits.worker_bytes was needed");
		return fail(slot, JOB_MEMORY);
	}
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU) {
		(void)error_set(&slot->detail, ERR_LIMIT, "more than limits.cpu_secs was needed");
		return fail(slot, JOB_TIMEOUT);
	}
	if (WIFSIGNALED(status))
		(void)error_set(&slot->detail, ERR_PERM, "signal %d", WTERMSIG(status));
	else
		(void)error_set(&slot->detail, ERR_PERM, "exit status %d", WEXITSTATUS(status));
	return fail(slot, JOB_CRASHED);
}

bool slot_read(struct slot *slot, const struct limits *limits)
{
	if (!read_output(slot, limits) || !read_control(slot))
		return false;
	if (slot->ended && slot->output_fd >= 0 && !read_output(slot, limits))
		return false;
	if (!slot->ended || slot->output_fd >= 0)
		return true;
	if (!judge_end(slot))
		return false;
	slot->state = SLOT_DONE;
	return true;
}

bool slot_wait_ready(struct slot *slot)
{
	int64_t until = clock_monotonic_msecs() + READY_MSECS;
	while (!slot->ready) {
		struct pollfd wait = {.fd = slot->control_fd, .events = POLLIN};
		int64_t left = until - clock_monotonic_msecs();
		if (left <= 0 || (poll(&wait, 1, (int)left) < 0 && errno != EINTR) || !read_control(slot))
			return false;
	}
	return true;
}
