// SPDX-License-Identifier: Apache-2.0
/*
 * The seam inside the parser: parser/mail and parser/unpack find and unpack
 * candidate documents, the readers (aggregate, tlsrpt, failure) turn one into
 * frames. A payload is pulled, piece by piece, so a document never has to be
 * in memory as a whole.
 */
#pragma once

#include <sys/types.h>

#include "base/error.h"
#include "model/limits.h"
#include "model/wire.h"

/* Why a document or mail is not stored. reason REASON_NONE: nothing wrong. */
struct reject {
	enum reason reason;
	char detail[300]; /* valid UTF-8, one line, where and what */
};

/* Fills both; the text may hold bytes of strangers, it is cleaned and cut. */
COLD void reject_set(struct reject *reject, enum reason reason, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* A stream of unpacked bytes. */
struct payload {
	/* Up to cap bytes into out; 0 at the end; -1 when the stream is broken or
	 * over a limit (then *reject says why). */
	ssize_t (*read)(void *context, char *out, size_t cap, struct reject *reject);
	void *context;
	struct str member; /* name for people */
};

/* Collects the issues of one report: one entry a code, with the first detail
 * and a count. */
struct issue_list {
	struct issue items[ISSUE_CODE_COUNT];
	char details[ISSUE_CODE_COUNT][ISSUE_DETAIL_BYTES_MAX + 1];
};

void issue_list_init(struct issue_list *list);
/* detail may hold any bytes: it is cleaned and cut. */
COLD void issue_add(struct issue_list *list, enum issue_code code, struct str detail);
/* The same with "name: text" for detail. */
COLD void issue_add_value(struct issue_list *list, enum issue_code code, struct str name, struct str text);
bool issue_list_deviates(const struct issue_list *list);
/* Writes an ISSUE frame for each code seen. */
void issue_list_write(const struct issue_list *list, struct wire_writer *writer);

/* Whoever holds an aggregate report against itself: bits of model/coherence.h. bare: for whoever wants sums
 * alone RECORDs are written with what these are made of, and `record` is not asked. */
struct report_check {
	uint32_t (*record)(void *context, const struct policy_published *policy,
		const struct aggregate_record *record);
	uint32_t (*report)(void *context, const struct aggregate_head *head, int64_t mail_epoch_secs);
	void *context;
	bool bare;
};

/* The readers. Each consumes the payload to its end, writes REPORT_BEGIN …
 * REPORT_END and returns true; or fills *reject and returns false (frames
 * already written are then void, the mail is rejected as a whole). `issues`
 * comes in with what the carrier already noted and is written with the report. check may be NULL;
 * mail_epoch_secs: Date of the mail around it, 0: not known. */
bool aggregate_read(struct payload *payload, const struct limits *limits, int64_t now_epoch_secs,
	const struct report_check *check, int64_t mail_epoch_secs, struct issue_list *issues,
	struct wire_writer *writer, struct reject *reject);
bool tlsrpt_read(struct payload *payload, const struct limits *limits, int64_t now_epoch_secs,
	struct issue_list *issues, struct wire_writer *writer, struct reject *reject);
