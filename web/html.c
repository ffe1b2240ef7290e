// SPDX-License-Identifier: Apache-2.0
#include "web/html.h"

#include "base/utf8.h"

#include <string.h>

void html_init(struct html *html, struct buf *out)
{
	*html = (struct html){.out = out};
}

static void end_tag(struct html *html)
{
	if (html->in_tag)
		buf_add_char(html->out, '>');
	html->in_tag = false;
}

static const char *escaped(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

static void escape(struct buf *out, struct str text)
{
	size_t begin = 0;
	for (size_t i = 0; i < text.len; i++) {
		const char *to = escaped(text.ptr[i]);
		if (!to)
			continue;
		buf_add_str(out, str_sub(text, begin, i - begin));
		buf_add_str(out, str_from(to));
		begin = i + 1;
	}
	buf_add_str(out, str_from_offset(text, begin));
}

void html_doctype(struct html *html)
{
	buf_add_str(html->out, STR("<!doctype html>\n"));
}

void html_open(struct html *html, const char *name)
{
	end_tag(html);
	if (html->depth >= HTML_DEPTH_MAX)
		die("html: too deep at <%s>", name);
	html->open[html->depth++] = name;
	buf_add_char(html->out, '<');
	buf_add_str(html->out, str_from(name));
	html->in_tag = true;
}

void html_attr(struct html *html, const char *name, struct str value)
{
	if (!html->in_tag)
		die("html: attribute %s outside a tag", name);
	if (!value.ptr)
		return;
	buf_add_char(html->out, ' ');
	buf_add_str(html->out, str_from(name));
	buf_add_str(html->out, STR("=\""));
	escape(html->out, value);
	buf_add_char(html->out, '"');
}

void html_attr_cstr(struct html *html, const char *name, const char *value)
{
	html_attr(html, name, str_from(value));
}

void html_attr_u64(struct html *html, const char *name, uint64_t value)
{
	struct buf text;
	buf_init(&text, 32);
	buf_add_u64(&text, value);
	html_attr(html, name, buf_str(&text));
	buf_fini(&text);
}

void html_flag(struct html *html, const char *name)
{
	if (!html->in_tag)
		die("html: attribute %s outside a tag", name);
	buf_add_char(html->out, ' ');
	buf_add_str(html->out, str_from(name));
}

static bool is_void(const char *name)
{
	static const char *const names[] = {"br", "hr", "img", "input", "link", "meta"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

void html_close(struct html *html)
{
	if (html->depth == 0)
		die("html: nothing to close");
	const char *name = html->open[--html->depth];
	end_tag(html);
	if (is_void(name))
		return;
	buf_add_str(html->out, STR("</"));
	buf_add_str(html->out, str_from(name));
	buf_add_char(html->out, '>');
}

void html_void(struct html *html, const char *name)
{
	html_open(html, name);
	html_close(html);
}

void html_text(struct html *html, struct str text)
{
	end_tag(html);
	escape(html->out, text);
}

void html_cstr(struct html *html, const char *text)
{
	html_text(html, str_from(text));
}

void html_printf(struct html *html, const char *fmt, ...)
{
	struct buf text;
	va_list args;
	buf_init(&text, (size_t)64 * 1024);
	va_start(args, fmt);
	buf_vprintf(&text, fmt, args);
	va_end(args);
	html_text(html, buf_str(&text));
	buf_fini(&text);
}

static void visible(struct html *html, const char *element, struct str text, bool one_line)
{
	struct buf shown;
	buf_init(&shown, SIZE_MAX / 4);
	utf8_add_visible(&shown, text, one_line);
	html_open(html, element);
	html_text(html, buf_str(&shown));
	html_close(html);
	buf_fini(&shown);
}

void html_hostile(struct html *html, struct str text)
{
	visible(html, "bdi", text, true);
}

void html_hostile_block(struct html *html, struct str text)
{
	visible(html, "bdi", text, false);
}

void html_element(struct html *html, const char *name, const char *text)
{
	html_open(html, name);
	html_cstr(html, text);
	html_close(html);
}
