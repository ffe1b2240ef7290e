#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A clock that jumps under a running daemon, a day and decades, forth and back: mails are taken in,
pages are served, deadlines keep their length, and retention forgets no more than a day or two.

usage: test_clock.py BIN_DIR
"""
import datetime
import glob
import os
import subprocess
import unittest
import urllib.request

import fault
import flow
import mails

JUMPS = ("+1d", "-1d", "@1970-01-02 00:00:00", "@2040-01-01 00:00:00", "+0")
LIBRARY = (glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1") or [None])[0]
DAY = 86400


@unittest.skipUnless(LIBRARY, "not run: faults: faketime is not installed")
class Clock(fault.FaultTest):
    def setUp(self):
        super().setUp()
        self.port = 38000 + os.getpid() % 2000
        self.with_server("retention: {records: 300d, originals: 300d}\nhttp: {listen: '127.0.0.1:%d'}\n" % self.port)
        self.clock = self.path("clock")
        self.set_clock("+0")
        # The monotonic clock goes on as it does.
        self.env = {"LD_PRELOAD": LIBRARY, "FAKETIME_TIMESTAMP_FILE": self.clock, "FAKETIME_NO_CACHE": "1",
                    "DONT_FAKE_MONOTONIC": "1"}

    def set_clock(self, text):
        with open(self.clock + ".next", "w", encoding="utf-8") as stream:
            stream.write(text + "\n")
        os.rename(self.clock + ".next", self.clock)

    def page(self):
        with urllib.request.urlopen("http://127.0.0.1:%d/" % self.port) as answer:
            return answer.status

    def test_running(self):
        with open(self.path("log"), "w", encoding="utf-8") as log:
            daemon = self.start("run", stdout=subprocess.DEVNULL, stderr=log, env=self.env)
        self.wait_for_word('event="ready"')
        children = sorted(flow.descendants(daemon.pid, "dmarcd"))
        for jump in JUMPS:
            self.set_clock(jump)
            self.put_good()
            self.put_broken()
            flow.wait_until(lambda: not os.listdir(self.new()), "mails to be taken in at " + jump)
            self.assertEqual(self.page(), 200)
            if jump.startswith("@"):
                self.assertIn("time=" + jump[1:5], self.log())
        self.assertEqual(sorted(flow.descendants(daemon.pid, "dmarcd")), children)
        self.assertIsNone(daemon.poll())
        daemon.terminate()
        self.assertEqual(daemon.wait(flow.END_SECS), flow.EX_OK)
        self.assertNotIn("limits.mail_secs", self.log())
        self.check()

    def put_days_ago(self, days):
        begin = int(datetime.datetime.now(datetime.timezone.utc).timestamp()) // DAY * DAY - days * DAY
        self.put(mails.aggregate("ago-%d" % days, 1, begin=begin), "stored", totals=(1, 1, 1, 1, 0, 0))

    def records(self):
        return self.status()["records"]

    def test_retention(self):
        """No mass expiry, however far the clock jumps; a clock that is right is believed when told so."""
        for days in (10, 100, 200, 299, 301):
            self.put_days_ago(days)
        self.dmarcd("ingest", "--once")
        self.assertEqual(self.records(), 5)
        for jump, left, warned in (("+0", 4, False), ("-1d", 4, False), ("@1970-01-02 00:00:00", 4, False),
                                   ("+0", 4, False), ("@2040-01-01 00:00:00", 3, True), ("+40d", 3, True),
                                   ("@2040-01-01 00:00:00", 3, True), ("+0", 3, False)):
            self.set_clock(jump)
            done = self.dmarcd("retention", env=self.env)
            self.assertEqual((self.records(), "the clock is" in done.stderr), (left, warned), jump)
        self.set_clock("+150d")
        self.dmarcd("retention", "--catch-up", env=self.env)
        self.assertEqual(self.records(), 2)
        self.check_rows()


if __name__ == "__main__":
    flow.main()
