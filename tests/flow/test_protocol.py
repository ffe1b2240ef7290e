#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The ingest protocol: whatever dies between two of its steps, the next run ends with the totals
of an undisturbed one, every mail accounted for once, and new/ empty."""
import glob
import os
import re
import signal
import unittest

import flow

# Copies of one mail are few among samples; sums are merged at the end.
PASSES = {"store.copies": ("", ""), "store.merge": ("",)}
PROTOCOLS = {"ingest/pipeline.h": ("ingest", "quarantine", "store"),
             "evidence/evidence.h": ("verdict", "verify")}  # killed in test_judge.py and test_evidence.py
DAYS = "36"  # some 600 mails: at least nine transactions, duplicates and a conflict among them


def fault_points(prefixes):
    """Every name that begins so (None: all), in the rooms that take part."""
    names = set()
    for path in glob.glob(os.path.join(flow.SOURCE, "*", "**", "*.c"), recursive=True):
        if os.path.relpath(path, flow.SOURCE).split(os.sep)[0] not in ("build", "tests"):
            with open(path, encoding="utf-8") as stream:
                names.update(re.findall(r'fault_point\("([^"]+)"\)', stream.read()))
    return sorted(name for name in names if prefixes is None or name.split(".")[0] in prefixes)


def steps(header, prefixes):
    """Every such name in a protocol's own text."""
    with open(os.path.join(flow.SOURCE, header), encoding="utf-8") as stream:
        text = stream.read().split("*/")[0]
    return sorted(re.findall(r"\b(?:%s)\.\w+" % "|".join(prefixes), text))


class Killed(flow.FlowTest):
    """kill -9 of ingest at each fault point, the first, second and fifth time it is passed."""

    def setUp(self):
        super().setUp()
        self.maildir = self.path("mails")
        self.wanted = flow.samples(self.maildir, "--days", DAYS)
        self.configure(self.maildir)
        self.keep_cluster()

    def kill_at(self, fault, *arguments):
        self.dmarcd("ingest", *arguments, code=-signal.SIGKILL, env={"DMARCD_FAULT": fault})

    def check_all(self):
        self.check_totals(self.status(), self.wanted)
        self.check_rows()
        self.check_quarantine(self.wanted)

    def check_between(self):
        """No mail has left new/ before the database knew it, and none is gone."""
        known = {row[0] for row in self.sql("SELECT sha256 FROM dmarcd_api.mail")}
        hashes = {file["file"].split("/")[1]: file["sha256"] for file in self.wanted["files"]}
        moved = {name.split(":")[0] for name in os.listdir(os.path.join(self.maildir, "cur"))}
        waiting = set(os.listdir(os.path.join(self.maildir, "new")))
        self.assertEqual(moved | waiting, set(hashes))
        self.assertEqual(moved & waiting, set())
        self.assertEqual({hashes[name] for name in moved} - known, set())

    def check_point(self, name):
        for nth in PASSES.get(name, ("", ":2", ":5")):
            self.kill_at(name + nth, "--once")
            self.check_between()
        self.dmarcd("ingest", "--once", code=(flow.EX_OK, flow.EX_DATAERR))
        self.check_all()
        self.check_moved(self.maildir, self.wanted)
        self.assertIn('"mails":0,', self.dmarcd("ingest", "--once", "--json").stdout)
        self.check_all()

    def test_undisturbed(self):
        self.dmarcd("ingest", "--once", code=flow.EX_DATAERR)
        self.check_all()
        self.check_moved(self.maildir, self.wanted)

    def test_every_step_has_its_points(self):
        """... and every point is in the text, so that a step can be neither added nor lost unseen."""
        for header, prefixes in PROTOCOLS.items():
            self.assertEqual(steps(header, prefixes), fault_points(prefixes))
        self.assertEqual(fault_points(sum(PROTOCOLS.values(), ())), fault_points(None))

    def test_folder(self):
        """Files outside a Maildir stay; those of the run that was killed are copies in the next."""
        folder = os.path.join(self.maildir, "new")
        before = flow.listing(folder)
        self.kill_at("ingest.committed:3", folder)
        known = self.status()["balance"]["mails"]
        self.assertGreater(known, 0)
        self.dmarcd("ingest", folder, code=flow.EX_DATAERR)
        status = self.status()
        self.check_sums(status, self.wanted)
        self.assertEqual(status["balance"]["stored"], self.wanted["stored"])
        self.assertEqual(status["balance"]["mails"], self.wanted["mails"] + known)
        self.check_rows()
        self.assertEqual(flow.listing(folder), before)

    def test_pipe(self):
        """The MTA that sees its pipe die delivers again."""
        with open(os.path.join(self.maildir, self.wanted["files"][0]["file"]), "rb") as stream:
            mail = stream.read()
        for fault in ("ingest.known", "store.commit", "ingest.committed"):
            self.dmarcd("ingest", "-", input=mail, code=flow.EX_TEMPFAIL, env={"DMARCD_FAULT": fault})
        self.dmarcd("ingest", "-", input=mail)
        status = self.status()
        self.assertEqual(status["balance"], {"mails": 2, "stored": 1, "duplicate": 1,
                                             "not_a_report": 0, "quarantined": 0})
        self.check_rows()


def add_point(name):
    setattr(Killed, "test_" + name.replace(".", "_"), lambda self: self.check_point(name))


for point in fault_points(PROTOCOLS["ingest/pipeline.h"]):
    add_point(point)


if __name__ == "__main__":
    flow.main()
