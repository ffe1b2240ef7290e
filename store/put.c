// SPDX-License-Identifier: Apache-2.0
/*
 * The tour: put_batch() opens a transaction, writes the mails (put_mail.c),
 * the heads of reports of mails that are new (put_report.c), the rows of
 * reports that are new (put_record.c) and their daily sums (put_sums.c,
 * put_rollup.c), and commits. What is new is what the unique keys let in, so two processes with
 * the same mails come to the same end.
 */
#include "store/put.h"

#include "base/fault.h"
#include "store/columns.h"
#include "store/put_rows.h"
#include "store/verdict/coherence.h"
#include "store/verdict/judged.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#define REPEATS_MAX 10
#define PAUSE_MSECS 2u /* doubled at each try: a second at the last */
#define ARENA_BYTES ((size_t)256 * 1024 * 1024)

const char *mail_outcome_text(enum mail_outcome outcome)
{
	switch (outcome) {
	case OUTCOME_STORED:
		return "stored";
	case OUTCOME_DUPLICATE:
		return "duplicate";
	case OUTCOME_NOT_A_REPORT:
		return "not_a_report";
	case OUTCOME_QUARANTINED:
		return "quarantined";
	}
	return "";
}

#define MONTHS_MAX 32

struct months {
	int done[MONTHS_MAX];
	size_t count;
};

static enum err ensure_month(struct store *store, struct months *months, struct day day, struct error *error)
{
	int year, month, mday;
	size_t at = 0;
	char text[DAY_TEXT_BYTES];
	day_to_civil(day, &year, &month, &mday);
	while (at < months->count && months->done[at] != year * 12 + month)
		at++;
	if (at < months->count)
		return ERR_OK;
	if (months->count < MONTHS_MAX)
		months->done[months->count++] = year * 12 + month;
	const struct str param = str_from(day_format(day, text));
	return db_query(store, "SELECT dmarcd.ensure_month($1::date)", &param, 1, NULL, error);
}

/* The partitions that the batch needs, each made in a transaction of its own:
 * making one locks out everybody, and must not wait while we hold rows. */
static enum err ensure_months(struct store *store, const struct put_mail *mails, size_t count, struct error *error)
{
	struct months months = {0};
	enum err err = ERR_OK;
	for (size_t i = 0; i < count && !err; i++) {
		if (mails[i].outcome != OUTCOME_STORED || !mails[i].spool)
			continue;
		for (size_t k = 0; k < spool_reports_count(mails[i].spool) && !err; k++) {
			const struct spool_report *report = spool_report_at(mails[i].spool, k);
			if (report->kind != REPORT_AGGREGATE)
				continue;
			err = ensure_month(store, &months, report->day, error);
			if (!err) /* its daily sums may reach into it */
				err = ensure_month(store, &months, day_of_epoch(report->aggregate.end_epoch_secs),
					error);
		}
	}
	return err;
}

static size_t reports_of(const struct put_mail *mail)
{
	return mail->outcome == OUTCOME_STORED && mail->spool && !mail->copy ? spool_reports_count(mail->spool) : 0;
}

static const char *domain_of(struct arena *arena, const struct spool_report *report)
{
	switch (report->kind) {
	case REPORT_AGGREGATE:
		return arena_cstr(arena, report->aggregate.policy.domain);
	case REPORT_FAILURE:
		return arena_cstr(arena, report->failure.reported_domain);
	case REPORT_TLSRPT:
		break;
	}
	return "";
}

static struct put_report *list_reports(struct arena *arena, struct put_mail *mails, size_t count, size_t *count_r)
{
	size_t total = 0, at = 0;
	for (size_t i = 0; i < count; i++)
		total += reports_of(&mails[i]);
	struct put_report *reports = ARENA_ARRAY(arena, total ? total : 1, struct put_report);
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < reports_of(&mails[i]); k++) {
			struct put_report *report = &reports[at++];
			report->mail = &mails[i];
			report->report_no = k;
			report->report = spool_report_at(mails[i].spool, k);
			report->domain = domain_of(arena, report->report);
			(void)sha256_uuid(&report->report->key, report->key);
		}
	}
	*count_r = total;
	return reports;
}

