// SPDX-License-Identifier: Apache-2.0
/*
 * The one HTML writer. It has no call that writes raw text: names are
 * literals of this program, everything else is escaped, and elements close in
 * the order they were opened or the process dies of it. What reports say is
 * written by html_hostile(): its own bidirectional island, controls visible.
 */
#pragma once

#include "base/buf.h"

#define HTML_DEPTH_MAX 32

struct html {
	struct buf *out;
	const char *open[HTML_DEPTH_MAX];
	unsigned depth;
	bool in_tag; /* attributes may still be added */
};

void html_init(struct html *html, struct buf *out);
/* <!doctype html> */
void html_doctype(struct html *html);

void html_open(struct html *html, const char *name);
/* Only right behind html_open. An absent value writes nothing. */
void html_attr(struct html *html, const char *name, struct str value);
void html_attr_cstr(struct html *html, const char *name, const char *value);
void html_attr_u64(struct html *html, const char *name, uint64_t value);
void html_flag(struct html *html, const char *name); /* a boolean attribute */
void html_close(struct html *html);
/* An element that has no content: <br>, <rect/>. */
void html_void(struct html *html, const char *name);

void html_text(struct html *html, struct str text);
void html_cstr(struct html *html, const char *text);
void html_printf(struct html *html, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Text of strangers, one line. */
void html_hostile(struct html *html, struct str text);
/* The same with its lines kept, for <pre>. */
void html_hostile_block(struct html *html, struct str text);

/* <name>text</name> */
void html_element(struct html *html, const char *name, const char *text);
