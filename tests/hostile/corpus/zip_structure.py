# SPDX-License-Identifier: Apache-2.0
"""APPNOTE and its abuses. Member names never become paths, so a hostile name costs nothing; what
the headers claim in two ways is read or refused, but never read as something else; a member that is
encrypted, no regular file or packed otherwise than stored or deflated is refused."""
import struct

from corpus.kit import ONE, Totals, attachment, gz, multipart, xml
from corpus.pack import Entry, deflate, zip1, zip_of

BAD = "archive.*"
NAMES = [
    b"../../../../tmp/hostile-escape.xml", b"/etc/passwd", b"C:\\Windows\\r.xml", b"\\\\host\\share\\r.xml",
    b"con.xml", b"a/b/c/d/r.xml", b"./r.xml", b"-rf", b"`id`.xml", b"$(id).xml", b"%s%n%x.xml",
    b"r.xml;ls", b"new\nline.xml", b"carriage\rreturn.xml", b"tab\t.xml", b"esc\x1b[31m.xml",
    b"\xff\xfe\xfd.xml", "\u202elmx.r".encode(), "\u65e5\u672c.xml".encode(), b"<script>.xml", b"r",
    b"..", b".", b".xml", b" ", b"aux", b"NUL", b"r.xml.exe", b"r.zip", b"n" * 1024,
]
METHODS = {"shrink": 1, "reduce": 2, "implode": 6, "deflate64": 9, "dcl": 10, "bzip2": 12,
           "lzma": 14, "terse": 18, "zstd": 93, "mp3": 94, "xz": 95, "jpeg": 96, "wavpack": 97,
           "ppmd": 98, "aes": 99, "unknown": 77, "all_ones": 0xffff}


