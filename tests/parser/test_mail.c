// SPDX-License-Identifier: Apache-2.0
/* What a mail is made of and where a report may stand in it: MALFORMATIONS A. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <iconv.h>

#include "parser/sniff.h"
#include "tests/parser/carry_case.h"

#include <string.h>

#define GZIP carry_gzip(carry_xml("r1"))
#define ZIP carry_zip1("r1.xml", carry_xml("r1"))
#define PARTS(...) ((struct str[]){__VA_ARGS__}), sizeof((struct str[]){__VA_ARGS__}) / sizeof(struct str)
#define MIXED(...) carry_multipart(carry_header(), "mixed", PARTS(__VA_ARGS__))
#define TEXT STR("Content-Type: text/plain\n\nThis is a report.\n")
#define NAME "acme.example!example.com!1700000000!1700086399"

static struct str with_header(const char *header, struct str mail)
{
	return carry_join(carry_cat("%s\n", header), mail);
}

static struct str body(const char *type, struct str text)
{
	return carry_join(carry_join(carry_header(), carry_cat("Content-Type: %s\n\n", type)), text);
}

static struct str quoted_printable(struct str text)
{
	return carry_replace(carry_replace(text, STR("="), STR("=3D")), STR("<row>"), STR("=\n<row>"));
}

static void test_declared_types_do_not_matter(void **state)
{
	(void)state;
	struct carry_case cases[] = {
		{"gzip", carry_single("application/gzip", GZIP), "", 1, ""},
		{"no slash", carry_single("application-x-gzip", GZIP), "", 1, ""},
		{"octet-stream", carry_single("application/octet-stream; name=\"" NAME ".xml.gz\"", GZIP),
			"", 1, ""},
		{"x-gzip", carry_single("application/x-gzip", GZIP), "", 1, ""},
		{"x-zip-compressed", carry_single("application/x-zip-compressed", ZIP), "", 1, ""},
		{"zip-compressed", carry_single("application/zip-compressed", ZIP), "", 1, ""},
		{"zip that is gzip", carry_single("application/zip", GZIP), "", 1, "mail.type_mismatch"},
		{"gzip that is zip", carry_single("application/gzip", ZIP), "", 1, "mail.type_mismatch"},
		{"gzip that is xml", carry_single("application/gzip", carry_xml("r1")),
			"", 1, "mail.type_mismatch"},
		{"image that is gzip", carry_single("image/png", GZIP), "", 1, ""},
		{"no type at all", carry_join(carry_header(),
			carry_join(STR("Content-Transfer-Encoding: base64\n\n"), carry_base64(GZIP))),
				"", 1, NULL},
		{"xml", carry_single("text/xml", carry_xml("r1")), "", 1, ""},
		{"json", carry_single("application/tlsrpt+json", carry_json("t1")), "", 1, ""},
		{"json as gzip", carry_single("application/tlsrpt+gzip", carry_json("t1")),
			"", 1, "tls.not_compressed"},
		{"two types", with_header("Content-Type: text/plain", carry_single("application/gzip", GZIP)),
			"", 1, "mail.type_repeated"},
		{"two types of a part", MIXED(TEXT, with_header("Content-Type: application/pdf",
			carry_part("application/gzip", GZIP))), "", 1, NULL},
		{"no hyphen", carry_replace(carry_single("application/gzip", GZIP), STR("Content-Type:"),
			STR("ContentType:")), "", 1, "mail.content_type_typo"},
		{"no hyphen, multipart", carry_replace(MIXED(TEXT, carry_part("application/gzip", GZIP)),
			STR("Content-Type:"), STR("ContentType:")), "", 1, "mail.content_type_typo"},
	};
	CARRY_CHECK(cases, NULL);
}

static void test_any_place_in_the_tree(void **state)
{
	(void)state;
	struct str part = carry_part("application/gzip; name=x.xml.gz", GZIP);
	struct str html = carry_part("text/html", STR("<html><body>report &amp; more</body></html>"));
	struct str whole = carry_single("application/gzip", GZIP);
	struct str forward = carry_join(STR("Content-Type: message/rfc822\n\n"), whole);
	struct str signature = carry_part("application/pkcs7-signature; name=smime.p7s",
		STR("0\x82\x01\x02""abc"));
	struct carry_case cases[] = {
		{"alternative", carry_multipart(carry_header(), "alternative", PARTS(TEXT, part)), "", 1, ""},
		{"related", carry_multipart(carry_header(), "related", PARTS(TEXT, part)), "", 1, ""},
		{"report tlsrpt", carry_multipart(carry_header(), "report; report-type=tlsrpt",
			PARTS(TEXT, carry_part("application/tlsrpt+gzip", carry_gzip(carry_json("t1"))))),
				"", 1, ""},
		{"signed", carry_multipart(carry_header(), "signed; protocol=\"application/pkcs7-signature\"",
			PARTS(part, signature)), "", 1, ""},
		{"not the last", MIXED(part, html, TEXT), "", 1, ""},
		{"forwarded", MIXED(TEXT, forward), "", 1, ""},
		{"forwarded twice", MIXED(TEXT, carry_join(STR("Content-Type: message/rfc822\n\n"),
			MIXED(forward))), "", 1, ""},
		{"forwarded in base64", MIXED(TEXT, carry_part("message/rfc822", whole)), "", 1, ""},
		{"forwarded as a file", MIXED(TEXT,
			carry_part("application/octet-stream; name=a.eml", whole)), "", 1, ""},
		{"list footer", MIXED(MIXED(TEXT, part, html), TEXT), "", 1, ""},
		{"three reports", MIXED(part, carry_part("application/zip", ZIP), carry_part("application/json",
			carry_json("t1"))), "", 3, ""},
		{"no final boundary", carry_replace(MIXED(TEXT, part), STR("b--\n"), STR("b\n")), "", 1, ""},
	};
	CARRY_CHECK(cases, NULL);
}

static void test_transfer_encodings(void **state)
{
	(void)state;
	struct str xml = carry_xml("r1");
	struct str b64 = carry_base64(GZIP);
	struct str head = carry_join(carry_header(),
		STR("Content-Type: application/gzip\nContent-Transfer-Encoding: base64\n\n"));
	struct str odd = carry_gzip(carry_xml("r"));
	while (odd.len % 3 == 0)
		odd = carry_join(odd, STR("\n"));
	struct str qp = carry_join(carry_header(),
		STR("Content-Type: text/xml\nContent-Transfer-Encoding: quoted-printable\n\n"));
	struct carry_case cases[] = {
		{"one line", carry_join(head, carry_base64_long(GZIP)), "", 1, ""},
		{"blanks inside", carry_join(head, carry_replace(b64, STR("A"), STR("A \t"))),
			"", 1, "mail.base64_repaired"},
		{"junk inside", carry_join(head, carry_replace(b64, STR("\n"), STR("!\n"))),
			"", 1, "mail.base64_repaired"},
		{"padding in the middle", carry_join(head, carry_join(carry_base64(str_sub(GZIP, 0, 40)),
			carry_base64(str_from_offset(GZIP, 40)))), "", 1, "mail.base64_repaired"},
		{"no padding", carry_join(head, carry_replace(carry_base64(odd), STR("="), STR(""))),
			"", 1, NULL},
		{"8bit xml", body("text/xml", xml), "", 1, ""},
		{"quoted-printable", carry_join(qp, quoted_printable(xml)), "", 1, ""},
		{"base64 twice", carry_single("application/gzip", b64), "", 1, "mail.base64_twice"},
		{"base64 not declared", body("application/gzip", b64), "", 1, "mail.base64_twice"},
		{"gzip not encoded", body("application/gzip", GZIP), "", 1, ""},
	};
	CARRY_CHECK(cases, NULL);
	assert_true(carry_bytes(cases[3].in, NULL)->reports[0].issues[ISSUE_MAIL_BASE64_REPAIRED] > 0);
}

static void test_reports_in_running_text(void **state)
{
	(void)state;
	struct str xml = carry_xml("r1"), gz = carry_base64(GZIP);
	struct str footer = STR("\n-- \nlist <list@example.com> & more\n");
	struct str intro = STR("Hello,\n\nhere is the report:\n\n");
	struct carry_case cases[] = {
		{"xml alone", body("text/plain", xml), "", 1, "mail.text_body"},
		{"xml with a footer", body("text/plain", carry_join(xml, footer)), "", 1, "mail.text_body"},
		{"xml in prose", body("text/plain", carry_join(intro, carry_join(xml, footer))),
			"", 1, "mail.text_body"},
		{"xml twice", body("text/plain", carry_join(xml, carry_join(intro, carry_xml("r2")))),
			"", 2, "mail.text_body"},
		{"json in prose", body("text/plain", carry_join(intro, carry_join(carry_json("t"), footer))),
			"", 1, "mail.text_body"},
		{"base64 in prose", body("text/plain", carry_join(intro, carry_join(gz, footer))),
			"", 1, "mail.text_body"},
		{"base64 of xml", body("text/plain", carry_base64(xml)), "", 1, "mail.text_body"},
		{"base64 without breaks", body("text/plain", carry_base64_long(GZIP)),
			"", 1, "mail.text_body"},
		{"base64 broken by blanks", body("text/plain", carry_replace(gz, STR("A"), STR("A "))),
			"", 1, "mail.text_body"},
		{"looks like base64", body("text/plain", STR("H4sI is how gzip begins and UEsDB is a zip\n"
			"UEsDBBQAAAAIAwordsandwordsandwords\nPD94bWwgdmVyc2lvbj0iMS4wIj8Not\n")),
				"not_a_report.mail", 0, NULL},
		{"long words", body("text/plain", carry_repeat(STR("abcdEFGH0123"), 50)),
			"not_a_report.mail", 0, NULL},
		{"base64 of json", body("text/plain", carry_base64(carry_json("t"))), "", 1, "mail.text_body"},
		{"base64 of prose", body("text/plain", carry_base64(carry_repeat(STR("<p>hello</p>\n"), 20))),
			"not_a_report.mail", 0, NULL},
		{"base64 of a gzip that cannot be", body("text/plain", carry_base64(carry_join(
			STR("\x1f\x8b\x08\xe0\0\0\0\0\x07\x03"), carry_repeat(STR("x"), 100)))),
			"not_a_report.mail", 0, NULL},
		{"base64 and its padding", body("text/plain", carry_join(carry_base64(carry_join(xml, STR("\n"))),
			STR("==\nthe end\n"))), "", 1, "mail.text_body"},
		{"json with braces in a text", body("text/plain", carry_join(intro, carry_replace(carry_json("t"),
			STR("Acme"), STR("A\\\"}}{")))), "", 1, "mail.text_body"},
		{"a prefix", body("text/plain", carry_join(intro, carry_replace(carry_replace(xml,
			STR("<feedback>"), STR("<d:feedback xmlns:d=\"urn:x\">")), STR("</feedback>"),
			STR("</d:feedback>")))), "", 1, NULL},
		{"a brace that ends nowhere", body("text/plain", STR("{\"policies\": [")), "tls.malformed", 0, NULL},
		{"many braces", body("text/plain", carry_repeat(STR("{\n"), 3000)), "not_a_report.mail", 0, NULL},
		{"markup, prose, and one", body("text/plain", carry_join(STR("<p>Hello</p>\n"), carry_join(
			carry_repeat(STR("of words\n"), 2000), xml))), "", 1, "mail.text_body"},
		{"the first word of another archive", body("text/plain", STR("#mtree is a format\n")),
			"not_a_report.mail", 0, NULL},
		{"and a report", body("text/plain", carry_join(STR("WARC/1.0\n\n"), xml)), "", 1, "mail.text_body"},
		{"markup", body("text/plain", STR("<p>Hello</p>\n")), "not_a_report.mail", 0, NULL},
		{"html that is one", body("text/html", xml), "", 1, ""},
		{"html that shows one", MIXED(carry_join(STR("Content-Type: text/plain\n\n"), xml), carry_join(
			STR("Content-Type: text/html\n\n<html><pre>"), carry_join(xml, STR("</html>\n")))), "", 1,
			"mail.text_body"},
		{"html only", body("text/html", STR("<html><p>hi</p></html>")), "not_a_report.mail", 0, NULL},
	};
	CARRY_CHECK(cases, NULL);
}

static void test_uuencode(void **state)
{
	(void)state;
	struct str uu = carry_uuencode(GZIP), xml = carry_uuencode(carry_xml("r1"));
	struct str intro = STR("Hello,\n\nhere is the report:\n\n");
	struct str declared = carry_join(carry_header(),
		STR("Content-Type: application/gzip\nContent-Transfer-Encoding: x-uuencode\n\n"));
	struct carry_case cases[] = {
		{"of gzip", body("text/plain", carry_join(intro, uu)), "", 1, "mail.uuencode"},
		{"of xml", body("text/plain", carry_join(xml, STR("\nregards\n"))), "", 1, "mail.uuencode"},
		{"of json", body("text/plain", carry_uuencode(carry_json("t"))), "", 1, "mail.uuencode"},
		{"two of them", body("text/plain", carry_join(xml, carry_uuencode(carry_xml("r2")))), "", 2,
			"mail.uuencode"},
		{"CRLF", body("text/plain", carry_replace(uu, STR("\n"), STR("\r\n"))), "", 1, "mail.uuencode"},
		{"blanks for backquotes", body("text/plain", carry_replace(uu, STR("`"), STR(" "))), "", 1,
			"mail.uuencode"},
		{"an attachment", carry_single("application/octet-stream", uu), "", 1, "mail.uuencode"},
		{"as the transfer encoding", carry_join(declared, uu), "", 1, "mail.uuencode"},
		{"cut", body("text/plain", str_sub(uu, 0, uu.len / 2)), "archive.damaged", 0, NULL},
		{"of prose", body("text/plain", carry_uuencode(carry_repeat(STR("<p>hello</p>\n"), 20))),
			"not_a_report.mail", 0, NULL},
		{"prose that begins", body("text/plain", STR("begin 644 the report\nMany lines <feedback>\n")),
			"not_a_report.mail", 0, NULL},
		{"many beginnings", body("text/plain", carry_repeat(STR("begin 644 x\n#/&9E\n"), 5000)),
			"not_a_report.mail", 0, NULL},
	};
	CARRY_CHECK(cases, NULL);
}

/* Neither the prose before a report nor the report has to fit into what is seen at once. */
static void test_long_running_text(void **state)
{
	(void)state;
	static const size_t prose[] = {0, 4000, 8100, 16300, 40000};
	char noise[40001];
	uint32_t value = 1;
	for (size_t i = 0; i < sizeof(noise) - 1; i++)
		noise[i] = (char)('a' + ((value = value * 1664525 + 1013904223) >> 24) % 26);
	noise[sizeof(noise) - 1] = '\0';
	struct str xml = carry_replace(carry_xml("r1"), STR("</feedback>"), carry_cat("<!--%s--></feedback>", noise));
	struct str json = carry_replace(carry_json("t"), STR("\"policies\""),
		carry_cat("\"x\": \"%s\", \"policies\"", noise));
	const struct str forms[] = {xml, json, carry_base64(carry_gzip(xml)), carry_base64(xml),
		carry_uuencode(carry_gzip(xml)), carry_base64(carry_zip1("a.xml", xml)), carry_base64(json)};
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		for (size_t k = 0; k < sizeof(prose) / sizeof(prose[0]); k++) {
			struct str text = carry_join(carry_repeat(STR("of words\n"), prose[k] / 9), forms[i]);
			struct carry_case cases[] = {
				{"with LF", body("text/plain", carry_join(text, STR("\nregards\n"))), "", 1, NULL},
				{"with CRLF", body("text/plain", carry_replace(text, STR("\n"), STR("\r\n"))), "", 1,
					NULL},
			};
			CARRY_CHECK(cases, NULL);
		}
}

