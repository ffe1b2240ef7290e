// SPDX-License-Identifier: Apache-2.0
/*
 * libdmarcverify: SPF (RFC 7208), DKIM (RFC 6376), ARC (RFC 8617), DMARC
 * (RFC 9989, or RFC 7489) and BIMI on one message. Bytes, hints, the time and a
 * DNS interface in; a verdict with the trace that led to it out.
 *
 * The library keeps no global state, writes no log, reads no clock, opens no
 * file and no socket: the same arguments give the same verdict. (OpenSSL reads
 * its own configuration when a process first uses it, whoever does.) Different
 * handles may be used by different threads at the same time, one handle by one
 * thread at a time. Every input has a verdict. Running out of memory ends the
 * process by abort(), as does a broken contract; what a message makes the
 * library take is bounded by the message's size.
 *
 * Texts are UTF-8 and end in NUL. Those that a function returns belong to the
 * handle, result or replay they came from, and live as long as it does.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DMARCVERIFY_API __attribute__((visibility("default")))

/* "0.1.0": of the library that runs, not of this header. */
DMARCVERIFY_API const char *dmarcverify_version(void);

/* ---- DNS ------------------------------------------------------------------------------------------- */

enum dmarcverify_dns_status {
	DMARCVERIFY_DNS_OK = 1,   /* records were added to the answer */
	DMARCVERIFY_DNS_NODATA,   /* the name exists, not with this type */
	DMARCVERIFY_DNS_NXDOMAIN,
	DMARCVERIFY_DNS_SERVFAIL, /* also every other RCODE */
	DMARCVERIFY_DNS_TIMEOUT,
	DMARCVERIFY_DNS_BOGUS,    /* DNSSEC validation failed */
};

struct dmarcverify_answer; /* being made, for the length of one query */

/* Appends a record of the type that was asked: its RDATA as on the wire (RFC 1035 section 3.3), names in it not
 * compressed; it is copied. A malformed one makes the whole answer a SERVFAIL, as do more than 512
 * records, or a TXT of more than 4,096 octets. */
DMARCVERIFY_API void dmarcverify_answer_add(struct dmarcverify_answer *answer, const void *rdata, size_t len);
/* Where CNAMEs led to. */
DMARCVERIFY_API void dmarcverify_answer_alias(struct dmarcverify_answer *answer, const char *name);
/* The answer was validated by DNSSEC. */
DMARCVERIFY_API void dmarcverify_answer_secure(struct dmarcverify_answer *answer);
/* A word for the trace on why there is no answer. */
DMARCVERIFY_API void dmarcverify_answer_note(struct dmarcverify_answer *answer, const char *note);

/* How to ask the DNS. query is called with a lower-case name of A-labels without final dot and a type of IANA's list
 * (A 1, CNAME 5, PTR 12, MX 15, TXT 16, AAAA 28); it follows CNAMEs itself, answers within a time of its own choosing,
 * and may be asked the same question only once in a check. */
struct dmarcverify_dns {
	enum dmarcverify_dns_status (*query)(void *context, const char *name, unsigned type,
		struct dmarcverify_answer *answer);
	void *context;
};

struct dmarcverify_replay;

/* DNS from a text: a line an answer, `OWNER TYPE RDATA` or `OWNER TYPE !NXDOMAIN` (also !NODATA !SERVFAIL !TIMEOUT
 * !BOGUS), TYPE `*` for every other, `#` for comments; what dmarcverify_answers() gives. The text is copied. NULL:
 * problem (which may be NULL) says "line: what is wrong" in at most problem_bytes. */
DMARCVERIFY_API struct dmarcverify_replay *dmarcverify_replay_open(const char *text, size_t len, char *problem,
	size_t problem_bytes);
DMARCVERIFY_API void dmarcverify_replay_close(struct dmarcverify_replay *replay); /* NULL is fine */
/* A query function whose context is the replay. */
DMARCVERIFY_API enum dmarcverify_dns_status dmarcverify_replay_query(void *replay, const char *name, unsigned type,
	struct dmarcverify_answer *answer);

/* ---- checking -------------------------------------------------------------------------------------- */

struct dmarcverify;        /* options, and the public keys seen so far */
struct dmarcverify_result;

