# SPDX-License-Identifier: Apache-2.0
"""Structure is not repaired (DESIGN): what is not well-formed is quarantined whole; odd but
well-formed is read tolerantly. Depth, text, tags, attributes, elements and records are limited."""
from corpus.kit import ONE, Totals, record, xml

BAD = "xml.malformed"
TAG, TEXT = "xml.tag_too_large", "xml.text_too_large"


def elements(name, count):
    return "".join("<%s%d>" % (name, i) for i in range(count)) + "".join(
        "</%s%d>" % (name, i) for i in reversed(range(count)))


def limits(kind, org):
    for name, count, outcomes in (("62", 62, "S"), ("64", 64, "Q"), ("1000", 1000, "Q"), ("100000", 100000, "Q")):
        kind.xml("depth_" + name, [("<record>", "<d>" * count + "</d>" * count + "<record>")], outcomes,
                 "xml.depth")
    kind.xml("depth_unclosed", [("<record>", "<d>" * 300000)], "Q", "xml.depth")
    kind.xml("attributes_64", [("<feedback>", "<feedback %s>" % " ".join("a%d='x'" % i for i in range(64)))], "S")
    kind.xml("attributes_65", [("<feedback>", "<feedback %s>" % " ".join("a%d='x'" % i for i in range(65)))], "Q",
             TAG)
    many = " ".join("a%d=''" % i for i in range(100000))
    kind.xml("attributes_100000", [("<feedback>", "<feedback %s>" % many)], "Q", TAG)
    kind.xml("attributes_unclosed", [("<feedback>", "<feedback " + many)], "Q", TAG)
    kind.xml("namespaces_60", [("<feedback>", "<feedback %s>" % " ".join("xmlns:a%d='u%d'" % (i, i)
                                                                         for i in range(60)))], "S")
    kind.xml("namespaces_10000", [("<feedback>", "<feedback %s>" % " ".join("xmlns:a%d='u'" % i
                                                                            for i in range(10000)))], "Q", TAG)
    kind.xml("name_70000", [("<record>", "<%s/><record>" % ("n" * 70000))], "Q", TAG)
    kind.xml("name_60000", [("<record>", "<%s/><record>" % ("n" * 60000))], "SQ", TAG + ",xml.malformed")
    kind.xml("attribute_70000", [("<feedback>", "<feedback a='%s'>" % ("v" * 70000))], "Q", TAG)
    kind.xml("text_65000", [("<record>", "<x>%s</x><record>" % ("t" * 65000))], "S")
    kind.xml("text_70000", [("<record>", "<x>%s</x><record>" % ("t" * 70000))], "Q", TEXT)
    kind.xml("text_10MB", [(org, org + "t" * 10000000)], "Q", TEXT + ",archive.ratio")
    kind.xml("cdata_70000", [("<record>", "<x><![CDATA[%s]]></x><record>" % ("t" * 70000))], "Q", TEXT)
    kind.xml("cdata_unclosed", [(org, "<org_name><![CDATA[" + "t" * 99)], "Q", BAD)
    # Neither a tag nor a text: read or refused, but bounded.
    kind.xml("comment_1MB", [("<record>", "<!--%s--><record>" % ("c" * 1000000))], "SQ", TAG + "," + TEXT)
    kind.xml("instruction_1MB", [("<record>", "<?p %s?><record>" % ("c" * 1000000))], "SQ", TAG + "," + TEXT)
    kind.xml("comment_unclosed", [("<record>", "<!-- <record>")], "Q", BAD)
    kind.xml("elements_9M", [("<record>", "<record>" + "<a/>" * 9000000)], "Q", "xml.elements,archive.ratio",
             heavy=True)
    kind.xml("names_1000000", [("<record>", "".join("<a%d/>" % i for i in range(1000000)) + "<record>")], "Q", "xml.elements")
    kind.xml("text_of_bytes", [(org, org + "\u00ff" * 60000)], "Q", TEXT)
    empty = "<record/>" * 300000
    kind.xml("records_300000", [("<record>", empty + "<record>")], "Q", "report.records,archive.ratio", heavy=True)
    kind.document("records_2000", xml(kind.id("records_2000"), "".join(
        record(i % 250, 1) for i in range(2000))), "S", totals=Totals(1, 2000, 2000, 2000))


