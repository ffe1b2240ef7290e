// SPDX-License-Identifier: Apache-2.0
#include "samples/failure.h"

#include "samples/mime.h"
#include "samples/traffic.h"

#include <stdio.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define ON_SPIKE_DAY 14

struct reporter {
	const char *host;
	const char *from;
	const char *user_agent;
	bool whole; /* message/rfc822, else text/rfc822-headers */
};

static const struct reporter reporters[] = {
	{"mail516.network.example", "dmarc-noreply@network.example", "Lua/1.0", true},
	{"mx1.isp.example", "postmaster@isp.example", "OpenDMARC-Filter/1.4.2", false},
	{"gw3.kaisha.example", "dmarc-failure@kaisha.example", "MailGate/7.1", false},
};

/* What was wrong with a message that somebody reported. */
struct subject_matter {
	const char *domain;
	const char *rua;
	const char *from;
	const char *subject; /* as in the header */
	const char *source_prefix;
	unsigned source_first, source_count;
	const char *mail_from;
	const char *auth_failure;
	const char *alignment;
	const char *results; /* of Authentication-Results, after the host */
	const char *selector; /* NULL: not signed */
	const char *delivery;
	bool forged; /* seen in the burst */
};

static const struct subject_matter matters[] = {
	{"example.com", "dmarc-ruf@example.com", "\"Example Billing\" <billing@example.com>",
		"Your invoice 48812 is overdue", "203.0.113.", 200, 16, "bounce@bulk.example.net",
		"dmarc", "none", "spf=pass smtp.mailfrom=bulk.example.net; dkim=none; dmarc=fail "
		"header.from=example.com", NULL, "reject", true},
	{"example.com", "dmarc-ruf@example.com", "IT Support <support@example.com>",
		"Your password expires today!", "203.0.113.", 200, 16, "support@example.com", "dmarc",
		"none", "spf=fail smtp.mailfrom=example.com; dkim=none; dmarc=fail "
		"header.from=example.com", NULL, "spam", true},
	{"example.co.jp", "dmarc-ruf@example.co.jp",
		"=?UTF-8?B?6Kej57SE44K744Oz44K/44O8?= <info@example.co.jp>",
		"=?UTF-8?B?44CQ6YeN6KaB44CR44GK5pSv5omV44GE5pa55rOV44Gu56K66KqN?=", "203.0.113.", 220, 8,
		"info@example.co.jp", "dmarc", "none", "spf=fail smtp.mailfrom=example.co.jp; "
		"dkim=none; dmarc=fail header.from=example.co.jp", NULL, "spam", true},
	{"example.com", "dmarc-ruf@example.com", "Alice <alice@example.com>",
		"[postgres-users] Re: vacuum at night", "203.0.113.", 160, 1,
		"postgres-users-bounces@lists.example.org", "signature", "none",
		"spf=pass smtp.mailfrom=lists.example.org; dkim=fail (body hash did not verify) "
		"header.d=example.com header.s=ldn1; arc=pass; dmarc=fail header.from=example.com",
		"ldn1", "delivered", false},
	{"example.com", "dmarc-ruf@example.com", "Example News <news@example.com>",
		"What is new in November", "198.51.100.", 20, 8, "b-1182@bounce.crm.example", "dmarc",
		"none", "spf=pass smtp.mailfrom=bounce.crm.example; dkim=pass header.d=crm.example "
		"header.s=svc2; dmarc=fail header.from=example.com", NULL, "spam", false},
	{"example.co.jp", "dmarc-ruf@example.co.jp", "Fax gateway <fax@example.co.jp>",
		"Fax from +81 3 5555 0100 (2 pages)", "203.0.113.", 7, 1,
		"fax@fax-gw.example.co.jp", "spf", "none", "spf=none smtp.mailfrom=fax-gw.example.co.jp; "
		"dkim=none; dmarc=fail header.from=example.co.jp", NULL, "delivered", false},
};

static void add_sample(struct buf *out, const struct subject_matter *what, const char *source,
	const char *host, int64_t arrived, uint64_t id, bool whole)
{
	char date[MIME_DATE_BYTES];
	buf_printf(out, "Return-Path: <%s>\nAuthentication-Results: %s; %s\n", what->mail_from, host,
		what->results);
	buf_printf(out, "Received: from sender (unknown [%s])\n\tby %s with ESMTP id %08llx;\n\t%s\n",
		source, host, (unsigned long long)id & 0xffffffff, mime_date(arrived, 0, date));
	if (what->selector)
		buf_printf(out, "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=%s; s=%s;\n"
			"\th=from:to:subject:date; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;\n"
			"\tb=c2FtcGxlIHNpZ25hdHVyZSwgbm90IGEgcmVhbCBvbmU=\n", what->domain,
			what->selector);
	buf_printf(out, "Date: %s\nFrom: %s\nTo: recipient@example.net\nSubject: %s\n"
		"Message-ID: <%016llx@%s>\nMIME-Version: 1.0\n"
		"Content-Type: text/plain; charset=UTF-8\n", mime_date(arrived - 3, 540, date),
		what->from, what->subject, (unsigned long long)id, what->domain);
	if (whole)
		buf_add_str(out, STR("\nDear customer,\n\nplease look at https://bulk.example.net/x "
			"before it is too late.\n\n-- \nThe team\n"));
}

