// SPDX-License-Identifier: Apache-2.0
/* Report mails that were really signed, and what is said of their reports: each state and each reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dns/replay.h"
#include "dns/session.h"
#include "tests/verifier/signed_mail.h"
#include "tests/verifier/signer.h"
#include "verifier/check.h"

#define REPORTER "reporter.example"
#define SUBJECT "Report Domain: ours.example Submitter: " REPORTER " Report-ID: <2026.11.27.abcd@" REPORTER ">"
#define TAGS(domain) "v=1; a=rsa-sha256; c=relaxed/simple; d=" domain "; s=s; h=from:to:subject"

struct bench {
	struct signed_mail *mail;
	struct signer *signer;
	struct verify_claim claim;
	struct identity_hints hints;
	struct psl *psl;
	struct verdict verdict;
	struct dns_session *session;
};

static struct bench bench;

static void zone_txt(const char *name, const char *text)
{
	signed_mail_txt(bench.mail, str_from(name), str_from(text));
}

static void publish(const char *domain)
{
	struct arena *arena = bench.mail->arena;
	signed_mail_txt(bench.mail, str_from(arena_printf(arena, "s._domainkey.%s", domain)),
		signer_record(arena, bench.signer));
	zone_txt(arena_printf(arena, "_dmarc.%s", domain), "v=DMARC1; p=reject");
}

static int setup(void **state)
{
	bench = (struct bench){.psl = psl_builtin_list()};
	assert_int_equal(signed_mail_open((void **)&bench.mail), 0);
	bench.signer = signer_rsa(1024, 65537);
	bench.claim = (struct verify_claim){.kind = STR("aggregate"), .org_name = STR(REPORTER),
		.email = STR("dmarc@" REPORTER), .report_id = STR("2026.11.27.abcd"),
		.policy_domain = STR("ours.example"), .member = STR(REPORTER "!ours.example!1700000000!1700086399.xml"),
		.begin_epoch_secs = 1700000000, .end_epoch_secs = 1700086399};
	*state = NULL;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	psl_close(&bench.psl);
	signer_close(&bench.signer);
	return signed_mail_close((void **)&bench.mail);
}

static struct str letter(const char *author, const char *subject)
{
	return str_from(arena_printf(bench.mail->arena, "From: Reports <dmarc@%s>\r\nTo: rua@ours.example\r\n"
		"Subject: %s\r\n\r\nsee attachment\r\n", author, subject));
}

static struct str signed_letter(const char *author, const char *subject, const char *tags)
{
	return signer_sign(bench.mail->arena, bench.signer, str_from(tags), letter(author, subject));
}

static void judge_many(struct str bytes, const struct verify_claims *claims)
{
	struct signed_mail *mail = bench.mail;
	struct error error;
	struct dns *replay;
	struct str zone = arena_str(mail->arena, buf_str(&mail->zone));
	if (dns_replay_open(mail->arena, STR("zone"), zone.ptr ? zone : STR(""), &replay, &error) != ERR_OK)
		fail_msg("%s", error.text);
	bench.session = dns_session_open(mail->arena, replay, DNS_QUERIES_MAX);
	mail->verify.dns = dns_session_dns(bench.session);
	const struct check_request request = {.dmarc = {.method = DMARC_TREEWALK, .psl = bench.psl},
		.hints = bench.hints, .claims = *claims};
	check_message(&mail->verify, bytes, &request, &bench.verdict);
	assert_int_equal(bench.verdict.provenance.count, claims->count);
}

static bool has_reason(const char *code)
{
	struct str rest = bench.verdict.provenance.at[0].reasons, known;
	while (str_split(&rest, ' ', &known))
		if (str_eq(known, str_from(code)))
			return true;
	return false;
}

/* reasons: by blanks, all of which have to be there. */
static void expect(struct str bytes, const char *state, const char *reasons)
{
	struct str rest = str_from(reasons), code;
	judge_many(bytes, &(struct verify_claims){&bench.claim, 1});
	const struct verdict_provenance *item = &bench.verdict.provenance.at[0];
	if (!str_eq(item->state, str_from(state)))
		fail_msg("%.*s instead of %s: %.*s; %.*s", STR_FMT(item->state), state, STR_FMT(item->reasons),
			STR_FMT(item->detail));
	while (*reasons && str_split(&rest, ' ', &code))
		if (!has_reason(arena_cstr(bench.mail->arena, code)))
			fail_msg("no %.*s in %.*s", STR_FMT(code), STR_FMT(item->reasons));
}

