// SPDX-License-Identifier: Apache-2.0
/*
 * Every maximum of the house in one struct. Each has a default, a hard ceiling
 * and a key under `limits:` in the configuration (RELIABILITY: limits).
 */
#pragma once

#include "base/str.h"

enum limit_unit { LIMIT_BYTES, LIMIT_COUNT, LIMIT_SECS };

struct limits {
#define LIMIT(name, unit, normal, ceiling, what) uint64_t name;
#include "model/limits_list.h"
#undef LIMIT
};

#define LIMITS_COUNT (sizeof(struct limits) / sizeof(uint64_t))

struct limit_info {
	const char *key; /* "mail_bytes" */
	enum limit_unit unit;
	uint64_t least;
	uint64_t normal;
	uint64_t ceiling;
	const char *what;
	size_t offset; /* of the uint64_t in struct limits */
};

/* Every limit at its normal value. */
struct limits limits_default(void);

/* What one file may have, before anybody looks into it: a mail, or a document that lies bare. */
uint64_t limits_file_bytes(const struct limits *limits);

/* The table, in the order of the list. */
const struct limit_info *limits_table(size_t *count_r);
uint64_t *limits_field(struct limits *limits, const struct limit_info *info);
