// SPDX-License-Identifier: Apache-2.0
/*
 * Eight bytes looked at in one step, the first of them lowest. In the answers the lowest bit that is
 * set belongs to the first byte asked for (eight_index); what is above it means nothing. 0: none.
 */
#pragma once

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define EIGHT sizeof(uint64_t)
#define EACH_BYTE(value) (UINT64_MAX / 255 * (value))

/* at: readable for eight bytes. */
static inline uint64_t eight_load(const char *at)
{
	uint64_t eight;
	(void)memcpy(&eight, at, EIGHT);
	return le64toh(eight);
}

/* Bytes below limit, which is at most 0x80. */
static inline uint64_t eight_below(uint64_t eight, unsigned char limit)
{
	return (eight - EACH_BYTE(limit)) & ~eight & EACH_BYTE(0x80);
}

static inline uint64_t eight_equal(uint64_t eight, unsigned char byte)
{
	return eight_below(eight ^ EACH_BYTE(byte), 1);
}

/* All of them are printable ASCII. */
static inline bool eight_printable(uint64_t eight)
{
	return (eight_below(eight, ' ') | eight_equal(eight, 0x7f) | (eight & EACH_BYTE(0x80))) == 0;
}

/* found: an answer that is not 0. */
static inline size_t eight_index(uint64_t found)
{
	return (size_t)__builtin_ctzll(found) / 8;
}
