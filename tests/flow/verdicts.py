# SPDX-License-Identifier: Apache-2.0
"""What the tests of verdicts share: mails of the factory go in, are judged with the answers of a DNS server of the
test's own, and what is said of each is asked for."""
import atexit
import hashlib
import json
import os
import subprocess

import factory
import flow
import zone

TRUSTED = "trusted_hops: [%s], authserv_id: %s" % (factory.MX, factory.MX)
SEPARATOR = "\x01"  # in no text
BASE_SUMS = ("record", "report", "daily", "sources", "reporters")


class VerdictTest(flow.FlowTest):
    """A database for each test, of a server for all of them; one Maildir, whose host is factory.MX."""

    more = ""  # configuration of a class
    server = None

    @classmethod
    def setUpClass(cls):
        """A server for all classes of the program, with a database that those of the tests are copied from."""
        super().setUpClass()
        if VerdictTest.server:
            return
        folder = flow.kept_folder()
        server = flow.Server(os.path.join(folder, "server")).start()
        atexit.register(server.stop)
        VerdictTest.server = VerdictTest.server_of_class = server
        config = os.path.join(folder, "dmarcd.yaml")
        with open(config, "w", encoding="utf-8") as stream:
            stream.write("state_dir: %s\ndatabase: {dsn: '%s'}\n" % (folder, server.create("migrated")))
        subprocess.run([flow.program("dmarcd"), "-c", config, "migrate"], check=True, stdout=subprocess.DEVNULL)

    def setUp(self):
        super().setUp()
        self.world = factory.World()
        self.dns = zone.ZoneServer()
        self.maildir = flow.make_maildir(self.path("mails"))
        self.dsn = self.server.create("verdicts", "migrated")
        self.addCleanup(self.server.drop, "verdicts")
        self.settle()
        self.taken = 0

    def settle(self, more=""):
        """Writes the configuration."""
        os.makedirs(self.path("state"), mode=0o700, exist_ok=True)
        self.config = self.write("dmarcd.yaml", "state_dir: %s\ndatabase: {dsn: '%s'}\nmaildirs:\n"
                                 "  - {path: %s, %s}\n%s%s%s" % (self.path("state"), self.dsn, self.maildir, TRUSTED,
                                                                 self.dns.config, self.more, more))

    def take(self, mails, code=flow.EX_OK):
        """Into the Maildir and the database, in this order."""
        factory.deliver(self.maildir, mails, self.taken)
        self.taken += len(mails)
        return json.loads(self.dmarcd("ingest", "--once", "--json", code=code).stdout)

    def judge(self, again=False):
        """Whatever is due; again: and whatever waits for another try."""
        if again:
            self.server.psql("verdicts", "-c", "UPDATE dmarcd.verify_job SET due_at = now() - interval '1 second'")
        self.dns.load(self.world.zone())
        return self.dmarcd("verify", "--once")

    def rows(self, statement):
        out = self.server.psql("verdicts", "-F", SEPARATOR, "-c", statement)
        return [tuple(line.split(SEPARATOR)) for line in out.split("\n")] if out else []

    def reports(self):
        """{(hash of the mail, number of the report in it): (state, {reasons}, domain)}"""
        return {(mail, int(number)): (state, set(reasons.split()), domain) for mail, number, state, reasons, domain in
                self.rows("SELECT mail_sha256, report_no, provenance, "
                          "coalesce(array_to_string(provenance_reasons, ' '), ''), coalesce(provenance_domain, '') "
                          "FROM dmarcd_api.report")}

    def by_id(self):
        """{report id: (state, whether it is in conflict)}; of those with the same id the last said."""
        found = {}
        for report_id, state, conflict in self.rows("SELECT report_id, provenance, conflict FROM dmarcd_api.report"):
            found.setdefault(report_id, set()).add((state, conflict == "t"))
        return found

    def check_cases(self, cases):
        """cases: {name: (mail, state, reasons)}, or (mail, [(state, reasons), …]) for a mail with several reports. The
        reasons named must stand, those behind "-" may not. Returns all reasons that were given."""
        found, wrong, given = self.reports(), [], set()
        for name, (mail, *wanted) in cases.items():
            digest = hashlib.sha256(mail).hexdigest()
            for number, (state, reasons) in enumerate([wanted] if len(wanted) == 2 else wanted[0]):
                got = found.get((digest, number), ("no report", set(), ""))
                given |= got[1]
                words = reasons.split()
                missing = {word for word in words if word[0] != "-"} - got[1]
                extra = {word[1:] for word in words if word[0] == "-"} & got[1]
                if got[0] != state or missing or extra:
                    wrong.append("%s %d: %s (%s), not %s; missing: %s; too much: %s" % (
                        name, number, got[0], " ".join(sorted(got[1])), state, " ".join(sorted(missing)),
                        " ".join(sorted(extra))))
        self.assertEqual(wrong, [], "\n" + "\n".join(wrong))
        return given

    def check_sums_of_rows(self):
        """Rows, heads of reports and the tables of sums tell the same of each domain and provenance."""
        sums = {}
        for table, domain, state, messages in self.rows(
                "SELECT 'record', r.policy_domain, p.provenance, sum(r.messages) FROM dmarcd_api.record r "
                "JOIN dmarcd_api.report p USING (report_key) GROUP BY 1, 2, 3 "
                "UNION ALL SELECT 'report', policy_domain, provenance, sum(messages) FROM dmarcd_api.report "
                "WHERE kind = 'aggregate' AND NOT conflict AND records > 0 GROUP BY 1, 2, 3 " + "".join(
                    "UNION ALL SELECT '%s', policy_domain, provenance, sum(messages) FROM dmarcd_api.%s "
                    "GROUP BY 1, 2, 3 HAVING sum(messages) > 0 " % (view, view)
                    for view in ("daily", "sources", "reporters"))):
            sums.setdefault(table, {})[domain, state] = messages
        for table in BASE_SUMS:
            self.assertEqual(sums.get(table), sums.get("record"), table)

    def waiting(self):
        return int(self.rows("SELECT count(*) FROM dmarcd.verify_job")[0][0])
