// SPDX-License-Identifier: Apache-2.0
#include "base/confine.h"

#include "base/confine_filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILES_MAX 16
#define RESOLVER_FILES_MAX 512
#define RESOLVER_BYTES ((uint64_t)1024 * 1024 * 1024)
#define ALL_CLOSED 42 /* no status of /bin/true */
#define STACK_BYTES ((uint64_t)8 * 1024 * 1024)
#define LANDLOCK_ABI_1 ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

#ifdef DMARCD_SANITIZED
static const bool sanitized = true;
#else
static const bool sanitized;
#endif

static bool limit(int resource, uint64_t soft, uint64_t hard)
{
	struct rlimit now, wanted = {.rlim_cur = soft, .rlim_max = hard};
	if (getrlimit((__rlimit_resource_t)resource, &now) != 0)
		return false;
	if (now.rlim_max != RLIM_INFINITY && now.rlim_max < hard)
		wanted.rlim_max = now.rlim_max;
	if (wanted.rlim_cur > wanted.rlim_max)
		wanted.rlim_cur = wanted.rlim_max;
	return setrlimit((__rlimit_resource_t)resource, &wanted) == 0;
}

/* A rule set without a rule: no right to anything of the file system. */
static bool landlock_everything(void)
{
	const struct landlock_ruleset_attr attr = {.handled_access_fs = LANDLOCK_ABI_1};
	long fd = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (fd < 0)
		return false;
	bool done = syscall(SYS_landlock_restrict_self, (int)fd, 0) == 0;
	(void)close((int)fd);
	return done;
}

static unsigned confine(uint64_t files_max, bool (*filter)(void))
{
	unsigned steps = 0;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		steps |= CONFINE_NO_NEW_PRIVS;
	if (limit(RLIMIT_CORE, 0, 0) && limit(RLIMIT_FSIZE, 0, 0) && limit(RLIMIT_NOFILE, files_max, files_max) &&
		limit(RLIMIT_STACK, STACK_BYTES, STACK_BYTES))
		steps |= CONFINE_RLIMITS;
	/* Last words to a log that is a file are lost; how it ends is not to change by that. */
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (!sanitized && landlock_everything())
		steps |= CONFINE_LANDLOCK;
	if (!sanitized && filter())
		steps |= CONFINE_SECCOMP;
	return steps;
}

unsigned confine_template(void)
{
	return confine(FILES_MAX, confine_filter_template);
}

bool confine_child(uint64_t memory_bytes, uint64_t cpu_secs)
{
	bool done = limit(RLIMIT_CPU, cpu_secs, cpu_secs + 1);
	if (sanitized)
		return done;
	done = limit(RLIMIT_AS, memory_bytes, memory_bytes) && done;
	/* Where the first filter could not be had, this one cannot either. */
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == SECCOMP_MODE_FILTER)
		done = confine_filter_child() && done;
	return done;
}

static bool was_refused(long result)
{
	return result < 0 && (errno == EPERM || errno == EACCES);
}

/* A name of nothing: where nothing forbids it, the program is merely not found. */
static bool any_execve_is_refused(void)
{
	char *const none[] = {NULL};
	return was_refused(execve("", none, none));
}

static bool fork_is_refused(void)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	if (pid > 0)
		(void)waitpid(pid, NULL, 0);
	return was_refused(pid);
}

unsigned confine_resolver(void)
{
	unsigned steps = confine(RESOLVER_FILES_MAX, confine_filter_resolver);
	if (sanitized)
		return steps;
	if (!limit(RLIMIT_AS, RESOLVER_BYTES, RESOLVER_BYTES))
		steps &= ~(unsigned)CONFINE_RLIMITS;
	if (was_refused(open("/etc/passwd", O_RDONLY | O_CLOEXEC)) &&
		was_refused(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) && any_execve_is_refused() &&
		fork_is_refused())
		steps |= CONFINE_PROVED;
	return steps;
}

static bool doors_are_closed(void)
{
	const struct sockaddr_un nowhere = {.sun_family = AF_UNIX};
	return was_refused(open("/etc/passwd", O_RDONLY | O_CLOEXEC)) &&
		was_refused(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) &&
		was_refused(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) &&
		was_refused(connect(-1, (const struct sockaddr *)&nowhere, sizeof(nowhere)));
}

/* In a child: it would replace the process where nothing forbids it. */
static bool execve_is_refused(void)
{
	char *const arguments[] = {(char *)"true", NULL}, *const environment[] = {NULL};
	return was_refused(execve("/bin/true", arguments, environment));
}

unsigned confine_self_test(void)
{
	int status = 0;
	if (sanitized)
		return 0;
	pid_t pid = fork();
	if (pid == 0) {
		bool closed = doors_are_closed() && confine_child(RLIM_INFINITY, 10);
		closed = closed && was_refused(fork()) && execve_is_refused();
		_exit(closed ? ALL_CLOSED : 1);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 0;
	return WIFEXITED(status) && WEXITSTATUS(status) == ALL_CLOSED ? CONFINE_PROVED : 0;
}

const char *confine_text(unsigned steps, char text[CONFINE_TEXT_BYTES])
{
	static const char *const names[] = {"no_new_privs", "rlimits", "landlock", "seccomp", "self_test"};
	size_t used = 0;
	text[0] = '\0';
	for (int missing = 0; missing <= 1; missing++) {
		bool first = true;
		for (unsigned i = 0; i < 5; i++) {
			bool has = steps >> i & 1;
			if (has == (missing == 1))
				continue;
			const char *before = first ? (missing ? "; without " : "") : " ";
			if (missing && first && used == 0)
				before = "without ";
			int len = snprintf(text + used, CONFINE_TEXT_BYTES - used, "%s%s", before, names[i]);
			used += len > 0 ? (size_t)len : 0;
			first = false;
		}
	}
	return text;
}
