// SPDX-License-Identifier: Apache-2.0
#include "daemon/verify/verifier.h"

#include "base/clock.h"
#include "daemon/verify/resolver.h"
#include "evidence/request.h"
#include "pool/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define REPLAY_BYTES_MAX ((uint64_t)64 * 1024 * 1024)
#define ARENA_BYTES ((size_t)64 * 1024)
#define READ_BYTES ((size_t)64 * 1024)

struct verifier {
	struct cli *cli;
	struct limits limits;
	struct pool *pool;
	struct resolver resolver;
	bool resolving; /* there is one */
	struct verdict_reader *reader;
	struct buf replay;
	const char *replay_file;
	int64_t now_epoch_secs;
	bool psl;
};

int verifier_read(const char *path, uint64_t max_bytes, struct buf *bytes_r)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = -1;
	buf_init(bytes_r, (size_t)max_bytes + READ_BYTES);
	while (fd >= 0 && bytes_r->len <= max_bytes) {
		got = read(fd, buf_room(bytes_r, READ_BYTES), READ_BYTES);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		buf_took(bytes_r, (size_t)got);
	}
	int error_number = errno;
	if (fd >= 0)
		(void)close(fd);
	if (fd < 0 || got < 0)
		return cli_failf(EX_NOINPUT, "%s: %s", path, strerror(error_number));
	if (bytes_r->len > max_bytes)
		return cli_failf(EX_DATAERR, "%s: larger than %llu bytes", path, (unsigned long long)max_bytes);
	return EX_OK;
}

struct verify_list verifier_list(struct arena *arena, const char *text)
{
	struct verify_list list = {0};
	struct str rest = str_from(text), word;
	for (const char *at = text; at && *at; at++)
		list.count += *at == ',';
	list.at = ARENA_ARRAY(arena, list.count + 1, struct str);
	list.count = 0;
	while (text && str_split(&rest, ',', &word))
		if (str_trim(word).len > 0)
			list.at[list.count++] = str_trim(word);
	return list;
}

int verifier_fail_on(const char *fail_on, struct str word)
{
	struct str rest = str_from(fail_on), one;
	while (fail_on && str_split(&rest, ',', &one))
		if (str_eq_nocase(str_trim(one), word))
			return 1;
	return EX_OK;
}

int verifier_fail_on_known(const char *fail_on, const char *words)
{
	struct str rest = str_from(fail_on), one;
	while (fail_on && str_split(&rest, ',', &one))
		if (!verifier_fail_on(words, str_trim(one)))
			return cli_failf(EX_USAGE, "--fail-on takes %s", words);
	return EX_OK;
}

static int read_options(struct verifier *verifier, const struct verifier_options *options)
{
	uint64_t now;
	verifier->now_epoch_secs = clock_epoch_secs();
	if (options->now) {
		if (!str_to_u64(str_from(options->now), INT64_MAX, &now))
			return cli_failf(EX_USAGE, "--now takes seconds since 1970");
		verifier->now_epoch_secs = (int64_t)now;
	}
	if (options->method && strcmp(options->method, "psl") != 0 && strcmp(options->method, "treewalk") != 0)
		return cli_failf(EX_USAGE, "--method takes treewalk or psl");
	verifier->psl = options->method && strcmp(options->method, "psl") == 0;
	if (options->replay && options->resolver)
		return cli_failf(EX_USAGE, "--dns-replay and --resolver exclude each other");
	if (options->resolver && !dns_server_valid(str_from(options->resolver)))
		return cli_failf(EX_USAGE, "--resolver takes ADDRESS or ADDRESS@PORT");
	verifier->replay_file = options->replay;
	return options->replay ? verifier_read(options->replay, REPLAY_BYTES_MAX, &verifier->replay) : EX_OK;
}

