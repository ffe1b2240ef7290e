# SPDX-License-Identifier: Apache-2.0
"""Groups of mails. Identity and content decide (DESIGN, Data): the same report again in any wrapping
adds nothing; the same identity with other content is a conflict and counted nowhere, whichever came
first; another day, reporter or domain is another report. Message-ID is never a key."""
from corpus.kit import BEGIN, END, ONE, Totals, attachment, gz, head, mail_of, multipart, part, record, swap, xml
from corpus.pack import zip1


def make(corpus):
    kind = corpus.kind("duplicates")

    def mail(name, i, document, same_id=False):
        return mail_of(kind.id(name) if same_id else "%s.%d" % (kind.id(name), i), gz(document))

    def same(name, documents, *totals):
        kind.group(name, [mail(name, i, document) for i, document in enumerate(documents)], *totals)

    def doc(name, **more):
        return xml(kind.id(name), **more)

    one = doc("copies")
    kind.group("copies", [mail("copies", 0, one)] * 5, ONE)
    same("resent", [doc("resent")] * 4, ONE)
    one = doc("repacked")
    kind.group("repacked", [mail("repacked", 0, one), mail_of("repacked.1", zip1(one), "r.zip", "application/zip"),
                            mail_of("repacked.2", one, "r.xml", "text/xml"), mail_of("repacked.3", gz(gz(one))),
                            head("repacked.4") + "Content-Type: text/xml\n\n" + one,
                            multipart("repacked.5", [part("hello"), attachment(gz(one, 1))]), gz(one), one], ONE)
    one = doc("respelled")
    same("respelled", [one, one.replace("\n", "\r\n"), one.replace("\n", ""), one.replace("<record>", "<!-- x --><record>"),
                       one.replace("hostile.example</org", " Hostile.EXAMPLE </org"), "\ufeff" + one], ONE)
    # 12 messages or 900005: whichever came first.
    forged = record(1, 900000, "fail") + record(2, 5)
    same("conflict", [doc("conflict"), doc("conflict", records=forged)], ONE, Totals(1, 2, 900005, 5))
    same("inflated", [doc("inflated")] + [doc("inflated", records=record(1, 10 ** 12 + i)) for i in range(3)], ONE,
         *[Totals(1, 1, 10 ** 12 + i, 10 ** 12 + i) for i in range(3)])
    same("row_less", [doc("row_less"), doc("row_less", records=record(1, 5))], ONE, Totals(1, 1, 5, 5))
    # Reused ids are other reports.
    same("id_over_days", [doc("id_over_days", begin=BEGIN - 86400 * i, end=END - 86400 * i) for i in range(5)],
         Totals(5, 10, 60, 25))
    same("id_over_orgs", [doc("id_over_orgs", org="r%d.example" % i) for i in range(4)], Totals(4, 8, 48, 20))
    same("id_over_domains", [doc("id_over_domains", domain="d%d.example" % i) for i in range(4)], Totals(4, 8, 48, 20))
    kind.group("same_message_id", [mail("same_message_id", i, doc("same_message_id.%d" % i), True) for i in range(4)],
               Totals(4, 8, 48, 20))
    same("burst", [doc("burst")] * 20, ONE)
    # A mail of a known report and a new one adds the new one; twice the same in one mail counts once.
    known, new = doc("half_known"), doc("half_new")
    kind.group("half_known", [mail("half_known", 0, known), multipart("half_known.1", [attachment(gz(known)), attachment(gz(new))])],
               Totals(2, 4, 24, 10))
    twice = doc("twice")
    kind.group("twice_in_mail", [multipart("twice", [attachment(gz(twice)), attachment(gz(twice), "s.xml.gz")])], ONE)
    other = doc("twice_other", records=record(9, 3))
    kind.group("conflict_in_mail", [multipart("conflict_in_mail", [attachment(gz(doc("twice_other"))), attachment(gz(other), "s.xml.gz")])],
               ONE, Totals(1, 1, 3, 3))
    kind.group("line_ends", [mail("line_ends", 0, doc("line_ends"), True), mail("line_ends", 0, doc("line_ends"), True).replace("\n", "\r\n")], ONE)
    kind.group("id_with_spaces", [mail("id_with_spaces", i, swap(doc("id_with_spaces"), ("<report_id>", "<report_id>" + " " * i))) for i in range(3)], ONE)
    kind.group("footer_added", [multipart("footer.0", [attachment(gz(doc("footer")))]),
                                multipart("footer.0", [attachment(gz(doc("footer"))), part("_______\nlist@example.com\n")])], ONE)
