// SPDX-License-Identifier: Apache-2.0
#include "evidence/sample_take.h"

#include "base/log.h"
#include "base/maildir.h"
#include "base/utf8.h"
#include "model/digest.h"
#include "model/reason.h"
#include "pool/gzip.h"
#include "store/verdict/judgement.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES ((size_t)256 * 1024)
#define KEPT_BYTES_MAX ((size_t)1024 * 1024)
#define PACKED_EXTRA_BYTES ((size_t)1024 * 1024)
#define TOLD_BYTES_MAX ((size_t)32 * 1024) /* of names; beyond them nothing is told or hurried */
#define AGAIN_SECS 60

struct folder {
	const char *path;
	struct maildir *maildir; /* NULL: could not be opened */
	bool away;               /* told in the log */
	struct buf told;         /* names in new/ that were: "name/name/" */
	int64_t again_epoch_secs; /* when those are tried again */
};

struct sample_take {
	struct folder *folders;
	size_t count;
	uint64_t mail_bytes_max;
	struct digest *digest;
	struct buf bytes, packed;
	struct buf path, name; /* as texts, whatever bytes they are made of */
};

struct sample_take *sample_take_open(const char *const *paths, size_t count, uint64_t mail_bytes_max)
{
	struct sample_take *take = calloc(1, sizeof(*take));
	struct folder *folders = calloc(count + 1, sizeof(*folders));
	if (!take || !folders)
		die_out_of_memory();
	*take = (struct sample_take){
		.folders = folders,
		.count = count,
		.mail_bytes_max = mail_bytes_max,
		.digest = digest_open(),
	};
	buf_init(&take->bytes, (size_t)mail_bytes_max + READ_BYTES);
	buf_init(&take->path, SIZE_MAX / 2);
	buf_init(&take->name, SIZE_MAX / 2);
	buf_init(&take->packed, (size_t)mail_bytes_max + PACKED_EXTRA_BYTES);
	for (size_t i = 0; i < count; i++) {
		folders[i].path = paths[i];
		buf_init(&folders[i].told, TOLD_BYTES_MAX);
	}
	return take;
}

void sample_take_close(struct sample_take **take)
{
	if (!*take)
		return;
	for (size_t i = 0; i < (*take)->count; i++) {
		maildir_close(&(*take)->folders[i].maildir);
		buf_fini(&(*take)->folders[i].told);
	}
	digest_close(&(*take)->digest);
	buf_fini(&(*take)->bytes);
	buf_fini(&(*take)->packed);
	buf_fini(&(*take)->path);
	buf_fini(&(*take)->name);
	free((*take)->folders);
	free(*take);
	*take = NULL;
}

static bool was_told(const struct folder *folder, const char *name)
{
	struct str rest = buf_str(&folder->told), piece;
	while (!folder->told.overflow && rest.len > 0 && str_split(&rest, '/', &piece))
		if (str_eq(piece, str_from(name)))
			return true;
	return folder->told.overflow;
}

/* Of a file that stays in new/, once. */
static void tell(struct folder *folder, const char *name, const struct error *error)
{
	struct log_line line;
	if (was_told(folder, name))
		return;
	buf_printf(&folder->told, "%s/", name);
	log_begin(&line, LOG_WARN_LEVEL, "a sample stays in new/");
	log_cstr(&line, "maildir", folder->path);
	log_cstr(&line, "file", name);
	log_error(&line, error);
	log_end(&line);
}

static bool open_folder(struct folder *folder)
{
	struct error error = {0};
	struct log_line line;
	enum err err = folder->maildir ? ERR_OK :
		maildir_open(folder->path, DONE_KEEP, false, &folder->maildir, &error);
	if (!err)
		err = maildir_walk(folder->maildir, false, &error);
	if (err)
		maildir_close(&folder->maildir); /* it may come back as another folder */
	if (err && !folder->away) {
		log_begin(&line, LOG_ERROR_LEVEL, "a Maildir of samples cannot be read");
		log_cstr(&line, "maildir", folder->path);
		log_error(&line, &error);
		log_end(&line);
	}
	folder->away = err != ERR_OK;
	return !err;
}

