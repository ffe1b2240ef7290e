// SPDX-License-Identifier: Apache-2.0
/*
 * RFC 7489 appendix C and RFC 9990 appendix A, read as a stream: bytes ->
 * decode -> prescan -> libxml2 -> elements -> texts -> records and head. Order
 * of elements is nobody's to rely on, so the head is read when the root ends.
 */
#include "parser/aggregate/draft.h"

#include "base/sixteen.h"
#include "base/utf8.h"
#include "parser/aggregate/decode.h"
#include "parser/aggregate/held.h"
#include "parser/aggregate/prescan.h"
#include "parser/aggregate/xml.h"
#include "parser/clean.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READ_BYTES ((size_t)16 * 1024)
#define ARENA_BYTES ((size_t)64 * 1024 * 1024)
#define DEPTH_MAX 12 /* the deepest element of the specifications is at 5 */

enum place { PLACE_DOCUMENT, PLACE_FEEDBACK, PLACE_METADATA, PLACE_DATE_RANGE, PLACE_POLICY, PLACE_RECORD,
	PLACE_ROW, PLACE_EVALUATED, PLACE_REASON, PLACE_IDENTIFIERS, PLACE_AUTH, PLACE_DKIM, PLACE_SPF,
	PLACE_LEAF, PLACE_SKIP };

struct element {
	struct str name;
	enum place parent;
	enum place place;
	enum field field; /* of a PLACE_LEAF */
	bool many;
};

#define NAME(text) {text, sizeof(text) - 1}

