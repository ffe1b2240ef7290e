// SPDX-License-Identifier: Apache-2.0
/*
 * A connection to PostgreSQL. The only room that includes libpq. Values are
 * always bound, never spliced into SQL; statements are constants of this room.
 * Never logs. Works through pgbouncer in transaction mode: no session state,
 * no LISTEN, no session advisory locks, no named prepared statements.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

#include <poll.h>

struct store;

struct store_options {
	const char *conninfo;      /* libpq keywords or URI; connect_timeout is added when missing */
	const char *password;      /* NULL: none */
	const char *role;          /* SET LOCAL ROLE of reading transactions, where the server lets us; NULL: none */
	const char *application;   /* application_name: "dmarcd ingest" */
	/* statement_timeout, lock_timeout, idle_in_transaction_session_timeout; 0: none */
	unsigned statement_secs, lock_secs, idle_secs;
};

/* Whether libpq can read this dsn; else why not. Nothing is connected. */
bool store_dsn_is_valid(const char *dsn, struct buf *why);

/* For another program of PostgreSQL's: what everybody may see of the conninfo, as keywords, and
 * the secret of it. */
struct store_login {
	const char *conninfo;
	const char *password; /* NULL: none */
};
void store_login(struct arena *arena, const struct store_options *options, struct store_login *login_r);

/* ERR_TEMP: the server is away (say so with 69), ERR_DENIED: it refuses us. */
NODISCARD enum err store_open(const struct store_options *options, struct store **store_r,
	struct error *error);
void store_close(struct store **store); /* nulls the pointer */
/* Drops the connection and makes a new one with the same options. */
NODISCARD enum err store_reconnect(struct store *store, struct error *error);
bool store_alive(struct store *store);
/* The same of a connection that was left alone, with what has come over it since: a server that ended says so. */
bool store_still_alive(struct store *store);
/* Whether the server answers. */
NODISCARD enum err store_ping(struct store *store, struct error *error);

/* Called whenever the server's answer is awaited, to do other work meanwhile: polls *server and whatever
 * else it likes, for timeout_msecs at most, and returns soon after either has something.
 * It must not use this store. NULL: only waits. */
typedef void store_wait_fn(void *context, struct pollfd *server, int timeout_msecs);
void store_on_wait(struct store *store, store_wait_fn *wait, void *context);
/* What tells this database from every other, whatever name it is reached by. In arena. */
NODISCARD enum err store_database(struct store *store, struct arena *arena, const char **database_r,
	struct error *error);
const char *store_role(const struct store *store); /* the one in use; NULL: none */

/* ERR_OK when the schema is the one this program knows; ERR_NOTFOUND: none
 * (hint: dmarcd migrate); ERR_INVALID: older or newer than the program. */
NODISCARD enum err store_check_schema(struct store *store, struct error *error);
