// SPDX-License-Identifier: Apache-2.0
#include "parser/carrier.h"

#include "parser/clean.h"
#include "parser/gunzip.h"
#include "parser/sniff.h"
#include "parser/textform.h"
#include "parser/unicode.h"
#include "parser/unpack.h"

#include <stdlib.h>
#include <string.h>

#define PUMP_BYTES ((size_t)16 * 1024)
#define NAME_BYTES ((size_t)512)

void carrier_soft(struct carrier_job *job, enum reason reason, struct str detail)
{
	if (job->soft.reason == REASON_NONE)
		reject_set(&job->soft, reason, "%.*s", STR_FMT(detail));
}

void carrier_lost(struct carrier_job *job, enum reason reason, struct str detail)
{
	if (!job->lost)
		reject_set(&job->soft, reason, "%.*s", STR_FMT(detail));
	job->lost = true;
}

static bool refuse(struct carrier_job *job, enum reason reason, const char *detail)
{
	reject_set(&job->hard, reason, "%s", detail);
	return false;
}

/* ---- handing on ---- */

/* Which of several documents it was. */
static void name_reject(struct carrier_job *job, struct str member)
{
	if (member.len == 0)
		return;
	struct reject plain = job->hard;
	const char *joint = plain.detail[0] != '\0' ? ": " : "";
	reject_set(&job->hard, plain.reason, "%.*s%s%s", STR_FMT(member), joint, plain.detail);
}

static bool pump(struct carrier_job *job, struct payload *payload)
{
	char *block = malloc(PUMP_BYTES);
	if (block == NULL)
		die_out_of_memory();
	ssize_t got;
	while ((got = payload->read(payload->context, block, PUMP_BYTES, &job->hard)) > 0)
		wire_write_bytes(job->writer, (struct str){block, (size_t)got});
	free(block);
	return got == 0;
}

/* Bytes garbled on their way fail as a document first and as an archive only at
 * their checksum; the damage is the reason then, not what the garble looks like.
 * A trailer that is merely cut off says nothing about the bytes before it. */
static void prefer_damage(struct carrier_job *job, struct payload *payload,
	const struct issue_list *issues)
{
	const struct issue *trailer = &issues->items[ISSUE_ARCHIVE_TRAILER];
	struct reject later = {.reason = REASON_NONE};
	char *block = malloc(PUMP_BYTES);
	if (block == NULL)
		die_out_of_memory();
	while (payload->read(payload->context, block, PUMP_BYTES, &later) > 0)
		continue;
	free(block);
	if (later.reason == REASON_ARCHIVE_DAMAGED)
		job->hard = later;
	else if (trailer->count > 0 && !str_eq(trailer->detail, STR("cut short")))
		reject_set(&job->hard, REASON_ARCHIVE_DAMAGED, "%.*s", STR_FMT(trailer->detail));
}

/* Takes the next report number. *here_r: the caller is to do its work on this one. */
static bool next_report(struct carrier_job *job, bool *here_r)
{
	if (job->reports >= job->input->limits->reports)
		return refuse(job, REASON_MAIL_ATTACHMENTS, "reports");
	uint32_t number = job->reports++;
	*here_r = !job->extract || number == job->wanted;
	job->done = job->extract && *here_r;
	return true;
}

static bool hand_on(struct carrier_job *job, enum report_kind kind, struct payload *source,
	struct issue_list *issues)
{
	bool here;
	if (!next_report(job, &here))
		return false;
	if (!here)
		return true;
	if (job->extract)
		return pump(job, source);
	struct payload payload = *source;
	payload.member = clean_line(job->arena, source->member, NAME_BYTES, NULL, NULL);
	const struct parse_input *input = job->input;
	bool good = kind == REPORT_TLSRPT
		? tlsrpt_read(&payload, input->limits, input->now_epoch_secs, issues, job->writer, &job->hard)
		: aggregate_read(&payload, input->limits, input->now_epoch_secs, input->check, job->mail_epoch_secs,
			  issues, job->writer, &job->hard);
	if (good)
		return true;
	job->reports--;
	if (job->hard.reason < REASON_ARCHIVE_EMPTY || job->hard.reason > REASON_ARCHIVE_STALLED)
		prefer_damage(job, source, issues);
	name_reject(job, payload.member);
	return false;
}

