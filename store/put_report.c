// SPDX-License-Identifier: Apache-2.0
#include "store/put_rows.h"

#include "model/coherence.h"
#include "model/json.h"
#include "model/policy_json.h"
#include "store/columns.h"

#include <string.h>

#define JSON_BYTES ((size_t)256 * 1024 * 1024)
#define CODES_BYTES ((size_t)4096)
#define ARENA_BYTES ((size_t)256 * 1024 * 1024)

static void key_time(struct json *json, const char *key, int64_t epoch_secs)
{
	json_key(json, key);
	if (epoch_secs > 0)
		json_i64(json, epoch_secs);
	else
		json_null(json);
}

static void write_aggregate(struct json *json, const struct aggregate_head *head)
{
	json_key_value_str(json, "org_name", head->org_name);
	json_key_value_str(json, "email", head->email);
	json_key_value_str(json, "contact", head->extra_contact_info);
	json_key_value_str(json, "report_id", head->report_id);
	key_time(json, "begin_at", head->begin_epoch_secs);
	key_time(json, "end_at", head->end_epoch_secs);
	json_key_value_str(json, "version", head->version);
	json_key_value_str(json, "generator", head->generator);
	json_key_values_given(json, "errors", head->errors, head->errors_count);
	policy_json(json, &head->policy, true);
}

static void write_head(struct json *json, const struct spool_report *report)
{
	switch (report->kind) {
	case REPORT_AGGREGATE:
		write_aggregate(json, &report->aggregate);
		break;
	case REPORT_FAILURE:
		json_key_value_str(json, "org_name", report->failure.reporting_mta);
		key_time(json, "begin_at", report->failure.arrival_epoch_secs);
		key_time(json, "end_at", report->failure.arrival_epoch_secs);
		break;
	case REPORT_TLSRPT:
		json_key_value_str(json, "org_name", report->tls.organization);
		json_key_value_str(json, "contact", report->tls.contact);
		json_key_value_str(json, "email", report->tls.contact);
		json_key_value_str(json, "report_id", report->tls.report_id);
		key_time(json, "begin_at", report->tls.begin_epoch_secs);
		key_time(json, "end_at", report->tls.end_epoch_secs);
		break;
	}
}

struct str put_codes(struct arena *arena, uint32_t contradictions)
{
	struct buf text;
	if (contradictions == 0)
		return STR_NONE;
	buf_init(&text, CODES_BYTES);
	for (unsigned i = 0; i < COHERENCE_CODE_COUNT; i++)
		if (contradictions & (uint32_t)1 << i)
			buf_printf(&text, "%c%s", text.len > 0 ? ',' : '{',
				coherence_code_text((enum coherence_code)i));
	buf_add_char(&text, '}');
	struct str codes = arena_str(arena, buf_str(&text));
	buf_fini(&text);
	return codes;
}

static uint64_t issues_of(const struct spool_report *report)
{
	uint64_t count = 0;
	for (size_t i = 0; i < report->issues_count; i++)
		count += report->issues[i].count;
	return count;
}

static void write_report(struct json *json, struct arena *arena, const struct put_report *put, size_t no)
{
	char day[DAY_TEXT_BYTES];
	const struct spool_report *report = put->report;
	json_object(json);
	json_key_value_u64(json, "no", no);
	json_key_value_cstr(json, "key", put->key);
	json_key_value_str(json, "identity", put_hex(arena, &report->identity));
	json_key_value_str(json, "content", put_hex(arena, &report->content));
	json_key_value_cstr(json, "domain", put->domain);
	json_key_value_cstr(json, "day", day_format(report->day, day));
	json_key_value_cstr(json, "kind", report_kind_text(report->kind));
	json_key_value_str(json, "mail", put_hex(arena, &put->mail->sha256));
	json_key_value_u64(json, "report_no", put->report_no);
	json_key_value_cstr(json, "schema", report_schema_text(report->totals.schema));
	json_key_value_u64(json, "records", report->totals.records);
	json_key_value_wide(json, "messages", report->totals.messages);
	json_key_value_wide(json, "dmarc_pass", report->totals.dmarc_pass);
	json_key_value_cstr(json, "provenance", put->mail->local ? "local" : "pending");
	json_key_value_u64(json, "issues", issues_of(report));
	json_key_value_str(json, "member", report->member);
	json_key_value_str(json, "contradictions", put_codes(arena, report->totals.contradictions));
	write_head(json, report);
	json_object_end(json);
}

static const char insert_identities[] =
	"INSERT INTO dmarcd.report_identity (identity, report_key) "
	"SELECT DISTINCT ON (r.identity) decode(r.identity, 'hex'), r.key "
	"FROM jsonb_to_recordset($1::jsonb) AS r(no integer, identity text, key uuid) "
	"ORDER BY r.identity, r.no ON CONFLICT (identity) DO NOTHING";

