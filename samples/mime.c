// SPDX-License-Identifier: Apache-2.0
#include "samples/mime.h"

#include "samples/pack.h"
#include "samples/xml.h"

#include <stdio.h>
#include <string.h>

#define NAME_BYTES 256

const char *mime_date(int64_t epoch_secs, int zone_minutes, char text[MIME_DATE_BYTES])
{
	static const char days[][4] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
	static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
		"Sep", "Oct", "Nov", "Dec"};
	int64_t local = epoch_secs + zone_minutes * 60;
	struct day day = day_of_epoch(local);
	int secs = (int)(local - day_begin_epoch_secs(day));
	int zone = zone_minutes < 0 ? -zone_minutes : zone_minutes;
	int year, month, mday;
	day_to_civil(day, &year, &month, &mday);
	snprintf(text, MIME_DATE_BYTES, "%s, %02d %s %d %02d:%02d:%02d %c%02d%02d",
		days[day.number % 7], mday, months[month - 1], year, secs / 3600, secs / 60 % 60,
		secs % 60, zone_minutes < 0 ? '-' : '+', zone / 60, zone % 60);
	return text;
}

static uint64_t hash_of(const char *text)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return hash;
}

const char *mime_boundary(const char *text, char boundary_r[MIME_BOUNDARY_BYTES])
{
	snprintf(boundary_r, MIME_BOUNDARY_BYTES, "===============%019llu==",
		(unsigned long long)(hash_of(text) >> 1));
	return boundary_r;
}

void mime_add_base64(struct buf *out, struct str bytes)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t at = 0; at < bytes.len; at += 3) {
		unsigned left = bytes.len - at < 3 ? (unsigned)(bytes.len - at) : 3;
		uint32_t word = 0;
		for (unsigned i = 0; i < 3; i++)
			word = word << 8 | (i < left ? (unsigned char)bytes.ptr[at + i] : 0);
		for (unsigned i = 0; i < 4; i++)
			buf_add_char(out, i <= left ? digits[word >> (18 - 6 * i) & 63] : '=');
		if (at % 57 == 54 || at + 3 >= bytes.len)
			buf_add_char(out, '\n');
	}
}

/* "Name <a@b>" or "a@b" without the rest. */
static struct str address_of(const char *from)
{
	struct str s = str_from(from);
	size_t open = str_rfind_char(s, '<');
	if (open == SIZE_MAX)
		return s;
	return str_sub(s, open + 1, s.len - open - 2);
}

void mime_add_head(struct buf *out, const struct mime_head *head)
{
	char date[MIME_DATE_BYTES], received[MIME_DATE_BYTES];
	struct str sender = address_of(head->from);
	struct str host = str_from_offset(sender, str_find_char(sender, '@') + 1);
	buf_printf(out, "Return-Path: <%.*s>\n", STR_FMT(sender));
	buf_printf(out, "Delivered-To: %s\n", head->to);
	buf_printf(out, "Received: from out.%.*s (out.%.*s [198.51.100.200])\n"
		"\tby mx.example.com (Postfix) with ESMTPS id %012llX\n\tfor <%s>; %s (UTC)\n",
		STR_FMT(host), STR_FMT(host),
		(unsigned long long)hash_of(head->message_id) & 0xffffffffffffull, head->to,
		mime_date(head->date + 2, 0, received));
	buf_printf(out, "Date: %s\n", mime_date(head->date, head->zone_minutes, date));
	buf_printf(out, "From: %s\nTo: %s\nSubject: %s\nMessage-ID: <%s>\n", head->from, head->to,
		head->subject, head->message_id);
	if (head->extra)
		buf_add_str(out, str_from(head->extra));
	buf_add_str(out, STR("MIME-Version: 1.0\n"));
}

