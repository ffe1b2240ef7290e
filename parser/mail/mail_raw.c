// SPDX-License-Identifier: Apache-2.0
#include "parser/mail/mail_raw.h"

#include "parser/sniff.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define TYPO STR("ContentType:")
#define TYPO_STEM ((size_t)7) /* "Content" */

static ssize_t read_file(void *context, char *out, size_t cap, struct reject *reject)
{
	struct mail_raw_file *file = context;
	uint64_t left = file->end > file->at ? file->end - file->at : 0;
	if (cap > left)
		cap = (size_t)left;
	if (cap == 0)
		return 0;
	ssize_t got;
	do
		got = pread(file->fd, out, cap, (off_t)file->at);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		reject_set(reject, REASON_FILE_UNREADABLE, "%s", strerror(errno));
	else
		file->at += (uint64_t)got;
	return got;
}

void mail_raw_file_init(struct mail_raw_file *file, int fd, uint64_t from, uint64_t to)
{
	*file = (struct mail_raw_file){{read_file, file, STR_NONE}, fd, from, to};
}

struct memory {
	struct str rest;
};

static ssize_t read_memory(void *context, char *out, size_t cap, struct reject *reject)
{
	struct memory *memory = context;
	(void)reject;
	size_t len = memory->rest.len < cap ? memory->rest.len : cap;
	if (len > 0)
		memcpy(out, memory->rest.ptr, len);
	memory->rest = str_from_offset(memory->rest, len);
	return (ssize_t)len;
}

/* RFC 5322 line ends are CRLF; old Macs wrote CR alone. */
static bool has_bare_cr(struct str head)
{
	return memchr(head.ptr, '\r', head.len) != NULL && memchr(head.ptr, '\n', head.len) == NULL;
}

static void mend_line_ends(struct buf *bytes)
{
	for (size_t i = 0; i < bytes->len; i++)
		if (bytes->ptr[i] == '\r' && (i + 1 == bytes->len || bytes->ptr[i + 1] != '\n'))
			bytes->ptr[i] = '\n';
}

static void mend_types(struct buf *bytes, size_t max_bytes)
{
	struct buf mended;
	struct str rest = buf_str(bytes);
	buf_init(&mended, max_bytes);
	while (rest.len > 0) {
		const char *end = memchr(rest.ptr, '\n', rest.len);
		struct str line = str_sub(rest, 0, end != NULL ? (size_t)(end - rest.ptr) + 1 : rest.len);
		rest = str_from_offset(rest, line.len);
		if (str_starts_nocase(line, TYPO)) {
			buf_add_str(&mended, str_sub(line, 0, TYPO_STEM));
			buf_add_char(&mended, '-');
			line = str_from_offset(line, TYPO_STEM);
		}
		buf_add_str(&mended, line);
	}
	buf_fini(bytes);
	*bytes = mended;
}

bool mail_raw_check_bytes(struct buf *bytes, const struct limits *limits, struct mail_scan_facts *facts_r,
	struct reject *reject)
{
	if (bytes->len > 0 && has_bare_cr(str_sub(buf_str(bytes), 0, SNIFF_BYTES)))
		mend_line_ends(bytes);
	struct memory memory = {buf_str(bytes)};
	struct payload payload = {read_memory, &memory, STR_NONE};
	if (!mail_scan(&payload, limits, facts_r, reject))
		return false;
	if (facts_r->type_typo)
		mend_types(bytes, bytes->max_bytes);
	return true;
}

static bool load(const struct parse_input *input, uint64_t from, struct buf *out,
	struct reject *reject)
{
	struct mail_raw_file file;
	mail_raw_file_init(&file, input->fd, from, input->bytes);
	ssize_t got;
	do {
		char *room = buf_room(out, SNIFF_BYTES);
		if (room == NULL) {
			reject_set(reject, REASON_FILE_TOO_LARGE, "above %zu bytes", out->max_bytes);
			return false;
		}
		got = file.payload.read(&file, room, SNIFF_BYTES, reject);
		if (got > 0)
			buf_took(out, (size_t)got);
	} while (got > 0);
	return got == 0;
}

bool mail_raw_check_fd(const struct parse_input *input, uint64_t from, struct buf *repaired,
	struct mail_scan_facts *facts_r, struct reject *reject)
{
	struct mail_raw_file file;
	char head[SNIFF_BYTES];
	mail_raw_file_init(&file, input->fd, from, input->bytes);
	ssize_t got = file.payload.read(&file, head, sizeof(head), reject);
	if (got < 0)
		return false;
	if (has_bare_cr((struct str){head, (size_t)got}))
		return load(input, from, repaired, reject) &&
			mail_raw_check_bytes(repaired, input->limits, facts_r, reject);
	mail_raw_file_init(&file, input->fd, from, input->bytes);
	if (!mail_scan(&file.payload, input->limits, facts_r, reject))
		return false;
	return !facts_r->type_typo ||
		(load(input, from, repaired, reject) &&
			mail_raw_check_bytes(repaired, input->limits, facts_r, reject));
}
