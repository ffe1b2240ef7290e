// SPDX-License-Identifier: Apache-2.0
#include "pool/spool.h"

#include "pool/spool_identity.h"
#include "pool/spool_store.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES ((size_t)256 * 1024 * 1024)
#define SCRATCH_BYTES ((size_t)64 * 1024 * 1024)
#define ISSUES_MAX ((size_t)ISSUE_CODE_COUNT * 2)
#define DAY_SECS ((int64_t)86400)

/* Which frames may come next. */
enum stage { STAGE_HELLO, STAGE_MAIL, STAGE_REPORT, STAGE_ROWS, STAGE_HEAD_GIVEN, STAGE_ENDED };

/* A report being read. */
struct reading {
	enum report_kind kind;
	uint64_t records;
	wide messages, dmarc_pass; /* a limited number of counts: no sum wraps */
	uint32_t details_due; /* of the TLS policy read last */
	uint64_t details;
	struct digest *content;
};

struct spool {
	struct spool_store *store;
	struct arena *arena;   /* what outlives a frame */
	struct arena *scratch; /* one row */
	struct buf pending;    /* the beginning of a frame */

	struct sha256 mail_sha256;
	const struct limits *limits;
	int64_t now_epoch_secs;

	enum stage stage;
	bool broken;
	bool without_records;
	bool has_mail_head;
	struct mail_head mail_head;
	struct mail_end mail_end;
	struct reading reading;
	struct spool_report *reports;
	size_t reports_count, reports_cap;
};

struct spool *spool_open(size_t memory_bytes, const char *directory)
{
	struct spool *spool = malloc(sizeof(*spool));
	if (!spool)
		die_out_of_memory();
	*spool = (struct spool){
		.store = spool_store_open(memory_bytes, directory),
		.arena = arena_open(ARENA_BYTES),
		.scratch = arena_open(SCRATCH_BYTES),
		.reading.content = digest_open(),
	};
	buf_init(&spool->pending, WIRE_HEADER_BYTES + WIRE_PAYLOAD_BYTES_MAX);
	return spool;
}

void spool_without_records(struct spool *spool)
{
	spool->without_records = true;
}

bool spool_keeps_records(const struct spool *spool)
{
	return !spool->without_records;
}

void spool_close(struct spool **spool)
{
	if (!*spool)
		return;
	spool_store_close(&(*spool)->store);
	arena_close(&(*spool)->arena);
	arena_close(&(*spool)->scratch);
	digest_close(&(*spool)->reading.content);
	buf_fini(&(*spool)->pending);
	free(*spool);
	*spool = NULL;
}

static void clear(struct spool *spool)
{
	spool_store_reset(spool->store);
	arena_reset(spool->arena);
	buf_reset(&spool->pending);
	spool->stage = STAGE_HELLO;
	spool->has_mail_head = false;
	spool->mail_end = (struct mail_end){0};
	spool->reports = NULL;
	spool->reports_count = spool->reports_cap = 0;
	(void)digest_take(spool->reading.content);
}

void spool_reset(struct spool *spool, const struct sha256 *mail_sha256, const struct limits *limits,
	int64_t now_epoch_secs)
{
	clear(spool);
	spool->broken = false;
	spool->mail_sha256 = *mail_sha256;
	spool->limits = limits;
	spool->now_epoch_secs = now_epoch_secs;
}

void spool_clear(struct spool *spool)
{
	clear(spool);
}

const struct sha256 *spool_mail(const struct spool *spool)
{
	return &spool->mail_sha256;
}

static bool wrong(struct spool *spool, struct error *error, const char *what)
{
	clear(spool);
	spool->broken = true;
	(void)error_set(error, ERR_INVALID, "the worker's answer is not valid: %s", what);
	return false;
}

static struct spool_report *current(struct spool *spool)
{
	return &spool->reports[spool->reports_count - 1];
}

