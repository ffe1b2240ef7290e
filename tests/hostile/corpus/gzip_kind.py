# SPDX-License-Identifier: Apache-2.0
"""RFC 1952 and its abuses. A document that is whole is read although its wrapper is odd (an issue);
data that ends early, or a wrapper that cannot be followed, quarantines."""
import struct
import zlib

from corpus.kit import ONE, gz, xml
from corpus.pack import MIB, deflate, gzip_of, repeated, zip1

LARGE = "archive.ratio,archive.too_large"
BAD = "archive.*,xml.malformed"


def make(corpus):
    kind = corpus.kind("gzip")

    def doc(name):
        return xml(kind.id(name)).encode()

    for name, times in (("zeros_256MiB", 256), ("zeros_4GiB_isize_wraps", 4097)):
        kind.packed(name, gzip_of(packed=repeated(b"\0" * MIB, times), crc=0, size=times * MIB),
                    "Q", LARGE + ",archive.no_report,archive.damaged", heavy=times > 1000)
    spaces = gzip_of(packed=repeated(b" " * MIB, 2048), crc=0, size=0)
    kind.packed("spaces_2GiB", spaces, "Q", LARGE + ",archive.empty,archive.no_report", heavy=True)
    kind.packed("bomb_in_gzip", gz(spaces), "Q", LARGE + ",archive.no_report", heavy=True)
    kind.packed("bomb_in_two_gzips", gz(gz(spaces)), "Q", LARGE + ",archive.no_report", heavy=True)
    for name, flags, extra in (
            ("extra", 4, b"\x04\0abcd"), ("name", 8, b"r.xml\0"), ("comment", 16, b"a comment\0"),
            ("header_crc", 2, None), ("all_fields", 30, None), ("ascii_flag", 1, b""),
            ("long_name", 8, b"n" * 5000 + b"\0"), ("hostile_name", 8, b"../../../etc/passwd\0"),
            ("full_extra", 4, b"\xff\xff" + b"e" * 65535)):
        if extra is None:
            fields = b"\x04\0abcdn\0c\0" if flags & 4 else b""
            start = b"\x1f\x8b\x08" + bytes([flags]) + b"\0\0\0\0\0\x03" + fields
            extra = fields + struct.pack("<H", zlib.crc32(start) & 0xffff)
        kind.packed("header_" + name, gzip_of(doc("header_" + name), flags=flags, extra=extra), "S",
                    totals=ONE)
    # The wrapper cannot be followed; some readers are more lenient with it.
    for name, flags, extra in (("reserved_flags", 0xe0, b""), ("header_crc_wrong", 2, b"\1\2"),
                               ("name_endless", 8, b"n" * 3 * MIB), ("extra_too_long", 4, b"\xff\xff")):
        kind.packed(name, gzip_of(doc(name), flags=flags, extra=extra), "SQ", BAD)
    kind.packed("method_7", gzip_of(doc("method_7"), method=7), "Q", BAD)
    # DESIGN: a trailer that is wrong or missing is no loss where the document is complete.
    for name, more in (("crc_wrong", {"crc": 1}), ("size_wrong", {"size": 1}),
                       ("trailer_missing", {"trailer": False})):
        kind.packed(name, gzip_of(doc(name), **more), "SQ", BAD)
    for name, tail in (("zeros_behind", b"\0" * 512), ("garbage_behind", b"garbage" * 99),
                       ("magic_behind", b"\x1f\x8b"), ("newline_behind", b"\r\n")):
        kind.packed(name, gz(doc(name)) + tail, "S", totals=ONE)
    whole = doc("two_members")
    kind.packed("two_members", gz(whole[:300]) + gz(whole[300:]), "S", totals=ONE)
    whole = doc("member_a_byte")
    kind.packed("member_a_byte", b"".join(gz(whole[i:i + 1]) for i in range(len(whole))), "SQ",
                "archive.stalled")
    kind.packed("50000_empty_members", gz(b"") * 50000 + gz(doc("50000_empty_members")), "SQ",
                "archive.*")
    kind.packed("600000_empty_members", gz(b"") * 600000, "Q", "archive.*", heavy=True)
    first, second = doc("two_documents"), xml(kind.id("two_documents_2")).encode()
    kind.packed("two_documents", gz(first) + gz(second), "Q", "xml.second_root")
    kind.packed("nested_3", gz(gz(gz(doc("nested_3")))), "S", totals=ONE)
    kind.packed("nested_4", gz(gz(gz(gz(doc("nested_4"))))), "Q", "archive.depth")
    kind.packed("zip_inside", gz(zip1(doc("zip_inside"))), "S", totals=ONE)
    kind.packed("empty", gz(b""), "Q", "archive.empty,archive.no_report")
    kind.packed("no_bytes", b"", "Q", "archive.empty,archive.damaged,archive.no_report")
    kind.packed("unused", gz(b"unused"), "Q", "archive.empty,archive.no_report")
    kind.packed("unused_bare", b"unused", "Q", "archive.empty,archive.no_report,archive.damaged")
    kind.packed("header_only", b"\x1f\x8b\x08\0\0\0\0\0\0\x03", "Q", "archive.*")
    kind.packed("magic_only", b"\x1f\x8b\x08", "Q", "archive.*")
    kind.packed("zlib_not_gzip", zlib.compress(doc("zlib_not_gzip")), "S", totals=ONE)
    kind.packed("raw_deflate", deflate(doc("raw_deflate")), "S", totals=ONE)
    bomb = repeated(b" " * MIB, 256, front=doc("deflate_bomb").split(b"<record>")[0])
    kind.packed("raw_deflate_bomb", bomb, "Q", LARGE + ",xml.text_too_large")
    kind.packed("zlib_bomb", b"\x78\x9c" + bomb, "Q", LARGE + ",xml.text_too_large")
    kind.packed("zlib_dictionary", b"\x78\xbb\0\0\0\1" + deflate(doc("zlib_dictionary")), "Q", "archive.*")
    kind.packed("zlib_in_4_gzips", gz(gz(gz(zlib.compress(doc("zlib_in_4_gzips"))))), "Q", "archive.depth")
    flipped = bytearray(gz(doc("bit_flipped")))
    flipped[len(flipped) // 2] ^= 0x10
    kind.packed("bit_flipped", bytes(flipped), "Q", "archive.*,xml.malformed,xml.*")
    bad_block = b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + b"\x07" * 100
    kind.packed("reserved_block_type", bad_block, "Q", "archive.*")
    far = b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + bytes([0x4b, 0x04, 0x12, 0xff, 0xff, 0, 0])
    kind.packed("distance_too_far", far, "Q", "archive.*")
