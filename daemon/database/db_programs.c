// SPDX-License-Identifier: Apache-2.0
#include "daemon/database/db.h"
#include "daemon/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

_Noreturn static void program_process(const struct db_program *program, pid_t parent, int in, int out)
{
	spawn_reset_signals();
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent)
		_exit(127);
	if ((in >= 0 && dup2(in, STDIN_FILENO) < 0) || (out >= 0 && dup2(out, STDOUT_FILENO) < 0))
		_exit(127);
	if (program->login)
		pgclient_use(program->login);
	(void)execv(program->path, (char *const *)program->argv);
	_exit(127);
}

/* Everything we started has ended; *failed_r: not all of it well. */
static bool reap(pid_t *pids, size_t count, bool *failed_r)
{
	bool running = false;
	for (size_t i = 0; i < count; i++) {
		int status;
		if (pids[i] > 0 && waitpid(pids[i], &status, WNOHANG) == pids[i]) {
			pids[i] = 0;
			*failed_r |= !WIFEXITED(status) || WEXITSTATUS(status) != 0;
		}
		running |= pids[i] > 0;
	}
	return !running;
}

static int wait_for_all(pid_t *pids, size_t count, const sigset_t *signals)
{
	bool failed = false, told = false;
	while (!reap(pids, count, &failed)) {
		siginfo_t info;
		int number = sigwaitinfo(signals, &info);
		if (number <= 0 || number == SIGCHLD)
			continue;
		told = true;
		for (size_t i = 0; i < count; i++)
			if (pids[i] > 0)
				(void)kill(pids[i], SIGTERM);
	}
	return told ? cli_failf(EX_TEMPFAIL, "interrupted") : failed ? EX_IOERR : EX_OK;
}

int db_programs_run(const struct db_program *programs, size_t count)
{
	sigset_t signals, before;
	int between[2] = {-1, -1}, null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	pid_t pids[2] = {0}, self = getpid();
	bool good = null >= 0 && (count < 2 || pipe2(between, O_CLOEXEC) == 0);
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGCHLD);
	(void)sigaddset(&signals, SIGINT);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &signals, &before);
	for (size_t i = 0; i < count && good; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			program_process(&programs[i], self, i == 0 ? null : between[0],
				i == 0 && count == 2 ? between[1] : programs[i].out_fd);
		good = pids[i] > 0;
	}
	int failed = errno;
	for (size_t i = 0; i < 2; i++)
		if (between[i] >= 0)
			(void)close(between[i]);
	if (null >= 0)
		(void)close(null);
	int status = wait_for_all(pids, count, &signals);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return good ? status : cli_failf(EX_OSERR, "could not start %s: %s", programs[0].path, strerror(failed));
}
