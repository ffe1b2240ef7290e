#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Licence lines, nothing left undone, no path of anybody's machine, comments above what headers
export."""
import re

import house

SOURCES = (".c", ".h", ".S", ".py", ".sh", ".mjs", ".js", ".css", ".sql", ".cmake", ".yaml",
           "CMakeLists.txt", ".service", ".timer", ".socket", ".scd")
PROGRAMS = ["demo", "check", ".ci/run"]
SPDX = "SPDX-License-Identifier: Apache-2.0"
# Spelled in pieces, so that this file is not its own first find.
UNDONE = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX)\b")
MACHINE = re.compile(r"(?<![\w.])/(wo" + r"rk|home/[a-z]+|Us" + r"ers|tmp/no" + r"tes)/")
_DECLARATION = re.compile(r"^(?!static|typedef|struct \w+ \{|enum|union|#|extern)"
                          r"(?:[A-Za-z_][\w \t*]*?)\b([a-z]\w+)\(", re.MULTILINE)


def spdx_problems(root, path, text):
    head = "\n".join(text.split("\n")[:3])
    return [] if SPDX in head else ["%s:1: no '%s' in the first three lines" % (path, SPDX)]


def line_problems(path, text):
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        if UNDONE.search(line):
            found.append("%s:%d: something is left to do" % (path, number))
        if MACHINE.search(line):
            found.append("%s:%d: a path of one machine" % (path, number))
    return found


def header_problems(path, text):
    """A header opens with a comment. A declaration that stands alone between empty lines has its
    own; several in one block may lean on one comment, or on the opening one."""
    if not re.match(r"(//[^\n]*\n|#pragma once\n|\n)*/\*.{40}", text, re.DOTALL):
        return ["%s:1: does not say what it is for" % path]
    found, line = [], 1
    for block in text.split("\n\n"):
        names = _DECLARATION.findall(block)
        if len(names) == 1 and "/*" not in block and "//" not in block:
            found.append("%s:%d: %s() has no comment" % (path, line, names[0]))
        line += block.count("\n") + 2
    return found


def problems(root):
    found = []
    for path in house.files(root, None, SOURCES) + [
            p for p in house.files(root, None, tuple(PROGRAMS)) if p in PROGRAMS]:
        if path.endswith("package-lock.json"):
            continue
        text = house.read(root, path)
        found += spdx_problems(root, path, text)
        found += line_problems(path, text)
        if path.endswith(".h") and path.split("/")[0] in house.ROOMS:
            found += header_problems(path, text)
    for path in house.files(root, None, (".md", ".3", ".5", ".8", ".json", ".txt")):
        if not path.endswith("package-lock.json"):
            found += line_problems(path, house.read(root, path))
    return found


if __name__ == "__main__":
    house.main(problems)
