#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check, spf and domain as a postmaster calls them: the public suites through the command line, with the
answers of a file, and every way in which the input can be bad.

usage: test_verify.py BIN_DIR
"""
import concurrent.futures
import csv
import json
import os
import re
import sys

import factory
import flow
import signer

sys.path.insert(0, os.path.join(flow.SOURCE, "tests", "dns"))
import dns_server  # noqa: E402  (a room beside this one)

CORPUS = os.environ.get("DMARCD_CORPUS") or os.path.join(flow.SOURCE, "..", "shared", "corpus")
MESSAGE = ("Return-Path: <bounce@example.org>\nFrom: Joe <joe@example.org>\nTo: a@example.net\n"
           "Subject: hello\n\nHi.\n")
ZONE = ("# answers\n"
        "example.org TXT \"v=spf1 include:spf.example.org -all\"\n"
        "spf.example.org TXT \"v=spf1 ip4:192.0.2.0/24 ?all\"\n"
        "_dmarc.example.org. TXT \"v=DMARC1; p=reject; rua=mailto:d@example.org\"\n"
        "example.org MX 10 mx.example.org\n"
        "mx.example.org A 192.0.2.9\n")
SENDER = ("--ip", "192.0.2.1", "--helo", "mx.example.org", "--now", "1767225600")


def quoted(raw):
    """Character-strings of at most 255 bytes in master-file presentation."""
    raw = raw.encode("utf-8", "surrogateescape") if isinstance(raw, str) else raw
    pieces = [raw[i:i + 255] for i in range(0, len(raw), 255)] or [b""]
    return " ".join('"%s"' % "".join(chr(c) if 32 <= c < 127 and c not in b'"\\' else "\\%03d" % c
                                     for c in piece) for piece in pieces)


def owner(name):
    return "".join(c if c.isalnum() or c in "-_.*" else "\\%03d" % ord(c) for c in name)


def spf_zone(zone):
    """The suite's zonedata as lines; an SPF entry stands for TXT unless the name has one of its own."""
    lines = []
    for name, entries in zone.items():
        has_txt = any(isinstance(entry, dict) and "TXT" in entry for entry in entries)
        for entry in entries:
            if entry == "TIMEOUT":
                lines.append(owner(name) + " * !TIMEOUT")
                continue
            (kind, value), = entry.items()
            if value == "NONE" or (kind == "SPF" and has_txt):
                continue
            if kind in ("SPF", "TXT"):
                kind = "TXT"
                value = " ".join(map(quoted, value or [""])) if isinstance(value, list) else quoted(value)
            elif kind == "MX":
                value = "%d %s" % (value[0], owner(value[1]) or ".")
            else:
                value = owner(value) if kind in ("CNAME", "PTR") else value
            lines.append("%s %s %s" % (owner(name), kind, value))
    return "\n".join(lines) + "\n"


class VerifyTest(flow.FlowTest):
    def bytes_file(self, name, content):
        path = self.path(name)
        with open(path, "wb") as stream:
            stream.write(content.encode() if isinstance(content, str) else content)
        return path

    def check(self, message, *options, zone=ZONE, code=flow.EX_OK):
        replay = self.bytes_file("replay.txt", zone)
        return self.dmarcd("check", "--dns-replay", replay, *options, self.bytes_file("m.eml", message), code=code)

    def verdict(self, message, *options, zone=ZONE):
        return json.loads(self.check(message, "--json", *options, zone=zone).stdout)


