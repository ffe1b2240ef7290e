// SPDX-License-Identifier: Apache-2.0
/* How a process that works in a loop is asked to end: SIGTERM or SIGINT, read from a descriptor. */
#pragma once

#include <stdbool.h>

/* Blocks them, and SIGHUP with them, which such a process ignores. The descriptor that they come by. */
int stop_open(void);
/* Reads all that has come; true when the end was among it. */
bool stop_asked(int stop_fd);