static void expect_not(const char *code)
{
	if (has_reason(code))
		fail_msg("%s in %.*s", code, STR_FMT(bench.verdict.provenance.at[0].reasons));
}

static void test_verified(void **state)
{
	(void)state;
	publish(REPORTER);
	struct str bytes = signed_letter(REPORTER, SUBJECT, TAGS(REPORTER));
	expect(bytes, "verified", "dmarc.pass dkim.pass email.match submitter.match org.match");
	expect_not("spf.none");
	const struct verdict_provenance *item = &bench.verdict.provenance.at[0];
	assert_true(str_eq(item->domain, STR(REPORTER)) && str_eq(item->submitter, STR(REPORTER)));
	assert_false(item->destination.ptr);
	/* Either the address or the Submitter. */
	bench.claim.email = STR("dmarc@elsewhere.example");
	expect(bytes, "verified", "email.differs submitter.match");
	bench.claim.email = STR_NONE;
	bench.claim.org_name = STR("The Reporter, Inc.");
	expect(bytes, "verified", "submitter.match");
	expect_not("org.differs");
	/* Below the organisation's domain. */
	bench.claim.email = STR("Reports <dmarc@mail." REPORTER ">");
	expect(signed_letter(REPORTER, "no words", TAGS(REPORTER)), "verified", "email.match");
	/* SPF alone. */
	zone_txt(REPORTER, "v=spf1 ip4:192.0.2.1 -all");
	assert_true(ip_parse(STR("192.0.2.1"), &bench.hints.ip));
	bench.hints.mail_from = STR("dmarc@" REPORTER);
	expect(letter(REPORTER, SUBJECT), "verified", "dmarc.pass spf.pass");
	expect_not("dkim.none");
}

/* An organisation by the list that is two by their records, and the other way round. */
static void test_methods(void **state)
{
	(void)state;
	publish("a.group.example");
	zone_txt("_dmarc.group.example", "v=DMARC1; p=none");
	bench.claim.email = STR("x@b.group.example");
	bench.claim.org_name = STR("Group");
	bench.claim.member = STR_NONE;
	expect(signed_letter("a.group.example", "x", TAGS("a.group.example")), "verified", "email.match");
	zone_txt("_dmarc.b.group.example", "v=DMARC1; p=none; psd=n");
	expect(signed_letter("a.group.example", "x", TAGS("a.group.example")), "plausible", "email.differs");
	/* Whoever lets strangers have names may say so. */
	publish("a.hosting.example");
	bench.claim.email = STR("x@b.hosting.example");
	expect(signed_letter("a.hosting.example", "x", TAGS("a.hosting.example")), "verified", "email.match");
	zone_txt("_dmarc.hosting.example", "v=DMARC1; p=none; psd=y");
	expect(signed_letter("a.hosting.example", "x", TAGS("a.hosting.example")), "plausible", "email.differs");
	bench.claim.email = STR("x@hosting.example");
	expect(signed_letter("a.hosting.example", "x", TAGS("a.hosting.example")), "plausible", "email.differs");
	assert_true(str_eq(bench.verdict.provenance.at[0].domain, STR("a.hosting.example")));
	bench.claim.org_name = STR("hosting.example");
	expect(signed_letter("a.hosting.example", "x", TAGS("a.hosting.example")), "contradicted", "org.differs");
	bench.claim.org_name = STR("Group");
	/* Two names by the list (github.io is a public suffix), one by what github.io publishes. */
	publish("a.github.io");
	zone_txt("_dmarc.github.io", "v=DMARC1; p=none; psd=n");
	bench.claim.email = STR("x@b.github.io");
	expect(signed_letter("a.github.io", "x", TAGS("a.github.io")), "verified", "email.match");
	/* … if it says so. */
	publish("a.gitlab.io");
	zone_txt("_dmarc.gitlab.io", "v=DMARC1; p=none");
	bench.claim.email = STR("x@b.gitlab.io");
	expect(signed_letter("a.gitlab.io", "x", TAGS("a.gitlab.io")), "plausible", "email.differs");
}

