// SPDX-License-Identifier: Apache-2.0
/*
 * The doorway between the wings: frames that a confined worker writes to its
 * pipe and a trusting process reads with no trust at all.
 *
 *	frame  = length (u32, little endian: bytes of payload) type (u8) payload
 *	string = length (u8 below 0xfe; 0xfe: a u32 follows; 0xff: absent) bytes
 *
 * A job's stream, in this order:
 *
 *	HELLO
 *	MAIL_HEAD?                                  once, when there is a mail
 *	( REPORT_BEGIN ( RECORD | TLS_POLICY | TLS_DETAIL | ISSUE )*
 *	  ( AGGREGATE_HEAD | FAILURE | TLS_HEAD ) ISSUE* REPORT_END )*
 *	( MAIL_END | BYTES* BYTES_END )
 *
 * or, of a job that verifies: HELLO VERDICT* VERDICT_END (model/verdict_wire.h).
 *
 * The head of a report comes after its rows, because reporters put elements in
 * any order and a reader keeps nothing before REPORT_END anyway. RECORD,
 * TLS_POLICY, TLS_DETAIL and head payloads are a canonical spelling of the
 * model: the same content always gives the same bytes, so a report's content
 * hash is taken over them (type and payload), not over issues or file names, and
 * not over what we think of a RECORD: wire_row_content().
 *
 * The writer never fails on its own account; a broken pipe ends the worker.
 * The reader proves lengths, enums, UTF-8 without NUL, domains of counts; what
 * it returns points into the payload and the arena given.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "model/reason.h"
#include "model/report.h"

#define WIRE_VERSION 3u
#define WIRE_HEADER_BYTES ((size_t)5)
/* A frame's payload; a record with all its lists at their ceilings fits. */
#define WIRE_PAYLOAD_BYTES_MAX ((size_t)4 * 1024 * 1024)

enum frame_type {
	FRAME_HELLO = 1,
	FRAME_MAIL_HEAD,
	FRAME_REPORT_BEGIN,
	FRAME_RECORD,
	FRAME_TLS_POLICY,
	FRAME_TLS_DETAIL,
	FRAME_ISSUE,
	FRAME_AGGREGATE_HEAD,
	FRAME_FAILURE,
	FRAME_TLS_HEAD,
	FRAME_REPORT_END,
	FRAME_MAIL_END,
	FRAME_BYTES,
	FRAME_BYTES_END,
	FRAME_VERDICT,
	FRAME_VERDICT_END,
};

struct frame {
	enum frame_type type;
	struct str payload;
};

/* How a mail ended in the worker. */
enum mail_verdict { VERDICT_REPORTS = 1, VERDICT_NOT_A_REPORT, VERDICT_REJECTED };

struct mail_end {
	enum mail_verdict verdict;
	enum reason reason; /* REASON_NONE with VERDICT_REPORTS */
	struct str detail;  /* where and what: "line 12, column 5: …"; may be empty */
	uint64_t reports;   /* REPORT_ENDs written before */
};

struct report_begin {
	enum report_kind kind;
	struct str member; /* file name of the attachment or member, a hint for people */
};

/* ---- writing (worker) ---- */

struct wire_writer {
	struct buf buf;
	/* Takes all bytes or does not return. */
	void (*flush)(void *context, const void *bytes, size_t len);
	void *context;
};

void wire_writer_init(struct wire_writer *writer,
	void (*flush)(void *context, const void *bytes, size_t len), void *context);
void wire_writer_fini(struct wire_writer *writer); /* flushes what is left */
void wire_flush(struct wire_writer *writer);

/* A frame of a type that another file spells: its payload is what is put into writer->buf between the two. */
size_t wire_begin(struct wire_writer *writer, enum frame_type type);
void wire_end(struct wire_writer *writer, size_t start);

void wire_write_hello(struct wire_writer *writer);
void wire_write_mail_head(struct wire_writer *writer, const struct mail_head *head);
void wire_write_report_begin(struct wire_writer *writer, const struct report_begin *begin);
void wire_write_record(struct wire_writer *writer, const struct aggregate_record *record);
void wire_write_tls_policy(struct wire_writer *writer, const struct tls_policy *policy);
void wire_write_tls_detail(struct wire_writer *writer, const struct tls_detail *detail);
void wire_write_issue(struct wire_writer *writer, const struct issue *issue);
void wire_write_aggregate_head(struct wire_writer *writer, const struct aggregate_head *head);
void wire_write_failure(struct wire_writer *writer, const struct failure_report *failure);
void wire_write_tls_head(struct wire_writer *writer, const struct tls_head *head);
void wire_write_report_end(struct wire_writer *writer, const struct report_totals *totals);
void wire_write_mail_end(struct wire_writer *writer, const struct mail_end *end);
void wire_write_bytes(struct wire_writer *writer, struct str bytes);
void wire_write_bytes_end(struct wire_writer *writer);

/* ---- reading (clean wing) ---- */

/* Takes the next whole frame off the front of *rest. 1: got one; 0: more bytes
 * are needed; -1: this is not a frame (unknown type, too long). */
int wire_next(struct str *rest, struct frame *frame_r);

/* Of a row's frame that wire_next() gave: what the content hash is over. */
struct str wire_row_content(const struct frame *frame);

/* Each returns false when the payload is not exactly one valid value. */
NODISCARD bool wire_read_hello(struct str payload);
NODISCARD bool wire_read_mail_head(struct str payload, struct mail_head *head_r);
NODISCARD bool wire_read_report_begin(struct str payload, struct report_begin *begin_r);
NODISCARD bool wire_read_record(struct str payload, struct arena *arena, struct aggregate_record *record_r);
NODISCARD bool wire_read_tls_policy(struct str payload, struct tls_policy *policy_r);
NODISCARD bool wire_read_tls_detail(struct str payload, struct tls_detail *detail_r);
NODISCARD bool wire_read_issue(struct str payload, struct issue *issue_r);
NODISCARD bool wire_read_aggregate_head(struct str payload, struct arena *arena, struct aggregate_head *head_r);
NODISCARD bool wire_read_failure(struct str payload, struct failure_report *failure_r);
NODISCARD bool wire_read_tls_head(struct str payload, struct tls_head *head_r);
NODISCARD bool wire_read_report_end(struct str payload, struct report_totals *totals_r);
NODISCARD bool wire_read_mail_end(struct str payload, struct mail_end *end_r);
