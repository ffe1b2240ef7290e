#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The ingest protocol: whatever dies between two of its steps, the next run ends with the totals
of an undisturbed one, every mail accounted for once, and new/ empty."""
import os
import re
import signal
import unittest

import flow

DAYS = "20"  # some 350 mails: more than five transactions, duplicates and a conflict among them


def fault_points():
    """Every name in the rooms that take part."""
    names = set()
    for room in ("ingest", "store"):
        folder = os.path.join(flow.SOURCE, room)
        for name in sorted(os.listdir(folder)):
            if name.endswith(".c"):
                with open(os.path.join(folder, name), encoding="utf-8") as stream:
                    names.update(re.findall(r'fault_point\("([^"]+)"\)', stream.read()))
    return sorted(names)


class Killed(flow.FlowTest):
    """kill -9 of ingest at each fault point, the first, second and fifth time it is passed."""

    def setUp(self):
        super().setUp()
        self.maildir = self.path("mails")
        self.wanted = flow.samples(self.maildir, "--days", DAYS)
        self.configure(self.maildir)

    def kill_at(self, fault, *arguments):
        self.dmarcd("ingest", *arguments, code=-signal.SIGKILL, env={"DMARCD_FAULT": fault})

    def check_all(self):
        self.check_totals(self.status(), self.wanted)
        self.check_rows()
        self.check_quarantine(self.wanted)

    def check_point(self, name):
        for nth in ("", ":2", ":5"):
            self.kill_at(name + nth, "--once")
            self.assertNotEqual(self.status()["balance"]["mails"] +
                                len(os.listdir(os.path.join(self.maildir, "new"))), 0)
        self.dmarcd("ingest", "--once", code=(flow.EX_OK, flow.EX_DATAERR))
        self.check_all()
        self.check_moved(self.maildir, self.wanted)
        again = self.dmarcd("ingest", "--once", "--json").stdout
        self.assertIn('"mails":0', again)
        self.check_all()

    def test_undisturbed(self):
        self.dmarcd("ingest", "--once", code=flow.EX_DATAERR)
        self.check_all()
        self.check_moved(self.maildir, self.wanted)

    def test_there_are_fault_points(self):
        self.assertGreater(len(fault_points()), 8)


def add_point(name):
    setattr(Killed, "test_" + name.replace(".", "_"), lambda self: self.check_point(name))


for point in fault_points():
    add_point(point)


if __name__ == "__main__":
    flow.main()
