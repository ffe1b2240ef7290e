// SPDX-License-Identifier: Apache-2.0
/*
 * What every mechanism is given: memory, the DNS, the time, and where to write
 * down what it did. No clock, no log, no global state: the same arguments give
 * the same verdict.
 */
#pragma once

#include "dns/dns.h"
#include "model/verdict.h"

/* Numbers that bound one verdict (RELIABILITY: DNS per mail, crypto). */
struct verify_limits {
	unsigned dkim_signatures;  /* tried, of those on a message; default 10 */
	unsigned arc_sets;         /* RFC 8617 section 4.2.1: 50 */
	unsigned spf_lookups;      /* RFC 7208 section 4.6.4: 10 */
	unsigned spf_void_lookups; /* the same: 2 */
	unsigned spf_names;        /* MX or PTR names of one term: 10 */
	unsigned dmarc_walk;       /* RFC 9989 section 4.10: 8, and never more */
	unsigned rsa_bits_min;     /* RFC 8301 section 3.2: 1024 */
	unsigned rsa_bits_max;     /* 4096 */
	size_t bimi_svg_bytes;     /* of an indicator, unpacked; draft-svg-tiny-ps-abrotman section 2.1: 32 KiB */
	size_t bimi_evidence_bytes; /* 64 KiB */
};
struct verify_limits verify_limits_default(void);

struct trace; /* steps so far */

struct verify {
	struct arena *arena; /* everything in the verdict lives here */
	struct dns *dns;
	struct trace *trace; /* NULL: no trace is wanted, and nothing is spent on it */
	int64_t now_epoch_secs;
	struct verify_limits limits;
	bool tls_report; /* the message brings a TLS report: DKIM keys of s=tlsrpt count (RFC 8460 section 3) */
};

struct trace *trace_open(struct arena *arena);
/* The steps so far, in order; they live in the trace's arena, whatever is added later. */
const struct trace_step *trace_steps(const struct trace *trace, size_t *count_r);
/* The same into the verdict; nothing without a trace. */
void trace_keep(const struct verify *verify, struct verdict *verdict);

/* Adds a step; texts are copied, NUL and bytes that are not UTF-8 are made visible. Nothing happens
 * without a trace, so callers that must format a text ask `verify->trace` first. */
void trace_add(const struct verify *verify, const struct trace_step *step);

/* Text for a verdict or a step: valid UTF-8 without control characters stays as it is, everything else
 * becomes \xHH; a copy in the arena. Absent stays absent. */
struct str verify_text(struct arena *arena, struct str bytes);

/* dns_query() and a step that says what was found. what: for what it was asked ("SPF record",
 * "DKIM key", …), a constant. */
const struct dns_answer *verify_query(const struct verify *verify, enum verdict_part part, unsigned depth,
	const char *what, struct str name, enum dns_type type);
