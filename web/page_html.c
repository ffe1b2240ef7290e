// SPDX-License-Identifier: Apache-2.0
/* What stands around the blocks of a page: heading, verdict, filter, links. */
#include "web/block_html.h"
#include "web/pages/provenance.h"
#include "web/url.h"

#include <stdio.h>
#include <string.h>

#define PATH_BYTES ((size_t)4096)

struct str request_path(const struct request *request)
{
	struct str rest = request->path, segment;
	struct buf path;
	buf_init(&path, PATH_BYTES);
	while (str_split(&rest, '/', &segment)) {
		if (segment.len == 0)
			continue;
		buf_add_char(&path, '/');
		url_add(&path, segment);
	}
	if (path.len == 0)
		buf_add_char(&path, '/');
	struct str done = arena_str(request->arena, buf_str(&path));
	buf_fini(&path);
	return done;
}

static void write_paragraph(struct html *html, const char *class_name, struct str text)
{
	html_open(html, "p");
	html_attr_cstr(html, "class", class_name);
	html_hostile(html, text);
	html_close(html);
}

/* ---- the filter ---- */

static void write_input(struct html *html, const char *name, const char *label, const char *type,
	struct str value)
{
	html_open(html, "label");
	html_cstr(html, label);
	html_cstr(html, " ");
	html_open(html, "input");
	html_attr_cstr(html, "name", name);
	html_attr_cstr(html, "type", type);
	html_attr(html, "value", value.ptr ? value : STR(""));
	html_close(html);
	html_close(html);
}

static void write_option(struct html *html, const char *value, const char *label, bool selected)
{
	html_open(html, "option");
	html_attr_cstr(html, "value", value);
	if (selected)
		html_flag(html, "selected");
	html_cstr(html, label);
	html_close(html);
}

static void write_select(struct html *html, const char *name, const char *label, const char *const *words,
	struct str value)
{
	html_open(html, "label");
	html_cstr(html, label);
	html_cstr(html, " ");
	html_open(html, "select");
	html_attr_cstr(html, "name", name);
	write_option(html, "", "all", !value.ptr);
	for (; *words; words++)
		write_option(html, *words, *words, value.ptr && str_eq(value, str_from(*words)));
	html_close(html);
	html_close(html);
}

/* Links that set the period and keep the rest. */
static void write_periods(struct html *html, const struct request *request)
{
	static const struct {
		const char *value, *label;
		int32_t days;
	} periods[] = {{"7d", "7 days", 7}, {"30d", "30 days", 30}, {"90d", "90 days", 90}, {"365d", "1 year", 365}};
	struct filter filter = request->filter;
	struct str path = request_path(request);
	filter.given_period = false;
	html_open(html, "div");
	html_attr_cstr(html, "class", "periods");
	html_attr_cstr(html, "role", "group");
	html_attr_cstr(html, "aria-label", "Period");
	for (size_t i = 0; i < sizeof(periods) / sizeof(periods[0]); i++) {
		struct str query = filter_query(request->arena, &filter, "period", str_from(periods[i].value));
		html_open(html, "a");
		html_attr(html, "href", str_from(arena_printf(request->arena, "%.*s%.*s", STR_FMT(path),
			STR_FMT(query))));
		if ((request->given_days || !request->filter.given_period) && request->period_days == periods[i].days)
			html_attr_cstr(html, "aria-current", "true");
		html_cstr(html, periods[i].label);
		html_close(html);
	}
	html_close(html);
}

static void write_period(struct html *html, const struct request *request)
{
	html_open(html, "div");
	html_attr_cstr(html, "class", "topline");
	write_paragraph(html, "period", str_from(arena_printf(request->arena, "%.*s – %.*s, UTC report days",
		STR_FMT(request->filter.from), STR_FMT(request->filter.to))));
	write_periods(html, request);
	html_close(html);
}

