#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""doc/issues.md explains every issue and reason code of model/, doc/coherence.md every contradiction, and no other;
doc/sql.md every word that verdicts give as a reason of provenance or a difference to a reporter."""
import os
import re

import house

EXPLAINED = {
    "doc/issues.md": ["model/issue_list.h", "model/reason_list.h"],
    "doc/coherence.md": ["model/coherence_list.h"],
}
_ENTRY = re.compile(r'^(?:ISSUE|REASON|COHERENCE)\(\w+,\s*"([^"]+)"', re.MULTILINE)
# A code is explained by a table row or a heading that begins with it.
_EXPLAINED = re.compile(r"^(?:\| *|#+ +)`([a-z0-9_.]+)`([^\n]*)$", re.MULTILINE)


def document_problems(root, document, lists):
    found = []
    codes = {}
    for path in lists:
        text = house.read(root, path)
        for match in _ENTRY.finditer(text):
            where = "%s:%d" % (path, house.line_of(text, match.start()))
            if match.group(1) in codes:
                found.append("%s: code %s is used twice" % (where, match.group(1)))
            codes[match.group(1)] = where
    text = house.read(root, document)
    explained = set()
    for match in _EXPLAINED.finditer(text):
        where = "%s:%d" % (document, house.line_of(text, match.start()))
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
            found.append("%s: %s is not explained in %s" % (where, code, document))
    return found


# Files that write such words, and how they stand there.
_REASON, _DIFFERENCE = re.compile(r'"([a-z_]+\.[a-z_]+)"'), re.compile(r'\{\S+, "([a-z_]+)",')
_GIVEN_UP = re.compile(r'outcome_give_up\([^;"]*"([a-z_]+\.[a-z_]+)"')
VERDICT_WORDS = {"verifier/provenance/provenance.c": _REASON, "verifier/provenance/reasons.c": _REASON,
                 "verifier/provenance/structure.c": _REASON, "verifier/recheck/recheck.c": _DIFFERENCE,
                 "evidence/batch.c": _GIVEN_UP, "evidence/hearing.c": _GIVEN_UP}


PAGES = "web/pages/provenance_words.c"  # what pages say of such a word


def verdict_problems(root, document="doc/sql.md"):
    found = []
    for path, form in VERDICT_WORDS.items():
        if not os.path.exists(os.path.join(root, path)):
            continue
        text, explained = house.read(root, path), house.read(root, document)
        found += ["%s:%d: %s is not explained in %s" % (path, house.line_of(text, match.start()), match[1], document)
                  for match in form.finditer(text) if "`%s`" % match[1] not in explained]
        if os.path.exists(os.path.join(root, PAGES)):
            shown = house.read(root, PAGES)
            found += ["%s:%d: %s has no words in %s" % (path, house.line_of(text, match.start()), match[1], PAGES)
                      for match in form.finditer(text) if '{"%s", ' % match[1] not in shown]
    return found


def problems(root):
    return [problem for document, lists in EXPLAINED.items()
            for problem in document_problems(root, document, lists)] + verdict_problems(root)


if __name__ == "__main__":
    house.main(problems)
