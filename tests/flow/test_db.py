#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The database to a file and back, to another server, and what may go wrong on the way.

usage: test_db.py BIN_DIR
"""
import json
import os
import re
import shutil
import signal
import subprocess

import flow
import mails
import test_roles

SECRET = "a secret, with : and \\ in it"


class Held:
    """A session of its own that keeps what it has taken until the end of the block."""

    def __init__(self, server, database, statement):
        self.process = subprocess.Popen(
            [os.path.join(server.bin, "psql"), "-X", "-q", "-At", "-h", server.folder, "-U", "postgres", "-d",
             database], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/")
        self.process.stdin.write("BEGIN; %s;\n\\echo taken\n" % statement)
        self.process.stdin.flush()
        while self.process.stdout.readline() not in ("taken\n", ""):
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.communicate()

# The views of migration 2, as it made them.
with open(os.path.join(flow.SOURCE, "schema", "0002_api.sql"), encoding="utf-8") as stream:
    VIEWS_OF_2 = {name: body for body, name in re.findall(
        r"(CREATE VIEW dmarcd_api\.(\w+) AS\n.*?;\n)", stream.read(), re.DOTALL)}

# What migrations 5 to 15 did, undone.
BACK_TO_4 = """
DROP VIEW dmarcd_api.audit, dmarcd_api.failure, dmarcd_api.mail, dmarcd_api.issue;
DROP FUNCTION dmarcd_api.sample_viewed, dmarcd_api.sample_shown, dmarcd_api.sample_original;
DROP VIEW dmarcd_api.reporter_coherence, dmarcd_api.contradiction, dmarcd_api.override, dmarcd_api.record;
DROP VIEW dmarcd_api.sample, dmarcd_api.evidence, dmarcd_api.probe;
DROP VIEW dmarcd_api.verdict, dmarcd_api.recheck, dmarcd_api.verify_queue, dmarcd_api.report, dmarcd_api.daily,
    dmarcd_api.reporters, dmarcd_api.sources;
DROP FUNCTION dmarcd.shares, dmarcd.provenance_rank, dmarcd.rests_on_alignment;
DROP FUNCTION dmarcd.mask_headers, dmarcd.mask_field, dmarcd.mask_addresses, dmarcd.mask_fields, dmarcd.mask_verdict,
    dmarcd.mask, dmarcd.mask_local;
DROP TABLE dmarcd.verify_job, dmarcd.verdict, dmarcd.report_copy, dmarcd.recheck, dmarcd.sample, dmarcd.probe,
    dmarcd.audit;
ALTER TABLE dmarcd.report DROP COLUMN provenance_domain, DROP COLUMN provenance_reasons,
    DROP COLUMN provenance_mail, DROP COLUMN judged_at, DROP COLUMN contradictions;
ALTER TABLE dmarcd.record DROP COLUMN contradictions, DROP COLUMN coherence_notes;
CREATE TABLE dmarcd.reporter AS SELECT policy_domain, day, reporter, sum(messages) AS messages,
    sum(dmarc_pass) AS dmarc_pass, sum(records)::bigint AS records, sum(reports)::bigint AS reports
    FROM dmarcd.daily_reporter GROUP BY 1, 2, 3;
DROP TABLE dmarcd.daily_reporter;
ALTER TABLE dmarcd.reporter RENAME TO daily_reporter;
ALTER TABLE dmarcd.daily_reporter ADD PRIMARY KEY (policy_domain, day, reporter);
""" + "".join(VIEWS_OF_2[view] for view in (
    "mail", "issue", "report", "failure", "daily", "reporters", "record")) + """
DROP INDEX dmarcd.mail_hex, dmarcd.report_mail_hex, dmarcd.report_by_key;
CREATE TABLE dmarcd.plain (LIKE dmarcd.daily_source INCLUDING ALL);
ALTER TABLE dmarcd.plain DROP COLUMN provenance;
INSERT INTO dmarcd.plain SELECT policy_domain, day, source, sum(messages), sum(spf_aligned), sum(dkim_aligned),
    sum(dmarc_pass), sum(rejected), sum(quarantined), sum(records) FROM dmarcd.daily_source GROUP BY 1, 2, 3;
DROP INDEX dmarcd.plain_policy_domain_day_source_idx;
ALTER TABLE dmarcd.plain ADD CONSTRAINT plain_pkey PRIMARY KEY (policy_domain, day, source);
CREATE VIEW dmarcd_api.sources AS SELECT nullif(source, '')::inet AS source_ip, policy_domain, day,
    messages, spf_aligned, dkim_aligned, dmarc_pass, rejected, quarantined, records FROM dmarcd.plain;