bool carrier_failure(struct carrier_job *job, const struct failure_source *source,
	struct issue_list *issues)
{
	bool here;
	if (!next_report(job, &here))
		return false;
	if (!here)
		return true;
	if (job->extract) {
		wire_write_bytes(job->writer, source->sample);
		return true;
	}
	if (failure_write(source, job->input->limits, issues, job->writer, &job->hard))
		return true;
	job->reports--;
	return false;
}

/* ---- what a part was declared as ---- */

static enum sniff declared_kind(const struct carrier *carrier)
{
	static const struct {
		struct str word;
		enum sniff kind;
	} types[] = {
		{{"gzip", 4}, SNIFF_GZIP}, {{"zip", 3}, SNIFF_ZIP}, {{"/xml", 4}, SNIFF_XML},
		{{"json", 4}, SNIFF_JSON},
	}, names[] = {
		{{".gz", 3}, SNIFF_GZIP}, {{".zip", 4}, SNIFF_ZIP}, {{".xml", 4}, SNIFF_XML},
		{{".json", 5}, SNIFF_JSON},
	};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (str_find(carrier->type, types[i].word) != SIZE_MAX)
			return types[i].kind;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_ends_nocase(carrier->name, names[i].word))
			return names[i].kind;
	return SNIFF_BINARY;
}

static void note_mismatch(const struct carrier *carrier, enum sniff found)
{
	enum sniff declared = declared_kind(carrier);
	if (carrier->place != CARRIER_PART || declared == SNIFF_BINARY || declared == found)
		return;
	if (found == SNIFF_JSON && str_find(carrier->type, STR("tlsrpt+gzip")) != SIZE_MAX)
		issue_add(carrier->issues, ISSUE_TLS_NOT_COMPRESSED, STR_NONE);
	else
		issue_add(carrier->issues, ISSUE_MAIL_TYPE_MISMATCH,
			carrier->type.len > 0 ? carrier->type : carrier->name);
}

static bool count_attachment(struct carrier_job *job, const struct carrier *carrier)
{
	if (carrier->place != CARRIER_PART || ++job->attachments <= job->input->limits->attachments)
		return true;
	return refuse(job, REASON_MAIL_ATTACHMENTS, "attachments");
}

/* Nothing that could be read; a report is lost when the name or type promised one. */
static bool read_nothing(struct carrier_job *job, const struct carrier *carrier, enum sniff found)
{
	bool empty = found == SNIFF_EMPTY || found == SNIFF_UNUSED;
	bool meant = declared_kind(carrier) != SNIFF_BINARY || sniff_report_name(carrier->name);
	bool document = found == SNIFF_XML || found == SNIFF_JSON;
	struct str name = carrier->name;
	switch (carrier->place) {
	case CARRIER_FILE:
		return refuse(job, empty ? REASON_FILE_EMPTY : REASON_FILE_UNKNOWN, "");
	case CARRIER_ARCHIVE:
		name = carrier->payload->member;
		meant |= empty && name.len == 0;
		if (!meant || document)
			carrier_soft(job, empty ? REASON_ARCHIVE_EMPTY : REASON_ARCHIVE_NO_REPORT, name);
		else
			carrier_lost(job, empty ? REASON_ARCHIVE_EMPTY : REASON_ARCHIVE_NO_REPORT, name);
		return true;
	case CARRIER_PART:
		break;
	}
	if (meant && !document)
		carrier_lost(job, empty ? REASON_ARCHIVE_EMPTY : REASON_ARCHIVE_DAMAGED, name);
	return true;
}

/* ---- documents ---- */

/* A page that quotes a report in it, beside the report itself or not. */
static bool is_page(const struct carrier *carrier, struct str head)
{
	struct str text = str_trim(head);
	return str_eq(carrier->type, STR("text/html")) && !str_starts_nocase(text, STR("<?xml")) &&
		!str_starts_nocase(text, STR("<feedback"));
}

