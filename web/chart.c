// SPDX-License-Identifier: Apache-2.0
#include "web/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARTS 4
#define TOP 8.0
#define BOTTOM 22.0
#define LINES_MAX 5
#define COMPACT_BARS 45
#define LABEL_BYTES 16

static const struct {
	const char *class_name, *label;
} parts[PARTS] = {{"both", "SPF and DKIM"}, {"dkim", "DKIM only"}, {"spf", "SPF only"}, {"fail", "Fail"}};

/* The same drawing for wide and for narrow screens. */
static const struct sheet {
	const char *class_name, *view_box;
	double width, height, left;
	size_t labels;
} sheets[] = {{"wide", "0 0 960 250", 960, 250, 56, 10}, {"compact", "0 0 360 210", 360, 210, 40, 5}};

struct bar {
	size_t first, last; /* of the chart's days */
	double parts[PARTS];
};

/* 1, 2 or 5 times a power of ten, so that LINES_MAX steps reach the largest. */
static double round_step(double largest)
{
	double step = 1;
	static const double factors[] = {2, 2.5, 2};
	for (int i = 0; step * LINES_MAX < largest && i < 60; i++)
		step *= factors[i % 3];
	return step;
}

static void attr_number(struct html *html, const char *name, double value)
{
	char text[32];
	(void)snprintf(text, sizeof(text), "%.2f", value);
	html_attr_cstr(html, name, text);
}

static void text_at(struct html *html, double x, double y, const char *anchor, const char *text)
{
	html_open(html, "text");
	html_attr_cstr(html, "class", "axis");
	attr_number(html, "x", x);
	attr_number(html, "y", y);
	html_attr_cstr(html, "text-anchor", anchor);
	html_cstr(html, text);
	html_close(html);
}

static void short_number(double value, char text[32])
{
	if (value >= 1e9)
		(void)snprintf(text, 32, "%.4gG", value / 1e9);
	else if (value >= 1e6)
		(void)snprintf(text, 32, "%.4gM", value / 1e6);
	else if (value >= 1e4)
		(void)snprintf(text, 32, "%.4gk", value / 1e3);
	else if (value >= 1e3)
		(void)snprintf(text, 32, "%d,%03d", (int)value / 1000, (int)value % 1000);
	else
		(void)snprintf(text, 32, "%.0f", value);
}

/* "2026-10-28" -> "28 Oct"; of months "Oct 2026". */
static const char *axis_label(const char *day, const char *step, char text[LABEL_BYTES])
{
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov",
		"Dec"};
	struct day parsed;
	int year, month, mday;
	if (!day_parse(str_from(day), &parsed))
		return day;
	day_to_civil(parsed, &year, &month, &mday);
	if (strcmp(step, "month") == 0)
		(void)snprintf(text, LABEL_BYTES, "%s %d", months[month - 1], year % 10000);
	else
		(void)snprintf(text, LABEL_BYTES, "%d %s", mday % 100, months[month - 1]);
	return text;
}

static double total_of(const double *of)
{
	return of[0] + of[1] + of[2] + of[3];
}

/* ---- the drawing ---- */

static void draw_grid(struct html *html, const struct sheet *sheet, double step, int lines)
{
	double plot = sheet->height - TOP - BOTTOM;
	for (int i = 0; i <= lines; i++) {
		char text[32];
		double y = TOP + plot - plot * i / lines;
		html_open(html, "line");
		html_attr_cstr(html, "class", i == 0 ? "grid base" : "grid");
		attr_number(html, "x1", sheet->left);
		attr_number(html, "x2", sheet->width);
		attr_number(html, "y1", y);
		attr_number(html, "y2", y);
		html_close(html);
		short_number(step * i, text);
		text_at(html, sheet->left - 7, y + 4, "end", text);
	}
}

/* The bar's first and last day, cut to the period. */
static void bar_period(const struct chart *chart, const struct bar *bar, char from[DAY_TEXT_BYTES],
	char to[DAY_TEXT_BYTES])
{
	struct day first, last, next;
	if (!day_parse(str_from(chart->days[bar->first].day), &first) || !day_parse(chart->from, &last) ||
		!day_parse(chart->to, &next)) {
		from[0] = to[0] = '\0';
		return;
	}
	if (first.number < last.number)
		first = last;
	last = next;
	if (bar->last + 1 < chart->count && day_parse(str_from(chart->days[bar->last + 1].day), &next))
		last.number = next.number - 1;
	(void)day_format(first, from);
	(void)day_format(last, to);
}

