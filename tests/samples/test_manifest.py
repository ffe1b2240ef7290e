#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""dmarcd-samples: the same bytes every time, a proper Maildir, and a manifest that tells the truth.

The reports are read here with Python's own mail, zip, gzip, XML and JSON readers, so that an
error of the generator cannot hide behind the same error in dmarcd.

usage: test_manifest.py DMARCD_SAMPLES
"""
import email
import email.policy
import gzip
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
import zipfile

PROGRAM = os.path.abspath(sys.argv[-1])
END = "2026-03-31"


def run(*arguments, **options):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False,
                          **options)


def unpacked(raw):
    if raw.startswith(b"PK"):
        archive = zipfile.ZipFile(io.BytesIO(raw))
        assert archive.testzip() is None
        return archive.read(archive.namelist()[0])
    return gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw


def attachments(raw):
    """Unpacked bytes of every part that is not inline text."""
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    for part in mail.walk():
        if not part.is_multipart() and part.get_content_type() != "text/plain":
            yield part.get_content_type(), unpacked(part.get_payload(decode=True) or b"")


def feedback(raw):
    root = ElementTree.fromstring(raw)
    for element in root.iter():
        element.tag = element.tag.split("}")[-1]
    return root


def row_passes(row):
    return "pass" in (row.findtext("policy_evaluated/dkim"), row.findtext("policy_evaluated/spf"))


class SamplesTest(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="dmarcd-samples-")
        self.addCleanup(shutil.rmtree, self.top)

    def make(self, name, *options):
        folder = os.path.join(self.top, name)
        done = run("--end", END, *options, folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(os.path.join(folder, "manifest.json"), encoding="utf-8") as stream:
            return folder, json.load(stream)

    def raw(self, folder, file):
        with open(os.path.join(folder, file["file"]), "rb") as stream:
            return stream.read()

    def check_totals(self, folder, manifest):
        seen, days, domains = set(), {}, {}
        records = messages = passed = 0
        for file in manifest["files"]:
            if file["kind"] != "aggregate" or file["outcome"] != "stored" or file["conflict"]:
                continue
            found = [feedback(raw) for _, raw in attachments(self.raw(folder, file))]
            self.assertEqual([r.findtext("report_metadata/report_id") for r in found],
                             file["report_ids"])
            for report in found:
                domain = report.findtext("policy_published/domain")
                begin = int(report.findtext("report_metadata/date_range/begin"))
                identity = (report.findtext("report_metadata/org_name"),
                            report.findtext("report_metadata/report_id"), domain, begin)
                self.assertNotIn(identity, seen)
                seen.add(identity)
                for row in report.findall("record/row"):
                    count = int(row.findtext("count"))
                    records += 1
                    messages += count
                    passed += count if row_passes(row) else 0
                    days[begin // 86400] = days.get(begin // 86400, 0) + count
                    domains[domain] = domains.get(domain, 0) + count
        self.assertEqual((len(seen), records, messages, passed),
                         (manifest["reports"]["aggregate"], manifest["records"],
                          manifest["messages"], manifest["messages_dmarc_pass"]))
        self.assertEqual(sorted(days.values()), sorted(
            day["messages"] for day in manifest["daily"].values() if day["messages"]))
        self.assertEqual(domains, {name: sums["messages"]
                                   for name, sums in manifest["domains"].items()})

    def test_demo_totals(self):
        folder, manifest = self.make("demo")
        self.check_totals(folder, manifest)
        outcomes = [file["outcome"] for file in manifest["files"]]
        for outcome in ("stored", "duplicate", "not_a_report", "quarantined"):
            self.assertEqual(outcomes.count(outcome), manifest[outcome])
            self.assertGreater(manifest[outcome], 0)
        self.assertEqual(len(outcomes), manifest["mails"])
        self.assertEqual(manifest["conflicts"], 1)
        self.assertTrue(600 <= manifest["mails"] <= 1200, manifest["mails"])
        for file in manifest["files"]:
            self.assertEqual(bool(file["code"]),
                             file["outcome"] in ("not_a_report", "quarantined"), file)

    def test_bench_totals(self):
        folder, manifest = self.make("bench", "--profile", "bench", "--mails", "150")
        self.assertEqual(manifest["mails"], 150)
        self.check_totals(folder, manifest)

    def test_maildir(self):
        folder, manifest = self.make("maildir", "--days", "12")
        self.assertEqual(sorted(os.listdir(folder)), ["cur", "manifest.json", "new", "tmp"])
        self.assertEqual(os.listdir(os.path.join(folder, "tmp")), [])
        names = ["new/" + name for name in os.listdir(os.path.join(folder, "new"))]
        self.assertEqual(sorted(names), sorted(file["file"] for file in manifest["files"]))
        for name in names:
            self.assertRegex(name, r"^new/\d+\.M\d{6}P1_\d+\.[a-z0-9.]+$")

    def test_hashes_and_copies(self):
        folder, manifest = self.make("hashes")
        by_hash = {}
        for file in manifest["files"]:
            raw = self.raw(folder, file)
            self.assertEqual(hashlib.sha256(raw).hexdigest(), file["sha256"])
            by_hash.setdefault(file["sha256"], []).append(file["outcome"])
        doubles = [outcomes for outcomes in by_hash.values() if len(outcomes) > 1]
        self.assertTrue(doubles)
        for outcomes in doubles:
            self.assertEqual(sorted(outcomes), ["duplicate", "stored"])

    def test_headers(self):
        folder, manifest = self.make("headers", "--days", "12")
        for file in manifest["files"]:
            mail = email.message_from_bytes(self.raw(folder, file), policy=email.policy.default)
            self.assertEqual(mail.defects, [], file["file"])
            for name in ("From", "To", "Subject", "Date", "Message-ID"):
                self.assertTrue(mail[name], (file["file"], name))
            arrived = int(re.match(r"new/(\d+)", file["file"]).group(1))
            late = arrived - int(mail["Date"].datetime.timestamp())
            again = file["outcome"] == "duplicate" or file["conflict"]
            self.assertTrue(0 < late <= 5000 if again else late == 0, (file["file"], late))

    def test_tls_reports(self):
        folder, manifest = self.make("tls")
        count = failures = 0
        for file in manifest["files"]:
            if file["kind"] == "tlsrpt":
                (kind, raw), = attachments(self.raw(folder, file))
                self.assertEqual(kind, "application/tlsrpt+gzip")
                report = json.loads(raw)
                count += 1
                failures += sum(p["summary"]["total-failure-session-count"]
                                for p in report["policies"])
        self.assertEqual(count, manifest["reports"]["tlsrpt"])
        self.assertGreater(failures, 0)

    def test_same_bytes(self):
        one, _ = self.make("one", "--days", "9", "--seed", "7")
        two, _ = self.make("two", "--days", "9", "--seed", "7")
        self.assertEqual(self.tree(one), self.tree(two))
        other, _ = self.make("other", "--days", "9", "--seed", "8")
        self.assertNotEqual(self.tree(one), self.tree(other))

    def tree(self, folder):
        found = {}
        for where, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(where, name)
                with open(path, "rb") as stream:
                    found[os.path.relpath(path, folder)] = (stream.read(),
                                                            int(os.stat(path).st_mtime)
                                                            if name != "manifest.json" else 0)
        return found

    def test_full_folder_is_refused(self):
        folder, _ = self.make("full", "--days", "2")
        before = self.tree(folder)
        done = run("--end", END, folder)
        self.assertEqual(done.returncode, 73)
        self.assertIn("holds samples already", done.stderr)
        self.assertEqual(self.tree(folder), before)

    def test_usage(self):
        for arguments in ([], ["a", "b"], ["--end", "31.3.2026", "x"], ["--days", "0", "x"],
                          ["--profile", "nice", "x"], ["--what", "x"], ["--seed", "-1", "x"]):
            with self.subTest(arguments=arguments):
                done = run(*arguments, cwd=self.top)
                self.assertEqual(done.returncode, 64, done.stderr)
                self.assertEqual(os.listdir(self.top), [])
        self.assertEqual(run("--help").returncode, 0)

    def test_unwritable(self):
        done = run("/dev/null/samples")
        self.assertEqual(done.returncode, 73)
        self.assertIn("/dev/null/samples", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
