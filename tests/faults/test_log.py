#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A log that cannot be written (F31): a full disk, a pipe without a reader or with one that does not read,
no stderr at all. The work goes on; lines that are lost are counted in the next one.

usage: test_log.py BIN_DIR
"""
import fcntl
import os
import re
import select
import signal
import subprocess
import unittest

import fault
import flow

PIPE_BYTES = 4096


class Log(fault.FaultTest):
    def setUp(self):
        super().setUp()
        self.with_server()

    def deaf(self, stderr, **options):
        """A run that has much to say."""
        self.put_samples("--days", "12")
        ingest = self.start("--log-level", "debug", "ingest", "--once", stdout=subprocess.DEVNULL, stderr=stderr, **options)
        self.assertEqual(ingest.wait(flow.RUN_SECS), flow.EX_DATAERR)
        self.check()

    def test_full(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            self.deaf(full)

    def test_closed(self):
        self.deaf(None, preexec_fn=lambda: os.close(2))

    def test_nobody_reads_any_more(self):
        reading, writing = os.pipe()
        os.close(reading)
        self.deaf(writing)
        os.close(writing)

    def test_nobody_empties_it(self):
        reading, writing = os.pipe()
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self.deaf(writing)
        self.assertEqual(select.select([], [writing], [], 0)[1], [], "there was room for all that was said")
        os.close(writing)
        os.close(reading)

    def test_filled_by_another(self):
        """A pipe that others write to may be full when there was room a moment ago: strace says there is."""
        self.need_strace()
        os.mkfifo(self.path("fifo"))
        both = os.open(self.path("fifo"), os.O_RDWR | os.O_NONBLOCK)
        try:
            while os.write(both, b"x" * PIPE_BYTES):
                pass
        except BlockingIOError:
            pass
        os.set_blocking(both, True)
        self.put_samples("--days", "1")
        daemon = subprocess.Popen([*self.traced("-P", self.path("fifo"), "-e", "inject=poll:retval=1"),
                                   *self.command("ingest")], stderr=both,
                                  env={**os.environ, **fault.NO_LEAK_CHECK})
        self.addCleanup(lambda: daemon.poll() is None and daemon.kill())
        self.wait_for_empty()
        for pid in flow.descendants(os.getpid(), "dmarcd"):
            flow.kill(pid, signal.SIGTERM)
        self.assertEqual(daemon.wait(flow.END_SECS), 0)
        os.close(both)
        with open(self.path("trace"), encoding="utf-8") as trace:
            self.assertRegex(trace.read(), r"write\(.*EAGAIN")
        self.check()

    @unittest.skipIf(fault.SANITIZED, "that a sanitized worker is not confined is said first, and takes the room")
    def test_line_longer_than_the_room(self):
        """A pipe that has room takes PIPE_BUF at once, and waits for its reader with more."""
        folder = os.path.join(os.fsencode(self.path()), *[b"\1" * 250] * 3)
        os.makedirs(folder)
        mail = os.path.join(folder, b"\1" * 250)
        with open(mail, "wb") as stream:
            stream.write(b"Subject: lunch\n\nx\n")
        reading, writing = os.pipe()
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        ingest = self.start("--log-level", "debug", "ingest", mail, stdout=subprocess.DEVNULL, stderr=writing)
        self.assertEqual(ingest.wait(flow.RUN_SECS), flow.EX_OK)
        os.close(writing)
        with open(reading, "rb") as stream:
            self.assertRegex(stream.readline(), rb"^time=.{3900,}\n$")

    def test_flood(self):
        """Many mails of one kind leave room for what is told of another (T24)."""
        for number in range(230):
            self.put(b"Subject: lunch %d\n\nx\n" % number, "not_a_report")
        daemon = self.daemon()
        self.wait_for_empty()
        self.put_broken()
        self.wait_for_empty()
        self.end(daemon)
        told = [line for line in self.log().splitlines() if "mail settled" in line]
        self.assertEqual(len(told), 200)
        self.assertIn("until the minute is over", told[-1])
        self.assertEqual(self.log().count("mail quarantined"), 1)
        self.check()

    def test_room_again(self):
        """A daemon whose log's disk was full for a while tells how much was not told."""
        self.mount(self.path("disk"), "64k")
        filler = self.fill(self.path("disk"))
        with open(self.path("disk", "log"), "w", encoding="utf-8") as log:
            daemon = self.start("ingest", stderr=log)
        self.put_good()
        self.put_good()
        self.wait_for_empty()
        os.unlink(filler)
        self.put_good()
        self.wait_for_empty()

        def told():
            with open(self.path("disk", "log"), encoding="utf-8") as stream:
                return re.search(r"mail settled.* lost_lines=(\d+)", stream.read())
        self.assertGreaterEqual(int(flow.wait_until(told, "the count")[1]), 2)
        daemon.terminate()
        self.assertEqual(daemon.wait(flow.END_SECS), 0)
        self.check()


if __name__ == "__main__":
    flow.main()
