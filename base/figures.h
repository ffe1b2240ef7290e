// SPDX-License-Identifier: Apache-2.0
/*
 * Numbers that one process has for others (/metrics): lines of the Prometheus text format in a file of one
 * size, made once and then written over, so that a full disk keeps none of them back. A lock on it says
 * that who wrote them still lives.
 */
#pragma once

#include "base/buf.h"

#define FIGURES_BYTES ((size_t)16 * 1024)

/* Makes the file when it is not there. A descriptor to be closed by the caller, or -1: nobody will be told,
 * since that cannot be, or another process tells them. */
int figures_open(const char *path);
/* Text that is longer than FIGURES_BYTES is not told. */
void figures_say(int figures, struct str text);
/* Appends what is told now; nothing when nobody is there who does. */
void figures_read(const char *path, struct buf *out);

/* Whether somebody is there who does; also where that may not be seen. */
bool figures_told(const char *path);

/* "# HELP" and "# TYPE" of a metric. */
void figures_head(struct buf *out, const char *name, const char *type, const char *help);

/* How often something took how long. */
#define HISTOGRAM_BOUNDS 11
struct histogram {
	uint64_t counts[HISTOGRAM_BOUNDS + 1], msecs;
};

void histogram_add(struct histogram *histogram, int64_t msecs);
/* As a metric in seconds: head, buckets, sum and count. */
void histogram_write(const struct histogram *histogram, struct buf *out, const char *name, const char *help);
