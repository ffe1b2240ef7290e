// SPDX-License-Identifier: Apache-2.0
/*
 * A growing byte buffer with a maximum given at init. The error is sticky:
 * once an addition would pass the maximum nothing more is added and
 * `overflow` stays set, so a writer tests once at its end. Out of memory ends
 * the process. Memory belongs to the buffer; buf_str() views die at the next
 * addition.
 */
#pragma once

#include "base/error.h"
#include "base/str.h"

#include <stdarg.h>
#include <string.h>

struct buf {
	char *ptr;
	size_t len;
	size_t cap;
	size_t max_bytes;
	bool overflow;
};

void buf_init(struct buf *buf, size_t max_bytes);
void buf_fini(struct buf *buf);
void buf_reset(struct buf *buf); /* empty again, memory kept, overflow cleared */

COLD void buf_add_growing(struct buf *buf, const void *bytes, size_t len); /* what buf_add() seldom has to do */

/* There is room behind len up to cap, less a byte, and cap is within the maximum. */
static inline void buf_add(struct buf *buf, const void *bytes, size_t len)
{
	if (len == 0 || len >= buf->cap - buf->len || buf->overflow) {
		buf_add_growing(buf, bytes, len);
		return;
	}
	memcpy(buf->ptr + buf->len, bytes, len);
	buf->len += len;
}

static inline void buf_add_str(struct buf *buf, struct str s)
{
	buf_add(buf, s.ptr, s.len);
}

static inline void buf_add_char(struct buf *buf, char c)
{
	buf_add(buf, &c, 1);
}

void buf_add_u64(struct buf *buf, uint64_t value);
void buf_printf(struct buf *buf, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_vprintf(struct buf *buf, const char *fmt, va_list args) PRINTF_LIKE(2, 0);

/* Room for len more bytes at the returned place (NULL on overflow); say with
 * buf_took() how many of them were used. */
char *buf_room(struct buf *buf, size_t len);
void buf_took(struct buf *buf, size_t len);

/* Drops the first len bytes. */
void buf_drop_front(struct buf *buf, size_t len);

struct str buf_str(const struct buf *buf);
/* The content with a NUL behind it (not counted); "" after an overflow of nothing. */
const char *buf_cstr(struct buf *buf);