static const char *on_mail_head(struct spool *spool, struct str payload)
{
	struct mail_head head;
	if (!wire_read_mail_head(payload, &head))
		return "mail head";
	spool->mail_head = (struct mail_head){
		.from = arena_str(spool->arena, head.from),
		.subject = arena_str(spool->arena, head.subject),
		.message_id = arena_str(spool->arena, head.message_id),
		.date = arena_str(spool->arena, head.date),
		.date_epoch_secs = head.date_epoch_secs,
	};
	spool->has_mail_head = true;
	spool->stage = STAGE_REPORT;
	return NULL;
}

static const char *on_report_begin(struct spool *spool, struct str payload)
{
	struct report_begin begin;
	if (!wire_read_report_begin(payload, &begin))
		return "report begin";
	if (spool->reports_count >= spool->limits->reports)
		return "more reports than allowed";
	if (spool->reports_count == spool->reports_cap) {
		spool->reports_cap = spool->reports_cap ? spool->reports_cap * 2 : 4;
		struct spool_report *larger =
			ARENA_ARRAY(spool->arena, spool->reports_cap, struct spool_report);
		if (spool->reports_count > 0)
			(void)memcpy(larger, spool->reports, spool->reports_count * sizeof(*larger));
		spool->reports = larger;
	}
	spool->reports[spool->reports_count++] = (struct spool_report){
		.kind = begin.kind,
		.member = arena_str(spool->arena, begin.member),
		.frames_offset = spool_store_bytes(spool->store),
	};
	struct digest *content = spool->reading.content;
	(void)digest_take(content);
	spool->reading = (struct reading){.kind = begin.kind, .content = content};
	spool->stage = STAGE_ROWS;
	return NULL;
}

static const char *keep_row(struct spool *spool, const struct frame *frame)
{
	if (frame->type == FRAME_RECORD && spool->without_records)
		return NULL;
	const struct str content = wire_row_content(frame);
	digest_add(spool->reading.content, content.ptr, content.len);
	return spool_store_add(spool->store, frame) ? NULL : "no room to keep it";
}

static const char *on_record(struct spool *spool, const struct frame *frame)
{
	struct reading *reading = &spool->reading;
	struct aggregate_record record;
	arena_reset(spool->scratch);
	if (reading->kind != REPORT_AGGREGATE || !wire_read_record(frame->payload, spool->scratch, &record))
		return "record";
	if (++reading->records > spool->limits->records)
		return "more records than allowed";
	reading->messages += record.messages;
	if (record_dmarc_pass(&record))
		reading->dmarc_pass += record.messages;
	return keep_row(spool, frame);
}

static const char *on_tls_policy(struct spool *spool, const struct frame *frame)
{
	struct reading *reading = &spool->reading;
	struct tls_policy policy;
	if (reading->kind != REPORT_TLSRPT || reading->details_due > 0 ||
		!wire_read_tls_policy(frame->payload, &policy))
		return "TLS policy";
	if (++reading->records > spool->limits->tls_policies)
		return "more TLS policies than allowed";
	current(spool)->tls_success += policy.success;
	current(spool)->tls_failure += policy.failure;
	reading->details_due = policy.details_count;
	return keep_row(spool, frame);
}

static const char *on_tls_detail(struct spool *spool, const struct frame *frame)
{
	struct reading *reading = &spool->reading;
	struct tls_detail detail;
	if (reading->kind != REPORT_TLSRPT || reading->details_due == 0 ||
		!wire_read_tls_detail(frame->payload, &detail))
		return "TLS detail";
	if (++reading->details > spool->limits->tls_details)
		return "more TLS details than allowed";
	reading->details_due--;
	return keep_row(spool, frame);
}

static const char *on_issue(struct spool *spool, struct str payload)
{
	struct issue issue;
	struct spool_report *report = current(spool);
	if (!wire_read_issue(payload, &issue) || report->issues_count >= ISSUES_MAX)
		return "issue";
	if (!report->issues)
		report->issues = ARENA_ARRAY(spool->arena, ISSUES_MAX, struct issue);
	issue.detail = arena_str(spool->arena, issue.detail);
	report->issues[report->issues_count++] = issue;
	return NULL;
}

static bool period_is_plausible(const struct spool *spool, int64_t begin, int64_t end)
{
	return begin > 0 && end >= begin && begin <= spool->now_epoch_secs + 2 * DAY_SECS &&
		end <= spool->now_epoch_secs + 3 * 366 * DAY_SECS;
}

