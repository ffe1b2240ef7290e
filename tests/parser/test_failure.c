// SPDX-License-Identifier: Apache-2.0
/* Failure reports as they really come: RFC 5965, 6591, 9991, MALFORMATIONS H. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/parser/carry_case.h"

#include <string.h>

#define FIELDS "Feedback-Type: auth-failure\nUser-Agent: Acme/1.0\nVersion: 1\nAuth-Failure: dmarc\n" \
	"Source-IP: 192.0.2.1\nReported-Domain: example.com\n" \
	"Authentication-Results: mx.acme.example; dmarc=fail header.from=example.com\n" \
	"Arrival-Date: Tue, 14 Nov 2023 22:13:20 +0000\n"
#define SAMPLE_HEADERS "From: Someone <a@example.com>\nSubject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=\nMessage-ID: <s@x>\n"
#define HUMAN STR("Content-Type: text/plain\n\nThis is an authentication failure report.\n")

static struct str part(const char *type, const char *text)
{
	return carry_cat("Content-Type: %s\n\n%s", type, text);
}

static struct str report(const char *outer, struct str fields, struct str sample)
{
	struct str parts[] = {HUMAN, fields, sample};
	return carry_multipart(carry_header(), outer, parts, sample.ptr != NULL ? 3 : 2);
}

static struct str arf(const char *fields)
{
	return report("report; report-type=feedback-report", part("message/feedback-report", fields),
		part("message/rfc822", SAMPLE_HEADERS "\nhello\n"));
}

static struct str with_sample(struct str sample)
{
	return report("report; report-type=feedback-report", part("message/feedback-report", FIELDS), sample);
}

static void test_forms(void **state)
{
	(void)state;
	struct str fields = part("message/feedback-report", FIELDS);
	struct str sample = part("message/rfc822", SAMPLE_HEADERS "\nhello\n");
	struct str encoded = carry_part("message/feedback-report", STR(FIELDS));
	struct str exim = STR("A message claiming to be from you has failed the published DMARC policy.\n\n"
		"  Sender Domain: example.com\n  Sender IP Address: 203.0.113.68\n"
		"  Received Date: Mon, 07 Apr 2025 23:16:09 +0200\n  SPF Alignment: no\n"
		"  DKIM Alignment: no\n  DMARC Results: Reject\n\n------ This is a copy of the headers that "
		"were received before the error\n       was detected.\n\n" SAMPLE_HEADERS);
	struct str text = carry_join(carry_header(), carry_join(STR("Content-Type: text/plain\n\n"), exim));
	struct str in_text = STR("Content-Type: text/plain\n\nThis is a report.\n\n-----\n" FIELDS "\n" SAMPLE_HEADERS);
	struct carry_case cases[] = {
		{"as specified", arf(FIELDS), "", 1, ""},
		{"CRLF", carry_replace(arf(FIELDS), STR("\n"), STR("\r\n")), "", 1, ""},
		{"bare CR", carry_replace(arf(FIELDS), STR("\n"), STR("\r")), "", 1, ""},
		{"no report-type", report("report", fields, sample), "", 1, "failure.outer_type"},
		{"mixed", report("mixed", fields, sample), "", 1, "failure.outer_type"},
		{"base64", report("report; report-type=feedback-report", encoded, sample),
			"", 1, "failure.feedback_encoded"},
		{"part of another type", report("report; report-type=feedback-report",
			part("application/octet-stream", FIELDS), sample), "", 1, "failure.outer_type"},
		{"plain text alone", text, "", 1, "failure.no_feedback_part failure.field_missing"},
		{"plain text in multipart/report", carry_multipart(carry_header(), "report",
			(struct str[]){carry_join(STR("Content-Type: text/plain\n\n"), exim)}, 1), "", 1,
			"failure.no_feedback_part failure.field_missing"},
		{"fields in a text", carry_join(carry_header(), in_text), "", 1, "failure.outer_type"},
		{"forwarded", carry_multipart(carry_header(), "mixed", (struct str[]){HUMAN,
			carry_join(STR("Content-Type: message/rfc822\n\n"), arf(FIELDS))}, 2), "", 1, ""},
		{"abuse", arf("Feedback-Type: abuse\nUser-Agent: x\nVersion: 1\n"),
			"not_a_report.abuse", 0, NULL},
		{"fraud", arf("Feedback-Type: fraud\nUser-Agent: x\nVersion: 1\n"),
			"not_a_report.abuse", 0, NULL},
		{"virus, with an Auth-Failure", carry_replace(arf(FIELDS), STR("Type: auth-failure"),
			STR("Type: virus")), "not_a_report.abuse", 0, NULL},
		{"three fields", arf("Feedback-Type: abuse\nUser-Agent: JMRP\nVersion: 1\n"),
			"not_a_report.abuse", 0, NULL},
		{"wrong boundary", carry_replace(arf(FIELDS), STR("boundary=\"=_"), STR("boundary=\"x")), "", 1, NULL},
		{"no feedback part", carry_multipart(carry_header(), "report; report-type=feedback-report",
			(struct str[]){HUMAN, sample}, 2), "failure.malformed", 0, NULL},
		{"no field at all", arf("nothing here\n"), "failure.malformed", 0, NULL},
		{"empty part", arf(""), "failure.malformed", 0, NULL},
	};
	CARRY_CHECK(cases, NULL);
	for (size_t i = 7; i <= 8; i++) {
		const struct failure_report *failure = &carry_bytes(cases[i].in, NULL)->reports[0].failure;
		char ip[IP_TEXT_BYTES];
		assert_string_equal(ip_format(&failure->source_ip, ip), "203.0.113.68");
		assert_true(str_eq(failure->reported_domain, STR("example.com")));
		assert_int_equal(failure->arrival_epoch_secs, 1744060569);
		assert_true(str_eq(failure->orig_message_id, STR("<s@x>")));
	}
}

/* What filters write differs in its keys, and in where the message stands. */
static void test_plain_text_wordings(void **state)
{
	(void)state;
	struct str claim = STR("Content-Type: text/plain\n\nA message claiming to\nbe from you has failed the"
		" published DMARC\npolicy for your domain.\n\n");
	struct str keys = STR("Sender Domain: example.com\nSender IP Address: 203.0.113.68\n"
		"Received Date: Mon, 07 Apr 2025 23:16:09 +0200\n");
	struct str all = carry_join(claim, keys), headers = STR("\n" SAMPLE_HEADERS);
	struct str dashes = STR("\n------ This is a copy of the message's headers\n" SAMPLE_HEADERS);
	struct str head = carry_header();
	const struct {
		const char *name;
		struct str in;
		bool no_ip;
	} cases[] = {
		{"blanks before colons", carry_join(head, carry_join(carry_replace(all, STR(": "), STR(" :  ")),
			headers)), false},
		{"other keys", carry_join(head, carry_join(claim, carry_join(STR("From Domain: example.com\n"
			"Source IP: 203.0.113.68\nDate Received: Mon, 07 Apr 2025 23:16:09 +0200\n"), headers))),
			false},
		{"no blank line behind the dashes", carry_join(head, carry_join(all, dashes)), false},
		{"no domain", carry_join(head, carry_join(carry_replace(all, STR("Sender Domain: example.com\n"),
			STR("")), dashes)), false},
		{"no address", carry_join(head, carry_join(carry_replace(all,
			STR("Sender IP Address: 203.0.113.68\n"), STR("")), dashes)), true},
		{"headers in a part", report("report", all, part("text/rfc822-headers", SAMPLE_HEADERS)),
			false},
		{"message in a part", report("mixed", all, part("message/rfc822", SAMPLE_HEADERS "\nhello\n")),
			false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct carried *carried = carry_bytes(cases[i].in, NULL);
		char ip[IP_TEXT_BYTES];
		if (carried->end.verdict != VERDICT_REPORTS || carried->reports_count != 1)
			fail_msg("%s: %s", cases[i].name, carry_code(carried));
		const struct failure_report *failure = &carried->reports[0].failure;
		if (!str_eq(failure->orig_message_id, STR("<s@x>")))
			fail_msg("%s: no sample", cases[i].name);
		assert_int_equal(failure->arrival_epoch_secs, 1744060569);
		assert_true(str_eq(failure->reported_domain, STR("example.com"))); /* of the sample if need be */
		if (!cases[i].no_ip)
			assert_string_equal(ip_format(&failure->source_ip, ip), "203.0.113.68");
		assert_true(carried->reports[0].issues[ISSUE_FAILURE_NO_FEEDBACK_PART] > 0);
	}
	struct str other = STR("Content-Type: text/plain\n\nDomain: example.com\nIP Address: 203.0.113.68\n");
	assert_string_equal(carry_code(carry_bytes(carry_join(head, other), NULL)), "not_a_report.mail");
}

struct field_case {
	const char *name, *from, *to, *want;
};

/* What a field says beside the domain and the date changes neither. */
static void check_fields(const struct field_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct str mail = carry_replace(arf(FIELDS), str_from(cases[i].from), str_from(cases[i].to));
		const struct carried *carried = carry_bytes(mail, NULL);
		assert_int_equal(carried->end.verdict, VERDICT_REPORTS);
		if (strcmp(carry_issues(carried, 0), cases[i].want) != 0)
			fail_msg("%s: \"%s\"", cases[i].name, carry_issues(carried, 0));
		const struct failure_report *failure = &carried->reports[0].failure;
		assert_true(str_eq(failure->reported_domain, STR("example.com")));
		assert_int_equal(failure->arrival_epoch_secs, 1700000000);
		bool lenient = strstr(cases[i].want, "failure.f") != NULL || strstr(cases[i].want, "failure.date");
		assert_int_equal(carried->reports[0].totals.schema, lenient ? SCHEMA_LENIENT : SCHEMA_RFC6591);
	}
}

