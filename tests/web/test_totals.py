#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every total equals the rows behind it and the generator's manifest; pages, JSON and CSV agree."""
import json
import os
import re
import unittest

import hostile
from client import Page, api, ask, sql, value

with open(os.environ["SITE_MANIFEST"], encoding="utf-8") as stream:
    MANIFEST = json.load(stream)
DAYS = sorted(MANIFEST["daily"])
HOSTILE = hostile.MESSAGES + len(hostile.ALL) - 1
WHOLE = {"from": "2020-01-01", "to": "2060-01-01"}
PERIOD = {"from": DAYS[0], "to": DAYS[-1]}
QUERY = "?from=%s&to=%s" % (DAYS[0], DAYS[-1])


def total(rows, name):
    return sum(int(row[name] or 0) for row in rows)


def paged(path, block, **query):
    """All rows of a list that is read page by page."""
    rows, pages, after = [], 0, None
    while True:
        answer = api(path, **query, **({"after": after} if after else {}))
        rows += answer[block]
        pages += 1
        after = answer.get("next")
        if not after:
            return rows, pages


class Totals(unittest.TestCase):
    def test_overview_is_the_manifest(self):
        overview = api("/", **PERIOD)
        self.assertEqual(overview["figures"]["messages"], MANIFEST["messages"] + HOSTILE)
        self.assertEqual(overview["figures"]["dmarc_pass"], MANIFEST["messages_dmarc_pass"])
        self.assertEqual(overview["figures"]["failing"],
                         overview["figures"]["messages"] - overview["figures"]["dmarc_pass"])
        self.assertEqual(api("/", **WHOLE)["figures"], overview["figures"])
        balance = overview["balance"]
        self.assertEqual(balance["mails"], sum(balance[o] for o in
                                               ("stored", "duplicate", "not_a_report", "quarantined")))
        for outcome in ("duplicate", "not_a_report"):
            self.assertEqual(balance[outcome], MANIFEST[outcome], outcome)
        self.assertEqual(balance["quarantined"], MANIFEST["quarantined"] + len(hostile.SCRIPTS))
        self.assertEqual(balance["stored"], MANIFEST["stored"] + 3 * len(hostile.ALL))

    def test_days_are_the_manifest(self):
        extra = sql("SELECT day, sum(messages) FROM dmarcd_api.record WHERE policy_domain LIKE '%hostile.example' "
                    "GROUP BY day")
        added = {day: int(count) for day, count in extra}
        for row in api("/", **PERIOD)["daily"]:
            messages = row["both"] + row["dkim_only"] + row["spf_only"] + row["fail"]
            self.assertEqual(messages, MANIFEST["daily"].get(row["day"], {"messages": 0})["messages"] +
                             added.get(row["day"], 0), row["day"])
            self.assertEqual(messages - row["fail"],
                             MANIFEST["daily"].get(row["day"], {"dmarc_pass": 0})["dmarc_pass"], row["day"])

    def test_domains_are_the_manifest(self):
        rows = {row["policy_domain"]: row for row in api("/domains", **PERIOD)["domains"]}
        for name, truth in MANIFEST["domains"].items():
            self.assertEqual(rows[name]["messages"], truth["messages"], name)
            self.assertEqual(rows[name]["failing"], truth["messages"] - truth["dmarc_pass"], name)
        self.assertEqual(rows[hostile.DOMAIN]["messages"], hostile.MESSAGES)

    def test_what_a_domain_consists_of(self):
        for name in MANIFEST["domains"]:
            page = api("/domains/" + name, **PERIOD)
            messages = MANIFEST["domains"][name]["messages"]
            self.assertEqual(page["figures"]["messages"], messages, name)
            for block in ("sources", "header_from", "dispositions", "reporters"):
                self.assertEqual(total(page[block], "messages"), messages, (name, block))
            self.assertEqual(total(page["daily"], "both") + total(page["daily"], "dkim_only") +
                             total(page["daily"], "spf_only") + total(page["daily"], "fail"), messages, name)

    def test_sources_and_reporters_add_up(self):
        messages = api("/", **PERIOD)["figures"]["messages"]
        self.assertEqual(total(api("/sources", **PERIOD)["sources"], "messages"), messages)
        self.assertEqual(total(api("/reporters", **PERIOD)["reporters"], "messages"), messages)

    def test_a_source_is_its_rows(self):
        for row in api("/sources", **PERIOD)["sources"][:5]:
            page = api("/sources/" + row["source_ip"], **PERIOD)
            self.assertEqual(page["figures"]["messages"], row["messages"])
            rows, _ = paged("/sources/" + row["source_ip"], "records", **PERIOD)
            self.assertEqual(total(rows, "messages"), row["messages"], row["source_ip"])
            self.assertEqual(total([r for r in rows if not r["dmarc_pass"]], "messages"), row["failing"])

    def test_a_report_is_its_rows(self):
        keys = sql("SELECT report_key FROM dmarcd_api.report WHERE kind = 'aggregate' AND NOT conflict "
                   "ORDER BY messages DESC LIMIT 5")
        for (key,) in keys:
            page = api("/reports/" + key)
            rows, _ = paged("/reports/" + key, "records")
            self.assertEqual(total(rows, "messages"), page["report"]["messages"], key)
            self.assertEqual(len(rows), page["report"]["records"], key)
            self.assertEqual(total([r for r in rows if r["dmarc_pass"]], "messages"), page["report"]["dmarc_pass"])

    def test_the_list_of_reports_is_complete(self):
        rows, pages = paged("/reports", "reports", **PERIOD)
        self.assertGreater(pages, 1)
        keys = [row["report_key"] for row in rows]
        self.assertEqual(len(set(keys)), len(keys))
        self.assertEqual(len(keys), value(
            "SELECT count(*) FROM dmarcd_api.report WHERE day BETWEEN '%s' AND '%s'" % (DAYS[0], DAYS[-1])))

    def test_tls(self):
        page = api("/tls", **PERIOD)
        self.assertEqual(page["figures"]["success"], value("SELECT sum(success) FROM dmarcd_api.tls"))
        self.assertEqual(page["figures"]["failure"], value("SELECT sum(failure) FROM dmarcd_api.tls"))
        self.assertEqual(total(page["tls"], "success"), page["figures"]["success"])
        self.assertEqual(page["figures"]["reports"], MANIFEST["reports"]["tlsrpt"] + len(hostile.ALL))

    def test_failures_and_quarantine(self):
        rows, _ = paged("/failures", "failures", **PERIOD)
        self.assertEqual(len(rows), MANIFEST["reports"]["failure"] + len(hostile.ALL) - value(
            "SELECT count(*) FROM dmarcd_api.failure WHERE day NOT BETWEEN '%s' AND '%s'" % (DAYS[0], DAYS[-1])))
        page = api("/quarantine")
        self.assertEqual(len(page["quarantine"]), page["balance"]["quarantined"])
        self.assertEqual(len(page["not_a_report"]), page["balance"]["not_a_report"])
        wanted = {f["sha256"]: f["code"] for f in MANIFEST["files"] if f["outcome"] == "quarantined"}
        shown = {row["sha256"]: row["code"] for row in page["quarantine"]}
        self.assertEqual({sha: shown.get(sha) for sha in wanted}, wanted)


