#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Where the reports of a corpus contradict themselves, as the tables of doc/coherence.md.

usage: coherence_findings.py BIN_DIR PATH…        prints them for files and folders of one's own
       coherence_findings.py BIN_DIR              holds the document against the corpus of DMARCD_CORPUS
       coherence_findings.py BIN_DIR --write      writes them into the document
"""
import collections
import json
import os
import subprocess
import sys
import tempfile

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CORPUS = os.environ.get("DMARCD_CORPUS") or os.path.join(SOURCE, "..", "shared", "corpus")
DOCUMENT = os.path.join(SOURCE, "doc", "coherence.md")
BEGIN, END = "<!-- found: begin -->\n", "<!-- found: end -->\n"
REPORTERS_MAX = 12  # of a code
SKIPPED = 77


class Found:
    """What was counted of all reports, of each code, and of the domains that bear on alignment."""

    def __init__(self):
        self.reports = self.records = self.messages = self.contradictory = 0
        self.reporters = set()
        self.codes = collections.defaultdict(list)  # (reporter, report, messages) each
        self.same = collections.Counter()

    def add(self, report):
        self.reports += 1
        reporter = (report.get("org_name") or (report.get("email") or "").rpartition("@")[2]).strip()
        self.reporters.add(reporter)
        for code in report["contradictions"]:
            self.codes[code].append((reporter, self.reports, 0))
        for row in report["rows"]:
            self.records += 1
            self.messages += row["messages"]
            self.contradictory += bool(row["contradictions"])
            for code in row["contradictions"]:
                self.codes[code].append((reporter, self.reports, row["messages"]))
                self.add_domains(code, row)

    def add_domains(self, code, row):
        """Whether the name that passes is the author's to the letter."""
        if code.endswith("fail_though_aligned"):
            names = {one["domain"] for one in row[code.partition(".")[0]] if one["result"] == "pass"}
            self.same[code] += row["header_from"] in names
        if code == "spf.other_mail_from":
            self.same[code] += {one["domain"] for one in row["spf"]} == {"dom.com"}


def parse(programs, paths):
    found = Found()
    done = subprocess.Popen([os.path.join(programs, "dmarcd"), "-q", "parse", *paths], stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, text=True)
    with done:
        for line in done.stdout:
            report = json.loads(line)
            if report["kind"] == "aggregate":
                found.add(report)
    return found


def tables(found):
    out = ["%d reports of %d reporters: %d records, %d messages. %d records contradict themselves." % (
        found.reports, len(found.reporters), found.records, found.messages, found.contradictory), "",
        "| records | code | messages | reports | reporters |", "|---:|---|---:|---:|---:|"]
    ranked = sorted(found.codes.items(), key=lambda item: (-len(item[1]), item[0]))
    for code, places in ranked:
        out.append("| %d | `%s` | %d | %d | %d |" % (
            len(places), code, sum(messages for _, _, messages in places),
            len({report for _, report, _ in places}), len({reporter for reporter, _, _ in places})))
    out += ["", "| records | code | reporter |", "|---:|---|---|"]
    for code, places in ranked:
        by_reporter = sorted(collections.Counter(reporter for reporter, _, _ in places).items(),
                             key=lambda item: (-item[1], item[0]))
        for reporter, records in by_reporter[:REPORTERS_MAX]:
            out.append("| %d | `%s` | %s |" % (records, code, reporter.replace("|", " ")))
        rest = by_reporter[REPORTERS_MAX:]
        if rest:
            out.append("| %d | `%s` | others (%d) |" % (sum(records for _, records in rest), code, len(rest)))
    out += [""] + ["`%s`: in %d of %d records %s." % (
        code, found.same[code], len(places), "every SPF domain is `dom.com`" if code.startswith("spf.other")
        else "a name that passes is the author's to the letter")
        for code, places in ranked if code in found.same]
    return "\n".join(out) + "\n"


def of_corpus(programs):
    archive = os.path.join(CORPUS, "aggregate-real", "reports.tar.xz")
    if not os.path.exists(archive):
        if os.environ.get("CI"):
            sys.exit("no corpus at " + CORPUS)
        print("not run: no corpus at " + CORPUS)
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory(prefix="dmarcd-coherence-") as folder:
        subprocess.run(["cmake", "-E", "tar", "xf", archive], cwd=folder, check=True)
        return tables(parse(programs, [folder]))


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    programs, paths = sys.argv[1], [path for path in sys.argv[2:] if path != "--write"]
    if paths:
        print(tables(parse(programs, paths)), end="")
        return
    now = of_corpus(programs)
    with open(DOCUMENT, encoding="utf-8") as stream:
        before, rest = stream.read().split(BEGIN)
    told, after = rest.split(END)
    if "--write" in sys.argv:
        with open(DOCUMENT, "w", encoding="utf-8") as stream:
            stream.write(before + BEGIN + now + END + after)
    elif told != now:
        sys.exit("doc/coherence.md tells of other findings; they are now:\n" + now)


if __name__ == "__main__":
    main()
