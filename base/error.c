// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Too long a text ends with a whole character. */
PRINTF_LIKE(3, 0)
static int fill(char *text, size_t bytes, const char *fmt, va_list args)
{
	int len = vsnprintf(text, bytes, fmt, args);
	if (len >= 0 && (size_t)len >= bytes)
		text[utf8_cut((struct str){text, bytes - 1}, bytes - 2)] = '\0';
	return len;
}

enum err error_set(struct error *error, enum err code, const char *fmt, ...)
{
	if (!error)
		return code;
	error->code = code;
	error->hint[0] = '\0';
	va_list args;
	va_start(args, fmt);
	(void)fill(error->text, sizeof(error->text), fmt, args);
	va_end(args);
	return code;
}

enum err error_errno(struct error *error, enum err code, int errno_value, const char *fmt, ...)
{
	if (!error)
		return code;
	error->code = code;
	error->hint[0] = '\0';
	va_list args;
	va_start(args, fmt);
	int used = fill(error->text, sizeof(error->text), fmt, args);
	va_end(args);
	if (used >= 0 && (size_t)used < sizeof(error->text))
		(void)snprintf(error->text + used, sizeof(error->text) - (size_t)used, ": %s",
			strerror(errno_value));
	return code;
}

void error_hint(struct error *error, const char *fmt, ...)
{
	if (!error)
		return;
	va_list args;
	va_start(args, fmt);
	(void)fill(error->hint, sizeof(error->hint), fmt, args);
	va_end(args);
}
