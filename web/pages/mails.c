// SPDX-License-Identifier: Apache-2.0
/* The pages of mails: what became of each, and what was set aside. */
#include "web/pages/pages.h"

const char balance_sql[] = "SELECT b.*, CASE WHEN mails = 0 THEN 'No mail has been taken in yet.' WHEN quarantined = 0 "
	"THEN concat('Every one of ', " COUNT_TEXT("mails") ", ' mails could be read; nothing is in quarantine.') "
	"ELSE concat(" COUNT_TEXT("quarantined") ", ' of ', " COUNT_TEXT("mails") ", ' mails look like a report "
	"and give none: ', CASE WHEN quarantined = 1 THEN 'it is' ELSE 'they are' END, ' set aside.') END AS verdict "
	"FROM dmarcd_api.balance b";
const struct column balance_columns[] = {
	{"mails", "mails taken in", LOOK_NUMBER, "/mails", NULL},
	{"stored", "stored", LOOK_NUMBER, "/mails?outcome=stored", NULL},
	{"duplicate", "duplicates", LOOK_NUMBER, "/mails?outcome=duplicate", NULL},
	{"not_a_report", "no report", LOOK_NUMBER, "/mails?outcome=not_a_report", NULL},
	{"quarantined", "quarantined", LOOK_NUMBER, "/quarantine", NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

/* A mail whose further copies came counts as a duplicate too. */
static const char mails_sql[] =
	"SELECT sha256, taken_at::text AS taken_at, outcome, file, regexp_replace(file, '^.*/', '') AS file_name, "
	"code, reason, bytes, copies, head_from, "
	"head_subject, "
	"taken_at::text || ',' || sha256 AS cursor FROM dmarcd_api.mail WHERE ($1::text IS NULL OR outcome = $1 "
	"OR ($1 = 'duplicate' AND copies > 0)) "
	"AND ($4::text[] IS NULL OR EXISTS (SELECT FROM dmarcd_api.report r WHERE r.mail_sha256 = sha256 "
	"AND r.provenance = ANY($4::text[]))) "
	"AND ($2::text IS NULL OR (taken_at, sha256) < (split_part($2, ',', 1)::timestamptz, split_part($2, ',', 2))) "
	"ORDER BY taken_at DESC, sha256 DESC LIMIT $3::integer";
static const struct column refused_columns[] = {
	{"taken_at", "Taken in", LOOK_TIME, "/mails/{sha256}", NULL},
	{"code", "Code", LOOK_TEXT, NULL, NULL},
	{"reason", "Reason", LOOK_PROSE, NULL, NULL},
	{"head_from", "From", LOOK_TEXT, NULL, NULL},
	{"file_name", "File", LOOK_ID, NULL, NULL},
	{"bytes", "Size", LOOK_BYTES, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};
static const struct column mails_columns[] = {
	{"taken_at", "Taken in", LOOK_TIME, "/mails/{sha256}", NULL},
	{"outcome", "Outcome", LOOK_WORD, NULL, NULL},
	{"code", "Code", LOOK_TEXT, NULL, NULL},
	{"head_from", "From", LOOK_TEXT, NULL, NULL},
	{"head_subject", "Subject", LOOK_PROSE, NULL, NULL},
	{"file_name", "File", LOOK_ID, NULL, NULL},
	{"copies", "More copies", LOOK_NUMBER, NULL, NULL},
	{"bytes", "Size", LOOK_BYTES, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

void page_quarantine(struct request *request, struct page *page, struct str key)
{
	(void)key;
	*page = (struct page){.title = "Quarantine", .nav = "/quarantine",
		.intro = "Their bytes are kept. Read one with dmarcd quarantine show, try it again with dmarcd "
			"quarantine retry, let it go with dmarcd quarantine drop."};
	(void)page_add(page, "balance", "What became of each mail", BLOCK_FIGURES, balance_sql, balance_columns);
	struct block *block = page_add(page, "quarantine", "Quarantined mails", BLOCK_TABLE, mails_sql,
		refused_columns);
	page_param(block, STR("quarantined"));
	page_param(block, request->filter.after);
	page_main(request, block);
	page_param(block, STR_NONE);
	block->empty = "Nothing is in the quarantine.";
	block = page_add(page, "not_a_report", "Mails without a report", BLOCK_TABLE, mails_sql, refused_columns);
	page_param(block, STR("not_a_report"));
	page_param(block, STR_NONE);
	page_limit(request, block, 100, STR("/mails?outcome=not_a_report"));
	page_param(block, STR_NONE);
	block->empty = "None.";
}

void page_mails(struct request *request, struct page *page, struct str key)
{
	static const char *const outcomes[] = {"stored", "duplicate", "not_a_report", "quarantined", NULL};
	(void)key;
	*page = (struct page){.title = "Mails", .nav = "/quarantine", .fields = FIELD_OUTCOME | FIELD_PROVENANCE,
		.outcomes = outcomes};
	(void)page_add(page, "balance", "What became of each mail", BLOCK_FIGURES, balance_sql, balance_columns);
	struct block *block = page_add(page, "mails", "Mails", BLOCK_TABLE, mails_sql, mails_columns);
	page_param(block, request->filter.outcome);
	page_param(block, request->filter.after);
	page_main(request, block);
	page_param(block, request->filter.listed);
	block->empty = "None.";
}

static const char mail_sql[] =
	"SELECT coalesce('from ' || head_from, left(m.sha256, 12)) AS heading, CASE outcome WHEN 'quarantined' "
	"THEN concat('Set aside: ', reason, '.') WHEN 'not_a_report' THEN concat('No report: ', reason, '.') "
	"WHEN 'duplicate' THEN 'All it reports was known already.' ELSE 'Its reports are stored.' END AS verdict, "
	"m.sha256, taken_at::text AS taken_at, file, outcome, code, reason, issues, copies, bytes, head_from, "
	"head_subject, "
	"head_message_id, head_date_at::text AS head_date_at, has_original, v.judged_at::text AS judged_at, v.spf, "
	"v.dkim, "
	"v.dmarc, v.arc, v.author_domain, " TRACE("v.verdict") " AS trace, v.verdict::jsonb AS verdict_json "
	"FROM dmarcd_api.mail m LEFT JOIN dmarcd_api.verdict v ON v.sha256 = m.sha256 AND v.part = 0 "
	"WHERE m.sha256 = lower($1)";
static const struct column mail_columns[] = {
	{"outcome", "Outcome", LOOK_WORD, NULL, NULL},
	{"code", "Code", LOOK_TEXT, NULL, NULL},
	{"reason", "Reason", LOOK_TEXT, NULL, NULL},
	{"head_from", "From", LOOK_TEXT, NULL, NULL},
	{"head_subject", "Subject", LOOK_TEXT, NULL, NULL},
	{"head_message_id", "Message-ID", LOOK_TEXT, NULL, NULL},
	{"head_date_at", "Date", LOOK_TIME, NULL, NULL},
	{"taken_at", "Taken in", LOOK_TIME, NULL, NULL},
	{"bytes", "Size", LOOK_BYTES, NULL, NULL},
	{"copies", "Further copies", LOOK_NUMBER, NULL, NULL},
	{"issues", "Issues", LOOK_NUMBER, NULL, NULL},
	{"has_original", "Kept", LOOK_YES, NULL, NULL},
	{"file", "File", LOOK_TEXT, NULL, NULL},
	{"sha256", "SHA-256", LOOK_TEXT, NULL, NULL},
	{"judged_at", "What the verifier finds of it", LOOK_GROUP, NULL, NULL},
	{"spf", "SPF", LOOK_WORD, NULL, NULL},
	{"dkim", "DKIM", LOOK_WORD, NULL, NULL},
	{"dmarc", "DMARC", LOOK_WORD, NULL, NULL},
	{"arc", "ARC", LOOK_WORD, NULL, NULL},
	{"author_domain", "Author domain", LOOK_TEXT, NULL, NULL},
	{"judged_at", "Judged", LOOK_TIME, NULL, NULL},
	{"trace", "Trace", LOOK_TRACE, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};
static const char mail_reports_sql[] =
	"SELECT report_key::text AS report_key, kind, reporter, nullif(policy_domain, '') AS policy_domain, "
	"begin_at::text AS begin_at, messages, records, schema, issues, provenance FROM dmarcd_api.report "
	"WHERE mail_sha256 = lower($1) ORDER BY report_no LIMIT $2::integer";
static const struct column mail_reports_columns[] = {
	{"begin_at", "Begin", LOOK_TIME, "/reports/{report_key}", NULL},
	{"kind", "Kind", LOOK_WORD, NULL, NULL},
	{"reporter", "Reporter", LOOK_TEXT, NULL, NULL},
	{"policy_domain", "Domain", LOOK_TEXT, NULL, NULL},
	{"messages", "Messages", LOOK_NUMBER, NULL, NULL},
	{"records", "Rows", LOOK_NUMBER, NULL, NULL},
	{"schema", "Schema", LOOK_WORD, NULL, NULL},
	{"provenance", "Provenance", LOOK_STATE, NULL, NULL},
	{"issues", "Issues", LOOK_NUMBER, NULL, NULL},
	{NULL, NULL, LOOK_TEXT, NULL, NULL},
};

void page_mail(struct request *request, struct page *page, struct str sha256)
{
	*page = (struct page){.title = "Mail", .subject = sha256, .nav = "/quarantine", .must_exist = true,
		.heading = "heading"};
	struct block *block = page_add(page, "mail", "Mail", BLOCK_FACTS, mail_sql, mail_columns);
	page_param(block, sha256);
	block->main = true;
	block = page_add(page, "reports", "Reports in it", BLOCK_TABLE, mail_reports_sql, mail_reports_columns);
	page_param(block, sha256);
	page_limit(request, block, 100, STR_NONE);
	block->empty = "None.";
}
