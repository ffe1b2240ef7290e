#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Floods: mails of which nine in ten are copies, and a great many names in new/. Memory stays flat
and a known mail costs no parse; what has been read, a million mails in cur/, is never looked through. Times are
printed, not judged. With FAULTS=all: 100,000 mails and 1,000,000 names (some 5 GB of disk, some minutes).

usage: test_flood.py BIN_DIR
"""
import collections
import json
import os
import re
import subprocess
import time
import unittest

import fault
import flow
import mails

MAILS = 100000 if fault.ALL else 2000
NAMES = 1000000 if fault.ALL else 5000
READ = 1000000 if fault.ALL else 20000
LINKS = 50000  # ext4 allows a file 65,000
FLAT_KIB = 8192
SAMPLE_SECS = 0.1


def resident_kib(pid):
    try:
        with open("/proc/%d/status" % pid, encoding="utf-8") as stream:
            return next((int(line.split()[1]) for line in stream if line.startswith("VmRSS")), 0)
    except (FileNotFoundError, ProcessLookupError):
        return 0


class Flood(fault.FaultTest):
    def setUp(self):
        super().setUp()
        self.with_server()

    def settled(self):
        return int(self.server.psql("dmarcd", "-c", "SELECT coalesce(sum(1 + copies), 0) FROM dmarcd.mail"))

    def watch(self, run, began, until):
        """(seconds, mails settled, resident KiB) again and again, until so many are or it ends."""
        samples = [(0.0, 0, 0)]
        while samples[-1][1] < until and run.poll() is None:
            count = self.settled()
            if count > samples[-1][1]:
                samples.append((time.monotonic() - began, count, resident_kib(run.pid)))
            try:
                run.wait(SAMPLE_SECS)
            except subprocess.TimeoutExpired:
                pass
        return samples

    def tell(self, what, samples):
        count = samples[-1][1]

        def at(share):
            return next(sample for sample in samples if sample[1] >= share * count)

        def rate(begin, end):
            return (end[0] - begin[0]) / max(end[1] - begin[1], 1)

        memory = [sample[2] for sample in samples if sample[2]]
        print("%s: %d mails in %.1f s, the first known after %.2f s; a mail of the last tenth takes %.2f x one of the "
              "first; resident %d to %d KiB" % (what, count, samples[-1][0], samples[1][0],
                                               rate(at(0.9), samples[-1]) / rate(samples[1], at(0.1)) if
                                               at(0.1) != samples[1] else 1, min(memory), max(memory)))
        # From the second tenth on, everything that is ever needed has been asked for.
        later = [sample[2] for sample in samples if sample[2] and sample[1] >= 0.2 * count]
        if not fault.SANITIZED and later:
            self.assertLess(max(later) - later[0], FLAT_KIB)

    def forks(self):
        """Processes made by one `ingest --once`."""
        subprocess.run(["strace", "-f", "-qq", "-o", self.path("trace"), "-e", "trace=clone,clone3,fork,vfork",
                        *self.command("ingest", "--once")], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, **fault.NO_LEAK_CHECK})
        with open(self.path("trace"), encoding="utf-8") as stream:
            return sum(" = " in line and " = ?" not in line for line in stream)

    def link(self, source, name):
        os.link(source, self.new(name))

    def test_copies(self):
        store = self.path("store")
        os.mkdir(store)
        for number in range(MAILS // 10):
            with open(os.path.join(store, str(number)), "wb") as stream:
                stream.write(mails.aggregate("flood-%d" % number, 1, 2))
        for number in range(MAILS):
            # In no order, so that a copy may come before, with or after its like.
            self.link(os.path.join(store, str(number * 7919 % (MAILS // 10))), "%d.M%dP1.mx" % (1774915300, number))
        began = time.monotonic()
        run = self.start("ingest", "--once", "--json", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        samples = self.watch(run, began, MAILS + 1)
        out = run.communicate()[0]
        self.assertEqual(run.returncode, flow.EX_OK)
        samples.append((time.monotonic() - began, self.settled(), 0))
        told = json.loads(out)
        self.assertEqual([told[key] for key in (*flow.BALANCE, "reports", "records", "messages")],
                         [MAILS, MAILS // 10, MAILS - MAILS // 10, 0, 0, MAILS // 10, MAILS // 5, MAILS // 10 * 3])
        self.assertEqual(self.status()["balance"]["mails"], MAILS)
        self.assertEqual(os.listdir(self.new()), [])
        self.check_rows()
        self.tell("copies", samples)

    @unittest.skipIf(fault.SANITIZED, "a sanitized worker cannot be traced")
    def test_known_mails_are_not_parsed(self):
        self.need_strace()
        first = self.put_good()
        self.dmarcd("ingest", "--once")
        none = self.forks()
        for number in range(200):
            self.link(os.path.join(self.maildir, "cur", first + ":2,S"), "again.M%dP1.mx" % number)
        self.assertEqual(self.forks(), none)
        self.assertEqual(self.status()["balance"]["mails"], 201)

    def test_names(self):
        for number in range(NAMES):
            with open(self.new("1774915300.M%dP1.mx" % number), "wb", buffering=0) as stream:
                stream.write(b"Subject: %d\n\nnothing\n" % number)
        with open(self.path("log"), "w", encoding="utf-8") as log:
            began = time.monotonic()
            run = self.start("ingest", stdout=subprocess.DEVNULL, stderr=log)
            samples = self.watch(run, began, NAMES // 10)
            run.terminate()
            self.assertEqual(run.wait(flow.END_SECS), flow.EX_OK)
        known = self.status()["balance"]
        self.assertEqual(known["mails"], known["not_a_report"])
        self.assertEqual(known["mails"] + len(os.listdir(self.new())), NAMES)
        self.tell("names", samples)

    def fill_cur(self, names):
        """As if so many mails had been read before."""
        for number in range(names):
            path = os.path.join(self.maildir, "cur", "1700000000.M%dP1.mx:2,S" % number)
            if number % LINKS == 0:
                with open(path, "wb") as stream:
                    stream.write(mails.aggregate("read-%d" % number, 1))
                first = path
            else:
                os.link(first, path)

    def calls_upon(self, folder):
        with open(self.path("trace"), encoding="utf-8", errors="replace") as stream:
            return collections.Counter(line.split("(")[0] for line in stream
                                       if re.search(r"%s/%s\b" % (re.escape(self.maildir), folder), line))

    def take_one(self, names, command, until):
        """What is asked of cur/ until a mail in new/ is taken in."""
        name = self.put_good()
        with open(self.path("log"), "w", encoding="utf-8") as log:
            began = time.monotonic()
            run = subprocess.Popen(
                [*self.traced("-y", "-e", "trace=openat,getdents64,newfstatat,fstat,inotify_add_watch,renameat2,fsync"),
                 *self.command(*command)], stdout=subprocess.DEVNULL, stderr=log,
                env={**os.environ, **fault.NO_LEAK_CHECK})
        flow.wait_until(lambda: until(run), name + " to be taken in")
        print("%s with %d names in cur/: a mail in new/ taken in after %.2f s, under strace" % (
            command, names, time.monotonic() - began))
        self.end(run)
        self.assertGreater(self.calls_upon("new")["getdents64"], 0)
        return self.calls_upon("cur")

    @unittest.skipIf(fault.SANITIZED, "a sanitized worker cannot be traced")
    def test_read_mails_are_not_looked_through(self):
        """Not by a run, nor by the daemon, which may make any number of passes: what they ask of cur/ is the same
        without one read mail as with a million."""
        self.need_strace()
        found = []
        for names in (0, READ):
            self.fill_cur(names)
            once = self.take_one(names, ("ingest", "--once"), lambda run: run.poll() is not None)
            daemon = self.take_one(names, ("ingest",), lambda run: not os.listdir(self.new()))
            found.append((once, sorted(daemon)))
        self.assertEqual(found[1], found[0])
        self.assertEqual([found[0][0]["getdents64"], found[0][1].count("getdents64")], [0, 0])
        self.assertGreater(found[0][0]["renameat2"], 0)
        self.assertEqual(self.status()["balance"]["mails"], 4)


if __name__ == "__main__":
    flow.main()