#define SIGNED_TYPE TAGS(REPORTER) ":content-type"
#define PARTS "\r\n\r\n--cut\r\nContent-Type: text/plain\r\n\r\nhi\r\n--cut--\r\n"

/* A letter whose Content-Type is `type`, and what follows it; then `field` is put above it. */
static struct str typed(const char *field, const char *type, const char *rest, const char *tags)
{
	struct str bytes = str_from(arena_printf(bench.mail->arena, "From: dmarc@" REPORTER "\r\nTo: a@ours.example\r\n"
		"Subject: x\r\nContent-Type: %s%s", type, rest));
	bytes = signer_sign(bench.mail->arena, bench.signer, str_from(tags), bytes);
	return str_from(arena_printf(bench.mail->arena, "%s%.*s", field, STR_FMT(bytes)));
}

/* A report that the author's mail only quotes. */
static void test_structure(void **state)
{
	static const char *const quoting[] = {"message/rfc822", "Message / RFC822", "message/\r\n global",
		"multipart/digest"};
	(void)state;
	publish(REPORTER);
	bench.claim.member = STR_NONE;
	expect(typed("", "multipart/mixed; boundary=cut", PARTS, SIGNED_TYPE), "verified", "");
	expect(typed("", "multipart/mixed; boundary=\"cut\"", PARTS, TAGS(REPORTER)), "verified", "");
	expect(typed("", "multipart/mixed; boundary=cut; x=y", "\r\n\r\nThis is a multi-part message.\r\n" PARTS,
		TAGS(REPORTER)), "verified", "");
	/* Who cannot change the body says that it begins further down. */
	const char *quoted = "\r\n\r\nYour mail did not get through:\r\n" PARTS;
	expect(typed("", "multipart/mixed; boundary=cut", quoted, SIGNED_TYPE), "verified", "");
	expect(typed("", "multipart/mixed; boundary=cut", quoted, TAGS(REPORTER)), "unverified",
		"dmarc.pass structure.unsigned");
	expect(typed("", "multipart/mixed; boundary=a; boundary=cut", PARTS, TAGS(REPORTER)), "unverified",
		"structure.unsigned");
	expect(typed("", "multipart/mixed", PARTS, TAGS(REPORTER)), "unverified", "structure.unsigned");
	expect(typed("", "multipart/mixed; boundary", PARTS, TAGS(REPORTER)), "unverified", "structure.unsigned");
	expect(typed("Content-Type: multipart/mixed; boundary=cut\r\n", "text/plain", PARTS, SIGNED_TYPE), "unverified",
		"structure.unsigned");
	for (size_t i = 0; i < sizeof(quoting) / sizeof(quoting[0]); i++) {
		const char *part = arena_printf(bench.mail->arena,
			"\r\n\r\n--cut\r\nContent-Type: %s\r\n\r\nx\r\n--cut--\r\n", quoting[i]);
		expect(typed("", "multipart/mixed; boundary=cut", part, SIGNED_TYPE), "unverified", "message.nested");
	}
	expect(typed("", "message/rfc822", "\r\n\r\nSubject: x\r\n\r\nx\r\n", SIGNED_TYPE), "unverified",
		"message.nested");
	expect(typed("", "text/plain", "\r\n\r\nA message/rfc822-headers, the message, news/message.\r\n", SIGNED_TYPE),
		"verified", "");
	/* … or of another kind than it is. */
	const char *answer = "\r\n\r\nYou wrote:\r\n<feedback/>\r\n";
	expect(typed("", "text/x", answer, TAGS(REPORTER)), "unverified", "structure.unsigned");
	expect(typed("", "text/plain; name=a.xml", answer, TAGS(REPORTER)), "unverified", "structure.unsigned");
	expect(typed("", "text/x", answer, SIGNED_TYPE), "verified", "");
	expect(typed("", "text/xml", "\r\n\r\n<feedback/>\r\n", TAGS(REPORTER)), "verified", "");
	expect(typed("", "application/gzip", "\r\n\r\n\r\nH4sIAAAAAAAAA7PJTS0uTkxPVbKx0U9Kz8wB\r\n", TAGS(REPORTER)),
		"verified", "");
	expect(typed("", "application/gzip", "\r\n\r\n", TAGS(REPORTER)), "unverified", "structure.unsigned");
	bench.claim.in_text = true;
	expect(typed("", "text/plain", "\r\n\r\nYou wrote: <feedback/>\r\n", SIGNED_TYPE), "unverified",
		"dmarc.pass structure.quoted");
	/* A failure report does quote. */
	bench.claim = (struct verify_claim){.kind = STR("failure"), .policy_domain = STR("ours.example")};
	expect(typed("", "multipart/report; boundary=cut",
		"\r\n\r\n--cut\r\nContent-Type: message/rfc822\r\n\r\nx\r\n--cut--", SIGNED_TYPE), "verified", "");
	/* Where the whole way is the author's. */
	bench.claim.kind = STR("aggregate");
	zone_txt(REPORTER, "v=spf1 ip4:192.0.2.1 -all");
	assert_true(ip_parse(STR("192.0.2.1"), &bench.hints.ip));
	bench.hints.mail_from = STR("dmarc@" REPORTER);
	bench.claim.email = STR("dmarc@" REPORTER);
	expect(typed("", "multipart/mixed; boundary=cut", quoted, TAGS(REPORTER)), "verified", "spf.pass");
}

