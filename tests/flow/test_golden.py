#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`dmarcd parse` over every file of the corpus gives what it gave: golden/parse.tsv holds the
outcome of each (kind, code or schema, sums, issues), not what the reports say.

usage: test_golden.py BIN_DIR            to compare
       test_golden.py BIN_DIR --write    to accept what it gives now
"""
import glob
import json
import os
import subprocess
import sys
import tempfile

import flow

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden", "parse.tsv")
CORPUS = os.path.abspath(os.environ.get("DMARCD_CORPUS") or
                         os.path.join(flow.SOURCE, "..", "shared", "corpus"))
SUMS = ("records", "messages", "messages_dmarc_pass", "policies", "successful", "failed",
        "failure_details", "auth_failure", "feedback_type")


def outcome(line):
    report = json.loads(line)
    sums = ["%s=%s" % (name, report[name]) for name in SUMS if report.get(name) is not None]
    issues = ["%s*%d" % (issue["code"], issue["count"]) for issue in report.get("issues", ())]
    return "\t".join((report["kind"], report.get("code") or report.get("schema", ""), " ".join(sums),
                      " ".join(sorted(issues))))


def parse(paths, name_of):
    """Every line of output as "file, what came of it"; the exit status goes with each file."""
    found = []
    for path in paths:
        done = subprocess.run([flow.program("dmarcd"), "-q", "parse", path], capture_output=True,
                              text=True, check=False)
        if done.returncode not in (flow.EX_OK, flow.EX_DATAERR):
            sys.exit("%s: exit %d\n%s" % (path, done.returncode, done.stderr))
        for line in done.stdout.splitlines():
            found.append("%s\t%d\t%s" % (name_of(path), done.returncode, outcome(line)))
    return found


def everything():
    paths = sorted(path for folder in ("aggregate", "failure", "tlsrpt")
                   for path in glob.glob(os.path.join(CORPUS, folder, "*"))
                   if not path.endswith((".md", ".tsv")))
    found = parse(paths, lambda path: os.path.relpath(path, CORPUS))
    archive = os.path.join(CORPUS, "aggregate-real", "reports.tar.xz")
    with tempfile.TemporaryDirectory(prefix="dmarcd-golden-") as folder:
        subprocess.run(["cmake", "-E", "tar", "xf", archive], cwd=folder, check=True)
        real = sorted(glob.glob(os.path.join(folder, "**", "*.xml"), recursive=True))
        found += parse(real, lambda path: "aggregate-real/" + os.path.basename(path))
    return found


def main():
    if not os.path.isdir(CORPUS):
        flow.not_run("no corpus of real reports; set DMARCD_CORPUS to its folder")
    now = everything()
    if sys.argv[2:] == ["--write"]:
        os.makedirs(os.path.dirname(GOLDEN), exist_ok=True)
        with open(GOLDEN, "w", encoding="utf-8") as stream:
            stream.write("# SPDX-License-Identifier: Apache-2.0\n" + "\n".join(now) + "\n")
        return 0
    with open(GOLDEN, encoding="utf-8") as stream:
        then = [line.rstrip("\n") for line in stream if not line.startswith("#")]
    gone, new = set(then) - set(now), set(now) - set(then)
    for line in sorted(gone):
        print("- " + line)
    for line in sorted(new):
        print("+ " + line)
    print("%d lines compared" % len(now))
    return 1 if gone or new or len(now) < 900 else 0


if __name__ == "__main__":
    sys.exit(main())
