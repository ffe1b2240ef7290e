// SPDX-License-Identifier: Apache-2.0
#include "base/confine_filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sched.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#define ARCH 0 /* no filter for this machine */
#endif

#define PROGRAM_MAX 512

struct program {
	struct sock_filter code[PROGRAM_MAX];
	unsigned short length;
};

/* What libraries call while they parse: memory, reading, writing, time, locks. */
static const int allowed[] = {
	__NR_read, __NR_write, __NR_readv, __NR_writev, __NR_pread64, __NR_lseek, __NR_close,
	__NR_recvmsg, __NR_sendmsg, __NR_sendto, __NR_fstat, __NR_newfstatat, __NR_fcntl, __NR_dup,
	__NR_munmap, __NR_mremap, __NR_brk, __NR_madvise, __NR_futex,
	__NR_clock_gettime, __NR_clock_getres, __NR_clock_nanosleep, __NR_gettimeofday,
	__NR_getrandom, __NR_rt_sigaction, __NR_rt_sigprocmask, __NR_rt_sigreturn, __NR_sigaltstack,
	__NR_getpid, __NR_getppid, __NR_gettid, __NR_getuid, __NR_geteuid, __NR_getgid, __NR_getegid,
	__NR_tgkill, __NR_wait4, __NR_exit, __NR_exit_group, __NR_set_robust_list, __NR_prctl,
	__NR_seccomp, __NR_prlimit64, __NR_ppoll, __NR_sched_yield, __NR_sched_getaffinity,
	__NR_sysinfo, __NR_uname, __NR_restart_syscall, __NR_clone,
#ifdef __NR_time
	__NR_time,
#endif
#ifdef __NR_poll
	__NR_poll,
#endif
#ifdef __NR_fork
	__NR_fork,
#endif
#ifdef __NR_rseq
	__NR_rseq,
#endif
};

/* What a library may try in all innocence: it is told no. */
static const int refused[] = {
	__NR_openat, __NR_openat2, __NR_socket, __NR_connect, __NR_execve, __NR_execveat, __NR_bind,
	__NR_listen, __NR_faccessat, __NR_faccessat2, __NR_readlinkat, __NR_ioctl, __NR_statx,
	__NR_statfs, __NR_getcwd, __NR_memfd_create, __NR_unlinkat, __NR_mkdirat, __NR_renameat2,
	__NR_socketpair, __NR_pipe2, __NR_kill, __NR_ptrace,
#ifdef __NR_open
	__NR_open, __NR_creat, __NR_stat, __NR_lstat, __NR_access, __NR_readlink,
#endif
};

/* What asking the DNS takes beside; sockets have a rule of their own. */
static const int for_resolver[] = {
	__NR_connect, __NR_bind, __NR_recvfrom, __NR_setsockopt, __NR_getsockopt, __NR_getsockname,
	__NR_getpeername, __NR_shutdown, __NR_epoll_create1, __NR_epoll_ctl, __NR_epoll_pwait, __NR_eventfd2,
	__NR_timerfd_create, __NR_timerfd_settime, __NR_pipe2, __NR_socketpair, __NR_exit, __NR_set_tid_address,
#ifdef __NR_epoll_wait
	__NR_epoll_wait,
#endif
#ifdef __NR_select
	__NR_select,
#endif
};

static void add(struct program *program, struct sock_filter instruction)
{
	if (program->length < PROGRAM_MAX)
		program->code[program->length++] = instruction;
}

static void load(struct program *program, size_t offset)
{
	add(program, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void answer(struct program *program, uint32_t action)
{
	add(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/* With the number loaded: this call has this answer. */
static void rule(struct program *program, int number, uint32_t action)
{
	add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1));
	answer(program, action);
}

static void load_number(struct program *program)
{
	load(program, offsetof(struct seccomp_data, nr));
}

/* mmap and mprotect, unless the memory is to be executable. */
static void rule_memory(struct program *program, int number)
{
	const size_t protection = offsetof(struct seccomp_data, args) + 2 * sizeof(uint64_t);
	add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 4));
	load(program, protection); /* the low half on the little-endian machines above */
	add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1));
	answer(program, SECCOMP_RET_ERRNO | EPERM);
	answer(program, SECCOMP_RET_ALLOW);
}

/* With the number loaded: this call, where the low half of its argument is one of two. */
static void rule_argument(struct program *program, int number, unsigned argument, uint32_t one, uint32_t other)
{
	const size_t offset = offsetof(struct seccomp_data, args) + argument * sizeof(uint64_t);
	add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 5));
	load(program, offset);
	add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, one, 1, 0));
	add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, other, 0, 1));
	answer(program, SECCOMP_RET_ALLOW);
	answer(program, SECCOMP_RET_ERRNO | EPERM);
}

/* A new thread, but no new process. */
static void rule_threads(struct program *program)
{
	add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_clone, 0, 4));
	load(program, offsetof(struct seccomp_data, args));
	add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 1));
	answer(program, SECCOMP_RET_ALLOW);
	answer(program, SECCOMP_RET_ERRNO | EPERM);
#ifdef __NR_fork
	rule(program, __NR_fork, SECCOMP_RET_ERRNO | EPERM);
#endif
}

/* Only the machine's own calls: no 32-bit entry, no x32. */
static void begin(struct program *program)
{
	program->length = 0;
	load(program, offsetof(struct seccomp_data, arch));
	add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0));
	answer(program, SECCOMP_RET_KILL_PROCESS);
	load_number(program);
	add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000u, 0, 1));
	answer(program, SECCOMP_RET_KILL_PROCESS);
}

static bool install(const struct program *program)
{
	const struct sock_fprog fprog = {.len = program->length, .filter = (struct sock_filter *)program->code};
	if (ARCH == 0 || program->length >= PROGRAM_MAX)
		return false;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &fprog) == 0;
}

/* The lists, and death for what is in none. */
static bool finish(struct program *program)
{
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		rule(program, allowed[i], SECCOMP_RET_ALLOW);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		rule(program, refused[i], SECCOMP_RET_ERRNO | EPERM);
	rule(program, __NR_clone3, SECCOMP_RET_ERRNO | ENOSYS);
	rule_memory(program, __NR_mmap);
	load_number(program);
	rule_memory(program, __NR_mprotect);
	answer(program, SECCOMP_RET_KILL_PROCESS);
	return install(program);
}

bool confine_filter_template(void)
{
	struct program program;
	begin(&program);
	return finish(&program);
}

bool confine_filter_resolver(void)
{
	struct program program;
	begin(&program);
	for (size_t i = 0; i < sizeof(for_resolver) / sizeof(for_resolver[0]); i++)
		rule(&program, for_resolver[i], SECCOMP_RET_ALLOW);
	rule_argument(&program, __NR_socket, 0, AF_INET, AF_INET6);
	rule_threads(&program);
	return finish(&program);
}

bool confine_filter_child(void)
{
	struct program program;
	begin(&program);
	rule(&program, __NR_clone, SECCOMP_RET_ERRNO | EPERM);
	rule(&program, __NR_sendmsg, SECCOMP_RET_ERRNO | EPERM);
#ifdef __NR_fork
	rule(&program, __NR_fork, SECCOMP_RET_ERRNO | EPERM);
#endif
	answer(&program, SECCOMP_RET_ALLOW);
	return install(&program);
}
