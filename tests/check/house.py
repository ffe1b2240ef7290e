# SPDX-License-Identifier: Apache-2.0
"""What the check scripts share: the tree's files, C without comments, and how to report.

A check is a module with problems(root, ...) -> list of "file:line: what is wrong".
"""
import os
import re
import sys

# The order is the include order: a room sees only rooms named before it (layers.py says which).
ROOMS = ["base", "model", "dns", "pool", "parser", "verifier", "library", "worker", "samples", "schema",
         "store", "ingest", "evidence", "web", "daemon"]
SKIPPED_FOLDERS = {".git", ".cache", "build", "node_modules", "__pycache__"}


def files(root, folders=None, suffixes=(".c", ".h")):
    """Paths relative to root, sorted; everywhere when folders is None."""
    found = []
    for top in folders if folders is not None else ["."]:
        for where, dirs, names in os.walk(os.path.join(root, top)):
            dirs[:] = sorted(d for d in dirs if d not in SKIPPED_FOLDERS)
            for name in sorted(names):
                if name.endswith(suffixes):
                    found.append(os.path.relpath(os.path.join(where, name), root))
    return found


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as stream:
        return stream.read()


_TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def bare_code(text, keep_strings=False):
    """C without comments (and without the inside of strings); lines stay where they are."""
    def blank(match):
        token = match.group(0)
        if token[0] in "\"'":
            return token if keep_strings else token[0] + token[0]
        return " " + "\n" * token.count("\n")
    return _TOKEN.sub(blank, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def main(problems):
    """For a check whose only argument is the source tree."""
    if len(sys.argv) != 2:
        sys.exit("usage: %s SOURCE_TREE" % sys.argv[0])
    report(problems(sys.argv[1]))


def report(found):
    for problem in found:
        print(problem)
    sys.exit(1 if found else 0)
