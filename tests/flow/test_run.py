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
        with open(self.path("log"), "w", encoding="utf-8") as log:
            self.daemon = self.start("run", stderr=log)
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
