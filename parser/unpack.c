// SPDX-License-Identifier: Apache-2.0
#include "parser/unpack.h"

#include "parser/zip_directory.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)4096)

struct unpack {
	struct archive *archive;
	struct budget_share share;
	struct issue_list *issues;
	struct payload payload;
	const char *block; /* of libarchive's, not yet handed on */
	size_t block_len;
	bool ended;
	struct reject broken; /* set inside a callback, told at the next return */
	struct zip_bytes zip;
	struct zip_facts facts;
	uint64_t zip_at;
	uint64_t entries;
	char window[BLOCK_BYTES];
};

/* Not every lack of memory has an error of libarchive's that says so. */
static void die_if_out_of_memory(const struct unpack *unpack)
{
	if (errno == ENOMEM || archive_errno(unpack->archive) == ENOMEM)
		die_out_of_memory();
}

static void note_archive_error(struct unpack *unpack, struct reject *reject)
{
	if (unpack->broken.reason != REASON_NONE) {
		*reject = unpack->broken;
		return;
	}
	die_if_out_of_memory(unpack);
	const char *text = archive_error_string(unpack->archive);
	reject_set(reject, REASON_ARCHIVE_DAMAGED, "%s", text != NULL ? text : "");
}

/* The next block of libarchive's into unpack->block. 1, 0 at the end, -1 broken. */
static int next_block(struct unpack *unpack, struct reject *reject)
{
	const void *block = NULL;
	size_t len = 0;
	int64_t offset;
	int found = archive_read_data_block(unpack->archive, &block, &len, &offset);
	unpack->share.stalls = 0;
	if (found == ARCHIVE_EOF)
		return 0;
	if (found == ARCHIVE_WARN) {
		const char *text = archive_error_string(unpack->archive);
		issue_add(unpack->issues, ISSUE_ARCHIVE_TRAILER, str_from(text));
	} else if (found != ARCHIVE_OK) {
		note_archive_error(unpack, reject);
		return -1;
	}
	unpack->block = block;
	unpack->block_len = len;
	return 1;
}

static size_t take_block(struct unpack *unpack, char *out, size_t cap)
{
	size_t len = unpack->block_len < cap ? unpack->block_len : cap;
	memcpy(out, unpack->block, len);
	unpack->block += len;
	unpack->block_len -= len;
	return len;
}

static ssize_t read_unpacked(void *context, char *out, size_t cap, struct reject *reject)
{
	struct unpack *unpack = context;
	while (unpack->block_len == 0) {
		int found = unpack->ended ? 0 : next_block(unpack, reject);
		if (found < 0)
			return -1;
		unpack->ended = found == 0;
		if (unpack->ended)
			return 0;
		if (!budget_charge(&unpack->share, unpack->block_len, unpack->zip.len, reject))
			return -1;
	}
	return (ssize_t)take_block(unpack, out, cap);
}

static struct unpack *unpack_new(struct budget *budget)
{
	struct unpack *unpack = calloc(1, sizeof(*unpack));
	if (unpack == NULL)
		die_out_of_memory();
	unpack->archive = archive_read_new();
	if (unpack->archive == NULL)
		die_out_of_memory();
	unpack->share.budget = budget;
	return unpack;
}

static ssize_t feed_zip(struct archive *archive, void *context, const void **block_r)
{
	struct unpack *unpack = context;
	(void)archive;
	if (!budget_stall(&unpack->share, &unpack->broken))
		return -1;
	uint64_t left = unpack->facts.end - unpack->zip_at;
	size_t len = left < BLOCK_BYTES ? (size_t)left : BLOCK_BYTES;
	ssize_t got = zip_bytes_read(&unpack->zip, unpack->zip_at, unpack->window, len);
	if (got < 0) {
		reject_set(&unpack->broken, REASON_FILE_UNREADABLE, "read error");
		return -1;
	}
	*block_r = unpack->window;
	unpack->zip_at += (uint64_t)got;
	return got;
}

static int64_t seek_zip(struct archive *archive, void *context, int64_t offset, int whence)
{
	struct unpack *unpack = context;
	int64_t from = 0;
	(void)archive;
	if (whence == SEEK_CUR)
		from = (int64_t)unpack->zip_at;
	else if (whence == SEEK_END)
		from = (int64_t)unpack->facts.end;
	int64_t at;
	if (__builtin_add_overflow(from, offset, &at) || at < 0 || (uint64_t)at > unpack->facts.end)
		return ARCHIVE_FATAL;
	unpack->zip_at = (uint64_t)at;
	return at;
}