static bool read_xml(struct carrier_job *job, const struct carrier *carrier,
	struct carrier_peek *peek)
{
	struct str head = carrier_peek_head(peek);
	enum sniff_xml root = is_page(carrier, head) ? SNIFF_XML_OTHER : sniff_xml_root(head);
	bool meant = carrier->place == CARRIER_FILE || sniff_report_name(carrier->name) ||
		(root == SNIFF_XML_UNCLEAR && (carrier->place == CARRIER_ARCHIVE ||
			declared_kind(carrier) == SNIFF_XML));
	if (root != SNIFF_XML_FEEDBACK && !meant) {
		if (carrier->place == CARRIER_ARCHIVE)
			carrier_soft(job, REASON_XML_ROOT, carrier->payload->member);
		return true;
	}
	if (!count_attachment(job, carrier))
		return false;
	note_mismatch(carrier, SNIFF_XML);
	if (carrier->body)
		issue_add(carrier->issues, ISSUE_MAIL_TEXT_BODY, STR_NONE);
	return hand_on(job, REPORT_AGGREGATE, &peek->payload, carrier->issues);
}

static bool read_json(struct carrier_job *job, const struct carrier *carrier,
	struct carrier_peek *peek)
{
	bool meant = carrier->place == CARRIER_FILE || sniff_report_name(carrier->name) ||
		str_find(carrier->type, STR("tlsrpt")) != SIZE_MAX;
	if (!meant && !sniff_json_report(carrier_peek_head(peek)))
		return read_nothing(job, carrier, SNIFF_JSON);
	if (!count_attachment(job, carrier))
		return false;
	note_mismatch(carrier, SNIFF_JSON);
	if (carrier->body)
		issue_add(carrier->issues, ISSUE_MAIL_TEXT_BODY, STR_NONE);
	return hand_on(job, REPORT_TLSRPT, &peek->payload, carrier->issues);
}

/* ---- archives ---- */

static bool enter_archive(struct carrier_job *job, const struct carrier *carrier, unsigned depth)
{
	if (depth > job->input->limits->archive_depth)
		return refuse(job, REASON_ARCHIVE_DEPTH, "");
	if (depth > 1)
		issue_add(carrier->issues, ISSUE_ARCHIVE_NESTED, STR_NONE);
	return true;
}

static struct str without_gz(struct str name)
{
	return str_ends_nocase(name, STR(".gz")) ? str_sub(name, 0, name.len - 3) : name;
}

static bool read_unzipped(struct carrier_job *job, const struct carrier *outer, struct gunzip *gunzip)
{
	uint32_t before = job->reports;
	struct payload *payload = gunzip_payload(gunzip);
	payload->member = without_gz(payload->member);
	struct carrier inner = {.payload = payload, .place = CARRIER_ARCHIVE, .type = outer->type,
		.name = without_gz(outer->name), .depth = outer->depth + 1, .issues = outer->issues};
	if (!carrier_read(job, &inner))
		return false;
	if (gunzip_bytes(gunzip) == 0)
		carrier_lost(job, REASON_ARCHIVE_EMPTY, payload->member);
	else if (job->reports == before)
		carrier_soft(job, REASON_ARCHIVE_NO_REPORT, payload->member);
	return true;
}

static bool read_gzip(struct carrier_job *job, const struct carrier *carrier,
	struct carrier_peek *peek)
{
	enum gunzip_frame frame;
	note_mismatch(carrier, SNIFF_GZIP);
	if (!count_attachment(job, carrier) || !enter_archive(job, carrier, carrier->depth + 1))
		return false;
	(void)gunzip_sniff(carrier_peek_head(peek), &frame);
	if (frame != GUNZIP_GZIP)
		issue_add(carrier->issues, ISSUE_ARCHIVE_DEFLATE, STR_NONE);
	struct gunzip *gunzip = gunzip_open(&peek->payload, frame, &job->budget, carrier->issues);
	bool good = read_unzipped(job, carrier, gunzip);
	gunzip_close(&gunzip);
	return good;
}

