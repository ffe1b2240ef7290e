#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is kept of a failure report's sample: as much as `ruf:` says and as long, in every table; its verdict and its
trace outlive it, and the dashboard says what is gone and shows the rest.

usage: test_kept_samples.py BIN_DIR
"""
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import urllib.request

import factory
import flow
import zone

HEADER, BODY = ("zelda.quux", "umbrella"), ("trombone",)
SAMPLE = factory.fields(From="Zelda Quux <zelda.quux@example.com>", To="yorick@example.net", Subject="an umbrella",
                        Date=factory.DATE, Message_ID="<zelda.quux.1@example.com>") + b"\nA trombone.\n"


class KeptSamples(flow.FlowTest):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="dmarcd-kept-")
        os.chmod(folder, 0o755)  # as root the database runs as another user
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        cls.server = cls.server_of_class = flow.Server(os.path.join(folder, "server")).start()
        cls.addClassCleanup(cls.server.stop)

    def setUp(self):
        super().setUp()
        self.world = factory.World().add("reporter.example")
        self.world.add("example.com", spf="v=spf1 exists:%{l}._spf.example.com -all")
        self.sample = self.world.sign(SAMPLE, "example.com")
        self.dns = zone.ZoneServer(self.world.zone())
        self.maildir = flow.make_maildir(self.path("mails"))

    def take_in(self, store):
        self.database = "kept_" + store
        self.configure(self.maildir, dsn=self.server.create(self.database),
                       more=self.dns.config + "ruf: {store: %s}\n" % store)
        self.dmarcd("migrate")
        mail = self.world.sign(factory.failure(self.sample, Original_Mail_From="<zelda.quux@example.com>",
                                               Arrival_Date=None), "reporter.example")
        factory.deliver(self.maildir, [mail])
        self.dmarcd("ingest", "--once")
        self.dmarcd("verify", "--once")

    def psql(self, statement):
        return self.server.psql(self.database, "-c", statement)

    def found(self, words):
        """Those words that stand anywhere in the database, or in what is packed there."""
        dump = subprocess.run([os.path.join(self.server.bin, "pg_dump"), "-a", "-h", self.server.folder, "-U", "postgres",
                               self.database], check=True, capture_output=True, text=True).stdout
        return [word for word in words if word in dump]

    def packed(self):
        return self.psql("SELECT (SELECT count(*) FROM dmarcd.original) || ' ' || "
                         "(SELECT count(*) FROM dmarcd.verify_job)")

    def check_verdict(self):
        """... is there with its trace, whatever became of the sample; nothing said fails that could not be checked."""
        (dmarc, dkim, steps), = self.sql("SELECT dmarc, dkim, jsonb_array_length(verdict::jsonb -> 'trace') FROM "
                                         "dmarcd_api.verdict WHERE part = 1")
        self.assertEqual((dmarc, dkim), ("pass", "pass"))
        self.assertGreater(int(steps), 10)
        differences = dict(self.sql("SELECT method, difference FROM dmarcd_api.recheck"))
        self.assertEqual(differences["dmarc"], "we_pass")

    def forget(self):
        """Forty days later."""
        for table, column in (("original", "kept_at"), ("report", "stored_at"), ("mail", "taken_at")):
            self.psql("UPDATE dmarcd.%s SET %s = %s - interval '40 days'" % (table, column, column))
        self.dmarcd("retention")

    def page(self, path, read_only=False):
        """JSON of a page, of a server that is gone again. read_only: pages read from a copy."""
        with open(self.config, encoding="utf-8") as stream:
            text = stream.read() + "http: {listen: '127.0.0.1:%d'}\n" % (27000 + os.getpid() % 400 * 50)
        if read_only:
            text = re.sub(r"dsn: '([^']*)'", r"""dsn: '\1', read_dsn: "\1 options='-c default_transaction_read_only=on'" """,
                          text)
            self.assertIn("read_dsn", text)
        config = self.write("web.yaml", text)
        web = self.start("web", "--port-tries", "50", config=config, stderr=subprocess.PIPE)
        try:
            url = next(filter(None, (re.search(r'listening.*url="?([^"\s]+)', line) for line in web.stderr)))[1]
            with urllib.request.urlopen(url + "api/v1" + path) as answer:
                return json.load(answer)
        finally:
            web.send_signal(signal.SIGTERM)
            web.communicate()

    def test_full(self):
        self.take_in("full")
        self.check_verdict()
        self.assertEqual(self.packed(), "1 0")
        self.assertEqual(self.found(HEADER), list(HEADER))
        (key,), = self.sql("SELECT report_key FROM dmarcd_api.failure")
        page = self.page("/failures/" + key)
        self.assertEqual((page["failure"]["dmarc"], page["failure"]["missing"]), ("pass", None))
        self.assertEqual({row["method"]: (row["reporter"], row["ours"]) for row in page["recheck"]}["dmarc"],
                         ("fail", "pass"))
        self.assertIn("dkim result", page["failure"]["trace"])
        self.assertEqual([word for word in HEADER + BODY if word in json.dumps(page)], [])
        shown = self.page("/failures/%s/shown" % key, read_only=True)["failure"]
        self.assertIn("an umbrella", shown["trace"])
        self.assertEqual(shown["orig_subject"], "an umbrella")

        self.forget()
        self.check_verdict()
        self.assertEqual(self.packed(), "0 0")
        self.assertEqual(self.found(HEADER + BODY), [])
        for path in ("/failures/" + key, "/failures/%s/shown" % key):
            failure = self.page(path)["failure"]
            self.assertIn("The message is not kept here, or not any more; its verdict and trace are.", failure["missing"])
            self.assertIn(self.maildir, failure["missing"])
            self.assertIn("dkim result", failure["trace"])
        self.assertEqual(self.psql("SELECT string_agg(what, ' ' ORDER BY id) FROM dmarcd.audit"),
                         "sample.view sample.show sample.view sample.show")
        self.dmarcd("retention")  # nothing is left to do, and it does nothing
        self.check_verdict()

    def test_headers(self):
        self.take_in("headers")
        self.check_verdict()
        self.assertEqual(self.packed(), "0 0")
        self.assertEqual(self.found(HEADER + BODY), list(HEADER))
        self.forget()
        self.check_verdict()
        self.assertEqual(self.found(HEADER + BODY), [])

    def test_off(self):
        self.take_in("off")
        self.check_verdict()
        self.assertEqual(self.packed(), "0 0")
        self.assertEqual(self.found(("umbrella", *BODY)), [])
        self.forget()
        self.check_verdict()
        self.assertEqual(self.found(HEADER + BODY), [])


if __name__ == "__main__":
    flow.main()
