// SPDX-License-Identifier: Apache-2.0
/*
 * Work that goes before other work, between processes of one machine: who has
 * some of the first kind holds the turn, by a shared lock on a file that ends
 * with its process; the others look before they begin a piece of theirs.
 */
#pragma once

#include <stdbool.h>

/* Makes the file when it is not there. A descriptor, or -1: nobody gives way. */
int turn_open(const char *path);
/* Never waits: who looks just then is not waited for, and the next call tries again. */
void turn_hold(int turn, bool *held);
void turn_release(int turn, bool *held);
/* Nobody holds it. */
bool turn_is_free(int turn);