/* The bytes (of a mail that is too large only the beginning), their sum and number. */
static enum err read_mail(struct sample_take *take, int fd, struct sample_mail *mail, struct error *error)
{
	ssize_t got;
	mail->bytes = 0;
	buf_reset(&take->bytes);
	(void)digest_take(take->digest);
	while ((got = read(fd, buf_room(&take->bytes, READ_BYTES), READ_BYTES)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(error, ERR_PERM, errno, "cannot read it");
		digest_add(take->digest, take->bytes.ptr + take->bytes.len, (size_t)got);
		mail->bytes += (uint64_t)got;
		if (mail->bytes <= take->mail_bytes_max)
			buf_took(&take->bytes, (size_t)got);
		else
			buf_reset(&take->bytes);
	}
	mail->sha256 = digest_take(take->digest);
	return ERR_OK;
}

/* A writer that does not deliver by rename is not done yet. */
static bool is_changing(const struct stat *before, int fd, uint64_t bytes)
{
	struct stat after;
	return fstat(fd, &after) != 0 || (uint64_t)after.st_size != bytes ||
		before->st_mtim.tv_sec != after.st_mtim.tv_sec || before->st_mtim.tv_nsec != after.st_mtim.tv_nsec;
}

static enum err load(struct sample_take *take, int fd, int64_t now, struct sample_mail *mail, struct error *error)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return error_errno(error, ERR_PERM, errno, "cannot look at it");
	enum err err = read_mail(take, fd, mail, error);
	if (err)
		return err;
	if (is_changing(&st, fd, mail->bytes))
		return error_set(error, ERR_TEMP, "%s", reason_code(REASON_FILE_CHANGING));
	mail->arrived_epoch_secs = st.st_mtim.tv_sec > 0 && st.st_mtim.tv_sec < now ? st.st_mtim.tv_sec : now;
	if (mail->bytes > take->mail_bytes_max) {
		mail->problem = str_from(reason_code(REASON_FILE_TOO_LARGE));
		return ERR_OK;
	}
	buf_reset(&take->packed);
	if (!gzip_pack_bytes(buf_str(&take->bytes), &take->packed))
		return error_set(error, ERR_PERM, "it cannot be packed");
	mail->packed = buf_str(&take->packed);
	return ERR_OK;
}

static void log_taken(const struct sample_mail *mail, bool known)
{
	char hex[SHA256_HEX_BYTES];
	struct log_line line;
	log_begin(&line, mail->problem.ptr ? LOG_WARN_LEVEL : LOG_INFO_LEVEL,
		known ? "a sample was known already" : mail->problem.ptr ? "a sample is not judged" : "sample taken");
	log_str(&line, "mail", str_sub(str_from(sha256_hex(&mail->sha256, hex)), 0, 8));
	log_str(&line, "maildir", mail->maildir);
	log_str(&line, "file", mail->file);
	log_u64(&line, "bytes", mail->bytes);
	if (mail->problem.ptr)
		log_str(&line, "reason", mail->problem);
	log_end(&line);
}

static struct str as_text(struct buf *buf, struct str bytes)
{
	buf_reset(buf);
	utf8_add_visible(buf, bytes, true);
	return buf_str(buf);
}

/* Errors are the database's; those of the file are told, and it stays. */
static enum err take_file(struct sample_take *take, struct folder *folder, const char *name, struct store *store,
	int64_t now, uint64_t *taken, struct error *error)
{
	struct sample_mail mail = {
		.maildir = as_text(&take->path, str_from(folder->path)), /* hints are found by it */
		.file = as_text(&take->name, maildir_unique(name)),
	};
	struct error away = {0};
	bool known;
	int fd;
	enum err err = maildir_open_file(folder->maildir, name, false, &fd, &away);
	if (!err) {
		err = load(take, fd, now, &mail, &away);
		(void)close(fd);
	}
	if (err) {
		if (err != ERR_NOTFOUND && err != ERR_TEMP)
			tell(folder, name, &away);
		return ERR_OK;
	}
	err = sample_put(store, &mail, now, &known, error);
	if (err)
		return err;
	++*taken;
	log_taken(&mail, known);
	if (maildir_finish(folder->maildir, name, false, &away) != ERR_OK)
		tell(folder, name, &away);
	return ERR_OK;
}

/* What a large mail took, until the next one. */
static void give_back(struct buf *buf)
{
	size_t max_bytes = buf->max_bytes;
	if (buf->cap <= KEPT_BYTES_MAX)
		return;
	buf_fini(buf);
	buf_init(buf, max_bytes);
}

enum err sample_take_pass(struct sample_take *take, struct store *store, int64_t now_epoch_secs, uint64_t most,
	uint64_t *taken_r, struct error *error)
{
	enum err err = ERR_OK;
	*taken_r = 0;
	for (size_t i = 0; i < take->count && !err && *taken_r < most; i++) {
		struct folder *folder = &take->folders[i];
		struct error ignored;
		const char *name;
		if (!open_folder(folder))
			continue;
		bool again = now_epoch_secs >= folder->again_epoch_secs;
		if (again)
			folder->again_epoch_secs = now_epoch_secs + AGAIN_SECS;
		while (!err && *taken_r < most && (name = maildir_next(folder->maildir)))
			if (again || !was_told(folder, name))
				err = take_file(take, folder, name, store, now_epoch_secs, taken_r, error);
		(void)!maildir_sync(folder->maildir, &ignored); /* if it is lost, the next pass knows the hash */
	}
	give_back(&take->bytes);
	give_back(&take->packed);
	return err;
}
