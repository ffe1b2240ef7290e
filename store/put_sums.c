// SPDX-License-Identifier: Apache-2.0
#include "store/put_sums.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)
#define HELD_MAX ((size_t)48 * 1024)
#define MANY ((size_t)32 * 1024) /* a record may add SUMS_DAYS_MAX of each kind beyond it */
#define MANY_BYTES ((size_t)12 * 1024 * 1024)
#define SHORT_SECS (SUMS_SHORT_HOURS * 3600)

struct list {
	struct sum *sums[HELD_MAX];
	size_t count;
	bool sorted;
};

struct sums {
	struct arena *arena;
	struct buf key; /* of the sum that is looked for */
	struct list lists[SUMS_COUNT];
	const struct put_report *report;
	uint64_t days;
	bool estimated;
};

struct sums *sums_open(void)
{
	struct sums *sums = calloc(1, sizeof(*sums));
	if (!sums)
		die_out_of_memory();
	sums->arena = arena_open(ARENA_BYTES);
	buf_init(&sums->key, ARENA_BYTES);
	return sums;
}

void sums_close(struct sums **sums)
{
	if (!*sums)
		return;
	arena_close(&(*sums)->arena);
	buf_fini(&(*sums)->key);
	free(*sums);
	*sums = NULL;
}

void sums_reset(struct sums *sums)
{
	arena_reset(sums->arena);
	for (size_t kind = 0; kind < SUMS_COUNT; kind++)
		sums->lists[kind].count = 0;
}

/* ---- keys ---- */

static void begin_key(struct sums *sums, struct day day)
{
	const uint32_t number = (uint32_t)day.number ^ UINT32_C(0x80000000);
	const char *domain = sums->report->domain;
	buf_reset(&sums->key);
	buf_add(&sums->key, domain, strlen(domain) + 1);
	for (int shift = 24; shift >= 0; shift -= 8)
		buf_add_char(&sums->key, (char)(number >> shift));
}

static int by_key(const void *a, const void *b)
{
	const struct sum *left = *(struct sum *const *)a, *right = *(struct sum *const *)b;
	const size_t least = left->key.len < right->key.len ? left->key.len : right->key.len;
	const int order = memcmp(left->key.ptr, right->key.ptr, least);
	return order != 0 ? order : (left->key.len > right->key.len) - (left->key.len < right->key.len);
}

/* ---- adding ---- */

/* The sum of the key if it is the last one, else a new one. */
static struct sum *sum_for(struct sums *sums, enum sums_kind kind, struct day day)
{
	struct list *list = &sums->lists[kind];
	struct sum *last = list->count > 0 && !list->sorted ? list->sums[list->count - 1] : NULL;
	if (last && str_eq(last->key, buf_str(&sums->key)))
		return last;
	if (list->count == HELD_MAX)
		die("daily sums: more than sums_full allows");
	struct sum *sum = ARENA_NEW(sums->arena, struct sum);
	sum->key = arena_str(sums->arena, buf_str(&sums->key));
	sum->report = sums->report;
	sum->day = day;
	list->sums[list->count++] = sum;
	list->sorted = false;
	return sum;
}

static void add_messages(struct sum *sum, const struct aggregate_record *record, wide messages, bool first)
{
	sum->messages += messages;
	if (record->spf_aligned == ALIGNED_PASS)
		sum->spf_aligned += messages;
	if (record->dkim_aligned == ALIGNED_PASS)
		sum->dkim_aligned += messages;
	if (record_dmarc_pass(record))
		sum->dmarc_pass += messages;
	if (record->disposition == DISPOSITION_REJECT)
		sum->rejected += messages;
	if (record->disposition == DISPOSITION_QUARANTINE)
		sum->quarantined += messages;
	sum->records += first;
	sum->contradictory += first && record->contradictions != 0;
}

