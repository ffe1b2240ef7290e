// SPDX-License-Identifier: Apache-2.0
/*
 * An XML document: the same frames whatever the size of the pieces and at each
 * reading. What is accepted is accepted by the spool too, its messages are the
 * sum of its records, and written as XML again it is the same report. Where the
 * document is ASCII, expat agrees on whether it is well-formed, unless it was
 * repaired, and on its records and messages.
 */
#include "tests/fuzz/fuzz_run.h"

#include "pool/spool.h"
#include "tests/fuzz/fuzz_xml.h"
#include "verifier/coherence.h"
#ifdef HAVE_EXPAT
#include "tests/fuzz/fuzz_expat.h"
#endif

#define SCRATCH_BYTES ((size_t)64 << 20)

static uint32_t check_record(void *context, const struct policy_published *policy,
	const struct aggregate_record *record)
{
	return coherence_record(context, policy, record);
}

static uint32_t check_report(void *context, const struct aggregate_head *head, int64_t mail_epoch_secs)
{
	(void)context;
	return coherence_report(head, mail_epoch_secs);
}

/* Held against itself on the way. */
static bool read_aggregate(struct payload *payload, const struct limits *limits, int64_t now_epoch_secs,
	struct issue_list *issues, struct wire_writer *writer, struct reject *reject)
{
	struct psl *psl = psl_builtin_list();
	struct coherence coherence = {.psl = psl, .scratch = arena_open(SCRATCH_BYTES)};
	const struct report_check check = {.record = check_record, .report = check_report, .context = &coherence};
	bool good = aggregate_read(payload, limits, now_epoch_secs, &check, now_epoch_secs, issues, writer, reject);
	arena_close(&coherence.scratch);
	psl_close(&psl);
	return good;
}

/* The report as XML. */
static void check_sums(struct spool *spool, const struct spool_report *report, struct buf *xml)
{
	const struct report_totals *totals = &report->totals;
	struct arena *scratch = arena_open(SCRATCH_BYTES);
	struct spool_cursor cursor = spool_rows(spool, 0);
	struct aggregate_record record;
	struct frame frame;
	struct error error = {0};
	uint64_t records = 0;
	wide messages = 0;
	fuzz_xml_begin(xml);
	for (; spool_next_row(&cursor, &frame, &error); records++) {
		arena_reset(scratch);
		if (!wire_read_record(frame.payload, scratch, &record))
			die("record %llu cannot be read", (unsigned long long)records);
		messages += record.messages;
		fuzz_xml_record(xml, &record);
	}
	fuzz_xml_end(xml, &report->aggregate);
	char sum[WIDE_TEXT_BYTES], total[WIDE_TEXT_BYTES];
	if (records != totals->records || messages != totals->messages)
		die("the records hold %s messages, the totals %s", wide_text(messages, sum),
			wide_text(totals->messages, total));
	arena_close(&scratch);
}

/* The frames of the model, without what is said about the document. */
static void model_of(struct str frames, struct buf *out)
{
	struct frame frame;
	while (wire_next(&frames, &frame) == 1)
		if (frame.type == FRAME_RECORD || frame.type == FRAME_AGGREGATE_HEAD) {
			buf_add_char(out, (char)frame.type);
			buf_add_str(out, frame.payload);
		}
}

static void check_written_again(struct str frames, struct str xml)
{
	struct buf again, model, other;
	struct reject reject;
	buf_init(&again, SIZE_MAX / 4);
	buf_init(&model, SIZE_MAX / 4);
	buf_init(&other, SIZE_MAX / 4);
	if (!fuzz_read(read_aggregate, xml, SIZE_MAX, &again, &reject))
		die("written again it is refused (%s):\n%.*s", reject.detail, STR_FMT(xml));
	model_of(frames, &model);
	model_of(buf_str(&again), &other);
	if (!str_eq(buf_str(&model), buf_str(&other)))
		die("written again it is another report:\n%.*s", STR_FMT(xml));
	buf_fini(&again);
	buf_fini(&model);
	buf_fini(&other);
}

