// SPDX-License-Identifier: Apache-2.0
#include "web/block_html.h"

#include "web/url.h"

#include <string.h>

#define DAYS_MAX 800
#define LINK_BYTES ((size_t)4096)

static bool has_badge(struct str word)
{
	static const char *const words[] = {"pass", "fail", "none", "quarantine", "reject", "lenient", "conflict",
		"quarantined", "stored", "duplicate", "rfc7489", "rfc9990", "draft", "unknown", "pending", "local",
		"verified", "aggregate", "failure", "tlsrpt", "delivered", "spam", "policy", "not_a_report"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_eq(word, str_from(words[i])))
			return true;
	return false;
}

/* 1234567 -> 1,234,567; digits behind a point stay. */
static void write_number(struct html *html, struct str value)
{
	struct buf text;
	size_t point = str_find_char(value, '.'), whole = point == SIZE_MAX ? value.len : point;
	bool negative = str_starts(value, STR("-"));
	buf_init(&text, 1024);
	for (size_t i = 0; i < value.len; i++) {
		size_t left = whole - i;
		if (i > (negative ? 1u : 0u) && i < whole && left % 3 == 0)
			buf_add_char(&text, ',');
		buf_add_char(&text, value.ptr[i]);
	}
	html_text(html, buf_str(&text));
	buf_fini(&text);
}

static void write_bytes(struct html *html, struct str value)
{
	uint64_t bytes = 0;
	(void)str_to_u64(value, UINT64_MAX, &bytes);
	if (bytes >= 1024 * 1024)
		html_printf(html, "%.1f MiB", (double)bytes / 1048576);
	else if (bytes >= 1024)
		html_printf(html, "%.1f KiB", (double)bytes / 1024);
	else
		html_printf(html, "%llu B", (unsigned long long)bytes);
}

static void write_word(struct html *html, struct str value)
{
	if (!has_badge(value)) {
		html_hostile(html, value);
		return;
	}
	html_open(html, "span");
	struct buf name;
	buf_init(&name, 64);
	buf_add_str(&name, STR("badge "));
	buf_add_str(&name, value);
	html_attr(html, "class", buf_str(&name));
	buf_fini(&name);
	html_text(html, value);
	html_close(html);
}

static void write_percent(struct html *html, struct str value)
{
	int whole = 0;
	uint64_t read = 0;
	if (str_to_u64(str_sub(value, 0, str_find_char(value, '.')), 100, &read))
		whole = (int)read;
	html_open(html, "span");
	html_attr_cstr(html, "class", whole >= 99 ? "rate ok" : whole >= 90 ? "rate warn" : "rate bad");
	html_printf(html, "%s %.*s %%", whole >= 99 ? "✓" : whole >= 90 ? "!" : "✕", STR_FMT(value));
	html_close(html);
}

static void write_plain(struct html *html, const struct column *column, struct str value)
{
	switch (column->look) {
	case LOOK_TEXT:
	case LOOK_HIDDEN:
		html_hostile(html, value);
		break;
	case LOOK_WORD:
		write_word(html, value);
		break;
	case LOOK_NUMBER:
		write_number(html, value);
		break;
	case LOOK_PERCENT:
		write_percent(html, value);
		break;
	case LOOK_BYTES:
		write_bytes(html, value);
		break;
	case LOOK_TIME:
		html_text(html, str_sub(value, 0, 16));
		break;
	case LOOK_DAY:
		html_text(html, value);
		break;
	case LOOK_YES:
		html_cstr(html, str_eq(value, STR("t")) ? "✓ yes" : "✕ no");
		break;
	case LOOK_RESULTS:
	case LOOK_PRE:
		html_open(html, "pre");
		html_hostile_block(html, value);
		html_close(html);
		break;
	}
}

static void write_link(struct html *html, const struct request *request, const struct column *column,
	const struct rows *rows)
{
	struct str target = column->link_by ? query_get(rows, column->link_by) : query_get(rows, column->name);
	struct buf href;
	buf_init(&href, LINK_BYTES);
	buf_add_str(&href, str_from(column->link));
	url_add(&href, target);
	/* A list that is filtered by the value keeps the rest of the filter. */
	if (!str_ends(str_from(column->link), STR("=")) && request->filter.given_period)
		buf_printf(&href, "?from=%.*s&to=%.*s", STR_FMT(request->filter.from), STR_FMT(request->filter.to));
	html_open(html, "a");
	html_attr(html, "href", buf_str(&href));
	write_plain(html, column, query_get(rows, column->name));
	html_close(html);
	buf_fini(&href);
}

