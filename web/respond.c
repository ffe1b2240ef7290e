// SPDX-License-Identifier: Apache-2.0
#include "web/respond.h"

#include "base/log.h"
#include "base/notice.h"
#include "model/json.h"
#include "web/pages/document.h"
#include "web/page.h"
#include "web/parameters.h"
#include "web/pages/provenance.h"
#include "web/url.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ARENA_BYTES ((size_t)32 * 1024 * 1024)
#define DAYS_MAX 20000
#define API STR("/api/v1")

void respond_message(const struct respond *respond, bool json, unsigned status, const char *title, const char *text,
	struct answer *answer_r)
{
	answer_r->status = status;
	answer_r->file_name[0] = '\0';
	buf_reset(&answer_r->body);
	if (json) {
		struct json writer;
		answer_r->type = "application/json; charset=utf-8";
		json_init(&writer, &answer_r->body);
		json_object(&writer);
		json_key_value_cstr(&writer, "error", title);
		json_key_value_cstr(&writer, "text", text);
		json_object_end(&writer);
		buf_add_char(&answer_r->body, '\n');
	} else {
		answer_r->type = "text/html; charset=utf-8";
		frame_message(&answer_r->body, respond->web, title, text);
	}
}

static struct str day_text(struct arena *arena, struct day day)
{
	char text[DAY_TEXT_BYTES];
	return arena_str(arena, str_from(day_format(day, text)));
}

/* Where no period is asked for: the days up to the last one reported. */
static enum err fill_period(struct request *request, struct store *store, struct error *error)
{
	struct filter *filter = &request->filter;
	struct rows *rows = NULL;
	struct day from, to = day_of_epoch(clock_epoch_secs());
	enum err err = ERR_OK;
	if (!filter->to.ptr) {
		err = query_open(store, "SELECT greatest(max(d.day), max(t.day))::text AS day FROM "
			"(SELECT max(day) AS day FROM dmarcd_api.daily) d, (SELECT max(day) AS day FROM "
			"dmarcd_api.report "
			"WHERE day <= current_date) t", NULL, 0, false, &rows, error);
		if (!err && query_next(rows) && query_get(rows, "day").len > 0)
			(void)day_parse(query_get(rows, "day"), &to);
		query_close(&rows);
		filter->to = day_text(request->arena, to);
	}
	(void)day_parse(filter->to, &to);
	from = (struct day){to.number - request->period_days + 1};
	if (!filter->from.ptr)
		filter->from = day_text(request->arena, from);
	(void)day_parse(filter->from, &from);
	int days = to.number - from.number;
	filter->given_period |= request->given_days;
	if (days >= 0 && days <= DAYS_MAX)
		filter->step = days > 800 ? "month" : days > 92 ? "week" : "day";
	return err;
}

/* ---- answers ---- */

static void answer_error(const struct respond *respond, const struct request *request, enum err err,
	const struct error *error, struct answer *answer)
{
	struct log_line line;
	bool json = request->format != FORMAT_HTML;
	switch (err) {
	case ERR_NOTFOUND:
		respond_message(respond, json, 404, "Not found", "There is nothing here, or nothing of it "
			"is kept.", answer);
		return;
	case ERR_INVALID:
	case ERR_LIMIT:
		respond_message(respond, json, 400, "Not understood", "A value of the query string is not "
			"what it should be.", answer);
		return;
	case ERR_OK:
	case ERR_TEMP:
	case ERR_UNCERTAIN:
		respond_message(respond, json, 503, "The database is away",
			"This page needs the database, which does not answer. Try again in a moment.", answer);
		break;
	case ERR_PERM:
	case ERR_DENIED:
		respond_message(respond, json, 500, "Something is wrong here", "The log of dmarcd says "
			"what.", answer);
		break;
	}
	log_begin(&line, LOG_ERROR_LEVEL, "request failed");
	log_str(&line, "path", request->path);
	log_error(&line, error);
	log_end(&line);
}

