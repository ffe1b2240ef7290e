// SPDX-License-Identifier: Apache-2.0
#include "store/verdict/provenance.h"

#include "base/fault.h"
#include "store/put_rows.h"
#include "store/verdict/mails.h"

/*
 * A mail raises what is said of its report and never lowers it; a further mail of a known report speaks for it
 * only where it is authenticated, or anybody could blacken a report by sending it on. In force stays who came
 * first, until one that is authenticated better comes (RELIABILITY, decision 7): verified takes the place of
 * plausible too, or a stranger's own domain would shut out the true one. Nobody takes that of a verified or
 * local one.
 */

#define REPORTS "unnest($1::text[], $2::date[], $3::uuid[]) AS g(policy_domain, day, report_key) " \
	"JOIN dmarcd.report r ON r.policy_domain = g.policy_domain AND r.day = g.day AND r.report_key = g.report_key"

static const char lock_identities[] =
	"SELECT 1 FROM dmarcd.report_identity WHERE identity IN (SELECT r.identity FROM " REPORTS ") "
	"ORDER BY identity FOR UPDATE";

static void fill_keys(struct columns *columns, const struct provenance *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		columns_row(columns);
		columns_text(columns, list[i].domain);
		columns_word(columns, list[i].day);
		columns_word(columns, list[i].key);
	}
}

enum err provenance_lock(struct store *store, const struct provenance *list, size_t count, struct error *error)
{
	struct columns columns;
	columns_init(&columns);
	fill_keys(&columns, list, count);
	enum err err = columns_query(&columns, store, lock_identities, NULL, error);
	columns_fini(&columns);
	return err;
}

enum err provenance_lock_mail(struct store *store, const struct sha256 *mail, struct error *error)
{
	char hex[SHA256_HEX_BYTES];
	const struct str param = str_from(sha256_hex(mail, hex));
	return db_query(store, "SELECT 1 FROM dmarcd.report_identity WHERE identity IN (SELECT identity "
		"FROM dmarcd.report WHERE mail_sha256 = decode($1, 'hex')) ORDER BY identity FOR UPDATE",
		&param, 1, NULL, error);
}

/* ---- states ---- */

static const char raise_reports[] =
	"WITH best AS (SELECT DISTINCT ON (g.policy_domain, g.day, g.report_key) g.*, r.provenance AS was "
	"FROM unnest($1::text[], $2::date[], $3::uuid[], $4::bytea[], $5::boolean[], $6::text[], $7::text[], "
	"$8::text[], $9::bigint[]) AS g(policy_domain, day, report_key, mail, copy, state, domain, reasons, judged) "
	"JOIN dmarcd.report r ON r.policy_domain = g.policy_domain AND r.day = g.day AND r.report_key = g.report_key "
	"WHERE g.state <> 'pending' AND (NOT g.copy OR g.state IN ('verified', 'plausible')) "
	"AND (dmarcd.provenance_rank(g.state) > dmarcd.provenance_rank(r.provenance) "
	"OR (g.state = r.provenance AND g.mail = r.provenance_mail)) "
	"ORDER BY g.policy_domain, g.day, g.report_key, dmarcd.provenance_rank(g.state) DESC, g.copy, g.mail) "
	"UPDATE dmarcd.report r SET provenance = b.state, provenance_domain = b.domain, "
	"provenance_reasons = string_to_array(nullif(b.reasons, ''), ' '), provenance_mail = b.mail, "
	"judged_at = to_timestamp(b.judged) FROM best b WHERE r.policy_domain = b.policy_domain AND r.day = b.day "
	"AND r.report_key = b.report_key RETURNING r.policy_domain, r.day::text, r.report_key::text, b.was, "
	"r.provenance, r.kind = 'aggregate' AND NOT r.conflict AND r.provenance <> b.was";

static void add_move(struct columns *moves, const struct db_rows *rows, size_t row, size_t key, size_t provenance,
	bool added)
{
	columns_row(moves);
	columns_text(moves, db_value(rows, row, 0));
	columns_text(moves, db_value(rows, row, 1));
	columns_text(moves, db_value(rows, row, key));
	columns_text(moves, db_value(rows, row, provenance));
	columns_word(moves, added ? "1" : "-1");
}

