// SPDX-License-Identifier: Apache-2.0
/* The tag=value lists of RFC 6376 section 3.2, of signatures and of key records. */
#pragma once

#include "base/arena.h"

struct tag {
	struct str name;
	struct str value; /* without white space around it; inside it stands as it is */
	struct str span;  /* from "=" to before ";" or the end, with all white space */
};

#define TAG_LIST_MAX 100 /* more is an error */

struct tag_list {
	struct tag *tags; /* in their order */
	size_t count;
};

/* False: no list of this syntax, a tag twice, or too many; *problem_r says what and where. White space is
 * SP, TAB, CRLF and LF; beside VALCHAR a value may hold valid UTF-8 (RFC 8616 section 3). */
bool tag_list_parse(struct arena *arena, struct str text, struct tag_list *list_r, struct str *problem_r);

/* NULL when it is not there. Names are case-sensitive. */
const struct tag *tag_list_find(const struct tag_list *list, struct str name);
struct str tag_list_value(const struct tag_list *list, struct str name); /* absent when it is not there */

/* SP, TAB, CR, LF. */
bool tag_is_white(char c);
/* The next item of a list with colons (h=, q=, s=, t=), white space around it dropped. */
bool tag_item(struct str *rest, struct str *item_r);
