// SPDX-License-Identifier: Apache-2.0
/*
 * libxml2's SAX2 parser between a source of text and four events. The only file that includes it.
 * No DTD, no entity beyond XML's own five, no network, no file: what could ask
 * for them was refused before (prescan.h).
 */
#pragma once

#include "parser/payload.h"

/* How an element's namespace relates to a DMARC report. */
enum xml_space {
	XML_SPACE_HOME,    /* none, one of the specifications', or the root's own */
	XML_SPACE_SLIP,    /* another default namespace, on an inner element */
	XML_SPACE_FOREIGN, /* an extension's: it has a prefix */
};

struct xml_events {
	/* False stops the parser: *reject was filled. Equal names are the same pointer throughout a
	 * document. */
	bool (*start)(void *context, const char *name, enum xml_space space);
	bool (*end)(void *context);
	bool (*text)(void *context, struct str text);
	/* The root's namespace, before its start; "" for none. */
	void (*root)(void *context, struct str uri);
	/* The document: up to cap bytes of valid UTF-8, 0 at its end. -1 stops the parser: *reject was
	 * filled. */
	ssize_t (*read)(void *context, char *out, size_t cap);
	void *context;
};

struct xml;

/* names_max: different names of elements and attributes, their prefixes and namespaces; more are refused,
 * since what libxml2 2.9 keeps of them takes longer to look up the more they are. */
struct xml *xml_open(const struct xml_events *events, uint64_t names_max);
void xml_close(struct xml **xml);

/* Reads the document to its end. False: not well-formed, with line and column in *reject, or
 * stopped by an event. */
NODISCARD bool xml_parse(struct xml *xml, struct reject *reject);
/* 1-based line of what is being parsed. */
uint64_t xml_line(const struct xml *xml);

/* Once before confinement: tables that libxml2 makes on first use. */
void xml_init(void);

#define XML_NAMESPACE_7489 "http://dmarc.org/dmarc-xml/0.1"
#define XML_NAMESPACE_9990 "urn:ietf:params:xml:ns:dmarc-2.0"
