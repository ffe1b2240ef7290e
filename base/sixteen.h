// SPDX-License-Identifier: Apache-2.0
/*
 * Sixteen bytes looked at in one step, by the compilers' vectors: comparing them gives a vector too,
 * whose bytes are 0xff where it is so and 0 elsewhere.
 */
#pragma once

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define SIXTEEN ((size_t)16)

typedef unsigned char sixteen __attribute__((vector_size(16)));

/* at: readable for sixteen bytes. */
static inline sixteen sixteen_load(const char *at)
{
	sixteen bytes;
	(void)memcpy(&bytes, at, sizeof(bytes));
	return bytes;
}

/* A bit for each byte of a comparison, the first of them lowest. */
static inline uint64_t sixteen_bits(sixteen found)
{
#ifdef __SSE2__
	return (uint64_t)__builtin_ia32_pmovmskb128((char __attribute__((vector_size(16))))found);
#else
	uint64_t halves[2];
	(void)memcpy(halves, &found, sizeof(halves));
	const uint64_t ones = UINT64_MAX / 255, gather = 0x0102040810204080;
	return (le64toh(halves[0]) & ones) * gather >> 56 | ((le64toh(halves[1]) & ones) * gather >> 56) << 8;
#endif
}
