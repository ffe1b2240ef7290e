// SPDX-License-Identifier: Apache-2.0
/* TLS reports as they really come: RFC 8460 section 4.4, MALFORMATIONS I. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/parser/carry_case.h"

#include <string.h>

#define JSON carry_json("t1")

static struct str swap(const char *from, const char *to)
{
	struct str json = JSON;
	if (str_find(json, str_from(from)) == SIZE_MAX)
		fail_msg("%s is not in the report", from);
	return carry_replace(json, str_from(from), str_from(to));
}

/* More than is kept of a list. */
static const char *long_list(void)
{
	struct str line = carry_cat("\"%s\",", carry_repeat(STR("a"), 4000).ptr);
	return carry_cat("[%s\"\"]", carry_repeat(line, 70).ptr).ptr;
}

static void test_read_tolerantly(void **state)
{
	(void)state;
	const char *contact = "\"contact-info\":\"a@acme.example\",";
	const char *start = "\"2024-01-01T00:00:00Z\"";
	const char *end = "\"2024-01-01T23:59:59Z\"";
	const char *mx = "\"mx-host\":[\"mx.example.com\"]";
	const char *detail = "[{\"result-type\":\"certificate-expired\",\"failed-session-count\":1}]";
	struct carry_case cases[] = {
		{"as specified", JSON, "", 1, ""},
		{"pretty", carry_replace(JSON, STR(","), STR(",\r\n\t ")), "", 1, ""},
		{"contact null", swap(contact, "\"contact-info\":null,"), "", 1, "tls.contact_missing"},
		{"no contact", swap(contact, ""), "", 1, "tls.contact_missing"},
		{"no organisation", swap("\"organization-name\":\"Acme\",", ""), "", 1, "tls.field_missing"},
		{"no report-id", swap("\"report-id\":\"t1\",", ""), "", 1, "tls.field_missing"},
		{"dates without zone", swap(start, "\"2024-01-01T00:00:00\""), "", 1, "tls.field_form"},
		{"dates with an offset", swap(start, "\"2024-01-01T02:00:00+02:00\""), "", 1, ""},
		{"dates as in mail", swap(start, "\"Mon, 01 Jan 2024 00:00:00 +0000\""),
			"", 1, "tls.field_form"},
		{"dates as seconds", swap(start, "1704067200"), "", 1, "tls.field_form"},
		{"one second", swap(end, "\"2024-01-01T00:00:00Z\""), "", 1, "report.dates_equal"},
		{"two months", swap(end, "\"2024-03-01T00:00:00Z\""), "", 1, "report.dates_long"},
		{"mx-host a string", swap(mx, "\"mx-host\":\"mx.example.com\""), "", 1, "tls.mx_host"},
		{"mx-host-pattern", swap(mx, "\"mx-host-pattern\":[\"mx.example.com\"]"),
			"", 1, "tls.mx_host"},
		{"no mx-host", swap(",\"mx-host\":[\"mx.example.com\"]", ""), "", 1, ""},
		{"policy-string empty", swap("[\"version: STSv1\"]", "[]"), "", 1, ""},
		{"policy-string a string", swap("[\"version: STSv1\"]", "\"version: STSv1\""),
			"", 1, "tls.field_form"},
		{"no policy found", swap("\"policy-type\":\"sts\"", "\"policy-type\":\"no-policy-found\""),
			"", 1, ""},
		{"unknown policy", swap("\"policy-type\":\"sts\"", "\"policy-type\":\"new\""),
			"", 1, "tls.policy_type"},
		{"no policy-domain", swap("\"policy-domain\":\"example.com\",", ""),
			"", 1, "tls.field_missing"},
		{"unknown result", swap("certificate-expired", "new-failure"), "", 1, "tls.result_type"},
		{"no details", swap(detail, "[]"), "", 1, ""},
		{"details null", swap(detail, "null"), "", 1, ""},
		{"sum differs", swap("\"total-failure-session-count\":1",
			"\"total-failure-session-count\":2"), "", 1, "tls.sum"},
		{"count as string", swap("count\":5", "count\":\"5\""), "", 1, "tls.field_form"},
		{"count as 5.0", swap("count\":5", "count\":5.0"), "", 1, "tls.field_form"},
		{"count missing", swap("\"total-successful-session-count\":5,", ""),
			"", 1, "tls.field_missing"},
		{"count empty", swap("count\":5", "count\":\"\""), "", 1, "tls.field_form"},
		{"unknown keys", swap("{\"organization-name\"",
			"{\"x\":{\"y\":[1,2.5,null]},\"organization-name\""), "", 1, ""},
		{"U+0000", swap("Acme", "Ac\\u0000me"), "", 1, "tls.field_form"},
		{"bare control", swap("Acme", "Ac\tme"), "", 1, "tls.field_form"},
		{"latin-1", swap("Acme", "Ac\xe9me"), "", 1, "tls.field_form"},
		{"bytes behind", carry_join(JSON, STR("\nthe end")), "", 1, "tls.trailing"},
		{"NULs behind", carry_join(JSON, STR("\0\0\n")), "", 1, ""},
		{"BOM", carry_join(STR("\xef\xbb\xbf\n"), JSON), "", 1, ""},
		{"sum above 2^63-1", swap("count\":5", "count\":9223372036854775807"), "", 1, ""},
	};
	CARRY_CHECK(cases, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool lenient = strstr(cases[i].want_issues, "tls.") != NULL &&
			strcmp(cases[i].want_issues, "tls.sum") != 0;
		assert_int_equal(carry_bytes(cases[i].in, NULL)->reports[0].totals.schema,
			lenient ? SCHEMA_LENIENT : SCHEMA_RFC8460);
	}
	assert_true(str_eq(carry_bytes(cases[29].in, NULL)->reports[0].tls.organization, STR("Ac\xef\xbf\xbdme")));
	assert_true(str_eq(carry_bytes(cases[31].in, NULL)->reports[0].tls.organization, STR("Ac\xc3\xa9me")));
}

