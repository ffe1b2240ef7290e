#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is said where a kernel lacks a mechanism of the worker's confinement, and what is then
refused. The lack is a filter over the whole run: landlock_create_ruleset(2) gives ENOSYS.

usage: test_confinement.py BIN_DIR
"""
import ctypes
import errno
import os
import subprocess

import flow

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 38, 2
LANDLOCK_CREATE_RULESET = 444  # on every machine
ALL = "no_new_privs rlimits landlock seccomp self_test"
LACKING = "without landlock"


class Instruction(ctypes.Structure):
    _fields_ = [("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint)]


class Program(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.POINTER(Instruction))]


def without_landlock():
    """For this process and all it starts."""
    code = (Instruction * 4)(
        (0x20, 0, 0, 0),                               # load the number of the call
        (0x15, 0, 1, LANDLOCK_CREATE_RULESET),         # this one:
        (0x06, 0, 0, 0x00050000 | errno.ENOSYS),       #   there is no such call
        (0x06, 0, 0, 0x7fff0000))                      # else go on
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(
            PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(Program(4, code)), 0, 0):
        raise OSError(ctypes.get_errno(), "no filter")


def self_test(**options):
    return subprocess.run([flow.program("dmarcd-worker"), "--self-test"], capture_output=True, text=True, check=False,
                          **options)


class Confinement(flow.FlowTest):
    def setUp(self):
        super().setUp()
        if self_test().returncode != 0:
            self.skipTest("not run: confinement: the worker cannot be fully confined here: " + self_test().stdout)
        self.mail = self.write("mail", "Subject: x\n\nx\n")
        flow.make_maildir(self.path("inbox"))

    def configured(self, required):
        self.configure(self.path("inbox"), more="require_confinement: %s\nhttp: {listen: '127.0.0.1:%d'}\n" % (
            required, 20000 + os.getpid() % 7000))

    def logged(self, by_itself=False, **options):
        """What a daemon says of it at its start; it is told to end, or ends by itself."""
        with open(self.path("log"), "w", encoding="utf-8") as log:
            daemon = self.start("run", stderr=log, **options)

        def said():
            with open(self.path("log"), encoding="utf-8") as stream:
                return [line for line in stream if "confinement=" in line or "cannot be confined" in line]
        try:
            return flow.wait_until(said, "its word")[0]
        finally:
            if not by_itself:
                daemon.terminate()
            self.ended = daemon.wait(flow.END_SECS)

    def test_all_of_it(self):
        self.configured("yes")
        self.dmarcd("parse", self.mail)
        self.dmarcd("ingest", self.mail)
        status = self.status()
        self.assertEqual((status["confined"], status["confinement"]), (True, ALL))
        self.assertIn("confined by " + ALL, self.dmarcd("status").stdout)
        self.assertIn('level=info process=ingest event="the worker is confined" confinement="%s"' % ALL,
                      self.logged())
        self.assertEqual(self.ended, flow.EX_OK)

    def test_one_lacks(self):
        self.configured("no")
        self.assertIn(LACKING, self.dmarcd("parse", self.mail, preexec_fn=without_landlock).stderr)
        self.assertIn(LACKING, self.dmarcd("ingest", self.mail, preexec_fn=without_landlock).stderr)
        status = self.dmarcd("status", "--json", preexec_fn=without_landlock).stdout
        self.assertIn('"confined":false', status)
        self.assertIn(LACKING, status)
        self.assertIn("not fully confined: ", self.dmarcd("status", preexec_fn=without_landlock).stdout)
        self.assertRegex(self.logged(preexec_fn=without_landlock), "level=warn .*" + LACKING)

    def test_one_lacks_and_all_are_required(self):
        self.configured("yes")
        for command in ("parse", "ingest"):
            done = self.dmarcd(command, self.mail, code=flow.EX_NOPERM, preexec_fn=without_landlock)
            self.assertIn(LACKING, done.stderr)
            self.assertIn("hint: require_confinement", done.stderr)
        self.assertIn(LACKING, self.logged(by_itself=True, preexec_fn=without_landlock))
        self.assertEqual(self.ended, flow.EX_NOPERM)
        self.assertEqual(self.status()["balance"]["mails"], 0)


if __name__ == "__main__":
    flow.main()
