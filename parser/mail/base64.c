// SPDX-License-Identifier: Apache-2.0
#include "parser/mail/base64.h"

#include <string.h>

#define X 255
#define BLANK 254 /* white space at a line end */
#define SPACE 253 /* blank or TAB: odd when a line goes on behind it */
#define PAD 252

/* RFC 4648 section 4. */
static const uint8_t values[256] = {
	X, X, X, X, X, X, X, X, X, SPACE, BLANK, X, X, BLANK, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	SPACE, X, X, X, X, X, X, X, X, X, X, 62, X, X, X, 63,
	52, 53, 54, 55, 56, 57, 58, 59, 60, 61, X, X, X, PAD, X, X,
	X, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, X, X, X, X, X,
	X, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
	41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
};

void base64_init(struct base64 *decoder)
{
	*decoder = (struct base64){0};
}

static size_t close_quantum(struct base64 *decoder, char *out)
{
	size_t len = 0;
	if (decoder->chars >= 2)
		out[len++] = (char)(decoder->bits >> (decoder->chars == 2 ? 4 : 10));
	if (decoder->chars == 3)
		out[len++] = (char)(decoder->bits >> 2);
	decoder->bits = 0;
	decoder->chars = 0;
	return len;
}

/* A byte that carries no data; returns the bytes written when it closes a quantum. */
static size_t take_other(struct base64 *decoder, uint8_t value, char *out)
{
	if (value == BLANK) {
		decoder->line_blank = false;
		return 0;
	}
	if (value == SPACE) {
		decoder->line_blank = true;
		return 0;
	}
	if (value == PAD) {
		decoder->padded = true;
		return close_quantum(decoder, out);
	}
	decoder->junk++;
	return 0;
}

size_t base64_step(struct base64 *decoder, const char *text, size_t len, char *out)
{
	size_t written = 0;
	for (size_t i = 0; i < len; i++) {
		uint8_t value = values[(unsigned char)text[i]];
		if (value >= 64) {
			written += take_other(decoder, value, out + written);
			continue;
		}
		if (decoder->line_blank || decoder->padded) { /* data behind the end, in a line or at all */
			decoder->junk++;
			decoder->line_blank = false;
		}
		decoder->padded = false;
		decoder->bits = decoder->bits << 6 | value;
		if (++decoder->chars < 4)
			continue;
		out[written++] = (char)(decoder->bits >> 16);
		out[written++] = (char)(decoder->bits >> 8);
		out[written++] = (char)decoder->bits;
		decoder->chars = 0;
		decoder->bits = 0;
	}
	return written;
}

size_t base64_flush(struct base64 *decoder, char *out)
{
	if (decoder->chars > 0)
		decoder->unpadded = true;
	return close_quantum(decoder, out);
}

bool base64_repaired(const struct base64 *decoder)
{
	return decoder->junk > 0 || decoder->unpadded;
}

bool base64_is_char(char c)
{
	return values[(unsigned char)c] < 64;
}