static void test_other_types_of_values(void **state)
{
	(void)state;
	const char *detail = "[{\"result-type\":\"certificate-expired\",\"failed-session-count\":1}]";
	struct carry_case cases[] = {
		{"UTF-8", swap("Acme", "Acm\xc3\xa9"), "", 1, ""},
		{"UTF-16 little", carry_utf16(JSON, true), "", 1, "tls.field_form"},
		{"UTF-16 big", carry_utf16(JSON, false), "", 1, "tls.field_form"},
		{"UTF-16, no mark", carry_gzip(str_from_offset(carry_utf16(JSON, false), 2)), "", 1, "tls.field_form"},
		{"UTF-16 as the mail's text", carry_single("text/plain", carry_utf16(JSON, true)), "", 1,
			"mail.text_body tls.field_form"},
		{"a number as a name", swap("\"Acme\"", "17"), "", 1, "tls.field_form"},
		{"a list as a name", swap("\"Acme\"", "[]"), "", 1, "tls.field_missing tls.field_form"},
		{"a long name", swap("Acme", carry_repeat(STR("a"), 1025).ptr), "", 1, "text.cut"},
		{"policy-string with a number", swap("[\"version: STSv1\"]", "[1,\"version: STSv1\"]"),
			"", 1, "tls.field_form"},
		{"policy-string an object", swap("[\"version: STSv1\"]", "{}"), "", 1, "tls.field_form"},
		{"a long policy-string", swap("[\"version: STSv1\"]", long_list()), "", 1, "text.cut"},
		{"count as \"5.0\"", swap("count\":5", "count\":\"5.0\""), "", 1, "tls.field_form"},
		{"one detail, no list", swap(detail, "{\"result-type\":\"certificate-expired\","
			"\"failed-session-count\":1}"), "", 1, "tls.field_form"},
		{"details a text", swap(detail, "\"none\""), "", 1, "tls.field_form"},
		{"no policy", swap("\"policy\":", "\"policies\":"), "", 1, "tls.field_missing"},
		{"no summary", swap("\"summary\":", "\"sum\":"), "", 1, "tls.field_missing tls.sum"},
		{"one policy, no list", carry_replace(swap("\"policies\":[", "\"policies\":"), STR("}]}]}"),
			STR("}]}}")), "", 1, "tls.field_form"},
		{"no policies", swap("\"policies\":", "\"none\":"), "", 1, "tls.field_missing"},
		{"long ago", carry_replace(JSON, STR("2024-"), STR("2009-")), "", 1, "report.dates_old"},
	};
	CARRY_CHECK(cases, NULL);
}

