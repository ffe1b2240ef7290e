#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every header compiles alone. X-macro lists, which have no include guard on purpose, are left out.

usage: headers.py SOURCE_TREE COMPILER [FLAGS…]
"""
import os
import subprocess
import sys

import house


def problems(root, compiler, flags=()):
    found = []
    for path in house.files(root, house.ROOMS, (".h",)):
        if "#pragma once" not in house.read(root, path):
            if not path.endswith("_list.h"):
                found.append("%s:1: no #pragma once" % path)
            continue
        command = [compiler, "-std=c17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror",
                   "-fsyntax-only", "-I", root, *flags, "-x", "c", "-"]
        # Twice, to see that the guard works, with something behind it, as ISO C wants.
        text = '#include "%s"\n#include "%s"\nint header_alone;\n' % (path, path)
        done = subprocess.run(command, input=text, capture_output=True, text=True,
                              env={**os.environ, "LC_ALL": "C"}, check=False)
        if done.returncode != 0:
            found.append("%s:1: does not compile alone:\n%s" % (path, done.stderr.strip()))
    return found


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    house.report(problems(sys.argv[1], sys.argv[2], sys.argv[3:]))
