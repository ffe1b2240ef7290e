// SPDX-License-Identifier: Apache-2.0
/*
 * An XML document before libxml2 sees it: the output, or the reason of a
 * refusal (not the place it names), does not depend on how the input is cut,
 * and in what is accepted libxml2 meets no DTD, no entity of its own and
 * nothing beyond the limits.
 */
#include "tests/fuzz/fuzz_run.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <stdlib.h>
#include <string.h>

#include "parser/aggregate/decode.h"
#include "parser/aggregate/prescan.h"

static const struct limits limits = {.xml_tag_bytes = 100, .xml_text_bytes = 200, .xml_depth = 6,
	.xml_attributes = 4, .xml_elements = 50};

/* What libxml2 has met. */
struct met {
	xmlParserCtxtPtr parser;
	uint64_t depth, elements;
	long at; /* offset of the last event's end */
};

static long bytes_since(struct met *met)
{
	long at = xmlByteConsumed(met->parser), since = at - met->at;
	met->at = at;
	return since;
}

static void on_start(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
	int namespaces_count, const xmlChar **namespaces, int attributes_count, int defaulted_count,
	const xmlChar **attributes)
{
	struct met *met = context;
	(void)name, (void)prefix, (void)uri, (void)namespaces, (void)defaulted_count, (void)attributes;
	/* What stands before the root is no event, so its tag's begin is not known. */
	if (bytes_since(met) > (long)limits.xml_tag_bytes && met->elements > 0)
		die("a tag beyond the limit");
	if (++met->depth > limits.xml_depth || ++met->elements > limits.xml_elements)
		die("elements beyond the limit");
	if ((uint64_t)namespaces_count + (uint64_t)attributes_count > limits.xml_attributes)
		die("attributes beyond the limit");
}

static void on_end(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct met *met = context;
	(void)name, (void)prefix, (void)uri;
	met->depth--;
	(void)bytes_since(met);
}

/* Told before libxml2 moves on behind the text. */
static void on_text(void *context, const xmlChar *text, int len)
{
	struct met *met = context;
	(void)text;
	(void)bytes_since(met);
	met->at += len;
}

static void on_instruction(void *context, const xmlChar *target, const xmlChar *data)
{
	(void)target, (void)data;
	(void)bytes_since(context);
}

static void on_subset(void *context, const xmlChar *name, const xmlChar *public_id, const xmlChar *system_id)
{
	(void)context, (void)name, (void)public_id, (void)system_id;
	die("a DTD");
}

static void on_reference(void *context, const xmlChar *name)
{
	(void)context;
	die("a reference to entity %s", (const char *)name);
}

static xmlParserInputPtr on_resolve(void *context, const xmlChar *public_id, const xmlChar *system_id)
{
	(void)context, (void)public_id;
	die("wants to open %s", (const char *)system_id);
}

static void on_error(void *context, xmlErrorPtr error)
{
	(void)context, (void)error;
}

static void show_to_libxml2(struct str text)
{
	struct met met = {.parser = xmlCreateMemoryParserCtxt(text.ptr, (int)text.len)};
	if (!met.parser)
		return; /* nothing in it */
	*met.parser->sax = (xmlSAXHandler){
		.initialized = XML_SAX2_MAGIC,
		.startElementNs = on_start,
		.endElementNs = on_end,
		.characters = on_text,
		.cdataBlock = on_text,
		.ignorableWhitespace = on_text,
		.processingInstruction = on_instruction,
		.internalSubset = on_subset,
		.externalSubset = on_subset,
		.reference = on_reference,
		.resolveEntity = on_resolve,
		.serror = on_error,
	};
	met.parser->userData = &met;
	(void)xmlSwitchEncoding(met.parser, XML_CHAR_ENCODING_UTF8);
	(void)xmlParseDocument(met.parser);
	if (met.parser->myDoc)
		xmlFreeDoc(met.parser->myDoc);
	xmlFreeParserCtxt(met.parser);
}

static bool scan(struct str text, size_t piece, struct buf *out, struct issue_list *issues, struct reject *reject)
{
	struct prescan prescan;
	bool good = true;
	issue_list_init(issues);
	*reject = (struct reject){0};
	prescan_init(&prescan, &limits, issues);
	while (good && text.len > 0) {
		good = prescan_add(&prescan, str_sub(text, 0, piece), false, out, reject);
		text = str_from_offset(text, piece);
	}
	good = good && prescan_add(&prescan, STR(""), true, out, reject);
	prescan_fini(&prescan);
	return good;
}

static void check(struct str text)
{
	static const size_t pieces[] = {1, 2, 7};
	static struct issue_list issues, other_issues;
	struct reject reject, other_reject;
	struct buf out, other;
	buf_init(&out, SIZE_MAX / 4);
	buf_init(&other, SIZE_MAX / 4);
	bool good = scan(text, SIZE_MAX, &out, &issues, &reject);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		buf_reset(&other);
		if (scan(text, pieces[i], &other, &other_issues, &other_reject) != good ||
			reject.reason != other_reject.reason)
			die("pieces of %zu: \"%s\" instead of \"%s\"", pieces[i], other_reject.detail, reject.detail);
		if (good && !str_eq(buf_str(&out), buf_str(&other)))
			die("pieces of %zu: other output", pieces[i]);
		for (size_t code = 0; good && code < ISSUE_CODE_COUNT; code++)
			if (issues.items[code].count != other_issues.items[code].count ||
				!str_eq(issues.items[code].detail, other_issues.items[code].detail))
				die("pieces of %zu: issue %zu differs", pieces[i], code);
	}
	if (good)
		show_to_libxml2(buf_str(&out));
	buf_fini(&out);
	buf_fini(&other);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct issue_list issues;
	struct decode decode;
	struct reject reject;
	struct buf text;
	buf_init(&text, SIZE_MAX / 4);
	issue_list_init(&issues);
	decode_init(&decode, &issues);
	if (decode_add(&decode, (struct str){(const char *)bytes, len}, true, &text, &reject))
		check(buf_str(&text));
	decode_fini(&decode);
	buf_fini(&text);
	return 0;
}
