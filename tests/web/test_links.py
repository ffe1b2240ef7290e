#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each number of a page is the database's, and where it is a link, the sum of what the link leads to."""
import json
import os
import re
import unittest
import urllib.parse

from client import api, ask, sql
from test_totals import DAYS, PERIOD, paged, total

PASS = "(spf_aligned OR dkim_aligned)"
SUMS = {
    "messages": "sum(messages)",
    "failing": "sum(messages) FILTER (WHERE NOT %s)" % PASS,
    "both": "sum(messages) FILTER (WHERE spf_aligned AND dkim_aligned)",
    "dkim_only": "sum(messages) FILTER (WHERE dkim_aligned AND NOT spf_aligned)",
    "spf_only": "sum(messages) FILTER (WHERE spf_aligned AND NOT dkim_aligned)",
    "blocked": "sum(messages) FILTER (WHERE disposition IN ('reject', 'quarantine'))",
    "rejected": "sum(messages) FILTER (WHERE disposition = 'reject')",
    "quarantined": "sum(messages) FILTER (WHERE disposition = 'quarantine')",
}
PERIODS = [(DAYS[0], DAYS[-1]), (DAYS[len(DAYS) // 2], DAYS[len(DAYS) // 2]), (DAYS[3], DAYS[9])]
DOMAINS = [None, "example.com", "parked.example"]


def by_record(key, first, last, domain):
    """Sums of the rows, by key, by way of no rollup."""
    names = list(SUMS)
    rows = sql("SELECT coalesce(%s::text, ''), %s FROM dmarcd_api.record r JOIN dmarcd_api.report USING (report_key) "
               "WHERE r.day BETWEEN '%s' AND '%s' AND %s GROUP BY 1" % (
                   key, ", ".join("coalesce(%s, 0)" % re.sub(r"\b(messages)\b", r"r.\1", SUMS[n]) for n in names),
                   first, last, "r.policy_domain = '%s'" % domain if domain else "true"))
    return {row[0]: dict(zip(names, map(int, row[1:]))) for row in rows}


class Numbers(unittest.TestCase):
    def check(self, rows, key, truth, where):
        self.assertEqual({row[key] or "" for row in rows}, set(truth), where)
        for row in rows:
            want = truth[row[key] or ""]
            for name, count in want.items():
                if name in row:
                    self.assertEqual(row[name], count, (where, row[key], name))
            for rate, part in (("pass_rate", want["messages"] - want["failing"]),
                               ("spf_rate", want["both"] + want["spf_only"]),
                               ("dkim_rate", want["both"] + want["dkim_only"])):
                if rate in row:
                    self.assertEqual(float(row[rate]), part * 1000 // want["messages"] / 10, (where, row[key], rate))

    def test_lists(self):
        lists = {"/domains": ("policy_domain", "r.policy_domain"), "/sources": ("source_ip", "host(source_ip)"),
                 "/reporters": ("reporter", "reporter")}
        for first, last in PERIODS:
            for domain in DOMAINS:
                query = {"from": first, "to": last, **({"domain": domain} if domain else {})}
                for path, (name, key) in lists.items():
                    truth = by_record(key, first, last, domain)
                    self.check(api(path, **query)[path[1:]], name, truth, (path, query))
                truth = by_record("r.day", first, last, domain)
                for row in api("/", **query)["daily"]:
                    want = truth.get(row["day"], dict.fromkeys(SUMS, 0))
                    self.assertEqual([row["both"], row["dkim_only"], row["spf_only"], row["fail"]],
                                     [want["both"], want["dkim_only"], want["spf_only"], want["failing"]], row["day"])

    def test_parts_of_a_domain(self):
        first, last = PERIODS[0]
        for domain in DOMAINS[1:]:
            page = api("/domains/" + domain, **PERIOD)
            self.check(page["header_from"], "header_from", by_record("header_from", first, last, domain), domain)
            self.check(page["sources"], "source_ip", by_record("host(source_ip)", first, last, domain), domain)
            self.check(page["reporters"], "reporter", by_record("reporter", first, last, domain), domain)
            policy = sql("SELECT policy ->> 'p' FROM dmarcd_api.report WHERE policy_domain = '%s' AND kind = 'aggregate' "
                         "AND NOT conflict ORDER BY day DESC, report_key LIMIT 1" % domain)[0][0]
            self.assertEqual(page["policy"]["p"], policy)

    def test_outcomes(self):
        for outcome, name in (("pass", "dmarc_pass"), ("fail", "failing"), ("blocked", "blocked")):
            for row in api("/sources", **PERIOD)["sources"][:4]:
                rows, _ = paged("/sources/" + row["source_ip"], "records", outcome=outcome, **PERIOD)
                figures = api("/sources/" + row["source_ip"], **PERIOD)["figures"]
                want = figures["messages"] - figures["failing"] if outcome == "pass" else figures[name]
                self.assertEqual(total(rows, "messages"), want, (row["source_ip"], outcome))

    def test_network(self):
        some = api("/sources", source="198.51.100.0/24", **PERIOD)
        want = [row for row in api("/sources", **PERIOD)["sources"]
                if (row["source_ip"] or "").startswith("198.51.100.")]
        self.assertEqual(some["sources"], want)
        self.assertEqual(some["figures"]["messages"], total(want, "messages"))
        self.assertEqual(ask("/sources?source=1.2.3").status, 400)


class Links(unittest.TestCase):
    """A number that is a link leads to rows that add up to it."""

    # Of what the target's main block counts: by the target's path and what it is narrowed to.
    def behind(self, target):
        path, _, query = target.partition("?")
        values = dict(urllib.parse.parse_qsl(query))
        page = api(path, **values)
        if path == "/sources":
            rows, _ = paged(path, "sources", **values)
            outcome = values.get("outcome")
            if outcome == "fail":
                return total(rows, "failing")
            if outcome == "blocked":
                return total(rows, "rejected") + total(rows, "quarantined")
            return total(rows, "messages")
        if path.startswith("/sources/"):
            return total(paged(path, "records", **values)[0], "messages")
        if path == "/reports":
            return len([r for r in paged(path, "reports", **values)[0] if not r["conflict"]])
        if path == "/mails":
            rows, _ = paged(path, "mails", **values)
            if values.get("outcome") == "duplicate":
                return sum(row["copies"] + (row["outcome"] == "duplicate") for row in rows)
            return len(rows) + (total(rows, "copies") if not values else 0)
        if path == "/quarantine":
            return len(paged(path, "quarantine", **values)[0])
        if path == "/contradictions":
            return len({(row["report_key"], row["row_no"]) for row in paged(path, "contradictions", **values)[0]
                        if row["row_no"] is not None})
        if path.startswith("/reports/"):
            return page["report"]["messages"] or 0
        return self.fail(target)

    def test_every_number(self):
        seen = 0
        for path in ("/", "/domains", "/domains/example.com", "/sources", "/sources?domain=example.com", "/reporters",
                     "/reports", "/tls", "/quarantine"):
            separator = "&" if "?" in path else "?"
            text = ask("%s%sfrom=%s&to=%s" % (path, separator, DAYS[0], DAYS[-1])).text
            found = re.findall(r'<(?:td class="n"|dd[^>]*)><a href="([^"]+)">([\d,]+)</a>', text)
            for target, shown in found[:60]:
                target = target.replace("&amp;", "&")
                self.assertEqual(self.behind(target), int(shown.replace(",", "")), (path, target))
                seen += 1
        self.assertGreater(seen, 150)

    def test_days_of_a_chart(self):
        text = ask("/domains/example.com?from=%s&to=%s" % PERIODS[0]).text
        table = text.split("<details>")[1].split("</details>")[0]
        for target, cells in re.findall(r'<a href="([^"]+)">[-\d]+</a></th>(.*?)</tr>', table)[::9]:
            page = json.loads(ask("/api/v1" + target.replace("&amp;", "&")).body)
            numbers = [int(n.replace(",", "")) for n in re.findall(r">([\d,]+)</td>", cells)]
            self.assertEqual(page["figures"]["messages"], sum(numbers), target)


if __name__ == "__main__":
    assert os.environ["SITE_URL"]
    unittest.main()