class Suites(VerifyTest):
    """The public suites through the command line; as unit tests they are in tests/verifier."""

    def setUp(self):
        super().setUp()
        if os.path.isdir(CORPUS):
            return
        if os.environ.get("CI") == "true":
            self.fail("no corpus at %s" % CORPUS)
        self.skipTest("no corpus at %s" % CORPUS)

    def each(self, one, cases):
        """Runs one(case) for all cases, several at a time, and says which were wrong."""
        with concurrent.futures.ThreadPoolExecutor(max(2, os.cpu_count() or 2)) as pool:
            wrong = [text for text in pool.map(one, cases) if text]
        self.assertEqual(wrong, [])

    def load(self, *names):
        with open(os.path.join(CORPUS, *names), encoding="utf-8") as stream:
            return json.load(stream)

    def test_spf(self):
        cases = []
        for number, scenario in enumerate(self.load("spf", "rfc7208-tests.derived.json")):
            replay = self.bytes_file("spf-%d.txt" % number, spf_zone(scenario["zonedata"]))
            cases += [(replay, name, test) for name, test in scenario["tests"].items()]
        self.assertEqual(len(cases), 203)

        def one(case):
            replay, name, test = case
            done = self.dmarcd("spf", "--json", "--dns-replay", replay, "--ip", test["host"], "--helo",
                               test["helo"], "--mail-from", test["mailfrom"])
            found = json.loads(done.stdout)
            allowed = test["result"] if isinstance(test["result"], list) else [test["result"]]
            wanted = test.get("explanation")
            if found["result"] not in allowed:
                return "%s: %s, not %s" % (name, found["result"], allowed)
            if wanted not in (None, "DEFAULT") and found["explanation"] != wanted:
                return "%s: explanation %r, not %r" % (name, found["explanation"], wanted)
            return None if isinstance(found["lookups"], int) else name + ": no look-ups"

        self.each(one, cases)

    def test_arc(self):
        cases = []
        for number, scenario in enumerate(self.load("arc", "arc-draft-validation-tests.derived.json")):
            zone = "".join("%s TXT %s\n" % (owner(name), quoted(value))
                           for name, value in scenario["txt-records"].items())
            replay = self.bytes_file("arc-%d.txt" % number, zone)
            cases += [(replay, "%d-%s" % (number, name), test) for name, test in scenario["tests"].items()]
        self.assertEqual(len(cases), 171)

        def one(case):
            replay, name, test = case
            message = self.bytes_file(name + ".eml", test["message"])
            done = self.dmarcd("check", "--json", "--dns-replay", replay, message)
            found = json.loads(done.stdout)["arc"]["result"]
            wanted = {"": ("fail", "none")}.get(test["cv"], (test["cv"].lower(),))
            return None if found in wanted else "%s: %s, not %s" % (name, found, wanted)

        self.each(one, cases)

    def dkim_zone(self, name):
        """name, white space, TXT; NXDOMAIN and ~~text~~ (a temporary error) stand for themselves."""
        lines = []
        with open(os.path.join(CORPUS, "dkim", name), encoding="utf-8", errors="surrogateescape") as stream:
            for line in stream:
                match = re.match(r"^(\S+)\s+(.*?)\r?\n?$", line)
                if not match or line.startswith("#"):
                    continue
                where, value = match.groups()
                if value == "NXDOMAIN":
                    lines.append(owner(where) + " TXT !NXDOMAIN")
                elif value.startswith("~~"):
                    lines.append(owner(where) + " TXT !SERVFAIL")
                else:
                    lines.append("%s TXT %s" % (owner(where), quoted("" if value == '""' else value)))
        return self.bytes_file(name, "\n".join(lines) + "\n")

    def test_dkim(self):
        zones = {prefix: self.dkim_zone(name) for prefix, name in (
            ("rfc", "dns-rfc.txt"), ("dkim_verifier", "dns-rfc.txt"), ("dkimpy", "dns-dkimpy.txt"),
            ("mail-dkim", "dns-mail-dkim.txt"))}
        with open(os.path.join(CORPUS, "dkim", "expected.tsv"), encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream, delimiter="\t"))
        files = sorted({row["file"] for row in rows})

        def one(name):
            zone = next(zone for prefix, zone in zones.items() if name.startswith(prefix))
            done = self.dmarcd("check", "--json", "--dns-replay", zone, os.path.join(CORPUS, "dkim", name))
            signatures = json.loads(done.stdout)["dkim"]
            wrong = []
            for row in (row for row in rows if row["file"] == name):
                at = int(row["sig"])
                word = "NONE" if at == 0 and not signatures else signatures[at - 1]["result"] if at else "?"
                kind = {"pass": "PASS", "temperror": "TEMPFAIL", "NONE": "NONE"}.get(word, "PERMFAIL")
                if kind not in row["expected"].split("|"):
                    wrong.append("%s: signature %d: %s, not %s" % (name, at, word, row["expected"]))
            return "; ".join(wrong)

        self.each(one, files)


