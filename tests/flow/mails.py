# SPDX-License-Identifier: Apache-2.0
"""Report mails made to measure, where those of dmarcd-samples are too small or too good."""
import base64
import gzip
import hashlib
import io
import json
import zipfile

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<feedback><version>1.0</version><report_metadata><org_name>{org}</org_name>
<email>dmarc@{org}</email><report_id>{report_id}</report_id>
<date_range><begin>1774828800</begin><end>1774915199</end></date_range></report_metadata>
<policy_published><domain>{domain}</domain><adkim>r</adkim><aspf>r</aspf><p>none</p><sp>none</sp>
<pct>100</pct></policy_published>
"""
RECORD = """<record><row><source_ip>192.0.{0}.{1}</source_ip><count>{2}</count><policy_evaluated>
<disposition>none</disposition><dkim>{3}</dkim><spf>fail</spf></policy_evaluated></row>
<identifiers><header_from>{4}</header_from></identifiers><auth_results><dkim><domain>{4}</domain>
<selector>s{5}</selector><result>{3}</result></dkim><spf><domain>bounce.{4}</domain>
<result>fail</result></spf></auth_results></record>
"""


def report(report_id, records, domain="example.com", org="large.example"):
    """XML of a report whose record i tells of i % 7 + 1 messages; its sum of messages."""
    parts = [HEAD.format(org=org, report_id=report_id, domain=domain)]
    messages = 0
    for i in range(records):
        messages += i % 7 + 1
        parts.append(RECORD.format(i // 250 % 250, i % 250, i % 7 + 1, "pass" if i % 3 else "fail",
                                   domain, i * 7919 % 104729))
    return "".join(parts) + "</feedback>\n", messages


def mail(xml, report_id, domain="example.com", org="large.example"):
    """Bytes of a mail with the gzipped report."""
    packed = base64.encodebytes(gzip.compress(xml.encode(), mtime=0)).decode()
    return ("""From: dmarc@{1}
To: reports@{0}
Subject: Report Domain: {0} Submitter: {1} Report-ID: {2}
Date: Tue, 31 Mar 2026 01:02:03 +0000
Message-ID: <{2}@{1}>
MIME-Version: 1.0
Content-Type: application/gzip; name="{1}!{0}!1774828800!1774915199.xml.gz"
Content-Disposition: attachment; filename="{1}!{0}!1774828800!1774915199.xml.gz"
Content-Transfer-Encoding: base64

""".format(domain, org, report_id) + packed).encode()


def _zipped(data, name):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


ROW = """<record><row><source_ip>{0}</source_ip><count>{1}</count><policy_evaluated>
<disposition>none</disposition><dkim>pass</dkim><spf>fail</spf></policy_evaluated></row>
<identifiers><header_from>{2}</header_from></identifiers><auth_results/></record>
"""


def aggregate(report_id, *counts, domain="example.com", org="made.example", begin=1774828800, end=None):
    """Bytes of a mail whose report has a row for each count."""
    head = HEAD.format(org=org, report_id=report_id, domain=domain).replace(
        "<begin>1774828800</begin><end>1774915199</end>",
        "<begin>%d</begin><end>%d</end>" % (begin, begin + 86399 if end is None else end))
    rows = [ROW.format("192.0.2.%d" % number, count, domain) for number, count in enumerate(counts, 1)]
    return mail(head + "".join(rows) + "</feedback>\n", report_id, domain, "made.example")


def broken(number):
    """Bytes of a mail that is quarantined: archive.damaged."""
    return mail("", "broken-%d" % number).replace(b"application/gzip", b"application/zip").split(b"\n\n")[0] + \
        b"\n\n" + base64.encodebytes(b"PK\x03\x04 broken %d" % number)


def zipped(report_id, *counts):
    """aggregate(), its report zipped."""
    head, packed = aggregate(report_id, *counts).split(b"\n\n", 1)
    xml = gzip.decompress(base64.decodebytes(packed))
    return head.replace(b"application/gzip", b"application/zip") + b"\n\n" + \
        base64.encodebytes(_zipped(xml, "report.xml"))


def tls(number, details=1):
    """Bytes of a mail with a TLS report (RFC 8460)."""
    report = {"organization-name": "made.example", "contact-info": "tls@made.example",
              "report-id": "tls-%d" % number,
              "date-range": {"start-datetime": "2026-03-30T00:00:00Z", "end-datetime": "2026-03-30T23:59:59Z"},
              "policies": [{"policy": {"policy-type": "sts", "policy-domain": "example.com"},
                            "summary": {"total-successful-session-count": 5, "total-failure-session-count": 1},
                            "failure-details": [{"result-type": "certificate-expired", "failed-session-count": 1,
                                                 **({"additional-information": hashlib.sha256(b"%d" % n).hexdigest()}
                                                    if n else {})} for n in range(details)]}]}
    head = aggregate("tls-%d" % number).split(b"\n\n", 1)[0]
    return head.replace(b"application/gzip", b"application/tlsrpt+gzip") + b"\n\n" + \
        base64.encodebytes(gzip.compress(json.dumps(report).encode(), mtime=0))


def failure(number):
    """Bytes of a mail with a failure report and the message it is about."""
    return b"""From: reports@made.example
To: ruf@example.com
Subject: failure %d
Date: Tue, 31 Mar 2026 01:02:03 +0000
Message-ID: <failure-%d@made.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="part"

--part
Content-Type: text/plain

A message failed.
--part
Content-Type: message/feedback-report

Feedback-Type: auth-failure
User-Agent: made/1
Version: 1
Auth-Failure: dmarc
Source-IP: 192.0.2.9
Reported-Domain: example.com

--part
Content-Type: message/rfc822

From: someone@example.com
To: other@example.net
Subject: private words
Message-ID: <private@example.com>

private body
--part--
""" % (number, number)
