#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The database goes away and comes back: pages say so with 503, the process stays, pages return."""
import os
import signal
import subprocess
import time
import unittest

from client import Page, ask

WAIT_SECS = 60


def postmaster():
    with open(os.path.join(os.environ["SITE_DIR"], "state", "pg", "postmaster.pid"), encoding="ascii") as stream:
        return int(stream.readline())


def until(condition):
    deadline = time.monotonic() + WAIT_SECS
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    with open("/proc/%d/stat" % pid, encoding="ascii") as stream:
        return stream.read().rsplit(")", 1)[1].split()[0] == "Z"


class Away(unittest.TestCase):
    def test_away_and_back(self):
        self.assertEqual(ask("/").status, 200)
        server = postmaster()
        os.kill(server, signal.SIGQUIT)
        self.assertTrue(until(lambda: gone(server)))
        seen = ask("/")
        # Whoever keeps the private cluster may have started it again meanwhile.
        self.assertIn(seen.status, (200, 503))
        if seen.status == 503:
            self.check_away(seen)
        self.assertEqual(ask("/healthz").status, 200)
        # Any use of it starts the cluster again.
        subprocess.run([os.path.join(os.environ["SITE_BIN"], "dmarcd"), "-c", os.environ["SITE_CONFIG"], "status"],
                       stdout=subprocess.DEVNULL, check=False)
        self.assertTrue(until(lambda: ask("/").status == 200), "the page did not come back")
        self.assertEqual(ask("/readyz").status, 200)

    def check_away(self, answer):
        page = Page(answer.text)
        self.assertEqual(page.problems, [])
        self.assertIn("database", page.text)
        self.assertIn("retry-after", answer.headers)
        self.assertNotIn("connection to server", answer.text)  # no socket path, no user name
        self.assertEqual(ask("/readyz").status, 503)
        self.assertEqual(ask("/api/v1/domains").status, 503)
        self.assertIn("json", ask("/api/v1/domains").headers["content-type"])


if __name__ == "__main__":
    unittest.main()
