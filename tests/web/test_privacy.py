#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Samples are of people: nothing shows what is masked but the second step, and each look is written down."""
import email
import hashlib
import json
import os
import re
import subprocess
import unittest
import urllib.request

import pages
from client import Page, api, ask, sql

SECRETS = ("Zelda", "zelda", "Yorick", "yorick", "Xanthippe", "whisper", "umbrella", "trombone")
SAMPLE = b"""Received: from relay.example.org (relay.example.org [192.0.2.77])
\t(Authenticated sender: yorick)
\tby mx.example.net with ESMTPSA id 4711
\tfor <xanthippe.Yorick@example.net>; Tue, 31 Mar 2026 01:02:03 +0000
Authentication-Results: mx.example.net; spf=fail smtp.mailfrom=bounce+yorick=example.net@zelda-free.example;
\tdkim=fail header.i=zelda.quux@example.com; auth=pass smtp.auth=yorick
DKIM-Signature: v=1; a=rsa-sha256; c=simple/simple; d=example.com; s=s1; i=zelda.quux@example.com;
\th=From:Subject; z=From:zelda.quux@example.com|Subject:the=20whisper; bh=YQ==; b=YQ==
From: "Zelda Quux" <zelda.quux@example.com>
To: =?utf-8?q?Yorick?= <yorick@example.net>, "Xanthippe Yorick"@example.net
Subject: the whisper of
 an umbrella
Message-ID: <zelda.42@example.com>
In-Reply-To: <yorick.41@example.net>
Thread-Topic: the whisper
Content-Type: text/plain; name="umbrella.pdf"

A trombone.
""".replace(b"zelda-free", b"list")
REPORT = b"""From: "Yorick's guard" <ruf+yorick@mx.example.net>
To: ruf@example.com
Subject: FW: the whisper of an umbrella
Date: Tue, 31 Mar 2026 01:02:03 +0000
Message-ID: <yorick-report-1@mx.example.net>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="part"

--part
Content-Type: text/plain

A message of zelda failed.
--part
Content-Type: message/feedback-report

Feedback-Type: auth-failure
User-Agent: guard/1
Version: 1
Auth-Failure: dmarc
Source-IP: 192.0.2.77
Reported-Domain: example.com
Original-Mail-From: <zelda.quux@example.com>
Original-Rcpt-To: <yorick@example.net>
Original-Envelope-Id: zelda-quux-1
Authentication-Results: mx.example.net; dmarc=fail header.from=example.com; spf=fail
 smtp.mailfrom=zelda.quux@example.com
DKIM-Domain: example.com
DKIM-Identity: zelda.quux@example.com
DKIM-Selector: s1
Delivery-Result: delivered

--part
Content-Type: message/rfc822; name="the whisper.eml"

""" + SAMPLE + b"\n--part--\n"
DMARCD = [os.path.join(os.environ["SITE_BIN"], "dmarcd"), "-c", os.environ["SITE_CONFIG"]]


def seen(key):
    """What the audit says of a sample, from the beginning."""
    return [tuple(row) for row in sql("SELECT what, who, host(address) FROM dmarcd_api.audit WHERE object = '%s' "
                                      "ORDER BY at" % key)]


