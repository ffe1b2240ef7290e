#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The link cut between the wings and the hardening of what is built.

usage: binaries.py BIN_DIR plain|release
"""
import os
import subprocess
import sys

import house

DIRTY = ["libxml2", "libarchive", "libgmime", "libjansson", "libglib", "libgobject"]
CLEAN = ["libpq", "libmicrohttpd", "libcyaml", "libyaml"]
# An executable, and libraries that it must never be linked with.
FORBIDDEN = {"dmarcd": DIRTY, "dmarcd-worker": CLEAN + ["libunbound"],
             "dmarcd-samples": DIRTY + CLEAN + ["libunbound"]}


def readelf(option, path):
    done = subprocess.run(["readelf", "-W", option, path], capture_output=True, text=True,
                          env={**os.environ, "LC_ALL": "C"}, check=False)
    return done.stdout


def needed(path):
    return [line.split("[")[1].split("]")[0] for line in readelf("-d", path).split("\n")
            if "(NEEDED)" in line]


def link_problems(path, forbidden):
    return ["%s: linked with %s" % (path, library) for library in needed(path)
            if library.startswith(tuple(forbidden))]


def hardening_problems(path, fortified):
    header, segments = readelf("-h", path), readelf("-l", path)
    dynamic, symbols = readelf("-d", path), readelf("--dyn-syms", path)
    stack = [line for line in segments.split("\n") if "GNU_STACK" in line]
    wanted = {
        "position independent (PIE)": "DYN (" in header and "PIE" in dynamic,
        "relocations read-only (RELRO)": "GNU_RELRO" in segments,
        "bound at start (BIND_NOW)": "NOW" in dynamic,
        "stack protector": "__stack_chk_fail" in symbols,
        "stack not executable": bool(stack) and "RWE" not in stack[0],
        "no RPATH": "RPATH" not in dynamic and "RUNPATH" not in dynamic,
    }
    if fortified:
        wanted["_FORTIFY_SOURCE"] = "_chk@" in symbols.replace("__stack_chk_fail", "")
    if "X86-64" in header:
        wanted["marked for CET (IBT, SHSTK)"] = "IBT, SHSTK" in readelf("-n", path)
        with open(path, "rb") as stream:
            wanted["branch protection (endbr64)"] = stream.read().count(b"\xf3\x0f\x1e\xfa") > 20
    return ["%s: not %s" % (path, what) for what, there in wanted.items() if not there]


def problems(bin_dir, kind):
    found = []
    for name, forbidden in FORBIDDEN.items():
        path = os.path.join(bin_dir, name)
        if not os.path.exists(path):
            found.append("%s: was not built" % path)
            continue
        found += link_problems(path, forbidden) + hardening_problems(path, kind == "release")
    return found


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[2] not in ("plain", "release"):
        sys.exit(__doc__)
    if sys.argv[2] == "release" and not os.path.isdir(sys.argv[1]):
        print("not run: release: there is no release build; ./check makes one")
        sys.exit(1 if os.environ.get("CI") == "true" else 77)
    house.report(problems(sys.argv[1], sys.argv[2]))
