# SPDX-License-Identifier: Apache-2.0
"""RFC 6591, 9991 and 5965. A failure report lacks what it lacks: missing and odd fields are issues. What
is inside its sample is never a report of its own. A feedback report of a kind that is no authentication
failure is a complaint."""
from corpus.kit import FAILURE, attachment, b64, gz, head, joined, mail_of, multipart, part, xml

FIELDS = """Feedback-Type: auth-failure
Version: 1
User-Agent: hostile/1.0
Auth-Failure: dmarc
Authentication-Results: mx.hostile.example; dmarc=fail header.from=example.com
Original-Envelope-Id: x1
Original-Mail-From: <bounce@example.com>
Arrival-Date: Mon, 30 Mar 2026 10:20:30 +0000
Source-IP: 192.0.2.1
Reported-Domain: example.com
Delivery-Result: reject
Identity-Alignment: none
DKIM-Domain: example.com
DKIM-Selector: s1
"""
SAMPLE = """Received: from x by y; Mon, 30 Mar 2026 10:20:29 +0000
From: someone@example.com
To: victim@example.net
Subject: hello
Date: Mon, 30 Mar 2026 10:20:00 +0000
Message-ID: <sample@example.com>

body
"""


def failure(report_id, fields=FIELDS, sample=SAMPLE, ctype="message/rfc822", ftype="message/feedback-report", parts=None,
            parameters="; report-type=feedback-report", subtype="report"):
    fields = fields.replace("x1", report_id) if isinstance(fields, str) else fields
    if parts is None:
        parts = [part("An authentication failure."), part(fields, ftype)] + ([part(sample, ctype)] if sample is not None else [])
    return multipart(report_id, parts, subtype, parameters=parameters)


def fields_of(kind):
    for i, line in enumerate(FIELDS.splitlines()):
        name, _, value = line.partition(": ")
        if name in ("Feedback-Type", "Original-Envelope-Id"):
            continue
        base = kind.id("field_%02d" % i)
        kind.add("missing_%02d" % i, failure(base + "-m", FIELDS.replace(line + "\n", "")), "S", totals=FAILURE)
        kind.add("empty_%02d" % i, failure(base + "-e", FIELDS.replace(line, name + ":")), "S", totals=FAILURE)
        kind.add("hostile_%02d" % i, failure(base + "-h", FIELDS.replace(line, name + ": <script>xssCanary()</script>'; DROP TABLE x;-- \u202e")), "S", totals=FAILURE)
        kind.add("twice_%02d" % i, failure(base + "-t", FIELDS.replace(line, line + "\n" + line.replace(value, "other"))), "S", totals=FAILURE)
    # A type that is missing or no known one: a failure report by its other fields, or a complaint.
    for name, value in (("missing", ""), ("unknown", "Feedback-Type: x-new\n"), ("virus", "Feedback-Type: virus\n"), ("empty", "Feedback-Type:\n"),
                        ("upper", "FEEDBACK-TYPE: AUTH-FAILURE\n"), ("spaces", "Feedback-Type:    auth-failure   \n")):
        kind.add("type_" + name, failure(kind.id("type_" + name), FIELDS.replace("Feedback-Type: auth-failure\n", value)), "SNQ", totals=FAILURE)
    for name, old, new in (
            ("ip_text", "192.0.2.1", "192.0.2.1 (host.example)"), ("ip_v6", "192.0.2.1", "2001:db8::1"), ("ip_bad", "192.0.2.1", "999.1.1.1"),
            ("ip_long", "192.0.2.1", "9" * 5000), ("date_zone", "+0000\nSource", "EDT\nSource"), ("date_bad", "Mon, 30 Mar 2026", "Foo, 99 Bar 99999"),
            ("date_far", "Mar 2026 10", "Mar 9999 10"), ("date_1900", "Mar 2026 10", "Mar 1900 10"), ("domain_bad", "Reported-Domain: example.com", "Reported-Domain: a..b(.c"),
            ("domain_long", "Reported-Domain: example.com", "Reported-Domain: " + "a." * 3000), ("domain_u_label", "Reported-Domain: example.com", "Reported-Domain: b\u00fccher.example"),
            ("folded", "Authentication-Results: mx", "Authentication-Results:\n\tmx"), ("long_field", "hostile/1.0", "u" * 60000), ("many_fields", "Version: 1\n", "Version: 1\n" + "X-Y: z\n" * 5000),
            ("nul", "hostile/1.0", "hos\0tile"), ("high_bytes", "hostile/1.0", "hos\u0080\u009btile"), ("no_colon", "Version: 1", "Version 1"),
            ("crlf", "\n", "\r\n"), ("blank_first", "Feedback-Type", "\nFeedback-Type")):
        fields = FIELDS.replace(old, new) if name == "crlf" else FIELDS.replace(old, new, 1)
        assert fields != FIELDS, name
        kind.add("value_" + name, failure(kind.id("value_" + name), fields), "S", totals=FAILURE)


