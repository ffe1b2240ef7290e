// SPDX-License-Identifier: Apache-2.0
/*
 * Time without a locale or a time zone. Only daemon/ and the loops of the
 * processes ask for the present; everything below takes `now` as an argument.
 * A day is a UTC day, counted from 1970-01-01; it is its own type so that it
 * is never mixed up with seconds.
 */
#pragma once

#include "base/str.h"

struct day {
	int32_t number; /* days since 1970-01-01 UTC */
};

int64_t clock_epoch_secs(void);     /* wall clock, UTC */
int64_t clock_monotonic_msecs(void); /* for deadlines */

struct day day_of_epoch(int64_t epoch_secs);
int64_t day_begin_epoch_secs(struct day day);
struct day day_from_civil(int year, int month, int mday);
void day_to_civil(struct day day, int *year_r, int *month_r, int *mday_r);

#define DAY_TEXT_BYTES 16
/* "2026-10-21". */
const char *day_format(struct day day, char text[DAY_TEXT_BYTES]);
/* Strict YYYY-MM-DD, years 1970…9999. */
bool day_parse(struct str text, struct day *day_r);

#define TIME_TEXT_BYTES 32
/* "2026-10-21T03:04:05Z". */
const char *time_format(int64_t epoch_secs, char text[TIME_TEXT_BYTES]);

/* RFC 3339 / ISO 8601 date and time; without a zone it is read as UTC, a date
 * alone as its midnight. Fractions of a second are cut. */
bool time_parse_iso(struct str text, int64_t *epoch_secs_r);
/* RFC 5322 date-time: optional weekday and seconds, two-digit years, numeric
 * and the old named zones; comments ignored. An unknown zone name is UTC. */
bool time_parse_mail(struct str text, int64_t *epoch_secs_r);
