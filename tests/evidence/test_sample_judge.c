// SPDX-License-Identifier: Apache-2.0
/* What is kept of a verdict on a sample. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "evidence/sample_judge.h"

#include <string.h>

#define WORDS(word) {(const char *const[]){word}, 1}

static const struct inventory_mta mtas[] = {
	{.name = "out1", .addresses = WORDS("192.0.2.10"), .hostnames = WORDS("out1.example.jp")},
};
static struct arena *arena;
static struct inventory *inventory;
static struct verdict verdict;

static void identity(const char *kind, const char *value)
{
	*VERDICT_ADD(arena, &verdict.identities) = (struct verdict_identity){.kind = str_from(kind),
		.value = str_from(value), .source = STR("Received")};
}

static void claim(const char *field, const char *method, const char *result, enum maybe agrees, bool trusted)
{
	*VERDICT_ADD(arena, &verdict.claims) = (struct verdict_claim){.field = str_from(field),
		.method = str_from(method), .result = str_from(result), .agrees = agrees, .trusted = trusted};
}

static struct sample_finding judged(void)
{
	struct sample_finding finding;
	memset(&finding, 0xa5, sizeof(finding));
	sample_judge(inventory, &verdict, arena, &finding);
	return finding;
}

static void test_who_sent_it(void **state)
{
	char text[IP_TEXT_BYTES];
	(void)state;
	identity("header_from", "a@example.jp");
	identity("ip", "192.0.2.10");
	identity("helo", "whatever");
	identity("message_id", "<1@example.jp>");
	identity("probe", "0123456789abcdef0123456789abcdef");
	verdict.dmarc = (struct verdict_dmarc){.author_domain = STR("example.jp"), .spf_aligned = true};
	struct sample_finding finding = judged();
	assert_true(str_eq(finding.mta, STR("out1")));
	assert_true(str_eq(finding.found_by, STR("ip")));
	assert_true(str_eq(finding.domain, STR("example.jp")));
	assert_string_equal(ip_format(&finding.source_ip, text), "192.0.2.10");
	assert_true(str_eq(finding.helo, STR("whatever")));
	assert_true(str_eq(finding.probe, STR("0123456789abcdef0123456789abcdef")));
	assert_true(finding.spf_aligned);
	assert_false(finding.dkim_aligned);
	assert_int_equal(finding.authres_agrees, 0);
	assert_int_equal(finding.authres_differs.count, 0);
}

static void test_names_of_received(void **state)
{
	(void)state;
	identity("message_id", "out1.example.jp");
	assert_true(judged().mta.ptr && judged().mta.len == 0);
	assert_null(judged().found_by.ptr);
	identity("rdns", "mx.example");
	identity("received", "out1.example.jp");
	assert_true(str_eq(judged().mta, STR("out1")));
	assert_true(str_eq(judged().found_by, STR("received")));
	assert_int_equal(judged().source_ip.family, 0);
	assert_null(judged().helo.ptr);
}

static void test_the_receiving_host(void **state)
{
	(void)state;
	claim("authentication-results", "spf", "fail", MAYBE_NO, true);
	claim("Authentication-Results", "dkim", "pass", MAYBE_YES, true);
	claim("Authentication-Results", "iprev", "pass", MAYBE_UNKNOWN, true);
	claim("Authentication-Results", "dmarc", "fail", MAYBE_NO, true);
	claim("Authentication-Results", "arc", "pass", MAYBE_NO, false);
	claim("Received-SPF", "spf", "fail", MAYBE_NO, true);
	struct sample_finding finding = judged();
	assert_int_equal(finding.authres_agrees, 1);
	assert_int_equal(finding.authres_differs.count, 2);
	assert_true(str_eq(finding.authres_differs.at[0], STR("spf=fail")));
	assert_true(str_eq(finding.authres_differs.at[1], STR("dmarc=fail")));
}

static int setup(void **state)
{
	(void)state;
	arena = arena_open((size_t)1024 * 1024);
	verdict = (struct verdict){.answers = STR_NONE};
	return inventory_open(mtas, 1, &inventory, NULL);
}

static int teardown(void **state)
{
	(void)state;
	inventory_close(&inventory);
	arena_close(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_who_sent_it, setup, teardown),
		cmocka_unit_test_setup_teardown(test_names_of_received, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_receiving_host, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
