// SPDX-License-Identifier: Apache-2.0
/* The vectors of publicsuffix/list against the list beside them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/verifier/corpus.h"
#include "verifier/domain.h"
#include "verifier/psl.h"

#define ARENA_CEILING_BYTES ((size_t)16 * 1024 * 1024)

static struct arena *arena;

/* The n-th 'quoted' word of a line; absent when there is none (null). */
static struct str quoted(struct str line, size_t n)
{
	struct str rest = line, word = STR_NONE;
	struct str args = str_from_offset(line, str_find_char(line, '('));
	for (rest = args; n > 0; n--)
		rest = str_from_offset(rest, str_find_char(rest, ',') + 1);
	rest = str_trim(rest);
	if (str_starts(rest, STR("(")))
		rest = str_trim(str_from_offset(rest, 1));
	if (!str_starts(rest, STR("'")))
		return STR_NONE;
	rest = str_from_offset(rest, 1);
	(void)str_split(&rest, '\'', &word);
	return word;
}

/* Organizational Domain, absent when the domain is none or is itself a suffix. */
static struct str registrable(const struct psl *psl, struct str domain)
{
	struct str ascii;
	if (!domain_to_ascii(arena, domain, &ascii))
		return STR_NONE;
	return psl_org_domain(psl, arena, ascii);
}

static void test_vectors(void **state)
{
	(void)state;
	corpus_need();
	struct str list = corpus_file(arena, "psl", STR("public_suffix_list.dat"));
	struct str vectors = corpus_file(arena, "psl", STR("test_psl.txt")), line;
	struct psl *psl = psl_open(list);
	size_t count = 0;
	assert_non_null(psl);
	while (str_line(&vectors, &line)) {
		if (!str_starts(line, STR("checkPublicSuffix(")))
			continue;
		struct str input = quoted(line, 0), output = quoted(line, 1), want = STR_NONE, self = STR_NONE;
		struct str got = registrable(psl, input);
		/* null: refused, or a suffix, which stands for itself (psl.h). */
		(void)domain_to_ascii(arena, input, &self);
		if (!output.ptr)
			want = self;
		else
			assert_true(domain_to_ascii(arena, output, &want));
		if (!str_eq(got, want))
			fail_msg("%.*s: %.*s", STR_FMT(line), STR_FMT(got));
		count++;
	}
	assert_int_equal(count, 78);
	psl_close(&psl);
	assert_null(psl);
}

static void test_lists(void **state)
{
	(void)state;
	struct psl *psl = psl_open(STR("com\nexample.com\n"));
	assert_non_null(psl);
	assert_true(str_eq(psl_org_domain(psl, arena, STR("a.b.example.com")), STR("b.example.com")));
	assert_true(str_eq(psl_org_domain(psl, arena, STR("example.com")), STR("example.com")));
	psl_close(&psl);
	assert_null(psl_open(STR("")));
	assert_null(psl_open(STR("// nothing\n")));
	psl_close(&psl);
	psl = psl_builtin_list();
	assert_non_null(psl);
	assert_true(str_eq(psl_org_domain(psl, arena, STR("a.b.example.co.uk")), STR("example.co.uk")));
	psl_close(&psl);
}

static int setup(void **state)
{
	(void)state;
	arena = arena_open(ARENA_CEILING_BYTES);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_close(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_lists),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
