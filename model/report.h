// SPDX-License-Identifier: Apache-2.0
/*
 * The shared nouns: what the dirty wing finds and the clean wing keeps. Plain
 * open data; every struct str points into the arena or frame it was made from.
 *
 * Text is valid UTF-8 without NUL, trimmed. STR_NONE means the sender said
 * nothing, an empty string that he said nothing on purpose (<envelope_from/>).
 * A `_raw` member holds a word as sent and is present only when the enum
 * beside it does not say the same in the specification's spelling.
 * Domains are lower-case A-labels without final dot.
 *
 * RFC 7489 appendix C, RFC 9990 section 3.1 and appendix A, RFC 6591,
 * RFC 9991, RFC 8460 section 4.4.
 */
#pragma once

#include "base/ip.h"
#include "base/wide.h"
#include "model/issue.h"

enum report_kind { REPORT_AGGREGATE = 1, REPORT_FAILURE, REPORT_TLSRPT };

/* How well the document keeps to a specification. Failure and TLS reports are
 * RFC6591/RFC8460 or LENIENT. */
enum report_schema {
	SCHEMA_RFC7489 = 1,
	SCHEMA_RFC9990,
	SCHEMA_DRAFT,
	SCHEMA_LENIENT,
	SCHEMA_RFC6591,
	SCHEMA_RFC8460,
};

/* p, sp, np and policy_evaluated/disposition (PASS only in the latter). */
enum disposition {
	DISPOSITION_UNKNOWN = 0,
	DISPOSITION_NONE,
	DISPOSITION_PASS,
	DISPOSITION_QUARANTINE,
	DISPOSITION_REJECT,
};

/* policy_evaluated/dkim and /spf: the aligned verdict. UNKNOWN is never pass. */
enum aligned { ALIGNED_UNKNOWN = 0, ALIGNED_PASS, ALIGNED_FAIL };

/* RFC 8601 section 2.7 words, for auth_results. */
enum auth_result {
	AUTH_UNKNOWN = 0,
	AUTH_NONE,
	AUTH_PASS,
	AUTH_FAIL,
	AUTH_SOFTFAIL,
	AUTH_NEUTRAL,
	AUTH_TEMPERROR,
	AUTH_PERMERROR,
	AUTH_POLICY,
	AUTH_DECLINED, /* of BIMI only, as the next */
	AUTH_SKIPPED,
};

enum override_type {
	OVERRIDE_UNKNOWN = 0,
	OVERRIDE_FORWARDED,
	OVERRIDE_SAMPLED_OUT,
	OVERRIDE_TRUSTED_FORWARDER,
	OVERRIDE_MAILING_LIST,
	OVERRIDE_LOCAL_POLICY,
	OVERRIDE_POLICY_TEST_MODE,
	OVERRIDE_OTHER,
};

enum spf_scope { SPF_SCOPE_NONE = 0, SPF_SCOPE_MFROM, SPF_SCOPE_HELO, SPF_SCOPE_UNKNOWN };

struct policy_published {
	struct str domain;    /* A-label, lower case; never absent */
	struct str domain_raw;
	struct str p, sp, np; /* words as sent; absent: not published (sp inherits p) */
	struct str adkim, aspf;
	struct str pct, fo;
	struct str testing, discovery_method;
};

struct aggregate_head {
	struct str org_name; /* may be absent: then the domain of email identifies the reporter */
	struct str email;
	struct str extra_contact_info;
	struct str report_id;
	int64_t begin_epoch_secs;
	int64_t end_epoch_secs;
	struct str version;
	struct str generator;
	struct str *errors;
	size_t errors_count;
	struct policy_published policy;
};

struct override_reason {
	enum override_type type;
	struct str type_raw;
	struct str comment;
};

struct dkim_result {
	struct str domain;
	struct str selector; /* absent when not given; "0" is a selector */
	enum auth_result result;
	struct str result_raw;
	struct str human_result;
};

struct spf_result {
	struct str domain;
	enum spf_scope scope;
	struct str scope_raw;
	enum auth_result result;
	struct str result_raw;
	struct str human_result;
};

