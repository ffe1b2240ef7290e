// SPDX-License-Identifier: Apache-2.0
#include "store/db.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/eight.h"

#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define PARAMS_MAX 24
#define SAID_BYTES ((size_t)64 * 1024)
#define GRACE_SECS 5u          /* beyond statement_timeout: the server does not even say that */
#define SILENCE_SECS_MAX 3600u /* where no statement_timeout is set */

struct store {
	PGconn *connection;
	struct arena *arena; /* the options */
	const char *conninfo, *password, *application, *role;
	unsigned statement_secs, lock_secs, idle_secs;
	store_wait_fn *wait;
	void *wait_context;
	bool was_silent; /* why the connection is lost */
	char state[6]; /* SQLSTATE of the last error */
};

struct db_rows {
	PGresult *result;
};

/* ---- connection ---- */

static bool says(const char *conninfo, const char *keyword)
{
	PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
	bool found = false;
	for (const PQconninfoOption *option = options; option && option->keyword; option++)
		found |= strcmp(option->keyword, keyword) == 0 && option->val;
	PQconninfoFree(options);
	return found;
}

/* Each host of a dsn may take this long, all of them together less than 5 s; NULL: the dsn says it. */
static const char *connect_secs(const char *conninfo)
{
	if (says(conninfo, "connect_timeout"))
		return NULL;
	return strchr(conninfo, ',') ? "2" : "4";
}

/* A word without "=" or "://" is the name of a database. */
bool store_dsn_is_valid(const char *dsn, struct buf *why)
{
	char *said = NULL;
	if (!strchr(dsn, '=') && !strstr(dsn, "://"))
		return true;
	PQconninfoOption *options = PQconninfoParse(dsn, &said);
	bool valid = options != NULL;
	if (!valid)
		buf_add_str(why, str_trim(str_from(said)));
	PQconninfoFree(options);
	PQfreemem(said);
	return valid;
}

static void add_keyword(struct buf *out, const char *keyword, const char *value)
{
	buf_printf(out, "%s%s='", out->len > 0 ? " " : "", keyword);
	for (; *value; value++) {
		if (*value == '\'' || *value == '\\')
			buf_add_char(out, '\\');
		buf_add_char(out, *value);
	}
	buf_add_char(out, '\'');
}

void store_login(struct arena *arena, const struct store_options *given, struct store_login *login_r)
{
	bool is_name = !strchr(given->conninfo, '=') && !strstr(given->conninfo, "://");
	PQconninfoOption *options = is_name ? NULL : PQconninfoParse(given->conninfo, NULL);
	struct buf shown;
	buf_init(&shown, SAID_BYTES);
	login_r->password = given->password;
	if (is_name)
		add_keyword(&shown, "dbname", given->conninfo);
	for (const PQconninfoOption *option = options; option && option->keyword; option++) {
		if (!option->val)
			continue;
		if (strcmp(option->keyword, "password") != 0)
			add_keyword(&shown, option->keyword, option->val);
		else if (!given->password)
			login_r->password = arena_cstr(arena, str_from(option->val));
	}
	login_r->conninfo = arena_cstr(arena, buf_str(&shown));
	buf_fini(&shown);
	PQconninfoFree(options);
}

static void ignore_notice(void *context, const char *text)
{
	(void)context, (void)text;
}

/* libpq's words as one line. */
static void add_said(const struct store *store, struct buf *out)
{
	struct str rest = str_from(PQerrorMessage(store->connection)), line;
	while (str_line(&rest, &line)) {
		buf_add_str(out, STR(" "));
		buf_add_str(out, str_trim(line));
	}
}

/* What the caller should do, by SQLSTATE. */
static enum err kind_of(const char *state)
{
	static const struct {
		const char *prefix;
		enum err err;
	} kinds[] = {
		{"08", ERR_TEMP}, {"53", ERR_TEMP}, {"57", ERR_TEMP}, {"25006", ERR_TEMP}, {"25P03", ERR_TEMP},
		{"3D", ERR_TEMP}, {"55P03", ERR_TEMP}, {"40", ERR_TEMP}, {"58", ERR_TEMP}, {"XX", ERR_TEMP},
		{"22", ERR_INVALID}, {"23", ERR_INVALID}, {"42501", ERR_DENIED}, {"28", ERR_DENIED},
		{"54", ERR_INVALID},
	};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(state, kinds[i].prefix, strlen(kinds[i].prefix)) == 0)
			return kinds[i].err;
	return ERR_PERM;
}

