// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

#define DAY_SECS 86400

int64_t clock_epoch_secs(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec;
}

int64_t clock_monotonic_msecs(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct day day_of_epoch(int64_t epoch_secs)
{
	int64_t days = epoch_secs / DAY_SECS;
	if (epoch_secs % DAY_SECS < 0)
		days--;
	return (struct day){(int32_t)days};
}

int64_t day_begin_epoch_secs(struct day day)
{
	return (int64_t)day.number * DAY_SECS;
}

/* Days from civil and back: proleptic Gregorian calendar, years begin in March
 * so that the leap day is the last of the year. */
struct day day_from_civil(int year, int month, int mday)
{
	int y = month <= 2 ? year - 1 : year;
	int era = (y >= 0 ? y : y - 399) / 400;
	int year_of_era = y - era * 400;
	int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + mday - 1;
	int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return (struct day){era * 146097 + day_of_era - 719468};
}

void day_to_civil(struct day day, int *year_r, int *month_r, int *mday_r)
{
	int64_t z = (int64_t)day.number + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int doe = (int)(z - era * 146097);
	int yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int mp = (5 * doy + 2) / 153;
	*mday_r = doy - (153 * mp + 2) / 5 + 1;
	*month_r = mp < 10 ? mp + 3 : mp - 9;
	*year_r = yoe + (int)era * 400 + (*month_r <= 2);
}

const char *day_format(struct day day, char text[DAY_TEXT_BYTES])
{
	int year, month, mday;
	day_to_civil(day, &year, &month, &mday);
	const int values[] = {year / 100 % 100, year % 100, month, mday};
	char *at = text;
	for (int i = 0; i < 4; i++) {
		*at++ = (char)('0' + values[i] / 10);
		*at++ = (char)('0' + values[i] % 10);
		if (i > 0)
			*at++ = i < 3 ? '-' : '\0';
	}
	return text;
}

static bool two_digits(struct str s, size_t at, int *value_r)
{
	uint64_t value;
	if (at + 2 > s.len || !str_to_u64(str_sub(s, at, 2), 99, &value))
		return false;
	*value_r = (int)value;
	return true;
}

static int days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return days[month - 1] + (month == 2 && leap);
}

static bool civil_to_day(int year, int month, int mday, struct day *day_r)
{
	if (year < 1 || year > 9999 || month < 1 || month > 12)
		return false;
	if (mday < 1 || mday > days_in_month(year, month))
		return false;
	*day_r = day_from_civil(year, month, mday);
	return true;
}

bool day_parse(struct str text, struct day *day_r)
{
	uint64_t year;
	int month, mday;
	if (text.len != 10 || text.ptr[4] != '-' || text.ptr[7] != '-')
		return false;
	if (!str_to_u64(str_sub(text, 0, 4), 9999, &year) || year < 1970)
		return false;
	if (!two_digits(text, 5, &month) || !two_digits(text, 8, &mday))
		return false;
	return civil_to_day((int)year, month, mday, day_r);
}

const char *time_format(int64_t epoch_secs, char text[TIME_TEXT_BYTES])
{
	struct day day = day_of_epoch(epoch_secs);
	int secs = (int)(epoch_secs - day_begin_epoch_secs(day));
	char date[DAY_TEXT_BYTES];
	(void)snprintf(text, TIME_TEXT_BYTES, "%sT%02d:%02d:%02dZ", day_format(day, date),
		secs / 3600, secs / 60 % 60, secs % 60);
	return text;
}

/* "+0900", "+09:00", "-0730" at the start of s. */
static bool parse_offset(struct str s, int *offset_secs_r)
{
	int hours, minutes = 0;
	if (s.len < 3 || (s.ptr[0] != '+' && s.ptr[0] != '-') || !two_digits(s, 1, &hours))
		return false;
	size_t at = s.len > 3 && s.ptr[3] == ':' ? 4 : 3;
	if (s.len > at && !two_digits(s, at, &minutes))
		return false;
	if (hours > 23 || minutes > 59)
		return false;
	int secs = hours * 3600 + minutes * 60;
	*offset_secs_r = s.ptr[0] == '-' ? -secs : secs;
	return true;
}

