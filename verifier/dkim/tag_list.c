// SPDX-License-Identifier: Apache-2.0
#include "verifier/dkim/tag_list.h"

#include "base/utf8.h"
#include "verifier/verify.h"

#include <string.h>

#define SHOWN_BYTES 40

bool tag_is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct str trim_white(struct str s)
{
	while (s.len > 0 && tag_is_white(s.ptr[0]))
		s = str_from_offset(s, 1);
	while (s.len > 0 && tag_is_white(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

bool tag_item(struct str *rest, struct str *item_r)
{
	if (!str_split(rest, ':', item_r))
		return false;
	*item_r = trim_white(*item_r);
	return true;
}

/* tag-name = ALPHA *ALNUMPUNC */
static bool is_name(struct str name)
{
	if (name.len == 0 || !ascii_is_alpha(name.ptr[0]))
		return false;
	for (size_t i = 1; i < name.len; i++)
		if (!ascii_is_alnum(name.ptr[i]) && name.ptr[i] != '_')
			return false;
	return true;
}

static bool is_value(struct str value)
{
	for (size_t i = 0; i < value.len; i++) {
		char c = value.ptr[i];
		bool plain = (c > ' ' && c < 0x7f) || c == ' ' || c == '\t' || c == '\n';
		bool line_end = c == '\r' && i + 1 < value.len && value.ptr[i + 1] == '\n';
		uint32_t code;
		size_t bytes;
		if (plain || line_end)
			continue;
		if (!((uint8_t)c & 0x80) || (bytes = utf8_decode(str_from_offset(value, i), &code)) == 0)
			return false;
		i += bytes - 1;
	}
	return true;
}

static bool fail(struct arena *arena, const char *what, struct str where, struct str *problem_r)
{
	struct str shown = verify_text(arena, str_sub(where, 0, SHOWN_BYTES));
	*problem_r = str_from(arena_printf(arena, "%s: \"%.*s\"", what, STR_FMT(shown)));
	return false;
}

static void add(struct arena *arena, struct tag_list *list, size_t *room, const struct tag *tag)
{
	if (list->count == *room) {
		*room = *room ? *room * 2 : 16;
		struct tag *more = ARENA_ARRAY(arena, *room, struct tag);
		if (list->count > 0)
			memcpy(more, list->tags, list->count * sizeof(*more));
		list->tags = more;
	}
	list->tags[list->count++] = *tag;
}

bool tag_list_parse(struct arena *arena, struct str text, struct tag_list *list_r, struct str *problem_r)
{
	struct str rest = text, spec;
	size_t room = 0;
	*list_r = (struct tag_list){0};
	while (str_split(&rest, ';', &spec)) {
		if (!rest.ptr && list_r->count > 0 && trim_white(spec).len == 0)
			return true; /* behind the last ";" */
		size_t equals = str_find_char(spec, '=');
		if (equals == SIZE_MAX)
			return fail(arena, "no tag=value", spec, problem_r);
		struct tag tag = {
			.name = trim_white(str_sub(spec, 0, equals)),
			.span = str_from_offset(spec, equals + 1),
		};
		tag.value = trim_white(tag.span);
		if (!is_name(tag.name))
			return fail(arena, "not the name of a tag", tag.name, problem_r);
		if (!is_value(tag.value))
			return fail(arena, "a character that no value may hold in tag", tag.name, problem_r);
		if (tag_list_find(list_r, tag.name))
			return fail(arena, "a tag twice", tag.name, problem_r);
		if (list_r->count == TAG_LIST_MAX)
			return fail(arena, "too many tags", tag.name, problem_r);
		add(arena, list_r, &room, &tag);
	}
	return true;
}

const struct tag *tag_list_find(const struct tag_list *list, struct str name)
{
	for (size_t i = 0; i < list->count; i++)
		if (str_eq(list->tags[i].name, name))
			return &list->tags[i];
	return NULL;
}

struct str tag_list_value(const struct tag_list *list, struct str name)
{
	const struct tag *tag = tag_list_find(list, name);
	return tag ? tag->value : STR_NONE;
}
