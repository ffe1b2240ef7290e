# SPDX-License-Identifier: Apache-2.0
"""Reports whose every text field attacks whoever shows it: markup, script, SQL, spreadsheets,
terminals, text that runs backwards. All of them are well-formed and are stored."""
import datetime
import json
import os
from xml.sax.saxutils import escape

# Each sets a mark that the browser tests look for.
SCRIPTS = [
    "<script>window.xssCanary=1</script>",
    "\"><img src=x onerror=\"window.xssCanary=2\">",
    "' onmouseover='window.xssCanary=3' autofocus onfocus='window.xssCanary=3",
    "</title></textarea></pre></bdi><svg onload=window.xssCanary=4>",
    "<iframe srcdoc=\"<script>parent.xssCanary=5</script>\"></iframe>",
    "javascript:window.xssCanary=6",
    "<link rel=stylesheet href=//canary.invalid/x.css><base href=//canary.invalid/>",
    "{{constructor.constructor('window.xssCanary=7')()}}${window.xssCanary=7}",
]
SQL = ["'; DROP TABLE dmarcd.report; --", "\\'; SELECT pg_sleep(9); --", "$1 $$ E'\\x27'", "%s %n %p"]
FORMULAS = ["=cmd|'/c calc'!A1", "+1+1", "-1+1", "@SUM(1,1)"]
BIDI = ["moc.elpmaxe\u202elive", "\u2067open \u2066isolates", "zero\u200bwidth\ufeff", "x\u0085y"]
ALL = SCRIPTS + SQL + FORMULAS + BIDI

DOMAIN = "hostile.example"
REPORTER = FORMULAS[0]
# What the rows add up to.
MESSAGES = sum(range(1, len(ALL) + 1))


def _yesterday():
    now = datetime.datetime.now(datetime.timezone.utc)
    start = now.replace(hour=0, minute=0, second=0, microsecond=0) - datetime.timedelta(days=1)
    return int(start.timestamp())


def _row(number, text):
    text = escape(text)
    return """<record><row><source_ip>198.51.100.%d</source_ip><count>%d</count><policy_evaluated>
<disposition>none</disposition><dkim>fail</dkim><spf>fail</spf>
<reason><type>other</type><comment>%s</comment></reason></policy_evaluated></row>
<identifiers><header_from>%s</header_from><envelope_from>%s</envelope_from><envelope_to>%s</envelope_to>
</identifiers><auth_results><dkim><domain>%s</domain><selector>%s</selector><result>fail</result>
<human_result>%s</human_result></dkim><spf><domain>%s</domain><result>softfail</result></spf>
</auth_results></record>""" % ((number, number) + (text,) * 8)


def aggregate(org, serial):
    """One report; its reporter is org, and each row carries another text."""
    begin = _yesterday()
    rows = "".join(_row(n, text) for n, text in enumerate(ALL, 1)) if serial == 0 else _row(1, org)
    return """<?xml version="1.0" encoding="UTF-8"?>
<feedback><version>1.0</version><report_metadata><org_name>%s</org_name><email>%s</email>
<extra_contact_info>%s</extra_contact_info><report_id>%s %d</report_id>
<date_range><begin>%d</begin><end>%d</end></date_range><error>%s</error></report_metadata>
<policy_published><domain>%s</domain><adkim>r</adkim><aspf>r</aspf><p>none</p><sp>none</sp><pct>100</pct>
</policy_published>%s</feedback>
""" % (escape(org), escape(SCRIPTS[1]), escape(SCRIPTS[5]), escape(SCRIPTS[0]), serial, begin, begin + 86399,
       escape(SCRIPTS[3]), DOMAIN if serial == 0 else "other." + DOMAIN, rows)


def failure(text, serial):
    header = text.replace("\r", " ").replace("\n", " ")
    return ("""From: %s <a@reporter.example>
To: ruf@example.com
Subject: FW: %s
Message-ID: <hostile-%d@reporter.example>
Date: Mon, 05 Jan 2026 10:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

%s
--b
Content-Type: message/feedback-report

Feedback-Type: auth-failure
User-Agent: %s
Version: 1
Auth-Failure: dmarc
Source-IP: 198.51.100.99
Reported-Domain: %s
Reporting-MTA: dns; %s
Delivery-Result: %s
DKIM-Domain: %s
Authentication-Results: mx.example; %s

--b
Content-Type: message/rfc822

From: %s <x@%s>
To: y@example.net
Subject: %s
Message-ID: <%s>
X-Long: %s

%s
--b--
""" % (header, header, serial, text, header, DOMAIN, header, header, header, header, header, DOMAIN, header,
       header, header, text)).replace("\n", "\r\n")


def tls(text):
    begin = datetime.datetime.fromtimestamp(_yesterday(), datetime.timezone.utc)
    stamp = "%Y-%m-%dT%H:%M:%SZ"
    return json.dumps({
        "organization-name": text, "contact-info": text, "report-id": text,
        "date-range": {"start-datetime": begin.strftime(stamp),
                       "end-datetime": (begin + datetime.timedelta(seconds=86399)).strftime(stamp)},
        "policies": [{
            "policy": {"policy-type": "sts", "policy-string": [text], "policy-domain": DOMAIN,
                       "mx-host": [text]},
            "summary": {"total-successful-session-count": 5, "total-failure-session-count": 3},
            "failure-details": [{"result-type": text, "sending-mta-ip": text, "failed-session-count": 3,
                                 "receiving-mx-hostname": text, "additional-information": text,
                                 "failure-reason-code": text}],
        }],
    })


def broken(text):
    """A mail that is quarantined, with hostile words in all that is shown of it."""
    return ("From: %s <a@b.example>\r\nSubject: %s\r\nMIME-Version: 1.0\r\nContent-Type: text/xml\r\n\r\n"
            "<feedback><%s" % (text, text, text))


def _put(path, text):
    with open(path, "wb") as stream:
        stream.write(text.encode("utf-8"))


def write(folder):
    os.makedirs(folder)
    os.chmod(folder, 0o755)
    for n, text in enumerate(ALL):
        _put(os.path.join(folder, "aggregate-%d.xml" % n), aggregate(REPORTER if n == 0 else text, n))
        _put(os.path.join(folder, "failure-%d.eml" % n), failure(text, n))
        _put(os.path.join(folder, "tls-%d.json" % n), tls(text))
    for n, text in enumerate(SCRIPTS):
        _put(os.path.join(folder, "<b onclick=xssCanary()>%d.eml" % n), broken(text))
