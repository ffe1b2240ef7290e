// SPDX-License-Identifier: Apache-2.0
#include "verifier/message.h"

#include <string.h>

#define FIRST_FIELDS 32

/* Length of the line at `at`, its line end included. */
static size_t line_bytes(struct str bytes, size_t at)
{
	size_t lf = str_find_char(str_from_offset(bytes, at), '\n');
	return lf == SIZE_MAX ? bytes.len - at : lf + 1;
}

static struct str without_line_end(struct str line)
{
	if (str_ends(line, STR("\n")))
		line.len--;
	else
		return line;
	if (str_ends(line, STR("\r")))
		line.len--;
	return line;
}

static bool is_wsp(char c)
{
	return c == ' ' || c == '\t';
}

/* RFC 5322 section 3.6.8: printable US-ASCII but the colon; section 4.5: WSP may stand before the colon.
 * Gives the colon's offset, SIZE_MAX when the line begins no field. */
static size_t field_colon(struct str line, size_t *name_len_r)
{
	size_t at = 0;
	while (at < line.len && line.ptr[at] > ' ' && line.ptr[at] < 0x7f && line.ptr[at] != ':')
		at++;
	*name_len_r = at;
	while (at < line.len && is_wsp(line.ptr[at]))
		at++;
	return *name_len_r > 0 && at < line.len && line.ptr[at] == ':' ? at : SIZE_MAX;
}

static void add_field(struct arena *arena, struct message *message, const struct message_field *field)
{
	size_t count = message->fields_count;
	if (count == MESSAGE_FIELDS_MAX) {
		message->overflow = true;
		return;
	}
	/* Room for a power of two from FIRST_FIELDS on. */
	if (count == 0 || (count >= FIRST_FIELDS && (count & (count - 1)) == 0)) {
		struct message_field *more = ARENA_ARRAY(arena, count ? count * 2 : FIRST_FIELDS, struct message_field);
		if (count > 0)
			memcpy(more, message->fields, count * sizeof(*more));
		message->fields = more;
	}
	message->fields[message->fields_count++] = *field;
}

/* The field at `at`; 0 when there is none, else the offset behind it. */
static size_t read_field(struct str bytes, size_t at, struct message_field *field_r)
{
	size_t end = at + line_bytes(bytes, at), name_len;
	size_t colon = field_colon(str_sub(bytes, at, end - at), &name_len);
	if (colon == SIZE_MAX)
		return 0;
	while (end < bytes.len && bytes.ptr[end - 1] == '\n' && is_wsp(bytes.ptr[end]))
		end += line_bytes(bytes, end);
	field_r->raw = without_line_end(str_sub(bytes, at, end - at));
	field_r->name = str_sub(field_r->raw, 0, name_len);
	field_r->body = str_from_offset(field_r->raw, colon + 1);
	return end;
}

static bool is_mbox_line(struct str line)
{
	size_t name_len;
	return str_starts(line, STR("From ")) && field_colon(line, &name_len) == SIZE_MAX;
}

/* Looks no further than both kinds. */
static void find_line_ends(struct message *message)
{
	struct str rest = message->bytes;
	size_t lf;
	char before = '\0';
	while (!(message->crlf && message->bare_lf) && (lf = str_find_char(rest, '\n')) != SIZE_MAX) {
		if ((lf > 0 ? rest.ptr[lf - 1] : before) == '\r')
			message->crlf = true;
		else
			message->bare_lf = true;
		before = '\n';
		rest = str_from_offset(rest, lf + 1);
	}
}

void message_parse(struct arena *arena, struct str bytes, struct message *message_r)
{
	struct message_field field;
	size_t at = 0, next;
	*message_r = (struct message){.bytes = bytes, .no_separator = true};
	find_line_ends(message_r);
	if (bytes.len > 0 && is_mbox_line(str_sub(bytes, 0, line_bytes(bytes, 0))))
		at = line_bytes(bytes, 0);
	while (at < bytes.len && (next = read_field(bytes, at, &field)) > 0) {
		add_field(arena, message_r, &field);
		at = next;
	}
	if (at < bytes.len) {
		struct str line = str_sub(bytes, at, line_bytes(bytes, at));
		if (without_line_end(line).len == 0) {
			message_r->no_separator = false;
			at += line.len;
		}
	}
	message_r->body = str_from_offset(bytes, at);
}

const struct message_field *message_field(const struct message *message, struct str name, size_t n)
{
	for (size_t i = 0; i < message->fields_count; i++)
		if (str_eq_nocase(message->fields[i].name, name) && n-- == 0)
			return &message->fields[i];
	return NULL;
}

size_t message_fields_count(const struct message *message, struct str name)
{
	size_t count = 0;
	for (size_t i = 0; i < message->fields_count; i++)
		count += str_eq_nocase(message->fields[i].name, name);
	return count;
}

struct str message_unfolded(struct arena *arena, const struct message_field *field)
{
	char *text = arena_alloc(arena, field->body.len + 1);
	struct str rest = field->body, line;
	size_t len = 0;
	while (str_line(&rest, &line)) {
		memcpy(text + len, line.ptr, line.len);
		len += line.len;
	}
	return str_trim((struct str){text, len});
}
