// SPDX-License-Identifier: Apache-2.0
/* Each door that base/confine closes, tried from inside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REFUSED = 10, ALLOWED, MISSING };

static int refused(long result)
{
	return result < 0 && (errno == EPERM || errno == EACCES) ? REFUSED : ALLOWED;
}

static int try_open(void)
{
	return refused(open("/etc/passwd", O_RDONLY));
}

static int try_create(void)
{
	return refused(open("/tmp/dmarcd-confine-test", O_WRONLY | O_CREAT, 0600));
}

static int try_socket(void)
{
	return refused(socket(AF_INET, SOCK_STREAM, 0));
}

static int try_unix_socket(void)
{
	return refused(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int try_execve(void)
{
	char *const argv[] = {(char *)"true", NULL}, *const envp[] = {NULL};
	return refused(execve("/bin/true", argv, envp));
}

static int try_executable_memory(void)
{
	void *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return refused(map == MAP_FAILED ? -1 : 0);
}

static int try_fork(void)
{
	if (!confine_child((uint64_t)1 << 30, 5))
		return MISSING;
	return refused(fork());
}

static int try_memory(void)
{
	if (!confine_child((uint64_t)64 << 20, 5))
		return MISSING;
	void *map = mmap(NULL, (size_t)256 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return map == MAP_FAILED ? REFUSED : ALLOWED;
}

/* Nothing a parser calls: the process dies of it. */
static int try_mount(void)
{
	(void)syscall(SYS_mount, "none", "/", "tmpfs", 0, NULL);
	return ALLOWED;
}

static int in_confined_child(int (*attempt)(void))
{
	int status = 0;
	pid_t pid = fork();
	if (pid == 0) {
		unsigned steps = confine_template();
		_exit(steps & CONFINE_SECCOMP ? attempt() : MISSING);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void test_doors(void **state)
{
	static const struct {
		const char *name;
		int (*attempt)(void);
	} cases[] = {{"open", try_open}, {"create", try_create}, {"socket", try_socket},
		{"unix socket", try_unix_socket}, {"execve", try_execve},
		{"executable memory", try_executable_memory}, {"fork for a mail", try_fork},
		{"memory for a mail", try_memory}};
	(void)state;
#ifdef DMARCD_SANITIZED
	skip();
#endif
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int status = in_confined_child(cases[i].attempt);
		if (!WIFEXITED(status))
			fail_msg("%s: signal %d", cases[i].name, WTERMSIG(status));
		if (WEXITSTATUS(status) == MISSING) {
			print_message("not run: confinement: needs seccomp\n");
			skip();
		}
		if (WEXITSTATUS(status) != REFUSED)
			fail_msg("%s is allowed", cases[i].name);
	}
}

static void test_anything_worse_kills(void **state)
{
	(void)state;
#ifdef DMARCD_SANITIZED
	skip();
#endif
	int status = in_confined_child(try_mount);
	if (WIFEXITED(status) && WEXITSTATUS(status) == MISSING)
		skip();
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

static void test_self_test_finds_an_open_door(void **state)
{
	(void)state;
	assert_int_equal(confine_self_test(), 0);
}

static void test_text(void **state)
{
	char text[CONFINE_TEXT_BYTES];
	(void)state;
	assert_string_equal(confine_text(CONFINE_ALL, text), "no_new_privs rlimits landlock seccomp self_test");
	assert_string_equal(confine_text(CONFINE_ALL & ~(unsigned)CONFINE_LANDLOCK, text),
		"no_new_privs rlimits seccomp self_test; without landlock");
	assert_non_null(strstr(confine_text(0, text), "without no_new_privs"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_doors),
		cmocka_unit_test(test_anything_worse_kills),
		cmocka_unit_test(test_self_test_finds_an_open_door),
		cmocka_unit_test(test_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
