// SPDX-License-Identifier: Apache-2.0
#include "web/block_html.h"

#include "web/pages/provenance.h"
#include "web/url.h"

#include <string.h>

#define DAYS_MAX 800
#define LINK_BYTES ((size_t)4096)
#define LOW_VOLUME 30
#define DENSE_COLUMNS 10
#define MIX_PARTS_MAX 4

static bool has_badge(struct str word)
{
	static const char *const words[] = {"pass", "fail", "none", "quarantine", "reject", "lenient", "conflict",
		"quarantined", "stored", "duplicate", "rfc7489", "rfc9990", "draft", "unknown",
		"aggregate", "failure", "tlsrpt", "delivered", "spam", "policy", "not_a_report"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_eq(word, str_from(words[i])))
			return true;
	return false;
}

void block_write_number(struct html *html, struct str value)
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

/* Of few messages a rate says little: it is shown and not judged. */
static void write_percent(struct html *html, const struct column *column, const struct rows *rows, struct str value)
{
	int whole = 0;
	bool few = column->of && query_get_i64(rows, column->of) < LOW_VOLUME;
	uint64_t read = 0;
	if (str_to_u64(str_sub(value, 0, str_find_char(value, '.')), 100, &read))
		whole = (int)read;
	html_open(html, "span");
	html_attr_cstr(html, "class", few ? "rate few" : whole >= 99 ? "rate ok" : whole >= 90 ? "rate warn" :
		"rate bad");
	if (few)
		html_attr_cstr(html, "title", "low volume: fewer than 30 messages");
	html_printf(html, "%s %.*s %%", few ? "low volume" : whole >= 99 ? "✓" : whole >= 90 ? "!" : "✕",
		STR_FMT(value));
	html_close(html);
}

static void write_mix(struct html *html, const struct column *column, const struct rows *rows)
{
	static const struct {
		const char *name, *label;
	} known[] = {{"both", "SPF and DKIM"}, {"dkim_only", "DKIM only"}, {"spf_only", "SPF only"},
		{"dmarc_pass", "pass"}, {"failing", "fail"}, {"success", "successful"}, {"failure", "failed"}};
	struct str rest = str_from(column->of), name;
	double parts[MIX_PARTS_MAX];
	const char *labels[MIX_PARTS_MAX];
	size_t count = 0;
	while (count < MIX_PARTS_MAX && str_split(&rest, ' ', &name))
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			if (str_eq(name, str_from(known[i].name))) {
				labels[count] = known[i].label;
				parts[count++] = (double)query_get_i64(rows, known[i].name);
			}
	chart_mix(html, parts, labels, count);
}

/* Many lines, behind a word that opens them. */
static void write_folded(struct html *html, struct str value)
{
	html_open(html, "details");
	html_element(html, "summary", "Each step");
	html_open(html, "pre");
	html_attr_cstr(html, "tabindex", "0");
	html_hostile_block(html, value);
	html_close(html);
	html_close(html);
}

