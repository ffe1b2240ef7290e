// SPDX-License-Identifier: Apache-2.0
/*
 * Text from a mail or document made fit for the model: valid UTF-8 without
 * NUL. Bytes that are not UTF-8 are read as ISO-8859-1, control characters
 * become U+FFFD, line ends a blank.
 */
#pragma once

#include "base/arena.h"

/* One line, trimmed, at most max_bytes (cut at a character); *cut_r (may be NULL) is set, never
 * cleared, when it was longer, and *changed_r (the same) when a character within it was replaced: a
 * control, TAB and LF among them, or a byte that is not UTF-8. Absent stays absent. */
struct str clean_line(struct arena *arena, struct str text, size_t max_bytes, bool *cut_r, bool *changed_r);

/* The same with TAB and LF kept, CRLF made LF (which changes nothing), and nothing trimmed. */
struct str clean_block(struct arena *arena, struct str text, size_t max_bytes, bool *cut_r, bool *changed_r);