/* Heads are read from a copy, so that their texts live as long as the report. */
static const char *on_head(struct spool *spool, const struct frame *frame)
{
	struct spool_report *report = current(spool);
	struct str payload = arena_str(spool->arena, frame->payload);
	spool->stage = STAGE_HEAD_GIVEN;
	switch (report->kind) {
	case REPORT_AGGREGATE:
		if (frame->type != FRAME_AGGREGATE_HEAD ||
			!wire_read_aggregate_head(payload, spool->arena, &report->aggregate))
			return "report head";
		if (report->aggregate.policy.domain.len == 0)
			return "no policy domain";
		return period_is_plausible(spool, report->aggregate.begin_epoch_secs,
			report->aggregate.end_epoch_secs) ? NULL : "period";
	case REPORT_FAILURE:
		spool->reading.records = 1;
		return frame->type == FRAME_FAILURE && wire_read_failure(payload, &report->failure) ?
			NULL : "failure report";
	case REPORT_TLSRPT:
		if (frame->type != FRAME_TLS_HEAD || !wire_read_tls_head(payload, &report->tls))
			return "TLS head";
		return period_is_plausible(spool, report->tls.begin_epoch_secs,
			report->tls.end_epoch_secs) ? NULL : "period";
	}
	return "report kind";
}

static struct day day_of(const struct spool *spool, const struct spool_report *report)
{
	switch (report->kind) {
	case REPORT_AGGREGATE:
		return day_of_epoch(report->aggregate.begin_epoch_secs);
	case REPORT_TLSRPT:
		return day_of_epoch(report->tls.begin_epoch_secs);
	case REPORT_FAILURE:
		break;
	}
	int64_t when = report->failure.arrival_epoch_secs;
	if (when <= 0 && spool->has_mail_head)
		when = spool->mail_head.date_epoch_secs;
	if (when <= 0 || when > spool->now_epoch_secs + 2 * DAY_SECS)
		when = spool->now_epoch_secs;
	return day_of_epoch(when);
}

static const char *on_report_end(struct spool *spool, struct str payload)
{
	struct spool_report *report = current(spool);
	struct reading *reading = &spool->reading;
	if (!wire_read_report_end(payload, &report->totals))
		return "report end";
	if (report->totals.records != reading->records || report->totals.messages != reading->messages ||
		report->totals.dmarc_pass != reading->dmarc_pass || reading->details_due > 0)
		return "totals that are not those of its rows";
	report->day = day_of(spool, report);
	spool_identity(report, &spool->mail_sha256, spool->reports_count - 1, reading->content);
	spool->stage = STAGE_REPORT;
	return NULL;
}

static const char *on_mail_end(struct spool *spool, struct str payload)
{
	if (!wire_read_mail_end(payload, &spool->mail_end))
		return "mail end";
	bool reports = spool->mail_end.verdict == VERDICT_REPORTS;
	if (reports && (spool->mail_end.reports != spool->reports_count || spool->reports_count == 0))
		return "number of reports";
	if (!reports)
		spool->reports_count = 0;
	spool->mail_end.detail = arena_str(spool->arena, spool->mail_end.detail);
	spool->stage = STAGE_ENDED;
	return NULL;
}

