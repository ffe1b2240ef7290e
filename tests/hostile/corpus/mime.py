# SPDX-License-Identifier: Apache-2.0
"""RFC 2045 to 2049, 2231, 5322 and their abuses. Limits are exact (RELIABILITY 7). Where a mail can be
read in two ways it is read in one of them, refused, or found to hold nothing; a report that is plainly
there is not lost."""
from corpus.kit import ONE, Totals, attachment, b64, gz, head, joined, mail_of, multipart, part, swap, xml

ANY = "SNQ"
HEADERS, PARTS = "mail.headers_too_large", "mail.too_many_parts"


def nested(leaf, levels, report_id, subtype="mixed"):
    text = leaf
    for i in range(levels):
        text = part(joined([text], "n%d" % i), 'multipart/%s; boundary="n%d"' % (subtype, i))
    return head(report_id) + text


def limits(kind, report):
    for name, more, outcomes in (
            ("fields_900", "X: y\n" * 900, "S"), ("fields_1100", "X: y\n" * 1100, "Q"), ("fields_100000", "X: y\n" * 100000, "Q"),
            ("from_100000", "From: a@b\n" * 100000, "Q"), ("field_60KiB", "X: " + "y" * 60000 + "\n", "S"), ("field_70KiB", "X: " + "y" * 70000 + "\n", "Q"),
            ("field_folded_70KiB", "X: y\n" + " y\n" * 40000, "Q"), ("field_5MB", "X: " + "y" * 5000000 + "\n", "Q"),
            ("headers_250KiB", ("X: " + "y" * 50000 + "\n") * 5, "S"), ("headers_300KiB", ("X: " + "y" * 50000 + "\n") * 6, "Q"),
            ("addresses_1000", "Cc: " + "a@b, " * 999 + "a@b\n", "S"), ("addresses_1001", "Cc: " + "a@b, " * 1000 + "a@b\n", "Q"),
            ("addresses_100000", "Cc: " + "\n ".join(["a@b," * 1000] * 100) + "\n", "Q"), ("references_5000", "References: " + "\n ".join(["<a@b>"] * 5000) + "\n", "S"),
            ("received_500", "Received: from a by b; Tue, 31 Mar 2026 01:02:03 +0000\n" * 500, "S"), ("comment_nested", "X-C: " + "(" * 20000 + "\n", "S"),
            ("from_comment_nested", "Sender: " + "(" * 20000 + "\n", "S"), ("encoded_words_5000", "X-S: " + "=?utf-8?Q?a?= " * 3000 + "\n", "S"),
            ("group_addresses", "Cc: " + "g:;" * 5000 + "\n", "S")):
        kind.add(name, more + mail_of(kind.id(name), report(name)), outcomes, HEADERS, ONE)
    for name, count, outcomes in (("parameters_60", 60, "S"), ("parameters_70", 70, "Q"), ("parameters_20000", 20000, "Q")):
        kind.add(name, mail_of(kind.id(name), report(name)).replace("application/gzip;", "application/gzip;" + "".join(
            "\n a%d=b;" % i for i in range(count))), outcomes, HEADERS, ONE)
    for name, count, outcomes in (("pieces_50", 50, "S"), ("pieces_70", 70, "Q")):
        kind.add(name, mail_of(kind.id(name), report(name)).replace('filename="r.xml.gz"', ";".join(
            "\n filename*%d=x" % i for i in range(count))), outcomes, HEADERS, ONE)
    for name, count, outcomes in (("parts_900", 900, "S"), ("parts_1100", 1100, "Q"), ("parts_10000", 10000, "Q")):
        kind.add(name, multipart(kind.id(name), [part("x")] * count + [attachment(report(name))]), outcomes, PARTS + "," + HEADERS, ONE)
    for name, levels, outcomes in (("depth_19", 19, "S"), ("depth_21", 21, "Q"), ("depth_1000", 1000, "Q"), ("depth_20000", 20000, "Q")):
        kind.add(name, nested(attachment(report(name)), levels, kind.id(name)), outcomes, PARTS, ONE)
    for name, levels, outcomes in (("messages_15", 15, "S"), ("messages_21", 21, "Q"), ("messages_1000", 1000, "Q")):
        kind.add(name, head(kind.id(name)) + "Content-Type: message/rfc822\n\n" * levels + mail_of(kind.id(name), report(name)), outcomes, PARTS, ONE)
    for name, size, outcomes in (("boundary_250", 250, "S"), ("boundary_260", 260, "Q"), ("boundary_100000", 100000, "Q")):
        kind.add(name, multipart(kind.id(name), [attachment(report(name))], boundary="b" * size), outcomes, PARTS + "," + HEADERS, ONE)
    for name, count, outcomes in (("attachments_32", 32, "S"), ("attachments_33", 33, "Q"), ("attachments_500", 500, "Q")):
        kind.add(name, multipart(kind.id(name), [attachment(report("%s_%d" % (name, i))) for i in range(count)]), outcomes,
                 "mail.too_many_attachments," + HEADERS, Totals(count, count * 2, count * 12, count * 5))
    kind.add("26MiB", mail_of(kind.id("x"), report("x")) + "\n" * (26 << 20), "Q", "file.too_large")


