# SPDX-License-Identifier: Apache-2.0
"""DESIGN: bounces, spam, automatic answers and abuse complaints are no reports and no errors; nothing
inside a bounce or a complaint is read as a report of its own."""
from corpus.kit import attachment, gz, head, mail_of, multipart, part, xml

STATUS = "Reporting-MTA: dns; mx.example.com\n\nFinal-Recipient: rfc822; a@example.com\nAction: failed\nStatus: 5.1.1\n"


def make(corpus):
    kind = corpus.kind("not_a_report")

    def put(name, text, code="not_a_report.*"):
        kind.add(name, text, "N", code)

    report = attachment(gz(xml(kind.id("inner"))))
    inner = mail_of(kind.id("inner"), gz(xml(kind.id("inner"))))
    put("spam", head("spam", "You won") + "\nBuy <b>now</b> http://127.0.0.1:1/\n", "not_a_report.mail")
    put("html", head("html", "News") + "Content-Type: text/html\n\n<html><script>xssCanary()</script></html>\n", "not_a_report.mail")
    put("bounce", multipart("bounce", [part("undelivered"), part(STATUS, "message/delivery-status"), part(inner, "message/rfc822")], "report",
                            parameters="; report-type=delivery-status"), "not_a_report.bounce")
    put("bounce_with_report_part", multipart("bounce2", [part("undelivered"), part(STATUS, "message/delivery-status"), report], "report",
                                             parameters="; report-type=delivery-status"), "not_a_report.bounce")
    put("read_receipt", multipart("mdn", [part("read"), part("Disposition: manual-action\n", "message/disposition-notification")], "report",
                                  parameters="; report-type=disposition-notification"), "not_a_report.bounce")
    put("daemon", head("daemon", "failure notice").replace("dmarc@hostile.example", "MAILER-DAEMON@hostile.example") + "\nHi. I'm the program\n")
    put("vacation", head("vacation", "Out of office", "Auto-Submitted: auto-replied\n") + "\nI am away.\n", "not_a_report.auto_reply")
    put("abuse", multipart("abuse", [part("complaint"), part("Feedback-Type: abuse\nVersion: 1\nUser-Agent: x/1\n", "message/feedback-report"),
                                     part(inner, "message/rfc822")], "report", parameters="; report-type=feedback-report"), "not_a_report.abuse")
    put("fraud", multipart("fraud", [part("complaint"), part("Feedback-Type: fraud\nVersion: 1\n", "message/feedback-report"), part(inner, "message/rfc822")],
                           "report", parameters="; report-type=feedback-report"), "not_a_report.abuse")
    put("too_large_notice", head("large", "Error") + "\nReport-Domain: example.com\nReport-ID: <x@y>\nReport-Size: 99999\nSubmitter: y.example\n"
        "Submitting-URI: mailto:a@example.com\n", "not_a_report.error_report")
    put("empty_body", head("empty", " ") + "\n", "not_a_report.mail")
    put("calendar", head("cal", "Meeting") + "Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\nEND:VCALENDAR\n", "not_a_report.mail")
    put("about_reports", head("about", "How to read <feedback> and Report Domain: x") + "\nSee dmarc.org\n", "not_a_report.mail")
