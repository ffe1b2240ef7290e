#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Under systemd lines of the log go to the journal with a field for each value
(systemd.journal-fields(7), "Native Protocol"); without the journal they go to stderr.

usage: test_journal.py BIN_DIR
"""
import os
import socket
import subprocess
import threading

import flow

MOUNTS = ("mount -t tmpfs none /run && mkdir -p /run/systemd/journal && "
          "mount --bind '%s' /run/systemd/journal && exec \"$@\"")


def fields(datagram):
    """The fields of one entry, all in the form with a length."""
    found = {}
    while datagram:
        key, datagram = datagram.split(b"\n", 1)
        size = int.from_bytes(datagram[:8], "little")
        found[key.decode()] = datagram[8:8 + size].decode()
        assert datagram[8 + size:9 + size] == b"\n"
        datagram = datagram[9 + size:]
    return found


class Journal(flow.FlowTest):
    def setUp(self):
        super().setUp()
        if subprocess.run(["unshare", "-m", "true"], stderr=subprocess.DEVNULL, check=False).returncode:
            self.skipTest("not run: journal: mounting needs root")
        self.wanted = flow.samples(self.path("mails"), "--days", "2")
        self.configure(more="limits: {%s}\n" % flow.PATIENT)
        os.mkdir(self.path("journal"))

    def ingest(self):
        """What stderr got, with the folder `journal` where the journal has its socket."""
        with open(self.path("stderr"), "w+", encoding="utf-8") as stderr:
            status = os.fstat(stderr.fileno())
            self.dmarcd_in(stderr, "%d:%d" % (status.st_dev, status.st_ino))
            stderr.seek(0)
            return stderr.read()

    def dmarcd_in(self, stderr, stream):
        done = subprocess.run(["unshare", "-m", "sh", "-c", MOUNTS % self.path("journal"), "sh",
                               flow.program("dmarcd"), "-c", self.config, "ingest", self.path("mails")],
                              stdout=subprocess.DEVNULL, stderr=stderr, check=False,
                              env={**os.environ, "JOURNAL_STREAM": stream})
        self.assertEqual(done.returncode, flow.EX_DATAERR)

    def test_fields(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
            journal.bind(self.path("journal", "socket"))
            entries = []
            reader = threading.Thread(target=lambda: entries.extend(
                fields(datagram) for datagram in iter(lambda: journal.recv(65536), b"")), daemon=True)
            reader.start()
            self.assertNotIn("process=", self.ingest())
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
                end.sendto(b"", self.path("journal", "socket"))
            reader.join()
        codes = {}
        for entry in entries:
            self.assertEqual(entry["SYSLOG_IDENTIFIER"], "dmarcd")
            self.assertEqual(entry["DMARCD_PROCESS"], "ingest")
            self.assertIn(entry["DMARCD_EVENT"], entry["MESSAGE"])
            self.assertIn(entry["PRIORITY"], ("3", "4", "6"))
            if "DMARCD_CODE" in entry:
                codes[entry["DMARCD_MAIL"]] = entry["DMARCD_CODE"]
        self.assertEqual(codes, {file["sha256"][:8]: file["code"] for file in self.wanted["files"]
                                 if file["outcome"] == "quarantined"})

    def test_journal_away(self):
        self.assertIn("process=ingest", self.ingest())


if __name__ == "__main__":
    flow.main()
