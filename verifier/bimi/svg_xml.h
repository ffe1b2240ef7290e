// SPDX-License-Identifier: Apache-2.0
/*
 * libxml2's push parser over one small document: no document type, no
 * entities of the document's own, no network, no tree. The only file of the
 * verifier that knows libxml2.
 */
#pragma once

#include "base/arena.h"

struct svg_attribute {
	struct str name;   /* without prefix */
	struct str prefix; /* absent: none */
	struct str space;  /* the namespace behind prefix; absent: none */
	struct str value;  /* references replaced */
};

struct svg_tag {
	struct str name;  /* without prefix */
	struct str space; /* absent: none */
	const struct svg_attribute *attributes;
	size_t attributes_count;
};

/* Each returns false to end the reading. Views die with the call. */
struct svg_events {
	bool (*start)(void *context, const struct svg_tag *tag);
	bool (*end)(void *context);
	bool (*text)(void *context, struct str text);
	bool (*instruction)(void *context, struct str target);
	bool (*doctype)(void *context);
	void *context;
};

enum svg_xml_state { SVG_XML_OK = 1, SVG_XML_STOPPED, SVG_XML_MALFORMED };

/* MALFORMED: *detail_r, in arena, says where and what. */
enum svg_xml_state svg_xml_read(struct arena *arena, struct str text, const struct svg_events *events,
	struct str *detail_r);
