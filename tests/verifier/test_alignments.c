// SPDX-License-Identifier: Apache-2.0
/* Alignment of pairs by both methods, and how little is asked for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dns/replay.h"
#include "dns/session.h"
#include "verifier/alignments.h"

#define ARENA_BYTES ((size_t)256 * 1024 * 1024)
#define ZONE \
	"_dmarc.ours.example TXT \"v=DMARC1; p=reject\"\n" \
	"_dmarc.alone.ours.example TXT \"v=DMARC1; p=none; psd=n\"\n" \
	"_dmarc.github.io TXT \"v=DMARC1; p=none; psd=n\"\n" \
	"_dmarc.broken.example TXT !SERVFAIL\n"

static const struct {
	const char *identifier, *author;
	enum maybe treewalk, psl;
} cases[] = {
	{"ours.example", "ours.example", MAYBE_YES, MAYBE_YES},
	{"Mail.Ours.example.", "news.ours.example", MAYBE_YES, MAYBE_YES},
	{"alone.ours.example", "ours.example", MAYBE_NO, MAYBE_YES},
	{"a.github.io", "b.github.io", MAYBE_YES, MAYBE_NO},
	{"theirs.example", "ours.example", MAYBE_NO, MAYBE_NO},
	{"ours.test", "ours.example", MAYBE_NO, MAYBE_NO},
	{"a.broken.example", "b.broken.example", MAYBE_UNKNOWN, MAYBE_YES},
	{"no domain", "ours.example", MAYBE_NO, MAYBE_NO},
	{"", "", MAYBE_NO, MAYBE_NO},
};

#define CASES (sizeof(cases) / sizeof(cases[0]))

static struct dns_session *open_session(struct arena *arena, struct verify *verify)
{
	struct dns *dns;
	struct error error;
	if (dns_replay_open(arena, STR("zone"), STR(ZONE), &dns, &error))
		fail_msg("%s", error.text);
	struct dns_session *session = dns_session_open(arena, dns, DNS_QUERIES_MAX);
	*verify = (struct verify){.arena = arena, .dns = dns_session_dns(session), .limits = verify_limits_default()};
	return session;
}

static void test_cases(void **state)
{
	struct arena *arena = arena_open(ARENA_BYTES);
	struct psl *psl = psl_builtin_list();
	struct str pairs[2 * CASES];
	struct verify verify;
	struct verdict verdict = {.answers = STR_NONE};
	(void)state;
	(void)open_session(arena, &verify);
	for (size_t i = 0; i < CASES; i++) {
		pairs[2 * i] = str_from(cases[i].identifier);
		pairs[2 * i + 1] = str_from(cases[i].author);
	}
	alignments_check(&verify, psl, pairs, 2 * CASES, &verdict);
	assert_int_equal(verdict.alignments.count, CASES);
	for (size_t i = 0; i < CASES; i++) {
		const struct verdict_alignment *item = &verdict.alignments.at[i];
		if (item->treewalk != cases[i].treewalk || item->psl != cases[i].psl)
			fail_msg("%s, %s: %d by tree walk, %d by list", cases[i].identifier, cases[i].author,
				(int)item->treewalk, (int)item->psl);
		assert_true(str_eq(item->identifier, pairs[2 * i]));
	}
	verdict.alignments.count = 0;
	alignments_check(&verify, NULL, pairs, 3, &verdict);
	assert_int_equal(verdict.alignments.count, 1);
	psl_close(&psl);
	arena_close(&arena);
}

static void test_many(void **state)
{
	struct arena *arena = arena_open(ARENA_BYTES);
	struct str *pairs = ARENA_ARRAY(arena, 4000, struct str);
	struct verify verify;
	struct verdict verdict = {.answers = STR_NONE};
	(void)state;
	struct dns_session *session = open_session(arena, &verify);
	for (size_t i = 0; i < 2000; i++) {
		pairs[2 * i] = str_from(arena_printf(arena, "a%zu.b.ours.example", i));
		pairs[2 * i + 1] = STR("ours.example");
	}
	alignments_check(&verify, NULL, pairs, 4000, &verdict);
	assert_int_equal(verdict.alignments.count, 2000);
	assert_int_equal(verdict.alignments.at[0].treewalk, MAYBE_YES);
	assert_int_equal(verdict.alignments.at[1999].treewalk, MAYBE_UNKNOWN);
	assert_true(dns_session_queries(session) <= DNS_QUERIES_MAX);
	arena_close(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases), cmocka_unit_test(test_many)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
