#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The ingest protocol: whatever dies between any two of its steps, every mail is accounted for
once afterwards and the totals are those of an undisturbed run.

usage: test_protocol.py BIN_DIR
"""
import glob
import os
import re
import signal
import subprocess
import time

import flow

ROOMS = ("ingest", "store", "pool")


def fault_points():
    """Every step that has one, read from the source."""
    found = set()
    for room in ROOMS:
        for path in glob.glob(os.path.join(flow.SOURCE, room, "*.c")):
            with open(path, encoding="utf-8") as stream:
                found.update(re.findall(r'fault_point\("([a-z.]+)"\)', stream.read()))
    return sorted(found)


def children(pid, name):
    """Descendants of a process with this name, from /proc."""
    found, parents = [], {}
    for stat in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(stat, encoding="ascii", errors="replace") as stream:
                text = stream.read()
        except OSError:
            continue
        parents[int(text.split()[0])] = (int(text.rsplit(")", 1)[1].split()[1]),
                                         text[text.index("(") + 1:text.rindex(")")])
    for one, (parent, comm) in parents.items():
        seen = parent
        while seen in parents and seen != pid and seen > 1:
            seen = parents[seen][0]
        if seen == pid and comm == name[:15]:
            found.append(one)
    return found


class Protocol(flow.Flow):
    @classmethod
    def setUpClass(cls):
        cls.folder = flow.tempfile.mkdtemp(prefix="dmarcd-flow-pg-")
        cls.server = flow.Server(cls.folder)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop("immediate")
        flow.shutil.rmtree(cls.folder, True)

    def own_server(self, name):
        return self.config("database: {dsn: '%s'}\n" % self.server.dsn(name))

    def killed_at(self, fault):
        name = re.sub(r"\W", "_", fault)
        maildir, manifest = self.samples(name)
        config = self.own_server(name)
        self.dmarcd(config, "migrate")
        done = self.run_dmarcd(config, "ingest", maildir, env={"DMARCD_FAULT": fault})
        self.assertEqual(done.returncode, -signal.SIGKILL, fault + done.stderr)
        self.assertEqual(len(self.names(maildir, "new")) + len(self.names(maildir, "cur")),
                         manifest["mails"], "a mail is lost at " + fault)
        self.dmarcd(config, "ingest", maildir, code=65 if self.may_quarantine(config, maildir) else 0)
        self.assert_totals(config, manifest)
        self.assert_settled(maildir, manifest)

    def may_quarantine(self, config, maildir):
        """Whether something is left to be quarantined by the next run."""
        done = self.status(config)["balance"]["quarantined"]
        with open(os.path.join(maildir, "manifest.json"), encoding="utf-8") as stream:
            return done < flow.json.load(stream)["quarantined"]

    def test_kill_at_every_step(self):
        points = fault_points()
        self.assertGreaterEqual(len(points), 12)
        for point in points:
            with self.subTest(point):
                self.killed_at(point)

    def test_kill_at_later_passes(self):
        for fault in ("ingest.moved:30", "store.commit:2", "ingest.parsed:40", "quarantine.written:3"):
            with self.subTest(fault):
                self.killed_at(fault)

    def test_kill_again_and_again(self):
        maildir, manifest = self.samples("again")
        config = self.own_server("again")
        self.dmarcd(config, "migrate")
        for fault in ("ingest.taken:3", "store.copy", "ingest.committed", "ingest.moved:10",
                      "store.begin:2", "ingest.settled:5"):
            self.run_dmarcd(config, "ingest", maildir, env={"DMARCD_FAULT": fault})
        self.run_dmarcd(config, "ingest", maildir)
        self.assert_totals(config, manifest)
        self.assert_settled(maildir, manifest)

    def test_workers_killed(self):
        """A worker that dies costs a second try, not a mail."""
        maildir, manifest = self.samples("workers", "--days", "40")
        config = self.own_server("workers")
        self.dmarcd(config, "migrate")
        ingest = subprocess.Popen([os.path.join(flow.BIN, "dmarcd"), "-c", config, "ingest", maildir],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        killed = 0
        while ingest.poll() is None and not self.names(maildir, "cur"):
            time.sleep(0.001)
        while ingest.poll() is None and killed < 10:
            for pid in children(ingest.pid, "dmarcd-worker"):
                killed += flow.kill(pid)
                break
        self.assertIn(ingest.wait(), (0, 65))
        self.assertGreater(killed, 0)
        # Two kills of one mail set it aside; that is told, and retry mends it.
        crashed = self.dmarcd(config, "mails", "--outcome", "quarantined").count("worker.crashed")
        self.assertLessEqual(crashed, 5)
        if crashed:
            self.run_dmarcd(config, "quarantine", "retry", "--all")
        self.assert_totals(config, manifest)
        self.assert_settled(maildir, manifest)

    def test_server_killed(self):
        """kill -9 of the whole server while we are in COPY and at COMMIT."""
        for fault in ("store.copy", "store.commit"):
            with self.subTest(fault):
                self.server_killed_at(fault)

    def server_killed_at(self, fault):
        name = "pg_" + fault.replace(".", "_")
        maildir, manifest = self.samples(name)
        config = self.own_server(name)
        self.dmarcd(config, "migrate")
        ingest = subprocess.Popen([os.path.join(flow.BIN, "dmarcd"), "-c", config, "ingest", maildir],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                  env={**os.environ, "DMARCD_FAULT": fault, "DMARCD_FAULT_SIGNAL": "STOP"})
        _, status = os.waitpid(ingest.pid, os.WUNTRACED)
        self.assertTrue(os.WIFSTOPPED(status))
        self.server.kill(children)
        self.server.start()
        os.kill(ingest.pid, signal.SIGCONT)
        _, status = os.waitpid(ingest.pid, 0)
        ingest.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(ingest.returncode, 65)
        self.assert_totals(config, manifest)
        self.assert_settled(maildir, manifest)

    def test_server_away(self):
        maildir, manifest = self.samples("away")
        config = self.config("database: {dsn: 'host=%s dbname=x user=y'}\n" % self.path("nowhere"))
        began = time.monotonic()
        self.dmarcd(config, "ingest", maildir, code=69)
        self.assertLess(time.monotonic() - began, 20)  # 5 s is the promise, a busy machine is slow
        self.assertEqual(len(self.names(maildir, "new")), manifest["mails"])
        with open(os.path.join(maildir, manifest["files"][0]["file"]), "rb") as mail:
            done = subprocess.run([os.path.join(flow.BIN, "dmarcd"), "-c", config, "ingest", "-"],
                                  stdin=mail, capture_output=True, check=False)
        self.assertEqual(done.returncode, 75, done.stderr)


if __name__ == "__main__":
    flow.main()
