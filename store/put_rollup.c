// SPDX-License-Identifier: Apache-2.0
#include "store/columns.h"
#include "store/put_sums.h"

#include <string.h>

/*
 * Sums are added from put_sums.h, as the rows went in; they are taken away from
 * the rows that are there, by the same rule. Rows of sums are locked in the
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
	"COPY dmarcd.daily_source (policy_domain, day, source, messages, spf_aligned, dkim_aligned, dmarc_pass, "
	"rejected, quarantined, records) FROM STDIN";

static const char note_places[] =
	"INSERT INTO dmarcd.daily_source_added (policy_domain, day) SELECT * FROM unnest($1::text[], $2::date[])";

static const char add_reporters[] =
	"INSERT INTO dmarcd.daily_reporter AS t (policy_domain, day, reporter, messages, dmarc_pass, "
	"records, reports) "
	"SELECT u.domain, u.day, dmarcd.reporter_of(r.org_name, r.email), sum(u.messages), sum(u.pass), "
	"sum(u.records), sum(u.reports) FROM unnest($1::text[], $2::date[], $3::date[], $4::uuid[], $5::numeric[], "
	"$6::numeric[], $7::bigint[], $8::bigint[]) AS u(domain, day, begins, key, messages, pass, records, reports) "
	"JOIN dmarcd.report r ON r.policy_domain = u.domain AND r.day = u.begins AND r.report_key = u.key "
	"GROUP BY 1, 2, 3 ORDER BY u.domain COLLATE \"C\", u.day, 3 "
	"ON CONFLICT (policy_domain, day, reporter) DO UPDATE SET messages = t.messages + excluded.messages, "
	"dmarc_pass = t.dmarc_pass + excluded.dmarc_pass, records = t.records + excluded.records, "
	"reports = t.reports + excluded.reports";

static void fill_cell(struct columns *columns, const struct sum *sum)
{
	columns_text(columns, sum->header_from);
	columns_word(columns, aligned_text(sum->spf));
	columns_word(columns, aligned_text(sum->dkim));
	columns_word(columns, disposition_text(sum->disposition));
	columns_word(columns, sum->report->mail->local ? "local" : "pending");
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

static void put_source_line(struct buf *lines, const struct sum *sum)
{
	char day[DAY_TEXT_BYTES], ip[IP_TEXT_BYTES];
	db_copy_text(lines, str_from(sum->report->domain), false);
	db_copy_text(lines, str_from(day_format(sum->day, day)), false);
	db_copy_text(lines, sum->source_ip.family ? str_from(ip_format(&sum->source_ip, ip)) : STR(""), false);
	put_wide(lines, sum->messages);
	put_wide(lines, sum->spf_aligned);
	put_wide(lines, sum->dkim_aligned);
	put_wide(lines, sum->dmarc_pass);
	put_wide(lines, sum->rejected);
	put_wide(lines, sum->quarantined);
	db_copy_u64(lines, sum->records, true);
}

static enum err copy_lines(struct store *store, struct sum *const *sums, size_t count, struct buf *lines,
	struct error *error)
{
	enum err err = db_copy_begin(store, copy_sources, error);
	if (err)
		return err;
	for (size_t i = 0; i < count && !err; i++) {
		put_source_line(lines, sums[i]);
		if (lines->len < FLUSH_BYTES && i + 1 < count)
			continue;
		err = db_copy_add(store, buf_str(lines), error);
		buf_reset(lines);
	}
	if (!err)
		return db_copy_end(store, error);
	db_copy_cancel(store);
	return err;
}

static bool same_place(const struct sum *a, const struct sum *b)
{
	return a->day.number == b->day.number && strcmp(a->report->domain, b->report->domain) == 0;
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

/* ---- taking away ---- */

#define NUMBER(x) TEXT(x)
#define TEXT(x) #x