class Check(VerifyTest):
    def test_verdict(self):
        found = self.verdict(MESSAGE, *SENDER)
        self.assertEqual((found["spf"]["result"], found["spf"]["domain"]), ("pass", "example.org"))
        self.assertEqual(found["dkim"], [])
        self.assertEqual((found["arc"]["result"], found["arc"]["sets"]), ("none", 0))
        self.assertEqual({key: found["dmarc"][key] for key in (
            "result", "policy", "policy_domain", "org_domain", "spf_aligned", "dkim_aligned")},
            {"result": "pass", "policy": "reject", "policy_domain": "example.org", "org_domain": "example.org",
             "spf_aligned": True, "dkim_aligned": False})
        self.assertIn({"kind": "mail_from", "value": "bounce@example.org", "source": "Return-Path"},
                      found["identities"])
        self.assertTrue(any(step["part"] == "spf" and step["kind"] == "term" for step in found["trace"]))

    def test_null_path(self):
        found = self.verdict(MESSAGE, "--ip", "192.0.2.1", "--helo", "spf.example.org", "--mail-from", "")
        self.assertEqual((found["spf"]["result"], found["spf"]["domain"]), ("pass", "spf.example.org"))
        self.assertTrue(found["dmarc"]["spf_aligned"])

    def test_text(self):
        text = self.check(MESSAGE, *SENDER).stdout
        for wanted in ("MAIL FROM  bounce@example.org  (Return-Path)", "SPF mailfrom: pass  example.org",
                       "_dmarc.example.org TXT", "DMARC: pass  example.org, policy reject", "include:spf.example.org"):
            self.assertIn(wanted, text)

    def test_authres(self):
        text = self.check(MESSAGE, "--authres", "--authserv-id", "mx.example.net", *SENDER).stdout
        plain = re.sub(r"\r?\n[ \t]+", " ", text).strip()
        self.assertRegex(plain, r"^Authentication-Results: mx\.example\.net;")
        self.assertRegex(plain, r"spf=pass\b.* smtp\.mailfrom=bounce@example\.org")
        self.assertRegex(plain, r"dmarc=pass\b.* header\.from=example\.org")

    def test_dig(self):
        lines = self.check(MESSAGE, "--dig", *SENDER).stdout.splitlines()
        self.assertTrue(all(re.match(r"dig \+short [A-Z]+ \S+  # \S", line) for line in lines), lines)
        for name in ("example.org", "spf.example.org", "_dmarc.example.org", "default._bimi.example.org"):
            self.assertTrue(any(line.startswith("dig +short TXT %s  #" % name) for line in lines), (name, lines))
        self.assertEqual(len(lines), len(set(lines)))
        # What the message did not need, or what was refused before the DNS was asked.
        message = "".join("ARC-%s: i=1; a=rsa-sha256; d=f.example; s=%s; cv=fail; h=from; bh=AAAA; b=AAAA\n" % pair for pair
                          in (("Seal", "a1"), ("Message-Signature", "a2"))) + \
            "ARC-Authentication-Results: i=1; f.example; none\nBIMI-Selector: v=BIMI1; s=brand\n" \
            "DKIM-Signature: v=1; a=rsa-sha256; d=d.example; s=x1; h=to; bh=AAAA; b=AAAA\nFrom: a@sub.example.net\n\nHi.\n"
        zone = "example.org TXT \"v=spf1 ip4:192.0.2.1 include:late.example -all\"\n_dmarc.example.net TXT !TIMEOUT\n"
        text = self.check(message, "--dig", *SENDER, "--mail-from", "x@example.org", zone=zone).stdout
        for name in ("late.example", "x1._domainkey.d.example", "a1._domainkey.f.example", "a2._domainkey.f.example",
                     "_dmarc.sub.example.net", "_dmarc.example.net", "_dmarc.net", "brand._bimi.sub.example.net",
                     "brand._bimi.example.net", "default._bimi.sub.example.net", "default._bimi.example.net"):
            self.assertIn("dig +short TXT %s  # " % name, text)
        # To a shell and to dig a name is a name.
        for local, quoted_name in (("+x", "'+x._x.example.org'"), ("a'$(b)", "'a'\\''$(b)._x.example.org'"),
                                   ("a\nb", "'a\\010b._x.example.org'")):
            text = self.check(MESSAGE, "--dig", *SENDER, "--mail-from", local + "@example.org",
                              zone="example.org TXT \"v=spf1 exists:%{l}._x.%{d} -all\"\n").stdout
            self.assertIn("dig +short A -q %s  # spf: " % quoted_name, text)

    def test_replay_repeats(self):
        first = self.check(MESSAGE, "--json", *SENDER).stdout
        answers = json.loads(first)["answers"]
        again = self.check(MESSAGE, "--json", *SENDER, zone="\n".join(answers) + "\n").stdout
        self.assertEqual(first, again)

    def test_without_from(self):
        found = self.verdict("To: a@example.net\nSubject: x\n\nHi.\n", *SENDER)
        self.assertEqual(found["dmarc"]["result"], "permerror")
        self.assertTrue(found["dmarc"]["reason"])

    def test_any_bytes(self):
        for message in ("", "\n", "no header at all", b"\0\xff\r\r\n\n\0", "From: a@b\r" * 100):
            self.assertIn("result", self.verdict(message, *SENDER)["dmarc"])

    def test_stdin(self):
        replay = self.bytes_file("replay.txt", ZONE)
        done = self.dmarcd("check", "--json", "--dns-replay", replay, *SENDER, "-", input=MESSAGE)
        self.assertEqual(json.loads(done.stdout)["dmarc"]["result"], "pass")

    def test_bad_input(self):
        replay = self.bytes_file("replay.txt", ZONE)
        done = self.dmarcd("check", "--dns-replay", replay, self.path("none.eml"), code=flow.EX_NOINPUT)
        self.assertIn("none.eml", done.stderr)
        self.dmarcd("check", "--dns-replay", self.path("none.txt"), self.bytes_file("m.eml", MESSAGE),
                    code=flow.EX_NOINPUT)
        for line in ("example.org", "example.org TXT", "example.org TXT \"open", "example.org A 999.1.1.1",
                     "example.org TXT !WHAT", "example.org NONSENSE x"):
            done = self.check(MESSAGE, zone=ZONE + line + "\n", code=flow.EX_DATAERR)
            self.assertRegex(done.stderr, r"replay\.txt:7: ")
            self.assertEqual(done.stdout, "")
        for wrong in (("--ip", "x"), ("--now", "soon"), ("--method", "guess"), ("--json", "--dig"),
                      ("--resolver", "192.0.2.1")):
            self.check(MESSAGE, *wrong, code=flow.EX_USAGE)
        self.assertIn("standard input", self.dmarcd("check", "--dns-replay", "-", "-", code=flow.EX_USAGE).stderr)

    def test_fail_on(self):
        self.check(MESSAGE, "--fail-on", "fail,permerror", *SENDER)
        self.check(MESSAGE, "--fail-on", "fail,permerror", "--ip", "198.51.100.1", code=1)

    def test_text_says_what_json_says(self):
        """Of what is not seen elsewhere: both organisational domains, a sealer's words, the record to change."""
        key = signer.Key()
        record = quoted(key.record())
        zone = ("_dmarc.a.example.org TXT \"v=DMARC1; p=reject; adkim=s\"\ns._domainkey.example.org TXT %s\n"
                "_dmarc.example.org TXT \"v=DMARC1; p=reject; adkim=s\"\n"
                "s._domainkey.f.example TXT %s\n" % (record, record))
        message = signer.arc(signer.dkim(b"From: a@b.example.org\n\nHi.\n", key, "example.org"), key, "f.example",
                             results="spf=pass smtp.mailfrom=x@y.example")
        text = self.check(message, *SENDER, zone=zone).stdout
        for line in ("said: i=1; f.example; spf=pass smtp.mailfrom=x@y.example\n",
                     "warning dkim.strict: DKIM passes for example.org, which adkim=s does not take for b.example.org: "
                     "sign with d=b.example.org, or take adkim=s away\n"
                     "    _dmarc.example.org TXT v=DMARC1; p=reject\n"):
            self.assertIn(line, text)
        text = self.check(b"Authentication-Results: mx.example; dkim=pass header.d=x.example; dmarc=fail\n" + message + b"x\n",
                          "--authserv-ids", "f.example", *SENDER, zone=zone).stdout
        for line in ("      reason: ARC-Message-Signature: the body is not the one that was signed\n",
                     "dkim=pass header.d=x.example  (not compared; authserv-id not known)\n",
                     "spf=pass i=1 smtp.mailfrom=x@y.example  (not compared"):
            self.assertIn(line, text)
        text = self.check(MESSAGE, *SENDER, zone=ZONE + "default._bimi.example.org TXT \"v=BIMI1; l=; "
                          "a=https://a.example/c.pem; avp=personal\"\n").stdout
        self.assertIn("  logo preference: personal\n  authority: none\n", text)
        message = "From: a@a.example.org\n\nHi.\n"
        zone = zone.replace("_dmarc.example.org", "_dmarc.example.net")
        for method, first, second in (
                ("treewalk", "by tree walk (RFC 9989): a.example.org", "by the public suffix list (RFC 7489) it would "
                 "be: example.org"),
                ("psl", "by the public suffix list (RFC 7489): example.org", "by tree walk (RFC 9989) it would be: "
                 "a.example.org")):
            text = self.check(message, "--method", method, *SENDER, zone=zone).stdout
            self.assertIn("  organisational domain %s\n  %s\n" % (first, second), text)


