// SPDX-License-Identifier: Apache-2.0
/*
 * Preloaded by test_memory.py and test_allocations.py: malloc and its kin fail once, at a chosen call.
 * The file $NOMEM holds a struct state. "main": the at-th call of the process
 * fails. "worker": in each process forked for a mail the at-th, at grown by step
 * from mail to mail; the process after one that saw a failure is its second try
 * and is left alone. "sites": calls are told apart by their callers, in all processes
 * named dmarcd; the at-th from `wanted` fails. Addresses may not be random for that.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <unwind.h>

#define SITES 16384 /* a power of two */
#define CALLERS 4
#define SKIPPED 2 /* of this file */

enum { MAIN, WORKER, BY_SITE };

struct site {
	uint64_t hash;
	uint64_t calls;
};

struct state {
	uint32_t worker, at, step, failed, failures, calls;
	uint64_t wanted;
	struct site sites[SITES];
};

extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t bytes);
extern void *__libc_realloc(void *old, size_t bytes);

static struct state *state;
static uint32_t fails_at, calls;
static int forked, chosen = 1;

static void in_child(void)
{
	calls = 0;
	fails_at = 0;
	forked = 1;
	chosen = 0;
}

/* At the first call, which a process that is forked for something else never makes. */
static void choose(void)
{
	chosen = 1;
	fails_at = state->worker && !state->failed ? state->at : 0;
	state->at += fails_at ? state->step : 0;
	state->failed = 0;
}

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("NOMEM");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	void *shared = mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	(void)close(fd);
	if (shared == MAP_FAILED)
		abort();
	state = shared;
	if (state->worker == BY_SITE) {
		if (strcmp(program_invocation_short_name, "dmarcd") != 0)
			state = NULL;
		return;
	}
	fails_at = state->worker == WORKER ? 0 : state->at;
	calls = 0;
	(void)pthread_atfork(NULL, NULL, in_child);
}

struct stack {
	uint64_t hash;
	int depth;
};

static _Unwind_Reason_Code add_caller(struct _Unwind_Context *context, void *argument)
{
	struct stack *stack = argument;
	if (stack->depth >= SKIPPED)
		stack->hash = (stack->hash ^ _Unwind_GetIP(context)) * 1099511628211u;
	return ++stack->depth < CALLERS + SKIPPED ? _URC_NO_REASON : _URC_END_OF_STACK;
}

/* Of no more of them than there is room for: then the table says so by being full. */
static int fails_here(void)
{
	static _Thread_local int unwinding;
	struct stack stack = {.hash = 14695981039346656037u};
	if (unwinding)
		return 0;
	unwinding = 1;
	(void)_Unwind_Backtrace(add_caller, &stack);
	unwinding = 0;
	for (uint64_t i = 0; i < SITES; i++) {
		struct site *site = &state->sites[(stack.hash + i) % SITES];
		uint64_t none = 0;
		if (!__atomic_compare_exchange_n(&site->hash, &none, stack.hash, 0, __ATOMIC_RELAXED,
			__ATOMIC_RELAXED) && none != stack.hash)
			continue;
		uint64_t nth = __atomic_add_fetch(&site->calls, 1, __ATOMIC_RELAXED);
		if (stack.hash != state->wanted || nth != state->at)
			return 0;
		state->failures++;
		errno = ENOMEM;
		return 1;
	}
	return 0;
}

static int fails(void)
{
	if (state && state->worker == BY_SITE)
		return fails_here();
	if (!state || (forked && !state->worker))
		return 0;
	if (!chosen)
		choose();
	calls++;
	if (forked == (state->worker == WORKER) && calls > state->calls)
		state->calls = calls;
	if (!fails_at || calls != fails_at)
		return 0;
	state->failed = 1;
	state->failures++;
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t bytes)
{
	return fails() ? NULL : __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
	return fails() ? NULL : __libc_calloc(count, bytes);
}

void *realloc(void *old, size_t bytes)
{
	return fails() ? NULL : __libc_realloc(old, bytes);
}
