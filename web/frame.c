// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"
#include "web/assets.h"
#include "web/page.h"

#include <string.h>

#define TITLE_BYTES ((size_t)80)

static const struct {
	const char *path, *label;
} navigation[] = {{"/", "Overview"}, {"/domains", "Domains"}, {"/sources", "Sources"},
	{"/reports", "Reports"}, {"/reporters", "Reporters"}, {"/failures", "Failures"}, {"/tls", "TLS"},
	{"/quarantine", "Quarantine"}};

/* A title holds no element that could end a direction: what is shown ends it. */
static void write_subject(struct html *html, struct str subject)
{
	struct buf shown;
	buf_init(&shown, TITLE_BYTES * 16);
	buf_add_char(&shown, ' ');
	utf8_add_visible(&shown, str_sub(subject, 0, utf8_cut(subject, TITLE_BYTES)), true);
	html_text(html, buf_str(&shown));
	buf_fini(&shown);
}

static void write_head(struct html *html, const char *title, struct str subject)
{
	html_open(html, "head");
	html_open(html, "meta");
	html_attr_cstr(html, "charset", "utf-8");
	html_close(html);
	html_open(html, "meta");
	html_attr_cstr(html, "name", "viewport");
	html_attr_cstr(html, "content", "width=device-width,initial-scale=1");
	html_close(html);
	html_open(html, "meta");
	html_attr_cstr(html, "name", "color-scheme");
	html_attr_cstr(html, "content", "light dark");
	html_close(html);
	html_open(html, "title");
	html_cstr(html, title);
	if (subject.len > 0)
		write_subject(html, subject);
	html_cstr(html, " – dmarcd");
	html_close(html);
	html_open(html, "link");
	html_attr_cstr(html, "rel", "stylesheet");
	html_attr_cstr(html, "href", asset_path("style.css"));
	html_close(html);
	html_open(html, "link");
	html_attr_cstr(html, "rel", "icon");
	html_attr_cstr(html, "type", "image/svg+xml");
	html_attr_cstr(html, "href", asset_path("favicon.svg"));
	html_close(html);
	html_open(html, "script");
	html_attr_cstr(html, "type", "module");
	html_attr_cstr(html, "src", asset_path("page.mjs"));
	html_close(html);
	html_close(html);
}

static void write_navigation(struct html *html, const struct web_options *web, const char *nav)
{
	html_open(html, "header");
	html_open(html, "nav");
	html_attr_cstr(html, "aria-label", "Main");
	html_open(html, "a");
	html_attr_cstr(html, "class", "brand");
	html_attr_cstr(html, "href", "/");
	html_cstr(html, "dmarcd");
	html_close(html);
	for (size_t i = 0; i < sizeof(navigation) / sizeof(navigation[0]); i++) {
		html_open(html, "a");
		html_attr_cstr(html, "href", navigation[i].path);
		if (nav && strcmp(nav, navigation[i].path) == 0)
			html_attr_cstr(html, "aria-current", "page");
		html_cstr(html, navigation[i].label);
		html_close(html);
	}
	if (web->organisation) {
		html_open(html, "span");
		html_attr_cstr(html, "class", "organisation");
		html_text(html, str_from(web->organisation));
		html_close(html);
	}
	html_close(html);
	html_close(html);
	if (web->demo) {
		html_open(html, "p");
		html_attr_cstr(html, "class", "demo");
		html_cstr(html, "Demo: nothing here is moved or changed, and sample data is no real mail.");
		html_close(html);
	}
}

void frame_begin(struct html *html, const struct web_options *web, const char *title, struct str subject,
	const char *nav)
{
	html_doctype(html);
	html_open(html, "html");
	html_attr_cstr(html, "lang", "en");
	write_head(html, title, subject);
	html_open(html, "body");
	html_open(html, "a");
	html_attr_cstr(html, "class", "skip");
	html_attr_cstr(html, "href", "#main");
	html_cstr(html, "Skip to content");
	html_close(html);
	write_navigation(html, web, nav);
	html_open(html, "main");
	html_attr_cstr(html, "id", "main");
	html_open(html, "h1");
	html_cstr(html, title);
	if (subject.len > 0) {
		html_cstr(html, " ");
		html_hostile(html, subject);
	}
	html_close(html);
}

void frame_end(struct html *html)
{
	html_close(html);
	html_open(html, "footer");
	html_cstr(html, "dmarcd " DMARCD_VERSION " · days are UTC days of the reports");
	html_close(html);
	html_close(html);
	html_close(html);
	buf_add_char(html->out, '\n');
}

void frame_message(struct buf *out, const struct web_options *web, const char *title, const char *text)
{
	struct html html;
	html_init(&html, out);
	frame_begin(&html, web, title, STR_NONE, NULL);
	html_open(&html, "p");
	html_cstr(&html, text);
	html_close(&html);
	html_open(&html, "p");
	html_open(&html, "a");
	html_attr_cstr(&html, "href", "/");
	html_cstr(&html, "To the overview");
	html_close(&html);
	html_close(&html);
	frame_end(&html);
}
