// SPDX-License-Identifier: Apache-2.0
#include "parser/payload.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Text of strangers may be in it: made one line of valid UTF-8. */
static void clean_detail(char *detail, size_t cap)
{
	struct buf shown;
	buf_init(&shown, cap * 8);
	utf8_add_visible(&shown, str_from(detail), true);
	size_t len = utf8_cut(buf_str(&shown), cap - 1);
	if (len > 0)
		(void)memcpy(detail, shown.ptr, len);
	detail[len] = '\0';
	buf_fini(&shown);
}

void reject_set(struct reject *reject, enum reason reason, const char *fmt, ...)
{
	va_list args;
	reject->reason = reason;
	va_start(args, fmt);
	(void)vsnprintf(reject->detail, sizeof(reject->detail), fmt, args);
	va_end(args);
	clean_detail(reject->detail, sizeof(reject->detail));
}

void issue_list_init(struct issue_list *list)
{
	for (size_t i = 0; i < ISSUE_CODE_COUNT; i++)
		list->items[i] = (struct issue){.code = (enum issue_code)i};
}

void issue_add(struct issue_list *list, enum issue_code code, struct str detail)
{
	struct issue *issue = &list->items[code];
	if (issue->count++ > 0)
		return;
	char *text = list->details[code];
	size_t len = detail.len < ISSUE_DETAIL_BYTES_MAX ? detail.len : ISSUE_DETAIL_BYTES_MAX;
	if (len > 0)
		(void)memcpy(text, detail.ptr, len);
	text[len] = '\0';
	clean_detail(text, ISSUE_DETAIL_BYTES_MAX + 1);
	issue->detail = str_from(text);
}

void issue_add_value(struct issue_list *list, enum issue_code code, struct str name, struct str text)
{
	char detail[ISSUE_DETAIL_BYTES_MAX + 1];
	(void)snprintf(detail, sizeof(detail), "%.*s: %.*s", STR_FMT(name), STR_FMT(text));
	issue_add(list, code, str_from(detail));
}

bool issue_list_deviates(const struct issue_list *list)
{
	for (size_t i = 0; i < ISSUE_CODE_COUNT; i++)
		if (list->items[i].count > 0 && issue_deviates((enum issue_code)i))
			return true;
	return false;
}

void issue_list_write(const struct issue_list *list, struct wire_writer *writer)
{
	for (size_t i = 0; i < ISSUE_CODE_COUNT; i++)
		if (list->items[i].count > 0)
			wire_write_issue(writer, &list->items[i]);
}
