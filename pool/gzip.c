// SPDX-License-Identifier: Apache-2.0
#include "pool/gzip.h"

#include "base/write.h"

#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#define LEVEL 1 /* mostly base64 of compressed data: more effort gains nothing */
#define GZIP_WINDOW_BITS (15 + 16)
#define PIECE_BYTES ((size_t)64 * 1024)

static bool deflate_all(const void *from, size_t len, struct buf *out)
{
	z_stream stream = {0};
	if (len > UINT_MAX || deflateInit2(&stream, LEVEL, Z_DEFLATED, GZIP_WINDOW_BITS, 8,
		Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	size_t bound = deflateBound(&stream, len);
	char *room = buf_room(out, bound);
	bool done = false;
	if (room && bound <= UINT_MAX) {
		stream.next_in = (Bytef *)from;
		stream.avail_in = (uInt)len;
		stream.next_out = (Bytef *)room;
		stream.avail_out = (uInt)bound;
		done = deflate(&stream, Z_FINISH) == Z_STREAM_END;
		buf_took(out, done ? stream.total_out : 0);
	}
	(void)deflateEnd(&stream);
	return done;
}

bool gzip_pack_bytes(struct str bytes, struct buf *out)
{
	return deflate_all(bytes.ptr, bytes.len, out);
}

bool gzip_pack(int fd, uint64_t bytes, struct buf *out)
{
	if (bytes == 0)
		return deflate_all("", 0, out);
	void *map = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return false;
	bool done = deflate_all(map, bytes, out);
	(void)munmap(map, bytes);
	return done;
}

bool gzip_unpack(struct str packed, struct buf *out)
{
	z_stream stream = {.next_in = (Bytef *)(uintptr_t)packed.ptr, .avail_in = (uInt)packed.len};
	int got = Z_OK;
	if (packed.len > UINT_MAX || inflateInit2(&stream, GZIP_WINDOW_BITS) != Z_OK)
		return false;
	while (got == Z_OK) {
		char *room = buf_room(out, PIECE_BYTES);
		if (!room)
			break;
		stream.next_out = (Bytef *)room;
		stream.avail_out = PIECE_BYTES;
		got = inflate(&stream, Z_NO_FLUSH);
		buf_took(out, PIECE_BYTES - stream.avail_out);
	}
	(void)inflateEnd(&stream);
	return got == Z_STREAM_END;
}

bool gzip_unpack_to(struct str packed, uint64_t max_bytes, int fd, uint64_t *bytes_r)
{
	unsigned char piece[PIECE_BYTES];
	z_stream stream = {.next_in = (Bytef *)(uintptr_t)packed.ptr, .avail_in = (uInt)packed.len};
	int got = Z_OK;
	*bytes_r = 0;
	if (packed.len > UINT_MAX || inflateInit2(&stream, GZIP_WINDOW_BITS) != Z_OK)
		return false;
	while (got == Z_OK) {
		stream.next_out = piece;
		stream.avail_out = sizeof(piece);
		got = inflate(&stream, Z_NO_FLUSH);
		size_t len = sizeof(piece) - stream.avail_out;
		*bytes_r += len;
		if (*bytes_r > max_bytes || !write_all(fd, piece, len))
			break;
	}
	(void)inflateEnd(&stream);
	return got == Z_STREAM_END && *bytes_r <= max_bytes;
}
