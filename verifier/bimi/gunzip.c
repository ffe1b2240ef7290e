// SPDX-License-Identifier: Apache-2.0
#include "verifier/bimi/gunzip.h"

#include <limits.h>
#define ZLIB_CONST
#include <zlib.h>

#define GZIP_WINDOW (15 + 16) /* zlib: the largest window, gzip only */

enum gunzip_state bimi_gunzip(struct arena *arena, struct str bytes, size_t max_bytes, struct str *out_r)
{
	z_stream stream = {0};
	*out_r = bytes;
	if (!str_starts(bytes, STR("\x1f\x8b")))
		return GUNZIP_PLAIN;
	if (bytes.len > UINT_MAX || max_bytes >= UINT_MAX)
		return GUNZIP_TOO_LARGE;
	if (inflateInit2(&stream, GZIP_WINDOW) != Z_OK)
		die_out_of_memory();
	char *out = arena_alloc(arena, max_bytes + 1);
	stream.next_in = (const Bytef *)bytes.ptr;
	stream.avail_in = (uInt)bytes.len;
	stream.next_out = (Bytef *)out;
	stream.avail_out = (uInt)max_bytes + 1;
	int end = inflate(&stream, Z_FINISH);
	size_t left_in = stream.avail_in, len = max_bytes + 1 - stream.avail_out;
	(void)inflateEnd(&stream);
	if (end == Z_MEM_ERROR)
		die_out_of_memory();
	if (len > max_bytes)
		return GUNZIP_TOO_LARGE;
	*out_r = (struct str){out, len};
	return end == Z_STREAM_END && left_in == 0 ? GUNZIP_OK : GUNZIP_BROKEN;
}
