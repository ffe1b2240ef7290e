#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Locale, time zone, summer time (F35): what is read, kept and shown are the same bytes in Germany, in Turkey and in
New York as in C and UTC, before a server that writes dates, numbers and words as its host does.

usage: test_locale.py BIN_DIR
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request

import flow
import mails

PLAIN = {"LC_ALL": "C", "TZ": "UTC"}
ABROAD = ({"LC_ALL": "de_DE.UTF-8", "TZ": "Europe/Berlin"}, {"LC_ALL": "tr_TR.UTF-8", "TZ": "America/New_York"})
LOCALES = [place["LC_ALL"] for place in ABROAD]
# What postgresql.conf says on such hosts, and worse; each is asked for by name below.
SETTINGS = {"timezone": "Europe/Berlin", "datestyle": "German, DMY", "intervalstyle": "sql_standard",
            "lc_numeric": "de_DE.UTF-8", "lc_time": "tr_TR.UTF-8", "lc_monetary": "de_DE.UTF-8",
            "lc_messages": "de_DE.UTF-8", "bytea_output": "escape"}
HOUR, DAY = 3600, 86400
# (name, begin, seconds): days as they are counted where the clock is turned, and as all the world counts them.
PERIODS = (
    ("berlin-spring", 1743289200, 23 * HOUR),      # 2025-03-30, 23 hours, from 2025-03-29T23:00Z
    ("utc-spring", 1743292800, DAY),               # 2025-03-30
    ("berlin-autumn", 1761429600, 25 * HOUR),      # 2025-10-26, 25 hours, from 2025-10-25T22:00Z
    ("utc-autumn", 1761436800, DAY),               # 2025-10-26
    ("days-spring", 1743206400, 3 * DAY),          # 2025-03-29 to 31: split over its days
    ("days-autumn", 1761350400, 3 * DAY),          # 2025-10-25 to 27
    ("new-york-spring", 1741496400, 23 * HOUR),    # 2025-03-09
    ("new-york-autumn", 1762056000, 25 * HOUR),    # 2025-11-02
    ("last-hour-of-march", 1743462000, HOUR),      # in April already in Berlin
    ("first-hour-of-april", 1743465600, HOUR),     # in March still in New York
)
ARRIVAL = b"Source-IP: 192.0.2.9\nArrival-Date: Sun, 26 Oct 2025 02:30:00 +0100"

# Nothing that is another in each database: no key, no time of ours.
KEPT = """
SELECT 'report', day::text, kind, org_name, report_id, policy_domain, extract(epoch FROM begin_at)::bigint,
    extract(epoch FROM end_at)::bigint, records::text, messages::text, issues::text FROM dmarcd_api.report
UNION ALL SELECT 'record', p.day::text, p.report_id, r.source_ip::text, r.header_from, r.messages::text, 0, 0, '', '',
    ''
    FROM dmarcd_api.record r JOIN dmarcd_api.report p USING (report_key)
UNION ALL SELECT 'daily', day::text, policy_domain, header_from, messages::text, records::text, 0, 0, '', '', ''
    FROM dmarcd_api.daily
UNION ALL SELECT 'failure', day::text, extract(epoch FROM arrived_at)::text, reported_domain, fields::text, '', 0, 0,
    '', '', '' FROM dmarcd_api.failure
UNION ALL SELECT 'mail', sha256, outcome, code, reason, '', 0, 0, '', '', '' FROM dmarcd_api.mail
UNION ALL SELECT 'month', c.relname, '', '', '', '', 0, 0, '', '', '' FROM pg_class c
    WHERE c.relname ~ '^record_[0-9]{4}_[0-9]{2}$'"""
PERIOD, YEARS = "from=2025-01-01&to=2025-12-31", "from=2023-01-01&to=2025-12-31"
WEEKS = "from=2025-03-24&to=2025-11-09"
PATHS = (
    *("%s?%s" % (path, period) for period in (PERIOD, WEEKS, YEARS) for path in ("/", "/domains/info.example.com")),
    *("%s?%s%s" % (path, PERIOD, how) for how in ("", "&format=csv", "&format=json")
      for path in ("/domains", "/sources", "/reporters", "/reports", "/failures", "/tls")),
    "/?from=2025-10-25&to=2025-10-27", "/?from=2025-03-29&to=2025-03-31", "/", "/quarantine", "/mails",
    "/mails?format=json", "/mails?format=csv", "/api/v1/domains?" + PERIOD, "/api/v1/?" + YEARS)


