// SPDX-License-Identifier: Apache-2.0
/* Aggregate reports as they really come: MALFORMATIONS C to G, each line of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/coherence.h"
#include "tests/parser/carry_case.h"

#include <string.h>

#define XML carry_xml("a1")
#define NAMES_IN_XML 33 /* as libxml2 counts them */

static struct str swap(const char *from, const char *to)
{
	struct str xml = XML;
	if (str_find(xml, str_from(from)) == SIZE_MAX)
		fail_msg("%s is not in the report", from);
	return carry_replace(xml, str_from(from), str_from(to));
}

static struct str bytes(struct str before, struct str after)
{
	return carry_join(before, after);
}

static struct str with_declaration(const char *declaration)
{
	return swap("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", declaration);
}

static struct str utf16(bool little)
{
	return carry_utf16(with_declaration("<?xml version=\"1.0\" encoding=\"UTF-16\"?>\n"), little);
}

static struct str unmarked(struct str bytes)
{
	return str_from_offset(bytes, 2);
}

static void test_utf16(void **state)
{
	(void)state;
	struct carry_case cases[] = {
		{"little", utf16(true), "", 1, "xml.bom"},
		{"big", utf16(false), "", 1, "xml.bom"},
		{"little, no mark", unmarked(utf16(true)), "", 1, ""},
		{"big, no mark", unmarked(utf16(false)), "", 1, ""},
		{"nothing declared", unmarked(carry_utf16(with_declaration("\n"), false)), "", 1, ""},
		{"in a mail", carry_single("text/xml", unmarked(utf16(false))), "", 1, ""},
		{"as the mail's text", carry_single("text/plain", unmarked(utf16(true))), "", 1,
			"mail.text_body"},
	};
	CARRY_CHECK(cases, NULL);
}

