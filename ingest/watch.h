// SPDX-License-Identifier: Apache-2.0
/*
 * Tells when a Maildir may have new mail: inotify where the file system has
 * it, and a look every 30 s in any case (NFS, a full event queue, a Maildir
 * that is mounted later).
 */
#pragma once

#include "ingest/source.h"

#define WATCH_RESCAN_MSECS 30000

struct watch;

/* Never fails: without inotify there is the clock. */
struct watch *watch_open(const struct source *source);
void watch_close(struct watch **watch);
int watch_fd(const struct watch *watch); /* -1: none */
/* Empties the event queue and takes up folders that have appeared. */
void watch_read(struct watch *watch, const struct source *source);
