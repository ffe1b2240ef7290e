#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""doc/issues.md explains every issue and reason code of model/, and no other."""
import re

import house

LISTS = ["model/issue_list.h", "model/reason_list.h"]
DOCUMENT = "doc/issues.md"
_ENTRY = re.compile(r'^(?:ISSUE|REASON)\(\w+,\s*"([^"]+)"', re.MULTILINE)
# A code is explained by a table row or a heading that begins with it.
_EXPLAINED = re.compile(r"^(?:\| *|#+ +)`([a-z0-9_.]+)`([^\n]*)$", re.MULTILINE)


def problems(root):
    found = []
    codes = {}
    for path in LISTS:
        text = house.read(root, path)
        for match in _ENTRY.finditer(text):
            where = "%s:%d" % (path, house.line_of(text, match.start()))
            if match.group(1) in codes:
                found.append("%s: code %s is used twice" % (where, match.group(1)))
            codes[match.group(1)] = where
    text = house.read(root, DOCUMENT)
    explained = set()
    for match in _EXPLAINED.finditer(text):
        where = "%s:%d" % (DOCUMENT, house.line_of(text, match.start()))
        code, rest = match.groups()
        if code in explained:
            found.append("%s: %s is explained twice" % (where, code))
        explained.add(code)
        if code not in codes:
            found.append("%s: there is no code %s" % (where, code))
        if any(not cell.strip() for cell in rest.strip().strip("|").split("|")):
            found.append("%s: %s has an empty cell" % (where, code))
    for code, where in sorted(codes.items()):
        if code not in explained:
            found.append("%s: %s is not explained in %s" % (where, code, DOCUMENT))
    return found


if __name__ == "__main__":
    house.main(problems)
