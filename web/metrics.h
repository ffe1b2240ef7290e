// SPDX-License-Identifier: Apache-2.0
/*
 * /metrics: Prometheus' text format 0.0.4. What this process counts itself, and
 * what the database holds, asked at most once in a while. Labels are of fixed
 * sets, or of the domains that the configuration names (else the largest
 * hundred), so that no report can make them many.
 */
#pragma once

#include "web/connections.h"
#include "web/web.h"

struct metrics;

/* Of its domains, or the largest where it names none. It stays the caller's. */
struct metrics *metrics_open(const struct web_options *web);
void metrics_close(struct metrics **metrics);

/* A request for this path was answered so. Any thread may say it. */
void metrics_answered(struct metrics *metrics, struct str path, unsigned code);
/* A query took so long. */
void metrics_queried(struct metrics *metrics, int64_t msecs);

/* All of it. One batch of queries at most; the connections are asked for one. */
void metrics_write(struct metrics *metrics, struct connections *connections, struct buf *out);
