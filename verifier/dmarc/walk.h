// SPDX-License-Identifier: Apache-2.0
/* The DNS Tree Walk, RFC 9989 section 4.10, and the Organizational Domain that comes of it (4.10.2). */
#pragma once

#include "verifier/dmarc.h"

#define DMARC_WALK_MAX 8

struct dmarc_name {
	struct str name;
	bool has_record; /* exactly one */
	struct dmarc_record record;
};

struct dmarc_walk {
	struct str start;
	struct dmarc_name names[DMARC_WALK_MAX]; /* as asked, longest first */
	size_t count;
	bool failed; /* the last name could not be asked */
};

/* start: an A-label. */
void dmarc_walk(const struct verify *verify, unsigned depth, struct str start, struct dmarc_walk *walk_r);

/* Absent when the walk failed. why_r: a phrase. */
struct str dmarc_walk_org(const struct dmarc_walk *walk, const char **why_r);

/* NULL when there is no record at this name. */
const struct dmarc_record *dmarc_walk_record(const struct dmarc_walk *walk, struct str name);

enum dmarc_lookup { DMARC_LOOKUP_NONE, DMARC_LOOKUP_ONE, DMARC_LOOKUP_SEVERAL, DMARC_LOOKUP_FAILED };

/* What is published at _dmarc.name (section 4.5). */
enum dmarc_lookup dmarc_lookup(const struct verify *verify, unsigned depth, struct str name,
	struct dmarc_record *record_r);

/* A step of DMARC's trace; costs nothing without one. */
void dmarc_trace(const struct verify *verify, unsigned depth, const char *kind, struct str name, struct str value,
	const char *result, const char *note_fmt, ...) PRINTF_LIKE(7, 8);