/* Values are texts, but for the files, which are bytes. */
enum dmarcverify_option {
	/* What is known of the transaction; unless given, it is looked for in the message's own fields. */
	DMARCVERIFY_IP = 1,      /* of the client */
	DMARCVERIFY_HELO,
	DMARCVERIFY_MAIL_FROM,   /* without angle brackets; "": the null path */
	DMARCVERIFY_RECEIVER,    /* who asks, for the macro %{r} of SPF */
	/* Each of the next three adds one to a list, which has room for 256. */
	DMARCVERIFY_TRUSTED_HOP, /* a name behind "by" in Received fields of our own */
	DMARCVERIFY_AUTHSERV_ID, /* of Authentication-Results fields that are our own */
	DMARCVERIFY_TRUSTED_SEALER, /* a domain whose ARC chain would override DMARC: shown, never done */
	DMARCVERIFY_METHOD,      /* "treewalk" (RFC 9989; the default) or "psl" (RFC 7489) */
	DMARCVERIFY_PUBLIC_SUFFIX_LIST, /* in publicsuffix.org's format; else the one that libpsl has */
	DMARCVERIFY_SAMPLE,      /* "0" to "99": below pct is selected (RFC 7489 section 6.6.4) */
	DMARCVERIFY_BIMI_EVIDENCE,  /* the file behind a=, PEM */
	DMARCVERIFY_BIMI_INDICATOR, /* the file behind l=, SVG */
	DMARCVERIFY_BIMI_ROOTS,  /* PEM; adds to such a list */
	DMARCVERIFY_TRACE,       /* "yes" or "no" (the default) */
	DMARCVERIFY_QUERIES_MAX, /* DNS questions of one check; default 60 */
};

/* Never NULL. */
DMARCVERIFY_API struct dmarcverify *dmarcverify_open(void);
DMARCVERIFY_API void dmarcverify_close(struct dmarcverify *handle); /* NULL is fine; results stay */

/* Sets an option for the checks to come; the value is copied, len SIZE_MAX meaning "up to its NUL", and takes the place
 * of the one before. NULL takes it back (a list becomes empty). Returns 0, or -1 when this is no value for this option,
 * or its list is full; the option then stays as it was. */
DMARCVERIFY_API int dmarcverify_set(struct dmarcverify *handle, enum dmarcverify_option option, const void *value,
	size_t len);

/* All mechanisms on a message (RFC 5322; line ends CRLF or LF). Never NULL. The message and dns need not outlive the
 * call. */
DMARCVERIFY_API struct dmarcverify_result *dmarcverify_check(struct dmarcverify *handle,
	const struct dmarcverify_dns *dns, int64_t now_epoch_secs, const void *message, size_t len);
/* SPF alone, from DMARCVERIFY_IP, _HELO and _MAIL_FROM. */
DMARCVERIFY_API struct dmarcverify_result *dmarcverify_spf(struct dmarcverify *handle,
	const struct dmarcverify_dns *dns, int64_t now_epoch_secs);
DMARCVERIFY_API void dmarcverify_free(struct dmarcverify_result *result); /* NULL is fine */

/* ---- the verdict ----------------------------------------------------------------------------------- */

/* Parts are "spf" (MAIL FROM first, then HELO where it was judged), "dkim" (a signature each, in the message's order),
 * "arc", "arc_set", "dmarc", "bimi", "identity", "claim", "advice" and "trace"; fields are those of the JSON, see
 * dmarcverify(3). How many of a part there are; 0 for an unknown one. */
DMARCVERIFY_API size_t dmarcverify_count(const struct dmarcverify_result *result, const char *part);
/* A field as text: words as RFC 8601 spells them, numbers in decimal, "true" or "false". NULL: it has no value here,
 * or there is no such part, index or field. */
DMARCVERIFY_API const char *dmarcverify_get(struct dmarcverify_result *result, const char *part, size_t index,
	const char *field);

/* The whole verdict as a JSON object. */
DMARCVERIFY_API const char *dmarcverify_json(struct dmarcverify_result *result);
/* The trace for people, a step a line; empty without DMARCVERIFY_TRACE. */
DMARCVERIFY_API const char *dmarcverify_trace(struct dmarcverify_result *result);
/* An Authentication-Results field (RFC 8601), folded, with CRLF at its end. */
DMARCVERIFY_API const char *dmarcverify_authres(struct dmarcverify_result *result, const char *authserv_id);
/* The DNS answers that the verdict rests on, as dmarcverify_replay_open() reads them. */
DMARCVERIFY_API const char *dmarcverify_answers(struct dmarcverify_result *result);

#ifdef __cplusplus
}
#endif
