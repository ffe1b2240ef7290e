// SPDX-License-Identifier: Apache-2.0
/*
 * What makes two reports the same report, and what makes them say the same.
 */
#pragma once

#include "pool/spool.h"

/* Fills identity, content and key. rows: the running hash over its row frames,
 * which is used up. A failure report is known by its mail and its place in it. */
void spool_identity(struct spool_report *report, const struct sha256 *mail_sha256, size_t report_no,
	struct digest *rows);
