// SPDX-License-Identifier: Apache-2.0
#include "store/columns.h"
#include "store/put_sums.h"

#include <string.h>

/*
 * Sums are added from put_sums.h, as the rows went in; they are moved and taken
 * away from the rows that are there, by the same rule. What is left with nothing
 * in it is seen by nobody, and goes with the next merge. Rows of sums are locked in the
 * order of their keys, so that two ingests wait for each other instead of
 * dying of it. Sums by source are too many for that: they are rows of their
 * own until merge.h puts them together.
 */

#define LINES_BYTES ((size_t)1024 * 1024)
#define FLUSH_BYTES ((size_t)256 * 1024)

/* ---- adding ---- */

static const char add_cells[] =
	"INSERT INTO dmarcd.daily_cell AS t (policy_domain, day, header_from, spf_aligned, dkim_aligned, "
	"disposition, provenance, estimated, messages, records) "
	"SELECT * FROM unnest($1::text[], $2::date[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], "
	"$8::boolean[], $9::numeric[], $10::bigint[]) "
	"ON CONFLICT (policy_domain, day, header_from, mta, class, spf_aligned, dkim_aligned, disposition, "
	"provenance, estimated) DO UPDATE SET messages = t.messages + excluded.messages, "
	"records = t.records + excluded.records";

static const char copy_sources[] =
	"COPY dmarcd.daily_source (policy_domain, day, source, provenance, messages, spf_aligned, dkim_aligned, "
	"dmarc_pass, rejected, quarantined, records) FROM STDIN";

static const char note_places[] =
	"INSERT INTO dmarcd.daily_source_added (policy_domain, day) SELECT * FROM unnest($1::text[], $2::date[])";

static const char add_reporters[] =
	"INSERT INTO dmarcd.daily_reporter AS t (policy_domain, day, reporter, provenance, messages, dmarc_pass, "
	"records, reports, contradictory) "
	"SELECT u.domain, u.day, dmarcd.reporter_of(r.org_name, r.email), r.provenance, sum(u.messages), "
	"sum(u.pass), sum(u.records), sum(u.reports), sum(u.contradictory) FROM unnest($1::text[], $2::date[], "
	"$3::date[], $4::uuid[], $5::numeric[], $6::numeric[], $7::bigint[], $8::bigint[], $9::bigint[]) "
	"AS u(domain, day, begins, key, messages, pass, records, reports, contradictory) "
	"JOIN dmarcd.report r ON r.policy_domain = u.domain AND r.day = u.begins AND r.report_key = u.key "
	"GROUP BY 1, 2, 3, 4 ORDER BY u.domain COLLATE \"C\", u.day, 3, 4 "
	"ON CONFLICT (policy_domain, day, reporter, provenance) DO UPDATE SET "
	"messages = t.messages + excluded.messages, dmarc_pass = t.dmarc_pass + excluded.dmarc_pass, "
	"records = t.records + excluded.records, reports = t.reports + excluded.reports, "
	"contradictory = t.contradictory + excluded.contradictory";

static const char *provenance_of(const struct sum *sum)
{
	return sum->report->mail->local ? "local" : "pending";
}

static void fill_cell(struct columns *columns, const struct sum *sum)
{
	columns_text(columns, sum->header_from);
	columns_word(columns, aligned_text(sum->spf));
	columns_word(columns, aligned_text(sum->dkim));
	columns_word(columns, disposition_text(sum->disposition));
	columns_word(columns, provenance_of(sum));
	columns_word(columns, sum->estimated ? "t" : "f");
	columns_wide(columns, sum->messages);
	columns_u64(columns, sum->records);
}

static void fill_reporter(struct columns *columns, const struct sum *sum)
{
	columns_day(columns, sum->report->report->day);
	columns_word(columns, sum->report->key);
	columns_wide(columns, sum->messages);
	columns_wide(columns, sum->dmarc_pass);
	columns_u64(columns, sum->records);
	columns_u64(columns, sum->reports);
	columns_u64(columns, sum->contradictory);
}

static enum err add_to_table(struct store *store, const char *sql, void (*fill)(struct columns *, const struct sum *),
	struct sum *const *sums, size_t count, struct error *error)
{
	struct columns columns;
	columns_init(&columns);
	for (size_t i = 0; i < count; i++) {
		columns_row(&columns);
		columns_text(&columns, str_from(sums[i]->report->domain));
		columns_day(&columns, sums[i]->day);
		fill(&columns, sums[i]);
	}
	enum err err = columns_query(&columns, store, sql, NULL, error);
	columns_fini(&columns);
	return err;
}

