// SPDX-License-Identifier: Apache-2.0
/*
 * The real DNS, by libunbound: iteration from the root or forwarding,
 * validation, one cache for the life of the object. Only the resolver's
 * process has one.
 */
#pragma once

#include "base/error.h"
#include "dns/dns.h"

struct dns_unbound_options {
	const struct str *servers; /* "192.0.2.1", "192.0.2.1@5353", "2001:db8::1@53"; none: from the root */
	size_t servers_count;
	const char *trust_anchor_file; /* NULL: none, nothing is ever secure or bogus */
	int query_msecs; /* for one question, all tries and CNAMEs (default 5,000) */
	int job_msecs;   /* for all questions since the last dns_unbound_begin (default 20,000) */
};

struct dns_unbound;

/* ERR_INVALID: a server that is no address; ERR_TEMP: out of resources. */
NODISCARD enum err dns_unbound_open(const struct dns_unbound_options *options, struct dns_unbound **unbound_r,
	struct error *error);
void dns_unbound_close(struct dns_unbound **unbound);
struct dns *dns_unbound_dns(struct dns_unbound *unbound);
/* A new job: its time starts now. */
void dns_unbound_begin(struct dns_unbound *unbound);