/* Kept as sent where it cannot be made right, and said. */
static void test_forms_of_values(void **state)
{
	(void)state;
	const char *start = "\"2024-01-01T00:00:00Z\"", *mx = "mx.example.com";
	const char *domain = "domain\":\"example.com\"", *type = "{\"result-type\"";
	struct carry_case cases[] = {
		{"a domain that is none", swap(domain, "domain\":\"a b\""), "", 1, "tls.field_form"},
		{"a domain in U-labels", swap(domain, "domain\":\"b\xc3\xbc" "cher.example\""), "", 1,
			"tls.field_form"},
		{"a domain in capitals", swap(domain, "domain\":\"Example.COM\""), "", 1, ""},
		{"addresses", swap(type, "{\"sending-mta-ip\":\"192.0.2.1\",\"receiving-ip\":\"2001:db8::1\","
			"\"result-type\""), "", 1, ""},
		{"no addresses", swap(type, "{\"sending-mta-ip\":\"\",\"receiving-ip\":null,\"result-type\""),
			"", 1, ""},
		{"a sender that is none", swap(type, "{\"sending-mta-ip\":\"nope\",\"result-type\""), "", 1,
			"tls.field_form"},
		{"a receiver that is none", swap(type, "{\"receiving-ip\":\"[192.0.2.1]\",\"result-type\""), "", 1,
			"tls.field_form"},
		{"a day", swap(start, "\"2024-01-01\""), "", 1, "tls.field_form"},
		{"no seconds", swap(start, "\"2024-01-01T00:00Z\""), "", 1, "tls.field_form"},
		{"a blank for the T", swap(start, "\"2024-01-01 00:00:00Z\""), "", 1, "tls.field_form"},
		{"a zone by name", swap(start, "\"2024-01-01T00:00:00 UTC\""), "", 1, "tls.field_form"},
		{"no digits behind the point", swap(start, "\"2024-01-01T00:00:00.Z\""), "", 1, "tls.field_form"},
		{"a fraction, small letters", swap(start, "\"2024-01-01t00:00:00.25z\""), "", 1, ""},
		{"an offset", swap(start, "\"2023-12-31T23:00:00-01:00\""), "", 1, ""},
		{"BEL", swap("Acme", "Ac\\u0007me"), "", 1, "tls.field_form"},
		{"DEL", swap("Acme", "Ac\x7fme"), "", 1, "tls.field_form"},
		{"C1", swap("Acme", "Ac\xc2\x85me"), "", 1, "tls.field_form"},
		{"LF", swap("Acme", "Ac\\nme"), "", 1, "tls.field_form"},
		{"LF at the end", swap("Acme", "Acme\\n"), "", 1, "tls.field_form"},
		{"LF in a list", swap(mx, "mx.example.com\\nmx.example.net"), "", 1, "tls.field_form"},
		{"quotes and letters", swap("Acme", "\\\"Acm\\u00e9\\\""), "", 1, ""},
	};
	CARRY_CHECK(cases, NULL);
	assert_true(str_eq(carry_bytes(cases[0].in, NULL)->reports[0].policies[0].policy_domain, STR("a b")));
	assert_true(str_eq(carry_bytes(cases[1].in, NULL)->reports[0].policies[0].policy_domain,
		STR("xn--bcher-kva.example")));
	assert_true(str_eq(carry_bytes(cases[5].in, NULL)->reports[0].first_detail.sending_mta_ip, STR("nope")));
	assert_int_equal(carry_bytes(cases[7].in, NULL)->reports[0].tls.begin_epoch_secs, 1704067200);
}

static void test_policies(void **state)
{
	(void)state;
	const char *tail = "\"failed-session-count\":1}]}]}";
	struct carry_case cases[] = {
		{"policies []", STR("{\"date-range\":{\"start-datetime\":\"2024-01-01T00:00:00Z\",\"end-datetime\":"
			"\"2024-01-01T23:59:59Z\"},\"organization-name\":\"A\","
			"\"contact-info\":\"a\",\"report-id\":\"1\","
			"\"policies\":[]}"), "", 1, "tls.policies_empty"},
		{"two", swap(tail, "\"failed-session-count\":1}]},{\"policy\":{\"policy-type\":\"tlsa\","
			"\"policy-domain\":\"Example.NET.\"},\"summary\":{\"total-successful-session-count\":7,"
			"\"total-failure-session-count\":0}}]}"), "", 1, "tls.field_form"},
	};
	CARRY_CHECK(cases, NULL);
	assert_int_equal(carry_bytes(cases[0].in, NULL)->reports[0].totals.records, 0);
	const struct carried_report *report = &carry_bytes(cases[1].in, NULL)->reports[0];
	assert_int_equal(report->totals.records, 2);
	assert_int_equal(report->policies_count, 2);
	assert_int_equal(report->policies[0].success, 5);
	assert_int_equal(report->policies[0].details_count, 1);
	assert_true(str_eq(report->policies[0].mx_hosts, STR("mx.example.com")));
	assert_true(str_eq(report->policies[1].policy_domain, STR("example.net")));
	assert_int_equal(report->policies[1].success, 7);
	assert_true(str_eq(report->first_detail.result_type, STR("certificate-expired")));
	assert_int_equal(report->tls.begin_epoch_secs, 1704067200);
	assert_int_equal(report->tls.end_epoch_secs, 1704153599);
}

