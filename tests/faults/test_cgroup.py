#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A memory control group that holds ingest and its workers kills the one that wants too much (F33): its mail
is tried once more, then set aside, and its neighbours are what they are. Needs root, and a group
that may be made.

usage: test_cgroup.py BIN_DIR
"""
import os
import subprocess

import fault
import flow
import mails

LIMIT = 48 << 20
DETAILS = 90000  # of which a worker makes some 100 MiB
# folder of groups, what limits one
KINDS = (("/sys/fs/cgroup", "memory.max"), ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"))


class Group(fault.FaultTest):
    def setUp(self):
        super().setUp()
        self.group = self.make_group()
        self.with_server(more="limits: {workers: 1, %s}\n" % fault.PATIENT)

    def make_group(self):
        for folder, limit in KINDS:
            group = os.path.join(folder, "dmarcd-test-%d" % os.getpid())
            try:
                os.mkdir(group)
                self.addCleanup(os.rmdir, group)
                with open(os.path.join(group, limit), "r+", encoding="ascii") as stream:
                    stream.write(str(LIMIT))
            except OSError:  # also where it is a mere folder
                continue
            return group
        return self.skipTest("not run: faults: no memory control group can be made here")

    def killed(self):
        """How many of the group the kernel has killed for want of memory."""
        for name in ("memory.events", "memory.oom_control"):
            path = os.path.join(self.group, name)
            if os.path.exists(path):
                with open(path, encoding="ascii") as stream:
                    return int(dict(line.split() for line in stream)["oom_kill"])
        return 0

    def test_worker_is_killed(self):
        self.put_good()
        self.put(mails.tls(1, details=DETAILS), "quarantined", "worker.crashed")
        self.put_good()
        done = subprocess.run(["sh", "-c", "echo $$ > %s/cgroup.procs && exec \"$@\"" % self.group, "sh",
                               *self.command("ingest", "--once")], check=False, capture_output=True, text=True,
                              timeout=flow.RUN_SECS)
        self.assertEqual(done.returncode, flow.EX_DATAERR, done.stderr)
        self.assertEqual(self.killed(), 2)
        self.check()
        self.dmarcd("quarantine", "retry", "--all")  # there is memory again
        self.assertEqual(self.sql("SELECT success FROM dmarcd_api.tls"), [("5",)])


if __name__ == "__main__":
    flow.main()