/* What each mail added; one whose reports were all known is a duplicate. */
static enum err settle_outcomes(struct store *store, struct put_mail *mails, size_t count,
	const struct put_report *reports, size_t reports_count, struct error *error)
{
	enum err err = ERR_OK;
	for (size_t i = 0; i < reports_count; i++) {
		if (!reports[i].inserted)
			continue;
		struct put_mail *mail = reports[i].mail;
		mail->inserted++;
		mail->reports += !reports[i].conflict;
		if (!reports[i].conflict && reports[i].report->kind == REPORT_AGGREGATE) {
			mail->records += reports[i].report->totals.records;
			mail->messages += reports[i].report->totals.messages;
		}
	}
	for (size_t i = 0; i < count && !err; i++) {
		char hex[SHA256_HEX_BYTES];
		if (mails[i].copy || mails[i].outcome != OUTCOME_STORED || mails[i].inserted > 0)
			continue;
		mails[i].outcome = OUTCOME_DUPLICATE;
		const struct str param = str_from(sha256_hex(&mails[i].sha256, hex));
		err = db_query(store, "UPDATE dmarcd.mail SET outcome = 'duplicate' WHERE sha256 = decode($1, 'hex')",
			&param, 1, NULL, error);
	}
	return err;
}

/* Reports of mails whose rows are there, within the open transaction. */
static enum err put_contents(struct store *store, struct put_mail *mails, size_t count,
	const struct put_options *options, struct arena *arena, struct error *error)
{
	size_t reports_count;
	struct put_report *reports = list_reports(arena, mails, count, &reports_count);
	enum err err = put_report_rows(store, reports, reports_count, options->now_epoch_secs, error);
	if (!err)
		err = put_report_contents(store, reports, reports_count, options, error);
	if (!err)
		err = put_originals(store, mails, count, options->now_epoch_secs, error);
	if (!err)
		err = put_report_copies(store, reports, reports_count, error);
	if (!err)
		err = put_jobs(store, mails, count, options->now_epoch_secs, error);
	if (!err)
		err = settle_outcomes(store, mails, count, reports, reports_count, error);
	return err;
}

static enum err put_once(struct store *store, struct put_mail *mails, size_t count,
	const struct put_options *options, struct error *error)
{
	struct arena *arena = arena_open(ARENA_BYTES);
	enum err err = db_begin(store, error);
	fault_point("store.begin");
	if (!err)
		err = put_mail_rows(store, mails, count, options->now_epoch_secs, error);
	if (!err)
		err = put_contents(store, mails, count, options, arena, error);
	arena_close(&arena);
	if (err) {
		db_rollback(store);
		return err;
	}
	fault_point("store.commit");
	return db_commit(store, error);
}

/* Out fields as they were, for another try. */
static void reset_out(struct put_mail *mails, size_t count, const enum mail_outcome *outcomes)
{
	for (size_t i = 0; i < count; i++) {
		mails[i].outcome = outcomes[i];
		mails[i].copy = mails[i].same_sighting = false;
		mails[i].inserted = mails[i].reports = mails[i].records = 0;
		mails[i].messages = 0;
	}
}

bool put_is_repeated(struct store *store, enum err err, int *tries)
{
	if (!err || err == ERR_UNCERTAIN || !db_may_repeat(store) || ++*tries == REPEATS_MAX)
		return false;
	unsigned random = 0;
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != (ssize_t)sizeof(random))
		random = (unsigned)getpid();
	(void)poll(NULL, 0, (int)(random % (PAUSE_MSECS << *tries)));
	return true;
}

enum err put_batch(struct store *store, struct put_mail *mails, size_t count, const struct put_options *options,
	struct error *error)
{
	enum mail_outcome *outcomes = calloc(count ? count : 1, sizeof(*outcomes));
	if (!outcomes)
		die_out_of_memory();
	for (size_t i = 0; i < count; i++)
		outcomes[i] = mails[i].outcome;
	int tries = 0;
	enum err err = ensure_months(store, mails, count, error);
	if (!err) {
		do {
			reset_out(mails, count, outcomes);
			err = put_once(store, mails, count, options, error);
		} while (put_is_repeated(store, err, &tries));
	}
	if (err && err != ERR_UNCERTAIN)
		reset_out(mails, count, outcomes);
	free(outcomes);
	return err;
}

