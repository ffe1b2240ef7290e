// SPDX-License-Identifier: Apache-2.0
/*
 * What stands between a stranger's document and libxml2: sees every tag, text
 * and comment first, repairs what DESIGN's rules allow (a bare &, a schema
 * fragment before the root, bytes behind it, the last ">"), and refuses what
 * no report has (DOCTYPE, undefined entities, over-long tags, too deep, too
 * many). Everything else passes as it is: whether it is well-formed is for
 * the XML parser to say.
 */
#pragma once

#include "parser/payload.h"

#define PRESCAN_ENTITY_BYTES 256 /* a longer name is a bare & before a long word */

enum prescan_state { PRESCAN_TEXT, PRESCAN_TAG, PRESCAN_COMMENT, PRESCAN_CDATA, PRESCAN_INSTRUCTION,
	PRESCAN_ENTITY };

struct prescan {
	const struct limits *limits;
	struct issue_list *issues;
	enum prescan_state state;
	struct buf tag;        /* the tag at hand, from its "<" */
	char quote;            /* in a tag: the quote that is open */
	char entity[PRESCAN_ENTITY_BYTES]; /* from its "&" */
	size_t entity_len;
	char tail[3];          /* last bytes of a comment, CDATA or instruction */
	uint64_t line, column; /* of the next byte, from 1 */
	uint64_t text_bytes;   /* since the last tag */
	uint64_t elements;
	uint64_t depth;
	bool root_seen, root_closed;
	char trailing[60];     /* the first of what follows the root */
	size_t trailing_len;
	bool skipping_schema;
};

void prescan_init(struct prescan *prescan, const struct limits *limits, struct issue_list *issues);
void prescan_fini(struct prescan *prescan);

/* Appends to out what the XML parser is to see. text: valid UTF-8 in any
 * pieces; final: the document ends here. False: *reject says why. */
NODISCARD bool prescan_add(struct prescan *prescan, struct str text, bool final, struct buf *out,
	struct reject *reject);
