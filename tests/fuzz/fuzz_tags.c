// SPDX-License-Identifier: Apache-2.0
/*
 * Tag lists: what is read, written down again, is read as the same; and as a
 * signature of each kind it has a fault or all that a signature needs.
 */
#include "tests/fuzz/fuzz.h"

#include "base/buf.h"
#include "verifier/dkim/signature.h"

#define ARENA_BYTES ((size_t)64 << 20)

static void prove_list(struct arena *arena, struct str text)
{
	struct tag_list list, again;
	struct str problem;
	struct buf out;
	if (!tag_list_parse(arena, text, &list, &problem)) {
		if (problem.len == 0)
			die("refused for no reason");
		return;
	}
	buf_init(&out, SIZE_MAX / 2);
	for (size_t i = 0; i < list.count; i++)
		buf_printf(&out, "%.*s=%.*s;", STR_FMT(list.tags[i].name), STR_FMT(list.tags[i].value));
	if (!tag_list_parse(arena, buf_str(&out), &again, &problem) || again.count != list.count)
		die("not read back: %.*s", STR_FMT(problem));
	for (size_t i = 0; i < list.count; i++)
		if (!str_eq(list.tags[i].name, again.tags[i].name) || !str_eq(list.tags[i].value, again.tags[i].value))
			die("a tag is read back as another");
	buf_fini(&out);
}

static void prove_signature(struct arena *arena, enum signature_kind kind, struct str text)
{
	struct message_field field = {.name = STR("X"), .raw = text, .body = text};
	struct signature signature;
	signature_parse(arena, kind, &field, &signature);
	if (signature.fault.reason) {
		if (signature.fault.result == AUTH_PASS || signature.fault.detail.len == 0)
			die("a fault without its ground");
		return;
	}
	const struct tag *b = tag_list_find(&signature.tags, STR("b"));
	if (!b || b->span.ptr < text.ptr || b->span.ptr + b->span.len > text.ptr + text.len)
		die("b= lies elsewhere");
	if (signature.octets.len == 0 || !signature.domain.ptr || !signature.selector.ptr || !signature.algorithm)
		die("a signature that lacks something");
	if (kind != SIGNATURE_DKIM && signature.instance == 0)
		die("a set without instance");
	if (kind != SIGNATURE_ARC_SEAL && signature.body_hash.len == 0)
		die("no body hash");
	if (signature.has_created && signature.has_expires && signature.expires <= signature.created)
		die("expired before it was made");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena *arena = arena_open(ARENA_BYTES);
	struct str text = {(const char *)bytes, len};
	prove_list(arena, text);
	prove_signature(arena, SIGNATURE_DKIM, text);
	prove_signature(arena, SIGNATURE_ARC_MESSAGE, text);
	prove_signature(arena, SIGNATURE_ARC_SEAL, text);
	arena_close(&arena);
	return 0;
}