static int start_resolver(struct verifier *verifier, const struct verifier_options *options)
{
	struct error error = {0};
	const struct str given = str_from(options->resolver);
	struct arena *arena = arena_open(ARENA_BYTES);
	struct resolver_options resolving = resolver_options_of(verifier->cli->config, arena);
	if (options->resolver) {
		resolving.dns.servers = &given;
		resolving.dns.servers_count = 1;
		resolving.dns.trust_anchor_file = verifier->cli->config->dns.trust_anchor;
	}
	enum err err = resolver_start(&resolving, &verifier->resolver, &error);
	arena_close(&arena);
	verifier->resolving = err == ERR_OK;
	if (err)
		return cli_fail(err == ERR_INVALID ? EX_CONFIG : err == ERR_PERM ? EX_NOPERM : EX_UNAVAILABLE, &error);
	return EX_OK;
}

static int start_worker(struct verifier *verifier)
{
	struct error error = {0};
	const struct pool_options options = {
		.limits = &verifier->limits,
		.require_confinement = verifier->cli->config->require_confinement,
	};
	verifier->limits.workers = 1;
	if (pool_open(&options, &verifier->pool, &error) != ERR_OK)
		return cli_fail(error.code == ERR_DENIED ? EX_NOPERM : error.code == ERR_NOTFOUND ? EX_OSFILE :
			EX_OSERR, &error);
	if (!pool_confined(verifier->pool))
		cli_say(verifier->cli, "dmarcd: warning: the worker is not fully confined here: %s",
			pool_confinement(verifier->pool));
	return EX_OK;
}

int verifier_open(struct cli *cli, const struct verifier_options *options, struct verifier **verifier_r)
{
	struct verifier *verifier = calloc(1, sizeof(*verifier));
	if (!verifier)
		die_out_of_memory();
	verifier->cli = cli;
	verifier->limits = cli->config->limits;
	verifier->reader = verdict_reader_open();
	buf_init(&verifier->replay, 0);
	int status = read_options(verifier, options);
	if (status == EX_OK && !options->replay)
		status = start_resolver(verifier, options);
	if (status == EX_OK)
		status = start_worker(verifier);
	if (status != EX_OK)
		verifier_close(&verifier);
	*verifier_r = verifier;
	return status;
}

void verifier_close(struct verifier **verifier)
{
	if (!*verifier)
		return;
	pool_close(&(*verifier)->pool);
	if ((*verifier)->resolving)
		resolver_stop(&(*verifier)->resolver);
	verdict_reader_close(&(*verifier)->reader);
	buf_fini(&(*verifier)->replay);
	free(*verifier);
	*verifier = NULL;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		(void)close(fd);
}

static int fail(const struct job_done *done)
{
	struct error error = done->detail;
	if (done->end == JOB_UNAVAILABLE)
		return cli_fail(EX_TEMPFAIL, &error);
	return cli_failf(done->end == JOB_CRASHED || done->end == JOB_PROTOCOL ? EX_SOFTWARE : EX_DATAERR,
		"it cannot be verified: %s", error.text);
}

int verifier_ask(struct verifier *verifier, struct verify_request *request, const struct verdict **verdict_r)
{
	struct job_done done;
	struct error error = {0};
	struct job job = {.kind = JOB_VERIFY, .now_epoch_secs = verifier->now_epoch_secs, .verdict = verifier->reader,
		.dns_fd = -1};
	request->psl = verifier->psl;
	if (verifier->replay_file) {
		request->replay = verifier->replay.ptr ? buf_str(&verifier->replay) : STR("");
		request->replay_file = str_from(verifier->replay_file);
	} else if (resolver_job(&verifier->resolver, &job.dns_fd, &error) != ERR_OK) {
		return cli_fail(EX_UNAVAILABLE, &error);
	}
	job.fd = request_fd(request, &job.bytes);
	if (job.fd < 0)
		done = (struct job_done){.end = JOB_UNAVAILABLE, .detail = {.text = "no memory file"}};
	else
		pool_run(verifier->pool, &job, &done);
	close_fd(job.fd);
	close_fd(job.dns_fd);
	if (done.end != JOB_DONE)
		return fail(&done);
	*verdict_r = verdict_reader_finish(verifier->reader);
	if ((*verdict_r)->refused.len > 0)
		return cli_failf(EX_DATAERR, "%.*s", STR_FMT((*verdict_r)->refused));
	return EX_OK;
}
