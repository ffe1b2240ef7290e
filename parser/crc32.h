// SPDX-License-Identifier: Apache-2.0
/* The CRC of gzip (RFC 1952 section 8), eight bytes at a step. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct crc32 {
	uint32_t sum;
	uint32_t table[8][256];
};

void crc32_init(struct crc32 *crc);
void crc32_add(struct crc32 *crc, const void *bytes, size_t len);
uint32_t crc32_value(const struct crc32 *crc);