static void check_accepted(struct str frames)
{
	static struct spool *spool;
	struct limits limits = fuzz_limits();
	struct sha256 mail = sha256_of("mail", 4);
	struct error error = {0};
	struct wire_writer writer;
	struct buf stream, xml;
	if (!spool)
		spool = spool_open(SPOOL_MEMORY_BYTES, "/tmp");
	buf_init(&stream, SIZE_MAX / 4);
	buf_init(&xml, SIZE_MAX / 4);
	fuzz_writer_keep(&writer, &stream);
	wire_write_hello(&writer);
	wire_flush(&writer);
	buf_add_str(&stream, frames);
	wire_write_mail_end(&writer, &(struct mail_end){.verdict = VERDICT_REPORTS, .reports = 1});
	wire_writer_fini(&writer);
	spool_reset(spool, &mail, &limits, FUZZ_NOW);
	if (!spool_add(spool, buf_str(&stream), &error) || !spool_finish(spool, &error))
		die("the spool refuses it: %s", error.text);
	check_sums(spool, spool_report_at(spool, 0), &xml);
	check_written_again(frames, buf_str(&xml));
	buf_fini(&stream);
	buf_fini(&xml);
}

#ifdef HAVE_EXPAT

static bool has_issue(const bool *issues, const enum issue_code *codes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (issues[codes[i]])
			return true;
	return false;
}

/* Which issues the frames name, and the totals. */
static struct report_totals facts_of(struct str frames, bool *issues)
{
	struct report_totals totals = {0};
	struct frame frame;
	struct issue issue;
	while (wire_next(&frames, &frame) == 1) {
		if (frame.type == FRAME_ISSUE && wire_read_issue(frame.payload, &issue))
			issues[issue.code] = true;
		if (frame.type == FRAME_REPORT_END && !wire_read_report_end(frame.payload, &totals))
			die("no totals");
	}
	return totals;
}

static void check_opinion(struct str frames, const struct fuzz_opinion *opinion)
{
	static const enum issue_code repairs[] = {ISSUE_XML_LEADING_SPACE, ISSUE_XML_DECLARATION,
		ISSUE_XML_CONTROL, ISSUE_XML_AMPERSAND, ISSUE_XML_STRAY_SCHEMA, ISSUE_XML_TRAILING,
		ISSUE_XML_LAST_BRACKET};
	static const enum issue_code readings[] = {ISSUE_XML_ELEMENT_CASE, ISSUE_XML_DUPLICATE_ELEMENT,
		ISSUE_XML_NAMESPACE};
	bool issues[ISSUE_CODE_COUNT] = {false};
	struct report_totals totals = facts_of(frames, issues);
	if (has_issue(issues, repairs, sizeof(repairs) / sizeof(repairs[0])))
		return;
	if (!opinion->well_formed || opinion->doctype)
		die("accepted; not well-formed for expat");
	if (has_issue(issues, readings, sizeof(readings) / sizeof(readings[0])))
		return;
	if (opinion->plain && (opinion->records != totals.records || opinion->messages != totals.messages))
		die("expat finds other records");
}

static bool is_ascii(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] >= 0x80 || text.ptr[i] == '\0')
			return false;
	return text.len > 0;
}

static void ask_expat(struct str text, struct str frames, bool accepted, enum reason reason)
{
	struct fuzz_opinion opinion;
	if (!is_ascii(text) || !fuzz_expat(text, &opinion))
		return;
	if (accepted)
		check_opinion(frames, &opinion);
	else if (opinion.well_formed && (reason == REASON_XML_MALFORMED || reason == REASON_XML_ENTITY ||
		reason == REASON_XML_DOCTYPE || reason == REASON_XML_SECOND_ROOT))
		die("refused (%d); well-formed for expat", (int)reason);
}

#endif

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct str text = {(const char *)bytes, len};
	struct reject reject;
	struct buf frames;
	buf_init(&frames, SIZE_MAX / 4);
	bool accepted = fuzz_read_alike(read_aggregate, text, &frames, &reject);
	if (accepted)
		check_accepted(buf_str(&frames));
#ifdef HAVE_EXPAT
	ask_expat(text, buf_str(&frames), accepted, reject.reason);
#endif
	buf_fini(&frames);
	return 0;
}
