#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Verdicts while the DNS is slow, dead or lies (F40 to F44): mail is taken in all the same, its jobs wait, and each is
judged once when the answers are back.

usage: test_verify_dns.py BIN_DIR
"""
import os
import signal

import factory
import flow
import verdicts

REPORTER = "reporter.example"
AWAY = (flow.EX_OK, flow.EX_UNAVAILABLE, flow.EX_TEMPFAIL)
BUDGET = 60  # of the questions about one mail


class Dns(verdicts.VerdictTest):
    more = "limits: {dns_query_secs: 1s, dns_mail_secs: 2s}\n"

    def setUp(self):
        super().setUp()
        self.world.add(REPORTER, spf="v=spf1 ip4:192.0.2.0/24 -all")
        self.dns.load(self.world.zone())

    def mail(self, report_id):
        return self.world.sign(factory.aggregate(report_id), REPORTER)

    def judged(self):
        """{(mail, part): how often}: rows of verdicts, one each."""
        return self.rows("SELECT count(*), count(DISTINCT sha256) FROM dmarcd.verdict WHERE part = 0")[0]

    def try_in_vain(self, mode):
        self.dns.mode = mode
        self.dns.asked()
        self.server.psql("verdicts", "-c", "UPDATE dmarcd.verify_job SET due_at = now() - interval '1 second'")
        self.dmarcd("verify", "--once", code=AWAY)
        self.dns.mode = "well"
        return self.dns.asked()

    def test_faults(self):
        mails = []
        for mode in ("servfail", "dead", "wrong_id", "wrong_question", "truncated", "refused", "garbage"):
            mails.append(self.mail(mode))
            self.dns.asked()
            self.assertEqual(self.take(mails[-1:])["stored"], 1)
            self.assertEqual(self.dns.asked(), [], "to take mail in asks nobody")
            asked = self.try_in_vain(mode)
            self.assertTrue(asked, mode)
            self.assertLessEqual(len(asked), BUDGET * len(mails), mode)
            self.assertEqual(self.waiting(), len(mails), mode)
            self.assertEqual({state for state, _, _ in self.reports().values()}, {"pending"}, mode)
            self.assertEqual(self.status()["messages"], len(mails))
        self.assertEqual(self.judged(), ("0", "0"))
        self.judge(again=True)
        self.assertEqual(self.waiting(), 0)
        self.check_cases({mail[:80]: (mail, "verified", "dmarc.pass") for mail in mails})
        self.assertEqual(self.judged(), (str(len(mails)),) * 2)
        self.check_sums_of_rows()

    def test_backoff(self):
        """A job that could not be judged is due later each time, and is left alone until then."""
        self.world.publish("_dmarc." + REPORTER, "!SERVFAIL")
        self.take([self.mail("later")])
        waits = []
        for _ in range(4):
            self.judge(again=True)
            waits.append(float(self.rows("SELECT extract(epoch FROM due_at - now()) FROM dmarcd.verify_job")[0][0]))
            self.dns.asked()
            self.judge()
            self.assertEqual(self.dns.asked(), [])
        self.assertEqual(waits, sorted(waits))
        self.assertGreater(waits[-1], 2 * waits[0])
        self.assertTrue(self.rows("SELECT problem FROM dmarcd.verify_job")[0][0])

    def test_slow(self):
        """Late, but within what a question may take."""
        self.dns.mode, self.dns.slow_secs = "slow", 0.2
        mails = [self.mail("slow-%d" % number) for number in range(3)]
        self.take(mails)
        self.judge()
        self.check_cases({"slow": (mails[0], "verified", "dmarc.pass")})
        self.assertEqual(self.waiting(), 0)

    def test_daemon(self):
        """It goes on by itself once somebody answers; mail came in and went to cur/ meanwhile."""
        self.dns.mode = "dead"
        first = self.mail("first")
        self.take([first])
        with open(self.path("log"), "w", encoding="utf-8") as log:
            daemon = self.start("run", stdout=log, stderr=log)
        try:
            factory.deliver(self.maildir, [self.mail("second")], 100)
            flow.wait_until(lambda: not os.listdir(os.path.join(self.maildir, "new")), "intake")
            flow.wait_until(self.dns.asked, "a question")
            self.assertEqual(self.waiting(), 2)
            self.dns.mode = "well"
            self.server.psql("verdicts", "-c", "UPDATE dmarcd.verify_job SET due_at = now() - interval '1 second'")
            flow.wait_until(lambda: self.waiting() == 0, "verdicts")
        finally:
            flow.kill(daemon.pid, signal.SIGTERM)
            daemon.wait(flow.END_SECS)
        self.assertEqual(self.by_id(), {"first": {("verified", False)}, "second": {("verified", False)}})
        self.assertEqual(self.judged(), ("2", "2"))


if __name__ == "__main__":
    flow.main()
