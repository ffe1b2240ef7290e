// SPDX-License-Identifier: Apache-2.0
#include "tests/parser/carry.h"

#include <endian.h>
#include <stdarg.h>
#include <string.h>
#include <zlib.h>

#define TEXT_BYTES ((size_t)512 << 20)

static struct str keep(struct buf *buf)
{
	struct str copy = arena_str(carry_arena(), buf->len > 0 ? buf_str(buf) : STR(""));
	buf_fini(buf);
	return copy;
}

struct str carry_cat(const char *fmt, ...)
{
	struct buf out;
	va_list args;
	buf_init(&out, TEXT_BYTES);
	va_start(args, fmt);
	buf_vprintf(&out, fmt, args);
	va_end(args);
	return keep(&out);
}

struct str carry_join(struct str a, struct str b)
{
	struct buf out;
	buf_init(&out, TEXT_BYTES);
	buf_add_str(&out, a);
	buf_add_str(&out, b);
	return keep(&out);
}

struct str carry_repeat(struct str s, size_t times)
{
	struct buf out;
	buf_init(&out, TEXT_BYTES);
	for (size_t i = 0; i < times; i++)
		buf_add_str(&out, s);
	return keep(&out);
}

struct str carry_replace(struct str s, struct str from, struct str to)
{
	struct buf out;
	buf_init(&out, TEXT_BYTES);
	for (size_t at; (at = str_find(s, from)) != SIZE_MAX; s = str_from_offset(s, at + from.len)) {
		buf_add_str(&out, str_sub(s, 0, at));
		buf_add_str(&out, to);
	}
	buf_add_str(&out, s);
	return keep(&out);
}

static struct str base64(struct str bytes, size_t line_bytes)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	struct buf out;
	buf_init(&out, TEXT_BYTES);
	size_t column = 0;
	for (size_t i = 0; i < bytes.len; i += 3) {
		size_t left = bytes.len - i;
		uint32_t bits = (uint32_t)(unsigned char)bytes.ptr[i] << 16;
		bits |= left > 1 ? (uint32_t)(unsigned char)bytes.ptr[i + 1] << 8 : 0;
		bits |= left > 2 ? (uint32_t)(unsigned char)bytes.ptr[i + 2] : 0;
		buf_add_char(&out, digits[bits >> 18 & 63]);
		buf_add_char(&out, digits[bits >> 12 & 63]);
		buf_add_char(&out, left > 1 ? digits[bits >> 6 & 63] : '=');
		buf_add_char(&out, left > 2 ? digits[bits & 63] : '=');
		column += 4;
		if (column >= line_bytes) {
			buf_add_char(&out, '\n');
			column = 0;
		}
	}
	if (column > 0)
		buf_add_char(&out, '\n');
	return keep(&out);
}

struct str carry_base64(struct str bytes)
{
	return base64(bytes, 76);
}

struct str carry_base64_long(struct str bytes)
{
	return base64(bytes, SIZE_MAX);
}

