// SPDX-License-Identifier: Apache-2.0
#include "ingest/source.h"

#include "base/clock.h"
#include "base/log.h"
#include "ingest/mbox.h"
#include "ingest/seen.h"
#include "ingest/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define ARENA_BYTES ((size_t)1024 * 1024 * 1024) /* names of millions of files */
#define COMPLAIN_AGAIN_MSECS ((int64_t)600000)
#define LOOKS_MAX 2
#define LOOK_AGAIN_MSECS 1000

/* One thing to read: a Maildir, a file outside one, or stdin. */
struct root {
	const char *path;
	enum maildir_done done;
	bool is_maildir;
	bool is_stdin;
	struct maildir *maildir; /* open once it is there */
	uint64_t bytes;
};

struct source {
	struct arena *arena;
	const struct ingest_options *options;
	struct load *load;
	struct root *roots;
	size_t roots_count, roots_cap;

	size_t at;          /* root being read */
	bool walking, cur;  /* a walk over its new/ or cur/ goes on */
	struct mbox *mbox;
	uint64_t mbox_told; /* bytes of it already counted as progress */

	struct seen *settled;    /* in place only */
	struct seen *complained;
	struct seen *failing;    /* to read */
	int64_t complained_since_msecs;
	struct error trouble, away;
};

static struct root *add_root(struct source *source, const char *path)
{
	if (source->roots_count == source->roots_cap) {
		source->roots_cap = source->roots_cap ? source->roots_cap * 2 : 16;
		struct root *larger = ARENA_ARRAY(source->arena, source->roots_cap, struct root);
		if (source->roots_count > 0)
			(void)memcpy(larger, source->roots, source->roots_count * sizeof(*larger));
		source->roots = larger;
	}
	struct root *root = &source->roots[source->roots_count++];
	*root = (struct root){.path = arena_cstr(source->arena, str_from(path))};
	return root;
}

static void add_maildir(struct source *source, const char *path, enum maildir_done done)
{
	struct root *root = add_root(source, path);
	root->is_maildir = true;
	root->done = done;
}

static void note_trouble(struct source *source, const struct error *error)
{
	if (source->trouble.code == ERR_OK)
		source->trouble = *error;
}

static enum err add_folder(struct source *source, const char *path, struct error *error)
{
	struct walk walk;
	enum err err = walk_folder(source->arena, path, &walk, error);
	if (err && walk.count == 0)
		return err;
	if (err)
		note_trouble(source, error);
	for (size_t i = 0; i < walk.count; i++) {
		if (walk.entries[i].maildir)
			add_maildir(source, walk.entries[i].path, DONE_KEEP);
		else
			add_root(source, walk.entries[i].path)->bytes = walk.entries[i].bytes;
	}
	return ERR_OK;
}

static enum err cannot_open(const char *path, struct error *error)
{
	enum err err = errno == EACCES || errno == EPERM ? ERR_DENIED : ERR_NOTFOUND;
	return error_errno(error, err, errno, "cannot open %s", path);
}

static enum err add_path(struct source *source, const char *path, struct error *error)
{
	struct stat st;
	if (strcmp(path, "-") == 0) {
		add_root(source, path)->is_stdin = true;
		return ERR_OK;
	}
	if (stat(path, &st) != 0)
		return cannot_open(path, error);
	if (S_ISDIR(st.st_mode) && maildir_is(path)) {
		add_maildir(source, path, DONE_KEEP);
		return ERR_OK;
	}
	if (S_ISDIR(st.st_mode))
		return add_folder(source, path, error);
	if (access(path, R_OK) != 0)
		return cannot_open(path, error);
	add_root(source, path)->bytes = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	return ERR_OK;
}

static enum err open_maildir(struct source *source, struct root *root, struct error *error)
{
	if (root->maildir)
		return ERR_OK;
	return maildir_open(root->path, root->done, source->options->in_place, &root->maildir, error);
}

