// SPDX-License-Identifier: Apache-2.0
/*
 * A report being read: the texts of its elements as they close, first as they
 * were sent, then (head.c, record.c) as the model has them. Only for
 * parser/aggregate.
 */
#pragma once

#include "base/arena.h"
#include "parser/aggregate/domain.h"
#include "parser/payload.h"

/* Every element that holds text. */
enum field {
	/* once a report */
	FIELD_VERSION,
	FIELD_ORG_NAME,
	FIELD_EMAIL,
	FIELD_CONTACT,
	FIELD_REPORT_ID,
	FIELD_BEGIN,
	FIELD_END,
	FIELD_GENERATOR,
	FIELD_DOMAIN,
	FIELD_DISCOVERY,
	FIELD_P,
	FIELD_SP,
	FIELD_NP,
	FIELD_ADKIM,
	FIELD_ASPF,
	FIELD_PCT,
	FIELD_FO,
	FIELD_TESTING,
	FIELD_ERROR, /* several: each is taken at its end */
	/* once a record */
	FIELD_SOURCE_IP,
	FIELD_COUNT,
	FIELD_DISPOSITION,
	FIELD_EVALUATED_DKIM,
	FIELD_EVALUATED_SPF,
	FIELD_HEADER_FROM,
	FIELD_ENVELOPE_FROM,
	FIELD_ENVELOPE_TO,
	/* once a reason, DKIM or SPF result */
	FIELD_REASON_TYPE,
	FIELD_REASON_COMMENT,
	FIELD_DKIM_DOMAIN,
	FIELD_DKIM_SELECTOR,
	FIELD_DKIM_RESULT,
	FIELD_DKIM_HUMAN,
	FIELD_SPF_DOMAIN,
	FIELD_SPF_SCOPE,
	FIELD_SPF_RESULT,
	FIELD_SPF_HUMAN,
	FIELD_COUNT_OF,
};

#define FIELD_FIRST_OF_RECORD FIELD_SOURCE_IP
#define FIELD_NONE FIELD_COUNT_OF

struct draft {
	const struct limits *limits;
	struct issue_list *issues;
	struct reject *reject;
	int64_t now_epoch_secs;
	struct str member;
	uint64_t line; /* of the element that ends now */

	struct arena *head;   /* lives as long as the report */
	struct arena *row;    /* lives as long as a record */
	struct str values[FIELD_COUNT_OF]; /* absent: no such element; trimmed; TAB and LF within stay */

	struct str *errors;
	size_t errors_count;
	struct aggregate_record record; /* its lists, as they grow */
	size_t reasons_cap, dkim_cap, spf_cap;
	uint64_t row_bytes;   /* texts of its lists */
	bool saw_metadata, saw_policy, saw_evaluated, saw_auth;

	struct policy_published policy; /* once policy_read */
	enum domain_form domain_form;
	bool policy_read;

	/* what tells the schema */
	bool marks_9990, marks_7489;
	uint64_t no_selector, no_selector_line; /* DKIM results without one: how many, the first */
	struct report_totals totals;
};

/* An issue with the line it was found in; value may be absent. */
COLD void draft_issue(struct draft *draft, enum issue_code code, struct str value);
/* At most max_bytes of a clean text, cut with an issue; a view of it. */
struct str draft_text(struct draft *draft, struct str text, uint64_t max_bytes);

/* ---- record.c ---- */

void record_begin(struct draft *draft);
void record_add_reason(struct draft *draft);
void record_add_dkim(struct draft *draft);
void record_add_spf(struct draft *draft);
/* The record in the model's words, and added to the totals. False: *reject. */
NODISCARD bool record_end(struct draft *draft);

/* ---- head.c ---- */

void head_add_error(struct draft *draft, struct str text);
/* Once <policy_published> has ended: records that follow can be held against it. */
void head_read_policy(struct draft *draft);
/* False: *reject. */
NODISCARD bool head_end(struct draft *draft, struct aggregate_head *head_r);
/* Once the head is read and all issues are known. */
enum report_schema head_schema(const struct draft *draft);
