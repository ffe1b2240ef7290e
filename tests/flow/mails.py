# SPDX-License-Identifier: Apache-2.0
"""Report mails made to measure, where those of dmarcd-samples are too small or too good."""
import base64
import gzip

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