static void write_cell(struct html *html, const struct request *request, const struct column *column,
	const struct rows *rows)
{
	struct str value = query_get(rows, column->name);
	bool no_target = column->link_by && query_get(rows, column->link_by).len == 0;
	if (value.len == 0)
		html_cstr(html, "–");
	else if (column->link && !no_target)
		write_link(html, request, column, rows);
	else
		write_plain(html, column, value);
}

static bool is_right(const struct column *column)
{
	return column->look == LOOK_NUMBER || column->look == LOOK_PERCENT || column->look == LOOK_BYTES;
}

static void write_table_head(struct html *html, const struct block *block)
{
	html_open(html, "thead");
	html_open(html, "tr");
	for (const struct column *column = block->columns; column->name; column++) {
		if (column->look == LOOK_HIDDEN)
			continue;
		html_open(html, "th");
		html_attr_cstr(html, "scope", "col");
		if (is_right(column))
			html_attr_cstr(html, "class", "n");
		html_cstr(html, column->label);
		html_close(html);
	}
	html_close(html);
	html_close(html);
}

static void write_next(struct html *html, const struct request *request, struct str cursor)
{
	struct buf href;
	struct str query = filter_query(request->arena, &request->filter, "after", cursor);
	buf_init(&href, LINK_BYTES);
	struct str rest = request->path, segment;
	while (str_split(&rest, '/', &segment)) {
		if (segment.len == 0)
			continue;
		buf_add_char(&href, '/');
		url_add(&href, segment);
	}
	if (href.len == 0)
		buf_add_char(&href, '/');
	buf_add_str(&href, query);
	html_open(html, "p");
	html_open(html, "a");
	html_attr_cstr(html, "rel", "next");
	html_attr(html, "href", buf_str(&href));
	html_printf(html, "The next %d", PAGE_ROWS_MAX);
	html_close(html);
	html_close(html);
	buf_fini(&href);
}

static void write_table(struct html *html, const struct request *request, const struct block *block,
	struct rows *rows)
{
	size_t shown = 0;
	struct str cursor = STR_NONE;
	html_open(html, "div");
	html_attr_cstr(html, "class", "scroll");
	html_attr_cstr(html, "tabindex", "0");
	html_attr_cstr(html, "role", "region");
	html_attr_cstr(html, "aria-label", block->title);
	html_open(html, "table");
	html_attr_cstr(html, "data-block", block->name);
	write_table_head(html, block);
	html_open(html, "tbody");
	while (shown <= PAGE_ROWS_MAX && query_next(rows)) {
		if (shown++ == PAGE_ROWS_MAX)
			break;
		html_open(html, "tr");
		for (const struct column *column = block->columns; column->name; column++) {
			if (column->look == LOOK_HIDDEN)
				continue;
			html_open(html, "td");
			if (is_right(column))
				html_attr_cstr(html, "class", "n");
			write_cell(html, request, column, rows);
			html_close(html);
		}
		html_close(html);
		if (block->paged)
			cursor = arena_str(request->arena, query_get(rows, block->cursor_column));
	}
	html_close(html);
	html_close(html);
	html_close(html);
	if (block->paged && shown > PAGE_ROWS_MAX)
		write_next(html, request, cursor);
}

static void write_figures(struct html *html, const struct request *request, const struct block *block,
	const struct rows *rows)
{
	html_open(html, "dl");
	html_attr_cstr(html, "class", "figures");
	for (const struct column *column = block->columns; column->name; column++) {
		if (column->look == LOOK_HIDDEN)
			continue;
		html_open(html, "div");
		html_open(html, "dt");
		html_cstr(html, column->label);
		html_close(html);
		html_open(html, "dd");
		html_attr_cstr(html, "data-figure", column->name);
		write_cell(html, request, column, rows);
		html_close(html);
		html_close(html);
	}
	html_close(html);
}

static void write_facts(struct html *html, const struct request *request, const struct block *block,
	const struct rows *rows)
{
	html_open(html, "dl");
	html_attr_cstr(html, "class", "facts");
	for (const struct column *column = block->columns; column->name; column++) {
		if (column->look == LOOK_HIDDEN || query_get(rows, column->name).len == 0)
			continue;
		html_open(html, "div");
		html_open(html, "dt");
		html_cstr(html, column->label);
		html_close(html);
		html_open(html, "dd");
		write_cell(html, request, column, rows);
		html_close(html);
		html_close(html);
	}
	html_close(html);
}

static void write_chart(struct html *html, const struct request *request, struct rows *rows)
{
	static const char *const names[] = {"both", "dkim_only", "spf_only", "fail"};
	struct chart_day *days = ARENA_ARRAY(request->arena, DAYS_MAX, struct chart_day);
	size_t count = 0;
	double all = 0;
	while (count < DAYS_MAX && query_next(rows)) {
		struct chart_day *day = &days[count++];
		struct str text = str_sub(query_get(rows, "day"), 0, DAY_TEXT_BYTES - 1);
		(void)memcpy(day->day, text.ptr, text.len);
		for (int i = 0; i < 4; i++)
			all += day->parts[i] = (double)query_get_i64(rows, names[i]);
	}
	if (all > 0) {
		chart_daily(html, days, count, request->filter.step);
	} else {
		html_open(html, "p");
		html_attr_cstr(html, "class", "empty");
		html_cstr(html, "No messages were reported in this period.");
		html_close(html);
	}
}

