// SPDX-License-Identifier: Apache-2.0
/*
 * One lifetime for many small things: everything allocated in an arena dies at
 * arena_reset() or arena_close(). An arena has a ceiling in bytes; reaching it
 * ends the process like any other lack of memory (in a worker: ends this one
 * mail). Known disadvantage: nothing can be freed alone. A result that must
 * outlive its arena is copied out on purpose.
 */
#pragma once

#include "base/str.h"
#include "base/error.h"

struct arena;

struct arena *arena_open(size_t ceiling_bytes);
void arena_close(struct arena **arena); /* nulls the pointer; NULL is fine */
void arena_reset(struct arena *arena);  /* keeps its first block */
size_t arena_used_bytes(const struct arena *arena);

/* Zeroed, aligned for any type, never NULL. */
void *arena_alloc(struct arena *arena, size_t bytes);
/* count * size, checked. */
void *arena_array(struct arena *arena, size_t count, size_t size);
/* A copy with a NUL behind it (not counted). Absent stays absent. */
struct str arena_str(struct arena *arena, struct str s);
char *arena_cstr(struct arena *arena, struct str s); /* "" when absent */
char *arena_printf(struct arena *arena, const char *fmt, ...) PRINTF_LIKE(2, 3);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, count, type) ((type *)arena_array((arena), (count), sizeof(type)))
