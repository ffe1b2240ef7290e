// SPDX-License-Identifier: Apache-2.0
/*
 * Answers that are too large for memory: a table of any length as CSV, read by
 * a cursor as fast as the client takes it, and an original out of a memory
 * file. A few of them at a time.
 */
#pragma once

#include "web/connections.h"
#include "web/page.h"

#include <sys/types.h>

struct exports; /* how many there are now */
struct exports *exports_open(uint64_t max);
void exports_close(struct exports **exports);

struct export;

/* NULL: as many as may be are under way. */
struct export *export_begin(struct exports *exports);
/* The rows of page's main table, or of the one asked for. With ERR_OK the connection is the
 * export's. */
NODISCARD enum err export_csv(struct export *export, const struct request *request, const struct page *page,
	struct connections *connections, struct store *store, struct error *error);
/* Takes the descriptor over. */
void export_file(struct export *export, int fd, uint64_t bytes);

/* Whether this connection is its now. */
bool export_keeps(const struct export *export, const struct store *store);
/* -1: not known before its end. */
int64_t export_bytes(const struct export *export);
/* Up to max bytes; 0: that was all; -1: it broke off. */
ssize_t export_read(struct export *export, char *bytes, size_t max);
void export_close(struct export **export); /* NULL is fine */
