// SPDX-License-Identifier: Apache-2.0
#include "ingest/claim.h"

#include "base/figures.h"
#include "base/write.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#define ARENA_BYTES ((size_t)64 * 1024)
#define CLAIM_BYTES ((size_t)2 * PATH_MAX)

static const char *path_of(struct arena *arena, const struct ingest_maildir *maildir)
{
	return arena_printf(arena, "%s/" CLAIM_FILE, maildir->path);
}

static struct str state_dir_of(struct arena *arena, const struct ingest_options *options)
{
	char *state_dir = realpath(options->state_dir, NULL);
	const char *copy = arena_printf(arena, "%s", state_dir ? state_dir : options->state_dir);
	free(state_dir);
	return str_from(copy);
}

/* Two lines; empty texts where there is no whole claim. */
static void read_claim(struct arena *arena, const char *path, struct str *database_r, struct str *state_dir_r)
{
	char text[CLAIM_BYTES];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t got = fd >= 0 ? read(fd, text, sizeof(text)) : 0;
	struct str rest = {text, got > 0 ? (size_t)got : 0};
	*database_r = *state_dir_r = STR("");
	if (fd >= 0)
		(void)close(fd);
	if (rest.len == 0 || rest.len == sizeof(text) || text[rest.len - 1] != '\n')
		return;
	struct str database, state_dir;
	if (!str_line(&rest, &database) || !str_line(&rest, &state_dir))
		return;
	*database_r = arena_str(arena, database);
	*state_dir_r = arena_str(arena, state_dir);
}

static void write_claim(const char *path, struct str database, struct str state_dir)
{
	struct buf text;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
	if (fd < 0)
		return;
	buf_init(&text, CLAIM_BYTES);
	buf_printf(&text, "%.*s\n%.*s\n", STR_FMT(database), STR_FMT(state_dir));
	(void)write_all(fd, text.ptr, text.len);
	buf_fini(&text);
	(void)close(fd);
}

static bool runs(struct arena *arena, struct str state_dir)
{
	return state_dir.len > 0 && figures_told(arena_printf(arena, "%.*s/" INGEST_FIGURES, STR_FMT(state_dir)));
}

static enum err claim(struct arena *arena, const struct ingest_options *options,
	const struct ingest_maildir *maildir, struct str database, struct error *error)
{
	struct str its_database, its_state_dir;
	const char *path = path_of(arena, maildir);
	if (options->shared || maildir->shared || !maildir_is(maildir->path))
		return ERR_OK;
	read_claim(arena, path, &its_database, &its_state_dir);
	if (runs(arena, its_state_dir)) {
		if (str_eq(its_database, database))
			return ERR_OK;
		(void)error_set(error, ERR_LIMIT,
			"%s is read into another database, by the dmarcd whose state_dir is %.*s", maildir->path,
			STR_FMT(its_state_dir));
		error_hint(error, "stop that one; with shared: yes each of them gets a part of the mails");
		return ERR_LIMIT;
	}
	if (!options->once)
		write_claim(path, database, state_dir_of(arena, options));
	return ERR_OK;
}

enum err claim_maildirs(const struct ingest_options *options, struct store *store, struct error *error)
{
	struct arena *arena = arena_open(ARENA_BYTES);
	const char *database = NULL;
	enum err err = ERR_OK;
	const bool known = options->paths_count == 0 && !options->in_place && options->maildirs_count > 0 &&
		store_database(store, arena, &database, NULL) == ERR_OK;
	for (size_t i = 0; known && !err && i < options->maildirs_count; i++)
		err = claim(arena, options, &options->maildirs[i], str_from(database), error);
	arena_close(&arena);
	return err;
}

void claim_release(const struct ingest_options *options)
{
	if (options->once)
		return;
	struct arena *arena = arena_open(ARENA_BYTES);
	const struct str ours = state_dir_of(arena, options);
	for (size_t i = 0; i < options->maildirs_count; i++) {
		struct str database, state_dir;
		const char *path = path_of(arena, &options->maildirs[i]);
		read_claim(arena, path, &database, &state_dir);
		if (str_eq(state_dir, ours))
			(void)unlink(path);
	}
	arena_close(&arena);
}