static void write_block(struct html *html, const struct request *request, const struct block *block,
	struct rows *rows)
{
	html_open(html, "section");
	if (block->title && block->look != BLOCK_DAILY)
		html_element(html, "h2", block->title);
	if (block->look == BLOCK_DAILY) {
		write_chart(html, request, rows);
	} else if (query_count(rows) == 0) {
		html_open(html, "p");
		html_attr_cstr(html, "class", "empty");
		html_cstr(html, block->empty ? block->empty : "Nothing in this period.");
		html_close(html);
	} else if (block->look == BLOCK_TABLE) {
		write_table(html, request, block, rows);
	} else if (query_next(rows)) {
		if (block->look == BLOCK_FIGURES)
			write_figures(html, request, block, rows);
		else
			write_facts(html, request, block, rows);
	}
	html_close(html);
}

static void write_input(struct html *html, const char *name, const char *label, const char *type,
	struct str value)
{
	html_open(html, "label");
	html_cstr(html, label);
	html_cstr(html, " ");
	html_open(html, "input");
	html_attr_cstr(html, "name", name);
	html_attr_cstr(html, "type", type);
	html_attr(html, "value", value);
	html_close(html);
	html_close(html);
}

static void write_hidden(struct html *html, const char *name, struct str value)
{
	if (!value.ptr)
		return;
	html_open(html, "input");
	html_attr_cstr(html, "type", "hidden");
	html_attr_cstr(html, "name", name);
	html_attr(html, "value", value);
	html_close(html);
}

static void write_form(struct html *html, const struct filter *filter, bool choose_domain)
{
	html_open(html, "form");
	html_attr_cstr(html, "class", "filter");
	html_attr_cstr(html, "method", "get");
	write_input(html, "from", "From", "date", filter->from);
	write_input(html, "to", "to", "date", filter->to);
	if (choose_domain)
		write_input(html, "domain", "Domain", "text", filter->domain.ptr ? filter->domain : STR(""));
	write_hidden(html, "reporter", filter->reporter);
	write_hidden(html, "source", filter->source);
	write_hidden(html, "kind", filter->kind);
	write_hidden(html, "outcome", filter->outcome);
	html_open(html, "button");
	html_cstr(html, "Show");
	html_close(html);
	html_close(html);
}

static void write_formats(struct html *html, const struct request *request, const struct page *page)
{
	struct buf href;
	struct str query = filter_query(request->arena, &request->filter, NULL, STR_NONE);
	html_open(html, "p");
	html_attr_cstr(html, "class", "formats");
	for (size_t i = 0; i < page->links_count; i++) {
		html_open(html, "a");
		html_attr(html, "href", page->links[i].href);
		html_cstr(html, page->links[i].label);
		html_close(html);
	}
	for (int csv = 0; csv <= 1; csv++) {
		struct str rest = request->path, segment;
		buf_init(&href, LINK_BYTES);
		if (!csv)
			buf_add_str(&href, STR("/api/v1"));
		while (str_split(&rest, '/', &segment)) {
			if (segment.len == 0)
				continue;
			buf_add_char(&href, '/');
			url_add(&href, segment);
		}
		if (href.len == 0 || (!csv && href.len == 7))
			buf_add_char(&href, '/');
		buf_add_str(&href, query);
		if (csv)
			buf_add_str(&href, query.len > 0 ? STR("&format=csv") : STR("?format=csv"));
		html_open(html, "a");
		html_attr(html, "href", buf_str(&href));
		html_cstr(html, csv ? "CSV" : "JSON");
		html_close(html);
		buf_fini(&href);
	}
	html_close(html);
}

void page_write_html(const struct request *request, const struct page *page, struct rows **rows, struct buf *out)
{
	struct html html;
	html_init(&html, out);
	frame_begin(&html, request->web, page->title, page->subject, page->nav);
	if (page->intro) {
		html_open(&html, "p");
		html_attr_cstr(&html, "class", "intro");
		html_cstr(&html, page->intro);
		html_close(&html);
	}
	if (page->filtered)
		write_form(&html, &request->filter, page->subject.len == 0);
	for (size_t i = 0; i < page->blocks_count; i++)
		write_block(&html, request, &page->blocks[i], rows[i]);
	write_formats(&html, request, page);
	frame_end(&html);
}
