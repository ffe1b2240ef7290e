// SPDX-License-Identifier: Apache-2.0
#include "parser/unpack.h"

#include "parser/sniff.h"
#include "parser/zip_directory.h"

#include <archive.h>
#include <archive_entry.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define BLOCK_BYTES ((size_t)4096)
#define TAIL_BYTES ((size_t)32)   /* libarchive looks 10 bytes ahead for a further member */
#define TRAILER_BYTES ((size_t)8) /* RFC 1952 section 2.3.1: CRC32, ISIZE */
#define ADLER_BYTES ((size_t)4)   /* RFC 1950 section 2.2 */
#define PROBE_BYTES ((size_t)2048)

struct unpack {
	struct archive *archive;
	struct unpack_budget *budget;
	struct issue_list *issues;
	struct payload payload;
	const char *block; /* of libarchive's, not yet handed on */
	size_t block_len;
	uint64_t produced_bytes; /* by this unpack, all members */
	uint64_t member_bytes;   /* by the current member */
	uint64_t stalls;         /* reads of the source since the last output */
	bool ended;
	struct reject broken; /* set inside a callback, told at the next return */

	/* gzip; another frame is taken away and replaced by gzip's */
	struct payload *source;
	enum unpack_frame frame;
	bool framed;
	bool source_ended;
	bool padded;
	uint64_t source_bytes; /* real ones, without the padding */
	uint64_t magics;       /* member beginnings seen: more than one forbids the CRC check */
	uint32_t tail_magic;
	uLong sum;
	char window[TAIL_BYTES + BLOCK_BYTES]; /* the last bytes read */
	size_t window_len;

	/* zip */
	struct zip_bytes zip;
	uint64_t zip_end; /* for libarchive */
	uint64_t zip_at;
	uint64_t entries;
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

/* True while the output stays within what one report, one mail and the ratio allow. */
static bool charge(struct unpack *unpack, size_t len, uint64_t consumed, struct reject *reject)
{
	const struct limits *limits = unpack->budget->limits;
	unpack->produced_bytes += len;
	unpack->member_bytes += len;
	unpack->budget->unpacked_bytes += len;
	if (unpack->produced_bytes > limits->archive_ratio_bytes && consumed > 0 &&
	    unpack->produced_bytes / limits->archive_ratio > consumed) {
		reject_set(reject, REASON_ARCHIVE_RATIO, "more than %llu:1",
			(unsigned long long)limits->archive_ratio);
		return false;
	}
	if (unpack->member_bytes > limits->report_bytes) {
		reject_set(reject, REASON_ARCHIVE_TOO_LARGE, "a report above %llu bytes",
			(unsigned long long)limits->report_bytes);
		return false;
	}
	if (unpack->budget->unpacked_bytes > limits->unpacked_bytes) {
		reject_set(reject, REASON_ARCHIVE_TOO_LARGE, "a mail above %llu bytes",
			(unsigned long long)limits->unpacked_bytes);
		return false;
	}
	return true;
}

static bool count_stall(struct unpack *unpack)
{
	const struct limits *limits = unpack->budget->limits;
	if (++unpack->stalls <= limits->archive_stalls)
		return true;
	reject_set(&unpack->broken, REASON_ARCHIVE_STALLED, "%llu reads without output",
		(unsigned long long)limits->archive_stalls);
	return false;
}

/* ---- gzip ---- */

/* What inner gzip layers produced is seen only here, between two reads. */
static bool layers_within_budget(struct unpack *unpack)
{
	int filters = archive_filter_count(unpack->archive);
	uint64_t total = unpack->budget->unpacked_bytes;
	for (int i = 1; i + 1 < filters; i++)
		total += (uint64_t)archive_filter_bytes(unpack->archive, i);
	if (total <= unpack->budget->limits->unpacked_bytes)
		return true;
	reject_set(&unpack->broken, REASON_ARCHIVE_TOO_LARGE, "a mail above %llu bytes",
		(unsigned long long)unpack->budget->limits->unpacked_bytes);
	return false;
}

static void count_magics(struct unpack *unpack, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unpack->tail_magic = unpack->tail_magic << 8 | (unsigned char)bytes[i];
		if ((unpack->tail_magic & 0xffffff) == 0x1f8b08)
			unpack->magics++;
	}
}

/* Fills one block from the source, keeping the last bytes of the one before. */
static ssize_t fill_window(struct unpack *unpack, char **block_r)
{
	if (unpack->window_len > TAIL_BYTES) {
		memmove(unpack->window, unpack->window + unpack->window_len - TAIL_BYTES, TAIL_BYTES);
		unpack->window_len = TAIL_BYTES;
	}
	char *block = unpack->window + unpack->window_len;
	size_t len = 0;
	while (len < BLOCK_BYTES && !unpack->source_ended) {
		ssize_t got = unpack->source->read(
			unpack->source->context, block + len, BLOCK_BYTES - len, &unpack->broken);
		if (got < 0)
			return -1;
		if (got == 0)
			unpack->source_ended = true;
		len += (size_t)got;
	}
	count_magics(unpack, block, len);
	unpack->source_bytes += len;
	unpack->window_len += len;
	*block_r = block;
	return (ssize_t)len;
}