static void write_plain(struct html *html, const struct request *request, const struct column *column,
	const struct rows *rows, struct str value)
{
	switch (column->look) {
	case LOOK_TEXT:
	case LOOK_PROSE:
	case LOOK_ID:
	case LOOK_HIDDEN:
	case LOOK_GROUP:
		html_hostile(html, value);
		break;
	case LOOK_WORD:
		write_word(html, value);
		break;
	case LOOK_NUMBER:
		block_write_number(html, value);
		break;
	case LOOK_PERCENT:
		write_percent(html, column, rows, value);
		break;
	case LOOK_SHARE:
		html_printf(html, "%.*s %%", STR_FMT(value));
		break;
	case LOOK_MIX:
		write_mix(html, column, rows);
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
	case LOOK_STATE:
		provenance_write_badge(html, value);
		break;
	case LOOK_MEANING:
		html_cstr(html, provenance_meaning(value));
		break;
	case LOOK_REASONS:
		provenance_write_reasons(html, value);
		break;
	case LOOK_DIFFERENCE:
		html_cstr(html, provenance_difference(value));
		break;
	case LOOK_TRACE:
		write_folded(html, value);
		break;
	case LOOK_TRUSTED:
		provenance_write_trusted(html, request->web, value);
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

/* false: a value that it needs is not there. */
static bool add_target(struct buf *href, const struct column *column, const struct rows *rows)
{
	struct str rest = str_from(column->link);
	while (rest.len > 0) {
		size_t open = str_find_char(rest, '{'), close = str_find_char(rest, '}');
		buf_add_str(href, str_sub(rest, 0, open));
		if (open == SIZE_MAX)
			return true;
		struct buf name;
		buf_init(&name, 64);
		buf_add_str(&name, str_sub(rest, open + 1, close - open - 1));
		struct str value = query_get(rows, buf_cstr(&name));
		buf_fini(&name);
		if (value.len == 0)
			return false;
		url_add(href, value);
		rest = str_from_offset(rest, close + 1);
	}
	return true;
}

/* The rows behind a number are those of the same period and domain. */
static void add_filter(struct buf *href, const struct filter *filter, bool domain)
{
	if (filter->given_period)
		buf_printf(href, "from=%.*s&to=%.*s&", STR_FMT(filter->from), STR_FMT(filter->to));
	if (filter->provenance.ptr && str_find(buf_str(href), STR("provenance=")) == SIZE_MAX) {
		buf_add_str(href, STR("provenance="));
		url_add(href, filter->provenance);
		buf_add_char(href, '&');
	}
	if (domain && filter->domain.ptr) {
		buf_add_str(href, STR("domain="));
		url_add(href, filter->domain);
		buf_add_char(href, '&');
	}
	href->len--; /* the last "?" or "&" */
}

static void write_cell(struct html *html, const struct request *request, const struct column *column,
	const struct rows *rows)
{
	struct str value = query_get(rows, column->name);
	struct buf href;
	buf_init(&href, LINK_BYTES);
	if (value.len == 0) {
		html_cstr(html, "–");
	} else if (column->link && !str_eq(value, STR("0")) && add_target(&href, column, rows)) {
		char last = href.ptr[href.len - 1];
		if (last == '?' || last == '&')
			add_filter(&href, &request->filter, !strstr(column->link, "{policy_domain}") &&
				!strstr(column->link, "{reported_domain}"));
		html_open(html, "a");
		html_attr(html, "href", buf_str(&href));
		write_plain(html, request, column, rows, value);
		html_close(html);
	} else {
		write_plain(html, request, column, rows, value);
	}
	buf_fini(&href);
}

static const char *class_of(const struct column *column)
{
	switch (column->look) {
	case LOOK_NUMBER:
	case LOOK_PERCENT:
	case LOOK_SHARE:
	case LOOK_BYTES:
	case LOOK_TRUSTED:
		return "n";
	case LOOK_MIX:
		return "mix";
	case LOOK_PROSE:
	case LOOK_MEANING:
	case LOOK_REASONS:
	case LOOK_DIFFERENCE:
		return "prose";
	case LOOK_ID:
		return "id";
	case LOOK_RESULTS:
		return "results";
	case LOOK_TEXT:
	case LOOK_WORD:
	case LOOK_TIME:
	case LOOK_DAY:
	case LOOK_STATE:
	case LOOK_YES:
	case LOOK_PRE:
	case LOOK_TRACE:
	case LOOK_GROUP:
	case LOOK_HIDDEN:
		break;
	}
	return NULL;
}

static size_t shown_columns(const struct block *block)
{
	size_t shown = 0;
	for (const struct column *column = block->columns; column->name; column++)
		shown += column->look != LOOK_HIDDEN;
	return shown;
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
		html_attr(html, "class", str_from(class_of(column)));
		html_cstr(html, column->label);
		html_close(html);
	}
	html_close(html);
	html_close(html);
}

static void write_more(struct html *html, const struct request *request, const struct block *block, struct str cursor)
{
	html_open(html, "p");
	html_attr_cstr(html, "class", "more");
	if (block->paged || block->more.ptr) {
		struct filter filter = request->filter;
		filter.given_period |= filter.step != NULL; /* the default moves with the days */
		struct str query = filter_query(request->arena, &filter, "after", cursor);
		struct buf href;
		buf_init(&href, LINK_BYTES);
		buf_add_str(&href, block->paged ? request_path(request) : block->more);
		if (block->paged)
			buf_add_str(&href, query);
		html_open(html, "a");
		if (block->paged)
			html_attr_cstr(html, "rel", "next");
		html_attr(html, "href", buf_str(&href));
		html_printf(html, block->paged ? "The next %zu" : "All of them, not only %zu", block->limit);
		html_close(html);
		buf_fini(&href);
	} else {
		html_printf(html, "Only the first %zu are shown.", block->limit);
	}
	html_close(html);
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
	if (shown_columns(block) >= DENSE_COLUMNS)
		html_attr_cstr(html, "class", "dense");
	html_attr_cstr(html, "data-block", block->name);
	write_table_head(html, block);
	html_open(html, "tbody");
	while (query_next(rows)) {
		if (shown++ == block->limit && block->limit > 0)
			break;
		html_open(html, "tr");
		for (const struct column *column = block->columns; column->name; column++) {
			if (column->look == LOOK_HIDDEN)
				continue;
			html_open(html, "td");
			html_attr(html, "class", str_from(class_of(column)));
			write_cell(html, request, column, rows);
			html_close(html);
		}
		html_close(html);
		if (block->paged)
			cursor = arena_str(request->arena, query_get(rows, block_cursor(block)));
	}
	html_close(html);
	html_close(html);
	html_close(html);
	if (block->limit > 0 && shown > block->limit)
		write_more(html, request, block, cursor);
}

/* The same figure of all reports and of those that are to be trusted, where the query tells it. */
static void write_both_ways(struct html *html, const struct request *request, const struct column *column,
	const struct rows *rows)
{
	static const char *const endings[] = {"_all", "_trusted"}, *const labels[] = {"all ", "trusted "};
	struct str value[2];
	for (size_t i = 0; i < 2; i++) {
		const char *name = arena_printf(request->arena, "%s%s", column->name, endings[i]);
		if (!query_has(rows, name))
			return;
		value[i] = query_get(rows, name);
	}
	html_open(html, "dd");
	html_attr_cstr(html, "class", "with");
	for (size_t i = 0; i < 2; i++) {
		html_cstr(html, i > 0 ? " · " : "");
		html_open(html, "span");
		html_cstr(html, labels[i]);
		if (!value[i].ptr)
			html_cstr(html, "–");
		else
			block_write_number(html, value[i]);
		html_cstr(html, value[i].ptr && column->look == LOOK_PERCENT ? " %" : "");
		html_close(html);
	}
	html_close(html);
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
		write_both_ways(html, request, column, rows);
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
		if (column->look == LOOK_GROUP) {
			html_close(html);
			html_element(html, "h2", column->label);
			html_open(html, "dl");
			html_attr_cstr(html, "class", "facts");
			continue;
		}
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
		struct filter unbound = request->filter;
		unbound.given_period = false;
		struct str query = filter_query(request->arena, &unbound, NULL, STR_NONE), path = request_path(request);
		const struct chart chart = {
			.days = days,
			.count = count,
			.step = request->filter.step,
			.from = request->filter.from,
			.to = request->filter.to,
			.link = str_from(arena_printf(request->arena, "%.*s%.*s%s", STR_FMT(path), STR_FMT(query),
				query.len > 0 ? "&" : "?")),
		};
		chart_daily(html, &chart);
	} else {
		html_open(html, "p");
		html_attr_cstr(html, "class", "empty");
		html_cstr(html, "No messages were reported in this period.");
		html_close(html);
	}
}

static void write_note(struct html *html, const struct rows *rows)
{
	struct str text = query_get(rows, "text");
	if (text.len == 0)
		return;
	html_open(html, "p");
	html_attr_cstr(html, "class", "intro");
	html_hostile(html, text);
	html_close(html);
}

static void write_one(struct html *html, const struct request *request, const struct block *block,
	const struct rows *rows)
{
	if (block->look == BLOCK_FIGURES)
		write_figures(html, request, block, rows);
	else if (block->look == BLOCK_NOTE)
		write_note(html, rows);
	else
		write_facts(html, request, block, rows);
}

void block_write_html(struct html *html, const struct request *request, const struct block *block, struct rows *rows)
{
	if (query_count(rows) == 0 && (block->hide_empty || block->look == BLOCK_NOTE))
		return;
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
		write_one(html, request, block, rows);
	}
	html_close(html);
}