/* ---- what is known already ---- */

static const char select_known[] =
	"SELECT g.no, m.outcome, EXISTS (SELECT FROM dmarcd.mail_sighting s WHERE s.sha256 = m.sha256 "
	"AND s.maildir = g.maildir AND s.unique_name = g.name) "
	"FROM unnest($1::bytea[], $2::text[], $3::text[], $4::integer[]) AS g(sha256, maildir, name, no) "
	"JOIN dmarcd.mail m ON m.sha256 = g.sha256";

static enum mail_outcome outcome_of(struct str text)
{
	for (int i = OUTCOME_STORED; i <= OUTCOME_QUARANTINED; i++)
		if (str_eq(text, str_from(mail_outcome_text((enum mail_outcome)i))))
			return (enum mail_outcome)i;
	return OUTCOME_STORED;
}

enum err put_known(struct store *store, const struct sha256 *sums, const struct mail_source *sources, size_t count,
	struct known_mail *known_r, struct error *error)
{
	struct columns columns;
	struct db_rows *rows = NULL;
	columns_init(&columns);
	for (size_t i = 0; i < count; i++) {
		known_r[i] = (struct known_mail){0};
		columns_row(&columns);
		columns_bytes(&columns, (struct str){(const char *)sums[i].bytes, SHA256_BYTES});
		columns_text(&columns, sources[i].maildir);
		columns_text(&columns, sources[i].unique);
		columns_u64(&columns, i);
	}
	enum err err = columns_query(&columns, store, select_known, &rows, error);
	for (size_t row = 0; rows && row < db_count(rows); row++)
		known_r[db_u64(rows, row, 0)] = (struct known_mail){
			.known = true,
			.outcome = outcome_of(db_value(rows, row, 1)),
			.same_sighting = db_bool(rows, row, 2),
		};
	db_free(&rows);
	columns_fini(&columns);
	return err;
}

static enum err copies_once(struct store *store, const struct sha256 *sums, const struct mail_source *sources,
	size_t count, struct copy_mail *copies_r, struct error *error)
{
	enum err err = db_begin(store, error);
	if (!err)
		err = put_sightings(store, sums, sources, count, copies_r, error);
	if (!err)
		err = put_copies_counted(store, sums, copies_r, count, error);
	fault_point("store.copies");
	if (!err)
		return db_commit(store, error);
	db_rollback(store);
	return err;
}

enum err put_copies(struct store *store, const struct sha256 *sums, const struct mail_source *sources, size_t count,
	struct copy_mail *copies_r, struct error *error)
{
	enum err err;
	int tries = 0;
	do {
		err = copies_once(store, sums, sources, count, copies_r, error);
	} while (put_is_repeated(store, err, &tries));
	return err;
}

/* ---- reading a mail anew ---- */

static enum err forget_reports(struct store *store, const struct sha256 *sum, struct error *error)
{
	static const char *const statements[] = {
		"DELETE FROM dmarcd.report_identity i USING dmarcd.report r WHERE r.mail_sha256 = decode($1, 'hex') "
		"AND i.identity = r.identity AND i.report_key = r.report_key",
		"DELETE FROM dmarcd.record t USING dmarcd.report r WHERE r.mail_sha256 = decode($1, 'hex') "
		"AND t.policy_domain = r.policy_domain AND t.day = r.day AND t.report_key = r.report_key",
		"DELETE FROM dmarcd.failure t USING dmarcd.report r WHERE r.mail_sha256 = decode($1, 'hex') "
		"AND t.policy_domain = r.policy_domain AND t.day = r.day AND t.report_key = r.report_key",
		"DELETE FROM dmarcd.tls_policy t USING dmarcd.report r WHERE r.mail_sha256 = decode($1, 'hex') "
		"AND t.report_key = r.report_key",
		"DELETE FROM dmarcd.tls_detail t USING dmarcd.report r WHERE r.mail_sha256 = decode($1, 'hex') "
		"AND t.report_key = r.report_key",
		"DELETE FROM dmarcd.issue t USING dmarcd.report r WHERE r.mail_sha256 = decode($1, 'hex') "
		"AND t.policy_domain = r.policy_domain AND t.day = r.day AND t.report_key = r.report_key",
		"DELETE FROM dmarcd.report WHERE mail_sha256 = decode($1, 'hex')",
		"DELETE FROM dmarcd.report_copy WHERE mail_sha256 = decode($1, 'hex')",
	};
	char hex[SHA256_HEX_BYTES];
	const struct str param = str_from(sha256_hex(sum, hex));
	enum err err = put_rollups_remove(store, sum, error);
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]) && !err; i++)
		err = db_query(store, statements[i], &param, 1, NULL, error);
	return err;
}