class Live(VerifyTest):
    """With the resolver's process, against a server on this machine that answers as it is told, and worse."""

    def setUp(self):
        super().setUp()
        self.zone = {"example.org": [(dns_server.TXT, dns_server.strings(b"v=spf1 include:servfail-1.example -all"))],
                     "example.net": [(dns_server.TXT, dns_server.strings(b"v=spf1 ip4:192.0.2.0/24 -all"))],
                     "_dmarc.example.org": [(dns_server.TXT, dns_server.strings(b"v=DMARC1; p=", b"reject"))]}
        self.server = dns_server.DnsServer(self.zone)
        self.resolver = ("--resolver", "127.0.0.1@%d" % self.server.port)

    def spf(self, domain):
        done = self.dmarcd("spf", "--json", *self.resolver, "--ip", "192.0.2.1", "--mail-from", "a@" + domain)
        return json.loads(done.stdout)

    def test_answers(self):
        self.assertEqual(self.spf("example.net")["result"], "pass")
        self.assertEqual(self.spf("good-1.example")["result"], "fail")
        self.assertEqual(self.spf("nxdomain-1.example")["result"], "none")

    def test_faults(self):
        for domain in ("servfail-1.example", "example.org", "refused-1.example", "garbage-1.example"):
            self.assertEqual(self.spf(domain)["result"], "temperror", domain)

    def test_verdict_is_repeated(self):
        message = self.bytes_file("m.eml", MESSAGE)
        first = json.loads(self.dmarcd("check", "--json", *self.resolver, *SENDER, message).stdout)
        self.assertEqual((first["spf"]["result"], first["dmarc"]["result"]), ("temperror", "temperror"))
        again = self.verdict(MESSAGE, *SENDER, zone="\n".join(first["answers"]) + "\n")
        self.assertEqual(first, again)

    def questions(self, sender, selector):
        """Counted where they arrive (P15), for a mail with SPF, thirty signatures, DMARC and BIMI."""
        signature = "DKIM-Signature: v=1; a=rsa-sha256; d=s%d.p15.example; s=%s; h=from; " \
            "bh=nqnLxFDBjM6NgTSgzp6zQgrVCIYHdqaLmIqCULXJGCU=; b=AAAA\n"
        message = "".join(signature % (i, selector) for i in range(30)) + "From: a@%s\n\nHi.\n" % sender
        options = ("--ip", "198.51.100.1", "--helo", "helo.p15.example", "--mail-from", "a@" + sender)
        self.config = self.write("dmarcd.yaml", "limits: {dns_zone_rate: 10000}\n")
        before = len(self.server.questions)
        first = json.loads(self.dmarcd("check", "--json", *self.resolver, *options,
                                       self.bytes_file("m.eml", message)).stdout)
        asked = len(self.server.questions) - before
        self.assertEqual(len(first["dkim"]), 30)
        self.assertEqual(self.verdict(message, *options, zone="\n".join(first["answers"]) + "\n"), first)
        return asked, first["spf"]["result"]

    def test_questions_of_one_mail(self):
        asked, spf = self.questions("spfmx.p15.example", "x")
        self.assertEqual(spf, "temperror")
        self.assertGreater(asked, 20)
        self.assertLessEqual(asked, 60)

    def test_questions_tried_again(self):
        for selector in ("servfail", "formerr", "garbage", "wrongquestion", "tcclosed"):
            self.assertLessEqual(self.questions("spfloop.p15.example", selector)[0], 60, selector)

    def test_questions_of_aliases(self):
        """Each of the includes and keys is at the end of eight CNAMEs; the last may go on beyond the budget."""
        includes = b" ".join(b"include:chain-8-0.c%d.example" % i for i in range(10))
        self.server.zone[dns_server.wire(dns_server.name("bomb.example"))] = [
            (dns_server.TXT, dns_server.strings(b"v=spf1 " + includes[:240], includes[240:] + b" -all"))]
        self.assertLessEqual(self.questions("bomb.example", "chain-8-0")[0], 60 + 8)

    def test_configured(self):
        self.config = self.write("dmarcd.yaml", "dns: {servers: [\"127.0.0.1@%d\"]}\n" % self.server.port)
        self.resolver = ()
        self.assertEqual(self.spf("example.net")["result"], "pass")

    def test_trust_anchor(self):
        """What a signature does not bear out is no answer, once there is a key to judge by."""
        self.assertEqual(self.spf("forged.signed.example")["result"], "none")
        self.config = self.write("dmarcd.yaml", "dns: {servers: [\"127.0.0.1@%d\"], trust_anchor: %s}\n" % (
            self.server.port, self.bytes_file("root.key", self.server.signer.anchor())))
        self.resolver = ()
        self.assertEqual(self.spf("forged.signed.example")["result"], "temperror")
        self.assertEqual(self.spf("honest.signed.example")["result"], "none")
        self.config = self.write("dmarcd.yaml", "dns: {trust_anchor: %s}\n" % self.path("none.key"))
        done = self.dmarcd("spf", "--ip", "192.0.2.1", "--helo", "x.example", code=flow.EX_CONFIG)
        self.assertIn("none.key", done.stderr)

    def test_limits(self):
        """dns_queries at what is needed and one below; the two of time by who never answers."""
        self.server.zone[dns_server.wire(dns_server.name("two.example"))] = [
            (dns_server.TXT, dns_server.strings(b"v=spf1 include:example.net -all"))]
        self.server.zone[dns_server.wire(dns_server.name("chain.example"))] = [
            (dns_server.TXT, dns_server.strings(b"v=spf1 a:chain-3-0.example -all"))]
        for limit, sender, result in (("dns_queries: 2", "two.example", "pass"),
                                      ("dns_queries: 1", "two.example", "temperror"),
                                      ("dns_txt_records: 32", "texts-33.example", "temperror"),
                                      ("dns_txt_records: 33", "texts-33.example", "none"),
                                      ("dns_txt_bytes: 4089", "text-10.example", "temperror"),
                                      ("dns_txt_bytes: 4090", "text-10.example", "none"),
                                      ("dns_cname_chain: 2", "chain.example", "temperror"),
                                      ("dns_cname_chain: 3", "chain.example", "pass"),
                                      ("dns_query_secs: 1s", "silent-1.example", "temperror"),
                                      ("dns_mail_secs: 1s", "silent-2.example", "temperror")):
            self.config = self.write("dmarcd.yaml", "limits: {%s}\n" % limit)
            done = self.spf(sender)
            self.assertEqual(done["result"], result, limit)
            notes = " ".join(step["note"] or "" for step in done["trace"])
            said = {"dns_queries: 1": "budget", "dns_txt_records: 32": "more records", "dns_query_secs: 1s": "in time",
                    "dns_mail_secs: 1s": "used up", "dns_txt_bytes: 4089": "longer TXT"}
            self.assertIn(said.get(limit, ""), notes)

    def test_dead(self):
        with dns_server.socket.socket(dns_server.socket.AF_INET, dns_server.socket.SOCK_DGRAM) as nobody:
            nobody.bind(("127.0.0.1", 0))
            self.resolver = ("--resolver", "127.0.0.1@%d" % nobody.getsockname()[1])
            self.assertEqual(self.spf("example.net")["result"], "temperror")

    def test_no_address(self):
        self.dmarcd("spf", "--resolver", "localhost", "--ip", "192.0.2.1", "--helo", "x.example", code=flow.EX_USAGE)