/* window_bits: 31 gzip, 15 zlib, -15 bare deflate. */
static struct str compressed(struct str bytes, int window_bits)
{
	z_stream stream = {0};
	if (deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		die("deflateInit2");
	struct buf out;
	buf_init(&out, TEXT_BYTES);
	size_t room = deflateBound(&stream, (uLong)bytes.len) + 64;
	stream.next_in = (Bytef *)(uintptr_t)bytes.ptr;
	stream.avail_in = (uInt)bytes.len;
	stream.next_out = (Bytef *)buf_room(&out, room);
	stream.avail_out = (uInt)room;
	if (deflate(&stream, Z_FINISH) != Z_STREAM_END)
		die("deflate");
	buf_took(&out, stream.total_out);
	deflateEnd(&stream);
	return keep(&out);
}

struct str carry_utf16(struct str ascii, bool little)
{
	char *units = arena_alloc(carry_arena(), 2 * ascii.len + 2);
	units[0] = little ? '\xff' : '\xfe';
	units[1] = little ? '\xfe' : '\xff';
	for (size_t i = 0; i < ascii.len; i++)
		units[2 + 2 * i + (little ? 0 : 1)] = ascii.ptr[i];
	return (struct str){units, 2 * ascii.len + 2};
}

struct str carry_uuencode(struct str bytes)
{
	struct buf out;
	buf_init(&out, TEXT_BYTES);
	buf_add_str(&out, STR("begin 644 report.bin\n"));
	for (; bytes.len > 0; bytes = str_from_offset(bytes, 45)) {
		struct str line = str_sub(bytes, 0, 45);
		buf_add_char(&out, (char)(32 + line.len));
		for (size_t i = 0; i < line.len; i += 3) {
			uint32_t bits = 0;
			for (size_t j = i; j < i + 3; j++)
				bits = bits << 8 | (j < line.len ? (unsigned char)line.ptr[j] : 0);
			for (int shift = 18; shift >= 0; shift -= 6)
				buf_add_char(&out, (bits >> shift & 63) ? (char)(32 + (bits >> shift & 63)) : '`');
		}
		buf_add_char(&out, '\n');
	}
	buf_add_str(&out, STR("`\nend\n"));
	return keep(&out);
}

struct str carry_gzip(struct str bytes)
{
	return compressed(bytes, 31);
}

struct str carry_zlib(struct str bytes)
{
	return compressed(bytes, 15);
}

struct str carry_deflate(struct str bytes)
{
	return compressed(bytes, -15);
}

/* ---- zip (APPNOTE) ---- */

static void put16(struct buf *out, uint64_t value)
{
	uint16_t le = htole16((uint16_t)value);
	buf_add(out, &le, 2);
}

static void put32(struct buf *out, uint64_t value)
{
	uint32_t le = htole32((uint32_t)value);
	buf_add(out, &le, 4);
}

static void put64(struct buf *out, uint64_t value)
{
	uint64_t le = htole64(value);
	buf_add(out, &le, 8);
}

struct entry {
	const struct carry_member *member;
	struct str packed;
	uint64_t size, crc, at;
	uint16_t method, flags;
};

static struct entry entry_of(const struct carry_member *member, uint64_t at)
{
	struct entry entry = {.member = member, .at = at};
	entry.packed = member->stored ? member->bytes : compressed(member->bytes, -15);
	entry.method = member->method != 0 ? member->method : member->stored ? 0 : 8;
	entry.flags = (uint16_t)((member->encrypted ? 1 : 0) | (member->descriptor ? 8 : 0) | 0x800);
	entry.size = (uint64_t)((int64_t)member->bytes.len + member->lie_size);
	entry.crc = crc32_z(0, (const Bytef *)member->bytes.ptr, member->bytes.len) ^
		(member->bad_crc ? 0xffu : 0);
	return entry;
}

/* What local header and directory share; here: false in a local header whose sizes come later. */
static void put_common(struct buf *out, const struct entry *entry, bool here)
{
	bool zip64 = entry->member->zip64;
	put16(out, zip64 ? 45 : 20);
	put16(out, entry->flags);
	put16(out, entry->method);
	put32(out, 0x50215021);
	put32(out, here ? entry->crc : 0);
	put32(out, zip64 ? 0xffffffff : here ? entry->packed.len : 0);
	put32(out, zip64 ? 0xffffffff : here ? entry->size : 0);
	put16(out, strlen(entry->member->name));
	put16(out, zip64 ? 20 : 0);
}

static void put_zip64(struct buf *out, const struct entry *entry)
{
	if (!entry->member->zip64)
		return;
	put16(out, 1);
	put16(out, 16);
	put64(out, entry->size);
	put64(out, entry->packed.len);
}

static void put_local(struct buf *out, const struct entry *entry)
{
	put32(out, 0x04034b50);
	put_common(out, entry, !entry->member->descriptor);
	buf_add_str(out, str_from(entry->member->name));
	put_zip64(out, entry);
	buf_add_str(out, entry->packed);
	if (!entry->member->descriptor)
		return;
	put32(out, 0x08074b50);
	put32(out, entry->crc);
	put32(out, entry->packed.len);
	put32(out, entry->size);
}

static void put_directory(struct buf *out, const struct entry *entry)
{
	uint32_t mode = entry->member->directory ? 040755 : entry->member->symlink ? 0120777 : 0100644;
	put32(out, 0x02014b50);
	put16(out, 3 << 8 | 45);
	put_common(out, entry, true);
	put16(out, 0);
	put16(out, 0);
	put16(out, 0);
	put32(out, (uint64_t)mode << 16);
	put32(out, entry->at);
	buf_add_str(out, str_from(entry->member->name));
	put_zip64(out, entry);
}

struct str carry_zip(const struct carry_member *members, size_t count)
{
	struct entry *entries = ARENA_ARRAY(carry_arena(), count + 1, struct entry);
	struct buf out;
	buf_init(&out, TEXT_BYTES);
	for (size_t i = 0; i < count; i++) {
		entries[i] = entry_of(&members[i], out.len);
		put_local(&out, &entries[i]);
	}
	uint64_t at = out.len;
	for (size_t i = 0; i < count; i++)
		put_directory(&out, &entries[i]);
	uint64_t bytes = out.len - at;
	put32(&out, 0x06054b50);
	put32(&out, 0);
	put16(&out, count);
	put16(&out, count);
	put32(&out, bytes);
	put32(&out, at);
	put16(&out, 0);
	return keep(&out);
}

struct str carry_zip1(const char *name, struct str bytes)
{
	return carry_zip(&(struct carry_member){.name = name, .bytes = bytes}, 1);
}

/* ---- reports and mails ---- */

struct str carry_xml(const char *report_id)
{
	return carry_cat("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feedback><version>1.0</version>"
		"<report_metadata><org_name>acme.example</org_name><email>n@acme.example</email>"
		"<report_id>%s</report_id><date_range><begin>1700000000</begin><end>1700086399</end>"
		"</date_range></report_metadata><policy_published><domain>example.com</domain>"
		"<adkim>r</adkim><aspf>r</aspf><p>none</p><sp>none</sp><pct>100</pct></policy_published>"
		"<record><row><source_ip>192.0.2.1</source_ip><count>3</count><policy_evaluated>"
		"<disposition>none</disposition><dkim>pass</dkim><spf>pass</spf></policy_evaluated></row>"
		"<identifiers><header_from>example.com</header_from></identifiers><auth_results><dkim>"
		"<domain>example.com</domain><selector>s</selector><result>pass</result></dkim><spf>"
		"<domain>example.com</domain><scope>mfrom</scope><result>pass</result></spf>"
		"</auth_results></record></feedback>\n", report_id);
}

struct str carry_json(const char *report_id)
{
	return carry_cat("{\"organization-name\":\"Acme\",\"date-range\":{\"start-datetime\":"
		"\"2024-01-01T00:00:00Z\",\"end-datetime\":\"2024-01-01T23:59:59Z\"},\"contact-info\":"
		"\"a@acme.example\",\"report-id\":\"%s\",\"policies\":[{\"policy\":{\"policy-type\":\"sts\","
		"\"policy-string\":[\"version: STSv1\"],\"policy-domain\":\"example.com\",\"mx-host\":"
		"[\"mx.example.com\"]},\"summary\":{\"total-successful-session-count\":5,"
		"\"total-failure-session-count\":1},\"failure-details\":[{\"result-type\":"
		"\"certificate-expired\",\"failed-session-count\":1}]}]}", report_id);
}

struct str carry_header(void)
{
	return STR("From: Acme <noreply@acme.example>\nTo: rua@example.com\n"
		"Subject: Report of acme.example for example.com\n"
		"Date: Tue, 14 Nov 2023 22:13:20 +0000\nMessage-ID: <1@acme.example>\n"
		"MIME-Version: 1.0\n");
}

struct str carry_part(const char *type, struct str bytes)
{
	return carry_join(carry_cat("Content-Type: %s\nContent-Transfer-Encoding: base64\n\n", type),
		carry_base64(bytes));
}

struct str carry_single(const char *type, struct str bytes)
{
	return carry_join(carry_header(), carry_part(type, bytes));
}

struct str carry_multipart(struct str header, const char *type, const struct str *parts, size_t count)
{
	struct buf out;
	buf_init(&out, TEXT_BYTES);
	const char *boundary = arena_printf(carry_arena(), "=_%zu_%s", header.len + count, "b");
	buf_add_str(&out, header);
	buf_printf(&out, "Content-Type: multipart/%s;\n boundary=\"%s\"\n\npreamble\n", type, boundary);
	for (size_t i = 0; i < count; i++) {
		buf_printf(&out, "--%s\n", boundary);
		buf_add_str(&out, parts[i]);
		buf_add_char(&out, '\n');
	}
	buf_printf(&out, "--%s--\n", boundary);
	return keep(&out);
}