static void put_wide(struct buf *lines, wide value)
{
	char text[WIDE_TEXT_BYTES];
	db_copy_text(lines, str_from(wide_text(value, text)), false);
}

static void put_place(struct buf *place, const struct sum *sum)
{
	char day[DAY_TEXT_BYTES];
	buf_reset(place);
	db_copy_text(place, str_from(sum->report->domain), false);
	db_copy_text(place, str_from(day_format(sum->day, day)), false);
}

static void put_source_line(struct buf *lines, const struct sum *sum)
{
	char ip[IP_TEXT_BYTES];
	db_copy_text(lines, sum->source_ip.family ? str_from(ip_format(&sum->source_ip, ip)) : STR(""), false);
	db_copy_text(lines, str_from(provenance_of(sum)), false);
	put_wide(lines, sum->messages);
	put_wide(lines, sum->spf_aligned);
	put_wide(lines, sum->dkim_aligned);
	put_wide(lines, sum->dmarc_pass);
	put_wide(lines, sum->rejected);
	put_wide(lines, sum->quarantined);
	db_copy_u64(lines, sum->records, true);
}

static bool same_place(const struct sum *a, const struct sum *b)
{
	return a->day.number == b->day.number && strcmp(a->report->domain, b->report->domain) == 0;
}

static enum err copy_lines(struct store *store, struct sum *const *sums, size_t count, struct buf *lines,
	struct error *error)
{
	struct buf place;
	enum err err = db_copy_begin(store, copy_sources, error);
	if (err)
		return err;
	buf_init(&place, LINES_BYTES);
	for (size_t i = 0; i < count && !err; i++) {
		if (i == 0 || !same_place(sums[i], sums[i - 1]))
			put_place(&place, sums[i]);
		buf_add_str(lines, buf_str(&place));
		put_source_line(lines, sums[i]);
		if (lines->len < FLUSH_BYTES && i + 1 < count)
			continue;
		err = db_copy_add(store, buf_str(lines), error);
		buf_reset(lines);
	}
	buf_fini(&place);
	if (!err)
		return db_copy_end(store, error);
	db_copy_cancel(store);
	return err;
}

static enum err add_sources(struct store *store, struct sum *const *sums, size_t count, struct error *error)
{
	struct buf lines;
	struct columns places;
	if (count == 0)
		return ERR_OK;
	buf_init(&lines, LINES_BYTES);
	columns_init(&places);
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && same_place(sums[i], sums[i - 1]))
			continue;
		columns_row(&places);
		columns_text(&places, str_from(sums[i]->report->domain));
		columns_day(&places, sums[i]->day);
	}
	enum err err = copy_lines(store, sums, count, &lines, error);
	if (!err)
		err = columns_query(&places, store, note_places, NULL, error);
	columns_fini(&places);
	buf_fini(&lines);
	return err;
}

enum err put_rollups(struct store *store, struct sums *sums, struct error *error)
{
	size_t count;
	struct sum *const *list = sums_of(sums, SUMS_CELL, &count);
	enum err err = add_to_table(store, add_cells, fill_cell, list, count, error);
	list = sums_of(sums, SUMS_SOURCE, &count);
	if (!err)
		err = add_sources(store, list, count, error);
	list = sums_of(sums, SUMS_REPORTER, &count);
	if (!err)
		err = add_to_table(store, add_reporters, fill_reporter, list, count, error);
	sums_reset(sums);
	return err;
}

/* ---- moving ---- */

/* What the reports of `moves` add, with their sign, goes to the sums of that provenance. Cells before reporters,
 * as put_rollups() has it: the order in which all lock them. */
