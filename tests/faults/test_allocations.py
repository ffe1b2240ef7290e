#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""malloc fails in the main process (F5) wherever it is called: calls are told apart by their callers, and of those
with the same four the first and the last fail, each in a run of its own: of an ingest, of parse, of the
judge, and of the pages. No run crashes, none says what is not so, and the next is what it would have been.
FAULTS=all takes all of them, else some.

usage: test_allocations.py BIN_DIR
"""
import http.client
import os
import subprocess
import urllib.error
import urllib.request

import fault  # also says where the others are
import factory
import flow
import mails
import nomem
import zone

SOME = 4
BETWEEN_LOOKS = 20
PAGES = ("/", "/reports", "/api/v1/reports", "/metrics")
SAME = PAGES[1:3]  # whenever they are asked for


class Allocations(nomem.MemoryTest):
    def unrandomised(self, *arguments):
        return ["setarch", "-R", *self.command(*arguments)]

    def run_with(self, *arguments):
        """It ends by itself, and a failure says something."""
        done = subprocess.run(self.unrandomised(*arguments), check=False, capture_output=True, text=True,
                              timeout=flow.RUN_SECS, env={**os.environ, **self.environment})
        self.assertGreaterEqual(done.returncode, 0, "killed by itself: " + done.stderr)
        if done.returncode not in fault.ENDS:
            self.assertTrue(done.stderr)
        return done

    def points(self, run):
        """(site, number of its call) as run() makes them."""
        self.begin(nomem.BY_SITE)
        run()
        sites = self.sites()
        self.assertLess(len(sites), nomem.SITES)
        found = sorted({(site, at) for site, calls in sites.items() for at in (1, calls)})
        chosen = found[::1 if fault.ALL else max(1, len(found) // SOME)]
        print("%s: %d calls from %d places, %d of them fail" % (
            self.id().split(".")[-1], sum(sites.values()), len(sites), len(chosen)), flush=True)
        return chosen

    def fail_each(self, run, look=None):
        """run() with each of the points; look() now and then, and at the end."""
        failed, ends = 0, {}
        for number, (site, at) in enumerate(self.points(run), 1):
            with self.subTest(site="%x" % site, at=at):
                self.begin(nomem.BY_SITE, at=at, wanted=site)
                end = run()
                failed += self.seen()[0]
                ends[end] = ends.get(end, 0) + 1
                if look and number % BETWEEN_LOOKS == 0:
                    look()
        if look:
            look()
        print("failed: %d, ends: %s" % (failed, ends), flush=True)
        self.assertGreater(failed, 0)

    # ---- ingest and parse

    def put_mixed(self):
        self.put_good()
        self.put_broken()
        self.put(mails.failure(self.made), "stored")
        self.put(mails.tls(self.made), "stored", totals=(1, 0, 0, 0, 5, 1))
        self.put(b"From: a@made.example\nSubject: lunch %d\n\nno report\n" % self.made, "not_a_report")
        twice = mails.zipped("zip-%d" % self.made, 3)
        for _ in range(2):
            self.put(twice, "stored")

    def test_ingest(self):
        self.with_server()

        def run():
            self.put_mixed()
            return self.run_with("ingest", "--once").returncode

        def look():
            self.check(settled=False)
            self.dmarcd("ingest", "--once", code=fault.ENDS)
            self.check()

        self.fail_each(run, look)

    def test_parse(self):
        self.configure()
        self.put_mixed()
        files = sorted(self.new(name) for name in os.listdir(self.new()))
        wanted = self.dmarcd("parse", *files, code=flow.EX_DATAERR).stdout

        def run():
            done = self.run_with("parse", *files)
            if done.returncode in fault.ENDS:
                self.assertEqual(done.stdout, wanted)
            else:
                self.assertTrue(wanted.startswith(done.stdout), "said what is not so: " + done.stdout)
            return done.returncode

        self.fail_each(run)

    # ---- what is stored

    def test_verify(self):
        self.server = self.own_server()
        world = factory.World().add("reporter.example").add("stranger.example")
        world.publish("reporter.example._report._dmarc.example.com", "v=DMARC1")
        dns = zone.ZoneServer(world.zone())
        self.configure(self.maildir, dsn=self.server.create("dmarcd"), more=dns.config)
        self.dmarcd("migrate")
        factory.deliver(self.maildir, [world.sign(factory.aggregate("good"), "reporter.example"),
                                       factory.aggregate("bare"), factory.failure(world.sign(
                                           factory.message(), "reporter.example"))])
        self.dmarcd("ingest", "--once")
        self.server.create("waiting", "dmarcd")

        def states():
            return self.sql("SELECT report_id, provenance, provenance_reasons FROM dmarcd_api.report ORDER BY 1, 2")

        def settle():
            self.dmarcd("verify", "--once")
            self.check_rows()
            return states()

        wanted = settle()
        self.assertEqual({row[1] for row in wanted}, {"verified", "unverified"})

        def run():
            """And a look each time: the next one begins with another database."""
            self.server.drop("dmarcd")
            self.server.create("dmarcd", "waiting")
            end = self.run_with("verify", "--once").returncode
            self.server.psql("dmarcd", "-c", "UPDATE dmarcd.verify_job SET due_at = now() - interval '1 second'")
            self.assertEqual(settle(), wanted)
            return end

        self.fail_each(run)

    # ---- pages

    def ask(self, path):
        """Status and body; neither where there is no whole answer."""
        try:
            with urllib.request.urlopen("http://127.0.0.1:%d%s" % (self.port, path)) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, b""
        except (OSError, ValueError, http.client.HTTPException):
            return None, b""

    def test_web(self):
        """A request may fail; what is answered is the answer."""
        self.port = 24000 + os.getpid() % 2000
        self.with_server(more="http: {listen: '127.0.0.1:%d'}\n" % self.port)
        self.put_mixed()
        self.dmarcd("ingest", "--once", code=fault.ENDS)
        wanted = {}  # of the first run, in which nothing fails

        def run():
            with open(self.path("log"), "w", encoding="utf-8") as log:
                web = subprocess.Popen(self.unrandomised("web"), stdout=log, stderr=log,
                                       env={**os.environ, **self.environment})
            flow.wait_until(lambda: "listening" in self.log() or web.poll() is not None, "it to listen")
            for page in PAGES:
                status, body = self.ask(page)
                self.assertIn(status, (200, 500, 503, None))
                if page in SAME and (status == 200 or not wanted.get(page)):
                    self.assertEqual((status, body), (200, wanted.setdefault(page, body)))
            if web.poll() is None:
                web.terminate()
            end = web.wait(flow.END_SECS)
            self.assertGreaterEqual(end, 0, "killed by itself: " + self.log())
            return end

        self.fail_each(run)


if __name__ == "__main__":
    flow.main()
