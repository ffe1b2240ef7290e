// SPDX-License-Identifier: Apache-2.0
#include "store/verdict/coherence.h"
#include "store/verdict/mails.h"
#include "store/verdict/mask.h"
#include "store/verdict/provenance.h"

#include "base/fault.h"
#include "store/put_rows.h"

#include <stdlib.h>
#include <string.h>

#define LINES_BYTES ((size_t)256 * 1024 * 1024)
#define FLUSH_BYTES ((size_t)256 * 1024)
#define ARENA_BYTES ((size_t)256 * 1024 * 1024)

/* ---- whose leases are still theirs ---- */

static const char take_jobs[] =
	"WITH ours AS MATERIALIZED (SELECT j.sha256, g.no FROM unnest($1::bytea[], $2::integer[], $3::bigint[], "
	"$4::integer[]) AS g(sha256, tries, queued, no) JOIN dmarcd.verify_job j ON j.sha256 = g.sha256 "
	"AND j.tries = g.tries AND extract(epoch FROM j.queued_at)::bigint = g.queued "
	"ORDER BY j.sha256 FOR UPDATE OF j), "
	"done AS (DELETE FROM dmarcd.verify_job j USING ours o WHERE j.sha256 = o.sha256) "
	"SELECT no FROM ours";

static enum err take(struct store *store, struct judgement *judgements, size_t count, struct error *error)
{
	struct columns columns;
	struct db_rows *rows = NULL;
	columns_init(&columns);
	for (size_t i = 0; i < count; i++) {
		judgements[i].written = false;
		columns_row(&columns);
		column_sha256(&columns, &judgements[i].mail->sha256);
		columns_u64(&columns, judgements[i].mail->tries);
		columns_u64(&columns, (uint64_t)judgements[i].mail->queued_epoch_secs);
		columns_u64(&columns, i);
	}
	enum err err = columns_query(&columns, store, take_jobs, &rows, error);
	columns_fini(&columns);
	for (size_t row = 0; rows && row < db_count(rows); row++)
		judgements[db_u64(rows, row, 0)].written = true;
	db_free(&rows);
	return err;
}

/* ---- verdicts ---- */

static void put_list(struct buf *line, const struct verify_list *list)
{
	struct columns array;
	columns_init(&array);
	for (size_t i = 0; i < list->count; i++) {
		columns_row(&array);
		columns_text(&array, list->at[i]);
	}
	buf_add_char(&array.texts[0], list->count > 0 ? '}' : '{');
	if (list->count == 0)
		buf_add_char(&array.texts[0], '}');
	db_copy_text(line, buf_str(&array.texts[0]), false);
	columns_fini(&array);
}

static void put_bytes(struct buf *line, const struct sha256 *sum)
{
	char hex[SHA256_HEX_BYTES];
	buf_printf(line, "\\\\x%s\t", sha256_hex(sum, hex));
}

static void put_line(struct buf *line, const struct verdict_row *row)
{
	char ip[IP_TEXT_BYTES], at[TIME_TEXT_BYTES];
	put_bytes(line, &row->sha256);
	db_copy_u64(line, row->part, false);
	db_copy_text(line, str_from(judged_kind_text(row->kind)), false);
	db_copy_text(line, str_from(time_format(row->judged_epoch_secs, at)), false);
	db_copy_text(line, row->ip.family ? str_from(ip_format(&row->ip, ip)) : STR_NONE, false);
	db_copy_text(line, row->helo, false);
	db_copy_text(line, row->mail_from, false);
	db_copy_text(line, row->headers_only ? STR("t") : STR("f"), false);
	put_list(line, &row->trusted_hops);
	put_list(line, &row->authserv_ids);
	put_list(line, &row->pairs);
	db_copy_text(line, row->spf, false);
	db_copy_text(line, row->dkim, false);
	db_copy_text(line, row->dmarc, false);
	db_copy_text(line, row->arc, false);
	db_copy_text(line, row->author_domain, false);
	db_copy_text(line, row->verdict, false);
	db_copy_text(line, row->answers, true);
}

