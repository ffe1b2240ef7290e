// SPDX-License-Identifier: Apache-2.0
#include "tests/verifier/spf_suite.h"

#include "base/buf.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define CASES_MAX 1000

/* The file spells bytes as the characters U+0000 to U+00FF. */
static struct str bytes_of(struct arena *arena, const json_t *text)
{
	size_t len = json_string_length(text), n = 0;
	const unsigned char *utf8 = (const unsigned char *)json_string_value(text);
	char *bytes = arena_alloc(arena, len + 1);
	for (size_t i = 0; i < len; i++) {
		if (utf8[i] < 0x80) {
			bytes[n++] = (char)utf8[i];
		} else {
			bytes[n++] = (char)((utf8[i] & 3) << 6 | (utf8[i + 1] & 0x3f));
			i++;
		}
	}
	return (struct str){bytes, n};
}

static void add_quoted(struct buf *out, struct str bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		if (ascii_is_alnum(bytes.ptr[i]) || memchr(".-_", bytes.ptr[i], 3))
			buf_add_char(out, bytes.ptr[i]);
		else
			buf_printf(out, "\\%03u", (unsigned char)bytes.ptr[i]);
}

static void add_name(struct buf *out, struct str name)
{
	add_quoted(out, name.len > 0 ? name : STR("."));
}

static void add_txt(struct arena *arena, struct buf *out, struct str owner, json_t *value)
{
	add_name(out, owner);
	buf_add_str(out, STR(" TXT"));
	size_t count = json_is_array(value) ? json_array_size(value) : 1;
	for (size_t i = 0; i < count; i++) {
		struct str rest = bytes_of(arena, json_is_array(value) ? json_array_get(value, i) : value);
		for (bool first = true; first || rest.len > 0; first = false, rest = str_from_offset(rest, 255)) {
			buf_add_str(out, STR(" \""));
			add_quoted(out, str_sub(rest, 0, 255));
			buf_add_char(out, '"');
		}
	}
	buf_add_str(out, count > 0 ? STR("\n") : STR(" \"\"\n"));
}

static void add_record(struct arena *arena, struct buf *out, struct str owner, const char *type, json_t *value)
{
	bool mx = strcmp(type, "MX") == 0;
	struct str text = bytes_of(arena, mx ? json_array_get(value, 1) : value);
	add_name(out, owner);
	buf_printf(out, " %s ", type);
	if (mx)
		buf_printf(out, "%d ", (int)json_integer_value(json_array_get(value, 0)));
	if (strcmp(type, "A") == 0 || strcmp(type, "AAAA") == 0)
		buf_add_str(out, text);
	else
		add_name(out, text);
	buf_add_char(out, '\n');
}

/* SPF stands for TXT where the name has no TXT; TXT: NONE is none; TIMEOUT is every type not seen before it. */
static void add_owner(struct arena *arena, struct buf *out, const char *name, json_t *entries)
{
	struct str owner = str_from(name);
	size_t i;
	json_t *entry;
	bool has_txt = false;
	json_array_foreach(entries, i, entry)
		has_txt = has_txt || json_object_get(entry, "TXT");
	json_array_foreach(entries, i, entry) {
		const char *type;
		json_t *value;
		if (json_is_string(entry)) { /* "TIMEOUT" */
			add_name(out, owner);
			buf_add_str(out, STR(" * !TIMEOUT\n"));
			continue;
		}
		json_object_foreach(entry, type, value) {
			bool none = json_is_string(value) && strcmp(json_string_value(value), "NONE") == 0;
			if (strcmp(type, "TXT") == 0 && !none)
				add_txt(arena, out, owner, value);
			else if (strcmp(type, "SPF") == 0 && !has_txt)
				add_txt(arena, out, owner, value);
			else if (strcmp(type, "TXT") != 0 && strcmp(type, "SPF") != 0)
				add_record(arena, out, owner, type, value);
		}
	}
}

static void read_case(struct arena *arena, const char *name, const json_t *test, struct str zone,
	struct spf_case *case_r)
{
	const json_t *result = json_object_get(test, "result"), *explanation = json_object_get(test, "explanation");
	size_t count = json_is_array(result) ? json_array_size(result) : 1;
	*case_r = (struct spf_case){
		.name = arena_cstr(arena, str_from(name)),
		.host = arena_cstr(arena, bytes_of(arena, json_object_get(test, "host"))),
		.helo = bytes_of(arena, json_object_get(test, "helo")),
		.mail_from = bytes_of(arena, json_object_get(test, "mailfrom")),
		.zone = zone,
	};
	for (size_t i = 0; i < count && i < 3; i++)
		case_r->results[i] = arena_cstr(arena,
			bytes_of(arena, json_is_array(result) ? json_array_get(result, i) : result));
	if (explanation)
		case_r->explanation = arena_cstr(arena, bytes_of(arena, explanation));
}

const struct spf_case *spf_suite_read(struct arena *arena, struct str text, size_t *count_r)
{
	json_t *suite = json_loadb(text.ptr, text.len, JSON_ALLOW_NUL, NULL), *scenario, *one;
	struct spf_case *cases = ARENA_ARRAY(arena, CASES_MAX, struct spf_case);
	size_t i, count = 0;
	const char *name;
	json_array_foreach(suite, i, scenario) {
		struct buf buf;
		buf_init(&buf, (size_t)1 << 20);
		json_object_foreach(json_object_get(scenario, "zonedata"), name, one)
			add_owner(arena, &buf, name, one);
		struct str zone = arena_str(arena, buf_str(&buf));
		buf_fini(&buf);
		json_object_foreach(json_object_get(scenario, "tests"), name, one)
			if (count < CASES_MAX)
				read_case(arena, name, one, zone, &cases[count++]);
	}
	json_decref(suite);
	*count_r = count;
	return count > 0 ? cases : NULL;
}
