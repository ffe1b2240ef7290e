// SPDX-License-Identifier: Apache-2.0
#include "parser/clean.h"

#include "base/buf.h"
#include "base/eight.h"
#include "base/utf8.h"

#define REPLACEMENT 0xfffdu
#define CHARACTER_BYTES_MAX ((size_t)4)

/* Printable ASCII throughout. */
static bool is_plain(struct str text)
{
	size_t at = 0;
	while (text.len - at >= EIGHT && eight_printable(eight_load(text.ptr + at)))
		at += EIGHT;
	while (at < text.len && text.ptr[at] >= ' ' && text.ptr[at] <= '~')
		at++;
	return at == text.len;
}

/* False when the text now has another character there; CRLF is a line end. */
static bool add_control(struct buf *out, struct str text, uint32_t code, bool lines)
{
	bool crlf = code == '\r' && text.len > 1 && text.ptr[1] == '\n';
	if (crlf)
		return true;
	if (code == '\n' || code == '\r')
		buf_add_char(out, lines ? '\n' : ' ');
	else if (code == '\t')
		buf_add_char(out, lines ? '\t' : ' ');
	else
		utf8_encode(out, REPLACEMENT);
	return lines && (code == '\n' || code == '\t');
}

static struct str clean(struct arena *arena, struct str text, size_t max_bytes, bool lines, bool *cut_r,
	bool *changed_r)
{
	struct buf out;
	bool same = true;
	if (text.len <= max_bytes && is_plain(text))
		return arena_str(arena, text);
	buf_init(&out, max_bytes + CHARACTER_BYTES_MAX);
	while (text.len > 0 && out.len < max_bytes) {
		uint32_t code;
		size_t len = utf8_decode(text, &code);
		if (len == 0) {
			code = (unsigned char)text.ptr[0];
			len = 1;
			same = false;
		}
		if (code < ' ' || (code >= 0x7f && code < 0xa0))
			same &= add_control(&out, text, code, lines);
		else
			utf8_encode(&out, code);
		text = str_from_offset(text, len);
	}
	struct str done = str_sub(buf_str(&out), 0, utf8_cut(buf_str(&out), max_bytes));
	if (cut_r != NULL && (text.len > 0 || done.len < out.len))
		*cut_r = true;
	if (changed_r != NULL && !same)
		*changed_r = true;
	struct str copy = arena_str(arena, done.ptr != NULL ? done : STR(""));
	buf_fini(&out);
	return copy;
}

struct str clean_line(struct arena *arena, struct str text, size_t max_bytes, bool *cut_r,
	bool *changed_r)
{
	if (text.ptr == NULL)
		return STR_NONE;
	return str_trim(clean(arena, str_trim(text), max_bytes, false, cut_r, changed_r));
}

struct str clean_block(struct arena *arena, struct str text, size_t max_bytes, bool *cut_r,
	bool *changed_r)
{
	if (text.ptr == NULL)
		return STR_NONE;
	return clean(arena, text, max_bytes, true, cut_r, changed_r);
}
