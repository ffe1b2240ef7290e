// SPDX-License-Identifier: Apache-2.0
#include "verifier/provenance/structure.h"

#include "verifier/provenance/reasons.h"

#include <string.h>

#define CONTENT_TYPE STR("content-type")
#define BASE64_BYTES_MIN 20
#define TYPE_BYTES 100 /* that a slash and a subtype may be away */

/* "message/rfc822" and its kin in spellings that a parser may take, "multipart/digest", whose parts are such. */
static bool names_message(struct str text)
{
	static const struct str kinds[] = {{"rfc822", 6}, {"rfc2822", 7}, {"global", 6}, {"news", 4}};
	static const struct str message = {"message", 7}, headers = {"-headers", 8};
	for (size_t at; (at = str_find_nocase(text, message)) != SIZE_MAX;) {
		text = str_from_offset(text, at + message.len);
		struct str rest = str_trim(str_sub(text, 0, TYPE_BYTES));
		if (!str_starts(rest, STR("/")))
			continue;
		rest = str_trim(str_from_offset(rest, 1));
		for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
			if (str_starts_nocase(rest, kinds[i]) &&
				!str_starts_nocase(str_from_offset(rest, kinds[i].len), headers))
				return true;
	}
	return false;
}

static bool holds_message(const struct message *message, struct str content_type)
{
	return names_message(content_type) || names_message(message->body) ||
		str_find_nocase(content_type, STR("digest")) != SIZE_MAX ||
		str_find_nocase(message->body, STR("multipart/digest")) != SIZE_MAX;
}

static bool has_word(struct str list, struct str wanted)
{
	struct str word;
	while (str_split(&list, ':', &word))
		if (str_eq_nocase(str_trim(word), wanted))
			return true;
	return false;
}

static bool is_content_type_signed(const struct verdict *verdict)
{
	if (verdict->dmarc.spf_aligned)
		return true;
	for (size_t i = 0; i < verdict->dkim.count; i++)
		if (reasons_signature_counts(verdict, &verdict->dkim.at[i]) &&
			has_word(verdict->dkim.at[i].signed_fields, CONTENT_TYPE))
			return true;
	return false;
}

/* What many put before the first boundary. */
static bool is_known_preamble(struct str line)
{
	return str_starts_nocase(line, STR("This is a multi")) || str_starts_nocase(line, STR("This is a MIME"));
}

/* Does the body begin with the one boundary that the field names? Then nobody wrote text before it. */
static bool opens_with_boundary(struct str content_type, struct str body)
{
	static const struct str parameter = {"boundary", 8};
	size_t at = str_find_nocase(content_type, parameter);
	struct str line = STR_NONE;
	if (at == SIZE_MAX)
		return false;
	struct str value = str_trim(str_from_offset(content_type, at + parameter.len));
	if (!str_starts(value, STR("=")) || str_find_nocase(value, parameter) != SIZE_MAX)
		return false;
	value = str_trim(str_from_offset(value, 1));
	bool quoted = str_starts(value, STR("\""));
	if (quoted)
		value = str_from_offset(value, 1);
	size_t len = str_find_char(value, quoted ? '"' : ';');
	value = str_trim(str_sub(value, 0, len));
	while (str_split(&body, '\n', &line)) {
		line = str_trim(line);
		if (line.len > 0 && !is_known_preamble(line))
			break;
	}
	return value.len > 0 && str_starts(line, STR("--")) && str_eq(str_from_offset(line, 2), value);
}

static bool is_base64(struct str line)
{
	for (size_t i = 0; i < line.len; i++)
		if (!ascii_is_alnum(line.ptr[i]) && !memchr("+/=", line.ptr[i], 3))
			return false;
	return line.len >= BASE64_BYTES_MIN;
}

/* Is the body a document, and not a text with one in it? */
static bool opens_with_document(struct str body)
{
	struct str line = STR_NONE;
	while (str_split(&body, '\n', &line) && (line = str_trim(line)).len == 0)
		continue;
	return str_starts(line, STR("<")) || str_starts(line, STR("{")) || is_base64(line);
}

const char *structure_doubt(struct arena *arena, const struct message *message, const struct verdict *verdict,
	bool failure)
{
	const struct message_field *field = message_field(message, CONTENT_TYPE, 0);
	struct str content_type = field ? message_unfolded(arena, field) : STR("");
	if (!failure && holds_message(message, content_type))
		return "message.nested";
	if (message_fields_count(message, CONTENT_TYPE) > 1)
		return "structure.unsigned";
	if (!field || is_content_type_signed(verdict))
		return NULL;
	bool multipart = str_find_nocase(content_type, STR("multipart")) != SIZE_MAX;
	return (multipart ? opens_with_boundary(content_type, message->body) : opens_with_document(message->body)) ?
		NULL : "structure.unsigned";
}
