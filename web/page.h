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
#include "web/metrics.h"
#include "web/web.h"

#define PAGE_BLOCKS_MAX 12
#define BLOCK_PARAMS_MAX 10
#define PAGE_LINKS_MAX 4

enum column_look {
	LOOK_TEXT,     /* of strangers */
	LOOK_WORD,     /* of ours or an enum: a badge where it has a colour */
	LOOK_NUMBER,
	LOOK_PERCENT,  /* a pass rate, judged; "of" names its count: few are not judged */
	LOOK_SHARE,    /* a rate that is not judged */
	LOOK_MIX,      /* a small stacked bar of the columns that "of" names, the failing last */
	LOOK_BYTES,
	LOOK_TIME,     /* a timestamp: shown to the minute, UTC */
	LOOK_DAY,
	LOOK_YES,      /* a boolean: ✓ or – */
	LOOK_RESULTS,  /* JSON list of DKIM or SPF results, or reasons */
	LOOK_PRE,      /* several lines */
	LOOK_PROSE,    /* of strangers, in sentences: wide */
	LOOK_ID,       /* of strangers, long and seldom read: small */
	LOOK_GROUP,    /* of facts: a heading over those behind it, where there is a value */
	LOOK_STATE,    /* a state of provenance: a badge with its sign, its word and its meaning */
	LOOK_MEANING,  /* of a state of provenance */
	LOOK_TRUSTED,  /* the share of messages that trusted reports tell of */
	LOOK_REASONS,  /* an array of codes of provenance: a sentence each */
	LOOK_DIFFERENCE, /* a code of view recheck, in words */
	LOOK_TRACE,    /* many lines, folded */
	LOOK_HIDDEN,   /* in JSON and CSV only */
};

struct column {
	const char *name;  /* of the query's column */
	const char *label;
	enum column_look look;
	/* Where it leads, with {column} for values: "/sources/{source_ip}?". The filter
	 * goes behind a last "?" or "&". NULL: nowhere. */
	const char *link;
	const char *of;
};

enum block_look {
	BLOCK_FIGURES, /* one row: the big numbers */
	BLOCK_NOTE,    /* one row: its column text is a sentence */
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
	bool hide_empty;   /* without rows the page says nothing of it */
	size_t limit;      /* rows shown; the query gives one more when there are more; 0: all */
	struct str more;   /* where all of them are, or STR_NONE */
	bool paged;        /* read on by ?after= */
	const char *cursor_column; /* value of the last row shown that "next" begins after; NULL: "cursor" */
	bool main;         /* what CSV gives */
	bool noted;        /* shows a sample: $2 and $3 are who looks, and the audit says so */
	bool folded;       /* behind its title, which opens it */
};

/* What a page can be narrowed by, beside the period. */
enum page_field { FIELD_DOMAIN = 1, FIELD_REPORTER = 2, FIELD_SOURCE = 4, FIELD_KIND = 8, FIELD_OUTCOME = 16,
	FIELD_FIXED_DOMAIN = 32 /* it is one domain's page */, FIELD_PROVENANCE = 64 };
extern const char *const report_kinds[];

/* What the query string asks for. */
struct filter {
	struct str from, to;  /* days, always set */
	struct str domain;    /* absent: all */
	struct str reporter, source, kind, outcome, after; /* absent: not asked */
	struct str provenance; /* states with commas between them; absent: not asked */
	bool given_period;
	const char *step;     /* of charts: day, week, month */
	struct str listed, counted; /* states of provenance as PostgreSQL's array; absent: all */
};

struct page {
	const char *title;
	struct str subject;   /* behind the title, of strangers; absent: none */
	const char *nav;      /* path of its navigation entry */
	const char *intro;    /* one sentence */
	const char *heading;  /* column of the first block that stands for the subject in HTML; NULL: none */
	bool filtered;        /* has a period */
	unsigned fields;      /* of enum page_field */
	const char *const *outcomes; /* those that FIELD_OUTCOME knows */
	bool welcome;         /* says how to begin as long as there is no mail */
	struct block blocks[PAGE_BLOCKS_MAX];
	size_t blocks_count;
	struct { const char *label; struct str href; } links[PAGE_LINKS_MAX];
	size_t links_count;
	bool must_exist;      /* the first block without a row means 404 */
};

enum page_format { FORMAT_HTML, FORMAT_JSON, FORMAT_CSV };

struct request {
	const struct web_options *web;
	struct metrics *metrics;
	struct arena *arena;
	struct str path;      /* decoded, without /api/v1 */
	struct str raw_query;
	struct filter filter;
	bool given_days;      /* period=…d was asked for */
	int32_t period_days;  /* where from is not given */
	enum page_format format;
	struct str address;   /* of who asks; absent: unknown */
	struct str csv_block; /* ?block=: which table; absent: the main one */
};

struct block *page_add(struct page *page, const char *name, const char *title, enum block_look look,
	const char *sql, const struct column *columns);
void page_param(struct block *block, struct str value);
/* The column that "next" begins after. */
const char *block_cursor(const struct block *block);
/* from, to and domain: $1, $2 and $3 of most queries. */
void page_params_period(struct block *block, const struct filter *filter);
/* The same, and $4: the states of provenance that were asked for or else are counted; absent: all. */
void page_params_filter(struct block *block, const struct filter *filter);
/* The same with $4 only those that were asked for: lists show what is not counted too. */
void page_params_listed(struct block *block, const struct filter *filter);

/* Writes it as HTML or JSON; CSV is an export (web/export.h). ERR_NOTFOUND: must_exist, and it does not;
 * ERR_INVALID: a value of the query string is not what it should be. */
NODISCARD enum err page_write(const struct request *request, const struct page *page, struct store *store,
	struct buf *out, struct error *error);

/* "?from=…&to=…&domain=…" of this filter, with one more pair or without. Of the
 * period only what was asked for, unless a key of it is set anew. */
struct str filter_query(struct arena *arena, const struct filter *filter, const char *key, struct str value);

/* ---- frame.c: what stands around every page ---- */

void frame_begin(struct html *html, const struct web_options *web, const char *title, struct str subject,
	const char *nav);
void frame_end(struct html *html);
/* A page of one sentence: errors. */
void frame_message(struct buf *out, const struct web_options *web, const char *title, const char *text);

/* ---- chart.c ---- */

/* Stacked bars with axis, legend and the same numbers as a table: a wide drawing
 * and a compact one for narrow screens. */
struct chart_day {
	char day[DAY_TEXT_BYTES];
	double parts[4]; /* both, DKIM only, SPF only, fail */
};
struct chart {
	const struct chart_day *days;
	size_t count;
	const char *step;      /* what a bar is: day, week, month */
	struct str from, to;   /* days; first and last bar may reach over them */
	struct str link;       /* "/?" or "/?domain=…&": from and to go behind it */
};
void chart_daily(struct html *html, const struct chart *chart);

/* A bar in a table's cell; the last part is the failing one. */
void chart_mix(struct html *html, const double *parts, const char *const *labels, size_t count);

/* ---- pages ---- */

/* Of the form of a report's key. */
bool pages_is_uuid(struct str text);
/* Fills the page for a path; false when there is none. */
bool pages_find(struct request *request, struct page *page_r);
/* ERR_INVALID: narrowed by what this page does not know. */
NODISCARD enum err pages_check(const struct request *request, const struct page *page, struct error *error);
