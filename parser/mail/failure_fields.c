// SPDX-License-Identifier: Apache-2.0
#include "parser/mail/failure_fields.h"

bool failure_line(struct str *rest, struct str *line_r)
{
	if (rest->len == 0)
		return false;
	size_t end = 0;
	while (end < rest->len && rest->ptr[end] != '\n' && rest->ptr[end] != '\r')
		end++;
	*line_r = str_sub(*rest, 0, end);
	if (end + 1 < rest->len && rest->ptr[end] == '\r' && rest->ptr[end + 1] == '\n')
		end++;
	*rest = str_from_offset(*rest, end + 1);
	return true;
}

static bool is_folded(struct str rest)
{
	return rest.len > 0 && (rest.ptr[0] == ' ' || rest.ptr[0] == '\t');
}

/* RFC 5322 section 2.2.3: the value with its folded lines, joined by one blank each. */
static struct str unfold(struct str *rest, struct arena *arena, struct str first)
{
	struct str line, peek = *rest;
	size_t room = first.len + 1;
	while (is_folded(peek) && failure_line(&peek, &line))
		room += line.len + 1;
	char *text = arena_alloc(arena, room);
	struct str value = {text, 0};
	for (;;) {
		for (size_t i = 0; i < first.len; i++)
			text[value.len++] = first.ptr[i] == '\t' ? ' ' : first.ptr[i];
		if (!is_folded(*rest) || !failure_line(rest, &line))
			return str_trim(value);
		first = str_trim(line);
		text[value.len++] = ' ';
	}
}

/* RFC 5322 section 2.2, with the blank before the colon that section 4.5 allows. */
static bool is_name(struct str name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] <= ' ' || name.ptr[i] > '~')
			return false;
	return name.len > 0;
}

bool failure_field_next(struct str *rest, struct arena *arena, struct failure_field *field_r)
{
	struct str line;
	field_r->skipped = STR_NONE;
	while (failure_line(rest, &line)) {
		if (str_trim(line).len == 0)
			return false;
		size_t colon = str_find_char(line, ':');
		field_r->name = str_trim(str_sub(line, 0, colon));
		if (colon == SIZE_MAX || ascii_is_space(line.ptr[0]) || !is_name(field_r->name)) {
			if (field_r->skipped.ptr == NULL)
				field_r->skipped = line;
			continue;
		}
		field_r->value = unfold(rest, arena, str_trim(str_from_offset(line, colon + 1)));
		return true;
	}
	return false;
}

struct str failure_field_find(struct str block, struct arena *arena, struct str name)
{
	struct failure_field field;
	while (failure_field_next(&block, arena, &field))
		if (str_eq_nocase(field.name, name))
			return field.value;
	return STR_NONE;
}

/* RFC 5322 section 3.2.2: a comment is as good as a blank, and may quote a parenthesis. */
struct str failure_uncomment(struct arena *arena, struct str value)
{
	char *text = arena_alloc(arena, value.len + 1);
	size_t len = 0, depth = 0;
	for (size_t i = 0; i < value.len; i++) {
		char c = value.ptr[i];
		if (c == '(' && depth++ == 0)
			text[len++] = ' ';
		else if (c == ')' && depth > 0)
			depth--;
		else if (c == '\\' && depth > 0)
			i++;
		else if (depth == 0)
			text[len++] = c;
	}
	if (depth > 0)
		return str_trim(value);
	return value.ptr != NULL ? str_trim((struct str){text, len}) : STR_NONE;
}