static void add_cell(struct sums *sums, const struct aggregate_record *record, struct day day, wide messages,
	bool first)
{
	begin_key(sums, day);
	const size_t from = sums->key.len;
	buf_add_str(&sums->key, record->header_from);
	buf_add_char(&sums->key, '\0');
	buf_add_char(&sums->key, (char)record->spf_aligned);
	buf_add_char(&sums->key, (char)record->dkim_aligned);
	buf_add_char(&sums->key, (char)record->disposition);
	buf_add_char(&sums->key, (char)sums->report->mail->local);
	buf_add_char(&sums->key, (char)sums->estimated);
	struct sum *sum = sum_for(sums, SUMS_CELL, day);
	sum->header_from = str_sub(sum->key, from, record->header_from.len);
	sum->spf = record->spf_aligned;
	sum->dkim = record->dkim_aligned;
	sum->disposition = record->disposition;
	sum->estimated = sums->estimated;
	add_messages(sum, record, messages, first);
}

static void add_source(struct sums *sums, const struct aggregate_record *record, struct day day, wide messages,
	bool first)
{
	const struct ip *ip = &record->source_ip;
	begin_key(sums, day);
	buf_add_char(&sums->key, (char)ip->family);
	buf_add(&sums->key, ip->bytes, ip->family == 6 ? 16 : ip->family);
	buf_add_char(&sums->key, (char)sums->report->mail->local);
	struct sum *sum = sum_for(sums, SUMS_SOURCE, day);
	sum->source_ip = *ip;
	add_messages(sum, record, messages, first);
}

static struct sum *reporter_sum(struct sums *sums, struct day day)
{
	begin_key(sums, day);
	buf_add_str(&sums->key, str_from(sums->report->key));
	return sum_for(sums, SUMS_REPORTER, day);
}

void sums_report(struct sums *sums, const struct put_report *report)
{
	const struct aggregate_head *head = &report->report->aggregate;
	const uint64_t records = report->report->totals.records;
	sums->report = report;
	sums->estimated = head->end_epoch_secs - head->begin_epoch_secs > SHORT_SECS;
	sums->days = 1;
	if (sums->estimated) {
		const struct day last = day_of_epoch(head->end_epoch_secs - 1);
		const uint64_t parts = SUMS_PARTS_MAX / (records > 0 ? records : 1);
		sums->days = (uint64_t)(last.number - report->report->day.number) + 1;
		if (sums->days > SUMS_DAYS_MAX)
			sums->days = SUMS_DAYS_MAX;
		if (sums->days > parts)
			sums->days = parts > 0 ? parts : 1;
	}
	reporter_sum(sums, report->report->day)->reports++;
}

void sums_record(struct sums *sums, const struct aggregate_record *record)
{
	const uint64_t days = sums->days, share = record->messages / days;
	const uint64_t parts = record->messages < days ? 1 : days;
	for (uint64_t part = 0; part < parts; part++) {
		const struct day day = {sums->report->report->day.number + (int32_t)part};
		const wide messages = share + (part == 0 ? record->messages % days : 0);
		add_cell(sums, record, day, messages, part == 0);
		add_source(sums, record, day, messages, part == 0);
		add_messages(reporter_sum(sums, day), record, messages, part == 0);
	}
}

/* ---- reading ---- */

static void merge(struct sum *into, const struct sum *from)
{
	into->messages += from->messages;
	into->spf_aligned += from->spf_aligned;
	into->dkim_aligned += from->dkim_aligned;
	into->dmarc_pass += from->dmarc_pass;
	into->rejected += from->rejected;
	into->quarantined += from->quarantined;
	into->records += from->records;
	into->reports += from->reports;
	into->contradictory += from->contradictory;
}

static void sort_out(struct list *list)
{
	size_t kept = 0;
	if (list->sorted || list->count == 0)
		return;
	qsort(list->sums, list->count, sizeof(struct sum *), by_key);
	for (size_t i = 1; i < list->count; i++) {
		if (str_eq(list->sums[i]->key, list->sums[kept]->key))
			merge(list->sums[kept], list->sums[i]);
		else
			list->sums[++kept] = list->sums[i];
	}
	list->count = kept + 1;
	list->sorted = true;
}

struct sum *const *sums_of(struct sums *sums, enum sums_kind kind, size_t *count_r)
{
	sort_out(&sums->lists[kind]);
	*count_r = sums->lists[kind].count;
	return sums->lists[kind].sums;
}

bool sums_full(struct sums *sums)
{
	bool many = arena_used_bytes(sums->arena) > MANY_BYTES;
	for (size_t kind = 0; kind < SUMS_COUNT; kind++)
		many |= sums->lists[kind].count > MANY;
	return many;
}