static void test_issues_of_fields(void **state)
{
	(void)state;
	const struct field_case cases[] = {
		{"no Feedback-Type", "Feedback-Type: auth-failure\n", "", "failure.field_missing"},
		{"no Version", "Version: 1\n", "", "failure.field_missing"},
		{"version with a dot", "Version: 1\n", "Version: 1.0\n", ""},
		{"no User-Agent", "User-Agent: Acme/1.0\n", "", "failure.field_missing"},
		{"no Auth-Failure", "Auth-Failure: dmarc\n", "", "failure.field_missing"},
		{"no Source-IP", "Source-IP: 192.0.2.1\n", "", "failure.field_missing"},
		{"no Reported-Domain", "Reported-Domain: example.com\n", "", "failure.field_missing"},
		{"no Arrival-Date", "Arrival-Date: Tue, 14 Nov 2023 22:13:20 +0000\n", "", ""},
		{"other case", "Source-IP:", "SOURCE-ip:", ""},
		{"folded", "mx.acme.example; dmarc", "mx.acme.example;\n\tdmarc", ""},
		{"repeated and joined", "Version: 1\n", carry_cat("Version: 1\n%s", carry_repeat(
			STR("Authentication-Results: x; dkim=fail\n"), 20000).ptr).ptr, "text.cut"},
		{"repeated", "Version: 1\n", "Version: 1\nVersion: 2\n", "failure.field_repeated"},
		{"unknown type", "Feedback-Type: auth-failure", "Feedback-Type: dmarc", "failure.field_form"},
		{"several domains", "Reported-Domain: example.com\n", "Reported-Domain: example.com\n"
			"Reported-Domain: example.net\n", "failure.domains"},
		{"one domain twice", "Reported-Domain: example.com\n", "Reported-Domain: example.com\n"
			"Reported-Domain: Example.COM\n", ""},
		{"unknown field", "Version: 1\n", "Version: 1\nX-Other: y\n", ""},
		{"unknown word", "Auth-Failure: dmarc", "Auth-Failure: dkim", "failure.field_form"},
		{"list of words", "Auth-Failure: dmarc", "Auth-Failure: spf, signature", ""},
		{"comment", "Auth-Failure: dmarc", "Auth-Failure: (a (b)) DMARC (c)", ""},
		{"delivery in free words", "Version: 1\n", "Version: 1\nDelivery-Result: smg-policy-action\n",
			"failure.field_form"},
		{"impossible date", "Arrival-Date: Tue, 14 Nov 2023 22:13:20 +0000",
			"Arrival-Date: Tue, 34 Nov 2023",
			"failure.date"},
		{"a date far ahead", "Arrival-Date: Tue, 14 Nov 2023 22:13:20 +0000",
			"Arrival-Date: Tue, 14 Nov 9999 22:13:20 +0000",
			"failure.date"},
		{"old zone, short year", "Arrival-Date: Tue, 14 Nov 2023 22:13:20 +0000",
			"Arrival-Date: 14 Nov 23 18:13:20 EDT", ""},
		{"Received-Date", "Arrival-Date:", "Received-Date:", ""},
		{"both dates", "Version: 1\n", "Version: 1\nReceived-Date: Tue, 14 Nov 2023 22:13:20 +0000\n",
			"failure.field_form"},
	};
	check_fields(cases, sizeof(cases) / sizeof(cases[0]));
}

