#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The whole hostile corpus with the good mails among it: every mail accounted for as the manifest
allows, good ones exact, nothing else touched on disk or network, memory within its ceilings.

usage: test_hostile.py BIN_DIR [unittest arguments]
"""
import collections
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "flow"))
import account  # noqa: E402
import calls  # noqa: E402
import flow  # noqa: E402
from corpus import maildir_names  # noqa: E402
from corpus.kit import CANARY_TEXT  # noqa: E402

SANITIZED = os.environ.get("DMARCD_SANITIZED") == "1"
# RELIABILITY P5.
MAIN_MIB, WORKER_MIB = 128, 192
MUST_NOT_EXIST = ("/tmp/hostile-escape.xml", "/tmp/hostile", "/tmp/hostile.gz")
# Payloads that ask for a file, the network or a program; the others ask for memory and time.
ASKING_KINDS = ("xml_entities", "wrong_magic", "encoding", "zip_structure")
ASKING_NAMES = re.compile("external|content_location|smime|charset|tnef|filename")
MONTH, PAGES_MAX = "?from=2026-03-01&to=2026-03-31", 300


# Run by a small process: a large parent's memory would count as its child's.
MEASURE = """
import os, sys, time
began, pid = time.monotonic(), os.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(pid, 0)
print(time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def read(path):
    with open(path, "rb") as stream:
        return stream.read()


def peak_mib(pid):
    """VmHWM of a living process, 0 of one that is gone."""
    try:
        found = re.search(rb"VmHWM:\s+(\d+) kB", read("/proc/%d/status" % pid))
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(found.group(1)) / 1024 if found else 0


class Canary:
    """A file and a TCP port that nobody may ask for."""

    def __init__(self, path):
        self.path = path
        with open(path, "w", encoding="ascii") as stream:
            stream.write(CANARY_TEXT + "\n")
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.listening.setblocking(False)
        self.port = self.listening.getsockname()[1]

    def asked(self):
        try:
            self.listening.accept()[0].close()
            return True
        except BlockingIOError:
            return False


class HostileTest(flow.FlowTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="dmarcd-hostile-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        os.chmod(cls.folder, 0o755)
        cls.canary = Canary(os.path.join(cls.folder, "canary.txt"))
        cls.addClassCleanup(cls.canary.listening.close)
        corpus = os.path.join(cls.folder, "corpus")
        subprocess.run([sys.executable, os.path.join(HERE, "generate.py"), "--canary-file", cls.canary.path,
                        "--canary-port", str(cls.canary.port), corpus], check=True)
        cls.made = os.path.join(corpus, "Maildir")
        cls.groups, everything = account.groups(corpus), account.manifest(corpus)
        cls.wanted = [mail for mail in everything if not (SANITIZED and mail.heavy)]
        for mail in everything:
            if SANITIZED and mail.heavy:
                os.unlink(os.path.join(cls.made, "new", mail.file))
        if len(cls.wanted) < len(everything):
            print("%d heavy mails are left out: the worker is sanitized" % (len(everything) - len(cls.wanted)))

    def ingest(self):
        """What it printed; the peak memory of the main process, looked at as long as it lives."""
        with open(self.path("out"), "w+", encoding="utf-8") as out, open(self.path("err"), "w+", encoding="utf-8") as err:
            process = self.start("ingest", "--once", "--json", stdout=out, stderr=err)
            peak, deadline = 0, time.monotonic() + 1000
            while process.poll() is None and time.monotonic() < deadline:
                peak = max(peak, peak_mib(process.pid))
                time.sleep(flow.LOOK_SECS)
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                self.fail("the corpus never ends")
            err.seek(0)
            self.assertIn(process.returncode, (0, flow.EX_DATAERR), err.read()[-4000:])
            out.seek(0)
            return json.loads(out.read()), peak

    def test_corpus(self):
        self.maildir = self.path("Maildir")
        self.new, self.cur = os.path.join(self.maildir, "new"), os.path.join(self.maildir, "cur")
        subprocess.run(["cp", "-a", self.made, self.maildir], check=True)
        self.configure(self.maildir)
        objects = maildir_names.objects(self.new, self.canary.path)
        readable = os.access(os.path.join(self.new, "o.unreadable"), os.R_OK)  # by root, for one
        objects = [path for path in objects if not (readable and path.endswith("o.unreadable"))]
        before = {path: os.lstat(path) for path in objects}
        began = time.monotonic()
        run, peak = self.ingest()
        print("%d mails in %.1f s, main process %d MiB at most" % (run["mails"], time.monotonic() - began, peak))
        if not SANITIZED:
            self.assertLessEqual(peak, MAIN_MIB)
        self.check_accounts(run, len(self.wanted) + readable)
        self.check_files(readable)
        for path, info in before.items():
            now = os.lstat(path)
            self.assertEqual((info.st_mode, info.st_ino, info.st_mtime_ns, info.st_ctime_ns),
                             (now.st_mode, now.st_ino, now.st_mtime_ns, now.st_ctime_ns), path)
        self.assertEqual(sorted(os.listdir(self.new)), sorted(os.path.basename(path) for path in objects))
        self.check_nothing_leaked()
        again, _ = self.ingest()  # and nothing is taken twice, whatever the objects in new/ are
        self.assertEqual(again["mails"], 0)
        self.check_pages()

    def check_accounts(self, run, mails):
        balance = self.status()["balance"]
        self.assertEqual(balance["mails"], mails)
        self.assertEqual(balance["mails"], sum(balance[key] for key in flow.BALANCE[1:]))
        self.assertEqual({key: run[key] for key in flow.BALANCE}, balance)
        self.check_rows()
        found = account.found(self.sql(account.MAILS))
        problems = list(account.problems(self.wanted, self.groups, found))
        self.assertEqual(problems, [], "\n".join(problems))
        outcomes = collections.Counter((mail.kind, found[mail.sha256].outcome) for mail in self.wanted)
        for kind, outcome in sorted(outcomes):
            print("  %-16s %-14s %4d" % (kind, outcome, outcomes[kind, outcome]))

    def check_files(self, readable):
        """Each mail's bytes are in cur/ once, and those of the quarantined a second time."""
        moved = flow.listing(self.cur)
        hashes = collections.Counter(info[0] for name, info in moved.items()
                                     if not (readable and name.startswith("o.unreadable")))
        self.assertEqual(hashes, collections.Counter(mail.sha256 for mail in self.wanted))
        by_hash = {info[0]: os.path.join(self.cur, name) for name, info in moved.items()}
        kept = set()
        for line in self.dmarcd("quarantine", "list", "--json").stdout.splitlines():
            mail = json.loads(line)
            self.assertEqual(read(mail["kept"]), read(by_hash[mail["sha256"]]))
            kept.add(mail["sha256"])
        quarantined = {row[0] for row in self.sql("SELECT sha256 FROM dmarcd_api.mail WHERE outcome = 'quarantined'")}
        self.assertEqual(kept, quarantined)

    def check_nothing_leaked(self):
        self.assertFalse(self.canary.asked(), "something connected to the canary's port")
        for path in MUST_NOT_EXIST:
            self.assertFalse(os.path.lexists(path), path)
        for where, _, names in os.walk(self.path("dmarcd.state")):
            for name in names:
                path = os.path.join(where, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    self.assertNotIn(CANARY_TEXT.encode(), read(path), path)

    def check_pages(self):
        """The pages that show what strangers wrote: served, and none of it is markup."""
        sys.path.insert(0, os.path.join(HERE, "..", "web"))
        import pages
        with pages.serve(flow.program("dmarcd"), self.config, self.path("web.log")) as url:
            count, bad = pages.crawl(url, ("quarantine", "reports" + MONTH, "failures" + MONTH, "tls" + MONTH,
                                           "reports" + MONTH + "&format=csv"), PAGES_MAX)
        self.assertEqual(bad, [])
        self.assertEqual(count, PAGES_MAX)
        print("%d pages looked at" % count)

    def files_of(self, mails):
        return [os.path.join(self.made, "new", mail.file) for mail in mails]

    def parse(self, files, *before):
        """Seconds, CPU seconds, and the peak MiB of `dmarcd parse` and all its workers."""
        done = subprocess.run([sys.executable, "-I", "-S", "-c", MEASURE, *before, *self.command("parse", "--summary", *files)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
        self.assertIn(done.returncode, (0, flow.EX_DATAERR), done.stderr[-2000:])
        return [float(word) for word in done.stderr.splitlines()[-1].split()]

    def test_memory_and_time(self):
        """P4, P5: by kind, and each heavy mail alone. Seconds are printed, memory is asserted."""
        if SANITIZED:
            print("not run: hostile memory: the worker is sanitized")
            return
        by_kind = collections.defaultdict(list)
        for mail in self.wanted:
            by_kind[mail.file if mail.heavy else mail.kind].append(mail)
        print("%-34s %5s %8s %8s %8s" % ("kind or heavy mail", "mails", "s", "CPU s", "MiB"))
        for name, mails in sorted(by_kind.items()):
            secs, cpu_secs, mib = self.parse(self.files_of(mails))
            print("%-34s %5d %8.2f %8.2f %8.0f" % (name, len(mails), secs, cpu_secs, mib))
            self.assertLessEqual(mib, WORKER_MIB, name)

    def test_system_calls(self):
        """Confined, the worker asks for no file, no socket, no program, whatever a mail says."""
        trace = self.path("trace")
        if SANITIZED or not shutil.which("strace") or subprocess.run(
                ["strace", "-f", "-o", "/dev/null", "true"], check=False, capture_output=True).returncode != 0:
            print("not run: hostile strace: " + ("the worker is sanitized" if SANITIZED else "strace is not installed or may not trace"))
            return
        asking = [mail for mail in self.wanted if mail.kind in ASKING_KINDS or ASKING_NAMES.search(mail.file)]
        self.parse(self.files_of(asking), "strace", "-f", "-qq", "-s", "64", "-o", trace)
        with open(trace, encoding="utf-8", errors="replace") as stream:
            of_template, of_children = calls.of_worker(stream)
        print("%d mails; template: %s; for mails: %s" % (len(asking), sorted(of_template), sorted(of_children)))
        self.assertEqual(list(calls.problems(of_template, of_children)), [])
        self.assertGreaterEqual(of_template.get("recvmsg", 0), len(asking))
        self.assertGreaterEqual(of_children.get("write", 0), len(asking))
        self.assertGreaterEqual(of_children.get("exit_group", 0), len(asking) // 100)
        self.assertFalse(self.canary.asked())


class CallsTest(unittest.TestCase):
    """Which calls of a trace count as asked for."""

    def problems(self, last, end):
        trace = ('7 execve("/dmarcd-worker", ["dmarcd-worker", "--template"] <unfinished ...>\n'
                 "7 <... execve resumed>) = 0\n7 sendmsg(3, {}) = 1\n7 %s\n7 +++ %s +++\n" % (last, end))
        return list(calls.problems(*calls.of_worker(trace.splitlines(keepends=True))))

    def test_killed_on_the_way_into_a_call(self):
        self.assertEqual(self.problems("kill(7, SIGKILL <unfinished ...>", "killed by SIGKILL"), [])

    def test_asked_for(self):
        for last, end in (("kill(7, SIGKILL <unfinished ...>", "killed by SIGSYS"), ("kill(7, SIGKILL) = 0", "killed by SIGKILL"),
                          ("kill(7, SIGKILL) = -1 EPERM", "exited with 0")):
            self.assertEqual(self.problems(last, end), ["the template calls kill"], last)


if __name__ == "__main__":
    flow.main()
