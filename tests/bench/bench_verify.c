// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/bench.h"

#include <stdlib.h>
#include <time.h>

#define ROUNDS 101
#define ROUND_SECS 0.004

static double cpu_secs(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double time_of(bench_work *work, void *context, unsigned times)
{
	double begin = cpu_secs();
	for (unsigned i = 0; i < times; i++)
		work(context);
	return (cpu_secs() - begin) / times;
}

/* How often in ROUND_SECS; warms up as well. */
static unsigned times_of(bench_work *work, void *context)
{
	unsigned times = 1;
	while (time_of(work, context, times) * times < ROUND_SECS)
		times *= 2;
	return times;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

void bench_compare(const char *name, bench_work *ours, void *our_context, bench_work *theirs, void *their_context,
	double goal)
{
	double our_secs[ROUNDS], their_secs[ROUNDS];
	unsigned our_times = times_of(ours, our_context), their_times = times_of(theirs, their_context);
	for (int i = 0; i < ROUNDS; i++) {
		our_secs[i] = time_of(ours, our_context, our_times);
		their_secs[i] = time_of(theirs, their_context, their_times);
	}
	qsort(our_secs, ROUNDS, sizeof(double), by_value);
	qsort(their_secs, ROUNDS, sizeof(double), by_value);
	printf("%s\t%.9f\t%.9f\t%.1f\n", name, our_secs[ROUNDS / 2], their_secs[ROUNDS / 2], goal);
}

int main(void)
{
	bench_dkim();
	bench_spf();
	return 0;
}
