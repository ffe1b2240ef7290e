// SPDX-License-Identifier: Apache-2.0
#include "parser/tlsrpt_scan.h"

#include "base/utf8.h"

struct scan {
	const struct limits *limits;
	struct buf *out;
	struct issue_list *issues;
	struct reject *reject;
	uint64_t depth, values, string_bytes;
	bool in_string, escaped, done;
};

static bool too_large(struct scan *scan, const char *what, uint64_t max)
{
	reject_set(scan->reject, REASON_TLS_TOO_LARGE, "%s above %llu", what, (unsigned long long)max);
	return false;
}

static bool string_char(struct scan *scan, char c)
{
	if (++scan->string_bytes > scan->limits->json_string_bytes)
		return too_large(scan, "a string in bytes", scan->limits->json_string_bytes);
	if (scan->escaped)
		scan->escaped = false;
	else if (c == '\\')
		scan->escaped = true;
	else if (c == '"')
		scan->in_string = false;
	if ((unsigned char)c < ' ') {
		issue_add(scan->issues, ISSUE_TLS_FIELD_FORM, STR("control character"));
		c = ' ';
	}
	buf_add_char(scan->out, c);
	return true;
}

static bool structure_char(struct scan *scan, char c)
{
	/* What a report of the greatest size can hold: some twenty values a policy, ten a detail. */
	uint64_t values_max = 1000 + scan->limits->tls_policies * 20 + scan->limits->tls_details * 10;
	buf_add_char(scan->out, c);
	if (c == '"') {
		scan->in_string = true;
		scan->string_bytes = 0;
	} else if (c == '{' || c == '[') {
		if (++scan->depth > scan->limits->json_depth)
			return too_large(scan, "levels", scan->limits->json_depth);
	} else if ((c == '}' || c == ']') && scan->depth > 0) {
		scan->done = --scan->depth == 0;
	}
	if ((c == ',' || c == '{' || c == '[') && ++scan->values > values_max)
		return too_large(scan, "values", values_max);
	return true;
}

/* One character of text; returns its length, 0 when refused. */
static size_t take_char(struct scan *scan, struct str text)
{
	char c = text.ptr[0];
	if ((unsigned char)c < 0x80) {
		bool good = scan->in_string ? string_char(scan, c) : structure_char(scan, c);
		return good ? 1 : 0;
	}
	uint32_t code;
	size_t len = utf8_decode(text, &code);
	if (len > 0) {
		buf_add(scan->out, text.ptr, len);
		scan->string_bytes += len;
		return len;
	}
	issue_add(scan->issues, ISSUE_TLS_FIELD_FORM, STR("bytes that are not UTF-8"));
	utf8_encode(scan->out, (unsigned char)c);
	return 1;
}

bool tlsrpt_scan(struct str text, const struct limits *limits, struct buf *out,
	struct issue_list *issues, struct reject *reject)
{
	struct scan scan = {limits, out, issues, reject, 0, 0, 0, false, false, false};
	if (str_starts(text, STR("\xef\xbb\xbf")))
		text = str_from_offset(text, 3);
	text = str_trim(text);
	while (text.len > 0 && !scan.done) {
		size_t len = take_char(&scan, text);
		if (len == 0)
			return false;
		text = str_from_offset(text, len);
	}
	if (!scan.done) {
		reject_set(reject, REASON_TLS_MALFORMED, "the document ends early");
		return false;
	}
	while (text.len > 0 && (ascii_is_space(text.ptr[0]) || text.ptr[0] == '\0'))
		text = str_from_offset(text, 1);
	if (text.len == 0)
		return true;
	if (text.ptr[0] == '{' || text.ptr[0] == '[') {
		reject_set(reject, REASON_TLS_SHAPE, "a second document follows");
		return false;
	}
	issue_add(issues, ISSUE_TLS_TRAILING, STR_NONE);
	return true;
}
