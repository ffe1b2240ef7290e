// SPDX-License-Identifier: Apache-2.0
/*
 * What one reporter saw of one domain on one day: weekly rhythm, sources that
 * come and go, and a forger with a big day of his own.
 */
#pragma once

#include "samples/kit.h"

/* Fills *report_r, rows in the arena. False: no report that day. */
bool traffic_report(const struct kit *kit, struct arena *arena,
	const struct world_reporter *reporter, enum world_domain_id domain, unsigned day,
	struct sample_report *report_r);
/* The day of the period on which the forger is busiest. */
unsigned traffic_spike_day(const struct kit *kit);
/* Draws the report's id in its reporter's style; domain and period must be set. */
void traffic_report_id(struct sample_report *report, struct rng *rng);
/* The word for what was done with a message under this policy. */
const char *traffic_disposition(const char *policy, const struct sample_row *row);