static const char remove_by_mail[] =
	"WITH spans AS (SELECT w.policy_domain, w.day, w.report_key, w.provenance, "
	"dmarcd.reporter_of(w.org_name, w.email) AS reporter, "
	"w.end_at - w.begin_at > interval '" NUMBER(SUMS_SHORT_HOURS) " hours' AS estimated, "
	"CASE WHEN w.end_at - w.begin_at > interval '" NUMBER(SUMS_SHORT_HOURS) " hours' "
	"THEN least(((w.end_at - interval '1 second') AT TIME ZONE 'UTC')::date - w.day + 1, "
	NUMBER(SUMS_DAYS_MAX) ", greatest(" NUMBER(SUMS_PARTS_MAX) " / greatest(w.records, 1), 1))::integer "
	"ELSE 1 END AS days FROM dmarcd.report w WHERE w.mail_sha256 = decode($1, 'hex') "
	"AND NOT w.conflict AND w.kind = 'aggregate'), "
	"parts AS MATERIALIZED (SELECT s.policy_domain, s.day + d.n AS day, s.estimated, d.n AS part, s.provenance, "
	"s.reporter, s.report_key, r.source_ip, coalesce(r.header_from, '') AS header_from, r.spf_aligned, "
	"r.dkim_aligned, r.disposition, "
	"r.messages / s.days + CASE WHEN d.n = 0 THEN r.messages % s.days ELSE 0 END AS messages "
	"FROM spans s JOIN dmarcd.record r ON r.policy_domain = s.policy_domain AND r.day = s.day "
	"AND r.report_key = s.report_key "
	"CROSS JOIN LATERAL generate_series(0, CASE WHEN r.messages < s.days THEN 0 ELSE s.days - 1 END) AS d(n)), "
	"cells AS (INSERT INTO dmarcd.daily_cell AS t (policy_domain, day, header_from, spf_aligned, dkim_aligned, "
	"disposition, provenance, estimated, messages, records) "
	"SELECT policy_domain, day, header_from, spf_aligned, dkim_aligned, disposition, provenance, estimated, "
	"-sum(messages), -count(*) FILTER (WHERE part = 0) FROM parts "
	"GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8 "
	"ON CONFLICT (policy_domain, day, header_from, mta, class, spf_aligned, dkim_aligned, disposition, "
	"provenance, estimated) DO UPDATE SET messages = t.messages + excluded.messages, "
	"records = t.records + excluded.records), "
	"places AS (INSERT INTO dmarcd.daily_source_added (policy_domain, day) "
	"SELECT DISTINCT policy_domain, day FROM parts), "
	"sources AS (INSERT INTO dmarcd.daily_source (policy_domain, day, source, messages, spf_aligned, "
	"dkim_aligned, dmarc_pass, rejected, quarantined, records) "
	"SELECT policy_domain, day, coalesce(host(source_ip), ''), -sum(messages), "
	"-coalesce(sum(messages) FILTER (WHERE spf_aligned = 'pass'), 0), "
	"-coalesce(sum(messages) FILTER (WHERE dkim_aligned = 'pass'), 0), "
	"-coalesce(sum(messages) FILTER (WHERE spf_aligned = 'pass' OR dkim_aligned = 'pass'), 0), "
	"-coalesce(sum(messages) FILTER (WHERE disposition = 'reject'), 0), "
	"-coalesce(sum(messages) FILTER (WHERE disposition = 'quarantine'), 0), "
	"-count(*) FILTER (WHERE part = 0) FROM parts "
	"GROUP BY policy_domain, day, source_ip), "
	"counts AS (SELECT policy_domain, day, reporter, messages, "
	"CASE WHEN spf_aligned = 'pass' OR dkim_aligned = 'pass' THEN messages ELSE 0 END AS pass, "
	"CASE WHEN part = 0 THEN 1 ELSE 0 END AS records, 0 AS reports FROM parts "
	"UNION ALL SELECT policy_domain, day, reporter, 0, 0, 0, 1 FROM spans) "
	"INSERT INTO dmarcd.daily_reporter AS t (policy_domain, day, reporter, messages, dmarc_pass, "
	"records, reports) "
	"SELECT policy_domain, day, reporter, -sum(messages), -sum(pass), "
	"-sum(records), -sum(reports) FROM counts GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 "
	"ON CONFLICT (policy_domain, day, reporter) DO UPDATE SET messages = t.messages + excluded.messages, "
	"dmarc_pass = t.dmarc_pass + excluded.dmarc_pass, records = t.records + excluded.records, "
	"reports = t.reports + excluded.reports";

/* Only where that mail's reports were: a look at all sums for each mail would be the end of a reparse. */
#define NOTHING_LEFT(table) \
	"DELETE FROM dmarcd." table " t USING dmarcd.report r WHERE r.mail_sha256 = decode($1, 'hex') " \
	"AND t.policy_domain = r.policy_domain AND t.day >= r.day AND t.day <= (r.end_at AT TIME ZONE 'UTC')::date " \
	"AND t.messages = 0 AND t.records = 0"

enum err put_rollups_remove(struct store *store, const struct sha256 *mail_sha256, struct error *error)
{
	static const char *const statements[] = {remove_by_mail, NOTHING_LEFT("daily_cell"),
		NOTHING_LEFT("daily_reporter") " AND t.reports = 0"};
	char hex[SHA256_HEX_BYTES];
	const struct str param = str_from(sha256_hex(mail_sha256, hex));
	enum err err = ERR_OK;
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]) && !err; i++)
		err = db_query(store, statements[i], &param, 1, NULL, error);
	return err;
}
