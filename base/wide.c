// SPDX-License-Identifier: Apache-2.0
#include "base/wide.h"

#define WIDE_MAX (~(wide)0)

/* Divided in the wide only while it is: a division of 128 bits is a call that costs ten of 64. */
static unsigned take_digit(wide *value)
{
	const unsigned digit = *value > UINT64_MAX ? (unsigned)(*value % 10) : (unsigned)((uint64_t)*value % 10);
	*value = *value > UINT64_MAX ? *value / 10 : (uint64_t)*value / 10;
	return digit;
}

static const char *write_digits(wide value, bool grouped, char *end)
{
	unsigned digits = 0;
	*end = '\0';
	do {
		if (grouped && digits > 0 && digits % 3 == 0)
			*--end = ',';
		*--end = (char)('0' + take_digit(&value));
		digits++;
	} while (value > 0);
	return end;
}

const char *wide_text(wide value, char text[WIDE_TEXT_BYTES])
{
	return write_digits(value, false, text + WIDE_TEXT_BYTES - 1);
}

const char *wide_grouped(wide value, char text[WIDE_GROUPED_BYTES])
{
	return write_digits(value, true, text + WIDE_GROUPED_BYTES - 1);
}

wide wide_parse(struct str s)
{
	wide value = 0;
	for (size_t i = 0; i < s.len && ascii_is_digit(s.ptr[i]); i++) {
		wide digit = (wide)(s.ptr[i] - '0');
		if (value > (WIDE_MAX - digit) / 10)
			return WIDE_MAX;
		value = value * 10 + digit;
	}
	return value;
}