struct unpack *unpack_zip_open(struct str bytes, int fd, uint64_t file_bytes,
	struct budget *budget)
{
	struct unpack *unpack = unpack_new(budget);
	unpack->zip = (struct zip_bytes){bytes, fd, bytes.ptr != NULL ? bytes.len : file_bytes};
	unpack->payload = (struct payload){read_unpacked, unpack, STR_NONE};
	errno = 0;
	archive_read_support_format_zip_seekable(unpack->archive);
	archive_read_set_read_callback(unpack->archive, feed_zip);
	archive_read_set_seek_callback(unpack->archive, seek_zip);
	archive_read_set_callback_data(unpack->archive, unpack);
	return unpack;
}

/* APPNOTE section 4.4.5; libarchive tells the method only in words: "ZIP 2.0 (deflation)". */
static bool method_is_read(struct unpack *unpack, struct reject *reject)
{
	struct str text = str_from(archive_format_name(unpack->archive));
	size_t open = str_find_char(text, '(');
	struct str method = open == SIZE_MAX ? STR_NONE : str_from_offset(text, open + 1);
	if (str_ends(method, STR(")")))
		method.len--;
	if (str_eq(method, STR("deflation")) || str_eq(method, STR("uncompressed")))
		return true;
	struct str name = str_eq(method, STR("deflation-64-bit")) ? STR("deflate64") : method;
	reject_set(reject, REASON_ARCHIVE_METHOD, "%.*s", STR_FMT(name));
	return false;
}

static struct str entry_name(struct archive_entry *entry)
{
	const char *name = archive_entry_pathname(entry);
	if (name == NULL)
		name = archive_entry_pathname_utf8(entry);
	return name != NULL ? str_from(name) : STR("");
}

static bool is_member(struct archive_entry *entry, struct str name)
{
	return archive_entry_filetype(entry) == AE_IFREG && !str_ends(name, STR("/")) &&
		!str_starts(name, STR("__MACOSX/")) && !str_ends(name, STR(".DS_Store"));
}

/* The limits and the two things no report's member is. */
static bool entry_is_read(struct unpack *unpack, struct archive_entry *entry, struct str name,
	struct reject *reject)
{
	const struct limits *limits = unpack->share.budget->limits;
	if (++unpack->entries > limits->archive_entries) {
		reject_set(reject, REASON_ARCHIVE_ENTRIES, "more than %llu members",
			(unsigned long long)limits->archive_entries);
		return false;
	}
	if (name.len > limits->archive_name_bytes) {
		reject_set(reject, REASON_ARCHIVE_ENTRIES, "a name of %zu bytes", name.len);
		return false;
	}
	if (archive_entry_is_encrypted(entry)) {
		reject_set(reject, REASON_ARCHIVE_ENCRYPTED, "%.*s", STR_FMT(name));
		return false;
	}
	return !is_member(entry, name) || method_is_read(unpack, reject);
}

int unpack_zip_next(struct unpack *unpack, struct issue_list *issues, struct str *name_r,
	struct reject *reject)
{
	if (unpack->entries == 0 &&
	    !zip_directory_check(&unpack->zip, unpack->share.budget->limits, &unpack->facts, reject))
		return -1;
	if (unpack->entries == 0 && archive_read_open1(unpack->archive) != ARCHIVE_OK) {
		note_archive_error(unpack, reject);
		if (archive_errno(unpack->archive) == EILSEQ)
			reject_set(reject, REASON_ARCHIVE_DAMAGED, "the directory at its end is missing");
		return -1;
	}
	for (;;) {
		struct archive_entry *entry;
		unpack->share.stalls = 0;
		int found = archive_read_next_header(unpack->archive, &entry);
		if (found == ARCHIVE_EOF)
			return 0;
		if (found != ARCHIVE_OK && found != ARCHIVE_WARN) {
			note_archive_error(unpack, reject);
			return -1;
		}
		struct str name = entry_name(entry);
		if (!entry_is_read(unpack, entry, name, reject))
			return -1;
		if (!is_member(entry, name))
			continue;
		if (unpack->facts.trailing)
			issue_add(issues, ISSUE_ARCHIVE_TRAILING_BYTES, STR_NONE);
		if (unpack->facts.disagree)
			issue_add(issues, ISSUE_ARCHIVE_DIRECTORY, STR_NONE);
		unpack->issues = issues;
		unpack->ended = false;
		unpack->block_len = 0;
		unpack->share.member_bytes = 0;
		*name_r = name;
		unpack->payload.member = name;
		return 1;
	}
}

struct payload *unpack_payload(struct unpack *unpack)
{
	return &unpack->payload;
}

void unpack_close(struct unpack **unpack)
{
	if (*unpack == NULL)
		return;
	archive_read_free((*unpack)->archive);
	free(*unpack);
	*unpack = NULL;
}
