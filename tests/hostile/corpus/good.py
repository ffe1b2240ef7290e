# SPDX-License-Identifier: Apache-2.0
"""Good mails in every packing and form seen in the wild; each is stored and its totals are exact."""
import json

from corpus.kit import BEGIN, DECLARATION, END, FAILURE, ONE, Totals, attachment, b64, gz, head, joined, mail_of, multipart, part, record, swap, xml
from corpus.pack import Entry, zip1, zip_of
from corpus.ruf import FIELDS, SAMPLE, failure
from corpus.tlsrpt import GOOD, mail as tls_mail, tls

NS_9990, NS_OLD = "urn:ietf:params:xml:ns:dmarc-2.0", "http://dmarc.org/dmarc-xml/0.1"
FORWARDED = 'message/rfc822'


def quoted_printable(text):
    return "".join("=%02X" % b if b > 126 or b == 61 else chr(b) for b in text.encode())


def packings(kind):
    def put(name, payload, file, ctype):
        kind.add(name, mail_of(kind.id(name), payload(xml(kind.id(name))), file, ctype), "S", totals=ONE)

    name = "hostile.example!example.com!%d!%d" % (BEGIN, END)
    for i, (payload, file, ctype) in enumerate((
            (gz, name + ".xml.gz", "application/gzip"), (gz, name + ".xml.gz", "application/x-gzip"), (gz, name + ".xml.gz", "application-x-gzip"),
            (gz, name + ".xml.gz", "application/octet-stream"), (gz, name + ".xml.gz", "text/xml"), (gz, "report", "application/x-gunzip"), (gz, name + ".zip", "application/zip"),
            (zip1, name + ".zip", "application/zip"), (zip1, name + ".zip", "application/x-zip-compressed"), (zip1, name + ".zip", "application/zip-compressed"),
            (zip1, name + ".zip", "application/octet-stream"), (zip1, name + ".xml.gz", "application/gzip"), (str.encode, name + ".xml", "text/xml"), (str.encode, name + ".xml", "application/xml"),
            (str.encode, name + ".xml", "application/octet-stream"), (str.encode, name + ".xml", "text/plain"), (lambda t: gz(gz(t)), name + ".xml.gz", "application/gzip"),
            (lambda t: gz(zip1(t)), name + ".gz", "application/gzip"), (lambda t: zip1(gz(t), b"r.xml.gz"), name + ".zip", "application/zip"),
            (lambda t: zip1(t, method=0), name + ".zip", "application/zip"), (lambda t: gz(t, 9), name + ".xml.gz", "application/gzip"), (lambda t: gz(t, 0), name + ".xml.gz", "application/gzip"),
            (lambda t: zip1(t, b"aol com 12345 xml"), name + ".zip", "application/zip"))):
        put("packed_%02d" % i, payload, file, ctype)
    put("bare_gzip_only", gz, "", "")


