// SPDX-License-Identifier: Apache-2.0
#include "verifier/recheck.h"

#define BODY_BYTES_MAX ((size_t)64 * 1024)
#define FIELD_BYTES_MAX ((size_t)4096)

static bool has_mark(struct str text)
{
	static const struct str marks[] = {
		{"redacted", 8}, {"***", 3}, {"xxx@", 4}, {"[email removed", 14}, {"[removed", 8}, {"[hidden", 7},
	};
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (str_find_nocase(text, marks[i]) != SIZE_MAX)
			return true;
	return false;
}

/* Fields that hold addresses; elsewhere the words may be the author's own. */
static bool is_of_interest(struct str name)
{
	static const char *const names[] = {"From", "To", "Cc", "Sender", "Reply-To", "Return-Path", "Delivered-To",
		"Subject", "Message-ID"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq_nocase(name, str_from(names[i])))
			return true;
	return false;
}

bool recheck_is_redacted(const struct message *message)
{
	for (size_t i = 0; i < message->fields_count; i++) {
		const struct message_field *field = &message->fields[i];
		if (is_of_interest(field->name) && has_mark(str_sub(field->body, 0, FIELD_BYTES_MAX)))
			return true;
	}
	return str_find_nocase(str_sub(message->body, 0, BODY_BYTES_MAX), STR("[redacted")) != SIZE_MAX;
}
