#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""/metrics: the format to the letter, the same numbers as `dmarcd status`, and few lines whatever is reported."""
import json
import os
import re
import signal
import subprocess
import unittest
import urllib.request

from client import ask

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(r'(%s)(?:\{(%s(?:,%s)*)\})? (-?[0-9]+(?:\.[0-9]+)?)' % (NAME, LABEL, LABEL))
COMMENT = re.compile(r"# (HELP|TYPE) (%s) (.+)" % NAME)
OURS = {"dmarcd_build_info", "dmarcd_db_up", "dmarcd_db_query_duration_seconds", "dmarcd_http_requests_total",
        "dmarcd_ingest_messages_total", "dmarcd_ingest_errors_total", "dmarcd_ingest_last_timestamp_seconds",
        "dmarcd_reports", "dmarcd_records", "dmarcd_report_last_timestamp_seconds", "dmarcd_reported_messages_total",
        "dmarcd_reports_by_provenance", "dmarcd_verify_queue_messages", "dmarcd_verify_queue_oldest_timestamp_seconds",
        "dmarcd_verify_queue_due_timestamp_seconds", "dmarcd_ingest_paused", "dmarcd_verify_paused"}
SOMETIMES = {"dmarcd_http_requests_total", "dmarcd_verify_queue_oldest_timestamp_seconds",
             "dmarcd_verify_queue_due_timestamp_seconds"}
MAILS, REPORTS = 10, 1000
LARGE = "limits: {reports: 1000, attachments: 1000, mime_parts: 2000, header_fields: 10000, mail_secs: 120s, cpu_secs: 120s}\n"


def parse(text):
    """{name: {labels: value}} of text format 0.0.4; what is not of it is refused."""
    assert text.endswith("\n")
    found, kinds, helped, family, ended = {}, {}, set(), None, set()
    for line in text[:-1].split("\n"):
        comment = COMMENT.fullmatch(line)
        if comment:
            what, name, rest = comment.groups()
            if name != family:
                assert name not in ended, line
                ended.add(family)
                family = name
            if what == "HELP":
                assert name not in helped, line
                helped.add(name)
            else:
                assert name not in kinds and rest in ("counter", "gauge", "histogram"), line
                kinds[name] = rest
            continue
        sample = SAMPLE.fullmatch(line)
        assert sample, line
        name, labels, value = sample.groups()
        base = re.sub("_(bucket|sum|count)$", "", name) if kinds.get(family) == "histogram" else name
        assert base == family and base in kinds and base in helped, line
        key = tuple(sorted(re.findall(r'([a-zA-Z_0-9]+)="((?:[^"\\]|\\.)*)"', labels or "")))
        assert key not in found.setdefault(name, {}), line
        assert kinds[family] == "gauge" or float(value) >= 0, line
        found[name][key] = float(value)
    assert helped == set(kinds)
    return found, kinds


def of(found, name, **labels):
    return found[name][tuple(sorted(labels.items()))]


def dmarcd(config, *arguments, **options):
    return subprocess.run([os.path.join(os.environ["SITE_BIN"], "dmarcd"), "-c", config, *arguments],
                          capture_output=True, text=True, check=False, **options)


class Second:
    """Another `dmarcd web` with this configuration; its URL."""

    def __init__(self, name, text):
        self.config = os.path.join(os.environ["SITE_DIR"], name + ".yaml")
        with open(self.config, "w", encoding="utf-8") as stream:
            stream.write(text + "http: {listen: '127.0.0.1:%d'}\n" % (20000 + os.getpid() % 2000))

    def __enter__(self):
        self.process = subprocess.Popen(
            [os.path.join(os.environ["SITE_BIN"], "dmarcd"), "-c", self.config, "web", "--port-tries", "50"],
            stderr=subprocess.PIPE, text=True)
        said = ""
        for line in self.process.stderr:
            said += line
            found = re.search(r"url=\"?(http://[^ \"\n]+)", line)
            if found:
                return found.group(1)
        raise AssertionError(said)

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.stderr.read()
        self.process.stderr.close()
        self.process.wait()