static void add_feedback(struct buf *out, const struct subject_matter *what,
	const struct reporter *who, const char *source, int64_t arrived)
{
	char date[MIME_DATE_BYTES];
	buf_printf(out, "Feedback-Type: auth-failure\nUser-Agent: %s\nVersion: 1\n"
		"Original-Mail-From: <%s>\nOriginal-Rcpt-To: <recipient@example.net>\n"
		"Arrival-Date: %s\nAuthentication-Results: %s; %s\nSource-IP: %s\n"
		"Reported-Domain: %s\nAuth-Failure: %s\nDelivery-Result: %s\n"
		"Identity-Alignment: %s\n", who->user_agent, what->mail_from,
		mime_date(arrived, 0, date), who->host, what->results, source, what->domain,
		what->auth_failure, what->delivery, what->alignment);
	if (what->selector)
		buf_printf(out, "DKIM-Domain: %s\nDKIM-Identity: @%s\nDKIM-Selector: %s\n",
			what->domain, what->domain, what->selector);
}

static void add_parts(struct buf *out, const struct subject_matter *what,
	const struct reporter *who, const char *boundary, struct rng *rng, int64_t arrived)
{
	char source[48];
	struct buf feedback, sample;
	buf_init(&feedback, 65536);
	buf_init(&sample, 65536);
	snprintf(source, sizeof(source), "%s%u", what->source_prefix,
		what->source_first + rng_below(rng, what->source_count));
	add_feedback(&feedback, what, who, source, arrived);
	add_sample(&sample, what, source, who->host, arrived, rng_next(rng), who->whole);
	mime_add_multipart(out, boundary, &(struct mime_part){
		.type = "text/plain; charset=us-ascii",
		.bytes = STR("This is an authentication failure report for a message that says it is "
			"from your domain.\n"),
	});
	mime_add_multipart(out, boundary, &(struct mime_part){
		.type = "message/feedback-report",
		.bytes = buf_str(&feedback),
	});
	mime_add_multipart(out, boundary, &(struct mime_part){
		.type = who->whole ? "message/rfc822" : "text/rfc822-headers",
		.bytes = buf_str(&sample),
	});
	mime_end_multipart(out, boundary);
	buf_fini(&feedback);
	buf_fini(&sample);
}

static void deliver_one(struct kit *kit, const struct subject_matter *what,
	const struct reporter *who, int64_t arrived, struct rng *rng)
{
	char boundary[MIME_BOUNDARY_BYTES], message_id[96], subject[160], type[160];
	struct buf out;
	buf_init(&out, SIZE_MAX);
	snprintf(message_id, sizeof(message_id), "ruf.%016llx@%s",
		(unsigned long long)rng_next(rng), who->host);
	snprintf(subject, sizeof(subject), "DMARC failure report for %s", what->domain);
	mime_boundary(message_id, boundary);
	snprintf(type, sizeof(type), "Content-Type: multipart/report; "
		"report-type=feedback-report;\n\tboundary=\"%s\"\n", boundary);
	mime_add_head(&out, &(struct mime_head){
		.from = who->from,
		.to = what->rua,
		.subject = subject,
		.message_id = message_id,
		.date = arrived + 60,
		.extra = type,
	});
	buf_add_char(&out, '\n');
	add_parts(&out, what, who, boundary, rng, arrived);
	kit_deliver(kit, &(struct sample_mail){
		.bytes = buf_str(&out),
		.date = arrived + 60,
		.host = "mx.example.com",
		.code = "",
		.kind = SAMPLE_FAILURE,
	});
	buf_fini(&out);
}

void failure_day(struct kit *kit, unsigned day)
{
	struct rng rng = rng_stream(kit->seed, 0x727566, 0, (uint64_t)kit_day(kit, day).number);
	bool burst = day == traffic_spike_day(kit);
	unsigned wanted = burst ? ON_SPIKE_DAY : rng_chance(&rng, 650) ? rng_between(&rng, 1, 2) : 0;
	for (unsigned i = 0; i < wanted; i++) {
		const struct subject_matter *what = &matters[rng_below(&rng, COUNT(matters))];
		while (burst && !what->forged)
			what = &matters[rng_below(&rng, COUNT(matters))];
		deliver_one(kit, what, &reporters[rng_below(&rng, COUNT(reporters))],
			day_begin_epoch_secs(kit_day(kit, day)) + rng_below(&rng, 86000), &rng);
	}
}
