// SPDX-License-Identifier: Apache-2.0
#include "parser/gunzip.h"

#include "parser/sniff.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define IN_BYTES ((size_t)4096)
#define OUT_BYTES ((size_t)32 * 1024)
#define TRAILER_BYTES ((size_t)8) /* RFC 1952 section 2.3.1: CRC32, ISIZE */
#define ADLER_BYTES ((size_t)4)   /* RFC 1950 section 2.2 */
#define MAGIC STR("\x1f\x8b\x08")
#define PROBE_BYTES ((size_t)2048)

struct gunzip {
	struct payload payload;
	struct payload *source;
	enum gunzip_frame frame;
	struct budget_share share;
	struct issue_list *issues;
	z_stream stream;
	uLong sum; /* of the current member */
	uint64_t source_bytes;
	bool source_ended;
	size_t padding; /* bytes added behind the end of the source */
	bool ended;
	size_t out_at, out_len;
	char in[TRAILER_BYTES + IN_BYTES]; /* the last bytes before the next ones are kept */
	char out[OUT_BYTES];
};

static int window_bits(enum gunzip_frame frame)
{
	return frame == GUNZIP_GZIP ? MAX_WBITS + 16 : frame == GUNZIP_ZLIB ? MAX_WBITS : -MAX_WBITS;
}

static size_t trailer_bytes(enum gunzip_frame frame)
{
	return frame == GUNZIP_GZIP ? TRAILER_BYTES : frame == GUNZIP_ZLIB ? ADLER_BYTES : 0;
}

static uLong sum_of(enum gunzip_frame frame, uLong sum, const char *bytes, size_t len)
{
	switch (frame) {
	case GUNZIP_GZIP:
		return crc32_z(sum, (const Bytef *)bytes, len);
	case GUNZIP_ZLIB:
		return adler32_z(sum, (const Bytef *)bytes, len);
	case GUNZIP_BARE:
		break;
	}
	return 0;
}

static void member_begin(struct gunzip *gunzip)
{
	gunzip->sum = sum_of(gunzip->frame, 0, NULL, 0);
}

/* ---- in ---- */

/* One block more of the source, behind what is left of the one before. */
static bool refill(struct gunzip *gunzip, struct reject *reject)
{
	z_stream *stream = &gunzip->stream;
	if (!budget_stall(&gunzip->share, reject))
		return false;
	(void)memmove(gunzip->in, stream->next_in - TRAILER_BYTES, TRAILER_BYTES + stream->avail_in);
	stream->next_in = (Bytef *)gunzip->in + TRAILER_BYTES;
	while (stream->avail_in < IN_BYTES) {
		char *end = gunzip->in + TRAILER_BYTES + stream->avail_in;
		ssize_t got = gunzip->source->read(
			gunzip->source->context, end, IN_BYTES - stream->avail_in, reject);
		if (got < 0)
			return false;
		gunzip->source_ended = got == 0;
		if (got == 0)
			break;
		stream->avail_in += (uInt)got;
		gunzip->source_bytes += (uint64_t)got;
	}
	return true;
}

/* Behind the end of the source stand as many NULs as a trailer has: a deflate stream that is whole
 * is then read to its end even when its trailer is cut, and one that is cut still fails for want of it. */
static void pad(struct gunzip *gunzip)
{
	gunzip->padding = trailer_bytes(gunzip->frame);
	memset(gunzip->in + TRAILER_BYTES, 0, gunzip->padding);
	gunzip->stream.next_in = (Bytef *)gunzip->in + TRAILER_BYTES;
	gunzip->stream.avail_in = (uInt)gunzip->padding;
}

/* ---- the end of a member ---- */

static uint32_t load_u32(const Bytef *bytes)
{
	uint32_t value;
	(void)memcpy(&value, bytes, sizeof(value));
	return value;
}

static const char *wrong_in_trailer(const struct gunzip *gunzip)
{
	const z_stream *stream = &gunzip->stream;
	const Bytef *trailer = stream->next_in - trailer_bytes(gunzip->frame);
	if (gunzip->padding > 0)
		return "cut short";
	switch (gunzip->frame) {
	case GUNZIP_GZIP:
		if (le32toh(load_u32(trailer)) != (uint32_t)gunzip->sum)
			return "wrong checksum";
		return le32toh(load_u32(trailer + 4)) != (uint32_t)stream->total_out ? "wrong length" : NULL;
	case GUNZIP_ZLIB:
		return be32toh(load_u32(trailer)) != (uint32_t)gunzip->sum ? "wrong checksum" : NULL;
	case GUNZIP_BARE:
		break;
	}
	return NULL;
}

/* What is behind the last member is read too: the layers around this one are checked at their ends. */
static bool skip_rest(struct gunzip *gunzip, struct reject *reject)
{
	if (gunzip->stream.avail_in > 0)
		issue_add(gunzip->issues, ISSUE_ARCHIVE_TRAILING_BYTES, STR_NONE);
	while (!gunzip->source_ended) {
		gunzip->stream.next_in = (Bytef *)gunzip->in + TRAILER_BYTES;
		gunzip->stream.avail_in = 0;
		if (!refill(gunzip, reject))
			return false;
	}
	gunzip->ended = true;
	return true;
}

