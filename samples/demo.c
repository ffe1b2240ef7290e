// SPDX-License-Identifier: Apache-2.0
#include "samples/demo.h"

#include "samples/failure.h"
#include "samples/mime.h"
#include "samples/odd.h"
#include "samples/tlsrpt.h"
#include "samples/traffic.h"

#define ARENA_BYTES ((size_t)64 << 20)
#define NATURAL_PER_DAY 13 /* aggregate reports, to thin out from */

/* Every so many reports something happens to the mail. */
enum { EVERY_COPY = 83, EVERY_RESENT = 131 };
enum { AT_CONFLICT = 97, AT_FORWARDED = 141 };

static void deliver_stored(struct kit *kit, const struct sample_report *report, struct buf *out)
{
	kit_deliver(kit, &(struct sample_mail){
		.bytes = buf_str(out),
		.date = report->sent,
		.host = "mx.example.com",
		.code = "",
		.kind = SAMPLE_AGGREGATE,
		.reports = {report},
	});
}

/* The same mail by way of the second MX, or the same report in a new mail. */
static void deliver_duplicate(struct kit *kit, const struct sample_report *report,
	struct buf *out, bool same_bytes)
{
	if (!same_bytes) {
		buf_reset(out);
		mime_report_mail(out, report, 2);
	}
	kit_deliver(kit, &(struct sample_mail){
		.bytes = buf_str(out),
		.date = report->sent + (same_bytes ? 5 : 4000),
		.host = "mx2.example.com",
		.outcome = SAMPLE_DUPLICATE,
		.code = "",
		.kind = SAMPLE_AGGREGATE,
		.reports = {report},
	});
}

/* The same identity with other content: a message more in one row and one less
 * in another with the same outcome, so that the totals are the same whichever
 * of the two comes first. False when the report has no such rows. */
static bool deliver_conflict(struct kit *kit, struct sample_report *report, struct buf *out)
{
	struct sample_row *a = &report->rows[0], *b = NULL;
	for (size_t i = 1; i < report->rows_count && !b; i++) {
		struct sample_row *row = &report->rows[i];
		bool same = (row->dkim_aligned || row->spf_aligned) ==
			(a->dkim_aligned || a->spf_aligned);
		if (same && row->count > 1)
			b = row;
	}
	if (!b)
		return false;
	a->count++;
	b->count--;
	buf_reset(out);
	mime_report_mail(out, report, 3);
	kit_deliver(kit, &(struct sample_mail){
		.bytes = buf_str(out),
		.date = report->sent + 5000,
		.host = "mx.example.com",
		.code = "",
		.kind = SAMPLE_AGGREGATE,
		.reports = {report},
		.conflict = true,
	});
	return true;
}

struct demo {
	struct kit *kit;
	struct arena *arena;
	unsigned reports;
	bool conflict_made;
	struct buf out;
};

static void deliver_report(struct demo *demo, struct sample_report *report)
{
	unsigned n = ++demo->reports;
	buf_reset(&demo->out);
	if (n == AT_FORWARDED)
		mime_report_forwarded(&demo->out, report);
	else
		mime_report_mail(&demo->out, report, 1);
	deliver_stored(demo->kit, report, &demo->out);
	if (n % EVERY_COPY == 0)
		deliver_duplicate(demo->kit, report, &demo->out, true);
	else if (n % EVERY_RESENT == 0)
		deliver_duplicate(demo->kit, report, &demo->out, false);
	else if (n >= AT_CONFLICT && !demo->conflict_made)
		demo->conflict_made = deliver_conflict(demo->kit, report, &demo->out);
}

static bool thinned_out(const struct kit *kit, struct rng *rng)
{
	uint64_t natural = (uint64_t)NATURAL_PER_DAY * kit->days;
	return kit->mails > 0 && kit->mails < natural &&
		!rng_chance(rng, (uint32_t)(kit->mails * 1000 / natural));
}

static void deliver_day(struct demo *demo, unsigned day)
{
	size_t reporters_count, domains_count;
	const struct world_reporter *reporters = world_reporters(&reporters_count);
	world_domains(&domains_count);
	struct rng rng = rng_stream(demo->kit->seed, 0x7468696e, 0, day);
	for (size_t r = 0; r < reporters_count; r++) {
		for (size_t d = 0; d < domains_count; d++) {
			struct sample_report report;
			arena_reset(demo->arena);
			if (!traffic_report(demo->kit, demo->arena, &reporters[r],
				(enum world_domain_id)d, day, &report))
				continue;
			if (!thinned_out(demo->kit, &rng))
				deliver_report(demo, &report);
		}
	}
}

/* One reporter that sends its reports on two domains in one mail. */
static void deliver_pair(struct demo *demo, unsigned day)
{
	size_t count;
	struct world_reporter who = world_reporters(&count)[0];
	struct sample_report reports[2];
	who.submitter = "pair.example";
	who.org_name = "Pair Example";
	who.email = who.from = "dmarc@pair.example";
	who.presence = 1000;
	who.share = 60;
	who.carrier = CARRIER_GZIP;
	arena_reset(demo->arena);
	if (!traffic_report(demo->kit, demo->arena, &who, DOMAIN_COM, day, &reports[0]) ||
		!traffic_report(demo->kit, demo->arena, &who, DOMAIN_CO_JP, day, &reports[1]))
		return;
	buf_reset(&demo->out);
	mime_report_pair(&demo->out,
		(const struct sample_report *const[]){&reports[0], &reports[1]});
	kit_deliver(demo->kit, &(struct sample_mail){
		.bytes = buf_str(&demo->out),
		.date = reports[0].sent,
		.host = "mx.example.com",
		.code = "",
		.kind = SAMPLE_AGGREGATE,
		.reports = {&reports[0], &reports[1]},
	});
}

void demo_write(struct kit *kit)
{
	struct demo demo = {.kit = kit, .arena = arena_open(ARENA_BYTES)};
	buf_init(&demo.out, SIZE_MAX);
	for (unsigned day = 0; day < kit->days; day++) {
		deliver_day(&demo, day);
		failure_day(kit, day);
		tlsrpt_day(kit, day);
		if (day % 20 == 10)
			deliver_pair(&demo, day);
	}
	odd_mails(kit, demo.arena);
	buf_fini(&demo.out);
	arena_close(&demo.arena);
}