/* libarchive reads a deflate stream behind a header of gzip only. */
static ssize_t reframe(struct unpack *unpack, const void **block_r)
{
	static const char header[] = {'\x1f', '\x8b', 8, 0, 0, 0, 0, 0, 0, '\xff'};
	char dropped;
	for (int left = unpack->frame == UNPACK_ZLIB ? 2 : 0; left > 0; left--)
		if (unpack->source->read(unpack->source->context, &dropped, 1, &unpack->broken) < 0)
			return -1;
	unpack->framed = true;
	unpack->source_bytes = sizeof(header);
	unpack->magics = 1;
	*block_r = header;
	return (ssize_t)sizeof(header);
}

/* Behind the end of the source stand 8 NULs once: a deflate stream that is whole is then read
 * to its end even when its trailer is cut, and one that is cut still fails for want of it. */
static ssize_t feed_gzip(struct archive *archive, void *context, const void **block_r)
{
	static const char padding[TRAILER_BYTES] = {0};
	struct unpack *unpack = context;
	(void)archive;
	if (!count_stall(unpack) || !layers_within_budget(unpack))
		return -1;
	if (unpack->frame != UNPACK_GZIP && !unpack->framed)
		return reframe(unpack, block_r);
	char *block = NULL;
	ssize_t len = fill_window(unpack, &block);
	*block_r = block;
	if (len != 0)
		return len;
	if (unpack->padded)
		return 0;
	unpack->padded = true;
	*block_r = padding;
	return (ssize_t)TRAILER_BYTES;
}

static uint32_t load_u32(const char *bytes)
{
	uint32_t value;
	memcpy(&value, bytes, sizeof(value));
	return value;
}

static size_t trailer_bytes(enum unpack_frame frame)
{
	return frame == UNPACK_GZIP ? TRAILER_BYTES : frame == UNPACK_ZLIB ? ADLER_BYTES : 0;
}

static void add_to_sum(struct unpack *unpack)
{
	const Bytef *block = (const Bytef *)unpack->block;
	if (unpack->frame == UNPACK_GZIP)
		unpack->sum = crc32_z(unpack->sum, block, unpack->block_len);
	else if (unpack->frame == UNPACK_ZLIB)
		unpack->sum = adler32_z(unpack->sum, block, unpack->block_len);
}

static const char *wrong_in_trailer(const struct unpack *unpack, const char *trailer)
{
	switch (unpack->frame) {
	case UNPACK_GZIP:
		if (le32toh(load_u32(trailer)) != (uint32_t)unpack->sum)
			return "wrong checksum";
		return le32toh(load_u32(trailer + 4)) != (uint32_t)unpack->produced_bytes ? "wrong length" : NULL;
	case UNPACK_ZLIB:
		return be32toh(load_u32(trailer)) != (uint32_t)unpack->sum ? "wrong checksum" : NULL;
	case UNPACK_BARE:
		break;
	}
	return NULL;
}

/* RFC 1952 section 2.3.1, RFC 1950 section 2.2. libarchive skips eight bytes unread. */
static void check_trailer(struct unpack *unpack)
{
	size_t bytes = trailer_bytes(unpack->frame);
	uint64_t end = (uint64_t)archive_filter_bytes(unpack->archive, -1) - TRAILER_BYTES + bytes;
	if (end > unpack->source_bytes) {
		issue_add(unpack->issues, ISSUE_ARCHIVE_TRAILER, STR("cut short"));
		return;
	}
	uint64_t behind = unpack->source_bytes - end;
	if (behind > 0)
		issue_add(unpack->issues, ISSUE_ARCHIVE_TRAILING_BYTES, STR_NONE);
	if (unpack->magics > 1 || unpack_layers(unpack) > 1 || behind + bytes > unpack->window_len)
		return;
	const char *wrong = wrong_in_trailer(unpack, unpack->window + unpack->window_len - behind - bytes);
	if (wrong != NULL)
		issue_add(unpack->issues, ISSUE_ARCHIVE_TRAILER, str_from(wrong));
}

/* The next block of libarchive's into unpack->block. 1, 0 at the end, -1 broken. */
static int next_block(struct unpack *unpack, struct reject *reject)
{
	const void *block = NULL;
	size_t len = 0;
	int64_t offset;
	int found = archive_read_data_block(unpack->archive, &block, &len, &offset);
	unpack->stalls = 0;
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
	bool stream = unpack->source != NULL; /* else the member of a zip, which libarchive checks */
	while (unpack->block_len == 0) {
		int found = unpack->ended ? 0 : next_block(unpack, reject);
		if (found < 0)
			return -1;
		if (found == 0 && stream && !unpack->ended)
			check_trailer(unpack);
		unpack->ended = found == 0;
		if (unpack->ended)
			return 0;
		if (stream)
			add_to_sum(unpack);
		uint64_t consumed = stream ? (uint64_t)archive_filter_bytes(unpack->archive, -1) : unpack->zip.len;
		if (!charge(unpack, unpack->block_len, consumed, reject))
			return -1;
	}
	return (ssize_t)take_block(unpack, out, cap);
}

