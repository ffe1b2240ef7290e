// SPDX-License-Identifier: Apache-2.0
/*
 * From a run of bytes to a reader: looks at what the bytes are, opens archives
 * within archives, documents within text, and hands each document to
 * aggregate_read() or tlsrpt_read(). Three kinds of trouble: a hard one ends the
 * mail (a document or archive that cannot be read); a lost report (an empty or
 * garbled part that was declared as one) rejects the mail when it is read to its
 * end; a soft one is said only when the whole mail yields no report (an archive
 * without one).
 */
#pragma once

#include "base/arena.h"
#include "parser/mail/failure.h"
#include "parser/parse.h"
#include "parser/budget.h"

/* One input on its way through the parser. */
struct carrier_job {
	const struct parse_input *input;
	struct wire_writer *writer;
	struct arena *arena;
	struct budget budget;
	int64_t mail_epoch_secs; /* Date of the mail; 0: not known */
	uint32_t reports;     /* read so far */
	uint32_t attachments; /* documents and archives examined in the mail */
	bool extract;         /* parse_extract(): only report `wanted`, as bytes */
	uint32_t wanted;
	bool done;            /* extracted: nothing more is to be read */
	struct reject hard;
	struct reject soft;
	bool lost;            /* soft says which report could not be read */
};

enum carrier_place { CARRIER_FILE, CARRIER_PART, CARRIER_ARCHIVE };

struct carrier {
	struct payload *payload;
	enum carrier_place place;
	struct str type; /* declared, of a part */
	struct str name; /* declared, of a part */
	bool text;       /* a part in which running text is searched for documents */
	bool body;       /* that text is the mail's own, not an attachment */
	unsigned depth;  /* archives around it */
	struct issue_list *issues;
};

/* Finds and reads every document in the carrier. False: job->hard says why the mail ends. */
NODISCARD bool carrier_read(struct carrier_job *job, const struct carrier *carrier);

/* One failure report. */
NODISCARD bool carrier_failure(struct carrier_job *job, const struct failure_source *source,
	struct issue_list *issues);

/* Sets job->soft unless it is set. */
void carrier_soft(struct carrier_job *job, enum reason reason, struct str detail);
/* All reports of a mail or none: what this part held is not known. */
void carrier_lost(struct carrier_job *job, enum reason reason, struct str detail);

/* The whole payload into out, which bounds it. False: job->hard. */
NODISCARD bool carrier_slurp(struct carrier_job *job, struct payload *payload, struct buf *out);

/* A payload with its first SNIFF_BYTES known: read them, look, go on reading from the start. */
struct carrier_peek {
	struct payload payload;
	struct payload *source;
	char *head;
	size_t len, at;
};

NODISCARD bool carrier_peek_open(struct carrier_peek *peek, struct payload *source,
	struct reject *reject);
/* More of the beginning, up to bytes of it. */
NODISCARD bool carrier_peek_more(struct carrier_peek *peek, size_t bytes, struct reject *reject);
struct str carrier_peek_head(const struct carrier_peek *peek);
void carrier_peek_close(struct carrier_peek *peek);
