// SPDX-License-Identifier: Apache-2.0
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BLOCK_BYTES ((size_t)4096)
#define LARGEST_BLOCK_BYTES ((size_t)256 * 1024)

struct block {
	struct block *older;
	size_t cap;
	size_t used;
	_Alignas(max_align_t) char bytes[];
};

struct arena {
	struct block *newest;
	size_t ceiling_bytes;
	size_t reserved_bytes;
	size_t next_block_bytes;
};

/* Apart, so that take() has nothing to save for it. */
__attribute__((noinline)) static void add_block(struct arena *arena, size_t need)
{
	size_t cap = arena->next_block_bytes > need ? arena->next_block_bytes : need;
	if (cap > arena->ceiling_bytes - arena->reserved_bytes)
		cap = need;
	if (cap > arena->ceiling_bytes - arena->reserved_bytes)
		die_out_of_memory();
	struct block *block = malloc(sizeof(*block) + cap);
	if (!block)
		die_out_of_memory();
	*block = (struct block){.older = arena->newest, .cap = cap};
	arena->newest = block;
	arena->reserved_bytes += cap;
	if (arena->next_block_bytes < LARGEST_BLOCK_BYTES)
		arena->next_block_bytes *= 2;
}

struct arena *arena_open(size_t ceiling_bytes)
{
	struct arena *arena = malloc(sizeof(*arena));
	if (!arena)
		die_out_of_memory();
	*arena = (struct arena){
		.ceiling_bytes = ceiling_bytes,
		.next_block_bytes = FIRST_BLOCK_BYTES,
	};
	return arena;
}

static void drop_blocks(struct arena *arena, const struct block *keep)
{
	while (arena->newest && arena->newest != keep) {
		struct block *older = arena->newest->older;
		arena->reserved_bytes -= arena->newest->cap;
		free(arena->newest);
		arena->newest = older;
	}
}

void arena_close(struct arena **arena)
{
	if (!*arena)
		return;
	drop_blocks(*arena, NULL);
	free(*arena);
	*arena = NULL;
}

void arena_reset(struct arena *arena)
{
	struct block *first = arena->newest;
	while (first && first->older)
		first = first->older;
	drop_blocks(arena, first);
	if (first)
		first->used = 0;
	arena->next_block_bytes = FIRST_BLOCK_BYTES;
}

size_t arena_used_bytes(const struct arena *arena)
{
	return arena->reserved_bytes;
}

static void *take(struct arena *arena, size_t bytes)
{
	const size_t align = _Alignof(max_align_t);
	if (bytes > SIZE_MAX - align)
		die_out_of_memory();
	size_t need = (bytes + align - 1) / align * align;
	if (!arena->newest || need > arena->newest->cap - arena->newest->used)
		add_block(arena, need);
	struct block *block = arena->newest;
	void *place = block->bytes + block->used;
	block->used += need;
	return place;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
	return memset(take(arena, bytes), 0, bytes);
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(count, size, &bytes))
		die_out_of_memory();
	return arena_alloc(arena, bytes);
}

struct str arena_str(struct arena *arena, struct str s)
{
	if (!s.ptr)
		return s;
	return (struct str){arena_cstr(arena, s), s.len};
}

char *arena_cstr(struct arena *arena, struct str s)
{
	char *copy = take(arena, s.len + 1);
	if (s.len > 0)
		memcpy(copy, s.ptr, s.len);
	copy[s.len] = '\0';
	return copy;
}

char *arena_printf(struct arena *arena, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	int need = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (need < 0)
		die("bad format \"%s\"", fmt);
	char *text = arena_alloc(arena, (size_t)need + 1);
	va_start(args, fmt);
	(void)vsnprintf(text, (size_t)need + 1, fmt, args);
	va_end(args);
	return text;
}
