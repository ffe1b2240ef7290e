// SPDX-License-Identifier: Apache-2.0
#include "store/put_rows.h"

#include <stdio.h>

/*
 * Rows -> daily sums. A report of up to 26 hours counts on its day; a longer
 * one is split evenly over the UTC days it touches, the remainder on the
 * first, and flagged as estimated; over the first of them only where a hostile
 * period would make more parts than a transaction bears. $2 is 1 to add and -1
 * to take away.
 * One statement adds to all three tables, so that rows are read once; they are
 * locked in the order of their keys, so that two ingests wait for each other
 * instead of dying of it.
 */
#define WANTED_BY_KEY \
	"WITH wanted AS (SELECT r.* FROM unnest($1::text[], $3::date[], $4::uuid[]) AS k(domain, day, key) " \
	"JOIN dmarcd.report r ON r.policy_domain = k.domain AND r.day = k.day AND r.report_key = k.key " \
	"WHERE NOT r.conflict AND r.kind = 'aggregate'), "
#define WANTED_BY_MAIL \
	"WITH wanted AS (SELECT r.* FROM dmarcd.report r WHERE r.mail_sha256 = decode($1, 'hex') " \
	"AND NOT r.conflict AND r.kind = 'aggregate'), "

#define DAYS_MAX "4000"
#define PARTS_MAX "1500000"

#define SPANS \
	"spans AS (SELECT w.policy_domain, w.day, w.report_key, w.provenance, " \
	"dmarcd.reporter_of(w.org_name, w.email) AS reporter, " \
	"w.end_at - w.begin_at > interval '26 hours' AS estimated, " \
	"CASE WHEN w.end_at - w.begin_at > interval '26 hours' " \
	"THEN least(((w.end_at - interval '1 second') AT TIME ZONE 'UTC')::date - w.day + 1, " DAYS_MAX ", " \
	"greatest(" PARTS_MAX " / greatest(w.records, 1), 1))::integer ELSE 1 END AS days " \
	"FROM wanted w), " \
	"parts AS MATERIALIZED (SELECT s.policy_domain, s.day + d.n AS day, s.estimated, d.n AS part, s.provenance, " \
	"s.reporter, s.report_key, r.source_ip, coalesce(r.header_from, '') AS header_from, r.spf_aligned, " \
	"r.dkim_aligned, r.disposition, " \
	"r.messages / s.days + CASE WHEN d.n = 0 THEN r.messages % s.days ELSE 0 END AS messages " \
	"FROM spans s JOIN dmarcd.record r ON r.policy_domain = s.policy_domain AND r.day = s.day " \
	"AND r.report_key = s.report_key " \
	"CROSS JOIN LATERAL generate_series(0, CASE WHEN r.messages < s.days THEN 0 ELSE s.days - 1 END) AS d(n)), "

#define CELLS \
	"cells AS (INSERT INTO dmarcd.daily_cell AS t (policy_domain, day, header_from, spf_aligned, dkim_aligned, " \
	"disposition, provenance, estimated, messages, records) " \
	"SELECT policy_domain, day, header_from, spf_aligned, dkim_aligned, disposition, provenance, estimated, " \
	"$2::integer * sum(messages), $2::integer * count(*) FILTER (WHERE part = 0) FROM parts " \
	"GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8 " \
	"ON CONFLICT (policy_domain, day, header_from, mta, class, spf_aligned, dkim_aligned, disposition, " \
	"provenance, estimated) DO UPDATE SET messages = t.messages + excluded.messages, " \
	"records = t.records + excluded.records), "

#define SOURCES \
	"sources AS (INSERT INTO dmarcd.daily_source AS t (policy_domain, day, source, messages, spf_aligned, " \
	"dkim_aligned, dmarc_pass, rejected, quarantined, records) " \
	"SELECT policy_domain, day, coalesce(host(source_ip), ''), $2::integer * sum(messages), " \
	"$2::integer * coalesce(sum(messages) FILTER (WHERE spf_aligned = 'pass'), 0), " \
	"$2::integer * coalesce(sum(messages) FILTER (WHERE dkim_aligned = 'pass'), 0), " \
	"$2::integer * coalesce(sum(messages) FILTER (WHERE spf_aligned = 'pass' OR dkim_aligned = 'pass'), 0), " \
	"$2::integer * coalesce(sum(messages) FILTER (WHERE disposition = 'reject'), 0), " \
	"$2::integer * coalesce(sum(messages) FILTER (WHERE disposition = 'quarantine'), 0), " \
	"$2::integer * count(*) FILTER (WHERE part = 0) FROM parts " \
	"GROUP BY policy_domain, day, source_ip ORDER BY policy_domain, day, source_ip " \
	"ON CONFLICT (policy_domain, day, source) DO UPDATE SET messages = t.messages + excluded.messages, " \
	"spf_aligned = t.spf_aligned + excluded.spf_aligned, dkim_aligned = t.dkim_aligned + " \
	"excluded.dkim_aligned, " \
	"dmarc_pass = t.dmarc_pass + excluded.dmarc_pass, rejected = t.rejected + excluded.rejected, " \
	"quarantined = t.quarantined + excluded.quarantined, records = t.records + excluded.records), "

