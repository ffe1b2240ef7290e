# SPDX-License-Identifier: Apache-2.0
"""RELIABILITY 0.3: only zip and gzip are read. Another archive, or bytes that are none, where a
report was meant: quarantined, and no program or further filter is ever asked. The same bytes as an
attachment that claims nothing are no report."""
import binascii
import bz2
import io
import lzma
import tarfile
import zipfile

from corpus.kit import ONE, gz, mail_of, xml
from corpus.pack import MIB, gzip_of, repeated, zip1

REFUSED = "archive.format,archive.damaged,archive.no_report,archive.method,xml.malformed,xml.encoding"


def tar(name, data, kind=tarfile.USTAR_FORMAT, link=None):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=kind) as archive:
        info = tarfile.TarInfo(name)
        info.size = 0 if link else len(data)
        if link:
            info.type, info.linkname = tarfile.SYMTYPE, link
        archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def cpio(data):
    def member(name, body, mode):
        header = b"070701" + b"".join(b"%08x" % n for n in (
            1, mode, 0, 0, 1, 0, len(body), 0, 0, 0, 0, len(name) + 1, 0))
        text = header + name + b"\0"
        text += b"\0" * (-len(text) % 4) + body
        return text + b"\0" * (-len(text) % 4)
    return member(b"r.xml", data, 0o100644) + member(b"TRAILER!!!", b"", 0)


def foreign(data, canary):
    """name -> bytes that begin as such a thing begins; what a program could be asked to open."""
    head = data[:400]
    return {
        "tar": tar("r.xml", data), "tar_gnu": tar("r" * 200, data, tarfile.GNU_FORMAT),
        "tar_pax": tar("r" * 200, data, tarfile.PAX_FORMAT),
        "tar_symlink": tar("r.xml", b"", link=canary),
        "cpio": cpio(data), "cpio_old": b"\xc7\x71" + bytes(24) + head,
        "ar": b"!<arch>\nr.xml/          0           0     0     644     %-10d`\n" % len(data) + data,
        "bzip2": bz2.compress(data), "xz": lzma.compress(data),
        "lzma": lzma.compress(data, lzma.FORMAT_ALONE), "lzip": b"LZIP\x01\x0c" + head,
        "rar4": b"Rar!\x1a\x07\0\xcf\x90\x73\0\0\x0d\0\0\0\0\0\0\0" + head,
        "rar5": b"Rar!\x1a\x07\x01\0\x33\x92\xb5\xe5\x0a\x01\x05\x06\0\x05" + head,
        "7z": b"7z\xbc\xaf\x27\x1c\0\x04" + bytes(24) + head,
        "iso": bytes(32768) + b"\x01CD001\x01\0" + bytes(2048) + head,
        "mtree": b"#mtree\n/set type=file\n./r.xml contents=%s checkfs\n" % canary.encode(),
        "mtree_bare": b"r.xml type=file contents=%s\n" % canary.encode(),
        "lrzip": b"LRZI\0\x06" + bytes(18) + head, "lzop": b"\x89LZO\0\r\n\x1a\n" + head,
        "grzip": b"GRZipII\0\x02\x04:)" + head, "zstd": b"\x28\xb5\x2f\xfd\x04\0" + head,
        "lz4": b"\x04\x22\x4d\x18\x64\x40\xa7" + head, "compress": b"\x1f\x9d\x90" + head,
        "pack": b"\x1f\x1e\0\0\0\x10" + head, "cab": b"MSCF\0\0\0\0\x40\0\0\0" + bytes(24) + head,
        "uuencode": b"begin 644 r.xml\n#0V%T\n`\nend\n", "rpm": b"\xed\xab\xee\xdb\x03\0" + head,
        "warc": b"WARC/1.0\r\nWARC-Type: resource\r\nContent-Length: 4\r\n\r\nabcd\r\n\r\n",
        "xar": b"xar!\0\x1c\0\x01" + bytes(20) + head, "lha": b"\x1f\0-lh5-" + head,
        "arj": b"\x60\xea" + bytes(30) + head, "elf": b"\x7fELF\x02\x01\x01" + bytes(9) + head,
        "pe": b"MZ\x90\0\x03" + bytes(59) + b"PE\0\0", "png": b"\x89PNG\r\n\x1a\n" + bytes(40),
        "sqlite": b"SQLite format 3\0" + bytes(84), "class": b"\xca\xfe\xba\xbe\0\0\0\x34" + head,
        "nulls": bytes(3000), "high_bytes": bytes(range(128, 256)) * 20,
    }


