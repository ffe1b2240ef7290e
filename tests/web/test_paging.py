#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lists longer than a page: each row once, also among rows of equal rank, and nothing out of reach."""
import json
import os
import subprocess
import unittest

from client import Page, api, ask, sql
from test_totals import paged, total

BEGIN = 1735689600  # 2025-01-01: before the days of the samples
DAY = {"from": "2025-01-01", "to": "2025-01-01"}
SOURCES, DOMAINS, POLICIES, MAILS = 1201, 503, 1001, 503


def aggregate(domain, rows):
    return """<?xml version="1.0"?><feedback><report_metadata><org_name>%s, Inc.</org_name>
<email>r@many.example</email><report_id>%s</report_id><date_range><begin>%d</begin><end>%d</end></date_range>
</report_metadata><policy_published><domain>%s</domain><p>none</p></policy_published>%s</feedback>""" % (
        domain, domain, BEGIN, BEGIN + 86399, domain, "".join(
            "<record><row><source_ip>%s</source_ip><count>%d</count><policy_evaluated><disposition>none</disposition>"
            "<dkim>fail</dkim><spf>fail</spf></policy_evaluated></row><identifiers><header_from>%s</header_from>"
            "</identifiers><auth_results/></record>" % (ip, count, domain) for ip, count in rows))


def tlsrpt():
    return {"organization-name": "Many", "contact-info": "r@many.example", "report-id": "many",
            "date-range": {"start-datetime": "2025-01-01T00:00:00Z", "end-datetime": "2025-01-01T23:59:59Z"},
            "policies": [{"policy": {"policy-type": "sts", "policy-string": [], "policy-domain": "d%d.example" % n,
                                     "mx-host": ["mx.example"]},
                          "summary": {"total-successful-session-count": 1, "total-failure-session-count": 0}}
                         for n in range(POLICIES)]}


def write(folder, name, text):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as stream:
        stream.write(text)


def setUpModule():
    folder = os.path.join(os.environ["SITE_DIR"], "many")
    os.makedirs(folder)
    # Of few different counts, so that pages end between rows of one rank.
    rows = [("2001:db8::%x" % n, n % 3 + 1) for n in range(SOURCES)]
    write(folder, "sources.xml", aggregate("sources.example", rows))
    for n in range(DOMAINS):
        write(folder, "d%d.xml" % n, aggregate("d%d.example" % n, [("192.0.2.1", n % 2 + 1)]))
    write(folder, "tls.json", json.dumps(tlsrpt()))
    for n in range(MAILS):
        write(folder, "m%d.eml" % n, "From: a@b.example\nSubject: no report %d\n\nhello\n" % n)
    subprocess.run([os.path.join(os.environ["SITE_BIN"], "dmarcd"), "-c", os.environ["SITE_CONFIG"], "ingest"] +
                   [os.path.join(folder, name) for name in os.listdir(folder)], check=False,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Paging(unittest.TestCase):
    def check(self, path, block, key, count, **query):
        rows, pages = paged(path, block, **query)
        keys = [row[key] for row in rows]
        self.assertEqual(len(keys), count, path)
        self.assertEqual(len(set(keys)), count, path)
        self.assertEqual(pages, (count + 499) // 500, path)
        return rows

    def test_sources(self):
        rows = self.check("/sources", "sources", "source_ip", SOURCES + 1, **DAY)
        self.assertEqual(total(rows, "messages"), api("/sources", **DAY)["figures"]["messages"])
        self.assertEqual([row["messages"] for row in rows], sorted((row["messages"] for row in rows), reverse=True))
        self.assertEqual(len(api("/domains/sources.example", **DAY)["sources"]), 100)
        page = Page(ask("/domains/sources.example?from=2025-01-01&to=2025-01-01").text)
        self.assertIn(("a", "/sources?from=2025-01-01&to=2025-01-01&domain=sources.example"), page.links)

    def test_domains_and_reporters(self):
        rows = self.check("/domains", "domains", "policy_domain", DOMAINS + 1, **DAY)
        self.assertEqual(total(rows, "messages"), api("/", **DAY)["figures"]["messages"])
        # Their names hold a comma, as the place to read on does.
        rows = self.check("/reporters", "reporters", "reporter", DOMAINS + 1, **DAY)
        self.assertEqual(total(rows, "messages"), api("/", **DAY)["figures"]["messages"])

    def test_rows_of_a_report_and_of_a_source(self):
        key = sql("SELECT report_key FROM dmarcd_api.report WHERE policy_domain = 'sources.example'")[0][0]
        rows = self.check("/reports/" + key, "records", "row_no", SOURCES)
        self.assertEqual(total(rows, "messages"), api("/reports/" + key)["report"]["messages"])
        self.check("/sources/192.0.2.1", "records", "report_key", DOMAINS, **DAY)

    def test_tls(self):
        rows = self.check("/tls", "tls", "policy_domain", POLICIES, **DAY)
        self.assertEqual(total(rows, "success"), api("/tls", **DAY)["figures"]["success"])

    def test_mails(self):
        rows, _ = paged("/mails", "mails", outcome="not_a_report")
        balance = api("/mails")["balance"]
        self.assertGreater(len(rows), MAILS)
        self.assertEqual(len(rows), balance["not_a_report"])
        every, _ = paged("/mails", "mails")
        self.assertEqual(len({row["sha256"] for row in every}), len(every))
        self.assertEqual(len(every) + total(every, "copies"), balance["mails"])

    def test_by_the_links(self):
        """What a reader gets who follows "the next 500", from the period by default."""
        path, rows = "/sources?period=1d&to=2025-01-01", 0
        while path:
            text = ask(path).text
            rows += text.split("<tbody>")[1].split("</tbody>")[0].count("<tr>")
            path = next((a["href"] for tag, a in Page(text).elements if a.get("rel") == "next"), None)
        self.assertEqual(rows, SOURCES + 1)


if __name__ == "__main__":
    unittest.main()
