#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The power goes (F16): Maildirs on one disk, state folder and private cluster on another, both of which write
down what they are given. An ingest is recorded, of two Maildirs and of mails by a pipe; then, for moments all
over it, the disks are put together as they would be found: what was flushed, and of the rest nothing, all, or
each sector by chance. Mounted, they must know every mail that was acknowledged, and the next run settles the
others: nothing lost, nothing twice. The file systems promise no more than they must
(data=writeback,noauto_da_alloc). FAULTS=all takes every flush of it, and some of the making of cluster and tables.

usage: test_power.py BIN_DIR
"""
import contextlib
import hashlib
import os
import random
import shutil
import subprocess
import sys
import unittest

import check
import disklog
import fault
import flow
import mails

SOME = 2
OF_MAKING = 24
NO_MORE = "data=writeback,noauto_da_alloc,commit=600"  # nothing is on disk unless somebody asks for it
DISKS = (("mail", 32), ("state", 2048))  # MiB, most of them holes
# name, chance that what was not flushed got there
ENDS = (("nothing more", 0.0), ("all of it", 1.0), ("some of it", 0.5), ("most of it", 0.9))


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def quiet(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


class Power(fault.FaultTest):
    def setUp(self):
        super().setUp()
        self.need_disks()
        for name in ("images", "before", "fuse", "cut", *(name for name, _ in DISKS)):
            os.makedirs(self.path(name))
        for name, size in DISKS:
            image = self.path("images", name)
            with open(image, "wb") as stream:
                stream.truncate(size << 20)
            quiet("mkfs.ext4", "-q", "-F", image)

    def need_disks(self):
        if os.geteuid() != 0 or not os.path.exists("/dev/fuse") or not shutil.which("mkfs.ext4"):
            self.skipTest("not run: faults: disks of one's own need root, /dev/fuse and mkfs.ext4")
        if subprocess.run(["losetup", "-f"], check=False, capture_output=True).returncode != 0:
            self.skipTest("not run: faults: there are no loop devices")

    def mount_disks(self, folder):
        """Their devices."""
        devices = []
        for name, _ in DISKS:
            device = quiet("losetup", "-f", "--show", os.path.join(folder, name))
            self.addCleanup(subprocess.run, ["losetup", "-d", device], check=False, capture_output=True)
            quiet("blockdev", "--flushbufs", device)  # what the device was before may still be remembered
            quiet("mount", "-o", NO_MORE, device, self.path(name))
            self.addCleanup(subprocess.run, ["umount", "-l", self.path(name)], check=False, capture_output=True)
            devices.append(device)
        return devices

    def unmount(self, devices):
        for (name, _), device in zip(DISKS, devices):
            flow.wait_until(lambda: subprocess.run(["umount", self.path(name)], check=False, capture_output=True)
                            .returncode == 0, "nobody to use the disk " + name)
            quiet("losetup", "-d", device)

    # ---- what is recorded

    def fill(self):
        """Mails of all kinds in two Maildirs, of one of which they are removed once they are stored."""
        self.maildirs = [flow.make_maildir(self.path("mail", name)) for name in ("kept", "removed")]
        for self.maildir in self.maildirs:
            stays = self.maildir == self.maildirs[0]
            for _ in range(2):
                number = self.made + 1
                self.put(mails.aggregate("good-%d" % number, 1, number), "stored", totals=(1, 2, number + 1, number + 1, 0, 0),
                         stays=stays)
                self.put(mails.broken(self.made), "quarantined", "archive.damaged", stays=stays)
            self.put(mails.failure(self.made), "stored", stays=stays)
            self.put(mails.tls(self.made), "stored", totals=(1, 0, 0, 0, 5, 1), stays=stays)
            self.put(b"From: a@made.example\nSubject: lunch %d\n\nno report\n" % self.made, "not_a_report", stays=stays)
            self.put(mails.aggregate("twice", 3), "stored", stays=stays)
        self.piped = [(mails.aggregate("piped-1", 4), "stored"), (mails.broken(1000), "quarantined"),
                      (mails.failure(1001), "stored"), (mails.tls(1002), "stored")]

    def configured(self):
        self.config = self.write("dmarcd.yaml", "state_dir: %s\nlimits: {%s}\nmaildirs:\n  - {path: %s}\n"
                                 "  - {path: %s, done: delete}\n" % (
                                     self.path("state", "dmarcd"), fault.PATIENT, *self.maildirs))

    def record(self):
        """How long the log was when the Maildirs were done, and when each piped mail was acknowledged."""
        log = self.path("log")
        disklog.copy(self.path("images"), self.path("before"))
        server = subprocess.Popen([sys.executable, os.path.join(fault.HERE, "disklog.py"), self.path("images"),
                                   self.path("fuse"), log], stdout=subprocess.PIPE, text=True)
        self.addCleanup(lambda: server.poll() is None and server.kill())
        self.addCleanup(subprocess.run, ["umount", "-l", self.path("fuse")], check=False, capture_output=True)
        self.assertEqual(server.stdout.readline(), "ready\n")
        devices = self.mount_disks(self.path("fuse"))
        self.began = os.path.getsize(log)
        self.dmarcd("ingest", "--once", code=flow.EX_DATAERR)
        self.done = os.path.getsize(log)
        self.acknowledged = []
        with self.cluster():
            for data, _ in self.piped:
                self.dmarcd("ingest", "-", input=data)
                self.acknowledged.append(os.path.getsize(log))
        self.unmount(devices)
        quiet("umount", self.path("fuse"))
        self.assertEqual(server.wait(flow.END_SECS), 0)
        server.stdout.close()

    @contextlib.contextmanager
    def cluster(self):
        """It runs as long as it has a user."""
        with self.start("psql", "-X", "-q", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as user:
            yield
            user.communicate("")
        self.assertEqual(user.returncode, 0)

    # ---- what is found

    def known(self):
        return {row[0] for row in self.sql("SELECT sha256 FROM dmarcd_api.mail")}

    def wanted(self, sent):
        """The manifest, and of the pipe each mail as often as it was sent."""
        piped = check.Manifest()
        for (data, outcome), count in zip(self.piped, sent):
            for _ in range(count):
                piped.add(data, outcome, stays=False)
        return self.manifest + piped

    def look(self, sent, settled):
        found = list(check.problems(self, self.wanted(sent), self.maildirs, settled))
        self.assertEqual(found, [], "\n".join(found))

    def look_before(self, at):
        """What of the pipe is known; what somebody was told of has to be."""
        known = self.known()
        sent = [int(sha256(data) in known) for data, _ in self.piped]
        told = [at >= mark for mark in self.acknowledged]
        self.assertFalse([data for data, there, wanted in zip(self.piped, sent, told) if wanted and not there], "lost")
        self.look(sent, settled=False)
        if at >= self.done:
            self.assertEqual(self.waiting(), [])
            self.assertLessEqual({mail.sha256 for mail in self.manifest.mails}, known)
        return sent

    def go_on(self, at, sent):
        """The next run, and an MTA that sends again what it was not told of."""
        self.dmarcd("ingest", "--once", code=fault.ENDS)
        with self.cluster():
            for number, (data, _) in enumerate(self.piped):
                if at < self.acknowledged[number]:
                    self.dmarcd("ingest", "-", input=data)
                    sent[number] += 1
            self.look(sent, settled=True)
        self.assertEqual(self.waiting(), [])

    def waiting(self):
        return [name for maildir in self.maildirs for name in os.listdir(os.path.join(maildir, "new"))]

    def settle(self, at):
        sent = [0] * len(self.piped)
        there = self.has_tables()
        self.assertTrue(there or at < self.done, "a database that had mails is gone")
        if there:
            with self.cluster():
                sent = self.look_before(at)
        self.go_on(at, sent)

    def has_tables(self):
        """There may have been no time yet to make the cluster, or its tables."""
        done = subprocess.run(self.command("status"), check=False, capture_output=True, text=True)
        self.assertIn(done.returncode, (flow.EX_OK, flow.EX_UNAVAILABLE), done.stderr)
        return done.returncode == flow.EX_OK

    def cut(self, begin, end, most):
        """Between these sizes of the log; of all its flushes there no more than most."""
        cuts = disklog.Cuts(self.path("before"), self.path("log"))
        moments = sorted({at for at in (*cuts.flushes(), self.done, *self.acknowledged) if begin <= at <= end})
        chosen = moments[::-(-(-len(moments) // most))][::-1]
        chance = random.Random(int(os.environ.get("SEED", "1")))
        for number, at in enumerate(chosen):
            what, reached = ENDS[number % len(ENDS)]
            with self.subTest(at=at, on_disk=what):
                cuts.forward(at)
                cuts.put(self.path("cut"), lambda: chance.random() < reached)
                devices = self.mount_disks(self.path("cut"))
                self.settle(at)
                self.unmount(devices)
        print("%d flushes, the power gone at %d moments" % (len(moments), len(chosen)))

    def prepare(self, *before):
        devices = self.mount_disks(self.path("images"))
        self.fill()
        self.configured()
        for subcommand in before:
            self.dmarcd(subcommand)
        self.unmount(devices)
        self.record()

    def test_ingest(self):
        self.prepare("migrate")
        self.cut(self.began, self.acknowledged[-1], sys.maxsize if fault.ALL else SOME)

    @unittest.skipUnless(fault.ALL, "takes long")
    def test_first_run(self):
        self.prepare()
        self.cut(self.began, self.done, OF_MAKING)


if __name__ == "__main__":
    flow.main()
