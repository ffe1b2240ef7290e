// SPDX-License-Identifier: Apache-2.0
#include "web/pages/pages.h"

#include "base/ip.h"
#include "model/digest.h"

void page_limit(const struct request *request, struct block *block, size_t limit, struct str more)
{
	const struct limits *limits = request->web->limits;
	if (request->format == FORMAT_CSV)
		limit = limits->export_rows;
	else if (limit > limits->page_rows)
		limit = limits->page_rows;
	block->limit = limit;
	block->more = more;
	page_param(block, str_from(arena_printf(request->arena, "%zu", limit + 1)));
}

void page_main(const struct request *request, struct block *block)
{
	block->main = block->paged = true;
	page_limit(request, block, PAGE_ROWS_MOST, STR_NONE);
}

void page_link(struct page *page, const char *label, struct str href)
{
	if (page->links_count >= PAGE_LINKS_MAX)
		die("page: too many links");
	page->links[page->links_count].label = label;
	page->links[page->links_count++].href = href;
}

static bool is_any(struct str text)
{
	return text.len > 0;
}

static bool is_address(struct str text)
{
	struct ip ip;
	return ip_parse(text, &ip);
}

bool pages_is_uuid(struct str text)
{
	if (text.len != UUID_TEXT_BYTES - 1)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash ? text.ptr[i] != '-' : !ascii_is_hex(text.ptr[i]))
			return false;
	}
	return true;
}

/* A key and the second step that takes the mask off. */
static bool is_shown(struct str text)
{
	return str_ends(text, STR("/shown")) && pages_is_uuid(str_sub(text, 0, text.len - STR("/shown").len));
}

static bool is_sha256(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!ascii_is_hex(text.ptr[i]))
			return false;
	return text.len == 64;
}

static const struct {
	const char *path;
	bool (*is_key)(struct str text); /* of what stands behind the path; NULL: nothing does */
	void (*fill)(struct request *request, struct page *page, struct str key);
} map[] = {
	{"/", NULL, page_overview},
	{"/domains", NULL, page_domains},
	{"/domains/", is_any, page_domain},
	{"/sources", NULL, page_sources},
	{"/sources/", is_address, page_source},
	{"/reporters", NULL, page_reporters},
	{"/contradictions", NULL, page_contradictions},
	{"/reports", NULL, page_reports},
	{"/reports/", pages_is_uuid, page_report},
	{"/failures", NULL, page_failures},
	{"/failures/", pages_is_uuid, page_failure},
	{"/failures/", is_shown, page_failure_shown},
	{"/tls", NULL, page_tls},
	{"/quarantine", NULL, page_quarantine},
	{"/quarantine/", is_sha256, page_mail},
	{"/system", NULL, page_quarantine},
	{"/mails", NULL, page_mails},
	{"/mails/", is_sha256, page_mail},
};

bool pages_find(struct request *request, struct page *page)
{
	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
		struct str path = str_from(map[i].path), key = STR_NONE;
		if (map[i].is_key && str_starts(request->path, path))
			key = str_from_offset(request->path, path.len);
		if (map[i].is_key ? !map[i].is_key(key) : !str_eq(request->path, path))
			continue;
		map[i].fill(request, page, key);
		return true;
	}
	return false;
}

/* ---- what a page can be narrowed by ---- */

static bool is_one_of(struct str value, const char *const *words)
{
	for (; words && *words; words++)
		if (str_eq(value, str_from(*words)))
			return true;
	return false;
}

enum err pages_check(const struct request *request, const struct page *page, struct error *error)
{
	const struct filter *filter = &request->filter;
	bool paged = false;
	for (size_t i = 0; i < page->blocks_count; i++)
		paged |= page->blocks[i].paged;
	const struct {
		const char *name;
		bool given, known;
		const char *const *words;
	} checks[] = {
		{"domain", filter->domain.ptr != NULL, page->fields & (FIELD_DOMAIN | FIELD_FIXED_DOMAIN), NULL},
		{"reporter", filter->reporter.ptr != NULL, page->fields & FIELD_REPORTER, NULL},
		{"source", filter->source.ptr != NULL, page->fields & FIELD_SOURCE, NULL},
		{"kind", filter->kind.ptr != NULL, page->fields & FIELD_KIND, report_kinds},
		{"outcome", filter->outcome.ptr != NULL, page->fields & FIELD_OUTCOME, page->outcomes},
		{"provenance", filter->provenance.ptr != NULL, page->fields & FIELD_PROVENANCE, NULL},
		{"after", filter->after.ptr != NULL, paged, NULL},
	};
	const struct str values[] = {filter->domain, filter->reporter, filter->source, filter->kind, filter->outcome,
		filter->provenance, filter->after};
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		if (!checks[i].given)
			continue;
		if (!checks[i].known)
			return error_set(error, ERR_INVALID, "This page has no parameter \"%s\".", checks[i].name);
		if (checks[i].words && !is_one_of(values[i], checks[i].words))
			return error_set(error, ERR_INVALID, "This page knows no %s \"%.*s\".", checks[i].name,
				(int)(values[i].len > 64 ? 64 : values[i].len), values[i].ptr);
	}
	return ERR_OK;
}
