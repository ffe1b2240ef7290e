// SPDX-License-Identifier: Apache-2.0
#include "store/verdict/mails.h"

#include <stdlib.h>

#define ARENA_BYTES (SIZE_MAX / 4)

struct stored_verdicts {
	struct store *store;
	struct arena *arena;      /* of what was asked for */
	struct arena *current;    /* of the current one */
	struct str wanted[3];     /* mail, report, since */
	char last[SHA256_HEX_BYTES];
	int64_t last_part;
	bool ended;
};

#define WANTED \
	"v.judged_at >= to_timestamp($3::bigint) AND ($1::text IS NULL OR v.sha256 = decode($1, 'hex')) " \
	"AND ($2::uuid IS NULL OR (v.sha256, v.part) IN (SELECT w.sha256, p.part FROM (" \
	"SELECT r.mail_sha256 AS sha256, r.report_no FROM dmarcd.report r WHERE r.report_key = $2::uuid UNION ALL " \
	"SELECT c.mail_sha256, c.report_no FROM dmarcd.report_copy c WHERE c.report_key = $2::uuid) w " \
	"CROSS JOIN LATERAL (VALUES (0), (w.report_no + 1)) AS p(part)))"

static const char count_wanted[] = "SELECT count(*) FROM dmarcd.verdict v WHERE " WANTED;

static const char select_next[] =
	"SELECT " MAIL_COLUMNS ", v.part, v.kind, extract(epoch FROM v.judged_at)::bigint, host(v.ip), "
	"v.helo, v.mail_from, v.headers_only, array_to_string(v.trusted_hops, chr(10)), "
	"array_to_string(v.authserv_ids, chr(10)), array_to_string(v.pairs, chr(10)), "
	"v.spf, v.dkim, v.dmarc, v.arc, v.author_domain, v.verdict, v.answers "
	"FROM (SELECT v.sha256, CASE v.kind WHEN 'sample' THEN 'sample' ELSE 'report' END AS kind, 0 AS tries, "
	"v.judged_at AS queued_at, (SELECT j.packed FROM dmarcd.verify_job j WHERE j.sha256 = v.sha256) AS packed, "
	"v.part FROM dmarcd.verdict v WHERE " WANTED " AND (v.sha256, v.part) > (decode($4, 'hex'), $5::integer) "
	"ORDER BY v.sha256, v.part LIMIT 1) t JOIN dmarcd.verdict v ON v.sha256 = t.sha256 AND v.part = t.part "
	MAIL_SOURCES;

enum err stored_verdicts_open(struct store *store, const struct stored_wanted *wanted,
	struct stored_verdicts **verdicts_r, uint64_t *count_r, struct error *error)
{
	struct db_rows *rows = NULL;
	struct stored_verdicts *verdicts = calloc(1, sizeof(*verdicts));
	if (!verdicts)
		die_out_of_memory();
	*verdicts_r = verdicts;
	verdicts->store = store;
	verdicts->arena = arena_open(ARENA_BYTES);
	verdicts->current = arena_open(ARENA_BYTES);
	verdicts->last_part = -1;
	char hex[SHA256_HEX_BYTES];
	if (wanted->mail)
		verdicts->wanted[0] = arena_str(verdicts->arena, str_from(sha256_hex(wanted->mail, hex)));
	if (wanted->report_key)
		verdicts->wanted[1] = arena_str(verdicts->arena, str_from(wanted->report_key));
	verdicts->wanted[2] = str_from(arena_printf(verdicts->arena, "%lld", (long long)wanted->since_epoch_secs));
	enum err err = db_query(store, count_wanted, verdicts->wanted, 3, &rows, error);
	*count_r = err ? 0 : db_u64(rows, 0, 0);
	db_free(&rows);
	if (err)
		stored_verdicts_close(verdicts_r);
	return err;
}

