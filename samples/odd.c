// SPDX-License-Identifier: Apache-2.0
#include "samples/odd.h"

#include "samples/mime.h"
#include "samples/pack.h"
#include "samples/traffic.h"
#include "samples/xml.h"

#include <stdio.h>
#include <string.h>

#define BOMB_BYTES ((size_t)24 * 1024 * 1024)

enum damage {
	DAMAGE_GZIP_CUT,
	DAMAGE_ZIP_BROKEN,
	DAMAGE_BOMB,
	DAMAGE_DOCTYPE,
	DAMAGE_WRONG_ROOT,
	DAMAGE_COUNT,
	DAMAGE_DATES,
	DAMAGE_MALFORMED,
};

static const struct damaged {
	enum damage damage;
	const char *code;
	unsigned at_permille;
} damaged[] = {
	{DAMAGE_GZIP_CUT, "archive.damaged", 90},
	{DAMAGE_ZIP_BROKEN, "archive.damaged", 210},
	{DAMAGE_BOMB, "archive.ratio", 330},
	{DAMAGE_DOCTYPE, "xml.doctype", 440},
	{DAMAGE_WRONG_ROOT, "xml.root", 560},
	{DAMAGE_COUNT, "record.count", 640},
	{DAMAGE_DATES, "report.dates", 810},
	{DAMAGE_MALFORMED, "xml.malformed", 930},
};

static void replace(struct buf *text, const char *what, const char *with)
{
	struct buf out;
	size_t at = str_find(buf_str(text), str_from(what));
	if (at == SIZE_MAX)
		die("no %s in a sample", what);
	buf_init(&out, SIZE_MAX);
	buf_add(&out, text->ptr, at);
	buf_add_str(&out, str_from(with));
	buf_add_str(&out, str_from_offset(buf_str(text), at + strlen(what)));
	buf_fini(text);
	*text = out;
}

static void pack_bomb(struct buf *out)
{
	struct buf bomb;
	buf_init(&bomb, SIZE_MAX);
	/* What does not begin like a report is left packed, and no bomb. */
	buf_add_str(&bomb, STR("<feedback>"));
	while (bomb.len < BOMB_BYTES)
		buf_add_str(&bomb, STR("<x/>\n"));
	pack_zip(out, buf_str(&bomb), "report.xml");
	buf_fini(&bomb);
}

/* Makes the attachment; returns its media type. */
static const char *damaged_attachment(struct buf *out, struct buf *xml, enum damage damage)
{
	switch (damage) {
	case DAMAGE_BOMB:
		pack_bomb(out);
		return "application/zip";
	case DAMAGE_ZIP_BROKEN:
		pack_zip(out, buf_str(xml), "report.xml");
		for (size_t i = out->len / 3; i < out->len / 3 + 40; i++)
			out->ptr[i] = (char)(out->ptr[i] ^ 0x5a);
		return "application/zip";
	case DAMAGE_GZIP_CUT:
		pack_gzip(out, buf_str(xml), "report.xml");
		out->len = out->len * 6 / 10;
		return "application/gzip";
	case DAMAGE_DOCTYPE:
		replace(xml, "<feedback>", "<!DOCTYPE feedback [<!ENTITY x SYSTEM "
			"\"file:///etc/passwd\">]>\n<feedback>");
		break;
	case DAMAGE_WRONG_ROOT:
		buf_reset(xml);
		buf_add_str(xml, STR("<?xml version=\"1.0\"?>\n<invoice><number>17</number></invoice>\n"));
		break;
	case DAMAGE_COUNT:
		replace(xml, "<count>", "<count>-");
		break;
	case DAMAGE_DATES:
		replace(xml, "<begin>", "<begin>someday ");
		break;
	case DAMAGE_MALFORMED:
		replace(xml, "</policy_published>", "</policy>");
		break;
	}
	pack_gzip(out, buf_str(xml), "report.xml");
	return "application/gzip";
}

static void deliver(struct kit *kit, struct buf *out, int64_t date, enum sample_outcome outcome,
	const char *code)
{
	kit_deliver(kit, &(struct sample_mail){
		.bytes = buf_str(out),
		.date = date,
		.host = "mx.example.com",
		.outcome = outcome,
		.code = code,
	});
}

