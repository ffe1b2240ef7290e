// SPDX-License-Identifier: Apache-2.0
/* The habits of real reporters: whoever sends as he always does, from a domain that passes, contradicts nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dns/replay.h"
#include "dns/session.h"
#include "tests/verifier/corpus.h"
#include "verifier/address.h"
#include "verifier/check.h"

#define ARENA_BYTES ((size_t)256 * 1024 * 1024)
#define IP "192.0.2.1"

/* What `dmarcd parse` finds in them. */
static const struct {
	const char *folder, *file, *state, *kind, *org_name, *email, *report_id, *policy_domain, *member;
	int64_t begin, end;
} mails[] = {
	{"aggregate", "mox-google.eml", "verified", "aggregate", "google.com", "noreply-dmarc-support@google.com",
		"13488712042596170873", "ueber.net", "google.com!ueber.net!1633996800!1634083199.xml",
		1633996800, 1634083199},
	{"aggregate", "mox-mailru.eml", "verified", "aggregate", "Mail.Ru", "dmarc_support@corp.mail.ru",
		"82403907998914102491559779200", "ueber.net", "mail.ru!ueber.net!1559779200!1559865600.xml",
		1559779200, 1559865600},
	{"aggregate", "mox-outlook.eml", "verified", "aggregate", "Outlook.com", "dmarcreport@microsoft.com",
		"8be4eb9d89044800947965b8a040291c", "ueber.net",
		"protection.outlook.com!ueber.net!1634256000!1634342400.xml", 1634256000, 1634342400},
	{"aggregate", "mox-xs4all.eml", "plausible", "aggregate", "xs4all.nl", "noreply@dmarc-reports.xs4all.net",
		"xs4all.nl.1627349682.9725429@dmarc-reports.xs4all.net", "ueber.net",
		"xs4all.nl!ueber.net!1627257600!1627343999!9725429.xml", 1627257600, 1627343999},
	{"aggregate", "mox-yahoo.eml", "verified", "aggregate", "Yahoo! Inc.", "postmaster@dmarc.yahoo.com",
		"1559613526.307161", "ueber.net", "yahoo.com!ueber.net!1559520000!1559606399.xml",
		1559520000, 1559606399},
	{"aggregate", "parsedmarc-borschow.com_google.com_949348866075514174.eml", "verified", "aggregate",
		"google.com", "noreply-dmarc-support@google.com", "949348866075514174", "borschow.com",
		"google.com!borschow.com!1549929600!1550015999.xml", 1549929600, 1550015999},
	{"aggregate", "parsedmarc-mimecast-weird-gzip.eml", "verified", "aggregate", "Mimecast",
		"no-reply@au-1.mimecastreport.com", "157a5fe30ec76f4bc0d8bccfc96c118a167a1280fee7c7465af5115e73082e5e",
		"ab.id.au", "mimecast.org!ab.id.au!1693353600!1693439999!"
		"157a5fe30ec76f4bc0d8bccfc96c118a167a1280fee7c7465af5115e73082e5e.xml", 1693353600, 1693439999},
	{"tlsrpt", "parsedmarc-google.com_smtp_tls_report.eml", "verified", "tlsrpt", "Google Inc.",
		"smtp-tls-reporting@google.com", "2024-09-03T00:00:00Z_cardinalhealth.ca", "cardinalhealth.ca",
		"google.com!cardinalhealth.ca!1725321600!1725407999!001.json", 1725321600, 1725407999},
	{"tlsrpt", "tlsrpt-digest-tlsrpt_success_google_1.eml", "verified", "tlsrpt", "Google Inc.",
		"smtp-tls-reporting@google.com", "2026-05-11T00:00:00Z_example.com", "example.com",
		"google.com!example.com!1778457600!1778543999!001.json", 1778457600, 1778543999},
	{"tlsrpt", "tlsrpt-digest-tlsrpt_success_microsoft.eml", "verified", "tlsrpt", "Microsoft Corporation",
		"tlsrpt-noreply@microsoft.com", "134232617934286362+example.com", NULL,
		"microsoft.com!example.com!1778630400!1778716799!134232617934286362.json", 1778630400, 1778716799},
	/* Made by hand: a report of February in a file of May. */
	{"tlsrpt", "tlsrpt-digest-tlsrpt_failure.eml", "contradicted", "tlsrpt", "Google Inc.",
		"smtp-tls-reporting@google.com", "2026-02-08T00:00:00Z_example.com", "example.com",
		"google.com!example.com!1778544000!1778630399!001.json", 1770508800, 1770595200},
	{"failure", "parsedmarc-linkedin.eml", "verified", "failure", NULL, NULL, NULL, "example.com", NULL, 0, 0},
	{"failure", "parsedmarc-netease-rent-reminder.eml", "verified", "failure", NULL, NULL, NULL,
		"cardinalhealth.com", NULL, 0, 0},
	{"failure", "parsedmarc-exim-plain-text-no-arf-part.eml", "verified", "failure", NULL, NULL, NULL,
		"example.com", NULL, 0, 0},
	{"failure", "sisimai-bsd-arf-20.eml", "verified", "failure", NULL, NULL, NULL,
		"example.com", NULL, 0, 0},
};

/* Names and addresses of the reports that have no mail in the corpus (aggregate-real), where they differ, and the
 * Submitter that stands there as far as it is known. */