static enum err update_mail(struct store *store, const struct put_mail *mail, struct arena *arena,
	struct error *error)
{
	char hex[SHA256_HEX_BYTES];
	const char *sentence = reason_sentence(mail->reason);
	const struct mail_head *head = &mail->head;
	const struct str params[] = {
		str_from(sha256_hex(&mail->sha256, hex)),
		str_from(mail_outcome_text(mail->outcome)),
		str_from(reason_code(mail->reason)),
		mail->detail.len == 0 ? str_from(sentence) :
			str_from(arena_printf(arena, "%s: %.*s", sentence, STR_FMT(mail->detail))),
		head->from,
		head->subject,
		head->message_id,
		head->date,
		head->date_epoch_secs > 0 ? str_from(arena_printf(arena, "%lld",
			(long long)head->date_epoch_secs)) : STR_NONE,
	};
	return db_query(store, "UPDATE dmarcd.mail SET outcome = $2, code = $3, reason = $4, "
		"head_from = coalesce($5, head_from), head_subject = coalesce($6, head_subject), "
		"head_message_id = coalesce($7, head_message_id), head_date = coalesce($8, head_date), "
		"head_date_at = coalesce(to_timestamp($9::bigint), head_date_at) "
		"WHERE sha256 = decode($1, 'hex')", params, 9, NULL, error);
}

static enum err again_once(struct store *store, struct put_mail *mail, const struct put_options *options,
	struct error *error)
{
	struct arena *arena = arena_open(ARENA_BYTES);
	char hex[SHA256_HEX_BYTES];
	struct db_rows *rows = NULL;
	const struct str param = str_from(sha256_hex(&mail->sha256, hex));
	struct judged *judged = NULL;
	enum err err = db_begin(store, error);
	if (!err)
		err = db_query(store, "SELECT 1 FROM dmarcd.mail WHERE sha256 = decode($1, 'hex') FOR UPDATE",
			&param, 1, &rows, error);
	if (!err && db_count(rows) == 0)
		err = error_set(error, ERR_NOTFOUND, "the database knows no mail %s", hex);
	db_free(&rows);
	if (!err)
		err = judged_take(store, &mail->sha256, &judged, error);
	if (!err)
		err = forget_reports(store, &mail->sha256, error);
	if (!err)
		err = update_mail(store, mail, arena, error);
	if (!err)
		err = put_contents(store, mail, 1, options, arena, error);
	if (!err)
		err = judged_give_back(store, &mail->sha256, judged, error);
	if (!err)
		err = coherence_settle(store, &mail->sha256, error);
	judged_free(&judged);
	arena_close(&arena);
	if (!err)
		return db_commit(store, error);
	db_rollback(store);
	return err;
}

enum err put_again(struct store *store, struct put_mail *mail, const struct put_options *options,
	struct error *error)
{
	const enum mail_outcome outcome = mail->outcome;
	int tries = 0;
	enum err err = ensure_months(store, mail, 1, error);
	if (err)
		return err;
	do {
		reset_out(mail, 1, &outcome);
		err = again_once(store, mail, options, error);
	} while (put_is_repeated(store, err, &tries));
	return err;
}
