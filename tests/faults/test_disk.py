#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Disks that are full or broken: under the quarantine (F6), under the Maildir (F7), below a mail (F9), and
nearly full under state_dir (F30). Mails stay where they are, intake pauses and says so, and goes on by
itself; what was committed is not counted again.

usage: test_disk.py BIN_DIR
"""
import os
import subprocess
import urllib.error
import urllib.request

import fault
import flow

EX_IOERR = 74
OF_A_FILE = ("EIO", "EPERM")  # these keep no other from being moved


class Quarantine(fault.FaultTest):
    def test_full(self):
        """F6."""
        self.with_server()
        quarantine = self.path("dmarcd.state", "quarantine")
        self.mount(quarantine)
        filler = self.fill(quarantine)
        self.put_broken()
        daemon = self.daemon()
        self.wait_for_word("intake pauses")
        self.assertIn("No space left on device", self.log())
        self.assertIn("cannot write to the quarantine", self.status()["intake_pauses"])
        self.put_good()
        self.check_meanwhile(daemon)
        self.assertEqual(os.listdir(quarantine), ["filler"])
        os.unlink(filler)
        self.wait_for_word("intake goes on")
        self.wait_for_empty()
        self.assertIsNone(self.status()["intake_pauses"])
        self.assertEqual(self.log().count("intake pauses"), 1)
        self.end(daemon)
        self.check()

    def test_no_room_for_what_the_server_refuses(self):
        """The mails around it are stored; the run goes on, and says at its end what is left."""
        self.with_server(more="limits: {quarantine_mails: 1}\n")
        self.put_broken()
        self.dmarcd("ingest", "--once", code=flow.EX_DATAERR)
        self.server.psql("dmarcd", "-c", "ALTER TABLE dmarcd.report ADD CHECK (report_id <> 'good-3')")
        for _ in range(4):
            self.put_good()
        self.manifest.mails[2].outcomes, self.manifest.mails[2].codes = ["quarantined"], ["store.rejected"]
        done = self.dmarcd("ingest", "--once", code=flow.EX_TEMPFAIL)
        self.assertIn("the quarantine", done.stderr)
        self.assertIn("is full", done.stderr)
        self.check(settled=False)
        self.assertEqual(len(os.listdir(self.new())), 1)
        self.configure(self.maildir, dsn=self.server.dsn("dmarcd"))
        self.dmarcd("ingest", "--once", code=flow.EX_DATAERR)
        self.check()


class Maildir(fault.FaultTest):
    """F7: strace stands for the full disk."""

    def setUp(self):
        super().setUp()
        self.need_strace()
        self.with_server()

    def refused(self, error, code):
        for _ in range(3):
            self.put_good()
        done = subprocess.run(
            [*self.traced("-e", "trace=renameat2", "-e", "inject=renameat2:error=" + error), *self.command("ingest", "--once")],
            check=False, capture_output=True, text=True, env={**os.environ, **fault.NO_LEAK_CHECK})
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stderr.count("mail is stored, but cannot be moved"), 3 if error in OF_A_FILE else 1)
        self.assertEqual(self.status()["balance"]["stored"], self.made)
        self.check(settled=False)
        self.dmarcd("ingest", "--once")
        self.check()

    def test_once(self):
        for error, code in (("ENOSPC", flow.EX_TEMPFAIL), ("EDQUOT", flow.EX_TEMPFAIL), ("EROFS", flow.EX_NOPERM),
                            ("EIO", EX_IOERR), ("EPERM", EX_IOERR)):
            with self.subTest(error):
                self.refused(error, code)

    def test_daemon(self):
        """Each look is one try; they become rarer until one goes through."""
        for _ in range(3):
            self.put_good()
        daemon = self.daemon(*self.traced("-e", "trace=renameat2", "-e", "inject=renameat2:error=ENOSPC:when=1..7"))
        self.wait_for_word("intake pauses")
        self.assertEqual(self.status()["balance"]["mails"], 3)
        self.assertIn("No space left on device", self.status()["intake_pauses"])
        self.wait_for_word("intake goes on")
        self.wait_for_empty()
        self.assertEqual(self.log().count("cannot be moved"), 1)
        self.end(daemon)
        self.check()

    def test_longest_name(self):
        """There is no room for the flags behind it."""
        name = self.put_good()
        os.rename(self.new(name), self.new("n" * 255))
        self.dmarcd("ingest", "--once")
        self.assertEqual(os.listdir(os.path.join(self.maildir, "cur")), ["n" * 251 + ":2,S"])
        self.check()


class Unreadable(fault.FaultTest):
    """F9."""

    def setUp(self):
        super().setUp()
        self.need_strace()
        self.with_server()
        self.bad = self.put_good()
        self.put_good()

    def broken(self):
        return self.traced("-P", self.new(self.bad), "-e", "trace=read", "-e", "inject=read:error=EIO")

    def test_once(self):
        done = subprocess.run([*self.broken(), *self.command("ingest", "--once")], check=False,
                              capture_output=True, text=True, env={**os.environ, **fault.NO_LEAK_CHECK})
        self.assertEqual(done.returncode, EX_IOERR, done.stderr)
        self.assertIn("code=file.unreadable", done.stderr)
        self.assertEqual(os.listdir(self.new()), [self.bad])
        self.check(settled=False)
        self.dmarcd("ingest", "--once")
        self.check()

    def test_daemon(self):
        """Whatever arrives meanwhile, it is read once."""
        daemon = self.daemon(*self.broken())
        for _ in range(5):
            flow.wait_until(lambda: os.listdir(self.new()) == [self.bad], "the others to be taken in")
            self.put_good()
        flow.wait_until(lambda: os.listdir(self.new()) == [self.bad], "the others to be taken in")
        self.end(daemon)
        self.assertEqual(self.log().count("file.unreadable"), 1)
        with open(self.path("trace"), encoding="utf-8") as stream:
            self.assertEqual(stream.read().count("EIO"), 1)
        self.dmarcd("ingest", "--once")
        self.check()


class NearlyFull(fault.FaultTest):
    def leave_free(self, per_cent):
        """Of the disk of state_dir."""
        state = self.path("dmarcd.state")
        with open(os.path.join(state, "filler"), "ab", buffering=0) as stream:
            while (fs := os.statvfs(state)).f_bavail * 100 >= fs.f_blocks * (per_cent + 1):
                stream.write(bytes(4096))

    def test_a_per_cent_more_or_less(self):
        self.mount(self.path("dmarcd.state"), "20m")
        self.with_server(more="limits: {disk_free_percent: 60}\n")
        self.leave_free(61)
        self.put_good()
        daemon = self.daemon()
        self.wait_for_empty()
        self.end(daemon)
        self.assertNotIn("intake pauses", self.log())
        self.leave_free(59)
        self.put_good()
        daemon = self.daemon()
        self.wait_for_word("intake pauses")
        self.assertIn("less than 60 % of the disk", self.log())
        self.assertEqual(len(os.listdir(self.new())), 1)
        os.unlink(self.path("dmarcd.state", "filler"))
        self.wait_for_empty()
        self.end(daemon)
        self.check()

    def ask(self, path):
        try:
            with urllib.request.urlopen("http://127.0.0.1:%d%s" % (self.port, path)) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def test_below_ten_per_cent(self):
        """F30: nothing is taken in, pages go on, /readyz and status say why."""
        self.port = 22000 + os.getpid() % 2000
        self.mount(self.path("dmarcd.state"), "20m")
        self.with_server(more="http: {listen: '127.0.0.1:%d'}\n" % self.port)
        state = self.path("dmarcd.state")
        filler = os.path.join(state, "filler")
        with open(filler, "wb") as stream:
            stream.write(bytes(19 * 1024 * 1024))
        self.put_good()
        with open(self.path("log"), "w", encoding="utf-8") as log:
            daemon = self.start("run", stderr=log)
        self.wait_for_word("intake pauses")
        self.wait_for_word('event="ready"')
        status, text = self.ask("/readyz")
        self.assertEqual(status, 503)
        self.assertIn("less than 10 % of the disk", text)
        self.assertEqual((self.ask("/healthz")[0], self.ask("/")[0]), (200, 200))
        self.assertIn("less than 10 % of the disk", self.status()["intake_pauses"])
        self.assertIn("intake pauses", self.dmarcd("status").stdout)
        self.assertEqual(len(os.listdir(self.new())), 1)
        os.unlink(filler)
        self.wait_for_empty()
        flow.wait_until(lambda: self.ask("/readyz")[0] == 200, "it to be ready")
        with open(filler, "wb") as stream:
            stream.write(bytes(19 * 1024 * 1024))
        self.put_good()
        self.wait_for_word("intake pauses", 2)
        os.unlink(filler)
        self.wait_for_empty()
        daemon.terminate()
        self.assertEqual(daemon.wait(flow.END_SECS), 0)
        self.check()


if __name__ == "__main__":
    flow.main()
