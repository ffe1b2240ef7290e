#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every limit of model/limits_list.h at its ceiling and one above, its least and one below; those of the queue and the
quarantine, which no parser test sees, at their value and one above.

usage: test_limits.py BIN_DIR [unittest arguments]
"""
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "flow"))
import flow  # noqa: E402
import mails  # noqa: E402

_LIMIT = re.compile(r"^LIMIT(?:_FROM)?\((\w+), LIMIT_(\w+),(?: ([^,]+),(?=[^,]+,[^,]+, \"))? ([^,]+), ([^,]+), \"", re.M)
UNITS = {"KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "ONE_HOUR": 3600, "ONE_DAY": 86400,
         "INT64_MAX": (1 << 63) - 1}


def number(text):
    product = 1
    for factor in text.split("*"):
        product *= UNITS.get(factor.strip()) or int(factor)
    return product


def table():
    with open(os.path.join(flow.SOURCE, "model", "limits_list.h"), encoding="utf-8") as stream:
        return [(key, unit, number(least or "1"), number(normal), number(ceiling))
                for key, unit, least, normal, ceiling in _LIMIT.findall(stream.read())]


class LimitsTest(flow.FlowTest):
    def check(self, key, unit, value, code):
        path = self.write("limits.yaml", "state_dir: %s\nlimits: {%s: %d%s}\n" % (
            self.path("state"), key, value, "s" if unit == "SECS" else ""))
        return self.dmarcd("config", "check", config=path, code=code)

    def test_ceilings(self):
        limits = table()
        self.assertGreater(len(limits), 40)
        for key, unit, least, normal, ceiling in limits:
            self.assertTrue(least <= normal <= ceiling, key)
            self.check(key, unit, least, flow.EX_OK)
            self.check(key, unit, ceiling, flow.EX_OK)
            done = self.check(key, unit, ceiling + 1, flow.EX_CONFIG)
            self.assertIn("limits.yaml:2:", done.stderr)
            self.assertIn("limits." + key, done.stderr)
            self.assertIn("limits." + key, self.check(key, unit, least - 1, flow.EX_CONFIG).stderr)

    def maildir(self, contents):
        new = os.path.join(flow.make_maildir(self.path("Maildir")), "new")
        for i, content in enumerate(contents):
            with open(os.path.join(new, "%03d" % i), "wb") as stream:
                stream.write(content)
        return self.path("Maildir")

    def test_queue(self):
        """However little may be in hand, everything is taken in."""
        contents = [mails.mail(mails.report("q%d" % i, 2)[0], "q%d" % i) for i in range(20)]
        for name, more in (("names", "queue_names: 1"), ("bytes", "queue_bytes: 1")):
            self.configure(self.maildir(contents), name=name, more="limits: {%s}\n" % more)
            self.dmarcd("ingest", "--once")
            self.assertEqual(self.status()["balance"]["stored"], 20, more)
            os.rename(self.path("Maildir"), self.path("Maildir." + name))

    def in_hand(self, server):
        """The mails that an ingest holds while it waits for the database to say which of them are known."""
        lock = subprocess.Popen(["psql", "-XAtq", "-h", server.folder, "-U", "postgres", "dmarcd"], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, text=True)
        self.addCleanup(lock.kill)
        lock.stdin.write("BEGIN; LOCK TABLE dmarcd.mail; SELECT 'held';\n")
        lock.stdin.flush()
        self.assertEqual(lock.stdout.readline(), "held\n")
        ingest = self.start("ingest", "--once", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        flow.wait_until(lambda: server.psql("dmarcd", "-c", "SELECT count(*) FROM pg_locks WHERE NOT granted") == "1",
                        "the ingest to wait")
        folder = "/proc/%d/fd" % ingest.pid
        held = sum("memfd:mail" in os.readlink(os.path.join(folder, fd)) for fd in os.listdir(folder))
        lock.communicate("ROLLBACK;\n")
        self.assertEqual(ingest.wait(flow.END_SECS), flow.EX_OK)
        return held

    def test_queue_ends(self):
        server = self.own_server()
        dsn = server.create("dmarcd")
        contents = [mails.mail(mails.report("n%d" % i, 2)[0], "n%d" % i) for i in range(10)]
        two = sum(map(len, contents[:2]))
        for more, held in (("queue_names: 3", 3), ("queue_names: 4", 4), ("queue_bytes: %d" % two, 2),
                           ("queue_bytes: %d" % (two + 1), 3)):
            with self.subTest(more):
                self.configure(self.maildir(contents), dsn=dsn, more="limits: {%s}\n" % more)
                self.dmarcd("migrate")
                self.assertEqual(self.in_hand(server), held)
                self.assertEqual(os.listdir(self.path("Maildir", "new")), [])
                shutil.rmtree(self.path("Maildir"))

    def test_quarantine_bytes(self):
        broken = mails.broken(1)
        for less, left in ((0, 0), (1, 1)):
            name = "kept%d" % less
            self.configure(self.maildir([broken]), name=name,
                           more="limits: {quarantine_bytes: %d}\n" % (len(broken) - less))
            self.dmarcd("ingest", "--once", code=(flow.EX_OK, flow.EX_DATAERR, flow.EX_TEMPFAIL, 74))
            self.assertEqual(len(os.listdir(self.path("Maildir", "new"))), left)
            self.assertEqual(self.status()["balance"]["quarantined"], 1 - left)
            os.rename(self.path("Maildir"), self.path("Maildir." + name))


if __name__ == "__main__":
    flow.main()
