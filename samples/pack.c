// SPDX-License-Identifier: Apache-2.0
#include "samples/pack.h"

#include <string.h>
#include <zlib.h>

/* Appends raw deflate (window_bits < 0) or gzip data (window_bits > 15). */
static void deflate_all(struct buf *out, struct str bytes, int window_bits, const char *name)
{
	z_stream stream = {0};
	gz_header header = {.os = 3, .name = (Bytef *)(uintptr_t)name};
	if (deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		die_out_of_memory();
	if (window_bits > 15 && deflateSetHeader(&stream, &header) != Z_OK)
		die("zlib refuses a gzip header");
	size_t room = deflateBound(&stream, bytes.len) + 64;
	stream.next_in = (Bytef *)(uintptr_t)bytes.ptr;
	stream.avail_in = (uInt)bytes.len;
	stream.next_out = (Bytef *)buf_room(out, room);
	stream.avail_out = (uInt)room;
	if (!stream.next_out || deflate(&stream, Z_FINISH) != Z_STREAM_END)
		die("a sample is larger than its buffer");
	buf_took(out, room - stream.avail_out);
	deflateEnd(&stream);
}

void pack_gzip(struct buf *out, struct str bytes, const char *name)
{
	deflate_all(out, bytes, 15 + 16, name);
}

static void put_u16(struct buf *out, unsigned value)
{
	buf_add_char(out, (char)(value & 0xff));
	buf_add_char(out, (char)(value >> 8 & 0xff));
}

static void put_u32(struct buf *out, uint32_t value)
{
	put_u16(out, value & 0xffff);
	put_u16(out, value >> 16);
}

struct member {
	struct str name;
	uint32_t crc;
	uint32_t packed;
	uint32_t unpacked;
};

/* The fields that the local header and the central directory share. */
static void put_member(struct buf *out, const struct member *member)
{
	put_u16(out, 20);     /* version needed */
	put_u16(out, 1 << 11); /* names are UTF-8 */
	put_u16(out, 8);      /* deflate */
	put_u16(out, 0);      /* time: midnight */
	put_u16(out, 0x21);   /* date: 1980-01-01 */
	put_u32(out, member->crc);
	put_u32(out, member->packed);
	put_u32(out, member->unpacked);
	put_u16(out, (unsigned)member->name.len);
	put_u16(out, 0);      /* no extra field */
}

void pack_zip(struct buf *out, struct str bytes, const char *name)
{
	struct buf packed;
	buf_init(&packed, SIZE_MAX);
	deflate_all(&packed, bytes, -15, NULL);
	const struct member member = {
		.name = str_from(name),
		.crc = (uint32_t)crc32(0, (const Bytef *)bytes.ptr, (uInt)bytes.len),
		.packed = (uint32_t)packed.len,
		.unpacked = (uint32_t)bytes.len,
	};
	size_t start = out->len;
	put_u32(out, 0x04034b50);
	put_member(out, &member);
	buf_add_str(out, member.name);
	buf_add_str(out, buf_str(&packed));

	uint32_t directory = (uint32_t)(out->len - start);
	put_u32(out, 0x02014b50);
	put_u16(out, 20); /* version made by */
	put_member(out, &member);
	put_u16(out, 0); /* no comment */
	put_u16(out, 0); /* first disk */
	put_u16(out, 0); /* internal attributes */
	put_u32(out, 0); /* external attributes */
	put_u32(out, 0); /* offset of the local header */
	buf_add_str(out, member.name);

	uint32_t directory_bytes = (uint32_t)(out->len - start) - directory;
	put_u32(out, 0x06054b50);
	put_u32(out, 0); /* disks */
	put_u16(out, 1);
	put_u16(out, 1);
	put_u32(out, directory_bytes);
	put_u32(out, directory);
	put_u16(out, 0);
	buf_fini(&packed);
}