/* RFC 7489 section 7.2.1.1: what calls itself a report and is none is set aside. */
static void test_a_subject_promises_a_report(void **state)
{
	(void)state;
#define SUBJECT "Report Domain: example.com Submitter: acme.example Report-ID: <1>"
	struct str text = STR("Content-Type: text/plain\n\nSee the attachment.\n");
	struct str pdf = carry_part("application/pdf; name=r.pdf", STR("%PDF-1.7\n1 0 obj\n"));
	struct carry_case cases[] = {
		{"a text", with_header("Subject: " SUBJECT, text), "archive.no_report", 0, NULL},
		{"in small letters", with_header("Subject: report domain: a.b submitter: c.d report-id: 1", text),
			"archive.no_report", 0, NULL},
		{"folded", with_header("Subject: Report Domain: example.com\n Submitter: acme.example\n Report-ID: <1>",
			text), "archive.no_report", 0, NULL},
		{"encoded", with_header("Subject: =?utf-8?Q?Report_Domain:_a.b_Submitter:?= c.d Report-ID: <1>", text),
			"archive.no_report", 0, NULL},
		{"another document", with_header("Subject: " SUBJECT, pdf), "archive.no_report", 0, NULL},
		{"an emptied attachment", with_header("Subject: " SUBJECT,
			carry_part("application/gzip; name=r.xml.gz", STR(""))), "archive.empty", 0, NULL},
		{"a report", with_header("Subject: " SUBJECT, carry_part("application/gzip", GZIP)), "", 1, ""},
		{"a reply", with_header("Subject: Re: " SUBJECT, text), "not_a_report.mail", 0, NULL},
		{"forwarded", with_header("Subject: Fwd: " SUBJECT, text), "not_a_report.mail", 0, NULL},
		{"no id", with_header("Subject: Report Domain: example.com Submitter: acme.example", text),
			"not_a_report.mail", 0, NULL},
		{"an automatic answer", with_header("Subject: " SUBJECT "\nAuto-Submitted: auto-replied", text),
			"not_a_report.auto_reply", 0, NULL},
	};
#undef SUBJECT
	CARRY_CHECK(cases, NULL);
}

