// SPDX-License-Identifier: Apache-2.0
/*
 * Who has a TCP port, for the message that it is in use.
 */
#pragma once

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* Adds "pid 812 (nginx)" of a process that listens on this port, whatever its address. False:
 * nobody known; /proc shows other users' processes to root alone. */
bool port_owner(uint16_t port, struct buf *out);