/* In English, as poolers say it, too, whatever their code is. A database that does not exist is none of these: it
 * may be on its way back from a backup. */
static bool is_refusal(struct str text)
{
	static const char *const words[] = {"authentication failed", "no pg_hba.conf entry",
		"is not permitted to log in", "permission denied for database", "invalid connection option",
		"missing \"=\""};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_find(text, str_from(words[i])) != SIZE_MAX)
			return true;
	return str_find(text, STR("FATAL:  role ")) != SIZE_MAX && str_find(text, STR("does not exist")) != SIZE_MAX;
}

/* A server says in its own language why it refuses us, and libpq has no SQLSTATE of a connection that failed; but
 * it tells one in place of the words when asked beforehand. So, where the server has spoken ("SEVERITY:  words",
 * which libpq does not): once more. */
static void ask_for_state(struct store *store, char state_r[6])
{
	const size_t len = 5;
	(void)PQsetErrorVerbosity(store->connection, PQERRORS_SQLSTATE);
	PQreset(store->connection);
	(void)PQsetErrorVerbosity(store->connection, PQERRORS_DEFAULT);
	struct str said = str_trim(str_from(PQerrorMessage(store->connection)));
	bool told = said.len > len + 2 && str_starts(str_sub(said, said.len - len - 2, 2), STR("  "));
	(void)snprintf(state_r, len + 1, "%.*s", STR_FMT(told ? str_sub(said, said.len - len, len) : STR("")));
}

static enum err not_connected(struct store *store, struct error *error)
{
	struct buf said;
	char state[6] = "";
	buf_init(&said, SAID_BYTES);
	add_said(store, &said);
	struct str text = str_trim(buf_str(&said));
	bool refused = PQconnectionNeedsPassword(store->connection) || is_refusal(text);
	if (!refused && str_find(text, STR(":  ")) != SIZE_MAX)
		ask_for_state(store, state);
	if (PQstatus(store->connection) == CONNECTION_OK) {
		buf_fini(&said);
		return ERR_OK;
	}
	refused |= state[0] && kind_of(state) == ERR_DENIED;
	(void)error_set(error, refused ? ERR_DENIED : ERR_TEMP, "the database %s: %.*s",
		refused ? "refuses us" : "is away", STR_FMT(text));
	if (strcmp(state, "3D000") == 0)
		error_hint(error, "createdb makes an empty one, which is enough");
	buf_fini(&said);
	PQfinish(store->connection);
	store->connection = NULL;
	return refused ? ERR_DENIED : ERR_TEMP;
}

static enum err connect_now(struct store *store, struct error *error)
{
	const char *names[12] = {"dbname"}, *values[12] = {store->conninfo};
	size_t count = 1;
	const char *const extra[][2] = {{"password", store->password},
		{"application_name", store->application},
		{"connect_timeout", connect_secs(store->conninfo)},
		{"tcp_user_timeout", says(store->conninfo, "tcp_user_timeout") ? NULL : "10000"},
		{"keepalives_idle", says(store->conninfo, "keepalives_idle") ? NULL : "10"},
		{"keepalives_interval", says(store->conninfo, "keepalives_interval") ? NULL : "5"},
		{"keepalives_count", says(store->conninfo, "keepalives_count") ? NULL : "3"},
		{"client_encoding", "UTF8"}};
	for (size_t i = 0; i < sizeof(extra) / sizeof(extra[0]); i++) {
		if (!extra[i][1])
			continue;
		names[count] = extra[i][0];
		values[count++] = extra[i][1];
	}
	store->connection = PQconnectdbParams(names, values, 1);
	if (!store->connection)
		die_out_of_memory();
	store->was_silent = false;
	(void)PQsetNoticeProcessor(store->connection, ignore_notice, NULL);
	enum err err = PQstatus(store->connection) == CONNECTION_OK ? ERR_OK : not_connected(store, error);
	if (!err)
		(void)PQsetnonblocking(store->connection, 1);
	return err;
}

/* ---- waiting ---- */

