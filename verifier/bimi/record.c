// SPDX-License-Identifier: Apache-2.0
#include "verifier/bimi/record.h"

#include "verifier/domain.h"

#include <string.h>

#define TAGS_MAX 64
#define PORT_MAX 65535
#define VERSION STR("BIMI1")

static bool is_wsp(char c)
{
	return c == ' ' || c == '\t';
}

static struct str trim(struct str s)
{
	while (s.len > 0 && is_wsp(s.ptr[0]))
		s = str_from_offset(s, 1);
	while (s.len > 0 && is_wsp(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

/* A tag of RFC 6376 section 3.2 with blanks trimmed. False: none such. */
static bool read_tag(struct str piece, struct str *name_r, struct str *value_r)
{
	size_t equals = str_find_char(piece, '=');
	if (equals == SIZE_MAX)
		return false;
	*name_r = trim(str_sub(piece, 0, equals));
	*value_r = trim(str_from_offset(piece, equals + 1));
	if (name_r->len == 0 || !ascii_is_alpha(name_r->ptr[0]))
		return false;
	for (size_t i = 1; i < name_r->len; i++)
		if (!ascii_is_alnum(name_r->ptr[i]) && name_r->ptr[i] != '_')
			return false;
	return true;
}

/* Cuts "v=BIMI1" off *rest. */
static bool read_version(struct str *rest)
{
	struct str piece, name, value;
	return str_split(rest, ';', &piece) && piece.len > 0 && !is_wsp(piece.ptr[0]) &&
		read_tag(piece, &name, &value) && str_eq(name, STR("v")) && str_eq(value, VERSION);
}

static bool refuse(struct bimi_record *record, const char *reason, const char *detail)
{
	record->reason = reason;
	record->detail = str_from(detail);
	return false;
}

/* RFC 3986, and of it only what may stand unescaped in a tag: no comma, no white space. */
static bool uri_bytes_valid(struct str uri)
{
	for (size_t i = 0; i < uri.len; i++) {
		char c = uri.ptr[i];
		if (c == '%' && (i + 2 >= uri.len || !ascii_is_hex(uri.ptr[i + 1]) || !ascii_is_hex(uri.ptr[i + 2])))
			return false;
		if (!ascii_is_alnum(c) && (c == '\0' || !strchr("-._~:/?#[]@!$&'()*+=%", c)))
			return false;
	}
	return true;
}

/* A name with a dot in it whose last label is no number. */
static bool host_valid(struct arena *arena, struct str host)
{
	struct str ascii, last;
	if (!domain_to_ascii(arena, host, &ascii) || domain_labels(ascii) < 2)
		return false;
	last = domain_last_labels(ascii, 1);
	for (size_t i = 0; i < last.len; i++)
		if (!ascii_is_digit(last.ptr[i]))
			return true;
	return false;
}

/* What is wrong with it; NULL: nothing. */
static const char *uri_problem(struct arena *arena, struct str uri, struct str *path_r)
{
	*path_r = STR_NONE;
	if (str_find_char(uri, ',') != SIZE_MAX)
		return "holds a comma, which must be written %2C";
	if (!uri_bytes_valid(uri))
		return "is not a URI (RFC 3986)";
	if (!str_starts_nocase(uri, STR("https://")))
		return "is not https";
	struct str rest = str_from_offset(uri, 8);
	size_t end = 0;
	while (end < rest.len && !strchr("/?#", rest.ptr[end]))
		end++;
	struct str host = str_sub(rest, 0, end), port;
	uint64_t number;
	size_t colon = str_find_char(host, ':');
	if (colon != SIZE_MAX) {
		port = str_from_offset(host, colon + 1);
		host = str_sub(host, 0, colon);
		if (port.len > 0 && !str_to_u64(port, PORT_MAX, &number))
			return "has a port that is none";
	}
	if (!host_valid(arena, host))
		return "does not name a host by its full domain name";
	*path_r = str_from_offset(rest, end);
	for (size_t i = 0; i < path_r->len; i++)
		if (path_r->ptr[i] == '?' || path_r->ptr[i] == '#')
			*path_r = str_sub(*path_r, 0, i);
	return NULL;
}

static bool check_location(struct arena *arena, struct bimi_record *record)
{
	static const char *const OTHERS[] = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".ico", ".tif",
		".tiff", ".pdf", ".avif", ".heic"};
	struct str path;
	const char *problem = record->location.len > 0 ? uri_problem(arena, record->location, &path) : NULL;
	if (problem)
		return refuse(record, "record.location", arena_printf(arena, "l= %s", problem));
	for (size_t i = 0; record->location.len > 0 && i < sizeof(OTHERS) / sizeof(OTHERS[0]); i++)
		if (str_ends_nocase(path, str_from(OTHERS[i])))
			return refuse(record, "record.format", "l= leads to another format than SVG");
	return true;
}

static bool check_evidence(struct arena *arena, struct bimi_record *record)
{
	struct str path;
	const char *problem = record->evidence.len > 0 ? uri_problem(arena, record->evidence, &path) : NULL;
	return !problem || refuse(record, "record.evidence", arena_printf(arena, "a= %s", problem));
}

static bool prefix_valid(struct str prefix)
{
	for (size_t i = 0; i < prefix.len; i++)
		if (!ascii_is_alnum(prefix.ptr[i]) && prefix.ptr[i] != '-')
			return false;
	return prefix.len > 0 && prefix.len <= 63;
}

static bool read_prefixes(struct bimi_record *record, struct str value)
{
	struct str prefix;
	record->has_prefixes = true;
	if (value.len == 0)
		return true;
	while (str_split(&value, ',', &prefix)) {
		if (!prefix_valid(trim(prefix)) || record->prefixes_count == BIMI_PREFIXES_MAX)
			return refuse(record, "record.prefixes", "lps= is not a list of local-part prefixes");
		record->prefixes[record->prefixes_count++] = trim(prefix);
	}
	return true;
}

static bool read_known(struct bimi_record *record, struct str name, struct str value)
{
	if (str_eq(name, STR("l")))
		record->location = value;
	else if (str_eq(name, STR("a")))
		record->evidence = value;
	else if (str_eq(name, STR("lps")))
		return read_prefixes(record, value);
	else if (str_eq(name, STR("avp")) && (str_eq(value, STR("brand")) || str_eq(value, STR("personal"))))
		record->preference = value;
	return true;
}

static bool read_tags(struct bimi_record *record, struct str rest)
{
	struct str piece, value, names[TAGS_MAX];
	size_t count = 0;
	while (str_split(&rest, ';', &piece)) {
		if (trim(piece).len == 0 && !rest.ptr)
			return true; /* behind the last ";" */
		if (count == TAGS_MAX || !read_tag(piece, &names[count], &value))
			return refuse(record, "record.syntax", "it is not a list of tag=value");
		for (size_t i = 0; i < count; i++)
			if (str_eq(names[i], names[count]))
				return refuse(record, "record.duplicate", "a tag stands in it twice");
		if (str_eq(names[count], STR("v")))
			return refuse(record, "record.duplicate", "a tag stands in it twice");
		if (!read_known(record, names[count++], value))
			return false;
	}
	return true;
}

bool bimi_record_parse(struct arena *arena, struct str text, struct bimi_record *record_r)
{
	*record_r = (struct bimi_record){.preference = STR("brand")};
	if (!read_version(&text))
		return false;
	if (!read_tags(record_r, text))
		return true;
	if (!record_r->location.ptr)
		(void)refuse(record_r, "record.location", "the tag l= is missing");
	else if (check_location(arena, record_r) && check_evidence(arena, record_r))
		record_r->declined = record_r->location.len == 0 && record_r->evidence.len == 0;
	return true;
}

/* sub-domain *("." sub-domain) of RFC 5321 section 4.1.2. */
static bool selector_valid(struct str selector)
{
	struct str rest = selector, label;
	while (str_split(&rest, '.', &label)) {
		if (label.len == 0 || label.len > 63 || label.ptr[0] == '-' || label.ptr[label.len - 1] == '-')
			return false;
		for (size_t i = 0; i < label.len; i++)
			if (!ascii_is_alnum(label.ptr[i]) && label.ptr[i] != '-')
				return false;
	}
	return selector.len > 0 && selector.len <= 253;
}

bool bimi_selector_parse(struct str body, struct str *selector_r)
{
	struct str rest = str_trim(body), piece, name, value;
	*selector_r = STR_NONE;
	if (!read_version(&rest))
		return false;
	while (str_split(&rest, ';', &piece)) {
		if (trim(piece).len == 0 && !rest.ptr)
			break;
		if (!read_tag(piece, &name, &value))
			return false;
		if (!str_eq(name, STR("s")))
			continue;
		if (selector_r->ptr)
			return false;
		*selector_r = value;
	}
	return selector_valid(*selector_r);
}

bool bimi_local_part_selector(struct arena *arena, const struct bimi_record *record, struct str local_part,
	struct str *selector_r)
{
	struct str part = str_sub(local_part, 0, str_find_char(local_part, '+'));
	char *out = arena_alloc(arena, part.len + 1);
	size_t len = 0;
	*selector_r = STR_NONE;
	for (size_t i = 0; i < part.len; i++) {
		char c = part.ptr[i];
		bool run = c == '_' || c == '.';
		if (!run && !ascii_is_alnum(c) && c != '-')
			return false;
		if (!run || i == 0 || (part.ptr[i - 1] != '_' && part.ptr[i - 1] != '.'))
			out[len++] = run ? '-' : ascii_lower(c);
	}
	struct str selector = {out, len};
	while (selector.len > 0 && selector.ptr[0] == '-')
		selector = str_from_offset(selector, 1);
	while (selector.len > 0 && selector.ptr[selector.len - 1] == '-')
		selector.len--;
	if (!record->has_prefixes || selector.len == 0 || selector.len > 63)
		return false;
	bool wanted = record->prefixes_count == 0;
	for (size_t i = 0; i < record->prefixes_count; i++)
		wanted = wanted || str_starts_nocase(selector, record->prefixes[i]);
	*selector_r = selector;
	return wanted;
}