/* RFC 9990 section 3.1.1; what only RFC 7489 has is there too. */
static const struct element elements[] = {
	{NAME("feedback"), PLACE_DOCUMENT, PLACE_FEEDBACK, FIELD_NONE, false},
	{NAME("version"), PLACE_FEEDBACK, PLACE_LEAF, FIELD_VERSION, false},
	{NAME("report_metadata"), PLACE_FEEDBACK, PLACE_METADATA, FIELD_NONE, false},
	{NAME("policy_published"), PLACE_FEEDBACK, PLACE_POLICY, FIELD_NONE, false},
	{NAME("extension"), PLACE_FEEDBACK, PLACE_SKIP, FIELD_NONE, true},
	{NAME("extensions"), PLACE_FEEDBACK, PLACE_SKIP, FIELD_NONE, true},
	{NAME("record"), PLACE_FEEDBACK, PLACE_RECORD, FIELD_NONE, true},
	{NAME("org_name"), PLACE_METADATA, PLACE_LEAF, FIELD_ORG_NAME, false},
	{NAME("email"), PLACE_METADATA, PLACE_LEAF, FIELD_EMAIL, false},
	{NAME("extra_contact_info"), PLACE_METADATA, PLACE_LEAF, FIELD_CONTACT, false},
	{NAME("report_id"), PLACE_METADATA, PLACE_LEAF, FIELD_REPORT_ID, false},
	{NAME("date_range"), PLACE_METADATA, PLACE_DATE_RANGE, FIELD_NONE, false},
	{NAME("error"), PLACE_METADATA, PLACE_LEAF, FIELD_ERROR, true},
	{NAME("generator"), PLACE_METADATA, PLACE_LEAF, FIELD_GENERATOR, false},
	{NAME("begin"), PLACE_DATE_RANGE, PLACE_LEAF, FIELD_BEGIN, false},
	{NAME("end"), PLACE_DATE_RANGE, PLACE_LEAF, FIELD_END, false},
	{NAME("domain"), PLACE_POLICY, PLACE_LEAF, FIELD_DOMAIN, false},
	{NAME("discovery_method"), PLACE_POLICY, PLACE_LEAF, FIELD_DISCOVERY, false},
	{NAME("p"), PLACE_POLICY, PLACE_LEAF, FIELD_P, false},
	{NAME("sp"), PLACE_POLICY, PLACE_LEAF, FIELD_SP, false},
	{NAME("np"), PLACE_POLICY, PLACE_LEAF, FIELD_NP, false},
	{NAME("adkim"), PLACE_POLICY, PLACE_LEAF, FIELD_ADKIM, false},
	{NAME("aspf"), PLACE_POLICY, PLACE_LEAF, FIELD_ASPF, false},
	{NAME("pct"), PLACE_POLICY, PLACE_LEAF, FIELD_PCT, false},
	{NAME("fo"), PLACE_POLICY, PLACE_LEAF, FIELD_FO, false},
	{NAME("testing"), PLACE_POLICY, PLACE_LEAF, FIELD_TESTING, false},
	{NAME("row"), PLACE_RECORD, PLACE_ROW, FIELD_NONE, false},
	{NAME("identifiers"), PLACE_RECORD, PLACE_IDENTIFIERS, FIELD_NONE, false},
	{NAME("identities"), PLACE_RECORD, PLACE_IDENTIFIERS, FIELD_NONE, false},
	{NAME("auth_results"), PLACE_RECORD, PLACE_AUTH, FIELD_NONE, true},
	{NAME("extension"), PLACE_RECORD, PLACE_SKIP, FIELD_NONE, true},
	{NAME("extensions"), PLACE_RECORD, PLACE_SKIP, FIELD_NONE, true},
	{NAME("source_ip"), PLACE_ROW, PLACE_LEAF, FIELD_SOURCE_IP, false},
	{NAME("count"), PLACE_ROW, PLACE_LEAF, FIELD_COUNT, false},
	{NAME("policy_evaluated"), PLACE_ROW, PLACE_EVALUATED, FIELD_NONE, false},
	{NAME("disposition"), PLACE_EVALUATED, PLACE_LEAF, FIELD_DISPOSITION, false},
	{NAME("dkim"), PLACE_EVALUATED, PLACE_LEAF, FIELD_EVALUATED_DKIM, false},
	{NAME("spf"), PLACE_EVALUATED, PLACE_LEAF, FIELD_EVALUATED_SPF, false},
	{NAME("reason"), PLACE_EVALUATED, PLACE_REASON, FIELD_NONE, true},
	{NAME("type"), PLACE_REASON, PLACE_LEAF, FIELD_REASON_TYPE, false},
	{NAME("comment"), PLACE_REASON, PLACE_LEAF, FIELD_REASON_COMMENT, false},
	{NAME("header_from"), PLACE_IDENTIFIERS, PLACE_LEAF, FIELD_HEADER_FROM, false},
	{NAME("envelope_from"), PLACE_IDENTIFIERS, PLACE_LEAF, FIELD_ENVELOPE_FROM, false},
	{NAME("envelope_to"), PLACE_IDENTIFIERS, PLACE_LEAF, FIELD_ENVELOPE_TO, false},
	{NAME("dkim"), PLACE_AUTH, PLACE_DKIM, FIELD_NONE, true},
	{NAME("spf"), PLACE_AUTH, PLACE_SPF, FIELD_NONE, true},
	{NAME("domain"), PLACE_DKIM, PLACE_LEAF, FIELD_DKIM_DOMAIN, false},
	{NAME("selector"), PLACE_DKIM, PLACE_LEAF, FIELD_DKIM_SELECTOR, false},
	{NAME("result"), PLACE_DKIM, PLACE_LEAF, FIELD_DKIM_RESULT, false},
	{NAME("human_result"), PLACE_DKIM, PLACE_LEAF, FIELD_DKIM_HUMAN, false},
	{NAME("domain"), PLACE_SPF, PLACE_LEAF, FIELD_SPF_DOMAIN, false},
	{NAME("scope"), PLACE_SPF, PLACE_LEAF, FIELD_SPF_SCOPE, false},
	{NAME("result"), PLACE_SPF, PLACE_LEAF, FIELD_SPF_RESULT, false},
	{NAME("human_result"), PLACE_SPF, PLACE_LEAF, FIELD_SPF_HUMAN, false},
};

