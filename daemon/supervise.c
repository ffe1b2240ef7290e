// SPDX-License-Identifier: Apache-2.0
#include "daemon/supervise.h"

#include "base/clock.h"
#include "daemon/config/config.h"
#include "daemon/notify.h"
#include "daemon/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define PAUSE_MSECS_MIN ((int64_t)500)
#define PAUSE_MSECS_MAX ((int64_t)60000)
#define STEADY_MSECS ((int64_t)60000) /* ran this long: the pause begins anew */
#define DRAIN_MSECS ((int64_t)25000)
#define REVIVE_MSECS ((int64_t)5000)
#define FIRST_JOB_MSECS ((int64_t)60000)
#define ARGUMENTS_MAX 32

struct child {
	const struct supervise_child *what;
	pid_t pid;                /* 0: does not run */
	int ready_fd;             /* -1: told, or never tells */
	bool ready;
	bool ever_ready;
	bool restart_asked;       /* SIGHUP: its end is no crash */
	int64_t started_at_msecs;
	int64_t start_at_msecs;   /* when it is to be started; -1: never */
	int64_t pause_msecs;
};

struct supervisor {
	const struct supervise_options *options;
	struct child children[SUPERVISE_CHILDREN_MAX];
	const struct config *config; /* in force */
	struct config *reloaded;     /* what it is, once SIGHUP has come */
	int config_fd;               /* its text, for the children; -1: they read the file */
	int signal_fd;
	int64_t revive_at_msecs;     /* -1: the database is there, or is none of ours */
	bool stopping;
	bool told_ready;
	int64_t kill_at_msecs;
	int64_t watchdog_msecs, watchdog_at_msecs;
	int status;
};

static void our_signals(sigset_t *set)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};
	(void)sigemptyset(set);
	for (size_t i = 0; i < 4; i++)
		(void)sigaddset(set, numbers[i]);
}

void supervise_block_signals(void)
{
	sigset_t set;
	our_signals(&set);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
}

bool supervise_stop_asked(void)
{
	sigset_t set;
	return sigpending(&set) == 0 && (sigismember(&set, SIGTERM) || sigismember(&set, SIGINT));
}

static void log_child(enum log_level level, const char *event, const struct child *child, pid_t pid)
{
	struct log_line line;
	log_begin(&line, level, event);
	log_cstr(&line, "child", child->what->name);
	log_u64(&line, "pid", (uint64_t)pid);
	log_end(&line);
}

static const char *level_name(enum log_level level)
{
	static const char *const names[] = {"debug", "info", "warn", "error"};
	return names[level];
}

static bool is_wanted(const struct supervisor *supervisor, const struct child *child)
{
	return !child->what->for_maildirs || supervisor->config->maildirs_count > 0;
}

/* A file may change at any time: a child that is started again gets what was checked. */
static void keep_text(struct supervisor *supervisor)
{
	struct buf text;
	buf_init(&text, CONFIG_BYTES_MAX);
	config_write(supervisor->config, &text);
	int fd = text.overflow ? -1 : memfd_create("dmarcd.yaml", MFD_CLOEXEC);
	if (fd >= 0 && write(fd, text.ptr, text.len) != (ssize_t)text.len) {
		(void)close(fd);
		fd = -1;
	}
	buf_fini(&text);
	if (supervisor->config_fd >= 0)
		(void)close(supervisor->config_fd);
	supervisor->config_fd = fd;
}

/* In the child: the words come on fd 3, readiness goes to fd 4, the configuration is fd 5. */
_Noreturn static void exec_child(const struct supervisor *supervisor, const struct child *child,
	int words, int ready, pid_t parent)
{
	const struct supervise_options *options = supervisor->options;
	const char *argv[ARGUMENTS_MAX] = {"dmarcd", "--log-level", level_name(options->log_level),
		"--service-fd", "3"};
	size_t count = 5;
	int config = supervisor->config_fd;
	spawn_reset_signals();
	(void)signal(SIGPIPE, SIG_IGN);
	(void)setpgid(0, 0); /* Ctrl-C is for the supervisor, who passes it on in order */
	if (config >= 0 || options->config_path) {
		argv[count++] = "-c";
		argv[count++] = config >= 0 ? "/proc/self/fd/5" : options->config_path;
	}
	if (ready >= 0) {
		argv[count++] = "--ready-fd";
		argv[count++] = "4";
	}
	argv[count++] = child->what->name;
	for (size_t i = 0; child->what->arguments && child->what->arguments[i]; i++)
		if (count < ARGUMENTS_MAX - 1)
			argv[count++] = child->what->arguments[i];
	int given[] = {words, ready, config}, keep[3];
	size_t kept = 0;
	/* Above 5 first, so that no dup2 closes another's source. */
	for (int i = 0; i < 3; i++)
		if (given[i] >= 0 && (given[i] = fcntl(given[i], F_DUPFD, 10)) < 0)
			_exit(EX_OSERR);
	for (int i = 0; i < 3; i++) {
		if (given[i] < 0)
			continue;
		if (dup2(given[i], 3 + i) < 0)
			_exit(EX_OSERR);
		keep[kept++] = 3 + i;
	}
	spawn_close_others(keep, kept);
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("WATCHDOG_USEC");
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent)
		_exit(EX_TEMPFAIL);
	(void)execv("/proc/self/exe", (char *const *)argv);
	_exit(EX_OSERR);
}

