// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/parser/carry_case.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool case_holds(const struct carry_case *one, const struct limits *limits)
{
	const struct carried *carried = carry_bytes(one->in, limits);
	const char *issues = carried->reports_count > 0 ? carry_issues(carried, 0) : "";
	bool reports = one->want_code[0] == '\0';
	bool good = strcmp(carry_code(carried), one->want_code) == 0 &&
		(carried->end.verdict == VERDICT_REPORTS) == reports &&
		(!reports || carried->reports_count == one->want_reports) &&
		(one->want_issues == NULL || strcmp(issues, one->want_issues) == 0);
	if (!good)
		print_error("%s: code \"%s\" (%.*s), %zu reports, issues \"%s\"\n", one->name,
			carry_code(carried), STR_FMT(carried->end.detail), carried->reports_count, issues);
	return good;
}

void carry_check(const struct carry_case *cases, size_t count, const struct limits *limits)
{
	size_t failed = 0;
	for (size_t i = 0; i < count; i++)
		failed += !case_holds(&cases[i], limits);
	assert_int_equal(failed, 0);
}

int carry_setup(void **state)
{
	(void)state;
	carry_open();
	return 0;
}

int carry_teardown(void **state)
{
	(void)state;
	carry_close();
	return 0;
}

void carry_need_corpus(void)
{
	if (carry_corpus() != NULL)
		return;
	if (getenv("CI") != NULL)
		fail_msg("no corpus: set DMARCD_CORPUS");
	/* ./check lists these lines. */
	print_message("not run: %s: no corpus of real reports; set DMARCD_CORPUS to its folder\n",
		program_invocation_short_name);
	skip();
}