static bool member_end(struct gunzip *gunzip, struct reject *reject)
{
	z_stream *stream = &gunzip->stream;
	const char *wrong = wrong_in_trailer(gunzip);
	if (wrong != NULL)
		issue_add(gunzip->issues, ISSUE_ARCHIVE_TRAILER, str_from(wrong));
	if (gunzip->padding > 0)
		stream->avail_in = 0;
	while (stream->avail_in < MAGIC.len && !gunzip->source_ended)
		if (!refill(gunzip, reject))
			return false;
	struct str next = {(const char *)stream->next_in, stream->avail_in};
	if (gunzip->frame != GUNZIP_GZIP || !str_starts(next, MAGIC))
		return skip_rest(gunzip, reject);
	(void)inflateReset(stream);
	member_begin(gunzip);
	return true;
}

/* ---- out ---- */

static bool damaged(struct reject *reject, const char *detail)
{
	reject_set(reject, REASON_ARCHIVE_DAMAGED, "%s", detail);
	return false;
}

/* What the next bytes of the source unpack to, which may be nothing. */
static bool next_block(struct gunzip *gunzip, struct reject *reject)
{
	z_stream *stream = &gunzip->stream;
	if (stream->avail_in == 0 && !gunzip->source_ended && !refill(gunzip, reject))
		return false;
	if (stream->avail_in == 0 && gunzip->padding == 0)
		pad(gunzip);
	stream->next_out = (Bytef *)gunzip->out;
	stream->avail_out = OUT_BYTES;
	int found = inflate(stream, Z_NO_FLUSH);
	if (found == Z_MEM_ERROR)
		die_out_of_memory();
	if (found == Z_BUF_ERROR)
		return damaged(reject, "cut short");
	if (found != Z_OK && found != Z_STREAM_END)
		return damaged(reject, stream->msg != NULL ? stream->msg : "a dictionary is needed");
	gunzip->out_at = 0;
	gunzip->out_len = OUT_BYTES - stream->avail_out;
	gunzip->sum = sum_of(gunzip->frame, gunzip->sum, gunzip->out, gunzip->out_len);
	if (gunzip->out_len > 0 && !budget_charge(&gunzip->share, gunzip->out_len,
			gunzip->source_bytes + gunzip->padding - stream->avail_in, reject))
		return false;
	return found != Z_STREAM_END || member_end(gunzip, reject);
}

static ssize_t read_unpacked(void *context, char *out, size_t cap, struct reject *reject)
{
	struct gunzip *gunzip = context;
	while (gunzip->out_len == 0) {
		if (gunzip->ended)
			return 0;
		if (!next_block(gunzip, reject))
			return -1;
	}
	size_t len = gunzip->out_len < cap ? gunzip->out_len : cap;
	(void)memcpy(out, gunzip->out + gunzip->out_at, len);
	gunzip->out_at += len;
	gunzip->out_len -= len;
	return (ssize_t)len;
}

struct gunzip *gunzip_open(struct payload *source, enum gunzip_frame frame, struct budget *budget,
	struct issue_list *issues)
{
	struct gunzip *gunzip = calloc(1, sizeof(*gunzip));
	if (gunzip == NULL || inflateInit2(&gunzip->stream, window_bits(frame)) != Z_OK)
		die_out_of_memory();
	/* zlib would end at a wrong trailer; here it is noted. */
	(void)inflateValidate(&gunzip->stream, 0);
	gunzip->payload = (struct payload){read_unpacked, gunzip, source->member};
	gunzip->source = source;
	gunzip->frame = frame;
	gunzip->share.budget = budget;
	gunzip->issues = issues;
	gunzip->stream.next_in = (Bytef *)gunzip->in + TRAILER_BYTES;
	member_begin(gunzip);
	return gunzip;
}

struct payload *gunzip_payload(struct gunzip *gunzip)
{
	return &gunzip->payload;
}

uint64_t gunzip_bytes(const struct gunzip *gunzip)
{
	return gunzip->share.produced_bytes;
}

void gunzip_close(struct gunzip **gunzip)
{
	if (*gunzip == NULL)
		return;
	(void)inflateEnd(&(*gunzip)->stream);
	free(*gunzip);
	*gunzip = NULL;
}

/* ---- sniffing ---- */

/* What the beginning of a stream holds, as far as it goes. */
static bool inflates_to_document(struct str head, enum gunzip_frame frame)
{
	char out[PROBE_BYTES];
	z_stream stream = {.next_in = (Bytef *)(uintptr_t)head.ptr, .avail_in = (uInt)head.len,
		.next_out = (Bytef *)out, .avail_out = sizeof(out)};
	if (inflateInit2(&stream, window_bits(frame)) != Z_OK)
		die_out_of_memory();
	(void)inflate(&stream, Z_SYNC_FLUSH);
	(void)inflateEnd(&stream);
	return sniff_document((struct str){out, sizeof(out) - stream.avail_out});
}

bool gunzip_sniff(struct str head, enum gunzip_frame *frame_r)
{
	*frame_r = GUNZIP_GZIP;
	if (sniff_bytes(head) == SNIFF_GZIP)
		return true;
	*frame_r = GUNZIP_ZLIB;
	if (inflates_to_document(head, GUNZIP_ZLIB))
		return true;
	*frame_r = GUNZIP_BARE;
	return inflates_to_document(head, GUNZIP_BARE);
}
