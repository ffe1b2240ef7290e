#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The mail factory and its DNS against the verifier: what is signed passes, what is changed fails, and the zone's
server lies when told to.

usage: test_factory.py BIN_DIR
"""
import json

import factory
import flow
import zone

ME = "a@sender.example"


class Factory(flow.FlowTest):
    def setUp(self):
        super().setUp()
        self.world = factory.World().add("sender.example", keys={"s": "rsa", "e": "ed25519"},
                                         spf="v=spf1 ip4:192.0.2.0/24 -all")
        self.world.add("lists.example", keys={"s": "rsa", "e": "ed25519"}, spf="v=spf1 ip4:198.51.100.0/24 -all")
        self.dns = zone.ZoneServer(self.world.zone())
        self.mail = factory.message(ME, body="Line  one \n\nline two\n\n\n")

    def check(self, mail, *options):
        done = self.dmarcd("check", "--json", "--resolver", self.dns.resolver, *options, "-", input=mail)
        return json.loads(done.stdout)

    def dkim(self, mail):
        return [one["result"] for one in self.check(mail)["dkim"]]

    def test_signatures(self):
        mail, count = self.mail, 0
        for selector in ("s", "e"):
            for how in ("relaxed/relaxed", "simple/simple", "relaxed/simple", "simple/relaxed"):
                mail = self.world.sign(mail, "sender.example", selector, how=how, fields=("from", "From", "subject"))
                count += 1
        mail = self.world.sign(mail, "sender.example", length=4, tags="t=1767225600; x=4102444800")
        self.assertEqual(self.dkim(mail), ["pass"] * (count + 1))
        self.assertEqual(self.dkim(factory.with_body_changed(mail))[1:], ["fail"] * count)
        self.assertEqual(self.dkim(factory.with_header_changed(mail)), ["fail"] * (count + 1))
        self.assertEqual(self.dkim(self.world.sign(self.mail, "sender.example", tags="x=1767225600")), ["policy"])
        self.assertEqual(self.dkim(self.world.sign(b"Subject: empty\n\n", "sender.example", fields=["subject", "from"],
                                                   how="simple/relaxed")), ["pass"])

    def test_chains(self):
        mail = self.world.sign(self.mail, "sender.example")
        for number, selector in enumerate(("s", "e", "s")):
            mail = self.world.seal(mail, "lists.example", selector, results="dkim=pass header.d=sender.example")
            found = self.check(mail)["arc"]
            self.assertEqual((found["result"], found["sets"]), ("pass", number + 1))
        self.assertEqual(self.check(factory.with_body_changed(mail))["arc"]["result"], "fail")

    def test_ways(self):
        mail = self.world.sign(self.mail, "sender.example")
        direct = self.check(factory.received(mail, "192.0.2.1", "mx.sender.example", "bounce@sender.example"))
        self.assertEqual((direct["spf"]["result"], direct["dmarc"]["result"]), ("pass", "pass"))
        self.assertEqual((direct["dmarc"]["spf_aligned"], direct["dmarc"]["dkim_aligned"]), (True, True))
        through = self.check(factory.forwarded(mail))
        self.assertEqual((through["spf"]["domain"], through["spf"]["result"]), ("lists.example", "pass"))
        self.assertEqual((through["dmarc"]["spf_aligned"], through["dmarc"]["dkim_aligned"]), (False, True))
        listed = self.check(factory.forwarded(mail, tag="[list] ", footer=factory.FOOTER))
        self.assertEqual(listed["dmarc"]["result"], "fail")

    def test_reports(self):
        """Each kind is read as what it is."""
        mails = {"aggregate": factory.aggregate(), "failure": factory.failure(self.mail), "tlsrpt": factory.tls()}
        for kind, mail in mails.items():
            with open(self.path(kind), "wb") as stream:
                stream.write(self.world.sign(mail, "sender.example"))
            found = [json.loads(line) for line in self.dmarcd("parse", self.path(kind)).stdout.splitlines()]
            self.assertEqual([(one["kind"], one.get("issues", [])) for one in found], [(kind, [])])
        two = factory.aggregate(ending="zip", others=[("two.xml.gz", factory.report_xml("r2")),
                                                      ("three.xml", factory.report_xml("r3"))])
        with open(self.path("two"), "wb") as stream:
            stream.write(two)
        found = [json.loads(line)["report_id"] for line in self.dmarcd("parse", self.path("two")).stdout.splitlines()]
        self.assertEqual(found, ["r1", "r2", "r3"])

    def test_lies(self):
        mail = self.world.sign(self.mail, "sender.example")
        for mode in ("wrong_id", "wrong_question", "truncated", "servfail", "refused", "garbage", "dead"):
            self.dns.mode = mode
            self.config = self.write("dmarcd.yaml", "limits: {dns_query_secs: 1s, dns_mail_secs: 2s}\n")
            self.assertEqual(self.check(mail)["dmarc"]["result"], "temperror", mode)
            self.assertTrue(self.dns.asked())
        self.dns.mode = "well"
        self.assertEqual(self.check(mail)["dmarc"]["result"], "pass")


if __name__ == "__main__":
    flow.main()
