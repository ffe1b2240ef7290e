// SPDX-License-Identifier: Apache-2.0
/*
 * systemd's notification protocol (sd_notify(3)), without its library: one
 * datagram to $NOTIFY_SOCKET. Does nothing where there is none.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* "READY=1", "STOPPING=1", "WATCHDOG=1", "STATUS=…"; lines parted by \n. */
void notify_send(const char *state);
/* Half of WatchdogSec= when it is meant for this process, else -1. */
int64_t notify_watchdog_msecs(void);
