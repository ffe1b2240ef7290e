#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The database goes away and comes back: pages say so with 503, the process stays, pages return."""
import os
import signal
import time
import unittest

from client import Page, ask

WAIT_SECS = 60


def pid_file():
    """Lines of postmaster.pid: the pid, …, the state."""
    try:
        with open(os.path.join(os.environ["SITE_DIR"], "state", "pg", "postmaster.pid"), encoding="ascii") as stream:
            return stream.read().split("\n")
    except FileNotFoundError:
        return []


def is_ready(but):
    """Another cluster process than this."""
    lines = pid_file()
    return len(lines) > 7 and int(lines[0]) != but and lines[7].strip() == "ready"


def until(condition):
    deadline = time.monotonic() + WAIT_SECS
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def process(pid):
    """(its state, its parent); None when there is none."""
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as stream:
            fields = stream.read().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return fields[0], int(fields[1])


class Away(unittest.TestCase):
    def test_away_and_back(self):
        self.assertEqual(ask("/").status, 200)
        server = int(pid_file()[0])
        keeper = process(server)[1]
        # Whoever keeps the private cluster would start it again.
        os.kill(keeper, signal.SIGSTOP)
        self.addCleanup(os.kill, keeper, signal.SIGCONT)
        self.assertTrue(until(lambda: process(keeper)[0] == "T"), "the keeper does not stand still")
        os.kill(server, signal.SIGQUIT)
        self.assertTrue(until(lambda: (process(server) or "Z")[0] == "Z"), "the server does not end")
        for _ in range(3):
            self.check_away()
        os.kill(keeper, signal.SIGCONT)
        self.assertTrue(until(lambda: is_ready(but=server)), "the cluster is not started again")
        began = time.monotonic()
        self.assertTrue(until(lambda: ask("/").status == 200), "the page did not come back")
        self.assertEqual(ask("/readyz").status, 200)
        print("pages came back %.2f s after the cluster" % (time.monotonic() - began))

    def check_away(self):
        answer = ask("/")
        self.assertEqual(answer.status, 503)
        page = Page(answer.text)
        self.assertEqual(page.problems, [])
        self.assertIn("database", page.text)
        self.assertIn("retry-after", answer.headers)
        self.assertNotIn("connection to server", answer.text)  # no socket path, no user name
        self.assertEqual(ask("/healthz").status, 200)
        self.assertEqual(ask("/readyz").status, 503)
        self.assertEqual(ask("/api/v1/domains").status, 503)
        self.assertIn("json", ask("/api/v1/domains").headers["content-type"])


if __name__ == "__main__":
    unittest.main()
