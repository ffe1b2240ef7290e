// SPDX-License-Identifier: Apache-2.0
#include "dns/rdata.h"

#include <string.h>

#define MALFORMED "a malformed record"

size_t dns_name_from_wire(struct str wire, char text[DNS_NAME_BYTES_MAX + 1], size_t *len_r)
{
	size_t at = 0, len = 0;
	while (at < wire.len && at < DNS_NAME_WIRE_BYTES_MAX) {
		size_t label = (uint8_t)wire.ptr[at++];
		if (label == 0) {
			text[len] = '\0';
			*len_r = len;
			return at;
		}
		if (label > DNS_LABEL_BYTES_MAX || label > wire.len - at ||
			len + (len > 0) + label > DNS_NAME_BYTES_MAX)
			return 0;
		if (len > 0)
			text[len++] = '.';
		for (size_t i = 0; i < label; i++, at++) {
			if (wire.ptr[at] == '.')
				return 0;
			text[len++] = ascii_lower(wire.ptr[at]);
		}
	}
	return 0;
}

void dns_name_to_wire(struct buf *out, struct str name)
{
	struct str rest = name, label;
	while (name.len > 0 && str_split(&rest, '.', &label)) {
		buf_add_char(out, (char)label.len);
		buf_add_str(out, label);
	}
	buf_add_char(out, '\0');
}

static bool read_name(struct arena *arena, struct str rdata, struct str *name_r)
{
	char text[DNS_NAME_BYTES_MAX + 1];
	size_t len, took = dns_name_from_wire(rdata, text, &len);
	if (took == 0 || took != rdata.len)
		return false;
	*name_r = arena_str(arena, (struct str){text, len});
	return true;
}

static bool read_ip(struct str rdata, uint8_t family, struct ip *ip_r)
{
	if (rdata.len != (family == 4 ? 4 : 16))
		return false;
	ip_r->family = family;
	memcpy(ip_r->bytes, rdata.ptr, rdata.len);
	return true;
}

/* One or more strings, each after its length (RFC 1035 section 3.3.14). */
static bool read_strings(struct arena *arena, struct str rdata, struct dns_record *record)
{
	char *joined = arena_alloc(arena, rdata.len + 1);
	size_t at = 0, len = 0;
	while (at < rdata.len) {
		size_t piece = (uint8_t)rdata.ptr[at++];
		if (piece > rdata.len - at)
			return false;
		memcpy(joined + len, rdata.ptr + at, piece);
		at += piece;
		len += piece;
	}
	record->text = (struct str){joined, len};
	record->strings = arena_str(arena, rdata);
	return rdata.len > 0;
}

static bool read_record(struct arena *arena, enum dns_type type, struct str rdata, struct dns_record *record)
{
	switch (type) {
	case DNS_A:
		return read_ip(rdata, 4, &record->ip);
	case DNS_AAAA:
		return read_ip(rdata, 6, &record->ip);
	case DNS_NS:
	case DNS_CNAME:
	case DNS_PTR:
		return read_name(arena, rdata, &record->text);
	case DNS_MX:
		if (rdata.len < 2)
			return false;
		record->preference = (uint16_t)((uint8_t)rdata.ptr[0] << 8 | (uint8_t)rdata.ptr[1]);
		return read_name(arena, str_from_offset(rdata, 2), &record->text);
	case DNS_TXT:
		return read_strings(arena, rdata, record);
	case DNS_SOA:
	case DNS_TLSA:
		break;
	}
	record->strings = rdata.len > 0 ? arena_str(arena, rdata) : STR("");
	return true;
}

void dns_answer_fail(struct dns_answer *answer_r, enum dns_status status, struct str note)
{
	answer_r->status = status;
	answer_r->note = note;
	answer_r->records = NULL;
	answer_r->count = 0;
}

void dns_answer_fill(struct arena *arena, enum dns_type type, const struct str *rdatas, size_t count,
	struct dns_answer *answer_r)
{
	dns_answer_fail(answer_r, count > 0 ? DNS_OK : DNS_NODATA, STR_NONE);
	if (count > DNS_RECORDS_MAX) {
		dns_answer_fail(answer_r, DNS_SERVFAIL, STR(DNS_TOO_MANY_RECORDS));
		return;
	}
	struct dns_record *records = ARENA_ARRAY(arena, count, struct dns_record);
	for (size_t i = 0; i < count; i++) {
		/* Its length bytes are one in 256. */
		if (type == DNS_TXT && rdatas[i].len > 2 * DNS_TXT_BYTES_MAX) {
			dns_answer_fail(answer_r, DNS_SERVFAIL, STR(DNS_TOO_LONG_TXT));
			return;
		}
		if (!read_record(arena, type, rdatas[i], &records[i])) {
			dns_answer_fail(answer_r, DNS_SERVFAIL, STR(MALFORMED));
			return;
		}
		if (type == DNS_TXT && records[i].text.len > DNS_TXT_BYTES_MAX) {
			dns_answer_fail(answer_r, DNS_SERVFAIL, STR(DNS_TOO_LONG_TXT));
			return;
		}
	}
	answer_r->records = records;
	answer_r->count = count;
}

void dns_record_to_wire(struct buf *out, enum dns_type type, const struct dns_record *record)
{
	switch (type) {
	case DNS_A:
	case DNS_AAAA:
		buf_add(out, record->ip.bytes, type == DNS_A ? 4 : 16);
		return;
	case DNS_MX:
		buf_add_char(out, (char)(record->preference >> 8));
		buf_add_char(out, (char)(record->preference & 0xff));
		dns_name_to_wire(out, record->text);
		return;
	case DNS_NS:
	case DNS_CNAME:
	case DNS_PTR:
		dns_name_to_wire(out, record->text);
		return;
	case DNS_SOA:
	case DNS_TXT:
	case DNS_TLSA:
		break;
	}
	buf_add_str(out, record->strings);
}
