// SPDX-License-Identifier: Apache-2.0
/*
 * Byte strings with a length. Nothing here allocates and nothing assumes a
 * final NUL; bytes may be anything, NUL included. A struct str with ptr NULL
 * is "absent", one with len 0 and a pointer is "present and empty".
 * Character classes are ASCII and know no locale.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
	const char *ptr;
	size_t len;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
#define STR_NONE ((struct str){NULL, 0})
/* For printf("%.*s", STR_FMT(s)). */
#define STR_FMT(s) (int)((s).len > 0x7fffffff ? 0x7fffffff : (s).len), ((s).ptr ? (s).ptr : "")

/* View of a NUL-terminated string; NULL gives STR_NONE. */
struct str str_from(const char *cstr);

bool str_eq(struct str a, struct str b); /* absent equals empty */
bool str_eq_nocase(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
bool str_starts_nocase(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
bool str_ends_nocase(struct str s, struct str suffix);
int str_cmp(struct str a, struct str b); /* bytewise, shorter first */

/* Without ASCII white space at both ends; keeps "present" even when nothing is left. */
struct str str_trim(struct str s);
/* Clamped: never reaches outside s. */
struct str str_sub(struct str s, size_t from, size_t len);
struct str str_from_offset(struct str s, size_t from);

/* Offset of the first match, or SIZE_MAX. */
size_t str_find(struct str s, struct str needle);
size_t str_find_nocase(struct str s, struct str needle);
size_t str_find_char(struct str s, char c);
size_t str_rfind_char(struct str s, char c);

/* Cuts *rest at the next sep: piece before it in *piece_r, *rest behind it.
 * False once *rest is used up (absent). An empty input gives one empty piece. */
bool str_split(struct str *rest, char sep, struct str *piece_r);

/* The next line without its LF or CRLF; false at the end. */
bool str_line(struct str *rest, struct str *line_r);

/* Strict decimal, digits only, no sign, no blanks, 0…max. */
bool str_to_u64(struct str s, uint64_t max, uint64_t *value_r);

bool ascii_is_space(char c); /* blank, TAB, CR, LF, VT, FF */
bool ascii_is_digit(char c);
bool ascii_is_alpha(char c);
bool ascii_is_alnum(char c);
bool ascii_is_hex(char c);
int ascii_hex_value(char c); /* -1: no hexadecimal digit */
char ascii_lower(char c);