#define ELEMENTS_COUNT (sizeof(elements) / sizeof(elements[0]))

struct open_element {
	enum place place;
	enum field field;
	uint64_t seen; /* children that may stand once, by their bit */
};

struct stream;

struct reader {
	struct draft draft;
	struct held *held; /* where records go */
	struct wire_writer *writer;
	struct xml *xml;
	struct stream *stream;
	struct open_element open[DEPTH_MAX];
	size_t depth;
	const char *names[ELEMENTS_COUNT]; /* libxml2's pointer to the name of each, once it was met */
	uint8_t next[ELEMENTS_COUNT];      /* what followed each the last time */
	size_t last;       /* element found */
	uint64_t skipping; /* elements open within one that is passed over */
	struct buf text;   /* of the leaf at hand */
};

void draft_issue(struct draft *draft, enum issue_code code, struct str value)
{
	char text[ISSUE_DETAIL_BYTES_MAX];
	if (draft->issues->items[code].count > 0) {
		issue_add(draft->issues, code, STR_NONE);
		return;
	}
	(void)snprintf(text, sizeof(text), "line %llu%s%.*s", (unsigned long long)draft->line,
		value.len > 0 ? ": " : "", STR_FMT(str_sub(value, 0, 120)));
	issue_add(draft->issues, code, str_from(text));
}

struct str draft_text(struct draft *draft, struct str text, uint64_t max_bytes)
{
	if (text.len <= max_bytes)
		return text;
	draft_issue(draft, ISSUE_TEXT_CUT, STR_NONE);
	return str_trim(str_sub(text, 0, utf8_cut(text, max_bytes)));
}

/* ---- events ---- */

static void on_root(void *context, struct str uri)
{
	struct reader *reader = context;
	if (str_eq(uri, STR(XML_NAMESPACE_9990)))
		reader->draft.marks_9990 = true;
	else if (uri.len > 0 && !str_eq(uri, STR(XML_NAMESPACE_7489)))
		draft_issue(&reader->draft, ISSUE_XML_NAMESPACE, uri);
}

/* A name seen before is known by its pointer; what followed an element once most often does again. */
static const struct element *find_known(struct reader *reader, enum place parent, const char *name)
{
	size_t at = reader->next[reader->last];
	for (size_t i = 0; i < ELEMENTS_COUNT; i++) {
		if (reader->names[at] == name && elements[at].parent == parent) {
			reader->next[reader->last] = (uint8_t)at;
			reader->last = at;
			return &elements[at];
		}
		if (++at == ELEMENTS_COUNT)
			at = 0;
	}
	return NULL;
}

static const struct element *find_element(struct reader *reader, enum place parent, const char *name)
{
	const struct element *known = find_known(reader, parent, name);
	struct str text = str_from(name);
	if (known)
		return known;
	for (size_t at = 0; at < ELEMENTS_COUNT; at++)
		if (elements[at].parent == parent && str_eq(elements[at].name, text)) {
			reader->names[at] = name;
			return &elements[at];
		}
	for (size_t at = 0; at < ELEMENTS_COUNT; at++)
		if (elements[at].parent == parent && str_eq_nocase(elements[at].name, text)) {
			draft_issue(&reader->draft, ISSUE_XML_ELEMENT_CASE, text);
			return &elements[at];
		}
	return NULL;
}

static void skip(struct reader *reader)
{
	reader->skipping = 1;
}

static void note_start(struct reader *reader, const struct element *element)
{
	struct draft *draft = &reader->draft;
	switch (element->place) {
	case PLACE_METADATA:
		draft->saw_metadata = true;
		break;
	case PLACE_POLICY:
		draft->saw_policy = true;
		break;
	case PLACE_RECORD:
		record_begin(draft);
		break;
	case PLACE_EVALUATED:
		draft->saw_evaluated = true;
		break;
	case PLACE_AUTH:
		draft->saw_auth = true;
		break;
	case PLACE_IDENTIFIERS:
		if (str_eq(element->name, STR("identities")))
			draft_issue(draft, ISSUE_RECORD_IDENTITIES, STR_NONE);
		break;
	case PLACE_LEAF:
		buf_reset(&reader->text);
		break;
	case PLACE_DOCUMENT:
	case PLACE_FEEDBACK:
	case PLACE_DATE_RANGE:
	case PLACE_ROW:
	case PLACE_REASON:
	case PLACE_DKIM:
	case PLACE_SPF:
	case PLACE_SKIP:
		break;
	}
}

