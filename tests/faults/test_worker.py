#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Workers stopped and crashed in the middle of a mail (F3), and workers that lie (F4): the mail is tried
once more in a fresh one, then set aside with its reason; its neighbours are what they are.

usage: test_worker.py BIN_DIR
"""
import os
import shutil
import signal
import sys

import fault
import flow
import mails

NEIGHBOURS = 6
# More frames than a pipe holds: while ingest is stopped, the process of such a mail waits, half done.
RECORDS = 8000
# What lying_worker.py knows, and what it is called when it has been told twice.
LIES = tuple((name, "worker.protocol") for name in (
    "garbage", "nothing", "too_long", "endless", "twice", "half", "other_sums")) + tuple(
    (name, "worker.crashed") for name in ("ready_again", "other_version", "no_message", "gone", "crashed")) + (
    ("silent", "worker.timeout"),)


class MidMail(fault.FaultTest):
    """Ingest is stopped where it has just given the large mail, its only one, to a worker."""

    def setUp(self):
        super().setUp()
        self.with_server(more="limits: {mail_secs: 4s}\n")

    def put_large(self, outcomes, codes="*"):
        xml, messages = mails.report("large", RECORDS)
        passed = sum(i % 7 + 1 for i in range(RECORDS) if i % 3)
        self.put(mails.mail(xml, "large"), outcomes, codes, totals=(1, RECORDS, messages, passed, 0, 0))

    def put_neighbours(self):
        for _ in range(NEIGHBOURS):
            self.put_good()

    def at_work(self, ingest, template=False):
        """The processes that have a template for parent, or these parents."""
        table = flow.parents()
        workers = flow.descendants(ingest.pid, "dmarcd-worker")
        return [table[pid][0] if template else pid for pid in workers if pid in table and table[pid][0] in workers]

    def ingest_while(self, trouble, code):
        """trouble(ingest) in the middle of the mail."""
        with open(self.path("log"), "w", encoding="utf-8") as log:
            ingest = self.start("ingest", "--once", stdout=log, stderr=log,
                                env={"DMARCD_FAULT": "ingest.submitted", "DMARCD_FAULT_SIGNAL": "STOP"})
        self.assertTrue(os.WIFSTOPPED(os.waitpid(ingest.pid, os.WUNTRACED)[1]))
        trouble(ingest)
        os.kill(ingest.pid, signal.SIGCONT)
        self.assertEqual(ingest.wait(flow.RUN_SECS), code, self.log())

    def signal_to(self, number, template=False):
        def trouble(ingest):
            found = flow.wait_until(lambda: self.at_work(ingest, template), "a worker at work")
            self.assertTrue(flow.kill(found[0], number))
            self.put_neighbours()
        return trouble

    def once(self, number, template=False):
        self.put_large("stored")
        self.ingest_while(self.signal_to(number, template), flow.EX_OK)
        self.dmarcd("ingest", "--once")
        self.check()

    def test_stopped(self):
        """Until its deadline."""
        self.once(signal.SIGSTOP)

    def test_crashed(self):
        self.once(signal.SIGSEGV)

    def test_stopped_and_told_to_end(self):
        """It is not waited for: its mail is in new/, and the next run's."""
        self.configure(self.maildir, dsn=self.server.dsn("dmarcd"), more="limits: {mail_secs: 120s}\n")
        stopped = self.signal_to(signal.SIGSTOP)

        def trouble(ingest):
            stopped(ingest)
            ingest.terminate()
        self.put_large("stored")
        self.ingest_while(trouble, flow.EX_UNAVAILABLE)
        self.check(settled=False)
        self.assertEqual(self.status()["balance"]["mails"], 0)
        self.dmarcd("ingest", "--once")
        self.check()

    def test_template_stopped(self):
        self.once(signal.SIGSTOP, template=True)

    def test_template_crashed(self):
        self.once(signal.SIGSEGV, template=True)


class Lying(fault.FaultTest):
    """Each lie at each try, all in one run with good mails around them."""

    def setUp(self):
        super().setUp()
        os.mkdir(self.path("bin"))
        shutil.copy2(flow.program("dmarcd"), self.path("bin", "dmarcd"))
        os.symlink(flow.program("dmarcd-worker"), self.path("bin", "real-worker"))
        with open(os.path.join(fault.HERE, "lying_worker.py"), encoding="utf-8") as stream:
            self.write("bin/dmarcd-worker", "#!%s -ISs\n%s" % (sys.executable, stream.read()))
        os.chmod(self.path("bin", "dmarcd-worker"), 0o755)

    def command(self, *arguments, config=None):
        return [self.path("bin", "dmarcd"), *super().command(*arguments, config=config)[1:]]

    def put_lie(self, name, code):
        data = mails.aggregate("lie-" + name, *range(1, 400))
        self.put(b"X-Lie: " + name.encode() + b"\n" + data, "quarantined", code)

    def put_all(self):
        for number, (name, code) in enumerate(LIES):
            self.put_lie(name, code)
            for _ in range(number % 2 + 1):
                self.put_good()

    def test_lies(self):
        self.with_server(more="limits: {mail_secs: 3s, workers: 3, records: 100000}\n")
        self.put_all()
        self.put(b"X-Lie: slow\n" + mails.aggregate("slow", 1, 2), "stored", totals=(1, 2, 3, 3, 0, 0))
        done = self.dmarcd("ingest", "--once", code=flow.EX_DATAERR)
        self.assertEqual(done.stderr.count("worker failed on a mail"), len(LIES))
        self.check()


if __name__ == "__main__":
    flow.main()