static void wait_alone(void *context, struct pollfd *server, int timeout_msecs)
{
	(void)context;
	(void)poll(server, 1, timeout_msecs);
}

void store_on_wait(struct store *store, store_wait_fn *wait, void *context)
{
	store->wait = wait ? wait : wait_alone;
	store->wait_context = context;
}

static unsigned silence_secs(const struct store *store)
{
	return store->statement_secs ? store->statement_secs + GRACE_SECS : SILENCE_SECS_MAX;
}

/* Until the server can be read from (or written to, when that is asked). One that is silent beyond all
 * bounds is cut off, so that what waits for it learns that the connection is lost. */
static void wait_for_server(struct store *store, bool to_write)
{
	struct pollfd server = {
		.fd = PQsocket(store->connection),
		.events = (short)(to_write ? POLLIN | POLLOUT : POLLIN),
	};
	const int64_t until = clock_monotonic_msecs() + (int64_t)silence_secs(store) * 1000;
	while (server.revents == 0) {
		int64_t left = until - clock_monotonic_msecs();
		if (left <= 0) {
			store->was_silent = true;
			(void)shutdown(server.fd, SHUT_RDWR);
			return;
		}
		store->wait(store->wait_context, &server, (int)left);
	}
}

/* False when the connection broke. */
static bool send_out(struct store *store)
{
	int rest;
	while ((rest = PQflush(store->connection)) == 1) {
		wait_for_server(store, true);
		if (PQconsumeInput(store->connection) != 1)
			return false;
	}
	return rest == 0;
}

/* NULL: there is no further result. */
static PGresult *next_result(struct store *store)
{
	bool sound = send_out(store);
	while (sound && PQisBusy(store->connection)) {
		wait_for_server(store, false);
		sound = PQconsumeInput(store->connection) == 1;
	}
	return PQgetResult(store->connection);
}

/* The last result of what was sent, or the one that begins a COPY. */
static PGresult *answer(struct store *store, int sent)
{
	PGresult *last = NULL, *result;
	while (sent == 1 && (result = next_result(store))) {
		PQclear(last);
		last = result;
		if (PQresultStatus(last) == PGRES_COPY_IN || PQstatus(store->connection) != CONNECTION_OK)
			break;
	}
	return last;
}

static PGresult *run(struct store *store, const char *sql_constant)
{
	return answer(store, PQsendQuery(store->connection, sql_constant));
}

/* A user who is no member of the role reads as itself. */
static bool may_be(struct store *store, const char *role)
{
	PGresult *result = answer(store, PQsendQueryParams(store->connection, "SELECT set_config('role', $1, true)", 1,
		NULL, &role, NULL, NULL, 0));
	bool may = PQresultStatus(result) == PGRES_TUPLES_OK;
	PQclear(result);
	return may;
}

enum err store_open(const struct store_options *options, struct store **store_r, struct error *error)
{
	struct store *store = calloc(1, sizeof(*store));
	if (!store)
		die_out_of_memory();
	store->arena = arena_open((size_t)1024 * 1024);
	store->conninfo = arena_cstr(store->arena, str_from(options->conninfo));
	store->password = options->password ? arena_cstr(store->arena, str_from(options->password)) : NULL;
	store->application = options->application ? arena_cstr(store->arena, str_from(options->application)) : "dmarcd";
	store->role = options->role ? arena_cstr(store->arena, str_from(options->role)) : NULL;
	store->statement_secs = options->statement_secs;
	store->lock_secs = options->lock_secs;
	store->idle_secs = options->idle_secs;
	store->wait = wait_alone;
	enum err err = connect_now(store, error);
	if (!err && store->role && !may_be(store, store->role))
		store->role = NULL;
	if (err)
		store_close(&store);
	*store_r = store;
	return err;
}

void store_close(struct store **store)
{
	if (!*store)
		return;
	struct arena *arena = (*store)->arena;
	if ((*store)->connection)
		PQfinish((*store)->connection);
	arena_close(&arena);
	free(*store);
	*store = NULL;
}

enum err store_reconnect(struct store *store, struct error *error)
{
	if (store->connection)
		PQfinish(store->connection);
	store->connection = NULL;
	return connect_now(store, error);
}

bool store_alive(struct store *store)
{
	return store->connection && PQstatus(store->connection) == CONNECTION_OK;
}

