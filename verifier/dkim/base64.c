// SPDX-License-Identifier: Apache-2.0
#include "verifier/dkim/base64.h"

/* In the table: a value and one, 0 is no character of base64. */
#define WHITE 100
#define PAD 101

static const uint8_t table[256] = {
	[' '] = WHITE, ['\t'] = WHITE, ['\r'] = WHITE, ['\n'] = WHITE, ['='] = PAD,
	['A'] = 1, ['B'] = 2, ['C'] = 3, ['D'] = 4, ['E'] = 5, ['F'] = 6, ['G'] = 7, ['H'] = 8, ['I'] = 9,
	['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18,
	['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24, ['Y'] = 25, ['Z'] = 26,
	['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35,
	['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44,
	['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52,
	['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56, ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61,
	['9'] = 62, ['+'] = 63, ['/'] = 64,
};

bool base64_decode(struct arena *arena, struct str text, struct str *bytes_r)
{
	char *out = arena_alloc(arena, text.len / 4 * 3 + 3);
	uint32_t bits = 0;
	size_t len = 0, characters = 0, pads = 0;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t value = table[(uint8_t)text.ptr[i]];
		if (value == WHITE)
			continue;
		if (value == PAD) {
			pads++;
			continue;
		}
		if (value == 0 || pads > 0)
			return false;
		bits = bits << 6 | (uint32_t)(value - 1);
		if (++characters % 4 != 1)
			out[len++] = (char)(bits >> (characters % 4 == 2 ? 4 : characters % 4 == 3 ? 2 : 0));
	}
	if (characters % 4 == 1 || pads > (4 - characters % 4) % 4)
		return false;
	*bytes_r = (struct str){out, len};
	return true;
}

struct str base64_encode(struct arena *arena, struct str bytes)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *out = arena_alloc(arena, (bytes.len + 2) / 3 * 4 + 1);
	size_t len = 0;
	for (size_t i = 0; i < bytes.len; i += 3) {
		uint32_t bits = 0;
		for (size_t k = i; k < i + 3; k++)
			bits = bits << 8 | (k < bytes.len ? (uint8_t)bytes.ptr[k] : 0);
		for (size_t k = 0; k < 4; k++)
			out[len++] = i + k <= bytes.len ? digits[bits >> (18 - 6 * k) & 63] : '=';
	}
	return (struct str){out, len};
}