static bool may_stand_again(struct reader *reader, struct open_element *parent, const struct element *element)
{
	/* identities is the same element as identifiers. */
	size_t index = (size_t)(element - elements);
	if (element->place == PLACE_IDENTIFIERS && str_eq(element->name, STR("identities")))
		index--;
	uint64_t bit = 1ull << (index % 64);
	bool again = parent->seen & bit;
	parent->seen |= bit;
	if (again && (!element->many || element->place == PLACE_AUTH))
		draft_issue(&reader->draft, ISSUE_XML_DUPLICATE_ELEMENT, element->name);
	return !again || element->many;
}

static bool on_start(void *context, const char *name, enum xml_space space)
{
	struct reader *reader = context;
	struct draft *draft = &reader->draft;
	struct open_element *parent = &reader->open[reader->depth];
	draft->line = xml_line(reader->xml);
	if (reader->skipping > 0) {
		reader->skipping++;
		return true;
	}
	const struct element *element = space != XML_SPACE_FOREIGN || parent->place == PLACE_DOCUMENT ?
		find_element(reader, parent->place, name) : NULL;
	if (!element && parent->place == PLACE_DOCUMENT) {
		reject_set(draft->reject, REASON_XML_ROOT, "the root is <%.60s>", name);
		return false;
	}
	if (element && space == XML_SPACE_SLIP && parent->place != PLACE_DOCUMENT)
		draft_issue(draft, ISSUE_XML_NAMESPACE, str_from(name));
	if (!element && space != XML_SPACE_FOREIGN)
		draft_issue(draft, ISSUE_XML_UNKNOWN_ELEMENT, str_from(name));
	bool extension = element && element->place == PLACE_SKIP;
	draft->marks_9990 |= extension;
	if (extension || (!element && space == XML_SPACE_FOREIGN))
		draft_issue(draft, ISSUE_XML_EXTENSION, str_from(name));
	if (!element || extension || !may_stand_again(reader, parent, element)) {
		skip(reader);
		return true;
	}
	if (reader->depth + 1 >= DEPTH_MAX)
		die("aggregate: element table deeper than its stack");
	note_start(reader, element);
	reader->open[++reader->depth] = (struct open_element){.place = element->place, .field = element->field};
	return true;
}

static bool on_text(void *context, struct str text)
{
	struct reader *reader = context;
	enum place place = reader->open[reader->depth].place;
	if (reader->skipping > 0)
		return true;
	if (place == PLACE_LEAF) {
		buf_add_str(&reader->text, text);
		if (!reader->text.overflow)
			return true;
		reject_set(reader->draft.reject, REASON_XML_TEXT_TOO_LARGE, "line %llu: limits.xml_text_bytes",
			(unsigned long long)xml_line(reader->xml));
		return false;
	}
	if (str_trim(text).len > 0) {
		reader->draft.line = xml_line(reader->xml);
		draft_issue(&reader->draft, ISSUE_XML_STRAY_TEXT, str_trim(text));
	}
	return true;
}

/* "&amp;lt;" in the document comes here as "&lt;": decoded once, shown as it is. */
static void note_double_escape(struct reader *reader, struct str text)
{
	static const char *const again[] = {"&lt;", "&gt;", "&amp;", "&quot;", "&apos;", "&#"};
	if (str_find_char(text, '&') == SIZE_MAX)
		return;
	for (size_t i = 0; i < sizeof(again) / sizeof(again[0]); i++)
		if (str_find(text, str_from(again[i])) != SIZE_MAX) {
			draft_issue(&reader->draft, ISSUE_XML_ENTITY_TWICE, text);
			return;
		}
}

