#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""SIGKILL of ingest at the entry of each of its system calls (F1), from the first look at a mail in
new/ to the end of the run: the next run settles what was left. FAULTS=all takes every call, else some.

usage: test_every_call.py BIN_DIR
"""
import collections
import os
import re
import signal
import subprocess

import fault
import flow
import mails

SOME = 24
LESS = 12


class EveryCall(fault.FaultTest):
    def setUp(self):
        super().setUp()
        self.need_strace()
        self.with_server()

    def put_three(self):
        """One to be stored, one to be set aside, and a copy."""
        self.put_good()
        self.put_broken()
        data = mails.aggregate("twice-%d" % self.made, 1)
        self.put(data, "stored")
        self.put(data, "stored")

    def ingest(self, *options):
        """Its end as a shell tells it, under strace."""
        return subprocess.run([*self.traced(*options), *self.command("ingest", "--once")], check=False,
                              capture_output=True, text=True, timeout=flow.RUN_SECS,
                              env={**os.environ, **fault.NO_LEAK_CHECK})

    def calls(self):
        """(name, how many of that name came before) of every call of one run from the first mail on."""
        self.put_three()
        done = self.ingest()
        self.assertEqual(done.returncode, flow.EX_DATAERR, done.stderr)
        self.check()
        seen, found, begun = collections.Counter(), [], False
        with open(self.path("trace"), encoding="utf-8", errors="replace") as stream:
            for line in stream:
                name = re.match(r"(\w+)\(", line)
                if not name:
                    continue
                seen[name[1]] += 1
                begun |= name[1] == "openat" and ".M1P1.mx" in line
                if begun and name[1] != "exit_group":
                    found.append((name[1], seen[name[1]]))
        self.assertIn("renameat2", dict(found))
        return found

    def kill_at(self, name, nth):
        """A run may wait some times less than the one before it: where there is no such call, at the one before."""
        for when in range(nth, max(nth - LESS, 0), -1):
            self.put_three()
            done = self.ingest("-e", "inject=%s:signal=SIGKILL:when=%d" % (name, when))
            if done.returncode == -signal.SIGKILL:
                return
            self.assertEqual(done.returncode, flow.EX_DATAERR, done.stderr)
        self.fail("%s: not called %d times" % (name, nth - LESS))

    def test_every_call(self):
        points = self.calls()
        stride = 1 if fault.ALL else max(1, len(points) // SOME)
        for name, nth in points[::stride]:
            with self.subTest(call=name, nth=nth):
                self.kill_at(name, nth)
                self.check(settled=False)
                self.dmarcd("ingest", "--once", code=fault.ENDS)
                self.check()
        print("killed at %d of %d system calls" % (len(points[::stride]), len(points)))


if __name__ == "__main__":
    flow.main()
