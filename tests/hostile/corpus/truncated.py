# SPDX-License-Identifier: Apache-2.0
"""Cut at every boundary. What lacks data is quarantined whole. Only what DESIGN names is repaired: a
missing trailer behind a whole document, a missing last `>`, a missing closing boundary."""
from corpus.kit import ONE, attachment, gz, mail_of, multipart, xml
from corpus.pack import zip1


def make(corpus):
    kind = corpus.kind("truncated")
    whole = zip1(xml(kind.id("zip")))
    directory = whole.index(b"PK\1\2")
    for name, at in (("magic", 4), ("header", 20), ("name", 32), ("data_begun", 60),
                     ("data_half", directory // 2), ("before_directory", directory),
                     ("in_directory", directory + 20), ("before_end", len(whole) - 22),
                     ("in_end", len(whole) - 5)):
        kind.packed("zip_" + name, whole[:at], "Q", "archive.*,xml.malformed", file="r.zip",
                    ctype="application/zip")
    whole = gz(xml(kind.id("gzip")))
    for name, at in (("magic", 2), ("header", 6), ("before_data", 10), ("data_begun", 20),
                     ("data_half", len(whole) // 2), ("data_late", len(whole) - 40)):
        kind.packed("gzip_" + name, whole[:at], "Q", "archive.*,xml.malformed")
    for name, cut in (("in_trailer", 4), ("before_trailer", 8)):
        kind.packed("gzip_" + name, gz(xml(kind.id("gzip_" + name)))[:-cut], "S", totals=ONE)
    text = xml(kind.id("xml"))
    for name, mark, beyond in (
            ("declaration", "<?xml version", 5), ("root", "<feedback", 4), ("metadata", "<org_name>", 12),
            ("dates", "<begin>", 9), ("policy", "<policy_published>", 30), ("first_record", "<record>", 80),
            ("between_records", "</record>", 9), ("in_second_record", "192.0.2.2", 4),
            ("before_root_ends", "</feedback>", 0), ("in_a_tag", "<count>", 3)):
        kind.document("xml_" + name, text[:text.index(mark) + beyond], "Q",
                      "xml.malformed,xml.root,archive.no_report,archive.empty,report.*")
    # DESIGN repairs a missing final >; half a closing tag is more than that.
    kind.document("xml_last_bracket", xml(kind.id("xml_last_bracket")).rstrip()[:-1], "S")
    kind.document("xml_in_last_tag", xml(kind.id("xml_in_last_tag")).rstrip()[:-4], "Q", "xml.malformed")
    kind.document("xml_last_newline", xml(kind.id("xml_last_newline")).rstrip(), "S")
    mail = mail_of(kind.id("mail"), gz(xml(kind.id("mail"))))
    body = mail.index("\n\n") + 2
    for name, at, outcomes in (("in_headers", 150, "NQ"), ("before_type", mail.index("Content-Type"), "NQ"),
                               ("before_body", body, "NQ"), ("body_begun", body + 10, "Q"),
                               ("body_half", body + 200, "Q"), ("body_late", len(mail) - 60, "Q")):
        kind.add("mail_" + name, mail[:at], outcomes)
    two = [attachment(gz(xml(kind.id("parts_%d" % i)))) for i in range(2)]
    mail = multipart(kind.id("parts"), two)
    kind.add("mail_second_part", mail[:-400], "Q", "archive.*,mail.truncated,xml.malformed")
    kind.add("mail_no_closing_boundary", multipart(kind.id("closing"), [attachment(
        gz(xml(kind.id("closing"))))], end=False), "S", totals=ONE)
    kind.add("mail_empty", b"", "Q", "file.empty")
    kind.add("mail_one_byte", b"x", "QN")
    kind.add("mail_newlines", b"\n" * 100, "QN")