static void test_not_a_report(void **state)
{
	(void)state;
	struct str part = carry_part("application/gzip", GZIP);
	struct str whole = carry_join(STR("Content-Type: message/rfc822\n\n"),
		carry_single("application/gzip", GZIP));
	struct str status = STR("Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n"
		"Final-Recipient: rfc822; a@b\nAction: failed\n");
	struct str abuse = STR("Content-Type: message/feedback-report\n\nFeedback-Type: abuse\n"
		"Version: 1\nUser-Agent: x\n");
	struct carry_member docx[] = {
		{.name = "[Content_Types].xml", .bytes = STR("<?xml version=\"1.0\"?><Types/>")},
		{.name = "word/document.xml", .bytes = STR("<?xml version=\"1.0\"?><w:document/>")},
	};
	struct carry_member pptx[] = {
		{.name = "_rels/.rels", .bytes = STR("<?xml version=\"1.0\"?><Relationships/>")},
		{.name = "docProps/app.xml", .bytes = STR("<?xml version=\"1.0\"?><Properties/>")},
		{.name = "[Content_Types].xml", .bytes = STR("<?xml version=\"1.0\"?><Types/>")},
	};
	struct carry_case cases[] = {
		{"spam", body("text/plain", STR("Buy now!\n")), "not_a_report.mail", 0, NULL},
		{"office file", MIXED(TEXT, carry_part("application/zip; name=d.docx", carry_zip(docx, 2))),
			"not_a_report.mail", 0, NULL},
		{"office file in another order", MIXED(TEXT, carry_part("a/b", carry_zip(pptx, 3))),
			"not_a_report.mail", 0, NULL},
		{"office file, properties first", MIXED(TEXT, carry_part("a/b", carry_zip(pptx + 1, 2))),
			"not_a_report.mail", 0, NULL},
		{"picture", MIXED(TEXT, carry_part("image/svg+xml; name=a.svg",
			STR("<?xml version=\"1.0\"?><svg/>"))), "not_a_report.mail", 0, NULL},
		{"pdf", MIXED(TEXT, carry_part("application/pdf; name=a.pdf", STR("%PDF-1.4\n"))),
			"not_a_report.mail", 0, NULL},
		{"other json", MIXED(TEXT, carry_part("text/x-data", STR("{\"a\": 1}"))),
			"not_a_report.mail", 0, NULL},
		{"attachment called eml", MIXED(TEXT, carry_part("application/octet-stream; name=eml",
			body("text/plain", STR("hi\n")))), "not_a_report.mail", 0, NULL},
		{"bounce", carry_multipart(carry_header(), "report; report-type=delivery-status",
			PARTS(TEXT, status, whole)), "not_a_report.bounce", 0, NULL},
		{"bounce as mixed", MIXED(TEXT, status, whole), "not_a_report.bounce", 0, NULL},
		{"old bounce", carry_replace(body("text/plain", STR("failed\n")), STR("noreply@acme.example"),
			STR("MAILER-DAEMON@acme.example")), "not_a_report.bounce", 0, NULL},
		{"vacation", with_header("Auto-Submitted: auto-replied", body("text/plain", STR("away\n"))),
			"not_a_report.auto_reply", 0, NULL},
		{"auto-submitted report", with_header("Auto-Submitted: auto-generated", MIXED(TEXT, part)),
			"", 1, ""},
		{"abuse", carry_multipart(carry_header(), "report; report-type=feedback-report",
			PARTS(TEXT, abuse, whole)), "not_a_report.abuse", 0, NULL},
		{"error report", body("text/plain",
			STR("Report-Date: x\nReport-Domain: example.com\nReport-ID: 1\n"
			"Report-Size: 5\nSubmitter: acme.example\nSubmitting-URI: mailto:a@b\n")),
			"not_a_report.error_report", 0, NULL},
	};
	CARRY_CHECK(cases, NULL);
}

