// SPDX-License-Identifier: Apache-2.0
#include "verifier/dmarc/uri.h"

#include "verifier/dmarc.h"
#include "verifier/domain.h"

#include <string.h>

struct str dmarc_trim(struct str s)
{
	while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
		s = str_from_offset(s, 1);
	while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
		s.len--;
	return s;
}

static bool is_one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

static struct str up_to(struct str text, const char *ends)
{
	size_t len = 0;
	while (len < text.len && !is_one_of(text.ptr[len], ends))
		len++;
	return str_sub(text, 0, len);
}

static bool is_scheme(struct str scheme)
{
	for (size_t i = 0; i < scheme.len; i++)
		if (!ascii_is_alnum(scheme.ptr[i]) && !is_one_of(scheme.ptr[i], "+-."))
			return false;
	return scheme.len > 0 && ascii_is_alpha(scheme.ptr[0]);
}

static bool is_uri_text(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (c == '%') {
			if (i + 2 >= text.len || !ascii_is_hex(text.ptr[i + 1]) || !ascii_is_hex(text.ptr[i + 2]))
				return false;
		} else if (!ascii_is_alnum(c) && !is_one_of(c, "-._~:/?#[]@$&'()*+;=")) {
			return false;
		}
	}
	return text.len > 0;
}

bool dmarc_uri_valid(struct str uri)
{
	size_t colon = str_find_char(uri, ':');
	if (colon == SIZE_MAX || !is_scheme(str_sub(uri, 0, colon)) || !is_uri_text(str_from_offset(uri, colon + 1)))
		return false;
	if (!str_starts_nocase(uri, STR("mailto:")))
		return true;
	struct str address = up_to(str_from_offset(uri, colon + 1), "?");
	size_t at = str_find_char(address, '@');
	return at != SIZE_MAX && at > 0 && at + 1 < address.len;
}

static struct str percent_decoded(struct arena *arena, struct str text)
{
	char *plain = arena_alloc(arena, text.len + 1);
	size_t len = 0;
	for (size_t i = 0; i < text.len; i++) {
		bool coded = text.ptr[i] == '%' && i + 2 < text.len;
		plain[len++] = coded ? (char)(ascii_hex_value(text.ptr[i + 1]) << 4 |
			ascii_hex_value(text.ptr[i + 2])) : text.ptr[i];
		i += coded ? 2 : 0;
	}
	return (struct str){plain, len};
}

bool dmarc_uri_host(struct arena *arena, struct str uri, struct str *host_r)
{
	struct str rest;
	*host_r = STR_NONE;
	if (!dmarc_uri_valid(uri))
		return false;
	if (str_starts_nocase(uri, STR("mailto:"))) {
		rest = percent_decoded(arena, up_to(str_from_offset(uri, 7), "?"));
		if (str_find_char(rest, ',') != SIZE_MAX)
			return false;
		rest = str_from_offset(rest, str_rfind_char(rest, '@') + 1);
	} else if (str_starts_nocase(uri, STR("https://")) || str_starts_nocase(uri, STR("http://"))) {
		rest = up_to(str_from_offset(uri, str_find(uri, STR("//")) + 2), "/?#");
		size_t user = str_rfind_char(rest, '@');
		rest = up_to(user == SIZE_MAX ? rest : str_from_offset(rest, user + 1), ":");
	} else {
		return false;
	}
	return domain_to_ascii(arena, rest, host_r);
}