static void test_refused(void **state)
{
	(void)state;
	const char *start = "\"2024-01-01T00:00:00Z\"";
	const char *end = "\"2024-01-01T23:59:59Z\"";
	const char *count = "count\":5";
	struct str json = JSON;
	struct carry_case cases[] = {
		{"cut", str_sub(json, 0, json.len - 1), "tls.malformed", 0, NULL},
		{"trailing comma", swap("}]}]}", "}]}],}"), "tls.malformed", 0, NULL},
		{"duplicate key", swap("{\"organization-name\"", "{\"report-id\":\"x\",\"organization-name\""),
			"tls.malformed", 0, NULL},
		{"two documents", carry_join(json, json), "tls.shape", 0, NULL},
		{"a list", STR("[{\"policies\":[]}]"), "tls.shape", 0, NULL},
		{"another object", STR("{\"report-id\":\"x\"}"), "tls.shape", 0, NULL},
		{"policies text", STR("{\"policies\":\"x\",\"date-range\":{\"start-datetime\":\"2024-01-01T00:00:00Z\","
			"\"end-datetime\":\"2024-01-01T00:00:01Z\"}}"), "tls.shape", 0, NULL},
		{"a detail that is none", swap("[{\"result-type\"", "[7,{\"result-type\""), "tls.shape", 0, NULL},
		{"a policy that is none", swap("[{\"policy\"", "[7,{\"policy\""), "tls.shape", 0, NULL},
		{"count negative", swap(count, "count\":-5"), "tls.count", 0, NULL},
		{"count a fraction", swap(count, "count\":5.5"), "tls.count", 0, NULL},
		{"count text", swap(count, "count\":\"five\""), "tls.count", 0, NULL},
		{"count true", swap(count, "count\":true"), "tls.count", 0, NULL},
		{"count 2^63", swap(count, "count\":9223372036854775808"), "tls.count", 0, NULL},
		{"count 1e3", swap(count, "count\":1e400"), "tls.count", 0, NULL},
		{"no dates", swap("\"date-range\"", "\"dates\""), "tls.dates", 0, NULL},
		{"no start", swap("\"start-datetime\"", "\"start\""), "tls.dates", 0, NULL},
		{"nonsense", swap(start, "\"yesterday\""), "tls.dates", 0, NULL},
		{"reversed", swap(end, "\"2023-01-01T00:00:00Z\""), "tls.dates", 0, NULL},
		{"1970", swap(start, "\"1970-01-01T00:00:00Z\""), "tls.dates", 0, NULL},
		{"three days ahead", swap(end, "\"2026-09-24T14:13:21Z\""), "tls.dates", 0, NULL},
	};
	CARRY_CHECK(cases, NULL);
}

static struct str many_policies(size_t count)
{
	struct str one = STR("{\"policy\":{\"policy-type\":\"sts\",\"policy-domain\":\"example.com\"},\"summary\":"
		"{\"total-successful-session-count\":1,\"total-failure-session-count\":0}}");
	return carry_replace(STR("{\"organization-name\":\"A\","
		"\"contact-info\":\"a\",\"report-id\":\"1\",\"date-range\":"
		"{\"start-datetime\":\"2024-01-01T00:00:00Z\",\"end-datetime\":\"2024-01-02T00:00:00Z\"},"
		"\"policies\":[@]}"), STR("@"), carry_join(carry_repeat(carry_join(one, STR(",")),
			count - 1), one));
}

