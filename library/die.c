// SPDX-License-Identifier: Apache-2.0
/* In place of base/die.c: a library writes nothing of its own to its host's standard error. */
#include "base/error.h"

#include <stdlib.h>

void die(const char *fmt, ...)
{
	(void)fmt;
	abort();
}

void die_out_of_memory(void)
{
	abort();
}
