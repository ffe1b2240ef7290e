# SPDX-License-Identifier: Apache-2.0
"""Zip and gzip as nobody should write them: every field of every header can lie.

PKWARE's APPNOTE 4.3 to 4.5 and RFC 1952 name the fields.
"""
import struct
import zlib
from dataclasses import dataclass, field

LOCAL, CENTRAL, END, END64, LOCATOR64 = 0x04034b50, 0x02014b50, 0x06054b50, 0x06064b50, 0x07064b50
MIB = 1 << 20


def deflate(data, level=6):
    stream = zlib.compressobj(level, zlib.DEFLATED, -15)
    return stream.compress(data) + stream.flush()


def repeated(block, times, tail=b"", front=b""):
    """Raw deflate of `times` blocks, made without deflating each of them."""
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = stream.compress(front) + stream.flush(zlib.Z_FULL_FLUSH)
    once = stream.compress(block) + stream.flush(zlib.Z_FULL_FLUSH)
    return first + once * times + stream.compress(tail) + stream.flush()


@dataclass
class Entry:
    name: bytes = b"r.xml"
    data: bytes = b""
    method: int = 8
    flags: int = 0
    packed: bytes | None = None
    crc: int | None = None
    size: int | None = None
    packed_size: int | None = None
    local: dict = field(default_factory=dict)    # fields in which the local header differs
    central: dict = field(default_factory=dict)  # fields in which the directory differs
    extra: bytes = b""
    mode: int = 0o100644
    descriptor: bytes | None = None  # what stands behind the data; with flag 8
    offset: int | None = None        # of the local header, as the directory says
    no_local: bool = False

    def fields(self, changes):
        packed = self.body()
        found = {"version": 20, "flags": self.flags, "method": self.method,
                 "crc": zlib.crc32(self.data) if self.crc is None else self.crc,
                 "packed_size": len(packed) if self.packed_size is None else self.packed_size,
                 "size": len(self.data) if self.size is None else self.size,
                 "name": self.name, "extra": self.extra}
        return {**found, **changes}

    def body(self):
        if self.packed is not None:
            return self.packed
        return deflate(self.data) if self.method == 8 else self.data

    def local_bytes(self):
        if self.no_local:
            return b""
        f = self.fields(self.local)
        return struct.pack("<IHHHHHIIIHH", LOCAL, f["version"], f["flags"], f["method"], 0, 0x5c7f,
                           f["crc"], f["packed_size"] & 0xffffffff, f["size"] & 0xffffffff,
                           len(f["name"]), len(f["extra"])) + f["name"] + f["extra"] + \
            self.body() + (self.descriptor or b"")

    def central_bytes(self, at):
        f = self.fields(self.central)
        return struct.pack("<IHHHHHHIIIHHHHHII", CENTRAL, 0x0314, f["version"], f["flags"],
                           f["method"], 0, 0x5c7f, f["crc"], f["packed_size"] & 0xffffffff,
                           f["size"] & 0xffffffff, len(f["name"]), len(f["extra"]), 0, 0, 0,
                           self.mode << 16, at if self.offset is None else self.offset) + \
            f["name"] + f["extra"]


def zip_of(*entries, comment=b"", prefix=b"", count=None, shift=0, behind=b"", end=True,
           directory=True, between=b""):
    """An archive; shift is added to where the directory is said to be."""
    out, central = prefix, b""
    for entry in entries:
        central += entry.central_bytes(len(out))
        out += entry.local_bytes()
    out += between
    at = len(out)
    out += central if directory else b""
    if end:
        n = len(entries) if count is None else count
        out += struct.pack("<IHHHHIIH", END, 0, 0, n & 0xffff, n & 0xffff, len(central),
                           (at + shift) & 0xffffffff, len(comment)) + comment
    return out + behind


def zip1(data, name=b"r.xml", **more):
    """An archive of one member."""
    return zip_of(Entry(name, data.encode() if isinstance(data, str) else data, **more))


def gzip_of(data=b"", packed=None, flags=0, extra=b"", method=8, crc=None, size=None, trailer=True):
    """A member of RFC 1952; `extra` is what the flags announce."""
    body = deflate(data) if packed is None else packed
    out = b"\x1f\x8b" + bytes([method, flags]) + b"\0\0\0\0\0\x03" + extra + body
    if trailer:
        out += struct.pack("<II", zlib.crc32(data) if crc is None else crc,
                           (len(data) if size is None else size) & 0xffffffff)
    return out
