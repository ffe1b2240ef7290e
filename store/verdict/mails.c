// SPDX-License-Identifier: Apache-2.0
#include "store/verdict/mails.h"

#include <stdio.h>

const char *judged_kind_text(enum judged_kind kind)
{
	switch (kind) {
	case JUDGED_REPORT:
		return "report";
	case JUDGED_FAILURE:
		return "failure";
	case JUDGED_SAMPLE:
		return "sample";
	}
	return "";
}

void column_sha256(struct columns *columns, const struct sha256 *sum)
{
	columns_bytes(columns, (struct str){(const char *)sum->bytes, SHA256_BYTES});
}

void mail_from_row(struct arena *arena, const struct db_rows *rows, size_t row, struct judged_mail *mail_r)
{
	*mail_r = (struct judged_mail){
		.kind = str_eq(db_value(rows, row, 1), STR("sample")) ? JUDGED_SAMPLE : JUDGED_REPORT,
		.tries = (unsigned)db_u64(rows, row, 2),
		.queued_epoch_secs = (int64_t)db_u64(rows, row, 3),
		.packed = db_bytes(rows, row, 4, arena),
		.maildir = arena_str(arena, db_value(rows, row, 5)),
		.file = arena_str(arena, db_value(rows, row, 6)),
	};
	if (!sha256_parse(db_value(rows, row, 0), &mail_r->sha256))
		die("store: a hash that is none");
}

/* A TLS report is of several policies: it claims a domain where all are of that one. */
static const char select_reports[] =
	"SELECT g.no, a.report_no, a.copy, r.policy_domain, r.day::text, r.report_key::text, r.kind, r.org_name, "
	"r.email, r.report_id, CASE WHEN r.kind = 'tlsrpt' THEN (SELECT min(t.policy_domain) FROM dmarcd.tls_policy t "
	"WHERE t.report_key = r.report_key HAVING min(t.policy_domain) = max(t.policy_domain)) "
	"ELSE nullif(r.policy_domain, '') END, a.member, extract(epoch FROM r.begin_at)::bigint, "
	"extract(epoch FROM r.end_at)::bigint, f.fields ->> 'auth_failure', f.fields ->> 'identity_alignment', "
	"f.fields ->> 'authentication_results', f.fields ->> 'dkim_domain', f.fields ->> 'dkim_selector', "
	"extract(epoch FROM f.arrived_at)::bigint, host(f.source_ip), f.fields ->> 'original_mail_from', "
	"f.fields ->> 'original_rcpt_to', f.fields ->> 'reporting_mta', f.sample_bytes > 0, "
	"f.sample_has_body AND coalesce(f.fields ->> 'orig_part', '') NOT LIKE '%/rfc822-headers', a.in_text "
	"FROM unnest($1::bytea[], $2::integer[]) AS g(sha256, no) CROSS JOIN LATERAL ("
	"SELECT w.report_no, false AS copy, w.policy_domain, w.day, w.report_key, w.member, EXISTS (SELECT FROM "
	"dmarcd.issue i WHERE i.policy_domain = w.policy_domain AND i.day = w.day AND i.report_key = w.report_key "
	"AND i.code = 'mail.text_body') AS in_text FROM dmarcd.report w "
	"WHERE w.mail_sha256 = g.sha256 UNION ALL "
	"SELECT c.report_no, true, c.policy_domain, c.day, c.report_key, c.member, c.in_text FROM dmarcd.report_copy c "
	"WHERE c.mail_sha256 = g.sha256) a "
	"JOIN dmarcd.report r ON r.policy_domain = a.policy_domain AND r.day = a.day AND r.report_key = a.report_key "
	"LEFT JOIN dmarcd.failure f ON f.policy_domain = r.policy_domain AND f.day = r.day "
	"AND f.report_key = r.report_key ORDER BY g.no, a.report_no";

static void read_report(struct arena *arena, const struct db_rows *rows, size_t row, struct verify_claim *claim,
	struct judged_report *report)
{
	*claim = (struct verify_claim){
		.report_no = db_u64(rows, row, 1),
		.kind = arena_str(arena, db_value(rows, row, 6)),
		.org_name = arena_str(arena, db_value(rows, row, 7)),
		.email = arena_str(arena, db_value(rows, row, 8)),
		.report_id = arena_str(arena, db_value(rows, row, 9)),
		.policy_domain = arena_str(arena, db_value(rows, row, 10)),
		.member = arena_str(arena, db_value(rows, row, 11)),
		.begin_epoch_secs = (int64_t)db_u64(rows, row, 12),
		.end_epoch_secs = (int64_t)db_u64(rows, row, 13),
		.in_text = db_bool(rows, row, 26),
	};
	*report = (struct judged_report){
		.report_no = claim->report_no,
		.copy = db_bool(rows, row, 2),
		.domain = arena_str(arena, db_value(rows, row, 3)),
		.reporter = {
			.auth_failure = arena_str(arena, db_value(rows, row, 14)),
			.identity_alignment = arena_str(arena, db_value(rows, row, 15)),
			.authentication_results = arena_str(arena, db_value(rows, row, 16)),
			.dkim_domain = arena_str(arena, db_value(rows, row, 17)),
			.dkim_selector = arena_str(arena, db_value(rows, row, 18)),
			.arrived_epoch_secs = (int64_t)db_u64(rows, row, 19),
		},
		.original_mail_from = arena_str(arena, db_value(rows, row, 21)),
		.original_rcpt_to = arena_str(arena, db_value(rows, row, 22)),
		.reporting_mta = arena_str(arena, db_value(rows, row, 23)),
		.has_sample = db_bool(rows, row, 24),
		.has_body = db_bool(rows, row, 25),
	};
	(void)snprintf(report->day, sizeof(report->day), "%.*s", STR_FMT(db_value(rows, row, 4)));
	(void)snprintf(report->key, sizeof(report->key), "%.*s", STR_FMT(db_value(rows, row, 5)));
	(void)ip_parse(db_value(rows, row, 20), &report->source_ip);
}

enum err mails_query(struct store *store, const char *sql, const struct judged_mail *mails, size_t count,
	struct db_rows **rows_r, struct error *error)
{
	struct columns columns;
	columns_init(&columns);
	for (size_t i = 0; i < count; i++) {
		columns_row(&columns);
		column_sha256(&columns, &mails[i].sha256);
		columns_u64(&columns, i);
	}
	enum err err = columns_query(&columns, store, sql, rows_r, error);
	columns_fini(&columns);
	return err;
}

enum err mails_add_reports(struct store *store, struct arena *arena, struct judged_mail *mails, size_t count,
	struct error *error)
{
	struct db_rows *rows = NULL;
	enum err err = mails_query(store, select_reports, mails, count, &rows, error);
	const size_t total = rows ? db_count(rows) : 0;
	struct verify_claim *claims = ARENA_ARRAY(arena, total ? total : 1, struct verify_claim);
	struct judged_report *reports = ARENA_ARRAY(arena, total ? total : 1, struct judged_report);
	for (size_t row = 0; row < total; row++) {
		struct judged_mail *mail = &mails[db_u64(rows, row, 0)];
		if (mail->claims.count == 0) {
			mail->claims.at = &claims[row];
			mail->reports = &reports[row];
		}
		mail->claims.count++;
		read_report(arena, rows, row, &claims[row], &reports[row]);
	}
	db_free(&rows);
	return err;
}
