// SPDX-License-Identifier: Apache-2.0
#include "verifier/recheck.h"

#define BODY_BYTES_MAX ((size_t)64 * 1024)
#define FIELDS_MAX 200
#define FIELD_BYTES_MAX ((size_t)4096)
#define WORD_MARKS 6 /* of the marks, those that nobody writes as words */

static bool has_one_of(struct str text, const struct str *marks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_find_nocase(text, marks[i]) != SIZE_MAX)
			return true;
	return false;
}

static bool is_one_of(struct str name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq_nocase(name, str_from(names[i])))
			return true;
	return false;
}

/* Where addresses stand, more is a mark than in words that are the author's own, or a filter's ("***SPAM***"). */
static bool is_field_redacted(const struct message_field *field)
{
	static const char *const addresses[] = {"From", "To", "Cc", "Sender", "Reply-To", "Return-Path",
		"Delivered-To"};
	static const char *const words[] = {"Subject", "Message-ID"};
	static const struct str marks[] = {{"[redacted", 9}, {"<redacted", 9}, {"(redacted", 9}, {"[removed", 8},
		{"[email removed", 14}, {"[hidden", 7}, {"redacted", 8}, {"***", 3}, {"xxx@", 4}};
	struct str body = str_sub(field->body, 0, FIELD_BYTES_MAX);
	if (is_one_of(field->name, addresses, sizeof(addresses) / sizeof(addresses[0])))
		return has_one_of(body, marks, sizeof(marks) / sizeof(marks[0]));
	return is_one_of(field->name, words, sizeof(words) / sizeof(words[0])) &&
		(has_one_of(body, marks, WORD_MARKS) || str_eq_nocase(str_trim(body), STR("redacted")));
}

bool recheck_is_redacted(const struct message *message)
{
	for (size_t i = 0; i < message->fields_count && i < FIELDS_MAX; i++)
		if (is_field_redacted(&message->fields[i]))
			return true;
	return str_find_nocase(str_sub(message->body, 0, BODY_BYTES_MAX), STR("[redacted")) != SIZE_MAX;
}