static void deliver_damaged(struct kit *kit, struct arena *arena, const struct damaged *what)
{
	size_t count;
	char name[160];
	struct sample_report report;
	struct world_reporter who = world_reporters(&count)[0];
	unsigned day = kit->days * what->at_permille / 1000;
	who.submitter = "broken.example";
	who.org_name = "broken.example";
	who.email = who.from = "dmarc@broken.example";
	who.presence = 1000;
	who.share = 100;
	if (!traffic_report(kit, arena, &who, DOMAIN_COM, day, &report))
		die("a damaged report has no rows");
	struct buf xml, packed, out;
	buf_init(&xml, SIZE_MAX);
	buf_init(&packed, SIZE_MAX);
	buf_init(&out, SIZE_MAX);
	xml_write_report(&xml, &report);
	const char *type = damaged_attachment(&packed, &xml, what->damage);
	snprintf(name, sizeof(name), "broken.example!example.com!%lld!%lld.%s",
		(long long)report.begin, (long long)report.end,
		strcmp(type, "application/zip") == 0 ? "zip" : "xml.gz");
	mime_attachment_mail(&out, &report, type, name, buf_str(&packed));
	deliver(kit, &out, report.sent, SAMPLE_QUARANTINED, what->code);
	buf_fini(&out);
	buf_fini(&packed);
	buf_fini(&xml);
}

/* ---- mail that is no report ---- */

static const struct plain {
	const char *from;
	const char *subject;
	const char *extra; /* headers with Content-Type */
	const char *body;
	const char *code;
	unsigned at_permille;
} plain[] = {
	{"Mail Delivery System <MAILER-DAEMON@mx.example.com>", "Undelivered Mail Returned to Sender",
		"Auto-Submitted: auto-replied\n"
		"Content-Type: multipart/report; report-type=delivery-status; boundary=\"dsn\"\n",
		"--dsn\nContent-Type: text/plain\n\nI am sorry to inform you that your message could\n"
		"not be delivered.\n\n--dsn\nContent-Type: message/delivery-status\n\n"
		"Reporting-MTA: dns; mx.example.com\n\nFinal-Recipient: rfc822; nobody@example.net\n"
		"Action: failed\nStatus: 5.1.1\n\n--dsn\nContent-Type: text/rfc822-headers\n\n"
		"From: dmarc-rua@example.com\nTo: nobody@example.net\nSubject: report\n\n--dsn--\n",
		"not_a_report.bounce", 150},
	{"Sales <offers@bulk.example.net>", "Grow your business with us",
		"Content-Type: text/html; charset=utf-8\n",
		"<html><body><h1>Only today</h1><p>Buy two, pay three.</p></body></html>\n",
		"not_a_report.mail", 370},
	{"Bob <bob@example.net>", "Out of office: Report domain: example.net",
		"Auto-Submitted: auto-replied\nX-Autoreply: yes\nContent-Type: text/plain\n",
		"I am away until Monday and will answer then.\n", "not_a_report.auto_reply", 520},
	{"abuse@isp.example", "Abuse report for a message from 192.0.2.30",
		"Content-Type: multipart/report; report-type=feedback-report; boundary=\"arf\"\n",
		"--arf\nContent-Type: text/plain\n\nThis is an abuse report.\n\n--arf\n"
		"Content-Type: message/feedback-report\n\nFeedback-Type: abuse\nUser-Agent: Feedback/1\n"
		"Version: 1\nSource-IP: 192.0.2.30\n\n--arf\nContent-Type: text/rfc822-headers\n\n"
		"From: news@example.com\nTo: someone@isp.example\nSubject: News\n\n--arf--\n",
		"not_a_report.abuse", 760},
};

static void deliver_plain(struct kit *kit, const struct plain *what)
{
	struct buf out;
	char message_id[64];
	unsigned day = kit->days * what->at_permille / 1000;
	int64_t date = day_begin_epoch_secs(kit_day(kit, day)) + 36000 + what->at_permille;
	buf_init(&out, SIZE_MAX);
	snprintf(message_id, sizeof(message_id), "plain-%u@example.net", what->at_permille);
	mime_add_head(&out, &(struct mime_head){
		.from = what->from,
		.to = "dmarc-rua@example.com",
		.subject = what->subject,
		.message_id = message_id,
		.date = date,
		.extra = what->extra,
	});
	buf_add_char(&out, '\n');
	buf_add_str(&out, str_from(what->body));
	deliver(kit, &out, date, SAMPLE_NOT_A_REPORT, what->code);
	buf_fini(&out);
}

void odd_mails(struct kit *kit, struct arena *arena)
{
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		arena_reset(arena);
		deliver_damaged(kit, arena, &damaged[i]);
	}
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		deliver_plain(kit, &plain[i]);
}