static enum err open_all(struct source *source, struct error *error)
{
	const struct ingest_options *options = source->options;
	enum err err = ERR_OK;
	for (size_t i = 0; !err && i < options->paths_count; i++)
		err = add_path(source, options->paths[i], error);
	for (size_t i = 0; !err && options->paths_count == 0 && i < options->maildirs_count; i++)
		add_maildir(source, options->maildirs[i].path, options->maildirs[i].done);
	for (size_t i = 0; !err && options->once && i < source->roots_count; i++)
		if (source->roots[i].is_maildir)
			err = open_maildir(source, &source->roots[i], error);
	return err;
}

enum err source_open(const struct ingest_options *options, struct load *load, struct source **source_r,
	struct error *error)
{
	struct arena *arena = arena_open(ARENA_BYTES);
	struct source *source = ARENA_NEW(arena, struct source);
	source->arena = arena;
	source->options = options;
	source->load = load;
	source->settled = seen_open();
	source->complained = seen_open();
	source->failing = seen_open();
	enum err err = open_all(source, error);
	if (err)
		source_close(&source);
	*source_r = source;
	return err;
}

void source_close(struct source **source)
{
	if (!*source)
		return;
	struct arena *arena = (*source)->arena;
	mbox_close(&(*source)->mbox);
	for (size_t i = 0; i < (*source)->roots_count; i++)
		maildir_close(&(*source)->roots[i].maildir);
	seen_close(&(*source)->settled);
	seen_close(&(*source)->complained);
	seen_close(&(*source)->failing);
	*source = NULL;
	arena_close(&arena);
}

static bool reads_cur(const struct source *source)
{
	return source->options->all;
}

struct source_size source_measure(struct source *source)
{
	struct source_size size = {.oldest_epoch_secs = INT64_MAX};
	for (size_t i = 0; i < source->roots_count; i++) {
		struct root *root = &source->roots[i];
		if (root->maildir) {
			maildir_measure(root->maildir, false, &size.files, &size.bytes, &size.oldest_epoch_secs);
			if (reads_cur(source))
				maildir_measure(root->maildir, true, &size.files, &size.bytes, &size.oldest_epoch_secs);
		} else if (!root->is_maildir) {
			size.files++;
			size.bytes += root->bytes;
		}
	}
	return size;
}

void source_rewind(struct source *source)
{
	mbox_close(&source->mbox);
	source->at = 0;
	source->walking = source->cur = false;
	source->trouble = source->away = (struct error){0};
	int64_t now = clock_monotonic_msecs();
	if (now - source->complained_since_msecs > COMPLAIN_AGAIN_MSECS) {
		seen_clear(source->complained);
		seen_clear(source->failing);
		source->complained_since_msecs = now;
	}
}

enum err source_trouble(const struct source *source, struct error *error)
{
	if (source->trouble.code && error)
		*error = source->trouble;
	return source->trouble.code;
}

enum err source_away(const struct source *source, struct error *error)
{
	if (source->away.code && error)
		*error = source->away;
	return source->away.code;
}

void source_release(struct source *source)
{
	for (size_t i = 0; i < source->roots_count; i++)
		maildir_close(&source->roots[i].maildir);
}

/* One line a file and ten minutes, not one a look. */
static void complain(struct source *source, const char *folder, const char *name,
	const struct error *error)
{
	struct log_line line;
	if (!seen_add(source->complained, str_from(folder), str_from(name)))
		return;
	log_begin(&line, LOG_WARN_LEVEL, "left where it is");
	log_cstr(&line, "code", "file.unreadable");
	log_error(&line, error);
	log_end(&line);
}

static void maildir_is_away(struct source *source, const char *path, const char *folder, const struct error *error)
{
	complain(source, path, folder, error);
	note_trouble(source, error);
	if (source->away.code == ERR_OK)
		source->away = *error;
}

/* Outside a Maildir every sight is a new one, and has a name that no other has:
 * so a commit without an answer can be looked up. */
static struct str sight_name(struct arena *arena)
{
	uint64_t random[2];
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		die("no random bytes");
	return str_from(arena_printf(arena, "%016" PRIx64 "%016" PRIx64, random[0], random[1]));
}

