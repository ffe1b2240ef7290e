#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A long day (F59): `dmarcd run` takes in samples and the hostile corpus again and again, each time as mails that
it has not seen, while twenty readers look at pages and something goes wrong every minute. Memory, descriptors,
threads and files of its own must stay as they are; nothing is counted twice. By hand, for as long as is given:

usage: soak.py BIN_DIR MINUTES
"""
import collections
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time

import check
import fault
import flow

MINUTES = float(sys.argv.pop(2)) if len(sys.argv) > 2 else 0
READERS, FAULT_SECS, LOOK_SECS = 20, 60, 5
GENERATE = os.path.join(fault.HERE, "..", "hostile", "generate.py")
PAGES = ("/", "/domains", "/sources", "/reporters", "/reports", "/mails", "/quarantine", "/failures", "/tls",
         "/healthz", "/readyz", "/metrics", "/api/v1/domains", "/sources?format=csv", "/mails?format=json", "/nothing")
TOTALS = "SELECT count(*), sum(records), sum(messages) FROM dmarcd_api.report WHERE kind = 'aggregate' AND NOT conflict"
KINDS = ("run", "ingest", "web", "verify", "resolver")


def of_process(pid):
    """(what it is, KiB resident, descriptors, threads), or None when it has gone."""
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as stream:
            words = stream.read().split(b"\0")
        with open("/proc/%d/status" % pid, encoding="utf-8") as stream:
            status = dict(re.findall(r"^(\w+):\s+(\S+)", stream.read(), re.MULTILINE))
        kind = "resolver" if status["Name"] == "dmarcd-resolver" else next(
            (word.decode() for word in words if word.decode() in KINDS), status["Name"])
        return kind, int(status["VmRSS"]), len(os.listdir("/proc/%d/fd" % pid)), int(status["Threads"])
    except (OSError, KeyError):
        return None


class Soak(fault.FaultTest):
    def setUp(self):
        super().setUp()
        self.port = 36000 + os.getpid() % 2000
        self.with_server(more="http: {listen: '127.0.0.1:%d'}\n" % self.port)
        self.chance = random.Random(1)
        self.over = threading.Event()
        self.answers = collections.Counter()
        self.seen = collections.defaultdict(list)  # (kind, of what) -> (seconds, value) of its oldest process
        self.rounds = 0

    def prepare(self):
        """The bytes of every mail that does not take long."""
        flow.samples(self.path("samples"), "--days", "12")
        subprocess.run([sys.executable, GENERATE, self.path("corpus")], check=True, stdout=subprocess.DEVNULL)
        self.mails = []
        for manifest, folder in ((check.of_samples(self.path("samples")), self.path("samples", "new")),
                                 (check.of_corpus(self.path("corpus")), self.path("corpus", "Maildir", "new"))):
            for mail in manifest.mails:
                if not mail.heavy:
                    with open(os.path.join(folder, mail.file), "rb") as stream:
                        self.mails.append(stream.read())

    def put_round(self):
        """All of them, in another order and with another first field."""
        self.rounds += 1
        self.chance.shuffle(self.mails)
        for data in self.mails:
            self.made += 1
            name = "1774915300.M%dP1.mx" % self.made
            with open(self.path("inbox", "tmp", name), "wb") as stream:
                stream.write(b"X-Round: %d\n" % self.rounds + data)
            os.rename(self.path("inbox", "tmp", name), self.new(name))

    def read_pages(self, number):
        chance = random.Random(number)
        while not self.over.wait(chance.uniform(0, 2)):
            try:
                self.answers[self.page_status(self.port, chance.choice(PAGES))] += 1
            except OSError:
                self.answers["none"] += 1

    def one_of(self, name, number=signal.SIGKILL):
        found = flow.descendants(self.product.pid, name)
        if found:
            flow.kill(self.chance.choice(found), number)

    def go_wrong(self, early):
        """Processes whose growth is looked at die in the first quarter only."""
        if early:
            flow.kill(self.chance.choice(self.children()))
        self.chance.choice((
            lambda: self.one_of("dmarcd-worker"),
            lambda: self.one_of("dmarcd-worker", signal.SIGSTOP),
            lambda: self.server.psql("postgres", "-c", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                                     "WHERE application_name LIKE 'dmarcd%'"),
            lambda: (self.server.stop(), self.server.start()),
            lambda: (self.server.stop(signal.SIGKILL), self.server.start()),
            self.break_configuration))()

    def children(self):
        return [pid for pid in flow.descendants(self.product.pid) if (of_process(pid) or " ")[0] in KINDS]

    def break_configuration(self):
        with open(self.config, encoding="utf-8") as stream:
            good = stream.read()
        self.write(os.path.basename(self.config), good + "nonsense: [\n")
        mistakes = self.log().count("has a mistake")
        flow.kill(self.product.pid, signal.SIGHUP)
        self.wait_for_word("has a mistake", mistakes + 1)
        self.write(os.path.basename(self.config), good)

    def look(self, now):
        oldest = {}
        for pid in (self.product.pid, *self.children()):
            found = of_process(pid)
            if found:
                oldest.setdefault(found[0], found[1:])
        for kind, values in oldest.items():
            for what, value in zip(("KiB", "descriptors", "threads"), values):
                self.seen[kind, what].append((now, value))
        state = sum(len(names) for where, _, names in os.walk(self.path("dmarcd.state")) if "quarantine" not in where)
        self.seen["state_dir", "files"].append((now, state))
        self.seen["all", "processes"].append((now, len(flow.descendants(self.product.pid, states_but=""))))

    def begin(self):
        with open(self.path("log"), "w", encoding="utf-8") as log:
            self.product = self.start("run", stdout=subprocess.DEVNULL, stderr=log)
        self.addCleanup(flow.kill, self.product.pid)
        self.addCleanup(self.over.set)
        flow.wait_until(lambda: not os.listdir(self.new()), "the first round")
        self.totals = self.sql(TOTALS)
        self.readers = [threading.Thread(target=self.read_pages, args=(n,), daemon=True) for n in range(READERS)]
        for reader in self.readers:
            reader.start()

    def test_soak(self):
        self.prepare()
        self.put_round()
        self.begin()
        began = time.monotonic()
        secs, wrong = MINUTES * 60, 0
        while (now := time.monotonic() - began) < secs:
            if not os.listdir(self.new()):
                self.put_round()
            if now >= (wrong + 1) * FAULT_SECS:
                wrong += 1
                self.go_wrong(now < secs / 4)
            self.look(now)
            self.over.wait(LOOK_SECS)
        self.over.set()
        for reader in self.readers:
            reader.join()
        flow.wait_until(lambda: not os.listdir(self.new()), "the last round")
        self.assertEqual(self.sql(TOTALS), self.totals)
        self.check_rows()
        self.product.terminate()
        self.assertEqual(self.product.wait(flow.END_SECS), flow.EX_OK)
        self.tell(secs, wrong)

    def tell(self, secs, wrong):
        """What is held in hand comes and goes: the least of a while must not grow."""
        print("%d mails in %d rounds, %d faults, pages %s" % (self.made, self.rounds, wrong, dict(self.answers)))
        grown = []
        for (kind, what), points in sorted(self.seen.items()):
            first, last = ([value for at, value in points if secs * begin <= at < secs * end]
                           for begin, end in ((0.5, 0.625), (0.875, 1)))
            print("%-10s %-12s %7d to %7d, then %7d to %7d" % (
                kind, what, min(first), max(first), min(last), max(last)))
            if min(last) > min(first) + (1024 if what == "KiB" else 16):
                grown.append((kind, what))
        self.assertEqual(grown, [])


if __name__ == "__main__":
    flow.main()
