// SPDX-License-Identifier: Apache-2.0
/*
 * What a worker is asked to verify: hints of the caller, then the bytes. It
 * goes to the worker as the content of the job's descriptor, in the spelling
 * of model/wire_field.h. The caller is trusted; the message and the replay
 * text in it are not.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/ip.h"

enum verify_what {
	VERIFY_MESSAGE = 1, /* all mechanisms on a message */
	VERIFY_SPF,         /* check_host() alone */
	VERIFY_DOMAIN,      /* what DNS publishes for `domain` */
};

struct verify_list {
	struct str *at;
	size_t count;
};

/* What a report says of itself, to be held against the mail that brought it. */
struct verify_claim {
	uint64_t report_no; /* of the mail, from 0 */
	struct str kind;    /* "aggregate" "failure" "tlsrpt" */
	struct str org_name, email, report_id, policy_domain; /* absent: not said */
	struct str member;  /* file name of the report, as the archive or the part has it */
	bool in_text;       /* it stood in the text of the mail, not in an attachment */
	int64_t begin_epoch_secs, end_epoch_secs;
};

struct verify_claims {
	struct verify_claim *at;
	size_t count;
};

/* What a failure report says of its sample (RFC 6591, RFC 9991), field by field as sent. */
struct verify_reporter {
	struct str auth_failure, identity_alignment, authentication_results, dkim_domain, dkim_selector;
	int64_t arrived_epoch_secs; /* 0: not said */
};

struct verify_request {
	enum verify_what what;
	bool psl;   /* RFC 7489: public suffix list and pct, instead of the tree walk */
	bool trace; /* steps are wanted */
	bool dig;   /* every look-up that any mechanism would make, whether this message needs it or not */
	bool headers_only;  /* message has no body: what needs one cannot be checked, and never fails */
	bool has_reporter;  /* the message is the sample of a failure report: "recheck" is wanted */
	bool sends_no_mail; /* VERIFY_DOMAIN: it is not meant to */
	struct ip ip; /* family 0: not given */
	struct str helo, mail_from, receiver, authserv_id, domain; /* absent: not given */
	struct str replay, replay_file; /* answers and their name for errors; absent: ask the resolver */
	struct verify_list trusted_hops, authserv_ids, sealers, selectors, roots;
	struct str evidence, indicator; /* of BIMI, at hand */
	struct verify_claims claims; /* of the reports in the message: "provenance" is wanted, and an item for each */
	struct verify_reporter reporter;
	struct verify_list pairs; /* identifier, author domain, identifier, …: "alignments" are wanted */
	struct str message;
};

void verify_request_put(struct buf *buf, const struct verify_request *request);
/* Views into bytes; lists in arena. */
NODISCARD bool verify_request_get(struct str bytes, struct arena *arena, struct verify_request *request_r);
