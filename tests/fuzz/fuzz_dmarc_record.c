// SPDX-License-Identifier: Apache-2.0
/*
 * A DMARC record written from what was read is read the same; unknown tags behind
 * it change nothing; every URI that is kept is one; what is said about it is clean
 * text; and no record is both one and meant as one.
 */
#include "tests/fuzz/fuzz.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "verifier/dmarc.h"
#include "verifier/dmarc/uri.h"

#define ARENA_BYTES ((size_t)64 << 20)

static void add_policy(struct buf *text, const char *tag, enum dmarc_policy policy)
{
	if (policy != DMARC_POLICY_ABSENT)
		buf_printf(text, "; %s=%s", tag, dmarc_policy_word(policy));
}

static void add_uris(struct buf *text, const char *tag, const struct str *uris, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_printf(text, "%s%s%.*s", i == 0 ? "; " : ",", i == 0 ? tag : "", STR_FMT(uris[i]));
}

static void print(struct buf *text, const struct dmarc_record *record)
{
	buf_add_str(text, STR("v=DMARC1"));
	add_policy(text, "p", record->p);
	add_policy(text, "sp", record->sp);
	add_policy(text, "np", record->np);
	buf_printf(text, "; adkim=%c; aspf=%c; t=%c; psd=%c; pct=%u; fo=%.*s", record->adkim_strict ? 's' : 'r',
		record->aspf_strict ? 's' : 'r', record->testing ? 'y' : 'n', record->psd, record->pct,
			STR_FMT(record->fo));
	add_uris(text, "rua=", record->rua, record->rua_count);
	add_uris(text, "ruf=", record->ruf, record->ruf_count);
}

static bool same_uris(const struct str *a, size_t a_count, const struct str *b, size_t b_count)
{
	for (size_t i = 0; i < a_count && i < b_count; i++)
		if (!str_eq(a[i], b[i]))
			return false;
	return a_count == b_count;
}

static bool same(const struct dmarc_record *a, const struct dmarc_record *b)
{
	return a->p == b->p && a->sp == b->sp && a->np == b->np && a->adkim_strict == b->adkim_strict &&
		a->aspf_strict == b->aspf_strict && a->testing == b->testing && a->psd == b->psd && a->pct == b->pct &&
		str_eq(a->fo, b->fo) && same_uris(a->rua, a->rua_count, b->rua, b->rua_count) &&
		same_uris(a->ruf, a->ruf_count, b->ruf, b->ruf_count);
}

static void check_texts(struct arena *arena, const struct dmarc_record *record)
{
	struct str host;
	for (size_t i = 0; i < record->problems_count; i++)
		if (!str_eq(record->problems[i], verify_text(arena, record->problems[i])))
			die("not clean: %.*s", STR_FMT(record->problems[i]));
	for (size_t i = 0; i < record->rua_count; i++) {
		if (!dmarc_uri_valid(record->rua[i]))
			die("no URI: %.*s", STR_FMT(record->rua[i]));
		if (dmarc_uri_host(arena, record->rua[i], &host) && !dns_name_valid(host))
			die("no host: %.*s", STR_FMT(host));
	}
	if (record->problems_count > DMARC_PROBLEMS_MAX || record->rua_count > DMARC_URIS_MAX ||
		record->ruf_count > DMARC_URIS_MAX || record->pct > 100)
		die("out of bounds");
}

static void check_again(struct arena *arena, struct str text, const struct dmarc_record *record)
{
	struct dmarc_record again;
	if (!dmarc_record_parse(arena, text, &again) || !same(record, &again))
		die("not read back: %.*s", STR_FMT(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena *arena = arena_open(ARENA_BYTES);
	struct str text = {(const char *)bytes, len};
	struct dmarc_record record;
	if (dmarc_record_parse(arena, text, &record)) {
		struct buf again;
		if (dmarc_record_meant(text))
			die("a record, and meant as one");
		check_texts(arena, &record);
		buf_init(&again, SIZE_MAX / 2);
		print(&again, &record);
		check_again(arena, buf_str(&again), &record);
		buf_reset(&again);
		buf_add_str(&again, text);
		buf_add_str(&again, STR(";x=1;unknown=2;"));
		check_again(arena, buf_str(&again), &record);
		buf_fini(&again);
	}
	arena_close(&arena);
	return 0;
}
