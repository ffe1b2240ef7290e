// SPDX-License-Identifier: Apache-2.0
#include "web/parameters.h"

#include "web/pages/provenance.h"
#include "web/url.h"

#include <stdio.h>

#define DEFAULT_DAYS 30
#define DAYS_MAX 20000
#define KNOWN "from, to, period, domain, reporter, source, kind, outcome, provenance, after, block, format"

static enum err refuse(struct error *error, struct str key, const char *wanted)
{
	return error_set(error, ERR_INVALID, "The parameter \"%.*s\" should be %s.", (int)key.len, key.ptr, wanted);
}

static enum err set_day(struct request *request, struct str key, struct str value, struct error *error)
{
	struct filter *filter = &request->filter;
	struct day day;
	if (!day_parse(value, &day))
		return refuse(error, key, "a day like 2026-10-31");
	filter->given_period = true;
	*(str_eq(key, STR("from")) ? &filter->from : &filter->to) = value;
	return ERR_OK;
}

static struct str day_text(struct arena *arena, struct day day)
{
	char text[DAY_TEXT_BYTES];
	return arena_str(arena, str_from(day_format(day, text)));
}

/* "90d": so many days up to the last one reported; "2026-10": a month. */
static enum err set_period(struct request *request, struct str key, struct str value, struct error *error)
{
	struct filter *filter = &request->filter;
	struct day first;
	uint64_t days;
	int year, month, mday;
	if (str_ends(value, STR("d")) &&
		str_to_u64(str_sub(value, 0, value.len - 1), DAYS_MAX, &days) && days > 0) {
		request->period_days = (int32_t)days;
		request->given_days = true;
		return ERR_OK;
	}
	char text[DAY_TEXT_BYTES];
	if (value.len != 7)
		return refuse(error, key, "a number of days like 90d or a month like 2026-10");
	(void)snprintf(text, sizeof(text), "%.*s-01", 7, value.ptr);
	if (!day_parse(str_from(text), &first))
		return refuse(error, key, "a number of days like 90d or a month like 2026-10");
	day_to_civil(first, &year, &month, &mday);
	struct day next = month == 12 ? day_from_civil(year + 1, 1, 1) : day_from_civil(year, month + 1, 1);
	filter->given_period = true;
	filter->from = day_text(request->arena, first);
	filter->to = day_text(request->arena, (struct day){next.number - 1});
	return ERR_OK;
}

/* May be given more than once: a box of the form for each state. */
static enum err add_states(struct request *request, struct str key, struct str value, struct error *error)
{
	struct filter *filter = &request->filter;
	struct str rest = value, word;
	while (str_split(&rest, ',', &word)) {
		if (!provenance_find(word))
			return refuse(error, key, "one or more of verified, plausible, local, unverified, "
				"contradicted, pending, with commas");
		if (provenance_has(filter->provenance, word))
			continue;
		filter->provenance = filter->provenance.ptr ? str_from(arena_printf(request->arena, "%.*s,%.*s",
			STR_FMT(filter->provenance), STR_FMT(word))) : word;
	}
	return ERR_OK;
}

static enum err set_format(struct request *request, struct str key, struct str value, struct error *error)
{
	if (str_eq(value, STR("csv")))
		request->format = FORMAT_CSV;
	else if (str_eq(value, STR("json")))
		request->format = FORMAT_JSON;
	else if (!str_eq(value, STR("html")))
		return refuse(error, key, "html, json or csv");
	return ERR_OK;
}

static enum err set_value(struct request *request, struct str key, struct str value, struct error *error)
{
	struct filter *filter = &request->filter;
	const struct {
		const char *key;
		struct str *to;
	} words[] = {{"domain", &filter->domain}, {"reporter", &filter->reporter}, {"source", &filter->source},
		{"kind", &filter->kind}, {"outcome", &filter->outcome}, {"after", &filter->after},
		{"block", &request->csv_block}};
	static const struct {
		const char *key;
		enum err (*set)(struct request *, struct str, struct str, struct error *);
	} others[] = {{"from", set_day}, {"to", set_day}, {"period", set_period}, {"format", set_format},
		{"provenance", add_states}};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (str_eq(key, str_from(others[i].key)))
			return value.len > 0 ? others[i].set(request, key, value, error) : ERR_OK;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_eq(key, str_from(words[i].key))) {
			*words[i].to = value.len > 0 ? value : *words[i].to;
			return ERR_OK;
		}
	return error_set(error, ERR_INVALID, "There is no parameter \"%.*s\"; there are: " KNOWN ".",
		(int)(key.len > 64 ? 64 : key.len), key.ptr);
}

enum err parameters_read(struct request *request, struct str query, struct error *error)
{
	struct str pair;
	size_t count = 0;
	request->period_days = DEFAULT_DAYS;
	while (query.ptr && str_split(&query, '&', &pair)) {
		size_t equals = str_find_char(pair, '=');
		struct str key = url_decode(request->arena, str_sub(pair, 0, equals), true);
		struct str value = equals == SIZE_MAX ? STR("") :
			url_decode(request->arena, str_from_offset(pair, equals + 1), true);
		if (pair.len == 0)
			continue;
		if (!key.ptr || !value.ptr)
			return error_set(error, ERR_INVALID, "The query string is not valid UTF-8 behind its "
				"%%-escapes.");
		if (++count > request->web->limits->http_parameters)
			return error_set(error, ERR_INVALID, "The query string has more than %llu parameters.",
				(unsigned long long)request->web->limits->http_parameters);
		enum err err = set_value(request, key, value, error);
		if (err)
			return err;
	}
	return ERR_OK;
}
