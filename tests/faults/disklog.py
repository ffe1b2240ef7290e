#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Disks that remember: the images of a folder as files of a FUSE file system, for loop devices, with every
write and every flush they got written down in their order. And what was on such disks when the power
went: all that was flushed, and of the rest whatever the disk had got round to.

The kernel's own protocol (linux/fuse.h) is spoken, since nothing else is needed of it: one folder, files
that neither grow nor go.

usage: disklog.py FOLDER MOUNTPOINT LOG     as root; says "ready", and serves until it is ended
"""
import ctypes
import errno
import os
import stat
import struct
import subprocess
import sys

ENTRY = struct.Struct("=BQI")  # of the log: number of the disk, offset, bytes that follow; none: a flush
IN, OUT = struct.Struct("=IIQQIIIHH"), struct.Struct("=IiQ")
ATTR = struct.Struct("=QQQQQQIIIIIIIIII")
IO = struct.Struct("=QQI")  # how requests to read and to write begin
WRITE_BYTES = 40
LOOKUP, FORGET, GETATTR, OPEN, READ, WRITE, STATFS, RELEASE, FSYNC = 1, 2, 3, 14, 15, 16, 17, 18, 20
FLUSH, INIT, OPENDIR, RELEASEDIR, INTERRUPT, DESTROY, BATCH_FORGET = 25, 26, 27, 29, 36, 38, 42
UNANSWERED = (FORGET, BATCH_FORGET, INTERRUPT)
BIG_WRITES = 1 << 5
MOST = 128 * 1024
LONG = 1 << 20  # seconds that the kernel may believe an answer
SECTOR = 4096


def names(folder):
    return sorted(os.listdir(folder))


class Served:
    def __init__(self, folder, log):
        self.names = names(folder)
        self.files = [os.open(os.path.join(folder, name), os.O_RDWR) for name in self.names]
        self.log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)

    def attr(self, node):
        folder = node == 1
        size = 0 if folder else os.fstat(self.files[node - 2]).st_size
        mode = stat.S_IFDIR | 0o755 if folder else stat.S_IFREG | 0o600
        return ATTR.pack(node, size, size // 512, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, SECTOR, 0)

    def note(self, node, offset, data):
        os.write(self.log, ENTRY.pack(node - 2, offset, len(data)) + data)

    def answer(self, call, node, body):
        """Bytes, or the number of an error."""
        if call == INIT:
            return struct.pack("=IIIIHHIIHH", 7, 31, 0, BIG_WRITES, 12, 9, MOST, 1, 0, 0) + bytes(28)
        if call == LOOKUP:
            name = body.rstrip(b"\0").decode()
            if name not in self.names:
                return errno.ENOENT
            node = 2 + self.names.index(name)
            return struct.pack("=QQQQII", node, 0, LONG, LONG, 0, 0) + self.attr(node)
        if call == GETATTR:
            return struct.pack("=QII", LONG, 0, 0) + self.attr(node)
        if call in (OPEN, OPENDIR):
            return struct.pack("=QII", node, 0, 0)
        if call == STATFS:
            return bytes(80)
        if call == READ:
            _, offset, count = IO.unpack_from(body)
            return os.pread(self.files[node - 2], count, offset)
        if call == WRITE:
            _, offset, count = IO.unpack_from(body)
            data = body[WRITE_BYTES:WRITE_BYTES + count]
            os.pwrite(self.files[node - 2], data, offset)
            self.note(node, offset, data)
            return struct.pack("=II", count, 0)
        if call == FSYNC:
            self.note(node, 0, b"")
            return b""
        return b"" if call in (FLUSH, RELEASE, RELEASEDIR, DESTROY) else errno.ENOSYS

    def serve(self, fuse):
        while True:
            try:
                request = os.read(fuse, MOST + 4096)
            except OSError as error:
                if error.errno == errno.ENODEV:  # unmounted
                    return
                if error.errno in (errno.EINTR, errno.ENOENT):
                    continue
                raise
            _, call, unique, node, *_ = IN.unpack_from(request)
            if call in UNANSWERED:
                continue
            said = self.answer(call, node, request[IN.size:])
            failed, said = (said, b"") if isinstance(said, int) else (0, said)
            os.write(fuse, OUT.pack(OUT.size + len(said), -failed, unique) + said)


class Cuts:
    """What is on the disks of a folder, which are as they were when the log began, after so much of it."""

    def __init__(self, folder, log):
        self.disks = [os.path.join(folder, name) for name in names(folder)]
        self.unflushed = [[] for _ in self.disks]
        with open(log, "rb") as stream:
            self.log = stream.read()
        self.at = 0

    def flushes(self):
        """Where in the log each flush begins that has something to flush: so much waits for it as never again."""
        found, at, written = [], 0, False
        while at < len(self.log):
            _, _, count = ENTRY.unpack_from(self.log, at)
            if count == 0 and written:
                found.append(at)
            written = count > 0
            at += ENTRY.size + count
        return found

    def forward(self, to):
        while self.at < to:
            disk, offset, count = ENTRY.unpack_from(self.log, self.at)
            self.at += ENTRY.size
            if count == 0:
                write(self.disks[disk], self.unflushed[disk])
                self.unflushed[disk] = []
            else:
                self.unflushed[disk].append((offset, self.log[self.at:self.at + count]))
            self.at += count

    def put(self, folder, reached):
        """The disks as they are found again; reached() says of each sector in turn whether it got there."""
        copy(os.path.dirname(self.disks[0]), folder)
        for disk, waiting in zip(self.disks, self.unflushed):
            sectors = [(offset + at, data[at:at + SECTOR]) for offset, data in waiting
                       for at in range(0, len(data), SECTOR)]
            write(os.path.join(folder, os.path.basename(disk)), [sector for sector in sectors if reached()])


def copy(folder, to):
    """Disks, holes and all, as files of their own: whatever still has one that was there before may keep it."""
    for name in names(folder):
        if os.path.exists(os.path.join(to, name)):
            os.unlink(os.path.join(to, name))
        subprocess.run(["cp", "--sparse=always", os.path.join(folder, name), os.path.join(to, name)], check=True)


def write(path, pieces):
    with open(path, "r+b") as stream:
        for offset, data in pieces:
            stream.seek(offset)
            stream.write(data)


def main():
    if len(sys.argv) != 4:
        sys.exit("usage: disklog.py FOLDER MOUNTPOINT LOG")
    folder, mountpoint, log = sys.argv[1:]
    fuse = os.open("/dev/fuse", os.O_RDWR)
    options = "fd=%d,rootmode=40000,user_id=0,group_id=0" % fuse
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"disklog", os.fsencode(mountpoint), b"fuse", 0, options.encode()) != 0:
        sys.exit("disklog: " + os.strerror(ctypes.get_errno()))
    print("ready", flush=True)
    Served(folder, log).serve(fuse)


if __name__ == "__main__":
    main()
