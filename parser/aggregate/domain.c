// SPDX-License-Identifier: Apache-2.0
#include "parser/aggregate/domain.h"

#include <idn2.h>

#define U_LABEL_BYTES 4 /* of UTF-8 where an A-label has one */

/* Letters, digits, "-" and "_" (which real names hold), no empty label. */
static bool is_plain_name(struct str name, const struct limits *limits)
{
	size_t label = 0;
	if (name.len == 0 || name.len > limits->domain_bytes)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];
		if (c == '.') {
			if (label == 0)
				return false;
			label = 0;
		} else if (!(ascii_is_alnum(c) || c == '-' || c == '_') || ++label > limits->label_bytes) {
			return false;
		}
	}
	return label > 0;
}

static struct str lower(struct arena *arena, struct str name)
{
	char *copy = arena_alloc(arena, name.len + 1);
	for (size_t i = 0; i < name.len; i++)
		copy[i] = ascii_lower(name.ptr[i]);
	return (struct str){copy, name.len};
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
	struct str name = of_address(text);
	*name_r = text.ptr ? text : STR("");
	if (text.len == 0)
		return DOMAIN_EMPTY;
	if (str_ends(name, STR(".")))
		name = str_sub(name, 0, name.len - 1);
	if (has_high_byte(name))
		name = to_a_labels(arena, name, limits);
	if (!is_plain_name(name, limits))
		return DOMAIN_INVALID;
	*name_r = lower(arena, name);
	return str_eq(name, text) || str_eq_nocase(name, text) ? DOMAIN_PLAIN : DOMAIN_NORMALISED;
}
