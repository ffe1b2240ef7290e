# SPDX-License-Identifier: Apache-2.0
"""What the fault tests share: mails made for them, and the question that ends each of them (check.py).

Run by hand with the environment FAULTS=all, a test that ctest runs for seconds takes all its steps.
"""
import os
import shutil
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1] = [HERE, os.path.join(HERE, "..", "flow"), os.path.join(HERE, "..", "hostile")]
import check  # noqa: E402
import flow  # noqa: E402
import mails  # noqa: E402

ENDS = (flow.EX_OK, flow.EX_DATAERR)
PATIENT = flow.PATIENT  # no test here is about slowness
ALL = os.environ.get("FAULTS") == "all"
SANITIZED = os.environ.get("DMARCD_SANITIZED") == "1"  # such a worker ends otherwise when it is traced
NO_LEAK_CHECK = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}  # it cannot be traced


class FaultTest(flow.FlowTest):
    def setUp(self):
        super().setUp()
        self.maildir = flow.make_maildir(self.path("inbox"))
        self.manifest = check.Manifest()
        self.made = 0

    def with_server(self, more="limits: {%s}\n" % PATIENT):
        """A server of the test's own, migrated, and the Maildir for it."""
        self.server = self.own_server()
        self.configure(self.maildir, dsn=self.server.create("dmarcd"), more=more)
        self.dmarcd("migrate")

    def put(self, data, outcomes, codes="*", totals=None, stays=True):
        """One mail into new/; its name."""
        self.made += 1
        name = "1774915300.M%dP1.mx" % self.made
        self.manifest.add(data, outcomes, codes, totals, name, stays)
        with open(os.path.join(self.maildir, "tmp", name), "wb") as stream:
            stream.write(data)
        os.rename(os.path.join(self.maildir, "tmp", name), self.new(name))
        return name

    def new(self, *name):
        return os.path.join(self.maildir, "new", *name)

    def put_good(self):
        number = self.made + 1
        return self.put(mails.aggregate("good-%d" % number, 1, number), "stored", totals=(1, 2, number + 1, number + 1, 0, 0))

    def put_broken(self):
        return self.put(mails.broken(self.made + 1), "quarantined", "archive.damaged")

    def put_samples(self, *options):
        """Samples into new/; how many."""
        flow.samples(self.path("samples"), *options)
        self.manifest += check.of_samples(self.path("samples"))
        names = os.listdir(self.path("samples", "new"))
        for name in names:
            shutil.copy2(self.path("samples", "new", name), self.new(name))
        return len(names)

    def check_meanwhile(self, daemon):
        """A daemon that takes nothing in, and stands still so that nothing moves between two looks."""
        daemon.send_signal(signal.SIGSTOP)
        self.check(settled=False)
        daemon.send_signal(signal.SIGCONT)

    def check(self, settled=True):
        """The one checker: nothing lost, nothing twice, reason given."""
        found = list(check.problems(self, self.manifest, [self.maildir], settled))
        self.assertEqual(found, [], "\n".join(found))
        if settled:
            self.assertEqual(os.listdir(self.new()), [])

    def need_strace(self):
        if not shutil.which("strace") or subprocess.run(
                ["strace", "-o", "/dev/null", "true"], check=False, capture_output=True).returncode != 0:
            self.skipTest("not run: faults: strace is not installed or may not trace")

    def traced(self, *options):
        """What to put before a command: only its first process is traced."""
        return ["strace", "-qq", "-o", self.path("trace"), *options]

    def log(self):
        with open(self.path("log"), encoding="utf-8", errors="replace") as stream:
            return stream.read()

    def wait_for_word(self, word, count=1):
        flow.wait_until(lambda: self.log().count(word) >= count, "the word " + word)

    def mount(self, path, size="1m"):
        """A small disk of one's own."""
        os.makedirs(path, exist_ok=True)
        if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=" + size, "none", path],
                                               check=False, capture_output=True).returncode != 0:
            self.skipTest("not run: faults: a small tmpfs needs root")
        self.addCleanup(subprocess.run, ["umount", "-l", path], check=False, stderr=subprocess.DEVNULL)

    def fill(self, path):
        """Until not a byte is free; the file that has it all."""
        with open(os.path.join(path, "filler"), "wb", buffering=0) as stream:
            try:
                while True:
                    stream.write(bytes(4096))
            except OSError:
                return stream.name

    def daemon(self, *before, **options):
        with open(self.path("log"), "w", encoding="utf-8") as log:
            daemon = subprocess.Popen([*before, *self.command("ingest")], stderr=log,
                                      env={**os.environ, **(NO_LEAK_CHECK if before else {})}, **options)
        self.addCleanup(lambda: daemon.poll() is None and daemon.kill())
        return daemon

    def end(self, daemon):
        """Told to stop, whatever is before it: strace passes no signal on."""
        for pid in flow.descendants(os.getpid(), "dmarcd"):
            flow.kill(pid, signal.SIGTERM)
        self.assertEqual(daemon.wait(flow.END_SECS), 0, self.log())

    def wait_for_empty(self):
        flow.wait_until(lambda: not os.listdir(self.new()), "new/ to be empty")