static struct taken *new_taken(const char *maildir, const char *name, const char *file)
{
	struct taken *taken = taken_new();
	taken->source = (struct mail_source){
		.maildir = maildir ? taken_name(taken->arena, str_from(maildir)) : STR(""),
		.unique = maildir ? taken_name(taken->arena, maildir_unique(name)) : sight_name(taken->arena),
		.file = arena_str(taken->arena, str_from(file)),
	};
	return taken;
}

static bool still_the_same(int fd, const struct stat *before)
{
	struct stat after;
	return fstat(fd, &after) == 0 && after.st_size == before->st_size &&
		after.st_mtim.tv_sec == before->st_mtim.tv_sec &&
		after.st_mtim.tv_nsec == before->st_mtim.tv_nsec;
}

/* All bytes of a file that may be at its delivery still: when it changes meanwhile, once more after a
 * second, and then what is there. */
static enum err load_file(struct source *source, int fd, struct taken *taken, struct error *error)
{
	struct stat before;
	bool same = false;
	enum err err = ERR_OK;
	for (int looks = 0; !err && !same && looks < LOOKS_MAX; looks++) {
		if (looks > 0)
			(void)poll(NULL, 0, LOOK_AGAIN_MSECS);
		if (fstat(fd, &before) != 0 || (looks > 0 && lseek(fd, 0, SEEK_SET) != 0))
			return error_errno(error, ERR_PERM, errno, "cannot read %.*s", STR_FMT(taken->source.file));
		if (taken->fd >= 0)
			(void)close(taken->fd);
		taken->fd = -1;
		taken->weight = (uint64_t)before.st_size;
		err = load_fd(source->load, fd, taken, error);
		same = still_the_same(fd, &before);
	}
	taken->changing = !same;
	return err;
}

/* What is there but cannot be read. Bad sectors cost their seconds once in ten minutes. */
static enum err cannot_take(struct source *source, const char *path, const char *name, struct error *why,
	struct error *error)
{
	if (why->code == ERR_TEMP) {
		*error = *why;
		return ERR_TEMP;
	}
	if (why->code == ERR_DENIED || why->code == ERR_PERM)
		note_trouble(source, why);
	if (why->code != ERR_NOTFOUND)
		complain(source, path, name, why);
	if (why->code == ERR_PERM)
		(void)seen_add(source->failing, str_from(path), str_from(name));
	return ERR_OK;
}

/* *taken_r stays NULL when the file is passed over. */
static enum err take_from_maildir(struct source *source, struct root *root, const char *name,
	struct taken **taken_r, struct error *error)
{
	int fd;
	const char *path = maildir_path(root->maildir);
	struct error why = {0};
	if (seen_has(source->failing, str_from(path), str_from(name)))
		return ERR_OK;
	if (maildir_open_file(root->maildir, name, source->cur, &fd, &why) != ERR_OK)
		return cannot_take(source, path, name, &why, error);
	struct taken *taken = new_taken(path, name, "");
	taken->source.file = str_from(arena_printf(taken->arena, "%s/%s/%s", path,
		source->cur ? "cur" : "new", name));
	taken->name = arena_cstr(taken->arena, str_from(name));
	taken->maildir = root->maildir;
	taken->in_cur = source->cur;
	enum err err = load_file(source, fd, taken, &why);
	(void)close(fd);
	if (err) {
		taken_free(&taken);
		return cannot_take(source, path, name, &why, error);
	}
	*taken_r = taken;
	return ERR_OK;
}

/* False at the end of the folder. */
static bool next_name(struct source *source, struct root *root, const char **name_r)
{
	struct error why = {0};
	if (!source->walking) {
		if (maildir_walk(root->maildir, source->cur, &why) != ERR_OK) {
			maildir_is_away(source, maildir_path(root->maildir), source->cur ? "cur" : "new", &why);
			return false;
		}
		source->walking = true;
	}
	*name_r = maildir_next(root->maildir);
	if (!*name_r)
		source->walking = false;
	return *name_r != NULL;
}

