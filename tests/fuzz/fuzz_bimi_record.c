// SPDX-License-Identifier: Apache-2.0
/*
 * A BIMI record that is in order, written from what was read, is read the same;
 * a selector is one that the DNS can carry. The first line is the record (and
 * the BIMI-Selector field), the second a local part.
 */
#include "tests/fuzz/fuzz.h"

#include "base/buf.h"
#include "dns/dns.h"
#include "verifier/bimi/record.h"

#define ARENA_BYTES ((size_t)64 << 20)

static void check_uri(struct str uri)
{
	if (uri.len > 0 && (!str_starts_nocase(uri, STR("https://")) || str_find_char(uri, ',') != SIZE_MAX ||
		str_find_char(uri, ' ') != SIZE_MAX || str_find_char(uri, ';') != SIZE_MAX))
		die("accepted %.*s", STR_FMT(uri));
}

static void check_again(struct arena *arena, const struct bimi_record *record)
{
	struct bimi_record again;
	struct buf text;
	buf_init(&text, SIZE_MAX / 2);
	buf_printf(&text, "v=BIMI1; l=%.*s; a=%.*s; avp=%.*s", STR_FMT(record->location), STR_FMT(record->evidence),
		STR_FMT(record->preference));
	for (size_t i = 0; i < record->prefixes_count || (i == 0 && record->has_prefixes); i++)
		buf_printf(&text, "%s%.*s", i == 0 ? "; lps=" : ",", STR_FMT(record->prefixes[i]));
	if (!bimi_record_parse(arena, buf_str(&text), &again) || again.reason ||
		!str_eq(again.location, record->location) || !str_eq(again.evidence, record->evidence) ||
		!str_eq(again.preference, record->preference) || again.has_prefixes != record->has_prefixes ||
		again.prefixes_count != record->prefixes_count || again.declined != record->declined)
		die("not read back: %.*s", STR_FMT(buf_str(&text)));
	buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena *arena = arena_open(ARENA_BYTES);
	struct str rest = {(const char *)bytes, len}, text = STR("");
	struct bimi_record record;
	struct str selector;
	(void)str_line(&rest, &text);
	if (bimi_record_parse(arena, text, &record)) {
		if (record.reason ? record.detail.len == 0 : !str_starts(text, STR("v")))
			die("no reason");
		if (!record.reason) {
			check_uri(record.location);
			check_uri(record.evidence);
			check_again(arena, &record);
		}
		if (!record.reason && bimi_local_part_selector(arena, &record, rest, &selector) &&
			!dns_name_valid(selector))
			die("a selector \"%.*s\"", STR_FMT(selector));
	}
	if (bimi_selector_parse(text, &selector) && !dns_name_valid(selector))
		die("a selector \"%.*s\"", STR_FMT(selector));
	arena_close(&arena);
	return 0;
}