DROP TABLE dmarcd.daily_source, dmarcd.daily_source_added;
ALTER TABLE dmarcd.plain RENAME TO daily_source;
ALTER INDEX dmarcd.plain_pkey RENAME TO daily_source_pkey;
DROP TABLE dmarcd.retention;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA dmarcd TO dmarcd_ingest;
GRANT SELECT ON ALL TABLES IN SCHEMA dmarcd TO dmarcd_monitor;
REVOKE INSERT, UPDATE, DELETE ON dmarcd.migration FROM dmarcd_ingest;
GRANT SELECT ON ALL TABLES IN SCHEMA dmarcd_api TO dmarcd_read, dmarcd_web, dmarcd_ingest, dmarcd_monitor;
DELETE FROM dmarcd.migration WHERE number >= 5;
"""


TABLES = ("SELECT string_agg(oid::regclass || ' ' || pg_relation_size(oid), ' ' ORDER BY oid) FROM pg_class "
          "WHERE relnamespace::regnamespace::text IN ('dmarcd', 'public')")


class Database(test_roles.Rights, flow.FlowTest):
    def setUp(self):
        super().setUp()
        self.mails = self.path("mails")
        self.manifest = flow.samples(self.mails, "--profile", "demo", "--days", "8")
        self.dump = self.path("dmarcd.dump")

    def fill(self, **how):
        """Another database with the samples in it; its configuration."""
        config = self.configure(**how)
        self.dmarcd("migrate", config=config)
        self.dmarcd("ingest", "--all", self.mails, code=(flow.EX_OK, flow.EX_DATAERR), config=config)
        return config

    def server_dsn(self, database="reports"):
        if not hasattr(self, "server"):
            self.server = self.own_server()
        return self.server.create(database)

    def check_same(self, before, config):
        """All totals, and that everything goes on as before: rights, versions, known mails."""
        self.config = config
        self.assertEqual(self.status(config), before)
        self.check_rows(config)
        self.check_rights()
        again = self.dmarcd("ingest", "--json", "--all", self.mails, config=config)
        self.assertEqual(set(json.loads(again.stdout).values()), {0})

    def test_private_to_private(self):
        before = self.status(self.fill(name="old"))
        self.check_sums(before, self.manifest)
        done = self.dmarcd("db", "backup", self.dump)
        self.assertIn("quarantine", done.stderr)
        self.assertEqual(os.stat(self.dump).st_mode & 0o777, 0o600)
        new = self.configure(name="new", prepared=False)
        done = self.dmarcd("db", "restore", self.dump)
        self.assertIn("%d places" % self.manifest["mails"], done.stderr)
        self.check_same(before, new)

    def test_between_private_and_server(self):
        before = self.status(self.fill(name="old"))
        self.dmarcd("db", "backup", self.dump)
        on_server = self.configure(name="server", dsn=self.server_dsn())
        self.dmarcd("db", "restore", self.dump)
        self.assertEqual(self.status(on_server)["domains"], before["domains"])
        back = self.path("back.dump")
        self.dmarcd("db", "backup", back, config=on_server)
        self.check_same(before, on_server)
        self.configure(name="new", prepared=False)
        self.dmarcd("db", "restore", back)
        self.assertEqual(self.status()["domains"], before["domains"])

    def test_to_standard_output(self):
        config = self.fill(name="old")
        before = self.status(config)
        with open(self.dump, "wb") as out:
            done = subprocess.run(self.command("db", "backup", "-", config=config), check=True, stdout=out,
                                  stderr=subprocess.PIPE, text=True)
        self.assertIn("quarantine", done.stderr)
        self.assertFalse(os.path.exists("-"))
        self.configure(name="new", prepared=False)
        self.dmarcd("db", "restore", self.dump)
        self.assertEqual(self.status()["domains"], before["domains"])
        with open("/dev/full", "wb") as out:
            done = subprocess.run(self.command("db", "backup", "-", config=config), check=False, stdout=out,
                                  stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, os.EX_IOERR)
        self.assertIn("no whole backup", done.stderr)

    def test_move(self):
        old = self.fill(name="old")
        before = self.status(old)
        dsn = self.server_dsn()
        done = self.dmarcd("db", "move", "--to", dsn)
        self.assertIn("%d places" % self.manifest["mails"], done.stderr)
        self.assertEqual(self.status(old), before)
        with open(old, encoding="utf-8") as stream:
            new = self.write("new.yaml", stream.read() + done.stdout)
        self.check_same(before, new)
        done = self.dmarcd("db", "move", "--to", dsn, config=old, code=flow.EX_CANTCREAT)
        self.assertIn("mails already", done.stderr)
        self.dmarcd("db", "move", "--to", self.server_dsn("other"), config=new, code=flow.EX_CONFIG)

    def test_quarantined_mails_follow_with_their_folder(self):
        old = self.fill(name="old")
        self.dmarcd("db", "backup", self.dump)
        new = self.configure(name="new", prepared=False)
        self.dmarcd("db", "restore", self.dump)
        shutil.copytree(self.path("old.state", "quarantine"), self.path("new.state", "quarantine"))
        self.check_quarantine(self.manifest, new)
        self.assertNotEqual(old, new)

    def test_restore_of_what_is_none(self):
        full = self.fill(name="full")
        before = self.status(full)
        self.dmarcd("db", "backup", self.dump)
        self.dmarcd("db", "restore", self.dump, code=flow.EX_CANTCREAT)
        self.assertEqual(self.status(full), before)
        empty = self.configure(name="empty")
        nothing = self.status(empty)
        with open(self.dump, "rb") as stream:
            whole = stream.read()
        self.dmarcd("db", "restore", self.path("missing"), code=flow.EX_NOINPUT)
        self.dmarcd("db", "restore", self.top, code=flow.EX_NOINPUT)
        for name, content in (("nothing", b""), ("text", b"SELECT 1;\n"), ("head", whole[:5]),
                              ("half", whole[:len(whole) // 2]), ("end", whole[:-100]),
                              ("flipped", whole[:-3000] + b"\xff" * 1000 + whole[-2000:])):
            with open(self.path(name), "wb") as stream:
                stream.write(content)
            self.dmarcd("db", "restore", self.path(name), code=flow.EX_DATAERR)
            self.assertEqual(self.status(empty), nothing, name)
        self.server_dsn("foreign")
        self.server.psql("foreign", "-c", "CREATE TABLE t (x int)")
        subprocess.run([os.path.join(self.server.bin, "pg_dump"), "-Fc", "-h", self.server.folder, "-U",
                        "postgres", "-f", self.path("foreign"), "foreign"], check=True)
        done = self.dmarcd("db", "restore", self.path("foreign"), code=flow.EX_DATAERR)
        self.assertIn("no backup of dmarcd", done.stderr)

    def test_nothing_of_others_goes(self):
        """Neither with a database of theirs that has our name, nor what they made of our views, nor what is no mail."""
        private = self.configure(name="private")
        self.dmarcd("migrate", config=private)
        self.dmarcd("db", "backup", self.dump, config=private)
        for name, made, code, said in (
                ("schema", "CREATE TABLE dmarcd.theirs (x int)", flow.EX_CONFIG, "did not make"),
                ("sample", "INSERT INTO dmarcd.sample (sha256, maildir, file, bytes, taken_at, arrived_at, day) "
                           "VALUES ('x', 'm', 'f', 1, now(), now(), now())", flow.EX_CANTCREAT, "samples already: 1"),
                ("probe", "INSERT INTO dmarcd.probe VALUES ('p', 'm', 'd', now())", flow.EX_CANTCREAT, "probes already"),
                ("view", "CREATE VIEW theirs AS SELECT * FROM dmarcd_api.daily", flow.EX_CANTCREAT, "public.theirs"),
                ("key", "CREATE TABLE theirs (x bytea REFERENCES dmarcd.sample)", flow.EX_CANTCREAT, "public.theirs")):
            with self.subTest(name):
                dsn = self.server_dsn(name)
                there = self.configure(name="there", dsn=dsn, prepared=False)
                if name == "schema":
                    self.server.psql(name, "-c", "CREATE SCHEMA dmarcd")
                else:
                    self.dmarcd("migrate", config=there)
                self.server.psql(name, "-c", made)
                kept = self.server.psql(name, "-c", TABLES)
                self.assertIn(said, self.dmarcd("db", "restore", self.dump, config=there, code=code).stderr)
                self.assertIn(said, self.dmarcd("db", "move", "--to", dsn, config=private, code=code).stderr)
                self.assertEqual(self.server.psql(name, "-c", TABLES), kept)
        self.server_dsn("made")
        self.server.psql("made", "-c", "CREATE SCHEMA dmarcd")
        self.dmarcd("db", "restore", self.dump, config=self.configure(
            name="made", dsn=self.server.dsn("made"), prepared=False))

    def test_other_versions(self):
        config = self.fill(name="server", dsn=self.server_dsn())
        bare = mails.report("bare", 3)[0].replace("<end>1774915199", "<end>%d" % (1774828800 + 7 * 86400))
        self.dmarcd("ingest", self.write("bare.xml", bare), config=config)
        before = self.status(config)
        self.server.psql("reports", "-c", BACK_TO_4)
        subprocess.run([os.path.join(self.server.bin, "pg_dump"), "-Fc", "-n", "dmarcd", "-n", "dmarcd_api", "-h",
                        self.server.folder, "-U", "postgres", "-f", self.dump, "reports"], check=True)
        self.configure(name="new", prepared=False)
        self.dmarcd("db", "restore", self.dump)
        after = self.status()
        for status in (before, after): # mails are queued when a database learns of verdicts
            status["verdicts"].update(oldest=None, next=None)
        self.assertEqual(after, before)
        self.assertEqual(self.sql("SELECT count(*) FROM pg_indexes WHERE indexname = 'report_by_key'"), [("1",)])
        self.check_rows()
        self.check_rights()
        self.assertEqual(self.sql("SELECT DISTINCT provenance FROM dmarcd_api.sources ORDER BY 1"),
                         [("local",), ("pending",)])
        self.assertEqual(self.sql("SELECT waiting FROM dmarcd_api.verify_queue"), self.sql(
            "SELECT count(DISTINCT mail_sha256) FROM dmarcd_api.report WHERE provenance = 'pending'"))
        self.dmarcd("migrate", config=config)
        self.server.psql("reports", "-c", "INSERT INTO dmarcd.migration VALUES (9999, 'later', '')")
        subprocess.run([os.path.join(self.server.bin, "pg_dump"), "-Fc", "-n", "dmarcd", "-n", "dmarcd_api", "-h",
                        self.server.folder, "-U", "postgres", "-f", self.dump, "reports"], check=True)
        self.configure(name="third")
        done = self.dmarcd("db", "restore", self.dump, code=flow.EX_DATAERR)
        self.assertIn("9999", done.stderr)
        self.assertEqual(self.status()["balance"]["mails"], 0)

    def test_daemon_runs(self):
        config = self.configure(more="http: {listen: '127.0.0.1:%d'}\n" % (26000 + os.getpid() % 2000))
        self.dmarcd("db", "backup", self.dump)
        run = self.start("run", config=config, stderr=subprocess.PIPE)
        try:
            for line in run.stderr:
                if "ready" in line:
                    break
            self.dmarcd("db", "restore", self.dump, code=flow.EX_TEMPFAIL)
            self.dmarcd("db", "move", "--to", self.server_dsn(), code=flow.EX_TEMPFAIL)
            self.dmarcd("db", "backup", self.dump)
        finally:
            run.send_signal(signal.SIGTERM)
            run.communicate(timeout=flow.END_SECS)

    def waits(self, name, lock):
        return self.server.psql("postgres", "-c", "SELECT count(*) FROM pg_stat_activity WHERE "
                                "application_name = '%s' AND wait_event = '%s'" % (name, lock)) == "1"

    def test_backup_interrupted(self):
        config = self.fill(name="server", dsn=self.server_dsn())
        self.write("server.yaml", "state_dir: %s\ndatabase: {dsn: \"%s\", password_file: %s}\n" % (
            self.path("server.state"), self.server.dsn("reports"), self.write("secret", SECRET + "\n")))
        os.chmod(self.path("secret"), 0o600)
        with open(self.dump, "wb") as stream:
            stream.write(b"the one of yesterday")
        for number in (signal.SIGTERM, signal.SIGKILL):
            with Held(self.server, "reports", "LOCK TABLE dmarcd.mail IN ACCESS EXCLUSIVE MODE"):
                run = self.start("db", "backup", self.dump, config=config, stderr=subprocess.PIPE)
                flow.wait_until(lambda: self.waits("pg_dump", "relation"), "pg_dump to wait")
                for pid in [run.pid, *flow.descendants(run.pid)]:
                    for name in ("cmdline", "environ"):
                        with open("/proc/%d/%s" % (pid, name), "rb") as stream:
                            self.assertNotIn(SECRET.split(":", maxsplit=1)[0].encode(), stream.read())
                run.send_signal(number)
                run.communicate(timeout=flow.END_SECS)
                flow.wait_until(lambda: not flow.descendants(os.getpid(), "pg_dump"), "pg_dump to end")
            self.assertEqual(run.returncode, flow.EX_TEMPFAIL if number == signal.SIGTERM else -number)
            with open(self.dump, "rb") as stream:
                self.assertEqual(stream.read(), b"the one of yesterday")
            parts = [name for name in os.listdir(self.top) if ".part." in name]
            self.assertEqual(len(parts), 0 if number == signal.SIGTERM else 1)
        self.dmarcd("db", "backup", self.dump, config=config)

    def moving(self, old, dsn):
        """A move that waits, when all rows are there, for the end of what is held."""
        self.server.psql("reports", "-c", "CREATE FUNCTION public.hold() RETURNS event_trigger LANGUAGE plpgsql AS "
                         "'BEGIN PERFORM pg_advisory_xact_lock(7); END'; "
                         "CREATE EVENT TRIGGER hold ON ddl_command_start WHEN TAG IN ('CREATE INDEX') "
                         "EXECUTE FUNCTION public.hold()")
        run = self.start("db", "move", "--to", dsn, config=old, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
        flow.wait_until(lambda: self.waits("pg_restore", "advisory"), "pg_restore to wait")
        self.server.psql("reports", "-c", "DROP FUNCTION public.hold() CASCADE")
        return run

    def test_move_interrupted(self):
        """The destination is as empty as before, and at the next time all of it gets there."""
        old = self.fill(name="old")
        before = self.status(old)
        dsn = self.server_dsn()
        there = self.configure(name="there", dsn=dsn)
        self.dmarcd("migrate", config=there)
        nothing = self.status(there)
        for number, code in ((signal.SIGTERM, flow.EX_TEMPFAIL), (signal.SIGKILL, -signal.SIGKILL)):
            with Held(self.server, "reports", "SELECT pg_advisory_lock(7)"):
                run = self.moving(old, dsn)
                run.send_signal(number)
                flow.wait_until(lambda: not flow.descendants(os.getpid(), "pg_restore"), "pg_restore to end")
            out, _ = run.communicate(timeout=flow.END_SECS)
            self.assertEqual((run.returncode, out), (code, ""))
            self.dmarcd("migrate", config=there)
            self.assertEqual(self.status(there), nothing)
            self.assertEqual(self.status(old), before)
        self.dmarcd("db", "move", "--to", dsn, config=old)
        self.assertEqual(self.status(there), before)

    def test_nothing_comes_in_during_a_move(self):
        old = self.fill(name="old")
        dsn = self.server_dsn()
        self.dmarcd("migrate", config=self.configure(name="there", dsn=dsn))
        with Held(self.server, "reports", "SELECT pg_advisory_lock(7)"):
            run = self.moving(old, dsn)
            self.dmarcd("ingest", "-", config=old, code=flow.EX_TEMPFAIL, input="Subject: late\n\nmail\n")
        self.assertIn("database: {dsn:", run.communicate(timeout=flow.RUN_SECS)[0])
        self.assertEqual(self.status(old), self.status(self.path("there.yaml")))

    def test_wrong_use(self):
        self.configure()
        for arguments in ((), ("dump", "x"), ("backup",), ("backup", "a", "b"), ("move",), ("restore", "--to", "x", "y"),
                          ("move", "--to", "host=/nowhere password=x"), ("move", "--to", "nonsense=1")):
            self.dmarcd("db", *arguments, code=flow.EX_USAGE)
        self.dmarcd("db", "backup", self.path("no", "folder"), code=flow.EX_CANTCREAT)
        self.assertIn("reads through", self.dmarcd("db", "restore", "-", code=flow.EX_USAGE).stderr)
        self.dmarcd("db", "move", "--to", "host=%s dbname=x" % self.top, code=flow.EX_UNAVAILABLE)
        there = self.server_dsn("there")
        self.server.psql("there", "-c", "CREATE ROLE locked LOGIN; CREATE ROLE nologin; "
                         "REVOKE CONNECT ON DATABASE there FROM PUBLIC")
        for dsn, code, said in ((there.replace("there", "nothere"), flow.EX_UNAVAILABLE, "createdb"),
                                (there.replace("postgres", "locked"), flow.EX_NOPERM, "permission denied"),
                                (there.replace("postgres", "nologin"), flow.EX_NOPERM, "not permitted"),
                                (there.replace("postgres", "nobody"), flow.EX_NOPERM, "does not exist")):
            self.assertIn(said, self.dmarcd("db", "move", "--to", dsn, code=code).stderr)
        self.configure(name="none", prepared=False)
        self.dmarcd("db", "backup", self.dump, code=flow.EX_UNAVAILABLE)


if __name__ == "__main__":
    flow.main()
