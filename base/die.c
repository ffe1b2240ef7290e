// SPDX-License-Identifier: Apache-2.0
/* How a process of ours ends before its time; libdmarcverify has library/die.c instead. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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
