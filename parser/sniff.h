// SPDX-License-Identifier: Apache-2.0
/*
 * What a run of bytes is, by looking at its beginning. Declared types and file
 * names are not asked: reporters get them wrong (MALFORMATIONS 2 to 5).
 * Nothing here reads beyond what it is given or allocates.
 */
#pragma once

#include "base/str.h"

/* Enough of a document to tell what it is. */
#define SNIFF_BYTES ((size_t)8192)
/* And of an image of a CD, whose magic stands far behind. */
#define SNIFF_ISO_BYTES ((size_t)32774)

enum sniff {
	SNIFF_EMPTY,   /* nothing, or white space only */
	SNIFF_UNUSED,  /* the single word "unused" (Yahoo, 2023) */
	SNIFF_XML,     /* a "<" after BOM and white space */
	SNIFF_JSON,    /* a "{" or "[" after BOM and white space */
	SNIFF_GZIP,    /* RFC 1952 */
	SNIFF_DEFLATE, /* RFC 1950 and 1951: never by sniff_bytes(), see gunzip_sniff() */
	SNIFF_ZIP,
	SNIFF_ARCHIVE, /* another archive format, see sniff_archive_name() */
	SNIFF_TEXT,    /* none of these, and no NUL in it */
	SNIFF_BINARY,
};

/* head: the first SNIFF_BYTES of the data, or all of it when it is shorter. */
enum sniff sniff_bytes(struct str head);

/* "rar", "7z", "tar" …; NULL when head is no such archive. An image of a CD takes SNIFF_ISO_BYTES
 * of head. */
const char *sniff_archive_name(struct str head);

enum sniff_xml {
	SNIFF_XML_FEEDBACK, /* the root is feedback, or the word stands as a tag in the head */
	SNIFF_XML_OTHER,    /* an element of another name comes first: HTML, SVG, … */
	SNIFF_XML_UNCLEAR,  /* no element in the head */
};

/* For a head that is SNIFF_XML, in UTF-16 too. */
enum sniff_xml sniff_xml_root(struct str head);

/* For a head that is SNIFF_JSON: true when a key of RFC 8460 stands in it. */
bool sniff_json_report(struct str head);

/* True when a report may begin with head: its root, or an XML declaration, or a key of RFC 8460. */
bool sniff_document(struct str head);

/* True when the first lines have the shape of RFC 5322 header fields. */
bool sniff_mail(struct str head);

/* True for a file name as reporters form it: "a!b!begin!end…" (RFC 9990 section 2.5). */
bool sniff_report_name(struct str name);