class Limits(VerifyTest):
    """Those of the verifier reach it: each at what is needed and one off."""

    INDICATOR = ("<svg version=\"1.2\" baseProfile=\"tiny-ps\" viewBox=\"0 0 9 9\" "
                 "xmlns=\"http://www.w3.org/2000/svg\"><title>made</title></svg>")

    def each(self, message, zone, found, cases, *options):
        """cases: (limit, its value, what is found then)."""
        for key, value, expected in cases:
            self.config = self.write("dmarcd.yaml", "limits: {%s: %d}\n" % (key, value))
            with self.subTest(key=key, value=value):
                self.assertEqual(found(self.verdict(message, *options, zone=zone)), expected)

    def test_signatures(self):
        world, mail = factory.World(), factory.message(author="a@a.example")
        for domain in ("a.example", "b.example", "c.example"):
            mail = world.add(domain).sign(mail, domain)
        self.each(mail, world.zone(), lambda found: [one["reason"] for one in found["dkim"]], (
            ("dkim_signatures", 3, [None] * 3), ("dkim_signatures", 2, [None, None, "too_many"])))
        for domain in ("a.example", "b.example"):
            mail = world.seal(mail, domain)
        self.each(mail, world.zone(), lambda found: (found["arc"]["result"], found["arc"]["reason"]), (
            ("arc_sets", 2, ("pass", None)), ("arc_sets", 1, ("fail", "too_many"))))

    def test_keys(self):
        for bits, key, off, reason in ((1032, "rsa_bits_min", 1033, "key_short"),
                                       (2056, "rsa_bits_max", 2055, "key_long")):
            signing = signer.Key(bits=bits)
            mail = signer.dkim(factory.message(author="a@a.example"), signing, "a.example")
            zone = "s._domainkey.a.example TXT %s\n" % factory.text(signing.record())
            self.each(mail, zone, lambda found: found["dkim"][0]["reason"], ((key, bits, None), (key, off, reason)))

    def test_spf(self):
        zone = ("example.org TXT \"v=spf1 exists:void.example a:spf.example.org mx:mx.example -all\"\n"
                "spf.example.org A 192.0.2.9\nmx.example MX 1 spf.example.org\nmx.example MX 2 here.example\n"
                "here.example A 192.0.2.1\n")
        zone += "more.example A !NXDOMAIN\nexample.net TXT \"v=spf1 exists:void.example a:more.example +all\"\n"
        self.each(MESSAGE, zone, lambda found: found["spf"]["result"], (
            ("spf_lookups", 3, "pass"), ("spf_lookups", 2, "permerror"),
            ("spf_names", 2, "pass"), ("spf_names", 1, "permerror")), *SENDER)
        self.each(MESSAGE.replace("bounce@example.org", "b@example.net"), zone, lambda found: found["spf"]["result"], (
            ("spf_void_lookups", 2, "pass"), ("spf_void_lookups", 1, "permerror")), *SENDER)

    def test_dmarc(self):
        zone = "_dmarc.d.e.f.example.org TXT \"v=DMARC1; psd=n\"\n_dmarc.example.org TXT \"v=DMARC1; p=none\"\n"
        self.each("From: a@b.c.d.e.f.example.org\n\nHi.\n", zone, lambda found: found["dmarc"]["org_domain"], (
            ("dmarc_walk", 6, "d.e.f.example.org"), ("dmarc_walk", 5, "example.org")))

    def test_bimi(self):
        evidence = os.path.join(CORPUS, "bimi", "vmc-cnn.pem")
        world = factory.World().add("a.example")
        mail = world.sign(factory.message(author="a@a.example"), "a.example")
        world.publish("default._bimi.a.example", "v=BIMI1; l=https://a.example/l.svg")
        size = len(self.INDICATOR)
        self.each(mail, world.zone(), lambda found: found["bimi"]["reason"], (
            ("bimi_svg_bytes", size, None), ("bimi_svg_bytes", size - 1, "svg.size")),
            "--bimi-indicator", self.bytes_file("l.svg", self.INDICATOR))
        world.publish("default._bimi.a.example", "v=BIMI1; l=https://a.example/l.svg; a=https://a.example/l.pem")
        size = os.path.getsize(evidence)
        self.each(mail, world.zone(), lambda found: found["bimi"]["reason"] == "vmc.pem", (
            ("bimi_evidence_bytes", size, False), ("bimi_evidence_bytes", size - 1, True)), "--bimi-evidence", evidence)


