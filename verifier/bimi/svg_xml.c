// SPDX-License-Identifier: Apache-2.0
#include "verifier/bimi/svg_xml.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <limits.h>

/* libxml2 cuts what it quotes wherever it likes, also inside a character. */
#define MESSAGE_BYTES_MAX 300

struct reader {
	struct arena *arena;
	const struct svg_events *events;
	xmlParserCtxtPtr parser;
	bool stopped;
	struct str error; /* libxml2's first */
};

static void stop(struct reader *reader)
{
	reader->stopped = true;
	xmlStopParser(reader->parser);
}

static struct str view(const xmlChar *text)
{
	return str_from((const char *)text);
}

/* libxml2 gives five pointers an attribute: name, prefix, namespace, begin and end of the value. */
static void on_start(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
	int spaces_count, const xmlChar **spaces, int count, int defaulted, const xmlChar **attributes)
{
	struct reader *reader = context;
	(void)prefix, (void)spaces_count, (void)spaces, (void)defaulted;
	if (reader->stopped)
		return;
	struct svg_attribute *list = ARENA_ARRAY(reader->arena, (size_t)count, struct svg_attribute);
	for (int i = 0; i < count; i++) {
		const xmlChar **at = attributes + (ptrdiff_t)i * 5;
		list[i] = (struct svg_attribute){
			.name = view(at[0]),
			.prefix = view(at[1]),
			.space = view(at[2]),
			.value = {(const char *)at[3], (size_t)(at[4] - at[3])},
		};
	}
	struct svg_tag tag = {view(name), view(uri), list, (size_t)count};
	if (!reader->events->start(reader->events->context, &tag))
		stop(reader);
}

static void on_end(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct reader *reader = context;
	(void)name, (void)prefix, (void)uri;
	if (!reader->stopped && !reader->events->end(reader->events->context))
		stop(reader);
}

static void on_text(void *context, const xmlChar *text, int len)
{
	struct reader *reader = context;
	struct str piece = {(const char *)text, len > 0 ? (size_t)len : 0};
	if (!reader->stopped && !reader->events->text(reader->events->context, piece))
		stop(reader);
}

static void on_instruction(void *context, const xmlChar *target, const xmlChar *data)
{
	struct reader *reader = context;
	(void)data;
	if (!reader->stopped && !reader->events->instruction(reader->events->context, view(target)))
		stop(reader);
}

static void on_doctype(void *context, const xmlChar *name, const xmlChar *public_id, const xmlChar *system_id)
{
	struct reader *reader = context;
	(void)name, (void)public_id, (void)system_id;
	if (!reader->stopped && !reader->events->doctype(reader->events->context))
		stop(reader);
}

/* A prefix that nothing declares is an error of level "error" only, and no less one here. */
static void on_error(void *context, xmlErrorPtr error)
{
	struct reader *reader = context;
	if (error->code == XML_ERR_NO_MEMORY)
		die_out_of_memory();
	if (reader->stopped || reader->error.ptr || error->level < XML_ERR_ERROR)
		return;
	reader->error = str_from(arena_printf(reader->arena, "line %d, column %d: %.*s", error->line, error->int2,
		STR_FMT(str_trim(str_sub(str_from(error->message), 0, MESSAGE_BYTES_MAX)))));
}

enum svg_xml_state svg_xml_read(struct arena *arena, struct str text, const struct svg_events *events,
	struct str *detail_r)
{
	struct reader reader = {.arena = arena, .events = events};
	xmlSAXHandler handler = {
		.initialized = XML_SAX2_MAGIC,
		.internalSubset = on_doctype,
		.startElementNs = on_start,
		.endElementNs = on_end,
		.characters = on_text,
		.cdataBlock = on_text,
		.ignorableWhitespace = on_text,
		.processingInstruction = on_instruction,
		.serror = on_error,
	};
	*detail_r = STR_NONE;
	if (text.len > INT_MAX)
		return SVG_XML_MALFORMED;
	/* What libxml2 makes once is made under its lock by this alone; any other way two threads may meet there. */
	xmlInitParser();
	reader.parser = xmlCreatePushParserCtxt(&handler, NULL, NULL, 0, NULL);
	if (!reader.parser)
		die_out_of_memory();
	reader.parser->userData = &reader;
	(void)xmlCtxtUseOptions(reader.parser, XML_PARSE_NONET | XML_PARSE_IGNORE_ENC | XML_PARSE_NOERROR |
		XML_PARSE_NOWARNING);
	(void)xmlSwitchEncoding(reader.parser, XML_CHAR_ENCODING_UTF8);
	(void)xmlParseChunk(reader.parser, text.ptr, (int)text.len, 0);
	if (!reader.stopped)
		(void)xmlParseChunk(reader.parser, "", 0, 1);
	bool well_formed = reader.parser->wellFormed && !reader.error.ptr;
	if (reader.parser->myDoc)
		xmlFreeDoc(reader.parser->myDoc);
	xmlFreeParserCtxt(reader.parser);
	if (reader.stopped)
		return SVG_XML_STOPPED;
	*detail_r = reader.error.ptr ? reader.error : STR("the document is not complete");
	return well_formed ? SVG_XML_OK : SVG_XML_MALFORMED;
}