static void attr_link(struct html *html, const char *name, const struct chart *chart, const struct bar *bar)
{
	char from[DAY_TEXT_BYTES], to[DAY_TEXT_BYTES];
	bar_period(chart, bar, from, to);
	struct buf link;
	buf_init(&link, (size_t)8192);
	buf_printf(&link, "%.*sfrom=%s&to=%s", STR_FMT(chart->link), from, to);
	html_attr(html, name, buf_str(&link));
	buf_fini(&link);
}

static void draw_bar(struct html *html, const struct chart *chart, const struct bar *bar, const double box[3],
	double base)
{
	const double x = box[0], width = box[1], scale = box[2];
	html_open(html, "g");
	html_attr_cstr(html, "class", "bar");
	if (chart->link.ptr)
		attr_link(html, "data-href", chart, bar);
	html_open(html, "title");
	html_cstr(html, chart->days[bar->first].day);
	if (bar->last > bar->first)
		html_printf(html, " – %s", chart->days[bar->last].day);
	html_printf(html, ": %.0f SPF and DKIM, %.0f DKIM only, %.0f SPF only, %.0f fail", bar->parts[0],
		bar->parts[1], bar->parts[2], bar->parts[3]);
	html_close(html);
	double y = base;
	for (int i = 0; i < PARTS; i++) {
		double height = bar->parts[i] * scale;
		if (height <= 0)
			continue;
		y -= height;
		html_open(html, "rect");
		html_attr_cstr(html, "class", parts[i].class_name);
		attr_number(html, "x", x);
		attr_number(html, "y", y);
		attr_number(html, "width", width);
		attr_number(html, "height", height > 1.8 ? height - 0.9 : height);
		html_close(html);
	}
	html_close(html);
}

static void draw(struct html *html, const struct chart *chart, const struct sheet *sheet, size_t together)
{
	size_t count = (chart->count + together - 1) / together, every = count / sheet->labels + 1;
	double largest = 1, plot = sheet->height - TOP - BOTTOM, slot = (sheet->width - sheet->left) / (double)count;
	struct bar *bars = calloc(count, sizeof(*bars));
	if (!bars)
		die_out_of_memory();
	for (size_t i = 0; i < chart->count; i++) {
		struct bar *bar = &bars[i / together];
		bar->first = i / together * together;
		bar->last = i;
		for (int k = 0; k < PARTS; k++)
			bar->parts[k] += chart->days[i].parts[k];
		if (total_of(bar->parts) > largest)
			largest = total_of(bar->parts);
	}
	double step = round_step(largest);
	int lines = 1;
	while (lines < LINES_MAX && step * lines < largest)
		lines++;
	html_open(html, "svg");
	html_attr_cstr(html, "class", sheet->class_name);
	html_attr_cstr(html, "role", "img");
	html_attr_cstr(html, "aria-label", "Messages by DMARC outcome; the same numbers are in the table below");
	html_attr_cstr(html, "viewBox", sheet->view_box);
	draw_grid(html, sheet, step, lines);
	for (size_t i = 0; i < count; i++) {
		char text[LABEL_BYTES];
		double x = sheet->left + slot * (double)i, width = slot * 0.84 < 64 ? slot * 0.84 : 64;
		const double box[3] = {x + (slot - width) / 2, width, plot / (step * lines)};
		draw_bar(html, chart, &bars[i], box, TOP + plot);
		if (i % every == 0)
			text_at(html, x + slot / 2, sheet->height - 5, i == 0 && slot < 30 ? "start" : "middle",
				axis_label(chart->days[bars[i].first].day, chart->step, text));
	}
	html_close(html);
	free(bars);
}

/* ---- legend and table ---- */

static void write_count(struct html *html, double value)
{
	char digits[40], text[60];
	size_t at = 0;
	int len = snprintf(digits, sizeof(digits), "%.0f", value);
	for (int i = 0; i < len && at + 2 < sizeof(text); i++) {
		if (i > 0 && (len - i) % 3 == 0)
			text[at++] = ',';
		text[at++] = digits[i];
	}
	html_text(html, (struct str){text, at});
}

