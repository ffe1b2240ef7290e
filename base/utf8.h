// SPDX-License-Identifier: Apache-2.0
/*
 * UTF-8 as it leaves and enters the house. Text inside dmarcd is always valid
 * UTF-8 without NUL; the worker cleans it, the reader of its frames proves it.
 */
#pragma once

#include "base/buf.h"

/* Valid UTF-8 (no surrogates, no overlong forms, up to U+10FFFF); NUL is allowed here. */
bool utf8_valid(struct str s);

/* The length of the longest prefix of at most max_bytes that ends at a
 * character boundary of valid UTF-8; where there is none within a character's length,
 * max_bytes. */
size_t utf8_cut(struct str s, size_t max_bytes);

/* Decodes one character at s.ptr; returns its length in bytes, 0 when invalid. */
size_t utf8_decode(struct str s, uint32_t *code_r);
void utf8_encode(struct buf *buf, uint32_t code);

/* A control character that must not reach a terminal, log or page as it is:
 * C0 except TAB and LF, DEL, C1, bidirectional controls, U+2028/2029, U+FEFF. */
bool utf8_is_control(uint32_t code);

/* Appends s with letters as small ones, whatever the locale of the process. */
void utf8_add_folded(struct buf *buf, struct str s);

/* Appends s for a terminal or log: controls and invalid bytes (and, if asked,
 * TAB and LF) as \xHH or \u{HHHH}; everything else as it is. */
void utf8_add_visible(struct buf *buf, struct str s, bool one_line);
