// SPDX-License-Identifier: Apache-2.0
#include "model/verdict_wire.h"

#include "base/utf8.h"
#include "model/wire_field.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES_MAX ((size_t)64 * 1024) /* of one field; the end of a longer one is left out */
#define ITEM_BYTES_MAX ((size_t)2 * 1024 * 1024)
#define FIRST_SIGNATURES 100 /* that go before the answers */
#define ARENA_BYTES (4 * VERDICT_BYTES_MAX)

enum section {
	SECTION_IDENTITY = 1,
	SECTION_SPF,
	SECTION_DKIM,
	SECTION_ARC,
	SECTION_ARC_SET,
	SECTION_DMARC,
	SECTION_BIMI,
	SECTION_CLAIM,
	SECTION_PROVENANCE,
	SECTION_RECHECK,
	SECTION_ALIGNMENT,
	SECTION_ADVICE,
	SECTION_STEP,
	SECTION_ANSWERS, /* a piece of a text, as the next two */
	SECTION_AUTHRES,
	SECTION_REFUSED,
};

static void put_text(struct buf *buf, struct str text)
{
	wire_put_str(buf, str_sub(text, 0, utf8_cut(text, TEXT_BYTES_MAX)));
}

#define PUT_RESULT(name) wire_put_u8(buf, (uint8_t)item->name);
#define PUT_TEXT(name) put_text(buf, item->name);
#define PUT_NUMBER(name) wire_put_u64(buf, item->name);
#define PUT_FLAG(name) wire_put_u8(buf, item->name);
#define PUT_MAYBE(name) wire_put_u8(buf, (uint8_t)item->name);
#define GET_RESULT(name) item->name = (enum auth_result)wire_get_enum(cursor, AUTH_UNKNOWN, AUTH_SKIPPED);
#define GET_TEXT(name) item->name = arena_str(arena, wire_get_text(cursor));
#define GET_NUMBER(name) item->name = wire_get_u64(cursor);
#define GET_FLAG(name) item->name = wire_get_enum(cursor, 0, 1) == 1;
#define GET_MAYBE(name) item->name = (enum maybe)wire_get_enum(cursor, MAYBE_UNKNOWN, MAYBE_YES);
#define SPELLING(tag, list) \
	static void put_##tag(struct buf *buf, const struct tag *item) \
	{ \
		list(PUT_RESULT, PUT_TEXT, PUT_NUMBER, PUT_FLAG, PUT_MAYBE) \
	} \
	static void get_##tag(struct wire_cursor *cursor, struct arena *arena, struct tag *item) \
	{ \
		(void)arena; \
		list(GET_RESULT, GET_TEXT, GET_NUMBER, GET_FLAG, GET_MAYBE) \
	}

SPELLING(verdict_identity, VERDICT_IDENTITY_FIELDS)
SPELLING(verdict_spf, VERDICT_SPF_FIELDS)
SPELLING(verdict_dkim, VERDICT_DKIM_FIELDS)
SPELLING(verdict_arc, VERDICT_ARC_FIELDS)
SPELLING(verdict_arc_set, VERDICT_ARC_SET_FIELDS)
SPELLING(verdict_dmarc, VERDICT_DMARC_FIELDS)
SPELLING(verdict_bimi, VERDICT_BIMI_FIELDS)
SPELLING(verdict_claim, VERDICT_CLAIM_FIELDS)
SPELLING(verdict_provenance, VERDICT_PROVENANCE_FIELDS)
SPELLING(verdict_recheck, VERDICT_RECHECK_FIELDS)
SPELLING(verdict_alignment, VERDICT_ALIGNMENT_FIELDS)
SPELLING(verdict_advice, VERDICT_ADVICE_FIELDS)
SPELLING(trace_step, VERDICT_STEP_FIELDS)

/* ---- writing ---- */

struct output {
	struct wire_writer *writer;
	size_t bytes, items;
};

static bool full(const struct output *output)
{
	return output->items == VERDICT_ITEMS_MAX || output->bytes + ITEM_BYTES_MAX > VERDICT_BYTES_MAX;
}

static size_t begin(struct output *output, enum section section)
{
	size_t start = wire_begin(output->writer, FRAME_VERDICT);
	wire_put_u8(&output->writer->buf, (uint8_t)section);
	return start;
}