static bool is_report_part(struct str path, struct str suffix, struct str *key_r)
{
	struct str prefix = STR("/reports/");
	if (!str_starts(path, prefix) || !str_ends(path, suffix) || path.len != prefix.len + 36 + suffix.len)
		return false;
	*key_r = str_sub(path, prefix.len, 36);
	return pages_is_uuid(*key_r);
}

/* No export and ERR_OK: it is answered that there are enough already. */
static enum err begin_export(const struct respond *respond, struct answer *answer)
{
	answer->export = export_begin(respond->exports);
	if (answer->export)
		return ERR_OK;
	respond_message(respond, false, 503, "Busy", "As many downloads as this server gives at once are under way. "
		"Try again in a moment.", answer);
	return ERR_OK;
}

static size_t read_first(int fd, char *bytes, size_t max)
{
	ssize_t got = pread(fd, bytes, max, 0);
	return got > 0 ? (size_t)got : 0;
}

static enum err write_original(const struct respond *respond, const struct request *request, struct store *store,
	struct str key, struct answer *answer, struct error *error)
{
	int fd;
	uint64_t bytes;
	char first[256];
	enum err err = begin_export(respond, answer);
	if (err || !answer->export)
		return err;
	err = original_read(respond->originals, store, request, key, &answer->personal, &fd, &bytes, error);
	if (err)
		return err;
	export_file(answer->export, fd, bytes);
	answer->type = "application/octet-stream";
	(void)snprintf(answer->file_name, sizeof(answer->file_name), "report-%.*s.%s", STR_FMT(key),
		document_extension((struct str){first, read_first(fd, first, sizeof(first))}));
	return ERR_OK;
}

static enum err write_document(const struct respond *respond, const struct request *request, struct store *store,
	struct str key, struct answer *answer, struct error *error)
{
	int fd;
	uint64_t bytes;
	enum err err = original_read(respond->originals, store, request, key, &answer->personal, &fd, &bytes, error);
	if (err)
		return err;
	char *first = arena_alloc(request->arena, DOCUMENT_BYTES_MAX + 4);
	answer->type = request->format == FORMAT_HTML ? "text/html; charset=utf-8" :
		"application/json; charset=utf-8";
	document_write(request, key, (struct str){first, read_first(fd, first, DOCUMENT_BYTES_MAX + 4)}, bytes,
		&answer->body);
	(void)close(fd);
	return ERR_OK;
}

static enum err write_csv(const struct respond *respond, const struct request *request, const struct page *page,
	struct store *store, struct answer *answer, struct error *error)
{
	enum err err = begin_export(respond, answer);
	if (err || !answer->export)
		return err;
	(void)snprintf(answer->file_name, sizeof(answer->file_name), "dmarcd-%s.csv",
		page->nav[1] ? page->nav + 1 : "overview");
	return export_csv(answer->export, request, page, respond->connections, store, error);
}

/* What we refuse ourselves may say why; what the database refuses may not. */
static enum err refuse(const struct respond *respond, const struct request *request, const struct error *error,
	struct answer *answer)
{
	respond_message(respond, request->format != FORMAT_HTML, 400, "Not understood", error->text, answer);
	return ERR_OK;
}

static enum err write_page(const struct respond *respond, struct request *request, struct store *store,
	struct answer *answer, struct error *error)
{
	static const char *const types[] = {
		[FORMAT_HTML] = "text/html; charset=utf-8",
		[FORMAT_JSON] = "application/json; charset=utf-8",
		[FORMAT_CSV] = "text/csv; charset=utf-8; header=present",
	};
	struct page page;
	struct str key;
	provenance_fill(request);
	if (is_report_part(request->path, STR("/original"), &key))
		return write_original(respond, request, store, key, answer, error);
	if (is_report_part(request->path, STR("/document"), &key))
		return write_document(respond, request, store, key, answer, error);
	enum err err = fill_period(request, store, error);
	if (err)
		return err;
	if (!request->filter.step) {
		(void)error_set(error, ERR_INVALID, "The period ends before it begins, or is longer than 50 years.");
		return refuse(respond, request, error, answer);
	}
	if (!pages_find(request, &page))
		return error_set(error, ERR_NOTFOUND, "no such page");
	if (pages_check(request, &page, error))
		return refuse(respond, request, error, answer);
	answer->type = types[request->format];
	for (size_t i = 0; i < page.blocks_count; i++)
		answer->personal |= page.blocks[i].noted;
	if (request->format == FORMAT_CSV)
		return write_csv(respond, request, &page, store, answer, error);
	return page_write(request, &page, store, &answer->body, error);
}

