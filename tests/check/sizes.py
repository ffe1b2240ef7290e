#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Functions of at most 80 lines, files of at most 900, rooms of at most 4,000 lines of code.

A room's sub-folders count as rooms of their own: that is how a room is split.
"""
import os
import re

import house

FUNCTION_MAX, FILE_MAX, ROOM_MAX = 80, 900, 4000
COLUMNS_MAX = 120  # the style aims at 100
_SIGNATURE = re.compile(r"^[A-Za-z_].*[^;]$")


def functions(code):
    """(first line, lines, signature) of each function written in this house's style."""
    lines = code.split("\n")
    start = None
    for number, line in enumerate(lines):
        if line == "{":
            start = number
            while start > 0 and lines[start - 1].strip() and not lines[start - 1].startswith(
                    ("}", "#")) and not lines[start - 1].endswith(";"):
                start -= 1
        elif line == "}" and start is not None:
            yield start + 1, number - start + 1, lines[start]
            start = None


def code_lines(code):
    return sum(1 for line in code.split("\n") if line.strip())


def problems(root):
    found, rooms = [], {}
    for path in house.files(root, house.ROOMS + ["tests"]):
        text = house.read(root, path)
        code = house.bare_code(text)
        count = text.count("\n")
        if count > FILE_MAX:
            found.append("%s:1: %d lines, more than %d" % (path, count, FILE_MAX))
        for first, length, signature in functions(code):
            if length > FUNCTION_MAX:
                found.append("%s:%d: %d lines, more than %d: %s" % (
                    path, first, length, FUNCTION_MAX, signature))
        for number, line in enumerate(text.split("\n"), 1):
            if len(line.expandtabs(8)) > COLUMNS_MAX and not path.endswith("_list.h"):
                found.append("%s:%d: wider than %d columns" % (path, number, COLUMNS_MAX))
        if not path.startswith("tests/"):
            room = os.path.dirname(path)
            rooms[room] = rooms.get(room, 0) + code_lines(code)
    for room, count in sorted(rooms.items()):
        if count > ROOM_MAX:
            found.append("%s: %d lines of code, more than %d: split it" % (room, count, ROOM_MAX))
    return found


if __name__ == "__main__":
    house.main(problems)
