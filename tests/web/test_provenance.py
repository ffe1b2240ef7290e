#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What reports that are not proved genuine do to the figures: every total with and without them.

The site has reports of two kinds: mails that nobody has judged yet, and bare files of an import."""
import json
import os
import subprocess
import unittest
import urllib.request

import pages
from client import Page, api, ask, sql

WHOLE = {"from": "2020-01-01", "to": "2060-01-01"}
TRUSTED = "provenance IN ('verified', 'plausible', 'local')"


def messages(where, view="daily"):
    return int(sql("SELECT coalesce(sum(messages), 0) FROM dmarcd_api.%s WHERE %s" % (view, where))[0][0])


def config(name, more):
    """The site's configuration without its address, and with more."""
    with open(os.environ["SITE_CONFIG"], encoding="utf-8") as stream:
        text = "".join(line for line in stream if not line.startswith("http:"))
    path = os.path.join(os.environ["SITE_DIR"], name + ".yaml")
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text + more)
    return path


def dmarcd(path, *arguments):
    return subprocess.run([os.path.join(os.environ["SITE_BIN"], "dmarcd"), "-c", path, *arguments], check=True,
                          capture_output=True, text=True).stdout


class BothWays(unittest.TestCase):
    def check_three(self, row, where, name="messages"):
        self.assertEqual(row[name + "_all"], messages(where))
        self.assertEqual(row[name + "_trusted"], messages(where + " AND " + TRUSTED))

    def test_there_is_something_to_tell_apart(self):
        self.assertGreater(messages("provenance = 'local'"), 0)
        self.assertGreater(messages("provenance = 'pending'"), 0)

    def test_totals(self):
        for path, block in (("/", "figures"), ("/domains", "figures"), ("/sources", "figures"),
                            ("/reporters", "figures"), ("/reports", "figures")):
            figures = api(path, **WHOLE)[block]
            self.check_three(figures, "true")
            self.assertEqual(figures["messages"], figures["messages_all"], path)  # flag counts all
        figures = api("/", **WHOLE)["figures"]
        self.assertEqual(figures["dmarc_pass_trusted"], messages("dmarc_pass AND " + TRUSTED))
        self.assertEqual(figures["dmarc_pass_all"], messages("dmarc_pass"))

    def test_domains(self):
        for path in ("/", "/domains"):
            for row in api(path, **WHOLE)["domains"]:
                self.check_three(row, "policy_domain = '%s'" % row["policy_domain"])
        name = sql("SELECT policy_domain FROM dmarcd_api.daily WHERE provenance = 'local' LIMIT 1")[0][0]
        page = api("/domains/" + name, **WHOLE)
        self.check_three(page["figures"], "policy_domain = '%s'" % name)
        self.assertEqual(sum(row["messages"] for row in page["provenance"]), page["figures"]["messages_all"])

    def test_csv(self):
        for row in ask("/domains?from=2020-01-01&to=2060-01-01&format=csv").csv():
            self.assertEqual(int(row["messages_trusted"]), messages("policy_domain = '%s' AND %s" % (
                row["policy_domain"], TRUSTED)))
            self.assertEqual(int(row["messages_all"]), messages("policy_domain = '%s'" % row["policy_domain"]))

    def test_states_are_the_total(self):
        page = api("/", **WHOLE)
        self.assertEqual({row["provenance"]: row["messages"] for row in page["provenance"]},
                         {state: messages("provenance = '%s'" % state) for state in ("local", "pending")})
        self.assertTrue(all(row["counted"] for row in page["provenance"]))


