// SPDX-License-Identifier: Apache-2.0
/*
 * state_dir/quarantine: the bytes of mails that looked like a report and gave
 * none, one file each, named by their SHA-256, written before the database
 * says so. Why they are there is said by the database.
 */
#pragma once

#include "ingest/taken.h"

struct quarantine;

/* Makes the folder when it is not there, removes what an interrupted run left
 * half written and counts what it holds. ERR_DENIED
 * or ERR_TEMP when that cannot be done. */
NODISCARD enum err quarantine_open(const char *state_dir, const struct limits *limits,
	struct quarantine **quarantine_r, struct error *error);
void quarantine_close(struct quarantine **quarantine);

/* Copies the mail's bytes there, durably; there already is fine. ERR_LIMIT:
 * the quarantine is full; ERR_TEMP: no room on the disk or the like. */
NODISCARD enum err quarantine_keep(struct quarantine *quarantine, const struct taken *taken,
	struct error *error);

/* "…/quarantine/<sha256>.mail", whether it is there or not; from the arena. */
const char *quarantine_path(const char *state_dir, const struct sha256 *sum, struct arena *arena);
/* Removes the bytes. ERR_NOTFOUND when there are none. */
NODISCARD enum err quarantine_drop(const char *state_dir, const struct sha256 *sum, struct error *error);
/* Removes what was set aside before that time; how many. No folder: none. */
uint64_t quarantine_expire(const char *state_dir, int64_t before_epoch_secs);
