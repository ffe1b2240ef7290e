#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The checker itself: it says nothing of a sound end, and finds each way in which one is not.

usage: test_check.py BIN_DIR
"""
import os
import shutil
import subprocess
import sys

import check
import fault
import flow

TOOL = os.path.join(fault.HERE, "check.py")


class Check(fault.FaultTest):
    def setUp(self):
        super().setUp()
        self.with_server()
        self.good, self.broken = self.put_good(), self.put_broken()
        self.dmarcd("ingest", "--once", code=flow.EX_DATAERR)
        self.check()

    def found(self, settled=True):
        return "\n".join(check.problems(self, self.manifest, [self.maildir], settled))

    def cur(self, name):
        return os.path.join(self.maildir, "cur", name + ":2,S")

    def test_a_mail_that_is_gone(self):
        os.unlink(self.cur(self.good))
        self.assertIn("0 times in new/ and cur/, not 1", self.found())

    def test_other_bytes(self):
        with open(self.cur(self.good), "ab") as stream:
            stream.write(b"x")
        self.assertIn("0 times in new/ and cur/, not 1", self.found())

    def test_moved_before_it_is_known(self):
        os.rename(self.new(self.put_good()), self.cur("early"))
        self.assertIn("seen 0 times, of 1 put in and 1 in cur/", self.found(settled=False))

    def test_removed_before_it_is_known(self):
        name = self.put_good()
        self.manifest.mails[-1].stays = False
        self.assertEqual(self.found(settled=False), "")
        os.unlink(self.new(name))
        self.assertIn("lost, seen 0 times, 0 times in new/, of 1 put in", self.found(settled=False))

    def test_one_that_waits(self):
        self.put_good()
        self.assertEqual(self.found(settled=False), "")
        self.assertIn("not accounted for", self.found())

    def test_counted_twice(self):
        self.server.psql("dmarcd", "-c", "UPDATE dmarcd.mail SET copies = copies + 1")
        self.assertIn("seen 2 times, of 1 put in", self.found())

    def test_sums_that_are_not_those_of_the_rows(self):
        self.server.psql("dmarcd", "-c", "DELETE FROM dmarcd.record WHERE row_no = 0")
        self.assertIn("report", self.found())

    def test_bytes_that_are_not_kept(self):
        kept = os.path.join(self.path("dmarcd.state", "quarantine"))
        for name in os.listdir(kept):
            with open(os.path.join(kept, name), "ab") as stream:
                stream.write(b"x")
        self.assertIn("other bytes are kept", self.found())
        os.unlink(os.path.join(kept, os.listdir(kept)[0]))
        self.assertIn("its bytes are gone", self.found())

    def test_another_outcome(self):
        self.manifest.mails[0].outcomes = ["quarantined"]
        self.assertIn("stored", self.found())

    def test_as_a_command(self):
        flow.samples(self.path("samples"), "--days", "1")
        shutil.copytree(self.path("samples"), self.path("mails"))
        self.configure(self.path("mails"), name="samples", dsn=self.server.create("samples"))
        command = [sys.executable, TOOL, flow.BIN, self.config, "--manifest", self.path("samples"),
                   "--maildir", self.path("mails")]
        self.dmarcd("migrate")
        self.assertEqual(subprocess.run(command, check=False).returncode, 0)
        self.assertEqual(subprocess.run([*command, "--settled"], check=False, stdout=subprocess.DEVNULL).returncode, 1)
        self.dmarcd("ingest", "--once", code=fault.ENDS)
        self.assertEqual(subprocess.run([*command, "--settled"], check=False).returncode, 0)


if __name__ == "__main__":
    flow.main()
