// SPDX-License-Identifier: Apache-2.0
/*
 * The parts of put.c: what is written for a batch, table by table, within a
 * transaction that is open. Only for store/.
 */
#pragma once

#include "store/db.h"
#include "store/put.h"

/* One report of a batch. */
struct put_report {
	struct put_mail *mail;
	size_t report_no;
	const struct spool_report *report;
	char key[UUID_TEXT_BYTES];
	const char *domain; /* policy_domain of its table row */
	bool inserted;
	bool conflict;
};

/* ---- put.c ---- */

/* Whether a transaction that others stood in the way of is to be repeated: after a while that grows and is another
 * one for each process, or they would meet again. *tries begins with 0. */
bool put_is_repeated(struct store *store, enum err err, int *tries);

/* ---- put_mail.c ---- */

/* Rows of mail and mail_sighting; sets copy and same_sighting. */
NODISCARD enum err put_mail_rows(struct store *store, struct put_mail *mails, size_t count,
	int64_t now_epoch_secs, struct error *error);
/* The packed bytes of the new mails that keep them. */
NODISCARD enum err put_originals(struct store *store, const struct put_mail *mails, size_t count,
	int64_t now_epoch_secs, struct error *error);
/* The new mails wait for their verdict, but for bare files; with their bytes where nothing else keeps them. */
NODISCARD enum err put_jobs(struct store *store, const struct put_mail *mails, size_t count,
	int64_t now_epoch_secs, struct error *error);
/* Sightings of mails that are there, each counted once. */
NODISCARD enum err put_sightings(struct store *store, const struct sha256 *sums,
	const struct mail_source *sources, size_t count, struct copy_mail *copies_r, struct error *error);
/* Those that were counted are further copies of their mails. */
NODISCARD enum err put_copies_counted(struct store *store, const struct sha256 *sums, const struct copy_mail *copies,
	size_t count, struct error *error);

/* ---- put_report.c ---- */

/* Rows of report_identity, report and issue; sets inserted and conflict. */
NODISCARD enum err put_report_rows(struct store *store, struct put_report *reports, size_t count,
	int64_t now_epoch_secs, struct error *error);

/* Which reports were known already: their mails may speak for them. */
NODISCARD enum err put_report_copies(struct store *store, const struct put_report *reports, size_t count,
	struct error *error);

/* ---- put_record.c ---- */

/* Rows of record, failure, tls_policy and tls_detail of the inserted reports,
 * and their daily sums. */
NODISCARD enum err put_report_contents(struct store *store, struct put_report *reports, size_t count,
	const struct put_options *options, struct error *error);

/* ---- put_rollup.c ---- */

struct sums; /* put_sums.h */

/* Adds what was gathered to the daily sums, and forgets it. */
NODISCARD enum err put_rollups(struct store *store, struct sums *sums, struct error *error);
/* Moves aggregate reports that count between the daily sums: a row of moves is the report's policy_domain, day
 * and key, the provenance of the sums, and 1 (added) or -1 (taken away). No rows after it. */
struct columns; /* columns.h */
NODISCARD enum err put_rollups_change(struct store *store, struct columns *moves, struct error *error);
/* Takes what the rows of this mail's reports added out of the daily sums. */
NODISCARD enum err put_rollups_remove(struct store *store, const struct sha256 *mail_sha256, struct error *error);

/* Contradictions as text[]; absent: none. */
struct str put_codes(struct arena *arena, uint32_t contradictions);

/* 64 hex digits in the arena. */
struct str put_hex(struct arena *arena, const struct sha256 *sum);
