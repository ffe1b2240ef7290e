// SPDX-License-Identifier: Apache-2.0
/* Every column of tlsrpt/expected.tsv. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

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

static struct str number(uint64_t value)
{
	return carry_cat("%llu", (unsigned long long)value);
}

static size_t policies_differ(const struct carry_table *table, const struct carried_report *report)
{
	uint64_t success = 0, failure = 0;
	struct str domains = STR(""), types = STR("");
	for (size_t i = 0; i < report->policies_count; i++) {
		const struct tls_policy *policy = &report->policies[i];
		const char *comma = i > 0 ? "," : "";
		success += policy->success;
		failure += policy->failure;
		domains = carry_cat("%.*s%s%.*s", STR_FMT(domains), comma, STR_FMT(policy->policy_domain));
		types = carry_cat("%.*s%s%.*s", STR_FMT(types), comma, STR_FMT(policy->policy_type));
	}
	return differs(table, "policies", number(report->totals.records)) +
		differs(table, "policy_domains", domains) + differs(table, "policy_types", types) +
		differs(table, "successful", number(success)) + differs(table, "failed", number(failure)) +
		differs(table, "failure_details", number(report->details));
}

static size_t report_differs(const struct carry_table *table, const struct carried *carried)
{
	const struct carried_report *report = &carried->reports[0];
	const char *issues = carry_issues(carried, 0);
	return differs(table, "outcome", issues[0] != '\0' ? STR("accept-warn") : STR("accept")) +
		differs(table, "member", report->member) +
		differs(table, "organization", report->tls.organization) +
		differs(table, "report_id", report->tls.report_id) +
		differs(table, "start", report->tls.start) + differs(table, "end", report->tls.end) +
		differs(table, "contact", report->tls.contact) + policies_differ(table, report);
}

static void test_expected(void **state)
{
	(void)state;
	carry_need_corpus();
	struct carry_table table;
	size_t files = 0, wrong = 0;
	carry_table_open(&table, "tlsrpt");
	while (carry_table_next(&table)) {
		struct str file = carry_table_value(&table, "file");
		const char *name = arena_printf(carry_arena(), "tlsrpt/%.*s", STR_FMT(file));
		const struct carried *carried = carry_bytes(carry_corpus_file(name), NULL);
		files++;
		assert_int_equal(carried->reports_count, 1);
		assert_int_equal(carried->reports[0].kind, REPORT_TLSRPT);
		wrong += report_differs(&table, carried);
	}
	assert_true(files > 10);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expected),
	};
	return cmocka_run_group_tests(tests, carry_setup, carry_teardown);
}