static bool parse_clock(struct str s, int *secs_r, size_t *used_r)
{
	int hour, minute, second = 0;
	if (s.len < 5 || s.ptr[2] != ':' || !two_digits(s, 0, &hour) || !two_digits(s, 3, &minute))
		return false;
	*used_r = 5;
	if (s.len > 5 && s.ptr[5] == ':') {
		if (!two_digits(s, 6, &second))
			return false;
		*used_r = 8;
	}
	if (hour > 23 || minute > 59 || second > 60)
		return false;
	*secs_r = hour * 3600 + minute * 60 + second;
	return true;
}

bool time_parse_iso(struct str text, int64_t *epoch_secs_r)
{
	text = str_trim(text);
	struct day day;
	if (text.len < 10 || !day_parse(str_sub(text, 0, 10), &day))
		return false;
	int64_t begin = day_begin_epoch_secs(day);
	if (text.len == 10) {
		*epoch_secs_r = begin;
		return true;
	}
	char between = text.ptr[10];
	if (between != 'T' && between != 't' && between != ' ')
		return false;
	int secs, offset = 0;
	size_t used;
	struct str rest = str_from_offset(text, 11);
	if (!parse_clock(rest, &secs, &used))
		return false;
	rest = str_from_offset(rest, used);
	if (rest.len > 0 && (rest.ptr[0] == '.' || rest.ptr[0] == ',')) {
		size_t at = 1;
		while (at < rest.len && ascii_is_digit(rest.ptr[at]))
			at++;
		rest = str_from_offset(rest, at);
	}
	rest = str_trim(rest);
	bool utc = rest.len == 0 || str_eq_nocase(rest, STR("Z")) || str_eq_nocase(rest, STR("UTC"));
	if (!utc && !parse_offset(rest, &offset))
		return false;
	*epoch_secs_r = begin + secs - offset;
	return true;
}

/* The next word outside comments; blanks and commas separate. */
static struct str mail_word(struct str *rest)
{
	int depth = 0;
	size_t at = 0;
	for (; at < rest->len; at++) {
		char c = rest->ptr[at];
		if (c == '(')
			depth++;
		else if (c == ')' && depth > 0)
			depth--;
		else if (depth == 0 && !ascii_is_space(c) && c != ',')
			break;
	}
	size_t start = at;
	while (at < rest->len && !ascii_is_space(rest->ptr[at]) && rest->ptr[at] != ',' &&
		rest->ptr[at] != '(')
		at++;
	struct str word = str_sub(*rest, start, at - start);
	*rest = str_from_offset(*rest, at);
	return word;
}

static int month_number(struct str word)
{
	static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
	for (int month = 0; month < 12; month++)
		if (word.len >= 3 && str_eq_nocase(str_sub(word, 0, 3), (struct str){names + month * 3, 3}))
			return month + 1;
	return 0;
}

static int zone_offset_secs(struct str word)
{
	static const struct {
		const char *name;
		int hours;
	} zones[] = {{"EST", -5}, {"EDT", -4}, {"CST", -6}, {"CDT", -5}, {"MST", -7},
		{"MDT", -6}, {"PST", -8}, {"PDT", -7}, {"JST", 9}, {"CET", 1}, {"CEST", 2}};
	int offset;
	if (parse_offset(word, &offset))
		return offset;
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
		if (str_eq_nocase(word, str_from(zones[i].name)))
			return zones[i].hours * 3600;
	return 0;
}

bool time_parse_mail(struct str text, int64_t *epoch_secs_r)
{
	struct str rest = text;
	struct str word = mail_word(&rest);
	if (word.len > 0 && !ascii_is_digit(word.ptr[0]))
		word = mail_word(&rest); /* the weekday */
	uint64_t mday, year;
	if (!str_to_u64(word, 31, &mday))
		return false;
	int month = month_number(mail_word(&rest));
	if (month == 0 || !str_to_u64(mail_word(&rest), 9999, &year))
		return false;
	if (year < 100)
		year += year < 50 ? 2000 : 1900;
	struct day day;
	int secs;
	size_t used;
	if (!civil_to_day((int)year, month, (int)mday, &day))
		return false;
	if (!parse_clock(mail_word(&rest), &secs, &used))
		return false;
	*epoch_secs_r = day_begin_epoch_secs(day) + secs - zone_offset_secs(mail_word(&rest));
	return true;
}
