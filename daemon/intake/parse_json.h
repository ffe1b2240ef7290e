// SPDX-License-Identifier: Apache-2.0
/*
 * A parsed mail -> JSON lines, as `dmarcd parse` prints them: one object a
 * report, or one that says why there is none.
 */
#pragma once

#include "base/buf.h"
#include "model/reason.h"
#include "pool/spool.h"

/* Appends the lines of a finished spool. file: the argument as given. summary:
 * without rows. flush is called whenever out has grown. */
void parse_json(struct spool *spool, struct str file, bool summary, struct buf *out,
	void (*flush)(struct buf *out));

/* The line of an input without reports. */
void parse_json_reason(const char *kind, struct str file, enum reason reason, struct str detail, struct buf *out);
