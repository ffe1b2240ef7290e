// SPDX-License-Identifier: Apache-2.0
/*
 * A page is a list of blocks, each a query and how its rows look. The same
 * blocks make the HTML, the JSON and the CSV, so the three cannot disagree.
 */
#pragma once

#include "base/arena.h"
#include "base/clock.h"
#include "store/query.h"
#include "web/html.h"
#include "web/web.h"

#define PAGE_BLOCKS_MAX 12
#define BLOCK_PARAMS_MAX 8
#define PAGE_ROWS_MAX 500

enum column_look {
	LOOK_TEXT,     /* of strangers */
	LOOK_WORD,     /* of ours or an enum: a badge where it has a colour */
	LOOK_NUMBER,
	LOOK_PERCENT,
	LOOK_BYTES,
	LOOK_TIME,     /* a timestamp: shown to the minute, UTC */
	LOOK_DAY,
	LOOK_YES,      /* a boolean: ✓ or – */
	LOOK_RESULTS,  /* JSON list of DKIM or SPF results, or reasons */
	LOOK_PRE,      /* several lines */
	LOOK_HIDDEN,   /* in JSON and CSV only */
};

struct column {
	const char *name;  /* of the query's column */
	const char *label;
	enum column_look look;
	const char *link;  /* path before the value, "/domains/"; NULL: none */
	const char *link_by; /* the column that names the target; NULL: this one */
};

enum block_look {
	BLOCK_FIGURES, /* one row: the big numbers */
	BLOCK_FACTS,   /* one row: a list of label and value */
	BLOCK_DAILY,   /* day, both, dkim_only, spf_only, fail: stacked bars */
	BLOCK_TABLE,
};

struct block {
	const char *name;  /* key in JSON */
	const char *title;
	enum block_look look;
	const char *sql;
	const struct column *columns; /* the last has a NULL name */
	struct str params[BLOCK_PARAMS_MAX];
	size_t params_count;
	const char *empty; /* what to say without rows */
	bool paged;        /* PAGE_ROWS_MAX + 1 rows mean that there are more */
	const char *cursor_column; /* value of the last row shown that "next" begins after */
	bool main;         /* what CSV gives */
};

/* What the query string asks for. */
struct filter {
	struct str from, to;  /* days, always set */
	struct str domain;    /* absent: all */
	struct str reporter, source, kind, outcome, after; /* absent: not asked */
	bool given_period;
	const char *step;     /* of charts: day, week, month */
};

struct page {
	const char *title;
	struct str subject;   /* behind the title, of strangers; absent: none */
	const char *nav;      /* path of its navigation entry */
	const char *intro;    /* one sentence */
	bool filtered;        /* has the period and domain form */
	struct block blocks[PAGE_BLOCKS_MAX];
	size_t blocks_count;
	struct { const char *label; struct str href; } links[4];
	size_t links_count;
	bool must_exist;      /* the first block without a row means 404 */
};

enum page_format { FORMAT_HTML, FORMAT_JSON, FORMAT_CSV };

struct request {
	const struct web_options *web;
	struct arena *arena;
	struct str path;      /* decoded, without /api/v1 */
	struct str raw_query;
	struct filter filter;
	int32_t period_days;  /* where from is not given */
	enum page_format format;
	struct str csv_block; /* ?block=: which table; absent: the main one */
};

struct block *page_add(struct page *page, const char *name, const char *title, enum block_look look,
	const char *sql, const struct column *columns);
void page_param(struct block *block, struct str value);
/* from, to and domain: $1, $2 and $3 of most queries. */
void page_params_filter(struct block *block, const struct filter *filter);

/* Writes it in the format asked for. ERR_NOTFOUND: must_exist, and it does not;
 * ERR_INVALID: a value of the query string is not what it should be. */
NODISCARD enum err page_write(const struct request *request, const struct page *page, struct store *store,
	struct buf *out, struct error *error);

/* "?from=…&to=…&domain=…" of this filter, with one more pair or without. */
struct str filter_query(struct arena *arena, const struct filter *filter, const char *key, struct str value);

/* ---- frame.c: what stands around every page ---- */

void frame_begin(struct html *html, const struct web_options *web, const char *title, struct str subject,
	const char *nav);
void frame_end(struct html *html);
/* A page of one sentence: errors. */
void frame_message(struct buf *out, const struct web_options *web, const char *title, const char *text);

/* ---- chart.c ---- */

/* Stacked bars a day with axis, legend and the same numbers as a table. */
struct chart_day {
	char day[DAY_TEXT_BYTES];
	double parts[4]; /* both, DKIM only, SPF only, fail */
};
void chart_daily(struct html *html, const struct chart_day *days, size_t count, const char *step);

/* ---- pages ---- */

/* Fills the page for a path; false when there is none. */
bool pages_find(struct request *request, struct page *page_r);
