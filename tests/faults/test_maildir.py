#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Maildirs that do what they should not: files that vanish, are moved by a mail reader, grow or shrink while
they are read (F11, F12), and folders that are not there, go away, come back, or may not be written (F19).

usage: test_maildir.py BIN_DIR
"""
import collections
import glob
import os
import shutil
import signal
import subprocess

import fault
import flow
import mails
import test_protocol


class Files(fault.FaultTest):
    """Ingest is stopped where it hurts, and something happens to the file."""

    def setUp(self):
        super().setUp()
        self.with_server()

    def stopped_by_strace(self, options, *happens, code=flow.EX_OK):
        """Each of happens at one stop; what ingest said."""
        self.need_strace()
        with open(self.path("log"), "w", encoding="utf-8") as log:
            strace = subprocess.Popen([*self.traced(*options), *self.command("ingest", "--once")], stdout=log,
                                      stderr=log, env={**os.environ, **fault.NO_LEAK_CHECK})
        for number, happen in enumerate(happens, 1):
            flow.wait_until(lambda: self.trace().count("stopped by SIGSTOP") >= number, "the stop")
            happen()
            for pid in flow.descendants(strace.pid, "dmarcd"):
                os.kill(pid, signal.SIGCONT)
        self.assertEqual(strace.wait(flow.RUN_SECS), code, self.log())
        return self.log()

    def trace(self):
        try:
            with open(self.path("trace"), encoding="utf-8", errors="replace") as stream:
                return stream.read()
        except FileNotFoundError:
            return ""

    def test_gone_before_it_is_opened(self):
        name = self.put_good()
        said = self.stopped_by_strace(
            ["-P", self.new(), "-e", "trace=getdents64", "-e", "inject=getdents64:signal=SIGSTOP:when=1"],
            lambda: os.unlink(self.new(name)))
        self.assertNotIn("left where it is", said)
        self.assertEqual(self.status()["balance"]["mails"], 0)

    def count(self):
        """Mails by their outcomes; further copies are told apart."""
        rows = self.server.psql("dmarcd", "-c", "SELECT outcome, count(*), sum(copies) FROM dmarcd_api.mail GROUP BY 1")
        found = collections.Counter()
        for outcome, number, copies in (row.split("|") for row in rows.splitlines()):
            found.update({outcome: int(number), "copies": int(copies)})
        return found

    def put_four(self, stays):
        """One to be stored, one to be set aside, and one twice; their names."""
        data = mails.aggregate("twice-%d" % self.made, 1)
        names = [self.put_good(), self.put_broken(), self.put(data, "stored"), self.put(data, "stored")]
        for mail in self.manifest.mails[-4:]:
            mail.stays = stays
        return names

    def at_step(self, point, happens):
        """What a run added that was stopped there until it had happened."""
        before = self.counted
        ingest = self.start("ingest", "--once", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                            env={"DMARCD_FAULT": point, "DMARCD_FAULT_SIGNAL": "STOP"})
        self.assertTrue(os.WIFSTOPPED(os.waitpid(ingest.pid, os.WUNTRACED)[1]), "it does not come there")
        happens()
        os.kill(ingest.pid, signal.SIGCONT)
        said = ingest.communicate(timeout=flow.RUN_SECS)[1]
        self.counted = self.count()
        added = self.counted - before
        self.assertEqual(ingest.returncode, flow.EX_DATAERR if added["quarantined"] else flow.EX_OK, said)
        self.assertNotIn("left where it is", said)
        self.assertNotIn("cannot", said)
        self.assertEqual(os.listdir(self.new()), [])
        return added

    def where(self, name):
        """In new/, or in cur/ when it has come so far."""
        return glob.glob(os.path.join(self.maildir, "*", name + "*"))[0]

    def at_each_step(self, point):
        begin = len(self.manifest.mails)
        self.put_good()
        vanish, move = self.put_four(stays=False), self.put_four(stays=True)

        def happens():
            for name in vanish:
                os.unlink(self.where(name))
            for name in move:
                os.rename(self.where(name), os.path.join(self.maildir, "cur", name + ":2,RS"))

        added = self.at_step(point, happens)
        if point != "ingest.taken":
            self.assertEqual(added, {"stored": 5, "quarantined": 2, "copies": 2})
            return
        # With its first mail in hand it has opened no other: of those that vanish, this one counts at most.
        self.assertIn(sum(added.values()), (1, 2))
        known = self.server.psql("dmarcd", "-c", "SELECT sha256 FROM dmarcd_api.mail").split()
        seen = {mail.sha256: mail for mail in self.manifest.mails[begin + 1:begin + 5] if mail.sha256 in known}
        self.manifest.mails[begin + 1:begin + 5] = seen.values()

    def test_each_step(self):
        """Mails vanish, and others are moved by a reader. Whatever was taken up counts once, and what was not is in
        cur/ or gone."""
        self.counted = self.count()
        for point in test_protocol.fault_points(test_protocol.PROTOCOLS["ingest/pipeline.h"]):
            if point != "store.merge":  # no mail is in new/ by then
                with self.subTest(point):
                    self.at_each_step(point)
        self.dmarcd("ingest", "--once", "--all", code=fault.ENDS)
        self.check()

    # Looks at the file: one at its opening; one before and one after each reading, of which two are made.
    def while_read(self, name, when, *happens, code):
        return self.stopped_by_strace(["-P", self.new(name), "-e", "trace=newfstatat,fstat", "-e",
                                       "inject=newfstatat,fstat:signal=SIGSTOP:when=" + when], *happens, code=code)

    def put_part(self, outcomes, codes="*"):
        """Half of a mail that becomes a whole one; its name and the other half."""
        whole = mails.aggregate("grows", 1, 2, 3)
        name = self.put(whole, outcomes, codes)
        with open(self.new(name), "r+b") as stream:
            stream.truncate(len(whole) // 2)
        return name, whole[len(whole) // 2:]

    def append(self, name, data):
        with open(self.new(name), "ab") as stream:
            stream.write(data)

    def test_grows_and_is_whole(self):
        name, rest = self.put_part("stored")
        self.put_good()
        self.while_read(name, "2", lambda: self.append(name, rest), code=flow.EX_OK)
        self.check()

    def test_grows_and_grows(self):
        """What is there after the second look is set aside: bytes and reason; a good neighbour is stored."""
        name, rest = self.put_part("quarantined", "file.changing")
        self.put_good()
        self.while_read(name, "2+2", lambda: self.append(name, rest[:100]), lambda: self.append(name, rest[100:]),
                        code=flow.EX_DATAERR)
        self.check()

    def test_cut_while_read(self):
        data = mails.aggregate("cut", *range(1, 3000))
        name = self.put(data, "stored")
        short = data[:len(data) // 2]
        self.manifest.mails.clear()
        self.manifest.add(short, "quarantined", "archive.damaged", file=name)
        self.while_read(name, "2", lambda: os.truncate(self.new(name), len(short)), code=flow.EX_DATAERR)
        self.check()


class Folders(fault.FaultTest):
    def away(self):
        return self.status()["intake_pauses"]

    def wait_for_away(self):
        flow.wait_until(self.away, "the absence to be told")

    def wait_for_all(self):
        flow.wait_until(lambda: self.status()["balance"]["mails"] == self.made, "all mails")
        self.wait_for_empty()

    def test_comes_goes_and_comes_again(self):
        shutil.rmtree(self.maildir)
        self.with_server()
        daemon = self.daemon()
        self.wait_for_away()
        self.assertIn(self.maildir, self.away())
        flow.make_maildir(self.maildir)
        self.put_good()
        self.wait_for_all()
        flow.wait_until(lambda: self.away() is None, "the return to be told")
        # Another one in its place: what was in the first is nobody's any more.
        shutil.rmtree(self.maildir)
        self.wait_for_away()
        self.manifest.mails.clear()
        self.server.psql("dmarcd", "-c", "DELETE FROM dmarcd.mail")
        self.made = 0
        flow.make_maildir(self.maildir)
        self.put_broken()
        self.wait_for_all()
        self.end(daemon)

    def test_unmounted(self):
        """An idle daemon holds nothing; the bare mount point stays bare."""
        shutil.rmtree(self.maildir)
        self.mount(self.maildir)
        flow.make_maildir(self.maildir)
        self.with_server()
        daemon = self.daemon()
        self.put_good()
        self.wait_for_all()
        flow.wait_until(lambda: subprocess.run(["umount", self.maildir], check=False, capture_output=True).returncode == 0,
                        "nobody to hold it")
        self.wait_for_away()
        self.assertEqual(os.listdir(self.maildir), [])
        self.mount(self.maildir)
        flow.make_maildir(self.maildir)
        self.put_good()
        self.wait_for_all()
        self.end(daemon)

    def test_read_only(self):
        shutil.rmtree(self.maildir)
        self.mount(self.maildir)
        flow.make_maildir(self.maildir)
        self.with_server()
        self.put_good()
        self.put_broken()
        subprocess.run(["mount", "-o", "remount,ro", self.maildir], check=True)
        daemon = self.daemon()
        self.wait_for_word("intake pauses")
        self.assertIn("Read-only file system", self.away())
        self.check_meanwhile(daemon)
        self.assertEqual(self.status()["balance"]["mails"], 2)
        subprocess.run(["mount", "-o", "remount,rw", self.maildir], check=True)
        self.wait_for_word("intake goes on")
        self.wait_for_empty()
        self.end(daemon)
        self.check()


if __name__ == "__main__":
    flow.main()
