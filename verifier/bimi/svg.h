// SPDX-License-Identifier: Apache-2.0
/*
 * Is it an indicator? SVG Tiny Portable/Secure, draft-svg-tiny-ps-abrotman:
 * XML without a document type or processing instructions, and only elements
 * and attributes of an allow-list, so that nothing can run, move or load.
 */
#pragma once

#include "base/arena.h"

#define SVG_BYTES ((size_t)32 * 1024) /* section 2.1, unpacked; a default */
#define SVG_DEPTH_MAX 64
#define SVG_ATTRIBUTES_MAX 64 /* of one element */

struct svg {
	bool valid;
	const char *reason; /* a word when it is not valid: "svg.size" "svg.gzip" "svg.encoding" "svg.doctype"
	                     * "svg.instruction" "svg.xml" "svg.depth" "svg.attributes" "svg.namespace"
	                     * "svg.root" "svg.version" "svg.profile" "svg.position" "svg.viewbox" "svg.title"
	                     * "svg.script" "svg.event" "svg.animation" "svg.image" "svg.foreign" "svg.link"
	                     * "svg.style" "svg.element" "svg.attribute" "svg.reference" "svg.base" */
	struct str detail;  /* a sentence for people */
	struct str advice;  /* of a valid one: what receivers or certificate authorities ask for beyond the profile */
	struct str title;   /* of the document */
	struct str bytes;   /* uncompressed */
	bool compressed;    /* it was gzip (svgz) */
};

/* bytes_max: of the document, unpacked. Texts live in arena. Every input has an answer. */
void svg_check(struct arena *arena, struct str bytes, size_t bytes_max, struct svg *svg_r);