static struct unpack *unpack_new(struct unpack_budget *budget)
{
	struct unpack *unpack = calloc(1, sizeof(*unpack));
	if (unpack == NULL)
		die_out_of_memory();
	unpack->archive = archive_read_new();
	if (unpack->archive == NULL)
		die_out_of_memory();
	unpack->budget = budget;
	return unpack;
}

/* What the beginning of a stream holds, as far as it goes. */
static bool inflates_to_document(struct str head, int window_bits)
{
	char out[PROBE_BYTES];
	z_stream stream = {.next_in = (Bytef *)(uintptr_t)head.ptr, .avail_in = (uInt)head.len,
		.next_out = (Bytef *)out, .avail_out = sizeof(out)};
	if (inflateInit2(&stream, window_bits) != Z_OK)
		die_out_of_memory();
	(void)inflate(&stream, Z_SYNC_FLUSH);
	(void)inflateEnd(&stream);
	return sniff_document((struct str){out, sizeof(out) - stream.avail_out});
}

bool unpack_sniff(struct str head, enum unpack_frame *frame_r)
{
	*frame_r = UNPACK_GZIP;
	if (sniff_bytes(head) == SNIFF_GZIP)
		return true;
	*frame_r = UNPACK_ZLIB;
	if (inflates_to_document(head, MAX_WBITS))
		return true;
	*frame_r = UNPACK_BARE;
	return inflates_to_document(head, -MAX_WBITS);
}

struct unpack *unpack_gzip_open(struct payload *source, enum unpack_frame frame,
	struct unpack_budget *budget, struct issue_list *issues)
{
	struct unpack *unpack = unpack_new(budget);
	unpack->frame = frame;
	unpack->sum = frame == UNPACK_ZLIB ? adler32_z(0, NULL, 0) : 0;
	unpack->source = source;
	unpack->issues = issues;
	unpack->payload = (struct payload){read_unpacked, unpack, source->member};
	return unpack;
}

bool unpack_gzip_start(struct unpack *unpack, bool *empty_r, struct reject *reject)
{
	struct archive *archive = unpack->archive;
	struct archive_entry *entry;
	*empty_r = false;
	errno = 0;
	archive_read_support_filter_gzip(archive);
	archive_read_support_format_raw(archive);
	int opened = archive_read_open(archive, unpack, NULL, feed_gzip, NULL);
	bool gzip = archive_filter_count(archive) > 1 &&
		archive_filter_code(archive, archive_filter_count(archive) - 2) == ARCHIVE_FILTER_GZIP;
	if (opened != ARCHIVE_OK || !gzip)
		die_if_out_of_memory(unpack);
	if (opened != ARCHIVE_OK && gzip && archive_errno(archive) == EILSEQ &&
	    unpack->broken.reason == REASON_NONE) { /* "unrecognized": not one byte came out */
		*empty_r = true;
		return true;
	}
	if (opened == ARCHIVE_OK && gzip && archive_read_next_header(archive, &entry) == ARCHIVE_OK)
		return true;
	if (opened == ARCHIVE_OK && !gzip)
		reject_set(reject, REASON_ARCHIVE_DAMAGED, "the gzip header is damaged");
	else
		note_archive_error(unpack, reject);
	return false;
}

unsigned unpack_layers(const struct unpack *unpack)
{
	int filters = archive_filter_count(unpack->archive);
	return filters > 1 ? (unsigned)(filters - 1) : 1;
}

/* ---- zip ---- */

static ssize_t feed_zip(struct archive *archive, void *context, const void **block_r)
{
	struct unpack *unpack = context;
	(void)archive;
	if (!count_stall(unpack))
		return -1;
	uint64_t left = unpack->zip_end - unpack->zip_at;
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
		from = (int64_t)unpack->zip_end;
	int64_t at;
	if (__builtin_add_overflow(from, offset, &at) || at < 0 || (uint64_t)at > unpack->zip_end)
		return ARCHIVE_FATAL;
	unpack->zip_at = (uint64_t)at;
	return at;
}

struct unpack *unpack_zip_open(struct str bytes, int fd, uint64_t file_bytes,
	struct unpack_budget *budget)
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
	const struct limits *limits = unpack->budget->limits;
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
	    !zip_directory_check(&unpack->zip, unpack->budget->limits, &unpack->zip_end, reject))
		return -1;
	if (unpack->entries == 0 && archive_read_open1(unpack->archive) != ARCHIVE_OK) {
		note_archive_error(unpack, reject);
		if (archive_errno(unpack->archive) == EILSEQ)
			reject_set(reject, REASON_ARCHIVE_DAMAGED, "the directory at its end is missing");
		return -1;
	}
	for (;;) {
		struct archive_entry *entry;
		unpack->stalls = 0;
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
		unpack->issues = issues;
		unpack->ended = false;
		unpack->block_len = 0;
		unpack->member_bytes = 0;
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
