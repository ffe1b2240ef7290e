#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One database and more than one of everything: ingests at once, Maildirs with the same mails, a
server of one's own beside the private cluster, schemas of earlier versions.

usage: test_together.py BIN_DIR
"""
import glob
import hashlib
import concurrent.futures
import os
import shutil
import subprocess

import flow

ENDS = (flow.EX_OK, flow.EX_DATAERR)


class Together(flow.FlowTest):
    def setUp(self):
        super().setUp()
        self.server = self.own_server()

    def test_two_ingests_overlap(self):
        """Each Maildir holds two thirds of the mails: totals are those of one run over all."""
        wanted = flow.samples(self.path("all"), "--days", "8")
        self.configure(dsn=self.server.create("both"))
        self.dmarcd("migrate")
        names = sorted(os.listdir(self.path("all", "new")))
        third = len(names) // 3
        shared = len(names) - 2 * third
        for maildir, chosen in (("one", names[:third + shared]), ("two", names[third:])):
            flow.make_maildir(self.path(maildir))
            for name in chosen:
                shutil.copy2(self.path("all", "new", name), self.path(maildir, "new", name))
        with open(self.path("log"), "w+", encoding="utf-8") as log:
            runs = [self.start("ingest", self.path(maildir), stdout=subprocess.DEVNULL, stderr=log)
                    for maildir in ("one", "two")]
            for run in runs:
                run.wait(flow.RUN_SECS)
            log.seek(0)
            text = log.read()
        for run in runs:
            self.assertIn(run.returncode, ENDS, text)
        status = self.status()
        self.check_sums(status, wanted)
        self.assertEqual(status["balance"]["mails"], len(names) + shared)
        self.assertEqual(status["balance"]["duplicate"], wanted["duplicate"] + shared)
        for outcome in ("stored", "not_a_report", "quarantined"):
            self.assertEqual(status["balance"][outcome], wanted[outcome])
        for maildir in ("one", "two"):
            self.assertEqual(os.listdir(self.path(maildir, "new")), [])

    def test_partitions_made_by_many(self):
        """Sessions that want the same new months at the same moment: each month is made once."""
        self.configure(dsn=self.server.create("months"))
        self.dmarcd("migrate")
        months = "SELECT dmarcd.ensure_month((date '2011-01-15' + %d * interval '1 month')::date)"
        statements = [argument for month in range(120) for argument in ("-c", months.replace("%d", str(month)))]
        with concurrent.futures.ThreadPoolExecutor(6) as sessions:
            for done in [sessions.submit(self.server.psql, "months", *statements) for _ in range(6)]:
                done.result()
        self.assertEqual(self.server.psql("months", "-c", "SELECT count(*) FROM pg_class "
                                          "WHERE relkind = 'r' AND relname ~ '^record_[0-9]'"), "120")

    def test_server_and_cluster_agree(self):
        wanted = flow.samples(self.path("a"), "--days", "3")
        shutil.copytree(self.path("a"), self.path("b"))
        found = []
        for name, dsn in (("a", None), ("b", self.server.create("same"))):
            config = self.write(name + ".yaml", "state_dir: %s\n%s" % (
                self.path(name + "-state"), "database: {dsn: '%s'}\n" % dsn if dsn else ""))
            self.dmarcd("ingest", self.path(name), config=config, code=ENDS)
            self.check_totals(self.status(config), wanted)
            found.append(self.sql("SELECT day, policy_domain, header_from, disposition, sum(messages) FROM "
                                  "dmarcd_api.daily GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4", config))
        self.assertEqual(found[0], found[1])

    def test_sums_are_those_of_the_rows(self):
        flow.samples(self.path("mails"), "--days", "8")
        self.configure(dsn=self.server.create("sums"))
        self.dmarcd("ingest", self.path("mails"), code=ENDS)
        rows = "SELECT policy_domain, sum(messages), count(*) FROM dmarcd_api.record GROUP BY 1 ORDER BY 1"
        for view in ("daily", "sources", "reporters"):
            self.assertEqual(self.sql(rows), self.sql(
                "SELECT policy_domain, sum(messages), sum(records) FROM dmarcd_api.%s GROUP BY 1 ORDER BY 1"
                % view), view)
        self.dmarcd("reparse")
        self.assertEqual(self.sql(rows), self.sql(
            "SELECT policy_domain, sum(messages), sum(records) FROM dmarcd_api.daily GROUP BY 1 ORDER BY 1"))

    # ---- migrations ----

    def files(self):
        return sorted(glob.glob(os.path.join(flow.SOURCE, "schema", "[0-9]*.sql")))

    def make_version(self, database, version):
        """A database as the program of that version left it, with a mail in it."""
        self.server.create(database)
        self.server.psql(database, "-c", "CREATE SCHEMA dmarcd; CREATE TABLE dmarcd.migration (number integer "
                         "PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL, applied_at timestamptz NOT NULL "
                         "DEFAULT now())")
        for number, path in enumerate(self.files()[:version], 1):
            with open(path, "rb") as stream:
                sum_of = hashlib.sha256(stream.read()).hexdigest()
            self.server.psql(database, "-1", "-f", path)
            self.server.psql(database, "-c", "INSERT INTO dmarcd.migration (number, name, sha256) VALUES "
                             "(%d, '%s', '%s')" % (number, os.path.basename(path), sum_of))
        self.server.psql(database, "-c", "INSERT INTO dmarcd.mail (sha256, outcome, bytes, file, taken_at) VALUES "
                         "(decode(repeat('ab', 32), 'hex'), 'not_a_report', 7, 'kept', now())")

    def test_upgrade_from_every_version(self):
        wanted = flow.samples(self.path("mails"), "--days", "2")
        for version in range(1, len(self.files()) + 1):
            with self.subTest(version):
                database = "from%d" % version
                self.make_version(database, version)
                self.configure(name=database, dsn=self.server.dsn(database))
                if version < len(self.files()):
                    self.assertIn("migrate", self.dmarcd("status", code=flow.EX_UNAVAILABLE).stderr)
                self.dmarcd("migrate")
                self.dmarcd("migrate")
                self.assertEqual(self.status()["balance"]["mails"], 1)
                shutil.copytree(self.path("mails"), self.path(database + "-mails"))
                self.dmarcd("ingest", self.path(database + "-mails"), code=ENDS)
                self.check_sums(self.status(), wanted)

    def test_two_migrations_at_once(self):
        self.configure(dsn=self.server.create("race"))
        runs = [self.start("migrate", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(4)]
        self.assertEqual([run.wait(flow.RUN_SECS) for run in runs], [0] * 4)
        self.assertEqual(self.status()["schema_version"], len(self.files()))

    def test_foreign_schemas_are_refused(self):
        for name, change in (("changed", "UPDATE dmarcd.migration SET sha256 = 'x' WHERE number = 1"),
                             ("newer", "INSERT INTO dmarcd.migration VALUES (999, 'later', 'x')")):
            with self.subTest(name):
                self.configure(name=name, dsn=self.server.create(name))
                self.dmarcd("migrate")
                self.server.psql(name, "-c", change)
                self.assertTrue(self.dmarcd("migrate", code=flow.EX_CONFIG).stderr)
        self.dmarcd("status", code=flow.EX_UNAVAILABLE)


if __name__ == "__main__":
    flow.main()
