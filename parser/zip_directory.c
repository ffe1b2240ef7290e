// SPDX-License-Identifier: Apache-2.0
#include "parser/zip_directory.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* APPNOTE sections 4.3.7, 4.3.12, 4.3.15 and 4.3.16 */
#define END_BYTES ((size_t)22)
#define CENTRAL_BYTES ((size_t)46)
#define LOCAL_BYTES ((uint64_t)30)
#define LOCATOR_BYTES ((uint64_t)20)
#define COMMENT_BYTES_MAX ((size_t)65535)
#define IN_ZIP64 0xffffffffu
#define SIZES_LATER 8u /* section 4.4.4: the local header has no checksum */
#define NAME_BYTES ((size_t)1024) /* of a name are compared */

struct member {
	uint64_t at, bytes;
};

struct directory {
	uint64_t end_at; /* of the record that closes it */
	uint64_t at, bytes, count, comment_bytes;
	uint64_t shift; /* bytes before the archive, which its offsets do not know */
};

ssize_t zip_bytes_read(const struct zip_bytes *zip, uint64_t at, char *out, size_t len)
{
	if (at >= zip->len)
		return 0;
	if (len > zip->len - at)
		len = (size_t)(zip->len - at);
	if (!zip->bytes.ptr)
		return pread(zip->fd, out, len, (off_t)at);
	(void)memcpy(out, zip->bytes.ptr + at, len);
	return (ssize_t)len;
}

static bool read_whole(const struct zip_bytes *zip, uint64_t at, char *out, size_t len)
{
	return zip_bytes_read(zip, at, out, len) == (ssize_t)len;
}

static uint64_t load(const char *bytes, size_t len)
{
	uint64_t value = 0;
	(void)memcpy(&value, bytes, len);
	return le64toh(value);
}

static bool find_end(const struct zip_bytes *zip, struct directory *directory)
{
	uint64_t from = zip->len > END_BYTES + COMMENT_BYTES_MAX ? zip->len - END_BYTES - COMMENT_BYTES_MAX : 0;
	char *tail = malloc(END_BYTES + COMMENT_BYTES_MAX);
	if (!tail)
		die_out_of_memory();
	ssize_t len = zip_bytes_read(zip, from, tail, END_BYTES + COMMENT_BYTES_MAX);
	ssize_t at = len - (ssize_t)END_BYTES;
	while (at >= 0 && memcmp(tail + at, "PK\5\6", 4) != 0)
		at--;
	if (at >= 0)
		*directory = (struct directory){.end_at = from + (uint64_t)at, .at = load(tail + at + 16, 4),
			.bytes = load(tail + at + 12, 4), .count = load(tail + at + 10, 2),
			.comment_bytes = load(tail + at + 20, 2)};
	free(tail);
	return at >= 0;
}

/* Section 4.3.14: where a field is too small, or the writer never minds. */
static void widen(const struct zip_bytes *zip, struct directory *directory)
{
	char record[56], locator[LOCATOR_BYTES];
	if (directory->end_at < LOCATOR_BYTES ||
		!read_whole(zip, directory->end_at - LOCATOR_BYTES, locator, sizeof(locator)) ||
		memcmp(locator, "PK\6\7", 4) != 0 || !read_whole(zip, load(locator + 8, 8), record, sizeof(record)) ||
		memcmp(record, "PK\6\6", 4) != 0)
		return;
	directory->count = load(record + 32, 8);
	directory->bytes = load(record + 40, 8);
	directory->at = load(record + 48, 8);
}

static bool stands_at(const struct zip_bytes *zip, uint64_t at, const char mark[4])
{
	char found[4];
	return read_whole(zip, at, found, 4) && memcmp(found, mark, 4) == 0;
}

/* Where the directory is said to be, or right before its end when bytes were put before the archive. */
static bool find_directory(const struct zip_bytes *zip, struct directory *directory)
{
	if (stands_at(zip, directory->at, "PK\1\2"))
		return true;
	uint64_t said = directory->at;
	directory->at = directory->end_at - directory->bytes;
	directory->shift = directory->at > said ? directory->at - said : 0;
	return directory->bytes <= directory->end_at && stands_at(zip, directory->at, "PK\1\2");
}

static int by_place(const void *a, const void *b)
{
	const struct member *left = a, *right = b;
	return (left->at > right->at) - (left->at < right->at);
}