class Privacy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        path = os.path.join(os.environ["SITE_DIR"], "sample.eml")
        with open(path, "wb") as stream:
            stream.write(REPORT)
        subprocess.run([*DMARCD, "ingest", path], check=True, stdout=subprocess.DEVNULL)
        cls.mail = hashlib.sha256(REPORT).hexdigest()
        (cls.key,), = sql("SELECT report_key FROM dmarcd_api.failure WHERE mail_sha256 = '%s'" % cls.mail)
        cls.query = "?from=2026-03-30&to=2026-04-01"

    def check_masked(self, text, where):
        self.assertEqual([word for word in SECRETS if word in text], [], where)

    def test_the_sample_has_what_is_to_be_masked(self):
        for word in SECRETS:
            self.assertIn(word.lower().encode(), REPORT.lower())
        self.assertEqual(email.message_from_bytes(SAMPLE)["Message-ID"], "<zelda.42@example.com>")

    def test_no_page_leaks(self):
        for path in ("/failures" + self.query, "/failures/" + self.key, "/reports/" + self.key, "/mails/" + self.mail,
                     "/quarantine/" + self.mail, "/mails", "/reports" + self.query, "/", "/sources/192.0.2.77" + self.query):
            for form in ("", "&format=csv" if "?" in path else "?format=csv"):
                answer = ask(path + form)
                self.check_masked(answer.text, path + form)
            self.check_masked(ask("/api/v1" + path).text, path)
        self.assertIn("z…@example.com", ask("/failures/" + self.key).text)
        rows = api("/failures", **{"from": "2026-03-30", "to": "2026-04-01"})["failures"]
        row, = [row for row in rows if row["report_key"] == self.key]
        self.assertEqual((row["orig_from"], row["orig_subject"]), ("z…@example.com", "…"))

    def test_no_view_leaks(self):
        for (view,) in sql("SELECT viewname FROM pg_views WHERE schemaname = 'dmarcd_api'"):
            text = "\n".join("\t".join(row) for row in sql("SELECT to_jsonb(v) FROM dmarcd_api.%s v" % view))
            self.check_masked(text, view)
        self.check_masked(subprocess.run([*DMARCD, "mails", "--json"], check=True, capture_output=True,
                                         text=True).stdout, "mails")

    def test_what_authenticates_stays(self):
        headers = api("/failures/" + self.key)["failure"]["sample_headers"]
        for text in ("from relay.example.org (relay.example.org [192.0.2.77])", "for <x…@example.net>", "d=example.com; s=s1",
                     "i=z…@example.com", "smtp.mailfrom=b…@list.example", "header.i=z…@example.com",
                     "(Authenticated sender: …)", "Subject: …", "Thread-Topic: …", "Content-Type: text/plain; …"):
            self.assertIn(text, headers)

    def test_the_second_step_shows_it_and_is_noted(self):
        before = len(seen(self.key))
        masked = ask("/failures/" + self.key)
        link = "/failures/%s/shown" % self.key
        self.assertIn('href="%s"' % link, masked.text)
        shown = ask(link)
        for word in ("Zelda Quux", "the whisper of an umbrella", "yorick@example.net"):
            self.assertIn(word, Page(shown.text).text)
        self.assertEqual(api(link)["failure"]["orig_subject"], "the whisper of an umbrella")
        self.assertIn("umbrella", ask(link + "?format=csv").text)
        document = ask("/reports/%s/document" % self.key)
        self.assertIn("trombone", document.text)
        original = ask("/reports/%s/original" % self.key)
        self.assertIn(b"trombone", original.body)
        for answer in (masked, shown, document, original):
            self.assertEqual(answer.headers["cache-control"], "no-store")
            self.assertNotIn("etag", answer.headers)
        self.assertEqual(seen(self.key)[before:], [(what, "-", "127.0.0.1") for what in (
            "sample.view", "sample.show", "sample.show", "sample.show", "sample.original", "sample.original")])

    def test_every_look_is_noted(self):
        for path, what in (("/failures/" + self.key, "sample.view"), ("/api/v1/failures/" + self.key, "sample.view"),
                           ("/failures/%s?format=csv" % self.key.upper(), "sample.view"),
                           ("/failures/" + self.key.upper(), "sample.view"),
                           ("/failures/%s/shown" % self.key.upper(), "sample.show")):
            before = len(seen(self.key))
            self.assertEqual(ask(path).status, 200, path)
            self.assertEqual([row[0] for row in seen(self.key)[before:]], [what], path)
        self.assertIn("sample.show", ask("/failures/" + self.key).text)

    def test_nothing_is_noted_where_nothing_is(self):
        nobody = "00000000-0000-0000-0000-00000000abcd"
        (aggregate,), = sql("SELECT report_key FROM dmarcd_api.report WHERE kind = 'aggregate' LIMIT 1")
        for path in ("/failures/%s" % nobody, "/failures/%s/shown" % nobody, "/reports/%s/original" % nobody,
                     "/failures/%s/shown?format=csv" % nobody, "/failures/%s" % aggregate):
            self.assertEqual(ask(path).status, 404, path)
        self.assertEqual(ask("/reports/%s/original" % aggregate).status, 200)
        self.assertEqual(seen(nobody) + seen(aggregate), [])
        for path in ("/failures//shown", "/failures/%s/shown/" % nobody[:-1], "/failures/x/shown"):
            self.assertEqual(ask(path).status, 404, path)

    def test_a_mask_that_is_off(self):
        with open(os.environ["SITE_CONFIG"], encoding="utf-8") as stream:
            text = "".join(line for line in stream if not line.startswith("http:"))
        path = os.path.join(os.environ["SITE_DIR"], "unmasked.yaml")
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text + "ruf: {mask: no}\n")
        before = len(seen(self.key))
        with pages.serve(DMARCD[0], path, path + ".log") as url:
            with urllib.request.urlopen(url + "api/v1/failures/" + self.key) as answer:
                page = json.load(answer)
            with urllib.request.urlopen(url + "api/v1/failures" + self.query) as answer:
                self.check_masked(answer.read().decode(), "list")
        self.assertEqual(page["failure"]["orig_from"], '"Zelda Quux" <zelda.quux@example.com>')
        self.assertEqual([row[0] for row in seen(self.key)[before:]], ["sample.show"])

    def test_the_audit_is_read_only(self):
        for role in ("dmarcd_web", "dmarcd_read"):
            self.assertEqual(sql("SELECT p FROM unnest('{INSERT,UPDATE,DELETE,TRUNCATE}'::text[]) p WHERE "
                                 "has_table_privilege('%s', 'dmarcd_api.audit', p)" % role), [])
        self.assertTrue(all(re.fullmatch(r"[0-9a-f-]{36}", row[0]) for row in sql("SELECT object FROM dmarcd_api.audit")))


if __name__ == "__main__":
    unittest.main()