class Spf(VerifyTest):
    def test_path(self):
        """With the brackets of SMTP or without; the answers give it again."""
        def spf(path, zone):
            replay = self.bytes_file("replay.txt", zone)
            return json.loads(self.dmarcd("spf", "--json", "--dns-replay", replay, *SENDER, "--mail-from", path).stdout)
        for path, plain, result in (("<a@example.org>", "a@example.org", "pass"), ("<>", "", "none"),
                                    ("<", "<", "none")):
            found = spf(path, ZONE)
            self.assertEqual(found["result"], result, path)
            self.assertEqual(found, spf(plain, ZONE), path)
            self.assertEqual(found, spf(path, "\n".join(found["answers"])), path)

    def test_fail_on(self):
        replay = self.bytes_file("replay.txt", ZONE)
        options = ("spf", "--dns-replay", replay, "--mail-from", "a@example.org", "--fail-on", "fail")
        self.assertIn("SPF mailfrom: pass", self.dmarcd(*options, "--ip", "192.0.2.1").stdout)
        self.assertIn("SPF mailfrom: fail", self.dmarcd(*options, "--ip", "198.51.100.1", code=1).stdout)

    def test_usage(self):
        self.dmarcd("spf", "--ip", "192.0.2.1", code=flow.EX_USAGE)
        self.dmarcd("spf", "--helo", "x", code=flow.EX_USAGE)
        for command in (("spf", "--ip", "192.0.2.1", "--helo", "x"), ("check", "-"), ("domain", "x.example")):
            done = self.dmarcd(*command, "--fail-on", "fale", code=flow.EX_USAGE)
            self.assertIn("--fail-on takes", done.stderr)


