#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whether a report is what it says it is: each state and each reason of a report's provenance, by mails that are
signed, forwarded, broken and forged.

usage: test_provenance.py BIN_DIR
"""
import signal

import factory
import flow
import verdicts

REPORTER, STRANGER, PROVIDER = "reporter.example", "stranger.example", "provider.example"
REASONS = """dmarc.pass dmarc.none dmarc.fail dmarc.temperror dmarc.permerror dkim.pass dkim.none dkim.fail spf.pass spf.none
spf.fail key.gone key.mismatch signature.expired body.changed org.match email.match submitter.match org.differs
email.differs submitter.differs file.differs report_id.differs policy_domain.differs destination.authorised
destination.unauthorised destination.unknown author.multiple author.missing""".split()
TRUSTED_STATES = {"verified", "plausible", "local"}


class States(verdicts.VerdictTest):
    def setUp(self):
        super().setUp()
        self.world.add(REPORTER, keys={"s": "rsa", "e": "ed25519"}, spf="v=spf1 ip4:192.0.2.0/24 -all")
        self.world.add(STRANGER, keys={"s": "rsa", "e": "ed25519"}, number=1)
        self.world.add(PROVIDER)
        self.world.add("lists.example", spf="v=spf1 ip4:198.51.100.0/24 -all")

    def signed(self, report_id, domain=REPORTER, selector="s", options=None, **said):
        """A report mail that its domain signs."""
        said = {"author": "noreply@" + domain, "org": domain, **said}
        return self.world.sign(factory.aggregate(report_id, **said), domain, selector, **(options or {}))

    # ---- how the mail itself is judged ----

    def passing(self):
        fine = "dmarc.pass org.match email.match submitter.match -email.differs"
        plain = factory.aggregate("spf")
        return {
            "rsa": (self.signed("rsa"), "verified", fine + " dkim.pass"),
            "ed25519": (self.signed("ed25519", selector="e"), "verified", fine + " dkim.pass"),
            "both": (self.world.sign(self.signed("both"), REPORTER, "e"), "verified", fine + " dkim.pass"),
            "sub": (self.signed("sub", author="dmarc@mail.reporter.example", submitter=REPORTER,
                                email="x@reports.reporter.example"), "verified", fine + " dkim.pass"),
            "spf": (factory.received(plain, "192.0.2.9", "mx.reporter.example", "bounce@reporter.example"), "verified",
                    fine + " spf.pass"),
            "forwarded": (factory.forwarded(self.signed("forwarded")), "verified", fine + " dkim.pass"),
            "zip": (self.signed("zip", ending="zip"), "verified", fine),
            "one of two": (self.world.sign(self.signed("one-of-two"), "lists.example"), "verified", fine),
            "tls": (self.world.sign(factory.tls("tls"), REPORTER), "verified", "dmarc.pass"),
        }

    def failing(self):
        world = self.world
        world.add("keyless.example", keys={"s": "rsa"}, number=2).publish("s._domainkey.keyless.example", None)
        world.add("revoked.example").publish("s._domainkey.revoked.example", "v=DKIM1; p=")
        world.add("rotated.example", keys={"s": "ed25519"}, number=3)
        world.publish("s._domainkey.rotated.example", factory.key("ed25519", 4).record())
        world.add("policyless.example", dmarc=None)
        world.add("broken.example", spf="v=spf1 -all")
        world.publish("_dmarc.away.example", "!SERVFAIL")
        world.keys["away.example", "s"] = factory.key()
        world.publish("s._domainkey.away.example", factory.key().record())
        listed = self.signed("listed", others=[("note.txt", "A note.\n")])
        two_authors = self.signed("authors", author="noreply@reporter.example, x@stranger.example",
                                  email="a@reporter.example", submitter=REPORTER)
        return {
            "unsigned": (factory.aggregate("unsigned"), "unverified", "dmarc.fail dkim.none -dmarc.pass"),
            "spf fails": (factory.received(factory.aggregate("spf-fails"), "198.51.100.9", "x.example",
                                           "bounce@reporter.example"), "unverified", "dmarc.fail spf.fail"),
            "no policy": (self.signed("no-policy", "policyless.example"), "unverified", "dmarc.none dkim.pass"),
            "key gone": (self.signed("key-gone", "keyless.example"), "unverified", "dmarc.fail key.gone"),
            "key revoked": (self.signed("key-revoked", "revoked.example"), "unverified", "dmarc.fail key.gone"),
            "key differs": (self.signed("key-differs", "rotated.example"), "unverified",
                            "dmarc.fail dkim.fail key.mismatch"),
            "expired": (self.signed("expired", options={"tags": "t=1774915200; x=1775000000"}), "unverified",
                        "dmarc.fail signature.expired"),
            "body": (factory.forwarded(listed, footer=factory.FOOTER), "unverified", "dmarc.fail body.changed"),
            "unaligned": (self.world.sign(factory.aggregate("unaligned"), STRANGER), "unverified", "dmarc.fail"),
            "authors": (two_authors, "unverified", "author.multiple dmarc.permerror"),
            "no author": (factory.replaced(factory.aggregate("no-author"), "from", None), "unverified",
                          "author.missing dmarc.permerror"),
            "away": (self.signed("away", "away.example"), "pending", ""),
        }

    # ---- what the mail and the report say of themselves ----

    def differing(self):
        forged = {"author": "noreply@stranger.example", "org": "Big Mail Inc.", "email": "dmarc@provider.example"}
        mine = {"author": "noreply@stranger.example", "email": "dmarc@stranger.example", "org": "stranger.example"}
        return {
            "other email": (self.signed("other-email", STRANGER, submitter=PROVIDER, **forged), "plausible",
                            "email.differs submitter.differs dmarc.pass"),
            "agent": (self.world.sign(factory.aggregate("agent", org="Small Company", email="dmarc@small.example",
                                                        author="reports@provider.example", submitter="provider.example"),
                                      PROVIDER), "verified", "submitter.match email.differs"),
            "plausible": (self.world.sign(factory.aggregate("plausible", org="Small Company",
                                                            email="dmarc@small.example", name="report.xml.gz",
                                                            author="reports@provider.example",
                                                            subject="DMARC report"), PROVIDER),
                          "plausible", "email.differs dmarc.pass"),
            "org": (self.signed("org", STRANGER, **{**mine, "org": REPORTER}), "contradicted",
                    "org.differs dmarc.pass"),
            "submitter": (self.signed("submitter", STRANGER, **mine, submitter=REPORTER), "contradicted",
                          "submitter.differs"),
            "file": (self.signed("file", STRANGER, **mine, name=factory.file_name(REPORTER, "example.com")),
                     "contradicted", "file.differs"),
            "report id": (self.signed("report-id", STRANGER, **mine, subject="Report Domain: example.com Submitter: "
                                      "stranger.example Report-ID: <another>"), "contradicted", "report_id.differs"),
            "policy domain": (self.signed("policy-domain", STRANGER, **mine, subject="Report Domain: other.example "
                                          "Submitter: stranger.example Report-ID: <policy-domain>"), "contradicted",
                              "policy_domain.differs"),
            "file's domain": (self.signed("file-domain", STRANGER, **mine,
                                          name=factory.file_name(STRANGER, "other.example")), "contradicted",
                              "-policy_domain.match"),
        }

    def destinations(self):
        self.world.publish("example.com._report._dmarc.collector.example", "v=DMARC1")
        self.world.publish("example.com._report._dmarc.away.example", "!SERVFAIL")
        return {
            "authorised": (self.signed("authorised", to="a@collector.example"), "verified", "destination.authorised"),
            "unauthorised": (self.signed("unauthorised", to="a@other.example"), "verified",
                             "destination.unauthorised"),
            "unknown": (self.signed("unknown", to="a@away.example"), "verified", "destination.unknown"),
            "own": (self.signed("own", to="a@in.example.com"), "verified",
                    "-destination.authorised -destination.unauthorised -destination.unknown"),
        }

    def test_each(self):
        cases = {**self.passing(), **self.failing(), **self.differing(), **self.destinations()}
        mails = [mail for mail, *_ in cases.values()]
        self.assertEqual(self.take(mails)["stored"], len(mails))
        self.assertEqual({state for state, _, _ in self.reports().values()}, {"pending"})
        with open(self.path("bare.xml"), "w", encoding="utf-8") as stream:
            stream.write(factory.report_xml("bare"))
        self.dmarcd("ingest", self.path("bare.xml"))
        self.assertEqual(self.by_id()["bare"], {("local", False)})
        self.judge()
        given = self.check_cases(cases)
        self.assertEqual(self.waiting(), 1, "only the one whose DNS is away")
        self.check_sums_of_rows()
        states = {state for state, _, _ in self.reports().values()}
        self.assertEqual(states, {"pending", "local", "verified", "plausible", "unverified", "contradicted"})
        self.assertEqual(set(REASONS) - given - {"dmarc.temperror", "spf.none"}, set())
        self.server.psql("verdicts", "-c", "UPDATE dmarcd.verify_job SET queued_at = now() - interval '4 days'")
        self.judge(again=True)
        self.assertEqual(self.waiting(), 0)
        self.check_cases({"away": (cases["away"][0], "unverified", "dmarc.temperror dns.temperror")})
        self.check_sums_of_rows()


class Deadly(verdicts.VerdictTest):
    """Mails that judges may have died of are judged one by one, and after so many times no more."""

    def test_given_up(self):
        self.world.add(REPORTER)
        self.take([self.world.sign(factory.aggregate(name), REPORTER) for name in ("one", "two")])
        self.dns.load(self.world.zone())
        tried = "UPDATE dmarcd.verify_job SET tries = %d, due_at = now() - interval '1 second'"
        self.server.psql("verdicts", "-c", tried % 3)
        self.dmarcd("verify", "--once", env={"DMARCD_FAULT": "verify.leased:2"}, code=-signal.SIGKILL)
        self.assertEqual(self.waiting(), 1)
        self.server.psql("verdicts", "-c", tried % 30)
        self.assertIn("30 judges died or failed under it", self.judge().stderr)
        self.assertEqual(self.waiting(), 0)
        self.assertEqual({state: "verifier.failed" in reasons for state, reasons, _ in self.reports().values()},
                         {"unverified": True, "verified": False})
        self.check_sums_of_rows()


class Rivals(verdicts.VerdictTest):
    """Two reports of the same identity that tell different things (RELIABILITY, decision 7)."""

    def setUp(self):
        super().setUp()
        self.world.add(REPORTER, spf="v=spf1 ip4:192.0.2.0/24 -all").add(STRANGER, number=1)
        self.world.add(PROVIDER, number=2)

    def mail(self, report_id, count, **said):
        return factory.aggregate(report_id, [factory.row(count=count)], **said)

    def true(self, report_id, **said):
        return self.world.sign(self.mail(report_id, 7, **said), REPORTER)

    def unsigned(self, report_id):
        return self.mail(report_id, 1000)

    def strange(self, report_id):
        """Signed by a stranger, who says who he is nowhere but in From."""
        return self.world.sign(self.mail(report_id, 1000, author="noreply@stranger.example", submitter=REPORTER,
                                         email="dmarc@reporter.example"), STRANGER)

    def messages(self):
        return {row[0]: int(row[1]) for row in self.rows(
            "SELECT report_id, messages FROM dmarcd_api.report WHERE NOT conflict")}

    def delay(self, *domains):
        """Their DNS is away for now."""
        for domain in domains:
            self.world.publish("_dmarc." + domain, "!SERVFAIL")

    def back(self, *domains):
        for domain in domains:
            self.world.publish("_dmarc." + domain, "v=DMARC1; p=reject")

    def test_orders(self):
        """Forged before true and after it, arriving and judged; what was forged without a signature and with one."""
        forgers = {"unsigned": self.unsigned, "strange": self.strange}
        for number, first in enumerate(("together", "true", "forged")):
            ids = {}
            for kind, forge in forgers.items():
                for order in ("true first", "forged first"):
                    report_id = "%s-%s-%s" % (first, kind, order.replace(" ", "-"))
                    ids[report_id] = [self.true(report_id), forge(report_id)][::1 if order == "true first" else -1]
            for mails in zip(*ids.values()):
                self.take(list(mails))
            if first == "true":
                self.delay(STRANGER)
            elif first == "forged":
                self.delay(REPORTER)
            self.judge()
            self.check_sums_of_rows()
            self.back(STRANGER, REPORTER)
            self.judge(again=True)
            self.assertEqual(self.waiting(), 0)
            self.check_sums_of_rows()
            in_force = self.messages()
            self.assertEqual({report_id: in_force[report_id] for report_id in ids}, dict.fromkeys(ids, 7), first)
            self.assertEqual(len(in_force), 4 * (number + 1))
        self.assertEqual(self.status()["messages"], 7 * 12)
        states = self.rows("SELECT provenance, conflict, count(*) FROM dmarcd_api.report GROUP BY 1, 2 ORDER BY 1")
        self.assertEqual(states, [("contradicted", "t", "6"), ("unverified", "t", "6"), ("verified", "f", "12")])

    def test_plausible(self):
        """A mail that passes for another domain makes way for the one that passes for its own, and pushes out only what
        passes for none."""
        company = {"org": "Small Company", "email": "dmarc@reporter.example"}
        said = {"author": "noreply@provider.example", "subject": "DMARC report", "name": "report.xml.gz", **company}
        for report_id, order in (("first", 1), ("second", -1)):
            self.take([self.world.sign(self.mail(report_id, 1000, **said), PROVIDER),
                       self.true(report_id, **company)][::order])
        self.take([self.mail("unsigned", 5, **company), self.world.sign(self.mail("unsigned", 1000, **said), PROVIDER)])
        self.judge()
        self.assertEqual(self.messages(), {"first": 7, "second": 7, "unsigned": 1000})
        self.check_sums_of_rows()
        self.assertEqual(self.by_id()["first"], {("verified", False), ("plausible", True)})

    def test_import_stays(self):
        """What an operator imported himself stays in force."""
        with open(self.path("mine.xml"), "w", encoding="utf-8") as stream:
            stream.write(factory.report_xml("mine", [factory.row(count=3)]))
        self.dmarcd("ingest", self.path("mine.xml"))
        self.take([self.true("mine"), self.strange("mine")])
        self.judge()
        self.assertEqual(self.messages(), {"mine": 3})
        self.assertEqual(self.by_id()["mine"], {("local", False), ("verified", True), ("contradicted", True)})
        self.check_sums_of_rows()

    def test_copies(self):
        """The best of a report's mails speaks for it; a worse one changes nothing."""
        plain, again = self.mail("raised", 7), self.true("raised")
        self.take([plain])
        self.judge()
        self.assertEqual(self.by_id()["raised"], {("unverified", False)})
        self.assertEqual(self.take([again])["duplicate"], 1)
        self.judge()
        self.assertEqual(self.by_id()["raised"], {("verified", False)})
        self.check_sums_of_rows()
        self.assertEqual(self.take([self.mail("raised", 7, subject="again")])["duplicate"], 1)
        self.judge()
        self.assertEqual(self.by_id()["raised"], {("verified", False)})
        self.take([self.mail("blackened", 7)])
        self.judge()
        self.take([self.world.sign(self.mail("blackened", 7, author="noreply@stranger.example", submitter=REPORTER,
                                             email="dmarc@reporter.example"), STRANGER)])
        self.judge()
        self.assertEqual(self.by_id()["blackened"], {("unverified", False)})
        self.check_sums_of_rows()

    def test_totals(self):
        """count_unverified decides what counts; both sums are shown whatever it says."""
        self.take([self.true("good"), self.unsigned("bad")])
        for more, messages in (("", 1007), ("count_unverified: yes\n", 1007), ("count_unverified: no\n", 0)):
            self.settle(more)
            found = self.status()
            self.assertEqual((found["messages"], found["messages_all"], found["messages_trusted"]), (messages, 1007, 0))
        self.judge()
        for more, messages in (("", 1007), ("count_unverified: yes\n", 1007), ("count_unverified: no\n", 7)):
            self.settle(more)
            found = self.status()
            self.assertEqual((found["messages"], found["messages_all"], found["messages_trusted"]), (messages, 1007, 7))
            self.assertEqual([found[name]["example.com"]["messages"] for name in (
                "domains", "domains_all", "domains_trusted")], [messages, 1007, 7])
        text = self.dmarcd("status").stdout
        self.assertIn("7", text)
        self.assertIn("1,007", text.replace("1007", "1,007"))


