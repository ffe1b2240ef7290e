# SPDX-License-Identifier: Apache-2.0
"""Encodings read: UTF-8, ASCII, UTF-16 with BOM, ISO-8859-1/15, windows-1252; every other is refused
(RELIABILITY 0.4: any further name would load a module from disk). Bytes that are not in their encoding
and control characters are repaired (DESIGN)."""
from corpus.kit import xml

REFUSED = "xml.encoding,xml.malformed,xml.root,archive.no_report,archive.damaged"


def make(corpus):
    kind = corpus.kind("encoding")
    org = "<org_name>hostile.example"

    def declared(name, encoding):
        return xml(kind.id(name), declaration='<?xml version="1.0" encoding="%s"?>\n' % encoding)

    # Known to the world, not to us.
    for i, encoding in enumerate(("UTF-7", "UTF-32", "UCS-4", "EBCDIC-CP-US", "IBM037", "Shift_JIS",
                                  "ISO-2022-JP", "EUC-JP", "GB18030", "Big5", "KOI8-R", "windows-1251",
                                  "ISO-8859-2", "ISO-2022-KR", "HZ-GB-2312", "UTF-EBCDIC", "CESU-8")):
        kind.document("declared_%02d" % i, declared("declared_%02d" % i, encoding), "Q", REFUSED)
    # Names of nothing: a bad declaration may be repaired, and all the bytes are ASCII.
    for name, encoding in (("unknown", "x-unknown"), ("empty", ""), ("blank", " UTF-8 "),
                           ("translit", "UTF-8//TRANSLIT"), ("path", "../../../.." + corpus.canary_file),
                           ("module", "../../tmp/hostile"), ("long", "U" * 3000), ("space", "utf 8"),
                           ("two", "UTF-8,UTF-16"), ("utf8", "utf8"), ("null", "\0")):
        kind.document("named_" + name, declared("named_" + name, encoding), "SQ", REFUSED)
    kind.document("named_70000", declared("x", "U" * 70000), "Q", REFUSED + ",xml.tag_too_large")
    for name, codec in (("utf32_le", "utf-32-le"), ("utf32_be", "utf-32-be"), ("cp037", "cp037"),
                        ("utf7", "utf-7"), ("cp500", "cp500")):
        mark = {"utf32_le": b"\xff\xfe\0\0", "utf32_be": b"\0\0\xfe\xff"}.get(name, b"")
        text = declared(name, codec.upper())
        kind.document("bytes_" + name, mark + text.encode(codec), "Q", REFUSED + ",archive.empty")
    for name, codec in (("le", "utf-16-le"), ("be", "utf-16-be")):
        kind.document("utf16_no_mark_" + name, declared("utf16_no_mark_" + name, "UTF-16").encode(codec), "SQ",
                      REFUSED)
        mark = b"\xff\xfe" if name == "le" else b"\xfe\xff"
        other = "utf-16-be" if name == "le" else "utf-16-le"
        kind.document("utf16_wrong_mark_" + name, mark + declared("x", "UTF-16").encode(other), "Q", REFUSED)
        kind.document("utf16_odd_length_" + name, mark + declared("utf16_odd_length_" + name, "UTF-16").encode(
            codec) + b"x", "SQ", REFUSED)
        kind.document("utf16_says_utf8_" + name, mark + declared("utf16_says_utf8_" + name, "UTF-8").encode(codec),
                      "S")
        text = declared("utf16_surrogate_" + name, "UTF-16").replace(org, org + "\ud83d x").encode(
            codec, "surrogatepass")
        kind.document("utf16_surrogate_" + name, mark + text, "SQ", REFUSED)
    kind.document("says_utf16_is_utf8", declared("says_utf16_is_utf8", "UTF-16"), "SQ", REFUSED)
    kind.document("says_ascii_is_utf8", declared("says_ascii_is_utf8", "US-ASCII").replace(
        org, org + " \u00e9\u65e5"), "S")
    for name, raw in (("latin1", b"\xe9\xfc"), ("invalid", b"\x91\x92\xff\xfe"), ("overlong", b"\xc0\xaf\xe0\x80\xaf"),
                      ("overlong_less", b"\xc0\xbcscript\xc0\xbe"), ("surrogate", b"\xed\xa0\x80\xed\xb0\x80"),
                      ("beyond", b"\xf4\x90\x80\x80\xf8\x88\x80\x80\x80"), ("cut", b"\xe2\x82"),
                      ("continuation", b"\x80\xbf" * 50), ("fffd", b"\xef\xbf\xbd" * 9), ("fffe", b"\xef\xbf\xbe"),
                      ("c1", b"\xc2\x85\xc2\x9b"), ("mark_within", b"\xef\xbb\xbf"), ("bidi", b"\xe2\x80\xae"),
                      ("astral", b"\xf0\x9f\x92\xa9"), ("combining", b"\xcc\x81" * 200)):
        text = xml(kind.id("text_" + name)).encode().replace(org.encode(), org.encode() + raw)
        kind.document("text_" + name, text, "S")
    for name, raw in (("bell", b"\x07"), ("escape", b"\x1b[31m"), ("nul", b"\0"), ("nuls", b"\0" * 1000),
                      ("delete", b"\x7f"), ("form_feed", b"\x0c"), ("all", bytes(range(1, 32)))):
        text = xml(kind.id("control_" + name)).encode().replace(org.encode(), org.encode() + raw)
        kind.document("control_" + name, text, "S")
    kind.document("nul_in_tag", xml(kind.id("x")).encode().replace(b"<count>", b"<co\0unt>"), "SQ",
                  "xml.malformed,record.count")
    kind.document("nuls_behind", xml(kind.id("nuls_behind")).encode() + b"\0" * 5000, "S")
    kind.document("mark_twice", b"\xef\xbb\xbf\xef\xbb\xbf" + xml(kind.id("mark_twice")).encode(), "SQ", REFUSED)
    kind.document("declaration_twice", xml(kind.id("declaration_twice")).replace(
        "?>\n", '?>\n<?xml version="1.0" encoding="UTF-7"?>\n'), "SQ", REFUSED)
    kind.document("declaration_late", " \n\t" + xml(kind.id("declaration_late")), "S")
    kind.document("declaration_bad", xml(kind.id("declaration_bad")).replace('"1.0"', "1.0", 1), "S")
    kind.document("declaration_1_1", xml(kind.id("declaration_1_1")).replace('"1.0"', '"1.1"', 1), "S")
    kind.document("declaration_9", xml(kind.id("declaration_9")).replace('"1.0"', '"9.9"', 1), "SQ", REFUSED)
