// SPDX-License-Identifier: Apache-2.0
/*
 * A JSON document: the same frames whatever the size of the pieces, each of
 * them one that the reader takes (no NUL, counts in range). What is accepted is
 * no deeper than the limit, and every count in it stands in the document, digit
 * by digit, unless its numbers have exponents.
 */
#include "tests/fuzz/fuzz_run.h"

/* Whether the byte at *at is no part of a string; of an escape the second byte is passed over. */
static bool is_bare(struct str json, size_t *at, bool *quoted)
{
	char c = json.ptr[*at];
	if (c == '"')
		*quoted = !*quoted;
	else if (!*quoted)
		return true;
	else if (c == '\\')
		++*at;
	return false;
}

/* How deep arrays and objects stand within each other. */
static uint64_t depth_of(struct str json)
{
	uint64_t depth = 0, deepest = 0;
	bool quoted = false;
	for (size_t i = 0; i < json.len; i++) {
		char c = json.ptr[i];
		if (!is_bare(json, &i, &quoted))
			continue;
		if (c == '{' || c == '[')
			deepest = ++depth > deepest ? depth : deepest;
		else if ((c == '}' || c == ']') && depth-- == 1)
			break; /* what follows is no part of it */
	}
	return deepest;
}

static bool has_exponent(struct str json)
{
	bool quoted = false;
	for (size_t i = 0; i < json.len; i++) {
		char c = json.ptr[i];
		if (is_bare(json, &i, &quoted) && i > 0 && ascii_is_digit(json.ptr[i - 1]) && (c == 'e' || c == 'E'))
			return true;
	}
	return false;
}

static void check_count(struct str json, uint64_t count)
{
	struct buf digits;
	buf_init(&digits, 32);
	buf_add_u64(&digits, count);
	if (count > INT64_MAX || (count > 0 && str_find(json, buf_str(&digits)) == SIZE_MAX))
		die("a count of %s that the document does not name", buf_cstr(&digits));
	buf_fini(&digits);
}

static void check_counts(struct str json, struct str frames)
{
	struct tls_policy policy;
	struct tls_detail detail;
	struct frame frame;
	while (wire_next(&frames, &frame) == 1) {
		if (frame.type == FRAME_TLS_POLICY && wire_read_tls_policy(frame.payload, &policy)) {
			check_count(json, policy.success);
			check_count(json, policy.failure);
		}
		if (frame.type == FRAME_TLS_DETAIL && wire_read_tls_detail(frame.payload, &detail))
			check_count(json, detail.failed_sessions);
	}
}

static bool is_ascii(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] >= 0x80 || text.ptr[i] == '\0')
			return false;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct str json = {len > 0 ? (const char *)bytes : "", len};
	struct limits limits = fuzz_limits();
	struct buf frames;
	struct reject reject;
	buf_init(&frames, SIZE_MAX / 4);
	bool plain = is_ascii(json) && str_find(json, STR("\\u")) == SIZE_MAX; /* as jansson gets it */
	if (fuzz_read_alike(tlsrpt_read, json, &frames, &reject) && plain) {
		if (depth_of(json) > limits.json_depth)
			die("%llu levels", (unsigned long long)depth_of(json));
		if (!has_exponent(json))
			check_counts(json, buf_str(&frames));
	}
	buf_fini(&frames);
	return 0;
}