static void end(struct output *output, size_t start)
{
	output->items++;
	output->bytes += output->writer->buf.len - start;
	wire_end(output->writer, start);
}

#define WRITE_ITEM(section, tag, item) \
	do { \
		if (full(output)) \
			break; \
		size_t start = begin(output, section); \
		put_##tag(&output->writer->buf, item); \
		end(output, start); \
	} while (0)
#define WRITE_SOME(section, tag, list, from, to) \
	for (size_t i = (from); i < (to) && i < verdict->list.count; i++) \
	WRITE_ITEM(section, tag, &verdict->list.at[i])
#define WRITE_LIST(section, tag, list) WRITE_SOME(section, tag, list, 0, SIZE_MAX)

static void write_text(struct output *output, enum section section, struct str text)
{
	while (text.len > 0 && !full(output)) {
		size_t len = utf8_cut(text, TEXT_BYTES_MAX);
		if (len == 0)
			die("a verdict's text is not UTF-8");
		size_t start = begin(output, section);
		wire_put_str(&output->writer->buf, str_sub(text, 0, len));
		end(output, start);
		text = str_from_offset(text, len);
	}
}

/* What a message can make as long as it likes comes last: when there is no more room, no result is missing. */
void verdict_write(struct wire_writer *writer, const struct verdict *verdict)
{
	struct output whole = {.writer = writer}, *output = &whole;
	WRITE_LIST(SECTION_SPF, verdict_spf, spf);
	WRITE_ITEM(SECTION_ARC, verdict_arc, &verdict->arc);
	WRITE_ITEM(SECTION_DMARC, verdict_dmarc, &verdict->dmarc);
	WRITE_ITEM(SECTION_BIMI, verdict_bimi, &verdict->bimi);
	WRITE_LIST(SECTION_PROVENANCE, verdict_provenance, provenance);
	WRITE_LIST(SECTION_RECHECK, verdict_recheck, recheck);
	WRITE_LIST(SECTION_ALIGNMENT, verdict_alignment, alignments);
	write_text(output, SECTION_AUTHRES, verdict->authres);
	write_text(output, SECTION_REFUSED, verdict->refused);
	WRITE_LIST(SECTION_ADVICE, verdict_advice, advice);
	WRITE_LIST(SECTION_IDENTITY, verdict_identity, identities);
	WRITE_LIST(SECTION_ARC_SET, verdict_arc_set, arc_sets);
	WRITE_SOME(SECTION_DKIM, verdict_dkim, dkim, 0, FIRST_SIGNATURES);
	write_text(output, SECTION_ANSWERS, verdict->answers);
	WRITE_LIST(SECTION_CLAIM, verdict_claim, claims);
	WRITE_SOME(SECTION_DKIM, verdict_dkim, dkim, FIRST_SIGNATURES, SIZE_MAX);
	WRITE_LIST(SECTION_STEP, trace_step, trace);
	wire_end(writer, wire_begin(writer, FRAME_VERDICT_END));
	wire_flush(writer);
}

/* ---- reading ---- */

struct verdict_reader {
	struct arena *arena;
	struct buf pending; /* the beginning of a frame */
	struct buf texts[3]; /* ANSWERS, AUTHRES, REFUSED */
	struct verdict verdict;
	size_t bytes, items;
	bool greeted, ended;
};

struct verdict_reader *verdict_reader_open(void)
{
	struct verdict_reader *reader = calloc(1, sizeof(*reader));
	if (!reader)
		die_out_of_memory();
	reader->arena = arena_open(ARENA_BYTES);
	buf_init(&reader->pending, 2 * (WIRE_HEADER_BYTES + WIRE_PAYLOAD_BYTES_MAX));
	for (size_t i = 0; i < 3; i++)
		buf_init(&reader->texts[i], VERDICT_BYTES_MAX);
	return reader;
}

void verdict_reader_close(struct verdict_reader **reader)
{
	if (!*reader)
		return;
	arena_close(&(*reader)->arena);
	buf_fini(&(*reader)->pending);
	for (size_t i = 0; i < 3; i++)
		buf_fini(&(*reader)->texts[i]);
	free(*reader);
	*reader = NULL;
}

