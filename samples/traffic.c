// SPDX-License-Identifier: Apache-2.0
#include "samples/traffic.h"

#include <stdio.h>
#include <string.h>

#define ROWS_MAX 400
#define SPLIT_MAX 4 /* addresses of one source that one reporter meets in a day */

unsigned traffic_spike_day(const struct kit *kit)
{
	return kit->days * 7 / 10;
}

static unsigned permille_of_period(const struct kit *kit, unsigned day)
{
	return day * 1000 / kit->days;
}

/* Messages of this source that this reporter received on this day. */
static uint64_t expected(const struct kit *kit, const struct world_source *source,
	const struct world_reporter *reporter, unsigned day, struct rng *rng)
{
	unsigned at = permille_of_period(kit, day);
	if (at < source->from_permille || at >= source->until_permille)
		return 0;
	/* 1970-01-01 was a Thursday: 0 is Monday */
	unsigned weekday = (unsigned)(kit_day(kit, day).number + 3) % 7;
	uint64_t n = source->per_day * (weekday >= 5 ? source->weekend_permille : 1000u);
	if (source->spike && day == traffic_spike_day(kit))
		n *= source->spike;
	n = n * reporter->share / 1000 * rng_between(rng, 75, 125) / 100;
	return rng_share(rng, n, 1000);
}

static struct sample_row *row_add(struct sample_report *report)
{
	if (report->rows_count == report->rows_max)
		die("more than %zu rows in a sample", report->rows_max);
	struct sample_row *row = &report->rows[report->rows_count++];
	*row = (struct sample_row){.count = 0};
	return row;
}

static void row_dkim(struct sample_row *row, const char *domain, const char *selector,
	const char *result)
{
	row->dkim[row->dkim_count++] = (struct sample_auth){domain, selector, result};
}

static void row_set_dkim(struct sample_row *row, const struct world_source *source,
	enum dkim_kind kind)
{
	switch (kind) {
	case DKIM_ALIGNED:
		row_dkim(row, source->header_from, source->selector, "pass");
		break;
	case DKIM_BOTH:
		row_dkim(row, source->header_from, source->selector, "pass");
		row_dkim(row, source->service_domain, "svc2", "pass");
		break;
	case DKIM_SERVICE:
		row_dkim(row, source->service_domain, "svc2", "pass");
		break;
	case DKIM_BROKEN:
		row_dkim(row, source->header_from, source->selector, "fail");
		break;
	case DKIM_UNSIGNED:
		break;
	}
	row->dkim_aligned = kind == DKIM_ALIGNED || kind == DKIM_BOTH;
}

static void row_set_spf(struct sample_row *row, const struct world_source *source,
	enum spf_kind kind)
{
	static const char *const results[] = {
		[SPF_ALIGNED] = "pass",
		[SPF_SERVICE] = "pass",
		[SPF_FAILS] = "fail",
		[SPF_SOFTFAILS] = "softfail",
		[SPF_NO_RECORD] = "none",
	};
	/* a forger whose SPF fails says that he is us */
	bool ours = kind == SPF_ALIGNED || kind == SPF_FAILS || !source->envelope_domain;
	row->spf.domain = ours ? source->header_from : source->envelope_domain;
	row->spf.result = results[kind];
	row->spf_aligned = kind == SPF_ALIGNED;
	row->envelope_from = row->spf.domain;
}

static void row_set_override(struct sample_row *row, enum override_kind kind)
{
	switch (kind) {
	case OVERRIDE_NONE:
		break;
	case OVERRIDE_LIST:
		row->reason = "mailing_list";
		break;
	case OVERRIDE_ARC:
		row->reason = "local_policy";
		row->comment = "arc=pass as[1].d=lists.example.org as[1].s=a2026";
		break;
	case OVERRIDE_FORWARD:
		row->reason = "trusted_forwarder";
		row->comment = "known forwarder";
		break;
	}
}

const char *traffic_disposition(const char *policy, const struct sample_row *row)
{
	if (row->dkim_aligned || row->spf_aligned || row->reason)
		return "none";
	return policy;
}

