// SPDX-License-Identifier: Apache-2.0
/* Every column of aggregate/expected.tsv and aggregate-real/expected.tsv. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "tests/parser/carry_case.h"
#include "tests/parser/carry_table.h"

static size_t differs(const struct carry_table *table, const char *column, struct str got)
{
	struct str want = carry_table_value(table, column);
	if (str_eq(want, got))
		return 0;
	struct str file = carry_table_value(table, "file");
	print_error("%.*s: %s is \"%.*s\", not \"%.*s\"\n", STR_FMT(file), column, STR_FMT(got), STR_FMT(want));
	return 1;
}

static struct str number(int64_t value)
{
	return carry_cat("%lld", (long long)value);
}

static size_t report_differs(const struct carry_table *table, const struct carried *carried)
{
	const struct carried_report *report = &carried->reports[0];
	return differs(table, "org_name", report->aggregate.org_name) +
		differs(table, "report_id", report->aggregate.report_id) +
		differs(table, "policy_domain", report->aggregate.policy.domain) +
		differs(table, "begin", number(report->aggregate.begin_epoch_secs)) +
		differs(table, "end", number(report->aggregate.end_epoch_secs)) +
		differs(table, "records", number((int64_t)report->totals.records)) +
		differs(table, "messages", number((int64_t)report->totals.messages)) +
		differs(table, "dmarc_pass", number((int64_t)report->totals.dmarc_pass));
}

/* What was odd about a report that is as its schema wants it is no warning about the report. */
static bool deviates(const struct carried_report *report)
{
	for (size_t i = 0; i < ISSUE_CODE_COUNT; i++)
		if (report->issues[i] > 0 && issue_deviates((enum issue_code)i))
			return true;
	return false;
}

static size_t outcome_differs(const struct carry_table *table, const struct carried *carried)
{
	struct str want = carry_table_value(table, "outcome");
	struct str file = carry_table_value(table, "file");
	bool stored = carried->end.verdict == VERDICT_REPORTS;
	if (str_eq(want, STR("recover|reject")) || str_eq(want, STR("reject"))) {
		if (!stored || str_eq(want, STR("recover|reject")))
			return 0;
		print_error("%.*s: is stored\n", STR_FMT(file));
		return 1;
	}
	if (!stored) {
		print_error("%.*s: %s %.*s\n", STR_FMT(file), carry_code(carried), STR_FMT(carried->end.detail));
		return 1;
	}
	const char *issues = carry_issues(carried, 0);
	bool warns = str_eq(want, STR("accept-warn"));
	if (warns ? issues[0] != '\0' : !deviates(&carried->reports[0]))
		return 0;
	print_error("%.*s: wanted %.*s, has \"%s\"\n", STR_FMT(file), STR_FMT(want), issues);
	return 1;
}

/* Returns the number of files. */
static size_t check_table(const char *corpus_folder, const char *files_folder)
{
	struct carry_table table;
	size_t files = 0, wrong = 0;
	carry_table_open(&table, corpus_folder);
	while (carry_table_next(&table)) {
		struct str file = carry_table_value(&table, "file");
		const char *path = arena_printf(carry_arena(), "%s/%.*s", files_folder, STR_FMT(file));
		const struct carried *carried = carry_file(path, NULL);
		files++;
		wrong += outcome_differs(&table, carried);
		if (carried->end.verdict == VERDICT_REPORTS)
			wrong += report_differs(&table, carried);
	}
	assert_int_equal(wrong, 0);
	return files;
}

static void test_samples(void **state)
{
	(void)state;
	carry_need_corpus();
	assert_true(check_table("aggregate", arena_printf(carry_arena(), "%s/aggregate", carry_corpus())) > 40);
}

/* Real reports, unpacked by the fixture. */
static void test_real(void **state)
{
	const char *folder = getenv("DMARCD_CORPUS_REAL");
	(void)state;
	carry_need_corpus();
	assert_non_null(folder);
	assert_true(check_table("aggregate-real", folder) > 800);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_real),
	};
	return cmocka_run_group_tests(tests, carry_setup, carry_teardown);
}