static bool overlap(struct member *members, size_t count)
{
	if (count > 1)
		qsort(members, count, sizeof(*members), by_place);
	for (size_t i = 1; i < count; i++)
		if (members[i].at - members[i - 1].at < LOCAL_BYTES + members[i - 1].bytes)
			return true;
	return false;
}

/* Two archives in a row: the directory of one knows nothing of what is in the other. behind: the end of its entries. */
static bool is_another(const struct zip_bytes *zip, const struct directory *directory, const struct member *members,
	size_t count, uint64_t behind)
{
	struct directory other;
	struct zip_bytes before = *zip;
	for (size_t i = 0; i < count; i++) {
		uint64_t shifted = members[i].at + directory->shift;
		uint64_t first = stands_at(zip, shifted, "PK\3\4") ? shifted : members[i].at;
		before.len = first < before.len ? first : before.len;
	}
	return (before.len >= END_BYTES && before.len < zip->len && find_end(&before, &other)) ||
		(behind != directory->end_at && stands_at(zip, behind, "PK\5\6"));
}

/* Sections 4.3.7 and 4.3.12; central: the entry at entry_at. Where no header stands libarchive says so. */
static bool agrees(const struct zip_bytes *zip, const struct directory *directory, uint64_t entry_at,
	const char *central)
{
	char local[LOCAL_BYTES], names[2][NAME_BYTES];
	uint64_t at = load(central + 42, 4) + directory->shift;
	if (!read_whole(zip, at, local, sizeof(local)) || memcmp(local, "PK\3\4", 4) != 0)
		return true;
	bool sums = load(local + 6, 2) & SIZES_LATER || memcmp(local + 14, central + 16, 4) == 0;
	size_t len = (size_t)load(local + 26, 2);
	if (!sums || len != load(central + 28, 2))
		return false;
	len = len < NAME_BYTES ? len : NAME_BYTES;
	return !read_whole(zip, at + LOCAL_BYTES, names[0], len) ||
		!read_whole(zip, entry_at + CENTRAL_BYTES, names[1], len) || memcmp(names[0], names[1], len) == 0;
}

/* Whatever is no directory entry ends the walk: how damaged it is, libarchive says. */
static bool walk(const struct zip_bytes *zip, const struct directory *directory, uint64_t entries_max,
	bool *disagree_r, struct reject *reject)
{
	struct member *members = calloc((size_t)entries_max + 1, sizeof(*members));
	char head[CENTRAL_BYTES];
	uint64_t at = directory->at;
	size_t count = 0;
	if (!members)
		die_out_of_memory();
	while (count <= entries_max && read_whole(zip, at, head, sizeof(head)) && memcmp(head, "PK\1\2", 4) == 0) {
		uint64_t bytes = load(head + 20, 4);
		*disagree_r |= !agrees(zip, directory, at, head);
		members[count++] = (struct member){load(head + 42, 4), bytes == IN_ZIP64 ? 0 : bytes};
		if (members[count - 1].at == IN_ZIP64)
			count--;
		at += CENTRAL_BYTES + load(head + 28, 2) + load(head + 30, 2) + load(head + 32, 2);
	}
	bool another = is_another(zip, directory, members, count, at);
	bool good = count <= entries_max && !another && !overlap(members, count);
	if (count > entries_max)
		reject_set(reject, REASON_ARCHIVE_ENTRIES, "more than %llu members", (unsigned long long)entries_max);
	else if (another)
		reject_set(reject, REASON_ARCHIVE_DAMAGED, "another archive stands beside this one");
	else if (!good)
		reject_set(reject, REASON_ARCHIVE_DAMAGED, "members lie over one another");
	free(members);
	return good;
}

bool zip_directory_check(const struct zip_bytes *zip, const struct limits *limits, struct zip_facts *facts_r,
	struct reject *reject)
{
	struct directory directory;
	*facts_r = (struct zip_facts){.end = zip->len};
	if (!find_end(zip, &directory))
		return true;
	facts_r->end = directory.end_at + END_BYTES;
	facts_r->trailing = facts_r->end + directory.comment_bytes < zip->len;
	widen(zip, &directory);
	return !find_directory(zip, &directory) ||
		walk(zip, &directory, limits->archive_entries, &facts_r->disagree, reject);
}