/* Printable ASCII without a space or "&", as nearly all texts are: nothing of it is mended, or noted. */
static bool is_plain_word(const struct buf *text)
{
	uint64_t odd = 0;
	for (size_t at = 0; at < text->len && !odd; at += SIXTEEN) {
		if (text->cap - at < SIXTEEN)
			return false;
		sixteen bytes = sixteen_load(text->ptr + at);
		odd = sixteen_bits((sixteen)((bytes <= ' ') | (bytes > '~') | (bytes == '&')));
		if (text->len - at < SIXTEEN)
			odd &= (1u << (text->len - at)) - 1;
	}
	return !odd;
}

static void leaf_end(struct reader *reader, enum field field)
{
	struct draft *draft = &reader->draft;
	struct arena *arena = field < FIELD_FIRST_OF_RECORD ? draft->head : draft->row;
	struct str text = buf_str(&reader->text);
	if (is_plain_word(&reader->text)) {
		draft->values[field] = arena_str(arena, text);
	} else {
		struct str trimmed = str_trim(text);
		/* XML makes every line end LF: what is CR still was &#13; there. */
		bool changed = str_find_char(trimmed, '\r') != SIZE_MAX;
		note_double_escape(reader, text);
		if (field == FIELD_COUNT && text.len != trimmed.len && trimmed.len > 0)
			draft_issue(draft, ISSUE_RECORD_COUNT_FORM, trimmed);
		draft->values[field] = clean_block(arena, trimmed, SIZE_MAX / 8, NULL, &changed);
		if (changed)
			draft_issue(draft, ISSUE_XML_CONTROL, trimmed);
	}
	if (field == FIELD_ERROR)
		head_add_error(draft, draft->values[field]);
}

static bool on_end(void *context)
{
	struct reader *reader = context;
	struct draft *draft = &reader->draft;
	if (reader->skipping > 0) {
		reader->skipping--;
		return true;
	}
	draft->line = xml_line(reader->xml);
	const struct open_element *element = &reader->open[reader->depth--];
	switch (element->place) {
	case PLACE_LEAF:
		leaf_end(reader, element->field);
		return true;
	case PLACE_REASON:
		record_add_reason(draft);
		return true;
	case PLACE_DKIM:
		record_add_dkim(draft);
		return true;
	case PLACE_SPF:
		record_add_spf(draft);
		return true;
	case PLACE_RECORD:
		if (!record_end(draft))
			return false;
		held_record(reader->held, draft);
		return true;
	case PLACE_POLICY:
		head_read_policy(draft);
		held_policy(reader->held, draft);
		return true;
	case PLACE_DOCUMENT:
	case PLACE_FEEDBACK:
	case PLACE_METADATA:
	case PLACE_DATE_RANGE:
	case PLACE_ROW:
	case PLACE_EVALUATED:
	case PLACE_IDENTIFIERS:
	case PLACE_AUTH:
	case PLACE_SKIP:
		return true;
	}
	return true;
}

/* ---- the stream ---- */

struct stream {
	struct payload *payload;
	struct decode decode;
	struct prescan prescan;
	struct buf decoded, scanned;
	size_t taken; /* of scanned */
	uint64_t bytes;
	bool ended;
	bool refused; /* what follows what is in scanned */
	char piece[READ_BYTES];
};

