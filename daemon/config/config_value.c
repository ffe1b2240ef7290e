// SPDX-License-Identifier: Apache-2.0
#include "daemon/config/config_value.h"

#include "base/ip.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DURATION_SECS_MAX ((uint64_t)100 * 366 * 86400)
#define ZONES "/usr/share/zoneinfo"

struct unit {
	const char *suffix;
	uint64_t factor;
};

static const struct unit time_units[] = {{"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}};
static const struct unit size_units[] = {
	{"TiB", (uint64_t)1 << 40}, {"GiB", (uint64_t)1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}};
#define UNITS(table) (table), sizeof(table) / sizeof((table)[0])

static bool read_units(struct str text, const struct unit *units, size_t count, uint64_t max,
	uint64_t *value_r)
{
	for (size_t i = 0; i < count; i++) {
		struct str suffix = str_from(units[i].suffix);
		uint64_t number;
		if (!str_ends(text, suffix))
			continue;
		if (!str_to_u64(str_sub(text, 0, text.len - suffix.len), max / units[i].factor, &number))
			return false;
		*value_r = number * units[i].factor;
		return true;
	}
	return false;
}

bool value_duration(struct str text, int64_t *secs_r)
{
	uint64_t secs;
	if (str_eq(text, STR("0"))) {
		*secs_r = 0;
		return true;
	}
	if (!read_units(text, UNITS(time_units), DURATION_SECS_MAX, &secs))
		return false;
	*secs_r = (int64_t)secs;
	return true;
}

bool value_bytes(struct str text, uint64_t *bytes_r)
{
	return read_units(text, UNITS(size_units), (uint64_t)1 << 60, bytes_r) ||
	       str_to_u64(text, (uint64_t)1 << 60, bytes_r);
}

bool value_bool(struct str text, bool *value_r)
{
	static const char *const words[] = {"yes", "true", "on", "no", "false", "off"};
	for (size_t i = 0; i < 6; i++) {
		if (!str_eq_nocase(text, str_from(words[i])))
			continue;
		*value_r = i < 3;
		return true;
	}
	return false;
}

bool value_percent(struct str text)
{
	uint64_t whole, parts = 0;
	if (!str_ends(text, STR("%")))
		return false;
	text.len--;
	size_t dot = str_find_char(text, '.');
	struct str decimals = dot == SIZE_MAX ? STR("0") : str_from_offset(text, dot + 1);
	if (dot != SIZE_MAX)
		text.len = dot;
	return decimals.len <= 3 && str_to_u64(text, 100, &whole) &&
	       str_to_u64(decimals, 999, &parts) && (whole < 100 || parts == 0);
}

static bool is_port(struct str text)
{
	uint64_t port;
	return str_to_u64(text, 65535, &port) && port > 0;
}

bool value_listen(struct str text)
{
	struct ip ip;
	size_t colon = str_rfind_char(text, ':');
	if (colon == SIZE_MAX || !is_port(str_from_offset(text, colon + 1)))
		return false;
	struct str host = str_sub(text, 0, colon);
	if (str_starts(host, STR("[")) && str_ends(host, STR("]")))
		return ip_parse(str_sub(host, 1, host.len - 2), &ip) && ip.family == 6;
	return str_eq(host, STR("localhost")) || (ip_parse(host, &ip) && ip.family == 4);
}

bool value_prefix(struct str text)
{
	struct ip network;
	unsigned bits;
	return ip_prefix_parse(text, &network, &bits);
}

bool value_domain(struct str text)
{
	struct str rest = text, label;
	if (text.len == 0 || text.len > 253)
		return false;
	while (str_split(&rest, '.', &label)) {
		if (label.len == 0 || label.len > 63 || label.ptr[0] == '-' ||
			label.ptr[label.len - 1] == '-')
			return false;
		for (size_t i = 0; i < label.len; i++)
			if (!ascii_is_alnum(label.ptr[i]) && label.ptr[i] != '-' && label.ptr[i] != '_')
				return false;
	}
	return true;
}

bool value_email(struct str text)
{
	size_t at = str_rfind_char(text, '@');
	if (at == SIZE_MAX || at == 0 || at > 64 || !value_domain(str_from_offset(text, at + 1)))
		return false;
	for (size_t i = 0; i < at; i++)
		if (text.ptr[i] <= ' ' || text.ptr[i] == '@' || text.ptr[i] == 0x7f)
			return false;
	return true;
}

bool value_url(struct str text)
{
	size_t scheme = str_starts(text, STR("https://")) ? 8 : str_starts(text, STR("http://")) ? 7 : 0;
	if (scheme == 0 || text.len == scheme || text.ptr[scheme] == '/')
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] <= ' ' || text.ptr[i] == 0x7f || text.ptr[i] == '"' || text.ptr[i] == '<')
			return false;
	return true;
}

