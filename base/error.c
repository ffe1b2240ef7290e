// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum err error_set(struct error *error, enum err code, const char *fmt, ...)
{
	if (!error)
		return code;
	error->code = code;
	error->hint[0] = '\0';
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(error->text, sizeof(error->text), fmt, args);
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
	int used = vsnprintf(error->text, sizeof(error->text), fmt, args);
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
	(void)vsnprintf(error->hint, sizeof(error->hint), fmt, args);
	va_end(args);
}

void die(const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	(void)fputs("dmarcd: bug: ", stderr);
	(void)vfprintf(stderr, fmt, args);
	(void)fputc('\n', stderr);
	va_end(args);
	abort();
}

void die_out_of_memory(void)
{
	static const char text[] = "dmarcd: out of memory\n";
	ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);
	(void)ignored;
	_exit(EXIT_OUT_OF_MEMORY);
}
