// SPDX-License-Identifier: Apache-2.0
/* What the text of a verdict says of signatures, and of reports where somebody asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/verify/verdict_text.h"

static void expect(const struct verdict *verdict, const char *text, bool there)
{
	struct buf out;
	buf_init(&out, SIZE_MAX / 2);
	verdict_text(&out, verdict);
	if ((str_find(buf_str(&out), str_from(text)) != SIZE_MAX) != there)
		fail_msg("\"%s\" %s in:\n%s", text, there ? "is not" : "is", buf_cstr(&out));
	buf_fini(&out);
}

static void test_reports(void **state)
{
	struct verdict_provenance provenance[] = {
		{.state = STR("contradicted"), .domain = STR("stranger.example"), .submitter = STR("google.com"),
			.reasons = STR("dmarc.pass submitter.differs"), .detail = STR("the Submitter names google.com"),
			.destination = STR("other.example"), .destination_authorised = MAYBE_NO},
		{.report_no = 1, .state = STR("unverified")},
	};
	struct verdict_recheck recheck[] = {{.method = STR("dkim"), .reporter = STR("fail"), .ours = STR("pass"),
		.difference = STR("we_pass"), .detail = STR("the signature fits")}};
	struct verdict_alignment alignments[] = {{.identifier = STR("a.example"), .author = STR("b.example"),
		.treewalk = MAYBE_YES}};
	struct verdict verdict = {.answers = STR_NONE};
	(void)state;
	expect(&verdict, "Report 1", false);
	expect(&verdict, "the reporter", false);
	expect(&verdict, "Aligned", false);
	verdict.provenance.at = provenance;
	verdict.provenance.count = 2;
	verdict.recheck.at = recheck;
	verdict.recheck.count = 1;
	verdict.alignments.at = alignments;
	verdict.alignments.count = 1;
	expect(&verdict, "Report 1: contradicted  by stranger.example, submitter google.com\n"
		"  reasons: dmarc.pass submitter.differs\n"
		"  the Submitter names google.com\n"
		"  came to other.example, which wants such reports: no\n"
		"Report 2: unverified\n", true);
	expect(&verdict, "  dkim   fail, we say pass: we_pass  (the signature fits)\n", true);
	expect(&verdict, "  a.example with b.example: yes by tree walk, not known by the public suffix list\n", true);
}

static void test_signatures(void **state)
{
	struct verdict_dkim dkim[] = {
		{.result = AUTH_PASS, .domain = STR("a.example"), .key_bits = 2048, .key_testing = true,
			.author_domain = true, .auid = STR("joe@b.a.example"), .created = STR("1700000000"),
			.expires = STR("1800000000")},
		{.result = AUTH_PASS, .domain = STR("mail.a.example")},
		{.result = AUTH_FAIL, .domain = STR("xa.example"), .signature_matches = MAYBE_NO},
		{.result = AUTH_NEUTRAL},
	};
	struct verdict_claim claim = {.field = STR("Authentication-Results"), .authserv_id = STR("mx"),
		.method = STR("dkim"), .result = STR("fail"), .reason = STR("bad key"),
		.properties = STR("header.d=a")};
	struct verdict verdict = {.dkim = {dkim, 4}, .dmarc.author_domain = STR("a.example"),
		.claims = {&claim, 1}};
	(void)state;
	expect(&verdict, "  Authentication-Results by mx: dkim=fail header.d=a, \"bad key\"  (not compared", true);
	expect(&verdict, "DKIM 1: pass  d=a.example, key of 2048 bits in testing (t=y), author's domain\n", true);
	expect(&verdict, "  on behalf of (i=): joe@b.a.example\n  made at (t=): 1700000000\n"
		"  expires at (x=): 1800000000\n", true);
	expect(&verdict, "DKIM 2: pass  d=mail.a.example, below the author's domain\n", true);
	expect(&verdict, "DKIM 3: fail  d=xa.example, third party\n"
		"  body hash not checked, signature differs\n", true);
	expect(&verdict, "DKIM 4: neutral\n", true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_reports), cmocka_unit_test(test_signatures)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
