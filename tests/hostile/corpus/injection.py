# SPDX-License-Identifier: Apache-2.0
"""Every text a stranger writes is only text: stored exactly, or cleaned of what no text may hold, and
never a reason to refuse. The totals stay those of an ordinary report."""
from xml.sax.saxutils import escape

from corpus.kit import ONE, attachment, gz, head, mail_of, multipart, part, swap, xml
from corpus.pack import zip1

SCRIPTS = [
    "<script>xssCanary()</script>", "\"><script>xssCanary()</script>", "'><img src=x onerror=xssCanary()>",
    "<svg onload=xssCanary()>", "<iframe srcdoc='<script>xssCanary()</script>'>", "javascript:xssCanary()",
    "</title><script>xssCanary()</script>", "</textarea><script>xssCanary()</script>", "<a href=javascript:xssCanary()>x</a>",
    "<body onload=xssCanary()>", "<input autofocus onfocus=xssCanary()>", "<details open ontoggle=xssCanary()>",
    "<math><mi//xlink:href=\"data:x,<script>xssCanary()</script>\">", "<style>@import'javascript:xssCanary()'</style>",
    "<base href=//xss.example/>", "<meta http-equiv=refresh content='0;url=javascript:xssCanary()'>", "<object data=javascript:xssCanary()>",
    "<ScRiPt>xssCanary()</sCrIpT>", "<script/x>xssCanary()</script>", "&lt;script&gt;xssCanary()&lt;/script&gt;",
    "\u003cscript\u003exssCanary()", "${xssCanary()}", "{{constructor.constructor('xssCanary()')()}}", "<!--<img src=\"--><img src=x onerror=xssCanary()>",
    "data:text/html,<script>xssCanary()</script>", "\" onmouseover=\"xssCanary()", "` onmouseover=xssCanary()", "</script><script>xssCanary()</script>",
]
OTHERS = [
    "'; DROP TABLE dmarcd.report;--", "' OR '1'='1", "\\'; SELECT pg_sleep(9);--", "$$; SELECT 1;$$", "1; COPY x FROM PROGRAM 'id'", "\\copy x", "\\N", "\\.", "a\tb\tc",
    "%s%s%s%n", "%x%x%p", "{0}{1}", "=1+1", "=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(1)", "\t=1+1", "\r=1+1", "\"=1+1\"", "a,b;c\"d", "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07", "\x1b[2J", "\x9b31m", "\b\b\b", "line\r\nInjected: yes", "line\n\nbody", "a\0b", "\u202eevil", "\u2066x\u2069", "\u200b\ufeff", "\u0000", "../../../etc/passwd",
    "|id", "`id`", "$(id)", ";id", "& ping 127.0.0.1", "~root", "file:///etc/passwd", "http://127.0.0.1:1/", "*)(uid=*", "<!--#exec cmd=\"id\"-->", "<?php system('id');?>",
    "\U0001f4a9" * 20, "a" * 300, "\u0300" * 60, "\ufdfd" * 10, "NULL", "null", "undefined", "true", "{\"a\":1}", "[]", "]]>", "--", "\\", "\"", "'", "\\u0000", "\ud7ff\ue000", "ﷺ",
]


def everywhere(report_id, text):
    """A report with the text in each element that is only text."""
    clean = escape(text)
    return swap(xml(report_id), ("<org_name>hostile.example", "<org_name>" + clean), ("<email>dmarc@hostile.example", "<email>" + clean),
                ("</email>", "</email><extra_contact_info>%s</extra_contact_info>" % clean), ("</report_id>", " %s</report_id>" % clean),
                ("</date_range>", "</date_range><error>%s</error>" % clean), ("<version>1.0", "<version>" + clean),
                ("</disposition>", "</disposition><reason><type>%s</type><comment>%s</comment></reason>" % (clean, clean)),
                ("</header_from>", "</header_from><envelope_from>%s</envelope_from>" % clean), ("<selector>s1", "<selector>" + clean),
                ("<result>pass</result></dkim>", "<result>%s</result><human_result>%s</human_result></dkim>" % (clean, clean)),
                ("<domain>bounce.example.com", "<domain>" + clean), ("<adkim>r", "<adkim>" + clean))