/* Kept as sent, and said. */
static void test_fields_not_as_specified(void **state)
{
	(void)state;
	const char *date = "Arrival-Date: Tue, 14 Nov 2023 22:13:20 +0000", *version = "Version: 1\n";
	const struct field_case cases[] = {
		{"Incidents", version, "Version: 1\nIncidents: (about) 4294967295\n", ""},
		{"Incidents negative", version, "Version: 1\nIncidents: -5\n", "failure.field_form"},
		{"Incidents above 32 bits", version, "Version: 1\nIncidents: 4294967296\n", "failure.field_form"},
		{"Incidents empty", version, "Version: 1\nIncidents:\n", "failure.field_form"},
		{"Source-Port", version, "Version: 1\nSource-Port: 65535\n", ""},
		{"Source-Port above", version, "Version: 1\nSource-Port: 65536\n", "failure.field_form"},
		{"Source-Port a word", version, "Version: 1\nSource-Port: smtp\n", "failure.field_form"},
		{"Version a word", version, "Version: foo\n", "failure.field_form"},
		{"Version ends in a dot", version, "Version: 1.\n", "failure.field_form"},
		{"Version empty", version, "Version:\n", "failure.field_missing"},
		{"alignment", version, "Version: 1\nIdentity-Alignment: DKIM, (b) spf\n", ""},
		{"no alignment", version, "Version: 1\nIdentity-Alignment: none\n", ""},
		{"alignment a word", version, "Version: 1\nIdentity-Alignment: maybe\n", "failure.field_form"},
		{"alignment both ways", version, "Version: 1\nIdentity-Alignment: none, spf\n", "failure.field_form"},
		{"delivery empty", version, "Version: 1\nDelivery-Result:\n", "failure.field_form"},
		{"DKIM-Domain", version, "Version: 1\nDKIM-Domain: _a.Example.net (b)\n", ""},
		{"DKIM-Domain none", version, "Version: 1\nDKIM-Domain: <x>\n", "failure.field_form"},
		{"empty date", date, "Arrival-Date: ", "failure.date"},
		{"empty date, old name", date, "Received-Date:", "failure.date"},
		{"both dates, one empty", date, "Arrival-Date:\nReceived-Date: Tue, 14 Nov 2023 22:13:20 +0000",
			"failure.field_form"},
		{"old date twice", date, "Received-Date: Tue, 14 Nov 2023 22:13:20 +0000\nReceived-Date: x",
			"failure.field_repeated"},
		{"address in a comment", "Source-IP: 192.0.2.1", "Source-IP: (192.0.2.1)", "failure.field_form"},
		{"comment that never ends", "Auth-Failure: dmarc", "Auth-Failure: dmarc (spf", "failure.field_form"},
		{"comment with a parenthesis", "Auth-Failure: dmarc", "Auth-Failure: dmarc (\\) spf)", ""},
		{"comment in a word", "Auth-Failure: dmarc", "Auth-Failure: dm(x)arc", "failure.field_form"},
		{"no colon", version, "Version: 1\nno colon here\n", "failure.field_form"},
		{"no colon, first", "Feedback-Type", "no colon here\nFeedback-Type", "failure.field_form"},
		{"no colon, last", date, "Arrival-Date: Tue, 14 Nov 2023 22:13:20 +0000\nno colon here",
			"failure.field_form"},
		{"a name with a blank", version, "Version: 1\nno field: x\n", "failure.field_form"},
		{"blank before the colon", version, "Version : 1\n", ""},
		{"text before the fields", "Feedback-Type", "Here it is.\n\nFeedback-Type", "failure.field_form"},
		{"text behind the fields", date, "Arrival-Date: Tue, 14 Nov 2023 22:13:20 +0000\n\nthe end",
			"failure.field_form"},
		{"a control", "Acme/1.0", "Acme\a/1.0", "failure.field_form"},
		{"DEL", "Acme/1.0", "Acme\x7f/1.0", "failure.field_form"},
		{"no UTF-8", "Acme/1.0", "Acm\xe9/1.0", "failure.field_form"},
		{"TAB is white space", "mx.acme.example; dmarc", "mx.acme.example;\tdmarc", ""},
		{"a control in an unknown field", version, "Version: 1\nX-Other: \a\n", ""},
	};
	check_fields(cases, sizeof(cases) / sizeof(cases[0]));
}

