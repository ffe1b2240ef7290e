#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The queue of verdicts and what a verdict changes: leases, provenance, sums, conflicts, retention.

After every step the sums are those of the rows (check_rows). The judge finds what the test tells it to.

usage: test_verdicts.py BIN_DIR
"""
import hashlib
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import threading

import flow
import mails

JUDGE = os.environ.get("DMARCD_TEST_JUDGE", "")
LEASE_SECS = "600"


class Judge:
    def __init__(self, conninfo, **env):
        self.process = subprocess.Popen([JUDGE, conninfo], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, **env})

    def tell(self, *words):
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()

    def answer(self):
        lines = list(iter(lambda: self.process.stdout.readline().rstrip("\n"), "."))
        if lines and lines[-1].startswith("!"):
            raise AssertionError(lines[-1])
        return lines

    def __call__(self, *words):
        self.tell(*words)
        return self.answer()

    def lease(self, most=100, secs=LEASE_SECS, alone=False):
        """hash -> fields; of reports too, as lists of words."""
        found = {}
        for line in self("lease", secs, str(most), str(int(alone))):
            head, *reports = line.split(" | ")
            sha256, kind, tries, packed = head.split(" ")
            found[sha256] = (kind, int(tries), int(packed), [report.split(" ") for report in reports])
        return found

    def end(self):
        self.process.communicate(timeout=flow.END_SECS)


class Verdicts(flow.FlowTest):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="dmarcd-verdicts-")
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        os.chmod(folder, 0o755)
        cls.server = cls.server_of_class = flow.Server(os.path.join(folder, "server")).start()
        cls.addClassCleanup(cls.server.stop)
        cls.numbers = itertools.count()

    def setUp(self):
        super().setUp()
        self.database = "verdicts%d" % next(self.numbers)
        self.dsn = self.server.create(self.database)
        self.maildir = flow.make_maildir(self.path("mails"))
        self.use()
        self.dmarcd("migrate")
        self.judges = []
        self.judge = self.another()

    def tearDown(self):
        for judge in self.judges:
            if judge.process.poll() is None:
                judge.end()
            judge.process.stdin.close()
            judge.process.stdout.close()
        super().tearDown()

    def use(self, more=""):
        self.configure(self.maildir, dsn=self.dsn, more=more)

    def another(self, **env):
        """With the rights of `dmarcd verify`, and no more."""
        self.judges.append(Judge(self.dsn + " options='-c role=dmarcd_ingest'", **env))
        return self.judges[-1]

    def take(self, *contents):
        """Takes mails in; their hashes."""
        for content in contents:
            name = hashlib.sha256(content).hexdigest()
            with open(os.path.join(self.maildir, "new", name), "wb") as stream:
                stream.write(content)
        self.dmarcd("ingest", "--once", code=(flow.EX_OK, flow.EX_DATAERR))
        return [hashlib.sha256(content).hexdigest() for content in contents]

    def decide(self, state, *of):
        """Judges all that is due: that state, but HASH=STATE of some."""
        self.judge.lease()
        lines = self.judge("put", state, *of)
        self.check_rows()
        return lines

    def states(self):
        return dict(self.sql("SELECT mail_sha256, provenance || CASE WHEN conflict THEN ' in conflict' ELSE '' END "
                             "FROM dmarcd_api.report"))

    def one(self, statement):
        return self.server.psql(self.database, "-c", statement)

    def waiting(self):
        return self.judge("stats")[0].split(" ")[0]

    # ---- the queue ----

    def test_who_waits(self):
        """Each new mail with reports, known ones too; no bare file, no other mail, and no mail twice."""
        report = mails.aggregate("first", 3)
        again = report.replace(b"Subject: Report", b"Subject: Again Report")
        first, copy, broken = self.take(report, again, mails.broken(1))
        self.dmarcd("ingest", self.write("bare.xml", mails.report("bare", 2)[0]))
        self.dmarcd("ingest", "--all", self.maildir, code=(flow.EX_OK, flow.EX_DATAERR))
        self.assertEqual(self.judge("stats"), ["2 2 0"])
        leased = self.judge.lease()
        self.assertEqual(set(leased), {first, copy})
        self.assertNotIn(broken, leased)
        self.assertEqual({reports[3][0][2] for reports in leased.values()}, {"own", "copy"})
        for kind, tries, packed, reports in leased.values():
            self.assertEqual((kind, tries), ("report", 1))
            self.assertGreater(packed, 100)
            number, _, _, *claim = reports[0]
            self.assertEqual((number, claim), ("0", ["aggregate", "example.com", "first",
                                                     "made.example!example.com!1774828800!1774915199.xml"]))
        self.assertEqual(self.judge.lease(), {})
        self.assertEqual(self.judge("stats"), ["2 0 2"])

    def test_bytes_where_no_original_is_kept(self):
        self.use("retention: {originals: 0d}\n")
        self.take(mails.aggregate("kept", 3), mails.failure(1))
        self.use("ruf: {store: headers}\n")
        self.take(mails.failure(2), mails.aggregate("original", 1))
        self.assertEqual(self.one("SELECT count(*) FROM dmarcd.original"), "1")
        self.assertEqual(self.one("SELECT count(*) FROM dmarcd.verify_job WHERE packed IS NOT NULL"), "3")
        leased = self.judge.lease()
        self.assertTrue(all(mail[2] > 100 for mail in leased.values()), leased)
        self.one("DELETE FROM dmarcd.original; UPDATE dmarcd.verify_job SET packed = NULL, due_at = queued_at")
        self.assertEqual({mail[2] for mail in self.judge.lease().values()}, {-1})
        self.judge("put", "unverified")
        self.assertEqual(set(self.states().values()), {"unverified"})
        self.assertEqual(self.one("SELECT count(*) FROM dmarcd.verdict"), "0")

    def test_leases(self):
        """A lease that has run out is another's, and what its first holder finds is not written."""
        hashes = self.take(*(mails.aggregate("lease-%d" % number, number) for number in range(1, 6)))
        other = self.another()
        first, second = self.judge.lease(2, "0"), other.lease(2)
        self.assertEqual((len(first), len(second)), (2, 2))
        self.assertEqual(other("put", "verified"), ["%s written" % sha256 for sha256 in second])
        lost = {sha256: "lost" if sha256 in second else "written" for sha256 in first}
        self.assertEqual(dict(line.split(" ") for line in self.judge("put", "unverified")), lost)
        self.check_rows()
        rest = self.judge.lease(5)
        self.assertEqual(self.judge("defer", "0"), [])
        self.assertEqual(self.one("SELECT DISTINCT problem FROM dmarcd.verify_job"), 'the DNS is "slow"')
        tried = {sha256: mail[1] for sha256, mail in self.judge.lease(5).items()}
        self.assertEqual(tried, {sha256: mail[1] + 1 for sha256, mail in rest.items()})
        self.judge("defer", "0", "untried")
        self.assertEqual({sha256: mail[1] for sha256, mail in self.judge.lease(5).items()}, tried)
        self.judge("put", "plausible")
        self.assertEqual(set(self.states()), set(hashes))
        self.assertEqual(self.waiting(), "0")

    def test_what_judges_die_of(self):
        """A mail whose leases nobody gives back comes last, with no other, and to whoever has none in hand."""
        hashes = self.take(*(mails.aggregate("deadly-%d" % number, number) for number in range(1, 4)))
        for _ in range(3):
            self.assertEqual(len(self.judge.lease(5, "0")), 3)
        self.assertEqual(self.judge.lease(5, "0"), {})
        fresh, = self.take(mails.aggregate("fresh", 1))
        self.assertEqual(set(self.judge.lease(5, alone=True)), {fresh})
        one = self.judge.lease(5, alone=True)
        self.assertEqual([mail[1] for mail in one.values()], [4])
        self.judge("defer", "0")
        self.assertEqual(set(self.judge.lease(5, "0")), set(one))
        self.assertEqual(len(self.judge.lease(5, alone=True)), 1)
        self.assertLess(set(one), set(hashes))

    def test_killed(self):
        """... at every step: the job is there, or it is done; never half, never twice."""
        self.take(*(mails.aggregate("killed-%d" % number, number) for number in range(1, 4)))
        for point in ("verdict.lease", "verdict.copied", "verdict.raised", "verdict.put"):
            with self.subTest(point):
                victim = self.another(DMARCD_FAULT=point)
                victim.tell("lease", "0", "100", "0")
                victim.tell("put", "verified")
                victim.process.wait(flow.END_SECS)
                self.assertEqual(victim.process.returncode, -signal.SIGKILL)
                self.assertEqual(self.waiting(), "3")
                self.assertEqual(set(self.states().values()), {"pending"})
                self.check_rows()
        for left in "210":  # one by one, after so many deaths
            self.judge.lease(alone=True)
            self.judge("put", "verified")
            self.assertEqual(self.waiting(), left)
        self.assertEqual(set(self.states().values()), {"verified"})

    # ---- provenance and sums ----

    def test_sums_move(self):
        """Those of a mail with many rows, of long periods, of an empty report; and merged they are the same."""
        self.take(mails.aggregate("short", 3, 4, 5), mails.aggregate("empty"), mails.tls(1),
                  mails.aggregate("week", 1000003, 3, begin=1774828800, end=1774828800 + 7 * 86400),
                  mails.mail(mails.report("many", 500)[0], "many"))
        self.check_rows()
        leased = self.judge.lease()
        states = dict(zip(leased, itertools.cycle(("verified", "plausible", "unverified", "contradicted"))))
        self.judge("put", "pending", *("%s=%s" % item for item in states.items()))
        self.check_rows()
        self.assertEqual(self.states(), states)
        sums = "SELECT * FROM dmarcd_api.sources ORDER BY policy_domain, day, source_ip, provenance"
        before = self.sql(sums)
        self.dmarcd("retention")
        self.assertEqual(self.sql(sums), before)
        self.assertEqual(self.one("SELECT count(*) FROM dmarcd.daily_cell WHERE provenance = 'pending'"), "0")
        self.assertEqual(self.one("SELECT count(*) FROM dmarcd.daily_reporter WHERE provenance = 'pending'"), "0")
        self.check_rows()

    def test_copies(self):
        """A further mail of a report raises it where it is authenticated, and never lowers it."""
        report = mails.aggregate("copied", 3)
        copies = [report.replace(b"Subject: Report", b"Subject: %d Report" % number) for number in range(4)]
        hashes = self.take(report) + self.take(*copies)
        first = hashes[0]
        self.assertEqual(self.status()["messages"], 3)
        self.decide("unverified", hashes[1] + "=contradicted", hashes[2] + "=plausible")
        self.assertEqual(self.states(), {first: "plausible"})
        self.assertEqual(self.sql("SELECT provenance_mail, provenance_domain, array_to_string(provenance_reasons, ' ') "
                                  "FROM dmarcd_api.report"), [(hashes[2], "example.com", "dmarc.pass org.match")])
        last, = self.take(report.replace(b"Subject: Report", b"Subject: last Report"))
        self.decide("verified")
        self.assertEqual(self.states(), {first: "verified"})
        self.take(report.replace(b"Subject: Report", b"Subject: lower Report"))
        self.decide("unverified")
        self.assertEqual(self.sql("SELECT provenance, provenance_mail FROM dmarcd_api.report"), [("verified", last)])
        self.dmarcd("ingest", self.write("bare.xml", mails.report("bare", 2)[0]))
        self.take(mails.mail(mails.report("bare", 2)[0], "bare"))
        self.decide("unverified")
        self.assertEqual(self.sql("SELECT provenance FROM dmarcd_api.report WHERE report_id = 'bare'"), [("local",)])

    def test_conflicts(self):
        """Who is in force, by what both mails are, in each order of arrival and of judgement."""
        true, forged = 3, 1000000
        wanted = {("verified", "unverified"): "first", ("unverified", "verified"): "second",
                  ("contradicted", "verified"): "second", ("plausible", "verified"): "second",
                  ("unverified", "plausible"): "second", ("verified", "verified"): "first",
                  ("verified", "plausible"): "first", ("plausible", "plausible"): "first",
                  ("unverified", "contradicted"): "first", ("plausible", "unverified"): "first"}
        batches = []
        for number, (states, order) in enumerate(itertools.product(wanted, ("both", "first", "second"))):
            batches.append((states, order, [mails.aggregate("conflict-%d" % number, count) for count in (true, forged)]))
        firsts = self.take(*(pair[0] for _, _, pair in batches))
        seconds = self.take(*(pair[1] for _, _, pair in batches))
        self.check_rows()
        orders = {"both": ([], []), "first": ([], []), "second": ([], [])}
        for (states, order, _), *pair in zip(batches, firsts, seconds):
            told = ["%s=%s" % (sha256, state) for sha256, state in zip(pair, states)]
            if order == "both":
                orders[order][0].extend(told)
            else:
                orders[order][order == "second"].append(told[0])
                orders[order][order == "first"].append(told[1])
        for turn in (0, 1):
            told = [line for order in orders.values() for line in order[turn]]
            for some in [told[at:at + 20] for at in range(0, len(told), 20)]:
                self.one("UPDATE dmarcd.verify_job SET due_at = now() + interval '1 day'")
                self.one("UPDATE dmarcd.verify_job SET due_at = now() - interval '1 second' WHERE "
                         "encode(sha256, 'hex') IN (%s)" % ",".join("'%s'" % line.split("=")[0] for line in some))
                self.assertEqual(len(self.judge.lease()), len(some))
                self.judge("put", "pending", *some)
                self.check_rows()
        for (states, order, _), first, second in zip(batches, firsts, seconds):
            with self.subTest(states=states, order=order):
                found = self.states()
                in_force = wanted[states]
                self.assertEqual(found[first], states[0] + (" in conflict" if in_force == "second" else ""))
                self.assertEqual(found[second], states[1] + (" in conflict" if in_force == "first" else ""))
        self.check_identities()
        self.dmarcd("reparse")
        self.check_rows()
        self.check_identities()
        self.assertEqual(self.waiting(), "0")

    def check_identities(self):
        """Of each identity one report is in force, and it alone counts."""
        self.assertEqual(self.one(
            "SELECT count(*) FROM dmarcd.report r JOIN dmarcd.report_identity i USING (identity) "
            "WHERE r.conflict = (i.report_key = r.report_key) OR EXISTS (SELECT FROM dmarcd.record t "
            "WHERE t.report_key = r.report_key AND t.counted = r.conflict)"), "0")

    def test_local_stays_in_force(self):
        xml = mails.report("mine", 2)[0]
        self.dmarcd("ingest", self.write("bare.xml", xml))
        self.take(mails.mail(xml.replace("<count>1</count>", "<count>77</count>"), "mine"))
        self.decide("verified")
        self.assertEqual(self.sql("SELECT provenance, conflict FROM dmarcd_api.report ORDER BY 1"),
                         [("local", "f"), ("verified", "t")])

    def test_conflict_of_tls_reports(self):
        first, = self.take(mails.tls(1))
        second, = self.take(mails.tls(1, 2))
        self.decide("verified", first + "=unverified")
        self.assertEqual(self.states(), {first: "unverified in conflict", second: "verified"})
        self.assertEqual(self.sql("SELECT mail_sha256 FROM dmarcd_api.tls"), [(second,)])

    def test_two_judges(self):
        """... of reports of one domain, day and identity end as one would, while mails come in."""
        first = [mails.aggregate("two-%d" % number, 3, 5) for number in range(120)]
        self.take(*(mail for number in range(120) for mail in
                    (first[number], mails.aggregate("two-%d" % number, 4), first[number].replace(b"To:", b"Cc:"))))
        failed = []

        def work(judge, states):
            try:
                for state in itertools.cycle(states):
                    if not judge.lease(16):
                        return
                    judge("put", state)
            except (AssertionError, ValueError) as error:
                failed.append(str(error))

        threads = [threading.Thread(target=work, args=(self.another(), states)) for states in
                   (("verified", "unverified"), ("unverified", "contradicted", "plausible"))]
        for thread in threads:
            thread.start()
        self.take(*(mails.aggregate("more-%d" % number, 2) for number in range(100)))
        for thread in threads:
            thread.join(flow.END_SECS)
        self.assertEqual(failed, [])
        self.check_rows()
        self.check_identities()
        self.decide("verified")
        self.assertEqual(self.waiting(), "0")

    # ---- what is kept ----

    def test_read_anew(self):
        """A mail with the same reports keeps what was found of it; with others it waits again."""
        hashes = self.take(mails.aggregate("anew", 3, 4), mails.failure(1))
        self.decide("verified")
        everything = "SELECT mail_sha256, provenance, judged_at, provenance_reasons FROM dmarcd_api.report ORDER BY 1"
        before = self.sql(everything)
        self.dmarcd("reparse")
        self.check_rows()
        self.assertEqual((self.sql(everything), self.waiting()), (before, "0"))
        self.assertEqual(self.sql("SELECT method, reporter, ours, difference FROM dmarcd_api.recheck"),
                         [("spf", "fail", "pass", "we_pass")])
        self.use("limits: {records: 1}\n")
        self.dmarcd("reparse", code=flow.EX_DATAERR)
        self.check_rows()
        self.assertEqual(self.sql("SELECT sha256 FROM dmarcd_api.verdict"), [(hashes[1],)])
        self.use()
        self.dmarcd("quarantine", "retry", "--all")
        self.assertEqual(set(self.judge.lease()), {hashes[0]})
        self.judge("put", "plausible")
        self.assertEqual(self.states()[hashes[0]], "plausible")
        self.check_rows()

    def test_stored(self):
        report = mails.aggregate("kept", 3)
        first, failure = self.take(report, mails.failure(1))
        copy, = self.take(report.replace(b"To:", b"Cc:"))
        self.decide("verified")
        lines = [line.split(" ") for line in self.judge("stored", "-")]
        self.assertEqual([line[0] for line in lines], sorted((first, copy, failure)))
        for line in lines:
            self.assertEqual((line[1:3], line[4:]), (["0", "report"], ["1", "same"]))
            self.assertGreater(int(line[3]), 100)
        key, = self.sql("SELECT report_key FROM dmarcd_api.report WHERE mail_sha256 = '%s'" % first)
        self.assertEqual({line.split(" ")[0] for line in self.judge("stored", key[0])}, {first, copy})
        view = self.sql("SELECT DISTINCT kind, part, dmarc, verdict::jsonb ->> 'x' FROM dmarcd_api.verdict")
        self.assertEqual(view, [("report", "0", "pass", "\\")])

    def test_samples(self):
        sha256 = "5a" * 32
        self.assertEqual(self.judge("sample", "/probe", "1.mail", sha256), ["new"])
        self.assertEqual(self.judge("sample", "/probe", "1.mail", sha256), ["known"])
        self.assertEqual(self.judge.lease(), {sha256: ("sample", 1, 5, [])})
        self.judge("put", "verified")
        self.assertEqual(self.sql("SELECT sha256, kind FROM dmarcd_api.verdict"), [(sha256, "sample")])

    def test_sample_that_is_a_report(self):
        """The report is judged; who held a lease of the sample has lost it."""
        report = mails.aggregate("both", 3)
        sha256 = hashlib.sha256(report).hexdigest()
        self.judge("sample", "/probe", "1.mail", sha256)
        self.judge.lease()
        self.take(report)
        self.assertEqual(self.judge("put", "verified"), [sha256 + " lost"])
        self.assertEqual(self.judge.lease()[sha256][0], "report")
        self.judge("put", "verified")
        self.assertEqual(self.states(), {sha256: "verified"})

    def test_retention(self):
        """Bytes of samples go, what was found of them stays; with the reports it goes."""
        self.use("ruf: {keep: 1d}\nretention: {records: 36500d}\n")
        self.take(mails.aggregate("old", 3), mails.aggregate("old", 3).replace(b"To:", b"Cc:"), mails.failure(1))
        self.judge("sample", "/probe", "1.mail", "5a" * 32)
        self.decide("verified")
        self.take(mails.failure(2))
        self.one("UPDATE dmarcd.original SET kept_at = kept_at - interval '3 days'; "
                 "UPDATE dmarcd.sample SET taken_at = taken_at - interval '3 days'; "
                 "INSERT INTO dmarcd.audit (at, who, what, object) VALUES (now() - interval '2 days', 'a', 'b', 'c')")
        rows = "SELECT count(*) FROM dmarcd.%s"
        self.dmarcd("retention")
        self.assertEqual([self.one(rows % name) for name in ("original", "verdict", "recheck", "verify_job", "audit",
                                                             "sample WHERE packed IS NULL")],
                         ["2", "4", "1", "1", "1", "1"])
        self.assertEqual([mail[2] for mail in self.judge.lease().values()], [-1])
        self.judge("put", "unverified")
        self.use("retention: {records: 1d}\n")
        self.take(mails.aggregate("waits", 1))
        self.dmarcd("retention")
        self.assertEqual([self.one(rows % name) for name in ("report", "verdict", "recheck", "verify_job", "audit",
                                                             "report_copy", "sample")], ["0"] * 7)


if __name__ == "__main__":
    flow.main()
