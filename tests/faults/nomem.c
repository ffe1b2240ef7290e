// SPDX-License-Identifier: Apache-2.0
/*
 * Preloaded by test_memory.py: malloc and its kin fail once, at a chosen call.
 * The file $NOMEM holds a struct state. "main": the at-th call of the process
 * fails. "worker": in each process forked for a mail the at-th, at grown by step
 * from mail to mail; the process after one that saw a failure is its second try
 * and is left alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct state {
	uint32_t worker, at, step, failed, failures, calls;
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
	fails_at = state->worker ? 0 : state->at;
	calls = 0;
	(void)pthread_atfork(NULL, NULL, in_child);
}

static int fails(void)
{
	if (!state || (forked && !state->worker))
		return 0;
	if (!chosen)
		choose();
	calls++;
	if (forked == (int)state->worker && calls > state->calls)
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
