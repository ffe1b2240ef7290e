# SPDX-License-Identifier: Apache-2.0
"""File names are another's choice: each is taken in under its bytes (Maildir: whatever does not begin
with a dot). The objects that are no regular file are placed by objects()."""
import os
import socket

from corpus.kit import CANARY_TEXT, ONE, gz, mail_of, xml

NAMES = [b"1774828800.M1P1.host:2,S", b"1774828800.M2P1.host:2,", b"1774828800.M3P1.host:2,RST", b"a name with spaces", b"-rf", b"--help", b"*", b"?[a-z]", b"$(id)", b"`id`;id|id&",
         b"'; DROP TABLE mail;--", b"<script>xssCanary()</script>".replace(b"/", b"_"), b"new\nline", b"tab\there", b"esc\x1b[31m", b"\xff\xfe\xfd", "\u65e5\u672c\u8a9e".encode(), "\u202elme".encode(),
         b"n" * 240, b"a:b:c:2,S", b":2,S", b"%s%n", b"name\\with\\backslashes", b"~", b"=1+1", b"file.tmp", b"NUL", b"1.2.3,S=99999999,W=1"]


def make(corpus):
    kind = corpus.kind("maildir_names")
    # The same bytes under two names that are no text: a mail and its one copy, not the same sighting.
    for name in (b"copy\xff", b"copy\xfe"):
        kind.add("copy", mail_of(kind.id("copy"), gz(xml(kind.id("copy")))), "S", totals=ONE, file=os.fsdecode(name))
    for i, name in enumerate(NAMES):
        report_id = kind.id("%02d" % i)
        kind.add("%02d" % i, mail_of(report_id, gz(xml(report_id))), "S", totals=ONE, file=os.fsdecode(name))


def objects(new, canary_file):
    """Eight things in new/ that are no mail; the paths of all. Nothing of them may be read or moved."""
    inside = os.path.join(new, "o.directory")
    os.mkdir(inside)
    os.mkfifo(os.path.join(new, "o.fifo"))
    os.symlink(canary_file, os.path.join(new, "o.symlink"))
    os.symlink("nowhere", os.path.join(new, "o.dangling"))
    os.symlink("o.loop", os.path.join(new, "o.loop"))
    here = os.open(new, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("/proc/self/fd/%d/o.socket" % here)
    os.close(here)
    for name, mode in (("o.unreadable", 0), (".o.dot", 0o600)):
        with open(os.path.join(new, name), "w", encoding="ascii") as stream:
            stream.write("Subject: %s\n\n%s\n" % (name, CANARY_TEXT))
        os.chmod(os.path.join(new, name), mode)
    return [os.path.join(new, name) for name in sorted(os.listdir(new)) if name.startswith(("o.", ".o."))]