static void answer_request(const struct respond *respond, struct request *request, struct answer *answer)
{
	struct error error = {0};
	struct store *store = NULL;
	enum err err = connections_take(respond->connections, &store, &error);
	for (int tries = 0; !err && tries < 2; tries++) {
		buf_reset(&answer->body);
		export_close(&answer->export);
		err = write_page(respond, request, store, answer, &error);
		/* A server that was restarted meanwhile is met by one new connection. */
		if (err != ERR_TEMP || store_alive(store) || store_reconnect(store, &error) != ERR_OK)
			break;
		err = tries == 0 ? ERR_OK : err;
	}
	if (err)
		export_close(&answer->export);
	if (store && !(answer->export && export_keeps(answer->export, store)))
		connections_give(respond->connections, store);
	if (!err && answer->body.overflow)
		err = error_set(&error, ERR_LIMIT, "the answer is too large");
	if (err)
		answer_error(respond, request, err, &error, answer);
}

static void answer_metrics(const struct respond *respond, struct answer *answer)
{
	answer->type = "text/plain; version=0.0.4; charset=utf-8";
	metrics_write(respond->metrics, respond->connections, &answer->body);
}

static void answer_health(const struct respond *respond, bool ready, struct answer *answer)
{
	struct error error = {0};
	struct store *store = NULL;
	char notice[NOTICE_BYTES];
	answer->type = "text/plain; charset=utf-8";
	enum err err = ready ? connections_take(respond->connections, &store, &error) : ERR_OK;
	if (store) {
		err = store_ping(store, &error);
		connections_give(respond->connections, store);
	}
	if (err) {
		answer->status = 503;
		buf_printf(&answer->body, "the database is away\n");
		return;
	}
	if (ready && respond->web->notice && notice_read(respond->web->notice, notice)) {
		answer->status = 503;
		buf_printf(&answer->body, "intake pauses: %s\n", notice);
		return;
	}
	buf_printf(&answer->body, "ok\n");
}

void respond_get(const struct respond *respond, struct str path, struct str query, struct str address,
	struct answer *answer_r)
{
	struct request request = {.web = respond->web, .metrics = respond->metrics,
		.arena = arena_open(ARENA_BYTES), .raw_query = query, .address = address};
	struct error error = {0};
	*answer_r = (struct answer){.status = 200, .type = "text/html; charset=utf-8"};
	buf_init(&answer_r->body, ANSWER_BYTES_MAX);
	if (str_starts(path, API) && (path.len == API.len || path.ptr[API.len] == '/')) {
		request.format = FORMAT_JSON;
		path = str_from_offset(path, API.len);
	}
	request.path = url_decode(request.arena, path.len > 0 ? path : STR("/"), false);
	if (request.path.len > 1 && str_ends(request.path, STR("/")))
		request.path = str_sub(request.path, 0, request.path.len - 1);
	if (str_eq(request.path, STR("/healthz")) || str_eq(request.path, STR("/readyz")))
		answer_health(respond, str_eq(request.path, STR("/readyz")), answer_r);
	else if (str_eq(request.path, STR("/metrics")) && request.format == FORMAT_HTML)
		answer_metrics(respond, answer_r);
	else if (!request.path.ptr)
		respond_message(respond, request.format != FORMAT_HTML, 400, "Not understood",
			"The path is not valid UTF-8 behind its %-escapes.", answer_r);
	else if (parameters_read(&request, query, &error))
		respond_message(respond, request.format != FORMAT_HTML, 400, "Not understood", error.text, answer_r);
	else
		answer_request(respond, &request, answer_r);
	arena_close(&request.arena);
}