class Domain(VerifyTest):
    def survey(self, zone, *options):
        replay = self.bytes_file("replay.txt", zone)
        done = self.dmarcd("domain", "--json", "--dns-replay", replay, *options, "example.org")
        return json.loads(done.stdout)

    def codes(self, zone, *options):
        return {finding["code"] for finding in self.survey(zone, *options)["findings"]}

    def test_sound(self):
        found = self.survey(ZONE)
        self.assertEqual((found["domain"], found["spf"]["lookups"], found["dmarc"]["policy"]),
                         ("example.org", 1, "reject"))
        asked = {step["name"] for step in found["trace"] if step["kind"] == "dns"}
        for name in ("example.org TXT", "spf.example.org TXT", "_dmarc.example.org TXT", "example.org MX",
                     "_mta-sts.example.org TXT", "_smtp._tls.example.org TXT", "default._bimi.example.org TXT"):
            self.assertIn(name, asked)
        self.assertFalse([finding for finding in found["findings"] if finding["severity"] == "high"])

    def test_nothing_published(self):
        self.assertIn("dns.spf_missing", self.codes("example.org A 192.0.2.1\n"))

    def test_text(self):
        replay = self.bytes_file("replay.txt", ZONE)
        text = self.dmarcd("domain", "--dns-replay", replay, "example.org", "example.net").stdout
        self.assertIn("example.org\n", text)
        self.assertIn("Advice", text)
        self.dmarcd("domain", "--dns-replay", replay, "--fail-on", "high", "example.net", code=1)
        self.assertIn("  result example.org                                      none  (there is no BIMI record)\n", text)
        replay = self.bytes_file("replay.txt", ZONE + "old._domainkey.example.org TXT \"v=DKIM1; p=\"\n")
        text = self.dmarcd("domain", "--dns-replay", replay, "--selectors", "old", "example.org").stdout
        self.assertRegex(text, "dkim.key_revoked: .*\n    at old._domainkey.example.org\n")
        self.assertEqual(text.count("    walk example.org "), 1)
        refused = self.dmarcd("domain", "--dns-replay", replay, "--selectors", "old,a b", "example.org",
                              code=flow.EX_DATAERR)
        self.assertIn("dmarcd: a b: not a selector\n", refused.stderr)


if __name__ == "__main__":
    flow.main()
