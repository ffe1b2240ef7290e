// SPDX-License-Identifier: Apache-2.0
#include "parser/aggregate/xml.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <stdlib.h>
#include <string.h>

#define URI_BYTES 256

struct xml {
	struct xml_events events;
	xmlParserCtxtPtr parser;
	bool root_seen;
	bool stopped; /* by an event */
	bool cut;     /* what follows cannot be read */
	char home[URI_BYTES];
	uint64_t names_max; /* libxml2's own among them */
	struct reject error; /* libxml2's first fatal one */
};

void xml_init(void)
{
	xmlInitParser();
}

static void stop(struct xml *xml)
{
	xml->stopped = true;
	xmlStopParser(xml->parser);
}

static enum xml_space space_of(const struct xml *xml, const xmlChar *prefix, const xmlChar *uri)
{
	const char *text = (const char *)uri;
	if (!text || !text[0] || strcmp(text, xml->home) == 0 || strcmp(text, XML_NAMESPACE_7489) == 0 ||
		strcmp(text, XML_NAMESPACE_9990) == 0)
		return XML_SPACE_HOME;
	return prefix ? XML_SPACE_FOREIGN : XML_SPACE_SLIP;
}

static void on_start(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
	int namespaces_count, const xmlChar **namespaces, int attributes_count, int defaulted_count,
	const xmlChar **attributes)
{
	struct xml *xml = context;
	(void)namespaces_count, (void)namespaces;
	(void)attributes_count, (void)defaulted_count, (void)attributes;
	if (xml->stopped)
		return;
	if ((uint64_t)xmlDictSize(xml->parser->dict) > xml->names_max) {
		reject_set(&xml->error, REASON_XML_ELEMENTS, "line %llu: limits.xml_names",
			(unsigned long long)xml_line(xml));
		stop(xml);
		return;
	}
	if (!xml->root_seen) {
		xml->root_seen = true;
		struct str home = str_sub(str_from((const char *)uri), 0, URI_BYTES - 1);
		if (home.len > 0)
			(void)memcpy(xml->home, home.ptr, home.len);
		/* A prefix that nothing declares is no namespace either. */
		xml->events.root(xml->events.context, home.ptr ? home : str_from((const char *)prefix));
	}
	if (!xml->events.start(xml->events.context, (const char *)name, space_of(xml, prefix, uri)))
		stop(xml);
}

static void on_end(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct xml *xml = context;
	(void)name, (void)prefix, (void)uri;
	if (!xml->stopped && !xml->events.end(xml->events.context))
		stop(xml);
}

static void on_text(void *context, const xmlChar *text, int len)
{
	struct xml *xml = context;
	struct str piece = {(const char *)text, len > 0 ? (size_t)len : 0};
	if (!xml->stopped && !xml->events.text(xml->events.context, piece))
		stop(xml);
}

static int on_read(void *context, char *out, int cap)
{
	struct xml *xml = context;
	ssize_t got = xml->stopped || xml->cut ? -1 : xml->events.read(xml->events.context, out, (size_t)cap);
	if (got >= 0)
		return (int)got;
	xml->cut = true;
	return 0;
}

/* Undeclared prefixes and the like are errors that hurt nothing here; that a document which was cut
 * ends early is none of its own. */
static void on_error(void *context, xmlErrorPtr error)
{
	struct xml *xml = context;
	const struct _xmlParserInput *input = xml->parser->input;
	if (error->level != XML_ERR_FATAL || xml->error.reason != REASON_NONE || xml->stopped ||
		(xml->cut && input && input->cur >= input->end))
		return;
	if (error->code == XML_ERR_NO_MEMORY)
		die_out_of_memory();
	reject_set(&xml->error, REASON_XML_MALFORMED, "line %d, column %d: %.*s", error->line, error->int2,
		STR_FMT(str_trim(str_from(error->message))));
}

struct xml *xml_open(const struct xml_events *events, uint64_t names_max)
{
	struct xml *xml = calloc(1, sizeof(*xml));
	xmlSAXHandler handler = {
		.initialized = XML_SAX2_MAGIC,
		.startElementNs = on_start,
		.endElementNs = on_end,
		.characters = on_text,
		.cdataBlock = on_text,
		.ignorableWhitespace = on_text,
		.serror = on_error,
	};
	if (!xml)
		die_out_of_memory();
	xml->events = *events;
	xml->parser = xmlCreateIOParserCtxt(&handler, NULL, on_read, NULL, xml, XML_CHAR_ENCODING_UTF8);
	if (!xml->parser)
		die_out_of_memory();
	xml->parser->userData = xml; /* what handlers get */
	(void)xmlCtxtUseOptions(xml->parser, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	(void)xmlSwitchEncoding(xml->parser, XML_CHAR_ENCODING_UTF8);
	xml->names_max = names_max + (uint64_t)xmlDictSize(xml->parser->dict);
	return xml;
}

void xml_close(struct xml **xml)
{
	if (!*xml)
		return;
	if ((*xml)->parser->myDoc)
		xmlFreeDoc((*xml)->parser->myDoc);
	xmlFreeParserCtxt((*xml)->parser);
	free(*xml);
	*xml = NULL;
}

uint64_t xml_line(const struct xml *xml)
{
	return xml->parser->input && xml->parser->input->line > 0 ? (uint64_t)xml->parser->input->line : 1;
}

bool xml_parse(struct xml *xml, struct reject *reject)
{
	(void)xmlParseDocument(xml->parser);
	if (xml->error.reason != REASON_NONE) {
		*reject = xml->error;
		return false;
	}
	if (xml->stopped || xml->cut)
		return false;
	if (xml->parser->wellFormed && xml->root_seen)
		return true;
	reject_set(reject, REASON_XML_MALFORMED, "line %llu, column %d: the document is not complete",
		(unsigned long long)xml_line(xml), xml->parser->input ? xml->parser->input->col : 1);
	return false;
}
