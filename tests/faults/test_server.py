#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL itself in trouble: restarted in the middle of transactions, without a free connection,
refusing what cannot be put in order, a standby, out of space, out of patience, of another mind about
one mail. None of it is a mail's fault but the last. With FAULTS=all: 200 restarts.

usage: test_server.py BIN_DIR
"""
import os
import random
import subprocess

import fault
import flow
import mails
import proxy

RESTARTS = 200 if fault.ALL else 8
ENDS_A_STATEMENT = (proxy.QUERY, b"S", b"c")  # Query, Sync, CopyDone


class Server(fault.FaultTest):
    def setUp(self):
        super().setUp()
        self.with_server()

    def through_proxy(self, trouble):
        between = proxy.Proxy(self.server, self.path("proxy"), trouble)
        self.addCleanup(between.close)
        self.configure(self.maildir, dsn=between.dsn("dmarcd"))

    def daemon(self):
        """`ingest` that watches; its log is self.log()."""
        with open(self.path("log"), "a", encoding="utf-8") as log:
            daemon = self.start("ingest", stdout=subprocess.DEVNULL, stderr=log)
        self.addCleanup(daemon.wait)
        self.addCleanup(flow.kill, daemon.pid)
        return daemon

    def wait_settled(self):
        try:
            flow.wait_until(lambda: not os.listdir(self.new()), "mails to be taken in")
        except AssertionError as error:
            raise AssertionError(self.log()[-2000:] + self.server_log()[-2000:]) from error

    def end(self, daemon):
        daemon.terminate()
        self.assertEqual(daemon.wait(flow.END_SECS), flow.EX_OK)
        self.check()

    def sql_as(self, statement, database="dmarcd"):
        return self.server.psql(database, "-c", statement)

    def server_log(self):
        with open(os.path.join(self.server.folder, "log"), encoding="utf-8") as stream:
            return stream.read()

    def session(self, *options):
        """A psql that stays."""
        psql = subprocess.Popen([os.path.join(self.server.bin, "psql"), "-X", "-q", "-At", "-h", self.server.folder,
                                 "-d", "dmarcd", *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                cwd="/", bufsize=1)
        self.addCleanup(psql.wait)
        self.addCleanup(psql.stdin.close)
        self.addCleanup(psql.stdout.close)
        return psql

    def say(self, psql, statement):
        psql.stdin.write(statement + ";\n\\echo done\n")
        psql.stdin.flush()
        self.assertEqual(psql.stdout.readline(), "done\n")

    # ---- F21 ----

    def test_restarted_in_mid_transaction(self):
        """The pattern of PostgreSQL's 013_crash_restart: exactly what was committed is there."""
        chance = random.Random(21)
        left = [0]

        def trouble(message):
            if message.toward == proxy.CLIENT or message.kind not in ENDS_A_STATEMENT:
                return proxy.PASS
            left[0] -= 1
            if left[0] == 0:
                self.server.stop()  # immediate
                self.server.start()
            return proxy.PASS

        self.through_proxy(trouble)
        daemon = self.daemon()
        for _ in range(RESTARTS):
            left[0] = chance.randint(1, 25)
            while left[0] > 0:
                self.put_good()
                self.put_good()
                self.put_broken()
                self.wait_settled()
        self.end(daemon)

    # ---- F24 ----

    def test_too_many_connections(self):
        self.sql_as("CREATE ROLE mailer LOGIN; GRANT ALL ON SCHEMA dmarcd, dmarcd_api TO mailer; "
                    "GRANT ALL ON ALL TABLES IN SCHEMA dmarcd, dmarcd_api TO mailer; "
                    "GRANT dmarcd_ingest TO mailer; ALTER ROLE mailer CONNECTION LIMIT 0")
        self.configure(self.maildir, dsn=self.server.dsn("dmarcd").replace("user=postgres", "user=mailer"))
        data = mails.aggregate("piped", 1)
        self.dmarcd("ingest", "-", input=data, code=flow.EX_TEMPFAIL)
        daemon = self.daemon()
        self.put_good()
        self.put_broken()
        self.wait_for_word("the database is away")
        self.assertIn("too many connections", self.log())
        self.sql_as("ALTER ROLE mailer CONNECTION LIMIT 4")
        self.wait_settled()
        self.sql_as("ALTER ROLE mailer CONNECTION LIMIT 0; "
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'mailer'")
        self.put_good()
        self.put_broken()
        self.wait_for_word("the database is away", 2)
        self.check_waiting(2)
        self.sql_as("ALTER ROLE mailer CONNECTION LIMIT 4")
        self.wait_settled()
        self.end(daemon)

    def check_waiting(self, count):
        self.assertEqual(len(os.listdir(self.new())), count)

    def test_no_slot_left(self):
        self.sql_as("CREATE ROLE other LOGIN", "postgres")
        self.sql_as("ALTER SYSTEM SET max_connections = 6", "postgres")  # three of them for superusers
        self.server.stop()
        self.server.start()
        self.configure(self.maildir, dsn=self.server.dsn("dmarcd").replace("user=postgres", "user=other"))
        taken = [self.session("-U", "other") for _ in range(3)]
        for psql in taken:
            self.say(psql, "SET application_name = 'taken'")
        self.put_good()
        done = self.dmarcd("ingest", "--once", code=flow.EX_UNAVAILABLE)
        self.assertIn("connection", done.stderr)
        self.check_waiting(1)
        self.configure(self.maildir, dsn=self.server.dsn("dmarcd"))
        self.dmarcd("ingest", "--once")
        self.check()

    # ---- F25 ----

    def test_serializable(self):
        """Two ingests of the same mails, until the server has refused to put them in order."""
        self.sql_as("ALTER DATABASE dmarcd SET default_transaction_isolation = 'serializable'")
        second = flow.make_maildir(self.path("second"))
        while "could not serialize" not in self.server_log():
            self.assertLess(self.made, 1000)
            for _ in range(60):
                name = self.put_good()
                os.link(self.new(name), os.path.join(second, "new", name))
            with open(self.path("log"), "w", encoding="utf-8") as log:
                runs = [self.start("ingest", maildir, stdout=subprocess.DEVNULL, stderr=log)
                        for maildir in (self.maildir, second)]
            self.assertEqual([run.wait(flow.RUN_SECS) for run in runs], [flow.EX_OK] * 2, self.log())
        self.assertEqual(self.status()["balance"], {"mails": 2 * self.made, "stored": self.made, "duplicate": self.made,
                                                    "not_a_report": 0, "quarantined": 0})
        self.check_rows()

    def test_ten_tries(self):
        """Nine times refused, and at the tenth not: all within one batch, which never failed."""
        self.sql_as("CREATE SEQUENCE public.tries; GRANT USAGE ON public.tries TO PUBLIC; "
                    "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                    "IF nextval('public.tries') < 10 THEN RAISE EXCEPTION 'not now' USING ERRCODE = '40001'; END IF; "
                    "RETURN NULL; END $$; CREATE TRIGGER refuse AFTER INSERT ON dmarcd.mail "
                    "FOR EACH STATEMENT EXECUTE FUNCTION public.refuse()")
        self.put_good()
        self.assertNotIn("database is away", self.dmarcd("ingest", "--once").stderr)
        self.assertEqual(self.sql_as("SELECT last_value FROM public.tries"), "10")
        self.check()

    def test_deadlock(self):
        """With a session that holds what we want and wants what we hold; we are the one to give way."""
        self.sql_as("ALTER DATABASE dmarcd SET deadlock_timeout = '3s'")
        self.put_good()
        sha256 = self.manifest.mails[0].sha256
        psql = self.session("-U", "postgres")
        self.say(psql, "SET deadlock_timeout = '1h'; BEGIN; LOCK TABLE dmarcd.report IN EXCLUSIVE MODE")
        ingest = self.start("ingest", "--once", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        flow.wait_until(lambda: self.sql_as("SELECT count(*) FROM pg_locks WHERE NOT granted") != "0", "a lock to be wanted")
        self.say(psql, "INSERT INTO dmarcd.mail (sha256, outcome, bytes, file, taken_at) VALUES "
                 "(decode('%s', 'hex'), 'not_a_report', 1, '', now())" % sha256)
        self.say(psql, "ROLLBACK")
        self.assertEqual(ingest.wait(flow.RUN_SECS), flow.EX_OK)
        self.assertIn("deadlock detected", self.server_log())
        self.check()

    # ---- F26 ----

    def test_standby(self):
        """A real one: it can be read, nothing is taken in until it is promoted."""
        standby = Standby(self.server, self.path("standby"))
        self.addCleanup(standby.stop)
        standby.start()
        self.configure(self.maildir, dsn=standby.dsn("dmarcd"))
        self.assertEqual(self.status()["balance"]["mails"], 0)
        self.put_good()
        self.put_broken()
        daemon = self.daemon()
        self.wait_for_word("the database is away")
        self.assertIn("25006", self.log())
        self.check_waiting(2)
        standby.psql("postgres", "-c", "SELECT pg_promote()")
        self.wait_settled()
        self.assertEqual(self.log().count("the database is away"), 1)
        self.end(daemon)

    # ---- F27 ----

    def full_disk(self, size):
        """A small file system for PostgreSQL; a function that fills it, and what to remove then."""
        folder = self.path("small")
        os.mkdir(folder)
        if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%d" % size, "none", folder],
                                               check=False, capture_output=True).returncode != 0:
            self.skipTest("not run: faults: a small file system needs root")
        self.addCleanup(subprocess.run, ["umount", folder], check=True)
        os.chown(folder, flow.database_user()["user"], flow.database_user()["group"])

        def fill():
            with open(os.path.join(folder, "ballast"), "wb", buffering=0) as stream:
                try:
                    while True:
                        stream.write(bytes(4096))
                except OSError:
                    return stream.name
        return folder, fill

    def test_disk_of_the_tables_full(self):
        folder, fill = self.full_disk(64 << 20)
        self.addCleanup(self.server.stop)
        self.sql_as("CREATE TABLESPACE small LOCATION '%s'" % folder, "postgres")
        self.sql_as("CREATE DATABASE cramped TABLESPACE small", "postgres")
        self.configure(self.maildir, dsn=self.server.dsn("cramped"))
        self.dmarcd("migrate")
        ballast = fill()
        for _ in range(20):
            self.put_good()
        self.put_broken()
        daemon = self.daemon()
        self.wait_for_word("53100")
        self.check_waiting(21)
        os.unlink(ballast)
        self.wait_settled()
        self.end(daemon)

    def test_disk_of_the_log_full(self):
        """PostgreSQL stops for it; it comes back when there is space."""
        folder, fill = self.full_disk(256 << 20)
        self.server.stop()
        self.server = flow.Server(os.path.join(folder, "server")).start()
        self.addCleanup(self.server.stop)
        self.configure(self.maildir, dsn=self.server.create("dmarcd"))
        self.dmarcd("migrate")
        daemon = self.daemon()
        self.put_good()
        self.wait_settled()
        ballast = fill()
        while self.server.process.poll() is None and "the database is away" not in self.log():
            self.put_good()
        self.wait_for_word("the database is away")
        os.unlink(ballast)
        self.server.stop()
        self.server.start()
        self.wait_settled()
        self.end(daemon)

    def test_statement_timeout(self):
        self.sql_as("CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS "
                    "'BEGIN PERFORM pg_sleep(0.2); RETURN NEW; END'; "
                    "CREATE TRIGGER slow BEFORE INSERT ON dmarcd.mail FOR EACH ROW EXECUTE FUNCTION slow()")
        hurried = []

        def trouble(message):
            words = message.body.replace(b"statement_timeout = '60s'", b"statement_timeout = '9ms'")
            if words == message.body or len(hurried) == 3:
                return proxy.PASS
            hurried.append(words)
            return words

        self.through_proxy(trouble)
        self.put_good()
        self.put_broken()
        done = self.dmarcd("ingest", "--once", code=flow.EX_DATAERR)
        self.assertIn("57014", done.stderr)
        self.assertEqual(len(hurried), 3)
        self.check()

    def test_idle_in_transaction_timeout(self):
        waited = []

        def trouble(message):
            if message.is_commit() and message.nth == 1:
                flow.wait_until(lambda: self.sql_as("SELECT count(*) FROM pg_stat_activity WHERE application_name = "
                                                    "'dmarcd ingest'", "postgres") == "0", "the server's patience to end")
                waited.append(message)
            return message.body.replace(b"session_timeout = '30s'", b"session_timeout = '01s'")

        self.through_proxy(trouble)
        self.put_good()
        self.put_broken()
        self.dmarcd("ingest", "--once", code=flow.EX_DATAERR)
        self.assertEqual(len(waited), 1)
        self.check()

    # ---- F28 ----

    def test_refused_values(self):
        """One mail of many that the server does not want: it alone is set aside, and comes back by hand."""
        self.sql_as("ALTER TABLE dmarcd.report ADD CONSTRAINT whim CHECK (report_id <> 'unwanted')")
        for _ in range(10):
            self.put_good()
        self.put(mails.aggregate("unwanted", 5), "quarantined", "store.rejected")
        for _ in range(10):
            self.put_good()
        done = self.dmarcd("ingest", "--once", code=flow.EX_DATAERR)
        self.assertIn("23514", done.stderr)
        self.assertEqual(done.stderr.count("store.rejected"), 1)
        self.check()
        reason = self.sql("SELECT reason FROM dmarcd_api.mail WHERE code = 'store.rejected'")
        self.assertIn("SQLSTATE 23514", reason[0][0])
        self.sql_as("ALTER TABLE dmarcd.report DROP CONSTRAINT whim")
        self.dmarcd("quarantine", "retry", "--all")
        balance = self.status()["balance"]
        self.assertEqual((balance["stored"], balance["quarantined"]), (21, 0))
        self.check_rows()


class Standby(flow.Server):
    """A streaming copy of another server."""

    def __init__(self, primary, folder):
        self.folder, self.data = folder, os.path.join(folder, "data")
        self.process, self.bin, self.buffers = None, primary.bin, primary.buffers
        os.makedirs(folder, mode=0o755)
        if os.geteuid() == 0:
            os.chown(folder, flow.database_user()["user"], flow.database_user()["group"])
        subprocess.run([os.path.join(self.bin, "pg_basebackup"), "-h", primary.folder, "-U", "postgres", "-D", self.data,
                        "-R", "-c", "fast", "--no-sync"], check=True, cwd="/", **flow.database_user())


if __name__ == "__main__":
    flow.main()