class Filter(unittest.TestCase):
    def test_one_state_is_its_rows_everywhere(self):
        for state in ("local", "pending", "verified"):
            wanted = messages("provenance = '%s'" % state)
            query = dict(WHOLE, provenance=state)
            page = api("/", **query)
            self.assertEqual(page["figures"]["messages"], wanted, state)
            self.check_chart(page["daily"], wanted)
            for path, block in (("/domains", "domains"), ("/sources", "sources"), ("/reporters", "reporters")):
                self.assertEqual(sum(row["messages"] for row in api(path, **query)[block]), wanted, (path, state))
            reports = api("/reports", **query)
            self.assertLessEqual({row["provenance"] for row in reports["reports"]}, {state})
            self.assertEqual(reports["figures"]["messages"], wanted)
            self.assertEqual(reports["figures"]["reports"], int(sql(
                "SELECT count(*) FROM dmarcd_api.report WHERE provenance = '%s'" % state)[0][0]))

    def check_chart(self, days, wanted):
        self.assertEqual(sum(row[part] for row in days for part in ("both", "dkim_only", "spf_only", "fail")), wanted)

    def test_a_domain_and_a_source(self):
        for state in ("local", "pending"):
            (domain, address), = sql("SELECT policy_domain, host(source_ip) FROM dmarcd_api.sources WHERE "
                                     "provenance = '%s' AND source_ip IS NOT NULL LIMIT 1" % state)
            query = dict(WHOLE, provenance=state)
            page = api("/domains/" + domain, **query)
            wanted = messages("policy_domain = '%s' AND provenance = '%s'" % (domain, state))
            self.assertEqual(page["figures"]["messages"], wanted)
            for block in ("sources", "header_from", "dispositions", "reporters"):
                self.assertEqual(sum(row["messages"] for row in page[block]), wanted, block)
            page = api("/sources/" + address, domain=domain, **query)
            where = "policy_domain = '%s' AND source_ip = '%s'" % (domain, address)
            self.assertEqual(page["figures"]["messages"], messages(where + " AND provenance = '%s'" % state, "sources"))
            self.check_chart(page["daily"], page["figures"]["messages"])
            if page["next"] is None:
                self.assertEqual(sum(row["messages"] for row in page["records"]), page["figures"]["messages"])

    def test_lists_of_failures_and_tls(self):
        for state in ("local", "pending"):
            for path, block, view in (("/failures", "failures", "failure"), ("/tls", "tls", "tls")):
                page = api(path, provenance=state, **WHOLE)
                known = int(sql("SELECT count(*) FROM dmarcd_api.%s v JOIN dmarcd_api.report r USING (report_key) "
                                "WHERE r.provenance = '%s'" % (view, state))[0][0])
                self.assertEqual(len(page[block]), min(known, 1000) if page["next"] is None else len(page[block]))

    def test_several(self):
        both = api("/", provenance="local,pending", **WHOLE)["figures"]["messages"]
        self.assertEqual(both, messages("true"))
        answer = ask("/api/v1/?from=2020-01-01&to=2060-01-01&provenance=local&provenance=pending&provenance=local")
        self.assertEqual(answer.json()["figures"]["messages"], both)
        self.assertEqual(answer.json()["only_provenance"], "local,pending")

    def test_unknown_words_are_refused_by_name(self):
        for value in ("genuine", "local,", "local%2C%2Cpending", "VERIFIED", "{local}"):
            answer = ask("/?provenance=" + value)
            self.assertEqual(answer.status, 400, value)
            self.assertIn("verified, plausible, local, unverified, contradicted, pending", answer.text)
        self.assertEqual(ask("/quarantine?provenance=local").status, 400)

    def test_links_keep_it(self):
        text = ask("/?provenance=local&from=2020-01-01&to=2060-01-01").text
        for link in ("/sources?from=2020-01-01&amp;to=2060-01-01&amp;provenance=local",
                     "/api/v1/?from=2020-01-01&amp;to=2060-01-01&amp;provenance=local"):
            self.assertIn(link, text)
        self.assertIn('value="local" checked', text)
        self.assertIn("Show without this", text)


