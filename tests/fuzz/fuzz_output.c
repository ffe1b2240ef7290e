// SPDX-License-Identifier: Apache-2.0
/*
 * A stranger's text through each encoder: HTML is one text node that says the
 * same, a CSV cell is no formula and reads back, JSON reads back, a URL part
 * reads back, and a terminal gets no control character.
 */
#include "tests/fuzz/fuzz_output.h"

#include <jansson.h>
#include <libxml/HTMLparser.h>
#include <string.h>

#include "base/utf8.h"
#include "web/csv.h"
#include "web/html.h"
#include "web/url.h"

#define ARENA_BYTES ((size_t)64 << 20)

static void check_terminal(struct str text, bool one_line, struct buf *shown)
{
	struct buf again;
	utf8_add_visible(shown, text, one_line);
	struct str rest = buf_str(shown);
	uint32_t code;
	for (size_t len; rest.len > 0; rest = str_from_offset(rest, len)) {
		len = utf8_decode(rest, &code);
		if (len == 0 || (code < 0x20 && (one_line || (code != '\t' && code != '\n'))) ||
			(code >= 0x7f && code < 0xa0) || (code >= 0x202a && code <= 0x202e) ||
			(code >= 0x2066 && code <= 0x2069))
			die("a control character reaches the terminal");
	}
	buf_init(&again, SIZE_MAX / 4);
	utf8_add_visible(&again, buf_str(shown), one_line);
	if (!str_eq(buf_str(&again), buf_str(shown)))
		die("visible text is made visible again");
	buf_fini(&again);
}

/* A character that HTML forbids as such; libxml2 drops what browsers show. */
static bool has_noncharacter(struct str text)
{
	uint32_t code;
	for (size_t len; text.len > 0 && (len = utf8_decode(text, &code)) > 0; text = str_from_offset(text, len))
		if (code == 0xfffe || code == 0xffff)
			return true;
	return false;
}

static void check_html(struct str text, struct str shown)
{
	struct html html;
	struct buf page;
	if (has_noncharacter(shown))
		return;
	buf_init(&page, SIZE_MAX / 4);
	buf_add_str(&page, STR("<meta charset=utf-8>"));
	html_init(&html, &page);
	html_open(&html, "p");
	html_attr(&html, "title", shown);
	html_hostile(&html, text);
	html_close(&html);
	htmlDocPtr doc = htmlReadMemory(page.ptr, (int)page.len, NULL, "UTF-8",
		HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET);
	xmlNodePtr p = xmlDocGetRootElement(doc);
	while (p && strcmp((const char *)p->name, "p") != 0)
		p = p->children && strcmp((const char *)p->name, "head") != 0 ? p->children : p->next;
	xmlNodePtr bdi = p ? p->children : NULL;
	xmlNodePtr node = bdi ? bdi->children : NULL;
	if (!bdi || bdi->next || strcmp((const char *)bdi->name, "bdi") != 0 || !node || node->next ||
		node->type != XML_TEXT_NODE || !str_eq(str_from((const char *)node->content), shown))
		die("not one text node: %s", buf_cstr(&page));
	xmlChar *title = xmlGetProp(p, (const xmlChar *)"title");
	if (!str_eq(str_from((const char *)title), shown) || p->properties->next)
		die("not one attribute: %s", buf_cstr(&page));
	xmlFree(title);
	xmlFreeDoc(doc);
	buf_fini(&page);
}

/* RFC 4180: the one cell of a line, unquoted into cell. */
static void read_cell(struct str line, struct buf *cell)
{
	bool quoted = str_starts(line, STR("\""));
	if (!str_ends(line, STR("\r\n")))
		die("a line without its end");
	line = str_sub(line, 0, line.len - 2);
	if (quoted && (line.len < 2 || line.ptr[line.len - 1] != '"'))
		die("a quote without its end");
	line = quoted ? str_sub(line, 1, line.len - 2) : line;
	for (size_t i = 0; i < line.len; i++) {
		char c = line.ptr[i];
		if (!quoted && (c == '"' || c == ',' || c == '\r' || c == '\n'))
			die("more than one cell");
		if (quoted && c == '"' && (++i == line.len || line.ptr[i] != '"'))
			die("a quote within a cell");
		buf_add_char(cell, c);
	}
}

static void check_csv(struct str text)
{
	struct buf line, cell;
	buf_init(&line, SIZE_MAX / 4);
	buf_init(&cell, SIZE_MAX / 4);
	csv_field(&line, text, false, true);
	read_cell(buf_str(&line), &cell);
	struct str value = buf_str(&cell);
	if (value.len > 0 && strchr("=+-@\t\r", value.ptr[0]) && value.ptr[0] != '\0')
		die("a formula");
	if (value.len == text.len + 1 && value.ptr[0] == '\'')
		value = str_from_offset(value, 1);
	if (!str_eq(value, text))
		die("CSV says something else");
	buf_fini(&line);
	buf_fini(&cell);
}

static void check_json(struct str text)
{
	struct buf out;
	json_error_t error;
	buf_init(&out, SIZE_MAX / 4);
	fuzz_write_json(text, &out);
	json_t *array = json_loadb(out.ptr, out.len, JSON_ALLOW_NUL, &error);
	json_t *value = json_array_get(array, 0);
	if (json_array_size(array) != 1 || !json_is_string(value))
		die("no JSON: %s", error.text);
	if (utf8_valid(text) && !str_eq(text, (struct str){json_string_value(value), json_string_length(value)}))
		die("JSON says something else");
	json_decref(array);
	buf_fini(&out);
}

static void check_url(struct str text)
{
	struct arena *arena = arena_open(ARENA_BYTES);
	struct buf out;
	buf_init(&out, SIZE_MAX / 4);
	struct str decoded = url_decode(arena, text, false);
	if (decoded.ptr) {
		url_add(&out, decoded);
		for (size_t i = 0; i < out.len; i++)
			if (!ascii_is_alnum(out.ptr[i]) && !strchr("%-_.~:@", out.ptr[i]))
				die("a URL with \"%c\" in it", out.ptr[i]);
		struct str again = url_decode(arena, buf_str(&out), true);
		if (!again.ptr || !str_eq(again, decoded))
			die("a URL says something else");
	}
	buf_fini(&out);
	arena_close(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct buf text, shown, block;
	buf_init(&text, SIZE_MAX / 4);
	buf_init(&shown, SIZE_MAX / 4);
	buf_init(&block, SIZE_MAX / 4);
	struct str raw = {len > 0 ? (const char *)bytes : "", len};
	/* HTML parsers drop blanks at the ends of an element. */
	buf_add_char(&text, '[');
	buf_add_str(&text, raw);
	buf_add_char(&text, ']');
	check_terminal(buf_str(&text), true, &shown);
	check_terminal(raw, false, &block);
	check_html(buf_str(&text), buf_str(&shown));
	check_csv(raw);
	check_json(raw);
	check_url(raw);
	buf_fini(&text);
	buf_fini(&shown);
	buf_fini(&block);
	return 0;
}
