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
#include <pthread.h>
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

static int file;

static int try_write(void)
{
	return write(file, "x", 1) < 0 && errno == EFBIG ? REFUSED : ALLOWED;
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

static int try_plain_fork(void)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	return refused(pid);
}

static int try_netlink(void)
{
	return refused(socket(AF_NETLINK, SOCK_RAW, 0));
}

static void *nothing(void *argument)
{
	return argument;
}

/* What a resolver must be able to do counts as refused, to fit into the table. */
static int try_what_it_needs(void)
{
	pthread_t thread;
	int udp = socket(AF_INET, SOCK_DGRAM, 0), tcp = socket(AF_INET, SOCK_STREAM, 0);
	bool thread_runs = pthread_create(&thread, NULL, nothing, NULL) == 0 && pthread_join(thread, NULL) == 0;
	return udp >= 0 && tcp >= 0 && thread_runs ? REFUSED : ALLOWED;
}

static int in_confined_child(unsigned (*confine)(void), int (*attempt)(void))
{
	int status = 0;
	pid_t pid = fork();
	if (pid == 0) {
		unsigned steps = confine();
		_exit(steps & CONFINE_SECCOMP ? attempt() : MISSING);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void test_doors(void **state)
{
	static const struct {
		const char *name;
		unsigned (*confine)(void);
		int (*attempt)(void);
	} cases[] = {{"open", confine_template, try_open}, {"create", confine_template, try_create},
		{"write to a file", confine_template, try_write},
		{"socket", confine_template, try_socket}, {"unix socket", confine_template, try_unix_socket},
		{"execve", confine_template, try_execve},
		{"executable memory", confine_template, try_executable_memory},
		{"fork for a mail", confine_template, try_fork},
		{"memory for a mail", confine_template, try_memory},
		{"resolver's open", confine_resolver, try_open}, {"resolver's create", confine_resolver, try_create},
		{"resolver's unix socket", confine_resolver, try_unix_socket},
		{"resolver's netlink", confine_resolver, try_netlink},
		{"resolver's execve", confine_resolver, try_execve},
		{"resolver's executable memory", confine_resolver, try_executable_memory},
		{"resolver's fork", confine_resolver, try_plain_fork},
		{"what a resolver needs", confine_resolver, try_what_it_needs}};
	(void)state;
#ifdef DMARCD_SANITIZED
	skip();
#endif
	file = memfd_create("log", MFD_CLOEXEC);
	assert_true(file >= 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int status = in_confined_child(cases[i].confine, cases[i].attempt);
		if (!WIFEXITED(status))
			fail_msg("%s: signal %d", cases[i].name, WTERMSIG(status));
		if (WEXITSTATUS(status) == MISSING) {
			print_message("not run: confinement: needs seccomp\n");
			skip();
		}
		if (WEXITSTATUS(status) != REFUSED)
			fail_msg("%s is allowed", cases[i].name);
	}
	(void)close(file);
}

static void test_anything_worse_kills(void **state)
{
	(void)state;
#ifdef DMARCD_SANITIZED
	skip();
#endif
	for (int resolver = 0; resolver <= 1; resolver++) {
		int status = in_confined_child(resolver ? confine_resolver : confine_template, try_mount);
		if (WIFEXITED(status) && WEXITSTATUS(status) == MISSING)
			skip();
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGSYS);
	}
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
