// SPDX-License-Identifier: Apache-2.0
/*
 * What is accepted as an indicator is small, holds no tag and no attribute that
 * runs, moves or loads anything as a scanner of its own sees it, and is
 * accepted again; what is refused says why.
 */
#include "tests/fuzz/fuzz.h"

#include "base/utf8.h"
#include "verifier/bimi/svg.h"

#define ARENA_BYTES ((size_t)64 << 20)

/* Cuts *rest behind end. */
static void skip_to(struct str *rest, struct str end)
{
	size_t at = str_find(*rest, end);
	*rest = at == SIZE_MAX ? STR_NONE : str_from_offset(*rest, at + end.len);
}

static struct str local_name(struct str name)
{
	size_t colon = str_find_char(name, ':');
	return colon == SIZE_MAX ? name : str_from_offset(name, colon + 1);
}

static size_t name_len(struct str s)
{
	size_t n = 0;
	while (n < s.len && !ascii_is_space(s.ptr[n]) && s.ptr[n] != '=' && s.ptr[n] != '/' && s.ptr[n] != '>')
		n++;
	return n;
}

static void check_attribute(struct str name, struct str value)
{
	struct str local = local_name(name);
	if (str_starts_nocase(local, STR("on")) || str_eq_nocase(local, STR("style")) ||
		str_eq(name, STR("xml:base")))
		die("accepted an attribute %.*s", STR_FMT(name));
	if (str_eq_nocase(local, STR("href")) && !str_starts(name, STR("xmlns")) && !str_starts(value, STR("#")) &&
		!str_starts(value, STR("&#")))
		die("accepted a reference to %.*s", STR_FMT(value));
}

/* rest: behind "<"; cut behind ">". */
static void check_tag(struct str *rest)
{
	static const char *const NEVER[] = {"script", "foreignObject", "image", "animate", "set", "a", "style",
		"iframe", "video", "audio", "handler", "animateTransform", "animateMotion", "animateColor"};
	struct str name = str_sub(*rest, 0, name_len(*rest)), local = local_name(name);
	for (size_t i = 0; i < sizeof(NEVER) / sizeof(NEVER[0]); i++)
		if (str_eq(local, str_from(NEVER[i])))
			die("accepted an element %.*s", STR_FMT(name));
	*rest = str_from_offset(*rest, name.len);
	for (;;) {
		*rest = str_trim(*rest);
		if (rest->len == 0 || rest->ptr[0] == '>' || rest->ptr[0] == '/')
			break;
		struct str attribute = str_sub(*rest, 0, name_len(*rest));
		*rest = str_trim(str_from_offset(*rest, attribute.len));
		*rest = str_trim(str_from_offset(*rest, 1)); /* "=" */
		if (rest->len == 0)
			die("accepted a tag that does not end");
		char quote = rest->ptr[0];
		*rest = str_from_offset(*rest, 1);
		size_t end = str_find_char(*rest, quote);
		check_attribute(attribute, str_sub(*rest, 0, end));
		*rest = str_from_offset(*rest, end == SIZE_MAX ? rest->len : end + 1);
	}
	skip_to(rest, STR(">"));
}

static void check_accepted(struct str text)
{
	while (text.len > 0) {
		skip_to(&text, STR("<"));
		if (text.len == 0)
			return;
		if (str_starts(text, STR("!--")))
			skip_to(&text, STR("-->"));
		else if (str_starts(text, STR("![CDATA[")))
			skip_to(&text, STR("]]>"));
		else if (str_starts(text, STR("!")))
			die("accepted a declaration");
		else if (str_starts(text, STR("?xml")) && text.len > 4 && ascii_is_space(text.ptr[4]))
			skip_to(&text, STR("?>"));
		else if (str_starts(text, STR("?")))
			die("accepted an instruction");
		else
			check_tag(&text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena *arena = arena_open(ARENA_BYTES);
	struct svg svg, again;
	svg_check(arena, (struct str){(const char *)bytes, len}, SVG_BYTES, &svg);
	if (svg.valid == (svg.reason != NULL) || (!svg.valid && svg.detail.len == 0))
		die("no reason, or one too many");
	if (!utf8_valid(svg.detail))
		die("a detail that is not UTF-8");
	if (svg.valid) {
		if (svg.bytes.len > SVG_BYTES || svg.title.len == 0)
			die("accepted %zu bytes", svg.bytes.len);
		check_accepted(svg.bytes);
		svg_check(arena, svg.bytes, SVG_BYTES, &again);
		if (!again.valid || !str_eq(again.bytes, svg.bytes) || again.compressed)
			die("not accepted again: %.*s", STR_FMT(again.detail));
	}
	arena_close(&arena);
	return 0;
}
