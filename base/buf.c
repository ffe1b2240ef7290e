// SPDX-License-Identifier: Apache-2.0
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *buf, size_t max_bytes)
{
	*buf = (struct buf){.max_bytes = max_bytes};
}

void buf_fini(struct buf *buf)
{
	free(buf->ptr);
	*buf = (struct buf){.max_bytes = buf->max_bytes};
}

void buf_reset(struct buf *buf)
{
	buf->len = 0;
	buf->overflow = false;
}

/* One byte more than asked for stays free, for buf_cstr(). */
char *buf_room(struct buf *buf, size_t len)
{
	if (buf->overflow || len > buf->max_bytes || buf->len > buf->max_bytes - len) {
		buf->overflow = true;
		return NULL;
	}
	size_t need = buf->len + len + 1;
	if (need > buf->cap) {
		size_t cap = buf->cap < 128 ? 256 : buf->cap + buf->cap / 2;
		if (cap < need)
			cap = need;
		if (cap > buf->max_bytes)
			cap = buf->max_bytes + 1;
		char *grown = realloc(buf->ptr, cap);
		if (!grown)
			die_out_of_memory();
		buf->ptr = grown;
		buf->cap = cap;
	}
	return buf->ptr + buf->len;
}

void buf_took(struct buf *buf, size_t len)
{
	buf->len += len;
}

void buf_add_growing(struct buf *buf, const void *bytes, size_t len)
{
	char *room = buf_room(buf, len);
	if (!room || len == 0)
		return;
	memcpy(room, bytes, len);
	buf->len += len;
}

void buf_add_u64(struct buf *buf, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);
	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	buf_add(buf, digits + at, sizeof(digits) - at);
}

void buf_vprintf(struct buf *buf, const char *fmt, va_list args)
{
	va_list again;
	va_copy(again, args);
	int need = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (need < 0)
		die("bad format \"%s\"", fmt);
	char *room = buf_room(buf, (size_t)need);
	if (!room)
		return;
	(void)vsnprintf(room, (size_t)need + 1, fmt, args);
	buf->len += (size_t)need;
}

void buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	buf_vprintf(buf, fmt, args);
	va_end(args);
}

void buf_drop_front(struct buf *buf, size_t len)
{
	if (len > buf->len)
		len = buf->len;
	if (len == 0)
		return;
	memmove(buf->ptr, buf->ptr + len, buf->len - len);
	buf->len -= len;
}

struct str buf_str(const struct buf *buf)
{
	return (struct str){buf->ptr ? buf->ptr : "", buf->len};
}

const char *buf_cstr(struct buf *buf)
{
	if (!buf->ptr)
		return "";
	buf->ptr[buf->len] = '\0';
	return buf->ptr;
}