void verdict_reader_reset(struct verdict_reader *reader)
{
	arena_reset(reader->arena);
	buf_reset(&reader->pending);
	for (size_t i = 0; i < 3; i++)
		buf_reset(&reader->texts[i]);
	reader->verdict = (struct verdict){0};
	reader->bytes = reader->items = 0;
	reader->greeted = reader->ended = false;
}

#define READ_ITEM(section, tag, place) \
	case section: \
		get_##tag(&cursor, reader->arena, place); \
		break
#define READ_LIST(section, tag, list) READ_ITEM(section, tag, VERDICT_ADD(reader->arena, &verdict->list))

static bool read_item(struct verdict_reader *reader, struct str payload)
{
	struct verdict *verdict = &reader->verdict;
	struct wire_cursor cursor = wire_cursor(payload);
	unsigned section = wire_get_enum(&cursor, SECTION_IDENTITY, SECTION_REFUSED);
	reader->bytes += payload.len;
	if (cursor.failed || reader->bytes > VERDICT_BYTES_MAX || ++reader->items > VERDICT_ITEMS_MAX)
		return false;
	switch ((enum section)section) {
	READ_LIST(SECTION_IDENTITY, verdict_identity, identities);
	READ_LIST(SECTION_SPF, verdict_spf, spf);
	READ_LIST(SECTION_DKIM, verdict_dkim, dkim);
	READ_ITEM(SECTION_ARC, verdict_arc, &verdict->arc);
	READ_LIST(SECTION_ARC_SET, verdict_arc_set, arc_sets);
	READ_ITEM(SECTION_DMARC, verdict_dmarc, &verdict->dmarc);
	READ_ITEM(SECTION_BIMI, verdict_bimi, &verdict->bimi);
	READ_LIST(SECTION_CLAIM, verdict_claim, claims);
	READ_LIST(SECTION_PROVENANCE, verdict_provenance, provenance);
	READ_LIST(SECTION_RECHECK, verdict_recheck, recheck);
	READ_LIST(SECTION_ALIGNMENT, verdict_alignment, alignments);
	READ_LIST(SECTION_ADVICE, verdict_advice, advice);
	READ_LIST(SECTION_STEP, trace_step, trace);
	case SECTION_ANSWERS:
	case SECTION_AUTHRES:
	case SECTION_REFUSED:
		buf_add_str(&reader->texts[section - SECTION_ANSWERS], wire_get_text(&cursor));
		break;
	}
	return wire_cursor_done(&cursor);
}

static bool read_frame(struct verdict_reader *reader, const struct frame *frame)
{
	if (frame->type == FRAME_HELLO && !reader->greeted)
		return reader->greeted = wire_read_hello(frame->payload);
	if (!reader->greeted || reader->ended)
		return false;
	if (frame->type == FRAME_VERDICT)
		return read_item(reader, frame->payload);
	return reader->ended = frame->type == FRAME_VERDICT_END && frame->payload.len == 0;
}

static bool read_piece(struct verdict_reader *reader, struct str piece)
{
	struct frame frame;
	int got;
	buf_add_str(&reader->pending, piece);
	if (reader->pending.overflow)
		return false;
	struct str rest = buf_str(&reader->pending);
	while ((got = wire_next(&rest, &frame)) > 0)
		if (!read_frame(reader, &frame))
			return false;
	buf_drop_front(&reader->pending, reader->pending.len - rest.len);
	return got == 0;
}

bool verdict_reader_add(struct verdict_reader *reader, struct str bytes)
{
	while (bytes.len > 0) {
		struct str piece = str_sub(bytes, 0, WIRE_PAYLOAD_BYTES_MAX);
		if (!read_piece(reader, piece))
			return false;
		bytes = str_from_offset(bytes, piece.len);
	}
	return true;
}

static struct str whole_text(const struct buf *text)
{
	return text->len > 0 ? buf_str(text) : STR_NONE;
}

const struct verdict *verdict_reader_finish(struct verdict_reader *reader)
{
	if (!reader->ended || reader->pending.len > 0)
		return NULL;
	reader->verdict.answers = whole_text(&reader->texts[0]);
	reader->verdict.authres = whole_text(&reader->texts[1]);
	reader->verdict.refused = whole_text(&reader->texts[2]);
	return &reader->verdict;
}