static const char insert_reports[] =
	"WITH given AS (SELECT DISTINCT ON (r.domain, r.day, r.key) r.*, i.report_key <> r.key AS conflict "
	"FROM jsonb_to_recordset($1::jsonb) AS r(no integer, key uuid, identity text, content text, domain text, "
	"day date, kind text, mail text, report_no integer, schema text, records bigint, messages numeric, "
	"dmarc_pass numeric, provenance text, issues bigint, member text, org_name text, email text, contact text, "
	"report_id text, begin_at bigint, end_at bigint, version text, generator text, errors jsonb, policy jsonb, "
	"contradictions text) "
	"JOIN dmarcd.report_identity i ON i.identity = decode(r.identity, 'hex') "
	"ORDER BY r.domain, r.day, r.key, r.no), "
	"added AS (INSERT INTO dmarcd.report (policy_domain, day, report_key, kind, mail_sha256, report_no, identity, "
	"content, org_name, email, contact, report_id, begin_at, end_at, schema, records, messages, dmarc_pass, "
	"provenance, conflict, issues, member, version, generator, errors, policy, contradictions, stored_at) "
	"SELECT domain, day, key, kind, decode(mail, 'hex'), report_no, decode(identity, 'hex'), "
	"decode(content, 'hex'), org_name, email, contact, report_id, to_timestamp(begin_at), to_timestamp(end_at), "
	"schema, records, messages, dmarc_pass, provenance, conflict, issues, member, version, generator, errors, "
	"policy, contradictions::text[], to_timestamp($2::bigint) FROM given ORDER BY domain, day, key "
	"ON CONFLICT DO NOTHING RETURNING policy_domain, day, report_key) "
	"SELECT g.no, g.conflict FROM given g JOIN added a ON a.policy_domain = g.domain AND a.day = g.day "
	"AND a.report_key = g.key";

static enum err put_heads(struct store *store, struct put_report *reports, struct str text, struct str now,
	struct error *error)
{
	struct db_rows *rows = NULL;
	const struct str params[] = {text, now};
	enum err err = db_query(store, insert_identities, params, 1, NULL, error);
	if (!err)
		err = db_query(store, insert_reports, params, 2, &rows, error);
	for (size_t i = 0; rows && i < db_count(rows); i++) {
		struct put_report *report = &reports[db_u64(rows, i, 0)];
		report->inserted = true;
		report->conflict = db_bool(rows, i, 1);
	}
	db_free(&rows);
	return err;
}

static const char insert_issues[] =
	"INSERT INTO dmarcd.issue (policy_domain, day, report_key, code, detail, count) "
	"SELECT domain, day, key, code, detail, count FROM jsonb_to_recordset($1::jsonb) AS "
	"r(domain text, day date, key uuid, code text, detail text, count bigint) ON CONFLICT DO NOTHING";

static enum err put_issues(struct store *store, const struct put_report *reports, size_t count, struct error *error)
{
	struct buf text;
	struct json json;
	char day[DAY_TEXT_BYTES];
	buf_init(&text, JSON_BYTES);
	json_init(&json, &text);
	json_array(&json);
	for (size_t i = 0; i < count; i++) {
		const struct spool_report *report = reports[i].report;
		for (size_t k = 0; reports[i].inserted && k < report->issues_count; k++) {
			json_object(&json);
			json_key_value_cstr(&json, "domain", reports[i].domain);
			json_key_value_cstr(&json, "day", day_format(report->day, day));
			json_key_value_cstr(&json, "key", reports[i].key);
			json_key_value_cstr(&json, "code", issue_code_text(report->issues[k].code));
			json_key_value_str(&json, "detail", report->issues[k].detail.ptr ?
				report->issues[k].detail : STR(""));
			json_key_value_u64(&json, "count", report->issues[k].count);
			json_object_end(&json);
		}
	}
	json_array_end(&json);
	const struct str param = buf_str(&text);
	enum err err = param.len > 2 ? db_query(store, insert_issues, &param, 1, NULL, error) : ERR_OK;
	buf_fini(&text);
	return err;
}

enum err put_report_rows(struct store *store, struct put_report *reports, size_t count, int64_t now_epoch_secs,
	struct error *error)
{
	struct arena *arena = arena_open(ARENA_BYTES);
	struct buf text;
	struct json json;
	if (count == 0) {
		arena_close(&arena);
		return ERR_OK;
	}
	buf_init(&text, JSON_BYTES);
	json_init(&json, &text);
	json_array(&json);
	for (size_t i = 0; i < count; i++)
		write_report(&json, arena, &reports[i], i);
	json_array_end(&json);
	enum err err = put_heads(store, reports, buf_str(&text),
		str_from(arena_printf(arena, "%lld", (long long)now_epoch_secs)), error);
	buf_fini(&text);
	if (!err)
		err = put_issues(store, reports, count, error);
	arena_close(&arena);
	return err;
}

static bool stands_in_text(const struct spool_report *report)
{
	for (size_t i = 0; i < report->issues_count; i++)
		if (report->issues[i].code == ISSUE_MAIL_TEXT_BODY)
			return true;
	return false;
}

static const char insert_copies[] =
	"INSERT INTO dmarcd.report_copy (mail_sha256, report_no, policy_domain, day, report_key, member, in_text) "
	"SELECT * FROM unnest($1::bytea[], $2::integer[], $3::text[], $4::date[], $5::uuid[], $6::text[], "
	"$7::boolean[]) "
	"ON CONFLICT DO NOTHING";

enum err put_report_copies(struct store *store, const struct put_report *reports, size_t count, struct error *error)
{
	struct columns columns;
	columns_init(&columns);
	for (size_t i = 0; i < count; i++) {
		if (reports[i].inserted || reports[i].mail->local)
			continue;
		columns_row(&columns);
		columns_bytes(&columns, (struct str){(const char *)reports[i].mail->sha256.bytes, SHA256_BYTES});
		columns_u64(&columns, reports[i].report_no);
		columns_text(&columns, str_from(reports[i].domain));
		columns_day(&columns, reports[i].report->day);
		columns_word(&columns, reports[i].key);
		columns_text(&columns, reports[i].report->member);
		columns_word(&columns, stands_in_text(reports[i].report) ? "t" : "f");
	}
	enum err err = columns_query(&columns, store, insert_copies, NULL, error);
	columns_fini(&columns);
	return err;
}