/* NULL, or what is wrong with this frame here. */
static const char *on_frame(struct spool *spool, const struct frame *frame)
{
	enum stage stage = spool->stage;
	switch (frame->type) {
	case FRAME_HELLO:
		spool->stage = STAGE_MAIL;
		return stage == STAGE_HELLO && wire_read_hello(frame->payload) ? NULL : "greeting";
	case FRAME_MAIL_HEAD:
		return stage == STAGE_MAIL ? on_mail_head(spool, frame->payload) : "order of frames";
	case FRAME_REPORT_BEGIN:
		return stage == STAGE_MAIL || stage == STAGE_REPORT ?
			on_report_begin(spool, frame->payload) : "order of frames";
	case FRAME_RECORD:
		return stage == STAGE_ROWS ? on_record(spool, frame) : "order of frames";
	case FRAME_TLS_POLICY:
		return stage == STAGE_ROWS ? on_tls_policy(spool, frame) : "order of frames";
	case FRAME_TLS_DETAIL:
		return stage == STAGE_ROWS ? on_tls_detail(spool, frame) : "order of frames";
	case FRAME_ISSUE:
		return stage == STAGE_ROWS || stage == STAGE_HEAD_GIVEN ?
			on_issue(spool, frame->payload) : "order of frames";
	case FRAME_AGGREGATE_HEAD:
	case FRAME_FAILURE:
	case FRAME_TLS_HEAD:
		return stage == STAGE_ROWS ? on_head(spool, frame) : "order of frames";
	case FRAME_REPORT_END:
		return stage == STAGE_HEAD_GIVEN ? on_report_end(spool, frame->payload) : "order of frames";
	case FRAME_MAIL_END:
		return stage == STAGE_MAIL || stage == STAGE_REPORT || stage == STAGE_ROWS ||
			stage == STAGE_HEAD_GIVEN ? on_mail_end(spool, frame->payload) : "order of frames";
	case FRAME_BYTES:
	case FRAME_BYTES_END:
	case FRAME_VERDICT:
	case FRAME_VERDICT_END:
		return "bytes nobody asked for";
	}
	return "kind of frame";
}

static bool eat(struct spool *spool, struct str *rest, struct error *error)
{
	struct frame frame;
	int got;
	while ((got = wire_next(rest, &frame)) > 0) {
		const char *what = on_frame(spool, &frame);
		if (what)
			return wrong(spool, error, what);
	}
	return got == 0 || wrong(spool, error, "no frame");
}

bool spool_add(struct spool *spool, struct str bytes, struct error *error)
{
	if (spool->broken)
		return wrong(spool, error, "it was broken before");
	while (spool->pending.len > 0 && bytes.len > 0) {
		/* As much as may complete the frame at hand; the rest is read in its place. */
		size_t room = spool->pending.max_bytes - spool->pending.len;
		size_t part = bytes.len < room ? bytes.len : room;
		buf_add(&spool->pending, bytes.ptr, part);
		bytes = str_from_offset(bytes, part);
		struct str rest = buf_str(&spool->pending);
		size_t before = rest.len;
		if (!eat(spool, &rest, error))
			return false;
		if (rest.len == before && room == part)
			return wrong(spool, error, "no frame");
		buf_drop_front(&spool->pending, before - rest.len);
	}
	if (bytes.len > 0 && !eat(spool, &bytes, error))
		return false;
	buf_add_str(&spool->pending, bytes);
	return true;
}

bool spool_finish(struct spool *spool, struct error *error)
{
	if (spool->broken)
		return wrong(spool, error, "it was broken before");
	if (spool->stage != STAGE_ENDED || spool->pending.len > 0)
		return wrong(spool, error, "it ends early");
	return true;
}

uint64_t spool_rows_so_far(const struct spool *spool)
{
	return spool->reading.records;
}

const struct mail_head *spool_mail_head(const struct spool *spool)
{
	return spool->has_mail_head ? &spool->mail_head : NULL;
}

const struct mail_end *spool_mail_end(const struct spool *spool)
{
	return &spool->mail_end;
}

size_t spool_reports_count(const struct spool *spool)
{
	return spool->reports_count;
}

const struct spool_report *spool_report_at(const struct spool *spool, size_t i)
{
	if (i >= spool->reports_count)
		die("spool: no report %zu", i);
	return &spool->reports[i];
}

struct spool_cursor spool_rows(struct spool *spool, size_t report_no)
{
	bool last = report_no + 1 == spool->reports_count;
	return (struct spool_cursor){
		.spool = spool,
		.offset = spool_report_at(spool, report_no)->frames_offset,
		.end = last ? spool_store_bytes(spool->store) :
			spool_report_at(spool, report_no + 1)->frames_offset,
	};
}

bool spool_next_row(struct spool_cursor *cursor, struct frame *frame_r, struct error *error)
{
	if (cursor->offset >= cursor->end)
		return false;
	return spool_store_read(cursor->spool->store, &cursor->offset, frame_r, error);
}
