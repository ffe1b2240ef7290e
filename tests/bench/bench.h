// SPDX-License-Identifier: Apache-2.0
/*
 * One of our functions beside one of somebody else's that does the same work,
 * in turns within one process, so that both see the same machine. Run by
 * bench.py, part verifier.
 */
#pragma once

#include "base/str.h"

#include <stdio.h>

/* Does the work once; dies when its result is not what it must be. */
typedef void bench_work(void *context);

/* Prints "name<TAB>seconds of ours<TAB>seconds of theirs<TAB>goal": CPU for one time, the median of many rounds. */
void bench_compare(const char *name, bench_work *ours, void *our_context, bench_work *theirs, void *their_context,
	double goal);

void bench_dkim(void);
void bench_spf(void);

struct opendkim_bench;
struct opendkim_bench *opendkim_bench_open(struct str bytes, struct str record);
bench_work opendkim_bench_run; /* context: one of these */
void opendkim_bench_close(struct opendkim_bench **bench);
