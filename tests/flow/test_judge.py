#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The judge of stored mails: what it finds, that it waits for a dead DNS and gives way to intake, and that a verdict
comes out again.

usage: test_judge.py BIN_DIR
"""
import fcntl
import json
import os
import re
import signal
import socket
import subprocess
import unittest
import urllib.request

import factory
import flow
import zone

CORPUS = os.environ.get("DMARCD_CORPUS") or os.path.join(flow.SOURCE, "..", "shared", "corpus")
QUICK = "limits: {dns_query_secs: 1s, dns_mail_secs: 2s%s}\n"
BROKEN = "broken.example"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class JudgeTest(flow.FlowTest):
    def setUp(self):
        super().setUp()
        self.world = factory.World().add("reporter.example").add("stranger.example")
        self.world.publish("reporter.example._report._dmarc.example.com", "v=DMARC1")
        self.dns = zone.ZoneServer(self.world.zone())
        self.maildir = flow.make_maildir(self.path("mails"))
        self.configure(self.maildir, more=self.dns.config + QUICK % "")
        self.keep_cluster()
        self.count = 0

    def genuine(self, report_id, **said):
        return self.world.sign(factory.aggregate(report_id, **said), "reporter.example")

    def deliver(self, *mails):
        """Each whole at once: a daemon may watch."""
        for mail in mails:
            name = "%06d.factory" % self.count
            with open(os.path.join(self.maildir, "tmp", name), "wb") as stream:
                stream.write(mail)
            os.rename(os.path.join(self.maildir, "tmp", name), os.path.join(self.maildir, "new", name))
            self.count += 1

    def take_in(self, *mails):
        self.deliver(*mails)
        return self.dmarcd("ingest", "--once")

    def verify(self, code=flow.EX_OK, **more):
        return json.loads(self.dmarcd("verify", "--once", "--json", code=code, **more).stdout)

    def queue(self):
        return self.status()["verdicts"]

    def states(self):
        return dict(self.sql("SELECT report_id, provenance FROM dmarcd_api.report ORDER BY 1"))

    def recheck(self, *options):
        return [json.loads(line) for line in self.dmarcd("recheck", "--json", *options).stdout.splitlines()]


class Once(JudgeTest):
    def test_limits(self):
        """The reporter's signature is the second of its mail."""
        for signatures in ("1", "2"):
            self.configure(self.maildir, more=self.dns.config + QUICK % (", dkim_signatures: " + signatures))
            self.take_in(self.world.sign(self.genuine(signatures), "stranger.example"))
            self.verify()
        self.assertEqual(self.states(), {"1": "unverified", "2": "verified"})

    def test_states(self):
        said = self.take_in(self.genuine("good"), factory.aggregate("bare"),
                            self.world.sign(factory.aggregate("forged", author="a@stranger.example",
                                                              email="dmarc@reporter.example"), "stranger.example"))
        self.assertIn("3 mails wait for their verdict", said.stderr)
        self.assertNotIn("wait", self.dmarcd("-q", "ingest", "--once").stderr)
        self.assertEqual((self.queue()["waiting"], self.queue()["pending"]), (3, 3))
        found = self.verify()
        self.assertEqual((found["mails"], found["verified"], found["deferred"], found["waiting"]), (3, 1, 0, 0))
        self.assertEqual(found["verified"] + found["plausible"] + found["unverified"] + found["contradicted"], 3)
        states = self.states()
        self.assertEqual((states["good"], states["bare"]), ("verified", "unverified"))
        self.assertNotEqual(states["forged"], "verified")
        self.assertEqual(self.verify()["mails"], 0)
        self.assertEqual(self.queue()["waiting"], 0)
        self.check_rows()
        self.assertIn("0 mails judged", self.dmarcd("verify", "--once").stdout)
        self.assertNotIn("wait", self.dmarcd("ingest", "--once").stderr)

    def test_text_is_that_of_check(self):
        mail = self.genuine("r1")
        self.take_in(mail)
        self.verify()
        (text,), = self.sql("SELECT verdict FROM dmarcd_api.verdict")
        with open(self.path("m.eml"), "wb") as stream:
            stream.write(mail)
        checked = json.loads(self.dmarcd("check", "--json", "--resolver", self.dns.resolver, self.path("m.eml")).stdout)
        found = json.loads(text)
        self.assertEqual(set(found) - set(checked), {"provenance"})
        for key in ("spf", "dkim", "arc", "dmarc", "identities"):
            self.assertEqual(found[key], checked[key], key)

    def test_samples(self):
        sample = self.world.sign(factory.message("a@stranger.example"), "stranger.example")
        self.take_in(self.world.sign(factory.failure(sample, Reported_Domain="stranger.example"), "reporter.example"))
        self.assertEqual(self.verify()["mails"], 1)
        self.assertEqual(self.sql("SELECT part, kind, dkim FROM dmarcd_api.verdict ORDER BY 1"),
                         [("0", "report", "pass"), ("1", "failure", "pass")])
        found = dict(self.sql("SELECT method, ours FROM dmarcd_api.recheck"))
        self.assertEqual(found["dmarc"], "pass")
        self.assertEqual({(one["part"], one["identical"]) for one in self.recheck()}, {(0, True), (1, True)})

    def test_a_part_of_a_body_is_none(self):
        """Who declares headers alone and adds the body's beginning did not send the body."""
        sample = self.world.sign(factory.message("joe@stranger.example", body="Hello.\nYours\n"), "stranger.example")
        mail = factory.failure(sample[:sample.index(b"\n\n") + 5], Reported_Domain="stranger.example")
        self.take_in(self.world.sign(mail.replace(b"message/rfc822", b"text/rfc822-headers"), "reporter.example"))
        self.assertEqual(self.verify()["mails"], 1)
        self.assertEqual(self.sql("SELECT method, ours, difference FROM dmarcd_api.recheck WHERE method <> 'spf' "
                                  "ORDER BY method"),
                         [("dkim", "neutral", "headers_only"), ("dmarc", "none", "headers_only")])

    def test_a_mail_that_the_worker_cannot_bear(self):
        """After two tries its reports are unverified; others are as they were."""
        padding = b"\n" + b"x" * 70 * 1024 + b"\n"
        self.take_in(self.genuine("good"), self.genuine("large") + padding * 200)
        self.configure(self.maildir, name="small", more=self.dns.config + QUICK % ", worker_bytes: 24MiB")
        with open(self.path("small.yaml"), encoding="utf-8") as stream:
            text = stream.read().replace("small.state", "dmarcd.state")
        self.write("small.yaml", text)
        done = self.dmarcd("verify", "--once")
        self.assertIn("could not be verified", done.stderr)
        self.assertEqual(self.states(), {"good": "verified", "large": "unverified"})
        self.assertEqual(self.sql("SELECT provenance_reasons FROM dmarcd_api.report WHERE report_id = 'large'"),
                         [("{verifier.failed}",)])
        self.assertEqual(self.queue()["waiting"], 0)