def forms(kind):
    def report(name):
        return gz(xml(kind.id(name)))

    def put(name, text, totals=ONE):
        kind.add(name, text, "S", totals=totals)

    def usual(name, **more):
        return multipart(kind.id(name), [part("This is a report."), attachment(report(name))], **more)

    for subtype in ("mixed", "alternative", "related", "report"):
        put("multipart_" + subtype, usual("multipart_" + subtype, subtype=subtype))
    put("report_first", multipart(kind.id("report_first"), [attachment(report("report_first")), part("text"), part("<p>text</p>", "text/html")]))
    put("nested", multipart(kind.id("nested"), [part(joined([part("text"), attachment(report("nested"))], "n"), 'multipart/related; boundary="n"'), part("footer")]))
    text = usual("long_first_field")
    put("long_first_field", "X-Long: a\n bbbbb\n" + " bbbbbbb\n" * 908 + text)  # 8,192 bytes end within the next field's name
    put("crlf", usual("crlf").replace("\n", "\r\n"))
    put("no_base64", head(kind.id("no_base64")) + "Content-Type: text/xml; name=r.xml\n\n" + xml(kind.id("no_base64")))
    put("quoted_printable", head(kind.id("quoted_printable")) + "Content-Type: text/xml; name=r.xml\nContent-Transfer-Encoding: quoted-printable\n\n" + quoted_printable(xml(kind.id("quoted_printable"))))
    put("in_the_text", head(kind.id("in_the_text")) + "\nHello,\n\n" + xml(kind.id("in_the_text")) + "\nBye\n")
    for name, levels in (("forwarded", 1), ("forwarded_twice", 2)):
        text = mail_of(kind.id(name), report(name))
        for _ in range(levels):
            text = multipart(kind.id(name), [part("see below"), part(text, FORWARDED)])
        put(name, text)
    put("no_hyphen", mail_of(kind.id("no_hyphen"), report("no_hyphen")).replace("Content-Type", "ContentType"))
    put("split_name", mail_of(kind.id("split_name"), report("split_name")).replace('filename="r.xml.gz"', '\n filename*0="r.xm";\n filename*1="l.gz"'))
    put("encoded_name", mail_of(kind.id("encoded_name"), report("encoded_name")).replace('filename="r.xml.gz"', "filename*=utf-8''%72%2Exml.gz"))
    for i, subject in enumerate(("=?ISO-2022-JP?B?GyRCJDMkcxsoQg==?=", "=?UTF-8?Q?Bericht_f=C3=BCr?= example.com", "=?windows-1252?Q?=80?=", "=?utf-8?B?5pel5pys?=\n =?utf-8?B?6Kqe?=", "\u65e5\u672c\u8a9e", " ")):
        name = "subject_%d" % i
        put(name, mail_of(kind.id(name), report(name), subject=subject))
    for field in ("Subject", "Date", "Message-ID", "From", "To", "MIME-Version"):
        name = "no_" + field.lower()
        lines = mail_of(kind.id(name), report(name)).splitlines(True)
        put(name, "".join(line for line in lines if not line.startswith(field + ":")))
    put("two_reports", multipart(kind.id("two_reports"), [attachment(report("two_reports.%d" % i)) for i in range(2)]), Totals(2, 4, 24, 10))
    put("three_in_zip", mail_of(kind.id("three"), zip_of(*[Entry(b"%d.xml" % i, xml(kind.id("three.%d" % i)).encode()) for i in range(3)]), "r.zip", "application/zip"), Totals(3, 6, 36, 15))
    put("bare_xml", xml(kind.id("bare_xml")))
    put("bare_gzip", report("bare_gzip"))
    put("bare_zip", zip1(xml(kind.id("bare_zip"))))


DECLARATION_END = len(DECLARATION)