class Locale(flow.FlowTest):
    @classmethod
    def setUpClass(cls):
        cls.class_top = tempfile.mkdtemp(prefix="dmarcd-flow-")
        cls.addClassCleanup(shutil.rmtree, cls.class_top)
        os.chmod(cls.class_top, 0o755)
        making = [subprocess.Popen(["localedef", "--no-archive", "-i", name.split(".")[0], "-f", "UTF-8",
                                    os.path.join(cls.class_top, name)]) for name in LOCALES]
        assert [process.wait() for process in making] == [0] * len(LOCALES)
        # The server's as well; libc looks there before it looks anywhere else.
        os.environ["LOCPATH"] = cls.class_top
        cls.addClassCleanup(os.environ.pop, "LOCPATH")
        cls.server_of_class = cls.server = flow.Server(os.path.join(cls.class_top, "server")).start()
        cls.addClassCleanup(cls.server.stop)

    def setUp(self):
        super().setUp()
        self.folder = self.path("files")
        os.mkdir(self.folder)
        for name, data in self.made():
            with open(os.path.join(self.folder, name), "wb") as stream:
                stream.write(data)

    def made(self):
        for number, (name, begin, secs) in enumerate(PERIODS, 1):
            # Capital I: small without a dot in Turkey. Counts that are grouped, or not, by three.
            yield name, mails.aggregate(name, number, 1234567 * number, domain="INFO.Example.COM",
                                        org="ISTANBUL.example", begin=begin, end=begin + secs - 1)
        yield "failure", mails.failure(1).replace(b"Source-IP: 192.0.2.9", ARRIVAL)
        yield "tls", mails.tls(1, 2)
        yield "broken", mails.broken(1)

    def have(self, database, settings):
        if not settings:
            return
        self.server.psql("postgres", *(word for setting in settings.items() for word in (
            "-c", "ALTER DATABASE %s SET %s = '%s'" % (database, *setting))))

    def prepare(self, database, settings, how):
        """A database whose sessions have these settings; the configuration for it."""
        self.server.psql("postgres", "-c", "CREATE DATABASE %s TEMPLATE %s" % (database, how))
        self.have(database, settings)
        return self.configure(name=database, dsn=self.server.dsn(database),
                              more="http: {listen: '127.0.0.1:%d'}\n" % (28000 + os.getpid() % 400 * 5))

    def kept(self, place, settings, how):
        """What a run says, and what the database holds then."""
        database = "db_" + place["LC_ALL"][:2].lower()
        self.prepare(database, settings, how)
        self.dmarcd("migrate", env=place)
        told = self.dmarcd("ingest", "--json", self.folder, env=place, code=flow.EX_DATAERR).stdout
        return told, sorted(self.server.psql(database, "-c", "SET DateStyle = 'ISO'", "-c", KEPT).splitlines())

    def said(self, place):
        """What each command says of one database."""
        files = sorted(os.path.join(self.folder, name) for name in os.listdir(self.folder))
        for command in ("parse --json", "mails --json", "mails", "quarantine list --json", "quarantine list"):
            done = self.dmarcd(*command.split(), *(files if "parse" in command else ()), env=place,
                               code=(flow.EX_OK, flow.EX_DATAERR))
            yield command, done.stdout

    def pages(self, place):
        """(path, its bytes) of `dmarcd web` there."""
        web = self.start("web", "--port-tries", "50", env=place, stderr=subprocess.PIPE)
        try:
            url = next(filter(None, (re.search(r'listening.*url="?([^"\s]+)', line) for line in web.stderr)))[1]
            for path in PATHS:
                with urllib.request.urlopen(url.rstrip("/") + path) as answer:
                    yield path, re.sub(rb":%d\b" % int(url.split(":")[2].strip("/")), b":port", answer.read())
        finally:
            web.terminate()
            web.communicate()
        self.assertEqual(web.returncode, flow.EX_OK)

    def test_places_are_there(self):
        """Or all else shows nothing."""
        for place in ABROAD:
            said = subprocess.run(
                [sys.executable, "-c", "import locale, time; locale.setlocale(locale.LC_ALL, ''); "
                 "print(locale.localeconv()['decimal_point'], time.localtime(1743292800).tm_hour != 0)"],
                env={**os.environ, **place}, check=True, capture_output=True, text=True).stdout
            self.assertEqual(said, ", True\n")
        self.prepare("asked", SETTINGS, "template1")
        self.assertEqual(self.server.psql("asked", "-c", "SELECT date '2025-03-30', to_char(1234.5, '9G999D9')"),
                         "30.03.2025| 1.234,5")
        self.assertEqual(self.server.psql("asked", "-c", "SHOW lc_messages"), "de_DE.UTF-8")

    def test_kept_and_shown(self):
        """Taken in everywhere, each into a database of its own; then one of these is looked at from everywhere."""
        abroad = [self.kept(place, SETTINGS, "template0 LOCALE '%s'" % place["LC_ALL"]) for place in ABROAD]
        plain = self.kept(PLAIN, {}, "template1")
        self.assertIn("report|2025-03-30|aggregate", "\n".join(plain[1]))
        self.assertIn("month|record_2025_10", "\n".join(plain[1]))
        for place, found in zip(ABROAD, abroad):
            with self.subTest(place["LC_ALL"]):
                self.assertEqual(found, plain)
        said, pages = dict(self.said(PLAIN)), dict(self.pages(PLAIN))
        self.assertIn(b"2025-03-30", pages["/reports?%s&format=csv" % PERIOD])
        self.have("db_c", SETTINGS)
        for place in ABROAD:
            for what, wanted in ((self.said, said), (self.pages, pages)):
                for name, text in what(place):
                    with self.subTest(place["LC_ALL"], name=name):
                        self.assertEqual(text, wanted[name])

    def test_refused(self):
        """By a server that says so in German; and one whose database is not there yet is waited for."""
        self.server.psql("postgres", "-c", "ALTER SYSTEM SET lc_messages = 'de_DE.UTF-8'", "-c",
                         "SELECT pg_reload_conf()")
        flow.wait_until(lambda: self.server.psql("postgres", "-c", "SHOW lc_messages") == "de_DE.UTF-8", "the language")
        for dsn, code, says in (("user=nobody dbname=postgres", flow.EX_NOPERM, "refuses us: .*existiert nicht"),
                                ("user=postgres dbname=nothing", flow.EX_UNAVAILABLE,
                                 "is away: .*existiert nicht\nhint: createdb")):
            with self.subTest(dsn):
                self.configure(dsn="host=%s %s" % (self.server.folder, dsn))
                self.assertRegex(self.dmarcd("status", code=code).stderr, says)


if __name__ == "__main__":
    if not shutil.which("localedef") or not os.path.exists("/usr/share/i18n/locales/tr_TR"):
        flow.not_run("locales cannot be made; apt-get install locales")
    flow.main()
