#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reports that contradict themselves: stored a record, counted a reporter, taken back where the tree walk explains.

usage: test_coherence.py BIN_DIR
"""
import json

import factory
import flow
import mails
import zone

HEAD = """<?xml version="1.0"?><feedback><version>1.0</version><report_metadata><org_name>{org}</org_name>
<email>dmarc@{org}</email><report_id>{id}</report_id><date_range><begin>1774828800</begin><end>1774915199</end>
</date_range></report_metadata>"""
POLICY = """<policy_published><domain>example.com</domain><adkim>r</adkim><aspf>r</aspf>{0}<pct>100</pct>
</policy_published>"""
RECORD = """<record><row><source_ip>192.0.2.{no}</source_ip><count>{no}</count><policy_evaluated>
<disposition>{disposition}</disposition><dkim>{dkim}</dkim><spf>fail</spf>{reason}</policy_evaluated></row>
<identifiers><header_from>example.com</header_from></identifiers><auth_results><dkim><domain>{domain}</domain>
<selector>s</selector><result>{result}</result></dkim></auth_results></record>"""
ARC = "<reason><type>local_policy</type><comment>arc=fail as[2].d=b.example. as[2].s=s2 as[1].d=A.example as[1].s=s1 " \
      "remote-ip[1]=192.0.2.1</comment></reason>"
GOOD, BAD = "good.example", "bad.example"


def record(no, dkim="fail", domain="example.net", result="pass", disposition="none", reason=""):
    return RECORD.format(no=no, dkim=dkim, domain=domain, result=result, disposition=disposition, reason=reason)


def report(org, number, records, policy="<p>none</p>", last=False):
    parts = [POLICY.format(policy), *records]
    return HEAD.format(org=org, id=number) + "".join(parts[1:] + parts[:1] if last else parts) + "</feedback>"


class Coherence(flow.FlowTest):
    def setUp(self):
        super().setUp()
        self.maildir = flow.make_maildir(self.path("mails"))
        self.configure(self.maildir)

    def deliver(self, *reports):
        for number, (org, xml) in enumerate(reports):
            with open("%s/new/%d" % (self.maildir, number), "wb") as stream:
                stream.write(mails.mail(xml, "r%d" % number, org=org))
        return json.loads(self.dmarcd("ingest", "--once", "--json").stdout)

    def test_stored_and_counted(self):
        self.deliver(
            (GOOD, report(GOOD, 1, [record(1), record(2, "pass", "example.com")])),
            (BAD, report(BAD, 2, [record(1), record(2, "pass"), record(4, "pass", "example.com", "fail",
                                                                       disposition="reject")], last=True)),
            (BAD, report(BAD, 3, [record(1), record(8, disposition="none", reason=ARC), record(16)],
                         "<p>reject</p>")))
        self.assertEqual(self.sql("SELECT reporter, code, sum(messages), count(*) FROM dmarcd_api.contradiction "
                                  "GROUP BY 1, 2 ORDER BY 1, 2"), [
            (BAD, "disposition.though_pass", "4", "1"), (BAD, "disposition.weaker", "17", "2"),
            (BAD, "dkim.pass_unaligned", "2", "1"), (BAD, "dkim.pass_without_result", "4", "1")])
        self.assertEqual(self.sql("SELECT row_no, contradictions FROM dmarcd_api.record WHERE contradictions <> '{}' "
                                  "AND disposition = 'reject'"),
                         [("2", "{dkim.pass_without_result,disposition.though_pass}")])
        self.assertEqual(self.sql("SELECT reporter, records, contradictory, codes FROM dmarcd_api.reporter_coherence "
                                  "ORDER BY contradictory DESC"), [
            (BAD, "6", "4", '{"disposition.weaker": 2, "dkim.pass_unaligned": 1, "disposition.though_pass": 1, '
                            '"dkim.pass_without_result": 1}'), (GOOD, "2", "0", "")])
        self.check_rows()
        self.assertEqual(self.sql("SELECT row_no, type, arc_result, arc_sealers, arc_selectors "
                                  "FROM dmarcd_api.override"),
                         [("1", "local_policy", "fail", "{a.example,b.example}", "{s1,s2}")])

    def test_conflict_counts_nowhere(self):
        self.deliver((BAD, report(BAD, 2, [record(1)])), (BAD, report(BAD, 2, [record(2, "pass")])))
        self.assertEqual(self.sql("SELECT conflict, count(*) FROM dmarcd_api.report GROUP BY 1 ORDER BY 1"),
                         [("f", "1"), ("t", "1")])
        counted = self.sql("SELECT count(*) FROM dmarcd_api.record WHERE contradictions <> '{}'")
        self.assertEqual(self.sql("SELECT count(*) FROM dmarcd_api.contradiction"), counted)
        self.assertEqual(self.sql("SELECT contradictory FROM dmarcd_api.reporters"), counted)
        self.check_rows()

    def test_a_period_to_come(self):
        """mails.py writes its mails on the day after the period."""
        xml = report(BAD, 1, [record(1)])
        self.deliver((GOOD, xml), (BAD, report(BAD, 2, [record(2)]).replace("1774915199", "1775001600")))
        self.assertEqual(self.sql("SELECT report_id, contradictions FROM dmarcd_api.report ORDER BY 1"),
                         [("1", ""), ("2", "{dates.ahead}")])
        self.assertEqual(self.sql("SELECT row_no, code, messages FROM dmarcd_api.contradiction"),
                         [("", "dates.ahead", "2")])
        self.assertEqual(self.sql("SELECT sum(contradictory) FROM dmarcd_api.reporters"), [("0",)])

    def test_reparse(self):
        """Rows of before the check get their contradictions."""
        server = self.own_server()
        self.configure(self.maildir, name="server", dsn=server.create("reports"))
        self.dmarcd("migrate")
        self.deliver((BAD, report(BAD, 1, [record(1, "pass"), record(2)])))
        wanted = self.sql("SELECT * FROM dmarcd_api.contradiction")
        self.assertEqual(len(wanted), 1)
        server.psql("reports", "-c", "UPDATE dmarcd.record SET contradictions = NULL; "
                    "UPDATE dmarcd.daily_reporter SET contradictory = 0")
        self.check_rows()
        self.dmarcd("reparse")
        self.assertEqual(self.sql("SELECT * FROM dmarcd_api.contradiction"), wanted)
        self.check_rows()

    def test_settled_again(self):
        """What the tree walk explained stays explained when the mail is read anew: its verdict tells."""
        server = self.own_server()
        self.configure(self.maildir, name="server", dsn=server.create("reports"))
        self.dmarcd("migrate")
        rows = [record(1, domain="m.example.com"), record(2, "pass"), record(4, domain="example.com"),
                record(8, domain="m.example.com", disposition="reject"), record(16, domain="n.example.com"),
                record(32, "pass", domain="example.org")]
        self.deliver((BAD, report(BAD, 1, rows)))
        self.assertEqual(self.sql("SELECT contradictory FROM dmarcd_api.reporters"), [("6",)])
        told = [("m.example.com", "false"), ("example.net", "true"), ("n.example.com", "null"), ("example.org", "false")]
        server.psql("reports", "-c", "INSERT INTO dmarcd.verdict (sha256, part, kind, judged_at, spf, dkim, dmarc, arc, "
                    "verdict, answers, pairs) SELECT sha256, 0, 'report', now(), '', '', '', '', '%s', '', '{a,b}' "
                    "FROM dmarcd.mail" % json.dumps({"alignments": [
                        {"identifier": name, "author": "example.com", "treewalk": json.loads(answer), "psl": True}
                        for name, answer in told]}))
        for _ in range(2):
            self.dmarcd("reparse")
            self.assertEqual(
                self.sql("SELECT messages, contradictions, coherence_notes FROM dmarcd_api.record ORDER BY 1"),
                [("1", "{}", "{alignment.psl}"), ("2", "{}", "{alignment.treewalk}"),
                 ("4", "{dkim.fail_though_aligned}", "{}"), ("8", "{disposition.stronger}", "{alignment.psl}"),
                 ("16", "{dkim.fail_though_aligned}", "{}"), ("32", "{dkim.pass_unaligned}", "{}")])
            self.assertEqual(self.sql("SELECT contradictory FROM dmarcd_api.reporters"), [("4",)])
            self.check_rows()

    def test_tree_walk(self):
        """psd=n parts what the public suffix list joins, a record at a public suffix joins what it parts."""
        world = factory.World().add("reporter.example").add("example.com").add("github.io")
        world.add("m.example.com", dmarc="v=DMARC1; p=none; psd=n")
        self.configure(self.maildir, name="asking", more=zone.ZoneServer(world.zone()).config)
        hosted = [row.replace("example.com", "b.github.io") for row in
                  (record(4, "pass", "a.github.io"), record(8, "pass"))]
        for number, (domain, rows) in enumerate((
                ("example.com", [record(1, domain="x.m.example.com"), record(2, domain="y.example.com")]),
                ("b.github.io", hosted))):
            factory.deliver(self.maildir, [world.sign(factory.aggregate("r%d" % number, rows=rows, domain=domain),
                                                      "reporter.example")], number)
        self.dmarcd("ingest", "--once")
        found = "SELECT messages, contradictions, coherence_notes FROM dmarcd_api.record ORDER BY 1"
        fails, passes = "{dkim.fail_though_aligned}", "{dkim.pass_unaligned}"
        self.assertEqual(self.sql(found), [("1", fails, "{}"), ("2", fails, "{}"), ("4", passes, "{}"),
                                           ("8", passes, "{}")])
        self.dmarcd("verify", "--once")
        settled = [("1", "{}", "{alignment.psl}"), ("2", fails, "{}"), ("4", "{}", "{alignment.treewalk}"),
                   ("8", passes, "{}")]
        self.assertEqual(self.sql(found), settled)
        self.assertEqual(self.sql("SELECT provenance, sum(contradictory) FROM dmarcd_api.reporters GROUP BY 1"),
                         [("verified", "2")])
        self.check_rows()
        told = self.dmarcd("recheck", "--json").stdout.splitlines()
        self.assertEqual([json.loads(line)["identical"] for line in told], [True, True])
        self.dmarcd("reparse")
        self.assertEqual(self.sql(found), settled)
        self.check_rows()

    def test_parse(self):
        self.write("a.xml", report(BAD, 2, [record(2, "pass"), record(3)]))
        told = json.loads(self.dmarcd("parse", self.path("a.xml")).stdout)
        self.assertEqual([row["contradictions"] for row in told["rows"]], [["dkim.pass_unaligned"], []])
        self.assertEqual(told["contradictions"], [])


if __name__ == "__main__":
    flow.main()
