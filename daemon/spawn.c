// SPDX-License-Identifier: Apache-2.0
#include "daemon/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

const char *const *spawn_env(void)
{
	static const char *const env[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", NULL};
	return env;
}

void spawn_reset_signals(void)
{
	sigset_t none;
	(void)sigemptyset(&none);
	for (int number = 1; number < NSIG; number++)
		(void)signal(number, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

void spawn_become(uid_t uid, gid_t gid)
{
	if (geteuid() == uid && getegid() == gid)
		return;
	if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0)
		_exit(127);
}

static bool kept(int fd, const int *keep, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (keep[i] == fd)
			return true;
	return false;
}

void spawn_close_others(const int *keep, size_t count)
{
	int last = 2;
	for (size_t i = 0; i < count; i++)
		if (keep[i] > last)
			last = keep[i];
	for (int fd = 3; fd < last; fd++)
		if (!kept(fd, keep, count))
			(void)close(fd);
	(void)close_range((unsigned)last + 1, UINT_MAX, 0);
}

/* A file in memory that holds the input: no pipe to feed while reading. */
static int input_fd(struct str input)
{
	if (input.len == 0)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	int fd = memfd_create("input", MFD_CLOEXEC);
	if (fd >= 0 && (write(fd, input.ptr, input.len) != (ssize_t)input.len ||
			       lseek(fd, 0, SEEK_SET) != 0)) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

_Noreturn static void child(const struct spawn *spawn, int in, int out)
{
	spawn_reset_signals();
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0)
		_exit(127);
	spawn_close_others(NULL, 0);
	if (chdir(spawn->directory ? spawn->directory : "/") != 0)
		_exit(127);
	if (spawn->as_user)
		spawn_become(spawn->uid, spawn->gid);
	(void)execve(spawn->argv[0], (char *const *)spawn->argv,
		(char *const *)(spawn->env ? spawn->env : spawn_env()));
	_exit(127);
}

static void read_all(int fd, struct buf *output)
{
	char piece[4096];
	ssize_t got;
	while ((got = read(fd, piece, sizeof(piece))) > 0 || (got < 0 && errno == EINTR))
		if (output && got > 0)
			buf_add(output, piece, (size_t)got);
}

enum err spawn_run(const struct spawn *spawn, int *status_r, struct error *error)
{
	int out[2];
	int in = input_fd(spawn->input);
	if (in < 0 || pipe2(out, O_CLOEXEC) != 0) {
		int failed = errno;
		if (in >= 0)
			(void)close(in);
		return error_errno(error, ERR_TEMP, failed, "could not start \"%s\"", spawn->argv[0]);
	}
	pid_t pid = fork();
	int failed = errno;
	if (pid == 0)
		child(spawn, in, out[1]);
	(void)close(in);
	(void)close(out[1]);
	if (pid > 0)
		read_all(out[0], spawn->output);
	(void)close(out[0]);
	if (pid < 0)
		return error_errno(error, ERR_TEMP, failed, "could not start \"%s\"", spawn->argv[0]);
	while (waitpid(pid, status_r, 0) < 0)
		if (errno != EINTR)
			return error_errno(error, ERR_TEMP, errno, "lost \"%s\"", spawn->argv[0]);
	return ERR_OK;
}

void spawn_own_directory(struct buf *out)
{
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path));
	struct str whole = {path, len > 0 ? (size_t)len : 0};
	size_t slash = str_rfind_char(whole, '/');
	buf_add_str(out, slash == SIZE_MAX ? STR(".") : str_sub(whole, 0, slash));
}
