// SPDX-License-Identifier: Apache-2.0
/*
 * DMARC, RFC 9989: record (section 4.7, 4.8), DNS tree walk (4.10),
 * alignment (4.4), evaluation (5.3); and RFC 7489 with the public suffix list
 * on request. RFC 9990 section 4: external destinations of reports.
 */
#pragma once

#include "verifier/message.h"
#include "verifier/psl.h"
#include "verifier/verify.h"

enum dmarc_method { DMARC_TREEWALK = 1, DMARC_PSL };

struct dmarc_options {
	enum dmarc_method method;
	const struct psl *psl; /* for DMARC_PSL, and to show where both differ; NULL: not at hand */
	uint8_t sample;        /* 0…99, drawn by the caller: below pct is selected (RFC 7489 section 6.6.4) */
};

enum dmarc_policy { DMARC_POLICY_ABSENT = 0, DMARC_POLICY_NONE, DMARC_POLICY_QUARANTINE, DMARC_POLICY_REJECT,
	DMARC_POLICY_INVALID };

struct dmarc_record {
	struct str text;
	enum dmarc_policy p, sp, np;
	bool adkim_strict, aspf_strict;
	bool testing;    /* t=y */
	char psd;        /* 'y', 'n' or 'u' */
	uint8_t pct;     /* 100 when absent; RFC 7489 only */
	struct str fo;
	struct str *rua; /* valid URIs of any scheme, size suffix removed */
	size_t rua_count;
	struct str *ruf;
	size_t ruf_count;
	struct str *problems; /* sentences; tags that are ignored, removed or broken */
	size_t problems_count;
};

#define DMARC_URIS_MAX 100
#define DMARC_PROBLEMS_MAX 50

/* False when text is no DMARC record at all (v=DMARC1 is not its first tag, section 4.8). Of a tag that
 * occurs twice the first one counts. */
bool dmarc_record_parse(struct arena *arena, struct str text, struct dmarc_record *record_r);
/* True for a text that is none and seems to be meant as one: "v=dmarc1;", "p=none; v=DMARC1". */
bool dmarc_record_meant(struct str text);
/* "" for an absent one, "none" "quarantine" "reject" "invalid" */
const char *dmarc_policy_word(enum dmarc_policy policy);
/* The host of a mailto, http or https URI as A-labels. False: there is none. */
bool dmarc_uri_host(struct arena *arena, struct str uri, struct str *host_r);

struct dmarc_discovery {
	struct dmarc_record record;
	bool found;
	bool failed;              /* a temporary error stood in the way of the record */
	struct str domain;        /* where the record is */
	struct str org_domain;    /* of the name asked for (section 4.10.2); absent: a temporary error */
	enum maybe author_exists; /* NO: NXDOMAIN for the name itself */
	enum dmarc_policy policy; /* that applies, before t=; absent: DMARC is not applied */
	const char *policy_tag;   /* "p" "sp" "np" */
	const char *reason;       /* "no_record" "several_records" "policy_invalid" "dns_error"; NULL: none */
};

/* The record that applies to an Author Domain (section 4.10.1). */
void dmarc_discover(const struct verify *verify, const struct dmarc_options *options, struct str domain,
	struct dmarc_discovery *discovery_r);

/* The Organizational Domain by options->method. False: a temporary error of DNS. */
bool dmarc_org_domain(const struct verify *verify, const struct dmarc_options *options, struct str domain,
	struct str *org_r);

/* Evaluates: reads verdict->spf (the MAIL FROM identity only) and verdict->dkim, fills verdict->dmarc. */
void dmarc_check(const struct verify *verify, const struct message *message, const struct dmarc_options *options,
	struct verdict *verdict);

enum dmarc_report { DMARC_RUA = 1, DMARC_RUF };

struct dmarc_destination {
	struct str asked;   /* the name; absent when the destination is not external */
	struct str instead; /* "uri, uri" that its host wants them at in its place; absent: none */
	const char *why;    /* a phrase about the host that does not want them; NULL: it does, or DNS failed */
	bool mendable;      /* by a record at `asked` */
};

/* May reports of this kind about record_domain be sent to uri (RFC 9990 section 4, RFC 9991 section 5)?
 * MAYBE_UNKNOWN: DNS failed. */
enum maybe dmarc_external(const struct verify *verify, const struct dmarc_options *options,
	struct str record_domain, enum dmarc_report kind, struct str uri, struct dmarc_destination *destination_r);