static void write_legend(struct html *html, const struct chart *chart)
{
	html_open(html, "figcaption");
	html_open(html, "span");
	html_printf(html, "Messages per %s", chart->step);
	html_close(html);
	html_open(html, "span");
	html_attr_cstr(html, "class", "legend");
	for (int i = 0; i < PARTS; i++) {
		double sum = 0;
		for (size_t k = 0; k < chart->count; k++)
			sum += chart->days[k].parts[i];
		html_open(html, "span");
		html_open(html, "i");
		html_attr_cstr(html, "class", parts[i].class_name);
		html_close(html);
		html_cstr(html, parts[i].label);
		html_cstr(html, " ");
		html_open(html, "strong");
		write_count(html, sum);
		html_close(html);
		html_close(html);
	}
	html_close(html);
	html_close(html);
}

static void write_head(struct html *html, const char *label, const char *class_name)
{
	html_open(html, "th");
	html_attr_cstr(html, "scope", "col");
	html_attr(html, "class", str_from(class_name));
	html_cstr(html, label);
	html_close(html);
}

static void write_table(struct html *html, const struct chart *chart)
{
	html_open(html, "details");
	html_element(html, "summary", "Show as table");
	html_open(html, "div");
	html_attr_cstr(html, "class", "scroll");
	html_attr_cstr(html, "tabindex", "0");
	html_open(html, "table");
	html_open(html, "thead");
	html_open(html, "tr");
	write_head(html, chart->step, NULL);
	for (int i = 0; i < PARTS; i++)
		write_head(html, parts[i].label, "n");
	html_close(html);
	html_close(html);
	html_open(html, "tbody");
	for (size_t i = 0; i < chart->count; i++) {
		const struct bar bar = {.first = i, .last = i};
		html_open(html, "tr");
		html_open(html, "th");
		html_attr_cstr(html, "scope", "row");
		if (chart->link.ptr) {
			html_open(html, "a");
			attr_link(html, "href", chart, &bar);
		}
		html_cstr(html, chart->days[i].day);
		if (chart->link.ptr)
			html_close(html);
		html_close(html);
		for (int k = 0; k < PARTS; k++) {
			html_open(html, "td");
			html_attr_cstr(html, "class", "n");
			write_count(html, chart->days[i].parts[k]);
			html_close(html);
		}
		html_close(html);
	}
	html_close(html);
	html_close(html);
	html_close(html);
	html_close(html);
}

void chart_daily(struct html *html, const struct chart *chart)
{
	html_open(html, "figure");
	write_legend(html, chart);
	for (size_t i = 0; i < sizeof(sheets) / sizeof(sheets[0]); i++)
		draw(html, chart, &sheets[i], i == 0 ? 1 : (chart->count + COMPACT_BARS - 1) / COMPACT_BARS);
	write_table(html, chart);
	html_close(html);
}

void chart_mix(struct html *html, const double *values, const char *const *labels, size_t count)
{
	double all = 0, x = 0;
	struct buf text;
	buf_init(&text, 1024);
	for (size_t i = 0; i < count; i++) {
		all += values[i];
		buf_printf(&text, "%s%.0f %s", i > 0 ? ", " : "", values[i], labels[i]);
	}
	html_open(html, "svg");
	html_attr_cstr(html, "class", "mix");
	html_attr_cstr(html, "role", "img");
	html_attr(html, "aria-label", buf_str(&text));
	html_attr_cstr(html, "viewBox", "0 0 100 10");
	html_attr_cstr(html, "preserveAspectRatio", "none");
	html_open(html, "title");
	html_text(html, buf_str(&text));
	html_close(html);
	for (size_t i = 0; i < count && all > 0; i++) {
		double width = 100 * values[i] / all;
		if (width <= 0)
			continue;
		html_open(html, "rect");
		html_attr_cstr(html, "class", parts[i + 1 == count ? PARTS - 1 : i].class_name);
		attr_number(html, "x", x);
		attr_number(html, "y", 0);
		attr_number(html, "width", width);
		attr_number(html, "height", 10);
		html_close(html);
		x += width;
	}
	html_close(html);
	buf_fini(&text);
}
