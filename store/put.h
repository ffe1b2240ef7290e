// SPDX-License-Identifier: Apache-2.0
/*
 * Frames -> tables, many mails in one transaction (group commit). The data
 * rules live here: identity and duplicates, visible conflicts, issues,
 * rollups in the same transaction, the balance. A mail's SHA-256 is the
 * idempotency key: putting a mail that is there already changes nothing.
 */
#pragma once

#include "base/clock.h"
#include "base/wide.h"
#include "pool/spool.h"
#include "store/store.h"

enum mail_outcome {
	OUTCOME_STORED = 1,
	OUTCOME_DUPLICATE, /* all its reports were known already */
	OUTCOME_NOT_A_REPORT,
	OUTCOME_QUARANTINED,
};

/* "stored", "duplicate", "not_a_report", "quarantined". */
const char *mail_outcome_text(enum mail_outcome outcome);

/* Where a mail came from. Two sightings with the same maildir and unique are
 * one, told once or twice; a file outside a Maildir is new at every sight, so
 * each sight of it brings a unique of its own. */
struct mail_source {
	struct str maildir; /* absolute path, empty: a bare file, an mbox or stdin */
	struct str unique;  /* file name up to ':' */
	struct str file;    /* for people: path as given, mbox offset, "-" */
};

struct put_mail {
	/* in */
	struct sha256 sha256;
	struct mail_source source;
	uint64_t bytes;
	enum mail_outcome outcome; /* STORED asks for storing; becomes DUPLICATE when nothing was new */
	enum reason reason;
	struct str detail;
	struct spool *spool;       /* finished, verdict REPORTS, when outcome is STORED; else NULL */
	struct mail_head head;     /* texts may be absent */
	struct str original;       /* gzip of the bytes, for the judge of a mail that gave reports; may be empty */
	bool keep_original;        /* and for later */
	bool local;                /* no mail to judge: provenance "local" */
	/* out */
	bool copy;                 /* this hash was there already: counted as a further copy (or not at all) */
	bool same_sighting;        /* ... and this very sighting too: nothing was counted */
	uint64_t inserted;         /* reports of it that are kept, those in conflict too */
	uint64_t reports, records; /* what it added to totals */
	wide messages;
};

struct put_options {
	int64_t now_epoch_secs;
	bool keep_samples; /* ruf: headers or full; false: off */
};

/* All mails of the batch, or none. ERR_TEMP: the server is away or busy, the
 * transaction did not commit, try again. ERR_UNCERTAIN: the connection broke at
 * COMMIT; reconnect and ask put_known for each mail. ERR_INVALID: the server
 * refuses a value (SQLSTATE class 22 or 23) of some mail; retry one by one and
 * quarantine that mail. Serialization failures and deadlocks are retried inside. */
NODISCARD enum err put_batch(struct store *store, struct put_mail *mails, size_t count,
	const struct put_options *options, struct error *error);

struct known_mail {
	bool known;
	enum mail_outcome outcome;
	bool same_sighting; /* for the source asked with */
};

/* For each hash: is it settled, and is this sighting its own? One round trip. */
NODISCARD enum err put_known(struct store *store, const struct sha256 *sums,
	const struct mail_source *sources, size_t count, struct known_mail *known_r,
	struct error *error);

struct copy_mail {
	bool known;   /* the mail is there; where it is not, nothing was counted */
	bool counted; /* this sighting was new */
};

/* Counts further copies of settled mails, each sighting once. ERR_UNCERTAIN: just
 * tell them again. */
NODISCARD enum err put_copies(struct store *store, const struct sha256 *sums,
	const struct mail_source *sources, size_t count, struct copy_mail *copies_r, struct error *error);

/* Replaces everything stored of one known mail by what its bytes give now
 * (reparse, quarantine retry), rollups included. ERR_NOTFOUND: no such mail;
 * else as put_batch. */
NODISCARD enum err put_again(struct store *store, struct put_mail *mail, const struct put_options *options,
	struct error *error);
