# SPDX-License-Identifier: Apache-2.0
"""What the flow tests share: sample mails, configurations, runs of dmarcd, PostgreSQL servers of
their own, and the question that ends most of them: are the totals those of the manifest?

Every test has a folder of its own, which the database's user may pass through; whatever a test
starts, however it is orphaned, stays a child of the test and has ended when the test ends.

usage of a test: test_NAME.py BIN_DIR [unittest arguments]
"""
import atexit
import collections
import ctypes
import functools
import glob
import hashlib
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

END_DAY = "2026-03-31"
RUN_SECS = 240      # longer than any single run here takes, under sanitizers too
END_SECS = 60       # for what was told to stop
LOOK_SECS = 0.01    # where there is nothing to wait on but a file or a process
PATIENT = "mail_secs: 100s, cpu_secs: 100s"  # a sanitized worker is slow
PR_SET_CHILD_SUBREAPER = 36
EX_OK, EX_USAGE, EX_DATAERR, EX_NOINPUT, EX_UNAVAILABLE = 0, 64, 65, 66, 69
EX_CANTCREAT, EX_TEMPFAIL, EX_NOPERM, EX_CONFIG = 73, 75, 77, 78

BIN = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else ""
SOURCE = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BALANCE = ("mails", "stored", "duplicate", "not_a_report", "quarantined")
SUMS = ("conflicts", "records", "messages", "messages_dmarc_pass", "reports", "domains")


def program(name):
    return os.path.join(BIN, name)


def not_run(why):
    """Ends the test as skipped; where everything must be there, as failed."""
    print("not run: flow: " + why)
    sys.exit(1 if os.environ.get("CI") == "true" else 77)


def postgres_bin():
    """The folder of the newest PostgreSQL's programs, or None."""
    found = glob.glob("/usr/lib/postgresql/*/bin/initdb")
    return max((os.path.dirname(path) for path in found),
               key=lambda path: int(path.split("/")[4]), default=None)


def main():
    if not BIN:
        sys.exit("usage: %s BIN_DIR [unittest arguments]" % sys.argv[0])
    if postgres_bin() is None:
        not_run("PostgreSQL is not installed; apt-get install postgresql")
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])


def parents():
    """pid -> (parent, state, name) of every process there is."""
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % name, encoding="utf-8", errors="replace") as stream:
                text = stream.read()
        except (FileNotFoundError, ProcessLookupError):
            continue
        head, rest = text.rsplit(")", 1)
        fields = rest.split()
        found[int(name)] = (int(fields[1]), fields[0], head.split("(", 1)[1])
    return found


def descendants(top, name=None, states_but="Z"):
    """Processes below top, of this name when one is given; living ones where nothing else is said."""
    table, found, grown = parents(), {top}, True
    while grown:
        grown = False
        for pid, (parent, _, _) in table.items():
            if parent in found and pid not in found:
                found.add(pid)
                grown = True
    return sorted(pid for pid in found - {top}
                  if table[pid][1] not in tuple(states_but) and name in (None, table[pid][2]))


def kill(pid, number=signal.SIGKILL):
    try:
        os.kill(pid, number)
        return True
    except ProcessLookupError:
        return False


def reap_orphans():
    for pid, (parent, state, _) in parents().items():
        if parent == os.getpid() and state == "Z":
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass


def wait_until(condition, what, secs=RUN_SECS):
    """The value of condition() once it is true."""
    deadline = time.monotonic() + secs
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(LOOK_SECS)
    raise AssertionError("in vain waited for " + what)


def samples(folder, *options):
    """Writes a Maildir of samples; the manifest of its totals."""
    subprocess.run([program("dmarcd-samples"), "--end", END_DAY, *options, folder], check=True,
                   stdout=subprocess.DEVNULL)
    return manifest(folder)


def manifest(folder):
    with open(os.path.join(folder, "manifest.json"), encoding="utf-8") as stream:
        return json.load(stream)


def kept_folder():
    """A folder that lasts as long as the test program."""
    folder = tempfile.mkdtemp(prefix="dmarcd-flow-")
    os.chmod(folder, 0o755)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@functools.cache
def prepared_state():
    """A state folder with an empty private cluster, to be copied: initdb takes a second."""
    folder = kept_folder()
    state, config = os.path.join(folder, "state"), os.path.join(folder, "dmarcd.yaml")
    with open(config, "w", encoding="utf-8") as stream:
        stream.write("state_dir: %s\n" % state)
    subprocess.run([program("dmarcd"), "-c", config, "migrate"], check=True, stdout=subprocess.DEVNULL)
    return state


def make_maildir(path):
    for name in ("tmp", "new", "cur"):
        os.makedirs(os.path.join(path, name))
    return path


