// SPDX-License-Identifier: Apache-2.0
/*
 * The plain-text forms (MALFORMATIONS 78): Exim's old DMARC code, Baruwa,
 * cPanel, antispamcloud. A sentence, lines "Key: value" whose keys differ a
 * little, then mostly a dashed line, then the headers of the message:
 *
 *	A message claiming to be from you has failed the published DMARC
 *	policy for your domain.
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
#include "parser/sniff.h"

#define FIELDS_BYTES ((size_t)64 * 1024)

enum found { FOUND_DOMAIN = 1, FOUND_SOURCE = 2, FOUND_DATE = 4 };

static const struct {
	struct str key;
	enum found found;
	const char *field;
} keys[] = {
	{{"Sender Domain", 13}, FOUND_DOMAIN, "Reported-Domain"},
	{{"From Domain", 11}, FOUND_DOMAIN, "Reported-Domain"},
	{{"Header From Domain", 18}, FOUND_DOMAIN, "Reported-Domain"},
	{{"Reported Domain", 15}, FOUND_DOMAIN, "Reported-Domain"},
	{{"Domain", 6}, FOUND_DOMAIN, "Reported-Domain"},
	{{"Sender IP Address", 17}, FOUND_SOURCE, "Source-IP"},
	{{"Sender IP", 9}, FOUND_SOURCE, "Source-IP"},
	{{"Sending IP Address", 18}, FOUND_SOURCE, "Source-IP"},
	{{"Sending IP", 10}, FOUND_SOURCE, "Source-IP"},
	{{"Source IP Address", 17}, FOUND_SOURCE, "Source-IP"},
	{{"Source IP", 9}, FOUND_SOURCE, "Source-IP"},
	{{"IP Address", 10}, FOUND_SOURCE, "Source-IP"},
	{{"Received Date", 13}, FOUND_DATE, "Arrival-Date"},
	{{"Arrival Date", 12}, FOUND_DATE, "Arrival-Date"},
	{{"Date Received", 13}, FOUND_DATE, "Arrival-Date"},
};

static bool split_line(struct str line, struct str *key_r, struct str *value_r)
{
	size_t colon = str_find_char(line, ':');
	if (colon == SIZE_MAX)
		return false;
	*key_r = str_trim(str_sub(line, 0, colon));
	*value_r = str_trim(str_from_offset(line, colon + 1));
	return true;
}

static bool is_result(struct str key)
{
	return str_eq_nocase(key, STR("SPF Alignment")) || str_eq_nocase(key, STR("DKIM Alignment")) ||
		str_eq_nocase(key, STR("DMARC Results")) || str_eq_nocase(key, STR("DMARC Result"));
}

static void take_line(struct str line, struct buf *fields, unsigned *found)
{
	struct str key, value;
	if (!split_line(line, &key, &value))
		return;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (str_eq_nocase(key, keys[i].key) && !(*found & keys[i].found)) {
			buf_printf(fields, "%s: %.*s\n", keys[i].field, STR_FMT(value));
			*found |= keys[i].found;
		}
	if (is_result(key))
		buf_printf(fields, "Authentication-Results: %.*s\n", STR_FMT(line));
}

/* "A message claiming to be from you has failed the published DMARC policy", in any line lengths. */
static bool has_claim(struct str text)
{
	return str_find_nocase(text, STR("claiming to")) != SIZE_MAX &&
		str_find_nocase(text, STR("failed")) != SIZE_MAX &&
		str_find_nocase(text, STR("DMARC")) != SIZE_MAX;
}

static bool has_line(struct str text, const char *wanted)
{
	struct str line, key, value;
	while (failure_line(&text, &line))
		if (split_line(line, &key, &value) && str_eq_nocase(key, str_from(wanted)))
			return true;
	return false;
}

bool failure_text_sniff(struct str head)
{
	return has_claim(head) || (has_line(head, "Sender Domain") && has_line(head, "Sender IP Address"));
}

/* The headers behind the dashed line and what follows it in words; at the latest behind a blank line. */
static struct str headers_behind(struct str rest)
{
	struct str line, behind_blank = STR_NONE;
	while (rest.len > 0 && !sniff_mail(str_sub(rest, 0, SNIFF_BYTES))) {
		if (!failure_line(&rest, &line))
			break;
		if (str_trim(line).len == 0 && str_trim(behind_blank).len == 0)
			behind_blank = rest;
	}
	struct str found = str_trim(rest).len > 0 ? rest : behind_blank;
	while (found.len > 0 && (found.ptr[0] == '\n' || found.ptr[0] == '\r'))
		found = str_from_offset(found, 1);
	return found;
}

bool failure_from_text(struct str text, struct arena *arena, struct failure_source *source_r)
{
	struct buf fields;
	struct str rest = text, line;
	unsigned found = 0;
	*source_r = (struct failure_source){0};
	buf_init(&fields, FIELDS_BYTES);
	while (failure_line(&rest, &line)) {
		struct str plain = str_trim(line);
		bool dashes = str_starts(plain, STR("-----"));
		bool blank = plain.len == 0 && sniff_mail(str_sub(rest, 0, SNIFF_BYTES));
		if (found != 0 && (dashes || blank)) {
			source_r->sample = headers_behind(rest);
			break;
		}
		take_line(plain, &fields, &found);
	}
	bool both = (found & FOUND_DOMAIN) && (found & FOUND_SOURCE);
	bool good = both || (found != 0 && has_claim(str_sub(text, 0, SNIFF_BYTES)));
	if (good)
		source_r->fields = arena_str(arena, buf_str(&fields));
	buf_fini(&fields);
	return good;
}