def boundaries(kind, report):
    def put(name, text, outcomes=ANY, totals=ONE, codes="*"):
        kind.add("boundary_" + name, text, outcomes, codes, totals)

    def usual(name, **more):
        return multipart(kind.id("boundary_" + name), [part("hello"), attachment(report("boundary_" + name))], **more)

    put("missing", usual("missing").replace('boundary="=_b0"', "x=y"))
    put("empty", usual("empty").replace('boundary="=_b0"', 'boundary=""'))
    put("other", usual("other").replace('boundary="=_b0"', 'boundary="zzz"'))
    put("twice", usual("twice").replace('boundary="=_b0"', 'boundary="=_b0"; boundary="zzz"'))
    put("twice_reversed", usual("twice_reversed").replace('boundary="=_b0"', 'boundary="zzz"; boundary="=_b0"'))
    put("2231", usual("2231").replace('boundary="=_b0"', "boundary*0==_; boundary*1=b0"))
    put("2231_charset", usual("2231_charset").replace('boundary="=_b0"', "boundary*=utf-8''%3D_b0"))
    put("quotes_unclosed", usual("quotes_unclosed").replace('boundary="=_b0"', 'boundary="=_b0'))
    put("no_quotes", usual("no_quotes").replace('"=_b0"', "=_b0"))
    put("blank_behind", usual("blank_behind").replace("--=_b0\n", "--=_b0 \t\n"), "S")
    put("prefix_of_other", multipart(kind.id("boundary_prefix_of_other"), [part(joined([attachment(report("boundary_prefix_of_other"))], "=_b0x"),
                                                                                  'multipart/mixed; boundary="=_b0x"')]), "S")
    put("same_nested", multipart(kind.id("boundary_same_nested"), [part(joined([attachment(report("boundary_same_nested"))], "=_b0"),
                                                                          'multipart/mixed; boundary="=_b0"')]))
    put("many_ends", usual("many_ends") + "--=_b0--\n" * 500, "S")
    put("text_behind_end", usual("text_behind_end") + "epilogue\n" * 999, "S")
    put("text_before", usual("text_before").replace("\n\n--=_b0", "\n\nprologue\n--=_b0", 1), "S")
    put("only_ends", head("x") + 'Content-Type: multipart/mixed; boundary="b"\n\n--b--\n', "Q", codes="archive.no_report")
    put("no_parts", head("x") + 'Content-Type: multipart/mixed; boundary="b"\n\n', "Q", codes="archive.no_report")
    put("empty_parts", head("x") + 'Content-Type: multipart/mixed; boundary="b"\n\n' + "--b\n" * 500 + "--b--\n", "Q", codes="archive.no_report")
    put("in_base64", usual("in_base64").replace("--=_b0--", "").replace("H4sI", "--=_b0x\nH4sI"), ANY)


