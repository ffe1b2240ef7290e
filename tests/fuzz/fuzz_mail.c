// SPDX-License-Identifier: Apache-2.0
/*
 * A whole input, whatever it is: every frame written can be read back. As a
 * mail: its decoded parts together are no larger than itself, their number and
 * depth within the limits. As a text: with LF or with CRLF at the ends of its
 * lines the result is the same.
 */
#include "tests/fuzz/fuzz_run.h"

#include <string.h>

#include "parser/mail/mail.h"
#include "parser/mail/mail_raw.h"
#include "parser/sniff.h"

/* ---- parts ---- */

static uint64_t content_bytes(struct mail *mail, size_t part)
{
	char piece[4096];
	struct mail_content *content = mail_content_open(mail, part);
	struct payload *payload = mail_content_payload(content);
	struct reject reject;
	uint64_t bytes = 0;
	ssize_t got;
	while ((got = payload->read(payload->context, piece, sizeof(piece), &reject)) > 0)
		bytes += (uint64_t)got;
	mail_content_close(&content);
	return bytes;
}

static size_t depth_of(const struct mail_part *parts, size_t at)
{
	size_t depth = 1;
	for (; parts[at].parent != at; at = parts[at].parent)
		depth++;
	return depth;
}

static void check_parts(struct str bytes)
{
	struct limits limits = fuzz_limits();
	struct reject reject = {0};
	struct buf copy;
	struct mail_scan_facts facts;
	buf_init(&copy, SIZE_MAX / 4);
	buf_add_str(&copy, bytes);
	struct mail *mail = mail_raw_check_bytes(&copy, &limits, &facts, &reject) ?
		mail_open_bytes(buf_str(&copy), &limits, &reject) : NULL;
	if (!mail && reject.reason == REASON_NONE)
		die("refused without a reason");
	if (mail) {
		size_t count;
		uint64_t decoded = 0;
		const struct mail_part *parts = mail_parts(mail, &count);
		if (count == 0 || count > limits.mime_parts)
			die("%zu parts", count);
		for (size_t i = 0; i < count; i++) {
			if (depth_of(parts, i) > limits.mime_depth)
				die("%zu levels", depth_of(parts, i));
			decoded += parts[i].node == MAIL_LEAF ? content_bytes(mail, i) : 0;
		}
		if (decoded > copy.len)
			die("%llu bytes decoded of %zu", (unsigned long long)decoded, copy.len);
	}
	mail_close(&mail);
	buf_fini(&copy);
}

/* ---- line ends ---- */

/* With LF alone; false where line ends may be part of something packed, or are no ends. */
static bool with_lf(struct str bytes, struct buf *out)
{
	for (size_t i = 0; i < bytes.len; i++) {
		unsigned char c = (unsigned char)bytes.ptr[i];
		if (c == '\r' && i + 1 < bytes.len && bytes.ptr[i + 1] == '\n')
			continue;
		if (c < ' ' && c != '\t' && c != '\n')
			return false;
		buf_add_char(out, (char)c);
	}
	return str_find(buf_str(out), STR("!<arch>\n")) == SIZE_MAX; /* the magic of ar has one in it */
}

static void with_crlf(struct str text, struct buf *out)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '\n')
			buf_add_char(out, '\r');
		buf_add_char(out, text.ptr[i]);
	}
}

struct result {
	struct mail_end end;
	struct buf totals;
};

static void result_of(struct str bytes, struct buf *stream, struct result *result)
{
	struct limits limits = fuzz_limits();
	struct report_begin begin;
	struct report_totals totals;
	struct frame frame;
	fuzz_stream(bytes, stream);
	struct str rest = buf_str(stream);
	while (wire_next(&rest, &frame) == 1) {
		if (frame.type == FRAME_REPORT_BEGIN && wire_read_report_begin(frame.payload, &begin))
			buf_printf(&result->totals, "%d", (int)begin.kind);
		if (frame.type == FRAME_REPORT_END && wire_read_report_end(frame.payload, &totals)) {
			char messages[WIDE_TEXT_BYTES], pass[WIDE_TEXT_BYTES];
			buf_printf(&result->totals, " %llu %s %s\n", (unsigned long long)totals.records,
				wide_text(totals.messages, messages), wide_text(totals.dmarc_pass, pass));
		}
		if (frame.type == FRAME_MAIL_END && !wire_read_mail_end(frame.payload, &result->end))
			die("no end");
	}
	if (result->end.reports > limits.reports)
		die("%llu reports", (unsigned long long)result->end.reports);
}

/* A CR more in each line may be what is too much. */
static bool is_size(enum reason reason)
{
	static const enum reason sizes[] = {REASON_FILE_TOO_LARGE, REASON_MAIL_HEADERS, REASON_XML_TAG_TOO_LARGE,
		REASON_XML_TEXT_TOO_LARGE, REASON_XML_TOO_LARGE, REASON_TLS_TOO_LARGE};
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (reason == sizes[i])
			return true;
	return false;
}

static void check_line_ends(struct str bytes)
{
	struct buf lf, crlf, stream[2];
	struct result result[2] = {0};
	struct buf *const all[] = {&lf, &crlf, &stream[0], &stream[1], &result[0].totals, &result[1].totals};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		buf_init(all[i], SIZE_MAX / 4);
	if (with_lf(bytes, &lf))
		with_crlf(buf_str(&lf), &crlf);
	/* What a file is, its beginning says; a longer one may begin with more or less. */
	if (crlf.len > 0 && crlf.len <= SNIFF_BYTES) {
		result_of(buf_str(&lf), &stream[0], &result[0]);
		result_of(buf_str(&crlf), &stream[1], &result[1]);
		const struct mail_end *a = &result[0].end, *b = &result[1].end;
		bool reports = a->verdict == VERDICT_REPORTS;
		if (!is_size(a->reason) && !is_size(b->reason) &&
			(a->verdict != b->verdict || a->reason != b->reason || (reports &&
				!str_eq(buf_str(&result[0].totals), buf_str(&result[1].totals)))))
			die("with LF: %d %d \"%.*s\"\n%s\nwith CRLF: %d %d \"%.*s\"\n%s", (int)a->verdict,
				(int)a->reason, STR_FMT(a->detail), buf_cstr(&result[0].totals), (int)b->verdict,
				(int)b->reason, STR_FMT(b->detail), buf_cstr(&result[1].totals));
	}
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		buf_fini(all[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct str text = {len > 0 ? (const char *)bytes : "", len};
	fuzz_parse(bytes, len);
	check_parts(text);
	check_line_ends(text);
	return 0;
}