bool store_still_alive(struct store *store)
{
	return store_alive(store) && PQconsumeInput(store->connection) == 1 && store_alive(store);
}

enum err store_ping(struct store *store, struct error *error)
{
	return db_run(store, "SELECT", error);
}

enum err store_database(struct store *store, struct arena *arena, const char **database_r, struct error *error)
{
	struct db_rows *rows = NULL;
	enum err err = db_query(store, "SELECT system_identifier || '/' || oid FROM pg_control_system(), pg_database "
		"WHERE datname = current_database()", NULL, 0, &rows, error);
	if (!err)
		*database_r = arena_cstr(arena, db_value(rows, 0, 0));
	db_free(&rows);
	return err;
}

const char *store_role(const struct store *store)
{
	return store->role;
}

/* ---- errors ---- */

static enum err no_connection(const struct store *store, struct error *error)
{
	if (store->was_silent)
		return error_set(error, ERR_TEMP, "the database has been silent for %u s", silence_secs(store));
	return error_set(error, ERR_TEMP, "the connection to the database is lost");
}

static enum err failed(struct store *store, const PGresult *result, struct error *error)
{
	const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	const char *text = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
	const char *hint = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_HINT) : NULL;
	store->state[0] = '\0';
	if (!state || PQstatus(store->connection) != CONNECTION_OK)
		return no_connection(store, error);
	(void)snprintf(store->state, sizeof(store->state), "%s", state);
	(void)error_set(error, kind_of(state), "the database says: %s (SQLSTATE %s)", text ? text : "", state);
	if (hint)
		error_hint(error, "%s", hint);
	return kind_of(state);
}

bool db_may_repeat(const struct store *store)
{
	return strcmp(store->state, "40001") == 0 || strcmp(store->state, "40P01") == 0 ||
		strcmp(store->state, "55P03") == 0;
}

static enum err finish(struct store *store, PGresult *result, struct db_rows **rows_r, struct error *error)
{
	ExecStatusType status = PQresultStatus(result);
	enum err err = ERR_OK;
	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_SINGLE_TUPLE)
		err = failed(store, result, error);
	if (err || !rows_r) {
		PQclear(result);
		return err;
	}
	struct db_rows *rows = malloc(sizeof(*rows));
	if (!rows)
		die_out_of_memory();
	rows->result = result;
	*rows_r = rows;
	return ERR_OK;
}

/* ---- statements ---- */

enum err db_run(struct store *store, const char *sql_constant, struct error *error)
{
	if (!store_alive(store))
		return no_connection(store, error);
	return finish(store, run(store, sql_constant), NULL, error);
}

struct bound {
	char *copies[PARAMS_MAX];
	const char *values[PARAMS_MAX];
	int lengths[PARAMS_MAX], formats[PARAMS_MAX];
	size_t count;
};

/* Text parameters need a NUL behind them. */
static void bind_text(struct bound *bound, struct str value)
{
	size_t i = bound->count++;
	if (bound->count > PARAMS_MAX)
		die("a statement with too many parameters");
	if (!value.ptr)
		return;
	char *copy = malloc(value.len + 1);
	if (!copy)
		die_out_of_memory();
	(void)memcpy(copy, value.ptr, value.len);
	copy[value.len] = '\0';
	bound->values[i] = bound->copies[i] = copy;
}

static void unbind(struct bound *bound)
{
	for (size_t i = 0; i < bound->count; i++)
		free(bound->copies[i]);
}

static enum err query_bound(struct store *store, const char *sql, struct bound *bound, struct db_rows **rows_r,
	struct error *error)
{
	PGresult *result = answer(store, PQsendQueryParams(store->connection, sql, (int)bound->count, NULL,
		bound->values, bound->lengths, bound->formats, 0));
	unbind(bound);
	return finish(store, result, rows_r, error);
}

enum err db_query(struct store *store, const char *sql, const struct str *params, size_t count,
	struct db_rows **rows_r, struct error *error)
{
	struct bound bound = {0};
	if (!store_alive(store))
		return no_connection(store, error);
	for (size_t i = 0; i < count; i++)
		bind_text(&bound, params[i]);
	return query_bound(store, sql, &bound, rows_r, error);
}