static void test_rejected(void **state)
{
	(void)state;
	struct str pgp = STR("Content-Type: application/octet-stream\n\n-----BEGIN PGP MESSAGE-----\nx\n");
	struct str good = carry_part("application/gzip", GZIP);
	struct carry_case cases[] = {
		{"archive without a report", MIXED(TEXT, carry_part("application/zip",
			carry_zip1("invoice.pdf", STR("%PDF")))), "archive.no_report", 0, NULL},
		{"rar", MIXED(TEXT, carry_part("application/x-rar", STR("Rar!\x1a\x07\x00x"))),
			"archive.format", 0, NULL},
		{"empty attachment", MIXED(TEXT, carry_part("application/gzip; name=" NAME ".xml.gz", STR(""))),
			"archive.empty", 0, NULL},
		{"unused", carry_single("application/gzip", carry_gzip(STR("unused"))),
			"archive.empty", 0, NULL},
		{"html as report", MIXED(TEXT, carry_part("text/xml; name=\"" NAME ".xml\"",
			STR("<html><body>502</body></html>"))), "xml.root", 0, NULL},
		{"pgp", carry_multipart(carry_header(), "encrypted; protocol=\"application/pgp-encrypted\"",
			PARTS(carry_part("application/pgp-encrypted", STR("Version: 1\n")), pgp)),
				"mail.encrypted", 0, NULL},
		{"pgp inline", body("text/plain", STR("-----BEGIN PGP MESSAGE-----\nabc\n")),
			"mail.encrypted", 0, NULL},
		{"good and damaged", MIXED(good, carry_part("application/gzip", str_sub(GZIP, 0, 100))),
			"archive.damaged", 0, NULL},
		{"damaged and good", MIXED(carry_part("text/xml", str_sub(carry_xml("r"), 0, 300)), good),
			"xml.malformed", 0, NULL},
		{"cms that is none", carry_single("application/pkcs7-mime; smime-type=signed-data",
			STR("nonsense")),
			"mail.smime", 0, NULL},
	};
	CARRY_CHECK(cases, NULL);
}

