// SPDX-License-Identifier: Apache-2.0
/*
 * One mail before its judge: first the mail itself, then the sample in each of
 * its failure reports. A worker has one step at a time; a step that fails twice
 * is given up, the mail's own with all that hangs on it.
 */
#pragma once

#include "evidence/inventory.h"
#include "pool/pool.h"
#include "store/verdict/judgement.h"

enum hearing_state {
	HEARING_READY = 1, /* a worker may have its job */
	HEARING_RUNNING,
	HEARING_JUDGED,
	HEARING_LATER,     /* `later` says when */
};

struct hearing {
	const struct judged_mail *mail;
	struct arena *arena;      /* of its batch */
	enum hearing_state state;
	int64_t judged_epoch_secs; /* the present of all of it */
	bool undecided;           /* DNS failed: the caller decides what becomes of it */
	uint64_t part;            /* at work: 0 the mail, else the sample in report part - 1 */
	bool extracting;          /* JOB_EXTRACT before its JOB_VERIFY */
	unsigned failures;        /* of this step */
	struct buf bytes;         /* of the mail, unpacked */
	struct buf sample;
	struct job job;
	struct verdict_row *rows;
	size_t rows_count;
	struct report_finding *findings;
	const struct inventory *inventory;
	struct sample_finding *finding; /* of a mail of the sample Maildirs, else NULL */
	struct verdict_later later;
	struct error problem;     /* for the log; code 0: none */
};

void hearing_begin(struct hearing *hearing, struct arena *arena, const struct judged_mail *mail,
	const struct inventory *inventory, uint64_t bytes_max);
/* Before its job is made. False: its bytes are gone, and that is the verdict. */
NODISCARD bool hearing_open(struct hearing *hearing);
/* Makes job of a mail that is HEARING_READY; verdict and DNS socket are the caller's to give, the latter where
 * hearing_asks(). False: no memory file can be had now. */
bool hearing_asks(const struct hearing *hearing);
NODISCARD bool hearing_job(struct hearing *hearing, const struct verify_list *trusted_hops,
	const struct verify_list *authserv_ids);
/* What became of the job: the next state. verdict: of a JOB_VERIFY that is done. */
void hearing_done(struct hearing *hearing, const struct job_done *done, const struct verdict *verdict);
/* The DNS failed and is not waited for any more. */
void hearing_give_up(struct hearing *hearing);
/* Comes again at this time. */
void hearing_defer(struct hearing *hearing, int64_t due_epoch_secs, bool untried, const char *problem);
void hearing_end(struct hearing *hearing); /* frees what is not in the arena */