static void start_child(struct supervisor *supervisor, struct child *child)
{
	int words[2] = {-1, -1}, ready[2] = {-1, -1};
	struct error error = {0};
	pid_t self = getpid();
	int64_t now = clock_monotonic_msecs();
	child->started_at_msecs = now;
	child->start_at_msecs = child->what->every_secs > 0 ? now + child->what->every_secs * 1000 : -1;
	child->restart_asked = false;
	child->ready = false;
	if (pipe2(words, O_CLOEXEC) == 0 && (!child->what->tells_ready || pipe2(ready, O_CLOEXEC) == 0))
		child->pid = fork();
	else
		child->pid = -1;
	if (child->pid == 0)
		exec_child(supervisor, child, words[0], ready[1], self);
	if (words[0] >= 0)
		(void)close(words[0]);
	if (ready[1] >= 0)
		(void)close(ready[1]);
	child->ready_fd = ready[0];
	if (child->pid < 0) {
		child->pid = 0;
		child->start_at_msecs = now + PAUSE_MSECS_MAX;
		log_event(LOG_ERROR_LEVEL, "could not start a child process");
	} else if (services_hand_over(supervisor->options->services, child->what->role, words[1],
			   &error) != EX_OK) {
		log_child(LOG_WARN_LEVEL, error.text, child, child->pid);
	} else {
		log_child(LOG_DEBUG_LEVEL, "child started", child, child->pid);
	}
	if (words[1] >= 0)
		(void)close(words[1]);
}

/* Starting it again with the same input would end the same way. */
static bool cannot_be_mended(const struct child *child, int status)
{
	if (!WIFEXITED(status) || child->what->every_secs > 0)
		return false;
	int code = WEXITSTATUS(status);
	if (code == EX_USAGE || code == EX_NOINPUT || code == EX_NOPERM || code == EX_CONFIG)
		return true;
	return code != 0 && child->what->tells_ready && !child->ever_ready;
}

static void stop_all(struct supervisor *supervisor, int status)
{
	if (supervisor->stopping)
		return;
	supervisor->stopping = true;
	supervisor->status = status;
	supervisor->kill_at_msecs = clock_monotonic_msecs() + DRAIN_MSECS;
	notify_send("STOPPING=1");
	for (size_t i = 0; i < supervisor->options->children_count; i++)
		if (supervisor->children[i].pid > 0)
			(void)kill(supervisor->children[i].pid, SIGTERM);
}

static void kill_all(const struct supervisor *supervisor)
{
	for (size_t i = 0; i < supervisor->options->children_count; i++)
		if (supervisor->children[i].pid > 0)
			(void)kill(supervisor->children[i].pid, SIGKILL);
}

static void log_end_of(const struct child *child, pid_t pid, int status, int64_t pause)
{
	struct log_line line;
	log_begin(&line, LOG_ERROR_LEVEL, "child ended, starting it again");
	log_cstr(&line, "child", child->what->name);
	log_u64(&line, "pid", (uint64_t)pid);
	log_u64(&line, WIFSIGNALED(status) ? "signal" : "status",
		(uint64_t)(WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status)));
	log_u64(&line, "pause_msecs", (uint64_t)pause);
	log_end(&line);
}

