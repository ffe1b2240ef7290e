// SPDX-License-Identifier: Apache-2.0
#include "ingest/ingest.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"
#include "ingest/pipeline.h"
#include "store/migrate.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define START_PATIENCE_MSECS ((int64_t)4500)
#define FILES_TO_COME 20u /* pipes of workers, a Maildir's list, a file set aside */
#define FILES_MAX ((rlim_t)256 * 1024)
#define ARENA_BYTES ((size_t)64 * 1024)

static enum err make_folder(const char *path, struct error *error)
{
	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return ERR_OK;
	return error_errno(error, errno == EACCES || errno == EROFS ? ERR_DENIED : ERR_TEMP, errno,
		"cannot make %s", path);
}

/* The daemon waits for its database; a run by hand gives it a few seconds. */
static enum err connect_store(struct pipeline *pipeline, struct error *error)
{
	const struct ingest_options *options = pipeline->options;
	int64_t began = clock_monotonic_msecs();
	unsigned migrations;
	for (;;) {
		enum err err = store_open(options->store, &pipeline->store, error);
		if (!err)
			err = store_check_schema(pipeline->store, error);
		if (err == ERR_NOTFOUND && options->wait_for_store)
			err = migrate_run(pipeline->store, &migrations, error); /* it was away at the start */
		if (!err) {
			away_end(&pipeline->away);
			return ERR_OK;
		}
		store_close(&pipeline->store);
		if (!options->wait_for_store && (err != ERR_TEMP ||
			clock_monotonic_msecs() - began > START_PATIENCE_MSECS))
			return err == ERR_NOTFOUND || err == ERR_INVALID ? (error->code = ERR_TEMP) : err;
		if (options->wait_for_store)
			away_begin(&pipeline->away, error);
		away_pause(&pipeline->away, pipeline->signal_fd);
		if (pipeline_stop_asked(pipeline))
			return err;
	}
}

/* A daemon tells it at its start in every case. */
static void log_confinement(const struct pipeline *pipeline)
{
	struct log_line line;
	bool confined = pool_confined(pipeline->pool);
	if (confined && pipeline->options->once)
		return;
	log_begin(&line, confined ? LOG_INFO_LEVEL : LOG_WARN_LEVEL,
		confined ? "the worker is confined" : "the worker is not fully confined on this system");
	log_cstr(&line, "confinement", pool_confinement(pipeline->pool));
	log_end(&line);
}

/* A mail in hand is a descriptor, and maybe another for what was read from it. */
static size_t names_max(const struct pipeline *pipeline)
{
	struct rlimit files;
	const uint64_t wanted = pipeline->options->limits->queue_names;
	int lowest = fcntl(pipeline->signal_fd, F_DUPFD_CLOEXEC, 0);
	if (lowest < 0 || close(lowest) != 0 || getrlimit(RLIMIT_NOFILE, &files) != 0)
		return 1;
	files.rlim_cur = files.rlim_max < FILES_MAX ? files.rlim_max : FILES_MAX;
	if (setrlimit(RLIMIT_NOFILE, &files) != 0)
		return 1;
	uint64_t ours = (uint64_t)lowest + FILES_TO_COME + 2 * pipeline->options->maildirs_count;
	uint64_t room = files.rlim_cur > ours + 2 ? (files.rlim_cur - ours) / 2 : 1;
	return (size_t)(room < wanted ? room : wanted);
}

static enum err open_rooms(struct pipeline *pipeline, struct arena *arena, struct load **load,
	struct error *error)
{
	const struct ingest_options *options = pipeline->options;
	const struct pool_options pool = {
		.worker_path = options->worker_path,
		.limits = options->limits,
		.require_confinement = options->require_confinement,
	};
	pipeline->spool_directory = arena_printf(arena, "%s/spool", options->state_dir);
	pipeline->turn = turn_open(arena_printf(arena, "%s/" INGEST_TURN, options->state_dir));
	enum err err = make_folder(pipeline->spool_directory, error);
	if (!err)
		err = quarantine_open(options->state_dir, options->limits, &pipeline->quarantine, error);
	if (err)
		return err;
	*load = load_open(limits_file_bytes(options->limits), pipeline->spool_directory);
	err = source_open(options, *load, &pipeline->source, error);
	if (!err)
		err = pool_open(&pool, &pipeline->pool, error);
	if (err)
		return err;
	log_confinement(pipeline);
	err = connect_store(pipeline, error);
	pipeline->names_max = names_max(pipeline);
	return err;
}

enum err ingest_run(const struct ingest_options *options, struct ingest_balance *balance_r,
	struct error *error)
{
	struct arena *arena = arena_open(ARENA_BYTES);
	struct load *load = NULL;
	struct error own = {0};
	struct pipeline pipeline = {
		.options = options,
		.balance = balance_r,
		.signal_fd = stop_open(),
		.turn = -1,
	};
	*balance_r = (struct ingest_balance){0};
	enum err err = open_rooms(&pipeline, arena, &load, &own);
	if (!err) {
		struct source_size size = options->progress ? source_measure(pipeline.source) :
			(struct source_size){0};
		progress_begin(&pipeline.progress, options->progress, size.files, size.bytes);
		err = pipeline_run(&pipeline, &own);
		progress_end(&pipeline.progress);
		if (!err && options->once && pipeline.stopping)
			err = error_set(&own, ERR_UNCERTAIN, "stopped by a signal; what is left stays where it is");
		else if (!err && options->once && pipeline.trouble.code)
			err = (own = pipeline.trouble).code;
		else if (!err && options->once)
			err = source_trouble(pipeline.source, &own);
	}
	if (pipeline.stopping && !options->once)
		err = ERR_OK;
	pool_close(&pipeline.pool);
	source_close(&pipeline.source);
	quarantine_close(&pipeline.quarantine);
	store_close(&pipeline.store);
	load_close(&load);
	(void)close(pipeline.signal_fd);
	if (pipeline.turn >= 0)
		(void)close(pipeline.turn);
	arena_close(&arena);
	if (err && error)
		*error = own;
	return err;
}
