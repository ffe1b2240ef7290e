// SPDX-License-Identifier: Apache-2.0
/*
 * Documents that stand in running text: a report pasted into the body of a
 * mail, as XML, JSON, base64 or uuencoded, with prose before and footers behind it
 * (MALFORMATIONS 11, 16). Works on a stream; text that only looks like base64
 * is not a document.
 */
#pragma once

#include "parser/payload.h"

enum textform_kind { TEXTFORM_NONE, TEXTFORM_XML, TEXTFORM_JSON, TEXTFORM_BASE64, TEXTFORM_UUENCODE };

struct textform;

/* source must live until textform_close(). */
struct textform *textform_open(struct payload *source);

/* Goes on to the next document; what is left of the one before is skipped. -1: the source is
 * broken. */
int textform_next(struct textform *textform, enum textform_kind *kind_r, struct reject *reject);

/* The document found: its own bytes only, decoded. */
struct payload *textform_payload(struct textform *textform);

/* The source stays the caller's. */
void textform_close(struct textform **textform);
