// SPDX-License-Identifier: Apache-2.0
/*
 * The two profiles. demo: the little world as its reporters would tell it.
 * bench: as many aggregate reports as asked for, their sizes log-normal.
 */
#pragma once

#include "samples/kit.h"

/* The whole demo period, odd mails included. kit->mails, when not 0, thins out
 * the aggregate reports to about that number. */
void demo_write(struct kit *kit);
/* kit->mails mails (1,000 when 0) with one report each: median 8 records, p99 2,000. */
void bench_write(struct kit *kit);
