// SPDX-License-Identifier: Apache-2.0
#include "verifier/dkim/canon.h"

#include <string.h>

/* A vector of the language's extension, whatever the machine has for it. */
#define BLOCK 16
typedef uint8_t block __attribute__((vector_size(BLOCK)));

void canon_begin(struct canon *canon, struct digest *digest, struct buf *copy, uint64_t limit)
{
	canon->digest = digest;
	canon->copy = copy;
	canon->left = limit;
	canon->octets = 0;
	canon->pending_len = 0;
}

void canon_end(struct canon *canon)
{
	if (canon->pending_len > 0)
		digest_add(canon->digest, canon->pending, canon->pending_len);
	canon->pending_len = 0;
}

static void add(struct canon *canon, const char *bytes, size_t len)
{
	if (canon->copy)
		buf_add(canon->copy, bytes, len);
	canon->octets += len;
	if (len > canon->left)
		len = (size_t)canon->left;
	canon->left -= len;
	if (len > sizeof(canon->pending) - canon->pending_len)
		canon_end(canon);
	if (len > sizeof(canon->pending) / 2) {
		canon_end(canon);
		digest_add(canon->digest, bytes, len);
		return;
	}
	if (len > 0)
		memcpy(canon->pending + canon->pending_len, bytes, len);
	canon->pending_len += len;
}

void canon_line_end(struct canon *canon)
{
	add(canon, "\r\n", 2);
}

static bool is_wsp(char c)
{
	return c == ' ' || c == '\t';
}

/* Length of the line end that closes the first `end` bytes; 0 when there is none. */
static size_t line_end_before(struct str s, size_t end)
{
	if (end == 0 || s.ptr[end - 1] != '\n')
		return 0;
	return end > 1 && s.ptr[end - 2] == '\r' ? 2 : 1;
}

/* Length of the line end at `at`; 0 when there is none. */
static size_t line_end_at(struct str s, size_t at)
{
	if (at < s.len && s.ptr[at] == '\n')
		return 1;
	return at + 1 < s.len && s.ptr[at] == '\r' && s.ptr[at + 1] == '\n' ? 2 : 0;
}

static block load(const char *bytes)
{
	block loaded;
	memcpy(&loaded, bytes, sizeof(loaded));
	return loaded;
}

static bool any(block mask)
{
	uint64_t halves[2];
	memcpy(halves, &mask, sizeof(halves));
	return (halves[0] | halves[1]) != 0;
}

/* A LF without CR before it. */
static bool odd_line_end(const char *at, const char *begin)
{
	return *at == '\n' && (at == begin || at[-1] != '\r');
}

/* Offset of the first LF without CR from `at` on, s.len when there is none. */
static size_t next_bare_lf(struct str s, size_t at)
{
	for (;;) {
		size_t lf = str_find_char(str_from_offset(s, at), '\n');
		if (lf == SIZE_MAX)
			return s.len;
		at += lf;
		if (odd_line_end(s.ptr + at, s.ptr))
			return at;
		at++;
	}
}

/* Everything, each LF without CR as CRLF. */
static void add_lines(struct canon *canon, struct str s)
{
	for (size_t at = 0; at < s.len;) {
		size_t lf = next_bare_lf(s, at);
		add(canon, s.ptr + at, lf - at);
		if (lf < s.len)
			canon_line_end(canon);
		at = lf + 1;
	}
}

/* Section 3.4.3 */
void canon_body_simple(struct canon *canon, struct str body)
{
	size_t gone;
	while ((gone = line_end_before(body, body.len)) > 0)
		body.len -= gone;
	add_lines(canon, body);
	canon_line_end(canon);
}

/* Not its own relaxed form: TAB, SP before white space or a CR, a LF without CR. */
static bool is_odd(const char *at, const char *begin, const char *end)
{
	if (*at == ' ')
		return at + 1 == end || is_wsp(at[1]) || at[1] == '\r' || at[1] == '\n';
	return *at == '\t' || odd_line_end(at, begin);
}

/* Offset of the first odd byte from `at` on; s.len when there is none. */
static size_t next_odd(struct str s, size_t at)
{
	const char *end = s.ptr + s.len;
	if (at == 0 && at < s.len && is_odd(s.ptr, s.ptr, end))
		return 0;
	for (at += at == 0; s.len - at > BLOCK && at < s.len; at += BLOCK) {
		block here = load(s.ptr + at), before = load(s.ptr + at - 1), behind = load(s.ptr + at + 1);
		block space = (block)(here == ' ') & ((block)(behind == ' ') | (block)(behind == '\t')
			| (block)(behind == '\r') | (block)(behind == '\n'));
		block line = (block)(here == '\n') & (block)(before != '\r');
		if (any(space | line | (block)(here == '\t')))
			break;
	}
	while (at < s.len && !is_odd(s.ptr + at, s.ptr, end))
		at++;
	return at < s.len ? at : s.len;
}

/* Adds what is at an odd byte; gives the offset behind it. */
static size_t add_odd(struct canon *canon, struct str s, size_t at)
{
	bool white = is_wsp(s.ptr[at]);
	while (at < s.len && is_wsp(s.ptr[at]))
		at++;
	size_t line_end = line_end_at(s, at);
	if (line_end > 0)
		canon_line_end(canon);
	else if (white && at < s.len)
		add(canon, " ", 1);
	return at + line_end;
}

/* Section 3.4.4 */
void canon_body_relaxed(struct canon *canon, struct str body)
{
	size_t gone;
	do {
		while (body.len > 0 && is_wsp(body.ptr[body.len - 1]))
			body.len--;
		gone = line_end_before(body, body.len);
		body.len -= gone;
	} while (gone > 0);
	for (size_t at = 0; at < body.len;) {
		size_t odd = next_odd(body, at);
		add(canon, body.ptr + at, odd - at);
		at = odd < body.len ? add_odd(canon, body, odd) : odd;
	}
	if (body.len > 0)
		canon_line_end(canon);
}

/* Section 3.4.1 */
void canon_field_simple(struct canon *canon, struct str raw)
{
	add_lines(canon, raw);
}

/* Section 3.4.2 */
void canon_field_relaxed(struct canon *canon, struct str name, struct str body)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = ascii_lower(name.ptr[i]);
		add(canon, &c, 1);
	}
	add(canon, ":", 1);
	bool begun = false, space = false;
	for (size_t at = 0; at < body.len;) {
		size_t from = at, line_end;
		while (at < body.len && !is_wsp(body.ptr[at]) && line_end_at(body, at) == 0)
			at++;
		if (at > from) {
			if (begun && space)
				add(canon, " ", 1);
			add(canon, body.ptr + from, at - from);
			begun = true;
			space = false;
			continue;
		}
		line_end = line_end_at(body, at);
		space = space || line_end == 0;
		at += line_end > 0 ? line_end : 1;
	}
}
