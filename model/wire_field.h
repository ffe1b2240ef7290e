// SPDX-License-Identifier: Apache-2.0
/*
 * The primitive spellings of model/wire: little-endian integers and counted
 * strings. The reading cursor's error is sticky: after the first failure every
 * later read gives zero, and the caller tests once at the end.
 */
#pragma once

#include "base/buf.h"
#include "base/wide.h"

#include <endian.h>
#include <string.h>

struct wire_cursor {
	const char *at;
	const char *end;
	bool failed;
};

void wire_put_u8(struct buf *buf, uint8_t value);
void wire_put_u32(struct buf *buf, uint32_t value);
void wire_put_u64(struct buf *buf, uint64_t value);
void wire_put_wide(struct buf *buf, wide value); /* the low half first */
void wire_put_str(struct buf *buf, struct str s);

struct wire_cursor wire_cursor(struct str payload);
/* The next len bytes as they are, or zero. */
static inline void wire_get_raw(struct wire_cursor *cursor, void *into, size_t len)
{
	cursor->failed |= (size_t)(cursor->end - cursor->at) < len;
	if (cursor->failed) {
		memset(into, 0, len);
		return;
	}
	memcpy(into, cursor->at, len);
	cursor->at += len;
}

static inline uint8_t wire_get_u8(struct wire_cursor *cursor)
{
	uint8_t value;
	wire_get_raw(cursor, &value, sizeof(value));
	return value;
}

static inline uint32_t wire_get_u32(struct wire_cursor *cursor)
{
	uint32_t value;
	wire_get_raw(cursor, &value, sizeof(value));
	return le32toh(value);
}

static inline uint64_t wire_get_u64(struct wire_cursor *cursor)
{
	uint64_t value;
	wire_get_raw(cursor, &value, sizeof(value));
	return le64toh(value);
}

/* An enum member: fails when above max. */
static inline uint8_t wire_get_enum(struct wire_cursor *cursor, unsigned min, unsigned max)
{
	uint8_t value = wire_get_u8(cursor);
	bool known = value >= min && value <= max;
	cursor->failed |= !known;
	return known ? value : (uint8_t)min;
}

wide wire_get_wide(struct wire_cursor *cursor);
/* A text: valid UTF-8 without NUL, else the cursor fails. */
struct str wire_get_text(struct wire_cursor *cursor);
/* Any bytes. */
struct str wire_get_bytes(struct wire_cursor *cursor);
/* A number of items that follow, each at least item_bytes_min long; bounded by what is left. */
uint32_t wire_get_count(struct wire_cursor *cursor, size_t item_bytes_min);
/* True when nothing failed and nothing is left. */
bool wire_cursor_done(const struct wire_cursor *cursor);