def encodings(kind, report):
    def put(name, change, outcomes=ANY, codes="*"):
        text = multipart(kind.id("encoding_" + name), [part("hello"), attachment(report("encoding_" + name))])
        kind.add("encoding_" + name, swap(text, *change), outcomes, codes, ONE)

    cte = "Content-Transfer-Encoding: base64"
    for name, word, outcomes in (("unknown", "x-unknown", ANY), ("quoted", '"base64"', ANY), ("upper", "BASE64", "S"), ("padded", "  base64  ", "S"),
                                 ("comment", "base64 (really)", ANY), ("missing", None, ANY), ("7bit", "7bit", ANY), ("binary", "binary", ANY),
                                 ("qp", "quoted-printable", ANY), ("uuencode", "x-uuencode", ANY), ("semicolon", "base64;", ANY)):
        put(name, [(cte, "Content-Transfer-Encoding: " + word if word else "X-None: y")], outcomes)
    put("field_twice", [(cte, cte + "\nContent-Transfer-Encoding: 7bit")])
    put("field_twice_reversed", [(cte, "Content-Transfer-Encoding: 7bit\n" + cte)])
    for name, change in (("spaces", ("H4sI", "H 4\ts I")), ("blank_lines", ("H4sI", "\n\n\nH4sI")), ("garbage", ("H4sI", "!!*H4sI")),
                         ("high_bytes", ("H4sI", "\u00ff\u00feH4sI")), ("padding_first", ("H4sI", "====H4sI")), ("dashes", ("H4sI", "-- \nH4sI"))):
        put("base64_" + name, [change])
    name = "encoding_one_line"
    kind.add(name, multipart(kind.id(name), [attachment(report(name))]).replace(b64(report(name)), b64(report(name)).replace("\n", "") + "\n"), "S", totals=ONE)
    name = "encoding_a_line_a_byte"
    kind.add(name, multipart(kind.id(name), [attachment(report(name))]).replace(b64(report(name)), "\n".join(b64(report(name)).replace("\n", "")) + "\n"), "S",
             totals=ONE)
    name = "encoding_twice"
    kind.add(name, multipart(kind.id(name), [attachment(b64(report(name)))]), ANY, totals=ONE)
    for i, charset in enumerate(("utf-7", "x-unknown", "../../canary", "utf-8//TRANSLIT", "u" * 3000, "", "EBCDIC-INT", "ISO-2022-CN-EXT", "'\"\\", "\u00ff")):
        name = "charset_%02d" % i
        text = multipart(kind.id(name), [part("hello", 'text/plain; charset="%s"' % charset), attachment(report(name))], more="Subject: =?%s?Q?=E9?=\n" % charset)
        kind.add(name, text, "S", totals=ONE)
    # No module is loaded for the charset of a name either.
    for i, charset in enumerate(("utf-7", "IBM437", "ISO-2022-KR", "big5", "../../canary", "utf-8//TRANSLIT", "UCS-4", "x" * 300, "")):
        name = "name_charset_%02d" % i
        text = multipart(kind.id(name), [attachment(report(name)).replace('filename="r.xml.gz"', "filename*=%s'ja'%%e9r.xml.gz" % charset)
                                         .replace('name="r.xml.gz"', "name*0*=%s''%%e9; name*1=r.xml.gz" % charset)])
        kind.add(name, text, "S", totals=ONE)


