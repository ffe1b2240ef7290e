// SPDX-License-Identifier: Apache-2.0
#include "daemon/again.h"
#include "base/utf8.h"
#include "ingest/quarantine.h"
#include "model/json.h"
#include "store/query.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define OUT_BYTES ((size_t)64 * 1024 * 1024)
#define EXCERPT_BYTES ((size_t)2048)
#define PATHS_BYTES ((size_t)64 * 1024)

static const char select_quarantined[] =
	"SELECT sha256, file, code, reason, bytes, copies, taken_at FROM dmarcd_api.mail "
	"WHERE outcome = 'quarantined' AND ($1::text IS NULL OR sha256 LIKE $1 || '%') ORDER BY taken_at, sha256";

struct quarantine_run {
	struct cli *cli;
	bool json;
	struct arena *arena;
	struct again *again; /* retry only */
	bool named; /* by its HASH, not with all the others */
	int status;
};

typedef enum err handler(struct quarantine_run *run, const struct rows *rows, const struct sha256 *sum,
	struct error *error);

static void write_json(struct quarantine_run *run, const struct rows *rows, const char *path, struct buf *out)
{
	static const char *const texts[] = {"sha256", "file", "code", "reason", "taken_at"};
	struct json json;
	json_init(&json, out);
	json_object(&json);
	for (size_t i = 0; i < 5; i++)
		json_key_value_str(&json, texts[i], query_get(rows, texts[i]));
	json_key_value_u64(&json, "bytes", (uint64_t)query_get_i64(rows, "bytes"));
	json_key_value_cstr(&json, "kept", access(path, F_OK) == 0 ? path : NULL);
	json_object_end(&json);
	buf_add_char(out, '\n');
	(void)run;
}

static enum err list_one(struct quarantine_run *run, const struct rows *rows, const struct sha256 *sum,
	struct error *error)
{
	struct buf out;
	const char *path = quarantine_path(run->cli->config->state_dir, sum, run->arena);
	(void)error;
	buf_init(&out, OUT_BYTES);
	if (run->json) {
		write_json(run, rows, path, &out);
		cli_flush(&out);
	} else {
		struct str hash = query_get(rows, "sha256");
		buf_printf(&out, "%.*s  %.*s\n  %.*s: %.*s\n  %s%s\n", STR_FMT(str_sub(hash, 0, 12)),
			STR_FMT(query_get(rows, "file")), STR_FMT(query_get(rows, "code")),
			STR_FMT(query_get(rows, "reason")), access(path, F_OK) == 0 ? "kept in " : "dropped: ", path);
		cli_print(buf_str(&out));
	}
	buf_fini(&out);
	return ERR_OK;
}

/* The beginning of the bytes, nothing in it able to move a terminal. */
static void print_excerpt(const char *path)
{
	char bytes[EXCERPT_BYTES];
	struct buf shown;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t got = fd >= 0 ? read(fd, bytes, sizeof(bytes)) : -1;
	if (fd >= 0)
		(void)close(fd);
	if (got <= 0)
		return;
	buf_init(&shown, OUT_BYTES);
	utf8_add_visible(&shown, (struct str){bytes, (size_t)got}, false);
	buf_add_str(&shown, got == (ssize_t)sizeof(bytes) ? STR("\n[…]\n") : STR("\n"));
	cli_flush(&shown);
	buf_fini(&shown);
}

static enum err show_one(struct quarantine_run *run, const struct rows *rows, const struct sha256 *sum,
	struct error *error)
{
	enum err err = list_one(run, rows, sum, error);
	if (!err && !run->json)
		print_excerpt(quarantine_path(run->cli->config->state_dir, sum, run->arena));
	return err;
}

static enum err read_file(const char *path, struct buf *out, struct error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t got = 1;
	if (fd < 0)
		return error_errno(error, errno == ENOENT ? ERR_NOTFOUND : ERR_PERM, errno, "cannot open %s", path);
	while (got > 0) {
		char *room = buf_room(out, PATHS_BYTES);
		got = room ? read(fd, room, PATHS_BYTES) : -1;
		buf_took(out, got > 0 ? (size_t)got : 0);
	}
	(void)close(fd);
	return got == 0 ? ERR_OK : error_set(error, ERR_PERM, "cannot read %s", path);
}

/* What a command has done, a line of text or of JSON. */
static void tell(struct quarantine_run *run, const struct rows *rows, const char *outcome, const char *code,
	const char *reason)
{
	struct buf out;
	struct json json;
	struct str file = query_get(rows, "file");
	if (!run->json) {
		cli_say(run->cli, "%.*s: %s%s%s%s", STR_FMT(file), *code ? "still " : "", *code ? code : outcome,
			*code ? ": " : "", reason);
		return;
	}
	buf_init(&out, OUT_BYTES);
	json_init(&json, &out);
	json_object(&json);
	json_key_value_str(&json, "sha256", query_get(rows, "sha256"));
	json_key_value_str(&json, "file", file);
	json_key_value_cstr(&json, "outcome", outcome);
	json_key_value_cstr(&json, "code", code);
	json_key_value_cstr(&json, "reason", reason);
	json_object_end(&json);
	buf_add_char(&out, '\n');
	cli_flush(&out);
	buf_fini(&out);
}

static void tell_still(struct quarantine_run *run, const struct rows *rows, enum reason reason)
{
	run->status = EX_DATAERR;
	tell(run, rows, mail_outcome_text(OUTCOME_QUARANTINED), reason_code(reason), reason_sentence(reason));
}

