// SPDX-License-Identifier: Apache-2.0
#include "verifier/bimi/svg.h"

#include "base/utf8.h"
#include "verifier/bimi/gunzip.h"
#include "verifier/bimi/svg_names.h"
#include "verifier/bimi/svg_xml.h"
#include "verifier/verify.h"

#include <stdarg.h>

#define SPACE_SVG STR("http://www.w3.org/2000/svg")
#define SPACE_XLINK STR("http://www.w3.org/1999/xlink")
#define SPACE_XML STR("http://www.w3.org/XML/1998/namespace")
#define DETAIL_BYTES_MAX 4096
#define XLINK_WORDS "type role arcrole title show actuate"

struct check {
	struct arena *arena;
	struct svg *svg;
	size_t depth;
	bool in_title; /* a child of the root */
	bool has_viewbox, square;
	struct buf title;
};

/* The first fault counts. */
static bool refuse(struct check *check, const char *reason, const char *fmt, ...) PRINTF_LIKE(3, 4);
static bool refuse(struct check *check, const char *reason, const char *fmt, ...)
{
	struct buf buf;
	va_list args;
	buf_init(&buf, DETAIL_BYTES_MAX);
	va_start(args, fmt);
	buf_vprintf(&buf, fmt, args);
	va_end(args);
	check->svg->reason = reason;
	check->svg->detail = verify_text(check->arena, buf_str(&buf));
	buf_fini(&buf);
	return false;
}

/* A name as it may stand in a sentence. */
static struct str shown(struct str name)
{
	return str_sub(name, 0, utf8_cut(name, 60));
}

/* Decimal numbers with white space and one comma between them (SVG Tiny 1.2 section 7.9). */
static bool next_number(struct str *rest, bool *positive_r)
{
	size_t i = 0, digits = 0;
	bool nonzero = false, minus = false;
	while (i < rest->len && (ascii_is_space(rest->ptr[i]) || rest->ptr[i] == ','))
		i++;
	if (i < rest->len && (rest->ptr[i] == '-' || rest->ptr[i] == '+'))
		minus = rest->ptr[i++] == '-';
	for (bool dot = false; i < rest->len; i++) {
		char c = rest->ptr[i];
		if (c == '.' && !dot)
			dot = true;
		else if (ascii_is_digit(c))
			digits++, nonzero |= c != '0';
		else
			break;
	}
	*rest = str_from_offset(*rest, i);
	*positive_r = nonzero && !minus;
	return digits > 0;
}

static bool check_viewbox(struct check *check, struct str value)
{
	struct str rest = value, sizes[2];
	bool positive[4];
	for (size_t i = 0; i < 4; i++) {
		const char *before = rest.ptr;
		if (!next_number(&rest, &positive[i]) || (rest.len > 0 && !ascii_is_space(rest.ptr[0]) &&
			rest.ptr[0] != ','))
			return refuse(check, "svg.viewbox", "viewBox \"%.*s\" is not four numbers",
				STR_FMT(shown(value)));
		if (i >= 2)
			sizes[i - 2] = str_trim((struct str){before, (size_t)(rest.ptr - before)});
	}
	if (str_trim(rest).len > 0)
		return refuse(check, "svg.viewbox", "viewBox \"%.*s\" is more than four numbers",
			STR_FMT(shown(value)));
	if (!positive[2] || !positive[3])
		return refuse(check, "svg.viewbox", "viewBox \"%.*s\" has no size", STR_FMT(shown(value)));
	for (size_t i = 0; i < 2; i++)
		if (str_starts(sizes[i], STR(",")))
			sizes[i] = str_trim(str_from_offset(sizes[i], 1));
	check->has_viewbox = true;
	check->square = str_eq(sizes[0], sizes[1]);
	return true;
}

/* url() may name a part of this document only, and nothing may hide one. */
static bool check_value(struct check *check, const struct svg_attribute *attribute)
{
	struct str rest = attribute->value;
	static const char *const SCHEMES[] = {"javascript:", "vbscript:", "data:", "http:", "https:", "file:"};
	if (str_find_char(rest, '\\') != SIZE_MAX && str_find_char(rest, '(') != SIZE_MAX)
		return refuse(check, "svg.reference", "attribute %.*s hides something behind a backslash",
			STR_FMT(shown(attribute->name)));
	for (size_t i = 0; i < sizeof(SCHEMES) / sizeof(SCHEMES[0]); i++)
		if (str_starts_nocase(str_trim(rest), str_from(SCHEMES[i])))
			return refuse(check, i < 2 ? "svg.script" : "svg.reference", "attribute %.*s is a %s URI",
				STR_FMT(shown(attribute->name)), SCHEMES[i]);
	for (size_t at; (at = str_find_nocase(rest, STR("url"))) != SIZE_MAX;) {
		rest = str_trim(str_from_offset(rest, at + 3));
		if (!str_starts(rest, STR("(")))
			continue;
		struct str inside = str_trim(str_from_offset(rest, 1));
		if (str_starts(inside, STR("'")) || str_starts(inside, STR("\"")))
			inside = str_trim(str_from_offset(inside, 1));
		if (!str_starts(inside, STR("#")))
			return refuse(check, "svg.reference", "attribute %.*s refers to something outside",
				STR_FMT(shown(attribute->name)));
	}
	return true;
}

