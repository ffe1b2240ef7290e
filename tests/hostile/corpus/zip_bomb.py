# SPDX-License-Identifier: Apache-2.0
"""Limits of RELIABILITY 7: a bomb is quarantined as an archive that unpacks to too much, is too
deep or has too many members, or as a document that is too long; never as a crash or a timeout."""
import zlib

from corpus.kit import ONE, attachment, gz, multipart, swap, xml
from corpus.pack import MIB, Entry, deflate, repeated, zip1, zip_of

LARGE = "archive.ratio,archive.too_large"
DOCUMENT = LARGE + ",xml.too_large,xml.text_too_large,xml.elements,report.records,archive.no_report"


def bomb(times, block=b" " * MIB):
    return Entry(b"r.xml", b"", packed=repeated(block, times), crc=0, size=times * len(block))


def nest(leaf, copies, levels):
    data = leaf
    for _ in range(levels):
        packed = deflate(data)
        data = zip_of(*[Entry(b"%d.zip" % i, data, packed=packed) for i in range(copies)])
    return data


def overlapping(leaf, count):
    """Directory entries that all point at the first local header."""
    first = Entry(b"0.xml", leaf)
    rest = [Entry(b"%d.xml" % i, leaf, offset=0, no_local=True) for i in range(1, count)]
    return zip_of(first, *rest)


def quoted(leaf, count):
    """Each member begins with a stored block that quotes the header of the next: all the data is
    unpacked by each of them."""
    packed = deflate(leaf)
    entries, body, data, at = [], packed, leaf, None
    crc = zlib.crc32(leaf)
    for i in reversed(range(count)):
        entry = Entry(b"%03d.xml" % i, data, packed=body, crc=crc)
        header = entry.local_bytes()[:30 + 7]
        entries.insert(0, (entry, len(header)))
        if i:
            quote = b"\0" + len(header).to_bytes(2, "little") + (
                len(header) ^ 0xffff).to_bytes(2, "little")
            body, data = quote + header + body, header + data
            crc = zlib.crc32(data)
    at = 0
    for entry, _ in entries:
        entry.offset = at
        at += 30 + 7 + 5  # the next local header lies within this member's quote
    whole = entries[0][0]
    rest = [entry for entry, _ in entries[1:]]
    for entry in rest:
        entry.no_local = True
    return zip_of(whole, *rest)


def make(corpus):
    kind = corpus.kind("zip_bomb")

    def zipped(name, data, codes, outcomes="Q", totals=None, heavy=False):
        kind.packed(name, data, outcomes, codes, totals, heavy, "r.zip", "application/zip")

    good = xml(kind.id("good"))
    padded = swap(good, ("<record>", " " * (80 * MIB) + "<record>"))
    zipped("flat_zeros", zip_of(bomb(256, b"\0" * MIB)), DOCUMENT)
    zipped("flat_8GiB", zip_of(bomb(8192)), DOCUMENT, heavy=True)
    zipped("valid_xml_spaces", zip1(padded), DOCUMENT, heavy=True)
    zipped("valid_xml_records", zip_of(Entry(b"r.xml", b"", crc=0, size=1 << 31, packed=repeated(
        b"<record></record>" * 60000, 400, front=b"<feedback>"))), DOCUMENT + ",archive.damaged")
    # Sizes in headers are claims. Where the document is whole the carrier may be forgiven.
    zipped("lying_low", zip_of(Entry(b"r.xml", b"", packed=repeated(b" " * MIB, 256), crc=0,
                                     size=100)), DOCUMENT + ",archive.damaged")
    zipped("lying_high", zip1(xml(kind.id("lying_high")), size=0xfffffff0),
           LARGE + ",archive.damaged", "SQ", ONE)
    # Members that share their bytes: structure is not repaired.
    zipped("overlapping_full", overlapping(good.encode(), 30), "archive.damaged")
    zipped("overlapping_500", overlapping(good.encode(), 500), "archive.entries")
    zipped("quoted_overlap", quoted(b"<feedback>" + b" " * MIB, 60),
           DOCUMENT + ",archive.entries,archive.damaged,xml.malformed")
    zipped("nest_16_5", nest(good.encode(), 16, 5), "archive.depth,archive.entries")
    zipped("nest_1_4", nest(good.encode(), 1, 4), "archive.depth")
    zipped("members_65", zip_of(*[Entry(b"%d.txt" % i, b"x") for i in range(65)]), "archive.entries")
    zipped("members_60000", zip_of(*[Entry(b"%d" % i, b"", 0) for i in range(60000)]),
           "archive.entries", heavy=True)
    zipped("64_members_of_4MiB", zip_of(*[Entry(b"%d.xml" % i, b"", packed=repeated(
        b"<a>" + bytes(range(32, 60)) * 37449, 4), crc=0, size=4 * MIB) for i in range(64)]), "*")
    ten = [attachment(zip_of(bomb(30)), "%d.zip" % i, "application/zip") for i in range(10)]
    kind.add("ten_attachments", multipart(kind.id("ten_attachments"), ten), "Q", DOCUMENT)
    kind.add("gz_of_zip_bomb", multipart(kind.id("gz_of_zip_bomb"), [attachment(
        gz(zip_of(bomb(256))))]), "Q", DOCUMENT)
    # RELIABILITY 7: 10,000 calls of inflate without output. The document behind is whole.
    empty_blocks = b"\0\0\0\xff\xff" * 2000000
    zipped("endless_stored_blocks", zip_of(Entry(
        b"r.xml", xml(kind.id("endless_stored_blocks")).encode(),
        packed=empty_blocks + deflate(xml(kind.id("endless_stored_blocks")).encode()))),
        "archive.*", "SQ", ONE)
    zipped("only_stored_blocks", zip_of(Entry(b"r.xml", b"", packed=empty_blocks, size=100)),
           "archive.*")
