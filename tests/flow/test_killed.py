#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Workers and PostgreSQL killed under a running ingest, connections cut at the worst moments, no
database at all: every mail is accounted for once, and totals are those of an undisturbed run."""
import json
import os
import signal
import subprocess
import time
import unittest

import flow
import mails
import proxy

DAYS = "24"  # some 400 mails: at least six transactions
KILLS = 5    # of a postmaster, the first after a transaction or two


def cpu_ticks(pid):
    try:
        with open("/proc/%d/stat" % pid, encoding="utf-8") as stream:
            fields = stream.read().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(fields[11]) + int(fields[12])


class WorkerKilled(flow.FlowTest):
    """In the middle of a mail that takes its worker long."""

    RECORDS = 60000

    def setUp(self):
        super().setUp()
        self.maildir = self.path("mails")
        self.wanted = flow.samples(self.maildir)
        self.large = flow.make_maildir(self.path("large"))
        xml, self.messages = mails.report("large-1", self.RECORDS)
        with open(os.path.join(self.large, "new", "1774915300.M1P1.mx"), "wb") as stream:
            stream.write(mails.mail(xml, "large-1"))
        self.configure(self.large)

    def at_work(self, ingest):
        """The process that reads the mail: a worker's child."""
        table = flow.parents()
        workers = flow.descendants(ingest.pid, "dmarcd-worker")
        return [pid for pid in workers if pid in table and table[pid][0] in workers]

    def ingest_while(self, trouble, code):
        ingest = self.start("ingest", "--once", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        trouble(ingest)
        out, err = ingest.communicate(timeout=flow.RUN_SECS)
        self.assertEqual(ingest.returncode, code, out + err)
        return err

    def wait_for_work(self, ingest, but=()):
        """A process that has computed for a while: the self-test of a starting worker has not."""
        return flow.wait_until(lambda: [pid for pid in self.at_work(ingest)
                                        if pid not in but and cpu_ticks(pid) >= 3], "a worker at work")[0]

    def check_large(self):
        status = self.status()
        self.assertEqual((status["balance"]["mails"], status["balance"]["stored"],
                          status["records"], status["messages"]),
                         (1, 1, self.RECORDS, self.messages))
        self.check_rows()

    def test_once(self):
        err = self.ingest_while(lambda ingest: flow.kill(self.wait_for_work(ingest)), flow.EX_OK)
        self.assertNotIn("quarantined", err)
        self.check_large()

    def test_template(self):
        def trouble(ingest):
            worker = self.wait_for_work(ingest)
            flow.kill(flow.parents()[worker][0])
        self.ingest_while(trouble, flow.EX_OK)
        self.check_large()

    def test_every_time(self):
        def trouble(ingest):
            first = self.wait_for_work(ingest)
            flow.kill(first)
            flow.kill(self.wait_for_work(ingest, but=(first,)))
        err = self.ingest_while(trouble, flow.EX_DATAERR)
        self.assertIn("worker.crashed", err)
        quarantined = json.loads(self.dmarcd("quarantine", "list", "--json").stdout)
        self.assertEqual(quarantined["code"], "worker.crashed")
        self.assertEqual(self.status()["balance"]["quarantined"], 1)
        self.assertEqual(os.listdir(os.path.join(self.large, "new")), [])
        self.dmarcd("quarantine", "retry", "--all")
        self.check_large()
        self.assertEqual(self.dmarcd("quarantine", "list").stdout, "")

    def test_other_mails(self):
        """All workers of a run are killed again and again: whatever was not the killed mail's own
        is as it would have been, and what was set aside is read later."""
        self.configure(self.maildir, name="other")
        ingest = self.start("ingest", "--once", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        kills = 0
        while ingest.poll() is None and kills < 40:
            for pid in self.at_work(ingest)[:1]:
                kills += flow.kill(pid)
        self.assertIn(ingest.wait(flow.RUN_SECS), (flow.EX_OK, flow.EX_DATAERR))
        self.assertGreater(kills, 0)
        self.assertEqual(self.status()["balance"]["mails"], self.wanted["mails"])
        self.dmarcd("quarantine", "retry", "--all", code=flow.EX_DATAERR)
        self.check_sums(self.status(), self.wanted)
        self.check_rows()
        self.check_quarantine(self.wanted)


class DatabaseKilled(flow.FlowTest):
    """A server of the test's own behind a proxy that knows when it hurts."""

    def setUp(self):
        super().setUp()
        self.maildir = self.path("mails")
        self.wanted = flow.samples(self.maildir, "--days", DAYS)
        self.server = self.own_server()
        self.dsn = self.server.create("dmarcd")
        self.direct = self.configure(name="direct", dsn=self.dsn)
        self.dmarcd("migrate")
        self.told = []

    def ingest(self, trouble, code=flow.EX_DATAERR):
        self.between = proxy.Proxy(self.server, self.path("proxy"), trouble)
        self.addCleanup(self.between.close)
        self.configure(self.maildir, dsn=self.between.dsn("dmarcd"))
        return self.dmarcd("ingest", "--once", code=code)

    def check_all(self):
        self.assertTrue(self.told, "the trouble did not happen")
        self.config = self.direct
        self.check_totals(self.status(), self.wanted)
        self.check_rows()
        self.check_moved(self.maildir, self.wanted)

    def at(self, is_it, numbers, do):
        """A trouble: do() at the given ones of this kind."""
        def trouble(message):
            if not is_it(message) or message.nth not in numbers:
                return proxy.PASS
            self.told.append(message)
            return do()
        return trouble

    def kill_backends(self):
        for pid in flow.descendants(self.server.process.pid):
            try:
                with open("/proc/%d/cmdline" % pid, encoding="utf-8") as stream:
                    client = "[local]" in stream.read()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if client:
                flow.kill(pid)
        return proxy.PASS

    def kill_server(self):
        everything = flow.descendants(self.server.process.pid)
        self.server.stop(signal.SIGKILL)
        for pid in everything:
            flow.kill(pid)
        self.server.start()
        return proxy.PASS

    def test_commit_that_never_came(self):
        self.ingest(self.at(proxy.Message.is_commit, (1, 3, 4), lambda: proxy.CUT))
        self.check_all()

    def test_commit_without_an_answer(self):
        self.ingest(self.at(proxy.Message.is_commit, (1, 3, 4), lambda: proxy.SWALLOW))
        self.check_all()

    def copies(self, what):
        """Files outside a Maildir, known already, have no name to know a sight of them by."""
        self.config = self.direct
        folder = os.path.join(self.maildir, "new")
        self.dmarcd("ingest", folder, code=flow.EX_DATAERR)
        self.between = proxy.Proxy(self.server, self.path("proxy"), self.at(proxy.Message.is_commit, (1, 3), lambda: what))
        self.addCleanup(self.between.close)
        self.configure(dsn=self.between.dsn("dmarcd"))
        told = json.loads(self.dmarcd("ingest", "--json", folder).stdout)
        self.assertTrue(self.told, "the trouble did not happen")
        count = len(os.listdir(folder))
        self.assertEqual((told["mails"], told["duplicate"]), (count, count))
        self.config = self.direct
        balance = self.status()["balance"]
        self.assertEqual((balance["mails"], balance["stored"]), (2 * count, self.wanted["stored"]))

    def test_copies_that_never_came(self):
        self.copies(proxy.CUT)

    def test_copies_without_an_answer(self):
        self.copies(proxy.SWALLOW)

    def test_files_without_an_answer(self):
        """The run's own balance, too, is that of what happened."""
        folder = os.path.join(self.maildir, "new")
        self.between = proxy.Proxy(self.server, self.path("proxy"),
                                   self.at(proxy.Message.is_commit, (1, 3, 4), lambda: proxy.SWALLOW))
        self.addCleanup(self.between.close)
        self.configure(dsn=self.between.dsn("dmarcd"))
        told = json.loads(self.dmarcd("ingest", "--json", folder, code=flow.EX_DATAERR).stdout)
        self.assertTrue(self.told, "the trouble did not happen")
        self.config = self.direct
        self.assertEqual({key: told[key] for key in flow.BALANCE}, {key: self.wanted[key] for key in flow.BALANCE})
        self.check_totals(self.status(), self.wanted)

    def test_copy_cut(self):
        self.ingest(self.at(proxy.Message.is_copy, (1, 4, 5), lambda: proxy.CUT))
        self.check_all()

    def test_backend_killed_in_copy(self):
        self.ingest(self.at(proxy.Message.is_copy, (1, 4), self.kill_backends))
        self.check_all()

    def test_backend_killed_at_commit(self):
        self.ingest(self.at(proxy.Message.is_commit, (1, 3), self.kill_backends))
        self.check_all()

    def test_server_killed_in_copy(self):
        self.ingest(self.at(proxy.Message.is_copy, (2, 4), self.kill_server))
        self.check_all()

    def test_server_killed_at_commit(self):
        self.ingest(self.at(proxy.Message.is_commit, (2, 4), self.kill_server))
        self.check_all()

    def test_server_that_stays_away(self):
        """A run by hand gives up at last; what it had not committed is where it was."""
        def stop():
            self.server.stop(signal.SIGQUIT)
            return proxy.CUT
        self.ingest(self.at(proxy.Message.is_commit, (3,), stop), code=flow.EX_UNAVAILABLE)
        self.server.start()
        self.config = self.direct
        known = self.status()["balance"]["mails"]
        self.assertGreater(known, 0)
        self.assertEqual(known + len(os.listdir(os.path.join(self.maildir, "new"))),
                         self.wanted["mails"])
        self.configure(self.maildir, dsn=self.dsn)
        self.dmarcd("ingest", "--once", code=(flow.EX_OK, flow.EX_DATAERR))
        self.check_all()


class ClusterKilled(flow.FlowTest):
    """The private cluster: its keeper starts PostgreSQL again while ingest waits."""

    def test_postmaster(self):
        maildir = self.path("mails")
        wanted = flow.samples(maildir)
        self.configure(maildir)
        ingest = self.start("ingest", "--once", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        left, killed = wanted["mails"], set()
        while ingest.poll() is None and len(killed) < KILLS:
            waiting = len(os.listdir(os.path.join(maildir, "new")))
            pid = self.postmaster()
            if waiting <= left - 64 and waiting and pid and pid not in killed and flow.kill(pid):
                left = waiting
                killed.add(pid)
            time.sleep(flow.LOOK_SECS)
        out, err = ingest.communicate()
        self.assertEqual(ingest.returncode, flow.EX_DATAERR, out + err)
        self.assertEqual(len(killed), KILLS)
        self.check_totals(self.status(), wanted)
        self.check_rows()
        self.check_moved(maildir, wanted)
        self.check_quarantine(wanted)

    def postmaster(self):
        try:
            with open(self.path("dmarcd.state", "pg", "postmaster.pid"), encoding="utf-8") as stream:
                return int(stream.readline())
        except (FileNotFoundError, ValueError):
            return None


class DatabaseAway(flow.FlowTest):
    """From the start."""

    def setUp(self):
        super().setUp()
        self.maildir = self.path("mails")
        self.wanted = flow.samples(self.maildir, "--days", "2")
        self.before = flow.listing(self.maildir)
        self.nowhere = self.path("nowhere")
        os.mkdir(self.nowhere)
        self.configure(self.maildir, dsn="host=%s user=postgres dbname=dmarcd" % self.nowhere)

    def log(self):
        with open(self.path("log"), encoding="utf-8") as stream:
            return stream.read()

    def test_once(self):
        done = self.dmarcd("ingest", "--once", code=flow.EX_UNAVAILABLE)
        self.assertIn(self.nowhere, done.stderr)
        self.assertEqual(flow.listing(self.maildir), self.before)

    def test_path(self):
        self.dmarcd("ingest", self.maildir, code=flow.EX_UNAVAILABLE)
        self.assertEqual(flow.listing(self.maildir), self.before)

    def test_pipe(self):
        with open(os.path.join(self.maildir, self.wanted["files"][0]["file"]), "rb") as stream:
            self.dmarcd("ingest", "-", input=stream.read(), code=flow.EX_TEMPFAIL)

    def test_readers(self):
        for command in (["status"], ["mails"], ["quarantine", "list"], ["reparse"], ["migrate"],
                        ["retention"]):
            with self.subTest(command=command):
                done = self.dmarcd(*command, code=flow.EX_UNAVAILABLE)
                self.assertIn(self.nowhere, done.stderr)

    def test_daemon_waits(self):
        """`run` starts, says that it waits, and goes on when the database has come, empty as it is."""
        server = flow.Server(self.path("server"))
        self.addCleanup(server.stop)
        port = 30000 + os.getpid() % 2000
        self.configure(self.maildir, dsn=server.dsn("dmarcd"), more="http: {listen: '127.0.0.1:%d'}\n" % port)
        server.start()
        server.create("dmarcd")
        server.stop()
        with open(self.path("log"), "w", encoding="utf-8") as log:
            daemon = self.start("run", stderr=log)
        flow.wait_until(lambda: "the database is away" in self.log() and 'event="ready"' in self.log(),
                        "the absence to be told")
        self.assertEqual((self.page_status(port, "/healthz"), self.page_status(port, "/readyz")), (200, 503))
        self.assertEqual(flow.listing(self.maildir), self.before)
        server.start()
        new = os.path.join(self.maildir, "new")
        flow.wait_until(lambda: not os.listdir(new), "mails to be taken in")
        self.assertEqual(self.page_status(port, "/readyz"), 200)
        self.check_totals(self.status(), self.wanted)
        # Nobody asks for a page meanwhile, which would find out.
        server.stop()
        self.assertEqual((self.page_status(port, "/healthz"), self.page_status(port, "/readyz")), (200, 503))
        self.comes_meanwhile(server, port, new)
        daemon.terminate()
        self.assertEqual(daemon.wait(flow.END_SECS), flow.EX_OK)
        self.check_rows()

    def comes_meanwhile(self, server, port, new):
        """A mail waits while the server is away, and is taken in by itself when it is back."""
        def told(what):
            return sum("process=ingest" in line and what in line for line in self.log().splitlines())

        away, back = told("the database is away"), told("the database is back")
        with open(self.path("delivered"), "wb") as stream:
            stream.write(mails.aggregate("meanwhile", 1, 2))
        os.rename(self.path("delivered"), os.path.join(new, "1774915300.M1P1.mx"))
        flow.wait_until(lambda: told("the database is away") > away, "the absence to be told")
        self.assertEqual(os.listdir(new), ["1774915300.M1P1.mx"])
        self.assertEqual((self.page_status(port, "/"), self.page_status(port, "/readyz")), (503, 503))
        server.start()
        began = time.monotonic()
        self.assertEqual((self.page_status(port, "/"), self.page_status(port, "/readyz")), (200, 200))
        flow.wait_until(lambda: not os.listdir(new), "the mail to be taken in")
        print("taken in %.2f s after the server answered again" % (time.monotonic() - began))
        self.assertGreater(told("the database is back"), back)
        balance = self.status()["balance"]
        self.assertEqual((balance["mails"], balance["stored"]), (self.wanted["mails"] + 1, self.wanted["stored"] + 1))

    def test_read_only_server(self):
        """A standby takes connections and no rows: waited for, never a mail's fault."""
        server = self.own_server()
        self.configure(self.maildir, dsn=server.create("dmarcd"))
        self.dmarcd("migrate")
        server.psql("postgres", "-c", "ALTER DATABASE dmarcd SET default_transaction_read_only = on")
        with open(self.path("log"), "w", encoding="utf-8") as log:
            ingest = self.start("ingest", stderr=log)
        flow.wait_until(lambda: "the database is away" in self.log(), "the absence to be told")
        self.assertEqual(flow.listing(self.maildir), self.before)
        server.psql("postgres", "-c", "ALTER DATABASE dmarcd SET default_transaction_read_only = off")
        flow.wait_until(lambda: "the database is back" in self.log(), "the return to be told")
        new = os.path.join(self.maildir, "new")
        flow.wait_until(lambda: not os.listdir(new), "mails to be taken in")
        ingest.terminate()
        self.assertEqual(ingest.wait(flow.END_SECS), flow.EX_OK)
        self.assertEqual(self.log().count("the database is away"), 1)
        self.check_totals(self.status(), self.wanted)


if __name__ == "__main__":
    flow.main()