static enum err copy_verdicts(struct store *store, const struct judgement *judgements, size_t count,
	struct error *error)
{
	struct buf lines;
	buf_init(&lines, LINES_BYTES);
	enum err err = db_copy_begin(store, "COPY dmarcd.verdict (sha256, part, kind, judged_at, ip, helo, mail_from, "
		"headers_only, trusted_hops, authserv_ids, pairs, spf, dkim, dmarc, arc, author_domain, verdict, "
		"answers) FROM STDIN", error);
	if (err)
		return err;
	for (size_t i = 0; i < count && !err; i++) {
		for (size_t k = 0; judgements[i].written && k < judgements[i].rows_count; k++)
			put_line(&lines, &judgements[i].rows[k]);
		if (lines.overflow)
			err = error_set(error, ERR_INVALID, "a verdict is larger than a statement takes");
		else if (lines.len >= FLUSH_BYTES || (i + 1 == count && lines.len > 0))
			err = db_copy_add(store, buf_str(&lines), error);
		if (lines.len >= FLUSH_BYTES)
			buf_reset(&lines);
	}
	buf_fini(&lines);
	if (!err)
		return db_copy_end(store, error);
	db_copy_cancel(store);
	return err;
}

/* Of a sample that is not to be kept, not by its verdict either. */
static enum err mask_unkept(struct store *store, const struct judgement *judgements, size_t count,
	struct error *error)
{
	struct columns columns;
	size_t samples = 0;
	columns_init(&columns);
	for (size_t i = 0; i < count; i++) {
		bool sample = false;
		for (size_t k = 0; judgements[i].written && k < judgements[i].rows_count; k++)
			sample |= judgements[i].rows[k].kind == JUDGED_FAILURE;
		if (!sample)
			continue;
		samples++;
		columns_row(&columns);
		column_sha256(&columns, &judgements[i].mail->sha256);
	}
	enum err err = samples == 0 ? ERR_OK : columns_query(&columns, store, VERDICT_MASK
		"v.sha256 = ANY ($1::bytea[]) AND NOT EXISTS (SELECT FROM dmarcd.original o WHERE o.sha256 = v.sha256) "
		"AND NOT EXISTS (SELECT FROM dmarcd.report r JOIN dmarcd.failure f USING (policy_domain, day, "
		"report_key) "
		"WHERE r.mail_sha256 = v.sha256 AND f.sample_headers IS NOT NULL)", NULL, error);
	columns_fini(&columns);
	return err;
}

static enum err put_verdicts(struct store *store, const struct judgement *judgements, size_t count,
	struct error *error)
{
	struct columns columns;
	columns_init(&columns);
	for (size_t i = 0; i < count; i++) {
		if (!judgements[i].written)
			continue;
		columns_row(&columns);
		column_sha256(&columns, &judgements[i].mail->sha256);
	}
	enum err err = columns_query(&columns, store, "DELETE FROM dmarcd.verdict WHERE sha256 = ANY ($1::bytea[])",
		NULL, error);
	columns_fini(&columns);
	if (!err)
		err = copy_verdicts(store, judgements, count, error);
	return err ? err : mask_unkept(store, judgements, count, error);
}

/* ---- what they say of reports ---- */

static size_t list_provenance(const struct judgement *judgements, size_t count, struct arena *arena,
	struct provenance **list_r)
{
	size_t total = 0, at = 0;
	for (size_t i = 0; i < count; i++)
		total += judgements[i].written ? judgements[i].mail->claims.count : 0;
	*list_r = ARENA_ARRAY(arena, total ? total : 1, struct provenance);
	for (size_t i = 0; i < count; i++) {
		const struct judgement *judgement = &judgements[i];
		for (size_t k = 0; judgement->written && k < judgement->mail->claims.count; k++) {
			const struct judged_report *report = &judgement->mail->reports[k];
			const struct report_finding *finding = &judgement->findings[k];
			(*list_r)[at++] = (struct provenance){
				.domain = report->domain,
				.day = report->day,
				.key = report->key,
				.mail = &judgement->mail->sha256,
				.copy = report->copy,
				.state = finding->state,
				.authenticated = finding->domain,
				.reasons = finding->reasons,
				.judged_epoch_secs = judgement->judged_epoch_secs,
			};
		}
	}
	return total;
}

static const char insert_rechecks[] =
	"INSERT INTO dmarcd.recheck (policy_domain, day, report_key, method, reporter, ours, difference, detail) "
	"SELECT * FROM unnest($1::text[], $2::date[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], "
	"$8::text[]) ON CONFLICT (policy_domain, day, report_key, method) DO UPDATE SET reporter = excluded.reporter, "
	"ours = excluded.ours, difference = excluded.difference, detail = excluded.detail";

static struct str or_empty(struct str text)
{
	return text.ptr ? text : STR("");
}