def samples(kind, corpus):
    report = mail_of(kind.id("inner"), gz(xml(kind.id("inner"))))
    for name, sample, ctype in (
            ("missing", None, ""), ("empty", "", "message/rfc822"), ("headers", SAMPLE.split("\n\n")[0] + "\n", "text/rfc822-headers"), ("no_mail", "not a mail at all", "message/rfc822"),
            ("holds_aggregate", report, "message/rfc822"), ("holds_failure", None, ""), ("nuls", "From: a@b\n\n" + "\0" * 3000, "message/rfc822"),
            ("high_bytes", "From: a@b\nSubject: \u00e9\n\n" + "\u00ff" * 500, "message/rfc822"), ("html", "From: a@b\nContent-Type: text/html\n\n<script>xssCanary()</script>", "message/rfc822"),
            ("500_headers", "X: y\n" * 500 + "\nbody", "message/rfc822"), ("global", SAMPLE, "message/global"), ("as_text", SAMPLE, "text/plain"),
            ("as_octets", SAMPLE, "application/octet-stream"), ("no_from", "To: a@b\n\nx", "message/rfc822"), ("body_2MB", SAMPLE + "line of a body\n" * 140000, "message/rfc822"),
            ("long_line", SAMPLE + "x" * 500000, "message/rfc822"), ("external", "Content-Type: message/external-body; access-type=local-file; name=%s\n\n" % corpus.canary_file, "message/rfc822")):
        name = "sample_" + name
        if name == "sample_holds_failure":
            sample, ctype = failure(kind.id(name) + "-inner"), "message/rfc822"
        kind.add(name, failure(kind.id(name), sample=sample, ctype=ctype), "S", totals=FAILURE)
    for name, sample in (("100000_headers", "X: y\n" * 100000 + "\nbody"), ("header_70KiB", "X: " + "y" * 70000 + "\n\nbody"),
                         ("nested_30", "Content-Type: message/rfc822\n\n" * 30 + "x")):
        kind.add("sample_" + name, failure(kind.id("sample_" + name), sample=sample), "SQ", "mail.*", FAILURE)


def make(corpus):
    kind = corpus.kind("ruf")
    fields_of(kind)
    samples(kind, corpus)
    report = attachment(gz(xml(kind.id("smuggled"))))
    fields = part(FIELDS.replace("x1", kind.id("parts")), "message/feedback-report")
    # One failure report, whatever else the mail holds: nothing inside it is read as another.
    for name, more in (
            ("aggregate_behind", {"parts": [part("x"), fields, part(SAMPLE, "message/rfc822"), report]}), ("aggregate_first", {"parts": [report, fields, part(SAMPLE, "message/rfc822")]}),
            ("two_feedbacks", {"parts": [part("x"), fields, fields, part(SAMPLE, "message/rfc822")]}), ("sample_first", {"parts": [part(SAMPLE, "message/rfc822"), fields]}),
            ("feedback_only", {"parts": [fields]}), ("no_report_type", {"parameters": ""}), ("report_type_other", {"parameters": "; report-type=x"}), ("mixed", {"subtype": "mixed"}),
            ("fields_as_text", {"ftype": "text/plain"}), ("fields_as_octets", {"ftype": "application/octet-stream"}), ("fields_as_text_feedback", {"ftype": "text/feedback-report"}),
            ("fields_base64", {"parts": [part("x"), part(b64(FIELDS), "message/feedback-report", "Content-Transfer-Encoding: base64\n"), part(SAMPLE, "message/rfc822")]}),
            ("crlf", {"crlf": True}), ("nested", {"parts": [part(joined([part("x"), fields, part(SAMPLE, "message/rfc822")], "n"), 'multipart/report; report-type=feedback-report; boundary="n"')]})):
        crlf = more.pop("crlf", False)
        text = failure(kind.id("form_" + name), **more)
        kind.add("form_" + name, text.replace("\n", "\r\n") if crlf else text, "S", totals=FAILURE)
    for field in ("Authentication-Results: x; dkim=fail", "Original-Rcpt-To: a@example.com", "SPF-DNS: txt: a : b"):
        name = "fields_repeated_" + field.split(":")[0].lower()
        kind.add(name, failure(kind.id(name), FIELDS + (field + "\n") * 20000), "S", totals=FAILURE)
    kind.add("fields_empty", failure(kind.id("fields_empty"), ""), "SNQ", "failure.malformed", FAILURE)
    kind.add("fields_garbage", failure(kind.id("fields_garbage"), "\x01\x02\x03" * 500), "SNQ", "failure.malformed", FAILURE)
    kind.add("fields_5MB", failure(kind.id("fields_5MB"), FIELDS + "X-Y: %s\n" % ("z" * 900) * 5500), "SQ", "mail.*,failure.malformed", FAILURE)
    kind.add("plain_exim", head(kind.id("plain_exim")) + "\nA message claiming to be from you has failed the published DMARC policy for your domain.\n\n  Sender Domain: example.com\n"
             "  Sender IP Address: 192.0.2.1\n  Received Date: Mon, 30 Mar 2026 10:20:30 +0000\n  SPF Alignment: no\n  DKIM Alignment: no\n  DMARC Results: Reject\n\n------ headers ------\n"
             "From: a@example.com\nSubject: x\n", "S", totals=FAILURE)
    kind.add("plain_hostile", head(kind.id("plain_hostile")) + "\nSender Domain: <script>xssCanary()</script>\nSender IP Address: ';--\n", "SNQ", "failure.malformed", FAILURE)