static void child_ended(struct supervisor *supervisor, struct child *child, int status)
{
	int64_t now = clock_monotonic_msecs();
	pid_t pid = child->pid;
	child->pid = 0;
	if (child->ready_fd >= 0)
		(void)close(child->ready_fd);
	child->ready_fd = -1;
	if (supervisor->stopping || child->what->every_secs > 0) {
		if (status != 0 && !supervisor->stopping)
			log_child(LOG_WARN_LEVEL, "job failed", child, pid);
		return;
	}
	if (child->restart_asked) {
		child->start_at_msecs = now;
		return;
	}
	if (cannot_be_mended(child, status)) {
		stop_all(supervisor, WEXITSTATUS(status));
		return;
	}
	if (now - child->started_at_msecs >= STEADY_MSECS || child->pause_msecs == 0)
		child->pause_msecs = PAUSE_MSECS_MIN;
	log_end_of(child, pid, status, child->pause_msecs);
	child->start_at_msecs = now + child->pause_msecs;
	child->pause_msecs *= 2;
	if (child->pause_msecs > PAUSE_MSECS_MAX)
		child->pause_msecs = PAUSE_MSECS_MAX;
}

static void reap(struct supervisor *supervisor)
{
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < supervisor->options->children_count; i++)
			if (supervisor->children[i].pid == pid)
				child_ended(supervisor, &supervisor->children[i], status);
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_database(const struct config *a, const struct config *b)
{
	return same_text(a->state_dir, b->state_dir) && same_text(a->database.dsn, b->database.dsn) &&
	       same_text(a->database.read_dsn, b->database.read_dsn) &&
	       same_text(a->database.password_file, b->database.password_file);
}

static void reload(struct supervisor *supervisor)
{
	struct config *config = NULL;
	struct error error = {0};
	if (config_load(supervisor->options->config_path, &config, &error) != ERR_OK) {
		struct log_line line;
		log_begin(&line, LOG_ERROR_LEVEL, "the configuration has a mistake, the old one stays");
		log_error(&line, &error);
		log_end(&line);
		return;
	}
	if (!same_database(config, supervisor->config)) {
		log_event(LOG_ERROR_LEVEL, "state_dir and database cannot change while it runs, "
			"the old configuration stays");
		config_free(&config);
		return;
	}
	config_free(&supervisor->reloaded);
	supervisor->reloaded = config;
	supervisor->config = config;
	keep_text(supervisor);
	log_event(LOG_INFO_LEVEL, "configuration read again, restarting");
	for (size_t i = 0; i < supervisor->options->children_count; i++) {
		struct child *child = &supervisor->children[i];
		if (child->what->every_secs > 0)
			continue;
		child->restart_asked = child->pid > 0;
		if (child->pid > 0)
			(void)kill(child->pid, SIGTERM);
		else
			child->start_at_msecs = clock_monotonic_msecs();
	}
}

static void read_signals(struct supervisor *supervisor)
{
	struct signalfd_siginfo info;
	while (read(supervisor->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD) {
			reap(supervisor);
		} else if (info.ssi_signo == SIGHUP) {
			if (!supervisor->stopping)
				reload(supervisor);
		} else if (supervisor->stopping) {
			kill_all(supervisor);
		} else {
			stop_all(supervisor, EX_OK);
		}
	}
}

static void all_ready(struct supervisor *supervisor, struct str line)
{
	for (size_t i = 0; i < supervisor->options->children_count; i++)
		if (supervisor->children[i].what->tells_ready && !supervisor->children[i].ready)
			return;
	if (supervisor->told_ready)
		return;
	supervisor->told_ready = true;
	notify_send("READY=1");
	if (supervisor->options->on_ready)
		supervisor->options->on_ready(supervisor->options->context, line);
}

static void read_ready(struct supervisor *supervisor, struct child *child)
{
	char text[512];
	ssize_t got = read(child->ready_fd, text, sizeof(text));
	if (got < 0 && errno == EINTR)
		return;
	(void)close(child->ready_fd);
	child->ready_fd = -1;
	if (got <= 0)
		return; /* it ended: SIGCHLD tells how */
	child->ready = true;
	child->ever_ready = true;
	child->pause_msecs = 0;
	all_ready(supervisor, str_trim((struct str){text, (size_t)got}));
}

static bool start_what_is_due(struct supervisor *supervisor)
{
	int64_t now = clock_monotonic_msecs();
	bool any = false;
	for (size_t i = 0; i < supervisor->options->children_count; i++) {
		struct child *child = &supervisor->children[i];
		if (!supervisor->stopping && child->pid == 0 && child->start_at_msecs >= 0 &&
			child->start_at_msecs <= now && is_wanted(supervisor, child))
			start_child(supervisor, child);
		any |= child->pid > 0;
	}
	if (supervisor->stopping && now >= supervisor->kill_at_msecs)
		kill_all(supervisor);
	if (supervisor->watchdog_msecs > 0 && now >= supervisor->watchdog_at_msecs) {
		notify_send("WATCHDOG=1");
		supervisor->watchdog_at_msecs = now + supervisor->watchdog_msecs;
	}
	return any;
}

