#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`cmake --install` into an empty folder puts each thing into its place, and nothing else.

usage: test_install.py BUILD_DIR
"""
import os
import re
import subprocess
import sys
import tempfile

EXPECTED = {
    "bin/dmarcd": 0o755,
    "bin/dmarcd-samples": 0o755,
    "bin/dmarcd-worker": 0o755,
    "include/dmarcverify.h": 0o644,
    "lib/libdmarcverify.a": 0o644,
    "lib/libdmarcverify.so": 0o644,
    "lib/libdmarcverify.so.0": 0o644,
    "lib/libdmarcverify.so.0.1.0": 0o644,
    "lib/pkgconfig/dmarcverify.pc": 0o644,
    "lib/systemd/system/dmarcd.service": 0o644,
    "lib/sysusers.d/dmarcd.conf": 0o644,
    "share/doc/dmarcd/dmarcd.yaml.example": 0o644,
    "share/doc/dmarcd/examples/verify.c": 0o644,
    "share/man/man3/dmarcverify.3": 0o644,
    "share/man/man5/dmarcd.conf.5": 0o644,
    "share/man/man8/dmarcd-worker.8": 0o644,
    "share/man/man8/dmarcd.8": 0o644,
}
# More than these may be there: units and documents of later parts.
MORE_IN = ("lib/systemd/system/", "share/doc/dmarcd/", "share/man/")


def installed(root, prefix):
    """Paths as the prefix sees them."""
    found = {}
    for where, _, names in os.walk(root):
        for name in names:
            path = os.path.join(where, name)
            found[os.path.relpath(path, root + prefix)] = os.stat(path).st_mode & 0o777
    return found


def wrong_units(top, prefix, found):
    """Units that start what is not there."""
    wrong = []
    for path in found:
        if not path.endswith(".service"):
            continue
        with open(os.path.join(top, path), encoding="utf-8") as stream:
            starts = re.findall(r"^ExecStart=(\S+)", stream.read(), re.MULTILINE)
        wrong += ["%s: starts %s, which is not there" % (path, program) for program in starts
                  if os.path.relpath(program, prefix) not in found]
    return wrong


def wrong_runs(top):
    """It finds its worker beside itself wherever it lies."""
    program = os.path.join(top, "bin/dmarcd")
    if not os.path.exists(program):
        return []
    done = subprocess.run([program, "-c", os.path.join(top, "share/doc/dmarcd/dmarcd.yaml.example"), "parse", "-"],
                          input="Subject: hello\n\nno report\n", capture_output=True, text=True, check=False)
    if done.returncode == 0 and "not_a_report" in done.stdout:
        return []
    return ["dmarcd parse: exit %d: %s%s" % (done.returncode, done.stdout, done.stderr)]


def problems(build_dir, prefix):
    with tempfile.TemporaryDirectory(prefix="dmarcd-install-") as root:
        done = subprocess.run(["cmake", "--install", build_dir, "--prefix", prefix],
                              env={**os.environ, "DESTDIR": root}, capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            return [done.stdout + done.stderr]
        found = installed(root, prefix)
        wrong = ["not installed: %s" % path for path in EXPECTED if path not in found]
        wrong += ["installed, and nobody expects it: %s" % path for path in found
                  if path not in EXPECTED and not path.startswith(MORE_IN)]
        wrong += ["%s: mode %o, not %o" % (path, found[path], mode)
                  for path, mode in EXPECTED.items() if found.get(path, mode) != mode]
        return wrong + wrong_units(root + prefix, prefix, found) + wrong_runs(root + prefix)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    WRONG = [line for prefix in ("/usr", "/usr/local") for line in problems(sys.argv[1], prefix)]
    print("\n".join(WRONG))
    sys.exit(1 if WRONG else 0)
