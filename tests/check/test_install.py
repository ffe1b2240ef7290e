#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`cmake --install` into an empty folder puts each thing into its place, and nothing else.

usage: test_install.py BUILD_DIR
"""
import os
import subprocess
import sys
import tempfile

EXPECTED = {
    "usr/bin/dmarcd": 0o755,
    "usr/bin/dmarcd-samples": 0o755,
    "usr/bin/dmarcd-worker": 0o755,
    "usr/lib/systemd/system/dmarcd.service": 0o644,
    "usr/lib/sysusers.d/dmarcd.conf": 0o644,
    "usr/share/doc/dmarcd/dmarcd.yaml.example": 0o644,
    "usr/share/man/man5/dmarcd.conf.5": 0o644,
    "usr/share/man/man8/dmarcd-worker.8": 0o644,
    "usr/share/man/man8/dmarcd.8": 0o644,
}
# More than these may be there: units and documents of later parts.
MORE_IN = ("usr/lib/systemd/system/", "usr/share/doc/dmarcd/", "usr/share/man/")


def installed(root):
    found = {}
    for where, _, names in os.walk(root):
        for name in names:
            path = os.path.join(where, name)
            found[os.path.relpath(path, root)] = os.stat(path).st_mode & 0o777
    return found


def problems(build_dir):
    with tempfile.TemporaryDirectory(prefix="dmarcd-install-") as root:
        done = subprocess.run(["cmake", "--install", build_dir, "--prefix", "/usr"],
                              env={**os.environ, "DESTDIR": root}, capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            return [done.stdout + done.stderr]
        found = installed(root)
        wrong = ["not installed: %s" % path for path in EXPECTED if path not in found]
        wrong += ["installed, and nobody expects it: %s" % path for path in found
                  if path not in EXPECTED and not path.startswith(MORE_IN)]
        wrong += ["%s: mode %o, not %o" % (path, found[path], mode)
                  for path, mode in EXPECTED.items() if found.get(path, mode) != mode]
        program = os.path.join(root, "usr/bin/dmarcd")
        if os.path.exists(program):
            # It finds its worker beside itself wherever it lies.
            done = subprocess.run([program, "--version"], capture_output=True, text=True,
                                  check=False)
            if done.returncode != 0 or "dmarcd" not in done.stdout:
                wrong.append("dmarcd --version: exit %d: %s" % (done.returncode, done.stderr))
        return wrong


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    WRONG = problems(sys.argv[1])
    print("\n".join(WRONG))
    sys.exit(1 if WRONG else 0)
