// SPDX-License-Identifier: Apache-2.0
/*
 * A domain, an address, a date: what is read from its canonical form is that
 * form; addresses agree with inet_pton(), days with gmtime_r().
 */
#include "tests/fuzz/fuzz_run.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/ip.h"
#include "parser/aggregate/dates.h"
#include "parser/aggregate/domain.h"
#include "parser/clean.h"

#define ARENA_BYTES ((size_t)16 << 20)
#define YEAR_10000 ((int64_t)253402300800)

static void check_ip(struct str text)
{
	char copy[IP_TEXT_BYTES] = "", canonical[IP_TEXT_BYTES], again[IP_TEXT_BYTES];
	unsigned char bytes[16];
	struct ip ip, other;
	bool good = ip_parse(text, &ip);
	if (text.len > 0 && text.len < sizeof(copy) && !memchr(text.ptr, '\0', text.len))
		(void)memcpy(copy, text.ptr, text.len);
	int family = inet_pton(AF_INET, copy, bytes) == 1 ? 4 : inet_pton(AF_INET6, copy, bytes) == 1 ? 6 : 0;
	if (good != (family != 0))
		die("\"%s\" is %s for inet_pton()", copy, good ? "no address" : "an address");
	if (!good)
		return;
	if (ip.family != family || memcmp(ip.bytes, bytes, family == 4 ? 4 : 16) != 0)
		die("\"%s\" is another address for inet_pton()", copy);
	if (!ip_parse(str_from(ip_format(&ip, canonical)), &other) || !ip_eq(&ip, &other) ||
		strcmp(ip_format(&other, again), canonical) != 0)
		die("\"%s\" is not read back", canonical);
}

static void check_domain(struct arena *arena, struct str text)
{
	struct limits limits = fuzz_limits();
	struct str name, again;
	enum domain_form form = domain_read(arena, text, &limits, &name);
	if (form != DOMAIN_PLAIN && form != DOMAIN_NORMALISED)
		return;
	if (name.len == 0 || name.len > 253)
		die("a domain of %zu bytes", name.len);
	for (size_t i = 0; i < name.len; i++)
		if (ascii_lower(name.ptr[i]) != name.ptr[i] || (unsigned char)name.ptr[i] <= ' ' ||
			(unsigned char)name.ptr[i] >= 0x7f)
			die("\"%.*s\" is no canonical domain", STR_FMT(name));
	if (domain_read(arena, name, &limits, &again) != DOMAIN_PLAIN || !str_eq(name, again))
		die("\"%.*s\" is not read back", STR_FMT(name));
}

static void check_time(bool good, int64_t secs)
{
	char text[TIME_TEXT_BYTES], expected[128];
	int64_t again;
	time_t seconds = secs;
	struct tm tm;
	if (!good || secs < 0 || secs >= YEAR_10000)
		return;
	(void)gmtime_r(&seconds, &tm);
	(void)snprintf(expected, sizeof(expected), "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900,
		tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (strcmp(time_format(secs, text), expected) != 0)
		die("%s, but %s for gmtime_r()", text, expected);
	if (!time_parse_iso(str_from(text), &again) || again != secs)
		die("%s is not read back", text);
}

static void check_period(struct str begin, struct str end)
{
	struct limits limits = fuzz_limits();
	char canonical[2][32];
	int64_t from, to, again_from, again_to;
	struct reject reject = {0};
	struct issue_list *issues = malloc(sizeof(*issues));
	if (!issues)
		die_out_of_memory();
	issue_list_init(issues);
	if (dates_read(begin, end, &limits, FUZZ_NOW, REASON_REPORT_DATES, issues, &from, &to, &reject)) {
		if (from <= 0 || to < from || to > FUZZ_NOW + 2 * 86400)
			die("a period from %lld to %lld", (long long)from, (long long)to);
		(void)snprintf(canonical[0], sizeof(canonical[0]), "%lld", (long long)from);
		(void)snprintf(canonical[1], sizeof(canonical[1]), "%lld", (long long)to);
		if (!dates_read(str_from(canonical[0]), str_from(canonical[1]), &limits, FUZZ_NOW, REASON_REPORT_DATES,
			issues, &again_from, &again_to, &reject) || again_from != from || again_to != to)
			die("%s to %s is not read back", canonical[0], canonical[1]);
	} else if (reject.reason != REASON_REPORT_DATES) {
		die("refused without a reason");
	}
	free(issues);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena *arena = arena_open(ARENA_BYTES);
	struct str raw = {len > 0 ? (const char *)bytes : "", len}, end = STR_NONE;
	bool changed = false;
	struct str text = clean_line(arena, raw, SIZE_MAX / 8, NULL, &changed);
	if (!changed && !str_eq(text, str_trim(raw)))
		die("a text was changed without a word");
	int64_t secs = 0;
	struct day day;
	check_ip(raw);
	check_domain(arena, text);
	check_time(time_parse_iso(text, &secs), secs);
	check_time(time_parse_mail(text, &secs), secs);
	if (day_parse(text, &day))
		check_time(true, day_begin_epoch_secs(day));
	struct str begin = text;
	size_t bar = str_find_char(text, '|');
	if (bar != SIZE_MAX) {
		begin = str_sub(text, 0, bar);
		end = str_from_offset(text, bar + 1);
	}
	check_period(begin, bar != SIZE_MAX ? end : begin);
	arena_close(&arena);
	return 0;
}
