#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is kept, counted and forgotten, with mails made to measure.

usage: test_store.py BIN_DIR
"""
import json
import os
import re
import signal
import subprocess

import flow
import mails

DAY = 86400
ENDS = (flow.EX_OK, flow.EX_DATAERR)
LARGEST = 2 ** 63 - 1


class Store(flow.FlowTest):
    """On the private cluster."""

    def setUp(self):
        super().setUp()
        self.maildir = flow.make_maildir(self.path("mails"))
        self.state = self.path("dmarcd.state")
        self.configure(self.maildir)

    def limits(self, *lines):
        self.write("dmarcd.yaml", "state_dir: %s\nmaildirs: [{path: %s}]\n%s" % (
            self.state, self.maildir, "".join(line + "\n" for line in lines)))

    def deliver(self, name, content, folder="new"):
        with open(os.path.join(os.fsencode(self.maildir), folder.encode(), os.fsencode(name)), "wb") as stream:
            stream.write(content)

    def names(self, folder):
        return sorted(os.listdir(os.path.join(os.fsencode(self.maildir), folder.encode())))

    def ingest(self, *arguments, code=flow.EX_OK):
        return json.loads(self.dmarcd("ingest", "--once", "--json", *arguments, code=code).stdout)

    def kept(self):
        folder = os.path.join(self.state, "quarantine")
        return sorted(os.listdir(folder)) if os.path.isdir(folder) else []

    def figure(self, name):
        """What a daemon tells others of itself (base/figures.h)."""
        with open(os.path.join(self.state, "intake.figures"), encoding="ascii") as stream:
            return float(re.search("^dmarcd_ingest_%s (.*)$" % name, stream.read(), re.M).group(1))

    # ---- Maildirs ----

    def test_names_that_are_no_text(self):
        """... hold up nobody, and each is one sighting."""
        names = (b"\xff\xfe.mx", b"\xff\xfd.mx", b"new\nline", b"a*b?[x]", "f\u00fcr".encode(), b"-dash")
        for number, name in enumerate(names):
            self.deliver(name, mails.aggregate("name-%d" % number, 1))
        for name in (b"\xff\xfc.mx", b"\xff\xfb.mx"):
            self.deliver(name, mails.aggregate("twice", 1))
        self.assertEqual(self.ingest(), {"mails": 8, "stored": 7, "duplicate": 1, "not_a_report": 0,
                                         "quarantined": 0, "reports": 7, "records": 7, "messages": 7})
        self.assertEqual(self.names("new"), [])
        for name in self.names("cur"):
            os.rename(os.path.join(os.fsencode(self.maildir), b"cur", name),
                      os.path.join(os.fsencode(self.maildir), b"cur", name.split(b":")[0] + b":2,RS"))
        self.assertEqual(self.ingest("--all")["mails"], 0)
        self.assertEqual(self.status()["balance"]["mails"], 8)

    def test_copies_of_a_mail_that_stays(self):
        """What finds no room in the quarantine stays in new/, and its copies with it."""
        self.limits("limits: {quarantine_mails: 1}")
        self.deliver("1", mails.broken(1))
        self.ingest(code=flow.EX_DATAERR)
        for name in "234":
            self.deliver(name, mails.broken(2))
        self.assertEqual(self.ingest(code=flow.EX_TEMPFAIL)["mails"], 0)
        self.assertEqual(self.names("new"), [b"2", b"3", b"4"])
        self.dmarcd("quarantine", "drop", "--all")
        ran = self.ingest(code=flow.EX_DATAERR)
        self.assertEqual((ran["mails"], ran["quarantined"], ran["duplicate"]), (3, 1, 2))
        self.assertEqual(self.status()["balance"], {"mails": 4, "stored": 0, "duplicate": 2,
                                                    "not_a_report": 0, "quarantined": 2})

    def test_copies_are_counted_at_once(self):
        """A statement for all of a batch, however often which of them is there."""
        server = self.own_server()
        self.configure(self.maildir, dsn=server.create("dmarcd"), name="counted")
        self.dmarcd("migrate")
        for turn, count in enumerate((1, 5, 5)):
            for number in range(2):
                for copy in range(count):
                    self.deliver("%d-%d-%d" % (turn, number, copy), mails.aggregate("often-%d" % number, 1))
            server.psql("postgres", "-c", "ALTER SYSTEM SET log_statement = 'mod'", "-c", "SELECT pg_reload_conf()")
            self.assertEqual(self.ingest()["mails"], 2 * count)
        with open(os.path.join(server.folder, "log"), encoding="utf-8") as log:
            self.assertEqual(log.read().count("UPDATE dmarcd.mail m SET copies"), 2)
        self.assertEqual(self.sql("SELECT copies FROM dmarcd_api.mail"), [("10",), ("10",)])

    def test_full_quarantine_is_looked_at_again(self):
        """A daemon need not start again to see that somebody has made room."""
        self.limits("limits: {quarantine_mails: 1}")
        self.deliver("1", mails.broken(1))
        with open(self.path("log"), "w", encoding="utf-8") as log:
            ingest = self.start("ingest", stderr=log)
        flow.wait_until(self.kept, "the first to be set aside")
        flow.wait_until(lambda: not self.names("new"), "its move")
        self.deliver("2", mails.broken(2), "tmp")
        os.utime(os.path.join(self.maildir, "tmp", "2"), (1, 1))
        os.rename(os.path.join(self.maildir, "tmp", "2"), os.path.join(self.maildir, "new", "2"))
        flow.wait_until(lambda: self.figure("queue_messages") == 1, "the queue to be told")
        self.assertGreater(self.figure("oldest_seconds"), 10 ** 9)
        self.dmarcd("quarantine", "drop", "--all")
        flow.wait_until(lambda: not self.names("new"), "the second to be set aside")
        flow.wait_until(lambda: self.figure("queue_messages") == 0, "the end of the queue to be told")
        self.assertEqual(self.figure("duration_seconds_count"), 2)
        ingest.terminate()
        self.assertEqual(ingest.wait(flow.END_SECS), flow.EX_OK)
        self.assertEqual(len(self.kept()), 1)

    def test_one_maildir_and_two_databases(self):
        """Each would get a part of the mails: refused while the other runs, and not once it is gone, however."""
        server = self.own_server()
        first, second, same = (self.configure(self.maildir, dsn=server.create(name) if name != "same" else server.dsn("first"),
                                              name=name) for name in ("first", "second", "same"))
        for config in (first, second):
            self.dmarcd("migrate", config=config)
        with open(second, encoding="utf-8") as stream:
            shared = self.write("shared.yaml", stream.read().replace(self.maildir + "}", self.maildir + ", shared: yes}"))
        claim = os.path.join(self.maildir, "dmarcd.lock")
        for end in ("terminate", "kill"):
            ingest = self.start("ingest", config=first, stderr=subprocess.DEVNULL)
            flow.wait_until(lambda: os.path.exists(claim) and self.dmarcd(
                "ingest", "--once", config=second, code=(flow.EX_OK, flow.EX_TEMPFAIL)).returncode == flow.EX_TEMPFAIL,
                "the Maildir to be claimed")
            for arguments in (("--once",), ()):
                self.assertIn("another database", self.dmarcd("ingest", *arguments, config=second, code=flow.EX_TEMPFAIL).stderr)
            self.dmarcd("ingest", "--once", "--shared", config=second)
            self.dmarcd("ingest", "--once", config=shared)
            self.dmarcd("ingest", "--once", config=same)
            getattr(ingest, end)()
            ingest.wait(flow.END_SECS)
            self.assertEqual(os.path.exists(claim), end == "kill")
            self.dmarcd("ingest", "--once", config=second)

    def test_one_maildir_read_by_several(self):
        """Whoever moves a file counts it, nobody else: balances of the runs add up too."""
        for number in range(200):
            self.deliver("a%d" % number, mails.aggregate("id-%d" % (number % 150), 1))
        runs = [self.start("ingest", "--once", "--json", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
                for _ in range(3)]
        told = [json.loads(run.communicate(timeout=flow.RUN_SECS)[0]) for run in runs]
        status = self.status()
        self.assertEqual({key: sum(ran[key] for ran in told) for key in flow.BALANCE}, status["balance"])
        self.assertEqual((status["balance"]["mails"], status["messages"]), (200, 150))
        self.assertEqual(self.names("new"), [])

    def test_read_mail_stays(self):
        """--all reads cur/ in place, also where mail taken in is deleted."""
        self.write("dmarcd.yaml", "state_dir: %s\nmaildirs: [{path: %s, done: delete}]\n" % (
            self.state, self.maildir))
        self.deliver("1", mails.aggregate("fresh", 1))
        self.deliver("2:2,S", mails.aggregate("read", 1), "cur")
        self.assertEqual(self.ingest("--all")["stored"], 2)
        self.assertEqual((self.names("new"), self.names("cur")), ([], [b"2:2,S"]))

    # ---- reports and sums ----

    def test_sums_beyond_64_bits(self):
        for number in range(3):
            self.deliver(str(number), mails.aggregate("large-%d" % number, LARGEST))
        self.assertEqual(self.ingest()["messages"], 3 * LARGEST)
        status = self.status()
        self.assertEqual((status["messages"], status["domains"]["example.com"]["messages"]), (3 * LARGEST,) * 2)
        self.assertIn("{:,}".format(3 * LARGEST), self.dmarcd("status").stdout)
        said = json.loads(self.dmarcd("reparse", "--json").stdout)
        self.assertEqual(said["messages"], {"before": 3 * LARGEST, "after": 3 * LARGEST})

    def test_long_periods(self):
        """No part of a report is lost, be its period ever so long, and none is made of nothing."""
        cases = {"hours26": (26 * 3600, 1), "hours27": (27 * 3600, 2), "week": (7 * DAY, 7), "days200": (200 * DAY, 200),
                 "years20": (20 * 365 * DAY, 4000)}
        for name, (length, _) in cases.items():
            self.deliver(name, mails.aggregate(name, 1000003, 3, domain=name + ".example", begin=1136073600,
                                               end=1136073600 + length))
        self.ingest()
        self.check_rows()
        for name, (length, days) in cases.items():
            with self.subTest(name):
                rows = self.sql("SELECT day - date '2006-01-01', sum(messages), bool_and(estimated) FROM dmarcd_api.daily "
                                "WHERE policy_domain = '%s.example' GROUP BY 1 ORDER BY 1" % name)
                each, rest = divmod(1000003, days)
                small, small_rest = divmod(3, days)
                wanted = [(str(day), str(each + small + (rest + small_rest if day == 0 else 0)),
                           "t" if length > 26 * 3600 else "f") for day in range(days)]
                self.assertEqual(rows, wanted)
        before = self.sql("SELECT * FROM dmarcd_api.daily ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9")
        self.dmarcd("reparse")
        self.assertEqual(self.sql("SELECT * FROM dmarcd_api.daily ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9"), before)

    def test_more_sums_than_are_held_at_once(self):
        """50,000 addresses of one report: its sums are written in parts, and taken away in one."""
        days = "SELECT day, source_ip, messages, dmarc_pass, records FROM dmarcd_api.sources ORDER BY 2"
        text, messages = mails.report("many", 50000)
        self.deliver("many", mails.mail(text, "many"))
        self.ingest()
        self.check_rows()
        before = self.sql(days)
        self.assertEqual(len(before), 50000)
        self.assertEqual(self.sql("SELECT messages, records FROM dmarcd_api.reporters"), [(str(messages), "50000")])
        self.dmarcd("reparse")
        self.assertEqual(self.sql(days), before)

    def test_reporters_are_known_by_folded_names(self):
        for number, org in enumerate(("Bücher ÆØÅ", "  bücher æøå ", "BÜCHER ÆØÅ", "Bucher ÆØÅ")):
            self.deliver(str(number), mails.aggregate("one", 5, org=org))
        ran = self.ingest()
        self.assertEqual((ran["stored"], ran["duplicate"], ran["messages"]), (2, 2, 10))

    # ---- quarantine ----

    def test_quarantine_takes_no_empty_word(self):
        for name in "12":
            self.deliver(name, mails.broken(int(name)))
        self.ingest(code=flow.EX_DATAERR)
        for word in ("", "%", "_", "a", "ABCDEFG"):
            self.dmarcd("quarantine", "drop", word, code=flow.EX_NOINPUT)
        self.assertEqual(len(self.kept()), 2)
        name = self.kept()[0].split(".")[0]
        self.assertEqual(json.loads(self.dmarcd("quarantine", "drop", "--json", name[:9].upper()).stdout),
                         {"sha256": name, "file": os.path.join(self.maildir, "new",
                          self.sql("SELECT right(file, 1) FROM dmarcd_api.mail WHERE sha256 = '%s'" % name)[0][0]),
                          "outcome": "dropped", "code": "", "reason": ""})
        self.assertEqual(len(self.kept()), 1)
        self.dmarcd("quarantine", "retry", name, code=flow.EX_NOINPUT)
        self.assertEqual(json.loads(self.dmarcd("mails", "--json", name.upper()).stdout)["sha256"], name)

    def test_retry_goes_on(self):
        """One that is still too large is no reason to leave the others."""
        self.limits("limits: {mail_bytes: 4KiB, records: 2}")
        self.deliver("1", mails.aggregate("padded", 1) + b"\n" * 8192)
        self.deliver("2", mails.aggregate("many", 1, 1, 1))
        self.ingest(code=flow.EX_DATAERR)
        self.limits("limits: {mail_bytes: 4KiB}")
        told = [json.loads(line) for line in
                self.dmarcd("quarantine", "retry", "--all", "--json", code=flow.EX_DATAERR).stdout.splitlines()]
        self.assertEqual({mail["file"][-1]: (mail["outcome"], mail["code"]) for mail in told},
                         {"1": ("quarantined", "file.too_large"), "2": ("stored", "")})
        self.limits()
        self.dmarcd("quarantine", "retry", "--all")
        self.assertEqual(self.kept(), [])
        status = self.status()
        self.assertEqual((status["balance"]["stored"], status["balance"]["mails"], status["records"]), (2, 2, 4))
        self.assertEqual(self.sql("SELECT count(*) FROM dmarcd_api.mail WHERE head_from IS NULL"), [("0",)])
        self.check_rows()

    def test_reparse_loses_no_bytes(self):
        """What gives no report any more is quarantined with its bytes, and comes back."""
        self.deliver("1", mails.aggregate("many", 1, 1, 1))
        self.ingest()
        self.limits("limits: {records: 2}")
        self.dmarcd("reparse", code=flow.EX_DATAERR)
        self.assertEqual((self.status()["balance"]["quarantined"], len(self.kept())), (1, 1))
        self.limits()
        self.dmarcd("quarantine", "retry", "--all")
        self.assertEqual((self.status()["balance"]["stored"], self.status()["records"], self.kept()), (1, 3, []))

    def test_half_written_files_go(self):
        self.ingest()
        with open(os.path.join(self.state, "quarantine", "ab" * 32 + ".part"), "wb"):
            pass
        self.ingest()
        self.assertEqual(self.kept(), [])

    # ---- retention ----

    def test_retention(self):
        self.limits("retention: {records: 1d, quarantine: 90d}")
        self.deliver("1", mails.aggregate("old", 7))
        for name in "23":
            self.deliver(name, mails.broken(int(name)))
        self.ingest(code=flow.EX_DATAERR)
        self.assertEqual(self.status()["messages"], 7)
        old = os.path.join(self.state, "quarantine", self.kept()[0])
        os.utime(old, (os.stat(old).st_mtime - 91 * DAY,) * 2)
        self.dmarcd("retention")
        self.assertEqual(len(self.kept()), 1)
        self.assertFalse(os.path.exists(old))
        self.dmarcd("quarantine", "retry", "--all", code=flow.EX_DATAERR)
        self.assertEqual(self.status()["messages"], 0)
        self.assertEqual(self.status()["balance"]["mails"], 3)

    def test_read_mail_goes(self):
        """... when it is older than keep:, and nothing else of cur/ does."""
        self.write("dmarcd.yaml", "state_dir: %s\nmaildirs: [{path: %s, keep: 30d}]\n" % (
            self.state, self.maildir))
        for name in ("old", "young", "changed"):
            self.deliver(name, mails.aggregate("read-" + name, 1))
        self.ingest()
        self.deliver("foreign:2,S", mails.aggregate("read-foreign", 1), "cur")
        self.deliver("changed:2,S", mails.aggregate("read-other", 1), "cur")
        for name in ("old", "changed", "foreign"):
            path = os.path.join(self.maildir, "cur", name + ":2,S")
            os.utime(path, (os.stat(path).st_mtime - 31 * DAY,) * 2)
        self.dmarcd("retention")
        self.assertEqual(self.names("cur"), [b"changed:2,S", b"foreign:2,S", b"young:2,S"])
        self.assertEqual(self.status()["records"], 3)

    def test_failure_samples(self):
        """... are kept as far as ruf: says, also when they come by way of the quarantine."""
        for number, (store, original, headers) in enumerate((("full", "t", "t"), ("headers", "f", "t"),
                                                            ("off", "f", "f"))):
            with self.subTest(store):
                self.limits("ruf: {store: %s}" % store, "limits: {mail_bytes: 500}")
                self.deliver(store, mails.failure(number))
                self.ingest(code=flow.EX_DATAERR)
                self.limits("ruf: {store: %s}" % store)
                self.dmarcd("quarantine", "retry", "--all")
                self.assertEqual(self.sql(
                    "SELECT m.has_original, f.sample_headers IS NOT NULL, f.orig_subject IS NOT NULL "
                    "FROM dmarcd_api.failure f JOIN dmarcd_api.mail m ON m.sha256 = f.mail_sha256 "
                    "WHERE right(m.file, %d) = '%s'" % (len(store), store)), [(original, headers, headers)])


class Server(flow.FlowTest):
    """On a server of one's own."""

    def setUp(self):
        super().setUp()
        self.server = self.own_server()

    def server_log(self):
        with open(os.path.join(self.server.folder, "log"), encoding="utf-8") as stream:
            return stream.read()

    def test_readers_take_their_role(self):
        self.configure(dsn=self.server.create("dmarcd"))
        self.dmarcd("migrate")
        self.assertEqual(self.sql("SELECT current_user"), [("dmarcd_read",)])
        for statement in ("DELETE FROM dmarcd.mail", "CREATE TABLE public.x (a integer)"):
            self.dmarcd("psql", "-v", "ON_ERROR_STOP=1", "-c", "BEGIN READ WRITE; %s; COMMIT" % statement, code=(1, 3))

    def test_owner_of_a_database(self):
        """Who may not make roles is told which ones to ask for, and needs no more than them."""
        self.server.psql("postgres", "-c", "CREATE ROLE plain LOGIN", "-c", "CREATE DATABASE plain OWNER plain")
        self.configure(dsn="host=%s user=plain dbname=plain" % self.server.folder)
        self.assertIn("CREATE ROLE", self.dmarcd("migrate", code=flow.EX_NOPERM).stderr)
        for role in ("ingest", "web", "monitor", "read"):
            self.server.psql("postgres", "-c", "CREATE ROLE dmarcd_%s NOLOGIN" % role)
        self.dmarcd("migrate")
        with open(self.path("mail"), "wb") as stream:
            stream.write(mails.aggregate("one", 3))
        self.dmarcd("ingest", self.path("mail"))
        self.assertEqual(self.status()["messages"], 3)
        self.assertEqual(self.sql("SELECT current_user, count(*) FROM mail"), [("plain", "1")])

    def test_month_in_the_default_partition(self):
        """A row of a month that has no partition yet: reports of that month are stored all the same."""
        self.configure(dsn=self.server.create("dmarcd"))
        self.dmarcd("migrate")
        self.server.psql("dmarcd", "-c", "INSERT INTO dmarcd.record (policy_domain, day, report_key, row_no, counted, "
                         "messages, disposition, spf_aligned, dkim_aligned) VALUES ('other.example', '2026-03-30', "
                         "gen_random_uuid(), 0, false, 1, 'none', 'pass', 'pass')")
        with open(self.path("mail"), "wb") as stream:
            stream.write(mails.aggregate("one", 3))
        self.dmarcd("ingest", self.path("mail"))
        self.assertEqual(self.status()["messages"], 3)

    def test_lookups_have_an_index(self):
        """One mail by its hash and one report by its key are found without reading a table whole."""
        self.configure(dsn=self.server.create("dmarcd"))
        self.dmarcd("migrate")
        for view, where, index in (("mail", "sha256 = 'ab'", "mail_hex"),
                                   ("report", "mail_sha256 = 'ab'", "report_mail_hex"),
                                   ("report", "report_key = '%s'" % ("0" * 32), "report_by_key")):
            plan = self.server.psql("dmarcd", "-c", "SET enable_seqscan = off", "-c",
                                    "EXPLAIN SELECT * FROM dmarcd_api.%s WHERE %s" % (view, where))
            self.assertIn(index, plan)

    def test_times_of_a_transaction(self):
        """... are told to the server for each one."""
        port = 32000 + os.getpid() % 2000
        self.configure(dsn=self.server.create("timed"), more="limits: {query_secs: 61s, web_query_secs: 16s, "
                       "lock_secs: 7s, transaction_idle_secs: 31s}\nhttp: {listen: '127.0.0.1:%d'}\n" % port)
        self.dmarcd("migrate")
        self.server.psql("postgres", "-c", "ALTER SYSTEM SET log_statement = 'all'", "-c", "SELECT pg_reload_conf()")
        self.dmarcd("status")
        times = ("statement_timeout = '%s'; SET LOCAL lock_timeout = '7s'; "
                 "SET LOCAL idle_in_transaction_session_timeout = '31s'")
        self.assertIn(times % "61s", self.server_log())
        self.assertNotIn(times % "16s", self.server_log())
        web = self.start("web", stderr=subprocess.PIPE)
        while "listening" not in web.stderr.readline():
            self.assertIsNone(web.poll())
        self.assertEqual(self.page_status(port, "/"), 200)
        self.assertIn(times % "16s", self.server_log())
        web.terminate()
        web.communicate(timeout=flow.END_SECS)
        self.assertEqual(web.returncode, flow.EX_OK)

    def test_waits_for_locks(self):
        """Somebody's long transaction on the same sums holds a batch up, and no more."""
        self.configure(dsn=self.server.create("dmarcd"))
        for name in ("first", "second"):
            with open(self.path(name), "wb") as stream:
                stream.write(mails.aggregate(name, 3))
        self.dmarcd("ingest", self.path("first"))
        holder = subprocess.Popen(
            [os.path.join(self.server.bin, "psql"), "-X", "-q", "-h", self.server.folder, "-U", "postgres", "dmarcd"],
            stdin=subprocess.PIPE, text=True, cwd="/")
        holder.stdin.write("BEGIN; UPDATE dmarcd.daily_cell SET messages = messages;\n")
        holder.stdin.flush()
        held = "SELECT count(*) FROM pg_locks WHERE relation = 'dmarcd.daily_cell'::regclass AND mode = " \
               "'RowExclusiveLock'"
        flow.wait_until(lambda: self.server.psql("dmarcd", "-c", held) == "1", "the lock")
        ingest = self.start("ingest", self.path("second"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        flow.wait_until(lambda: "lock timeout" in self.server_log(), "the batch to be repeated")
        holder.communicate("COMMIT;\n")
        self.assertNotIn("level=error", ingest.communicate()[1])
        self.assertEqual(ingest.returncode, flow.EX_OK)
        self.assertEqual(self.status()["messages"], 6)

    def test_sums_of_many_days_are_merged_step_by_step(self):
        """... each of which is done in good time."""
        self.configure(dsn=self.server.create("steps"), more="retention: {records: 36500d}\n")
        self.dmarcd("migrate")
        for turn in range(2):
            files = []
            for number in range(30):
                files.append(self.path("%d-%d.eml" % (turn, number)))
                with open(files[-1], "wb") as stream:
                    stream.write(mails.aggregate("step-%d-%d" % (turn, number), 1, domain="d%d.example" % number))
            self.dmarcd("ingest", *files)
        self.dmarcd("retention", code=-signal.SIGKILL, env={"DMARCD_FAULT": "store.merge:2"})
        places = "SELECT count(*), count(DISTINCT policy_domain) FROM dmarcd.daily_source"
        self.assertEqual(self.server.psql("steps", "-c", places), "35|30")
        self.dmarcd("retention")
        self.assertEqual(self.server.psql("steps", "-c", places), "30|30")

    def test_sums_by_source_are_merged(self):
        """A source of several reports has several rows, of which nobody sees anything, until they are put
        together; a death in the midst changes nothing, and what is taken away is gone."""
        config = self.configure(dsn=self.server.create("merged"), more="retention: {records: 36500d}\n")
        view = "SELECT * FROM dmarcd_api.sources ORDER BY source_ip"
        for name, counts in (("first", (3, 4)), ("second", (5, 0)), ("third", (7,))):
            with open(self.path(name), "wb") as stream:
                stream.write(mails.aggregate(name, *counts))
            self.dmarcd("ingest", self.path(name), config=config)
        before = self.sql(view, config)
        rows = "SELECT (SELECT count(*) FROM dmarcd.daily_source), (SELECT count(*) FROM dmarcd.daily_source_added)"
        self.assertEqual([line[:2] + line[3:4] + line[-2:] for line in before],
                         [("192.0.2.1", "example.com", "15", "3", "pending"),
                          ("192.0.2.2", "example.com", "4", "2", "pending")])
        self.assertEqual(self.server.psql("merged", "-c", rows), "5|3")
        self.dmarcd("retention", config=config, code=-signal.SIGKILL, env={"DMARCD_FAULT": "store.merge"})
        self.assertEqual((self.sql(view, config), self.server.psql("merged", "-c", rows)), (before, "5|3"))
        self.dmarcd("retention", config=config)
        self.assertEqual((self.sql(view, config), self.server.psql("merged", "-c", rows)), (before, "2|0"))
        self.dmarcd("reparse", config=config)
        self.assertEqual((self.sql(view, config), self.server.psql("merged", "-c", rows)), (before, "2|0"))
        with open(config, "a", encoding="utf-8") as stream:
            stream.write("limits: {records: 1}\n")
        self.dmarcd("reparse", config=config, code=flow.EX_DATAERR)
        self.assertEqual(self.sql("SELECT host(source_ip), messages, records FROM dmarcd_api.sources", config),
                         [("192.0.2.1", "7", "1")])

    def test_retention_forgets_identities(self):
        self.configure(dsn=self.server.create("dmarcd"), more="retention: {records: 1d}\n")
        with open(self.path("mail"), "wb") as stream:
            stream.write(mails.aggregate("one", 3))
        self.dmarcd("ingest", self.path("mail"))
        self.dmarcd("retention")
        self.assertEqual(self.server.psql("dmarcd", "-c", "SELECT count(*) FROM dmarcd.report_identity"), "0")


if __name__ == "__main__":
    flow.main()
