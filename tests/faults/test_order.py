#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a power cut (F16) may take is what was not yet on disk: so each step of the protocol is on disk before the
next one begins. Quarantined bytes, then their name, then COMMIT and its answer, then the move, then
both folders. What the server loses at a power cut is its own promise: nobody asks it for less.

usage: test_order.py BIN_DIR
"""
import os
import re
import subprocess

import fault
import flow

STEPS = (("the quarantine is in state_dir", r"fsync\(\d+<.*/dmarcd.state>\) = 0"),
         ("quarantined bytes are on disk", r"fsync\(\d+<.*/quarantine/[0-9a-f]{64}\.part>\) = 0"),
         ("they have their name", r"renameat\(.*\.part\", .*\.mail\"\) = 0"),
         ("the name is on disk", r"fsync\(\d+<.*/quarantine>\) = 0"),
         ("COMMIT is asked for", r"sendto\(.*\"Q\\0\\0\\0\\vCOMMIT\\0\""),
         ("and answered", r"recvfrom\(.*\"C\\0\\0\\0\\vCOMMIT\\0"),
         ("a mail is moved", r"renameat2\(\d+<.*/new>, .*/cur>, .*RENAME_NOREPLACE\) = 0"),
         ("and the other", r"renameat2\(\d+<.*/new>, .*/cur>, .*RENAME_NOREPLACE\) = 0"),
         ("the new places are on disk", r"fsync\(\d+<.*/cur>\) = 0"),
         ("the old ones are off it", r"fsync\(\d+<.*/new>\) = 0"))


class Order(fault.FaultTest):
    def test_order(self):
        self.need_strace()
        self.with_server()
        self.put_good()
        self.put_broken()
        done = subprocess.run([*self.traced("-y", "-s", "4000", "-e", "trace=fsync,fdatasync,renameat2,renameat,rename,"
                                            "sendto,recvfrom"), *self.command("ingest", "--once")],
                              check=False, capture_output=True, text=True, timeout=flow.RUN_SECS,
                              env={**os.environ, **fault.NO_LEAK_CHECK})
        self.assertEqual(done.returncode, flow.EX_DATAERR, done.stderr)
        with open(self.path("trace"), encoding="utf-8", errors="replace") as stream:
            lines = stream.read().splitlines()
        self.assertFalse([line for line in lines if "synchronous_commit" in line])
        moves = [at for at, line in enumerate(lines) if re.match(STEPS[6][1], line)]
        at = -1
        for what, pattern in STEPS:
            found = next((n for n, line in enumerate(lines) if n > at and re.match(pattern, line)), None)
            self.assertIsNotNone(found, what)
            self.assertFalse([move for move in moves if at < move < found], "moved before " + what)
            at = found
        self.check()

    def test_cluster(self):
        """Where a private cluster is, its secrets are."""
        self.need_strace()
        self.configure(prepared=False)
        done = subprocess.run([*self.traced("-y", "-e", "trace=fsync,rename,renameat,renameat2"), *self.command("migrate")],
                              check=False, capture_output=True, text=True, timeout=flow.RUN_SECS,
                              env={**os.environ, **fault.NO_LEAK_CHECK})
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(self.path("trace"), encoding="utf-8", errors="replace") as stream:
            text = stream.read()
        self.assertRegex(text, r"(?s)fsync\(\d+<[^>]*>\) = 0.*fsync\(\d+<[^>]*/secrets/\w+>\) = 0.*"
                         r"fsync\(\d+<[^>]*/secrets>\) = 0.*fsync\(\d+<[^>]*/dmarcd.state>\) = 0.*"
                         r"rename\([^)]*pg.tmp\", .*/pg\"\) = 0.*fsync\(\d+<[^>]*/dmarcd.state>\) = 0")


if __name__ == "__main__":
    flow.main()