def fetch(url):
    with urllib.request.urlopen(url) as answer:
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        return answer.read().decode("utf-8")


def feedback(number):
    return """<?xml version="1.0"?><feedback><report_metadata><org_name>org "%d"\\</org_name><email>a@org%d.example</email>
<report_id>%d</report_id><date_range><begin>1772323200</begin><end>1772409599</end></date_range></report_metadata>
<policy_published><domain>d%d.example</domain><p>none</p></policy_published><record><row><source_ip>192.0.2.1</source_ip>
<count>%d</count><policy_evaluated><disposition>none</disposition><dkim>pass</dkim><spf>fail</spf></policy_evaluated>
</row><identifiers><header_from>d%d.example</header_from></identifiers><auth_results/></record></feedback>""" % (
        (number,) * 4 + (number % 7 + 1, number))


def flood(folder):
    """MAILS mails of REPORTS reports, each of another organisation on another domain."""
    os.makedirs(folder)
    for mail in range(MAILS):
        parts = "".join("--b\r\nContent-Type: text/xml\r\n\r\n%s\r\n" % feedback(mail * REPORTS + n)
                        for n in range(REPORTS))
        with open(os.path.join(folder, "%d.eml" % mail), "w", encoding="ascii", newline="") as stream:
            stream.write("From: a@example.net\r\nSubject: reports\r\nMIME-Version: 1.0\r\n"
                         "Content-Type: multipart/mixed; boundary=b\r\n\r\n%s--b--\r\n" % parts)