static void test_plausible(void **state)
{
	(void)state;
	publish("gateway.example");
	bench.claim.org_name = STR("Reporter, Inc.");
	struct str bytes = signed_letter("gateway.example", SUBJECT, TAGS("gateway.example"));
	expect(bytes, "plausible", "dmarc.pass email.differs submitter.differs file.differs");
	assert_true(str_eq(bench.verdict.provenance.at[0].domain, STR("gateway.example")));
	/* The same name under another suffix proves nothing, and contradicts nothing. */
	bench.claim.org_name = STR("gateway.test");
	bench.claim.email = STR("x@gateway.example");
	bench.claim.member = STR_NONE;
	expect(signed_letter("gateway.example", "x", TAGS("gateway.example")), "plausible", "org.differs email.match");
	/* Nobody is named. */
	bench.claim = (struct verify_claim){.kind = STR("aggregate"), .policy_domain = STR("ours.example")};
	expect(signed_letter("gateway.example", "x", TAGS("gateway.example")), "plausible", "dmarc.pass");
}

static void test_unverified(void **state)
{
	struct arena *arena = bench.mail->arena;
	(void)state;
	struct str bytes = signed_letter(REPORTER, SUBJECT, TAGS(REPORTER));
	expect(letter(REPORTER, SUBJECT), "unverified", "dmarc.none dkim.none spf.none");
	zone_txt("_dmarc." REPORTER, "v=DMARC1; p=reject");
	zone_txt(REPORTER, "v=spf1 -all");
	expect(letter(REPORTER, SUBJECT), "unverified", "dmarc.fail dkim.none");
	assert_false(bench.verdict.provenance.at[0].domain.ptr);
	expect(bytes, "unverified", "dmarc.fail dkim.fail key.gone");
	signed_mail_txt(bench.mail, STR("s._domainkey." REPORTER), signer_record(arena, bench.signer));
	expect(str_from(arena_printf(arena, "%.*smore\r\n", STR_FMT(bytes))), "unverified",
		"dmarc.fail dkim.fail body.changed");
	expect_not("key.mismatch");
	size_t from = str_find(bytes, STR("Reports <"));
	expect(str_from(arena_printf(arena, "%.*sReporter <%.*s", STR_FMT(str_sub(bytes, 0, from)),
		STR_FMT(str_from_offset(bytes, from + 9)))), "unverified", "dkim.fail header.changed");
	expect_not("key.mismatch");
	expect(signed_letter(REPORTER, SUBJECT, TAGS(REPORTER) "; x=1600000000"), "unverified", "signature.expired");
	/* Anybody may have added the report. */
	struct str partial = signed_letter(REPORTER, SUBJECT, TAGS(REPORTER) "; l=3");
	expect(partial, "unverified", "dmarc.pass body.partial");
	assert_true(ip_parse(STR("192.0.2.1"), &bench.hints.ip));
	bench.hints.mail_from = STR("dmarc@" REPORTER);
	expect(letter(REPORTER, SUBJECT), "unverified", "dmarc.fail spf.fail");
}

