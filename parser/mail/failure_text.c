// SPDX-License-Identifier: Apache-2.0
/*
 * The plain-text forms (MALFORMATIONS 78): Exim's old DMARC code, Baruwa,
 * cPanel, antispamcloud. Lines "Key: value", then a dashed line, then the
 * headers of the message:
 *
 *	Sender Domain: example.com
 *	Sender IP Address: 203.0.113.68
 *	Received date: Mon, 07 Apr 2025 23:16:09 +0200
 *	SPF Alignment: no
 *	DKIM Alignment: no
 *	DMARC Results: None, Accept
 *
 *	------ This is a copy of the headers that were received before the error
 *	was detected.
 */
#include "parser/mail/failure.h"

#include "base/arena.h"
#include "base/buf.h"
#include "parser/mail/failure_fields.h"

#define FIELDS_BYTES ((size_t)64 * 1024)

static const struct {
	struct str key;
	const char *field;
} keys[] = {
	{{"Sender Domain", 13}, "Reported-Domain"},
	{{"Sender IP Address", 17}, "Source-IP"},
	{{"Received Date", 13}, "Arrival-Date"},
};

static void take_line(struct str line, struct buf *fields, unsigned *found)
{
	size_t colon = str_find_char(line, ':');
	if (colon == SIZE_MAX)
		return;
	struct str key = str_trim(str_sub(line, 0, colon));
	struct str value = str_trim(str_from_offset(line, colon + 1));
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (str_eq_nocase(key, keys[i].key)) {
			buf_printf(fields, "%s: %.*s\n", keys[i].field, STR_FMT(value));
			*found |= 1u << i;
		}
	if (str_eq_nocase(key, STR("SPF Alignment")) || str_eq_nocase(key, STR("DKIM Alignment")) ||
	    str_eq_nocase(key, STR("DMARC Results")))
		buf_printf(fields, "Authentication-Results: %.*s\n", STR_FMT(line));
}

/* Behind the blank line that follows the dashed one. */
static struct str headers_behind(struct str rest)
{
	struct str line;
	while (failure_line(&rest, &line))
		if (str_trim(line).len == 0)
			break;
	while (rest.len > 0 && (rest.ptr[0] == '\n' || rest.ptr[0] == '\r'))
		rest = str_from_offset(rest, 1);
	return rest;
}

bool failure_from_text(struct str text, struct arena *arena, struct failure_source *source_r)
{
	struct buf fields;
	struct str rest = text, line;
	unsigned found = 0;
	*source_r = (struct failure_source){0};
	buf_init(&fields, FIELDS_BYTES);
	while (failure_line(&rest, &line)) {
		if (found != 0 && str_starts(str_trim(line), STR("-----"))) {
			source_r->sample = headers_behind(rest);
			break;
		}
		take_line(str_trim(line), &fields, &found);
	}
	bool good = (found & 3u) == 3u;
	if (good)
		source_r->fields = arena_str(arena, buf_str(&fields));
	buf_fini(&fields);
	return good;
}