def make(corpus):
    kind = corpus.kind("zip_structure")

    def put(name, data, outcomes, codes=BAD, totals=ONE, heavy=False):
        kind.packed(name, data, outcomes, codes, totals, heavy, "r.zip", "application/zip")

    def doc(name):
        return xml(kind.id(name)).encode()

    for i, member in enumerate(NAMES):
        put("name_%02d" % i, zip1(doc("name_%02d" % i), member), "S")
    put("name_of_1025", zip1(doc("x"), b"n" * 1025), "Q", "archive.entries")
    # A NUL ends a name for some readers; an empty name or one that is a folder's is no member.
    put("name_with_nul", zip1(doc("name_with_nul"), b"r.xml\0.exe"), "SQ")
    put("name_empty", zip1(doc("name_empty"), b""), "SQ")
    put("name_of_folder", zip1(doc("name_of_folder"), b"r.xml/"), "SQ")
    put("folder_only", zip_of(Entry(b"a/", b"", 0, mode=0o40755)), "Q",
        "archive.empty,archive.no_report")
    put("macosx", zip_of(Entry(b"r.xml", doc("macosx")), Entry(b"__MACOSX/._r.xml", b"\0\5\x16\7")), "S")
    for name, mode in (("symlink", 0o120777), ("fifo", 0o10644), ("device", 0o20644),
                       ("block_device", 0o60644), ("socket", 0o140644)):
        put(name, zip1(corpus.canary_file, b"r.xml", method=0, mode=mode), "Q")
    put("symlink_beside_report", zip_of(Entry(b"l.xml", corpus.canary_file.encode(), 0, mode=0o120777),
                                        Entry(b"r.xml", doc("symlink_beside_report"))), "SQ")
    for name, flags in (("zipcrypto", 1), ("strong", 0x41), ("masked", 0x2001)):
        put("encrypted_" + name, zip1(doc("x"), flags=flags), "Q", "archive.encrypted,archive.damaged")
    put("encrypted_aes", zip1(doc("x"), method=99, flags=1, packed=bytes(40),
                              extra=b"\x01\x99\x07\0\x02\0AE\x03\x08\0"), "Q",
        "archive.encrypted,archive.method,archive.damaged")
    put("encrypted_locally_only", zip1(doc("encrypted_locally_only"), local={"flags": 1}), "SQ")
    put("encrypted_centrally_only", zip1(doc("encrypted_centrally_only"), central={"flags": 1}), "SQ")
    for name, method in METHODS.items():
        put("method_" + name, zip1(doc("x"), method=method), "Q",
            "archive.method,archive.encrypted,archive.damaged,archive.format")
    # Two headers, two claims.
    for name, local, central in (
            ("method", {"method": 0}, {}), ("method_central", {}, {"method": 0}),
            ("size", {"size": 1}, {}), ("size_central", {}, {"size": 1}),
            ("packed_size", {"packed_size": 1}, {}), ("packed_size_central", {}, {"packed_size": 1}),
            ("packed_size_huge", {"packed_size": 0x7fffffff}, {"packed_size": 0x7fffffff}),
            ("crc", {"crc": 1}, {}), ("crc_both", {"crc": 1}, {"crc": 1}),
            ("name", {"name": b"x.xml"}, {}), ("name_length", {"name": b"a much longer name.xml"}, {}),
            ("version", {"version": 0xffff}, {}), ("zip64_claim", {"version": 45, "size": 0xffffffff}, {})):
        put("differs_" + name, zip1(doc("differs_" + name), local=local, central=central), "SQ",
            "archive.*,xml.*")
    zip64 = struct.pack("<HHQQ", 1, 16, 1 << 63, 1 << 63)
    put("zip64_2_63", zip1(doc("zip64_2_63"), extra=zip64, size=0xffffffff, packed_size=0xffffffff), "SQ",
        "archive.*,xml.*")
    minus = struct.pack("<HHQQ", 1, 16, (1 << 64) - 1, (1 << 64) - 1)
    put("zip64_minus_1", zip1(doc("zip64_minus_1"), extra=minus, size=0xffffffff, packed_size=0xffffffff),
        "SQ", "archive.*,xml.*")
    put("zip64_cut", zip1(doc("zip64_cut"), extra=b"\x01\0\x10\0\0", size=0xffffffff), "SQ", "archive.*,xml.*")
    whole = doc("zip64_good")
    packed = deflate(whole)
    put("zip64_good", zip1(whole, packed=packed, size=0xffffffff, packed_size=0xffffffff, extra=struct.pack(
        "<HHQQ", 1, 16, len(whole), len(packed)), local={"version": 45}, central={"version": 45}), "SQ")
    put("extra_too_long", zip1(doc("extra_too_long"), extra=b"\x75\x70\xff\xff\x01"), "SQ")
    put("extra_64_KiB", zip1(doc("extra_64_KiB"), extra=b"\xfe\xca\xfb\xff" + bytes(65531)), "SQ")
    # Where the directory is and how long it is.
    put("empty", zip_of(), "Q", "archive.empty,archive.no_report")
    put("count_0", zip1(doc("x"))[:-14] + bytes(14), "Q")
    put("count_too_many", zip_of(Entry(data=doc("count_too_many")), count=9), "SQ")
    put("count_too_few", zip_of(Entry(data=doc("count_too_few")), Entry(b"x.txt", b"x"), count=1), "SQ")
    put("directory_missing", zip_of(Entry(data=doc("x")), directory=False), "SQ", totals=ONE)
    put("directory_beyond", zip_of(Entry(data=doc("directory_beyond")), shift=1 << 20), "SQ")
    put("directory_before", zip_of(Entry(data=doc("directory_before")), shift=-20), "SQ")
    put("end_missing", zip_of(Entry(data=doc("end_missing")), end=False), "SQ")
    put("end_twice", zip_of(Entry(data=doc("end_twice")), behind=b"PK\5\6" + bytes(18)), "SQ")
    put("end_only_many", b"PK\5\6" + b"\0\0\0\0\xff\xff\xff\xff" + b"\xff" * 8 + b"\0\0", "Q")
    put("offset_to_itself", zip1(doc("x"), offset=0x7fffffff), "Q")
    put("local_signature_gone", zip1(doc("x")).replace(b"PK\3\4", b"PK\3\5", 1), "Q", "archive.*,file.*")
    put("comment_64_KiB", zip_of(Entry(data=doc("comment_64_KiB")), comment=b"c" * 65535), "S")
    put("comment_holds_end", zip_of(Entry(data=doc("comment_holds_end")),
                                    comment=b"PK\5\6" + bytes(18)), "SQ")
    put("garbage_before", zip_of(Entry(data=doc("garbage_before")), prefix=b"MZ" + bytes(3000)), "SQ")
    # All reports of an attachment or none: a directory knows its own archive only.
    for name, more in (("two_archives", b""), ("two_archives_shifted", b"x" * 7)):
        put(name, zip1(doc(name)) + more + zip1(doc(name + "_2"), b"longer.xml"), "Q", "archive.damaged", None)
    same = zip1(doc("two_alike_a"))
    put("two_alike", same + zip1(doc("two_alike_b")), "Q", "archive.damaged", None)
    put("garbage_behind", zip_of(Entry(data=doc("garbage_behind")), behind=b"x" * 3000), "S")
    put("garbage_between", zip_of(Entry(data=doc("garbage_between")), between=b"x" * 3000), "S")
    for name, signature, lie in (("signed", b"PK\7\x08", 0), ("bare", b"", 0), ("lying", b"PK\7\x08", 7)):
        whole = doc("descriptor_" + name)
        entry = Entry(data=whole, flags=8, local={"crc": 0, "size": 0, "packed_size": 0})
        f = entry.fields({})
        entry.descriptor = signature + struct.pack("<III", f["crc"] ^ lie, f["packed_size"], f["size"] + lie)
        put("descriptor_" + name, zip_of(entry), "SQ" if lie else "S")
    # More than one member.
    put("same_name_twice", zip_of(Entry(data=doc("same_name_twice")), Entry(data=doc("same_name_twice_2"))),
        "S", totals=Totals(2, 4, 24, 10))
    put("report_and_text", zip_of(Entry(data=doc("report_and_text")), Entry(b"readme.txt", b"hello")), "S")
    put("report_and_broken", zip_of(Entry(data=doc("x")), Entry(b"s.xml", doc("x")[:700])), "Q", "xml.malformed")
    put("33_reports", zip_of(*[Entry(b"%d.xml" % i, doc("33_%d" % i)) for i in range(33)]), "Q",
        "mail.too_many_attachments")
    put("1000_reports", zip_of(*[Entry(b"%d.xml" % i, doc("x%d" % i)) for i in range(1000)]), "Q",
        "archive.entries,mail.too_many_attachments")
    put("empty_member", zip1(b""), "Q", "archive.empty,archive.no_report")
    put("stored_nested", zip1(zip1(doc("stored_nested"), method=0), b"r.zip", method=0), "S")
    put("gzip_member", zip1(gz(doc("gzip_member")), b"r.xml.gz"), "S")
    put("deflate_ends_early", zip1(doc("x"), packed=deflate(doc("x"))[:-5]), "Q", "archive.*,xml.malformed")
    put("deflate_garbage_behind", zip1(doc("deflate_garbage_behind"), packed=deflate(
        doc("deflate_garbage_behind")) + bytes(50)), "SQ", "archive.*,xml.malformed")
    put("split_disk", zip1(doc("split_disk"))[:-18] + b"\1\0\1\0" + zip1(doc("split_disk"))[-14:], "SQ")
    # All reports of a mail or none: a bad archive beside a good one.
    kind.add("bad_beside_good", multipart(kind.id("bad_beside_good"), [
        attachment(zip1(doc("x")), "a.zip", "application/zip"),
        attachment(zip1(doc("x"), flags=1), "b.zip", "application/zip")]), "Q", "archive.encrypted")
