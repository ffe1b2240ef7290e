// SPDX-License-Identifier: Apache-2.0
/* Every column of failure/expected.tsv. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/parser/carry_case.h"
#include "tests/parser/carry_table.h"

#include <string.h>

static size_t differs(const struct carry_table *table, const char *column, struct str got)
{
	struct str want = carry_table_value(table, column);
	/* The plain-text form has no fields; what its text says is more than the table asks for. */
	bool text = str_find(carry_table_value(table, "note"), STR("no message/feedback-report part")) != SIZE_MAX;
	if (str_eq(want, got) || (text && want.len == 0))
		return 0;
	struct str file = carry_table_value(table, "file");
	print_error("%.*s: %s is \"%.*s\", not \"%.*s\"\n", STR_FMT(file), column, STR_FMT(got), STR_FMT(want));
	return 1;
}

static size_t differences(const struct carry_table *table, const struct failure_report *failure)
{
	char ip[IP_TEXT_BYTES];
	size_t count = differs(table, "source_ip", str_from(ip_format(&failure->source_ip, ip)));
#define DIFFERS(member) count += differs(table, #member, failure->member)
	DIFFERS(feedback_type);
	DIFFERS(auth_failure);
	DIFFERS(reported_domain);
	DIFFERS(original_mail_from);
	DIFFERS(original_rcpt_to);
	DIFFERS(arrival_date);
	DIFFERS(delivery_result);
	DIFFERS(identity_alignment);
	DIFFERS(dkim_domain);
	DIFFERS(user_agent);
	DIFFERS(version);
	DIFFERS(orig_part);
	DIFFERS(orig_from);
	DIFFERS(orig_subject);
	DIFFERS(orig_message_id);
#undef DIFFERS
	return count;
}

static size_t outcome_differs(const struct carry_table *table, const struct carried *carried)
{
	struct str want = carry_table_value(table, "outcome");
	const char *issues = carried->reports_count > 0 ? carry_issues(carried, 0) : "";
	struct str got = STR("not-ruf");
	if (carried->end.verdict == VERDICT_REJECTED)
		got = STR("reject");
	else if (carried->end.verdict == VERDICT_REPORTS)
		got = issues[0] != '\0' ? STR("accept-warn") : STR("accept");
	if (str_eq(want, got))
		return 0;
	struct str file = carry_table_value(table, "file");
	print_error("%.*s: %.*s, not %.*s (%s)\n", STR_FMT(file), STR_FMT(got), STR_FMT(want), issues);
	return 1;
}

static void test_expected(void **state)
{
	(void)state;
	carry_need_corpus();
	struct carry_table table;
	size_t files = 0, wrong = 0;
	carry_table_open(&table, "failure");
	while (carry_table_next(&table)) {
		struct str file = carry_table_value(&table, "file");
		const char *name = arena_printf(carry_arena(), "failure/%.*s", STR_FMT(file));
		const struct carried *carried = carry_bytes(carry_corpus_file(name), NULL);
		files++;
		wrong += outcome_differs(&table, carried);
		if (carried->end.verdict == VERDICT_REPORTS)
			wrong += differences(&table, &carried->reports[0].failure);
	}
	assert_true(files > 10);
	assert_int_equal(wrong, 0);
}

static void test_plain_text_form(void **state)
{
	(void)state;
	carry_need_corpus();
	struct str mail = carry_corpus_file("failure/parsedmarc-exim-plain-text-no-arf-part.eml");
	const struct failure_report *failure = &carry_bytes(mail, NULL)->reports[0].failure;
	char ip[IP_TEXT_BYTES];
	assert_string_equal(ip_format(&failure->source_ip, ip), "203.0.113.68");
	assert_true(str_eq(failure->reported_domain, STR("example.com")));
	assert_true(str_eq(failure->arrival_date, STR("Mon, 07 Apr 2025 23:16:09 +0200")));
	assert_true(str_eq(failure->orig_subject, STR("Payment from your account.")));
}

/* A sample comes out as it stands in the mail, byte for byte. */
static void test_samples(void **state)
{
	static const struct {
		const char *file;
		bool encoded;
	} mails[] = {
		{"failure/parsedmarc-linkedin.eml", false},
		{"failure/parsedmarc-linkedin.crlf.eml", false},
		{"failure/parsedmarc-netease-rent-reminder.eml", false},
		{"failure/sisimai-bsd-arf-20.eml", false},
		{"failure/parsedmarc-exim-plain-text-no-arf-part.eml", true},
	};
	(void)state;
	carry_need_corpus();
	for (size_t i = 0; i < sizeof(mails) / sizeof(mails[0]); i++) {
		struct str mail = carry_corpus_file(mails[i].file);
		const struct failure_report *failure = &carry_bytes(mail, NULL)->reports[0].failure;
		struct str sample = carry_extract(mail, 0);
		assert_true(failure->sample_bytes > 0);
		assert_int_equal(sample.len, failure->sample_bytes);
		if (!mails[i].encoded && str_find(mail, sample) == SIZE_MAX)
			fail_msg("%s: its sample is not in it", mails[i].file);
		assert_int_equal(carry_extract(mail, 1).len, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expected),
		cmocka_unit_test(test_plain_text_form),
		cmocka_unit_test(test_samples),
	};
	return cmocka_run_group_tests(tests, carry_setup, carry_teardown);
}