/* With a prefix: xml:id, xml:lang, xml:space, and XLink on use. */
static bool check_foreign(struct check *check, const struct svg_tag *tag, const struct svg_attribute *attribute)
{
	struct str name = attribute->name;
	if (str_eq(attribute->space, SPACE_XML)) {
		if (str_eq(name, STR("base")))
			return refuse(check, "svg.base", "xml:base would lead references outside");
		if (str_eq(name, STR("id")) || str_eq(name, STR("lang")) || str_eq(name, STR("space")))
			return true;
	}
	if (str_eq(name, STR("href"))) {
		if (!str_starts(attribute->value, STR("#")))
			return refuse(check, "svg.reference", "element %.*s refers to something outside",
				STR_FMT(shown(tag->name)));
		if (str_eq(attribute->space, SPACE_XLINK) && str_eq(tag->name, STR("use")))
			return true;
	}
	struct str rest = STR(XLINK_WORDS), word;
	while (str_eq(attribute->space, SPACE_XLINK) && str_eq(tag->name, STR("use")) && str_split(&rest, ' ', &word))
		if (str_eq(word, name))
			return true;
	return refuse(check, "svg.attribute", "attribute %.*s:%.*s of %.*s is not in the profile",
		STR_FMT(shown(attribute->prefix)), STR_FMT(shown(name)), STR_FMT(shown(tag->name)));
}

static bool check_attribute(struct check *check, const struct svg_tag *tag, const struct svg_attribute *attribute)
{
	struct str name = attribute->name;
	if (str_starts_nocase(name, STR("on")))
		return refuse(check, "svg.event", "attribute %.*s of %.*s runs a script", STR_FMT(shown(name)),
			STR_FMT(shown(tag->name)));
	if (attribute->prefix.len > 0)
		return check_foreign(check, tag, attribute) && check_value(check, attribute);
	if (check->depth == 1 && (str_eq(name, STR("x")) || str_eq(name, STR("y"))))
		return refuse(check, "svg.position", "the root has an attribute %.*s", STR_FMT(name));
	if (!svg_attribute_allowed(tag->name, name))
		return refuse(check, svg_attribute_rule(name), "attribute %.*s of %.*s is not in the profile",
			STR_FMT(shown(name)), STR_FMT(shown(tag->name)));
	if (check->depth == 1 && str_eq(name, STR("viewBox")))
		return check_viewbox(check, attribute->value);
	return check_value(check, attribute);
}

static struct str attribute_of(const struct svg_tag *tag, struct str name)
{
	for (size_t i = 0; i < tag->attributes_count; i++)
		if (tag->attributes[i].prefix.len == 0 && str_eq(tag->attributes[i].name, name))
			return tag->attributes[i].value;
	return STR_NONE;
}

static bool check_root(struct check *check, const struct svg_tag *tag)
{
	if (!str_eq(tag->name, STR("svg")))
		return refuse(check, "svg.root", "the root is %.*s, not svg", STR_FMT(shown(tag->name)));
	struct str version = attribute_of(tag, STR("version")), profile = attribute_of(tag, STR("baseProfile"));
	if (!str_eq(version, STR("1.2")))
		return refuse(check, "svg.version", version.ptr ? "version is \"%.*s\", not \"1.2\"" :
			"there is no version=\"1.2\"%.*s", STR_FMT(shown(version)));
	if (!str_eq(profile, STR("tiny-ps")))
		return refuse(check, "svg.profile", profile.ptr ? "baseProfile is \"%.*s\", not \"tiny-ps\"" :
			"there is no baseProfile=\"tiny-ps\"%.*s", STR_FMT(shown(profile)));
	return true;
}

