// SPDX-License-Identifier: Apache-2.0
/*
 * What the rows of a batch add to the daily sums, gathered while they are
 * copied. A report of up to 26 hours counts on its day; a longer one is split
 * evenly over the UTC days it touches, the remainder on the first, and flagged
 * as estimated; over the first of them only where a hostile period would make
 * more parts than a transaction bears. Only for store/.
 */
#pragma once

#include "store/put_rows.h"

/* dmarcd.shares() of schema/0009_verdicts.sql has the same numbers: it takes away what is added here. */
#define SUMS_SHORT_HOURS 26
#define SUMS_DAYS_MAX 4000
#define SUMS_PARTS_MAX 1500000

enum sums_kind {
	SUMS_CELL,     /* domain, day, header_from, outcome, disposition, provenance, estimated */
	SUMS_SOURCE,   /* domain, day, address, provenance */
	SUMS_REPORTER, /* domain, day, report */
	SUMS_COUNT,
};

struct sum {
	struct str key;                  /* orders them; equal keys are one sum */
	const struct put_report *report; /* one that has it */
	struct day day;
	/* of the key, by kind */
	struct str header_from;
	struct ip source_ip;
	enum aligned spf, dkim;
	enum disposition disposition;
	bool estimated;
	/* the sums */
	wide messages, spf_aligned, dkim_aligned, dmarc_pass, rejected, quarantined;
	uint64_t records, reports, contradictory;
};

struct sums;

struct sums *sums_open(void);
void sums_close(struct sums **sums); /* nulls the pointer */

/* The rows that follow are this report's; itself it counts once, rows or none. */
void sums_report(struct sums *sums, const struct put_report *report);
void sums_record(struct sums *sums, const struct aggregate_record *record);
/* So many different ones that they should be written before more are added. */
bool sums_full(struct sums *sums);

/* The sums of a kind in the order of their keys, each key once. */
struct sum *const *sums_of(struct sums *sums, enum sums_kind kind, size_t *count_r);
void sums_reset(struct sums *sums); /* forgets them; the report stays */
