#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`dmarcd demo`: a dashboard of sample mails, or of one's own, and nothing left behind but data.

usage: test_demo.py BIN_DIR
"""
import json
import os
import re
import signal
import socket
import subprocess
import urllib.request

import flow


class Demo(flow.FlowTest):
    def setUp(self):
        super().setUp()
        self.state = self.path("folders", "not there yet", "demo")
        # A range of ports of one's own, so that tests may run side by side.
        self.listen = "127.0.0.1:%d" % (27000 + os.getpid() % 400 * 20)

    def begin(self, *arguments, listen=None):
        demo = subprocess.Popen([flow.program("dmarcd"), "demo", "--state-dir", self.state, "--listen",
                                 listen or self.listen, *arguments], stdout=subprocess.PIPE, text=True,
                                stderr=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "tr_TR.UTF-8",
                                                                "TZ": "Asia/Tokyo"})
        self.addCleanup(demo.stdout.close)
        for line in demo.stdout:
            found = re.search(r"http://[0-9.]+:[0-9]+/", line)
            if found:
                return demo, found.group(0)
        self.fail("no URL: exit %d" % demo.wait())

    def end(self, demo):
        demo.send_signal(signal.SIGINT)
        rest = demo.stdout.read()
        self.assertEqual(demo.wait(flow.END_SECS), 0)
        self.assertIn("the data is kept", rest)

    def totals(self, url):
        with urllib.request.urlopen(url + "api/v1/quarantine") as answer:
            balance = json.load(answer)["balance"]
        return {name: balance[name] for name in flow.BALANCE}

    def wait_for(self, url, mails):
        flow.wait_until(lambda: self.totals(url)["mails"] == mails, "%d mails" % mails)

    def test_samples(self):
        demo, url = self.begin()
        wanted = flow.manifest(os.path.join(self.state, "samples"))
        self.wait_for(url, wanted["mails"])
        self.assertEqual(self.totals(url), {name: wanted[name] for name in flow.BALANCE})
        twice = subprocess.run([flow.program("dmarcd"), "demo", "--state-dir", self.state],
                               capture_output=True, text=True, check=False)
        self.assertEqual(twice.returncode, flow.EX_TEMPFAIL)
        self.assertIn("running already", twice.stderr)
        self.assertIn(url, twice.stderr)
        self.end(demo)
        demo, url = self.begin()
        self.assertEqual(self.totals(url)["mails"], wanted["mails"])
        self.end(demo)

    def test_own_maildir(self):
        wanted = flow.samples(self.path("own"), "--days", "2")
        first = wanted["files"][0]["file"]
        os.rename(self.path("own", first), self.path("own", "cur", os.path.basename(first) + ":2,S"))
        before = flow.listing(self.path("own"))
        demo, url = self.begin(self.path("own"))
        self.wait_for(url, wanted["mails"])
        self.assertEqual(self.totals(url), {name: wanted[name] for name in flow.BALANCE})
        flow.wait_until(self.is_judged, "verdicts, or for want of a DNS that none can be had")
        self.end(demo)
        self.assertEqual(flow.listing(self.path("own")), before)

    def is_judged(self):
        verdicts = self.status(os.path.join(self.state, "demo.yaml"))["verdicts"]
        return verdicts["waiting"] == 0 or verdicts["pauses"] is not None

    def test_port_in_use(self):
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(("127.0.0.1", int(self.listen.split(":")[1])))
            other.listen()
            demo, url = self.begin()
            self.assertNotIn(self.listen, url)
            self.end(demo)

    def test_all_ports_in_use(self):
        host, first = self.listen.split(":")
        others = []
        for i in range(10):
            try:
                others.append(socket.create_server((host, int(first) + i)))
            except OSError:
                pass  # somebody has it: so much the better
        done = self.dmarcd("demo", "--state-dir", self.state, "--listen", self.listen, code=flow.EX_UNAVAILABLE)
        for other in others:
            other.close()
        self.assertIn("the next 9 ports are in use", done.stderr)
        self.assertIn("--listen", done.stderr)

    def test_no_maildir(self):
        done = self.dmarcd("demo", "--state-dir", self.state, self.path("nope"), code=flow.EX_NOINPUT)
        self.assertIn("nope", done.stderr)


if __name__ == "__main__":
    flow.main()