struct aggregate_record {
	struct ip source_ip;   /* family 0: none or not an address */
	struct str source_raw; /* as sent, when it was not a plain address */
	uint64_t messages;     /* 0…2^63-1 */
	enum disposition disposition;
	struct str disposition_raw;
	enum aligned dkim_aligned;
	struct str dkim_aligned_raw;
	enum aligned spf_aligned;
	struct str spf_aligned_raw;
	struct override_reason *reasons;
	size_t reasons_count;
	struct str header_from; /* absent when not given; never replaced by the policy domain */
	struct str envelope_from; /* empty: the null path */
	struct str envelope_to;
	struct dkim_result *dkim;
	size_t dkim_count;
	struct spf_result *spf;
	size_t spf_count;
	/* Not what the reporter says but what we know of it: no part of the content. */
	bool messages_missing; /* no count, or an empty one: messages is 0 */
	bool results_cut;      /* more DKIM or SPF results than are kept */
	uint32_t contradictions; /* bits of model/coherence.h */
};

/* RFC 6591 section 3, RFC 9991 section 4. Fields as sent (unfolded, comments kept). */
struct failure_report {
	struct str feedback_type;
	struct str auth_failure;       /* lower case; "dmarc" assumed only with an issue */
	struct ip source_ip;
	struct str source_raw;
	struct str source_port;
	struct str reported_domain;
	struct str original_mail_from; /* with its angle brackets, as sent */
	struct str original_rcpt_to;   /* several: joined by ", " */
	struct str original_envelope_id;
	struct str arrival_date;       /* as sent */
	int64_t arrival_epoch_secs;    /* 0: unknown */
	struct str delivery_result;
	struct str identity_alignment;
	struct str dkim_domain, dkim_identity, dkim_selector;
	struct str spf_dns;
	struct str authentication_results; /* several: joined by LF */
	struct str user_agent;
	struct str version;
	struct str reporting_mta;
	struct str incidents;
	struct str orig_part;          /* "message/rfc822", "text/rfc822-headers", … as declared, lower case */
	struct str orig_from;          /* decoded header text of the sample */
	struct str orig_subject;
	struct str orig_message_id;
	struct str sample_headers;     /* header block of the sample, at most limits.ruf_headers_bytes */
	uint64_t sample_bytes;         /* of the whole sample as it was in the mail */
	bool sample_has_body;
};

/* RFC 8460 section 4.4 */
struct tls_head {
	struct str organization;
	struct str report_id;
	struct str start, end; /* as sent */
	int64_t begin_epoch_secs, end_epoch_secs;
	struct str contact;
};

struct tls_policy {
	struct str policy_type; /* as sent: "sts", "tlsa", "no-policy-found", … */
	struct str policy_domain;
	struct str policy_strings; /* joined by LF */
	struct str mx_hosts;       /* joined by LF */
	uint64_t success;
	uint64_t failure;
	uint32_t details_count; /* that many details follow */
};

struct tls_detail {
	struct str result_type;
	struct str sending_mta_ip;
	struct str receiving_mx_hostname;
	struct str receiving_mx_helo;
	struct str receiving_ip;
	uint64_t failed_sessions;
	struct str additional_information;
	struct str failure_reason_code;
};

/* What the mail's own headers say; a hint for people, never a key. */
struct mail_head {
	struct str from;
	struct str subject;
	struct str message_id;
	struct str date;
	int64_t date_epoch_secs; /* 0: unknown */
};

/* Closing facts of one report. */
struct report_totals {
	uint64_t records;  /* aggregate: <record>s; TLS: policies; failure: 1 */
	wide messages;     /* aggregate: sum of counts; others 0 */
	wide dmarc_pass;
	enum report_schema schema;
	uint32_t contradictions; /* of an aggregate report as a whole: bits of model/coherence.h */
};

/* A record passes DMARC when policy_evaluated says pass for dkim or spf. */
bool record_dmarc_pass(const struct aggregate_record *record);

/* The specifications' spellings; "unknown" for the UNKNOWN members. */
const char *report_kind_text(enum report_kind kind);     /* aggregate failure tlsrpt */
const char *report_schema_text(enum report_schema schema); /* rfc7489 rfc9990 draft lenient rfc6591 rfc8460 */
const char *disposition_text(enum disposition disposition);
const char *aligned_text(enum aligned aligned); /* pass fail unknown */
const char *auth_result_text(enum auth_result result);
const char *override_type_text(enum override_type type);
const char *spf_scope_text(enum spf_scope scope); /* "" mfrom helo unknown */
