// SPDX-License-Identifier: Apache-2.0
#include "ingest/mbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK_BYTES ((size_t)64 * 1024)
#define FROM_LINE_BYTES ((size_t)1024) /* longer ones are text */

struct mbox {
	int fd;
	int failed;
	char block[BLOCK_BYTES];
	size_t at, len;
	uint64_t offset;     /* of block[at] in the file */
	bool eof;
	bool line_begins;    /* block[at] is the first byte of a line */
	bool blank_before;   /* the line before was blank, and is held back */
	char held[2];        /* that blank line */
	size_t held_len;
	bool in_mail;
};

/* "From " address date: what tells it from a sentence is the time of day. */
static bool is_from_line(struct str line)
{
	if (!str_starts(line, STR("From ")) || line.len > FROM_LINE_BYTES)
		return false;
	for (size_t i = 5; i + 4 < line.len; i++)
		if (ascii_is_digit(line.ptr[i]) && ascii_is_digit(line.ptr[i + 1]) &&
			line.ptr[i + 2] == ':' && ascii_is_digit(line.ptr[i + 3]) &&
			ascii_is_digit(line.ptr[i + 4]))
			return true;
	return false;
}

bool mbox_is(int fd)
{
	char start[FROM_LINE_BYTES];
	struct str rest, line;
	ssize_t got = pread(fd, start, sizeof(start), 0);
	rest = (struct str){start, got > 0 ? (size_t)got : 0};
	return str_line(&rest, &line) && is_from_line(line);
}

struct mbox *mbox_open(int fd)
{
	struct mbox *mbox = malloc(sizeof(*mbox));
	if (!mbox)
		die_out_of_memory();
	(void)memset(mbox, 0, sizeof(*mbox));
	mbox->fd = fd;
	mbox->line_begins = true;
	mbox->blank_before = true;
	return mbox;
}

void mbox_close(struct mbox **mbox)
{
	if (!*mbox)
		return;
	(void)close((*mbox)->fd);
	free(*mbox);
	*mbox = NULL;
}

bool mbox_failed(const struct mbox *mbox, struct error *error)
{
	if (mbox->failed)
		(void)error_errno(error, ERR_PERM, mbox->failed, "cannot read the mbox");
	return mbox->failed != 0;
}

uint64_t mbox_position(const struct mbox *mbox)
{
	return mbox->offset;
}

/* Keeps a whole From line's worth of bytes in the block while there are any. */
static void fill(struct mbox *mbox)
{
	if (mbox->eof || mbox->len - mbox->at > FROM_LINE_BYTES)
		return;
	(void)memmove(mbox->block, mbox->block + mbox->at, mbox->len - mbox->at);
	mbox->len -= mbox->at;
	mbox->at = 0;
	while (!mbox->eof && mbox->len < BLOCK_BYTES) {
		ssize_t got = read(mbox->fd, mbox->block + mbox->len, BLOCK_BYTES - mbox->len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			mbox->failed = errno;
		if (got <= 0)
			mbox->eof = true;
		else
			mbox->len += (size_t)got;
	}
}

/* What is left of the line at hand, with its line end; at most one block. */
static struct str rest_of_line(const struct mbox *mbox)
{
	struct str rest = {mbox->block + mbox->at, mbox->len - mbox->at};
	size_t end = str_find_char(rest, '\n');
	return end == SIZE_MAX ? rest : str_sub(rest, 0, end + 1);
}

static void step(struct mbox *mbox, size_t len)
{
	mbox->line_begins = len > 0 && mbox->block[mbox->at + len - 1] == '\n';
	mbox->at += len;
	mbox->offset += len;
}

static bool at_from_line(const struct mbox *mbox)
{
	return mbox->line_begins && mbox->blank_before && is_from_line(rest_of_line(mbox));
}

bool mbox_next(struct mbox *mbox, uint64_t *offset_r)
{
	fill(mbox);
	if (mbox->at == mbox->len || !at_from_line(mbox))
		return false;
	*offset_r = mbox->offset;
	step(mbox, rest_of_line(mbox).len);
	mbox->blank_before = false;
	mbox->held_len = 0;
	return true;
}

static bool is_blank(struct str line)
{
	return str_eq(line, STR("\n")) || str_eq(line, STR("\r\n"));
}

/* A blank line is held back until what follows it is known not to be the next mail. */
bool mbox_piece(struct mbox *mbox, struct str *piece_r)
{
	fill(mbox);
	if (mbox->at == mbox->len || at_from_line(mbox))
		return false;
	struct str line = rest_of_line(mbox);
	if (mbox->held_len > 0) {
		*piece_r = (struct str){mbox->held, mbox->held_len};
		mbox->held_len = 0;
		mbox->blank_before = false;
		return true;
	}
	bool begins = mbox->line_begins;
	if (begins && is_blank(line)) {
		(void)memcpy(mbox->held, line.ptr, line.len);
		mbox->held_len = line.len;
		step(mbox, line.len);
		mbox->blank_before = true;
		return mbox_piece(mbox, piece_r);
	}
	mbox->blank_before = false;
	step(mbox, line.len);
	*piece_r = line;
	return true;
}
