#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""malloc fails at the n-th call (F5), in the process that reads a mail and in ingest itself. A worker's
failure costs a second try and never changes what a mail comes to; ingest ends, says why, and its next run
settles what was left. FAULTS=all takes every n, else some.

usage: test_memory.py BIN_DIR
"""
import os
import shutil
import subprocess

import fault
import flow
import mails
import nomem

SOME = 24


class Worker(nomem.MemoryTest):
    def setUp(self):
        super().setUp()
        os.mkdir(self.path("bin"))
        shutil.copy2(flow.program("dmarcd"), self.path("bin", "dmarcd"))
        self.write("bin/dmarcd-worker", "#!/bin/sh\nLD_PRELOAD='%s' NOMEM='%s' exec '%s' \"$@\"\n" % (
            self.path("nomem.so"), self.path("state"), flow.program("dmarcd-worker")))
        os.chmod(self.path("bin", "dmarcd-worker"), 0o755)
        self.begin(nomem.WORKER)
        self.with_server(more="limits: {workers: 1, process_mails: 1}\n")

    def command(self, *arguments, config=None):
        return [self.path("bin", "dmarcd"), *super().command(*arguments, config=config)[1:]]

    def run_over(self, put):
        """As many mails that put() makes as there are calls to fail in one of them."""
        self.begin(nomem.WORKER)
        put()
        self.dmarcd("ingest", "--once", code=fault.ENDS)
        calls = self.seen()[1]
        step = 1 if fault.ALL else max(1, calls // SOME)
        self.begin(nomem.WORKER, 1, step)
        for _ in range(1, calls + 1, step):
            put()
        self.dmarcd("ingest", "--once", code=fault.ENDS)
        self.check()
        failures = self.seen()[0]
        print("%d of %d calls failed" % (failures, calls))
        self.assertGreater(failures, calls // step // 3)

    def test_aggregate(self):
        self.run_over(self.put_good)

    def test_zip(self):
        self.run_over(lambda: self.put(mails.zipped("zip-%d" % self.made, 3, 4), "stored", totals=(1, 2, 7, 7, 0, 0)))

    def test_tls(self):
        self.run_over(lambda: self.put(mails.tls(self.made), "stored", totals=(1, 0, 0, 0, 5, 1)))

    def test_failure(self):
        self.run_over(lambda: self.put(mails.failure(self.made), "stored"))

    def test_broken(self):
        """Lack of memory is never taken for a damaged mail, nor the other way round."""
        self.run_over(self.put_broken)


class Main(nomem.MemoryTest):
    def setUp(self):
        super().setUp()
        self.with_server()

    def put_three(self):
        self.put_good()
        self.put_broken()
        self.put(mails.failure(self.made), "stored")

    def ingest(self):
        return subprocess.run(self.command("ingest", "--once"), check=False, capture_output=True, text=True,
                              timeout=flow.RUN_SECS, env={**os.environ, **self.environment})

    def test_every_call(self):
        self.begin(nomem.MAIN)
        self.put_three()
        self.assertEqual(self.ingest().returncode, flow.EX_DATAERR)
        calls = self.seen()[1]
        failed, ends = 0, {}
        for number in range(1, calls + 1, 1 if fault.ALL else calls // SOME):
            with self.subTest(number):
                self.put_three()
                self.begin(nomem.MAIN, number)
                done = self.ingest()
                failed += self.seen()[0]
                ends[done.returncode] = ends.get(done.returncode, 0) + 1
                self.assertGreaterEqual(done.returncode, 0, "killed by itself: " + done.stderr)
                self.assertTrue(done.stderr)
                self.check(settled=False)
                self.dmarcd("ingest", "--once", code=fault.ENDS)
                self.check()
        print("calls: %d, failed: %d, ends: %s" % (calls, failed, ends))
        self.assertGreater(failed, sum(ends.values()) // 2)


if __name__ == "__main__":
    flow.main()
