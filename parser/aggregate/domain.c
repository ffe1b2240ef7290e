// SPDX-License-Identifier: Apache-2.0
#include "parser/aggregate/domain.h"

#include <idn2.h>

#define U_LABEL_BYTES 4 /* of UTF-8 where an A-label has one */

static const bool name_chars[256] = {
	['-'] = true, ['_'] = true, ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true,
};

/* An IPv4 address is none: no top-level domain is a number. */
static bool is_number(struct str label)
{
	size_t digits = 0;
	while (digits < label.len && ascii_is_digit(label.ptr[digits]))
		digits++;
	return digits == label.len;
}

/* A copy in lower case of letters, digits, "-" and "_" (which real names hold) without an empty label;
 * absent when it is not. */
static struct str plain_name(struct arena *arena, struct str name, const struct limits *limits)
{
	if (name.len == 0 || name.len > limits->domain_bytes)
		return STR_NONE;
	char *copy = arena_cstr(arena, name);
	size_t label = 0, last = 0; /* begin there */
	for (size_t i = 0; i <= name.len; i++) {
		char c = copy[i];
		if (name_chars[(unsigned char)c]) {
			copy[i] = ascii_lower(c);
			continue;
		}
		if ((c != '.' && i < name.len) || i == label || i - label > limits->label_bytes)
			return STR_NONE;
		last = label;
		label = i + 1;
	}
	return is_number(str_from_offset(name, last)) ? STR_NONE : (struct str){copy, name.len};
}

static bool has_high_byte(struct str name)
{
	for (size_t i = 0; i < name.len; i++)
		if ((unsigned char)name.ptr[i] >= 0x80)
			return true;
	return false;
}

static struct str to_a_labels(struct arena *arena, struct str name, const struct limits *limits)
{
	uint8_t *found = NULL;
	const uint8_t *text = (const uint8_t *)arena_cstr(arena, name);
	struct str done = STR_NONE;
	if (name.len <= U_LABEL_BYTES * limits->domain_bytes &&
		idn2_lookup_u8(text, &found, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT) == IDN2_OK)
		done = arena_str(arena, str_from((const char *)found));
	idn2_free(found);
	return done;
}

/* The domain of "Name <user@domain>" or "user@domain". */
static struct str of_address(struct str text)
{
	size_t at = str_rfind_char(text, '@');
	if (at == SIZE_MAX)
		return text;
	struct str domain = str_from_offset(text, at + 1);
	size_t close = str_find_char(domain, '>');
	return str_trim(close == SIZE_MAX ? domain : str_sub(domain, 0, close));
}

enum domain_form domain_read(struct arena *arena, struct str text, const struct limits *limits, struct str *name_r)
{
	*name_r = plain_name(arena, text, limits);
	if (name_r->ptr)
		return DOMAIN_PLAIN;
	*name_r = text.ptr ? text : STR("");
	if (text.len == 0)
		return DOMAIN_EMPTY;
	struct str name = of_address(text);
	if (str_ends(name, STR(".")))
		name = str_sub(name, 0, name.len - 1);
	if (has_high_byte(name))
		name = to_a_labels(arena, name, limits);
	name = plain_name(arena, name, limits);
	if (!name.ptr)
		return DOMAIN_INVALID;
	*name_r = name;
	return DOMAIN_NORMALISED;
}
