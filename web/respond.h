// SPDX-License-Identifier: Apache-2.0
/*
 * A path and query string -> an answer. Knows nothing of HTTP's wire.
 */
#pragma once

#include "base/arena.h"
#include "web/connections.h"
#include "web/export.h"
#include "web/metrics.h"
#include "web/original.h"
#include "web/web.h"

struct answer {
	unsigned status;
	const char *type;
	bool personal;         /* to be kept by nobody */
	char file_name[64];    /* to be saved as; "": shown */
	struct buf body;       /* of up to ANSWER_BYTES_MAX */
	struct export *export; /* instead of a body, or NULL */
};

#define ANSWER_BYTES_MAX ((size_t)128 * 1024 * 1024)

struct respond {
	const struct web_options *web;
	struct connections *connections;
	struct originals_reader *originals;
	struct exports *exports;
	struct metrics *metrics;
};

/* path: as sent, without the query; query: behind "?", absent when none; address: of who asks. The
 * answer's body and export are the caller's to free, in every case. */
void respond_get(const struct respond *respond, struct str path, struct str query, struct str address,
	struct answer *answer_r);
/* An answer of one sentence. */
void respond_message(const struct respond *respond, bool json, unsigned status, const char *title, const char *text,
	struct answer *answer_r);
