#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What systemd-analyze says of the unit: how much of the system it leaves open to the daemon.

usage: unit.py SOURCE_TREE
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

import house

EXPOSURE_MAX = 1.5
UNIT = "doc/units/dmarcd.service.in"


def exposure(text):
    """systemd's figure for a unit of this text, or what it says instead."""
    with tempfile.TemporaryDirectory(prefix="dmarcd-unit-") as folder:
        path = os.path.join(folder, "dmarcd.service")
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text)
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", path],
                              capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    found = re.search(r"Overall exposure level for dmarcd\.service: ([0-9.]+)", done.stdout)
    return float(found.group(1)) if found else done.stdout + done.stderr


def problems(text):
    level = exposure(text)
    if not isinstance(level, float):
        return ["%s: systemd-analyze gives no figure: %s" % (UNIT, level)]
    print("exposure of dmarcd.service: %.1f (at most %.1f)" % (level, EXPOSURE_MAX))
    return [] if level <= EXPOSURE_MAX else ["%s: exposure %.1f is above %.1f" % (UNIT, level, EXPOSURE_MAX)]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if not shutil.which("systemd-analyze"):
        print("not run: unit: systemd-analyze is not installed; apt-get install systemd")
        sys.exit(1 if os.environ.get("CI") == "true" else 77)
    house.report(problems(house.read(sys.argv[1], UNIT).replace("@DMARCD_BINDIR@", "/usr/bin")))