def listing(folder):
    """Every file below folder with what may not change about it, but for the claim of an intake that runs."""
    found = {}
    for where, folders, names in os.walk(folder):
        for name in set(folders + names) - {"dmarcd.lock"}:
            path = os.path.join(where, name)
            info = os.lstat(path)
            content = ""
            if os.path.isfile(path):
                with open(path, "rb") as stream:
                    content = hashlib.sha256(stream.read()).hexdigest()
            found[os.path.relpath(path, folder)] = (
                content, info.st_mode, info.st_uid, info.st_ino, info.st_mtime_ns, info.st_ctime_ns)
    return found


def database_user():
    """Keyword arguments that let a process run as who may run PostgreSQL."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam("postgres")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


# Sums that are not those of the rows, as the views tell: a report of more than 26 hours is split over its days.
REBUILT = """
WITH spans AS (SELECT report_key, policy_domain, day, provenance, reporter,
    end_at - begin_at > interval '26 hours' AS estimated,
    CASE WHEN end_at - begin_at > interval '26 hours' THEN least((end_at - interval '1 second')::date - day + 1, 4000,
        greatest(1500000 / greatest(records, 1), 1))::integer ELSE 1 END AS days
    FROM dmarcd_api.report WHERE kind = 'aggregate' AND NOT conflict),
shares AS MATERIALIZED (SELECT s.policy_domain, s.day + n AS day, s.provenance, s.reporter, s.estimated, n,
    r.source_ip, coalesce(r.header_from, '') AS header_from, r.spf_aligned, r.dkim_aligned, r.dmarc_pass,
    r.contradictions <> '{}' AS contradictory, r.disposition, r.messages / s.days + CASE WHEN n = 0 THEN r.messages % s.days ELSE 0 END AS messages
    FROM spans s JOIN dmarcd_api.record r USING (report_key)
    CROSS JOIN LATERAL generate_series(0, CASE WHEN r.messages < s.days THEN 0 ELSE s.days - 1 END) AS n),
rebuilt AS (
    SELECT concat_ws(' ', 'daily', policy_domain, day, provenance, header_from, spf_aligned, dkim_aligned, disposition,
        estimated, sum(messages), count(*) FILTER (WHERE n = 0)) FROM shares
        GROUP BY policy_domain, day, provenance, header_from, spf_aligned, dkim_aligned, disposition, estimated
        HAVING sum(messages) > 0 OR count(*) FILTER (WHERE n = 0) > 0
    UNION ALL SELECT concat_ws(' ', 'sources', policy_domain, day, provenance, host(source_ip), sum(messages),
        coalesce(sum(messages) FILTER (WHERE spf_aligned), 0), coalesce(sum(messages) FILTER (WHERE dkim_aligned), 0),
        coalesce(sum(messages) FILTER (WHERE dmarc_pass), 0),
        coalesce(sum(messages) FILTER (WHERE disposition = 'reject'), 0),
        coalesce(sum(messages) FILTER (WHERE disposition = 'quarantine'), 0), count(*) FILTER (WHERE n = 0))
        FROM shares GROUP BY policy_domain, day, provenance, source_ip
        HAVING sum(messages) > 0 OR count(*) FILTER (WHERE n = 0) > 0
    UNION ALL SELECT concat_ws(' ', 'reporters', policy_domain, day, provenance, reporter, sum(messages),
        coalesce(sum(messages) FILTER (WHERE dmarc_pass), 0), count(*) FILTER (WHERE n = 0), sum(reports),
        count(*) FILTER (WHERE n = 0 AND contradictory))
        FROM (SELECT policy_domain, day, provenance, reporter, messages, dmarc_pass, n, 0 AS reports, contradictory
            FROM shares
            UNION ALL SELECT policy_domain, day, provenance, reporter, 0, false, NULL, 1, false FROM spans) counted
        GROUP BY policy_domain, day, provenance, reporter),
sums AS (
    SELECT concat_ws(' ', 'daily', policy_domain, day, provenance, header_from, spf_aligned, dkim_aligned, disposition,
        estimated, messages, records) FROM dmarcd_api.daily
    UNION ALL SELECT concat_ws(' ', 'sources', policy_domain, day, provenance, host(source_ip), messages, spf_aligned,
        dkim_aligned, dmarc_pass, rejected, quarantined, records) FROM dmarcd_api.sources
    UNION ALL SELECT concat_ws(' ', 'reporters', policy_domain, day, provenance, reporter, messages, dmarc_pass,
        records, reports, contradictory) FROM dmarcd_api.reporters)
