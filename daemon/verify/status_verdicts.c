// SPDX-License-Identifier: Apache-2.0
#include "daemon/verify/status_verdicts.h"

#include "base/clock.h"
#include "base/notice.h"
#include "base/wide.h"
#include "evidence/evidence.h"
#include "store/query.h"
#include "store/verdict/judgement.h"

#include <sysexits.h>

static const char select_verdicts[] =
	"SELECT q.waiting, q.due, q.tried, to_char(q.oldest_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') "
	"AS oldest, to_char(q.next_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS next, q.problem, r.* "
	"FROM dmarcd_api.verify_queue q, (SELECT count(*) FILTER (WHERE provenance = 'pending') AS pending, "
	"count(*) FILTER (WHERE provenance = 'local') AS local, "
	"count(*) FILTER (WHERE provenance = 'verified') AS verified, "
	"count(*) FILTER (WHERE provenance = 'plausible') AS plausible, "
	"count(*) FILTER (WHERE provenance = 'unverified') AS unverified, "
	"count(*) FILTER (WHERE provenance = 'contradicted') AS contradicted FROM dmarcd_api.report) r";
static const char *const queue[] = {"waiting", "due", "tried"};
static const char *const states[] = {"pending", "local", "verified", "plausible", "unverified", "contradicted"};

struct status_verdicts {
	struct str queue[3], states[6];
	struct str oldest, next, problem;
	struct str pauses; /* a daemon's word; absent: it does not */
};

enum err status_verdicts_read(const struct cli *cli, struct store *store, struct arena *arena,
	struct status_verdicts **verdicts_r, struct error *error)
{
	char notice[NOTICE_BYTES];
	struct rows *rows = NULL;
	struct status_verdicts *verdicts = ARENA_NEW(arena, struct status_verdicts);
	enum err err = query_open(store, select_verdicts, NULL, 0, false, &rows, error);
	if (!err && query_next(rows)) {
		for (size_t i = 0; i < 3; i++)
			verdicts->queue[i] = arena_str(arena, query_get(rows, queue[i]));
		for (size_t i = 0; i < 6; i++)
			verdicts->states[i] = arena_str(arena, query_get(rows, states[i]));
		verdicts->oldest = arena_str(arena, query_get(rows, "oldest"));
		verdicts->next = arena_str(arena, query_get(rows, "next"));
		verdicts->problem = arena_str(arena, query_get(rows, "problem"));
	}
	query_close(&rows);
	if (notice_read(arena_printf(arena, "%s/" EVIDENCE_NOTICE, cli->config->state_dir), notice))
		verdicts->pauses = arena_str(arena, str_from(notice));
	*verdicts_r = verdicts;
	return err;
}

void status_verdicts_json(struct json *json, const struct status_verdicts *verdicts)
{
	json_key(json, "verdicts");
	json_object(json);
	for (size_t i = 0; i < 3; i++) {
		json_key(json, queue[i]);
		json_verbatim(json, verdicts->queue[i]);
	}
	json_key_value_str(json, "oldest", verdicts->oldest);
	json_key_value_str(json, "next", verdicts->next);
	json_key_value_str(json, "problem", verdicts->problem);
	json_key_value_str(json, "pauses", verdicts->pauses);
	for (size_t i = 0; i < 6; i++) {
		json_key(json, states[i]);
		json_verbatim(json, verdicts->states[i]);
	}
	json_object_end(json);
}

void status_verdicts_text(struct buf *out, const struct status_verdicts *verdicts)
{
	char text[WIDE_GROUPED_BYTES];
	if (wide_parse(verdicts->queue[0]) > 0) {
		buf_printf(out, "mails that wait for their verdict: %s",
			wide_grouped(wide_parse(verdicts->queue[0]), text));
		buf_printf(out, ", the oldest since %.*s", STR_FMT(verdicts->oldest));
		buf_printf(out, ", the next at %.*s\n", STR_FMT(verdicts->next));
		if (verdicts->problem.len > 0)
			buf_printf(out, "  what keeps one of them: %.*s\n", STR_FMT(verdicts->problem));
	}
	if (verdicts->pauses.len > 0)
		buf_printf(out, "verdicts pause: %.*s\n", STR_FMT(verdicts->pauses));
}

void status_verdicts_waiting(const struct cli *cli, struct services *services)
{
	struct store *store = NULL;
	struct verdict_queue queued = {0};
	struct error error = {0};
	char number[WIDE_GROUPED_BYTES];
	if (cli->quiet || services_store_open(services, SERVICE_INGEST, &store, &error) != EX_OK)
		return;
	if (verdict_queue_stats(store, clock_epoch_secs(), &queued, &error) == ERR_OK && queued.waiting > 0)
		cli_say(cli, "%s mail%s for %s verdict: dmarcd verify --once, or dmarcd run",
			wide_grouped(queued.waiting, number), queued.waiting == 1 ? " waits" : "s wait",
			queued.waiting == 1 ? "its" : "their");
	store_close(&store);
}