class Configured(unittest.TestCase):
    """count_unverified decides what is counted when nothing else is asked for."""

    def test_no(self):
        path = config("no", "count_unverified: no\n")
        with pages.serve(os.path.join(os.environ["SITE_BIN"], "dmarcd"), path, path + ".log") as url:
            with urllib.request.urlopen(url + "api/v1/?from=2020-01-01&to=2060-01-01") as answer:
                page = json.load(answer)
            with urllib.request.urlopen(url + "?from=2020-01-01&to=2060-01-01") as answer:
                text = answer.read().decode()
            with urllib.request.urlopen(url + "api/v1/?provenance=pending&from=2020-01-01&to=2060-01-01") as answer:
                asked = json.load(answer)
        trusted = messages(TRUSTED)
        self.assertEqual(page["count_unverified"], "no")
        self.assertEqual(page["figures"]["messages"], trusted)
        self.assertEqual(page["figures"]["messages_all"], messages("true"))
        self.assertEqual(sum(row["messages"] for row in page["domains"]), trusted)
        self.assertEqual({row["provenance"]: row["counted"] for row in page["provenance"]},
                         {"local": True, "pending": False})
        self.assertIn("Of verified, plausible and local reports only", text)
        self.assertNotIn("⚑", text)
        self.assertEqual(asked["figures"]["messages"], messages("provenance = 'pending'"))

    def test_flag_and_yes(self):
        self.assertIn("of these messages rest on reports that are not proved genuine", ask("/").text)
        path = config("yes", "count_unverified: yes\n")
        with pages.serve(os.path.join(os.environ["SITE_BIN"], "dmarcd"), path, path + ".log") as url:
            with urllib.request.urlopen(url) as answer:
                text = answer.read().decode()
        self.assertNotIn("⚑", text)
        self.assertIn("trusted ", text)

    def test_status(self):
        everything, trusted = messages("true"), messages(TRUSTED)
        for word, counted in (("yes", everything), ("flag", everything), ("no", trusted)):
            path = config(word, "count_unverified: %s\n" % word)
            status = json.loads(dmarcd(path, "status", "--json"))
            self.assertEqual(status["count_unverified"], word)
            self.assertEqual([status[name] for name in ("messages", "messages_all", "messages_trusted")],
                             [counted, everything, trusted], word)
            self.assertEqual(status["messages_dmarc_pass_trusted"], messages("dmarc_pass AND " + TRUSTED))
            for name, row in status["domains"].items():
                where = "policy_domain = '%s'" % name
                self.assertEqual(status["domains_all"][name]["messages"], messages(where))
                self.assertEqual(status["domains_trusted"][name]["messages"], messages(where + " AND " + TRUSTED))
                self.assertEqual(row, status["domains_trusted" if word == "no" else "domains_all"][name])
            self.assertEqual(status["provenance"]["pending"]["counted"], word != "no")
            text = dmarcd(path, "status")
            self.assertIn("all {:,}, trusted {:,}".format(everything, trusted), text)
            self.assertIn("count_unverified: " + word, text)


class Reporters(unittest.TestCase):
    def test_lag_volume_and_provenance(self):
        rows = {row["reporter"]: row for row in api("/reporters", **WHOLE)["reporters"]}
        for name in ("google.com", "Yahoo"):
            median, late, reports = sql(
                "SELECT round(percentile_cont(0.5) WITHIN GROUP (ORDER BY lag)::numeric, 1), "
                "round(percentile_cont(0.95) WITHIN GROUP (ORDER BY lag)::numeric, 1), count(*) FROM (SELECT "
                "extract(epoch FROM coalesce(head_date_at, taken_at) - end_at) / 3600 AS lag FROM dmarcd_api.report r "
                "JOIN dmarcd_api.mail m ON m.sha256 = r.mail_sha256 WHERE kind = 'aggregate' AND NOT conflict "
                "AND reporter = '%s') l" % name)[0]
            row = rows[name]
            self.assertEqual((row["lag_median_hours"], row["lag_p95_hours"]), (float(median), float(late)), name)
            self.assertEqual((row["reports"], row["provenance_mix"]), (int(reports), "pending " + reports))
            self.assertEqual(row["messages_all"], messages("reporter = '%s'" % name, "reporters"))

    def test_contradictions_are_ranked_and_shown(self):
        page = api("/reporters", **WHOLE)
        ranked = [(row["reporter"], row["contradictory"]) for row in page["contradictory"]]
        self.assertGreater(len(ranked), 1)
        self.assertEqual(ranked, sorted(ranked, key=lambda row: -row[1]))
        shown = {row["reporter"]: row["contradictory"] for row in page["reporters"]}
        for name, count in ranked:
            self.assertEqual(shown[name], count)
            rows, after = [], None
            while True:
                part = api("/contradictions", reporter=name, **WHOLE, **({"after": after} if after else {}))
                rows += part["contradictions"]
                after = part["next"]
                if not after:
                    break
            self.assertEqual(len({(row["report_key"], row["row_no"]) for row in rows if row["row_no"] is not None}), count)
            self.assertEqual(sum(row["rows"] for row in part["codes"]), len(rows))
        example = api("/contradictions", **WHOLE)["contradictions"][0]
        record, = [row for row in api("/reports/" + example["report_key"])["records"]
                   if row["row_no"] == example["row_no"]]
        self.assertIn(example["code"], record["contradictions"])


class Badge(unittest.TestCase):
    def test_word_sign_and_meaning(self):
        text = ask("/reports?provenance=local").text
        self.assertIn('<span class="badge local" title="imported here as a file', text)
        self.assertIn('<span aria-hidden="true">⌂</span> local', text)
        self.assertEqual(Page(text).problems, [])


if __name__ == "__main__":
    unittest.main()