void mime_add_part(struct buf *out, const struct mime_part *part)
{
	buf_printf(out, "Content-Type: %s", part->type);
	if (part->name)
		buf_printf(out, ";\n\tname=\"%s\"\nContent-Disposition: attachment;\n\tfilename=\"%s\"",
			part->name, part->name);
	buf_printf(out, "\nContent-Transfer-Encoding: %s\n", part->base64 ? "base64" : "8bit");
	if (part->extra)
		buf_add_str(out, str_from(part->extra));
	buf_add_char(out, '\n');
	if (part->base64)
		mime_add_base64(out, part->bytes);
	else
		buf_add_str(out, part->bytes);
}

void mime_add_multipart(struct buf *out, const char *boundary, const struct mime_part *part)
{
	buf_printf(out, "--%s\n", boundary);
	mime_add_part(out, part);
	buf_add_char(out, '\n');
}

void mime_end_multipart(struct buf *out, const char *boundary)
{
	buf_printf(out, "--%s--\n", boundary);
}

/* RFC 7489 section 7.2.1.1, RFC 9990 section 3.5.1: what a Subject looks like. */
static void report_subject(struct buf *out, const struct sample_report *report)
{
	const char *domain = report->domain, *submitter = report->reporter->submitter;
	switch (report->reporter->subject) {
	case SUBJECT_PLAIN:
		buf_printf(out, "Report domain: %s Submitter: %s\n Report-ID: %s", domain, submitter,
			report->id);
		break;
	case SUBJECT_BRACKETS:
		buf_printf(out, "Report Domain: %s Submitter: %s\n Report-ID: <%s>", domain, submitter,
			report->id);
		break;
	case SUBJECT_RFC9990:
		buf_printf(out, "Report Domain: %s;\n Submitter: %s;\n Report-ID: %s", domain,
			submitter, report->id);
		break;
	case SUBJECT_JAPANESE: /* "DMARC report" in Japanese, then the usual words */
		buf_printf(out, "=?ISO-2022-JP?B?RE1BUkMbJEIlbCVdITwlSBsoQg==?=\n Report Domain: %s"
			"\n Submitter: %s\n Report-ID: <%s>", domain, submitter, report->id);
		break;
	}
}

/* RFC 7489 section 7.2.1.1: receiver!domain!begin!end */
static void report_name(char name[NAME_BYTES], const struct sample_report *report,
	const char *extension)
{
	snprintf(name, NAME_BYTES, "%s!%s!%lld!%lld%s", report->reporter->submitter, report->domain,
		(long long)report->begin, (long long)report->end, extension);
}

/* The report in its carrier: packed bytes, type and name of the part. */
static struct mime_part report_part(const struct sample_report *report, struct buf *packed,
	char name[NAME_BYTES])
{
	struct mime_part part = {.name = name, .base64 = true};
	char member[NAME_BYTES];
	struct buf xml;
	buf_init(&xml, SIZE_MAX);
	xml_write_report(&xml, report);
	report_name(member, report, ".xml");
	switch (report->reporter->carrier) {
	case CARRIER_ZIP_BODY:
	case CARRIER_ZIP:
		pack_zip(packed, buf_str(&xml), member);
		report_name(name, report, ".zip");
		part.type = "application/zip";
		break;
	case CARRIER_GZIP_BODY:
	case CARRIER_GZIP:
	case CARRIER_GZIP_OCTETS:
		pack_gzip(packed, buf_str(&xml), member);
		report_name(name, report, ".xml.gz");
		part.type = report->reporter->carrier == CARRIER_GZIP_OCTETS ?
			"application/octet-stream" : "application/gzip";
		break;
	case CARRIER_XML:
		buf_add_str(packed, buf_str(&xml));
		report_name(name, report, ".xml");
		part.type = "text/xml; charset=UTF-8";
		part.base64 = false;
		break;
	}
	part.bytes = buf_str(packed);
	buf_fini(&xml);
	return part;
}

