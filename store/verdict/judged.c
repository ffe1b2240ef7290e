// SPDX-License-Identifier: Apache-2.0
#include "store/verdict/judged.h"

#include "store/verdict/mails.h"
#include "store/verdict/provenance.h"

#include <stdlib.h>

struct judged {
	struct db_rows *rows; /* a row for each report that was judged */
	bool waited;          /* it had a job */
};

static const char select_judged[] =
	"SELECT policy_domain, day::text, report_key::text, provenance, provenance_domain, "
	"array_to_string(provenance_reasons, ' '), encode(provenance_mail, 'hex'), "
	"extract(epoch FROM judged_at)::bigint FROM dmarcd.report "
	"WHERE mail_sha256 = decode($1, 'hex') AND judged_at IS NOT NULL ORDER BY 1, 2, 3";

enum err judged_take(struct store *store, const struct sha256 *mail, struct judged **judged_r, struct error *error)
{
	char hex[SHA256_HEX_BYTES];
	struct db_rows *rows = NULL;
	struct judged *judged = calloc(1, sizeof(*judged));
	if (!judged)
		die_out_of_memory();
	*judged_r = judged;
	const struct str param = str_from(sha256_hex(mail, hex));
	enum err err = db_query(store, "DELETE FROM dmarcd.verify_job WHERE sha256 = decode($1, 'hex') "
		"AND kind = 'report' RETURNING 1", &param, 1, &rows, error);
	judged->waited = !err && db_count(rows) > 0;
	db_free(&rows);
	if (!err)
		err = provenance_lock_mail(store, mail, error);
	return err ? err : db_query(store, select_judged, &param, 1, &judged->rows, error);
}

void judged_free(struct judged **judged)
{
	if (!*judged)
		return;
	db_free(&(*judged)->rows);
	free(*judged);
	*judged = NULL;
}

static enum err give_back(struct store *store, const struct judged *judged, struct error *error)
{
	const size_t count = db_count(judged->rows);
	struct arena *arena = arena_open((size_t)64 * 1024 * 1024);
	struct provenance *list = ARENA_ARRAY(arena, count ? count : 1, struct provenance);
	for (size_t i = 0; i < count; i++) {
		struct sha256 *mail = ARENA_NEW(arena, struct sha256);
		if (!sha256_parse(db_value(judged->rows, i, 6), mail))
			die("store: a hash that is none");
		list[i] = (struct provenance){
			.domain = db_value(judged->rows, i, 0),
			.day = arena_cstr(arena, db_value(judged->rows, i, 1)),
			.key = arena_cstr(arena, db_value(judged->rows, i, 2)),
			.mail = mail,
			.state = db_value(judged->rows, i, 3),
			.authenticated = db_value(judged->rows, i, 4),
			.reasons = db_value(judged->rows, i, 5),
			.judged_epoch_secs = (int64_t)db_u64(judged->rows, i, 7),
		};
	}
	enum err err = provenance_put(store, list, count, error);
	arena_close(&arena);
	return err;
}

/* What waits for nothing, and what was said of reports that are no more. */
static enum err forget(struct store *store, const struct sha256 *mail, const struct judged *judged,
	struct error *error)
{
	char hex[SHA256_HEX_BYTES];
	const struct str param = str_from(sha256_hex(mail, hex));
	enum err err = judged->waited ? ERR_OK : db_query(store, "DELETE FROM dmarcd.verify_job j "
		"WHERE j.sha256 = decode($1, 'hex') AND j.kind = 'report' "
		"AND EXISTS (SELECT FROM dmarcd.verdict v WHERE v.sha256 = j.sha256) "
		"AND NOT EXISTS (SELECT FROM dmarcd.report r WHERE r.mail_sha256 = j.sha256 AND r.judged_at IS NULL)",
		&param, 1, NULL, error);
	return err ? err : db_query(store, "DELETE FROM dmarcd.verdict v "
		"WHERE v.sha256 = decode($1, 'hex') AND v.kind <> 'sample' "
		"AND NOT EXISTS (SELECT FROM dmarcd.report r WHERE r.mail_sha256 = v.sha256) "
		"AND NOT EXISTS (SELECT FROM dmarcd.report_copy c WHERE c.mail_sha256 = v.sha256)",
		&param, 1, NULL, error);
}

static enum err forget_rechecks(struct store *store, const struct judged *judged, struct error *error)
{
	struct columns columns;
	columns_init(&columns);
	for (size_t i = 0; i < db_count(judged->rows); i++) {
		columns_row(&columns);
		for (size_t k = 0; k < 3; k++)
			columns_text(&columns, db_value(judged->rows, i, k));
	}
	enum err err = columns_query(&columns, store, "DELETE FROM dmarcd.recheck t "
		"USING unnest($1::text[], $2::date[], $3::uuid[]) AS g(policy_domain, day, report_key) "
		"WHERE t.policy_domain = g.policy_domain AND t.day = g.day AND t.report_key = g.report_key "
		"AND NOT EXISTS (SELECT FROM dmarcd.report r WHERE r.policy_domain = t.policy_domain AND r.day = t.day "
		"AND r.report_key = t.report_key)", NULL, error);
	columns_fini(&columns);
	return err;
}

enum err judged_give_back(struct store *store, const struct sha256 *mail, const struct judged *judged,
	struct error *error)
{
	enum err err = give_back(store, judged, error);
	if (!err)
		err = forget_rechecks(store, judged, error);
	return err ? err : forget(store, mail, judged, error);
}