static enum err raise(struct store *store, const struct provenance *list, size_t count, struct columns *moves,
	struct error *error)
{
	struct columns columns;
	struct db_rows *rows = NULL;
	columns_init(&columns);
	for (size_t i = 0; i < count; i++) {
		fill_keys(&columns, &list[i], 1);
		column_sha256(&columns, list[i].mail);
		columns_word(&columns, list[i].copy ? "t" : "f");
		columns_text(&columns, list[i].state);
		columns_text(&columns, list[i].authenticated);
		columns_text(&columns, list[i].reasons.ptr ? list[i].reasons : STR(""));
		columns_u64(&columns, (uint64_t)list[i].judged_epoch_secs);
	}
	enum err err = columns_query(&columns, store, raise_reports, &rows, error);
	columns_fini(&columns);
	for (size_t row = 0; rows && row < db_count(rows); row++) {
		if (!db_bool(rows, row, 5))
			continue;
		add_move(moves, rows, row, 2, 3, false);
		add_move(moves, rows, row, 2, 4, true);
	}
	db_free(&rows);
	return err;
}

/* ---- conflicts ---- */

/* Reports of one identity have one policy domain and one day. */
static const char change_places[] =
	"WITH touched AS (SELECT DISTINCT r.identity FROM " REPORTS "), "
	"swap AS MATERIALIZED (SELECT DISTINCT ON (i.identity) i.identity, f.policy_domain, f.day, f.kind, "
	"f.report_key AS old_key, f.provenance AS old_state, c.report_key AS new_key, c.provenance AS new_state "
	"FROM touched t JOIN dmarcd.report_identity i ON i.identity = t.identity "
	"JOIN dmarcd.report f ON f.identity = i.identity AND f.report_key = i.report_key "
	"JOIN dmarcd.report c ON c.identity = i.identity AND c.report_key <> i.report_key AND c.conflict "
	"WHERE (c.provenance = 'verified' AND f.provenance IN ('plausible', 'unverified', 'contradicted')) "
	"OR (c.provenance = 'plausible' AND f.provenance IN ('unverified', 'contradicted')) "
	"ORDER BY i.identity, dmarcd.provenance_rank(c.provenance) DESC, c.stored_at, c.report_key), "
	"identities AS (UPDATE dmarcd.report_identity i SET report_key = s.new_key FROM swap s "
	"WHERE i.identity = s.identity), "
	"reports AS (UPDATE dmarcd.report r SET conflict = (r.report_key = s.old_key) FROM swap s "
	"WHERE r.identity = s.identity AND r.report_key IN (s.old_key, s.new_key)), "
	"records AS (UPDATE dmarcd.record t SET counted = (t.report_key = s.new_key) FROM swap s "
	"WHERE t.policy_domain = s.policy_domain AND t.day = s.day AND t.report_key IN (s.old_key, s.new_key)), "
	"policies AS (UPDATE dmarcd.tls_policy t SET counted = (t.report_key = s.new_key) FROM swap s "
	"WHERE s.kind = 'tlsrpt' AND t.report_key IN (s.old_key, s.new_key)) "
	"SELECT policy_domain, day::text, old_key::text, new_key::text, old_state, new_state, kind = 'aggregate' "
	"FROM swap";

static enum err settle_conflicts(struct store *store, const struct provenance *list, size_t count,
	struct columns *moves, struct error *error)
{
	struct columns columns;
	struct db_rows *rows = NULL;
	columns_init(&columns);
	fill_keys(&columns, list, count);
	enum err err = columns_query(&columns, store, change_places, &rows, error);
	columns_fini(&columns);
	for (size_t row = 0; rows && row < db_count(rows); row++) {
		if (!db_bool(rows, row, 6))
			continue;
		add_move(moves, rows, row, 2, 4, false);
		add_move(moves, rows, row, 3, 5, true);
	}
	db_free(&rows);
	return err;
}

enum err provenance_put(struct store *store, const struct provenance *list, size_t count, struct error *error)
{
	struct columns moves;
	columns_init(&moves);
	enum err err = raise(store, list, count, &moves, error);
	fault_point("verdict.raised");
	if (!err)
		err = settle_conflicts(store, list, count, &moves, error);
	if (!err)
		err = put_rollups_change(store, &moves, error);
	columns_fini(&moves);
	return err;
}
