// SPDX-License-Identifier: Apache-2.0
/*
 * Failure reports (ruf): RFC 5965, 6591, 7489 section 7.3, 9991, and the plain
 * text that some filters send instead (MALFORMATIONS H). Fields are kept as
 * sent; nothing in them is believed. The mail's MIME structure is the
 * caller's business: here a report is its fields and the bytes of its sample.
 */
#pragma once

#include "parser/payload.h"

struct failure_source {
	struct str fields;      /* decoded feedback part, from its first field on */
	struct str sample;      /* bytes of the sample as sent, transfer encoding undone; absent: none */
	struct str sample_type; /* as declared, lower case; absent for plain text */
	bool fields_alone;      /* the part is declared as one of fields: nothing else belongs into it */
	int64_t mail_epoch_secs; /* the mail's own date; 0: unknown */
	int64_t now_epoch_secs;
};

enum failure_kind {
	FAILURE_NONE,  /* no feedback fields */
	FAILURE_AUTH,
	FAILURE_ABUSE, /* a Feedback-Type other than auth-failure */
};

/* What the decoded beginning of a part holds. *at_r: offset of the first field. */
enum failure_kind failure_sniff(struct str head, size_t *at_r);

/* What the beginning of a text says: it may be one of the plain-text forms. */
bool failure_text_sniff(struct str head);

/* True when text is one of the plain-text forms; then source_r holds fields in the spelling of a
 * feedback part, made in arena, and the sample's headers. */
struct arena;
bool failure_from_text(struct str text, struct arena *arena, struct failure_source *source_r);

/* Writes REPORT_BEGIN … REPORT_END. False: *reject says why not. */
NODISCARD bool failure_write(const struct failure_source *source, const struct limits *limits,
	struct issue_list *issues, struct wire_writer *writer, struct reject *reject);