def docx():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("[Content_Types].xml"), "<Types/>")
        archive.writestr(zipfile.ZipInfo("word/document.xml"), "<document/>")
    return out.getvalue()


def make(corpus):
    kind = corpus.kind("wrong_magic")
    data = xml(kind.id("inner")).encode()
    for name, raw in foreign(data, corpus.canary_file).items():
        kind.packed(name, raw, "Q", REFUSED)
        # Inside what is read: peeled once, and no further filter is tried.
        kind.packed("gzip_of_" + name, gz(raw), "Q", REFUSED)
    for name in ("tar", "rar5", "7z", "mtree", "lrzip", "bzip2"):
        kind.packed("zip_of_" + name, zip1(foreign(data, corpus.canary_file)[name], b"r.xml"), "Q",
                    REFUSED, file="r.zip", ctype="application/zip")
    # The declared type is not believed: what the bytes are counts.
    for name, raw, file, ctype in (
            ("gzip_called_zip", gz, "r.zip", "application/zip"),
            ("zip_called_gzip", zip1, "r.xml.gz", "application/gzip"),
            ("xml_called_gzip", str.encode, "r.xml.gz", "application/gzip"),
            ("xml_called_zip", str.encode, "r.zip", "application/zip"),
            ("gzip_called_image", gz, "r.png", "image/png"),
            ("zip_called_text", zip1, "r.txt", "text/plain")):
        kind.packed(name, raw(xml(kind.id(name))), "S", totals=ONE, file=file, ctype=ctype)
    # A transfer encoding of old: read where it stands, with the limits of what is in it.
    for name, raw, outcomes, codes in (
            ("uuencode_report", gz(xml(kind.id("uuencode_report"))), "S", "*"),
            ("uuencode_bomb", gzip_of(packed=repeated(b" " * MIB, 256), crc=0, size=0), "Q", "archive.*"),
            ("uuencode_tar", gz(tar("r.xml", data)), "Q", REFUSED)):
        text = b"begin 644 r.gz\n" + b"".join(
            binascii.b2a_uu(raw[i:i + 45]) for i in range(0, len(raw), 45)) + b"`\nend\n"
        kind.packed(name, text, outcomes, codes, ONE if outcomes == "S" else None, file="r.uue", ctype="text/plain")
    for name, text in (("uuencode_lengths", b"begin 644 r.xml\n_" + b"/" * 84 + b"\n" + b"!" * 4000 + b"\n"),
                       ("uuencode_begins", b"begin 644 x\n#/&9E\n" * 100000)):
        kind.packed(name, text, "NQ", REFUSED + ",not_a_report.mail", file="r.uue", ctype="text/plain")
    for name, raw, file, ctype in (
            ("an_image", b"\x89PNG\r\n\x1a\n" + bytes(40), "logo.png", "image/png"),
            ("a_pdf", b"%PDF-1.7\n1 0 obj\n", "invoice.pdf", "application/pdf"),
            ("a_docx", docx(), "letter.docx",
             "application/vnd.openxmlformats-officedocument.wordprocessingml.document")):
        kind.add(name, mail_of(kind.id(name), raw, file, ctype, "A letter"), "N", "not_a_report.mail")
        # Its subject says that it is a report.
        kind.packed("promised_" + name, raw, "Q", "archive.no_report", file=file, ctype=ctype)