static struct str many_details(size_t count)
{
	struct str one = STR("{\"result-type\":\"tlsa-invalid\",\"failed-session-count\":1}");
	return carry_replace(JSON, STR("{\"result-type\":\"certificate-expired\",\"failed-session-count\":1}"),
		carry_join(carry_repeat(carry_join(one, STR(",")), count - 1), one));
}

/* The policy in a report, without its last two brackets. */
static struct str policy_of(struct str json)
{
	struct str list = str_from_offset(json, str_find(json, STR("[{\"policy\"")) + 1);
	return str_sub(list, 0, list.len - 2);
}

static void test_limits(void **state)
{
	(void)state;
	struct limits limits = limits_default();
	limits.tls_policies = 10;
	limits.tls_details = 10;
	limits.json_string_bytes = 100;
	limits.json_bytes = 3000;
	limits.json_depth = 8;
	limits.report_id_bytes = 50;
	limits.domain_bytes = 11;
	struct str deep = carry_cat("{\"x\":%s%s,\"organization-name\"", carry_repeat(STR("["), 7).ptr,
		carry_repeat(STR("]"), 7).ptr);
	struct str deeper = carry_cat("{\"x\":%s%s,\"organization-name\"", carry_repeat(STR("["), 8).ptr,
		carry_repeat(STR("]"), 8).ptr);
	struct carry_case cases[] = {
		{"10 policies", many_policies(10), "", 1, ""},
		{"a domain of 12 bytes", swap("domain\":\"example.com\"", "domain\":\"example.info\""),
			"tls.too_large", 0, NULL},
		{"11 policies", many_policies(11), "tls.too_large", 0, NULL},
		{"10 details", many_details(10), "", 1, "tls.sum"},
		{"11 details", many_details(11), "tls.too_large", 0, NULL},
		{"11 details of two policies", carry_join(str_sub(many_details(6), 0,
			many_details(6).len - 2), carry_join(STR(","), carry_join(policy_of(many_details(5)),
			STR("]}")))), "tls.too_large", 0, NULL},
		{"a string that fits", swap("Acme", carry_repeat(STR("a"), 99).ptr), "", 1, ""},
		{"a string above", swap("Acme", carry_repeat(STR("a"), 100).ptr), "tls.too_large", 0, NULL},
		{"8 levels", swap("{\"organization-name\"", deep.ptr), "", 1, ""},
		{"9 levels", swap("{\"organization-name\"", deeper.ptr), "tls.too_large", 0, NULL},
		{"100,000 levels", carry_repeat(STR("["), 2999), "tls.too_large", 0, NULL},
		{"a document above", carry_join(JSON, carry_repeat(STR(" "), 3000)),
			"tls.too_large", 0, NULL},
		{"an id of 50", swap("\"t1\"", carry_cat("\"%s\"", carry_repeat(STR("i"), 50).ptr).ptr),
			"", 1, ""},
		{"an id of 51", swap("\"t1\"", carry_cat("\"%s\"", carry_repeat(STR("i"), 51).ptr).ptr),
			"report.id", 0, NULL},
		{"values without end", carry_join(STR("{\"policies\":["), carry_repeat(STR("0,"), 1400)),
			"tls.too_large", 0, NULL},
	};
	CARRY_CHECK(cases, &limits);
}

static void test_limits_of_dates(void **state)
{
	(void)state;
	struct limits limits = limits_default();
	struct str ahead = swap("\"2024-01-01T23:59:59Z\"", carry_cat("%lld", (long long)CARRY_NOW + 100).ptr);
	struct carry_case period[] = {{"a day", JSON, "", 1, ""}};
	struct carry_case longer[] = {{"a day", JSON, "", 1, "report.dates_long"}};
	struct carry_case near[] = {{"ahead", ahead, "", 1, NULL}};
	struct carry_case far[] = {{"ahead", ahead, "tls.dates", 0, NULL}};
	limits.period_secs = 86399;
	CARRY_CHECK(period, &limits);
	limits.period_secs--;
	CARRY_CHECK(longer, &limits);
	limits.ahead_secs = 100;
	CARRY_CHECK(near, &limits);
	limits.ahead_secs--;
	CARRY_CHECK(far, &limits);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read_tolerantly),
		cmocka_unit_test(test_other_types_of_values),
		cmocka_unit_test(test_forms_of_values),
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_limits_of_dates),
	};
	return cmocka_run_group_tests(tests, carry_setup, carry_teardown);
}
