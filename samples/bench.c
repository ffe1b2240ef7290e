// SPDX-License-Identifier: Apache-2.0
#include "samples/demo.h"

#include "samples/mime.h"
#include "samples/traffic.h"

#include <math.h>
#include <stdio.h>

#define MAILS_USUAL 1000
#define RECORDS_MEDIAN 8.0
/* ln(2000 / 8) / 2.326: the 99th percentile is 2,000 */
#define RECORDS_SIGMA 2.3736
#define RECORDS_MAX 100000u
#define ARENA_BYTES ((size_t)512 << 20)

static size_t draw_records(struct rng *rng)
{
	double n = RECORDS_MEDIAN * exp(RECORDS_SIGMA * rng_normal(rng));
	if (n < 1)
		return 1;
	return n > RECORDS_MAX ? RECORDS_MAX : (size_t)n;
}

static void draw_row(struct sample_row *row, const struct sample_report *report, struct rng *rng)
{
	uint64_t address = rng_next(rng);
	if (rng_chance(rng, 250))
		snprintf(row->source, sizeof(row->source), "2001:db8:%x:%x::%x",
			(unsigned)(address & 0xffff), (unsigned)(address >> 16 & 0xff),
			(unsigned)(address >> 24 & 0xff) + 1);
	else
		snprintf(row->source, sizeof(row->source), "198.%u.%u.%u",
			18 + (unsigned)(address & 1), (unsigned)(address >> 8 & 0xff),
			(unsigned)(address >> 16 & 0xff));
	row->count = rng_chance(rng, 600) ? 1 : 1 + rng_below(rng, 200);
	row->header_from = row->envelope_from = row->spf.domain = report->domain;
	row->dkim_aligned = rng_chance(rng, 850);
	row->spf_aligned = rng_chance(rng, 800);
	row->spf.result = row->spf_aligned ? "pass" : "softfail";
	if (row->dkim_aligned || rng_chance(rng, 300))
		row->dkim[row->dkim_count++] = (struct sample_auth){report->domain, "s2026a",
			row->dkim_aligned ? "pass" : "fail"};
	if (rng_chance(rng, 200))
		row->dkim[row->dkim_count++] = (struct sample_auth){"crm.example", "svc2", "pass"};
	row->disposition = traffic_disposition(report->p, row);
}

static void draw_report(const struct kit *kit, struct arena *arena, unsigned n,
	struct sample_report *report)
{
	size_t reporters_count, domains_count;
	const struct world_reporter *reporters = world_reporters(&reporters_count);
	const struct world_domain *domains = world_domains(&domains_count);
	struct rng rng = rng_stream(kit->seed, 0x62656e6368, n, 0);
	const struct world_reporter *who = &reporters[rng_below(&rng, (uint32_t)reporters_count)];
	const struct world_domain *about = &domains[rng_below(&rng, (uint32_t)domains_count)];
	int64_t midnight = day_begin_epoch_secs(kit_day(kit, rng_below(&rng, kit->days)));
	size_t count = draw_records(&rng);
	*report = (struct sample_report){
		.reporter = who,
		.domain = about->name,
		.rua = about->rua,
		.p = about->p,
		.sp = about->sp,
		.begin = midnight,
		.end = midnight + 86399,
		.sent = midnight + 90000 + n % 3600,
		.rows = ARENA_ARRAY(arena, count, struct sample_row),
		.rows_count = count,
		.rows_max = count,
	};
	snprintf(report->id, sizeof(report->id), "bench-%u-%llu", n,
		(unsigned long long)rng_next(&rng));
	for (size_t i = 0; i < count; i++)
		draw_row(&report->rows[i], report, &rng);
}

void bench_write(struct kit *kit)
{
	unsigned mails = kit->mails ? kit->mails : MAILS_USUAL;
	struct arena *arena = arena_open(ARENA_BYTES);
	struct buf out;
	buf_init(&out, SIZE_MAX);
	for (unsigned n = 0; n < mails; n++) {
		struct sample_report report;
		arena_reset(arena);
		buf_reset(&out);
		draw_report(kit, arena, n, &report);
		mime_report_mail(&out, &report, 1);
		kit_deliver(kit, &(struct sample_mail){
			.bytes = buf_str(&out),
			.date = report.sent,
			.host = "mx.example.com",
			.code = "",
			.kind = SAMPLE_AGGREGATE,
			.reports = {&report},
		});
	}
	buf_fini(&out);
	arena_close(&arena);
}