static void report_head(struct buf *out, const struct sample_report *report, const char *kind)
{
	char message_id[NAME_BYTES];
	struct buf subject;
	buf_init(&subject, 1024);
	report_subject(&subject, report);
	snprintf(message_id, sizeof(message_id), "%s.%llx@%s", kind,
		(unsigned long long)hash_of(report->id), report->reporter->submitter);
	mime_add_head(out, &(struct mime_head){
		.from = report->reporter->from,
		.to = report->rua,
		.subject = buf_cstr(&subject),
		.message_id = message_id,
		.date = report->sent,
		.zone_minutes = report->reporter->zone_minutes,
	});
	buf_fini(&subject);
}

static void mixed_head(struct buf *out, const struct sample_report *report, const char *boundary)
{
	buf_printf(out, "Content-Type: multipart/mixed; boundary=\"%s\"\n\n", boundary);
	buf_add_str(out, STR("This is a multi-part message in MIME format.\n\n"));
	mime_add_multipart(out, boundary, &(struct mime_part){
		.type = "text/plain; charset=\"utf-8\"",
		.bytes = str_from(report->reporter->subject == SUBJECT_JAPANESE ?
			"DMARC集約レポートを添付します。\n" :
			"This is a DMARC aggregate report.\n"),
	});
}

void mime_report_mail(struct buf *out, const struct sample_report *report, unsigned serial)
{
	char name[NAME_BYTES], boundary[MIME_BOUNDARY_BYTES], kind[32];
	struct buf packed;
	buf_init(&packed, SIZE_MAX);
	struct mime_part part = report_part(report, &packed, name);
	snprintf(kind, sizeof(kind), "dmarc-%u", serial);
	report_head(out, report, kind);
	enum carrier carrier = report->reporter->carrier;
	if (carrier == CARRIER_ZIP_BODY || carrier == CARRIER_GZIP_BODY) {
		mime_add_part(out, &part);
	} else {
		mime_boundary(report->id, boundary);
		mixed_head(out, report, boundary);
		mime_add_multipart(out, boundary, &part);
		mime_end_multipart(out, boundary);
	}
	buf_fini(&packed);
}

void mime_report_pair(struct buf *out, const struct sample_report *const reports[2])
{
	char name[NAME_BYTES], boundary[MIME_BOUNDARY_BYTES];
	mime_boundary(reports[0]->id, boundary);
	report_head(out, reports[0], "pair");
	mixed_head(out, reports[0], boundary);
	for (unsigned i = 0; i < 2; i++) {
		struct buf packed;
		buf_init(&packed, SIZE_MAX);
		struct mime_part part = report_part(reports[i], &packed, name);
		mime_add_multipart(out, boundary, &part);
		buf_fini(&packed);
	}
	mime_end_multipart(out, boundary);
}

void mime_report_forwarded(struct buf *out, const struct sample_report *report)
{
	char boundary[MIME_BOUNDARY_BYTES];
	struct buf inner;
	buf_init(&inner, SIZE_MAX);
	mime_report_mail(&inner, report, 0);
	mime_boundary("forwarded", boundary);
	mime_add_head(out, &(struct mime_head){
		.from = "Postmaster <postmaster@example.com>",
		.to = report->rua,
		.subject = "Fwd: this came to the wrong mailbox",
		.message_id = "fwd-1@mail.example.com",
		.date = report->sent,
	});
	mixed_head(out, report, boundary);
	mime_add_multipart(out, boundary, &(struct mime_part){
		.type = "message/rfc822",
		.bytes = buf_str(&inner),
	});
	mime_end_multipart(out, boundary);
	buf_fini(&inner);
}

void mime_attachment_mail(struct buf *out, const struct sample_report *report, const char *type,
	const char *name, struct str bytes)
{
	char boundary[MIME_BOUNDARY_BYTES];
	mime_boundary(name, boundary);
	report_head(out, report, "dmarc");
	mixed_head(out, report, boundary);
	mime_add_multipart(out, boundary, &(struct mime_part){
		.type = type,
		.name = name,
		.bytes = bytes,
		.base64 = true,
	});
	mime_end_multipart(out, boundary);
}