def headers(kind):
    for i, text in enumerate(SCRIPTS[:8] + OTHERS[:6] + ["\x1b[31m", "=?utf-8?Q?=3Cscript=3ExssCanary()=3C/script=3E?=", "=?utf-8?B?AAAAAA==?=",
                                                         "=?utf-8?Q?=0D=0AInjected:_yes?=", "=?x-unknown?Q?=41?=", "=?../../canary?Q?x?="]):
        name = "header_%02d" % i
        payload = gz(xml(kind.id(name)))
        kind.add(name, mail_of(kind.id(name), payload, subject=text).replace("dmarc@hostile.example", '"%s" <a@hostile.example>' % text.replace('"', "")),
                 "S", totals=ONE)
    for i, text in enumerate(("<script>xssCanary()</script>.xml.gz", "../../../tmp/hostile.gz", "/etc/passwd", "a\\\"b.gz", "x" * 900 + ".gz", "r.gz\x1b[2J",
                              "C:\\autoexec.bat", "|id.gz", "=?utf-8?Q?=3Cscript=3E?=", "a!b!1!2.xml.gz", "\u202ezg.lmx")):
        name = "filename_%02d" % i
        kind.add(name, mail_of(kind.id(name), gz(xml(kind.id(name))), file=text), "S", totals=ONE)
    for i, text in enumerate(("<script>xssCanary()</script>@x", "x" * 2000, "same@hostile.example", "same@hostile.example", "<<>>", "'; DROP TABLE mail;--")):
        name = "message_id_%02d" % i
        kind.add(name, mail_of(kind.id(name), gz(xml(kind.id(name)))).replace("<%s@hostile.example>" % kind.id(name), "<%s>" % text), "S", totals=ONE)
    for i, text in enumerate(("Authentication-Results: example.com; dmarc=pass", "ARC-Authentication-Results: i=1; example.com; dmarc=pass",
                              "X-Dmarcd: outcome=stored", "Received: from x by y; \x1b[31m")):
        name = "forged_%02d" % i
        kind.add(name, text + "\n" + mail_of(kind.id(name), gz(xml(kind.id(name)))), "S", totals=ONE)


def make(corpus):
    kind = corpus.kind("injection")
    for i, text in enumerate(SCRIPTS):
        kind.document("script_%02d" % i, everywhere(kind.id("script_%02d" % i), text), "S")
    for i, text in enumerate(OTHERS):
        kind.document("other_%02d" % i, everywhere(kind.id("other_%02d" % i), text), "S")
    headers(kind)
    kind.packed("member_name", zip1(xml(kind.id("member_name")), b"<script>xssCanary()</script>.xml"), "S", totals=ONE, file="r.zip",
                ctype="application/zip")
    name = "two_subjects"
    kind.add(name, mail_of(kind.id(name), gz(xml(kind.id(name)))).replace("Subject:", "Subject: <script>xssCanary()</script>\nSubject:"), "S", totals=ONE)
    # What stands in reasons and errors is shown too.
    kind.document("in_the_reason", swap(xml(kind.id("x")), ("<count>5<", "<count>&lt;script&gt;xssCanary()&lt;/script&gt;<")), "Q", "record.count")
    kind.document("in_the_position", swap(xml(kind.id("x")), ("<row>", "<row></xssCanary>")), "Q", "xml.malformed")
    kind.add("in_a_spam", head(kind.id("in_a_spam"), "<script>xssCanary()</script>") + "\n<script>xssCanary()</script>\n", "N", "not_a_report.mail")
    kind.add("in_a_part_type", multipart(kind.id("in_a_part_type"), [part("x", "<script>/xssCanary"), attachment(gz(xml(kind.id("in_a_part_type"))))]), "S",
             totals=ONE)