static bool on_start(void *context, const struct svg_tag *tag)
{
	struct check *check = context;
	if (++check->depth > SVG_DEPTH_MAX)
		return refuse(check, "svg.depth", "more than %d elements inside each other", SVG_DEPTH_MAX);
	if (tag->attributes_count > SVG_ATTRIBUTES_MAX)
		return refuse(check, "svg.attributes", "an element with more than %d attributes", SVG_ATTRIBUTES_MAX);
	if (!svg_element_allowed(tag->name))
		return refuse(check, check->depth == 1 ? "svg.root" : svg_element_rule(tag->name),
			"element %.*s is not in the profile", STR_FMT(shown(tag->name)));
	if (!str_eq(tag->space, SPACE_SVG))
		return refuse(check, "svg.namespace", "element %.*s is not in the namespace of SVG",
			STR_FMT(shown(tag->name)));
	if (check->depth == 1 && !check_root(check, tag))
		return false;
	if (check->depth > 1 && str_eq(tag->name, STR("svg")))
		return refuse(check, "svg.element", "an svg element inside another");
	for (size_t i = 0; i < tag->attributes_count; i++)
		if (!check_attribute(check, tag, &tag->attributes[i]))
			return false;
	if (check->depth == 2 && str_eq(tag->name, STR("title")))
		check->in_title = true;
	return true;
}

static bool on_end(void *context)
{
	struct check *check = context;
	if (check->depth-- == 2)
		check->in_title = false;
	return true;
}

static bool on_text(void *context, struct str text)
{
	struct check *check = context;
	if (check->in_title)
		buf_add_str(&check->title, text);
	return true;
}

static bool on_instruction(void *context, struct str target)
{
	return refuse(context, "svg.instruction", "a processing instruction %.*s", STR_FMT(shown(target)));
}

static bool on_doctype(void *context)
{
	return refuse(context, "svg.doctype", "a document type or entity declaration");
}

/* A declared encoding that other readers would follow. */
static bool declared_otherwise(struct str text)
{
	struct str declaration = str_sub(text, 0, str_find(text, STR("?>")));
	if (!str_starts(text, STR("<?xml")) || str_find(text, STR("?>")) == SIZE_MAX)
		return false;
	size_t at = str_find(declaration, STR("encoding"));
	if (at == SIZE_MAX)
		return false;
	struct str value = str_trim(str_from_offset(declaration, at + 8));
	value = str_trim(str_from_offset(value, 1)); /* behind "=" */
	value = str_from_offset(value, 1);
	return !str_starts_nocase(value, STR("utf-8")) && !str_starts_nocase(value, STR("us-ascii"));
}

static bool check_bytes(struct check *check, struct str bytes, size_t bytes_max, struct str *text_r)
{
	struct svg *svg = check->svg;
	enum gunzip_state state = bimi_gunzip(check->arena, bytes, bytes_max, text_r);
	svg->compressed = state != GUNZIP_PLAIN;
	if (state == GUNZIP_TOO_LARGE || text_r->len > bytes_max)
		return refuse(check, "svg.size", "more than %zu bytes", bytes_max);
	if (state == GUNZIP_BROKEN)
		return refuse(check, "svg.gzip", "the gzip data is damaged");
	svg->bytes = arena_str(check->arena, *text_r);
	if (str_starts(*text_r, STR("\xef\xbb\xbf")))
		*text_r = str_from_offset(*text_r, 3);
	if (!utf8_valid(*text_r) || declared_otherwise(*text_r))
		return refuse(check, "svg.encoding", "not UTF-8");
	/* libxml2 is never shown a declaration, whatever it would make of it. */
	if (str_find(*text_r, STR("<!DOCTYPE")) != SIZE_MAX || str_find(*text_r, STR("<!ENTITY")) != SIZE_MAX)
		return on_doctype(check);
	return true;
}

static void check_document(struct check *check, struct str text)
{
	struct svg_events events = {on_start, on_end, on_text, on_instruction, on_doctype, check};
	struct svg *svg = check->svg;
	struct str detail;
	switch (svg_xml_read(check->arena, text, &events, &detail)) {
	case SVG_XML_STOPPED:
		return;
	case SVG_XML_MALFORMED:
		(void)refuse(check, "svg.xml", "not well-formed: %.*s", STR_FMT(detail));
		return;
	case SVG_XML_OK:
		break;
	}
	svg->title = arena_str(check->arena, str_trim(buf_str(&check->title)));
	if (svg->title.len == 0) {
		(void)refuse(check, "svg.title", "no title, or an empty one, directly below the root");
		return;
	}
	svg->valid = true;
	if (!check->has_viewbox)
		svg->advice = STR("no viewBox: receivers may not scale it");
	else if (!check->square)
		svg->advice = STR("the viewBox is not square: receivers show a square or a circle");
}

void svg_check(struct arena *arena, struct str bytes, size_t bytes_max, struct svg *svg_r)
{
	struct check check = {.arena = arena, .svg = svg_r};
	struct str text;
	*svg_r = (struct svg){0};
	buf_init(&check.title, bytes_max);
	if (check_bytes(&check, bytes, bytes_max, &text))
		check_document(&check, text);
	buf_fini(&check.title);
}
