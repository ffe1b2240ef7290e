#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Told to stop, or to read a broken configuration, in the middle of the load: SIGTERM once (F14), twice,
SIGINT and SIGHUP (F15), of the whole daemon with its private cluster and of ingest alone.

usage: test_stop.py BIN_DIR
"""
import os
import signal
import time

import fault
import flow
import mails

DAYS = "20"
DRAINED_SECS = 10


class Stop(fault.FaultTest):
    def loaded(self):
        """Samples, and a report that keeps its worker busy when it is told to stop."""
        count = self.put_samples("--days", DAYS)
        xml, _ = mails.report("large", 30000)
        self.put(mails.mail(xml, "large"), "stored")
        return count + 1

    def run_daemon(self, *what):
        self.port = 24000 + os.getpid() % 2000
        self.text = "http: {listen: '127.0.0.1:%d'}\n" % self.port
        self.configure(self.maildir, more=self.text + "limits: {%s}\n" % fault.PATIENT)
        with open(self.path("log"), "w", encoding="utf-8") as log:
            daemon = self.start(*what, stderr=log)
        self.addCleanup(lambda: daemon.poll() is None and daemon.kill())
        flow.wait_until(lambda: os.listdir(os.path.join(self.maildir, "cur")) or daemon.poll() is not None,
                        "the first mails to be taken in")
        self.assertGreater(len(os.listdir(self.new())), 64, "too fast for this test")
        return daemon

    def check_rest(self):
        """Nothing half done; what was not taken in any more is still there, and is the next run's."""
        self.check(settled=False)
        self.dmarcd("ingest", "--once", code=fault.ENDS)
        self.check()

    def ended(self, daemon, *signals):
        began = time.monotonic()
        for number in signals:
            daemon.send_signal(number)
        self.assertEqual(daemon.wait(flow.END_SECS), 0, self.log())
        print("%s: ended in %.1f s (%d s are promised), %d mails left" % (
            "+".join(number.name for number in signals), time.monotonic() - began, DRAINED_SECS, len(os.listdir(self.new()))))
        self.check_rest()

    def test_term(self):
        self.loaded()
        self.ended(self.run_daemon("run"), signal.SIGTERM)

    def test_term_twice(self):
        """The second is immediate, and no less safe."""
        self.loaded()
        self.ended(self.run_daemon("run"), signal.SIGTERM, signal.SIGTERM)

    def test_int(self):
        self.loaded()
        self.ended(self.run_daemon("run"), signal.SIGINT)

    def test_ingest_alone(self):
        self.loaded()
        self.ended(self.run_daemon("ingest"), signal.SIGTERM, signal.SIGTERM)

    def test_broken_configuration(self):
        """The old one stays, and no mail waits for a better one."""
        self.loaded()
        daemon = self.run_daemon("run")
        with open(self.config, encoding="utf-8") as stream:
            good = stream.read()
        self.write("dmarcd.yaml", good + "nonsense: 1\n")
        daemon.send_signal(signal.SIGHUP)
        self.wait_for_word("the configuration has a mistake, the old one stays")
        self.wait_for_empty()
        self.write("dmarcd.yaml", good)
        self.put_good()
        self.wait_for_empty()
        self.ended(daemon, signal.SIGTERM)


if __name__ == "__main__":
    flow.main()