/* C: bytes and XML */
static void test_bytes(void **state)
{
	const char *org = "<org_name>acme.example</org_name>";
	(void)state;
	struct carry_case cases[] = {
		{"as specified", XML, "", 1, ""},
		{"byte order mark", bytes(STR("\xef\xbb\xbf"), XML), "", 1, "xml.bom"},
		{"blank lines first", bytes(STR("\n \n"), XML), "", 1, "xml.leading_space"},
		{"no declaration", with_declaration(""), "", 1, ""},
		{"space, no declaration", with_declaration("\n  "), "", 1, ""},
		{"without encoding", with_declaration("<?xml version=\"1.0\"?>"), "", 1, ""},
		{"standalone", with_declaration("<?xml version='1.0' encoding='utf-8' standalone='yes' "
			"?>"), "", 1, ""},
		{"second quote", with_declaration("<?xml version=\"1.0\"\" encoding=\"utf-8\"?>"), "", 1,
			"xml.declaration"},
		{"version 1.1", with_declaration("<?xml version=\"1.1\"?>"), "", 1, "xml.declaration"},
		{"no question mark", with_declaration("<?xml version=\"1.0\">"), "", 1, "xml.declaration"},
		{"says UTF-16, is not", with_declaration("<?xml version=\"1.0\" encoding=\"UTF-16\"?>"), "", 1,
			"xml.declaration"},
		{"unknown encoding", with_declaration("<?xml version=\"1.0\" encoding=\"EBCDIC\"?>"),
			"xml.encoding", 0, NULL},
		{"windows-1252", carry_replace(with_declaration("<?xml version=\"1.0\" encoding=\"windows-1252\"?>"),
			str_from(org), STR("<org_name>Sue\xf1o \x80</org_name>")), "", 1, ""},
		{"Latin-1 in UTF-8", swap(org, "<org_name>Sue\xf1o</org_name>"), "", 1, "xml.charset"},
		{"byte 0x91", swap(org, "<org_name>\x91x</org_name>"), "", 1, "xml.charset"},
		{"BEL", swap(org, "<org_name>a\x07z</org_name>"), "", 1, "xml.control"},
		{"reference to BEL", swap(org, "<org_name>a&#7;z</org_name>"), "", 1, "xml.control"},
		{"U+FFFD", swap(org, "<org_name>\xef\xbf\xbd</org_name>"), "", 1, ""},
		{"bare ampersand", swap(org, "<org_name>A & B</org_name>"), "", 1, "xml.ampersand"},
		{"ampersand at the end", swap(org, "<org_name>AT&T&</org_name>"), "", 1, "xml.ampersand"},
		{"references", swap(org, "<org_name>&lt;&#65;&#x42;&amp;&quot;</org_name>"), "", 1, ""},
		{"escaped twice", swap(org, "<org_name>&amp;lt;x</org_name>"), "", 1, "xml.entity_twice"},
		{"HTML entity", swap(org, "<org_name>a&nbsp;b</org_name>"), "xml.entity", 0, NULL},
		{"CDATA", swap(org, "<org_name><![CDATA[acme & co]]></org_name>"), "", 1, ""},
		{"comments", swap(org, "<!-- a - b --><org_name>a<!--x-->b</org_name>"), "", 1, ""},
		{"stray schema", carry_replace(XML, STR("<feedback>"), STR("<xs:schema x=\"1\">\n<feedback>")), "", 1,
			"xml.stray_schema"},
		{"schema, closed", carry_replace(XML, STR("<feedback>"),
			STR("<xs:schema><xs:element name=\"a\"/></xs:schema><feedback>")), "", 1, "xml.stray_schema"},
		{"bytes behind", bytes(XML, STR("\n--\nfooter & co")), "", 1, "xml.trailing"},
		{"NULs behind", bytes(XML, (struct str){"\0\0\0", 3}), "", 1, "xml.control xml.trailing"},
		{"space behind", bytes(XML, STR("\n \r\n")), "", 1, ""},
		{"comment behind", bytes(XML, STR("<!-- end -->")), "", 1, ""},
		{"second root", bytes(XML, XML), "xml.second_root", 0, NULL},
		{"an element behind", bytes(XML, STR("<a/>")), "xml.second_root", 0, NULL},
		{"last bracket", swap("</feedback>\n", "</feedback"), "", 1, "xml.last_bracket"},
		{"cut in the last tag", swap("</feedback>\n", "</feedb"), "xml.malformed", 0, NULL},
		{"cut in a record", str_sub(XML, 0, XML.len - 60), "xml.malformed", 0, NULL},
		{"damaged closing tag", swap("</report_id>", "/report_id>"), "xml.malformed", 0, NULL},
		{"bare <", swap(org, "<org_name>a<b</org_name>"), "xml.malformed", 0, NULL},
		{"bare >", swap(org, "<org_name>a>b</org_name>"), "", 1, ""},
		{"stray text", swap("<pct>", "11<pct>"), "", 1, "xml.stray_text"},
		{"DOCTYPE", with_declaration("<!DOCTYPE feedback>"), "xml.doctype", 0, NULL},
		{"entity declaration", with_declaration("<!DOCTYPE x [<!ENTITY a \"b\">]>"), "xml.doctype", 0, NULL},
		{"7489 namespace", swap("<feedback>", "<feedback "
			"xmlns=\"http://dmarc.org/dmarc-xml/0.1\">"), "", 1, ""},
		{"9990 namespace", swap("<feedback>", "<feedback "
			"xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\">"), "", 1, ""},
		{"misspelled namespace", swap("<feedback>", "<feedback "
			"xmlns=\"http//dmarc.org/dmarc-xml/0.1\">"), "", 1,
			"xml.namespace"},
		{"prefixed", carry_replace(carry_replace(carry_replace(XML, STR("</"), STR("@@")), STR("<"),
			STR("<d:")), STR("@@"), STR("</d:")), "xml.malformed", 0, NULL},
		{"prefix that nothing declares", carry_replace(swap("<feedback>", "<d:feedback>"),
			STR("</feedback>"), STR("</d:feedback>")), "", 1, "xml.namespace"},
		{"unused namespaces", swap("<feedback>", "<feedback "
			"xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
			" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">"), "", 1, ""},
		{"lang", swap("<org_name>", "<org_name xml:lang=\"ja\" lang='en'>"), "", 1, ""},
		{"foreign extension", swap("</auth_results>", "</auth_results><x:a xmlns:x=\"urn:x\"><x:row/></x:a>"),
			"", 1, "xml.extension"},
		{"extension", swap("<record>", "<extension><a/><b>c</b></extension><record>"), "", 1, "xml.extension"},
		{"unknown element", swap("<pct>", "<rf>afrf</rf><pct>"), "", 1, "xml.unknown_element"},
		{"upper case", carry_replace(swap("<count>", "<Count>"), STR("</count>"), STR("</Count>")), "", 1,
			"xml.element_case"},
		{"HTML", STR("<html><body>404</body></html>"), "xml.root", 0, NULL},
	};
	CARRY_CHECK(cases, NULL);
}

static void test_controls(void **state)
{
	const char *org = "<org_name>acme.example</org_name>";
	(void)state;
	struct carry_case cases[] = {
		{"windows-1252, unassigned", carry_replace(with_declaration("<?xml version=\"1.0\" "
			"encoding=\"windows-1252\"?>"), str_from(org), STR("<org_name>\x81</org_name>")), "", 1,
			"xml.charset"},
		{"windows-1252 in Latin-1", carry_replace(with_declaration("<?xml version=\"1.0\" "
			"encoding=\"ISO-8859-1\"?>"), str_from(org), STR("<org_name>\x93\xf1\x94</org_name>")), "", 1,
			"xml.charset"},
		{"Latin-1", carry_replace(with_declaration("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>"),
			str_from(org), STR("<org_name>Sue\xf1o</org_name>")), "", 1, ""},
		{"DEL", swap(org, "<org_name>a\x7fz</org_name>"), "", 1, "xml.control"},
		{"C1", swap(org, "<org_name>a\xc2\x9bz</org_name>"), "", 1, "xml.control"},
		{"NEL at the end", swap(org, "<org_name>a\xc2\x85</org_name>"), "", 1, "xml.control"},
		{"reference to CR", swap(org, "<org_name>a&#13;&#10;z</org_name>"), "", 1, "xml.control"},
		{"TAB and LF", swap(org, "<org_name>\n\ta\tb\r\nc\n</org_name>"), "", 1, ""},
	};
	CARRY_CHECK(cases, NULL);
}

static void test_hostile_bytes(void **state)
{
	(void)state;
	struct carry_case cases[] = {
		{"UTF-32", STR("\xff\xfe\0\0<\0\0\0f\0\0\0"), "xml.encoding", 0, NULL},
		{"UTF-32, no mark", STR("\0\0\0<\0\0\0f"), "xml.encoding", 0, NULL},
		{"a default namespace on an inner element", swap("<record>", "<record xmlns=\"urn:x\">"), "", 1,
			"xml.namespace"},
		{"an entity with a long name", swap("acme.example", "&an_entity_with_a_long_name;"),
			"xml.entity", 0, NULL},
		{"a reference beyond Unicode", swap("acme.example", "a&#x110000;b"), "", 1, "xml.control"},
		{"a reference with an X", swap("acme.example", "a&#X41;b"), "", 1, "xml.control"},
		{"a reference without digits", swap("acme.example", "a&#;b"), "", 1,
			"xml.ampersand xml.entity_twice"},
		{"a reference with letters", swap("acme.example", "a&#4f;b"), "", 1,
			"xml.ampersand xml.entity_twice"},
		{"a bare ampersand in a tag", swap("<org_name>", "<org_name x=\"a&b\">"), "", 1, "xml.ampersand"},
		{"an unknown entity in a tag", swap("<org_name>", "<org_name x=\"&b;\">"), "xml.entity", 0, NULL},
		{"an ampersand at the very end", carry_join(str_sub(XML, 0, XML.len - 12), STR("&am")),
			"xml.malformed", 0, NULL},
		{"a comment without end", carry_join(STR("<feedback><!-- "), XML), "xml.malformed", 0, NULL},
		{"an entity behind the end", carry_join(XML, STR("&nbsp;")), "", 1, "xml.trailing"},
		{"a wrong end tag before more", swap("<row>", "<row></x></record></feedback>"),
			"xml.malformed", 0, NULL},
	};
	CARRY_CHECK(cases, NULL);
}

/* D and E: metadata, dates, policy_published */
/* The org_name of the report in these bytes, which may differ from the schema. */
static struct str org_name(struct str xml, const char *issues)
{
	const struct carried *carried = carry_bytes(xml, NULL);
	if (carried->reports_count != 1 || strcmp(carry_issues(carried, 0), issues) != 0)
		fail_msg("code \"%s\", issues \"%s\"", carry_code(carried),
			carried->reports_count > 0 ? carry_issues(carried, 0) : "");
	return carried->reports[0].aggregate.org_name;
}

/* UTF-16 with two units where "acme.example" begins. */
static struct str utf16_units(bool little, unsigned first, unsigned second)
{
	struct str xml = utf16(little);
	const unsigned char units[4] = {(unsigned char)(little ? first : first >> 8),
		(unsigned char)(little ? first >> 8 : first), (unsigned char)(little ? second : second >> 8),
		(unsigned char)(little ? second >> 8 : second)};
	size_t at = str_find(xml, little ? STR("a\0c\0m\0e\0") : STR("\0a\0c\0m\0e"));
	(void)memcpy((char *)(uintptr_t)xml.ptr + at, units, sizeof(units));
	return xml;
}

static void test_encodings(void **state)
{
	const char *org = "acme.example</org_name>";
	(void)state;
	struct str latin9 = carry_replace(with_declaration("<?xml version=\"1.0\" encoding=\"ISO-8859-15\"?>"),
		str_from(org), STR("\xa4 \xe9</org_name>"));
	assert_true(str_eq(org_name(latin9, ""), STR("\xe2\x82\xac \xc3\xa9")));
	struct str ascii = carry_replace(with_declaration("<?xml version=\"1.0\" encoding=\"US-ASCII\"?>"),
		str_from(org), STR("\xc3\xa9</org_name>"));
	assert_true(str_eq(org_name(ascii, "xml.charset"), STR("\xc3\xa9")));
	for (int little = 0; little < 2; little++) {
		assert_true(str_eq(org_name(utf16_units(little, 0xd83d, 0xde00), "xml.bom"),
			STR("\xf0\x9f\x98\x80me.example")));
		assert_true(str_eq(org_name(utf16_units(little, 0xd83d, 'x'), "xml.bom xml.control"),
			STR("\xef\xbf\xbdxme.example")));
		assert_true(str_eq(org_name(utf16_units(little, 0xde00, 'x'), "xml.bom xml.control"),
			STR("\xef\xbf\xbdxme.example")));
	}
	/* Characters of two bytes, at odd and even places, over many reads. */
	struct str error = carry_cat("<error>%s</error>", carry_repeat(STR("\xc3\xa9"), 2000).ptr);
	struct str errors = carry_cat("%s</report_id>", carry_repeat(STR("r"), 2).ptr);
	errors = carry_join(errors, carry_repeat(error, 99));
	assert_int_equal(org_name(swap("a1</report_id>", errors.ptr), "").len, 12);
}

static void test_declarations(void **state)
{
	(void)state;
	struct str spaces = carry_repeat(STR(" "), 1100);
	struct carry_case cases[] = {
		{"nothing in it", with_declaration("<?xml?>"), "", 1, "xml.declaration"},
		{"a quote behind it", with_declaration("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\"\n"), "", 1,
			"xml.declaration"},
		{"a quote behind it in UTF-16", carry_utf16(with_declaration("<?xml version=\"1.0\"?>\""), true), "", 1,
			"xml.bom xml.declaration"},
		{"no equals sign", with_declaration("<?xml version 1.0?>"), "", 1, "xml.declaration"},
		{"no quotes", with_declaration("<?xml version=1.0?>"), "", 1, "xml.declaration"},
		{"one quote", with_declaration("<?xml version=\"1.0?>"), "", 1, "xml.declaration"},
		{"no value", with_declaration("<?xml version=?>"), "", 1, "xml.declaration"},
		{"no space between", with_declaration("<?xml version=\"1.0\"encoding=\"UTF-8\"?>"), "", 1,
			"xml.declaration"},
		{"a form feed", with_declaration("<?xml version=\"1.0\" encoding=\"UTF-8\"\f?>"), "", 1,
			"xml.declaration"},
		{"a vertical tab", with_declaration("<?xml\vversion=\"1.0\"?>"), "", 1, "xml.declaration"},
		{"a blank in a name", with_declaration("<?xml version=\"1.0\" encoding=\" UTF-8\"?>"), "", 1,
			"xml.declaration"},
		{"a line for each", with_declaration("<?xml\r\n version='1.0'\tencoding = 'UTF-8'\n"
			"standalone='no'\n?>"), "", 1, ""},
		{"encoding empty", with_declaration("<?xml version=\"1.0\" encoding=\"\"?>"), "", 1,
			"xml.declaration"},
		{"encoding first", with_declaration("<?xml encoding=\"latin1\" version=\"1.0\"?>"), "", 1,
			"xml.declaration"},
		{"upper case", with_declaration("<?XML version=\"1.0\"?>"), "", 1, "xml.declaration"},
		{"without end", carry_join(STR("<?xml version=\"1.0\" "), spaces), "xml.malformed", 0, NULL},
	};
	CARRY_CHECK(cases, NULL);
}

/* A domain that only the attachment's name tells: receiver!policy-domain!begin!end. */
static void test_domain_of_the_name(void **state)
{
	(void)state;
	struct str xml = swap("<domain>example.com</domain><adkim>", "<adkim>");
	struct carry_case cases[] = {
		{"in the name", carry_zip1("acme.example!Example.ORG!1700000000!1700086399.xml", xml), "", 1,
			"policy.domain_missing"},
		{"not in the name", carry_zip1("report.xml", xml), "report.domain", 0, NULL},
	};
	CARRY_CHECK(cases, NULL);
	const struct carried *carried = carry_bytes(cases[0].in, NULL);
	assert_true(str_eq(carried->reports[0].aggregate.policy.domain, STR("example.org")));
}

/* What stands around an address is taken off it. */
static void test_sources(void **state)
{
	(void)state;
	static const struct {
		const char *sent, *read;
	} cases[] = {
		{"IPv6:2001:db8::1", "2001:db8::1"}, {"[IPv6:2001:db8::1]", "2001:db8::1"},
		{"192.000.002.010", "192.0.2.10"}, {"192.0.2.1/32", "192.0.2.1"},
		{"192.0.2.1 (mx.example)", "192.0.2.1"}, {"::ffff:192.0.2.1", "192.0.2.1"},
		{"192.0.2", ""}, {"192.0.2.1000", ""}, {"192.0.2.0256", ""}, {"192.0.2.1x", ""}, {"unknown", ""},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[IP_TEXT_BYTES] = "";
		const struct carried *carried = carry_bytes(swap("192.0.2.1<", carry_cat("%s<",
			cases[i].sent).ptr), NULL);
		assert_int_equal(carried->reports_count, 1);
		assert_string_equal(carry_issues(carried, 0), "record.source_form");
		const struct ip *source = &carried->reports[0].first_source;
		assert_string_equal(source->family ? ip_format(source, text) : "", cases[i].read);
	}
}

static void test_head(void **state)
{
	const char *begin = "<begin>1700000000</begin>", *end = "<end>1700086399</end>";
	const char *domain = "<domain>example.com</domain><adkim>";
	(void)state;
	struct carry_case cases[] = {
		{"no org_name", swap("<org_name>acme.example</org_name>", ""), "", 1, "report.org_name_missing"},
		{"empty org_name", swap("acme.example</org_name>", " </org_name>"), "", 1, "report.org_name_missing"},
		{"no email", swap("<email>n@acme.example</email>", ""), "", 1, "report.email_missing"},
		{"no report_id", swap("<report_id>a1</report_id>", ""), "", 1, "report.id_missing"},
		{"report_id of 512", swap("a1</report_id>", arena_cstr(carry_arena(),
			bytes(carry_repeat(STR("x"), 512), STR("</report_id>")))), "", 1, ""},
		{"report_id of 513", swap("a1</report_id>", arena_cstr(carry_arena(),
			bytes(carry_repeat(STR("x"), 513), STR("</report_id>")))), "report.id", 0, NULL},
		{"no metadata", carry_replace(carry_replace(XML, STR("report_metadata"), STR("x")),
		STR("<x>"), STR("<x>")),
			"report.metadata", 0, NULL},
		{"several errors", swap("</report_metadata>", "<error>a</error><error>b</error></report_metadata>"),
			"", 1, ""},
		{"version 0.1", swap("<version>1.0", "<version>0.1"), "", 1, ""},
		{"version text", swap("<version>1.0", "<version>one"), "", 1, "report.version"},
		{"fraction", swap(begin, "<begin>1700000000.250000</begin>"), "", 1, "report.dates_fraction"},
		{"milliseconds", swap(end, "<end>1700086399000</end>"), "", 1, "report.dates_milliseconds"},
		{"milliseconds of 1998", swap(begin, "<begin>900000000000</begin>"), "report.dates", 0, NULL},
		{"the year 9999", swap(end, "<end>253402300799</end>"), "report.dates", 0, NULL},
		{"ISO 8601", swap(begin, "<begin>2023-11-14T22:13:20Z</begin>"), "", 1, "report.dates_text"},
		{"RFC 5322", swap(begin, "<begin>Tue, 14 Nov 2023 22:13:20 +0000</begin>"), "", 1,
		"report.dates_text"},
		{"begin is end", swap(end, "<end>1700000000</end>"), "", 1, "report.dates_equal"},
		{"201 days", swap(begin, "<begin>1682676000</begin>"), "", 1, "report.dates_long"},
		{"before 2010", carry_replace(swap(begin, "<begin>1200000000</begin>"), str_from(end),
			STR("<end>1200086399</end>")), "", 1, "report.dates_old"},
		{"negative", swap(begin, "<begin>-5</begin>"), "report.dates", 0, NULL},
		{"zero", swap(begin, "<begin>0</begin>"), "report.dates", 0, NULL},
		{"text", swap(begin, "<begin>yesterday</begin>"), "report.dates", 0, NULL},
		{"missing", swap(begin, ""), "report.dates", 0, NULL},
		{"empty", swap(end, "<end/>"), "report.dates", 0, NULL},
		{"reversed", swap(end, "<end>1600000000</end>"), "report.dates", 0, NULL},
		{"three days ahead", swap(end, "<end>1790259200</end>"), "report.dates", 0, NULL},
		{"upper case domain", swap(domain, "<domain>EXAMPLE.com</domain><adkim>"), "", 1, ""},
		{"final dot", swap(domain, "<domain>example.com.</domain><adkim>"), "", 1, "policy.domain_form"},
		{"U-label", swap(domain, "<domain>b\xc3\xbc""cher.example</domain><adkim>"), "", 1,
		"policy.domain_form"},
		{"empty domain", swap(domain, "<domain/><adkim>"), "report.domain", 0, NULL},
		{"an address as domain", swap(domain, "<domain>192.0.2.1</domain><adkim>"), "report.domain", 0, NULL},
		{"digits in a domain", swap(domain, "<domain>1.2.3.4.example</domain><adkim>"), "", 1, ""},
		{"no domain name", swap(domain, "<domain>a b</domain><adkim>"), "report.domain", 0, NULL},
		{"policy missing", swap("policy_published", "policy_publisched"), "report.domain", 0, NULL},
		{"policy twice", swap("</policy_published>",
			"</policy_published><policy_published><domain>b.example</domain></policy_published>"), "", 1,
			"xml.duplicate_element"},
		{"sp empty", swap("<sp>none</sp>", "<sp/>"), "", 1, "policy.value_empty"},
		{"sp nil", swap("<sp>none</sp>", "<sp>nil</sp>"), "", 1, "policy.value_unknown"},
		{"sp absent", swap("<sp>none</sp>", ""), "", 1, ""},
		{"p absent", swap("<p>none</p>", ""), "", 1, "policy.p_missing"},
		{"adkim relaxed", swap("<adkim>r", "<adkim>relaxed"), "", 1, "policy.value_unknown"},
		{"pct 101", swap("<pct>100", "<pct>101"), "", 1, "policy.value_unknown"},
		{"pct absent", swap("<pct>100</pct>", ""), "", 1, ""},
		{"fo 1:d:s", swap("<pct>", "<fo>1:d:s</fo><pct>"), "", 1, ""},
		{"np, testing, discovery_method", swap("<pct>", "<np>reject</np><testing>y</testing>"
			"<discovery_method>treewalk</discovery_method><pct>"), "", 1, ""},
	};
	CARRY_CHECK(cases, NULL);
}

/* F and G: rows, identifiers, auth_results */
static void test_records(void **state)
{
	const char *ip = "<source_ip>192.0.2.1</source_ip>", *count = "<count>3</count>";
	const char *evaluated = "<disposition>none</disposition><dkim>pass</dkim><spf>pass</spf>";
	(void)state;
	struct carry_case cases[] = {
		{"no record", carry_join(str_sub(XML, 0, str_find(XML, STR("<record>"))), STR("</feedback>")), "", 1,
			"record.none"},
		{"no source", swap(ip, ""), "", 1, "record.source_missing"},
		{"private source", swap(ip, "<source_ip>10.1.2.3</source_ip>"), "", 1, "record.source_private"},
		{"mapped", swap(ip, "<source_ip>::ffff:198.51.100.7</source_ip>"), "", 1, "record.source_form"},
		{"zone", swap(ip, "<source_ip>2001:db8::1%eth0</source_ip>"), "", 1, "record.source_form"},
		{"brackets", swap(ip, "<source_ip>[2001:db8::1]</source_ip>"), "", 1, "record.source_form"},
		{"host name", swap(ip, "<source_ip>mx.example</source_ip>"), "", 1, "record.source_form"},
		{"count missing", swap(count, ""), "", 1, "record.count_missing"},
		{"count empty", swap(count, "<count/>"), "", 1, "record.count_missing"},
		{"count 0", swap(count, "<count>0</count>"), "", 1, "record.count_zero"},
		{"count 3.0", swap(count, "<count>3.0</count>"), "", 1, "record.count_form"},
		{"count 3.5", swap(count, "<count>3.5</count>"), "record.count", 0, NULL},
		{"count in space", swap(count, "<count> 3\n</count>"), "", 1, "record.count_form"},
		{"count negative", swap(count, "<count>-3</count>"), "record.count", 0, NULL},
		{"count text", swap(count, "<count>three</count>"), "record.count", 0, NULL},
		{"count 2^63-1", swap(count, "<count>9223372036854775807</count>"), "", 1,
		"record.count_implausible"},
		{"count 2^63", swap(count, "<count>9223372036854775808</count>"), "record.count", 0, NULL},
		{"no policy_evaluated", swap("policy_evaluated", "x"), "", 1,
			"xml.unknown_element record.policy_evaluated_missing record.disposition_missing"},
		{"empty dkim", swap(evaluated, "<disposition>none</disposition><dkim/><spf>pass</spf>"), "", 1,
			"record.policy_evaluated_missing"},
		{"Pass", swap(evaluated, "<disposition>none</disposition><dkim>Pass</dkim><spf>PASS</spf>"), "", 1,
			"record.policy_evaluated_word"},
		{"softfail", swap(evaluated,
		"<disposition>none</disposition><dkim>pass</dkim><spf>softfail</spf>"), "", 1,
			"record.policy_evaluated_word"},
		{"disposition pass", swap("<disposition>none", "<disposition>pass"), "", 1, ""},
		{"disposition 15", swap("<disposition>none", "<disposition>15"), "", 1, "record.disposition_word"},
		{"no disposition", swap("<disposition>none</disposition>", ""), "", 1, "record.disposition_missing"},
		{"reasons", swap("</policy_evaluated>",
		"<reason><type>forwarded</type></reason><reason><type>other</type>"
			"<comment>a\nb</comment></reason></policy_evaluated>"), "", 1, ""},
		{"reason without type", swap("</policy_evaluated>",
		"<reason><type/></reason></policy_evaluated>"), "", 1,
			"record.reason_empty"},
		{"unknown reason", swap("</policy_evaluated>",
		"<reason><type>moon</type></reason></policy_evaluated>"), "", 1,
			"record.reason_word"},
		{"policy_evaluated twice", swap("</policy_evaluated>",
			"</policy_evaluated><policy_evaluated><dkim>fail</dkim></policy_evaluated>"), "", 1,
			"xml.duplicate_element"},
	};
	CARRY_CHECK(cases, NULL);
}

static void test_identifiers_and_results(void **state)
{
	const char *from = "<header_from>example.com</header_from>";
	const char *dkim = "<dkim><domain>example.com</domain><selector>s</selector><result>pass</result></dkim>";
	const char *spf = "<spf><domain>example.com</domain><scope>mfrom</scope><result>pass</result></spf>";
	(void)state;
	struct carry_case cases[] = {
		{"identities", swap("identifiers", "identities"), "", 1, "record.identities"},
		{"no header_from", swap(from, ""), "", 1, "record.header_from_missing"},
		{"header_from an address", swap(from, "<header_from>A &lt;a@example.com&gt;</header_from>"), "", 1,
			"record.header_from_form"},
		{"header_from upper case", swap(from, "<header_from>Example.COM</header_from>"), "", 1, ""},
		{"header_from an IP address", swap(from, "<header_from>192.0.2.1.</header_from>"), "", 1,
			"record.header_from_form"},
		{"null path", swap(from,
		"<header_from>example.com</header_from><envelope_from>&lt;&gt;</envelope_from>"),
			"", 1, ""},
		{"auth_results empty", carry_replace(swap(dkim, ""), str_from(spf), STR("")), "", 1,
			"record.auth_results_missing"},
		{"empty dkim element", swap(dkim, "<dkim/>"), "", 1, "record.dkim_domain"},
		{"empty spf element", swap(spf, "<spf></spf>"), "", 1, "record.spf_domain"},
		{"not.evaluated", swap(dkim,
		"<dkim><domain>not.evaluated</domain><result>none</result></dkim>"), "", 1, ""},
		{"dkim result empty", swap(dkim, "<dkim><domain>example.com</domain><result/></dkim>"), "", 1,
			"record.dkim_result"},
		{"dkim hardfail", swap(dkim,
		"<dkim><domain>example.com</domain><result>hardfail</result></dkim>"), "", 1,
			"record.dkim_result"},
		{"dkim domain of spaces", swap(dkim, "<dkim><domain>a b</domain><result>fail</result></dkim>"), "", 1,
			"record.dkim_domain"},
		{"spf without domain", swap(spf, "<spf><result>none</result></spf>"), "", 1, "record.spf_domain"},
		{"spf with an empty domain", swap(spf, "<spf><domain/><scope>mfrom</scope><result>none</result></spf>"),
			"", 1, "record.spf_domain"},
		{"spf scope odd", swap("<scope>mfrom", "<scope>mailfrom"), "", 1, "record.spf_scope"},
		{"spf helo", swap("<scope>mfrom", "<scope>helo"), "", 1, ""},
		{"spf TempError", swap(spf,
		"<spf><domain>example.com</domain><result>TempError</result></spf>"), "", 1,
			"record.spf_result"},
	};
	CARRY_CHECK(cases, NULL);
}

/* Each as it was read, and noted where that is not how it was sent. */
static void test_envelopes(void **state)
{
	(void)state;
	static const struct {
		const char *sent, *issues;
	} cases[] = {
		{"e.example", ""}, {"E.Example", ""}, {"", ""}, {"&lt;&gt;", ""},
		{"alice@e.example", "record.envelope_form"}, {"e.example.", "record.envelope_form"},
		{"b\xc3\xbc""cher.example", "record.envelope_form"}, {"e\xe2\x80\x8b.example", "record.envelope_form"},
		{"foo bar", "record.envelope_form"}, {"&lt;script>", "record.envelope_form"},
		{"192.0.2.1", "record.envelope_form"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int to = 0; to < 2; to++) {
			const char *name = to ? "envelope_to" : "envelope_from";
			const struct carried *carried = carry_bytes(swap("<header_from>", carry_cat(
				"<%s>%s</%s><header_from>", name, cases[i].sent, name).ptr), NULL);
			assert_int_equal(carried->reports_count, 1);
			assert_string_equal(carry_issues(carried, 0), cases[i].issues);
		}
}

/* RFC 7489 does not require a selector, RFC 9990 does. */
static void test_selectors(void **state)
{
	(void)state;
	const char *root = "<feedback xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\">";
	struct str none = swap("<selector>s</selector>", "");
	struct str empty = swap("<selector>s</selector>", "<selector/>");
	struct str late = carry_replace(none, STR("</record>"), STR("</record><extension/>"));
	struct carry_case cases[] = {
		{"RFC 7489", none, "", 1, ""},
		{"RFC 9990", carry_replace(none, STR("<feedback>"), str_from(root)), "", 1, "record.dkim_selector"},
		{"RFC 9990, empty", carry_replace(empty, STR("<feedback>"), str_from(root)), "", 1,
			"record.dkim_selector"},
		{"RFC 9990, known at the end", late, "", 1, "xml.extension record.dkim_selector"},
	};
	CARRY_CHECK(cases, NULL);
	assert_int_equal(carry_bytes(cases[1].in, NULL)->reports[0].totals.schema, SCHEMA_LENIENT);
}

/* What XML allows is kept to the byte: every exit encodes it. */
static void test_texts_kept(void **state)
{
	(void)state;
	struct str xml = swap("acme.example</org_name>", "\n  one\tlevel=error\r\n<![CDATA[<b>]]> &#9;x \n</org_name>");
	assert_true(str_eq(org_name(xml, ""), STR("one\tlevel=error\n<b> \tx")));
	assert_true(str_eq(org_name(swap("acme.example</org_name>", "a\x7f""b\xc2\x9b</org_name>"), "xml.control"),
		STR("a\xef\xbf\xbd""b\xef\xbf\xbd")));
}

/* An extension is no deviation. */
static void test_extension_grade(void **state)
{
	(void)state;
	const struct carried *carried = carry_bytes(swap("<record>", "<extension><a/></extension><record>"), NULL);
	assert_int_equal(carried->reports[0].totals.schema, SCHEMA_RFC9990);
	assert_int_equal(carried->reports[0].issues[ISSUE_XML_EXTENSION], 1);
}

/* Never read as pass; what is pass in other letters is. */
static void test_pass(void **state)
{
	static const struct {
		const char *dkim, *spf;
		uint64_t pass;
	} cases[] = {{"pass", "fail", 3}, {"fail", "pass", 3}, {"PASS", "", 3}, {"fail", "fail", 0},
		{"passed", "none", 0}, {"", "", 0}, {"softfail", "neutral", 0}, {"1", "true", 0}};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *to = carry_cat("<dkim>%s</dkim><spf>%s</spf></policy_evaluated>", cases[i].dkim,
			cases[i].spf).ptr;
		const struct carried *carried =
			carry_bytes(swap("<dkim>pass</dkim><spf>pass</spf></policy_evaluated>", to), NULL);
		assert_int_equal(carried->reports_count, 1);
		assert_int_equal(carried->reports[0].totals.dmarc_pass, cases[i].pass);
	}
}

/* Each count may be 2^63-1, so their sum may be more. */
static void test_sum(void **state)
{
	struct str xml = carry_replace(XML, STR("<count>3</count>"), STR("<count>9223372036854775807</count>"));
	size_t begin = str_find(xml, STR("<record>")), end = str_find(xml, STR("</feedback>"));
	struct str record = str_sub(xml, begin, end - begin);
	const struct carried *carried = carry_bytes(bytes(bytes(str_sub(xml, 0, end), record),
		str_from_offset(xml, end)), NULL);
	(void)state;
	assert_int_equal(carried->reports_count, 1);
	assert_true(carried->reports[0].totals.messages == 2 * (wide)INT64_MAX);
	assert_true(carried->reports[0].totals.dmarc_pass == 2 * (wide)INT64_MAX);
}

static void test_schema(void **state)
{
	(void)state;
	const struct {
		const char *name;
		struct str xml;
		enum report_schema schema;
	} cases[] = {
		{"7489", XML, SCHEMA_RFC7489},
		{"draft", carry_replace(carry_replace(swap("<version>1.0</version>", ""),
			STR("<selector>s</selector>"), STR("")), STR("<scope>mfrom</scope>"), STR("")), SCHEMA_DRAFT},
		{"namespace", swap("<feedback>", "<feedback xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\">"),
		SCHEMA_RFC9990},
		{"np", swap("<sp>", "<np>none</np><sp>"), SCHEMA_RFC9990},
		{"generator", swap("<email>", "<generator>x 1</generator><email>"), SCHEMA_RFC9990},
		{"pass", swap("<disposition>none", "<disposition>pass"), SCHEMA_RFC9990},
		{"test mode", swap("</policy_evaluated>",
			"<reason><type>policy_test_mode</type></reason></policy_evaluated>"), SCHEMA_RFC9990},
		{"lenient", swap("<sp>none</sp>", "<sp/>"), SCHEMA_LENIENT},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct carried *carried = carry_bytes(cases[i].xml, NULL);
		if (carried->reports_count != 1 || carried->reports[0].totals.schema != cases[i].schema)
			fail_msg("%s: %s", cases[i].name, report_schema_text(carried->reports[0].totals.schema));
	}
}

/* Each limit at its value passes, one above does not. */
static void test_limits(void **state)
{
	struct str record = str_sub(XML, str_find(XML, STR("<record>")),
		str_find(XML, STR("</record>")) + 9 - str_find(XML, STR("<record>")));
	struct str two = carry_replace(XML, STR("</feedback>"), carry_join(record, STR("</feedback>")));
	struct str ahead = swap("<end>1700086399<", carry_cat("<end>%lld<", (long long)CARRY_NOW + 100).ptr);
	(void)state;
	struct limits limits = limits_default();
	const struct {
		const char *name;
		uint64_t *limit, good;
		struct str xml;
		const char *code;
	} cases[] = {
		{"records", &limits.records, 2, two, "report.records"},
		{"elements", &limits.xml_elements, 35, XML, "xml.elements"},
		{"names", &limits.xml_names, NAMES_IN_XML + 5, swap("<feedback>",
			"<feedback a='1' xmlns:b='urn:b'><c/><c/><?d e?>"), "xml.elements"},
		{"depth", &limits.xml_depth, 5, XML, "xml.depth"},
		{"text", &limits.xml_text_bytes, 14, XML, "xml.text_too_large"},
		{"tag", &limits.xml_tag_bytes, 19, XML, "xml.tag_too_large"},
		{"attributes", &limits.xml_attributes, 2, swap("<feedback>", "<feedback a='1' b='2'>"),
			"xml.tag_too_large"},
		{"bytes", &limits.report_bytes, XML.len, XML, "xml.too_large"},
		{"domain", &limits.domain_bytes, 11, XML, "report.domain"},
		{"label", &limits.label_bytes, 7, XML, "report.domain"},
		{"ahead", &limits.ahead_secs, 100, ahead, "report.dates"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		limits = limits_default();
		*cases[i].limit = cases[i].good;
		const struct carried *good = carry_bytes(cases[i].xml, &limits);
		if (good->end.verdict != VERDICT_REPORTS)
			print_error("%s at %llu: %s\n", cases[i].name, (unsigned long long)cases[i].good,
			carry_code(good));
		assert_int_equal(good->end.verdict, VERDICT_REPORTS);
		*cases[i].limit = cases[i].good - 1;
		assert_string_equal(carry_code(carry_bytes(cases[i].xml, &limits)), cases[i].code);
	}
}

/* A text is measured whole, not in the pieces that elements and CDATA make of it. */
static void test_text_in_pieces(void **state)
{
	(void)state;
	struct limits limits = limits_default();
	limits.xml_text_bytes = 100;
	struct str piece = carry_repeat(STR("a"), 50);
	struct carry_case cases[] = {
		{"100 bytes", swap("acme.example</o", carry_cat("%s<x/>%s</o", piece.ptr, piece.ptr).ptr), "", 1,
			"xml.unknown_element"},
		{"101 bytes", swap("acme.example</o", carry_cat("%s<x/>%sa</o", piece.ptr, piece.ptr).ptr),
			"xml.text_too_large", 0, NULL},
		{"101 bytes in CDATA", swap("acme.example</o",
			carry_cat("%s<![CDATA[%s]]>a</o", piece.ptr, piece.ptr).ptr),
			"xml.text_too_large", 0, NULL},
		{"100 bytes, and half a character more", swap("acme.example</o", carry_cat("%s%s\xc3\xbf</o",
			piece.ptr, piece.ptr).ptr), "xml.text_too_large", 0, NULL},
		{"the same in CDATA", swap("acme.example</o", carry_cat("<![CDATA[%s%s\xc3\xbf]]></o",
			piece.ptr, piece.ptr).ptr), "xml.text_too_large", 0, NULL},
		{"too much in an instruction that may not be", swap("acme.example</o",
			carry_cat("<?xml %s%s%s?></o", piece.ptr, piece.ptr, piece.ptr).ptr), "xml.malformed", 0, NULL},
	};
	CARRY_CHECK(cases, &limits);
	/* Too much of it all comes before too much of one piece, although that is seen sooner. */
	struct carried *twice = carry_bytes(swap("acme.example</o",
		carry_cat("%s<x/>%s%s%s</o", piece.ptr, piece.ptr, piece.ptr, piece.ptr).ptr), &limits);
	assert_string_equal(twice->end.detail.ptr, "line 2: limits.xml_text_bytes");
}

/* Texts and lists are cut where their limit ends, and the report says so; an id is refused. */
static void test_cutting_limits(void **state)
{
	(void)state;
	struct limits limits = limits_default();
	const char *dkim = "<dkim><domain>example.com</domain><selector>s</selector><result>pass</result></dkim>";
	const char *spf = "<spf><domain>example.com</domain><scope>mfrom</scope><result>pass</result></spf>";
	const char *reason =
		"<disposition>none</disposition><reason><type>other</type><comment>abcde</comment></reason>";
	struct str one = swap("<disposition>none</disposition>", reason);
	struct str errors = swap("</date_range>", "</date_range><error>abc</error><error>d</error>");
	const struct {
		const char *name;
		uint64_t *limit, good;
		struct str xml;
		const char *want;
	} cases[] = {
		{"org_name", &limits.org_name_bytes, 12, XML, "text.cut"},
		{"email", &limits.email_bytes, 14, XML, "text.cut"},
		{"contact", &limits.contact_bytes, 4, swap("</email>",
			"</email><extra_contact_info>abcd</extra_contact_info>"), "text.cut"},
		{"comment", &limits.comment_bytes, 5, one, "text.cut"},
		{"selector", &limits.selector_bytes, 4, swap("<selector>s<", "<selector>s234<"), "text.cut"},
		{"count", &limits.count_plausible, 3, XML, "record.count_implausible"},
		{"period", &limits.period_secs, 86399, XML, "report.dates_long"},
		{"error", &limits.comment_bytes, 3, errors, "text.cut"},
		{"errors", &limits.report_errors, 2, errors, "record.list_cut"},
		{"dkim", &limits.record_dkim, 2, swap(dkim, carry_repeat(str_from(dkim), 2).ptr),
			"record.list_cut"},
		{"spf", &limits.record_spf, 2, swap(spf, carry_repeat(str_from(spf), 2).ptr), "record.list_cut"},
		{"reasons", &limits.record_reasons, 2, carry_replace(one, STR("</reason>"),
			STR("</reason><reason><type>other</type></reason>")), "record.list_cut"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (uint64_t less = 0; less <= 1; less++) {
			limits = limits_default();
			*cases[i].limit = cases[i].good - less;
			const struct carried *carried = carry_bytes(cases[i].xml, &limits);
			assert_int_equal(carried->end.verdict, VERDICT_REPORTS);
			if (strcmp(carry_issues(carried, 0), less ? cases[i].want : "") != 0)
				fail_msg("%s, %llu less: \"%s\"", cases[i].name, (unsigned long long)less,
					carry_issues(carried, 0));
		}
	}
	limits = limits_default();
	limits.report_id_bytes = 4;
	assert_string_equal(carry_code(carry_bytes(carry_xml("abcd"), &limits)), "");
	assert_string_equal(carry_code(carry_bytes(carry_xml("abcde"), &limits)), "report.id");
}

static void test_place_is_told(void **state)
{
	(void)state;
	struct str xml = carry_replace(XML, STR("<count>3"), STR("\n\n\n<count>x"));
	assert_true(str_find(carry_bytes(xml, NULL)->end.detail, STR("line 5")) != SIZE_MAX);
	xml = carry_replace(XML, STR("</row>"), STR("</rou>"));
	assert_true(str_find(carry_bytes(xml, NULL)->end.detail, STR("line 2")) != SIZE_MAX);
	static const struct {
		const char *in, *want;
	} cases[] = {
		{"<feedback><a></b>", "line 1, column 18: Opening and ending tag mismatch"},
		{"<?xml version=\"1.0\"?><feedback><a></b>", "line 1, column 39: Opening and ending tag mismatch"},
		{"<feedback>\n<a>\n", "line 3, column 1: Premature end of data"},
		{"<feedback>\n<a>\n</a", "line 3, column 4: the document ends within a tag"},
		{"<feedback>\n<!-- a", "line 2, column 7: the document ends within a comment"},
		{"<feedback>\n &nbsp;", "line 2, column 7: &nbsp;"},
		{"<feedback>\n <!ENTITY", "line 2, column 4: <!"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str detail = carry_bytes(str_from(cases[i].in), NULL)->end.detail;
		if (str_find(detail, str_from(cases[i].want)) == SIZE_MAX)
			fail_msg("%s: %.*s", cases[i].in, STR_FMT(detail));
	}
}

#define POLICY "<policy_published><domain>example.com</domain><adkim>r</adkim><aspf>r</aspf><p>reject</p>" \
	"</policy_published>"

/* A report with its policy before, between and after this many records. */
static struct carried *with_records(size_t before, size_t after, const char *policy)
{
	struct str xml = XML, head = STR("<policy_published>"), rest = STR("<record>");
	struct str start = str_sub(xml, 0, str_find(xml, head)), record = str_from_offset(xml, str_find(xml, rest));
	record = str_sub(record, 0, str_find(record, STR("</feedback>")));
	struct str all = carry_join(start, carry_repeat(record, before));
	all = carry_join(carry_join(all, str_from(policy)), carry_repeat(record, after));
	struct carried *carried = carry_bytes(carry_join(all, STR("</feedback>\n")), NULL);
	assert_int_equal(carried->end.verdict, VERDICT_REPORTS);
	assert_int_equal(carried->reports[0].records, before + after);
	return carried;
}

/* Records are held against the policy wherever it stands, and go on in their order. */
static void test_policy_anywhere(void **state)
{
	(void)state;
	assert_int_equal(with_records(0, 3, POLICY)->reports[0].contradictory, 3);
	assert_int_equal(with_records(3, 0, POLICY)->reports[0].contradictory, 3);
	assert_int_equal(with_records(2, 2, POLICY)->reports[0].contradictory, 4);
	struct carried *many = with_records(60000, 1, POLICY);
	assert_int_equal(many->reports[0].issues[ISSUE_RECORD_UNCHECKED], 1);
	assert_true(many->reports[0].contradictory <= 1);
	many = with_records(1, 60000, POLICY);
	assert_int_equal(many->reports[0].issues[ISSUE_RECORD_UNCHECKED], 0);
	assert_int_equal(many->reports[0].contradictory, 60001);
}

/* There is nothing to hold them against. */
static void test_policy_missing(void **state)
{
	struct str xml = carry_replace(XML, str_sub(XML, str_find(XML, STR("<policy_published>")),
		str_find(XML, STR("<record>")) - str_find(XML, STR("<policy_published>"))), STR(""));
	struct carry_member member = {.name = "acme.example!example.com!1700000000!1700086399.xml", .bytes = xml};
	struct carried *carried = carry_bytes(carry_zip(&member, 1), NULL);
	(void)state;
	assert_int_equal(carried->end.verdict, VERDICT_REPORTS);
	assert_int_equal(carried->reports[0].records, 1);
	assert_int_equal(carried->reports[0].issues[ISSUE_POLICY_MISSING], 1);
	assert_int_equal(carried->reports[0].contradictory, 0);
}

/* carry_header() was written in the period's first second. */
static void test_mail_date(void **state)
{
	struct carried *mail = carry_bytes(carry_single("application/xml", XML), NULL);
	(void)state;
	assert_int_equal(mail->reports[0].totals.contradictions, COHERENCE_BIT(DATES_AHEAD));
	assert_int_equal(carry_bytes(XML, NULL)->reports[0].totals.contradictions, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_utf16),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_controls),
		cmocka_unit_test(test_hostile_bytes),
		cmocka_unit_test(test_encodings),
		cmocka_unit_test(test_declarations),
		cmocka_unit_test(test_domain_of_the_name),
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_identifiers_and_results),
		cmocka_unit_test(test_pass),
		cmocka_unit_test(test_envelopes),
		cmocka_unit_test(test_selectors),
		cmocka_unit_test(test_texts_kept),
		cmocka_unit_test(test_extension_grade),
		cmocka_unit_test(test_sum),
		cmocka_unit_test(test_schema),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_text_in_pieces),
		cmocka_unit_test(test_cutting_limits),
		cmocka_unit_test(test_place_is_told),
		cmocka_unit_test(test_policy_anywhere),
		cmocka_unit_test(test_policy_missing),
		cmocka_unit_test(test_mail_date),
	};
	return cmocka_run_group_tests(tests, carry_setup, carry_teardown);
}