class Filters(unittest.TestCase):
    def test_period(self):
        day = DAYS[len(DAYS) // 2]
        page = api("/", **{"from": day, "to": day})
        self.assertEqual(page["figures"]["messages"], MANIFEST["daily"][day]["messages"])
        self.assertEqual([row["day"] for row in page["daily"]], [day])

    def test_domain(self):
        name = "example.com"
        page = api("/", domain=name, **PERIOD)
        self.assertEqual(page["figures"]["messages"], MANIFEST["domains"][name]["messages"])
        self.assertEqual([row["policy_domain"] for row in page["domains"]], [name])
        rows, _ = paged("/reports", "reports", domain=name, **PERIOD)
        self.assertEqual({row["policy_domain"] for row in rows}, {name})

    def test_reporter(self):
        for row in api("/reporters", **PERIOD)["reporters"]:
            rows, _ = paged("/reports", "reports", reporter=row["reporter"], kind="aggregate", **PERIOD)
            counted = [r for r in rows if not r["conflict"]]
            self.assertEqual(len(counted), row["reports"], row["reporter"])
            self.assertEqual(total(counted, "messages"), row["messages"], row["reporter"])

    def test_kind(self):
        for kind, truth in MANIFEST["reports"].items():
            rows, _ = paged("/reports", "reports", kind=kind, **WHOLE)
            self.assertEqual({row["kind"] for row in rows}, {kind})
            more = len(hostile.ALL)
            conflicts = len([row for row in rows if row["conflict"]])
            self.assertEqual(len(rows) - conflicts, truth + more, kind)

    def test_outcome_of_sources(self):
        every = api("/sources", **PERIOD)["sources"]
        failing = api("/sources", outcome="fail", **PERIOD)["sources"]
        self.assertEqual([r["source_ip"] for r in failing], [r["source_ip"] for r in every if r["failing"] > 0])
        self.assertLess(len(failing), len(every))

    def test_nothing(self):
        page = api("/", domain="no.such.domain.example", **PERIOD)
        self.assertEqual(page["figures"]["messages"], 0)
        self.assertEqual(page["domains"], [])
        self.assertEqual(ask("/?domain=no.such.domain.example").status, 200)


class Forms(unittest.TestCase):
    """HTML, JSON and CSV of one page are the same rows."""

    def test_csv_is_json(self):
        for path, block in (("/domains", "domains"), ("/sources", "sources"), ("/reporters", "reporters"),
                            ("/tls", "tls"), ("/reports", "reports"), ("/quarantine", "quarantine")):
            answer = ask(path + QUERY + "&format=csv")
            self.assertEqual(answer.status, 200, path)
            self.assertTrue(answer.headers["content-type"].startswith("text/csv"), path)
            self.assertIn("attachment", answer.headers["content-disposition"], path)
            rows = answer.csv()
            wanted = api(path, **PERIOD)[block]
            self.assertGreaterEqual(len(rows), len(wanted), path)
            for row, want in zip(rows, wanted):
                self.assertEqual(list(row), list(want), path)
                for name, cell in want.items():
                    self.check_cell(path, name, row[name], cell)

    def check_cell(self, path, name, shown, cell):
        if isinstance(cell, bool):
            self.assertEqual(shown, "t" if cell else "f", (path, name))
        elif isinstance(cell, (int, float)):
            self.assertEqual(float(shown), cell, (path, name))
        elif isinstance(cell, str):
            guarded = cell[:1] in ("=", "+", "-", "@", "\t", "\r")
            self.assertEqual(shown, ("'" if guarded else "") + cell, (path, name))

    def test_csv_holds_no_formula(self):
        rows = ask("/reporters" + QUERY + "&format=csv").csv()
        self.assertIn("'" + hostile.REPORTER, [row["reporter"] for row in rows])
        for row in rows:
            for cell in row.values():
                self.assertFalse(cell[:1] in ("=", "@", "+", "\t", "\r"), cell)

    def test_page_shows_the_numbers(self):
        figures = api("/", **PERIOD)["figures"]
        page = Page(ask("/" + QUERY).text)
        self.assertIn("{:,}".format(figures["messages"]), page.text)
        self.assertIn("{:,}".format(figures["failing"]), page.text)

    def test_page_has_a_row_a_row(self):
        for path, block in (("/domains", "domains"), ("/sources", "sources"), ("/reporters", "reporters")):
            text = ask(path + QUERY).text
            body = text.split("<tbody>")[1].split("</tbody>")[0]
            self.assertEqual(body.count("<tr>"), len(api(path, **PERIOD)[block]), path)

    def test_chart_is_its_table(self):
        text = ask("/" + QUERY).text
        daily = api("/", **PERIOD)["daily"]
        self.assertEqual(text.split('class="wide"')[1].split("</svg>")[0].count('<g class="bar"'), len(daily))
        table = text.split("<details>")[1].split("</details>")[0]
        cells = [int(cell.replace(",", "")) for cell in re.findall(r"<td[^>]*>([\d,]+)</td>", table)]
        self.assertEqual(sum(cells), total(daily, "both") + total(daily, "dkim_only") +
                         total(daily, "spf_only") + total(daily, "fail"))


class Originals(unittest.TestCase):
    def original(self, where):
        key = sql("SELECT report_key FROM dmarcd_api.report WHERE %s LIMIT 1" % where)[0][0]
        answer = ask("/reports/%s/original" % key)
        self.assertEqual(answer.status, 200, where)
        self.assertEqual(answer.headers["content-type"], "application/octet-stream", where)
        self.assertRegex(answer.headers["content-disposition"], '^attachment; filename="report-%s\\.[a-z]+"$' % key)
        self.assertRegex(answer.headers["content-security-policy"], "(^|; )sandbox(;|$)", where)
        self.assertEqual(answer.headers["x-content-type-options"], "nosniff")
        return answer.body

    def test_aggregate(self):
        body = self.original("kind = 'aggregate' AND policy_domain = 'hostile.example'")
        self.assertEqual(body.decode("utf-8"), hostile.aggregate(hostile.REPORTER, 0))

    def test_samples(self):
        report = sql("SELECT report_id, report_key FROM dmarcd_api.report WHERE kind = 'aggregate' "
                     "AND policy_domain = 'example.com' LIMIT 1")[0]
        body = ask("/reports/%s/original" % report[1]).body
        self.assertIn(b"<feedback", body)
        self.assertIn(report[0].encode(), body)

    def test_tls(self):
        body = self.original("kind = 'tlsrpt' AND org_name LIKE '<script>%'")
        self.assertEqual(json.loads(body)["organization-name"], hostile.SCRIPTS[0])

    def test_document(self):
        """The same bytes as text of a page, markup and all."""
        key = sql("SELECT report_key FROM dmarcd_api.report WHERE kind = 'aggregate' "
                  "AND policy_domain = 'hostile.example'")[0][0]
        page = Page(ask("/reports/%s/document" % key).text)
        self.assertEqual(page.problems, [])
        self.assertIn("<feedback><version>1.0</version>", page.text)
        self.assertEqual(page.count("script"), 1)
        answer = api("/reports/%s/document" % key)
        self.assertEqual(answer["document"], hostile.aggregate(hostile.REPORTER, 0))
        self.assertFalse(answer["cut"])

    def test_unknown(self):
        for name in ("original", "document"):
            self.assertEqual(ask("/reports/00000000-0000-0000-0000-000000000000/" + name).status, 404)
            self.assertEqual(ask("/reports/%s/%s" % ("x" * 36, name)).status, 404)


class Hostile(unittest.TestCase):
    """Text of strangers stays text: all of it can be read on the page, none of it acts."""

    def test_report(self):
        key = sql("SELECT report_key FROM dmarcd_api.report WHERE policy_domain = 'hostile.example' "
                  "AND kind = 'aggregate'")[0][0]
        answer = ask("/reports/" + key)
        page = Page(answer.text)
        self.assertEqual(page.problems, [])
        for text in hostile.SCRIPTS + hostile.SQL:
            self.assertIn(text, page.text)
        for control in "\u202e\u2066\u2067\u200b\ufeff\u0085":
            self.assertNotIn(control, answer.text)

    def test_every_page(self):
        keys = sql("SELECT kind, report_key FROM dmarcd_api.report WHERE report_key IN (SELECT report_key FROM "
                   "dmarcd_api.failure WHERE reported_domain = 'hostile.example') OR org_name LIKE '%canary%' "
                   "OR org_name LIKE '%x%' LIMIT 60")
        paths = [("/failures/" if kind == "failure" else "/reports/") + key for kind, key in keys]
        self.assertGreater(len(paths), 30)
        for path in paths + ["/reporters", "/failures", "/tls", "/quarantine", "/reports", "/domains/hostile.example"]:
            answer = ask(path)
            self.assertEqual(answer.status, 200, path)
            page = Page(answer.text)
            self.assertEqual(page.problems, [], path)
            self.assertEqual({tag for tag, _ in page.elements} & {"iframe", "img", "base", "object", "embed", "b"},
                             set(), path)
            self.assertEqual(page.count("script"), 1, path)
            self.assertEqual(page.count("link"), 2, path)
            for control in "\u202e\u2066\u2067\u200b\ufeff\u0085\x1b":
                self.assertNotIn(control, answer.text, path)

    def test_json(self):
        names = [row["reporter"] for row in api("/reporters", **PERIOD)["reporters"]]
        for text in hostile.SCRIPTS[1:] + hostile.SQL:  # the first one is a formula's place
            self.assertIn(text.lower(), [name.lower() for name in names])

    def test_title(self):
        answer = ask("/domains/hostile.example")
        self.assertIn("hostile.example", answer.text.split("<title>")[1].split("</title>")[0])


if __name__ == "__main__":
    unittest.main()