/* All reports of a mail or none: what was declared as a report and holds none is a lost one. */
static void test_a_lost_report_loses_the_mail(void **state)
{
	(void)state;
	struct str good = carry_part("application/gzip", GZIP), noise = carry_repeat(STR("\x01\xfe\x00"), 50);
	struct carry_member named[] = {{.name = "1.xml", .bytes = carry_xml("z1")},
		{.name = "2.xml", .bytes = STR("")}};
	struct carry_member garbled[] = {{.name = "1.xml", .bytes = carry_xml("z1")},
		{.name = "2.xml", .bytes = noise}};
	struct carry_member readme[] = {{.name = "1.xml", .bytes = carry_xml("z1")},
		{.name = "README", .bytes = STR("")}, {.name = "a.txt", .bytes = STR("hello\n")}};
	struct carry_case cases[] = {
		{"noise as gzip", MIXED(good, carry_part("application/gzip", noise)), "archive.damaged", 0, NULL},
		{"noise by a report's name", MIXED(good, carry_part("a/b; name=\"" NAME ".zip\"", noise)),
			"archive.damaged", 0, NULL},
		{"empty gzip", MIXED(good, carry_part("application/gzip", STR(""))), "archive.empty", 0, NULL},
		{"gzip of nothing", MIXED(good, carry_part("a/b", carry_gzip(STR("")))), "archive.empty", 0, NULL},
		{"gzip of unused", MIXED(good, carry_part("a/b", carry_gzip(STR("unused")))),
			"archive.empty", 0, NULL},
		{"gzip of prose by a report's name", MIXED(good, carry_part("a/b; name=\"" NAME ".xml.gz\"",
			carry_gzip(STR("hello\n")))), "archive.no_report", 0, NULL},
		{"empty member", MIXED(carry_part("a/b", carry_zip(named, 2))), "archive.empty", 0, NULL},
		{"garbled member", MIXED(carry_part("a/b", carry_zip(garbled, 2))), "archive.no_report", 0, NULL},
		{"encrypted part", MIXED(good, STR("Content-Type: a/b\n\n-----BEGIN PGP MESSAGE-----\nx\n")),
			"mail.encrypted", 0, NULL},
		{"other members", MIXED(carry_part("a/b", carry_zip(readme, 3))), "", 1, ""},
		{"other archive", MIXED(good, carry_part("a/b", carry_zip1("terms.pdf", STR("%PDF")))), "", 1, ""},
		{"other attachments", MIXED(good, carry_part("image/png", noise), carry_part("text/html", STR(""))),
			"", 1, ""},
	};
	CARRY_CHECK(cases, NULL);
}

