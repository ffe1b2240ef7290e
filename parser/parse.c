// SPDX-License-Identifier: Apache-2.0
/*
 * The tour: parse_mail() looks at the first bytes. A bare document or archive
 * goes to carrier_read() at once. A mail goes through mail_raw (limits,
 * repairs), mail (GMime: its parts) and mail_walk (which part is what), and
 * each part's content comes to the same carrier_read(). There gzip, zip,
 * deflate, base64 and uuencode are peeled off, layer by layer, as streams, until a document is found
 * and aggregate_read(), tlsrpt_read() or failure_write() turns it into frames.
 */
#include "parser/parse.h"

#include <locale.h>
#include <stdlib.h>
#include <time.h>

#include "model/digest.h"
#include "parser/aggregate/xml.h"
#include "parser/carrier.h"
#include "parser/mail/cms.h"
#include "parser/mail/mail.h"
#include "parser/mail/mail_raw.h"
#include "parser/mail/mail_walk.h"
#include "parser/sniff.h"
#include "parser/tlsrpt.h"

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)

void parse_init(void)
{
	/* libarchive turns the local times of a zip into epoch seconds and would look for the zone
	 * of the machine at each; names in a zip are UTF-8, for it only in a locale that has it. */
	setenv("TZ", "UTC0", 1);
	tzset();
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (utf8 != (locale_t)0)
		(void)uselocale(utf8);
	digest_init();
	mail_init();
	cms_init();
	tlsrpt_init();
	xml_init();
}

/* Blank lines and one mbox "From " line may stand before a mail's first field. */
static uint64_t mail_begin(struct str head)
{
	struct str rest = head;
	while (rest.len > 0 && (rest.ptr[0] == '\n' || rest.ptr[0] == '\r'))
		rest = str_from_offset(rest, 1);
	if (str_starts(rest, STR("From ")) || str_starts(rest, STR(">From "))) {
		size_t end = 0;
		while (end < rest.len && rest.ptr[end] != '\n' && rest.ptr[end] != '\r')
			end++;
		if (end + 1 < rest.len && rest.ptr[end] == '\r' && rest.ptr[end + 1] == '\n')
			end++;
		rest = str_from_offset(rest, end + 1);
	}
	return (uint64_t)(head.len - rest.len);
}

static bool read_bare(struct carrier_job *job)
{
	const struct parse_input *input = job->input;
	struct mail_raw_file file;
	mail_raw_file_init(&file, input->fd, 0, input->bytes);
	struct issue_list *issues = malloc(sizeof(*issues));
	if (issues == NULL)
		die_out_of_memory();
	issue_list_init(issues);
	struct carrier carrier = {
		.payload = &file.payload, .place = CARRIER_FILE, .issues = issues};
	bool good = carrier_read(job, &carrier);
	free(issues);
	return good;
}

/* True when every report was read; *other_r: what a mail without one is. */
static bool read_input(struct carrier_job *job, enum reason *other_r)
{
	const struct parse_input *input = job->input;
	struct mail_raw_file file;
	char bytes[SNIFF_BYTES];
	*other_r = REASON_FILE_UNKNOWN;
	mail_raw_file_init(&file, input->fd, 0, input->bytes);
	ssize_t got = file.payload.read(&file, bytes, sizeof(bytes), &job->hard);
	if (got < 0)
		return false;
	struct str head = {bytes, (size_t)got};
	enum sniff kind = sniff_bytes(head);
	bool text = kind == SNIFF_TEXT || kind == SNIFF_BINARY;
	bool bare = kind == SNIFF_XML || kind == SNIFF_JSON; /* its reader knows how much it may have */
	if (!bare && input->bytes > input->limits->mail_bytes) {
		reject_set(&job->hard, REASON_FILE_TOO_LARGE, "%llu bytes", (unsigned long long)input->bytes);
		return false;
	}
	if (text && sniff_mail(head))
		return mail_walk(job, mail_begin(head), other_r);
	return read_bare(job);
}

static struct mail_end verdict_of(const struct carrier_job *job, bool good, enum reason other)
{
	struct mail_end end = {.reports = job->reports};
	const struct reject *reject = !good ? &job->hard : &job->soft;
	if (good && job->reports > 0 && !job->lost) {
		end.verdict = VERDICT_REPORTS;
	} else if (reject->reason != REASON_NONE) {
		end.verdict = VERDICT_REJECTED;
		end.reason = reject->reason;
		end.detail = str_from(reject->detail);
	} else {
		end.verdict = VERDICT_NOT_A_REPORT;
		end.reason = other;
	}
	return end;
}

void parse_mail(const struct parse_input *input, struct wire_writer *writer)
{
	struct carrier_job job = {.input = input, .writer = writer, .arena = arena_open(ARENA_BYTES),
		.budget = {.limits = input->limits}};
	enum reason other;
	bool good = read_input(&job, &other);
	struct mail_end end = verdict_of(&job, good, other);
	wire_write_mail_end(writer, &end);
	arena_close(&job.arena);
}

void parse_extract(const struct parse_input *input, uint32_t report_no, struct wire_writer *writer)
{
	struct carrier_job job = {.input = input, .writer = writer, .arena = arena_open(ARENA_BYTES),
		.budget = {.limits = input->limits}, .extract = true, .wanted = report_no};
	enum reason other;
	(void)read_input(&job, &other);
	wire_write_bytes_end(writer);
	arena_close(&job.arena);
}