void stored_verdicts_close(struct stored_verdicts **verdicts)
{
	if (!*verdicts)
		return;
	arena_close(&(*verdicts)->arena);
	arena_close(&(*verdicts)->current);
	free(*verdicts);
	*verdicts = NULL;
}

static struct verify_list split_list(struct arena *arena, struct str text)
{
	struct verify_list list = {0};
	struct str rest = arena_str(arena, text), piece;
	if (rest.len == 0)
		return list;
	list.at = ARENA_ARRAY(arena, rest.len / 2 + 1, struct str);
	while (str_split(&rest, '\n', &piece))
		list.at[list.count++] = piece;
	return list;
}

static enum judged_kind kind_of(struct str text)
{
	for (int kind = JUDGED_REPORT; kind <= JUDGED_SAMPLE; kind++)
		if (str_eq(text, str_from(judged_kind_text((enum judged_kind)kind))))
			return (enum judged_kind)kind;
	return JUDGED_REPORT;
}

static void read_row(struct arena *arena, const struct db_rows *rows, struct verdict_row *row_r)
{
	const size_t at = MAIL_COLUMNS_COUNT;
	*row_r = (struct verdict_row){
		.part = db_u64(rows, 0, at),
		.kind = kind_of(db_value(rows, 0, at + 1)),
		.judged_epoch_secs = (int64_t)db_u64(rows, 0, at + 2),
		.helo = arena_str(arena, db_value(rows, 0, at + 4)),
		.mail_from = arena_str(arena, db_value(rows, 0, at + 5)),
		.headers_only = db_bool(rows, 0, at + 6),
		.trusted_hops = split_list(arena, db_value(rows, 0, at + 7)),
		.authserv_ids = split_list(arena, db_value(rows, 0, at + 8)),
		.pairs = split_list(arena, db_value(rows, 0, at + 9)),
		.spf = arena_str(arena, db_value(rows, 0, at + 10)),
		.dkim = arena_str(arena, db_value(rows, 0, at + 11)),
		.dmarc = arena_str(arena, db_value(rows, 0, at + 12)),
		.arc = arena_str(arena, db_value(rows, 0, at + 13)),
		.author_domain = arena_str(arena, db_value(rows, 0, at + 14)),
		.verdict = arena_str(arena, db_value(rows, 0, at + 15)),
		.answers = arena_str(arena, db_value(rows, 0, at + 16)),
	};
	(void)ip_parse(db_value(rows, 0, at + 3), &row_r->ip);
}

static enum err next(struct stored_verdicts *verdicts, struct stored_verdict *verdict_r, struct error *error)
{
	struct db_rows *rows = NULL;
	arena_reset(verdicts->current);
	const struct str params[] = {verdicts->wanted[0], verdicts->wanted[1], verdicts->wanted[2],
		str_from(verdicts->last), str_from(arena_printf(verdicts->current, "%lld",
			(long long)verdicts->last_part))};
	enum err err = db_query(verdicts->store, select_next, params, 5, &rows, error);
	verdicts->ended = err || db_count(rows) == 0;
	if (!verdicts->ended) {
		*verdict_r = (struct stored_verdict){0};
		mail_from_row(verdicts->current, rows, 0, &verdict_r->mail);
		read_row(verdicts->current, rows, &verdict_r->row);
		verdict_r->row.sha256 = verdict_r->mail.sha256;
		verdicts->last_part = (int64_t)verdict_r->row.part;
		(void)sha256_hex(&verdict_r->mail.sha256, verdicts->last);
	}
	db_free(&rows);
	if (verdicts->ended)
		return err;
	return mails_add_reports(verdicts->store, verdicts->current, &verdict_r->mail, 1, error);
}

bool stored_verdicts_next(struct stored_verdicts *verdicts, struct stored_verdict *verdict_r, struct error *error)
{
	if (verdicts->ended)
		return false;
	return next(verdicts, verdict_r, error) == ERR_OK && !verdicts->ended;
}
