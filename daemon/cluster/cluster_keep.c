// SPDX-License-Identifier: Apache-2.0
#include "daemon/cluster/cluster_keep.h"

#include "base/buf.h"
#include "base/clock.h"
#include "daemon/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_MSECS 10          /* how often postmaster.pid is read while it starts */
#define STOP_MSECS 20000       /* fast shutdown, then immediate */
#define RESTART_MSECS_MAX 5000
#define START_TRIES_MAX 3

struct keeper {
	const struct cluster_keep *given;
	int signal_fd;
	int told_fd;
	pid_t server;
	struct timespec stale;   /* of a pid file that was there before this server */
	bool was_ready;
	unsigned failures;       /* starts that did not get ready, in a row */
	int64_t restart_at_msecs; /* -1: it runs */
};

static bool works_in(const struct cluster_site *site, int64_t pid)
{
	char link[64], cwd[PATH_MAX];
	struct buf comm;
	buf_init(&comm, 64);
	buf_printf(&comm, "/proc/%lld/cwd", (long long)pid);
	ssize_t len = readlink(buf_cstr(&comm), cwd, sizeof(cwd) - 1);
	bool unknown = len < 0 && errno == EACCES;
	buf_reset(&comm);
	buf_printf(&comm, "/proc/%lld/comm", (long long)pid);
	int fd = open(buf_cstr(&comm), O_RDONLY | O_CLOEXEC);
	buf_fini(&comm);
	ssize_t got = fd < 0 ? -1 : read(fd, link, sizeof(link));
	if (fd >= 0)
		(void)close(fd);
	if (got <= 0 || !str_starts((struct str){link, (size_t)got}, STR("postgres")))
		return false;
	if (len < 0)
		return unknown;
	cwd[len] = '\0';
	struct stat mine, its;
	return stat(site->data_dir, &mine) == 0 && stat(cwd, &its) == 0 && mine.st_dev == its.st_dev &&
	       mine.st_ino == its.st_ino;
}

/* Line 1 is the pid, line 8 the state (PostgreSQL's pidfile.h). */
struct cluster_server cluster_keep_look(const struct cluster_site *site)
{
	struct cluster_server server = {0};
	char text[2048];
	const char *path = arena_printf(site->arena, "%s/postmaster.pid", site->data_dir);
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text));
	if (fd >= 0 && fstat(fd, &st) == 0)
		server.written = st.st_ctim;
	if (fd >= 0)
		(void)close(fd);
	struct str rest = {text, got > 0 ? (size_t)got : 0}, line;
	for (int number = 1; str_line(&rest, &line); number++) {
		uint64_t pid;
		if (number == 1 && str_to_u64(str_trim(line), INT32_MAX, &pid))
			server.pid = (int64_t)pid;
		if (number == 8)
			server.ready = str_eq(str_trim(line), STR("ready"));
	}
	server.alive = server.pid > 0 && works_in(site, server.pid);
	return server;
}

static void tell(struct keeper *keeper, const char *text)
{
	if (keeper->told_fd < 0)
		return;
	ssize_t ignored = write(keeper->told_fd, text, strlen(text));
	(void)ignored;
	(void)close(keeper->told_fd);
	keeper->told_fd = -1;
}

_Noreturn static void server_process(const struct cluster_keep *keep, pid_t parent)
{
	const struct cluster_site *site = keep->site;
	const char *argv[] = {arena_printf(site->arena, "%s/postgres", site->bin_dir), "-D",
		site->data_dir, "-c", "listen_addresses=", "-c", "port=5432", "-c",
		arena_printf(site->arena, "unix_socket_directories=%s", site->socket_dir), "-c",
		"unix_socket_permissions=0700", "-c", "logging_collector=off", "-c",
		"log_destination=stderr", NULL};
	spawn_reset_signals();
	if (dup2(keep->log_fd, STDOUT_FILENO) < 0 || dup2(keep->log_fd, STDERR_FILENO) < 0)
		_exit(127);
	spawn_close_others(NULL, 0);
	if (site->as_user)
		spawn_become(site->uid, site->gid);
	/* After the change of user, which clears it. */
	if (prctl(PR_SET_PDEATHSIG, SIGINT) != 0 || getppid() != parent)
		_exit(127);
	(void)execve(argv[0], (char *const *)argv, (char *const *)spawn_env());
	_exit(127);
}

static void start(struct keeper *keeper)
{
	pid_t self = getpid();
	keeper->stale = cluster_keep_look(keeper->given->site).written;
	keeper->server = fork();
	if (keeper->server == 0)
		server_process(keeper->given, self);
	keeper->restart_at_msecs = -1;
	keeper->was_ready = false;
}

/* What a killed server left says "ready" too; in a container even with our server's pid. */
static bool is_ready(const struct keeper *keeper)
{
	struct cluster_server found = cluster_keep_look(keeper->given->site);
	return found.ready && found.pid == keeper->server &&
	       (found.written.tv_sec != keeper->stale.tv_sec || found.written.tv_nsec != keeper->stale.tv_nsec);
}