static void test_bare_files(void **state)
{
	(void)state;
	struct str gz = GZIP, mail = carry_single("application/gzip", GZIP);
	struct carry_case cases[] = {
		{"empty", STR(""), "file.empty", 0, NULL},
		{"white space", STR(" \n\t\r\n"), "file.empty", 0, NULL},
		{"prose", STR("hello world\nthis is no mail\n"), "file.unknown", 0, NULL},
		{"binary", STR("\x00\x01\x02\x03"), "file.unknown", 0, NULL},
		{"xml", carry_xml("r1"), "", 1, ""},
		{"json", carry_json("t1"), "", 1, ""},
		{"json with a BOM", carry_join(STR("\xef\xbb\xbf"), carry_json("t1")), "", 1, ""},
		{"gzip", gz, "", 1, ""},
		{"zip", ZIP, "", 1, ""},
		{"html", STR("<html><body/></html>"), "xml.root", 0, NULL},
		{"other json", STR("{\"a\": 1}"), "tls.shape", 0, NULL},
		{"mbox line", carry_join(STR("From a@b Tue Nov 14 22:13:20 2023\n"), mail), "", 1, ""},
		{"mbox line, CRLF", carry_join(STR("From a@b Tue Nov 14 22:13:20 2023\r\n"),
			carry_replace(mail, STR("\n"), STR("\r\n"))), "", 1, ""},
		{"blank lines before", carry_join(STR("\r\n\n"), mail), "", 1, ""},
		{"bare CR", carry_replace(mail, STR("\n"), STR("\r")), "", 1, ""},
		{"CRLF", carry_replace(mail, STR("\n"), STR("\r\n")), "", 1, ""},
		{"mixed line ends", carry_replace(mail, STR("\nTo"), STR("\r\nTo")), "", 1, ""},
		{"NUL in a header", carry_replace(mail, STR("rua@"), STR("r\0a@")), "", 1, ""},
		{"NUL in the text", MIXED(STR("Content-Type: text/plain\n\na\0b\n"), carry_part("a/b", gz)),
			"", 1, ""},
		{"no From, no Date", carry_join(STR("X-A: b\n"), carry_part("application/gzip", gz)),
			"", 1, ""},
	};
	CARRY_CHECK(cases, NULL);
}