enum err db_query_bytes(struct store *store, const char *sql, struct str bytes, const struct str *params,
	size_t count, struct db_rows **rows_r, struct error *error)
{
	struct bound bound = {.count = 1};
	if (!store_alive(store))
		return no_connection(store, error);
	bound.values[0] = bytes.ptr ? bytes.ptr : "";
	bound.lengths[0] = (int)bytes.len;
	bound.formats[0] = 1;
	for (size_t i = 0; i < count; i++)
		bind_text(&bound, params[i]);
	return query_bound(store, sql, &bound, rows_r, error);
}

size_t db_count(const struct db_rows *rows)
{
	return (size_t)PQntuples(rows->result);
}

uint64_t db_changed(const struct db_rows *rows)
{
	uint64_t changed = 0;
	(void)str_to_u64(str_from(PQcmdTuples(rows->result)), UINT64_MAX, &changed);
	return changed;
}

struct str db_value(const struct db_rows *rows, size_t row, size_t column)
{
	if (PQgetisnull(rows->result, (int)row, (int)column))
		return STR_NONE;
	return (struct str){PQgetvalue(rows->result, (int)row, (int)column),
		(size_t)PQgetlength(rows->result, (int)row, (int)column)};
}

uint64_t db_u64(const struct db_rows *rows, size_t row, size_t column)
{
	uint64_t value = 0;
	(void)str_to_u64(db_value(rows, row, column), UINT64_MAX, &value);
	return value;
}

bool db_bool(const struct db_rows *rows, size_t row, size_t column)
{
	return str_eq(db_value(rows, row, column), STR("t"));
}

static unsigned hex_digit(char c)
{
	return ascii_is_digit(c) ? (unsigned)(c - '0') : (unsigned)(ascii_lower(c) - 'a' + 10);
}

struct str db_bytes(const struct db_rows *rows, size_t row, size_t column, struct arena *arena)
{
	const struct str hex = str_from_offset(db_value(rows, row, column), 2); /* behind "\\x" */
	if (!db_value(rows, row, column).ptr)
		return STR_NONE;
	char *bytes = arena_alloc(arena, hex.len / 2 + 1);
	for (size_t i = 0; i < hex.len / 2; i++)
		bytes[i] = (char)(hex_digit(hex.ptr[2 * i]) << 4 | hex_digit(hex.ptr[2 * i + 1]));
	return (struct str){bytes, hex.len / 2};
}

void db_free(struct db_rows **rows)
{
	if (!*rows)
		return;
	PQclear((*rows)->result);
	free(*rows);
	*rows = NULL;
}

size_t db_columns(const struct db_rows *rows)
{
	return (size_t)PQnfields(rows->result);
}

const char *db_column_name(const struct db_rows *rows, size_t column)
{
	return PQfname(rows->result, (int)column);
}

unsigned db_column_type(const struct db_rows *rows, size_t column)
{
	return PQftype(rows->result, (int)column);
}

/* ---- transactions ---- */

enum err db_begin(struct store *store, struct error *error)
{
	char sql[320];
	(void)snprintf(sql, sizeof(sql),
		"BEGIN; SET LOCAL statement_timeout = '%us'; SET LOCAL lock_timeout = '%us'; "
		"SET LOCAL idle_in_transaction_session_timeout = '%us'; SET LOCAL TimeZone = 'UTC'; "
		"SET LOCAL DateStyle = 'ISO'; "
		"SET LOCAL jit = off", /* it takes seconds, at each of our statements anew */
		store->statement_secs, store->lock_secs, store->idle_secs);
	store->state[0] = '\0';
	return db_run(store, sql, error);
}

enum err db_commit(struct store *store, struct error *error)
{
	if (!store_alive(store))
		return no_connection(store, error);
	PGresult *result = run(store, "COMMIT");
	if (PQstatus(store->connection) != CONNECTION_OK) {
		PQclear(result);
		return error_set(error, ERR_UNCERTAIN, "the connection to the database broke at COMMIT");
	}
	/* COMMIT of a failed transaction answers ROLLBACK. */
	bool committed = PQresultStatus(result) == PGRES_COMMAND_OK && strcmp(PQcmdStatus(result), "COMMIT") == 0;
	enum err err = committed ? ERR_OK : failed(store, result, error);
	PQclear(result);
	return err;
}