def documents(kind):
    def put(name, document, totals=ONE):
        kind.document(name, document, "S", totals=totals)

    def doc(name, *swaps, **more):
        return swap(xml(kind.id(name), **more), *swaps)

    put("namespace_9990", doc("namespace_9990", ("<pct>100</pct>", "<np>none</np><testing>n</testing><discovery_method>treewalk</discovery_method>"), root='<feedback xmlns="%s">' % NS_9990))
    put("namespace_old", doc("namespace_old", root='<feedback xmlns="%s">' % NS_OLD))
    put("prefixed", doc("prefixed").replace("</", "</d:").replace("<", "<d:").replace("<d:/d:", "</d:").replace("<d:?", "<?").replace("<d:feedback>", '<d:feedback xmlns:d="%s">' % NS_9990))
    put("extension", doc("extension", ("<record>", '<extension><x:y xmlns:x="urn:x">1</x:y></extension><record>'), root='<feedback xmlns="%s">' % NS_9990))
    put("language", doc("language", ("<org_name>", '<org_name xml:lang="en">')))
    put("comments", doc("comments", ("<record>", "<!-- a comment --><record>")))
    put("cdata", doc("cdata", ("hostile.example</org_name>", "<![CDATA[hostile.example]]></org_name>")))
    put("references", doc("references", ("hostile.example</org_name>", "A &amp; B &lt;C&gt; &#233;</org_name>")))
    for codec, name in (("utf-16-le", "utf16_le"), ("utf-16-be", "utf16_be")):
        put(name, {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}[codec] + doc(name, declaration=DECLARATION.replace("UTF-8", "UTF-16")).encode(codec))
    for codec, declared in (("iso-8859-1", "ISO-8859-1"), ("cp1252", "windows-1252"), ("iso-8859-15", "ISO-8859-15"), ("utf-8", "utf-8")):
        put("in_" + codec, doc("in_" + codec, ("hostile.example</org_name>", "h\u00f6stile</org_name>"), declaration=DECLARATION.replace("UTF-8", declared)).encode(codec))
    put("mark", "\ufeff" + doc("mark"))
    put("no_declaration", doc("no_declaration", declaration=""))
    text = doc("ustar")
    put("ustar", text[:DECLARATION_END] + "<!--" + " " * (253 - DECLARATION_END) + "ustar -->" + text[DECLARATION_END:])  # where tar has its magic
    put("four_byte_letters", doc("four_byte_letters", ("<record>", "<extension>" + "\U0001f600" * 12000 + "</extension><record>")))
    put("one_line", doc("one_line").replace("\n", ""))
    put("crlf_inside", doc("crlf_inside").replace("\n", "\r\n"))
    put("dates_first", doc("dates_first", ("<date_range><begin>%d</begin><end>%d</end></date_range>" % (BEGIN, END), ""), ("<org_name>", "<date_range><begin>%d</begin><end>%d</end></date_range><org_name>" % (BEGIN, END))))
    put("count_beyond_2_32", doc("count_beyond_2_32", records=record(1, 2 ** 32 + 5)), Totals(1, 1, 2 ** 32 + 5, 2 ** 32 + 5))
    put("count_beyond_2_62", doc("count_beyond_2_62", records=record(1, 2 ** 62 + 5, "fail")), Totals(1, 1, 2 ** 62 + 5, 0))
    put("no_records", doc("no_records", records=""), Totals(1, 0, 0, 0))
    put("count_0", doc("count_0", records=record(1, 0)), Totals(1, 1, 0, 0))
    put("ipv6", doc("ipv6", ("192.0.2.1", "2001:db8::1")))
    put("dkim_12", doc("dkim_12", ("<auth_results>", "<auth_results>" + "<dkim><domain>a.example</domain><selector>x</selector><result>pass</result></dkim>" * 12)))
    put("upper_pass", doc("upper_pass", ("<dkim>pass</dkim>", "<dkim>PASS</dkim>")))
    put("two_day_period", doc("two_day_period", end=END + 86400))
    put("records_50000", doc("records_50000", records="".join(record(i % 250, i % 3, "pass" if i % 2 else "fail") for i in range(50000))),
        Totals(1, 50000, sum(i % 3 for i in range(50000)), sum(i % 3 for i in range(50000) if i % 2)))


def others(kind):
    for name, more in (("failure", {}), ("failure_headers", {"sample": SAMPLE.split("\n\n")[0] + "\n", "ctype": "text/rfc822-headers"}),
                       ("failure_dkim", {"fields": FIELDS.replace("Auth-Failure: dmarc", "Auth-Failure: signature")}), ("failure_ipv6", {"fields": FIELDS.replace("192.0.2.1", "2001:db8::1")}),
                       ("failure_no_sample", {"sample": None})):
        kind.add(name, failure(kind.id(name), **more), "S", totals=FAILURE)
    for name, pack, ctype in (("tls_gzip", gz, "application/tlsrpt+gzip"), ("tls_json", str.encode, "application/tlsrpt+json")):
        kind.add(name, tls_mail(kind.id(name), pack(json.dumps(tls(kind.id(name)))), ctype), "S", totals=GOOD)
    one = tls(kind.id("tls_two_policies"))
    one["policies"].append({"policy": {"policy-type": "tlsa", "policy-domain": "example.net"}, "summary": {"total-successful-session-count": 7, "total-failure-session-count": 0}})
    kind.add("tls_two_policies", tls_mail(kind.id("tls_two_policies"), gz(json.dumps(one))), "S", totals=Totals(1, 0, 0, 0, 107, 3))
    both = multipart(kind.id("aggregate_and_tls"), [attachment(gz(xml(kind.id("aggregate_and_tls")))), part(b64(gz(json.dumps(tls(kind.id("aggregate_and_tls"))))), "application/tlsrpt+gzip", "Content-Transfer-Encoding: base64\n")])
    kind.add("aggregate_and_tls", both, "S", totals=Totals(2, 2, 12, 5, 100, 3))


def make(corpus):
    kind = corpus.kind("good")
    packings(kind)
    forms(kind)
    documents(kind)
    others(kind)
