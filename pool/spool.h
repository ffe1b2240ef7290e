// SPDX-License-Identifier: Apache-2.0
/*
 * Where the frames of one mail wait until the closing frame is there and all
 * sums agree, so that nothing half-read reaches the database. The first
 * memory_bytes stay in memory, the rest goes to an unlinked file, so a report
 * of a million records costs constant memory. The worker's stream is hostile:
 * order, lengths, enums, UTF-8, counts and totals are proved here, identity
 * and keys are made here and never taken from the worker.
 */
#pragma once

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "model/digest.h"
#include "model/limits.h"
#include "model/wire.h"

#define SPOOL_MEMORY_BYTES ((size_t)4 * 1024 * 1024)

struct spool;

/* One report of a finished spool. Texts live in the spool's arena. */
struct spool_report {
	enum report_kind kind;
	struct str member;
	struct aggregate_head aggregate;
	struct failure_report failure;
	struct tls_head tls;
	struct report_totals totals;
	wide tls_success, tls_failure; /* sums over the policies */
	struct issue *issues;
	size_t issues_count;
	struct sha256 identity; /* kind, reporter, report id, domain, begin, end; failure: never equal */
	struct sha256 content;  /* over the model, not the bytes */
	struct sha256 key;      /* of identity + content; failure: of the mail's hash */
	struct day day;         /* UTC day of begin (failure: of arrival, else of the mail's Date, else today) */
	uint64_t frames_offset; /* of its first row frame in the spool */
};

struct spool *spool_open(size_t memory_bytes, const char *directory);
void spool_close(struct spool **spool);

/* RECORDs are proved and summed up, but neither kept nor hashed, so that `content` and `key` say nothing: for
 * whoever wants the sums alone. The pool asks its worker for no more of them than that. */
void spool_without_records(struct spool *spool);
bool spool_keeps_records(const struct spool *spool);

/* Empty again, for the mail with this hash. limits and now decide what is
 * acceptable; both are kept by reference / value until the next reset. */
void spool_reset(struct spool *spool, const struct sha256 *mail_sha256, const struct limits *limits,
	int64_t now_epoch_secs);
/* Forgets all of it and gives back what a large report took, until the next reset. */
void spool_clear(struct spool *spool);

/* The hash of the mail it was reset for. */
const struct sha256 *spool_mail(const struct spool *spool);

/* Bytes from the worker's pipe, in any pieces. False: not valid, with the
 * reason in error; the spool then holds nothing. */
NODISCARD bool spool_add(struct spool *spool, struct str bytes, struct error *error);
/* After the pipe's end: true when the closing frame came and everything agrees. */
NODISCARD bool spool_finish(struct spool *spool, struct error *error);

/* Rows taken in so far, also while the stream still runs. */
uint64_t spool_rows_so_far(const struct spool *spool);

/* Facts of a finished spool. */
const struct mail_head *spool_mail_head(const struct spool *spool); /* NULL: no mail around it */
const struct mail_end *spool_mail_end(const struct spool *spool);
size_t spool_reports_count(const struct spool *spool);
const struct spool_report *spool_report_at(const struct spool *spool, size_t i);

/* Walks the RECORD, TLS_POLICY and TLS_DETAIL frames of one report. The frame
 * is valid until the next call. False at the end (or on a read error of the
 * unlinked file, then *error is filled and code is not ERR_OK). */
struct spool_cursor {
	struct spool *spool;
	uint64_t offset;
	uint64_t end;
};
struct spool_cursor spool_rows(struct spool *spool, size_t report_no);
bool spool_next_row(struct spool_cursor *cursor, struct frame *frame_r, struct error *error);
