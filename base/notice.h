// SPDX-License-Identifier: Apache-2.0
/*
 * A sentence that one process has for others, or none: a file of one block,
 * made once and then written over, so that a full disk can be told of too.
 */
#pragma once

#include "base/str.h"

#define NOTICE_BYTES 1024

/* Makes the file when it is not there. A descriptor, or -1: nobody will be told. */
int notice_open(const char *path);
/* NULL: nothing is to be told. Cut to NOTICE_BYTES. */
void notice_say(int notice, const char *text);
/* False when there is no file or nothing in it. */
bool notice_read(const char *path, char text[NOTICE_BYTES]);
