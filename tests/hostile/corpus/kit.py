# SPDX-License-Identifier: Apache-2.0
"""What every kind is made with: the corpus, aggregate reports, mails.

Outcomes are letters: S stored, D duplicate, N not a report, Q quarantined. A mail that may be
stored or refused says its totals all the same: they hold when it is stored.
"""
import base64
import gzip
from dataclasses import dataclass

WORDS = {"S": "stored", "D": "duplicate", "N": "not_a_report", "Q": "quarantined"}
CANARY_TEXT = "hostile-canary-8d1f"


@dataclass(frozen=True)
class Totals:
    """What a stored mail adds: reports of every kind; the rest of aggregate or of TLS reports."""
    reports: int = 1
    records: int = 0
    messages: int = 0
    passed: int = 0
    success: int = 0
    failure: int = 0


ONE = Totals(1, 2, 12, 5)  # of xml() as it stands
FAILURE = Totals(1)


@dataclass(frozen=True)
class Mail:
    file: str
    kind: str
    data: bytes
    outcomes: str
    codes: str
    totals: Totals | None
    group: str
    heavy: bool  # too slow for a sanitized worker


class Corpus:
    def __init__(self, canary_file, canary_port):
        self.canary_file = canary_file
        self.canary_url = "http://127.0.0.1:%d/" % canary_port
        self.mails = []
        self.groups = {}  # name -> the totals that are allowed for all its mails together

    def kind(self, name):
        return Kind(self, name)


class Kind:
    def __init__(self, corpus, name):
        self.corpus, self.name = corpus, name

    def id(self, name):
        return "%s-%s" % (self.name, name)

    def add(self, name, data, outcomes, codes="*", totals=None, group="", heavy=False, file=None):
        if isinstance(data, str):
            data = data.encode()
        assert "S" not in outcomes or totals or group, name
        self.corpus.mails.append(Mail(file or "%s.%s" % (self.name, name), self.name, data,
                                      outcomes, codes, totals, group, heavy))

    def xml(self, name, swaps, outcomes, codes="*", totals=ONE, heavy=False):
        """A mail whose gzipped report differs from the ordinary one by these swaps."""
        self.document(name, swap(xml(self.id(name)), *swaps), outcomes, codes, totals, heavy)

    def document(self, name, document, outcomes, codes="*", totals=ONE, heavy=False):
        """A mail with this document, gzipped."""
        self.add(name, mail_of(self.id(name), gz(document)), outcomes, codes,
                 totals if "S" in outcomes else None, heavy=heavy)

    def packed(self, name, payload, outcomes, codes="*", totals=ONE, heavy=False, file="r.xml.gz",
               ctype="application/gzip"):
        """A mail with these bytes as its one attachment."""
        self.add(name, mail_of(self.id(name), payload, file, ctype), outcomes, codes,
                 totals if "S" in outcomes else None, heavy=heavy)

    def group(self, name, mails, *totals):
        """Mails of which each may be stored or a duplicate, and what all of them add."""
        self.corpus.groups[self.id(name)] = totals
        for i, data in enumerate(mails):
            self.add("%s.%02d" % (name, i), data, "SD", "*", None, self.id(name))


# ---- aggregate reports ----

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
BEGIN, END = 1774828800, 1774915199
RECORD = """<record><row><source_ip>192.0.2.%d</source_ip><count>%s</count><policy_evaluated>
<disposition>none</disposition><dkim>%s</dkim><spf>fail</spf></policy_evaluated></row>
<identifiers><header_from>%s</header_from></identifiers><auth_results><dkim><domain>%s</domain>
<selector>s1</selector><result>%s</result></dkim><spf><domain>bounce.%s</domain>
<result>fail</result></spf></auth_results></record>
"""


def record(number=1, count=5, dkim="pass", domain="example.com"):
    return RECORD % (number, count, dkim, domain, domain, dkim, domain)


def xml(report_id, records=None, org="hostile.example", domain="example.com", begin=BEGIN, end=END,
        root="<feedback>", declaration=DECLARATION):
    """A good report; by default of two records, 12 messages, 5 of them passing."""
    if records is None:
        records = record(1, 5, "pass", domain) + record(2, 7, "fail", domain)
    return """%s%s<version>1.0</version><report_metadata><org_name>%s</org_name>
<email>dmarc@%s</email><report_id>%s</report_id>
<date_range><begin>%s</begin><end>%s</end></date_range></report_metadata>
<policy_published><domain>%s</domain><adkim>r</adkim><aspf>r</aspf><p>none</p><sp>none</sp>
<pct>100</pct></policy_published>
%s</feedback>
""" % (declaration, root, org, org, report_id, begin, end, domain, records)


def swap(text, *pairs):
    """Each old text, which must be there, by its new one, once."""
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def gz(data, level=6):
    return gzip.compress(data.encode() if isinstance(data, str) else data, level, mtime=0)


# ---- mails ----

def head(report_id, subject=None, more=""):
    return """From: dmarc@hostile.example
To: reports@example.com
Subject: %s
Date: Tue, 31 Mar 2026 01:02:03 +0000
Message-ID: <%s@hostile.example>
MIME-Version: 1.0
%s""" % (subject or "Report Domain: example.com Submitter: hostile.example Report-ID: <%s>" % report_id,
         report_id, more)


def b64(data):
    return base64.encodebytes(data.encode() if isinstance(data, str) else data).decode()


def mail_of(report_id, payload, file="r.xml.gz", ctype="application/gzip", subject=None):
    """The attachment as the whole body."""
    return (head(report_id, subject) + 'Content-Type: %s; name="%s"\n' % (ctype, file) +
            'Content-Disposition: attachment; filename="%s"\n' % file +
            "Content-Transfer-Encoding: base64\n\n" + b64(payload))


def part(body, ctype="text/plain", more=""):
    return "Content-Type: %s\n%s\n%s" % (ctype, more, body)


def attachment(payload, file="r.xml.gz", ctype="application/gzip", more=""):
    return part(b64(payload), '%s; name="%s"' % (ctype, file),
                'Content-Disposition: attachment; filename="%s"\n'
                "Content-Transfer-Encoding: base64\n%s" % (file, more))


def multipart(report_id, parts, subtype="mixed", boundary="=_b0", parameters="", more="", end=True):
    return (head(report_id, more=more) +
            'Content-Type: multipart/%s; boundary="%s"%s\n\n' % (subtype, boundary, parameters) +
            joined(parts, boundary, end))


def joined(parts, boundary, end=True):
    return ("".join("--%s\n%s\n" % (boundary, text) for text in parts) +
            ("--%s--\n" % boundary if end else ""))
