// SPDX-License-Identifier: Apache-2.0
#include "model/json.h"

#include "base/eight.h"
#include "base/utf8.h"

#define DEPTH_MAX 63u

void json_init(struct json *json, struct buf *out)
{
	*json = (struct json){.out = out};
}

static void before_value(struct json *json)
{
	if (json->after_key) {
		json->after_key = false;
		return;
	}
	uint64_t bit = UINT64_C(1) << json->depth;
	if (json->depth > 0 && (json->has_item & bit))
		buf_add_char(json->out, ',');
	json->has_item |= bit;
}

static void open_level(struct json *json, char bracket)
{
	before_value(json);
	buf_add_char(json->out, bracket);
	if (json->depth >= DEPTH_MAX)
		die("JSON is nested too deeply");
	json->depth++;
	json->has_item &= ~(UINT64_C(1) << json->depth);
}

static void close_level(struct json *json, char bracket)
{
	if (json->depth == 0 || json->after_key)
		die("JSON is not balanced");
	json->depth--;
	buf_add_char(json->out, bracket);
}

void json_object(struct json *json)
{
	open_level(json, '{');
}

void json_object_end(struct json *json)
{
	close_level(json, '}');
}

void json_array(struct json *json)
{
	open_level(json, '[');
}

void json_array_end(struct json *json)
{
	close_level(json, ']');
}

/* Printable ASCII but for the quote and the backslash. */
static bool is_plain(char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static bool is_plain_eight(uint64_t eight)
{
	return eight_printable(eight) && (eight_equal(eight, '"') | eight_equal(eight, '\\')) == 0;
}

static void add_escaped(struct buf *out, struct str s)
{
	buf_add_char(out, '"');
	for (size_t at = 0; at < s.len;) {
		size_t plain = at;
		while (s.len - plain >= EIGHT && is_plain_eight(eight_load(s.ptr + plain)))
			plain += EIGHT;
		while (plain < s.len && is_plain(s.ptr[plain]))
			plain++;
		buf_add(out, s.ptr + at, plain - at);
		at = plain;
		if (at == s.len)
			break;
		char c = s.ptr[at];
		uint32_t code;
		size_t len = utf8_decode(str_from_offset(s, at), &code);
		if (len == 0)
			buf_add_str(out, STR("\xef\xbf\xbd"));
		else if (c == '"' || c == '\\')
			buf_add(out, (char[]){'\\', c}, 2);
		else if (c == '\n')
			buf_add_str(out, STR("\\n"));
		else if (c == '\t')
			buf_add_str(out, STR("\\t"));
		else if (code < 0x10000 && utf8_is_control(code))
			buf_printf(out, "\\u%04x", (unsigned)code);
		else
			buf_add(out, s.ptr + at, len);
		at += len ? len : 1;
	}
	buf_add_char(out, '"');
}

void json_key_str(struct json *json, struct str key)
{
	before_value(json);
	add_escaped(json->out, key);
	buf_add_char(json->out, ':');
	json->after_key = true;
}

void json_key(struct json *json, const char *key)
{
	json_key_str(json, str_from(key));
}

void json_null(struct json *json)
{
	json_verbatim(json, STR("null"));
}

void json_str(struct json *json, struct str value)
{
	if (!value.ptr) {
		json_null(json);
		return;
	}
	before_value(json);
	add_escaped(json->out, value);
}

void json_cstr(struct json *json, const char *value)
{
	json_str(json, str_from(value));
}

void json_u64(struct json *json, uint64_t value)
{
	before_value(json);
	buf_add_u64(json->out, value);
}

void json_wide(struct json *json, wide value)
{
	char text[WIDE_TEXT_BYTES];
	before_value(json);
	buf_add_str(json->out, str_from(wide_text(value, text)));
}

void json_i64(struct json *json, int64_t value)
{
	before_value(json);
	buf_printf(json->out, "%lld", (long long)value);
}

void json_bool(struct json *json, bool value)
{
	json_verbatim(json, value ? STR("true") : STR("false"));
}

void json_verbatim(struct json *json, struct str value)
{
	before_value(json);
	buf_add_str(json->out, value);
}

void json_key_value_str(struct json *json, const char *key, struct str value)
{
	json_key(json, key);
	json_str(json, value);
}

void json_key_value_given(struct json *json, const char *key, struct str value)
{
	if (value.ptr)
		json_key_value_str(json, key, value);
}

void json_key_values_given(struct json *json, const char *key, const struct str *values, size_t count)
{
	if (count == 0)
		return;
	json_key(json, key);
	json_array(json);
	for (size_t i = 0; i < count; i++)
		json_str(json, values[i]);
	json_array_end(json);
}

void json_key_value_cstr(struct json *json, const char *key, const char *value)
{
	json_key(json, key);
	json_cstr(json, value);
}

void json_key_value_u64(struct json *json, const char *key, uint64_t value)
{
	json_key(json, key);
	json_u64(json, value);
}

void json_key_value_wide(struct json *json, const char *key, wide value)
{
	json_key(json, key);
	json_wide(json, value);
}

void json_key_value_bool(struct json *json, const char *key, bool value)
{
	json_key(json, key);
	json_bool(json, value);
}
