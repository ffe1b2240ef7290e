#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The command line as a contract: exit statuses, what is said where, JSON, inputs of every kind.

usage: test_command_line.py BIN_DIR
"""
import json
import mailbox
import os
import pty
import shutil
import socket
import subprocess

import flow

MIB = 1 << 20
SUBCOMMANDS = ("run", "ingest", "web", "parse", "status", "mails", "psql", "quarantine", "reparse",
               "migrate", "init", "demo", "config")


class Progress(flow.FlowTest):
    def on_terminal(self, *options):
        """What `ingest` writes to a terminal on stderr."""
        flow.samples(self.path("mails"), "--days", "6")
        self.configure()
        ours, theirs = pty.openpty()
        done = self.start(*options, "ingest", self.path("mails"), stdout=subprocess.DEVNULL, stderr=theirs)
        os.close(theirs)
        text = b""
        try:
            while piece := os.read(ours, 4096):
                text += piece
        except OSError:
            pass  # what Linux says at the end of a terminal
        os.close(ours)
        self.assertEqual(done.wait(flow.END_SECS), flow.EX_DATAERR)
        return text.decode()

    def test_bar(self):
        text = self.on_terminal()
        self.assertRegex(text, r"\r(\[[#.]+\] )? *\d+ %  \d+ mails  \d+/s")
        self.assertIn("\r\x1b[K", text)
        self.assertIn("event=", text)
        self.assertNotRegex(text, r"\x1b\[Ktime=")

    def test_quiet(self):
        self.assertNotIn(" mails  ", self.on_terminal("-q"))


class Usage(flow.FlowTest):
    def test_help(self):
        listed = self.dmarcd("--help").stdout
        for name in SUBCOMMANDS:
            self.assertIn("\n  %s " % name, listed)
            self.assertIn("usage: dmarcd [-c FILE] %s" % name, self.dmarcd(name, "--help").stdout)
        self.assertIn("dmarcd 0", self.dmarcd("--version").stdout)

    def test_wrong_usage(self):
        for arguments in ((), ("ingst",), ("ingest", "--onse"), ("parse",), ("mails", "--since", "x"),
                          ("mails", "--outcome", "x"), ("quarantine", "drop"), ("--nope", "run"),
                          ("status", "more"), ("config",), ("reparse", "xyz"), ("status", "--jso"),
                          ("mails", "--outc=stored")):
            with self.subTest(arguments):
                done = self.dmarcd(*arguments, code=flow.EX_USAGE)
                self.assertEqual(done.stdout, "")
                self.assertTrue(done.stderr)
        for arguments in (("ingest", "-", "--onse"), ("--nope", "ingest", "-"), ("ingest", self.path("nope"), "-")):
            with self.subTest(arguments):  # a report is never bounced
                self.assertTrue(self.dmarcd(*arguments, code=flow.EX_TEMPFAIL).stderr)
        for arguments, meant in ((("ingst",), "ingest"), (("status", "--jsn"), "--json"),
                                 (("status", "--jso"), "--json"), (("mails", "--outcom", "stored"), "--outcome")):
            self.assertIn('did you mean "%s"' % meant, self.dmarcd(*arguments, code=flow.EX_USAGE).stderr)

    def test_bad_configuration(self):
        for text, said in (("maildris: []\n", ':2:1: unknown key "maildris"; did you mean "maildirs"?'),
                           ("limits: {records: many}\n", ":2:"), ("http: {listen: 1, listen: 2}\n", ":2:"),
                           ("database: {dsn: 'hostt=x'}\n", ':2:17: database.dsn: invalid connection option "hostt"'),
                           ("\tx: y\n", ":2:"), ("retention: {records: 8}\n", ":2:")):
            with self.subTest(text):
                path = self.write("bad.yaml", "state_dir: %s\n%s" % (self.path("state"), text))
                for command in ("ingest", "status", "run", "config check"):
                    done = self.dmarcd(*command.split(), config=path, code=flow.EX_CONFIG)
                    self.assertIn("bad.yaml" + said, done.stderr)
                    self.assertEqual("with blanks, never with tabs" in done.stderr, "\t" in text)
                    if command == "ingest":  # from a pipe of the MTA, which bounces the mail on 78
                        done = self.dmarcd(command, "-", config=path, code=flow.EX_TEMPFAIL)
                        self.assertIn("bad.yaml" + said, done.stderr)
        self.assertFalse(os.path.exists(self.path("state")), "something was begun")
        self.dmarcd("status", config=self.path("none.yaml"), code=flow.EX_NOINPUT)

    def test_files_that_are_no_configuration(self):
        """F36: what is no file, is binary, huge or may not be read, and a password that everyone may read."""
        text = "state_dir: %s\n" % self.path("state")
        self.dmarcd("config", "check", config=self.write("most.yaml", text + "#" * (MIB - len(text))))
        secret = self.write("secret", "x\n")
        os.chmod(secret, 0o604)
        line = text + "database: {dsn: 'host=x', password_file: %s}\n" % secret
        for path, said in ((self.write("huge.yaml", text + "#" * (MIB + 1 - len(text))), ":1:1: larger than 1 MiB"),
                           (self.top, ":1:1: not a regular file"), ("/dev/zero", ":1:1: not a regular file"),
                           (self.write("nul.yaml", text + "\0\n"), "nul.yaml:2:1: "),
                           (self.write("binary.yaml", "\1\2\x7f\xff" * 99), "binary.yaml:1:1: "),
                           (self.write("open.yaml", line),
                            "open.yaml:2:42: database.password_file: everyone may read")):
            with self.subTest(said):
                for command in ("run", "config check"):
                    self.assertIn(said, self.dmarcd(*command.split(), config=path, code=flow.EX_CONFIG).stderr)
        os.chmod(secret, 0o600)
        self.dmarcd("config", "check", config=self.path("open.yaml"))
        os.chmod(self.path("most.yaml"), 0o000 if os.geteuid() else 0o600)
        done = self.dmarcd("run", config=self.path("most.yaml"), code=flow.EX_NOPERM, **flow.database_user())
        self.assertIn("could not open the configuration", done.stderr)
        self.assertFalse(os.path.exists(self.path("state")), "something was begun")

    def test_config(self):
        self.configure(more="limits: {records: 1000}\n")
        self.assertIn("ok", self.dmarcd("config", "check").stderr)
        shown = json.loads(self.dmarcd("config", "show", "--json").stdout)
        self.assertEqual(shown["limits"]["records"], 1000)
        path = self.write("example.yaml", self.dmarcd("config", "example").stdout)
        self.dmarcd("config", "check", config=path)

    def test_nothing_there_yet(self):
        self.config = self.write("none.yaml", "state_dir: %s\n" % self.path("none"))
        for command in ("status", "mails", "quarantine", "psql"):
            done = self.dmarcd(command, code=flow.EX_UNAVAILABLE)
            self.assertIn("hint:", done.stderr)
        self.dmarcd("ingest", code=flow.EX_CONFIG)
        self.dmarcd("ingest", self.path("nope"), code=flow.EX_NOINPUT)
        self.dmarcd("parse", self.path("nope"), code=flow.EX_NOINPUT)

    def test_parse_names_the_argument(self):
        """Of an mbox too, whichever of its mails it is."""
        mail = "Subject: x\n\nx\n"
        one = self.write("one", mail)
        box = self.write("box", ("From a@example.com Mon Jul  1 12:00:00 2024\n" + mail + "\n") * 2)
        said = self.dmarcd("parse", one, box).stdout.splitlines()
        self.assertEqual([json.loads(line)["file"] for line in said], [one, box, box])


class Away(flow.FlowTest):
    """A server that is not there, and one that takes the connection and never says a word."""

    def check(self, dsn):
        self.configure(dsn=dsn)
        path = self.write("mail", "Subject: x\n\nx\n")
        for command in ("status", "mails", "quarantine list", "reparse", "psql", "migrate", "ingest " + path):
            with self.subTest(command):
                done = self.dmarcd(*command.split(), code=flow.EX_UNAVAILABLE)
                self.assertRegex(done.stderr, r"\Admarcd: the database is away: [^\n\\]+\n(hint: .*\n)?\Z")
        with open(path, encoding="ascii") as stream:
            self.dmarcd("ingest", "-", stdin=stream, code=flow.EX_TEMPFAIL)

    def test_not_there(self):
        self.check("host=%s dbname=x" % self.path("nowhere"))

    def test_silent(self):
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            self.check("host=127.0.0.1 port=%d dbname=x user=x connect_timeout=2" % silent.getsockname()[1])


class Inputs(flow.FlowTest):
    """One set of mails, given in every way a mail can be given."""

    def setUp(self):
        super().setUp()
        self.wanted = flow.samples(self.path("mails"), "--days", "2")
        self.configure()

    def balance(self, *arguments, code=(flow.EX_OK, flow.EX_DATAERR), **options):
        return json.loads(self.dmarcd("ingest", "--json", *arguments, code=code, **options).stdout)

    def check_balance(self, given):
        self.assertEqual({name: given[name] for name in flow.BALANCE},
                         {name: self.wanted[name] for name in flow.BALANCE})
        for name in ("records", "messages"):
            self.assertEqual(given[name], self.wanted[name])
        self.assertEqual(given["reports"], sum(self.wanted["reports"].values()))
        self.check_totals(self.status(), self.wanted)

    def test_maildir(self):
        self.check_balance(self.balance(self.path("mails")))
        self.check_moved(self.path("mails"), self.wanted)
        self.check_quarantine(self.wanted)
        self.assertEqual(set(self.balance("--all", self.path("mails")).values()), {0})

    def test_in_place(self):
        before = flow.listing(self.path("mails"))
        self.check_balance(self.balance("--in-place", self.path("mails")))
        self.assertEqual(flow.listing(self.path("mails")), before)

    def test_folder(self):
        shutil.copytree(self.path("mails", "new"), self.path("folder", "deep"))
        before = flow.listing(self.path("folder"))
        self.check_balance(self.balance(self.path("folder")))
        self.assertEqual(flow.listing(self.path("folder")), before)
        again = self.balance(self.path("folder"), code=flow.EX_OK)
        self.assertEqual((again["mails"], again["duplicate"]), (self.wanted["mails"],) * 2)
        self.assertEqual(again["messages"], 0)

    def test_mbox(self):
        box = mailbox.mbox(self.path("box"))
        for file in self.wanted["files"]:
            with open(self.path("mails", file["file"]), "rb") as stream:
                box.add(stream.read())
        box.close()
        given = self.balance(self.path("box"))
        self.assertEqual(given["mails"], self.wanted["mails"])
        self.assertEqual(given["messages"], self.wanted["messages"])

    def test_pipe(self):
        for file in self.wanted["files"][:12]:
            with open(self.path("mails", file["file"]), "rb") as stream:
                self.dmarcd("ingest", "-", stdin=stream)
        self.assertEqual(self.status()["balance"]["mails"], 12)

    def test_what_became_of_each(self):
        self.balance(self.path("mails"))
        lines = [json.loads(line) for line in self.dmarcd("mails", "--json").stdout.splitlines()]
        self.assertEqual(len({line["sha256"] for line in lines}), len(lines))
        bad = [line for line in lines if line["outcome"] == "quarantined"]
        self.assertEqual(len(bad), self.wanted["quarantined"])
        for line in bad:
            self.assertTrue(line["code"] and line["reason"])
            one = self.dmarcd("mails", "--json", line["sha256"][:10]).stdout
            self.assertEqual(json.loads(one)["sha256"], line["sha256"])
        self.dmarcd("mails", "ffffffffff", code=flow.EX_NOINPUT)

    def test_quarantine(self):
        self.balance(self.path("mails"))
        listed = self.dmarcd("quarantine", "list", "--json").stdout.splitlines()
        self.assertEqual(len(listed), self.wanted["quarantined"])
        one = json.loads(listed[0])
        self.assertIn(one["code"], self.dmarcd("quarantine", "show", one["sha256"][:12]).stdout)
        self.dmarcd("quarantine", "retry", "--all", code=flow.EX_DATAERR)
        self.check_totals(self.status(), self.wanted)
        self.dmarcd("quarantine", "drop", one["sha256"])
        self.assertFalse(os.path.exists(one["kept"]))
        self.assertTrue(os.path.exists(json.loads(listed[1])["kept"]))
        self.check_totals(self.status(), self.wanted)

    def test_reparse(self):
        self.balance(self.path("mails"))
        said = json.loads(self.dmarcd("reparse", "--json").stdout)
        self.assertEqual(said["unreadable"], 0)
        for name in ("reports", "records", "messages", "issues"):
            self.assertEqual(said[name]["before"], said[name]["after"])
        self.check_totals(self.status(), self.wanted)

    def test_psql_is_read_only(self):
        self.balance(self.path("mails"))
        self.assertEqual(self.sql("SELECT sum(messages) FROM dmarcd_api.daily"),
                         [(str(self.wanted["messages"]),)])
        self.dmarcd("psql", "-v", "ON_ERROR_STOP=1", "-c", "DELETE FROM dmarcd.mail", code=(1, 3))
        self.check_totals(self.status(), self.wanted)

    def test_init(self):
        self.config = None
        path = self.path("folder not there yet", "made.yaml")
        self.dmarcd("init", "--state-dir", "relative", self.path("mails"), config=path, code=flow.EX_CONFIG)
        self.dmarcd("init", "--state-dir", self.path("made"), "--dsn", "host=%s" % self.path("nowhere"), config=path,
                    code=flow.EX_UNAVAILABLE)
        self.assertEqual(os.listdir(os.path.dirname(path)), [])
        self.dmarcd("init", "--state-dir", self.path("made"), self.path("mails"), config=path)
        # The unit's user reads it, too.
        self.assertEqual([os.stat(name).st_mode & 0o777 for name in (os.path.dirname(path), path)], [0o755, 0o644])
        self.dmarcd("config", "check", config=path)
        self.dmarcd("ingest", "--once", config=path, code=(flow.EX_OK, flow.EX_DATAERR))
        self.check_totals(self.status(path), self.wanted)
        self.dmarcd("init", "--state-dir", self.path("made"), config=path, code=flow.EX_CANTCREAT)


if __name__ == "__main__":
    flow.main()
