// SPDX-License-Identifier: Apache-2.0
/*
 * JSON, written only (reading is the parser's, by jansson). Commas and
 * escaping are the writer's business; nesting is checked by die(). Text that
 * is not UTF-8 is written with U+FFFD, so that the output is always valid.
 * Output goes to a buffer; whoever owns it flushes between rows.
 */
#pragma once

#include "base/buf.h"
#include "base/wide.h"

struct json {
	struct buf *out;
	uint64_t has_item; /* one bit a level */
	unsigned depth;
	bool after_key;
};

void json_init(struct json *json, struct buf *out);
void json_object(struct json *json);
void json_object_end(struct json *json);
void json_array(struct json *json);
void json_array_end(struct json *json);
void json_key(struct json *json, const char *key);
void json_key_str(struct json *json, struct str key);

void json_str(struct json *json, struct str value); /* absent: null */
void json_cstr(struct json *json, const char *value); /* NULL: null */
void json_u64(struct json *json, uint64_t value);
void json_wide(struct json *json, wide value);
void json_i64(struct json *json, int64_t value);
void json_bool(struct json *json, bool value);
void json_null(struct json *json);
/* A value that is JSON or a number already (from the database); taken as it is. */
void json_verbatim(struct json *json, struct str value);

/* key and value in one call */
void json_key_value_str(struct json *json, const char *key, struct str value);
void json_key_value_given(struct json *json, const char *key, struct str value); /* absent: neither of them */
/* An array of them; none: no key either. */
void json_key_values_given(struct json *json, const char *key, const struct str *values, size_t count);
void json_key_value_cstr(struct json *json, const char *key, const char *value);
void json_key_value_u64(struct json *json, const char *key, uint64_t value);
void json_key_value_wide(struct json *json, const char *key, wide value);
void json_key_value_bool(struct json *json, const char *key, bool value);