bool value_timezone(struct str text)
{
	if (text.len == 0 || text.len > 64 || str_starts(text, STR("/")) ||
		str_find(text, STR("..")) != SIZE_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (!ascii_is_alnum(text.ptr[i]) && !strchr("/_+-", text.ptr[i]))
			return false;
	if (str_eq(text, STR("UTC")) || access(ZONES "/UTC", R_OK) != 0)
		return true; /* without the zone files nothing more can be said */
	struct buf path;
	buf_init(&path, 256);
	buf_printf(&path, ZONES "/%.*s", STR_FMT(text));
	bool found = access(buf_cstr(&path), R_OK) == 0;
	buf_fini(&path);
	return found;
}

const char *value_expand_path(struct str text, struct buf *out)
{
	static const struct str variable = {"${CREDENTIALS_DIRECTORY}", 24};
	if (str_starts(text, variable)) {
		const char *directory = getenv("CREDENTIALS_DIRECTORY");
		if (!directory || directory[0] != '/')
			return "needs CREDENTIALS_DIRECTORY, which systemd sets (LoadCredential=)";
		buf_printf(out, "%s", directory);
		text = str_from_offset(text, variable.len);
	}
	if (str_find(text, STR("${")) != SIZE_MAX)
		return "holds a variable other than ${CREDENTIALS_DIRECTORY}";
	buf_add_str(out, text);
	if (out->overflow || out->len == 0 || out->ptr[0] != '/')
		return "is not an absolute path";
	return NULL;
}

void value_add_duration(struct buf *buf, int64_t secs)
{
	uint64_t number = secs < 0 ? 0 : (uint64_t)secs;
	size_t i = 0;
	while (number == 0 ? i < 3 : number % time_units[i].factor != 0)
		i++;
	buf_add_u64(buf, number / time_units[i].factor);
	buf_printf(buf, "%s", time_units[i].suffix);
}

void value_add_bytes(struct buf *buf, uint64_t bytes)
{
	for (size_t i = 0; bytes > 0 && i < sizeof(size_units) / sizeof(size_units[0]); i++) {
		if (bytes % size_units[i].factor != 0)
			continue;
		buf_add_u64(buf, bytes / size_units[i].factor);
		buf_printf(buf, "%s", size_units[i].suffix);
		return;
	}
	buf_add_u64(buf, bytes);
}

#define WORD_MAX 48

/* Edits needed to make b of a, a swap of neighbours counting as one (optimal
 * string alignment). Words longer than WORD_MAX are not compared. */
static unsigned edit_distance(struct str a, struct str b)
{
	unsigned rows[3][WORD_MAX + 1];
	if (a.len > WORD_MAX || b.len > WORD_MAX)
		return WORD_MAX;
	for (unsigned j = 0; j <= b.len; j++)
		rows[0][j] = j;
	for (unsigned i = 1; i <= a.len; i++) {
		unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *second = rows[(i + 1) % 3];
		row[0] = i;
		for (unsigned j = 1; j <= b.len; j++) {
			char x = ascii_lower(a.ptr[i - 1]), y = ascii_lower(b.ptr[j - 1]);
			unsigned best = above[j - 1] + (x != y);
			if (above[j] + 1 < best)
				best = above[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && x == ascii_lower(b.ptr[j - 2]) &&
				ascii_lower(a.ptr[i - 2]) == y && second[j - 2] + 1 < best)
				best = second[j - 2] + 1;
			row[j] = best;
		}
	}
	return rows[a.len % 3][b.len];
}

/* How far a from b is: edits, or 1 when one is a piece of the other
 * ("selectors" and "dkim_selectors" share no spelling mistake but a meaning). */
static unsigned word_distance(struct str word, struct str candidate)
{
	unsigned best = edit_distance(word, candidate);
	size_t under = str_find_char(candidate, '_');
	if (under != SIZE_MAX) {
		unsigned tail = edit_distance(word, str_from_offset(candidate, under + 1)) + 1;
		if (tail < best)
			best = tail;
	}
	return best;
}

const char *value_nearest(struct str word, const char *const *candidates, size_t count)
{
	const char *nearest = NULL;
	unsigned best = word.len < 4 ? 2 : (unsigned)word.len / 3 + 2;
	for (size_t i = 0; i < count; i++) {
		unsigned distance = word_distance(word, str_from(candidates[i]));
		if (distance >= best)
			continue;
		best = distance;
		nearest = candidates[i];
	}
	return nearest;
}
