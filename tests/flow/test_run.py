#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`dmarcd run`: mail that arrives is taken in and shown, a bad configuration is refused while it
runs, a child that is killed comes back, and SIGTERM ends it all.

usage: test_run.py BIN_DIR
"""
import json
import os
import re
import shutil
import signal
import socket
import urllib.request

import flow


class Run(flow.FlowTest):
    def setUp(self):
        super().setUp()
        self.port = 28000 + os.getpid() % 2000
        flow.make_maildir(self.path("inbox"))
        self.text = "state_dir: %s\nhttp: {listen: '127.0.0.1:%d'}\nmaildirs:\n  - {path: %s}\n" % (
            self.path("state"), self.port, self.path("inbox"))
        self.config = self.write("own.yaml", self.text)
        self.systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.systemd.close)
        self.systemd.bind(self.path("notify"))
        self.systemd.settimeout(flow.END_SECS)
        with open(self.path("log"), "w", encoding="utf-8") as log:
            self.daemon = self.start("run", stderr=log, env={
                "NOTIFY_SOCKET": self.path("notify"), "WATCHDOG_USEC": "1000000"})
        flow.wait_until(lambda: "event=\"ready\"" in self.log(), "the daemon to be ready")

    def log(self):
        with open(self.path("log"), encoding="utf-8") as stream:
            return stream.read()

    def deliver(self, samples):
        for name in sorted(os.listdir(self.path(samples, "new"))):
            shutil.copy2(self.path(samples, "new", name), self.path("inbox", "tmp", name))
            os.rename(self.path("inbox", "tmp", name), self.path("inbox", "new", name))

    def totals(self):
        with urllib.request.urlopen("http://127.0.0.1:%d/api/v1/quarantine" % self.port) as answer:
            return json.load(answer)["balance"]

    def end(self):
        self.daemon.send_signal(signal.SIGTERM)
        self.assertEqual(self.daemon.wait(flow.END_SECS), 0)

    def test_systemd_is_told(self):
        """READY once it serves, WATCHDOG again and again, STOPPING at the end."""
        told = []
        while told.count(b"WATCHDOG=1") < 2 or b"READY=1" not in told:
            told.append(self.systemd.recv(100))
        self.end()
        while told[-1] != b"STOPPING=1":
            told.append(self.systemd.recv(100))
        self.assertEqual(told.count(b"READY=1"), 1)

    def test_a_day(self):
        wanted = flow.samples(self.path("mails"), "--days", "2")
        self.deliver("mails")
        flow.wait_until(lambda: self.totals()["mails"] == wanted["mails"], "all mails")
        flow.wait_until(lambda: not os.listdir(self.path("inbox", "new")), "new/ to be empty")
        # One id leads through all that is said of a mail.
        hashes = {file["sha256"][:8] for file in wanted["files"]}
        self.assertLessEqual(set(re.findall(r" mail=([0-9a-f]{8}) ", self.log())), hashes)
        for file in wanted["files"]:
            if file["outcome"] == "quarantined":
                self.assertRegex(self.log(), "mail=%s .*code=%s .*kept=" % (file["sha256"][:8], file["code"]))
        self.end()
        self.check_totals(self.status(), wanted)

    def test_a_bad_configuration_is_refused_while_it_runs(self):
        self.write("own.yaml", self.text + "nonsense: 1\n")
        self.daemon.send_signal(signal.SIGHUP)
        flow.wait_until(lambda: "nonsense" in self.log(), "the mistake to be told")
        self.assertEqual(self.totals()["mails"], 0)
        self.write("own.yaml", self.text)
        self.end()

    def test_a_new_maildir_is_read_and_a_new_state_dir_is_not(self):
        flow.make_maildir(self.path("second"))
        wanted = flow.samples(self.path("mails"), "--days", "1")
        self.write("own.yaml", self.text + "  - {path: %s}\n" % self.path("second"))
        os.rename(self.path("mails", "new"), self.path("mails", "kept"))
        self.daemon.send_signal(signal.SIGHUP)
        flow.wait_until(lambda: "configuration read again" in self.log(), "the configuration to be read")
        for name in os.listdir(self.path("mails", "kept")):
            os.rename(self.path("mails", "kept", name), self.path("second", "new", name))
        flow.wait_until(lambda: not os.listdir(self.path("second", "new")), "new/ to be empty")
        self.write("own.yaml", self.text.replace(self.path("state"), self.path("other")))
        self.daemon.send_signal(signal.SIGHUP)
        flow.wait_until(lambda: "state_dir and database cannot change" in self.log(), "that to be told")
        self.end()
        self.config = self.write("own.yaml", self.text)
        self.check_totals(self.status(), wanted)

    def test_maildirs_come_later(self):
        self.end()
        wanted = flow.samples(self.path("mails"), "--days", "1")
        self.write("own.yaml", self.text.split("maildirs:")[0])
        with open(self.path("log"), "w", encoding="utf-8") as log:
            self.daemon = self.start("run", stderr=log)
        flow.wait_until(lambda: "event=\"ready\"" in self.log(), "the daemon to be ready")
        self.assertIn("no maildirs", self.log())
        self.deliver("mails")
        self.write("own.yaml", self.text)
        self.daemon.send_signal(signal.SIGHUP)
        flow.wait_until(lambda: "configuration read again" in self.log(), "the configuration to be read")
        flow.wait_until(lambda: not os.listdir(self.path("inbox", "new")), "new/ to be empty")
        self.end()
        self.check_totals(self.status(), wanted)

    def test_children_keep_the_configuration_that_was_checked(self):
        """A mistake in the file, told or not, is nothing to a child that is started again."""
        wanted = flow.samples(self.path("mails"), "--days", "1")
        self.write("own.yaml", self.text + "nonsense: 1\n")
        ingest = flow.wait_until(lambda: flow.descendants(self.daemon.pid, "dmarcd-ingest"), "the intake")
        flow.kill(ingest[0])
        self.deliver("mails")
        flow.wait_until(lambda: self.totals()["mails"] == wanted["mails"], "all mails")
        self.write("own.yaml", self.text)
        self.end()

    def test_only_one(self):
        second = self.write("second.yaml", self.text.replace(str(self.port), str(self.port + 1)))
        done = self.dmarcd("run", config=second, code=flow.EX_TEMPFAIL)
        self.assertIn("another dmarcd run", done.stderr)
        self.assertIn("hint:", done.stderr)
        self.end()

    def test_a_killed_database_comes_back(self):
        """The server alone, then its keeper, which takes the server with it."""
        wanted = flow.samples(self.path("mails"), "--days", "2")
        for name in ("postgres", "dmarcd-keeper"):
            for pid in flow.descendants(self.daemon.pid, name):
                flow.kill(pid)
        flow.wait_until(lambda: "the database was gone and runs again" in self.log(), "the database")
        self.deliver("mails")
        flow.wait_until(lambda: not os.listdir(self.path("inbox", "new")), "new/ to be empty")
        self.end()
        self.check_totals(self.status(), wanted)

    def test_a_killed_intake_comes_back(self):
        wanted = flow.samples(self.path("mails"), "--days", "2")
        ingest = flow.wait_until(lambda: flow.descendants(self.daemon.pid, "dmarcd-ingest"), "the intake")
        flow.kill(ingest[0])
        self.deliver("mails")
        flow.wait_until(lambda: self.totals()["mails"] == wanted["mails"], "all mails")
        self.end()
        self.check_totals(self.status(), wanted)


if __name__ == "__main__":
    flow.main()