/* A report without rows is a report all the same. */
#define REPORTERS \
	"counts AS (SELECT policy_domain, day, reporter, messages, " \
	"CASE WHEN spf_aligned = 'pass' OR dkim_aligned = 'pass' THEN messages ELSE 0 END AS pass, " \
	"CASE WHEN part = 0 THEN 1 ELSE 0 END AS records, 0 AS reports FROM parts " \
	"UNION ALL SELECT policy_domain, day, reporter, 0, 0, 0, 1 FROM spans) " \
	"INSERT INTO dmarcd.daily_reporter AS t (policy_domain, day, reporter, messages, dmarc_pass, " \
	"records, reports) " \
	"SELECT policy_domain, day, reporter, $2::integer * sum(messages), $2::integer * sum(pass), " \
	"$2::integer * sum(records), $2::integer * sum(reports) FROM counts GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 " \
	"ON CONFLICT (policy_domain, day, reporter) DO UPDATE SET messages = t.messages + excluded.messages, " \
	"dmarc_pass = t.dmarc_pass + excluded.dmarc_pass, records = t.records + excluded.records, " \
	"reports = t.reports + excluded.reports"

#define ADD SPANS CELLS SOURCES REPORTERS

static const char by_key[] = WANTED_BY_KEY ADD;
static const char by_mail[] = WANTED_BY_MAIL ADD;

/* {"a","b"}: an array in PostgreSQL's text form. */
static void array_add(struct buf *buf, struct str value)
{
	buf_add_char(buf, buf->len == 0 ? '{' : ',');
	buf_add_char(buf, '"');
	for (size_t i = 0; i < value.len; i++) {
		if (value.ptr[i] == '"' || value.ptr[i] == '\\')
			buf_add_char(buf, '\\');
		buf_add_char(buf, value.ptr[i]);
	}
	buf_add_char(buf, '"');
}

enum err put_rollups(struct store *store, const struct put_report *reports, size_t count, struct error *error)
{
	struct buf domains, days, keys;
	char day[DAY_TEXT_BYTES];
	enum err err = ERR_OK;
	buf_init(&domains, SIZE_MAX / 4);
	buf_init(&days, SIZE_MAX / 4);
	buf_init(&keys, SIZE_MAX / 4);
	for (size_t i = 0; i < count; i++) {
		if (!reports[i].inserted || reports[i].conflict || reports[i].report->kind != REPORT_AGGREGATE)
			continue;
		array_add(&domains, str_from(reports[i].domain));
		array_add(&days, str_from(day_format(reports[i].report->day, day)));
		array_add(&keys, str_from(reports[i].key));
	}
	if (keys.len > 0) {
		buf_add_char(&domains, '}');
		buf_add_char(&days, '}');
		buf_add_char(&keys, '}');
		const struct str params[] = {buf_str(&domains), STR("1"), buf_str(&days), buf_str(&keys)};
		err = db_query(store, by_key, params, 4, NULL, error);
	}
	buf_fini(&domains);
	buf_fini(&days);
	buf_fini(&keys);
	return err;
}

enum err put_rollups_remove(struct store *store, const struct sha256 *mail_sha256, struct error *error)
{
	char hex[SHA256_HEX_BYTES];
	const struct str params[] = {str_from(sha256_hex(mail_sha256, hex)), STR("-1")};
	enum err err = db_query(store, by_mail, params, 2, NULL, error);
	return err ? err : db_run(store,
		"DELETE FROM dmarcd.daily_cell WHERE messages = 0 AND records = 0;"
		"DELETE FROM dmarcd.daily_source WHERE messages = 0 AND records = 0;"
		"DELETE FROM dmarcd.daily_reporter WHERE messages = 0 AND records = 0 AND reports = 0", error);
}
