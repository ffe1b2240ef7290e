#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Few descriptors, and none; no process to be had for a worker. Mails wait, and none is blamed.

usage: test_descriptors.py BIN_DIR
"""
import os
import socket
import subprocess
import unittest
import urllib.request

import fault
import flow

MAILS = 80
OUT_OF_MEMORY = 86


class Descriptors(fault.FaultTest):
    def setUp(self):
        super().setUp()
        self.with_server()

    def put_many(self):
        for _ in range(MAILS):
            self.put_good()
        self.put_broken()

    def limited(self, files, *arguments, **options):
        return subprocess.Popen(["prlimit", "--nofile=%d" % files, *self.command(*arguments)], text=True, **options)

    def once(self, files):
        more = {} if files >= 24 else fault.NO_LEAK_CHECK  # which needs a descriptor itself
        run = self.limited(files, "ingest", "--once", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                           env={**os.environ, **more})
        return run.communicate(timeout=flow.RUN_SECS)[1], run.returncode

    def test_ingest(self):
        """What is in hand at once is what descriptors allow; where nothing is possible, nothing happens."""
        for files in (256, 64, 48, 32, 24):
            with self.subTest(files):
                self.put_many()
                self.assertEqual(self.once(files)[1], flow.EX_DATAERR)
                self.check()
        for files in range(4, 24, 1 if fault.ALL else 3):
            with self.subTest(files):
                self.put_good()
                said, code = self.once(files)
                self.assertIn(code, (flow.EX_OK, flow.EX_UNAVAILABLE), said)
                if code == flow.EX_UNAVAILABLE:
                    self.assertIn("Too many open files", said)
                self.check(settled=False)
        self.dmarcd("ingest", "--once", code=fault.ENDS)
        self.check()

    def test_daemon(self):
        """It has come to nothing, and goes on when there are descriptors again."""
        with open(self.path("log"), "w", encoding="utf-8") as log:
            daemon = self.limited(64, "ingest", stdout=subprocess.DEVNULL, stderr=log)
        self.put_many()
        flow.wait_until(lambda: not os.listdir(self.new()), "mails to be taken in")
        subprocess.run(["prlimit", "--pid", str(daemon.pid), "--nofile=3:64"], check=True)
        self.put_many()
        self.wait_for_word("Too many open files")
        self.check(settled=False)
        subprocess.run(["prlimit", "--pid", str(daemon.pid), "--nofile=64:64"], check=True)
        self.put_good()  # it looks again
        flow.wait_until(lambda: not os.listdir(self.new()), "mails to be taken in")
        daemon.terminate()
        self.assertEqual(daemon.wait(flow.END_SECS), flow.EX_OK)
        self.check()

    def test_web(self):
        """More connections than descriptors: the others wait or are closed, and pages come again."""
        port = 36000 + os.getpid() % 2000
        self.configure(self.maildir, dsn=self.server.dsn("dmarcd"), more="http: {listen: '127.0.0.1:%d'}\n" % port)
        url = "http://127.0.0.1:%d/" % port
        with open(self.path("log"), "w", encoding="utf-8") as log:
            web = self.limited(64, "web", stdout=subprocess.DEVNULL, stderr=log)

        def page():
            try:
                with urllib.request.urlopen(url, timeout=5) as answer:
                    return answer.status
            except OSError:
                return None

        flow.wait_until(lambda: page() == 200, "a page")
        ends = []
        for _ in range(200):
            end = socket.create_connection(("127.0.0.1", port))
            end.sendall(b"GET / HTTP/1.1\r\nHost: 127")
            ends.append(end)
        flow.wait_until(lambda: len(os.listdir("/proc/%d/fd" % web.pid)) >= 30, "connections to be held")
        self.assertIsNone(web.poll())
        for end in ends:
            end.close()
        flow.wait_until(lambda: page() == 200, "a page again")
        web.terminate()
        self.assertEqual(web.wait(flow.END_SECS), flow.EX_OK)

    @unittest.skipIf(fault.SANITIZED, "a sanitized worker cannot be traced")
    def test_no_thread(self):
        """The pages end for want of memory, which is no bug; whoever supervises them starts them again."""
        self.need_strace()
        self.configure(self.maildir, dsn=self.server.dsn("dmarcd"),
                       more="http: {listen: '127.0.0.1:%d'}\n" % (26000 + os.getpid() % 2000))
        done = subprocess.run([*self.traced("-e", "trace=clone3", "-e", "inject=clone3:error=EAGAIN"),
                               *self.command("web")], check=False, capture_output=True, text=True,
                              timeout=flow.RUN_SECS, env={**os.environ, **fault.NO_LEAK_CHECK})
        self.assertEqual(done.returncode, OUT_OF_MEMORY, done.stderr)

    @unittest.skipIf(fault.SANITIZED, "a sanitized worker cannot be traced")
    def test_no_process(self):
        """Neither a template nor a child of one: no mail is said to have crashed a worker."""
        self.need_strace()
        for first in (1, 2, 3, 4):
            with self.subTest(first):
                self.put_good()
                done = subprocess.run(
                    ["strace", "-f", "-qq", "-o", self.path("trace"), "-e", "trace=clone",
                     "-e", "inject=clone:error=EAGAIN:when=%d+" % first, *self.command("ingest", "--once")],
                    capture_output=True, text=True, check=False, env={**os.environ, **fault.NO_LEAK_CHECK})
                self.assertIn(done.returncode, (flow.EX_UNAVAILABLE, flow.EX_OK), done.stderr)
                self.check(settled=False)
        self.dmarcd("ingest", "--once", code=fault.ENDS)
        self.check()


if __name__ == "__main__":
    flow.main()