/* The cluster's keeper was killed, and PostgreSQL with it. */
static void revive_database(struct supervisor *supervisor)
{
	struct error error = {0};
	supervisor->revive_at_msecs = -1;
	if (services_revive(supervisor->options->services, &error) == EX_OK) {
		log_event(LOG_WARN_LEVEL, "the database was gone and runs again");
		return;
	}
	struct log_line line;
	log_begin(&line, LOG_ERROR_LEVEL, "the database is gone");
	log_error(&line, &error);
	log_end(&line);
	supervisor->revive_at_msecs = clock_monotonic_msecs() + REVIVE_MSECS;
}

static void sooner(int64_t *when, int64_t candidate)
{
	if (candidate >= 0 && (*when < 0 || candidate < *when))
		*when = candidate;
}

static int next_timeout(const struct supervisor *supervisor)
{
	int64_t when = -1, now = clock_monotonic_msecs();
	for (size_t i = 0; !supervisor->stopping && i < supervisor->options->children_count; i++)
		if (supervisor->children[i].pid == 0 && is_wanted(supervisor, &supervisor->children[i]))
			sooner(&when, supervisor->children[i].start_at_msecs);
	if (!supervisor->stopping)
		sooner(&when, supervisor->revive_at_msecs);
	if (supervisor->stopping)
		sooner(&when, supervisor->kill_at_msecs > now ? supervisor->kill_at_msecs : now + 1000);
	if (supervisor->watchdog_msecs > 0)
		sooner(&when, supervisor->watchdog_at_msecs);
	if (when < 0)
		return -1;
	int64_t left = when - now;
	return left < 0 ? 0 : left > 3600000 ? 3600000 : (int)left;
}

static void wait_and_read(struct supervisor *supervisor)
{
	struct pollfd fds[SUPERVISE_CHILDREN_MAX + 2] = {{.fd = supervisor->signal_fd, .events = POLLIN}};
	size_t count = supervisor->options->children_count;
	bool stopping = supervisor->stopping;
	fds[count + 1].fd = stopping ? -1 : services_lost_fd(supervisor->options->services);
	for (size_t i = 0; i < count; i++)
		fds[i + 1] = (struct pollfd){.fd = supervisor->children[i].ready_fd, .events = POLLIN};
	int found = poll(fds, (nfds_t)count + 2, next_timeout(supervisor));
	if (!stopping && ((fds[count + 1].revents & POLLERR) || (supervisor->revive_at_msecs >= 0 &&
		supervisor->revive_at_msecs <= clock_monotonic_msecs())))
		revive_database(supervisor);
	if (found <= 0)
		return;
	for (size_t i = 0; i < count; i++)
		if (fds[i + 1].revents)
			read_ready(supervisor, &supervisor->children[i]);
	if (fds[0].revents)
		read_signals(supervisor);
}

int supervise_run(const struct supervise_options *options)
{
	sigset_t set;
	struct supervisor supervisor = {
		.options = options,
		.config = options->config,
		.config_fd = -1,
		.revive_at_msecs = -1,
		.watchdog_msecs = notify_watchdog_msecs(),
	};
	if (options->children_count > SUPERVISE_CHILDREN_MAX)
		die("too many children");
	supervise_block_signals();
	our_signals(&set);
	supervisor.signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (supervisor.signal_fd < 0)
		die("no signalfd");
	keep_text(&supervisor);
	for (size_t i = 0; i < options->children_count; i++) {
		struct child *child = &supervisor.children[i];
		child->what = &options->children[i];
		child->ready_fd = -1;
		if (child->what->every_secs > 0)
			child->start_at_msecs = clock_monotonic_msecs() + FIRST_JOB_MSECS;
	}
	if (supervise_stop_asked())
		read_signals(&supervisor);
	while (start_what_is_due(&supervisor) || !supervisor.stopping)
		wait_and_read(&supervisor);
	(void)close(supervisor.signal_fd);
	if (supervisor.config_fd >= 0)
		(void)close(supervisor.config_fd);
	config_free(&supervisor.reloaded);
	return supervisor.status;
}