/* 250 ms, 500 ms, … before it is tried again. */
static void server_ended(struct keeper *keeper)
{
	int64_t wait = 250;
	keeper->server = -1;
	keeper->failures = keeper->was_ready ? 0 : keeper->failures + 1;
	for (unsigned i = 0; i < keeper->failures && wait < RESTART_MSECS_MAX; i++)
		wait *= 2;
	if (keeper->told_fd >= 0 && keeper->failures >= START_TRIES_MAX) {
		tell(keeper, "PostgreSQL did not start\n");
		_exit(1);
	}
	keeper->restart_at_msecs = clock_monotonic_msecs() + wait;
}

static bool reap(struct keeper *keeper)
{
	int status;
	bool ended = false;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		ended |= pid == keeper->server;
	return ended;
}

static bool still_used(const struct keeper *keeper)
{
	struct pollfd users = {.fd = keeper->given->users_fd, .events = POLLIN};
	return poll(&users, 1, 0) == 0 || !(users.revents & POLLHUP);
}

static bool wait_for_end(struct keeper *keeper, int64_t msecs)
{
	int64_t deadline = clock_monotonic_msecs() + msecs;
	while (keeper->server > 0) {
		int64_t left = deadline - clock_monotonic_msecs();
		struct pollfd signals = {.fd = keeper->signal_fd, .events = POLLIN};
		struct signalfd_siginfo info;
		if (reap(keeper)) {
			keeper->server = -1;
			break;
		}
		if (left <= 0)
			return false;
		if (poll(&signals, 1, (int)left) > 0)
			(void)!read(keeper->signal_fd, &info, sizeof(info));
	}
	return true;
}

_Noreturn static void stop(struct keeper *keeper)
{
	if (keeper->server > 0)
		(void)kill(keeper->server, SIGINT);
	if (!wait_for_end(keeper, STOP_MSECS) && keeper->server > 0) {
		(void)kill(keeper->server, SIGQUIT);
		if (!wait_for_end(keeper, STOP_MSECS) && keeper->server > 0)
			(void)kill(keeper->server, SIGKILL);
	}
	_exit(0);
}

/* The last user has gone, or so it seems: nobody can come while we hold the
 * lock, and it is held until PostgreSQL has stopped. */
static void stop_if_unused(struct keeper *keeper)
{
	int lock = open(keeper->given->lock_path, O_RDWR | O_CLOEXEC);
	while (lock >= 0 && flock(lock, LOCK_EX) != 0 && errno == EINTR)
		;
	if (!still_used(keeper))
		stop(keeper);
	if (lock >= 0)
		(void)close(lock);
}

static int next_timeout(const struct keeper *keeper)
{
	if (keeper->restart_at_msecs < 0)
		return keeper->was_ready ? -1 : LOOK_MSECS;
	int64_t left = keeper->restart_at_msecs - clock_monotonic_msecs();
	return left < 0 ? 0 : (int)left;
}

static void step(struct keeper *keeper)
{
	struct pollfd fds[] = {
		{.fd = keeper->given->users_fd, .events = POLLIN},
		{.fd = keeper->signal_fd, .events = POLLIN},
	};
	if (poll(fds, 2, next_timeout(keeper)) < 0 && errno != EINTR)
		stop(keeper);
	if (fds[1].revents & POLLIN) {
		struct signalfd_siginfo info;
		if (read(keeper->signal_fd, &info, sizeof(info)) == sizeof(info) &&
			info.ssi_signo != SIGCHLD)
			stop(keeper);
		if (reap(keeper))
			server_ended(keeper);
	}
	if (fds[0].revents & POLLHUP)
		stop_if_unused(keeper);
	if (keeper->restart_at_msecs >= 0 && clock_monotonic_msecs() >= keeper->restart_at_msecs)
		start(keeper);
	if (keeper->server > 0 && !keeper->was_ready && is_ready(keeper)) {
		keeper->was_ready = true;
		keeper->failures = 0;
		tell(keeper, "ready\n");
	}
}

void cluster_keep(const struct cluster_keep *keep)
{
	sigset_t signals;
	int keep_open[] = {keep->users_fd, keep->log_fd, keep->told_fd};
	(void)setsid(); /* a Ctrl-C in the terminal is for dmarcd, not for the database */
	(void)prctl(PR_SET_NAME, "dmarcd-keeper");
	(void)prctl(PR_SET_PDEATHSIG, 0);
	spawn_reset_signals();
	spawn_close_others(keep_open, 3);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0 || chdir("/") != 0)
		_exit(1);
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGCHLD);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &signals, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	struct keeper keeper = {
		.given = keep,
		.signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK),
		.told_fd = keep->told_fd,
	};
	if (keeper.signal_fd < 0)
		_exit(1);
	start(&keeper);
	for (;;)
		step(&keeper);
}