def forms(kind, corpus, report):
    """The outer form of a mail that plainly holds a report."""
    def put(name, text, outcomes="S", totals=ONE, codes="*"):
        kind.add("form_" + name, text, outcomes, codes, totals)

    def usual(name):
        return multipart(kind.id("form_" + name), [part("hello"), attachment(report("form_" + name))])

    put("crlf", usual("crlf").replace("\n", "\r\n"))
    put("cr_only", usual("cr_only").replace("\n", "\r"), ANY)
    put("lf_cr", usual("lf_cr").replace("\n", "\n\r"), ANY)
    put("mixed_ends", usual("mixed_ends").replace("\n", "\r\n", 6))
    put("cr_cr_lf", usual("cr_cr_lf").replace("\n", "\r\r\n"), ANY)
    put("mbox_line", "From dmarc@hostile.example Tue Mar 31 01:02:03 2026\n" + usual("mbox_line"))
    put("blank_first", "\n\n" + usual("blank_first"), ANY)
    put("no_headers", "\n" + b64(report("form_no_headers")), ANY)
    put("nul_in_header", usual("nul_in_header").replace("Subject: ", "Subject: a\0b "))
    put("nul_in_body", usual("nul_in_body").replace("hello", "hel\0lo"))
    put("high_bytes_in_header", usual("high_bytes_in_header").encode().replace(b"Subject: ", b"Subject: \xff\xfe\x80"))
    put("colon_first", ": x\n" + usual("colon_first"), ANY)
    put("no_colon", usual("no_colon").replace("MIME-Version", "this is no field\nMIME-Version"), ANY)
    put("space_before_colon", usual("space_before_colon").replace("Content-Type:", "Content-Type :", 1), ANY)
    put("folded_first", " folded\n" + usual("folded_first"), ANY)
    put("header_twice", usual("header_twice").replace("MIME-Version: 1.0\n", "MIME-Version: 1.0\nContent-Type: text/plain\n"), ANY)
    put("version_9", usual("version_9").replace("MIME-Version: 1.0", "MIME-Version: 9.9"))
    put("two_from", "From: other@other.example\n" + usual("two_from"))
    put("no_from", usual("no_from").replace("From: dmarc@hostile.example\n", ""))
    put("from_empty", usual("from_empty").replace("From: dmarc@hostile.example", "From:"))
    put("date_bad", usual("date_bad").replace("Tue, 31 Mar 2026 01:02:03 +0000", "Foo, 99 Bar 99999 99:99:99 +9999"))
    put("date_far", usual("date_far").replace("2026 01:02:03 +0000", "9999 01:02:03 +0000"))
    put("date_overflow", usual("date_overflow").replace("31 Mar 2026", "31 Mar 99999999999999999999"))
    put("type_empty", usual("type_empty").replace('multipart/mixed; boundary="=_b0"', ""), ANY)
    put("type_odd", usual("type_odd").replace("multipart/mixed", "multipart/x-odd"))
    put("type_no_slash", usual("type_no_slash").replace("multipart/mixed", "multipart"), ANY)
    put("type_upper", usual("type_upper").replace("multipart/mixed", "MULTIPART/MIXED"))
    put("partial", usual("partial").replace('multipart/mixed; boundary="=_b0"', 'message/partial; id="x"; number=1; total=99'), ANY)
    # A report that lies elsewhere is never fetched; beside a good one it may count as missing (all or none).
    for name, more in (("file", 'access-type=local-file; name="%s"' % corpus.canary_file), ("ftp", "access-type=anon-ftp; site=127.0.0.1; name=x"),
                       ("url", 'access-type=URL; URL="%sbody"' % corpus.canary_url)):
        text = part("Content-Type: application/gzip\nContent-ID: <x>\n\n", "message/external-body; " + more)
        put("external_" + name, multipart(kind.id("form_external_" + name), [text]), "NQ", None)
        put("external_beside_" + name, multipart(kind.id("form_external_beside_" + name), [text, attachment(report("form_external_beside_" + name))]), "SQ",
            codes="archive.empty")
    put("content_location", usual("content_location").replace("Content-Disposition", "Content-Location: %s\nContent-Disposition" % corpus.canary_url, 1))
    put("digest", nested(attachment(report("form_digest")), 1, kind.id("form_digest"), "digest"), ANY)
    put("alternative", nested(attachment(report("form_alternative")), 1, kind.id("form_alternative"), "alternative"))
    put("signed", multipart(kind.id("form_signed"), [attachment(report("form_signed")), part("x", "application/pgp-signature")], "signed",
                            parameters="; protocol=\"application/pgp-signature\""))
    put("pgp", multipart(kind.id("x"), [part("Version: 1\n", "application/pgp-encrypted"), part("-----BEGIN PGP MESSAGE-----\n", "application/octet-stream")],
                         "encrypted"), "Q", None, "mail.encrypted")
    put("smime_garbage", head("x") + "Content-Type: application/pkcs7-mime; name=smime.p7m\nContent-Transfer-Encoding: base64\n\n" + b64(b"\x30\x82" * 500), "Q",
        None, "mail.smime,mail.encrypted")
    put("tnef", mail_of("x", b"\x78\x9f\x3e\x22" + bytes(500), "winmail.dat", "application/ms-tnef", "A letter"), "N", None)
    put("mail_as_attachment", multipart(kind.id("form_mail_as_attachment"), [attachment(
        mail_of(kind.id("form_mail_as_attachment"), report("form_mail_as_attachment")), "m.eml", "application/octet-stream")]))
    text = mail_of(kind.id("form_mails_in_mails"), report("form_mails_in_mails"))
    for _ in range(8):
        text = multipart(kind.id("form_mails_in_mails"), [attachment(text, "m.eml", "application/octet-stream")])
    put("mails_in_mails", text, "SQ", codes=PARTS)


def make(corpus):
    kind = corpus.kind("mime")

    def report(name):
        return gz(xml(kind.id(name)))

    limits(kind, report)
    boundaries(kind, report)
    encodings(kind, report)
    forms(kind, corpus, report)
    # All or none: one bad attachment beside a good one.
    kind.add("good_beside_bad", multipart(kind.id("good_beside_bad"), [attachment(report("x")), attachment(report("y")[:200], "s.xml.gz")]), "Q",
             "archive.*,xml.malformed")
