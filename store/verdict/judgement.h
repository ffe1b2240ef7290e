// SPDX-License-Identifier: Apache-2.0
/*
 * Mails that wait for their verdict, and what was found of them. A job is queued in the transaction that
 * stores its mail (put.c). Whoever judges leases it, and writes what it found in the transaction that takes
 * the job out of the queue: each job is done once, however many are at it and whoever is killed. A lease
 * that has run out belongs to the next that asks.
 */
#pragma once

#include "base/clock.h"
#include "model/digest.h"
#include "model/verdict.h"
#include "model/verify_request.h"
#include "store/store.h"

enum judged_kind {
	JUDGED_REPORT = 1, /* a mail that brought reports */
	JUDGED_FAILURE,    /* the sample in a failure report */
	JUDGED_SAMPLE,     /* a mail of the sample Maildirs */
};
/* "report" "failure" "sample" */
const char *judged_kind_text(enum judged_kind kind);

/* ---- what is to be judged ---- */

/* A report of a mail, in the order of its claims. */
struct judged_report {
	uint64_t report_no; /* of its mail, from 0 */
	bool copy;          /* it was known from another mail already */
	char key[UUID_TEXT_BYTES];
	char day[DAY_TEXT_BYTES];
	struct str domain;  /* policy_domain of its row; with day and key its primary key */
	/* of a failure report: what its reporter says of the sample, absent where it does not */
	struct verify_reporter reporter;
	struct ip source_ip;
	struct str original_mail_from, original_rcpt_to, reporting_mta;
	bool has_sample, has_body;
};

/* A mail with what its judge has to know. Texts are absent where nothing is known. */
struct judged_mail {
	struct sha256 sha256;
	enum judged_kind kind;      /* JUDGED_REPORT or JUDGED_SAMPLE */
	unsigned tries;             /* with this one; says whose lease it is */
	int64_t queued_epoch_secs;
	struct str packed;          /* gzip of its bytes; absent: they are gone */
	struct str maildir, file;   /* where it was seen; empty: outside a Maildir */
	struct verify_claims claims;
	struct judged_report *reports; /* claims.count of them */
	struct verify_list pairs;   /* identifier, author domain, …: what the tree walk is to be asked of them */
};

#define VERDICT_DEATHS 3u

/* Leases up to `most` mails that are due, the longest due first, for lease_secs; bounded by the size of
 * their bytes too, but at least one. A mail that was leased VERDICT_DEATHS times and whose last lease nobody gave
 * back may be what judges die of: it comes when nothing else is due, with no other, and only to whoever says that
 * he has nothing else in hand (`alone`). *count_r 0: nothing is due. Everything lives in the arena. */
NODISCARD enum err verdict_lease(struct store *store, int64_t now_epoch_secs, unsigned lease_secs, unsigned most,
	bool alone, struct arena *arena, struct judged_mail **mails_r, size_t *count_r, struct error *error);

/* ---- what was found ---- */

/* A verdict with all that it takes to repeat it. */
struct verdict_row {
	struct sha256 sha256;
	uint64_t part; /* 0: the mail; n: the sample in its report number n - 1 */
	enum judged_kind kind;
	int64_t judged_epoch_secs; /* the present that it was judged in */
	struct ip ip;              /* hints, as the request had them */
	struct str helo, mail_from;
	bool headers_only;
	struct verify_list trusted_hops, authserv_ids, pairs;
	struct str spf, dkim, dmarc, arc; /* words of RFC 8601; dkim: the best of them */
	struct str author_domain;
	struct str verdict; /* its JSON */
	struct str answers; /* a replay file */
};

/* Of a report: what its mail says of it, and what its sample shows. */
struct report_finding {
	struct str state, domain, reasons; /* as struct verdict_provenance has them */
	const struct verdict_recheck *recheck;
	size_t recheck_count;
};