static enum err put_rechecks(struct store *store, const struct judgement *judgements, size_t count,
	struct error *error)
{
	struct columns columns;
	columns_init(&columns);
	for (size_t i = 0; i < count; i++) {
		const struct judgement *judgement = &judgements[i];
		for (size_t k = 0; judgement->written && k < judgement->mail->claims.count; k++) {
			const struct judged_report *report = &judgement->mail->reports[k];
			const struct report_finding *finding = &judgement->findings[k];
			for (size_t n = 0; n < finding->recheck_count; n++) {
				columns_row(&columns);
				columns_text(&columns, report->domain);
				columns_word(&columns, report->day);
				columns_word(&columns, report->key);
				columns_text(&columns, or_empty(finding->recheck[n].method));
				columns_text(&columns, finding->recheck[n].reporter);
				columns_text(&columns, finding->recheck[n].ours);
				columns_text(&columns, or_empty(finding->recheck[n].difference));
				columns_text(&columns, or_empty(finding->recheck[n].detail));
			}
		}
	}
	enum err err = columns_query(&columns, store, insert_rechecks, NULL, error);
	columns_fini(&columns);
	return err;
}

/* ---- samples ---- */

static enum err put_sample(struct store *store, const struct judgement *judgement, struct arena *arena,
	struct error *error)
{
	char hex[SHA256_HEX_BYTES], ip[IP_TEXT_BYTES];
	const struct sample_finding *sample = judgement->sample;
	struct columns differs;
	columns_init(&differs);
	for (size_t i = 0; i < sample->authres_differs.count; i++) {
		columns_row(&differs);
		columns_text(&differs, sample->authres_differs.at[i]);
	}
	buf_add_str(&differs.texts[0], sample->authres_differs.count > 0 ? STR("}") : STR("{}"));
	const struct str params[] = {
		str_from(sha256_hex(&judgement->mail->sha256, hex)),
		sample->problem.ptr ? STR_NONE : or_empty(sample->mta),
		sample->found_by,
		sample->domain,
		sample->source_ip.family ? str_from(ip_format(&sample->source_ip, ip)) : STR_NONE,
		sample->helo,
		sample->probe,
		sample->spf_aligned ? STR("t") : STR("f"),
		sample->dkim_aligned ? STR("t") : STR("f"),
		str_from(arena_printf(arena, "%llu", (unsigned long long)sample->authres_agrees)),
		buf_str(&differs.texts[0]),
		or_empty(sample->problem),
	};
	enum err err = db_query(store, "UPDATE dmarcd.sample SET mta = $2, found_by = $3, domain = $4, "
		"source_ip = $5::inet, helo = $6, probe = $7, spf_aligned = $8::boolean, dkim_aligned = $9::boolean, "
		"authres_agrees = $10::integer, authres_differs = $11::text[], problem = $12 "
		"WHERE sha256 = decode($1, 'hex')",
		params, 12, NULL, error);
	columns_fini(&differs);
	return err;
}

/* ---- all of it ---- */

static enum err put_all(struct store *store, struct judgement *judgements, size_t count, struct arena *arena,
	struct error *error)
{
	struct provenance *list = NULL;
	enum err err = take(store, judgements, count, error);
	if (err)
		return err;
	const size_t reports = list_provenance(judgements, count, arena, &list);
	err = provenance_lock(store, list, reports, error);
	if (!err)
		err = put_verdicts(store, judgements, count, error);
	fault_point("verdict.copied");
	if (!err)
		err = put_rechecks(store, judgements, count, error);
	for (size_t i = 0; i < count && !err; i++)
		if (judgements[i].written && judgements[i].sample)
			err = put_sample(store, &judgements[i], arena, error);
	if (!err)
		err = provenance_put(store, list, reports, error);
	for (size_t i = 0; i < count && !err; i++)
		if (judgements[i].written && judgements[i].rows_count > 0 && judgements[i].rows[0].pairs.count > 0)
			err = coherence_settle(store, &judgements[i].mail->sha256, error);
	return err;
}

static enum err put_once(struct store *store, struct judgement *judgements, size_t count, struct error *error)
{
	struct arena *arena = arena_open(ARENA_BYTES);
	enum err err = db_begin(store, error);
	if (!err)
		err = put_all(store, judgements, count, arena, error);
	arena_close(&arena);
	fault_point("verdict.put");
	if (!err)
		return db_commit(store, error);
	db_rollback(store);
	return err;
}

enum err verdict_put(struct store *store, struct judgement *judgements, size_t count, struct error *error)
{
	enum err err;
	int tries = 0;
	do {
		err = put_once(store, judgements, count, error);
	} while (put_is_repeated(store, err, &tries));
	return err;
}