static void test_keys(void **state)
{
	struct arena *arena = bench.mail->arena;
	struct signer *other = signer_rsa(1024, 65537);
	(void)state;
	struct str bytes = signed_letter(REPORTER, SUBJECT, TAGS(REPORTER));
	zone_txt("_dmarc." REPORTER, "v=DMARC1; p=reject");
	signed_mail_txt(bench.mail, STR("s._domainkey." REPORTER), signer_record(arena, other));
	signer_close(&other);
	expect(bytes, "unverified", "dkim.fail key.mismatch");
	expect_not("header.changed");
	buf_reset(&bench.mail->zone);
	zone_txt("_dmarc." REPORTER, "v=DMARC1; p=reject");
	zone_txt("s._domainkey." REPORTER, "v=DKIM1; p=");
	expect(bytes, "unverified", "key.gone");
	/* Ed25519 does not tell which of both it was. */
	struct signer *first = signer_ed25519(), *second = signer_ed25519();
	buf_reset(&bench.mail->zone);
	zone_txt("_dmarc." REPORTER, "v=DMARC1; p=reject");
	signed_mail_txt(bench.mail, STR("s._domainkey." REPORTER), signer_record(arena, second));
	expect(signer_sign(arena, first, STR("v=1; a=ed25519-sha256; d=" REPORTER "; s=s; h=from"),
		letter(REPORTER, SUBJECT)), "unverified", "dkim.fail key.mismatch header.changed");
	signer_close(&first);
	signer_close(&second);
}

static void test_pending(void **state)
{
	(void)state;
	signed_mail_status(bench.mail, STR("_dmarc." REPORTER), "SERVFAIL");
	expect(signed_letter(REPORTER, SUBJECT, TAGS(REPORTER)), "pending", "dmarc.temperror");
	buf_reset(&bench.mail->zone);
	zone_txt("_dmarc." REPORTER, "v=DMARC1; p=reject");
	signed_mail_status(bench.mail, STR("s._domainkey." REPORTER), "TIMEOUT");
	expect(signed_letter(REPORTER, SUBJECT, TAGS(REPORTER)), "pending", "dmarc.temperror");
	expect_not("dkim.fail");
	/* Whose the report's address is hangs on a record that cannot be read. */
	buf_reset(&bench.mail->zone);
	publish("a.github.io");
	zone_txt("_dmarc.github.io", "v=DMARC1; p=none; psd=n");
	signed_mail_status(bench.mail, STR("_dmarc.b.github.io"), "SERVFAIL");
	bench.claim.email = STR("x@b.github.io");
	bench.claim.org_name = STR("B");
	bench.claim.member = STR_NONE;
	expect(signed_letter("a.github.io", "x", TAGS("a.github.io")), "pending", "dmarc.pass");
	expect_not("email.differs");
}

