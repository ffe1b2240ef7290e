#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the daemon, its private cluster and its workers call from the first start to the last is
what the unit's SystemCallFilter= lets them call.

usage: test_unit.py BIN_DIR
"""
import json
import os
import re
import shutil
import signal
import subprocess

import flow

UNIT = os.path.join(flow.SOURCE, "doc", "units", "dmarcd.service.in")
# Tried and refused everywhere: who calls them lives well with EPERM.
PROBED = {"setrlimit"}


def group(name):
    """The system calls of a set, the sets in it too."""
    text = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", name], capture_output=True, text=True,
                          check=True).stdout
    words = {line.strip() for line in text.splitlines()[1:]} - {""}
    words = {word for word in words if not word.startswith("#")}
    nested = {word for word in words if word.startswith("@")}
    return (words - nested).union(*map(group, nested))


def calls_of(words):
    return set().union(*(group(word) if word.startswith("@") else {word} for word in words))


def allowed():
    """As systemd.exec(5) reads the lines in their order."""
    found = set()
    with open(UNIT, encoding="utf-8") as stream:
        for value in re.findall(r"^SystemCallFilter=(.*)$", stream.read(), re.MULTILINE):
            if value.startswith("~"):
                found -= calls_of(value[1:].split())
            else:
                found |= calls_of(value.split())
    return found


class Unit(flow.FlowTest):
    def setUp(self):
        super().setUp()
        for tool in ("systemd-analyze", "strace"):
            if not shutil.which(tool):
                self.skipTest("not run: unit: %s is not installed" % tool)

    def called(self):
        """Every system call of a daemon that makes its database, takes mails in and stops."""
        wanted = flow.samples(self.path("mails"), "--days", "1")
        user = flow.database_user()
        self.configure(self.path("mails"), more="http: {listen: '127.0.0.1:%d'}\n" % (
            20000 + os.getpid() % 7000), prepared=False)
        for where, folders, names in os.walk(self.top):
            for path in [where] + [os.path.join(where, name) for name in folders + names]:
                if user:
                    os.chown(path, user["user"], user["group"])
        daemon = subprocess.Popen(["strace", "-f", "-qq", "-c", "-o", self.path("calls"), *self.command("run")],
                                  stderr=subprocess.DEVNULL, **user)
        new = self.path("mails", "new")
        try:
            flow.wait_until(lambda: not os.listdir(new) or daemon.poll() is not None, "the mails to be taken in")
            self.assertIsNone(daemon.poll(), "it ended by itself")
            self.check_totals(json.loads(self.dmarcd("status", "--json", **user).stdout), wanted)
        finally:
            for pid in flow.descendants(daemon.pid, "dmarcd"):
                flow.kill(pid, signal.SIGTERM)
            self.assertEqual(daemon.wait(flow.RUN_SECS), 0)
        with open(self.path("calls"), encoding="utf-8") as stream:
            return set(re.findall(r"^ *[\d.]+ .* (\w+)$", stream.read(), re.MULTILINE)) - {"total"}

    def test_calls(self):
        called = self.called()
        self.assertLessEqual({"execve", "listen", "landlock_restrict_self", "shmget"}, called)
        self.assertEqual(called - allowed() - PROBED, set())


if __name__ == "__main__":
    flow.main()