class Dns(JudgeTest):
    def test_dead(self):
        """Costs intake nothing and no mail a try."""
        self.dns.mode = "dead"
        self.take_in(self.genuine("r1"), self.genuine("r2"))
        self.dmarcd("verify", "--once", code=flow.EX_UNAVAILABLE)
        queue = self.queue()
        self.assertEqual((queue["waiting"], queue["tried"], queue["pending"]), (2, 0, 2))
        self.dns.mode = "well"
        self.assertEqual(self.verify()["verified"], 2)

    def test_one_sender_is_dead(self):
        """It comes again later, the others do not wait."""
        self.world.add(BROKEN)
        self.world.publish("s._domainkey." + BROKEN, "!SERVFAIL")
        self.dns.load(self.world.zone())
        late = self.world.sign(factory.aggregate("late", author="a@" + BROKEN, org=BROKEN), BROKEN)
        self.take_in(late, self.genuine("r1"))
        found = self.verify()
        self.assertEqual((found["verified"], found["deferred"], found["waiting"]), (1, 1, 1))
        queue = self.queue()
        self.assertEqual((queue["waiting"], queue["due"], queue["tried"]), (1, 0, 1))
        self.assertIn("DNS", queue["problem"])
        self.assertIn("1 mail waits for its verdict", self.dmarcd("ingest", "--once").stderr)

    def test_daemon(self):
        """Dead at first, then back; its resolver killed in between."""
        self.dns.mode = "dead"
        port = free_port()
        self.configure(self.maildir, name="run", more=self.dns.config + QUICK % "" +
                       "http: {listen: '127.0.0.1:%d'}\n" % port)
        log = open(self.path("log"), "w+", encoding="utf-8")  # pylint: disable=consider-using-with
        self.addCleanup(log.close)
        daemon = self.start("run", stdout=subprocess.DEVNULL, stderr=log)

        def said(text):
            log.seek(0)
            return text in log.read()

        def metric(name):
            with urllib.request.urlopen("http://127.0.0.1:%d/metrics" % port) as answer:
                found = re.search("^%s (\\S+)$" % re.escape(name), answer.read().decode("utf-8"), re.M)
            return float(found.group(1)) if found else None
        try:
            self.deliver(self.genuine("r1"))
            flow.wait_until(lambda: said("judging pauses"), "the pause")
            self.assertTrue(self.queue()["pauses"])
            self.dns.mode = "well"
            flow.wait_until(lambda: self.states().get("r1") == "verified", "the first verdict")
            self.assertIsNone(self.queue()["pauses"])
            for mechanism, result in (("dkim", "pass"), ("dmarc", "pass"), ("arc", "none")):
                name = 'dmarcd_verify_total{mechanism="%s",result="%s"}' % (mechanism, result)
                flow.wait_until(lambda name=name: metric(name) == 1, name)
            self.assertGreater(metric('dmarcd_dns_queries_total{rcode="NOERROR"}'), 0)
            before = metric('dmarcd_dns_queries_total{rcode="NOERROR"}')
            self.assertEqual(metric('dmarcd_dns_queries_total{rcode="BOGUS"}'), 0)
            flow.wait_until(lambda: metric("dmarcd_ingest_duration_seconds_count") == 1, "the mail's duration")
            flow.wait_until(lambda: metric("dmarcd_ingest_queue_messages") == 0, "an empty queue")
            self.assertEqual(metric("dmarcd_ingest_oldest_seconds"), 0)
            for pid in flow.descendants(daemon.pid, "dmarcd-resolver"):
                flow.kill(pid)
            self.deliver(self.genuine("r2"))
            flow.wait_until(lambda: self.states().get("r2") == "verified", "the second verdict")
            flow.wait_until(lambda: metric('dmarcd_dns_queries_total{rcode="NOERROR"}') > before,
                            "a resolver that counts on")
        finally:
            daemon.send_signal(signal.SIGTERM)
            self.assertEqual(daemon.wait(flow.END_SECS), 0)
        self.assertEqual(self.queue()["waiting"], 0)