/* The payload's next piece -> scanned. False: what follows is refused. */
static bool pull(struct reader *reader, struct stream *stream)
{
	struct reject *reject = reader->draft.reject;
	stream->taken = 0;
	buf_reset(&stream->decoded);
	buf_reset(&stream->scanned);
	ssize_t got = stream->payload->read(stream->payload->context, stream->piece, READ_BYTES, reject);
	if (got < 0)
		return false;
	stream->bytes += (uint64_t)got;
	if (stream->bytes > reader->draft.limits->report_bytes) {
		reject_set(reject, REASON_XML_TOO_LARGE, "limits.report_bytes");
		return false;
	}
	struct str piece = {stream->piece, (size_t)got};
	stream->ended = got == 0;
	return decode_add(&stream->decode, piece, stream->ended, &stream->decoded, reject) &&
		prescan_add(&stream->prescan, buf_str(&stream->decoded), stream->ended, &stream->scanned, reject);
}

/* As much as there is room for, however small the pieces: libxml2 2.9 takes a character for its first
 * byte when it begins where what was read ends. What stands before a fault is parsed first, so that of
 * two faults the first one is told. */
static ssize_t on_read(void *context, char *out, size_t cap)
{
	struct reader *reader = context;
	struct stream *stream = reader->stream;
	size_t len = 0;
	while (len < cap) {
		struct str part = str_sub(buf_str(&stream->scanned), stream->taken, cap - len);
		if (part.len > 0)
			(void)memcpy(out + len, part.ptr, part.len);
		stream->taken += part.len;
		len += part.len;
		if (part.len > 0)
			continue;
		if (stream->ended || stream->refused)
			break;
		stream->refused = !pull(reader, stream);
	}
	return len == 0 && stream->refused ? -1 : (ssize_t)len;
}

static bool read_document(struct reader *reader, struct payload *payload)
{
	struct stream *stream = calloc(1, sizeof(*stream));
	const struct xml_events events = {on_start, on_end, on_text, on_root, on_read, reader};
	if (!stream)
		die_out_of_memory();
	stream->payload = payload;
	decode_init(&stream->decode, reader->draft.issues);
	prescan_init(&stream->prescan, reader->draft.limits, reader->draft.issues);
	buf_init(&stream->decoded, SIZE_MAX / 4);
	buf_init(&stream->scanned, SIZE_MAX / 4);
	reader->stream = stream;
	reader->xml = xml_open(&events, reader->draft.limits->xml_names);
	bool good = xml_parse(reader->xml, reader->draft.reject) && !stream->refused;
	xml_close(&reader->xml);
	buf_fini(&stream->decoded);
	buf_fini(&stream->scanned);
	prescan_fini(&stream->prescan);
	decode_fini(&stream->decode);
	free(stream);
	return good;
}

static void write_end(struct reader *reader, const struct aggregate_head *head)
{
	struct draft *draft = &reader->draft;
	wire_write_aggregate_head(reader->writer, head);
	issue_list_write(draft->issues, reader->writer);
	draft->totals.schema = head_schema(draft);
	wire_write_report_end(reader->writer, &draft->totals);
}

bool aggregate_read(struct payload *payload, const struct limits *limits, int64_t now_epoch_secs,
	const struct report_check *check, int64_t mail_epoch_secs, struct issue_list *issues,
	struct wire_writer *writer, struct reject *reject)
{
	struct aggregate_head head;
	struct reader reader = {
		.draft = {
			.limits = limits,
			.issues = issues,
			.reject = reject,
			.now_epoch_secs = now_epoch_secs,
			.member = payload->member,
			.head = arena_open(ARENA_BYTES),
			.row = arena_open(ARENA_BYTES),
		},
		.writer = writer,
	};
	buf_init(&reader.text, limits->xml_text_bytes);
	wire_write_report_begin(writer, &(struct report_begin){REPORT_AGGREGATE, payload->member});
	reader.held = held_open(check, writer);
	bool good = read_document(&reader, payload) && head_end(&reader.draft, &head);
	if (good) {
		held_policy(reader.held, &reader.draft);
		if (check)
			reader.draft.totals.contradictions = check->report(check->context, &head, mail_epoch_secs);
		write_end(&reader, &head);
	}
	held_close(&reader.held);
	buf_fini(&reader.text);
	arena_close(&reader.draft.head);
	arena_close(&reader.draft.row);
	return good;
}