SELECT 'rebuilt: ' || o.* FROM (SELECT * FROM rebuilt EXCEPT ALL SELECT * FROM sums) o
UNION ALL SELECT 'kept: ' || o.* FROM (SELECT * FROM sums EXCEPT ALL SELECT * FROM rebuilt) o LIMIT 10
"""


@functools.cache
def initialized_data():
    """The data of a server that was never started, to be copied."""
    folder = kept_folder()
    if os.geteuid() == 0:
        os.chown(folder, database_user()["user"], database_user()["group"])
    data = os.path.join(folder, "data")
    subprocess.run([os.path.join(postgres_bin(), "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "--no-sync",
                    "--locale=C", "-E", "UTF8"], check=True, cwd="/", stdout=subprocess.DEVNULL, **database_user())
    return data


class Server:
    """A PostgreSQL of the test's own, as `dsn:` would name one. No TCP."""

    def __init__(self, folder, buffers="32MB"):
        self.folder, self.buffers = folder, buffers
        self.data = os.path.join(folder, "data")
        self.process = None
        self.bin = postgres_bin()
        os.makedirs(folder, mode=0o755)
        if os.geteuid() == 0:
            os.chown(folder, database_user()["user"], database_user()["group"])
        subprocess.run(["cp", "-a", initialized_data(), self.data], check=True)

    def start(self):
        # authentication_timeout: one that connects while the server ends is answered by a process which is told
        # of no end, and for which the server waits until it has heard who connects.
        with open(os.path.join(self.folder, "log"), "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [os.path.join(self.bin, "postgres"), "-D", self.data, "-c", "listen_addresses=",
                 "-c", "unix_socket_directories=" + self.folder, "-c", "authentication_timeout=20s",
                 "-c", "shared_buffers=" + self.buffers, "-c", "dynamic_shared_memory_type=mmap"],
                cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log, **database_user())
        wait_until(self.answers, "PostgreSQL to start")
        return self

    def answers(self):
        if self.process.poll() is not None:
            # What was killed may hold the shared memory for a moment longer.
            self.start()
        return subprocess.run([os.path.join(self.bin, "pg_isready"), "-q", "-h", self.folder],
                              check=False).returncode == 0

    def stop(self, number=signal.SIGQUIT):
        """SIGQUIT is the immediate shutdown, SIGKILL a power cut without one."""
        if self.process is not None:
            kill(self.process.pid, number)
            self.process.wait(END_SECS)
            self.process = None

    def psql(self, database, *arguments):
        done = subprocess.run(
            [os.path.join(self.bin, "psql"), "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-h",
             self.folder, "-U", "postgres", "-d", database, *arguments],
            capture_output=True, text=True, check=False, cwd="/")
        if done.returncode != 0:
            raise AssertionError("psql: " + done.stderr)
        return done.stdout.strip()

    def create(self, database, template="template1"):
        """A new database; its dsn."""
        self.psql("postgres", "-c", 'CREATE DATABASE "%s" TEMPLATE "%s"' % (database, template))
        return self.dsn(database)

    def drop(self, database):
        self.psql("postgres", "-c", 'DROP DATABASE "%s" WITH (FORCE)' % database)

    def dsn(self, database):
        return "host=%s user=postgres dbname=%s" % (self.folder, database)


