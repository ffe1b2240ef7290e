#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Maildirs that do what they should not: files that vanish, are moved by a mail reader, grow or shrink while
they are read (F11, F12), and folders that are not there, go away, come back, or may not be written (F19).

usage: test_maildir.py BIN_DIR
"""
import os
import shutil
import signal
import subprocess

import fault
import flow
import mails


class Files(fault.FaultTest):
    """Ingest is stopped where it hurts, and something happens to the file."""

    def setUp(self):
        super().setUp()
        self.with_server()

    def stopped_at(self, point, happens, code=flow.EX_OK):
        ingest = self.start("ingest", "--once", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                            env={"DMARCD_FAULT": point, "DMARCD_FAULT_SIGNAL": "STOP"})
        self.assertTrue(os.WIFSTOPPED(os.waitpid(ingest.pid, os.WUNTRACED)[1]))
        happens()
        os.kill(ingest.pid, signal.SIGCONT)
        self.assertEqual(ingest.wait(flow.RUN_SECS), code)

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

    def test_gone_before_it_is_moved(self):
        name = self.put_good()
        self.stopped_at("ingest.parsed", lambda: os.unlink(self.new(name)))
        self.assertEqual(self.status()["balance"]["stored"], 1)
        self.assertEqual(os.listdir(os.path.join(self.maildir, "cur")), [])

    def test_moved_by_a_reader(self):
        name = self.put_good()
        self.put_good()
        read = os.path.join(self.maildir, "cur", name + ":2,RS")
        self.stopped_at("ingest.committed", lambda: os.rename(self.new(name), read))
        self.assertTrue(os.path.exists(read))
        self.check()
        self.dmarcd("ingest", "--once", "--all")
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
