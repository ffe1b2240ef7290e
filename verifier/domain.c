// SPDX-License-Identifier: Apache-2.0
#include "verifier/domain.h"

#include "dns/dns.h"

#include <idn2.h>

#define U_LABEL_BYTES 4 /* of UTF-8 where an A-label has one */

/* The ASCII that may stand in a name; libidn2 is shown no other. */
static bool is_name_byte(char c)
{
	return ascii_is_alnum(c) || c == '-' || c == '_' || c == '.';
}

static bool has_high_byte(struct str name, bool *refused_r)
{
	bool high = false;
	*refused_r = false;
	for (size_t i = 0; i < name.len; i++) {
		if ((unsigned char)name.ptr[i] >= 0x80)
			high = true;
		else if (!is_name_byte(name.ptr[i]))
			*refused_r = true;
	}
	return high;
}

/* Mapping may bring forth ASCII, so what comes out is judged again. */
static struct str to_a_labels(struct arena *arena, struct str name)
{
	uint8_t *found = NULL;
	struct str done = STR_NONE;
	if (name.len <= U_LABEL_BYTES * DNS_NAME_BYTES_MAX &&
		idn2_lookup_u8((const uint8_t *)arena_cstr(arena, name), &found,
			IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT) == IDN2_OK)
		done = arena_str(arena, str_from((const char *)found));
	idn2_free(found);
	return done;
}

bool domain_to_ascii(struct arena *arena, struct str domain, struct str *ascii_r)
{
	bool refused;
	*ascii_r = STR_NONE;
	if (has_high_byte(domain, &refused) && !refused)
		domain = to_a_labels(arena, domain);
	if (str_ends(domain, STR(".")))
		domain.len--;
	if (refused || has_high_byte(domain, &refused) || refused || !dns_name_valid(domain))
		return false;
	char *lower = arena_alloc(arena, domain.len + 1);
	for (size_t i = 0; i < domain.len; i++)
		lower[i] = ascii_lower(domain.ptr[i]);
	*ascii_r = (struct str){lower, domain.len};
	return true;
}

bool domain_is_or_below(struct str child, struct str parent)
{
	if (parent.len == 0 || !str_ends(child, parent))
		return false;
	return child.len == parent.len || child.ptr[child.len - parent.len - 1] == '.';
}

size_t domain_labels(struct str domain)
{
	size_t dots = 0;
	for (size_t i = 0; i < domain.len; i++)
		dots += domain.ptr[i] == '.';
	return domain.len > 0 ? dots + 1 : 0;
}

struct str domain_last_labels(struct str domain, size_t n)
{
	size_t dots = 0;
	for (size_t i = domain.len; i > 0; i--)
		if (domain.ptr[i - 1] == '.' && ++dots == n)
			return str_from_offset(domain, i);
	return n > 0 ? domain : str_from_offset(domain, domain.len);
}
