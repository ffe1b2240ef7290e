// SPDX-License-Identifier: Apache-2.0
#include "web/page.h"

#include <stdio.h>
#include <string.h>

#define WIDTH 960.0
#define HEIGHT 240.0
#define LEFT 52.0
#define TOP 8.0
#define BOTTOM 22.0
#define LINES 4
#define LABELS_MAX 8

static const struct {
	const char *class_name, *label;
} parts[4] = {{"both", "SPF and DKIM"}, {"dkim", "DKIM only"}, {"spf", "SPF only"}, {"fail", "Fail"}};

/* 1, 2 or 5 times a power of ten, so that LINES steps reach the largest. */
static double round_step(double largest)
{
	double step = 1;
	static const double factors[] = {2, 2.5, 2};
	for (int i = 0; step * LINES < largest && i < 60; i++)
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
	else
		(void)snprintf(text, 32, "%.0f", value);
}

static void draw_grid(struct html *html, double step, double plot)
{
	for (int i = 0; i <= LINES; i++) {
		char text[32];
		double y = TOP + plot - plot * i / LINES;
		html_open(html, "line");
		html_attr_cstr(html, "class", "grid");
		attr_number(html, "x1", LEFT);
		attr_number(html, "x2", WIDTH);
		attr_number(html, "y1", y);
		attr_number(html, "y2", y);
		html_close(html);
		short_number(step * i, text);
		text_at(html, LEFT - 6, y + 4, "end", text);
	}
}

static void draw_bar(struct html *html, const struct chart_day *day, double x, double width, double scale,
	double base)
{
	html_open(html, "g");
	html_attr_cstr(html, "class", "bar");
	html_open(html, "title");
	html_printf(html, "%s: %.0f SPF and DKIM, %.0f DKIM only, %.0f SPF only, %.0f fail", day->day, day->parts[0],
		day->parts[1], day->parts[2], day->parts[3]);
	html_close(html);
	double y = base;
	for (int i = 0; i < 4; i++) {
		double height = day->parts[i] * scale;
		if (height <= 0)
			continue;
		y -= height;
		html_open(html, "rect");
		html_attr_cstr(html, "class", parts[i].class_name);
		attr_number(html, "x", x);
		attr_number(html, "y", y);
		attr_number(html, "width", width);
		attr_number(html, "height", height > 1.2 ? height - 0.6 : height);
		html_close(html);
	}
	html_close(html);
}

static double total_of(const struct chart_day *day)
{
	return day->parts[0] + day->parts[1] + day->parts[2] + day->parts[3];
}

static void draw(struct html *html, const struct chart_day *days, size_t count)
{
	double largest = 1, plot = HEIGHT - TOP - BOTTOM, slot = (WIDTH - LEFT) / (double)count;
	for (size_t i = 0; i < count; i++)
		if (total_of(&days[i]) > largest)
			largest = total_of(&days[i]);
	double step = round_step(largest);
	size_t every = count / LABELS_MAX + 1;
	html_open(html, "svg");
	html_attr_cstr(html, "role", "img");
	html_attr_cstr(html, "aria-label", "Messages by DMARC outcome; the same numbers are in the table below");
	html_attr_cstr(html, "viewBox", "0 0 960 240");
	draw_grid(html, step, plot);
	for (size_t i = 0; i < count; i++) {
		double x = LEFT + slot * (double)i;
		draw_bar(html, &days[i], x + slot * 0.06, slot * 0.88, plot / (step * LINES), TOP + plot);
		if (i % every == 0)
			text_at(html, x, HEIGHT - 6, "start", days[i].day + 5);
	}
	html_close(html);
}

static void write_legend(struct html *html, const char *step)
{
	html_open(html, "figcaption");
	html_open(html, "span");
	html_printf(html, "Messages per %s", step);
	html_close(html);
	html_open(html, "span");
	html_attr_cstr(html, "class", "legend");
	for (int i = 0; i < 4; i++) {
		html_open(html, "span");
		html_open(html, "i");
		html_attr_cstr(html, "class", parts[i].class_name);
		html_close(html);
		html_cstr(html, parts[i].label);
		html_close(html);
	}
	html_close(html);
	html_close(html);
}

static void write_table(struct html *html, const struct chart_day *days, size_t count, const char *step)
{
	html_open(html, "details");
	html_element(html, "summary", "Show as table");
	html_open(html, "div");
	html_attr_cstr(html, "class", "scroll");
	html_attr_cstr(html, "tabindex", "0");
	html_open(html, "table");
	html_open(html, "thead");
	html_open(html, "tr");
	html_open(html, "th");
	html_attr_cstr(html, "scope", "col");
	html_cstr(html, step);
	html_close(html);
	for (int i = 0; i < 4; i++) {
		html_open(html, "th");
		html_attr_cstr(html, "scope", "col");
		html_attr_cstr(html, "class", "n");
		html_cstr(html, parts[i].label);
		html_close(html);
	}
	html_close(html);
	html_close(html);
	html_open(html, "tbody");
	for (size_t i = 0; i < count; i++) {
		html_open(html, "tr");
		html_open(html, "th");
		html_attr_cstr(html, "scope", "row");
		html_cstr(html, days[i].day);
		html_close(html);
		for (int k = 0; k < 4; k++) {
			html_open(html, "td");
			html_attr_cstr(html, "class", "n");
			html_printf(html, "%.0f", days[i].parts[k]);
			html_close(html);
		}
		html_close(html);
	}
	html_close(html);
	html_close(html);
	html_close(html);
	html_close(html);
}

void chart_daily(struct html *html, const struct chart_day *days, size_t count, const char *step)
{
	html_open(html, "figure");
	write_legend(html, step);
	draw(html, days, count);
	write_table(html, days, count, step);
	html_close(html);
}
