// SPDX-License-Identifier: Apache-2.0
#include "parser/crc32.h"

#include <endian.h>
#include <string.h>

#define POLYNOMIAL 0xedb88320u

void crc32_init(struct crc32 *crc)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;
		for (int bit = 0; bit < 8; bit++)
			c = (c & 1) != 0 ? POLYNOMIAL ^ c >> 1 : c >> 1;
		crc->table[0][i] = c;
	}
	for (int slice = 1; slice < 8; slice++)
		for (uint32_t i = 0; i < 256; i++) {
			uint32_t c = crc->table[slice - 1][i];
			crc->table[slice][i] = crc->table[0][c & 0xff] ^ c >> 8;
		}
	crc->sum = 0xffffffffu;
}

void crc32_add(struct crc32 *crc, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;
	uint32_t sum = crc->sum;
	const uint32_t(*t)[256] = crc->table;
	for (; len >= 8; at += 8, len -= 8) {
		uint32_t low, high;
		memcpy(&low, at, 4);
		memcpy(&high, at + 4, 4);
		low = le32toh(low) ^ sum;
		high = le32toh(high);
		sum = t[7][low & 0xff] ^ t[6][low >> 8 & 0xff] ^ t[5][low >> 16 & 0xff] ^
			t[4][low >> 24] ^ t[3][high & 0xff] ^ t[2][high >> 8 & 0xff] ^
			t[1][high >> 16 & 0xff] ^ t[0][high >> 24];
	}
	for (; len > 0; at++, len--)
		sum = t[0][(sum ^ *at) & 0xff] ^ sum >> 8;
	crc->sum = sum;
}

uint32_t crc32_value(const struct crc32 *crc)
{
	return ~crc->sum;
}