static void test_authors(void **state)
{
	(void)state;
	expect(STR("From: a@one.example, b@two.example\r\n\r\n"), "unverified", "dmarc.permerror author.multiple");
	expect(STR("To: x@ours.example\r\n\r\n"), "unverified", "dmarc.permerror author.missing");
}

static void test_contradicted(void **state)
{
	(void)state;
	publish("stranger.example");
	publish(REPORTER);
	struct str stranger = signed_letter("stranger.example", SUBJECT, TAGS("stranger.example"));
	expect(stranger, "contradicted", "dmarc.pass org.differs email.differs submitter.differs file.differs");
	/* An address of his own does not give him the name. */
	bench.claim.email = STR("x@stranger.example");
	expect(stranger, "contradicted", "email.match org.differs submitter.differs");
	bench.claim.org_name = STR("Somebody");
	bench.claim.member = STR_NONE;
	expect(stranger, "contradicted", "email.match submitter.differs");
	expect(signed_letter("stranger.example", "x", TAGS("stranger.example")), "verified", "email.match");
	bench.claim.member = STR(REPORTER "!ours.example!1700000000!1700086399.xml");
	expect(signed_letter("stranger.example", "x", TAGS("stranger.example")), "contradicted", "file.differs");
}

static struct str from_yahoo(const char *from, const char *tags)
{
	struct arena *arena = bench.mail->arena;
	return signer_sign(arena, bench.signer, str_from(tags), str_from(arena_printf(arena, "From: %s\r\n"
		"To: rua@ours.example\r\nSubject: Report Domain: ours.example Submitter: yahoo.com\r\n\r\n", from)));
}

/* A customer of the reporter's is not the reporter. */
static void test_mailboxes(void **state)
{
	(void)state;
	publish("yahoo.com");
	publish("dmarc.yahoo.com");
	bench.claim.org_name = STR("Yahoo");
	bench.claim.email = STR("postmaster@dmarc.yahoo.com");
	bench.claim.member = STR_NONE;
	expect(from_yahoo("Dmarc <dmarc.2026@yahoo.com>", TAGS("yahoo.com")), "unverified",
		"dmarc.pass author.mailbox");
	expect(from_yahoo("Postmaster@yahoo.com", TAGS("yahoo.com")), "verified", "email.match");
	expect_not("author.mailbox");
	expect(from_yahoo("noreply@dmarc.yahoo.com", TAGS("dmarc.yahoo.com")), "verified", "submitter.match");
}

static void test_report_differs(void **state)
{
	(void)state;
	publish(REPORTER);
	struct str bytes = signed_letter(REPORTER, SUBJECT, TAGS(REPORTER));
	bench.claim.policy_domain = STR("other.example");
	bench.claim.member = STR_NONE;
	expect(bytes, "contradicted", "policy_domain.differs");
	bench.claim.policy_domain = STR("news.ours.example");
	expect(bytes, "verified", "");
	bench.claim.report_id = STR("zzzz");
	expect(bytes, "contradicted", "report_id.differs");
	/* The id is the mail's own (RFC 7489 has it so), or nobody gave one. */
	bench.claim.report_id = STR("ours.example:1538463741");
	expect(signed_letter(REPORTER, "Report Domain: ours.example Submitter: " REPORTER
		" Report-ID: <ours.example-1538463741@filter>", TAGS(REPORTER)), "verified", "");
	bench.claim.report_id = STR("abc");
	expect(signed_letter(REPORTER, "Report-ID: <q@x.example>\r\nMessage-ID: <q@x.example>", TAGS(REPORTER)),
		"verified", "");
	bench.claim.member = STR(REPORTER "!other.example!1700000000!1700086399.xml.gz");
	expect(signed_letter(REPORTER, "x", TAGS(REPORTER)), "contradicted", "file.differs");
	bench.claim.member = STR("a/" REPORTER "!ours.example!1600000000!1600086399!7.xml.gz");
	expect(signed_letter(REPORTER, "x", TAGS(REPORTER)), "contradicted", "file.differs");
	bench.claim.member = STR("a/" REPORTER "!ours.example!1700000000000!1700086399000.zip");
	expect(signed_letter(REPORTER, "x", TAGS(REPORTER)), "verified", "");
}

