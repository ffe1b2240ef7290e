#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Samples of our own mail: taken in from their Maildir, judged by the DNS, kept as evidence of the server that sent
them; probes that are written, sent on their way, and known again.

usage: test_evidence.py BIN_DIR
"""
import email
import email.utils
import json
import os
import shutil
import signal
import subprocess
import tempfile

import factory
import flow
import zone

OUT1, STRANGER = "192.0.2.10", "198.51.100.9"
MTAS = """
mtas:
  - {name: out1, addresses: [192.0.2.8/29], helo: [out1.example.com], domains: [example.com, news.example.com]}
  - {name: relay, hostnames: [relay.example.com], domains: [example.com]}
  - {name: crm, kind: service, spf_include: spf.crm.example, domains: [crm.example.com]}
domains: [{name: example.com}]
limits: {mail_bytes: 1MiB}
"""


class EvidenceTest(flow.FlowTest):
    @classmethod
    def setUpClass(cls):
        """A server that stays up, or each call would start one."""
        folder = tempfile.mkdtemp(prefix="dmarcd-evidence-")
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        os.chmod(folder, 0o755)
        cls.server = cls.server_of_class = flow.Server(os.path.join(folder, "server")).start()
        cls.addClassCleanup(cls.server.stop)

    def setUp(self):
        super().setUp()
        self.maildir = flow.make_maildir(self.path("samples"))
        self.delivered = 0
        self.world = factory.World()
        self.world.add("example.com", spf="v=spf1 ip4:192.0.2.10 -all")
        self.world.add("crm.example.com", spf="v=spf1 ip4:203.0.113.0/24 -all")
        self.world.add("lists.example")
        self.dns = zone.ZoneServer(self.world.zone())

    def begin(self, *maildirs):
        self.database = self._testMethodName
        samples = "samples: [{path: %s, trusted_hops: [%s], authserv_id: %s, probe_to: probe@example.com}]\n" % (
            self.maildir, factory.MX, factory.MX)
        self.configure(*maildirs, dsn=self.server.create(self.database), more=samples + MTAS + self.dns.config)
        self.dmarcd("migrate")

    def deliver(self, *mails):
        names = factory.deliver(self.maildir, mails, self.delivered)
        self.delivered += len(mails)
        return names

    def judge(self):
        self.dmarcd("verify", "--once")

    def rows(self, *arguments):
        return [json.loads(line) for line in self.dmarcd(*arguments, "--json").stdout.splitlines()]

    def in_folder(self, name):
        return sorted(os.listdir(os.path.join(self.maildir, name)))


class Samples(EvidenceTest):
    def mails(self):
        """Each way to be found, the receiving host's word for it or against it, and ARC."""
        plain = [factory.message("Joe <joe@example.com>", message_id="s%d" % n) for n in range(5)]
        said = "spf=%s smtp.mailfrom=joe@example.com; dkim=pass header.d=example.com; " \
            "dmarc=pass header.from=example.com"
        signed = self.world.sign(plain[0], "example.com")
        sealed = self.world.seal(factory.received(signed, OUT1, "x.example", "joe@example.com", by="lists.example"),
                                 "lists.example", results="dkim=pass header.d=example.com")
        return (
            factory.authres(factory.received(signed, OUT1, "anything", "joe@example.com"), factory.MX, said % "pass"),
            factory.authres(factory.received(signed + b"\n", OUT1, "anything", "joe@example.com"), factory.MX,
                            said % "fail"),
            factory.received(plain[1], STRANGER, "OUT1.example.com", "joe@example.com"),
            factory.received(factory.received(plain[2], "10.0.0.1", "pc", None, by="relay.example.com"), STRANGER,
                             "localhost", "joe@example.com"),
            factory.authres(factory.received(plain[3], STRANGER, "mx.stranger.example", "a@stranger.example"),
                            "evil.example", "spf=pass smtp.mailfrom=a@stranger.example"),
            factory.received(sealed, STRANGER, "lists.example", "a@lists.example"))

    def odd(self):
        """What is no mail to be taken."""
        new = os.path.join(self.maildir, "new")
        os.symlink("/etc/passwd", os.path.join(new, "link"))
        os.mkfifo(os.path.join(new, "pipe"))
        os.mkdir(os.path.join(new, "folder"))

    def test_evidence(self):
        self.begin()
        self.odd()
        mails = self.mails()
        self.deliver(*mails)
        self.deliver(mails[0])  # the same bytes once more
        self.deliver(factory.message(body="x" * (1 << 20)))
        with open(os.path.join(self.maildir.encode(), b"new", b"\xff\xfe\n"), "wb") as stream:
            stream.write(b"")
        done = self.dmarcd("verify", "--once")
        self.assertEqual(done.stderr.count("a sample stays in new/"), 3, done.stderr)
        self.assertIn("file.too_large", done.stderr)
        self.assertEqual(self.in_folder("new"), ["folder", "link", "pipe"])
        self.assertEqual(len(self.in_folder("cur")), len(mails) + 3)
        self.check_samples()
        self.check_evidence()
        again = listing = self.sql("SELECT * FROM dmarcd_api.sample ORDER BY sha256")
        self.judge()
        self.assertEqual(self.sql("SELECT * FROM dmarcd_api.sample ORDER BY sha256"), again)
        self.assertEqual(len(listing), len(mails) + 2)
        repeated = self.rows("recheck", "--since", "2020-01-01")
        self.assertEqual([row["identical"] for row in repeated], [True] * (len(mails) + 1), repeated)

    def test_a_report_mail_is_judged_as_that(self):
        """The same bytes in both kinds of Maildir, in both orders."""
        reports = flow.make_maildir(self.path("reports"))
        link = self.path("link")
        os.symlink(reports, link)
        self.begin(link + "/, trusted_hops: [mx.example.com]")
        mails = [factory.aggregate("r%d" % n) for n in range(2)]
        factory.deliver(reports, mails[:1])
        self.dmarcd("ingest", "--once")
        self.deliver(*mails)
        self.judge()
        self.assertEqual(self.sql("SELECT problem, judged_at IS NOT NULL FROM dmarcd_api.sample ORDER BY file"),
                         [("report.mail", "f"), ("", "t")])
        factory.deliver(reports, mails[1:], 1)
        self.dmarcd("ingest", "--once")
        self.judge()
        self.assertEqual(self.sql("SELECT DISTINCT provenance FROM dmarcd_api.report"), [("unverified",)])
        self.assertEqual(self.server.psql(self.database, "-c", "SELECT DISTINCT trusted_hops FROM dmarcd.verdict "
                                          "WHERE kind = 'report'"), "{mx.example.com}")
        self.assertEqual(self.sql("SELECT kind, count(*) FROM dmarcd_api.verdict GROUP BY 1"), [("report", "2")])

    def count(self, what):
        return self.sql("SELECT count(%s) FROM dmarcd_api.sample" % what)[0][0]

    def test_daemon(self):
        """What comes while it runs is taken in at once, and judged as soon as the DNS answers."""
        self.begin()
        run = self.start("verify", stderr=subprocess.DEVNULL)
        try:
            self.deliver(self.mails()[0])
            flow.wait_until(lambda: self.count("judged_at") == "1", "the first verdict")
            self.dns.mode = "dead"
            self.deliver(self.mails()[2])
            flow.wait_until(lambda: self.count("*") == "2", "a sample to be taken while the DNS is dead")
            self.assertEqual(self.in_folder("new"), [])
            self.dns.mode = "well"
            flow.wait_until(lambda: self.count("judged_at") == "2", "the second verdict")
        finally:
            run.send_signal(signal.SIGTERM)
            self.assertEqual(run.wait(flow.END_SECS), 0)

    def check_samples(self):
        columns = ("mta", "found_by", "domain", "source_ip", "spf", "dkim", "dmarc", "arc", "spf_aligned",
                   "dkim_aligned", "authres_agrees", "authres_differs", "problem")
        found = self.sql("SELECT %s FROM dmarcd_api.sample ORDER BY file" % ", ".join(columns))
        common = ("example.com",)
        self.assertEqual(found[:6], [
            ("out1", "ip", *common, OUT1, "pass", "pass", "pass", "none", "t", "t", "3", "[]", ""),
            ("out1", "ip", *common, OUT1, "pass", "pass", "pass", "none", "t", "t", "2", '["spf=fail"]', ""),
            ("out1", "helo", *common, STRANGER, "fail", "none", "fail", "none", "f", "f", "0", "[]", ""),
            ("relay", "received", *common, STRANGER, "fail", "none", "fail", "none", "f", "f", "0", "[]", ""),
            ("", "", *common, STRANGER, "none", "none", "fail", "none", "f", "f", "0", "[]", ""),
            ("", "", *common, STRANGER, "fail", "pass", "pass", "pass", "f", "t", "0", "[]", "")])
        self.assertEqual([row[0] + row[-1] for row in found[6:]], ["file.too_large", ""])
        self.assertEqual(self.sql("SELECT count(*) FROM dmarcd_api.verdict WHERE kind = 'sample'"), [("7",)])

    def check_evidence(self):
        rows = {row["mta"]: row for row in self.rows("evidence", "--domain", "Example.com")}
        counts = ("samples", "spf_aligned", "dkim_aligned", "dmarc_pass", "arc_pass", "unconfirmed", "authres_agrees",
                  "authres_differs")
        self.assertEqual({mta: tuple(row[key] for key in counts) for mta, row in rows.items()}, {
            "out1": (3, 2, 2, 2, 0, 1, 1, 1), "relay": (1, 0, 0, 0, 0, 1, 0, 0), "": (2, 0, 1, 1, 1, 2, 0, 0)})
        self.assertEqual(len(self.rows("evidence")), 4)  # nobody's empty mail too
        text = self.dmarcd("evidence", "--mta", "out1").stdout
        self.assertIn("out1 as example.com: 3 samples, aligned SPF 2, DKIM 2, DMARC pass 2; receiving host agrees 1, "
                      "differs 1; 1 known by name only", text)
        self.assertEqual(self.rows("evidence", "--since", "2099-01-01"), [])
        self.dmarcd("evidence", "--since", "yesterday", code=flow.EX_USAGE)
        self.dmarcd("evidence", "out1", code=flow.EX_USAGE)

    def test_dns_that_fails(self):
        """A sample is evidence of each method: none may be missing for want of an answer."""
        self.world.publish("s._domainkey.example.com", "!SERVFAIL")
        self.dns.load(self.world.zone())
        self.begin()
        self.deliver(self.mails()[0])
        self.judge()
        self.assertEqual(self.sql("SELECT mta, judged_at FROM dmarcd_api.sample"), [("", "")])
        self.assertEqual(self.sql("SELECT waiting, tried FROM dmarcd_api.verify_queue"), [("1", "1")])
        self.assertEqual(self.in_folder("new"), [])
        self.again("queued_at = queued_at - interval '4 days'")  # enough: what is known stands
        self.assertEqual(self.sql("SELECT mta, spf, dkim, dmarc, dkim_aligned FROM dmarcd_api.sample"),
                         [("out1", "pass", "temperror", "pass", "f")])
        self.deliver(self.mails()[1])
        self.judge()
        self.server.psql(self.database, "-c", "UPDATE dmarcd.sample SET packed = NULL WHERE mta IS NULL")
        self.again("problem = ''")
        self.assertEqual(self.sql("SELECT mta, judged_at, problem FROM dmarcd_api.sample ORDER BY problem DESC LIMIT 1"),
                         [("", "", "original.gone")])
        self.assertEqual(self.sql("SELECT waiting FROM dmarcd_api.verify_queue"), [("0",)])

    def again(self, change):
        """What was deferred is due now."""
        self.server.psql(self.database, "-c",
                         "UPDATE dmarcd.verify_job SET due_at = now() - interval '1 second', " + change)
        self.judge()


