// SPDX-License-Identifier: Apache-2.0
/* The openspf.org suite for RFC 7208, all of it, with explanations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/verifier/corpus.h"
#include "tests/verifier/spf_suite.h"
#include "tests/verifier/spf_zone.h"

#include <string.h>

#define CASES 203

/* Our default explanation is none. */
static bool explained(const struct verdict_spf *verdict, const char *expected)
{
	if (!expected)
		return true;
	if (strcmp(expected, "DEFAULT") == 0)
		return !verdict->explanation.ptr;
	return str_eq(verdict->explanation, str_from(expected));
}

static bool allowed(const struct spf_case *expected, const char *result)
{
	for (size_t i = 0; expected->results[i]; i++)
		if (strcmp(expected->results[i], result) == 0)
			return true;
	return false;
}

static bool case_fails(const struct spf_case *expected, bool traced)
{
	struct spf_zone zone;
	spf_zone_open(&zone, expected->zone);
	if (traced)
		zone.verify.trace = trace_open(zone.arena);
	struct verdict_spf verdict = spf_zone_check(&zone, expected->host, expected->helo, expected->mail_from);
	const char *result = auth_result_text(verdict.result);
	bool error = verdict.result == AUTH_PERMERROR || verdict.result == AUTH_TEMPERROR;
	bool right = allowed(expected, result) && explained(&verdict, expected->explanation) &&
		(!error || verdict.problem.len > 0) && verdict.lookups <= 10 && verdict.void_lookups <= 2;
	if (!right)
		print_error("%s: %s \"%.*s\" (%.*s)\n", expected->name, result, STR_FMT(verdict.explanation),
			STR_FMT(verdict.problem));
	spf_zone_close(&zone);
	return !right;
}

static void test_suite(void **state)
{
	struct arena *arena = arena_open((size_t)16 << 20);
	size_t count, wrong = 0;
	(void)state;
	corpus_need();
	const struct spf_case *cases = spf_suite_read(arena,
		corpus_file(arena, "spf", STR("rfc7208-tests.derived.json")), &count);
	assert_int_equal(count, CASES);
	for (size_t i = 0; i < count; i++)
		wrong += case_fails(&cases[i], i % 2 == 0) || case_fails(&cases[i], i % 2 != 0);
	assert_int_equal(wrong, 0);
	arena_close(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_suite),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