class Metrics(unittest.TestCase):
    def check_numbers(self, found, status):
        for outcome in ("stored", "duplicate", "quarantined"):
            self.assertEqual(of(found, "dmarcd_ingest_messages_total", kind="report", outcome=outcome),
                             status["balance"][outcome])
        self.assertEqual(of(found, "dmarcd_ingest_messages_total", kind="other", outcome="not_a_report"),
                         status["balance"]["not_a_report"])
        self.assertEqual(sum(found["dmarcd_ingest_errors_total"].values()), status["balance"]["quarantined"])
        for kind, count in status["reports"].items():
            self.assertEqual(of(found, "dmarcd_reports", kind=kind), count)
        self.assertEqual(of(found, "dmarcd_records"), status["records"])
        for state in ("pending", "local", "verified", "plausible", "unverified", "contradicted"):
            self.assertEqual(of(found, "dmarcd_reports_by_provenance", state=state), status["verdicts"][state])
        for state in ("due", "later"):
            self.assertGreaterEqual(of(found, "dmarcd_verify_queue_messages", state=state), 0)
        self.assertEqual(sum(found["dmarcd_verify_queue_messages"].values()), status["verdicts"]["waiting"])
        messages = found["dmarcd_reported_messages_total"]
        self.assertEqual(sum(messages.values()), status["messages"])
        self.assertEqual(sum(value for labels, value in messages.items() if ("result", "pass") in labels),
                         status["messages_dmarc_pass"])
        for labels, value in messages.items():
            labels = dict(labels)
            if labels["domain"] == "(other)":
                continue
            domain = status["domains"].get(labels["domain"], {"messages": 0, "dmarc_pass": 0})
            self.assertEqual(value, domain["dmarc_pass"] if labels["result"] == "pass" else
                             domain["messages"] - domain["dmarc_pass"], labels)

    def test_all(self):
        """In this order: the site as it is, a Prometheus before any page, then the flood."""
        status = json.loads(dmarcd(os.environ["SITE_CONFIG"], "status", "--json").stdout)
        answer = ask("/metrics")
        self.assertEqual((answer.status, answer.headers["content-type"]),
                         (200, "text/plain; version=0.0.4; charset=utf-8"))
        self.assertEqual(ask("/metrics", host="evil.example").status, 421)
        found, kinds = parse(answer.text)
        self.assertEqual(set(kinds), OURS - SOMETIMES | set(kinds) & OURS)
        self.check_numbers(found, status)
        self.assertEqual({dict(key)["domain"] for key in found["dmarcd_reported_messages_total"]},
                         {"example.com", "(other)"})
        self.check_requests()
        self.check_domains_are_bounded()

    def check_requests(self):
        before = parse(ask("/metrics").text)[0]
        wanted = {("/", 200): 3, ("/sources", 400): 2, ("/api/v1", 200): 1, ("/reports", 404): 1, ("other", 404): 2}
        for path in ("/", "/", "/?period=7d", "/sources?from=x", "/sources?x=y", "/api/v1/domains", "/reports/x",
                     "/metricsX", "/etc/passwd"):
            ask(path)
        after = parse(ask("/metrics").text)[0]
        for (route, code), count in wanted.items():
            key = tuple(sorted({"route": route, "code": str(code)}.items()))
            self.assertEqual(after["dmarcd_http_requests_total"][key],
                             before["dmarcd_http_requests_total"].get(key, 0) + count, key)
        buckets = after["dmarcd_db_query_duration_seconds_bucket"]
        counts = [buckets[key] for key in sorted(buckets, key=lambda key: float(dict(key)["le"]))]
        self.assertEqual(counts, sorted(counts))
        self.assertEqual(counts[-1], of(after, "dmarcd_db_query_duration_seconds_count"))
        self.assertGreater(counts[-1], of(before, "dmarcd_db_query_duration_seconds_count"))

    def check_domains_are_bounded(self):
        folder = os.path.join(os.environ["SITE_DIR"], "flood")
        flood(folder)
        state = "state_dir: %s/state\n" % os.environ["SITE_DIR"]
        with Second("unnamed", state + LARGE) as url:
            done = dmarcd(os.path.join(os.environ["SITE_DIR"], "unnamed.yaml"), "ingest", "--json", folder)
            self.assertEqual(json.loads(done.stdout)["reports"], MAILS * REPORTS, done.stderr)
            status = json.loads(dmarcd(os.environ["SITE_CONFIG"], "status", "--json").stdout)
            text = fetch(url + "metrics")
        found, _ = parse(text)
        self.check_numbers(found, status)
        self.assertEqual(len(found["dmarcd_reported_messages_total"]), 2 * 101)
        self.assertIn((("class", "unclassified"), ("domain", "example.com"), ("result", "pass")),
                      found["dmarcd_reported_messages_total"])
        self.assertLessEqual(len(found["dmarcd_report_last_timestamp_seconds"]), 100)
        self.assertLess(len(text.splitlines()), 500)
        self.assertNotIn("org ", text)

    def test_without_a_database(self):
        os.makedirs(os.path.join(os.environ["SITE_DIR"], "away"))
        with Second("away", "state_dir: %s/away\ndatabase: {dsn: 'host=%s/nowhere dbname=x'}\n" % (
                (os.environ["SITE_DIR"],) * 2)) as url:
            found, _ = parse(fetch(url + "metrics"))
            self.assertEqual(of(found, "dmarcd_db_up"), 0)
            self.assertNotIn("dmarcd_reports", found)
            for file, name in (("intake", "dmarcd_ingest_paused"), ("verdicts", "dmarcd_verify_paused")):
                self.assertEqual(of(found, name), 0)
                with open(os.path.join(os.environ["SITE_DIR"], "away", file), "w", encoding="ascii") as notice:
                    notice.write("it is away\n")
                self.assertEqual(of(parse(fetch(url + "metrics"))[0], name), 1)
            self.assertEqual(of(parse(fetch(url + "metrics"))[0], "dmarcd_http_requests_total", route="/metrics",
                                code="200"), 3)


if __name__ == "__main__":
    unittest.main()
