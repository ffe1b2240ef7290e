// SPDX-License-Identifier: Apache-2.0
/*
 * Parts of URLs: written percent-encoded, read strictly (RFC 3986).
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

/* Appends text as one path segment or query value. */
void url_add(struct buf *buf, struct str text);
/* "%41" -> "A". Absent when the escapes are wrong, the result is not UTF-8 or
 * holds a control character. plus: "+" is a blank, and TAB and LF may be
 * there, as in the name of a reporter (queries). */
struct str url_decode(struct arena *arena, struct str text, bool plus);