def broken(kind, org):
    for name, swaps in (
            ("tag_not_closed", [("</org_name>", "")]), ("tags_overlap", [("</count>", ""), ("</row>", "</row></count>")]),
            ("end_tag_alone", [("<record>", "</x><record>")]), ("attribute_no_quotes", [("<feedback>", "<feedback a=b>")]),
            ("attribute_no_value", [("<feedback>", "<feedback a>")]), ("attribute_twice", [("<feedback>", "<feedback a='1' a='2'>")]),
            ("attribute_less", [("<feedback>", "<feedback a='<'>")]), ("tag_digit", [("<record>", "<1/><record>")]),
            ("tag_space", [("<record>", "< x/><record>")]), ("tag_empty", [("<record>", "<><record>")]),
            ("less_in_text", [(org, org + " a < b")]), ("less_at_end", [("</feedback>\n", "</feedback><")]),
            ("instruction_unclosed", [("<record>", "<?p <record>")]), ("comment_dashes", [("<record>", "<!-- a -- b --><record>")]),
            ("root_unclosed", [("</feedback>", "")]), ("root_closed_twice", [("</feedback>", "</feedback></feedback>")]),
            ("tag_case", [("</org_name>", "</Org_Name>")]), ("prefix_in_end", [("</org_name>", "</a:org_name>")])):
        codes = BAD + ",xml.second_root,xml.stray"
        repaired = name in ("less_at_end", "root_closed_twice", "comment_dashes")  # bytes after the root
        kind.xml(name, swaps, "SQ" if repaired else "Q", codes)
    kind.xml("second_root", [("</feedback>\n", "</feedback>\n" + xml(kind.id("second_root_2")))], "Q", "xml.second_root")
    kind.xml("second_root_other", [("</feedback>\n", "</feedback>\n<x/>")], "SQ", "xml.second_root")
    kind.xml("cdata_end_in_text", [(org, org + "]]>")], "SQ", BAD)
    kind.xml("prefix_undeclared", [("<org_name>", "<a:x/><org_name>")], "SQ", BAD)


def make(corpus):
    kind = corpus.kind("structure")
    org = "<org_name>hostile.example"
    limits(kind, org)
    broken(kind, org)
    for name, document in (("other_root", "<report><feedback/></report>"), ("html", "<html><body>404</body></html>"),
                           ("html5", "<!DOCTYPE html><html><body>404 Not Found</body></html>"),
                           ("soap", '<s:Envelope xmlns:s="x"><s:Body/></s:Envelope>'),
                           ("svg", '<svg xmlns="http://www.w3.org/2000/svg"><script>xssCanary()</script></svg>'),
                           ("rss", "<rss><channel/></rss>"), ("declaration_only", '<?xml version="1.0"?>'),
                           ("text_only", "hello"), ("less_only", "<")):
        kind.document("root_" + name, document, "Q", "xml.*,archive.no_report,archive.empty,archive.damaged")
    kind.document("feedback_empty", "<feedback/>", "Q", "report.*")
    kind.document("feedback_text", "<feedback>hello</feedback>", "Q", "report.*")
    kind.document("feedback_in_feedback", xml(kind.id("feedback_in_feedback")).replace(
        "<record>", xml(kind.id("inner"), declaration="") + "<record>", 1), "S")
    # Odd, well-formed.
    for name, swaps in (
            ("text_between", [("<record>", "stray<record>")]), ("unknown_elements", [("<record>", "<x><count>999</count></x><record>")]),
            ("unknown_in_row", [("<count>5", "<x>9</x><count>5")]), ("greater_in_text", [(org, org + " a > b")]),
            ("comments_inside", [("<count>5", "<count><!-- 4 -->5")]), ("cdata_count", [("<count>5", "<count><![CDATA[5]]>")]),
            ("instruction_in_count", [("<count>5", "<count><?x 9?>5")]), ("attributes_everywhere", [("<count>5", "<count x='9'>5")]),
            ("namespace_odd", [("<feedback>", "<feedback xmlns='urn:x'>")]),
            ("namespace_prefix", [("<feedback>", "<d:feedback xmlns:d='http://dmarc.org/dmarc-xml/0.1'>"), ("</feedback>", "</d:feedback>")]),
            ("namespace_on_inner", [("<record>", "<record xmlns='urn:y'>")]),
            ("xml_space", [("<feedback>", "<feedback xml:space='preserve' xml:lang='zz'>")]),
            ("ampersand", [(org, org + " R&D & more")]), ("blank_lines", [("<record>", "\n" * 5000 + "<record>")]),
            ("version_twice", [("<version>", "<version>2</version><version>")])):
        kind.xml(name, swaps, "S", "*", ONE)
    kind.xml("tags_upper_case", [("<org_name>", "<ORG_NAME>"), ("</org_name>", "</ORG_NAME>")], "S")
    kind.xml("nested_count", [("<count>5", "<count><b>5</b>")], "SQ", "record.count", Totals(1, 2, 7, 0))
    kind.xml("count_split", [("<count>5", "<count>5<b/>0")], "SQ", "record.count", Totals(1, 2, 57, 50))
    kind.xml("record_in_record", [("<row>", "<record/><row>")], "S")
    kind.xml("row_twice", [("</row>", "</row><row><count>900</count></row>")], "S")
    kind.xml("count_twice", [("</count>", "</count><count>900</count>")], "S")
    kind.xml("metadata_missing", [("report_metadata", "report_xxx"), ("report_metadata", "report_xxx")], "Q", "report.*")
    kind.xml("metadata_last", [("<report_metadata>", "<x><report_metadata>"), ("</report_metadata>", "</report_metadata></x>")], "Q", "report.*")
    kind.xml("policy_missing", [("policy_published", "policy_xxx"), ("policy_published", "policy_xxx")], "Q", "report.domain")
    kind.xml("dates_missing", [("date_range", "date_xxx"), ("date_range", "date_xxx")], "Q", "report.dates")