static const struct {
	const char *author, *org_name, *submitter, *state;
} habits[] = {
	{"microsoft.com", "Enterprise Outlook", "enterprise.protection.outlook.com", "verified"},
	{"yahooinc.com", "Yahoo", "yahoo.com", "verified"},
	{"alerts.comcast.net", "comcast.net", "comcast.net", "verified"},
	{"dmarc25.jp", "docomo.ne.jp", "docomo.ne.jp", "plausible"},
	{"esa1.hc3984-86.iphmx.com", "Knapheide.com", "esa1.hc3984-86.iphmx.com", "plausible"},
	{"esa.vcu.iphmx.com", "vcu.edu", "esa.vcu.iphmx.com", "plausible"},
	{"avnet.eu", "avnet.com", "avnet.com", "plausible"},
	{"one2net.com", "mail8.one2net.net", "mail8.one2net.net", "plausible"},
	{"kci.net", "Kentec Communications, Inc.", "kci.net", "verified"},
	{"ieditweb.com", "iEditWeb, Inc.", "ieditweb.com", "verified"},
	{"sicher.web.de", "WEB.DE", "web.de", "verified"},
	{"sicher.gmx.net", "GMX", "gmx.net", "verified"},
	{"as2.cpanel.bluegrass.net", "cpanel.bluegrass.net", "cpanel.bluegrass.net", "verified"},
	{"reports.tecnocratica.net", "Tecnocratica DMARC Report", "tecnocratica.net", "verified"},
	{"mailgate1.highmark.com", "mailgate.highmark.com", "highmark.com", "verified"},
};

static struct str text(const char *cstr)
{
	return cstr ? str_from(cstr) : STR_NONE;
}

/* Its author passes by SPF. */
static void expect(struct arena *arena, const char *what, struct str bytes, struct verify_claim *claim,
	const char *state)
{
	struct psl *psl = psl_builtin_list();
	struct message message;
	struct author author;
	struct verdict verdict;
	struct error error;
	struct dns *dns;
	message_parse(arena, bytes, &message);
	address_author(arena, &message, &author);
	assert_true(author.domain.ptr);
	const char *zone = arena_printf(arena, "%.*s TXT \"v=spf1 ip4:" IP " -all\"\n"
		"_dmarc.%.*s TXT \"v=DMARC1; p=none\"\n",
		STR_FMT(author.domain), STR_FMT(author.domain));
	if (dns_replay_open(arena, STR("zone"), str_from(zone), &dns, &error))
		fail_msg("%s", error.text);
	const struct verify verify = {.arena = arena,
		.dns = dns_session_dns(dns_session_open(arena, dns, DNS_QUERIES_MAX)),
		.now_epoch_secs = 1800000000, .limits = verify_limits_default()};
	struct check_request request = {.dmarc = {.method = DMARC_TREEWALK, .psl = psl}, .claims = {claim, 1}};
	request.hints.mail_from = str_from(arena_printf(arena, "x@%.*s", STR_FMT(author.domain)));
	assert_true(ip_parse(STR(IP), &request.hints.ip));
	check_message(&verify, bytes, &request, &verdict);
	assert_int_equal(verdict.dmarc.result, AUTH_PASS);
	if (!str_eq(verdict.provenance.at[0].state, str_from(state)))
		fail_msg("%s is %.*s: %.*s; %.*s", what, STR_FMT(verdict.provenance.at[0].state),
			STR_FMT(verdict.provenance.at[0].reasons), STR_FMT(verdict.provenance.at[0].detail));
	psl_close(&psl);
}

static void test_mails(void **state)
{
	(void)state;
	corpus_need();
	for (size_t i = 0; i < sizeof(mails) / sizeof(mails[0]); i++) {
		struct arena *arena = arena_open(ARENA_BYTES);
		struct verify_claim claim = {.kind = text(mails[i].kind), .org_name = text(mails[i].org_name),
			.email = text(mails[i].email), .report_id = text(mails[i].report_id),
			.policy_domain = text(mails[i].policy_domain), .member = text(mails[i].member),
			.begin_epoch_secs = mails[i].begin, .end_epoch_secs = mails[i].end};
		expect(arena, mails[i].file, corpus_file(arena, mails[i].folder, str_from(mails[i].file)), &claim,
			mails[i].state);
		arena_close(&arena);
	}
}

static void test_habits(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(habits) / sizeof(habits[0]); i++) {
		struct arena *arena = arena_open(ARENA_BYTES);
		const char *author = habits[i].author, *submitter = habits[i].submitter;
		struct str bytes = str_from(arena_printf(arena, "From: r@%s\r\nTo: x@ours.example\r\n"
			"Subject: Report Domain: ours.example Submitter: %s Report-ID: <abcd>\r\n\r\n",
			author, submitter));
		struct verify_claim claim = {.kind = STR("aggregate"), .org_name = text(habits[i].org_name),
			.email = str_from(arena_printf(arena, "r@%s", author)), .report_id = STR("abcd"),
			.policy_domain = STR("ours.example"),
			.member = str_from(arena_printf(arena, "%s!ours.example!1!2.xml", submitter))};
		expect(arena, author, bytes, &claim, habits[i].state);
		arena_close(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_mails), cmocka_unit_test(test_habits)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
