// SPDX-License-Identifier: Apache-2.0
/*
 * The real DNS, by libunbound: iteration from the root or forwarding,
 * validation, one cache for the life of the object. Only the resolver's
 * process has one. Neither resolv.conf nor hosts is read, and nothing at all
 * after dns_unbound_open(). libunbound works in a thread of its own, started
 * by the first question.
 */
#pragma once

#include "base/error.h"
#include "dns/dns.h"

#define DNS_QUERY_MSECS 5000 /* a default */
#define DNS_JOB_MSECS 20000  /* the same */
#define DNS_TTL_MIN_SECS 30
#define DNS_TTL_MAX_SECS 86400

struct dns_unbound_options {
	const struct str *servers; /* "192.0.2.1", "192.0.2.1@5353", "2001:db8::1@53"; none: from the root */
	size_t servers_count;
	const char *trust_anchor_file; /* NULL: none, nothing is ever secure or bogus */
	/* What is beyond them is SERVFAIL; each 0: its default. */
	unsigned txt_records_max; /* of a name, at most DNS_RECORDS_MAX; DNS_TXT_RECORDS_MAX */
	unsigned txt_bytes_max;   /* of one of them; DNS_TXT_BYTES_MAX and at most that */
	unsigned cnames_max;      /* on the way to an answer, at most DNS_CNAMES_MAX; DNS_CNAMES */
	/* For which the cache keeps an answer, whatever its TTL. */
	unsigned ttl_min_secs; /* DNS_TTL_MIN_SECS */
	unsigned ttl_max_secs; /* DNS_TTL_MAX_SECS */
	int query_msecs; /* for one question, all tries and CNAMEs */
	int job_msecs;   /* for all questions of a job, from its beginning */
};

struct dns_unbound;

/* ERR_INVALID: a server that is no address, a trust anchor that cannot be read; ERR_TEMP: out of
 * resources. */
NODISCARD enum err dns_unbound_open(const struct dns_unbound_options *options, struct dns_unbound **unbound_r,
	struct error *error);
/* Ends its thread; nulls the pointer. */
void dns_unbound_close(struct dns_unbound **unbound);
/* For who asks one question after the other. Belongs to unbound. */
struct dns *dns_unbound_dns(struct dns_unbound *unbound);
/* What is asked there from now on belongs to the job that began then (clock_monotonic_msecs()). The first
 * one begins with dns_unbound_open(). */
void dns_unbound_begin(struct dns_unbound *unbound, int64_t begun_msecs);

/* For who asks several at once: a question on its way, to be taken when it is over. */
struct dns_pending;
/* name as dns_query() gives it to a back end. */
struct dns_pending *dns_unbound_ask(struct dns_unbound *unbound, struct str name, enum dns_type type,
	int64_t begun_msecs);
/* When it is readable, answers have come: dns_unbound_process(), which is false when none can come any more. */
int dns_unbound_fd(const struct dns_unbound *unbound);
NODISCARD bool dns_unbound_process(struct dns_unbound *unbound);
/* Answered, or its time is up. */
bool dns_pending_over(const struct dns_pending *pending, int64_t now_msecs);
int64_t dns_pending_end_msecs(const struct dns_pending *pending);
/* Its answer, or DNS_TIMEOUT; it is gone then. Returns how often servers may have been asked for it: for
 * its name and each of its CNAMEs, or, when that failed, as often as libunbound tries. */
unsigned dns_pending_take(struct dns_pending **pending, struct arena *arena, struct dns_answer *answer_r);