/* The beginning that is looked at ends three bytes into a field's name. */
static void test_long_first_field(void **state)
{
	(void)state;
	struct str long_field = carry_join(STR("X-Long: a\n bbbbb\n"), carry_repeat(STR(" bbbbbbb\n"), 908));
	assert_int_equal(long_field.len, SNIFF_BYTES - 3);
	struct carry_case cases[] = {
		{"a mail", carry_join(long_field, carry_single("application/gzip", GZIP)), "", 1, ""},
		{"a text", carry_join(carry_repeat(STR("bbbbbbbb\n"), 1000), carry_xml("r")), "file.unknown", 0, NULL},
	};
	CARRY_CHECK(cases, NULL);
}

static void test_head_is_decoded(void **state)
{
	(void)state;
	static const struct {
		const char *name, *in, *want;
	} cases[] = {
		{"plain", "Report domain: a", "Report domain: a"},
		{"utf-8", "=?UTF-8?Q?Gr=C3=BC=C3=9Fe?=", "Gr\xc3\xbc\xc3\x9f" "e"},
		{"iso-2022-jp", "=?ISO-2022-JP?B?GyRCRnxLXBsoQg==?=", "\xe6\x97\xa5\xe6\x9c\xac"},
		{"shift_jis", "=?Shift_JIS?B?k/qWew==?=", "\xe6\x97\xa5\xe6\x9c\xac"},
		{"koi8-r", "=?KOI8-R?B?zcnS?=", "\xd0\xbc\xd0\xb8\xd1\x80"},
		{"windows-1252", "=?windows-1252?Q?=80?=", "\xe2\x82\xac"},
		{"not on the list", "=?UTF-7?Q?+AOQ-?=", "=?UTF-7?Q?+AOQ-?="},
		{"folded", "Report\n domain: a", "Report domain: a"},
		{"raw latin-1", "Gr\xfc\xdf" "e", "Gr\xc3\xbc\xc3\x9f" "e"},
		{"control", "a\x07" "b", "a\xef\xbf\xbd" "b"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str mail = carry_cat("Subject: %s\nFrom: =?UTF-8?Q?J=C3=BC?= <a@b>\nMessage-ID: <x@y>\n"
			"Date: Tue, 14 Nov 2023 22:13:20 +0000\n\nx\n", cases[i].in);
		const struct carried *carried = carry_bytes(mail, NULL);
		if (!str_eq(carried->head.subject, str_from(cases[i].want)))
			fail_msg("%s: \"%.*s\"", cases[i].name, STR_FMT(carried->head.subject));
		assert_true(str_eq(carried->head.from, STR("J\xc3\xbc <a@b>")));
		assert_true(str_eq(carried->head.message_id, STR("<x@y>")));
		assert_int_equal(carried->head.date_epoch_secs, 1700000000);
	}
	assert_false(carry_bytes(carry_xml("r"), NULL)->has_head);
	assert_int_equal(carry_bytes(STR("Subject: x\nDate: nonsense\n\n"), NULL)->head.date_epoch_secs, 0);
}

static void test_names_are_hints(void **state)
{
	(void)state;
	static const struct {
		const char *name, *in, *want;
	} cases[] = {
		{"plain", "; name=\"a.xml.gz\"", "a.xml"},
		{"rfc 2231 pieces", ";\n name*0=\"acme.example!\";\n name*1=\"b.xml.gz\"", "acme.example!b.xml"},
		{"rfc 2231 charset", "; name*=UTF-8''%C3%BC.xml.gz", "\xc3\xbc.xml"},
		{"rfc 2231, a charset that is not loaded", "; name*=utf-7''%2BAOQ-.xml.gz", "+AOQ-.xml"},
		{"encoded word", "; name=\"=?UTF-8?Q?=C3=BC.xml.gz?=\"", "\xc3\xbc.xml"},
		{"path", "; name=\"/etc/../passwd[*?].gz\"", "/etc/../passwd[*?]"},
		{"none", "", ""},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str type = carry_cat("application/gzip%s", cases[i].in);
		const struct carried *carried = carry_bytes(carry_single(type.ptr, GZIP), NULL);
		if (!str_eq(carried->reports[0].member, str_from(cases[i].want)))
			fail_msg("%s: \"%.*s\"", cases[i].name, STR_FMT(carried->reports[0].member));
	}
	/* For GMime and whoever else asks in this process. */
	assert_true(iconv_open("UTF-8", "UTF-7") == (iconv_t)-1);
	assert_true(iconv_open("UTF-8//TRANSLIT", "UTF-8") == (iconv_t)-1);
}

static void test_extract(void **state)
{
	(void)state;
	struct carry_member members[] = {{.name = "1.xml", .bytes = carry_xml("z1")},
		{.name = "2.xml", .bytes = carry_xml("z2")}};
	struct str mail = MIXED(TEXT, carry_part("application/gzip", GZIP),
		carry_part("application/zip", carry_zip(members, 2)), carry_part("a/b", carry_json("t")));
	assert_true(str_eq(carry_extract(mail, 0), carry_xml("r1")));
	assert_true(str_eq(carry_extract(mail, 1), carry_xml("z1")));
	assert_true(str_eq(carry_extract(mail, 2), carry_xml("z2")));
	assert_true(str_eq(carry_extract(mail, 3), carry_json("t")));
	assert_int_equal(carry_extract(mail, 4).len, 0);
	assert_int_equal(carry_extract(STR(""), 0).len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_declared_types_do_not_matter),
		cmocka_unit_test(test_any_place_in_the_tree),
		cmocka_unit_test(test_transfer_encodings),
		cmocka_unit_test(test_reports_in_running_text),
		cmocka_unit_test(test_uuencode),
		cmocka_unit_test(test_long_running_text),
		cmocka_unit_test(test_a_subject_promises_a_report),
		cmocka_unit_test(test_not_a_report),
		cmocka_unit_test(test_rejected),
		cmocka_unit_test(test_a_lost_report_loses_the_mail),
		cmocka_unit_test(test_bare_files),
		cmocka_unit_test(test_long_first_field),
		cmocka_unit_test(test_head_is_decoded),
		cmocka_unit_test(test_names_are_hints),
		cmocka_unit_test(test_extract),
	};
	return cmocka_run_group_tests(tests, carry_setup, carry_teardown);
}
