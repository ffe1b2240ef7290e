#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Calls that have no place here, and why."""
import re

import house

WHY = {
    "no bound": "sprintf vsprintf strcpy strcat gets stpcpy",
    "cuts silently or keeps no NUL": "strncpy strncat",
    "keeps state, changes its input": "strtok strtok_r",
    "no errors, no range": "atoi atol atoll atof sscanf fscanf scanf",
    "runs a shell": "system popen",
    "no bound on the stack": "alloca",
    "local time": "localtime localtime_r mktime ctime ctime_r asctime strftime",
    "a race": "tmpnam tempnam mktemp",
    "depends on the locale": "strtod strtof strtold toupper tolower isalpha isdigit isspace "
                             "isalnum isxdigit isupper islower isprint ispunct strcoll setlocale "
                             "strcasecmp strncasecmp",
    "not repeatable": "rand srand random",
}
BANNED = {name: why for why, names in WHY.items() for name in names.split()}
# Tests may ask the C library for what the product must not use.
TESTS_MAY = {"system", "popen", "rand", "srand", "random", "strcasecmp", "strncasecmp", "mktemp",
             "setlocale", "strtod", "strcpy", "atoi"}
_CALL = re.compile(r"(?<![\w.>])([a-z_]+)\s*\(")
_MEMBER = re.compile(r"(->|\.)\s*$")
# SQL must be a literal or a named constant: PQexec(conn, "…") or PQexec(conn, SQL_NAME).
_SQL = re.compile(r"\bPQ(?:exec|sendQuery)\s*\(([^;]*?)\)\s*[;,)]", re.DOTALL)
_SQL_ARGUMENT = re.compile(r'^[^,]+,\s*(""(\s*"")*|[A-Z][A-Z0-9_]*|sql_[a-z0-9_]+)\s*$', re.DOTALL)


def problems(root):
    found = []
    for path in house.files(root, house.ROOMS + ["tests"]):
        code = house.bare_code(house.read(root, path))
        for match in _CALL.finditer(code):
            name = match.group(1)
            if name not in BANNED or _MEMBER.search(code[:match.start()]):
                continue
            if path.startswith("tests/") and name in TESTS_MAY:
                continue
            found.append("%s:%d: %s(): %s" % (
                path, house.line_of(code, match.start()), name, BANNED[name]))
        for match in _SQL.finditer(code):
            if not _SQL_ARGUMENT.match(match.group(1)):
                found.append("%s:%d: PQexec of text that is not a constant" % (
                    path, house.line_of(code, match.start())))
    return found


if __name__ == "__main__":
    house.main(problems)
