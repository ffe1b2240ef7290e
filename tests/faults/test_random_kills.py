#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 of ingest at random times over a mixed Maildir with eight workers (F2): samples and the hostile
corpus, but for the mails that take long; then one run to its end. FAULTS=all kills 1,000 times, else 20
times over fewer mails. After each kill, before anything else runs: every mail is in new/ with its bytes, or has
one row and lies in cur/, in the quarantine too when that is what became of it.

The Maildir is filled again whenever it runs dry, its mails the same: then they are further copies.

usage: test_random_kills.py BIN_DIR
"""
import os
import random
import shutil
import signal
import subprocess
import sys

import check
import fault
import flow

KILLS = 1000 if fault.ALL else 20
WHOLE = 50  # kills from one look through every window of dmarcd to the next
GENERATE = os.path.join(fault.HERE, "..", "hostile", "generate.py")
# A transaction takes tens of milliseconds, a start as long: kills fall into both.
SECS_MAX = 1.5


class RandomKills(fault.FaultTest):
    def put_all(self):
        """Everything once more: each mail under a name of its own."""
        for manifest, folder in self.sources:
            self.manifest += manifest
            for mail in manifest.mails:
                self.made += 1
                shutil.copy2(os.path.join(folder, mail.file), self.new("%d.M%dP1.mx" % (1774915300 + self.made, self.made)))

    def prepare(self):
        flow.samples(self.path("samples"), "--days", "30" if fault.ALL else "12")
        subprocess.run([sys.executable, GENERATE, self.path("corpus")], check=True, stdout=subprocess.DEVNULL)
        hostile = check.of_corpus(self.path("corpus")).where(
            lambda mail: not mail.heavy and (fault.ALL or mail.group or int(mail.sha256, 16) % 3 == 0))
        self.sources = ((check.of_samples(self.path("samples")), self.path("samples", "new")),
                        (hostile, self.path("corpus", "Maildir", "new")))
        self.put_all()

    def check_places(self):
        rows = self.server.psql("dmarcd", "-F", "\t", "-c", check.account.MAILS)
        found = list(check.quick_problems(self.manifest, [self.maildir], [row.split("\t") for row in rows.splitlines()],
                                          self.path("dmarcd.state", "quarantine"), self.hashes))
        self.assertEqual(found, [], "\n".join(found))

    def test_random_kills(self):
        seed = int(os.environ.get("SEED", "1"))
        chance = random.Random(seed)
        self.with_server(more="limits: {workers: 8, %s}\n" % fault.PATIENT)
        self.prepare()
        killed = runs = 0
        self.hashes = check.Hashes()
        while killed < KILLS:
            ingest = self.start("ingest", "--once", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            runs += 1
            try:
                ended = ingest.wait(chance.uniform(0, SECS_MAX))
                self.assertIn(ended, fault.ENDS)
                self.check()
                self.put_all()
            except subprocess.TimeoutExpired:
                flow.kill(ingest.pid)
                ended = ingest.wait(flow.END_SECS)
                self.assertIn(ended, (-signal.SIGKILL, *fault.ENDS))  # it may have ended in the meantime
                killed += ended == -signal.SIGKILL
                self.check_places()
                if killed % WHOLE == 0:
                    self.check(settled=False)
        self.dmarcd("ingest", "--once", code=fault.ENDS)
        self.check()
        print("seed %d: killed %d of %d runs over %d mails" % (seed, killed, runs, len(self.manifest.mails)))


if __name__ == "__main__":
    flow.main()