#define CHANGE_SUMS \
	"parts AS MATERIALIZED (SELECT m.policy_domain, m.provenance, m.sign, m.sign * s.messages AS messages, " \
	"s.day, CASE WHEN s.part = 0 THEN m.sign ELSE 0 END AS records, " \
	"CASE WHEN s.part = 0 AND s.contradictory THEN m.sign ELSE 0 END AS contradictory, " \
	"s.estimated, s.reporter, s.source, s.header_from, s.spf_aligned, s.dkim_aligned, s.disposition, " \
	"'pass' IN (s.spf_aligned, s.dkim_aligned) AS pass " \
	"FROM moves m CROSS JOIN LATERAL dmarcd.shares(m.policy_domain, m.day, m.report_key) s), " \
	"cells AS (INSERT INTO dmarcd.daily_cell AS t (policy_domain, day, header_from, spf_aligned, dkim_aligned, " \
	"disposition, provenance, estimated, messages, records) " \
	"SELECT policy_domain, day, header_from, spf_aligned, dkim_aligned, disposition, provenance, estimated, " \
	"sum(messages), sum(records) FROM parts GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 " \
	"ORDER BY policy_domain COLLATE \"C\", day, header_from COLLATE \"C\", " \
	"array_position('{unknown,pass,fail}'::text[], spf_aligned), " \
	"array_position('{unknown,pass,fail}'::text[], dkim_aligned), " \
	"array_position('{unknown,none,pass,quarantine,reject}'::text[], disposition), provenance DESC, " \
	"estimated " \
	"ON CONFLICT (policy_domain, day, header_from, mta, class, spf_aligned, dkim_aligned, disposition, " \
	"provenance, estimated) DO UPDATE SET messages = t.messages + excluded.messages, " \
	"records = t.records + excluded.records RETURNING 1), " \
	"first AS (SELECT count(*) FROM cells), " \
	"sources AS (INSERT INTO dmarcd.daily_source (policy_domain, day, source, provenance, messages, spf_aligned, " \
	"dkim_aligned, dmarc_pass, rejected, quarantined, records) " \
	"SELECT policy_domain, day, source, provenance, sum(messages), " \
	"coalesce(sum(messages) FILTER (WHERE spf_aligned = 'pass'), 0), " \
	"coalesce(sum(messages) FILTER (WHERE dkim_aligned = 'pass'), 0), " \
	"coalesce(sum(messages) FILTER (WHERE pass), 0), " \
	"coalesce(sum(messages) FILTER (WHERE disposition = 'reject'), 0), " \
	"coalesce(sum(messages) FILTER (WHERE disposition = 'quarantine'), 0), sum(records) " \
	"FROM parts GROUP BY 1, 2, 3, 4), " \
	"counts AS (SELECT policy_domain, day, reporter, provenance, messages, " \
	"CASE WHEN pass THEN messages ELSE 0 END AS pass, records, 0 AS reports, contradictory FROM parts " \
	"UNION ALL SELECT m.policy_domain, m.day, dmarcd.reporter_of(w.org_name, w.email), m.provenance, 0, 0, 0, " \
	"m.sign, 0 FROM moves m JOIN dmarcd.report w ON w.policy_domain = m.policy_domain AND w.day = m.day " \
	"AND w.report_key = m.report_key), " \
	"places AS (INSERT INTO dmarcd.daily_source_added (policy_domain, day) " \
	"SELECT DISTINCT policy_domain, day FROM counts) " \
	"INSERT INTO dmarcd.daily_reporter AS t (policy_domain, day, reporter, provenance, messages, dmarc_pass, " \
	"records, reports, contradictory) SELECT policy_domain, day, reporter, provenance, sum(messages), sum(pass), " \
	"sum(records), sum(reports), sum(contradictory) FROM counts CROSS JOIN first GROUP BY 1, 2, 3, 4 " \
	"ORDER BY policy_domain COLLATE \"C\", day, reporter, provenance " \
	"ON CONFLICT (policy_domain, day, reporter, provenance) DO UPDATE SET " \
	"messages = t.messages + excluded.messages, dmarc_pass = t.dmarc_pass + excluded.dmarc_pass, " \
	"records = t.records + excluded.records, reports = t.reports + excluded.reports, " \
	"contradictory = t.contradictory + excluded.contradictory"

static const char change_given[] =
	"WITH moves AS (SELECT * FROM unnest($1::text[], $2::date[], $3::uuid[], $4::text[], $5::integer[]) "
	"AS g(policy_domain, day, report_key, provenance, sign)), " CHANGE_SUMS;

static const char remove_by_mail[] =
	"WITH moves AS (SELECT policy_domain, day, report_key, provenance, -1 AS sign FROM dmarcd.report "
	"WHERE mail_sha256 = decode($1, 'hex') AND NOT conflict AND kind = 'aggregate'), " CHANGE_SUMS;

enum err put_rollups_change(struct store *store, struct columns *moves, struct error *error)
{
	return columns_query(moves, store, change_given, NULL, error);
}

enum err put_rollups_remove(struct store *store, const struct sha256 *mail_sha256, struct error *error)
{
	char hex[SHA256_HEX_BYTES];
	const struct str param = str_from(sha256_hex(mail_sha256, hex));
	return db_query(store, remove_by_mail, &param, 1, NULL, error);
}
