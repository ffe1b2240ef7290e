// SPDX-License-Identifier: Apache-2.0
/*
 * One interface to the DNS. A back end answers one question at a time and never
 * longer than its own deadline; whoever asks sees a status, never an errno.
 * Back ends: dns/unbound.h (libunbound), dns/relay.h (over a socket to the
 * process that has it), dns/replay.h (a text file). dns/session.h stands
 * before any of them: budget, memory of answers, the list a verdict keeps.
 *
 * Names here are lower-case A-labels without final dot; any byte may stand in
 * a label but the dot. The root, which a record may name, is the empty text.
 * CNAMEs are followed by the back end (RFC 1034 section 3.6.2), at most
 * DNS_CNAMES_MAX of them.
 */
#pragma once

#include "base/arena.h"
#include "base/ip.h"

#define DNS_NAME_BYTES_MAX 253
#define DNS_LABEL_BYTES_MAX 63
#define DNS_CNAMES_MAX 16
#define DNS_CNAMES 8            /* from the network; a default */
#define DNS_RECORDS_MAX 512     /* of one answer; more is SERVFAIL with a note */
#define DNS_TXT_RECORDS_MAX 32  /* the same for TXT, from the network; a default */
#define DNS_TXT_BYTES_MAX 4096  /* of one TXT record, its strings joined */

/* IANA numbers. */
enum dns_type {
	DNS_A = 1,
	DNS_NS = 2,
	DNS_CNAME = 5,
	DNS_SOA = 6,
	DNS_PTR = 12,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
	DNS_TLSA = 52,
};

enum dns_status {
	DNS_OK = 1,   /* there are records */
	DNS_NODATA,   /* the name exists, not with this type */
	DNS_NXDOMAIN,
	DNS_SERVFAIL, /* also every other RCODE, a malformed or oversized answer, a CNAME loop */
	DNS_TIMEOUT,  /* no answer in time, or the budget is used up */
	DNS_BOGUS,    /* DNSSEC says that it is forged (RFC 4035 section 4.3) */
};

struct dns_record {
	struct str text;     /* TXT: its strings joined with nothing between; CNAME, NS, PTR, MX: the name */
	struct str strings;  /* TXT: as on the wire, each string after its length byte; TLSA, SOA: the RDATA */
	struct ip ip;        /* A, AAAA */
	uint16_t preference; /* MX */
};

struct dns_answer {
	struct str name; /* as asked */
	enum dns_type type;
	enum dns_status status;
	bool secure;      /* validated by DNSSEC */
	struct str alias; /* where CNAMEs led to; absent: there were none */
	struct str note;  /* a word on SERVFAIL, TIMEOUT, BOGUS for people; may be absent */
	uint32_t ttl_secs; /* of the shortest lived part; 0 when unknown */
	struct dns_record *records;
	size_t count;
};

struct dns {
	/* Fills *answer_r, all of it in arena; name is valid and lower-case. */
	void (*query)(struct dns *dns, struct arena *arena, struct str name, enum dns_type type,
		struct dns_answer *answer_r);
};

/* Asks. Letters become small and one final dot is dropped; a name that no DNS message can carry (an
 * empty label, a label above 63 bytes, more than 253) is NXDOMAIN without a question. Never NULL; lives
 * in arena. */
const struct dns_answer *dns_query(struct dns *dns, struct arena *arena, struct str name, enum dns_type type);

bool dns_name_valid(struct str name);
/* "ADDRESS" or "ADDRESS@PORT". */
bool dns_server_valid(struct str server);
/* "TXT"; an unknown number "TYPE123" (RFC 3597 section 5), in text. */
#define DNS_TYPE_TEXT_BYTES 16
const char *dns_type_word(enum dns_type type, char text[DNS_TYPE_TEXT_BYTES]);
bool dns_type_parse(struct str word, enum dns_type *type_r);
/* "NOERROR" "NODATA" "NXDOMAIN" "SERVFAIL" "TIMEOUT" "BOGUS" */
const char *dns_status_word(enum dns_status status);
/* True for SERVFAIL, TIMEOUT, BOGUS: what the mechanisms call a temporary error. */
bool dns_failed(const struct dns_answer *answer);