class FlowTest(unittest.TestCase):
    maxDiff = None

    server_of_class = None

    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="dmarcd-flow-")
        os.chmod(self.top, 0o755)  # as root the database runs as another user
        self.config = None
        self.addCleanup(shutil.rmtree, self.top, ignore_errors=True)
        self.addCleanup(self.end_processes)

    def own_server(self):
        """A PostgreSQL server of the test's own, stopped at its end."""
        server = Server(self.path("server")).start()
        self.addCleanup(server.stop)
        return server

    def end_processes(self):
        """Nothing may be left running but the server of the class; what is, is ended and the test has failed."""
        def left():
            reap_orphans()
            kept = [self.server_of_class.process.pid] if self.server_of_class else []
            return set(descendants(os.getpid())).difference(kept, *map(descendants, kept))
        try:
            wait_until(lambda: not left(), "all processes to end", END_SECS)
        except AssertionError:
            table = parents()
            names = ["%d %s" % (pid, table[pid][2]) for pid in sorted(left())]
            for pid in left():
                kill(pid)
            wait_until(lambda: not left(), "killed processes to end", END_SECS)
            self.fail("still running: " + ", ".join(names))

    def path(self, *names):
        return os.path.join(self.top, *names)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as stream:
            stream.write(text)
        return self.path(name)

    def configure(self, *maildirs, name="dmarcd", dsn=None, more="", prepared=True):
        """Writes NAME.yaml, which later runs use unless they name another; the database is there
        already but for prepared=False."""
        text = "state_dir: %s\n" % self.path(name + ".state")
        if dsn:
            text += "database: {dsn: '%s'}\n" % dsn
        text += "".join(["maildirs:\n" if maildirs else ""] +
                        ["  - {path: %s}\n" % path for path in maildirs])
        if dsn:
            os.makedirs(self.path(name + ".state"), mode=0o700, exist_ok=True)
        elif prepared:
            subprocess.run(["cp", "-a", prepared_state(), self.path(name + ".state")], check=True)
        self.config = self.write(name + ".yaml", text + more)
        return self.config

    def command(self, *arguments, config=None):
        given = config or self.config
        return [program("dmarcd"), *(["-c", given] if given else []), *arguments]

    def start(self, *arguments, config=None, env=None, **options):
        return subprocess.Popen(self.command(*arguments, config=config), text=True,
                                env={**os.environ, **(env or {})}, **options)

    def dmarcd(self, *arguments, code=EX_OK, config=None, env=None, **options):
        """Runs it; the test fails when it ends otherwise than with (one of) code."""
        done = subprocess.run(self.command(*arguments, config=config), capture_output=True,
                              text=not isinstance(options.get("input"), bytes), check=False,
                              env={**os.environ, **(env or {})}, timeout=RUN_SECS, **options)
        wanted = code if isinstance(code, tuple) else (code,)
        self.assertIn(done.returncode, wanted, "dmarcd %s\n%s\n%s" % (
            " ".join(arguments), done.stdout, done.stderr))
        return done

    def keep_cluster(self):
        """The private cluster stays up between commands, each of which starts and stops it otherwise."""
        holder = self.start("psql", "-X", "-q", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(holder.communicate, timeout=END_SECS)
        holder.stdin.write("\\echo up\n")
        holder.stdin.flush()
        self.assertEqual(holder.stdout.readline(), "up\n")

    def status(self, config=None):
        return json.loads(self.dmarcd("status", "--json", config=config).stdout)

    def sql(self, statement, config=None):
        """Rows of text, through `dmarcd psql`."""
        out = self.dmarcd("psql", "-X", "-At", "-F", "\t", "-c", statement, config=config).stdout
        return [tuple(line.split("\t")) for line in out.splitlines()]

    def page_status(self, port, path):
        """The status that a page of `dmarcd web` is answered with."""
        try:
            with urllib.request.urlopen("http://127.0.0.1:%d%s" % (port, path)) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def check_sums(self, status, wanted):
        """Reports, records and messages are those of the manifest."""
        self.assertEqual({key: status[key] for key in SUMS}, {key: wanted[key] for key in SUMS})

    def check_totals(self, status, wanted):
        """... and every mail is accounted for as the manifest says."""
        self.check_sums(status, wanted)
        self.assertEqual(status["balance"], {key: wanted[key] for key in BALANCE})

    def check_rows(self, config=None):
        """Rows, heads of reports and the three tables of sums tell the same of each domain and provenance."""
        totals = collections.defaultdict(dict)
        for name, domain, messages, records in self.sql(
                "SELECT 'record', policy_domain, sum(messages), count(*) FROM dmarcd_api.record GROUP BY 2 UNION ALL "
                "SELECT 'report', policy_domain, sum(messages), sum(records) FROM dmarcd_api.report "
                "WHERE kind = 'aggregate' AND NOT conflict AND records > 0 GROUP BY 2", config):
            totals[name][domain] = (messages, records)
        self.assertEqual(totals["report"], totals["record"], "heads of reports, records")
        self.assertEqual(self.sql(REBUILT, config), [])

    def check_quarantine(self, wanted, config=None):
        """Every quarantined mail has its bytes kept, unchanged, and its reason; nothing else is."""
        text = self.dmarcd("quarantine", "list", "--json", config=config).stdout
        found = {}
        for line in text.splitlines():
            mail = json.loads(line)
            with open(mail["kept"], "rb") as stream:
                self.assertEqual(hashlib.sha256(stream.read()).hexdigest(), mail["sha256"])
            found[mail["sha256"]] = mail["code"]
        self.assertEqual(found, {file["sha256"]: file["code"] for file in wanted["files"]
                                 if file["outcome"] == "quarantined"})

    def check_moved(self, maildir, wanted):
        """new/ is empty and cur/ holds every mail once, its bytes unchanged."""
        self.assertEqual(os.listdir(os.path.join(maildir, "new")), [])
        moved = {}
        for name in os.listdir(os.path.join(maildir, "cur")):
            with open(os.path.join(maildir, "cur", name), "rb") as stream:
                moved["new/" + name.split(":")[0]] = hashlib.sha256(stream.read()).hexdigest()
        self.assertEqual(moved, {file["file"]: file["sha256"] for file in wanted["files"]})
