// SPDX-License-Identifier: Apache-2.0
/*
 * Whether an aggregate report contradicts itself: bits of model/coherence.h. A contradiction is what no reading
 * of RFC 7489, RFC 9989 or RFC 9990 allows; words that nobody specified and data that is not there are none.
 *
 * Relaxed alignment is judged by the public suffix list here, since nothing is asked: what rests on it alone
 * may yet be explained by the tree walk (RFC 9989 section 4.10).
 */
#pragma once

#include "model/coherence.h"
#include "model/report.h"
#include "verifier/psl.h"

#define COHERENCE_AUTHOR_BYTES 256

/* What records are held against; most of a report have the same author, whose organisation is remembered. */
struct coherence {
	const struct psl *psl;  /* NULL: relaxed alignment is not judged */
	struct arena *scratch;
	char author[COHERENCE_AUTHOR_BYTES];
	size_t author_len;      /* 0: none yet */
	size_t org_len;         /* the last bytes of author */
};

/* A record under the policy of its report. The scratch arena is reset. */
uint32_t coherence_record(struct coherence *coherence, const struct policy_published *policy,
	const struct aggregate_record *record);

/* The report as a whole. mail_epoch_secs: Date of the mail that brings it, 0: not known. */
uint32_t coherence_report(const struct aggregate_head *head, int64_t mail_epoch_secs);
