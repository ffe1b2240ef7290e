// SPDX-License-Identifier: Apache-2.0
/*
 * What a judge has to know of a mail, read from its rows. Only for store/verdict/.
 */
#pragma once

#include "store/columns.h"
#include "store/verdict/judgement.h"

/* A mail from a row that begins with these columns, of a query over sha256, kind, tries, queued_at and packed
 * as "t" joined by MAIL_SOURCES. */
#define MAIL_COLUMNS \
	"encode(t.sha256, 'hex'), t.kind, t.tries, extract(epoch FROM t.queued_at)::bigint, " \
	"coalesce(t.packed, o.packed, p.packed), coalesce(p.maildir, g.maildir, ''), coalesce(p.file, m.file, '')"
#define MAIL_SOURCES \
	"LEFT JOIN dmarcd.original o ON o.sha256 = t.sha256 " \
	"LEFT JOIN dmarcd.sample p ON p.sha256 = t.sha256 AND t.kind = 'sample' " \
	"LEFT JOIN dmarcd.mail m ON m.sha256 = t.sha256 " \
	"LEFT JOIN LATERAL (SELECT s.maildir FROM dmarcd.mail_sighting s WHERE s.sha256 = t.sha256 " \
	"AND s.maildir <> '' ORDER BY s.maildir LIMIT 1) g ON true"
#define MAIL_COLUMNS_COUNT 7
void mail_from_row(struct arena *arena, const struct db_rows *rows, size_t row, struct judged_mail *mail_r);

/* $1, $2 of sql: the mails' hashes, and their places in the list. */
NODISCARD enum err mails_query(struct store *store, const char *sql, const struct judged_mail *mails, size_t count,
	struct db_rows **rows_r, struct error *error);

/* Their claims and reports: those that are theirs, and those that were known. */
NODISCARD enum err mails_add_reports(struct store *store, struct arena *arena, struct judged_mail *mails,
	size_t count, struct error *error);

/* The hash as bytes of a column. */
void column_sha256(struct columns *columns, const struct sha256 *sum);
