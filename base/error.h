// SPDX-License-Identifier: Apache-2.0
/*
 * How dmarcd fails. Three kinds, never mixed:
 *   a bug           -> die(): message on stderr, abort()
 *   the environment -> enum err + struct error, returned to the caller
 *   odd input       -> struct issue in the result (model/issue.h), never here
 * enum err answers one question only: what should the caller do? The text is
 * for people: fact first, lower case, no function name.
 */
#pragma once

#include <stdbool.h>

#define NODISCARD __attribute__((warn_unused_result))
/* Seldom called: what leads there is kept out of the way of what is not. */
#define COLD __attribute__((cold))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

enum err {
	ERR_OK = 0,
	ERR_TEMP,      /* try again later: service away, out of resources */
	ERR_PERM,      /* will not get better by itself */
	ERR_LIMIT,     /* a configured limit was reached */
	ERR_INVALID,   /* the input is not what it should be */
	ERR_NOTFOUND,  /* the named thing does not exist */
	ERR_DENIED,    /* permission */
	ERR_UNCERTAIN, /* may or may not have happened: look before repeating */
};

struct error {
	enum err code;
	char text[512]; /* one line, no newline at its end */
	char hint[256]; /* what to do about it; empty when there is nothing to say */
};

/* Fills *error (which may be NULL) and returns code, so that callers can write
 * `return error_set(...)`. The hint is cleared. */
enum err error_set(struct error *error, enum err code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* As error_set, with ": " and strerror(errno_value) behind the text. */
enum err error_errno(struct error *error, enum err code, int errno_value, const char *fmt, ...)
	PRINTF_LIKE(4, 5);

/* Sets the hint of an error already filled; error may be NULL. */
void error_hint(struct error *error, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* A broken invariant: prints the message and aborts. */
_Noreturn void die(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Exit status of a process that ran into its memory ceiling (arena, buffer or
 * allocator). The supervisor of a worker reads it as "this mail needs too much". */
#define EXIT_OUT_OF_MEMORY 86

/* Out of memory: says so on stderr and ends the process with EXIT_OUT_OF_MEMORY.
 * There are no out-of-memory branches anywhere else. */
_Noreturn void die_out_of_memory(void);