void db_rollback(struct store *store)
{
	char kept[sizeof(store->state)];
	(void)memcpy(kept, store->state, sizeof(kept));
	if (store_alive(store))
		PQclear(run(store, "ROLLBACK"));
	(void)memcpy(store->state, kept, sizeof(kept));
}

/* ---- COPY ---- */

enum err db_copy_begin(struct store *store, const char *sql_constant, struct error *error)
{
	if (!store_alive(store))
		return no_connection(store, error);
	PGresult *result = run(store, sql_constant);
	enum err err = PQresultStatus(result) == PGRES_COPY_IN ? ERR_OK : failed(store, result, error);
	PQclear(result);
	return err;
}

enum err db_copy_add(struct store *store, struct str lines, struct error *error)
{
	int put;
	while ((put = PQputCopyData(store->connection, lines.ptr, (int)lines.len)) == 0)
		if (!send_out(store))
			break;
	return put == 1 && send_out(store) ? ERR_OK : no_connection(store, error);
}

static enum err end_copy(struct store *store, const char *why, struct error *error)
{
	enum err err = ERR_OK;
	PGresult *result;
	int put;
	while ((put = PQputCopyEnd(store->connection, why)) == 0)
		if (!send_out(store))
			break;
	if (put != 1)
		return no_connection(store, error);
	while ((result = next_result(store))) {
		if (!err && PQresultStatus(result) != PGRES_COMMAND_OK)
			err = failed(store, result, error);
		PQclear(result);
	}
	return err;
}

enum err db_copy_end(struct store *store, struct error *error)
{
	return end_copy(store, NULL, error);
}

void db_copy_cancel(struct store *store)
{
	struct error ignored;
	(void)!end_copy(store, "cancelled", &ignored);
}

/* What COPY's text format escapes by a backslash, and the letter behind it. */
static const char copy_escapes[256] = {['\\'] = '\\', ['\t'] = 't', ['\n'] = 'n', ['\r'] = 'r'};

static bool copy_keeps(uint64_t eight)
{
	return (eight_below(eight, '\r' + 1) | eight_equal(eight, '\\')) == 0;
}

void db_copy_text(struct buf *line, struct str value, bool last)
{
	char *room = buf_room(line, value.len > 0 ? 2 * value.len + 1 : 3), *out = room;
	if (!room)
		return;
	for (size_t i = 0; i < value.len;) {
		if (value.len - i >= EIGHT && copy_keeps(eight_load(value.ptr + i))) {
			(void)memcpy(out, value.ptr + i, EIGHT);
			out += EIGHT;
			i += EIGHT;
			continue;
		}
		const char c = value.ptr[i++], escape = copy_escapes[(unsigned char)c];
		if (escape)
			*out++ = '\\';
		*out++ = escape ? escape : c;
	}
	if (!value.ptr) {
		*out++ = '\\';
		*out++ = 'N';
	}
	*out++ = last ? '\n' : '\t';
	buf_took(line, (size_t)(out - room));
}

void db_copy_u64(struct buf *line, uint64_t value, bool last)
{
	buf_add_u64(line, value);
	buf_add_char(line, last ? '\n' : '\t');
}

/* ---- streams ---- */

enum err db_stream_begin(struct store *store, const char *sql, const struct str *params, size_t count,
	struct error *error)
{
	struct bound bound = {0};
	if (!store_alive(store))
		return no_connection(store, error);
	for (size_t i = 0; i < count; i++)
		bind_text(&bound, params[i]);
	int sent = PQsendQueryParams(store->connection, sql, (int)bound.count, NULL, bound.values, bound.lengths,
		bound.formats, 0);
	unbind(&bound);
	if (sent != 1 || PQsetSingleRowMode(store->connection) != 1)
		return no_connection(store, error);
	return ERR_OK;
}

enum err db_stream_next(struct store *store, struct db_rows **rows_r, struct error *error)
{
	*rows_r = NULL;
	PGresult *result = next_result(store);
	if (!result)
		return ERR_OK;
	return finish(store, result, rows_r, error);
}

/* A server that has nobody to send to ends its work; its answer to a cancel might never come. */
void db_stream_cancel(struct store *store)
{
	PQfinish(store->connection);
	store->connection = NULL;
}