static void write_form(struct html *html, const struct request *request, const struct page *page)
{
	const struct filter *filter = &request->filter;
	html_open(html, "form");
	html_attr_cstr(html, "class", "filter");
	html_attr_cstr(html, "method", "get");
	if (page->filtered) {
		write_input(html, "from", "From", "date", filter->from);
		write_input(html, "to", "to", "date", filter->to);
	}
	if (page->fields & FIELD_DOMAIN)
		write_input(html, "domain", "Domain", "text", filter->domain);
	if (page->fields & FIELD_REPORTER)
		write_input(html, "reporter", "Reporter", "text", filter->reporter);
	if (page->fields & FIELD_SOURCE)
		write_input(html, "source", "Address or network", "text", filter->source);
	if (page->fields & FIELD_KIND)
		write_select(html, "kind", "Kind", report_kinds, filter->kind);
	if (page->fields & FIELD_OUTCOME)
		write_select(html, "outcome", "Outcome", page->outcomes, filter->outcome);
	if (page->fields & FIELD_PROVENANCE)
		provenance_write_boxes(html, filter->provenance);
	html_open(html, "button");
	html_cstr(html, "Show");
	html_close(html);
	html_close(html);
}

/* What the list is narrowed by, each with a link that takes it away. */
static void write_chips(struct html *html, const struct request *request, const struct page *page)
{
	const struct filter *filter = &request->filter;
	const struct {
		const char *name;
		struct str value;
		unsigned field;
	} chips[] = {{"domain", filter->domain, FIELD_DOMAIN}, {"reporter", filter->reporter, FIELD_REPORTER},
		{"source", filter->source, FIELD_SOURCE}, {"kind", filter->kind, FIELD_KIND},
		{"outcome", filter->outcome, FIELD_OUTCOME}, {"provenance", filter->provenance, FIELD_PROVENANCE}};
	struct str path = request_path(request);
	bool any = false;
	for (size_t i = 0; i < sizeof(chips) / sizeof(chips[0]); i++) {
		if (!chips[i].value.ptr || !(page->fields & chips[i].field))
			continue;
		if (!any) {
			html_open(html, "p");
			html_attr_cstr(html, "class", "chips");
			html_cstr(html, "Only ");
		}
		any = true;
		struct str query = filter_query(request->arena, filter, chips[i].name, STR_NONE);
		html_open(html, "a");
		html_attr(html, "href", str_from(arena_printf(request->arena, "%.*s%.*s", STR_FMT(path),
			STR_FMT(query))));
		html_attr_cstr(html, "title", "Show without this");
		html_printf(html, "%s ", chips[i].name);
		html_hostile(html, chips[i].value);
		html_cstr(html, " ×");
		html_close(html);
	}
	if (any)
		html_close(html);
}

/* ---- links ---- */

static void write_links(struct html *html, const struct page *page)
{
	if (page->links_count == 0)
		return;
	html_open(html, "p");
	html_attr_cstr(html, "class", "links");
	for (size_t i = 0; i < page->links_count; i++) {
		html_open(html, "a");
		html_attr(html, "href", page->links[i].href);
		html_cstr(html, page->links[i].label);
		html_close(html);
	}
	html_close(html);
}

static void write_formats(struct html *html, const struct request *request)
{
	struct str query = filter_query(request->arena, &request->filter, NULL, STR_NONE);
	struct str path = request_path(request);
	html_open(html, "p");
	html_attr_cstr(html, "class", "formats");
	html_open(html, "a");
	html_attr(html, "href", str_from(arena_printf(request->arena, "/api/v1%.*s%.*s", STR_FMT(path),
		STR_FMT(query))));
	html_cstr(html, "JSON");
	html_close(html);
	html_open(html, "a");
	html_attr(html, "href", str_from(arena_printf(request->arena, "%.*s%.*s%sformat=csv", STR_FMT(path),
		STR_FMT(query), query.len > 0 ? "&" : "?")));
	html_cstr(html, "CSV");
	html_close(html);
	html_close(html);
}

/* ---- before the first report ---- */