static enum err next_of_maildir(struct source *source, struct root *root, struct taken **taken_r,
	struct error *error)
{
	const char *name;
	enum err err = ERR_OK;
	struct error why = {0};
	if (open_maildir(source, root, &why) != ERR_OK) {
		maildir_is_away(source, root->path, "", &why);
		source->at++;
		return ERR_OK;
	}
	while (!err && !*taken_r) {
		if (next_name(source, root, &name)) {
			if (!source->options->in_place || !seen_has(source->settled,
				str_from(maildir_path(root->maildir)), maildir_unique(name)))
				err = take_from_maildir(source, root, name, taken_r, error);
		} else if (!source->cur && reads_cur(source)) {
			source->cur = true;
		} else {
			source->cur = false;
			source->at++;
			break;
		}
	}
	return err;
}

static enum err next_of_mbox(struct source *source, struct root *root, struct taken **taken_r,
	struct error *error)
{
	uint64_t offset;
	struct str piece;
	if (!mbox_next(source->mbox, &offset)) {
		struct error why = {0};
		if (mbox_failed(source->mbox, &why))
			note_trouble(source, &why);
		mbox_close(&source->mbox);
		source->at++;
		return ERR_OK;
	}
	struct taken *taken = new_taken(NULL, NULL, "");
	taken->source.file = str_from(arena_printf(taken->arena, "%s:%llu", root->path,
		(unsigned long long)offset));
	taken->mbox = arena_str(taken->arena, str_from(root->path));
	load_begin(source->load);
	while (mbox_piece(source->mbox, &piece))
		load_add(source->load, piece.ptr, piece.len);
	enum err err = load_end(source->load, taken, error);
	taken->weight = mbox_position(source->mbox) - source->mbox_told;
	source->mbox_told = mbox_position(source->mbox);
	if (err)
		taken_free(&taken);
	*taken_r = taken;
	return err;
}

static enum err next_of_file(struct source *source, struct root *root, struct taken **taken_r,
	struct error *error)
{
	struct error why = {0};
	if (source->mbox)
		return next_of_mbox(source, root, taken_r, error);
	int fd = root->is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) :
		open(root->path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		(void)cannot_open(root->path, &why);
		note_trouble(source, &why);
		complain(source, root->path, "", &why);
		source->at++;
		return ERR_OK;
	}
	if (!root->is_stdin && mbox_is(fd)) {
		source->mbox = mbox_open(fd);
		source->mbox_told = 0;
		return next_of_mbox(source, root, taken_r, error);
	}
	struct taken *taken = new_taken(NULL, NULL, root->path);
	taken->weight = root->bytes;
	enum err err = load_fd(source->load, fd, taken, &why);
	(void)close(fd);
	if (!err) {
		*taken_r = taken;
	} else {
		taken_free(&taken);
		note_trouble(source, &why);
		complain(source, root->path, "", &why);
		if (err == ERR_TEMP) {
			*error = why;
			return err;
		}
	}
	source->at++;
	return ERR_OK;
}

enum err source_next(struct source *source, struct taken **taken_r, struct error *error)
{
	enum err err = ERR_OK;
	*taken_r = NULL;
	while (!err && !*taken_r && source->at < source->roots_count) {
		struct root *root = &source->roots[source->at];
		err = root->is_maildir ? next_of_maildir(source, root, taken_r, error) :
			next_of_file(source, root, taken_r, error);
	}
	return err;
}

enum err source_sync(struct source *source, struct error *error)
{
	enum err err = ERR_OK;
	for (size_t i = 0; !err && i < source->roots_count; i++)
		if (source->roots[i].maildir)
			err = maildir_sync(source->roots[i].maildir, error);
	return err;
}

void source_settled(struct source *source, const struct taken *taken)
{
	if (taken->maildir && source->options->in_place)
		(void)seen_add(source->settled, str_from(maildir_path(taken->maildir)), maildir_unique(taken->name));
}

const char *source_watch_path(const struct source *source, size_t i, bool *cur_too_r)
{
	*cur_too_r = reads_cur(source);
	return i < source->roots_count && source->roots[i].is_maildir ? source->roots[i].path : NULL;
}