static void issues_copy(struct issue_list *to, const struct issue_list *from)
{
	issue_list_init(to);
	for (int code = 0; code < ISSUE_CODE_COUNT; code++) {
		if (from->items[code].count == 0)
			continue;
		issue_add(to, (enum issue_code)code, from->items[code].detail);
		to->items[code].count = from->items[code].count;
	}
}

/* An Office or OpenDocument file or a Java archive: a zip, but nobody's archive. */
static bool is_office_name(struct str name)
{
	return str_eq(name, STR("[Content_Types].xml")) || str_eq(name, STR("_rels/.rels")) ||
		str_starts(name, STR("docProps/")) || str_eq(name, STR("mimetype")) ||
		str_eq(name, STR("META-INF/MANIFEST.MF"));
}

static bool read_member(struct carrier_job *job, const struct carrier *zip, struct unpack *unpack,
	struct issue_list *issues, struct str name)
{
	struct payload *payload = unpack_payload(unpack);
	payload->member = clean_line(job->arena, name, NAME_BYTES, NULL, NULL);
	struct carrier inner = {.payload = payload, .place = CARRIER_ARCHIVE,
		.name = payload->member, .depth = zip->depth + 1, .issues = issues};
	return carrier_read(job, &inner);
}

static bool read_members(struct carrier_job *job, const struct carrier *zip, struct unpack *unpack)
{
	uint32_t before = job->reports;
	struct issue_list *issues = malloc(sizeof(*issues));
	if (issues == NULL)
		die_out_of_memory();
	struct str name;
	uint64_t members = 0;
	int found = 1;
	bool good = true, office = false;
	while (good && !job->done && !office) {
		issues_copy(issues, zip->issues);
		found = unpack_zip_next(unpack, issues, &name, &job->hard);
		if (found <= 0)
			break;
		members++;
		office = zip->place == CARRIER_PART && job->reports == before && is_office_name(name);
		if (!office)
			good = read_member(job, zip, unpack, issues, name);
	}
	free(issues);
	if (found < 0 || !good)
		return false;
	if (!office && members == 0)
		carrier_lost(job, REASON_ARCHIVE_EMPTY, zip->payload->member);
	else if (!office && job->reports == before)
		carrier_soft(job, REASON_ARCHIVE_NO_REPORT, zip->payload->member);
	return true;
}

static bool read_zip(struct carrier_job *job, const struct carrier *carrier,
	struct carrier_peek *peek)
{
	note_mismatch(carrier, SNIFF_ZIP);
	if (!count_attachment(job, carrier) || !enter_archive(job, carrier, carrier->depth + 1))
		return false;
	if (str_starts(carrier_peek_head(peek), STR("PK\x05\x06"))) { /* the end of a directory of none */
		carrier_lost(job, REASON_ARCHIVE_EMPTY, carrier->payload->member);
		return true;
	}
	const struct parse_input *input = job->input;
	struct buf bytes;
	buf_init(&bytes, (size_t)(input->limits->unpacked_bytes + input->limits->mail_bytes));
	bool whole_file = carrier->place == CARRIER_FILE;
	bool good = whole_file || carrier_slurp(job, &peek->payload, &bytes);
	if (good) {
		struct str memory = whole_file ? STR_NONE : buf_str(&bytes);
		struct unpack *unpack =
			unpack_zip_open(memory, input->fd, input->bytes, &job->budget);
		good = read_members(job, carrier, unpack);
		unpack_close(&unpack);
	}
	buf_fini(&bytes);
	return good;
}

/* ---- text ---- */