static void add_rows(struct sample_report *report, const struct world_source *source,
	const struct world_outcome *outcome, uint64_t count, struct rng *rng)
{
	unsigned pieces = source->count < SPLIT_MAX ? source->count : SPLIT_MAX;
	unsigned address = rng_below(rng, source->count);
	for (unsigned i = 0; i < pieces && count > 0; i++) {
		uint64_t part = i + 1 == pieces ? count : (count + 1) / 2;
		struct sample_row *row = row_add(report);
		snprintf(row->source, sizeof(row->source), "%s%u", source->prefix,
			source->first + (address + i) % source->count);
		row->count = part;
		row->header_from = source->header_from;
		row_set_dkim(row, source, outcome->dkim);
		row_set_spf(row, source, outcome->spf);
		row_set_override(row, outcome->override);
		row->disposition = traffic_disposition(report->p, row);
		count -= part;
	}
}

static void add_source(struct sample_report *report, const struct world_source *source,
	uint64_t messages, struct rng *rng)
{
	uint64_t left = messages;
	for (unsigned i = 1; i < WORLD_OUTCOMES_MAX && source->outcomes[i].permille; i++) {
		uint64_t part = rng_share(rng, messages * source->outcomes[i].permille, 1000);
		part = part < left ? part : left;
		add_rows(report, source, &source->outcomes[i], part, rng);
		left -= part;
	}
	add_rows(report, source, &source->outcomes[0], left, rng);
}

void traffic_report_id(struct sample_report *report, struct rng *rng)
{
	const unsigned long long a = rng_next(rng), b = rng_next(rng);
	const long long begin = report->begin, end = report->end;
	switch (report->reporter->id) {
	case ID_DECIMAL:
		snprintf(report->id, sizeof(report->id), "%llu", a | 1ull << 63);
		break;
	case ID_TIME:
		snprintf(report->id, sizeof(report->id), "%lld.%06llu", end + 8000 + (long long)(a % 1000),
			b % 1000000);
		break;
	case ID_HEX:
		snprintf(report->id, sizeof(report->id), "%016llx%016llx", a, b);
		break;
	case ID_MAILRU:
		snprintf(report->id, sizeof(report->id), "%019llu%lld", a >> 1, begin);
		break;
	case ID_APPLIANCE:
		snprintf(report->id, sizeof(report->id), "%06llx$%07llx=%016llx@%s", a & 0xffffff,
			a >> 36, b, report->reporter->submitter);
		break;
	case ID_DOMAIN_TIME:
		snprintf(report->id, sizeof(report->id), "%s:%lld", report->domain, end);
		break;
	case ID_ADDRESS:
		snprintf(report->id, sizeof(report->id), "%s.%lld.%07llu@%s", report->domain, begin,
			a % 10000000, report->reporter->submitter);
		break;
	}
}

bool traffic_report(const struct kit *kit, struct arena *arena,
	const struct world_reporter *reporter, enum world_domain_id domain, unsigned day,
	struct sample_report *report_r)
{
	size_t count;
	const struct world_domain *about = &world_domains(&count)[domain];
	const struct world_source *sources = world_sources(&count);
	uint64_t who = 0;
	for (const char *c = reporter->submitter; *c; c++)
		who = who * 131 + (unsigned char)*c;
	struct rng rng = rng_stream(kit->seed, who, domain, (uint64_t)kit_day(kit, day).number);
	bool later = permille_of_period(kit, day) >= about->change_permille;
	int64_t midnight = day_begin_epoch_secs(kit_day(kit, day));

	*report_r = (struct sample_report){
		.reporter = reporter,
		.domain = about->name,
		.rua = about->rua,
		.p = later ? about->p_later : about->p,
		.sp = about->sp,
		.begin = midnight + reporter->begin_secs,
		.end = midnight + reporter->begin_secs + reporter->length_secs,
		.rows = ARENA_ARRAY(arena, ROWS_MAX, struct sample_row),
		.rows_max = ROWS_MAX,
	};
	report_r->sent = report_r->end + reporter->delay_secs + rng_below(&rng, 1800);
	bool present = rng_chance(&rng, reporter->presence);
	traffic_report_id(report_r, &rng);
	if (!present || !(reporter->domains & 1u << domain))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (sources[i].domain != domain)
			continue;
		add_source(report_r, &sources[i],
			expected(kit, &sources[i], reporter, day, &rng), &rng);
	}
	return report_r->rows_count > 0;
}
