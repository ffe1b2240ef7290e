// SPDX-License-Identifier: Apache-2.0
#include "samples/rng.h"

uint64_t rng_next(struct rng *rng)
{
	uint64_t z = (rng->state += UINT64_C(0x9e3779b97f4a7c15));
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

struct rng rng_stream(uint64_t seed, uint64_t a, uint64_t b, uint64_t c)
{
	const uint64_t names[] = {a, b, c};
	struct rng rng = {seed};
	for (unsigned i = 0; i < 3; i++)
		rng.state = rng_next(&rng) ^ (names[i] * UINT64_C(0xd1342543de82ef95));
	return rng;
}

uint32_t rng_below(struct rng *rng, uint32_t below)
{
	return (uint32_t)(((rng_next(rng) >> 32) * below) >> 32);
}

uint32_t rng_between(struct rng *rng, uint32_t least, uint32_t most)
{
	return least + rng_below(rng, most - least + 1);
}

bool rng_chance(struct rng *rng, uint32_t permille)
{
	return rng_below(rng, 1000) < permille;
}

uint64_t rng_share(struct rng *rng, uint64_t amount, uint64_t divisor)
{
	uint64_t rest = amount % divisor;
	return amount / divisor + (rng_below(rng, (uint32_t)divisor) < rest);
}

double rng_normal(struct rng *rng)
{
	double sum = 0;
	for (unsigned i = 0; i < 12; i++)
		sum += (double)(rng_next(rng) >> 11) / 9007199254740992.0;
	return sum - 6.0;
}
