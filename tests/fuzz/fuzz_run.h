// SPDX-License-Identifier: Apache-2.0
/*
 * Shared by the targets of the parser: runs the production entry over the
 * bytes, with small limits so that a run is short, and proves that every frame
 * written can be read back.
 */
#pragma once

#include "parser/payload.h"
#include "tests/fuzz/fuzz.h"

struct limits fuzz_limits(void);

/* parse_mail() and parse_extract() of report 0 over the bytes. */
void fuzz_parse(const uint8_t *bytes, size_t len);

/* The frames of parse_mail() appended to out, behind a HELLO: what a worker writes. */
void fuzz_stream(struct str bytes, struct buf *out);

/* A writer that checks and forgets. */
void fuzz_writer_init(struct wire_writer *writer);
/* Dies unless frames are nothing but frames, each of them valid. */
void fuzz_check_frames(struct str frames);
/* A writer that appends to out. */
void fuzz_writer_keep(struct wire_writer *writer, struct buf *out);

/* Bytes as a payload, at most `piece` of them a read. */
struct fuzz_source {
	struct str rest;
	size_t piece;
};
struct payload fuzz_payload(struct fuzz_source *source);

/* One of the parser's readers. */
typedef bool fuzz_reader(struct payload *payload, const struct limits *limits, int64_t now_epoch_secs,
	struct issue_list *issues, struct wire_writer *writer, struct reject *reject);

/* Reads text in pieces of that size; its frames into out, the issues and the reason left where told. */
bool fuzz_read(fuzz_reader *reader, struct str text, size_t piece, struct buf *out, struct reject *reject_r);

/* Reads text whole, again, and in small pieces (a byte at a time when it is short): dies unless all
 * three give the same frames into out (empty when it is refused; of several faults another may then be
 * met first). */
bool fuzz_read_alike(fuzz_reader *reader, struct str text, struct buf *out, struct reject *reject_r);
