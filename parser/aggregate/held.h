// SPDX-License-Identifier: Apache-2.0
/*
 * Records on their way to the writer, each held against the published policy. Elements come in any order:
 * what stands before <policy_published> waits for its end, as frames in memory, up to a ceiling; beyond it
 * all go on as they are, with an issue.
 */
#pragma once

#include "parser/aggregate/draft.h"

struct held;

/* check NULL: records go straight on. */
struct held *held_open(const struct report_check *check, struct wire_writer *writer);
void held_close(struct held **held); /* what still waits is forgotten */

/* draft->record has ended. */
void held_record(struct held *held, struct draft *draft);
/* draft->policy is read: all that waited goes on. */
void held_policy(struct held *held, const struct draft *draft);
