# SPDX-License-Identifier: Apache-2.0
"""The corpus's manifest against what dmarcd says: pure comparison, no process is started here."""
import csv
import fnmatch
import os
import re
from dataclasses import dataclass

COLUMNS = ("reports", "records", "messages", "passed", "success", "failure")

# What a mail added, by its SHA-256: reports of every kind, of conflicts only their number.
MAILS = """SELECT m.sha256, m.outcome, m.code, m.reason, m.copies,
	coalesce(r.reports, 0), coalesce(r.records, 0), coalesce(r.messages, 0), coalesce(r.passed, 0),
	coalesce(t.success, 0), coalesce(t.failure, 0)
FROM dmarcd_api.mail m
LEFT JOIN (SELECT mail_sha256, count(*) AS reports, sum(records) FILTER (WHERE kind = 'aggregate') AS records,
	sum(messages) FILTER (WHERE kind = 'aggregate') AS messages,
	sum(dmarc_pass) FILTER (WHERE kind = 'aggregate') AS passed
	FROM dmarcd_api.report WHERE NOT conflict GROUP BY mail_sha256) r ON r.mail_sha256 = m.sha256
LEFT JOIN (SELECT mail_sha256, sum(success) AS success, sum(failure) AS failure
	FROM dmarcd_api.tls GROUP BY mail_sha256) t ON t.mail_sha256 = m.sha256"""


@dataclass
class Wanted:
    file: str
    kind: str
    sha256: str
    outcomes: list
    codes: list
    totals: tuple | None
    group: str | None
    heavy: bool
    stays: bool = True  # its file does: false for a pipe, and for what is removed once it is stored


@dataclass
class Found:
    outcome: str
    code: str
    reason: str
    copies: int
    totals: tuple


def totals_of(text):
    return None if text == "-" else tuple(int(n) for n in text.split(","))


def file_of(text):
    return re.sub(r"\\(.)", lambda found: {"n": "\n", "t": "\t"}.get(found.group(1), found.group(1)), text)


def manifest(folder):
    with open(os.path.join(folder, "manifest.tsv"), encoding="utf-8", errors="surrogateescape",
              newline="") as stream:
        rows = csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [Wanted(file_of(row[0]), row[1], row[2], row[3].split(","), row[4].split(","),
                       totals_of(row[5]), None if row[6] == "-" else row[6], row[7] == "heavy")
                for row in rows]


def groups(folder):
    found = {}
    with open(os.path.join(folder, "groups.tsv"), encoding="utf-8") as stream:
        for line in stream:
            name, text = line.rstrip("\n").split("\t")
            found.setdefault(name, []).append(totals_of(text))
    return found


def found(rows):
    """The rows of MAILS by their hash."""
    return {row[0]: Found(row[1], row[2], row[3], int(row[4]), tuple(int(n) for n in row[5:]))
            for row in rows}


def mail_problems(wanted, mail):
    if mail.outcome not in wanted.outcomes:
        yield "%s (%s: %s), not %s" % (mail.outcome, mail.code, mail.reason, "/".join(wanted.outcomes))
    refused = mail.outcome in ("quarantined", "not_a_report")
    if refused and not (mail.code and mail.reason.strip()):
        yield "%s without a code or a sentence" % mail.outcome
    if mail.outcome == "quarantined" and not any(fnmatch.fnmatch(mail.code, code) for code in wanted.codes):
        yield "code %s (%s), not %s" % (mail.code, mail.reason, ",".join(wanted.codes))
    if mail.code.startswith("worker.") and mail.code not in wanted.codes:
        yield "the worker failed: %s %s" % (mail.code, mail.reason)
    if mail.outcome == "stored" and wanted.totals and mail.totals != wanted.totals:
        yield "totals %s, not %s" % (mail.totals, wanted.totals)
    if refused and any(mail.totals):
        yield "refused and yet %s" % (mail.totals,)


def problems(wanted_mails, wanted_groups, mails):
    """Sentences, one for each disagreement."""
    copies, sums = {}, {}
    for wanted in wanted_mails:
        copies[wanted.sha256] = copies.get(wanted.sha256, -1) + 1
        mail = mails.get(wanted.sha256)
        if mail is None:
            yield "%s: not accounted for" % wanted.file
            continue
        for problem in mail_problems(wanted, mail):
            yield "%s: %s" % (wanted.file, problem)
        if wanted.group:
            sums.setdefault(wanted.group, {})[wanted.sha256] = mail.totals
    for sha256, wanted in copies.items():
        if sha256 in mails and mails[sha256].copies != wanted:
            yield "%s: %d copies, not %d" % (sha256, mails[sha256].copies, wanted)
    for group, totals in sums.items():
        together = tuple(sum(column) for column in zip(*totals.values()))
        if together not in wanted_groups[group]:
            yield "group %s: %s, not %s" % (group, together, wanted_groups[group])
