#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The samples in failure reports, verified again: what the reporter said beside what we find, why the two differ, and
samples that were made to do harm.

usage: test_recheck.py BIN_DIR
"""
import hashlib

import factory
import flow
import verdicts

OURS, REPORTER = "example.com", "reporter.example"
SENDER_IP, STRANGE_IP = "192.0.2.9", "198.51.100.66"
UNCHECKABLE = ("headers_only", "redacted", "key_rotated", "key_gone", "not_checkable")
SAID = "reporter.example; spf=%s smtp.mailfrom=a@example.com; dkim=%s header.d=example.com; " \
    "dmarc=%s header.from=example.com"


class Recheck(verdicts.VerdictTest):
    more = "limits: {%s}\n" % flow.PATIENT

    def setUp(self):
        super().setUp()
        self.world.add(OURS, spf="v=spf1 ip4:192.0.2.0/24 -all", keys={"s": "rsa", "e": "ed25519", "old": "rsa",
                                                                       "gone": "ed25519"})
        self.world.add(REPORTER, number=1)
        self.mails = {}

    def sample(self, name, selector="s", **options):
        mail = factory.message("a@example.com", "b@reporter.example", "hello", "Some  words.\n\nMore of them.\n",
                               message_id=name)
        return self.world.sign(mail, OURS, selector, **options) if selector else mail

    def report(self, name, sample, spf, dkim, dmarc, headers_only=False, **said):
        said = {"Source_IP": SENDER_IP, "Original_Mail_From": "a@example.com",
                "Authentication_Results": SAID % (spf, dkim, dmarc), **said}
        self.mails[name] = self.world.sign(factory.failure(sample, headers_only=headers_only, report_id=name, **said),
                                           REPORTER)

    def rechecks(self):
        """{name: {method: (reporter, ours, difference)}}"""
        names = {hashlib.sha256(mail).hexdigest(): name for name, mail in self.mails.items()}
        found = {}
        for digest, method, reporter, ours, difference, detail in self.rows(
                "SELECT r.mail_sha256, c.method, coalesce(c.reporter, '-'), coalesce(c.ours, '-'), c.difference, "
                "replace(c.detail, chr(10), ' ') FROM dmarcd.recheck c JOIN dmarcd_api.report r USING (report_key)"):
            found.setdefault(names[digest], {})[method] = (reporter, ours, difference)
            self.assertTrue(detail, (names[digest], method))
            if difference in UNCHECKABLE:
                self.assertNotIn(ours, ("fail", "softfail", "permerror"), (names[digest], method, difference))
        return found

    def test_each(self):
        simple = self.sample("simple", how="simple/simple")
        self.report("same", self.sample("same", None), "fail", "none", "fail", Source_IP=STRANGE_IP)
        self.report("broken", factory.with_body_changed(self.sample("broken")), "fail", "fail", "fail",
                    Source_IP=STRANGE_IP)
        self.report("pass", self.sample("pass"), "fail", "fail", "fail")
        self.report("pass by ed25519", self.sample("pass-e", "e"), "pass", "fail", "fail")
        self.report("headers", self.sample("headers"), "fail", "fail", "fail", True, Source_IP=STRANGE_IP)
        self.report("redacted", factory.replaced(self.sample("redacted"), "to", "[REDACTED]@reporter.example"), "fail",
                    "pass", "pass", Source_IP=STRANGE_IP)
        self.report("rotated", self.sample("rotated", "old"), "fail", "pass", "pass", Source_IP=STRANGE_IP)
        self.report("gone", self.sample("gone", "gone"), "fail", "pass", "pass", Source_IP=STRANGE_IP)
        self.report("spf changed", self.sample("changed", None), "pass", "none", "pass", Source_IP=STRANGE_IP)
        self.report("folded", simple.replace(b"Some  words.", b"Some words."), "fail", "pass", "pass",
                    Source_IP=STRANGE_IP)
        self.report("no address", self.sample("no-address", None), "fail", "none", "fail", Source_IP=None,
                    Original_Mail_From=None)
        self.world.publish("old._domainkey." + OURS, factory.key("rsa", 7).record())
        self.world.publish("gone._domainkey." + OURS, None)
        self.take(list(self.mails.values()))
        self.judge()
        self.assertEqual(self.waiting(), 0)
        found = self.rechecks()
        wanted = {
            "same": {"spf": ("fail", "fail", "same"), "dmarc": ("fail", "fail", "same")},
            "broken": {"dkim": ("fail", "fail", "same"), "dmarc": ("fail", "fail", "same")},
            "pass": {"spf": ("fail", "pass", "we_pass"), "dkim": ("fail", "pass", "we_pass"),
                     "dmarc": ("fail", "pass", "we_pass")},
            "pass by ed25519": {"spf": ("pass", "pass", "same"), "dkim": ("fail", "pass", "we_pass")},
            "headers": {"dkim": ("fail", None, "headers_only"), "spf": ("fail", "fail", "same")},
            "redacted": {"dkim": ("pass", None, "redacted")},
            "rotated": {"dkim": ("pass", None, "key_rotated")},
            "gone": {"dkim": ("pass", None, "key_gone")},
            "spf changed": {"spf": ("pass", "fail", "dns_changed"), "dmarc": ("pass", "fail", "dns_changed")},
            "folded": {"dkim": ("pass", "fail", "canonicalization")},
            "no address": {"spf": ("fail", None, "not_checkable")},
        }
        wrong = []
        for name, methods in wanted.items():
            for method, (reporter, ours, difference) in methods.items():
                got = found.get(name, {}).get(method)
                if got is None or got[0] != reporter or got[2] != difference or ours not in (None, got[1]):
                    wrong.append("%s, %s: %s, not %s" % (name, method, got, (reporter, ours, difference)))
        self.assertEqual(wrong, [], "\n" + "\n".join(wrong))
        self.check_cases({name: (mail, "verified", "dmarc.pass") for name, mail in self.mails.items()})

    def hostile(self):
        """Samples that want to be more than they may."""
        signature = b"DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s; h=from; bh=AAAA; b=AAAA\n"
        plain = self.sample("plain", None)
        chain = b"".join(b"ARC-Seal: i=%d; a=rsa-sha256; d=example.com; s=s; cv=pass; b=AAAA\n"
                         b"ARC-Message-Signature: i=%d; a=rsa-sha256; d=example.com; s=s; h=from; bh=A; b=A\n"
                         b"ARC-Authentication-Results: i=%d; x; none\n" % (i, i, i) for i in range(300, 0, -1))
        nested = factory.failure(self.sample("inner"), report_id="inner")
        for _ in range(3):
            nested = factory.failure(nested, report_id="outer")
        return {
            "nested": nested,
            "aggregate": factory.aggregate("smuggled"),
            "signatures": signature * 100 + plain,
            "chain": chain + plain,
            "zeros": plain.replace(b"hello", b"he\0llo").replace(b"words", b"\0\0\xff\xfe"),
            "no end": b"From: a@example.com\nSubject: x",
            "nothing": b"",
            "colon": b":\n: :\n\n",
            "addresses": factory.replaced(plain, "from", ", ".join("a%d@example.com" % i for i in range(3000))),
            "authors": b"From: b@example.net\n" * 200 + plain,
            "received": factory.received(b"", STRANGE_IP, "x.example", None) * 200 + plain,
            "long line": factory.replaced(plain, "subject", "x" * 60000),
            "results": b"Authentication-Results: mx.example.com; spf=pass (((((((((\n" * 100 + plain,
            "parts": factory.multipart(plain.partition(b"\n\n")[0] + b"\n", "multipart/mixed", [
                (b"Content-Type: text/plain\n", b"x")] * 200),
        }

    def test_hostile(self):
        """Each job ends, and who comes after them is served."""
        for name, sample in self.hostile().items():
            self.report(name, sample, "fail", "fail", "fail")
        self.report("headers", self.hostile()["signatures"], "fail", "fail", "fail", True)
        huge = factory.failure(factory.message(subject="y" * 10_000_000), report_id="huge")
        self.take([*self.mails.values(), huge], code=(flow.EX_OK, flow.EX_DATAERR))
        self.judge()
        self.assertEqual(self.waiting(), 0)
        self.assertNotIn("pending", {state for state, _, _ in self.reports().values()})
        self.assertEqual(self.rows("SELECT count(*) FROM dmarcd_api.report WHERE kind = 'aggregate'"), [("0",)])
        self.rechecks()
        after = self.world.sign(factory.aggregate("after", org=REPORTER), REPORTER)
        self.assertEqual(self.take([after])["stored"], 1)
        self.judge()
        self.check_cases({"after": (after, "verified", "dmarc.pass")})


if __name__ == "__main__":
    flow.main()