static enum err retry_one(struct quarantine_run *run, const struct rows *rows, const struct sha256 *sum,
	struct error *error)
{
	struct buf bytes;
	struct put_mail put;
	const struct config *config = run->cli->config;
	const char *path = quarantine_path(config->state_dir, sum, run->arena);
	if ((uint64_t)query_get_i64(rows, "bytes") > config->limits.mail_bytes && access(path, F_OK) == 0) {
		tell_still(run, rows, REASON_FILE_TOO_LARGE);
		return ERR_OK;
	}
	buf_init(&bytes, config->limits.mail_bytes + PATHS_BYTES * 2);
	enum err err = read_file(path, &bytes, error);
	if (!err)
		err = again_mail(run->again, buf_str(&bytes), "", config->keep_originals_secs != 0, &put, error);
	buf_fini(&bytes);
	if (err == ERR_NOTFOUND) {
		if (run->named)
			run->status = cli_fail(EX_NOINPUT, error);
		return ERR_OK;
	}
	if (err)
		return err;
	if (put.outcome == OUTCOME_QUARANTINED) {
		tell_still(run, rows, put.reason);
		return ERR_OK;
	}
	tell(run, rows, mail_outcome_text(put.outcome), "", "");
	return quarantine_drop(config->state_dir, sum, error);
}

static enum err drop_one(struct quarantine_run *run, const struct rows *rows, const struct sha256 *sum,
	struct error *error)
{
	enum err err = quarantine_drop(run->cli->config->state_dir, sum, error);
	if (err == ERR_NOTFOUND)
		return ERR_OK;
	if (!err)
		tell(run, rows, "dropped", "", "");
	return err;
}

static enum err each(struct quarantine_run *run, struct store *store, const char *hash, handler *handle,
	struct error *error)
{
	struct rows *rows = NULL;
	char hex[SHA256_HEX_BYTES];
	bool none = hash && !cmd_hash(hash, hex); /* an empty word must not be all of them */
	const struct str param = hash ? str_from(hex) : STR_NONE;
	enum err err = none ? ERR_OK : query_open(store, select_quarantined, &param, 1, false, &rows, error);
	uint64_t found = 0;
	run->named = hash != NULL;
	while (!err && rows && query_next(rows)) {
		struct sha256 sum;
		if (!sha256_parse(query_get(rows, "sha256"), &sum))
			die("a hash that is none");
		found++;
		err = handle(run, rows, &sum, error);
	}
	query_close(&rows);
	if (!err && found == 0 && hash)
		run->status = cli_failf(EX_NOINPUT, "no mail %s is in the quarantine", hash);
	return err;
}

static int each_of(struct quarantine_run *run, struct store *store, int count, char **hashes, handler *handle)
{
	struct error error = {0};
	enum err err = count == 0 ? each(run, store, NULL, handle, &error) : ERR_OK;
	for (int i = 0; i < count && !err; i++)
		err = each(run, store, hashes[i], handle, &error);
	return err ? cli_fail(cli_status(&error), &error) : run->status;
}

static const struct {
	const char *name;
	handler *handle;
	bool needs_choice; /* HASH or --all */
} actions[] = {{"list", list_one, false}, {"show", show_one, true}, {"retry", retry_one, true},
	{"drop", drop_one, true}};

static int with_store(struct quarantine_run *run, size_t action, int count, char **hashes)
{
	int status;
	if (actions[action].handle == retry_one) {
		struct again again;
		status = again_open(run->cli, &again);
		if (status != EX_OK)
			return status;
		run->again = &again;
		struct cmd_reader reader = {.services = again.services};
		struct error error = {0};
		status = services_store_open(again.services, SERVICE_READ, &reader.store, &error);
		status = status == EX_OK ? each_of(run, reader.store, count, hashes, actions[action].handle) :
			cli_fail(status, &error);
		store_close(&reader.store);
		again_close(&again);
		return status;
	}
	struct cmd_reader reader;
	status = cmd_reader_open(run->cli, &reader);
	if (status != EX_OK)
		return status;
	status = each_of(run, reader.store, count, hashes, actions[action].handle);
	cmd_reader_close(&reader);
	return status;
}

static int run(struct cli *cli, int argc, char **argv)
{
	int first;
	bool all = false;
	struct quarantine_run run_state = {.cli = cli};
	const struct cli_option options[] = {{"json", &run_state.json, NULL}, {"all", &all, NULL}, {NULL, NULL, NULL}};
	int status = cli_options(cli, argc, argv, options, &first);
	if (status != EX_OK)
		return status;
	const char *name = argc > first ? argv[first] : "list";
	int count = argc > first ? argc - first - 1 : 0;
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(actions[i].name, name) != 0)
			continue;
		if (actions[i].needs_choice && count == 0 && !all)
			return cli_failf(EX_USAGE, "quarantine %s: name a HASH or say --all", name);
		run_state.arena = arena_open(OUT_BYTES);
		status = with_store(&run_state, i, count, argv + first + 1);
		arena_close(&run_state.arena);
		return status;
	}
	return cli_failf(EX_USAGE, "quarantine: \"%s\" is not list, show, retry or drop", name);
}

const struct command cmd_quarantine = {
	.name = "quarantine",
	.arguments = "list|show|retry|drop [--all] [--json] [HASH...]",
	.summary = "what was set aside, and why",
	.help = "  list     every quarantined mail: its file, reason code and where its bytes are kept\n"
		"  show     the same with a safe excerpt of the bytes\n"
		"  retry    read them again, after an upgrade or a change of limits\n"
		"  drop     delete the bytes; the line in the balance stays\n"
		"  --all    all of them, for show, retry and drop\n"
		"  --json   one JSON object a line\n"
		"A HASH may be cut to its first digits (6 or more).\n"
		"\nexample: dmarcd quarantine show --all\n",
	.needs_config = true,
	.run = run,
};
