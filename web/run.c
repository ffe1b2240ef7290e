// SPDX-License-Identifier: Apache-2.0
#include "web/web.h"

#include "base/log.h"
#include "pool/pool.h"
#include "web/connections.h"
#include "web/listen.h"
#include "web/original.h"
#include "web/server.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static void block_signals(sigset_t *set)
{
	(void)sigemptyset(set);
	(void)sigaddset(set, SIGTERM);
	(void)sigaddset(set, SIGINT);
	(void)sigaddset(set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, set, NULL);
}

static void tell_ready(const struct web_options *options, const char *bound)
{
	char url[LISTEN_TEXT_BYTES + 16];
	struct log_line line;
	(void)snprintf(url, sizeof(url), "http://%s/", bound);
	log_begin(&line, LOG_INFO_LEVEL, "listening");
	log_cstr(&line, "url", url);
	log_end(&line);
	if (options->ready_fd >= 0) {
		(void)!write(options->ready_fd, url, str_from(url).len);
		(void)!write(options->ready_fd, "\n", 1);
		(void)close(options->ready_fd);
	}
}

/* Without a worker the pages work, only originals cannot be shown. */
static struct pool *open_pool(const struct web_options *options, struct limits *limits)
{
	struct pool *pool = NULL;
	struct error error = {0};
	*limits = *options->limits;
	limits->workers = 1;
	const struct pool_options pool_options = {
		.worker_path = options->worker_path,
		.limits = limits,
		.require_confinement = options->require_confinement,
	};
	if (pool_open(&pool_options, &pool, &error) != ERR_OK) {
		struct log_line line;
		log_begin(&line, LOG_WARN_LEVEL, "no worker: originals cannot be shown");
		log_error(&line, &error);
		log_end(&line);
	}
	return pool;
}

enum err web_run(const struct web_options *options, struct error *error)
{
	sigset_t set;
	int fd, came = SIGHUP;
	char bound[LISTEN_TEXT_BYTES];
	struct limits limits;
	struct server *server = NULL;
	block_signals(&set);
	enum err err = listen_open(options->listen, options->port_tries, &fd, bound, error);
	if (err)
		return err;
	struct pool *pool = open_pool(options, &limits);
	struct respond respond = {
		.web = options,
		.connections = connections_open(options->store),
		.originals = originals_reader_open(pool, &limits),
		.exports = exports_open(limits.exports),
		.metrics = metrics_open(options),
	};
	err = server_start(&respond, fd, &server, error);
	if (!err) {
		tell_ready(options, bound);
		while (came == SIGHUP)
			if (sigwait(&set, &came) != 0)
				break;
	}
	server_stop(&server);
	exports_close(&respond.exports);
	metrics_close(&respond.metrics);
	connections_close(&respond.connections);
	originals_reader_close(&respond.originals);
	pool_close(&pool);
	return err;
}
