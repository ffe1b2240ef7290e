#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The connection to PostgreSQL cut at every statement of an ingest, before the server has it or
before its answer comes; and a network that takes everything and delivers nothing, in the middle of
a transaction. With FAULTS=all: at every message in either direction.

usage: test_link.py BIN_DIR
"""
import os
import subprocess
import unittest

import fault
import flow
import mails
import proxy

ENDS_A_STATEMENT = (proxy.QUERY, b"S", b"c")  # Query, Sync, CopyDone
SILENT = "limits: {query_secs: 1s, web_query_secs: 1s}\n"  # and five more for the answer to come


class Link(fault.FaultTest):
    def setUp(self):
        super().setUp()
        self.with_server()
        self.counted = 0
        self.trouble = lambda point: proxy.PASS
        self.between = proxy.Proxy(self.server, self.path("proxy"), self.ask)
        self.addCleanup(self.between.close)

    def through_proxy(self, more=""):
        self.configure(self.maildir, dsn=self.between.dsn("dmarcd"), more=more)

    def ask(self, message):
        """Statements are counted twice: as they go, and as their answer comes."""
        answer = message.toward == proxy.CLIENT
        is_point = message.kind == proxy.READY if answer else message.kind in ENDS_A_STATEMENT
        if not fault.ALL and not is_point:
            return proxy.PASS
        self.counted += 1
        return self.trouble(self.counted)

    def put_kinds(self):
        """Five mails with all that a transaction may hold."""
        first = self.made + 1
        self.put_good()
        with open(self.new(self.put_good()), "rb") as stream:
            again = stream.read()
        self.put(again, "stored", totals=self.manifest.mails[-1].totals)
        self.put_broken()
        self.put(mails.failure(first), "stored")

    def known(self):
        return self.server.psql("dmarcd", "-c", "SELECT count(*), sum(copies), (SELECT count(*) FROM dmarcd.report), "
                                "(SELECT sum(messages) FROM dmarcd.record), (SELECT sum(messages) FROM dmarcd.daily_cell), "
                                "(SELECT count(*) FROM dmarcd_api.failure) FROM dmarcd.mail")

    def expected(self):
        wanted = {mail.sha256: mail for mail in self.manifest.mails}.values()
        aggregates = [mail.totals for mail in wanted if mail.totals]
        messages = sum(totals[2] for totals in aggregates)
        failures = len([mail for mail in wanted if mail.outcomes == ["stored"] and not mail.totals])
        return "|".join(map(str, (len(wanted), len(self.manifest.mails) - len(wanted), len(aggregates) + failures,
                                  messages, messages, failures)))

    def ingest(self, code):
        self.counted = 0
        return self.dmarcd("ingest", "--once", code=code).returncode

    def test_cut_at_every_statement(self):
        self.through_proxy()
        self.put_kinds()
        self.ingest(flow.EX_DATAERR)
        points = self.counted
        self.assertGreater(points, 40)
        away = 0
        # Statements and answers alternate: so do they when every third is taken.
        for point in range(1, points + 1, 1 if fault.ALL else 3):
            with self.subTest(point):
                self.put_kinds()
                self.trouble = lambda at, point=point: proxy.CUT if at == point else proxy.PASS
                if self.ingest((*fault.ENDS, flow.EX_UNAVAILABLE)) == flow.EX_UNAVAILABLE:
                    away += 1
                    self.trouble = lambda at: proxy.PASS
                    self.ingest(flow.EX_DATAERR)
                self.assertEqual(os.listdir(self.new()), [])
                self.assertEqual(self.known(), self.expected())
        # Only a run that has not yet begun gives up at once.
        self.assertLess(away, points // 4)
        self.between.trouble = lambda message: proxy.PASS
        self.check()

    def at_commit(self, nth, what):
        """From this COMMIT of the proxy's life on."""
        def ask(message):
            return what if message.is_commit() and message.nth == nth else proxy.PASS
        self.between.trouble = ask

    def test_hole_once(self):
        """A run by hand gives up; what it did not know to be committed is where it was."""
        self.through_proxy(SILENT)
        self.put_kinds()
        self.at_commit(1, proxy.HOLE)
        done = self.dmarcd("ingest", "--once", code=flow.EX_UNAVAILABLE)
        self.assertIn("broke at COMMIT", done.stderr)
        self.between.heal()
        self.check(settled=False)
        self.dmarcd("ingest", "--once", code=flow.EX_DATAERR)
        self.between.trouble = lambda message: proxy.PASS
        self.check()

    @unittest.skipUnless(fault.ALL, "the same wait again")
    def test_hole_pipe(self):
        self.through_proxy(SILENT)
        data = mails.aggregate("piped", 1)
        self.at_commit(1, proxy.HOLE)
        self.dmarcd("ingest", "-", input=data, code=flow.EX_TEMPFAIL)

    def test_hole_daemon(self):
        """The daemon waits for as long as it lasts, and goes on by itself; pages answer meanwhile."""
        port = 34000 + os.getpid() % 2000
        self.through_proxy(SILENT + "http: {listen: '127.0.0.1:%d'}\n" % port)
        self.put_kinds()
        self.at_commit(1, proxy.HOLE)
        with open(self.path("log"), "w", encoding="utf-8") as log:
            daemon = self.start("run", stdout=subprocess.DEVNULL, stderr=log)
        self.wait_for_word("broke at COMMIT")
        self.assertEqual(len(os.listdir(self.new())), 5)
        self.assertEqual(self.page_status(port, "/readyz"), 503)
        self.between.heal()
        flow.wait_until(lambda: not os.listdir(self.new()), "mails to be taken in")
        self.assertEqual((self.page_status(port, "/readyz"), self.page_status(port, "/")), (200, 200))
        daemon.terminate()
        self.assertEqual(daemon.wait(flow.END_SECS), flow.EX_OK)
        self.between.trouble = lambda message: proxy.PASS
        self.check()

    @unittest.skipUnless(fault.ALL, "the same wait again")
    def test_hole_reader(self):
        self.through_proxy(SILENT)
        self.between.trouble = lambda message: proxy.HOLE if b"SELECT" in message.body else proxy.PASS
        self.assertIn("silent", self.dmarcd("status", code=flow.EX_UNAVAILABLE).stderr)


if __name__ == "__main__":
    flow.main()