static void write_welcome(struct html *html)
{
	static const char *const steps[][2] = {
		{"Ask for reports", "Publish rua=mailto:… in the DMARC record of each domain. Where the address "
			"is of another "
			"domain, that one must agree: DOMAIN._report._dmarc.THERE TXT \"v=DMARC1\"."},
		{"Deliver them to a Maildir", "Name it in the configuration, maildirs: - {path: …}; dmarcd run "
			"watches it. "
			"Mails that are there already: dmarcd ingest MAILDIR."},
		{"Wait for a day", "Receivers report once a day, most of them in the night after it: the first "
			"reports are "
			"here within two days. This page shows them as they come."},
		{"Or look at sample data", "dmarcd demo starts a database of its own with a month of made-up reports."},
	};
	html_open(html, "section");
	html_attr_cstr(html, "class", "welcome");
	html_element(html, "h2", "No mail has been taken in yet");
	html_open(html, "ol");
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		html_open(html, "li");
		html_element(html, "strong", steps[i][0]);
		html_cstr(html, " ");
		html_cstr(html, steps[i][1]);
		html_close(html);
	}
	html_close(html);
	html_close(html);
}

/* ---- all ---- */

/* A column of the first block's only row; absent when there is none. */
static struct str peek(const struct request *request, const struct page *page, struct rows *rows, const char *name)
{
	struct str value = STR_NONE;
	if (page->blocks[0].look == BLOCK_TABLE || !query_next(rows))
		return value;
	for (size_t i = 0; i < query_columns(rows); i++)
		if (strcmp(query_column_name(rows, i), name) == 0)
			value = arena_str(request->arena, query_value(rows, i));
	query_rewind(rows);
	return value;
}

/* What the figures of the first block rest on, as the configuration wants it told. */
static void write_weight(struct html *html, const struct request *request, const struct page *page, struct rows *rows)
{
	struct str messages = peek(request, page, rows, "messages"), all = peek(request, page, rows, "messages_all");
	struct str trusted = peek(request, page, rows, "trusted"), share = peek(request, page, rows, "untrusted_rate");
	struct str pass = peek(request, page, rows, "pass_rate_trusted");
	if (share.ptr && !str_eq(messages, trusted) && request->web->count_unverified == COUNT_FLAG) {
		html_open(html, "p");
		html_attr_cstr(html, "class", "weight");
		html_printf(html, "⚑ %.*s %% of these messages rest on reports that are not proved genuine. ",
			STR_FMT(share));
		html_cstr(html, "Trusted reports alone tell of ");
		block_write_number(html, peek(request, page, rows, "messages_trusted"));
		html_cstr(html, " messages");
		if (pass.ptr)
			html_printf(html, ", %.*s %% pass", STR_FMT(pass));
		html_cstr(html, ".");
		html_close(html);
	} else if (all.ptr && !str_eq(messages, all)) {
		html_open(html, "p");
		html_attr_cstr(html, "class", "weight");
		html_cstr(html, request->filter.provenance.ptr ? "Of the chosen reports only; all together tell of " :
			"Of verified, plausible and local reports only; all together tell of ");
		block_write_number(html, all);
		html_cstr(html, " messages.");
		html_close(html);
	}
}

static bool nothing_yet(const struct page *page, struct rows **rows)
{
	size_t last = page->blocks_count - 1;
	bool nothing = page->welcome && query_next(rows[last]) && query_get_i64(rows[last], "mails") == 0;
	query_rewind(rows[last]);
	return nothing;
}

void page_write_html(const struct request *request, const struct page *page, struct rows **rows, struct buf *out)
{
	struct html html;
	struct str subject = page->heading ? peek(request, page, rows[0], page->heading) : STR_NONE;
	struct str verdict = peek(request, page, rows[0], "verdict");
	html_init(&html, out);
	frame_begin(&html, request->web, page->title, subject.len > 0 ? subject : page->subject, page->nav);
	if (nothing_yet(page, rows)) {
		write_welcome(&html);
		frame_end(&html);
		return;
	}
	if (page->filtered)
		write_period(&html, request);
	if (verdict.len > 0)
		write_paragraph(&html, "verdict", verdict);
	write_weight(&html, request, page, rows[0]);
	if (page->intro)
		write_paragraph(&html, "intro", str_from(page->intro));
	write_links(&html, page);
	if (page->filtered || page->fields)
		write_form(&html, request, page);
	write_chips(&html, request, page);
	for (size_t i = 0; i < page->blocks_count; i++)
		block_write_html(&html, request, &page->blocks[i], rows[i]);
	write_formats(&html, request);
	frame_end(&html);
}
