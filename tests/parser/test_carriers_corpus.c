// SPDX-License-Identifier: Apache-2.0
/* The archives and mails of aggregate/expected.tsv, through every layer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/parser/carry_case.h"
#include "tests/parser/carry_table.h"

#include <string.h>

static bool is_carrier(struct str file)
{
	return str_ends(file, STR(".eml")) || str_ends(file, STR(".zip")) || str_ends(file, STR(".gz"));
}

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

static size_t report_differs(const struct carry_table *table, const struct carried_report *report)
{
	const struct aggregate_head *head = &report->aggregate;
	size_t count = differs(table, "org_name", head->org_name) +
		differs(table, "report_id", head->report_id) +
		differs(table, "policy_domain", head->policy.domain) +
		differs(table, "begin", number((uint64_t)head->begin_epoch_secs)) +
		differs(table, "end", number((uint64_t)head->end_epoch_secs)) +
		differs(table, "records", number(report->totals.records)) +
		differs(table, "messages", number(report->totals.messages)) +
		differs(table, "dmarc_pass", number(report->totals.dmarc_pass));
	/* The table gives no name for a gzip, where a mail's attachment may have one. */
	if (carry_table_value(table, "member").len > 0)
		count += differs(table, "member", report->member);
	return count;
}

static size_t file_differs(const struct carry_table *table, const struct carried *carried)
{
	struct str outcome = carry_table_value(table, "outcome");
	if (str_starts(outcome, STR("accept")) && carried->reports_count == 1)
		return report_differs(table, &carried->reports[0]);
	if (str_eq(outcome, STR("reject")) && carried->end.verdict == VERDICT_REJECTED)
		return 0;
	struct str file = carry_table_value(table, "file");
	print_error("%.*s: code \"%s\", %zu reports\n", STR_FMT(file), carry_code(carried),
		carried->reports_count);
	return 1;
}

static void test_expected(void **state)
{
	(void)state;
	carry_need_corpus();
	struct carry_table table;
	size_t files = 0, wrong = 0;
	carry_table_open(&table, "aggregate");
	while (carry_table_next(&table)) {
		struct str file = carry_table_value(&table, "file");
		if (!is_carrier(file))
			continue;
		const char *name = arena_printf(carry_arena(), "aggregate/%.*s", STR_FMT(file));
		files++;
		wrong += file_differs(&table, carry_bytes(carry_corpus_file(name), NULL));
	}
	assert_true(files > 10);
	assert_int_equal(wrong, 0);
}

static void test_codes(void **state)
{
	(void)state;
	carry_need_corpus();
	static const struct {
		const char *name, *want;
	} cases[] = {
		{"aggregate/dmarc-cat-bad.xml", "file.empty"},
		{"aggregate/dmarc-cat-bad.zip", "archive.empty"},
		{"aggregate/dmarc-cat-notempty.zip", "archive.no_report"},
		{"aggregate/dmarc-cat-notempty.txt.gz", "archive.no_report"},
		{"aggregate/parsedmarc-empty.xml", "file.empty"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(carry_code(carry_bytes(carry_corpus_file(cases[i].name), NULL)),
			cases[i].want);
	struct str odd = carry_corpus_file("aggregate/parsedmarc-mimecast-weird-gzip.eml");
	assert_true(carry_bytes(odd, NULL)->reports[0].issues[ISSUE_ARCHIVE_TRAILING_BYTES] > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expected),
		cmocka_unit_test(test_codes),
	};
	return cmocka_run_group_tests(tests, carry_setup, carry_teardown);
}