/* Subjects of the wild, none of which changes what is said. */
static void test_subjects(void **state)
{
	static const char *const subjects[] = {
		"Report domain: ours.example Submitter: " REPORTER " Report-ID: 2026.11.27.abcd",
		"REPORT DOMAIN:ours.example; SUBMITTER:Reporter.Example;\r\n\tREPORT-ID:\r\n 2026.11.27.abcd",
		"[Preview] Report Domain: ours.example\r\n    Submitter: " REPORTER "\r\n"
			"    Report-ID: <2026.11.27.abcd>",
		"=?utf-8?B?UmVwb3J0IERvbWFpbjogb3Vycy5leGFtcGxlIA==?=\r\n"
			" =?us-ascii?Q?Submitter:_reporter=2Eexample?= Report-ID: 2026.11.27.abcd",
		"=?ISO-2022-JP?B?GyRCJWwlXSE8JUgbKEI=?= Report Domain: ours.example Submitter: " REPORTER,
		"Berichtsdom\xc3\xa4ne: ours.example Absender: " REPORTER " Bericht-ID: 2026.11.27.abcd",
		"Report_Domain\xef\xbc\x9a ours.example Submitter\xef\xbc\x9a" REPORTER,
		"Submitter: <" REPORTER ">",
		"Dmarc Aggregate Report Domain: {ours.example}  Submitter: {" REPORTER "}  Date: {2026-11-27}  "
			"Report-ID: {2026.11.27.abcd}",
	};
	(void)state;
	publish(REPORTER);
	bench.claim.email = STR_NONE;
	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
		expect(signed_letter(REPORTER, subjects[i], TAGS(REPORTER)), "verified", "submitter.match");
		assert_true(str_eq(bench.verdict.provenance.at[0].submitter, STR(REPORTER)));
	}
}

static void test_destination(void **state)
{
	(void)state;
	publish(REPORTER);
	bench.claim.policy_domain = STR("theirs.example");
	struct str bytes = signed_letter(REPORTER, "x", TAGS(REPORTER));
	bench.claim.member = STR_NONE;
	expect(bytes, "verified", "destination.unauthorised");
	assert_true(str_eq(bench.verdict.provenance.at[0].destination, STR("ours.example")));
	signed_mail_status(bench.mail, STR("theirs.example._report._dmarc.ours.example"), "TIMEOUT");
	expect(bytes, "verified", "destination.unknown");
	buf_reset(&bench.mail->zone);
	publish(REPORTER);
	zone_txt("theirs.example._report._dmarc.ours.example", "v=DMARC1");
	expect(bytes, "verified", "destination.authorised");
	assert_int_equal(bench.verdict.provenance.at[0].destination_authorised, MAYBE_YES);
	bench.claim.policy_domain = STR("news.ours.example");
	expect(bytes, "verified", "");
	expect_not("destination.authorised");
}

