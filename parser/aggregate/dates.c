// SPDX-License-Identifier: Apache-2.0
#include "parser/aggregate/dates.h"

#include "base/clock.h"

#include <stdio.h>

#define DAY_SECS ((int64_t)86400)
#define LEAST_MSECS ((uint64_t)1262304000000) /* 2010; as seconds some year that is refused */
#define YEAR_2010 ((int64_t)1262304000)

static bool read_number(struct str text, struct issue_list *issues, int64_t *secs_r)
{
	uint64_t value, fraction;
	size_t point = str_find_char(text, '.');
	struct str whole = point == SIZE_MAX ? text : str_sub(text, 0, point);
	if (!str_to_u64(whole, INT64_MAX, &value))
		return false;
	if (point != SIZE_MAX) {
		struct str digits = str_from_offset(text, point + 1);
		if (digits.len > 0 && !str_to_u64(str_sub(digits, 0, 18), UINT64_MAX, &fraction))
			return false;
		issue_add(issues, ISSUE_REPORT_DATES_FRACTION, text);
	}
	if (value >= LEAST_MSECS) {
		issue_add(issues, ISSUE_REPORT_DATES_MSECS, text);
		value /= 1000;
	}
	*secs_r = (int64_t)value;
	return true;
}

static bool read_date(struct str text, struct issue_list *issues, int64_t *secs_r)
{
	text = str_trim(text);
	if (read_number(text, issues, secs_r))
		return true;
	if (!time_parse_iso(text, secs_r) && !time_parse_mail(text, secs_r))
		return false;
	issue_add(issues, ISSUE_REPORT_DATES_TEXT, text);
	return true;
}

static bool refuse(struct reject *reject, enum reason reason, const char *which, const char *what,
	struct str text)
{
	if (str_trim(text).len == 0)
		reject_set(reject, reason, "%s is missing or empty", which);
	else
		reject_set(reject, reason, "%s \"%.*s\" %s", which, STR_FMT(str_sub(str_trim(text), 0, 60)), what);
	return false;
}

bool dates_read(struct str begin, struct str end, const struct limits *limits, int64_t now_epoch_secs,
	enum reason reason, struct issue_list *issues, int64_t *begin_r, int64_t *end_r, struct reject *reject)
{
	if (!read_date(begin, issues, begin_r))
		return refuse(reject, reason, "begin", "is no date", begin);
	if (!read_date(end, issues, end_r))
		return refuse(reject, reason, "end", "is no date", end);
	if (*begin_r <= 0)
		return refuse(reject, reason, "begin", "is not after 1970", begin);
	if (*end_r < *begin_r)
		return refuse(reject, reason, "end", "is before begin", end);
	if (*end_r > now_epoch_secs + (int64_t)limits->ahead_secs)
		return refuse(reject, reason, "end", "is too far ahead", end);
	if (*begin_r == *end_r)
		issue_add(issues, ISSUE_REPORT_DATES_EQUAL, begin);
	if (*end_r - *begin_r > (int64_t)limits->period_secs) {
		char days[32];
		(void)snprintf(days, sizeof(days), "%lld days", (long long)((*end_r - *begin_r) / DAY_SECS));
		issue_add(issues, ISSUE_REPORT_DATES_LONG, str_from(days));
	}
	if (*begin_r < YEAR_2010)
		issue_add(issues, ISSUE_REPORT_DATES_OLD, begin);
	return true;
}