/* Of a mail of the sample Maildirs. */
struct sample_finding {
	struct str mta;      /* of the inventory; empty: none of it */
	struct str found_by; /* ip helo received probe; absent: not found */
	struct str domain;   /* of the author */
	struct ip source_ip;
	struct str helo, probe;
	bool spf_aligned, dkim_aligned;
	uint64_t authres_agrees;           /* results of the receiving host that are ours too */
	struct verify_list authres_differs; /* those that are not: "spf=fail" */
	struct str problem;  /* why there is no verdict, a code; absent: there is one. Then all else is nothing */
};

struct judgement {
	const struct judged_mail *mail;
	int64_t judged_epoch_secs;
	const struct verdict_row *rows; /* none where the bytes are gone */
	size_t rows_count;
	const struct report_finding *findings; /* one for each report of the mail, in its order */
	const struct sample_finding *sample;   /* JUDGED_SAMPLE, else NULL */
	bool written; /* out: the lease was still ours */
};

/* All of them and their jobs' end, or nothing: verdicts, provenance of the reports with their daily sums,
 * reports in conflict that change places (RELIABILITY, decision 7), re-checks. A job that is another's by
 * now is left to it. A report's provenance is the best that one of its mails gives it; a judgement never
 * lowers it. Errors as put_batch (store/put.h); after ERR_UNCERTAIN just tell them again. */
NODISCARD enum err verdict_put(struct store *store, struct judgement *judgements, size_t count,
	struct error *error);

/* For whoever judges a mail again: its job is queued as leased to him, and mail_io says so. *taken_r false: one
 * is queued already. */
NODISCARD enum err verdict_take(struct store *store, int64_t now_epoch_secs, unsigned lease_secs,
	struct judged_mail *mail_io, bool *taken_r, struct error *error);

struct verdict_later {
	const struct judged_mail *mail;
	int64_t due_epoch_secs;
	struct str problem; /* for people */
	bool untried;       /* it does not count as a try */
};
/* Gives leases back. */
NODISCARD enum err verdict_defer(struct store *store, const struct verdict_later *later, size_t count,
	struct error *error);

struct verdict_queue {
	uint64_t waiting, due;
	uint64_t tried;                   /* that were deferred, or whose judge died */
	int64_t oldest_epoch_secs;        /* queued; 0: none waits */
	int64_t next_epoch_secs;          /* when the next one is due; 0: none waits */
};
NODISCARD enum err verdict_queue_stats(struct store *store, int64_t now_epoch_secs, struct verdict_queue *queue_r,
	struct error *error);

/* ---- mails of the sample Maildirs ---- */

struct sample_mail {
	struct sha256 sha256;
	struct str maildir, file;
	struct str packed;          /* absent: it is not to be judged, and has no job */
	struct str problem;         /* why not, a reason's code; absent: none */
	uint64_t bytes;
	int64_t arrived_epoch_secs; /* in the Maildir */
};
/* Its row and its job in one transaction; one that is known changes nothing, one that is known as a mail with
 * reports is judged as that. */
NODISCARD enum err sample_put(struct store *store, const struct sample_mail *sample, int64_t now_epoch_secs,
	bool *known_r, struct error *error);

/* ---- verdicts that were given ---- */

struct stored_verdict {
	struct verdict_row row;
	struct judged_mail mail; /* as it would be leased again */
};

struct stored_wanted {
	const char *report_key;    /* NULL: whatever report */
	const struct sha256 *mail; /* NULL: whatever mail */
	int64_t since_epoch_secs;  /* judged since then; 0: whenever */
};

struct stored_verdicts;
NODISCARD enum err stored_verdicts_open(struct store *store, const struct stored_wanted *wanted,
	struct stored_verdicts **verdicts_r, uint64_t *count_r, struct error *error);
/* In the order of hash and part, each in a short transaction of its own; false at the end, or when reading
 * failed (then error is filled). Texts are good until the next call. */
bool stored_verdicts_next(struct stored_verdicts *verdicts, struct stored_verdict *verdict_r, struct error *error);
void stored_verdicts_close(struct stored_verdicts **verdicts); /* nulls the pointer */