/* One that is none does not count; then that of the sample does. */
static void test_reported_domains(void **state)
{
	(void)state;
	const struct {
		const char *sent, *want, *want_issues;
	} cases[] = {
		{"Example.NET", "example.net", ""},
		{"(a) example.net (b)", "example.net", ""},
		{"example.net.", "example.net", "failure.field_form"},
		{"b\xc3\xbc" "cher.example", "xn--bcher-kva.example", "failure.field_form"},
		{"<script>xssCanary(1)</script>", "example.com", "failure.field_form"},
		{"exam(x)ple.net", "example.com", "failure.field_form"},
		{"a.example, b.example", "example.com", "failure.field_form"},
		{"(example.net)", "example.com", "failure.field_form"},
		{carry_cat("%s.example", carry_repeat(STR("a"), 300).ptr).ptr, "example.com", "failure.field_form"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str mail = carry_replace(arf(FIELDS), STR("Domain: example.com"),
			carry_cat("Domain: %s", cases[i].sent));
		const struct carried_report *report = &carry_bytes(mail, NULL)->reports[0];
		if (!str_eq(report->failure.reported_domain, str_from(cases[i].want)) ||
		    strcmp(carry_issues(carry_bytes(mail, NULL), 0), cases[i].want_issues) != 0)
			fail_msg("%s: \"%.*s\"", cases[i].sent, STR_FMT(report->failure.reported_domain));
	}
	struct str neither = carry_replace(carry_replace(arf(FIELDS), STR("Domain: example.com"), STR("Domain: <x>")),
		STR("<a@example.com>"), STR("<a@-..x>"));
	assert_int_equal(carry_bytes(neither, NULL)->reports[0].failure.reported_domain.len, 0);
}

static void test_several_feedback_parts(void **state)
{
	(void)state;
	struct str fields = part("message/feedback-report", FIELDS);
	struct str sample = part("message/rfc822", SAMPLE_HEADERS "\nhello\n");
	struct str second = carry_replace(fields, STR("example.com"), STR("example.net"));
	struct str mail = carry_multipart(carry_header(), "report; report-type=feedback-report",
		(struct str[]){HUMAN, fields, sample, second}, 4);
	const struct carried *carried = carry_bytes(mail, NULL);
	assert_string_equal(carry_issues(carried, 0), "failure.feedback_repeated");
	assert_true(str_eq(carried->reports[0].failure.reported_domain, STR("example.com")));
}

static void test_source_addresses(void **state)
{
	(void)state;
	static const struct {
		const char *in, *want_ip, *want_raw, *want_issues;
	} cases[] = {
		{"192.0.2.7", "192.0.2.7", "", ""},
		{"192.0.2.7 (mail.example)", "192.0.2.7", "192.0.2.7 (mail.example)", ""},
		{"IPv6:2001:db8::1", "2001:db8::1", "IPv6:2001:db8::1", ""},
		{"2001:DB8::1", "2001:db8::1", "", ""},
		{"[192.0.2.7]", "192.0.2.7", "[192.0.2.7]", "failure.field_form"},
		{"192.0.2.7 mail.example", "192.0.2.7", "192.0.2.7 mail.example", "failure.field_form"},
		{"::ffff:192.0.2.7", "192.0.2.7", "", ""},
		{"unknown", "", "unknown", "failure.field_form"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char ip[IP_TEXT_BYTES];
		struct str mail = carry_replace(arf(FIELDS), STR("192.0.2.1"), str_from(cases[i].in));
		const struct carried *carried = carry_bytes(mail, NULL);
		assert_string_equal(ip_format(&carried->reports[0].failure.source_ip, ip), cases[i].want_ip);
		struct str raw = carried->reports[0].failure.source_raw;
		if (!str_eq(raw, str_from(cases[i].want_raw)))
			fail_msg("%s: \"%.*s\"", cases[i].in, STR_FMT(raw));
		assert_string_equal(carry_issues(carried, 0), cases[i].want_issues);
	}
}

static void test_samples(void **state)
{
	(void)state;
	struct str attached = carry_join(STR("Content-Type: message/rfc822\n\n"),
		carry_single("application/gzip", carry_gzip(carry_xml("r1"))));
	struct carry_case cases[] = {
		{"whole mail", with_sample(part("message/rfc822", SAMPLE_HEADERS "\nhello\n")), "", 1, ""},
		{"headers", with_sample(part("text/rfc822-headers", SAMPLE_HEADERS)), "", 1, ""},
		{"headers, another type", with_sample(part("message/rfc822-headers", SAMPLE_HEADERS)),
			"", 1, ""},
		{"headers in base64", with_sample(carry_part("text/rfc822-headers", STR(SAMPLE_HEADERS))),
			"", 1, ""},
		{"mbox line first", with_sample(part("text/rfc822-headers",
			"From a@b Tue Nov 14\n" SAMPLE_HEADERS)), "", 1, ""},
		{"none", with_sample(STR_NONE), "", 1, "failure.sample_missing"},
		{"empty", with_sample(STR("Content-Type: text/rfc822-headers\n\n")),
			"", 1, "failure.sample_missing"},
		{"empty message", with_sample(STR("Content-Type: message/rfc822\n\n")),
			"", 1, "failure.sample_missing"},
		{"not a mail", with_sample(part("text/rfc822-headers", "this is no mail\nat all\n")),
			"", 1, "failure.sample_form"},
		{"NULs", with_sample(carry_part("text/rfc822-headers",
			STR(SAMPLE_HEADERS "X: a\0b\n\n\0\0"))), "", 1, "failure.sample_bytes"},
		{"NUL in From", with_sample(carry_part("text/rfc822-headers",
			STR("From: a\0@example.com\nSubject: x\n"))), "", 1, "failure.sample_bytes"},
		{"latin-1", with_sample(part("text/rfc822-headers", SAMPLE_HEADERS "X: \xe9\n")),
			"", 1, "failure.sample_bytes"},
		{"UTF-8, TAB", with_sample(part("text/rfc822-headers", SAMPLE_HEADERS "X: \xc3\xa9\n\ty\n")),
			"", 1, ""},
		{"controls in the body", with_sample(part("message/rfc822", SAMPLE_HEADERS "\n\a\xe9\n")),
			"", 1, ""},
		{"a report inside is not read", with_sample(attached), "", 1, ""},
	};
	CARRY_CHECK(cases, NULL);
	for (size_t i = 0; i < 5; i++) {
		const struct failure_report *failure = &carry_bytes(cases[i].in, NULL)->reports[0].failure;
		assert_true(str_eq(failure->orig_subject, STR("Gr\xc3\xbc\xc3\x9f" "e")));
		assert_true(str_eq(failure->orig_from, STR("Someone <a@example.com>")));
		assert_true(str_eq(failure->orig_message_id, STR("<s@x>")));
		assert_int_equal(failure->sample_has_body, i == 0);
		assert_true(str_find(failure->sample_headers, STR("Message-ID: <s@x>")) != SIZE_MAX);
	}
	assert_int_equal(carry_bytes(cases[14].in, NULL)->reports[0].kind, REPORT_FAILURE);
	assert_true(str_eq(carry_extract(cases[0].in, 0), STR(SAMPLE_HEADERS "\nhello\n")));
	struct str crlf = carry_replace(cases[0].in, STR("\n"), STR("\r\n"));
	assert_true(str_eq(carry_extract(crlf, 0), carry_replace(STR(SAMPLE_HEADERS "\nhello\n"),
		STR("\n"), STR("\r\n"))));
}

static void test_long_sample_headers_are_cut(void **state)
{
	(void)state;
	struct limits limits = limits_default();
	limits.ruf_headers_bytes = 200;
	struct str sample = carry_join(part("text/rfc822-headers", SAMPLE_HEADERS),
		carry_repeat(STR("X-A: \xc3\xbc\n"), 50));
	const struct carried *carried = carry_bytes(with_sample(sample), &limits);
	assert_string_equal(carry_issues(carried, 0), "text.cut");
	assert_in_range(carried->reports[0].failure.sample_headers.len, 190, 200);
}

static void test_domain_from_the_sample(void **state)
{
	(void)state;
	struct str mail = carry_replace(arf(FIELDS), STR("Reported-Domain: example.com\n"), STR(""));
	mail = carry_replace(mail, STR("<a@example.com>"), STR("<a@Sub.Example.COM>"));
	assert_true(str_eq(carry_bytes(mail, NULL)->reports[0].failure.reported_domain, STR("sub.example.com")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_plain_text_wordings),
		cmocka_unit_test(test_issues_of_fields),
		cmocka_unit_test(test_fields_not_as_specified),
		cmocka_unit_test(test_reported_domains),
		cmocka_unit_test(test_several_feedback_parts),
		cmocka_unit_test(test_source_addresses),
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_long_sample_headers_are_cut),
		cmocka_unit_test(test_domain_from_the_sample),
	};
	return cmocka_run_group_tests(tests, carry_setup, carry_teardown);
}