class Turn(JudgeTest):
    def switches(self, pid):
        with open("/proc/%d/status" % pid, encoding="utf-8") as stream:
            return int(next(line for line in stream if line.startswith("voluntary")).split()[1])

    def test_intake_goes_first(self):
        self.take_in(self.genuine("r1"))
        with open(self.path("dmarcd.state", "intake.lock"), "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
            judge = self.start("verify", "--once", stdout=subprocess.DEVNULL)
            flow.wait_until(lambda: len(flow.descendants(judge.pid, "dmarcd-worker")) > 1, "its workers")
            before = self.switches(judge.pid)
            flow.wait_until(lambda: self.switches(judge.pid) > before + 20, "it to have looked again and again")
            self.assertIsNone(judge.poll())
            self.assertEqual(self.queue()["waiting"], 1)
            self.assertEqual(os.getpriority(os.PRIO_PROCESS, judge.pid), 19)
        self.assertEqual(judge.wait(flow.RUN_SECS), 0)
        self.assertEqual(self.queue()["waiting"], 0)


class Killed(JudgeTest):
    """kill -9 at every step: each job is done once, or queued."""

    def setUp(self):
        super().setUp()
        self.configure(self.maildir, name="killed", more=self.dns.config + QUICK % ", verify_lease_secs: 1s")
        self.keep_cluster()

    def test_steps(self):
        wanted = 0
        for number, fault in enumerate(("verdict.lease", "verify.leased", "verify.judged", "verdict.copied", "verdict.put",
                                        "verify.put")):
            with self.subTest(fault):
                ids = ["%d-%d" % (number, n) for n in range(3)]
                self.take_in(*[self.genuine(one) for one in ids])
                wanted += len(ids)
                self.dmarcd("verify", "--once", env={"DMARCD_FAULT": fault}, code=-signal.SIGKILL)
                rows, = self.sql("SELECT (SELECT count(*) FROM dmarcd_api.verdict), waiting FROM dmarcd_api.verify_queue")
                self.assertEqual(int(rows[0]) + int(rows[1]), wanted)
                flow.wait_until(lambda: self.verify()["waiting"] == 0, "leases to run out")
                self.assertEqual(self.sql("SELECT count(*) FROM dmarcd_api.verdict"), [(str(wanted),)])
                self.assertEqual(set(self.states().values()), {"verified"})
                self.check_rows()


class Recheck(JudgeTest):
    def test_keys(self):
        """What DNS says today, and what a file says that it said."""
        old = self.write("old.txt", self.world.zone())
        self.take_in(self.genuine("r1"))
        self.verify()
        (mail, key), = self.sql("SELECT mail_sha256, report_key FROM dmarcd_api.report")
        found, = self.recheck("--report", key)
        self.assertEqual((found["mail"], found["part"], found["identical"]), (mail, 0, True))
        self.assertEqual([one["identical"] for one in self.recheck("--mail", mail, "--dns", "now")], [True])
        self.world.publish("s._domainkey.reporter.example", None)
        self.dns.load(self.world.zone())
        found, = self.recheck("--dns", "now")
        self.assertEqual((found["identical"], found["before"]["dkim"], found["after"]["provenance"]),
                         (False, "pass", ["unverified"]))
        self.assertIn(("DKIM key", "s._domainkey.reporter.example", "gone"),
                      [(one["what"], one["name"], one["change"]) for one in found["differences"]])
        self.assertEqual(self.states(), {"r1": "verified"})
        found, = self.recheck("--dns-replay", old)
        self.assertEqual(found["identical"], True)
        self.dmarcd("recheck", "--dns-replay", self.write("bad.txt", "a b\n"), code=flow.EX_DATAERR)
        self.dmarcd("recheck", "--mail", "0" * 64, code=flow.EX_NOINPUT)
        self.assertIn("identical", self.dmarcd("recheck").stdout)

    def test_store(self):
        """An old archive: its keys are gone, until a file brings them back."""
        old = self.write("old.txt", self.world.zone())
        self.world.publish("s._domainkey.reporter.example", None)
        self.dns.load(self.world.zone())
        self.take_in(self.genuine("r1"))
        self.verify()
        (state, reasons), = self.sql("SELECT provenance, provenance_reasons FROM dmarcd_api.report")
        self.assertEqual(state, "unverified")
        self.assertIn("key.gone", reasons)
        self.recheck("--dns-replay", old, "--store")
        self.assertEqual(self.states(), {"r1": "verified"})
        self.check_rows()
        self.assertEqual([one["identical"] for one in self.recheck()], [True])


@unittest.skipUnless(os.path.isdir(CORPUS) or os.environ.get("CI") == "true", "no corpus at %s" % CORPUS)
class Corpus(JudgeTest):
    def test_all(self):
        """Every mail of the corpus, judged and repeated: to the letter."""
        self.configure(self.maildir, more=self.dns.config + "limits: {%s}\n" % flow.PATIENT)
        folders = [os.path.join(CORPUS, name) for name in ("aggregate", "failure", "tlsrpt")]
        self.dmarcd("ingest", *folders, code=(flow.EX_OK, flow.EX_DATAERR))
        found = self.verify()
        self.assertEqual(found["waiting"], 0)
        self.assertGreater(found["mails"], 15)
        repeated = self.recheck()
        self.assertGreaterEqual(len(repeated), found["mails"])
        self.assertEqual([one for one in repeated if not one.get("identical")], [])


if __name__ == "__main__":
    flow.main()