static void test_kinds(void **state)
{
	(void)state;
	publish(REPORTER);
	bench.claim = (struct verify_claim){.kind = STR("failure"), .policy_domain = STR("ours.example")};
	struct str bytes = signed_letter(REPORTER, "Failure", TAGS(REPORTER));
	expect(bytes, "verified", "dmarc.pass");
	bench.claim.org_name = STR("dns; mx1." REPORTER);
	expect(bytes, "verified", "org.match");
	bench.claim.org_name = STR("dns; mx1.hoster.example");
	expect(bytes, "plausible", "org.differs");
	/* RFC 8460: the header fields go before the Subject, and a key may be for such reports only. */
	bench.claim = (struct verify_claim){.kind = STR("tlsrpt"), .org_name = STR("Reporter"),
		.policy_domain = STR("ours.example")};
	expect(signed_letter(REPORTER, "x\r\nTLS-Report-Domain: ours.example\r\nTLS-Report-Submitter: " REPORTER,
		TAGS(REPORTER)), "verified", "submitter.match");
	expect(signed_letter(REPORTER, "x\r\nTLS-Report-Domain: ours.example\r\nTLS-Report-Submitter: other.test",
		TAGS(REPORTER)), "contradicted", "submitter.differs");
	expect(signed_letter(REPORTER, "x\r\nTLS-Report-Domain: other.test\r\nTLS-Report-Submitter: " REPORTER,
		TAGS(REPORTER)), "contradicted", "policy_domain.differs");
}

/* The Subject speaks of one of them. */
static void test_several(void **state)
{
	struct verify_claim claims[3];
	(void)state;
	publish(REPORTER);
	for (size_t i = 0; i < 3; i++) {
		claims[i] = bench.claim;
		claims[i].report_no = i;
		claims[i].member = STR_NONE;
	}
	claims[1].policy_domain = STR("second.example");
	claims[2].org_name = STR("google.com");
	judge_many(signed_letter(REPORTER, SUBJECT, TAGS(REPORTER)), &(struct verify_claims){claims, 3});
	assert_true(str_eq(bench.verdict.provenance.at[0].state, STR("verified")));
	assert_true(str_eq(bench.verdict.provenance.at[1].state, STR("verified")));
	assert_true(str_eq(bench.verdict.provenance.at[2].state, STR("contradicted")));
	assert_int_equal(bench.verdict.provenance.at[2].report_no, 2);
}

static void test_hostile(void **state)
{
	struct arena *arena = bench.mail->arena;
	struct verify_claim *claims = ARENA_ARRAY(arena, 1000, struct verify_claim);
	char *subject = arena_alloc(arena, 100001);
	(void)state;
	for (size_t i = 0; i < 100000; i++)
		subject[i] = "Report Domain: =?x?Q?"[i % 21];
	publish(REPORTER);
	zone_txt("_dmarc.example", "v=DMARC1; p=none; psd=n");
	for (size_t i = 0; i < 1000; i++) {
		claims[i] = bench.claim;
		claims[i].email = str_from(arena_printf(arena, "x@a%zu.example", i));
		claims[i].policy_domain = str_from(arena_printf(arena, "b%zu.test", i));
	}
	judge_many(signed_letter(REPORTER, subject, TAGS(REPORTER)), &(struct verify_claims){claims, 1000});
	assert_true(dns_session_queries(bench.session) < DNS_QUERIES_MAX);
	struct str detail = bench.verdict.provenance.at[999].detail;
	assert_true(str_find(detail, STR("more names than are asked for")) != SIZE_MAX);

}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_verified, setup, teardown),
		cmocka_unit_test_setup_teardown(test_methods, setup, teardown),
		cmocka_unit_test_setup_teardown(test_structure, setup, teardown),
		cmocka_unit_test_setup_teardown(test_plausible, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unverified, setup, teardown),
		cmocka_unit_test_setup_teardown(test_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pending, setup, teardown),
		cmocka_unit_test_setup_teardown(test_authors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_contradicted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mailboxes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_report_differs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_subjects, setup, teardown),
		cmocka_unit_test_setup_teardown(test_destination, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kinds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_several, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