class Killed(EvidenceTest):
    def test_take(self):
        """kill -9 before the row is there, and behind the move: the mail is in new/ or its row in the database."""
        self.begin()
        self.deliver(factory.received(factory.message(), OUT1, "h", "someone@example.com"))
        for fault, rows in (("verdict.sample", "0"), ("ingest.moved", "1")):
            done = self.dmarcd("verify", "--once", code=(flow.EX_OK, -signal.SIGKILL), env={"DMARCD_FAULT": fault})
            if done.returncode == flow.EX_OK:
                self.skipTest("no fault points in this build")
            self.assertEqual(self.sql("SELECT count(*) FROM dmarcd_api.sample"), [(rows,)])
            self.assertEqual([len(self.in_folder(name)) for name in ("new", "cur")],
                             [1, 0] if rows == "0" else [0, 1])
        self.deliver(factory.received(factory.message(), OUT1, "h", "someone@example.com"))  # as if it had not moved
        self.judge()
        self.assertEqual(self.sql("SELECT count(*), count(judged_at) FROM dmarcd_api.sample"), [("1", "1")])
        self.assertEqual([len(self.in_folder("new")), len(self.in_folder("cur"))], [0, 2])


class Probes(EvidenceTest):
    def probe(self, *arguments):
        """As an MTA is handed it."""
        text = self.dmarcd("probe", *arguments).stdout
        return text.encode(), email.message_from_string(text)

    def listed(self, *columns):
        return [tuple(row[key] for key in columns) for row in self.rows("probe", "--list")]

    def test_way(self):
        self.begin()
        raw, mail = self.probe("out1")
        self.assertEqual((mail["From"], mail["To"]), ("<postmaster@example.com>", "<probe@example.com>"))
        self.assertEqual(mail["Message-ID"], "<probe.%s@example.com>" % mail["X-Dmarcd-Probe"])
        self.assertLess(abs(email.utils.parsedate_to_datetime(mail["Date"]).timestamp() -
                            os.stat(self.config).st_mtime), 600)
        self.assertEqual(self.listed("mta", "domain", "state", "copies"), [("out1", "example.com", "waiting", 0)])
        self.deliver(factory.received(self.world.sign(raw, "example.com"), OUT1, "h", "postmaster@example.com"))
        self.judge()
        self.assertEqual(self.listed("id", "state", "seen_mta", "found_by", "spf", "dkim", "dmarc", "copies"), [
            (mail["X-Dmarcd-Probe"], "returned", "out1", "ip", "pass", "pass", "pass", 1)])
        self.assertIn("returned", self.dmarcd("probe", "--list", "out1").stdout)
        self.check_forged()
        self.check_service()
        self.check_lost()
        self.assertEqual(sum(row["probes"] for row in self.rows("evidence")), 6)

    def state_of(self, mail, *columns):
        (row,) = [row for row in self.rows("probe", "--list") if row["id"] == mail["X-Dmarcd-Probe"]]
        return tuple(row[key] for key in columns)

    def check_forged(self):
        """The id alone is not enough; the real one, coming later and without its field, still counts."""
        raw, mail = self.probe("out1", "--domain", "NEWS.example.com", "--from", "list@news.example.com",
                               "--to", "p@x.example")
        self.assertEqual((mail["From"], mail["To"]), ("<list@news.example.com>", "<p@x.example>"))
        self.deliver(factory.received(raw, STRANGER, "mx.stranger.example", "a@stranger.example"))
        self.judge()
        self.assertEqual(self.state_of(mail, "state", "seen_mta", "source_ip", "copies"),
                         ("elsewhere", "", STRANGER, 1))
        self.assertIn("through no MTA of ours (%s) as news.example.com" % STRANGER,
                      self.dmarcd("probe", "--list").stdout)
        self.deliver(factory.received(factory.replaced(raw, "from", "a@example.com"), OUT1, "h", "a@example.com"))
        self.judge()
        self.assertEqual(self.state_of(mail, "state", "copies")[0], "elsewhere")  # not as its domain
        self.deliver(factory.received(raw, STRANGER, "out1.example.com", "a@stranger.example"))
        self.judge()
        self.assertEqual(self.state_of(mail, "state", "found_by", "source_ip"), ("unconfirmed", "helo", STRANGER))
        self.assertIn("from %s, known by helo only" % STRANGER, self.dmarcd("probe", "--list", "out1").stdout)
        self.deliver(factory.received(factory.replaced(raw, "x-dmarcd-probe", None), OUT1, "h", "a@news.example.com"))
        self.judge()
        self.assertEqual(self.state_of(mail, "state", "seen_mta", "copies"), ("returned", "out1", 4))

    def check_service(self):
        """Nothing marks this server but its probe."""
        raw, mail = self.probe("crm")
        self.deliver(factory.received(raw, "203.0.113.5", "mail.crm.example", "bounce@crm.example.com"))
        self.judge()
        self.assertEqual(self.state_of(mail, "state", "seen_mta", "found_by", "spf"),
                         ("unconfirmed", "crm", "probe", "pass"))
        (sample,) = self.state_of(mail, "sample_sha256")
        self.world.publish("crm.example.com", "v=spf1 -all")
        self.dns.load(self.world.zone())
        self.dmarcd("recheck", "--mail", sample, "--dns", "now", "--store")
        self.assertEqual(self.state_of(mail, "state", "seen_mta", "found_by", "spf"),
                         ("unconfirmed", "crm", "probe", "fail"))
        self.assertEqual([(row["samples"], row["spf_aligned"]) for row in self.rows("evidence", "--mta", "crm")], [(1, 0)])

    def check_lost(self):
        _, mail = self.probe("relay")
        self.assertEqual(self.state_of(mail, "state"), ("waiting",))
        self.server.psql(self.database, "-c", "UPDATE dmarcd.probe SET made_at = made_at - interval '25 hours'")
        self.assertEqual(self.state_of(mail, "state", "seen_at"), ("lost", None))
        self.assertEqual(len(self.rows("probe", "--list", "relay")), 1)
        self.server.psql(self.database, "-c", "UPDATE dmarcd.probe SET made_at = made_at - interval '900 days' "
                         "WHERE mta = 'relay'")
        self.dmarcd("retention")
        self.assertEqual({row["mta"] for row in self.rows("probe", "--list")}, {"out1", "crm"})

    def test_mistakes(self):
        self.begin()
        for arguments in (["out9"], [], ["out1", "out2"], ["out1", "--to", "nobody"], ["out1", "--to", "a,b@x.example"],
                          ["out1", "--from", "a b@example.com"], ["out1", "--domain", "no domain"], ["out1", "--json"],
                          ["out1", "--domain", "example.com", "--from", "a@example.net"],
                          ["--list", "--to", "a@b.example"]):
            self.dmarcd("probe", *arguments, code=flow.EX_USAGE)
        self.assertIn("out1, relay, crm", self.dmarcd("probe", "out9", code=flow.EX_USAGE).stderr)
        self.dmarcd("probe", "out1", "-o", self.path("missing", "file"), code=flow.EX_CANTCREAT)
        with open("/dev/full", "wb") as full:
            done = subprocess.run(self.command("probe", "out1"), stdout=full, stderr=subprocess.DEVNULL, check=False)
        self.assertEqual(done.returncode, 74)
        self.assertEqual(self.rows("probe", "--list"), [])
        self.assertIn("not declared", self.dmarcd("probe", "out1", "--domain", "example.org", "-o",
                                                  self.path("probe.eml")).stderr)
        with open(self.path("probe.eml"), encoding="ascii") as stream:
            self.assertEqual(email.message_from_file(stream)["From"], "<postmaster@example.org>")
        both = self.write("both.yaml", "maildirs: [{path: /a}]\nsamples: [{path: /b},\n  {path: /a}]\n")
        self.assertIn('both.yaml:3:10: "/a" is in maildirs already', self.dmarcd(
            "config", "check", config=both, code=flow.EX_CONFIG).stderr)
        self.configure(more=MTAS, name="bare", prepared=False)
        self.assertIn("--to", self.dmarcd("probe", "out1", code=flow.EX_USAGE).stderr)
        self.dmarcd("probe", "out1", "--to", "a@b.example", code=flow.EX_UNAVAILABLE)
        self.dmarcd("evidence", code=flow.EX_UNAVAILABLE)


if __name__ == "__main__":
    flow.main()