static bool read_text(struct carrier_job *job, const struct carrier *carrier,
	struct carrier_peek *peek)
{
	if (!carrier->text)
		return read_nothing(job, carrier, SNIFF_TEXT);
	struct textform *textform = textform_open(&peek->payload);
	struct issue_list *issues = malloc(sizeof(*issues));
	if (issues == NULL)
		die_out_of_memory();
	enum textform_kind kind;
	uint32_t before = job->reports;
	bool good = true;
	while (good && !job->done && (good = textform_next(textform, &kind, &job->hard) == 0) &&
		kind != TEXTFORM_NONE) {
		struct carrier inner = *carrier;
		issues_copy(issues, carrier->issues);
		inner.payload = textform_payload(textform);
		inner.text = false;
		inner.issues = issues;
		if (kind == TEXTFORM_BASE64 || kind == TEXTFORM_UUENCODE) {
			issue_add(issues, kind == TEXTFORM_UUENCODE ? ISSUE_MAIL_UUENCODE :
				carrier->body ? ISSUE_MAIL_TEXT_BODY : ISSUE_MAIL_BASE64_TWICE, STR_NONE);
			inner.body = false;
		}
		good = carrier_read(job, &inner);
	}
	free(issues);
	textform_close(&textform);
	return good && (job->reports > before || job->done || read_nothing(job, carrier, SNIFF_TEXT));
}

/* A report that begins the body of a mail may have a signature or footer behind it. */
static enum sniff kind_of(const struct carrier *carrier, struct str head)
{
	enum sniff kind = sniff_bytes(head);
	enum gunzip_frame frame;
	size_t mark;
	/* Some magics are words, with which a mail may begin. */
	if (carrier->body && kind == SNIFF_ARCHIVE && memchr(head.ptr, '\0', head.len) == NULL)
		kind = SNIFF_TEXT;
	if (!carrier->body && (kind == SNIFF_TEXT || kind == SNIFF_BINARY) && gunzip_sniff(head, &frame))
		return SNIFF_DEFLATE;
	if (!carrier->body || !carrier->text || unicode_of(head, &mark) != UNICODE_8)
		return kind;
	if (kind != SNIFF_XML || !str_starts(str_trim(head), STR("<")))
		return kind == SNIFF_JSON ? SNIFF_TEXT : kind;
	/* A text that begins with a tag: the report may come later. */
	enum sniff_xml root = sniff_xml_root(head);
	bool text = root == SNIFF_XML_OTHER && !str_eq(carrier->type, STR("text/html"));
	return root == SNIFF_XML_FEEDBACK || text ? SNIFF_TEXT : kind;
}

/* An image of a CD begins with 32 KiB of anything. */
static bool find_iso(struct carrier_job *job, struct carrier_peek *peek, enum sniff *kind)
{
	struct str head = carrier_peek_head(peek);
	if ((*kind != SNIFF_BINARY && *kind != SNIFF_TEXT) || head.len < SNIFF_BYTES ||
	    memchr(head.ptr, '\0', head.len) == NULL)
		return true;
	if (!carrier_peek_more(peek, SNIFF_ISO_BYTES, &job->hard))
		return false;
	if (sniff_archive_name(carrier_peek_head(peek)) != NULL)
		*kind = SNIFF_ARCHIVE;
	return true;
}

bool carrier_read(struct carrier_job *job, const struct carrier *carrier)
{
	struct carrier_peek peek;
	if (!carrier_peek_open(&peek, carrier->payload, &job->hard))
		return false;
	enum sniff kind = kind_of(carrier, carrier_peek_head(&peek));
	bool good = find_iso(job, &peek, &kind);
	if (!good) {
		carrier_peek_close(&peek);
		return false;
	}
	switch (kind) {
	case SNIFF_XML:
		good = read_xml(job, carrier, &peek);
		break;
	case SNIFF_JSON:
		good = read_json(job, carrier, &peek);
		break;
	case SNIFF_GZIP:
	case SNIFF_DEFLATE:
		good = read_gzip(job, carrier, &peek);
		break;
	case SNIFF_ZIP:
		good = read_zip(job, carrier, &peek);
		break;
	case SNIFF_ARCHIVE:
		good = refuse(job, REASON_ARCHIVE_FORMAT, sniff_archive_name(carrier_peek_head(&peek)));
		break;
	case SNIFF_TEXT:
		good = read_text(job, carrier, &peek);
		break;
	case SNIFF_EMPTY:
	case SNIFF_UNUSED:
	case SNIFF_BINARY:
		good = read_nothing(job, carrier, kind);
		break;
	}
	carrier_peek_close(&peek);
	return good;
}
