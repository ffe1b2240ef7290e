// SPDX-License-Identifier: Apache-2.0
/*
 * libxml2's push parser behind four events. The only file that includes it.
 * No DTD, no entity beyond XML's own five, no network, no file: what could ask
 * for them was refused before (prescan.h).
 */
#pragma once

#include "parser/payload.h"

/* How an element's namespace relates to a DMARC report. */
enum xml_space {
	XML_SPACE_HOME,    /* none, one of the specifications', or the root's own */
	XML_SPACE_FOREIGN, /* an extension's */
};

struct xml_events {
	/* False stops the parser: *reject was filled. */
	bool (*start)(void *context, struct str name, enum xml_space space);
	bool (*end)(void *context);
	bool (*text)(void *context, struct str text);
	/* The root's namespace, before its start; "" for none. */
	void (*root)(void *context, struct str uri);
	void *context;
};

struct xml;

struct xml *xml_open(const struct xml_events *events);
void xml_close(struct xml **xml);

/* Valid UTF-8 in any pieces. False: not well-formed, with line and column in
 * *reject, or stopped by an event. */
NODISCARD bool xml_add(struct xml *xml, struct str text, bool final, struct reject *reject);
/* 1-based line of what is being parsed. */
uint64_t xml_line(const struct xml *xml);

/* Once before confinement: tables that libxml2 makes on first use. */
void xml_init(void);

#define XML_NAMESPACE_7489 "http://dmarc.org/dmarc-xml/0.1"
#define XML_NAMESPACE_9990 "urn:ietf:params:xml:ns:dmarc-2.0"