class Archive(verdicts.VerdictTest):
    """Old mail whose keys are no longer published."""

    def test_keys_gone(self):
        self.world.add(REPORTER, keys={"s": "rsa", "e": "ed25519"}).add(STRANGER, number=1)
        old = self.world.zone()
        for selector in "se":
            self.world.publish("%s._domainkey.%s" % (selector, REPORTER), None)
        mails = {selector: self.world.sign(factory.aggregate("old-" + selector), REPORTER, selector) for selector in "se"}
        other = self.world.sign(factory.aggregate("forged"), STRANGER)
        self.take([*mails.values(), other])
        self.judge()
        self.check_cases({selector: (mail, "unverified", "key.gone dmarc.fail") for selector, mail in mails.items()})
        replay = self.write("old-keys.txt", old)
        shown = self.dmarcd("recheck", "--dns-replay", replay)
        self.check_cases({selector: (mail, "unverified", "key.gone") for selector, mail in mails.items()})
        self.assertIn("verified", shown.stdout)
        self.assertEqual(self.dmarcd("recheck").stdout.count("identical\n"), 3)
        self.dmarcd("recheck", "--dns-replay", replay, "--store")
        self.check_cases({selector: (mail, "verified", "dmarc.pass dkim.pass -key.gone")
                          for selector, mail in mails.items()})
        self.check_cases({"forged": (other, "unverified", "dmarc.fail")})
        self.check_sums_of_rows()
        self.assertEqual(self.dmarcd("recheck").stdout.count("identical\n"), 3)


if __name__ == "__main__":
    flow.main()
