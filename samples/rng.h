// SPDX-License-Identifier: Apache-2.0
/*
 * Pseudo-random numbers that are the same on every machine (splitmix64). Each
 * thing that is made has its own stream, named by the seed and up to three
 * indices, so that more days or more reporters never change the others.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct rng {
	uint64_t state;
};

/* The stream named by these numbers. */
struct rng rng_stream(uint64_t seed, uint64_t a, uint64_t b, uint64_t c);
/* The next 64 bits. */
uint64_t rng_next(struct rng *rng);
/* 0…below-1; 0 when below is 0. */
uint32_t rng_below(struct rng *rng, uint32_t below);
/* least…most, both included. */
uint32_t rng_between(struct rng *rng, uint32_t least, uint32_t most);
/* True in so many of a thousand cases. */
bool rng_chance(struct rng *rng, uint32_t permille);
/* amount / divisor, rounded up or down by chance so that the mean is right. */
uint64_t rng_share(struct rng *rng, uint64_t amount, uint64_t divisor);
/* Roughly normal, mean 0, deviation 1: the sum of twelve uniform numbers. */
double rng_normal(struct rng *rng);
