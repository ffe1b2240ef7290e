// SPDX-License-Identifier: Apache-2.0
/*
 * What the parts of the generator share: the order it was given, the mails
 * delivered so far and the true totals that DIR/manifest.json closes with.
 * Strings in rows and reports are literals or live as long as their arena.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "samples/rng.h"
#include "samples/world.h"

struct sample_auth {
	const char *domain;
	const char *selector;
	const char *result;
};

#define SAMPLE_DKIM_MAX 2

struct sample_row {
	char source[48];
	uint64_t count;
	bool dkim_aligned;
	bool spf_aligned;
	const char *disposition;
	const char *reason; /* NULL: the policy was followed */
	const char *comment;
	const char *header_from;
	const char *envelope_from;
	struct sample_auth dkim[SAMPLE_DKIM_MAX];
	unsigned dkim_count;
	struct sample_auth spf;
};

struct sample_report {
	const struct world_reporter *reporter;
	const char *domain; /* policy domain */
	const char *rua;
	const char *p;
	const char *sp;
	int64_t begin;
	int64_t end;
	int64_t sent; /* Date: of its mail */
	char id[128];
	struct sample_row *rows;
	size_t rows_count;
	size_t rows_max;
};

enum sample_kind { SAMPLE_NOTHING, SAMPLE_AGGREGATE, SAMPLE_FAILURE, SAMPLE_TLSRPT, SAMPLE_KIND_COUNT };
enum sample_outcome {
	SAMPLE_STORED,
	SAMPLE_DUPLICATE,
	SAMPLE_NOT_A_REPORT,
	SAMPLE_QUARANTINED,
	SAMPLE_OUTCOME_COUNT,
};

#define SAMPLE_REPORTS_MAX 2

/* One mail ready for delivery, and what dmarcd must make of it. */
struct sample_mail {
	struct str bytes;
	int64_t date;
	const char *host; /* of the delivering machine, part of the file name */
	enum sample_outcome outcome;
	const char *code; /* reason code; "" when stored */
	enum sample_kind kind;
	const struct sample_report *reports[SAMPLE_REPORTS_MAX]; /* aggregate ones */
	bool conflict; /* stored, and counted nowhere */
};

struct sample_sum {
	uint64_t messages;
	uint64_t dmarc_pass;
};

#define KIT_DAYS_MAX 3660u
#define KIT_DOMAINS_MAX 16u

struct kit {
	uint64_t seed;
	struct day end; /* last report day */
	unsigned days;
	unsigned mails; /* about so many; 0: as many as the world makes */
	const char *profile;
	const char *dir;

	/* kept by kit_deliver() */
	unsigned serial;
	uint64_t outcomes[SAMPLE_OUTCOME_COUNT];
	uint64_t reports[SAMPLE_KIND_COUNT];
	uint64_t conflicts;
	uint64_t records;
	struct sample_sum sum;
	struct sample_sum *by_day; /* days entries */
	struct {
		const char *name;
		struct sample_sum sum;
	} by_domain[KIT_DOMAINS_MAX];
	struct buf files; /* the manifest's list of files, as JSON */
};

/* Makes DIR/{new,cur,tmp}. Ends the process with a message when DIR holds
 * samples already or cannot be written. */
void kit_open(struct kit *kit);
/* Writes the mail to DIR/new by the Maildir rules and books it. */
void kit_deliver(struct kit *kit, const struct sample_mail *mail);
/* Writes DIR/manifest.json, which also marks DIR as complete. */
void kit_close(struct kit *kit);

/* The n-th day of the period, 0 being the first. */
struct day kit_day(const struct kit *kit, unsigned n);
/* Message totals of a report. */
struct sample_sum report_sum(const struct sample_report *report);
